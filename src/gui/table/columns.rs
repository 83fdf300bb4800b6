//! The columns of the list, their places, and their heads: a click sorts.

use egui::accesskit::SortDirection;
use egui::{Align2, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use crate::gui::command::Command;
use crate::gui::theme::{self, Palette};
use crate::gui::{fonts, marks, text};
use crate::query::{Column, Entry, Order, RowField, RowKind, Shown, entries};

/// The columns of a list: from where to where each reaches, in points from its left edge.
pub(super) struct Columns {
    places: Vec<(&'static Entry, f32, f32)>,
}

/// Columns that only some captures have something for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Extra {
    /// There are several connections.
    pub connection: bool,
    /// Messages are compressed.
    pub compressed: bool,
    /// There are pongs.
    pub round_trip: bool,
}

impl Extra {
    fn has(self, column: &Column) -> bool {
        match column.shown {
            Shown::Always => true,
            Shown::OfSeveralConnections => self.connection,
            Shown::WithCompression => self.compressed,
            Shown::WithPongs => self.round_trip,
        }
    }
}

/// The least width of the preview: columns that matter less give way to it.
const PREVIEW: f32 = 120.0;
/// Empty room at each side of a column.
pub(super) const PAD: f32 = 6.0;

impl Columns {
    /// The columns of a list `width` points wide, whose largest row number is `most`.
    pub(super) fn new(width: f32, kind: RowKind, extra: Extra, sorted: RowField, most: u64) -> Columns {
        let mut columns: Vec<(&Entry, Column)> = entries(kind)
            .iter()
            .filter_map(|entry| Some((entry, entry.column.filter(|column| extra.has(column))?)))
            .collect();
        columns.sort_by_key(|(_, column)| column.place);
        // Room for the scroll bar.
        let width = width - 14.0;
        let least = |(entry, column): &(&Entry, Column)| match entry.field {
            RowField::Number => (text::grouped(most).len() as f32 * 7.5 + 2.0 * PAD).max(column.width),
            _ => column.width,
        };
        let needed = |columns: &[(&Entry, Column)]| columns.iter().map(least).sum::<f32>();
        // What a row says in words where the column is not there goes first.
        let mut dispensable: Vec<(u8, RowField)> =
            columns.iter().filter_map(|(entry, column)| Some((column.gives_way?, entry.field))).collect();
        dispensable.sort_unstable_by_key(|(turn, _)| *turn);
        for (_, field) in dispensable {
            // Without the column that it is sorted by nobody would understand the list.
            if needed(&columns) + PREVIEW > width && field != sorted {
                columns.retain(|(entry, _)| entry.field != field);
            }
        }
        let fixed = needed(&columns);
        let mut x = 0.0;
        let place = |column: (&'static Entry, Column)| {
            let is_flexible = column.1.width == 0.0;
            let wide = if is_flexible { (width - fixed).max(40.0) } else { least(&column) };
            x += wide;
            (column.0, x - wide, x)
        };
        Columns { places: columns.into_iter().map(place).collect() }
    }

    /// Returns whether the field has a column among them.
    pub(super) fn has(&self, field: RowField) -> bool {
        self.places.iter().any(|(entry, ..)| entry.field == field)
    }

    /// The cells of the row in `rect`, without their padding.
    pub(super) fn cells(&self, rect: Rect) -> impl Iterator<Item = (&'static Entry, Rect)> + '_ {
        self.places.iter().map(move |(entry, left, right)| {
            let cell = Rect::from_min_max(
                pos2(rect.left() + left + PAD, rect.top()),
                pos2(rect.left() + right - PAD, rect.bottom()),
            );
            (*entry, cell)
        })
    }

    /// The heads, the one that the rows are sorted by with an arrow.
    pub(super) fn head_ui(&self, ui: &mut Ui, order: Order) -> Option<Command> {
        let palette = Palette::of(ui);
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 22.0), Sense::hover());
        ui.spacing_mut().item_spacing.y = 0.0;
        ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, palette.line));
        let mut command = None;
        for (entry, cell) in self.cells(rect) {
            if head_cell_ui(ui, entry, cell, order, palette) {
                command = Some(Command::SortBy(entry.field)).filter(|_| entry.sorts);
            }
        }
        command
    }
}

