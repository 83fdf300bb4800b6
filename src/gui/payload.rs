//! The payload as a person reads it: text, indented JSON, the body of a Close frame in words.

use egui::text::{LayoutJob, TextFormat};
use egui::{Color32, Frame, Label, Margin, RichText, ScrollArea, Ui, Vec2};

use super::button::button_ui;
use super::command::Command;
use super::pane::Pane;
use super::theme::{self, Palette};
use super::{fonts, scroll};
use crate::view::{MAX_INDENTED, PayloadKind, PayloadText, TreeRow, count, length, printable};

/// Characters that are laid out at first: laying out is what costs.
const FIRST_LIMIT: usize = 32 << 10;
/// Characters that are laid out at most.
const LAST_LIMIT: usize = 512 << 10;

/// The form in which a payload is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PayloadForm {
    /// As it came.
    Text,
    /// Indented, where it is JSON; else as it came.
    #[default]
    Json,
}

/// The memory of the pane.
#[derive(Clone, Debug, PartialEq)]
pub struct PayloadState {
    /// The form; it stays when another frame is chosen.
    pub form: PayloadForm,
    limit: usize,
    /// Counts the payloads that were shown.
    shown: u64,
}

impl Default for PayloadState {
    fn default() -> Self {
        PayloadState { form: PayloadForm::default(), limit: FIRST_LIMIT, shown: 0 }
    }
}

impl PayloadState {
    /// Another frame is shown: a raised limit belonged to the old one, and the scroll position.
    pub fn frame_changed(&mut self) {
        (self.limit, self.shown) = (FIRST_LIMIT, self.shown + 1);
    }
}

/// Paints a payload into the room that is left. `close` holds the parts of a Close body: the rows of the field tree
/// with a depth of 1.
pub fn payload_ui(ui: &mut Ui, text: &PayloadText, close: &[TreeRow], state: &mut PayloadState) -> Option<Command> {
    let mut command = head_ui(ui, text, !close.is_empty(), state);
    let palette = Palette::of(ui);
    let shown = match (&text.indented, state.form) {
        (Some(indented), PayloadForm::Json) => indented,
        _ => &text.text,
    };
    let area = ui.available_rect_before_wrap();
    let step = Pane::Text.stop_ui(ui, area);
    scroll::of_shown(ui, ScrollArea::vertical(), "payload", state.shown).show(ui, |ui| {
        step.into_iter().for_each(|step| ui.scroll_with_delta(step.points(area.height())));
        if !close.is_empty() {
            close_ui(ui, close);
            return;
        }
        match text.kind {
            PayloadKind::Empty => hint_ui(ui, "This frame has no payload."),
            PayloadKind::Binary => {
                hint_ui(ui, "These octets are no text.");
                command = hex_button(ui).or(command.take());
            }
            PayloadKind::Compressed => {
                hint_ui(ui, "The payload is compressed with permessage-deflate. The whole message can be inflated.");
                command = hex_button(ui).or(command.take());
            }
            PayloadKind::Text | PayloadKind::Json => {
                let cut = shown.char_indices().nth(state.limit).map_or(shown.len(), |(at, _)| at);
                let words = visible(&shown[..cut]);
                let is_json = text.kind == PayloadKind::Json;
                let job = if is_json { json_job(&words, palette) } else { text_job(&words, palette) };
                ui.add(Label::new(job).selectable(true).wrap());
                if cut < shown.len() {
                    ui.add_space(2.0 * theme::GRID);
                    ui.horizontal(|ui| {
                        let rest = count((shown.len() - cut) as u64, "more octet");
                        let is_last = state.limit >= LAST_LIMIT;
                        let how = if is_last { ", which Copy text copies too" } else { "" };
                        ui.label(RichText::new(format!("… {rest} of text{how}")).color(palette.secondary));
                        if !is_last && ui.button("Show more").clicked() {
                            state.limit *= 4;
                        }
                    });
                }
            }
        }
        if text.not_shown > 0 && !matches!(text.kind, PayloadKind::Binary | PayloadKind::Compressed) {
            ui.add_space(2.0 * theme::GRID);
            let words = format!(
                "{} of the payload not shown: not read, not captured, or unknown.",
                count(text.not_shown, "octet")
            );
            notice_ui(ui, &words);
        }
    });
    command
}

fn head_ui(ui: &mut Ui, text: &PayloadText, close: bool, state: &mut PayloadState) -> Option<Command> {
    let mut command = None;
    ui.horizontal(|ui| {
        if text.indented.is_some() {
            ui.selectable_value(&mut state.form, PayloadForm::Json, "JSON").on_hover_text("Indented");
            ui.selectable_value(&mut state.form, PayloadForm::Text, "Text").on_hover_text("As it was sent");
        } else {
            let kind = match text.kind {
                _ if close => "the body of a Close frame",
                PayloadKind::Empty => "empty",
                PayloadKind::Text => "text",
                PayloadKind::Json => "JSON",
                PayloadKind::Binary => "binary",
                PayloadKind::Compressed => "compressed",
            };
            ui.label(RichText::new(kind).color(Palette::of(ui).secondary));
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if !text.text.is_empty() && ui.button("Copy text").clicked() {
                let indented = text.indented.as_ref().filter(|_| state.form == PayloadForm::Json);
                ui.ctx().copy_text(indented.unwrap_or(&text.text).clone());
            }
            if button_ui(ui, &Command::ShowHex, Vec2::ZERO) {
                command = Some(Command::ShowHex);
            }
        });
    });
    ui.add_space(theme::GRID);
    if text.kind == PayloadKind::Json && text.indented.is_none() {
        let most = length(MAX_INDENTED as u64);
        notice_ui(ui, &format!("Shown as it was sent: indented, this JSON would be longer than {most}."));
        ui.add_space(theme::GRID);
    }
    command
}

