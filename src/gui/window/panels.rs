//! The layout of the window.
//!
//! ```text
//!   ┌ toolbar ───────────────────────────────────────────┐
//!   │ connections │ table: frames ⇄ messages ⇄ findings  │
//!   │             ├──────────────────────────────────────┤
//!   │             │ details of the selected row, in tabs │
//!   ├─────────────┴──────────────────────────────────────┤
//!   │ timeline, status                                   │
//!   └────────────────────────────────────────────────────┘
//! ```

use egui::{CentralPanel, Frame, Margin, Panel, Ui};

use super::Window;
use crate::gui::button::button_ui;
use crate::gui::command::Command;
use crate::gui::connections::connections_ui;
use crate::gui::details::details_ui;
use crate::gui::empty;
use crate::gui::opened::Opened;
use crate::gui::reading::Phase;
use crate::gui::split::{Edge, split_ui};
use crate::gui::start::start_ui;
use crate::gui::status::{net_troubles, status_ui};
use crate::gui::table::table_ui;
use crate::gui::theme::Palette;
use crate::gui::toolbar::toolbar_ui;
use crate::view::count;

impl Window {
    /// Paints the panels, and returns what the user asks for in one of them.
    pub(super) fn panels_ui(&mut self, ui: &mut Ui) -> Option<Command> {
        let palette = Palette::of(ui);
        let plain = Frame::new().fill(palette.window);
        let mut command = None;
        let focus_filter = std::mem::take(&mut self.focus_filter);
        Panel::top("toolbar")
            .exact_size(46.0)
            .resizable(false)
            .frame(plain.inner_margin(Margin::symmetric(12, 8)))
            .show(ui, |ui| command = toolbar_ui(ui, self.opened.as_ref(), focus_filter));
        let Some(opened) = &mut self.opened else {
            CentralPanel::default().frame(plain).show(ui, |ui| {
                #[cfg(feature = "live")]
                let unsaved = self.live.left_over();
                #[cfg(not(feature = "live"))]
                let unsaved = &[];
                command = start_ui(ui, &self.settings.recent, unsaved, self.problem.as_deref()).or(command.take());
            });
            return command;
        };
        Panel::bottom("status")
            .resizable(false)
            .frame(plain)
            .show(ui, |ui| command = status_ui(ui, opened).or(command.take()));
        if nothing_to_show(opened) {
            CentralPanel::default().frame(plain).show(ui, |ui| command = nothing_ui(ui, opened).or(command.take()));
            return command;
        }
        let area = ui.available_rect_before_wrap();
        let connections = Panel::left("connections")
            .exact_size(self.settings.connections_width(area.width()))
            .resizable(false)
            .frame(plain)
            .show(ui, |ui| {
                // Without contents the panel would shrink, and keep that width.
                ui.set_min_size(ui.available_size());
                let Opened { snapshot, connection, others, connection_scroll, .. } = opened;
                let Some(snapshot) = snapshot else { return };
                command = connections_ui(ui, snapshot, *connection, others, connection_scroll).or(command.take());
            });
        let details = Panel::bottom("details")
            .exact_size(self.settings.details_height(area.height()))
            .resizable(false)
            .frame(plain)
            .show(ui, |ui| {
                // Without contents the panel would shrink, and keep that height.
                ui.set_min_size(ui.available_size());
                let Opened { snapshot, version, selected, connection, details, .. } = opened;
                match snapshot {
                    Some(snapshot) if selected.is_some() || connection.is_some() => {
                        let wish = details_ui(ui, snapshot, *version, *selected, *connection, details);
                        command = wish.or(command.take());
                    }
                    _ => empty::hint_ui(ui, "Select a row to see its bits."),
                }
            });
        CentralPanel::default().frame(plain).show(ui, |ui| {
            let (view, state, previews) = opened.list();
            command = table_ui(ui, &view, state, previews).or(command.take());
        });
        if let Some(at) = split_ui(ui, "width of the connections", Edge::right_of(connections.response.rect)) {
            self.settings.connections = Some((at.x - area.left()) as u16);
        }
        if let Some(at) = split_ui(ui, "height of the details", Edge::above(details.response.rect)) {
            self.settings.details = Some((1000.0 * (area.bottom() - at.y) / area.height()) as u16);
        }
        command
    }
}

/// Returns whether the capture was read and holds no WebSocket.
fn nothing_to_show(opened: &Opened) -> bool {
    !opened.state.is_growing() && opened.snapshot.as_ref().is_none_or(|snapshot| snapshot.connection_count() == 0)
}

/// Says what the capture holds instead of a WebSocket, and why that may be.
fn nothing_ui(ui: &mut Ui, opened: &Opened) -> Option<Command> {
    let totals = opened.snapshot.as_ref().map(|snapshot| snapshot.totals()).unwrap_or_default();
    let seen = format!(
        "{} and {} were read.",
        count(totals.packets, "packet"),
        count(totals.tcp_connections, "TCP connection")
    );
    let mut lines = vec![seen];
    if let Some(damage) = &opened.state.damage {
        lines.push(format!("Reading ended {damage}."));
    }
    if opened.state.phase == Phase::Stopped {
        lines.push("Reading was stopped before the end.".to_owned());
    }
    if let Some((_, reasons)) = net_troubles(opened) {
        lines.push(format!("Not decoded: {reasons}."));
    }
    lines.push(String::new());
    if totals.tcp_connections > 0 {
        lines.push("The connections may be encrypted (wss), or carry something else.".to_owned());
        lines.push("If the capture began after a connection was opened, its frames may not be recognised.".to_owned());
        lines.push("If you know better, say which TCP connection is a WebSocket:".to_owned());
    } else {
        lines.push(
            "Capture on the interface that carries the WebSocket, with the whole packets (snap length 0).".to_owned(),
        );
    }
    empty::message_ui(ui, "No WebSocket in this capture", &lines);
    let mut command = None;
    if !opened.others.rows.is_empty() {
        ui.add_space(12.0);
        ui.with_layout(egui::Layout::top_down(egui::Align::Center), |ui| {
            if button_ui(ui, &Command::Treat, egui::vec2(0.0, 30.0)) {
                command = Some(Command::Treat);
            }
        });
    }
    command
}
