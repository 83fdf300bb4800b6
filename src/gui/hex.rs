//! The hex dump: 16 octets a row, as sent or unmasked, with the characters beside them.

use std::ops::Range;

use egui::{Align2, Color32, FontId, Rect, Response, RichText, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::rows::{RowScroll, rows_ui};
use super::theme::{self, Palette};
use super::{PaneCommand, Selection, explain, fonts};
use crate::view::{FrameView, HexForm, HexOctet, HexRow, Octets, hex_len, hex_rows};
use crate::ws::FieldId;

const ROW_OCTETS: u64 = 16;
const ROW_HEIGHT: f32 = 22.0;
/// The copy button copies so many octets at most.
const COPY_LIMIT: u64 = 1 << 16;

/// Where the octets come from.
pub struct HexSource<'a> {
    /// The frame.
    pub view: &'a FrameView,
    /// Position behind the last payload octet that the capture may hold.
    pub payload_end: u64,
    /// Reads a window of the payload, as sent. Only what is in sight is asked for.
    pub read: &'a mut dyn FnMut(Range<u64>) -> Octets,
}

/// What the dump remembers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HexState {
    /// As sent, or unmasked.
    pub form: HexForm,
    scroll: RowScroll,
    seen: Option<u64>,
}

impl HexState {
    /// Another frame is shown: back to its start. The form stays.
    pub fn frame_changed(&mut self) {
        *self = HexState { form: self.form, ..HexState::default() };
    }
}

/// Where the columns of the dump are.
struct Columns {
    octets: f32,
    pitch: f32,
    text: f32,
    letter: f32,
}

impl Columns {
    fn new(ui: &Ui, left: f32, end: u64) -> Columns {
        let letter = ui.fonts_mut(|fonts| fonts.glyph_width(&fonts::mono(theme::MONO), '0'));
        let digits = format!("{end:x}").len().max(4) as f32;
        let octets = left + (digits + 2.0) * letter;
        let pitch = 3.0 * letter;
        Columns { octets, pitch, text: octets + 16.0 * pitch + 3.5 * letter, letter }
    }

    /// Column `column`'s octet, with a gap in the middle.
    fn octet(&self, column: usize, row: Rect) -> Rect {
        let gap = if column >= 8 { self.letter } else { 0.0 };
        let x = self.octets + column as f32 * self.pitch + gap;
        Rect::from_min_max(pos2(x, row.top()), pos2(x + self.pitch, row.bottom()))
    }

    fn character(&self, column: usize, row: Rect) -> Rect {
        let x = self.text + column as f32 * self.letter;
        Rect::from_min_max(pos2(x, row.top()), pos2(x + self.letter, row.bottom()))
    }
}

/// Paints the hex dump into the room that is left.
pub fn hex_ui(
    ui: &mut Ui,
    source: HexSource<'_>,
    state: &mut HexState,
    selection: &mut Selection,
) -> Option<PaneCommand> {
    let HexSource { view, payload_end, read } = source;
    let end = hex_len(view, payload_end);
    let command = head_ui(ui, view, end, read, state);
    if let Some(octet) = selection.scroll_target(&mut state.seen) {
        state.scroll.reveal(octet / ROW_OCTETS);
    }
    let palette = Palette::of(ui);
    let columns = Columns::new(ui, ui.max_rect().left(), end);
    column_heads(ui, &columns, palette);
    let form = state.form;
    let header = u64::from(view.header.header_len());
    // Masked octets are no text, whatever they look like.
    let readable = form == HexForm::Unmasked || !view.header.masked();
    let window = |rows: Range<u64>| {
        let octets = rows.start * ROW_OCTETS..(rows.end * ROW_OCTETS).min(end);
        let payload = read(octets.start.saturating_sub(header)..octets.end.saturating_sub(header));
        let rows = hex_rows(view, &payload, form, rows);
        let characters = characters(&rows, readable);
        (rows, characters)
    };
    rows_ui(ui, &mut state.scroll, end.div_ceil(ROW_OCTETS), ROW_HEIGHT, window, |ui, number, rect, (rows, text)| {
        let Some(index) = rows.iter().position(|row| row.at == number * ROW_OCTETS) else { return };
        let painter = RowPainter { view, columns: &columns, palette, rect };
        painter.row_ui(ui, &rows[index], &text[index * ROW_OCTETS as usize..], selection);
    });
    command
}

