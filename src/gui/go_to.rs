//! The dialog that goes to a row by its number.

use egui::{Key, RichText, Ui, WidgetInfo, vec2};

use super::button::primary_ui;
use super::command::Command;
use super::theme::{self, Palette};
use super::{explain, fonts};
use crate::base::{ConnectionId, Severity};
use crate::dissect::Snapshot;
use crate::query::{RowId, RowKind};
use crate::view::count;

/// Paints the dialog's contents for a capture whose list shows rows of this kind; returns whether it is to be closed, and what
/// is to be done.
pub fn go_to_ui(ui: &mut Ui, typed: &mut String, shown: RowKind, snapshot: &Snapshot) -> (bool, Option<Command>) {
    let palette = Palette::of(ui);
    ui.set_width(420.0);
    ui.label(RichText::new("Go to").font(fonts::semibold(theme::HEADING)));
    ui.add_space(theme::GRID);
    let words = format!(
        "Type the number of a {}, or say which: frame 7, message 7, finding 7, connection 7. Their first letters will do.",
        name(shown)
    );
    ui.add(egui::Label::new(RichText::new(words).color(palette.secondary)).wrap());
    ui.add_space(2.0 * theme::GRID);
    let edit = egui::TextEdit::singleline(typed)
        .hint_text("For example 7")
        .desired_width(f32::INFINITY)
        .margin(egui::Margin::symmetric(8, 6));
    let response = ui.add(edit);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::TextInput, true, "Number of a row"));
    if !response.has_focus() && !response.lost_focus() {
        response.request_focus();
    }
    let wish = wish_of(typed, shown, snapshot);
    if let Err(why) = &wish
        && !typed.trim().is_empty()
    {
        ui.add_space(2.0 * theme::GRID);
        explain::problem_ui(ui, Severity::Violation, why);
    }
    let entered = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    let wish = wish.ok();
    let (mut closed, mut command) = (false, wish.clone().filter(|_| entered));
    ui.add_space(3.0 * theme::GRID);
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
        ui.add_enabled_ui(wish.is_some(), |ui| {
            let shown = Command::SelectRow(RowId::new(shown, 0));
            if primary_ui(ui, wish.as_ref().unwrap_or(&shown), vec2(88.0, 30.0)) {
                command = wish;
            }
        });
        closed = ui.add(egui::Button::new("Cancel").min_size(vec2(72.0, 30.0))).clicked();
    });
    (closed, command)
}

fn name(kind: RowKind) -> &'static str {
    match kind {
        RowKind::Frames => "frame",
        RowKind::Messages => "message",
        RowKind::Findings => "finding",
    }
}

/// Reads `7`, `message 7`, `m7`, `#7`: a number of what is listed, or of what is named before it.
fn wish_of(typed: &str, shown: RowKind, snapshot: &Snapshot) -> Result<Command, String> {
    let typed = typed.trim().to_lowercase();
    let at = typed.find(|character: char| character.is_ascii_digit()).unwrap_or(typed.len());
    let (word, number) = (typed[..at].trim().trim_end_matches(['#', ':', '.']).trim(), &typed[at..]);
    let number: u64 = number.replace([',', '_', ' '], "").parse().map_err(|_| "A number is missing.".to_owned())?;
    let connections = snapshot.connection_count() as u64;
    if !word.is_empty() && "connection".starts_with(word) {
        let index = number.checked_sub(1).filter(|index| *index < connections);
        let id = index.map(|index| ConnectionId::from_index(index as usize));
        return id.map(|id| Command::SelectConnection(Some(id))).ok_or_else(|| lacking(connections, "connection"));
    }
    let kinds = [RowKind::Frames, RowKind::Messages, RowKind::Findings];
    let kind = match word {
        "" => shown,
        // It is short for both.
        "f" => RowKind::Frames,
        _ => { kinds }
            .into_iter()
            .find(|kind| name(*kind).starts_with(word))
            .ok_or_else(|| format!("“{word}” is not known; it may be frame, message, finding or connection."))?,
    };
    let total = kind.total(snapshot) as u64;
    let index = number.checked_sub(1).filter(|index| *index < total);
    let index = index.and_then(|index| u32::try_from(index).ok());
    index.map(|index| Command::SelectRow(RowId::new(kind, index))).ok_or_else(|| lacking(total, name(kind)))
}

fn lacking(total: u64, what: &str) -> String {
    match total {
        0 => format!("There is no {what}."),
        1 => format!("There is one {what}, number 1."),
        _ => format!("There are {}, with numbers from 1.", count(total, what)),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::base::{FrameId, MessageId};
    use crate::dissect::{Progress, Session};

    #[test]
    fn numbers_lead_to_rows() {
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/chat-unicode.pcapng");
        let mut session = Session::open(&sample).unwrap();
        while session.step(usize::MAX).unwrap() != Progress::End {}
        let snapshot = session.snapshot();
        let wish = |typed, shown| wish_of(typed, shown, &snapshot);
        let frame = |index| Ok(Command::SelectRow(RowId::Frame(FrameId(index))));
        let message = |index| Ok(Command::SelectRow(RowId::Message(MessageId(index))));
        assert_eq!(wish(" 7 ", RowKind::Frames), frame(6));
        assert_eq!(wish("7", RowKind::Messages), message(6));
        for typed in ["frame 30", "F30", "#30", "fr. 30"] {
            assert_eq!(wish(typed, RowKind::Frames), frame(29), "{typed}");
        }
        assert_eq!(wish("m 2", RowKind::Frames), message(1));
        assert_eq!(wish("conn:1", RowKind::Frames), Ok(Command::SelectConnection(Some(ConnectionId(0)))));
        let why = |typed| wish(typed, RowKind::Frames).unwrap_err();
        assert_eq!(why("31"), "There are 30 frames, with numbers from 1.");
        assert_eq!((why("0"), why("99999999999999999999")), (why("31"), "A number is missing.".to_owned()));
        assert!(why("packet 3").contains("“packet” is not known") && why("connection 9").contains("connection"));
    }
}
