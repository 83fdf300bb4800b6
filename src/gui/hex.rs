//! The hex dump: 16 octets a row, as sent, unmasked or inflated, with the characters beside them.
//!
//! ```text
//!   frame    wire       81 8b 37 fa 21 3d │ c5 b2 ec …     one selection: an octet here is marked there,
//!            unmasked   81 8b 37 fa 21 3d │ f2 48 cd …     as finely as can be told
//!   message  inflated                       48 65 6c …
//! ```

mod form;
mod row;

use std::ops::Range;
use std::time::Duration;

use egui::{RichText, Ui, Vec2};

pub use self::form::in_frame;
use self::form::{Shown, copy_hint, form_of};
use self::row::{Columns, RowPainter, characters, column_heads};
use super::button::button_ui;
use super::command::Command;
use super::inflating::{Doing, Told};
use super::pane::{Pane, Step};
use super::rows::{RowScroll, rows_ui};
use super::theme::{self, Palette};
use super::{Selection, explain, marks};
use crate::base::{FrameId, MessageId};
use crate::view::{FrameView, HexForm, HexOctet, HexRow, InflatedView, Octets, hex_len, hex_rows, inflated_rows};

const ROW_OCTETS: u64 = 16;
const ROW_HEIGHT: f32 = 22.0;
/// The copy button copies so many octets at most.
const COPY_LIMIT: u64 = 1 << 16;
/// Work that takes no longer shows no progress: it would only flicker.
pub const QUIET: Duration = Duration::from_millis(150);

/// The source of the octets.
pub struct HexSource<'a> {
    /// The frame.
    pub view: &'a FrameView,
    /// Position behind the last payload octet that the capture may hold.
    pub payload_end: u64,
    /// Reads a window of the payload, as sent. Only what is in sight is asked for.
    pub read: &'a mut dyn FnMut(Range<u64>) -> Octets,
    /// The source of what the frame's message inflates to, if it is compressed: octets of that are asked for.
    pub inflated: Option<InflatedSource<'a>>,
}

/// The source of inflated octets.
pub struct InflatedSource<'a> {
    /// The frame that is shown.
    pub frame: FrameId,
    /// Asks for octets, and takes what is there.
    pub ask: &'a mut dyn FnMut(Range<u64>) -> Told,
}

/// The memory of the dump.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HexState {
    /// As sent, unmasked, or inflated.
    pub form: HexForm,
    scroll: RowScroll,
    seen: Option<u64>,
    /// The form that was painted last, and whose message.
    painted: HexForm,
    message: Option<MessageId>,
    /// Inflated octets that were in sight.
    in_sight: Range<u64>,
}

impl HexState {
    /// Another frame is shown: back to its start. The form stays; so does everything where the inflated message is the same.
    pub fn frame_changed(&mut self, message: Option<MessageId>) {
        let same = message.is_some() && self.message == message && self.painted == HexForm::Inflated;
        if !same {
            *self = HexState { form: self.form, painted: self.painted, message, ..HexState::default() };
        }
    }
}

/// Paints the hex dump into the room that is left.
pub fn hex_ui(
    ui: &mut Ui,
    mut source: HexSource<'_>,
    state: &mut HexState,
    selection: &mut Selection,
) -> Option<Command> {
    let form = form_of(source.view, state.form, source.inflated.is_some());
    if std::mem::replace(&mut state.painted, form) != form {
        // What is selected is somewhere else in another form.
        (state.scroll, state.seen, state.in_sight) = (RowScroll::default(), None, 0..0);
    }
    if let (HexForm::Inflated, Some(inflated)) = (form, &mut source.inflated) {
        let first = state.in_sight.start..state.in_sight.end.max(state.in_sight.start + 1);
        let told = (inflated.ask)(first);
        let frame = inflated.frame;
        return message_ui(ui, source, frame, told, state, selection);
    }
    let HexSource { view, payload_end, read, inflated } = source;
    let end = hex_len(view, payload_end);
    let header = u64::from(view.header.header_len());
    let mut rows_of = |rows: Range<u64>| {
        let octets = rows.start * ROW_OCTETS..(rows.end * ROW_OCTETS).min(end);
        let payload = read(octets.start.saturating_sub(header)..octets.end.saturating_sub(header));
        hex_rows(view, &payload, form, rows)
    };
    let copied = 0..end.min(COPY_LIMIT);
    let head = Head { view, is_compressed: inflated.is_some(), form, copied: copied.clone(), summary: None };
    head_ui(ui, &head, state, || rows_of(0..copied.end.div_ceil(ROW_OCTETS)));
    dump_ui(ui, &Shown::Frame(view), end, state, selection, rows_of)
}

