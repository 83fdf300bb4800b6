//! The window as a value: what is open, and how its parts are laid out. It needs no window system, so tests drive it.
//!
//! ```text
//!   ┌ toolbar ───────────────────────────────────────────┐
//!   │ connections │ table: frames ⇄ messages             │
//!   │             ├──────────────────────────────────────┤
//!   │             │ details of the selected row, in tabs │
//!   ├─────────────┴──────────────────────────────────────┤
//!   │ timeline, status                                   │
//!   └────────────────────────────────────────────────────┘
//! ```

use std::path::PathBuf;
use std::sync::mpsc::Receiver;

use egui::{CentralPanel, Frame, Margin, Panel, Ui};

use super::ask;
use super::command::Command;
use super::connections::connections_ui;
use super::details::{Tab, details_ui};
use super::dialogs::{Dialog, dialog_ui};
use super::empty;
use super::opened::Opened;
use super::samples::SAMPLES;
use super::settings::Settings;
use super::split::{Edge, split_ui};
use super::start::start_ui;
use super::status::{net_troubles, status_ui};
use super::table::table_ui;
use super::theme::Palette;
use super::toolbar::{button_ui, toolbar_ui};
use super::treat::Treat;
use super::worker::{self, Input, Phase};
use crate::dissect::{Decision, Decisions};
use crate::net::Flow;
use crate::query::RowKind;
use crate::view::count;

/// The window's state.
#[derive(Default)]
pub struct Window {
    /// What is kept from one run to the next.
    pub settings: Settings,
    opened: Option<Opened>,
    /// Why the last capture could not be opened.
    problem: Option<String>,
    dialog: Option<Dialog>,
    /// Sniffing.
    #[cfg(feature = "live")]
    pub live: super::live::LiveDesk,
    asked: Option<Receiver<Option<PathBuf>>>,
    focus_filter: bool,
}

impl Window {
    /// A window with nothing open.
    pub fn new(settings: Settings) -> Window {
        Window { settings, ..Window::default() }
    }

    /// What is open.
    pub fn opened(&self) -> Option<&Opened> {
        self.opened.as_ref()
    }

    /// What the title bar says.
    pub fn title(&self) -> String {
        match &self.opened {
            Some(opened) => format!("{} — Framescope", opened.name),
            None => "Framescope".to_owned(),
        }
    }

    /// Opens a capture; what was open before is closed.
    pub fn open(&mut self, ctx: &egui::Context, input: Input) {
        self.open_as(ctx, input, Decisions::default());
    }

    /// The same with what the user says about TCP connections.
    pub fn open_as(&mut self, ctx: &egui::Context, input: Input, decisions: Decisions) {
        let name = match &input {
            Input::File(path) => {
                self.settings.remember(path);
                path.display().to_string()
            }
            Input::Stdin => "standard input".to_owned(),
            Input::Octets { name, .. } | Input::Growing { name, .. } => name.clone(),
        };
        self.problem = None;
        self.dialog = None;
        let ctx = ctx.clone();
        self.opened = Some(Opened::new(input, name, decisions, move || ctx.request_repaint()));
    }

    /// Paints everything, and does what the user asked for.
    pub fn ui(&mut self, ui: &mut Ui) {
        let ctx = ui.ctx().clone();
        self.settings.apply(&ctx);
        self.poll(&ctx);
        if let Some(command) = self.dropped(&ctx) {
            self.apply(&ctx, command);
        }
        // A dialog takes the keys for itself.
        if self.dialog.is_none()
            && !self.is_picking()
            && let Some(command) = Command::pressed(&ctx)
        {
            self.apply(&ctx, command);
        }
        // What lies behind a dialog knows of no pointer: a tooltip that was open there would lie above the dialog.
        let is_behind = self.dialog.is_some() || self.is_picking();
        let pointer = is_behind.then(|| ctx.input_mut(|input| std::mem::take(&mut input.pointer)));
        let command = self.panels_ui(ui);
        if let Some(pointer) = pointer {
            ctx.input_mut(|input| input.pointer = pointer);
        }
        if let Some(command) = command {
            self.apply(&ctx, command);
            ctx.request_repaint();
        }
        #[cfg(feature = "live")]
        if let Some(picker) = &mut self.live.picker {
            let (closed, command) = super::live::picker_ui(&ctx, picker);
            if let Some(command) = command {
                self.apply(&ctx, command);
                ctx.request_repaint();
            } else if closed {
                self.live.picker = None;
            }
        }
        if let Some(dialog) = &mut self.dialog {
            let others = self.opened.as_ref().map(|opened| &*opened.others);
            let (closed, command) = dialog_ui(&ctx, dialog, others);
            if closed {
                self.dialog = None;
            }
            if let Some(command) = command {
                self.apply(&ctx, command);
                ctx.request_repaint();
            }
        }
    }

