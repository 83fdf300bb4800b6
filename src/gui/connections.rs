//! The list of connections: a card each, of a height, so that ten thousand cost what ten do.

use egui::{Align2, Frame, Panel, Rect, RichText, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::command::Command;
use super::pane::Pane;
use super::rows::{RowScroll, rows_ui};
use super::theme::{self, Palette};
use super::{fonts, marks, text};
use crate::base::{ConnectionId, Sender, Severity};
use crate::dissect::{HandshakeState, Others, Recognition, Snapshot};
use crate::view::{ConnectionRow, connection_row, count, length, printable};

/// Height of a card.
const CARD: f32 = 92.0;
/// Room beside the word of a badge.
const BADGE: f32 = 6.0;
/// Height of the entry for all connections.
const LINE: f32 = 18.0;

/// Paints the list into the room that is left. `selected` is the connection whose rows are listed, if not all are; `others` are
/// the TCP connections that are not read as WebSockets.
pub fn connections_ui(
    ui: &mut Ui,
    snapshot: &Snapshot,
    selected: Option<ConnectionId>,
    others: &Others,
    scroll: &mut RowScroll,
) -> Option<Command> {
    let palette = Palette::of(ui);
    let mut command = None;
    if all_ui(ui, snapshot, selected.is_none(), palette) {
        command = Some(Command::SelectConnection(None));
    }
    if !others.rows.is_empty() {
        Panel::bottom("others")
            .exact_size(34.0)
            .resizable(false)
            .frame(Frame::new())
            .show(ui, |ui| command = others_ui(ui, others, palette).or(command.take()));
    }
    let total = snapshot.connection_count() as u64;
    let area = ui.available_rect_before_wrap();
    if let Some(step) = Pane::Connections.stop_ui(ui, area) {
        // The entry for all connections comes before the first one.
        let at = selected.map_or(0, |id| id.number());
        let to = step.along(at, (area.height() / CARD) as u64, total);
        command = Some(Command::SelectConnection(ConnectionId::from_number(to)));
    }
    rows_ui(
        ui,
        scroll,
        total,
        CARD,
        |_| (),
        |ui, number, rect, ()| {
            let id = ConnectionId::from_index(number as usize);
            let Some(row) = connection_row(snapshot, id) else { return };
            let chosen = selected == Some(id);
            let response = ui.interact(rect, ui.scope_id().with(("connection", id)), Sense::CLICK);
            response.widget_info(|| WidgetInfo::selected(egui::Role::ListItem, true, chosen, label(&row)));
            if response.clicked() {
                // A second click shows all again.
                command = Some(Command::SelectConnection((!chosen).then_some(id)));
            }
            ground(ui, rect, chosen, response.hovered(), palette);
            card(ui, rect, &row, chosen, palette);
            response.on_hover_ui(|ui| tooltip_ui(ui, &row));
        },
    );
    command
}

/// The entry that shows the rows of all connections.
fn all_ui(ui: &mut Ui, snapshot: &Snapshot, chosen: bool, palette: &Palette) -> bool {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 36.0), Sense::CLICK);
    ui.spacing_mut().item_spacing.y = 0.0;
    let text = Command::SelectConnection(None).text();
    response.widget_info(|| WidgetInfo::selected(egui::Role::ListItem, true, chosen, text));
    ground(ui, rect, chosen, response.hovered(), palette);
    let font = if chosen { fonts::semibold(theme::BODY) } else { fonts::body(theme::BODY) };
    let at = rect.left_center() + vec2(14.0, 0.0);
    ui.painter().text(at, Align2::LEFT_CENTER, text, font, palette.text);
    let number = text::grouped(snapshot.connection_count() as u64);
    let at = rect.right_center() - vec2(14.0, 0.0);
    ui.painter().text(at, Align2::RIGHT_CENTER, number, fonts::body(theme::SECONDARY), palette.secondary);
    response.on_hover_text(Command::SelectConnection(None).tooltip()).clicked()
}