/// Paints a column's head, and returns whether it was clicked.
fn head_cell_ui(ui: &Ui, entry: &Entry, cell: Rect, order: Order, palette: &Palette) -> bool {
    let Some(column) = entry.column else { return false };
    let sense = if entry.sorts { Sense::click() } else { Sense::hover() };
    let whole = cell.expand2(vec2(PAD, 0.0));
    let response = ui.interact(whole, ui.scope_id().with(("head", column.heading)), sense);
    let sorted = entry.sorts && entry.field == order.key;
    response.widget_info(|| WidgetInfo::labeled(Role::ColumnHeader, true, column.spoken));
    if sorted {
        let direction = if order.descending { SortDirection::Descending } else { SortDirection::Ascending };
        ui.ctx().accesskit_node_builder(response.id, |node| node.set_sort_direction(direction));
    }
    if response.hovered() && entry.sorts {
        ui.painter().rect_filled(whole, 0.0, palette.hover);
    }
    if response.has_focus() {
        ui.painter().rect_stroke(whole, 2.0, Stroke::new(1.5, palette.accent), StrokeKind::Inside);
    }
    let (anchor, at, beside) = match entry.measure.is_number() {
        true => (Align2::RIGHT_CENTER, cell.right_center(), -1.0),
        false => (Align2::LEFT_CENTER, cell.left_center(), 1.0),
    };
    let color = if sorted { palette.text } else { palette.secondary };
    let words = ui.painter().text(at, anchor, column.heading, fonts::body(theme::SECONDARY), color);
    if sorted {
        // Beside the title on the free side, so that no title moves when another column is sorted by.
        let at = words.center() + vec2(beside * (words.width() / 2.0 + 2.0 * theme::GRID), 0.0);
        marks::sorted(ui.painter(), at, 8.0, order.descending, palette.accent);
    }
    let clicked = response.clicked();
    response.on_hover_ui(|ui| {
        ui.label(column.hint);
        if entry.sorts {
            let hint = Command::SortBy(entry.field).tooltip();
            ui.label(egui::RichText::new(hint).size(theme::SECONDARY).color(palette.secondary));
        }
    });
    clicked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(width: f32, kind: RowKind, extra: Extra, sorted: RowField) -> Columns {
        Columns::new(width, kind, extra, sorted, 99_999)
    }

    const ALL: Extra = Extra { connection: true, compressed: true, round_trip: true };

    #[test]
    fn columns_fill_the_width_without_overlap() {
        for width in [420.0, 640.0, 760.0, 1300.0] {
            for kind in [RowKind::Frames, RowKind::Messages] {
                let columns = columns(width, kind, ALL, RowField::Time);
                assert!(columns.has(RowField::Time));
                let mut x = 0.0;
                for (_, left, right) in &columns.places {
                    assert_eq!((*left, *right > x), (x, true));
                    x = *right;
                }
                assert!(x <= width.max(600.0));
            }
        }
    }

    #[test]
    fn what_has_no_room_gives_way_and_what_is_sorted_by_stays() {
        let wide = columns(1300.0, RowKind::Messages, ALL, RowField::Number);
        assert!(wide.has(RowField::Plain) && wide.has(RowField::Ratio) && wide.has(RowField::Delta));
        let narrow = columns(760.0, RowKind::Messages, ALL, RowField::Number);
        assert!(narrow.has(RowField::Ratio) && narrow.has(RowField::Time) && !narrow.has(RowField::Delta));
        assert!(columns(760.0, RowKind::Messages, ALL, RowField::Plain).has(RowField::Plain));
        assert!(columns(760.0, RowKind::Frames, ALL, RowField::RoundTrip).has(RowField::RoundTrip));
        let plain = columns(1300.0, RowKind::Messages, Extra::default(), RowField::Number);
        assert!(!plain.has(RowField::Plain) && !plain.has(RowField::Connection));
    }
}
