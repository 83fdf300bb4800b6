//! A payload octet's cell: `wire ⊕ key = plain` in hexadecimal and in bits, and below it the character.
//!
//! ```text
//!    7f ⊕ 37 = 48
//!    0 1 1 1 1 1 1 1     wire
//!    0 0 1 1 0 1 1 1   ⊕ key
//!    0 1 0 0 1 0 0 0   = plain
//!   (       H       )    a character of several octets spans their cells
//! ```

use egui::{Align2, Color32, CornerRadius, FontId, Painter, Pos2, Rect, Stroke, pos2, vec2};

use super::ink::{self, Digits};
use super::layout::Layout;
use crate::gui::theme::{self, Palette};
use crate::gui::{fonts, marks};
use crate::view::{BitGrid, Content, Glyph};

/// The three values of an octet.
#[derive(Clone, Copy)]
pub(super) struct Values {
    pub wire: Option<u8>,
    pub key: Option<u8>,
    pub plain: Option<u8>,
}

/// Paints an octet's values and bits.
pub(super) fn values(
    painter: &Painter,
    layout: &Layout,
    digits: &Digits,
    rect: Rect,
    values: Values,
    palette: &Palette,
) {
    let painter = painter.with_clip_rect(rect.intersect(painter.clip_rect()));
    let (Some(wire), Some(plain)) = (values.wire, values.plain) else {
        return missing(&painter, layout, rect, palette);
    };
    let bits = |line, octet: u8, ink| {
        digits.paint(&painter, layout, layout.octet_line(rect, line), (u32::from(octet), 0, 8), ink, palette);
    };
    equation(&painter, layout, layout.octet_line(rect, 0), (wire, values.key, plain), palette);
    match values.key {
        None => bits(1, plain, palette.text),
        Some(key) => {
            bits(1, wire, palette.payload.text);
            bits(2, key, palette.key.text);
            let sum = layout.octet_line(rect, 3);
            let rule = Stroke::new(1.0, palette.payload.edge.gamma_multiply(0.45));
            painter.hline(sum.left() + 5.0..=sum.right() - 5.0, sum.top().round() + 0.5, rule);
            bits(3, plain, palette.text);
        }
    }
}

fn equation(
    painter: &Painter,
    layout: &Layout,
    line: Rect,
    (wire, key, plain): (u8, Option<u8>, u8),
    palette: &Palette,
) {
    let (gap, mark) = (layout.scaled(5.0), layout.scaled(9.0));
    let (thin, bold) =
        (fonts::mono(layout.scaled(theme::SECONDARY)), fonts::mono_bold(layout.scaled(theme::SECONDARY)));
    let mut at = pos2(line.left() + layout.scaled(8.0), line.center().y);
    let mut put = |text: &str, font: &FontId, color, space: f32| {
        at.x = painter.text(at, Align2::LEFT_CENTER, text, font.clone(), color).right() + space;
        at
    };
    if let Some(key) = key {
        let after = put(&format!("{wire:02x}"), &thin, palette.payload.text, gap + mark + gap);
        marks::xor(painter, after - vec2(gap + mark / 2.0, 0.0), mark, palette.secondary);
        put(&format!("{key:02x}"), &thin, palette.key.text, gap);
        put("=", &thin, palette.secondary, gap);
    }
    put(&format!("{plain:02x}"), &bold, palette.text, gap);
}

fn missing(painter: &Painter, layout: &Layout, rect: Rect, palette: &Palette) {
    marks::hatch(painter, rect.shrink2(vec2(0.0, 3.0)), palette.payload.edge.gamma_multiply(0.35));
    let galley = ink::fitted(
        painter,
        "not captured",
        fonts::body(layout.scaled(theme::SMALL)),
        palette.secondary,
        rect.width() - 8.0,
        2,
    );
    let ground = Rect::from_center_size(rect.center(), galley.size() + vec2(12.0, 6.0));
    painter.rect_filled(ground, theme::RADIUS, palette.payload.tint);
    ink::place(painter, galley.clone(), pos2(rect.center().x, rect.center().y - galley.size().y / 2.0));
}

/// Something that stands in the strip below some octets of a row.
struct Pill {
    columns: (u8, u8),
    opens: (bool, bool),
    text: String,
    note: String,
    faint: bool,
}