/// The third form: the message, as far as it is inflated.
fn message_ui(
    ui: &mut Ui,
    source: HexSource<'_>,
    frame: FrameId,
    told: Told,
    state: &mut HexState,
    selection: &mut Selection,
) -> Option<Command> {
    let view = source.view;
    let Some(inflated) = told.view else {
        let head = Head { view, is_compressed: true, form: HexForm::Inflated, copied: 0..0, summary: None };
        head_ui(ui, &head, state, Vec::new);
        let command = doing_ui(ui, &told.state);
        // Without contents the panel would shrink, and keep that height.
        ui.allocate_space(ui.available_size());
        return command;
    };
    let from = inflated.inflated.plain.from;
    let copied = from..inflated.inflated.plain.end().min(from + COPY_LIMIT);
    let all = || inflated_rows(&inflated, copied.start / ROW_OCTETS..copied.end.div_ceil(ROW_OCTETS));
    let shown = Shown::Message(view, frame, inflated.clone());
    let summary = shown.summary().map(|words| (words, inflated.has_grown()));
    head_ui(
        ui,
        &Head { view, is_compressed: true, form: HexForm::Inflated, copied: copied.clone(), summary },
        state,
        all,
    );
    let mut command = notices_ui(ui, &inflated);
    command = doing_ui(ui, &told.state).or(command);
    let mut in_sight = 0..1;
    let rows_of = |rows: Range<u64>| {
        in_sight = rows.start * ROW_OCTETS..rows.end * ROW_OCTETS;
        inflated_rows(&inflated, rows)
    };
    command = dump_ui(ui, &shown, inflated.len(), state, selection, rows_of).or(command);
    // Asked for in the next pass. What was asked for already comes with a word from the thread, or not at all.
    if in_sight != state.in_sight && !inflated.holds(&in_sight) {
        ui.ctx().request_repaint();
    }
    state.in_sight = in_sight;
    command
}

/// Paints notices about an inflated message, above its octets as above its text.
pub fn notices_ui(ui: &mut Ui, inflated: &InflatedView) -> Option<Command> {
    let mut command = None;
    for (index, (severity, words)) in inflated.notices().into_iter().enumerate() {
        ui.horizontal(|ui| {
            // The limit is the first of them; a button behind the words would be pushed out of sight.
            if index == 0 && inflated.is_limited() {
                let wish = Command::InflateFurther;
                if ui.small_button(wish.text()).on_hover_text(wish.tooltip()).clicked() {
                    command = Some(wish);
                }
            }
            explain::problem_ui(ui, severity, &words);
        });
    }
    command
}

/// Paints how far the inflating is, and a button that ends or starts it.
pub fn doing_ui(ui: &mut Ui, doing: &Doing) -> Option<Command> {
    let palette = Palette::of(ui);
    let words = |words: &str| RichText::new(words).size(theme::SECONDARY).color(palette.secondary);
    match doing {
        Doing::Nothing => None,
        Doing::Inflating(_, since) if *since < QUIET => {
            ui.ctx().request_repaint_after(QUIET - *since);
            None
        }
        Doing::Inflating(part, _) => {
            ui.horizontal(|ui| {
                let bar = egui::ProgressBar::new(*part).desired_width(140.0).desired_height(8.0).fill(palette.accent);
                ui.add(bar);
                ui.label(words(&format!("Inflating, {:.0} %", part * 100.0)))
                    .on_hover_text("A message is inflated from what the messages before it leave");
                button_ui(ui, &Command::StopInflating, Vec2::ZERO).then_some(Command::StopInflating)
            })
            .inner
        }
        Doing::Stopped => {
            ui.horizontal(|ui| {
                ui.label(words("The message is not inflated."));
                button_ui(ui, &Command::Inflate, Vec2::ZERO).then_some(Command::Inflate)
            })
            .inner
        }
        Doing::Failed(why) => {
            explain::problem_ui(ui, crate::base::Severity::Violation, &format!("It cannot be inflated: {why}"));
            None
        }
    }
}