/// The entry that leads to the TCP connections that are not read as WebSockets.
fn others_ui(ui: &mut Ui, others: &Others, palette: &Palette) -> Option<Command> {
    let (rect, response) = ui.allocate_exact_size(ui.available_size(), Sense::CLICK);
    let wish = Command::Treat;
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, wish.text()));
    if response.hovered() {
        ui.painter().rect_filled(rect, 0.0, palette.hover);
    }
    ui.painter().hline(rect.x_range(), rect.top() + 0.5, Stroke::new(1.0, palette.line));
    let room = rect.shrink2(vec2(14.0, 0.0));
    let number = text::grouped(others.total as u64);
    let font = fonts::body(theme::SECONDARY);
    let place = ui.painter().text(room.right_center(), Align2::RIGHT_CENTER, number, font.clone(), palette.secondary);
    let room = room.with_max_x(place.left() - 8.0);
    text::elided(ui, room, "Other TCP connections…", font, palette.secondary);
    let hint = wish.hint(ui.ctx());
    response.on_hover_text(hint).clicked().then_some(wish)
}

fn ground(ui: &Ui, rect: Rect, chosen: bool, hovered: bool, palette: &Palette) {
    if chosen {
        ui.painter().rect_filled(rect, 0.0, palette.selected);
        let edge = Rect::from_min_max(rect.min, pos2(rect.left() + 3.0, rect.bottom()));
        ui.painter().rect_filled(edge, 0.0, palette.accent);
    } else if hovered {
        ui.painter().rect_filled(rect, 0.0, palette.hover);
    }
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, palette.line));
}

fn card(ui: &Ui, rect: Rect, row: &ConnectionRow, chosen: bool, palette: &Palette) {
    let quiet = if chosen { palette.text } else { palette.secondary };
    let room = rect.shrink2(vec2(14.0, 9.0));
    let line = |index: f32| {
        let top = room.top() + index * LINE;
        Rect::from_min_max(pos2(room.left(), top), pos2(room.right(), top + LINE))
    };
    // Number and address. The path tells connections apart, so it is what stands out.
    let first = line(0.0);
    let number = row.id.to_string();
    let font = fonts::body(theme::SECONDARY);
    let number = ui.painter().text(first.right_center(), Align2::RIGHT_CENTER, format!("#{number}"), font, quiet);
    let first = first.with_max_x(number.left() - 8.0);
    let heading = if row.path.is_empty() { &row.host } else { &row.path };
    text::elided(ui, first, heading, fonts::semibold(theme::BODY), palette.text);
    let second = line(1.0);
    let host = if row.path.is_empty() { "no request captured" } else { &row.host };
    let font = fonts::body(theme::SECONDARY);
    let client = format!("{} → {}", row.client, row.server);
    let peers = if row.server == row.host || row.path.is_empty() { client } else { format!("{host}  ({client})") };
    text::elided(ui, second, &peers, font, quiet);
    traffic(ui, line(2.0), row, quiet, palette);
    verdict(ui, line(3.0), row, quiet, palette);
}