    /// Whether the dialog for sniffing is open.
    fn is_picking(&self) -> bool {
        #[cfg(feature = "live")]
        return self.live.picker.is_some();
        #[cfg(not(feature = "live"))]
        return false;
    }

    /// Takes what the process that sniffs has for us.
    #[cfg(feature = "live")]
    fn poll_live(&mut self, ctx: &egui::Context) {
        use super::live::News;

        match self.live.poll(ctx, self.opened.as_ref()) {
            Some(News::Dialog(dialog)) => self.dialog = Some(dialog),
            Some(News::Saved(path)) => {
                self.settings.remember(&path);
                if let Some(opened) = &mut self.opened {
                    opened.name = path.display().to_string();
                    if let Some(unsaved) = opened.unsaved.take() {
                        // The copy is there; what cannot be deleted is offered again.
                        _ = unsaved.discard();
                    }
                }
            }
            Some(News::Failed) => {
                if let Some(unsaved) = self.opened.take().and_then(|mut opened| opened.unsaved.take()) {
                    _ = unsaved.discard();
                }
            }
            None => {}
        }
    }

    /// Takes what the threads have for us.
    fn poll(&mut self, ctx: &egui::Context) {
        #[cfg(feature = "live")]
        self.poll_live(ctx);
        if let Some(opened) = &mut self.opened {
            opened.poll();
            // Nothing of it can be shown: the start screen says why.
            if opened.snapshot.as_ref().is_none_or(|snapshot| snapshot.totals().packets == 0)
                && let Some(why) = opened.failure()
            {
                self.problem = Some(why.to_owned());
                if let Some(path) =
                    self.settings.recent.first().filter(|path| path.display().to_string() == opened.name)
                {
                    let path = path.clone();
                    self.settings.forget(&path);
                }
                self.opened = None;
            }
        }
        let answer = self.asked.as_ref().map(Receiver::try_recv);
        match answer {
            Some(Ok(Some(path))) => {
                self.asked = None;
                self.open(ctx, Input::File(path));
            }
            // Cancelled, or this desktop has no dialog: which of the two cannot be told.
            Some(Ok(None)) => {
                self.asked = None;
                self.dialog = Some(Dialog::Path { path: String::new(), problem: None });
            }
            Some(Err(std::sync::mpsc::TryRecvError::Disconnected)) => self.asked = None,
            _ => {}
        }
    }

    fn dropped(&self, ctx: &egui::Context) -> Option<Command> {
        let path = ctx.input(|input| input.raw.dropped_files.first().map(|file| file.path().to_owned()))?;
        (!path.as_os_str().is_empty()).then_some(Command::OpenPath(path))
    }

    fn panels_ui(&mut self, ui: &mut Ui) -> Option<Command> {
        let palette = Palette::of(ui);
        let plain = Frame::new().fill(palette.window);
        let mut command = None;
        let focus_filter = std::mem::take(&mut self.focus_filter);
        Panel::top("toolbar")
            .exact_size(46.0)
            .resizable(false)
            .frame(plain.inner_margin(Margin::symmetric(12, 8)))
            .show(ui, |ui| command = toolbar_ui(ui, self.opened.as_mut(), focus_filter));
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
            .show(ui, |ui| command = connections_ui(ui, opened).or(command.take()));
        let details = Panel::bottom("details")
            .exact_size(self.settings.details_height(area.height()))
            .resizable(false)
            .frame(plain)
            .show(ui, |ui| command = details_ui(ui, opened).or(command.take()));
        CentralPanel::default().frame(plain).show(ui, |ui| command = table_ui(ui, opened).or(command.take()));
        if let Some(at) = split_ui(ui, "width of the connections", Edge::right_of(connections.response.rect)) {
            self.settings.connections = Some((at.x - area.left()) as u16);
        }
        if let Some(at) = split_ui(ui, "height of the details", Edge::above(details.response.rect)) {
            self.settings.details = Some((1000.0 * (area.bottom() - at.y) / area.height()) as u16);
        }
        command
    }