/// The rows, as far as there is room.
fn dump_ui(
    ui: &mut Ui,
    shown: &Shown<'_>,
    end: u64,
    state: &mut HexState,
    selection: &mut Selection,
    mut rows_of: impl FnMut(Range<u64>) -> Vec<HexRow>,
) -> Option<Command> {
    let (selected, hovered) = (shown.selected(selection), shown.hovered(selection));
    if selection.scroll_target(&mut state.seen).is_some() && !selected.is_empty() {
        state.scroll.reveal(selected.start / ROW_OCTETS);
    }
    let palette = Palette::of(ui);
    let columns = Columns::new(ui, ui.max_rect().left(), end);
    column_heads(ui, &columns, palette);
    let readable = shown.is_readable(state.painted);
    let mut command = None;
    let area = ui.available_rect_before_wrap();
    if let Some(step) = Pane::Hex.stop_ui(ui, area) {
        let page = (area.height() / ROW_HEIGHT) as u64 * ROW_OCTETS;
        let at = octet_behind(&selected, step, page, end);
        let row = rows_of(at / ROW_OCTETS..at / ROW_OCTETS + 1).pop();
        if let Some(octet) = row.as_ref().and_then(|row| row.octets.get((at - row.at) as usize)) {
            command = shown.select(at, octet.field, selection);
            state.scroll.reveal(at / ROW_OCTETS);
            ui.ctx().request_repaint();
        }
    }
    let window = |rows: Range<u64>| {
        let rows = rows_of(rows);
        let characters = characters(&rows, readable);
        (rows, characters)
    };
    rows_ui(ui, &mut state.scroll, end.div_ceil(ROW_OCTETS), ROW_HEIGHT, window, |ui, number, rect, (rows, text)| {
        let Some(index) = rows.iter().position(|row| row.at == number * ROW_OCTETS) else { return };
        let painter = RowPainter { shown, columns: &columns, palette, rect, selected: &selected, hovered: &hovered };
        let asked = painter.row_ui(ui, &rows[index], &text[index * ROW_OCTETS as usize..], selection);
        command = asked.or(command.take());
    });
    command
}

/// Returns the octet that a step leads to from the selected ones; `page` octets of `end` are in sight.
fn octet_behind(selected: &Range<u64>, step: Step, page: u64, end: u64) -> u64 {
    let last = end.saturating_sub(1);
    let at = match step {
        _ if selected.is_empty() => 0,
        Step::Left => selected.start.saturating_sub(1),
        Step::Right => selected.end,
        Step::Up => selected.start.saturating_sub(ROW_OCTETS),
        Step::Down => selected.start.saturating_add(ROW_OCTETS),
        Step::PageUp | Step::PageDown | Step::First | Step::Last => step.along(selected.start, page, last),
    };
    at.min(last)
}

/// The line above the dump.
struct Head<'a> {
    view: &'a FrameView,
    is_compressed: bool,
    form: HexForm,
    /// Octets that the copy button copies.
    copied: Range<u64>,
    /// The words shown, and whether they are a warning.
    summary: Option<(String, bool)>,
}

/// The switch between the forms, what is shown, and the copy button.
fn head_ui(ui: &mut Ui, head: &Head<'_>, state: &mut HexState, rows: impl FnOnce() -> Vec<HexRow>) {
    let Head { view, is_compressed, form, copied, summary } = head;
    let palette = Palette::of(ui);
    ui.horizontal(|ui| {
        let masked = view.header.masked();
        let mut choose = |ui: &mut Ui, it: HexForm, words: &str, hint: &str| {
            if ui.selectable_label(*form == it, words).on_hover_text(hint).clicked() {
                state.form = it;
            }
        };
        if masked || *is_compressed {
            let hint = if masked { "The payload as it was sent, masked" } else { "The payload as it was sent" };
            choose(ui, HexForm::Wire, "Wire", hint);
        } else {
            ui.label(RichText::new("As sent; the payload is not masked").color(palette.secondary));
        }
        if masked {
            let hint = "The payload XORed with the masking-key; the header is the same";
            choose(ui, HexForm::Unmasked, "Unmasked", hint);
        }
        if *is_compressed {
            let hint =
                "What the whole message inflates to, without any header; select an octet to see where it comes from";
            choose(ui, HexForm::Inflated, "Inflated", hint);
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let button = ui.add_enabled(!copied.is_empty(), egui::Button::new("Copy hex"));
            if button.on_hover_text(copy_hint(copied)).clicked() {
                ui.ctx().copy_text(hex_text(&rows()));
            }
            let Some((words, is_warning)) = summary else { return };
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                ui.add_space(theme::GRID);
                if *is_warning {
                    marks::severity_ui(ui, crate::base::Severity::Warning);
                }
                let color = if *is_warning { palette.warning } else { palette.secondary };
                let text = RichText::new(words).size(theme::SECONDARY).color(color);
                ui.add(egui::Label::new(text).truncate());
            });
        });
    });
    ui.add_space(theme::GRID);
}

/// The rows as text: two digits an octet, `··` for what is missing, a line a row.
fn hex_text(rows: &[HexRow]) -> String {
    let octet = |octet: &HexOctet| octet.value.map_or_else(|| "··".to_owned(), |value| format!("{value:02x}"));
    let line = |row: &HexRow| row.octets.iter().map(octet).collect::<Vec<_>>().join(" ");
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_copied_as_text() {
        let (view, _) = FrameView::from_octets("\u{1}\u{6}a好\u{7}\u{7f}".as_bytes()).unwrap();
        let rows = hex_rows(&view, &view.payload, HexForm::Wire, 0..1);
        assert_eq!(hex_text(&rows), "01 06 61 e5 a5 bd 07 7f");
    }
}