/// Frames and octets each way, and what was negotiated.
fn traffic(ui: &Ui, room: Rect, row: &ConnectionRow, quiet: egui::Color32, palette: &Palette) {
    const MARK: f32 = 15.0;
    const GAP: f32 = 12.0;
    let font = fonts::body(theme::SECONDARY);
    let galley = |words: String| ui.painter().layout_no_wrap(words, font.clone(), quiet);
    let frames = row.frames.map(text::grouped);
    let mut words = [0, 1].map(|index| galley(format!("{} · {}", frames[index], length(row.payload[index]))));
    let deflate = row.extensions.as_deref().is_some_and(|names| names.contains("permessage-deflate"));
    let badge_width = match deflate {
        true => badge_galley(ui, &deflate_words(row), palette.text, f32::INFINITY).size().x + 2.0 * BADGE + GAP,
        false => 0.0,
    };
    if words.iter().map(|words| MARK + words.size().x).sum::<f32>() + GAP + badge_width > room.width() {
        // What does not fit both ways is left out for both.
        words = frames.map(galley);
    }
    let mut x = room.left();
    for (sender, words) in [Sender::Client, Sender::Server].into_iter().zip(words) {
        marks::sender(ui.painter(), pos2(x + 5.0, room.center().y), 10.0, sender, palette);
        let size = words.size();
        ui.painter().galley(pos2(x + MARK, room.center().y - size.y / 2.0), words, quiet);
        x += MARK + size.x + GAP;
    }
    // What compression did is told before the subprotocol is.
    if deflate {
        let grew = row.not_inflated == 0 && row.saved.is_some_and(|saved| saved < 0);
        let color = if grew { palette.warning } else { palette.text };
        x = badge(ui, pos2(x, room.center().y), room.right(), &deflate_words(row), color, palette) + 4.0;
    }
    if let Some(name) = &row.subprotocol {
        badge(ui, pos2(x, room.center().y), room.right(), name, palette.text, palette);
    }
}

/// `deflate −71 %`: how much shorter compression made what was sent. No number where messages are left out of it, which
/// may be those that matter most.
fn deflate_words(row: &ConnectionRow) -> String {
    match row.saved {
        _ if row.not_inflated > 0 => "deflate, not all inflated".to_owned(),
        None => "deflate".to_owned(),
        Some(saved) if saved < 0 => format!("deflate +{} %", saved.unsigned_abs()),
        Some(saved) => format!("deflate −{saved} %"),
    }
}

fn badge_galley(ui: &Ui, word: &str, color: egui::Color32, room: f32) -> std::sync::Arc<egui::Galley> {
    text::line(ui, word, fonts::body(theme::SMALL), color, room)
}

/// A word in an outline; returns where it ends.
fn badge(ui: &Ui, left: egui::Pos2, right: f32, word: &str, color: egui::Color32, palette: &Palette) -> f32 {
    let room = right - left.x - 2.0 * BADGE;
    if room < 24.0 {
        return left.x;
    }
    let galley = badge_galley(ui, word, color, room);
    let size = galley.size() + vec2(2.0 * BADGE, 2.0);
    let rect = Rect::from_min_size(left - vec2(0.0, size.y / 2.0), size);
    ui.painter().rect_stroke(rect, 4.0, Stroke::new(1.0, palette.line_strong), egui::StrokeKind::Inside);
    ui.painter().galley(rect.min + vec2(BADGE, 1.0), galley, color);
    rect.right()
}

/// Paints the outcome of the handshake, the worst finding, and the way it was closed.
fn verdict(ui: &Ui, room: Rect, row: &ConnectionRow, quiet: egui::Color32, palette: &Palette) {
    let (words, severity) = verdict_words(row);
    let mark = pos2(room.left() + 6.0, room.center().y);
    let color = match severity {
        Some(severity) => {
            marks::severity(ui.painter(), mark, 11.0, severity, palette);
            palette.severity(severity)
        }
        None => {
            marks::tick(ui.painter(), mark, 10.0, palette.good);
            palette.good
        }
    };
    let font = fonts::body(theme::SECONDARY);
    let rest = room.with_min_x(room.left() + 17.0);
    let place = text::elided(ui, rest, &words, font.clone(), color);
    let close = close_words(row);
    if !close.is_empty() {
        let rest = rest.with_min_x(place.right() + 10.0);
        text::elided(ui, rest, &close, font, quiet);
    }
}

