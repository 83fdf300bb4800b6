//! The field tree: one line a field, its findings below it.

use egui::{Align2, Rect, Response, Role, ScrollArea, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::pane::{Pane, Step};
use super::theme::{self, Palette};
use super::{Selection, explain, fonts, marks, scroll};
use crate::view::{FrameView, TreeRow, field_tree, printable};
use crate::ws::FieldId;

/// Width of the column of names.
const LABEL: f32 = 172.0;
/// Width of the column of bits.
const BITS: f32 = 64.0;
/// From this width on, bits have a column: the diagram shows them too, and meanings need the room more.
const WITH_BITS: f32 = 520.0;
/// From this width on, sections have a column.
const WITH_SECTIONS: f32 = 600.0;

/// Paints the field tree of `view` into the room that is left.
pub fn tree_ui(ui: &mut Ui, view: &FrameView, selection: &mut Selection) {
    let rows = field_tree(view);
    let step = Pane::Fields.stop_ui(ui, ui.available_rect_before_wrap());
    let revealed = step.and_then(|step| row_behind(&rows, view, selection, step));
    if let Some(row) = revealed.and_then(|index| rows.get(index)) {
        selection.select(row.field, row.octets.clone());
    }
    scroll::of_shown(ui, ScrollArea::vertical(), "field tree", view.id).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for (index, row) in rows.iter().enumerate() {
            let response = row_ui(ui, view, row, selection);
            if revealed == Some(index) {
                response.scroll_to_me(None);
            }
            for finding in &row.findings {
                ui.horizontal_top(|ui| {
                    ui.add_space(24.0);
                    explain::finding_ui(ui, finding);
                });
                ui.add_space(theme::GRID);
            }
        }
    });
}

fn is_selected(row: &TreeRow, view: &FrameView, selection: &Selection) -> bool {
    selection.field == Some(row.field)
        && (row.depth == 0 || selection.octets.as_ref() == Some(&row.octets))
        && (row.field != FieldId::Payload || row.depth > 0 || overlaps(selection, view))
}

/// Returns the row that a step leads to from the selected one; only rows with octets can be selected.
fn row_behind(rows: &[TreeRow], view: &FrameView, selection: &Selection, step: Step) -> Option<usize> {
    let rows: Vec<_> = rows.iter().enumerate().filter(|(_, row)| !row.octets.is_empty()).collect();
    let last = rows.len().checked_sub(1)?;
    let at = rows.iter().rposition(|(_, row)| is_selected(row, view, selection));
    let to = at.map_or(0, |at| step.along(at as u64, last as u64, last as u64));
    rows.get(to as usize).map(|(index, _)| *index)
}

fn row_ui(ui: &mut Ui, view: &FrameView, row: &TreeRow, selection: &mut Selection) -> Response {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(theme::row_size(ui.available_width()), Sense::CLICK);
    let target = row.octets.clone();
    let selected = is_selected(row, view, selection);
    let hovered = response.hovered() || selection.is_hovered(row.field, target.start) && row.depth == 0;
    response.widget_info(|| {
        let words = [&row.label, &row.value, &row.meaning].map(|words| printable(words)).join(" ");
        WidgetInfo::selected(Role::Button, true, selected, words.trim())
    });
    if response.clicked() && !target.is_empty() {
        selection.select(row.field, target.clone());
    }
    if response.hovered() && !target.is_empty() {
        selection.hover(row.field, target);
    }
    if ui.is_rect_visible(rect) {
        ground(ui, rect, selected, hovered, palette);
        paint(ui, rect, row, palette);
    }
    tooltip(response, view, row)
}

fn overlaps(selection: &Selection, view: &FrameView) -> bool {
    let payload = view.octets_of(FieldId::Payload);
    selection.octets.as_ref().is_some_and(|octets| octets.start < payload.end && payload.start < octets.end)
}

fn ground(ui: &Ui, rect: Rect, selected: bool, hovered: bool, palette: &Palette) {
    if selected {
        ui.painter().rect_filled(rect, theme::RADIUS, palette.selected);
    } else if hovered {
        ui.painter().rect_filled(rect, theme::RADIUS, palette.hover);
    }
    if hovered {
        let stroke = Stroke::new(1.0, palette.line_strong);
        ui.painter().rect_stroke(rect, theme::RADIUS, stroke, egui::StrokeKind::Inside);
    }
}

fn paint(ui: &Ui, rect: Rect, row: &TreeRow, palette: &Palette) {
    let colors = palette.family(row.family);
    let (left, y) = (rect.left() + 8.0 + f32::from(row.depth) * 16.0, rect.center().y);
    if row.depth == 0 {
        marks::chip(ui.painter(), pos2(left + 4.0, y), 9.0, colors.edge);
    } else {
        let bend = [pos2(left - 12.0, rect.top()), pos2(left - 12.0, y), pos2(left - 2.0, y)];
        ui.painter().line(bend.to_vec(), Stroke::new(1.0, palette.line_strong));
    }
    let text = |x: f32, room: f32, text: &str, font, color| {
        let painter = ui.painter().with_clip_rect(ui.clip_rect());
        let mut job = egui::text::LayoutJob::simple_singleline(printable(text), font, color);
        job.wrap = egui::text::TextWrapping::truncate_at_width(room.max(1.0));
        let galley = painter.layout_job(job);
        let (elided, size) = (galley.elided, galley.size());
        painter.galley(pos2(x, y - size.y / 2.0), galley, color);
        (x + size.x, elided)
    };
    let label = rect.left() + 24.0 + f32::from(row.depth) * 12.0;
    let with_bits = rect.width() >= WITH_BITS;
    let bits = rect.left() + 24.0 + LABEL;
    text(label, bits - label - 8.0, &row.label, fonts::semibold(theme::BODY - 0.5), colors.text);
    let wide = rect.width() >= WITH_SECTIONS;
    if with_bits && row.bits.len() <= 8 {
        text(bits, BITS, &row.bits, fonts::mono(theme::SECONDARY), palette.secondary);
    }
    let (value, right) = (if with_bits { bits + BITS + 8.0 } else { bits }, rect.right() - 8.0);
    let right = if wide && row.depth == 0 {
        let font = fonts::body(theme::SMALL);
        ui.painter().text(pos2(right, y), Align2::RIGHT_CENTER, row.section, font, palette.faint).left() - 12.0
    } else {
        right
    };
    // `5` and `5 octets`: the meaning says it all.
    let again = !row.value.is_empty() && row.meaning.starts_with(&row.value);
    let (end, elided) = if again {
        (value - 8.0, false)
    } else {
        text(value, right - value, &row.value, fonts::mono_bold(theme::SECONDARY), palette.text)
    };
    if !elided && right - end > 24.0 {
        let color = if again { palette.text } else { palette.secondary };
        text(end + 8.0, right - end - 8.0, &row.meaning, fonts::body(theme::SECONDARY + 0.5), color);
    }
}

fn tooltip(response: Response, view: &FrameView, row: &TreeRow) -> Response {
    response.on_hover_ui(|ui| {
        if row.depth == 0 {
            explain::explain_ui(ui, view, row.field, None);
            return;
        }
        let palette = Palette::of(ui);
        ui.spacing_mut().item_spacing = vec2(6.0, 4.0);
        ui.label(egui::RichText::new(&row.label).font(fonts::semibold(theme::BODY)));
        ui.label([&row.value, &row.meaning].map(|words| printable(words)).join(" ").trim());
        ui.label(egui::RichText::new(row.section).size(theme::SECONDARY).color(palette.accent));
    })
}
