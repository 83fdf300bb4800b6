//! A header field's cell: its name, its value and meaning, and its bits.
//!
//! ```text
//!   wide                        one bit
//!   ▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔    ▔▔▔
//!          Payload len            F     the letters stand one below the other, as the RFC's figure has them
//!            5 octets             I
//!    0 ╷ 0 ╷ 0 ╷ 0 ╷ 1 ╷ 0 ╷ 1    N
//!                                 1
//! ```

use egui::{Align2, CornerRadius, Painter, Rect, Shape, Stroke, pos2, vec2};

use super::ink::{self, Digits};
use super::layout::Layout;
use crate::gui::theme::{self, FamilyColors, Palette};
use crate::gui::{fonts, marks};
use crate::view::{Cell, Content};
use crate::ws::{FieldId, Opcode};

/// The words of a header cell.
pub(super) struct Words<'a> {
    pub name: &'a str,
    pub short_name: &'a str,
    pub bits: u32,
    pub value: &'a str,
    pub meaning: &'a str,
    pub opcode: Opcode,
}

/// Paints the ground of any cell: its tint, its coloured top edge, dashes where the field goes on in another row.
pub(super) fn ground(painter: &Painter, cell: &Cell, rect: Rect, colors: &FamilyColors, strong: bool) {
    let octet = match cell.content {
        Content::Octet { index, .. } => Some(index),
        Content::Header { .. } => None,
    };
    let cut = octet.is_none();
    let left = cut && cell.joins_above && cell.column == 0;
    let right = cut && cell.joins_below && cell.column + cell.width == 32;
    let corner = |open: bool| if open { 0 } else { theme::RADIUS };
    let rounding = CornerRadius { nw: corner(left), sw: corner(left), ne: corner(right), se: corner(right) };
    painter.rect_filled(rect, rounding, if strong { colors.tint_strong } else { colors.tint });
    let edge = Stroke::new(2.0, colors.edge);
    if octet.is_some_and(|index| index >= 4) {
        // Another payload octet stands right above.
    } else if cut && cell.joins_above {
        let top = [rect.left_top() + vec2(2.0, 1.0), rect.right_top() + vec2(-2.0, 1.0)];
        painter.extend(Shape::dashed_line(&top, edge, 4.0, 4.0));
    } else {
        let bar = Rect::from_min_max(rect.min, pos2(rect.right(), rect.top() + 3.0));
        painter.rect_filled(bar, CornerRadius { sw: 0, se: 0, ..rounding }, colors.edge);
    }
    for (open, x) in [(left, rect.left() + 0.5), (right, rect.right() - 0.5)] {
        if open {
            let side = [pos2(x, rect.top() + 3.0), pos2(x, rect.bottom() - 1.0)];
            painter.extend(Shape::dashed_line(&side, Stroke::new(1.0, colors.edge), 3.0, 3.0));
        }
    }
}

/// Paints the words and bits of a header cell.
pub(super) fn words(
    painter: &Painter,
    layout: &Layout,
    digits: &Digits,
    cell: &Cell,
    rect: Rect,
    words: &Words<'_>,
    palette: &Palette,
) {
    let colors = palette.family(cell.family());
    let painter = painter.with_clip_rect(rect.intersect(painter.clip_rect()));
    let line = layout.header_bits(rect);
    digits.paint(&painter, layout, line, (words.bits, cell.column, cell.width), palette.text, palette);
    let zone = Rect::from_min_max(pos2(rect.left(), rect.top() + layout.scaled(6.0)), pos2(rect.right(), line.top()));
    let name_font = fonts::semibold(layout.scaled(theme::SECONDARY));
    let fits = |name: &str| ink::width_of(&painter, name, name_font.clone()) <= rect.width() - 8.0;
    // All single bits alike: the widest of their names decides.
    if cell.width == 1 && !fits("MASK") {
        return stacked(&painter, layout, zone, words.short_name, colors);
    }
    let name = if fits(words.name) { words.name } else { words.short_name };
    block(&painter, layout, zone, name, cell, words, palette);
}

/// The letters of a name, one below the other.
fn stacked(painter: &Painter, layout: &Layout, zone: Rect, name: &str, colors: &FamilyColors) {
    let step = layout.scaled(10.5);
    let font = fonts::semibold(layout.scaled(theme::SMALL));
    let height = step * name.chars().count() as f32;
    let mut y = zone.center().y - height / 2.0 + step / 2.0;
    for letter in name.chars() {
        painter.text(pos2(zone.center().x, y), Align2::CENTER_CENTER, letter, font.clone(), colors.text);
        y += step;
    }
}

/// The name, and below it value and meaning: in one line where they fit, else the meaning in the lines that are left.
fn block(
    painter: &Painter,
    layout: &Layout,
    zone: Rect,
    name: &str,
    cell: &Cell,
    words: &Words<'_>,
    palette: &Palette,
) {
    let colors = palette.family(cell.family());
    let room = zone.width() - 8.0;
    let value_font = fonts::body(layout.scaled(theme::SECONDARY));
    let small = fonts::body(layout.scaled(theme::SMALL));
    let fitted = |text: &str, font, color, rows| ink::fitted(painter, text, font, color, room, rows);
    let mut lines = vec![fitted(name, fonts::semibold(layout.scaled(theme::SECONDARY)), colors.text, 1)];
    let says_it_again = words.meaning.starts_with(words.value);
    let both = match (says_it_again || words.value.is_empty(), words.meaning.is_empty()) {
        (true, _) => words.meaning.to_owned(),
        (false, true) => words.value.to_owned(),
        (false, false) => format!("{} · {}", words.value, words.meaning),
    };
    if cell.width == 1 {
        // The bit below says it all.
    } else if ink::width_of(painter, &both, value_font.clone()) <= room {
        lines.push(fitted(&both, value_font, palette.text, 1));
    } else if says_it_again {
        lines.push(fitted(words.meaning, small, palette.text, 2));
    } else if ink::width_of(painter, words.meaning, small.clone()) > room {
        // Neither is cut in two lines that both share.
        lines.push(fitted(&both, small, palette.text, 2));
    } else {
        lines.push(fitted(words.value, value_font, palette.text, 1));
        lines.push(fitted(words.meaning, small, palette.secondary, 1));
    }
    let height: f32 = lines.iter().map(|line| line.size().y).sum();
    let mut top = pos2(zone.center().x, zone.center().y - height / 2.0);
    let widest = lines.iter().map(|line| line.size().x).fold(0.0, f32::max);
    for line in lines {
        top.y = ink::place(painter, line, top);
    }
    let mark = layout.scaled(10.0);
    if cell.field == FieldId::Opcode && widest + 2.0 * mark + 12.0 <= zone.width() {
        let at = pos2(zone.left() + mark, zone.top() + mark);
        marks::opcode(painter, at, mark, words.opcode, palette);
    }
}