/// The verdict in words.
fn verdict_words(row: &ConnectionRow) -> (String, Option<Severity>) {
    let worst = row.severity;
    match row.handshake {
        HandshakeState::Refused => {
            (format!("refused with {}", row.status.unwrap_or_default()), Some(worst.unwrap_or(Severity::Note)))
        }
        HandshakeState::Unanswered => ("not answered".to_owned(), Some(worst.unwrap_or(Severity::Note))),
        HandshakeState::Violation => ("bad handshake".to_owned(), Some(Severity::Violation)),
        state => match (worst, state) {
            (Some(Severity::Violation), _) => ("violation".to_owned(), worst),
            (Some(Severity::Warning), _) => ("warning".to_owned(), worst),
            (_, HandshakeState::NotCaptured) => {
                let words = row.recognition.map_or("handshake not captured", recognition_words);
                (words.to_owned(), Some(Severity::Note))
            }
            _ if ended_without_close(row) => ("ended without Close".to_owned(), Some(Severity::Note)),
            (Some(Severity::Note), _) => ("note".to_owned(), worst),
            (None, _) => ("ok".to_owned(), None),
        },
    }
}

/// Tells in words why it is read as a WebSocket.
fn recognition_words(recognition: Recognition) -> &'static str {
    match recognition {
        Recognition::Evidence => "recognised by its frames",
        Recognition::Confirmed => "confirmed by you",
        Recognition::UserOverride => "read as you said",
    }
}

fn ended_without_close(row: &ConnectionRow) -> bool {
    row.close.as_ref().is_some_and(|close| close.code == Some(1006))
}

fn close_words(row: &ConnectionRow) -> String {
    if matches!(row.handshake, HandshakeState::Refused | HandshakeState::Unanswered) {
        return String::new();
    }
    match &row.close {
        None => "open".to_owned(),
        Some(close) => match close.code {
            Some(code @ 1006) => format!("{code}"),
            Some(code) => format!("close {code} {}", close.name),
            None => format!("close, {}", close.name),
        },
    }
}

fn label(row: &ConnectionRow) -> String {
    let mut label = format!("connection {} {}{} {}", row.id, row.host, row.path, verdict_words(row).0);
    let close = close_words(row);
    if !close.is_empty() {
        label.push(' ');
        label.push_str(&close);
    }
    if row.saved.is_some() || row.not_inflated > 0 {
        label.push(' ');
        label.push_str(&deflate_words(row));
    }
    printable(&label)
}

/// Everything about the connection, in full.
fn tooltip_ui(ui: &mut Ui, row: &ConnectionRow) {
    let palette = Palette::of(ui);
    ui.set_max_width(420.0);
    let url = printable(row.url.as_deref().unwrap_or("The request was not captured"));
    ui.label(RichText::new(url).font(fonts::semibold(theme::BODY)));
    let mut lines = vec![format!("{} → {}", row.client, row.server)];
    let status = row.status.map_or_else(String::new, |status| format!(", status {status}"));
    lines.push(format!("Handshake {}{status}", row.handshake.as_str()));
    lines.extend(row.recognition.map(|how| format!("As a WebSocket {}", recognition_words(how))));
    if let Some(name) = &row.subprotocol {
        lines.push(format!("Subprotocol {name}"));
    }
    if let Some(names) = &row.extensions {
        lines.push(format!("Extensions {names}"));
    }
    lines.extend(row.compression.clone());
    for (sender, index) in [(Sender::Client, 0), (Sender::Server, 1)] {
        let (frames, payload) = (count(row.frames[index], "frame"), count(row.payload[index], "octet"));
        lines.push(format!("{frames} from the {sender}, {payload} of payload"));
    }
    if let Some(close) = &row.close {
        let by = match (close.by, close.code) {
            (Sender::Unknown, _) => String::new(),
            (by, Some(1006)) => format!(", TCP ended by the {by}"),
            (by, _) => format!(", first by the {by}"),
        };
        let clean = if close.clean { "" } else { "; not by both sides" };
        let code = close.code.map_or_else(String::new, |code| format!(" {code}"));
        lines.push(format!("Close{code}, {}{by}{clean}", close.name));
        if !close.reason.is_empty() {
            lines.push(format!("“{}”", close.reason));
        }
    }
    for line in lines {
        ui.label(RichText::new(printable(&line)).size(theme::SECONDARY).color(palette.secondary));
    }
}
