//! The dialog in which the user says which TCP connection is a WebSocket, although no opening handshake says so.

use egui::{Align2, Key, Rect, RichText, ScrollArea, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::command::Command;
use super::theme::{self, Palette};
use super::{button, fonts, text};
use crate::dissect::{Other, Others, UserDecision};
use crate::net::Flow;
use crate::view::length;

/// The choice so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Treat {
    /// The text that the listed ends must have in them.
    find: String,
    chosen: Option<Flow>,
    /// Not the one that opened the connection, or was seen first, is the client.
    is_peer_client: bool,
    deflate: Option<bool>,
}

impl Treat {
    /// Returns what is to be done, if enough was chosen.
    fn wish(&self) -> Option<Command> {
        let ends = self.chosen?;
        let client = if self.is_peer_client { ends.peer } else { ends.opener };
        Some(Command::Decide(ends, UserDecision::WebSocket { client, deflate: self.deflate }))
    }
}

/// Paints the dialog's contents; returns whether it is to be closed, and what is to be done.
pub fn treat_ui(ui: &mut Ui, treat: &mut Treat, others: Option<&Others>) -> (bool, Option<Command>) {
    let palette = Palette::of(ui);
    let screen = ui.ctx().content_rect().size();
    ui.set_width((screen.x - 120.0).clamp(360.0, 680.0));
    ui.label(RichText::new("Treat a TCP connection as WebSocket").font(fonts::semibold(18.0)));
    ui.add_space(theme::GRID);
    let none = Others::default();
    let others = others.unwrap_or(&none);
    let words = match others.rows.is_empty() {
        true => "Whatever has sent anything so far is shown already: there is no other TCP connection to choose.",
        false => {
            "These TCP connections are not read as WebSockets: no opening handshake of theirs was captured, and their \
             octets are no evidence, or too little. Choose one to read it as frames."
        }
    };
    ui.add(egui::Label::new(RichText::new(words).color(palette.secondary)).wrap());
    let mut command = None;
    if !others.rows.is_empty() {
        ui.add_space(2.0 * theme::GRID);
        let tall = (screen.y - 420.0).clamp(96.0, 10.0 * theme::ROW);
        if list_ui(ui, treat, others, tall) {
            command = treat.wish();
        }
    }
    if let Some(ends) = treat.chosen {
        ui.add_space(2.0 * theme::GRID);
        choices_ui(ui, treat, ends);
    }
    ui.add_space(3.0 * theme::GRID);
    let mut closed = false;
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
        let wish = treat.wish();
        let shown = Command::Decide(NOBODY, UserDecision::WebSocket { client: NOBODY.opener, deflate: None });
        ui.add_enabled_ui(wish.is_some(), |ui| {
            if button::primary_ui(ui, wish.as_ref().unwrap_or(&shown), vec2(144.0, 32.0)) {
                command = wish.clone();
            }
        });
        closed = ui.add(egui::Button::new("Cancel").min_size(vec2(80.0, 32.0))).clicked();
    });
    (closed, command)
}

/// Stands for ends as long as none are chosen.
const NOBODY: Flow = {
    let end = crate::net::Endpoint { address: std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), port: 0 };
    Flow { opener: end, peer: end }
};