/// The switch between the forms, and the copy button.
fn head_ui(
    ui: &mut Ui,
    view: &FrameView,
    end: u64,
    read: &mut dyn FnMut(Range<u64>) -> Octets,
    state: &mut HexState,
) -> Option<PaneCommand> {
    ui.horizontal(|ui| {
        if view.header.masked() {
            ui.selectable_value(&mut state.form, HexForm::Wire, "Wire")
                .on_hover_text("The payload as it was sent, masked");
            ui.selectable_value(&mut state.form, HexForm::Unmasked, "Unmasked")
                .on_hover_text("The payload XORed with the masking-key; the header is the same");
        } else {
            ui.label(RichText::new("As sent; the payload is not masked").color(Palette::of(ui).secondary));
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let copied = end.min(COPY_LIMIT);
            let hint = format!("Copies {} as hexadecimal text", crate::view::count(copied, "octet"));
            if ui.button("Copy hex").on_hover_text(hint).clicked() {
                let header = u64::from(view.header.header_len());
                let payload = read(0..copied.saturating_sub(header));
                let rows = hex_rows(view, &payload, state.form, 0..copied.div_ceil(ROW_OCTETS));
                ui.ctx().copy_text(hex_text(&rows));
            }
        });
    });
    ui.add_space(theme::GRID);
    None
}

/// The rows as text: two digits an octet, `··` for what is missing, a line a row.
fn hex_text(rows: &[HexRow]) -> String {
    let octet = |octet: &HexOctet| octet.value.map_or_else(|| "··".to_owned(), |value| format!("{value:02x}"));
    let line = |row: &HexRow| row.octets.iter().map(octet).collect::<Vec<_>>().join(" ");
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn column_heads(ui: &mut Ui, columns: &Columns, palette: &Palette) {
    let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::hover());
    let font = fonts::mono(theme::SMALL);
    for column in 0..16 {
        let at = columns.octet(column, row).center();
        ui.painter().text(at, Align2::CENTER_CENTER, format!("{column:x}"), font.clone(), palette.faint);
    }
    ui.painter().hline(row.x_range(), row.bottom() - 1.0, Stroke::new(1.0, palette.line));
}

/// What stands beside an octet: a character that starts there, its later octets, or none.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Beside {
    Character(char, u8),
    Later,
    Nothing,
}

/// The characters of the payload octets of `rows`, where these are UTF-8 (where they are ASCII, if not `readable`).
fn characters(rows: &[HexRow], readable: bool) -> Vec<Beside> {
    let octets: Vec<HexOctet> = rows.iter().flat_map(|row| row.octets.iter().copied()).collect();
    let mut out = Vec::with_capacity(octets.len());
    while let Some(rest) = octets.get(out.len()..).filter(|rest| !rest.is_empty()) {
        let payload = |octet: &&HexOctet| octet.field == FieldId::Payload;
        let values: Vec<u8> =
            rest.iter().take(if readable { 4 } else { 1 }).take_while(payload).map_while(|octet| octet.value).collect();
        let character = values.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next());
        match character {
            Some(character) if !character.is_control() => {
                let len = character.len_utf8();
                out.push(Beside::Character(character, len as u8));
                out.extend(std::iter::repeat_n(Beside::Later, len - 1));
            }
            _ => out.push(Beside::Nothing),
        }
    }
    out
}

struct RowPainter<'a> {
    view: &'a FrameView,
    columns: &'a Columns,
    palette: &'static Palette,
    rect: Rect,
}