    /// Does what the user asked for: the only place where a [`Command`] has an effect.
    pub fn apply(&mut self, ctx: &egui::Context, command: Command) {
        match &command {
            Command::Open => {
                if self.asked.is_none() {
                    let ctx = ctx.clone();
                    self.asked = Some(ask::ask_for_file(move || ctx.request_repaint()));
                }
            }
            // What is open is not given up for a path that is wrong.
            Command::OpenPath(path) => match worker::refused(path).filter(|_| self.opened.is_some()) {
                Some(problem) => {
                    self.dialog = Some(Dialog::Path { path: path.display().to_string(), problem: Some(problem) });
                }
                None => self.open(ctx, Input::File(path.clone())),
            },
            Command::OpenSample(index) => {
                if let Some(sample) = SAMPLES.get(*index) {
                    self.open(ctx, Input::Octets { octets: sample.octets.to_vec(), name: sample.name.to_owned() });
                }
            }
            Command::CloseCapture => {
                self.opened = None;
                #[cfg(feature = "live")]
                self.live.forget_left_over();
            }
            #[cfg(feature = "live")]
            Command::Live
            | Command::StartLive { .. }
            | Command::RestartLive
            | Command::Save
            | Command::SaveAs(_)
            | Command::Discard
            | Command::DiscardForGood => {
                self.dialog = self.live.apply(ctx, &mut self.opened, &command);
            }
            #[cfg(feature = "live")]
            Command::Recover(path) => match self.live.recover(ctx, path) {
                Ok(opened) => self.opened = Some(opened),
                Err(why) => self.problem = Some(why),
            },
            Command::ToggleTheme => self.settings.toggle_theme(ctx),
            Command::Help => self.dialog = Some(Dialog::Help),
            Command::Treat => {
                if self.opened.is_some() {
                    self.dialog = Some(Dialog::Treat(Treat::default()));
                }
            }
            Command::Quit => ctx.send_viewport_cmd(egui::ViewportCommand::Close),
            Command::ZoomIn => egui::gui_zoom::zoom_in(ctx),
            Command::ZoomOut => egui::gui_zoom::zoom_out(ctx),
            Command::ZoomReset => ctx.set_zoom_factor(1.0),
            Command::FocusFilter => self.focus_filter = self.opened.is_some(),
            _ => {
                if let Some(opened) = &mut self.opened {
                    apply_to(opened, ctx, command);
                }
            }
        }
    }
}

/// Does what concerns the open capture alone.
fn apply_to(opened: &mut Opened, ctx: &egui::Context, command: Command) {
    let page = isize::try_from(opened.table.page.saturating_sub(1).max(1)).unwrap_or(isize::MAX);
    match command {
        Command::Stop => opened.stop(),
        Command::ShowFrames => opened.show_kind(RowKind::Frames),
        Command::ShowMessages => opened.show_kind(RowKind::Messages),
        Command::ShowFindings => opened.show_kind(RowKind::Findings),
        Command::SortBy(key) => opened.sort_by(key),
        Command::Cross => {
            let other = match opened.query().kind {
                RowKind::Frames => RowKind::Messages,
                RowKind::Messages | RowKind::Findings => RowKind::Frames,
            };
            if opened.counterpart(other).is_some() {
                opened.show_kind(other);
            }
        }
        Command::SelectConnection(connection) => opened.select_connection(connection),
        Command::Decide(ends, decision) => decide(opened, ctx, ends, decision),
        Command::Confirm(id) | Command::Reject(id) => {
            let connection = opened.snapshot.as_ref().and_then(|snapshot| snapshot.connection(id));
            if let Some((ends, client)) = connection.map(|connection| (connection.ends(), connection.client)) {
                let decision = match command {
                    Command::Confirm(_) => Decision::WebSocket { client, deflate: None },
                    _ => Decision::NotWebSocket,
                };
                decide(opened, ctx, ends, decision);
            }
        }
        Command::SelectRow(id) => opened.go_to(id),
        Command::NextRow => opened.move_selection(1),
        Command::PreviousRow => opened.move_selection(-1),
        Command::PageDown => opened.move_selection(page),
        Command::PageUp => opened.move_selection(-page),
        Command::FirstRow => opened.select_row(0),
        Command::LastRow => opened.select_row(usize::MAX),
        Command::FollowNewest => opened.follow(),
        Command::NextFrame => opened.step(true),
        Command::PreviousFrame => opened.step(false),
        Command::ShowTab(tab) => opened.details.tab = tab,
        Command::ClearFilter => {
            opened.filter_text.clear();
            opened.filter_changed();
        }
        Command::CopyRow => {
            if let Some(line) = opened.selected_line() {
                ctx.copy_text(line);
            }
        }
        _ => {}
    }
}

/// The user says something about TCP connections.
fn decide(opened: &mut Opened, ctx: &egui::Context, ends: Flow, decision: Decision) {
    let ctx = ctx.clone();
    opened.decide(ends, decision, move || ctx.request_repaint());
}

/// Whether the capture was read and holds no WebSocket.
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

impl Window {
    /// The tab of the details that shows, for tests.
    pub fn tab(&self) -> Option<Tab> {
        self.opened.as_ref().map(|opened| opened.details.tab)
    }
}