/// The box that narrows the list, and the list; whether a row was clicked twice.
fn list_ui(ui: &mut Ui, treat: &mut Treat, others: &Others, tall: f32) -> bool {
    let palette = Palette::of(ui);
    let edit = egui::TextEdit::singleline(&mut treat.find)
        .hint_text("Find an address or a port")
        .desired_width(f32::INFINITY)
        .margin(egui::Margin::symmetric(8, 6));
    let response = ui.add(edit);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::TextInput, true, "Find an address or a port"));
    ui.add_space(theme::GRID);
    let find = treat.find.trim().to_lowercase();
    let named = others.rows.iter().map(|other| (other, names(&other.ends)));
    let rows: Vec<_> = named.filter(|(_, name)| name.contains(&find)).collect();
    // One that is left needs no click.
    if let ([(only, _)], true) = (&rows[..], response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter))) {
        choose(treat, only);
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    let mut twice = false;
    let area = ScrollArea::vertical().id_salt("others").max_height(tall).auto_shrink([false, true]);
    area.show_rows(ui, theme::ROW, rows.len(), |ui, range| {
        for (other, name) in &rows[range] {
            let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), theme::ROW), Sense::hover());
            // The rows change places while octets come.
            let response = ui.interact(rect, ui.scope_id().with(other.ends), Sense::CLICK);
            let is_chosen = treat.chosen == Some(other.ends);
            let label = format!("{name}, {}", traffic(other));
            response.widget_info(|| WidgetInfo::selected(egui::Role::ListItem, true, is_chosen, &label));
            if response.clicked() && !is_chosen {
                choose(treat, other);
            }
            twice |= response.double_clicked();
            row_ui(ui, rect, name, other, treat.chosen == Some(other.ends), response.hovered());
        }
    });
    ui.spacing_mut().item_spacing.y = theme::GRID;
    let mut words = match rows.len() {
        0 => "None of them has that in its ends.".to_owned(),
        _ => String::new(),
    };
    if others.total > others.rows.len() {
        let (shown, total) = (text::grouped(others.rows.len() as u64), text::grouped(others.total as u64));
        let all = format!(
            "The {shown} with the most octets, of {total}; --as-websocket on the command line reads any of them."
        );
        words = [words, all].join(" ").trim().to_owned();
    }
    if !words.is_empty() {
        ui.add(egui::Label::new(RichText::new(words).size(theme::SECONDARY).color(palette.secondary)).wrap());
    }
    twice
}

fn choose(treat: &mut Treat, other: &Other) {
    treat.chosen = Some(other.ends);
    // Servers listen where clients do not: the lower port is the better guess where no SYN tells.
    treat.is_peer_client = other.ends.opener.port < other.ends.peer.port;
}

/// The ends as a line.
fn names(ends: &Flow) -> String {
    format!("{} ⇄ {}", ends.opener, ends.peer)
}

/// Octets each way, and what the user said.
fn traffic(other: &Other) -> String {
    let [forth, back] = other.octets.map(|octets| length(octets.into()));
    let said = if other.is_rejected { "you said: no WebSocket · " } else { "" };
    format!("{said}{forth} ⇄ {back}")
}

fn row_ui(ui: &Ui, rect: Rect, name: &str, other: &Other, is_chosen: bool, is_hovered: bool) {
    let palette = Palette::of(ui);
    let ground = match (is_chosen, is_hovered) {
        (true, _) => Some(palette.selected),
        (_, true) => Some(palette.hover),
        _ => None,
    };
    if let Some(color) = ground {
        ui.painter().rect_filled(rect, f32::from(theme::RADIUS), color);
    }
    let room = rect.shrink2(vec2(10.0, 0.0));
    let ink = if is_chosen { palette.text } else { palette.secondary };
    let at = pos2(room.right(), room.center().y);
    let font = fonts::body(theme::SECONDARY);
    let place = ui.painter().text(at, Align2::RIGHT_CENTER, traffic(other), font, ink);
    let room = room.with_max_x(place.left() - 12.0);
    text::elided(ui, room, name, fonts::mono(theme::SECONDARY), palette.text);
}

/// Asks for the end that is the client, and for what was agreed on.
fn choices_ui(ui: &mut Ui, treat: &mut Treat, ends: Flow) {
    let palette = Palette::of(ui);
    // A ring that is not chosen is seen on the ground of a dialog, too.
    ui.visuals_mut().widgets.inactive.bg_stroke = Stroke::new(1.0, palette.line_strong);
    let title = |ui: &mut Ui, words: &str| {
        ui.spacing_mut().item_spacing.x = 3.0 * theme::GRID;
        let (rect, _) = ui.allocate_exact_size(vec2(150.0, 22.0), Sense::hover());
        text::elided(ui, rect, words, fonts::body(theme::BODY), palette.secondary);
    };
    ui.horizontal_wrapped(|ui| {
        title(ui, "The client is");
        for (is_peer, end) in [(false, ends.opener), (true, ends.peer)] {
            ui.radio_value(&mut treat.is_peer_client, is_peer, end.to_string());
        }
    });
    ui.horizontal_wrapped(|ui| {
        title(ui, "permessage-deflate is");
        for (agreed, words) in [(None, "not known"), (Some(true), "in force"), (Some(false), "not in force")] {
            ui.radio_value(&mut treat.deflate, agreed, words);
        }
    });
}