impl RowPainter<'_> {
    fn row_ui(&self, ui: &mut Ui, row: &HexRow, text: &[Beside], selection: &mut Selection) {
        let palette = self.palette;
        let left = pos2(ui.max_rect().left(), self.rect.center().y);
        let offset = format!("{:04x}", row.at);
        ui.painter().text(left, Align2::LEFT_CENTER, offset, fonts::mono(theme::MONO), palette.faint);
        let (mono, bold) = (fonts::mono(theme::MONO), fonts::mono_bold(theme::MONO));
        for (column, octet) in row.octets.iter().enumerate() {
            let at = row.at + column as u64;
            let place = self.columns.octet(column, self.rect);
            let response = ui.interact(place, ui.scope_id().with(("octet", at)), Sense::click());
            self.octet_ui(response, octet, at, selection);
            self.ground(ui, row, column, selection);
            let colors = palette.field(octet.field);
            let payload = octet.field == FieldId::Payload;
            let font = if payload { &mono } else { &bold };
            let (digits, ink) = match octet.value {
                None => ("··".to_owned(), palette.faint),
                Some(value) => (format!("{value:02x}"), if payload { palette.text } else { colors.text }),
            };
            ui.painter().text(place.center(), Align2::CENTER_CENTER, digits, font.clone(), ink);
            if octet.starts_segment {
                let x = place.left().round() + 0.5;
                ui.painter().vline(x, place.top() + 2.0..=place.bottom() - 2.0, Stroke::new(2.0, palette.accent));
            }
            self.character(ui, text[column], octet, column, selection.is_selected(octet.field, at), &mono);
        }
    }

    /// The tint behind an octet, running on to its neighbour of the same field, and the frame of a selection.
    fn ground(&self, ui: &Ui, row: &HexRow, column: usize, selection: &Selection) {
        let (octet, at) = (row.octets[column], row.at + column as u64);
        let colors = self.palette.field(octet.field);
        let state = |at| (self.selected(selection, at), self.hovered(selection, at));
        let same = |other: Option<usize>| {
            other
                .and_then(|other| Some((row.at + other as u64, row.octets.get(other)?)))
                .is_some_and(|(other_at, other)| other.field == octet.field && state(other_at) == state(at))
        };
        let (before, after) = (same(column.checked_sub(1)), same(Some(column + 1)));
        let mut rect = self.columns.octet(column, self.rect).shrink2(vec2(0.0, 1.5));
        if after && column == 7 {
            rect.max.x += self.columns.letter;
        }
        rect.min.x += if before { 0.0 } else { 1.5 };
        rect.max.x -= if after { 0.0 } else { 1.5 };
        let (selected, hovered) = state(at);
        let payload = octet.field == FieldId::Payload;
        let fill = match (selected || hovered, payload) {
            (true, _) => colors.tint_strong,
            (false, true) => Color32::TRANSPARENT,
            (false, false) => colors.tint,
        };
        ui.painter().rect_filled(rect, if before || after { 0.0 } else { 3.0 }, fill);
        let line = Rect::from_min_max(pos2(rect.left(), rect.bottom() - 2.0), rect.max);
        if selected {
            ui.painter().rect_filled(line, 0.0, self.palette.accent);
        } else if hovered {
            ui.painter().rect_filled(line, 0.0, self.palette.secondary);
        } else if !payload {
            ui.painter().rect_filled(Rect { min: line.min + vec2(0.0, 0.5), ..line }, 0.0, colors.edge);
        }
    }

    /// An octet counts as selected with any field that has bits in it.
    fn selected(&self, selection: &Selection, at: u64) -> bool {
        selection.octets.as_ref().is_some_and(|octets| octets.contains(&at))
    }

    fn hovered(&self, selection: &Selection, at: u64) -> bool {
        selection.hovered().is_some_and(|target| target.octets.contains(&at))
    }

    fn octet_ui(&self, response: Response, octet: &HexOctet, at: u64, selection: &mut Selection) {
        let payload = octet.field == FieldId::Payload;
        let octets = if payload { at..at + 1 } else { self.view.octets_of(octet.field) };
        let value = octet.value.map_or_else(|| "not captured".to_owned(), |value| format!("{value:02x}"));
        let selected = self.selected(selection, at);
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, selected, format!("octet {at}, {value}")));
        if response.clicked() {
            selection.select(octet.field, octets.clone());
        }
        if response.hovered() {
            selection.hover(octet.field, octets);
        }
        let index = payload.then(|| at - u64::from(self.view.header.header_len()));
        response.on_hover_ui(|ui| explain::explain_ui(ui, self.view, octet.field, index));
    }

    fn character(&self, ui: &Ui, beside: Beside, octet: &HexOctet, column: usize, selected: bool, font: &FontId) {
        let place = self.columns.character(column, self.rect);
        if selected {
            ui.painter().rect_filled(place.shrink2(vec2(0.0, 2.0)), 0.0, self.palette.payload.tint_strong);
        }
        match beside {
            Beside::Character(character, len) => {
                let room = self.columns.letter * f32::from(len);
                let at = pos2(place.left() + room / 2.0, place.center().y);
                let text = crate::view::printable(&character.to_string());
                ui.painter().text(at, Align2::CENTER_CENTER, text, font.clone(), self.palette.text);
            }
            Beside::Later => {}
            Beside::Nothing => {
                let sign = if octet.value.is_none() { " " } else { "·" };
                ui.painter().text(place.center(), Align2::CENTER_CENTER, sign, font.clone(), self.palette.faint);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_stand_beside_their_first_octet() {
        let (view, _) = FrameView::from_octets("\u{1}\u{6}a好\u{7}\u{7f}".as_bytes()).unwrap();
        let rows = hex_rows(&view, &view.payload, HexForm::Wire, 0..1);
        let expected = [
            Beside::Nothing,
            Beside::Nothing,
            Beside::Character('a', 1),
            Beside::Character('好', 3),
            Beside::Later,
            Beside::Later,
            Beside::Nothing,
            Beside::Nothing,
        ];
        assert!(characters(&rows, true) == expected);
        assert_eq!(hex_text(&rows), "01 06 61 e5 a5 bd 07 7f");
    }
}
