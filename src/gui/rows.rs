//! Rows by the billion: a list that is addressed by whole row numbers, because an `f32` of points loses rows long before
//! a payload of gigabytes ends.

use egui::{Rect, Sense, Ui, UiBuilder, pos2, vec2};

use super::theme::{self, Palette};

/// Width of the scroll bar.
const BAR: f32 = 10.0;

/// The scroll position of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RowScroll {
    /// The first row in sight.
    pub top: u64,
    /// Points of it that are out of sight.
    offset: f32,
    reveal: Option<u64>,
}

impl RowScroll {
    /// Scrolls `row` into sight in the next pass, by as little as possible.
    pub fn reveal(&mut self, row: u64) {
        self.reveal = Some(row);
    }

    /// Scrolls by `points`, down for more than 0.
    fn by(&mut self, points: f64, row_height: f32, total: u64, in_sight: u64) {
        let height = f64::from(row_height);
        let rows = ((f64::from(self.offset) + points) / height).floor();
        self.offset = (f64::from(self.offset) + points - rows * height) as f32;
        self.top = if rows < 0.0 {
            let up = (-rows) as u64;
            if up > self.top {
                self.offset = 0.0;
            }
            self.top.saturating_sub(up)
        } else {
            self.top.saturating_add(rows as u64)
        };
        self.clamp(total, in_sight);
    }

    fn clamp(&mut self, total: u64, in_sight: u64) {
        let last = total.saturating_sub(in_sight);
        if self.top >= last {
            self.top = last;
            self.offset = 0.0;
        }
    }

    fn settle(&mut self, total: u64, in_sight: u64) {
        if let Some(row) = self.reveal.take().filter(|row| *row < total) {
            if row <= self.top {
                self.top = row;
                self.offset = 0.0;
            } else if row >= self.top.saturating_add(in_sight) {
                self.top = row - in_sight.max(1) + 1;
                self.offset = 0.0;
            }
        }
        self.clamp(total, in_sight);
    }
}

/// Fills the room that is left with the rows in sight. `before` learns which rows those are, so that what they show
/// can be read at once; `row_ui` then paints each into its rectangle.
pub fn rows_ui<T>(
    ui: &mut Ui,
    scroll: &mut RowScroll,
    total: u64,
    row_height: f32,
    before: impl FnOnce(std::ops::Range<u64>) -> T,
    mut row_ui: impl FnMut(&mut Ui, u64, Rect, &mut T),
) {
    let (area, response) = ui.allocate_exact_size(ui.available_size(), Sense::hover());
    let in_sight = (area.height() / row_height).floor().max(1.0) as u64;
    if response.contains_pointer() {
        let wheel = ui.input_mut(|input| std::mem::take(&mut input.smooth_scroll_delta.y));
        if wheel != 0.0 {
            scroll.by(f64::from(-wheel), row_height, total, in_sight);
        }
    }
    scroll.settle(total, in_sight);
    if total > in_sight {
        bar_ui(ui, scroll, area, total, in_sight);
    }
    let end = total.min(scroll.top.saturating_add(in_sight + 2));
    let mut read = before(scroll.top..end);
    let right = if total > in_sight { area.right() - BAR - theme::GRID } else { area.right() };
    let mut child = ui.new_child(UiBuilder::new().max_rect(area));
    child.shrink_clip_rect(area);
    for row in scroll.top..end {
        let y = area.top() + (row - scroll.top) as f32 * row_height - scroll.offset;
        let rect = Rect::from_min_max(pos2(area.left(), y), pos2(right, y + row_height));
        row_ui(&mut child, row, rect, &mut read);
    }
}

fn bar_ui(ui: &mut Ui, scroll: &mut RowScroll, area: Rect, total: u64, in_sight: u64) {
    let palette = Palette::of(ui);
    let track = Rect::from_min_max(pos2(area.right() - BAR, area.top()), area.max);
    let length = (f64::from(track.height()) * in_sight as f64 / total as f64).max(24.0) as f32;
    let travel = (track.height() - length).max(1.0);
    let last = total - in_sight;
    let response = ui.interact(track, ui.scope_id().with("bar"), Sense::click_and_drag());
    if let Some(at) = response.interact_pointer_pos() {
        let part = f64::from(((at.y - track.top() - length / 2.0) / travel).clamp(0.0, 1.0));
        scroll.top = ((last as f64 * part) as u64).min(last);
        scroll.offset = 0.0;
    }
    let part = (scroll.top as f64 / last as f64) as f32;
    let handle = Rect::from_min_size(pos2(track.left() + 2.0, track.top() + travel * part), vec2(BAR - 4.0, length));
    let lively = response.hovered() || response.dragged();
    ui.painter().rect_filled(handle, 3.0, if lively { palette.faint } else { palette.line_strong });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_near_the_end_of_the_world_are_still_whole() {
        let total = 1 << 60;
        let mut scroll = RowScroll { top: total - 100, ..RowScroll::default() };
        scroll.by(30.0, 20.0, total, 40);
        assert_eq!((scroll.top, scroll.offset), (total - 99, 10.0));
        scroll.by(1e9, 20.0, total, 40);
        assert_eq!(scroll.top, total - 40);
        scroll.by(-1e30, 20.0, total, 40);
        assert_eq!((scroll.top, scroll.offset), (0, 0.0));
    }

    #[test]
    fn a_row_is_revealed_with_as_little_scrolling_as_possible() {
        let mut scroll = RowScroll::default();
        let mut reveal = |row| {
            scroll.reveal(row);
            scroll.settle(1000, 10);
            scroll.top
        };
        assert_eq!([reveal(5), reveal(10), reveal(3), reveal(1), reveal(999)], [0, 1, 1, 1, 990]);
    }
}
