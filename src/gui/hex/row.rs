//! One row of the dump: its octets, what is marked of them, and the characters beside them.

use std::ops::Range;

use egui::{Align2, Color32, FontId, Rect, Response, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::form::Shown;
use crate::gui::command::Command;
use crate::gui::theme::{self, Palette};
use crate::gui::{Selection, fonts};
use crate::view::{HexOctet, HexRow};
use crate::ws::FieldId;

/// The places of the columns of the dump.
pub(super) struct Columns {
    octets: f32,
    pitch: f32,
    text: f32,
    letter: f32,
}

impl Columns {
    pub fn new(ui: &Ui, left: f32, end: u64) -> Columns {
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

/// The numbers above the columns.
pub(super) fn column_heads(ui: &mut Ui, columns: &Columns, palette: &Palette) {
    let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::hover());
    let font = fonts::mono(theme::SMALL);
    for column in 0..16 {
        let at = columns.octet(column, row).center();
        ui.painter().text(at, Align2::CENTER_CENTER, format!("{column:x}"), font.clone(), palette.faint);
    }
    ui.painter().hline(row.x_range(), row.bottom() - 1.0, Stroke::new(1.0, palette.line));
}

/// The sign beside an octet: a character that starts there, its later octets, or none.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Beside {
    Character(char, u8),
    Later,
    Nothing,
}

/// The characters of the payload octets of `rows`, where these are UTF-8 (where they are ASCII, if not `readable`).
pub(super) fn characters(rows: &[HexRow], readable: bool) -> Vec<Beside> {
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

pub(super) struct RowPainter<'a> {
    pub shown: &'a Shown<'a>,
    pub columns: &'a Columns,
    pub palette: &'static Palette,
    pub rect: Rect,
    /// The octets that are selected, and those that the pointer is on.
    pub selected: &'a Range<u64>,
    pub hovered: &'a Range<u64>,
}

impl RowPainter<'_> {
    pub fn row_ui(&self, ui: &mut Ui, row: &HexRow, text: &[Beside], selection: &mut Selection) -> Option<Command> {
        let mut command = None;
        let palette = self.palette;
        let left = pos2(ui.max_rect().left(), self.rect.center().y);
        let offset = format!("{:04x}", row.at);
        ui.painter().text(left, Align2::LEFT_CENTER, offset, fonts::mono(theme::MONO), palette.faint);
        let (mono, bold) = (fonts::mono(theme::MONO), fonts::mono_bold(theme::MONO));
        for (column, octet) in row.octets.iter().enumerate() {
            let at = row.at + column as u64;
            let place = self.columns.octet(column, self.rect);
            let response = ui.interact(place, ui.scope_id().with(("octet", at)), Sense::CLICK);
            command = self.octet_ui(response, octet, at, selection).or(command);
            self.ground(ui, row, column);
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
            let selected = self.selected.contains(&at) && (payload || selection.field == Some(octet.field));
            self.character(ui, text[column], octet, column, selected, &mono);
        }
        command
    }

    /// The tint behind an octet, running on to its neighbour of the same field, and the frame of a selection.
    fn ground(&self, ui: &Ui, row: &HexRow, column: usize) {
        let (octet, at) = (row.octets[column], row.at + column as u64);
        let colors = self.palette.field(octet.field);
        // An octet counts as selected with any field that has bits in it.
        let state = |at: u64| (self.selected.contains(&at), self.hovered.contains(&at));
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

    fn octet_ui(&self, response: Response, octet: &HexOctet, at: u64, selection: &mut Selection) -> Option<Command> {
        let selected = self.selected.contains(&at);
        let label = || WidgetInfo::selected(Role::Button, true, selected, self.shown.label(at, octet));
        response.widget_info(label);
        let command = response.clicked().then(|| self.shown.select(at, octet.field, selection)).flatten();
        if response.hovered() {
            self.shown.hover(at, octet.field, selection);
        }
        response.on_hover_ui(|ui| self.shown.explain_ui(ui, at, octet));
        command
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
    use crate::view::{FrameView, HexForm, hex_rows};

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
    }
}