/// Of a compressed message of which there is nothing to read: `why`, and the way to what was sent.
pub fn nothing_inflated_ui(ui: &mut Ui, why: &str) -> Option<Command> {
    ui.add_space(theme::GRID);
    hint_ui(ui, why);
    ui.add_space(theme::GRID);
    let wish = button_ui(ui, &Command::ShowWire, Vec2::ZERO).then_some(Command::ShowWire);
    // Without contents the panel would shrink, and keep that height.
    ui.allocate_space(ui.available_size());
    wish
}

fn hex_button(ui: &mut Ui) -> Option<Command> {
    ui.add_space(theme::GRID);
    button_ui(ui, &Command::ShowHex, Vec2::ZERO).then_some(Command::ShowHex)
}

fn hint_ui(ui: &mut Ui, words: &str) {
    ui.label(RichText::new(words).color(Palette::of(ui).secondary));
}

fn notice_ui(ui: &mut Ui, words: &str) {
    let palette = Palette::of(ui);
    let frame = Frame::new().fill(palette.sunken).corner_radius(theme::RADIUS).inner_margin(Margin::symmetric(8, 6));
    frame.show(ui, |ui| ui.label(RichText::new(words).size(theme::SECONDARY).color(palette.secondary)));
}

/// The status code in large, what it means, and the reason.
fn close_ui(ui: &mut Ui, close: &[TreeRow]) {
    let palette = Palette::of(ui);
    for row in close {
        ui.label(RichText::new(&row.label).size(theme::SECONDARY).color(palette.secondary));
        ui.horizontal_wrapped(|ui| {
            let code = !row.meaning.is_empty();
            let font = if code { fonts::mono_bold(20.0) } else { fonts::body(theme::HEADING) };
            ui.add(Label::new(RichText::new(printable(&row.value)).font(font)).selectable(true));
            ui.label(RichText::new(&row.meaning).size(theme::HEADING));
        });
        ui.label(RichText::new(row.section).size(theme::SECONDARY).color(palette.accent));
        ui.add_space(3.0 * theme::GRID);
    }
}

/// The text with line ends and tabs as they are, and everything else that moves the cursor as `·`.
fn visible(text: &str) -> String {
    text.split_inclusive(['\n', '\t']).fold(String::with_capacity(text.len()), |mut out, piece| {
        let words = piece.trim_end_matches(['\n', '\t']);
        out.push_str(&printable(words));
        out.push_str(&piece[words.len()..]);
        out
    })
}

fn text_job(text: &str, palette: &Palette) -> LayoutJob {
    LayoutJob::single_section(text.to_owned(), TextFormat::simple(fonts::mono(theme::MONO), palette.text))
}

/// A kind of piece of JSON, which has a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Key,
    String,
    Number,
    Word,
    Punctuation,
}

fn json_job(text: &str, palette: &Palette) -> LayoutJob {
    let color = |token| -> Color32 {
        match token {
            Token::Key => palette.flag.text,
            Token::String => palette.length.text,
            Token::Number => palette.key.text,
            Token::Word => palette.opcode.text,
            Token::Punctuation => palette.secondary,
        }
    };
    let mut job = LayoutJob::default();
    for (token, piece) in json_tokens(text) {
        job.append(piece, 0.0, TextFormat::simple(fonts::mono(theme::MONO), color(token)));
    }
    job
}

/// Cuts JSON into pieces; what is no JSON (a cut end) comes out whole too.
fn json_tokens(text: &str) -> Vec<(Token, &str)> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (token, len) = match first {
            '"' => {
                let len = string_len(rest);
                let key = rest[len..].trim_start().starts_with(':');
                (if key { Token::Key } else { Token::String }, len)
            }
            '0'..='9' | '-' => {
                let end = |c: char| !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E');
                (Token::Number, rest.find(end).unwrap_or(rest.len()))
            }
            'a'..='z' | 'A'..='Z' => {
                (Token::Word, rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len()))
            }
            _ => {
                let end = |c: char| matches!(c, '"' | '-' | '0'..='9' | 'a'..='z' | 'A'..='Z');
                (Token::Punctuation, rest.find(end).unwrap_or(rest.len()))
            }
        };
        let (piece, behind) = rest.split_at(len);
        tokens.push((token, piece));
        rest = behind;
    }
    tokens
}

/// The length of the string literal that `text` starts with.
fn string_len(text: &str) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_cut_without_loss() {
        let text = "{\n  \"a\\\"\": [1.5e+3, true, \"x:\", null],\n  \"你\": \"cut";
        let tokens = json_tokens(text);
        assert_eq!(tokens.iter().map(|(_, piece)| *piece).collect::<String>(), text);
        let of = |wanted| tokens.iter().filter(move |(token, _)| *token == wanted).map(|(_, piece)| *piece);
        assert_eq!(of(Token::Key).collect::<Vec<_>>(), ["\"a\\\"\"", "\"你\""]);
        assert_eq!(of(Token::Number).collect::<Vec<_>>(), ["1.5e+3"]);
        assert_eq!(of(Token::String).collect::<Vec<_>>(), ["\"x:\"", "\"cut"]);
    }
}