/// Paints the characters below the payload octets of row `row`.
pub(super) fn characters(
    painter: &Painter,
    layout: &Layout,
    origin: Pos2,
    grid: &BitGrid,
    row: usize,
    palette: &Palette,
) {
    for pill in pills(grid, row) {
        let (from, to) = pill.columns;
        let rect = layout.strip(layout.cell(origin, row, &grid.rows[row], from, to - from));
        let inset = |open: bool| if open { 0.0 } else { layout.scaled(5.0) };
        let rect = Rect::from_min_max(
            pos2(rect.left() + inset(pill.opens.0), rect.top()),
            pos2(rect.right() - inset(pill.opens.1), rect.bottom()),
        );
        let corner = |open: bool| if open { 0 } else { theme::RADIUS };
        let (left, right) = (corner(pill.opens.0), corner(pill.opens.1));
        painter.rect_filled(rect, CornerRadius { nw: left, sw: left, ne: right, se: right }, palette.window);
        let color = if pill.faint { palette.faint } else { palette.text };
        let size = layout.scaled(if pill.text.chars().count() == 1 { 15.0 } else { theme::SECONDARY });
        let text = ink::fitted(painter, &pill.text, fonts::body(size), color, rect.width() - 8.0, 1);
        let note_font = fonts::mono(layout.scaled(theme::SMALL));
        let note = painter.layout_no_wrap(pill.note.clone(), note_font, palette.secondary);
        let gap = if pill.note.is_empty() { 0.0 } else { layout.scaled(8.0) };
        let width = text.size().x + gap + note.size().x;
        let with_note = width <= rect.width() - 8.0;
        let left = rect.center().x - if with_note { width / 2.0 } else { text.size().x / 2.0 };
        let half = text.size() / 2.0;
        ink::place(painter, text, pos2(left + half.x, rect.center().y - half.y));
        if with_note && gap > 0.0 {
            let at = pos2(left + 2.0 * half.x + gap, rect.center().y - note.size().y / 2.0);
            painter.galley(at, note, Color32::PLACEHOLDER);
        }
    }
}

fn pills(grid: &BitGrid, row: usize) -> Vec<Pill> {
    let mut pills: Vec<Pill> = Vec::new();
    for cell in &grid.rows[row].cells {
        let Content::Octet { index, glyph, .. } = cell.content else { continue };
        let end = cell.column + cell.width;
        let goes_on = |taken: u8, len: u8| end == 32 && taken < len;
        match (glyph, grid.close_code) {
            (_, Some((code, name))) if index < 2 => match pills.last_mut().filter(|_| index == 1) {
                Some(pill) => pill.columns.1 = end,
                None => pills.push(Pill {
                    columns: (cell.column, end),
                    opens: (false, false),
                    text: format!("{code} {name}"),
                    note: String::new(),
                    faint: false,
                }),
            },
            (Glyph::None, _) => {}
            (Glyph::Char(character, len), _) => {
                let (text, faint) = shown(character);
                let note = if len > 1 { format!("U+{:04X}", u32::from(character)) } else { String::new() };
                pills.push(Pill { columns: (cell.column, end), opens: (false, goes_on(1, len)), text, note, faint });
            }
            (Glyph::Continuation, _) => match pills.last_mut().filter(|pill| pill.columns.1 == cell.column) {
                Some(pill) => {
                    pill.columns.1 = end;
                    pill.opens.1 = end == 32 && next_continues(grid, row);
                }
                None => pills.push(Pill {
                    columns: (cell.column, end),
                    opens: (true, false),
                    text: started_before(grid, row).map_or_else(String::new, String::from),
                    note: String::new(),
                    faint: true,
                }),
            },
        }
    }
    pills
}

fn next_continues(grid: &BitGrid, row: usize) -> bool {
    let first = grid.rows.get(row + 1).and_then(|row| row.cells.first());
    first.is_some_and(|cell| matches!(cell.content, Content::Octet { glyph: Glyph::Continuation, .. }))
}

/// The character that goes on at the start of row `row`.
fn started_before(grid: &BitGrid, row: usize) -> Option<char> {
    grid.rows[..row].iter().rev().flat_map(|row| row.cells.iter().rev()).find_map(|cell| match cell.content {
        Content::Octet { glyph: Glyph::Char(character, _), .. } => Some(character),
        _ => None,
    })
}

/// Returns how a character is shown, and whether that is a stand-in.
fn shown(character: char) -> (String, bool) {
    match character {
        ' ' => ("space".to_owned(), true),
        '\n' => ("\\n".to_owned(), true),
        '\r' => ("\\r".to_owned(), true),
        '\t' => ("\\t".to_owned(), true),
        _ if character.is_control() => (format!("U+{:04X}", u32::from(character)), true),
        _ => (crate::view::printable(&character.to_string()), false),
    }
}
