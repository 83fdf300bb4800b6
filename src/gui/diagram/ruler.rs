//! The surroundings of the cells: bit numbers, octet offsets, the names of the lines, the starts of segments.

use egui::{Align2, Painter, Pos2, Rect, Role, Sense, Shape, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::layout::Layout;
use crate::base::PacketId;
use crate::gui::theme::{self, Palette};
use crate::gui::{fonts, marks};
use crate::view::{Cell, Content, GridRow};

/// Paints the ruler at the top of what is in sight, above everything.
///
/// ```text
///   0                   1
///   0 1 2 3 4 5 6 7 8 9 0 1 2 3 …
/// ```
pub(super) fn paint(painter: &Painter, layout: &Layout, origin: Pos2, viewport: Rect, palette: &Palette) {
    let top = origin.y + viewport.top();
    let left = origin.x + viewport.left();
    let band = Rect::from_min_max(pos2(left, top), pos2(left + viewport.width(), top + layout.ruler));
    painter.rect_filled(band, 0.0, palette.window);
    let size = (layout.ruler / 36.0 * theme::SMALL).min(layout.bit * 0.8);
    let (tens, units) = (top + layout.ruler * 0.26, top + layout.ruler * 0.62);
    let bottom = (top + layout.ruler).round();
    for bit in 0..=32_u8 {
        let x = layout.x(origin, bit);
        let tick = if bit % 8 == 0 { 7.0 } else { 4.0 };
        let stroke = Stroke::new(1.0, if bit % 8 == 0 { palette.faint } else { palette.line_strong });
        painter.vline(x, bottom - tick..=bottom, stroke);
        if bit == 32 {
            break;
        }
        let center = (x + layout.x(origin, bit + 1)) / 2.0;
        if bit % 10 == 0 {
            let text = (bit / 10).to_string();
            painter.text(pos2(center, tens), Align2::CENTER_CENTER, text, fonts::mono_bold(size), palette.secondary);
        }
        let text = (bit % 10).to_string();
        painter.text(pos2(center, units), Align2::CENTER_CENTER, text, fonts::mono(size), palette.secondary);
    }
    let corner = pos2(layout.x(origin, 0) - 8.0, units);
    painter.text(corner, Align2::RIGHT_CENTER, "octet", fonts::body(size), palette.faint);
}

/// Paints the offset of a row, and beside a row of masked payload the names of its lines.
pub(super) fn offsets(
    painter: &Painter,
    layout: &Layout,
    origin: Pos2,
    row: &GridRow,
    index: usize,
    palette: &Palette,
) {
    let rect = layout.row(origin, index);
    let top = rect.top() + layout.lane(row);
    let right = rect.left() - 8.0;
    let scale = layout.zoom.clamp(0.7, 1.5);
    let font = fonts::mono(theme::SMALL * scale);
    let first = layout.octet_line(rect_below(rect, top), 0).center().y;
    painter.text(pos2(right, first), Align2::RIGHT_CENTER, grouped(row.octet), font, palette.secondary);
    let is_octet = |cell: &&Cell| matches!(cell.content, Content::Octet { .. });
    match row.cells.iter().find(is_octet) {
        Some(first) if layout.masked && first.column == 0 => {
            line_names(painter, layout, right, rect_below(rect, top), palette)
        }
        // The first row of the payload: the names stand right before it, at the end of the masking-key, if there is room.
        // Without characters under the octets the key's bits stand as low as the names would.
        Some(first) if layout.masked && layout.strip && layout.bit * f32::from(first.column) > layout.scaled(350.0) => {
            let before = layout.x(origin, first.column) - 9.0;
            line_names(painter, layout, before, rect_below(rect, top), palette);
        }
        _ => {}
    }
}

fn rect_below(row: Rect, top: f32) -> Rect {
    Rect::from_min_max(pos2(row.left(), top), row.max).shrink(1.0)
}

/// The names of the three lines of masked octets, with their right end at `right`.
fn line_names(painter: &Painter, layout: &Layout, right: f32, cell: Rect, palette: &Palette) {
    let scale = layout.zoom.clamp(0.7, 1.5);
    let font = fonts::body(10.5 * scale);
    let name = |line, text: &str, color| {
        let at = pos2(right, layout.octet_line(cell, line).center().y);
        painter.text(at, Align2::RIGHT_CENTER, text, font.clone(), color)
    };
    name(1, "wire", palette.payload.text);
    let key = name(2, "key", palette.key.text);
    let mark = 9.0 * scale;
    marks::xor(painter, key.left_center() - vec2(mark * 0.5 + 4.0, 0.0), mark, palette.secondary);
    name(3, "= plain", palette.text);
}

fn grouped(octet: u64) -> String {
    crate::view::count(octet, "").trim_end_matches([' ', 's']).to_owned()
}

/// Paints where segments start in a row, each with the tag of its packet; returns the packet whose tag was clicked.
pub(super) fn boundaries_ui(
    ui: &mut Ui,
    layout: &Layout,
    origin: Pos2,
    row: &GridRow,
    index: usize,
    sight: Rect,
) -> Option<PacketId> {
    let palette = Palette::of(ui);
    let rect = layout.row(origin, index);
    let mut clicked = None;
    for (number, boundary) in row.boundaries.iter().enumerate() {
        let x = layout.x(origin, boundary.column);
        let painter = ui.painter().clone();
        let ends = [pos2(x, rect.top() + 2.0), pos2(x, rect.bottom())];
        painter.extend(Shape::dashed_line(&ends, Stroke::new(1.5, palette.accent), 5.0, 3.0));
        let text = format!("packet {}", boundary.packet);
        let font = fonts::body(theme::SMALL * layout.zoom.clamp(0.7, 1.5));
        let galley = painter.layout_no_wrap(text.clone(), font, palette.accent);
        let size = galley.size() + vec2(12.0, 2.0);
        let left = x.min(rect.right() - size.x);
        let tag = Rect::from_min_size(pos2(left, rect.top() + 1.0), size);
        let id = ui.scope_id().with(("segment", index, number));
        let response = ui.interact(tag.intersect(sight), id, Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Link, true, &text));
        let ground = if response.hovered() { palette.selected } else { palette.sunken };
        painter.rect(tag, 3.0, ground, Stroke::new(1.0, palette.accent), egui::StrokeKind::Inside);
        painter.galley(tag.min + vec2(6.0, 1.0), galley, palette.accent);
        if response.on_hover_text("A TCP segment starts here").clicked() {
            clicked = Some(boundary.packet);
        }
    }
    clicked
}
