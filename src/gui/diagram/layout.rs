//! The layout of the diagram: pure arithmetic, nothing is painted here.

use egui::{Pos2, Rect, Vec2, pos2, vec2};

use crate::view::{BitGrid, Content, Glyph, GridRow};

/// Heights and widths at a zoom of 1.
const GUTTER: f32 = 60.0;
const RULER: f32 = 36.0;
const HEADER_ROW: f32 = 80.0;
const LANE: f32 = 20.0;
const LINE: f32 = 17.0;
const STRIP: f32 = 26.0;
const TAIL: f32 = 48.0;
/// A bit is never narrower (at a zoom of 1): below it the diagram scrolls sideways.
const MIN_BIT: f32 = 16.0;
/// … and never wider, so that names stay near their bits on a wide screen.
const MAX_BIT: f32 = 46.0;

/// The diagram's measures.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// The zoom, 1 for 100 %.
    pub zoom: f32,
    /// Width of a bit.
    pub bit: f32,
    /// Width of the column of octet offsets.
    pub gutter: f32,
    /// Height of the ruler.
    pub ruler: f32,
    /// True where payload octets have a key octet.
    pub masked: bool,
    /// True where any octet shown has a character.
    pub strip: bool,
    /// Tops of the rows, and the bottom of the last.
    tops: Vec<f32>,
    tail: f32,
}

impl Layout {
    pub fn new(grid: &BitGrid, masked: bool, width: f32, zoom: f32) -> Layout {
        let fit = ((width - GUTTER - 8.0) / 32.0).clamp(MIN_BIT, MAX_BIT);
        let has_glyph = |row: &GridRow| {
            row.cells.iter().any(|cell| matches!(cell.content, Content::Octet { glyph: Glyph::Char(..), .. }))
        };
        let strip = grid.close_code.is_some() || grid.rows.iter().any(has_glyph);
        let mut layout = Layout {
            zoom,
            bit: fit * zoom,
            gutter: GUTTER * zoom.clamp(0.8, 1.5),
            ruler: RULER * zoom.clamp(0.8, 1.5),
            masked,
            strip,
            tops: Vec::with_capacity(grid.rows.len() + 1),
            tail: if grid.cut > 0 { TAIL } else { 0.0 },
        };
        let mut y = layout.ruler + 2.0;
        for row in &grid.rows {
            layout.tops.push(y);
            y += layout.lane(row) + layout.row_height(row);
        }
        layout.tops.push(y);
        layout
    }

    /// `points` at this zoom.
    pub fn scaled(&self, points: f32) -> f32 {
        points * self.zoom
    }

    /// The size of everything.
    pub fn size(&self) -> Vec2 {
        vec2(self.gutter + self.bit * 32.0 + 8.0, self.tops.last().copied().unwrap_or(0.0) + self.tail + 8.0)
    }

    /// The room above a row for the tags of segments that start in it.
    pub fn lane(&self, row: &GridRow) -> f32 {
        if row.boundaries.is_empty() { 0.0 } else { self.scaled(LANE) }
    }

    fn row_height(&self, row: &GridRow) -> f32 {
        let header = row.cells.iter().any(|cell| matches!(cell.content, Content::Header { .. }));
        let octets = row.cells.iter().any(|cell| matches!(cell.content, Content::Octet { .. }));
        let header = if header { self.scaled(HEADER_ROW) } else { 0.0 };
        header.max(if octets { self.octet_height() } else { 0.0 })
    }

    fn octet_height(&self) -> f32 {
        let lines = if self.masked { 4.0 } else { 2.0 };
        self.scaled(12.0 + lines * LINE + if self.strip { STRIP } else { 4.0 })
    }

    /// The rows that `from..to` (in points from the top) touches.
    pub fn visible(&self, from: f32, to: f32) -> std::ops::Range<usize> {
        let rows = self.tops.len() - 1;
        let first = self.tops.partition_point(|top| *top <= from).saturating_sub(1);
        let last = self.tops.partition_point(|top| *top < to).min(rows);
        first.min(rows)..last
    }

    /// A bit column's left edge.
    pub fn x(&self, origin: Pos2, column: u8) -> f32 {
        (origin.x + self.gutter + f32::from(column) * self.bit).round()
    }

    /// A row, with the lane above it.
    pub fn row(&self, origin: Pos2, row: usize) -> Rect {
        let bottom = self.tops.get(row + 1).copied().unwrap_or_else(|| self.tops[row] + self.tail);
        Rect::from_min_max(
            pos2(self.x(origin, 0), (origin.y + self.tops[row]).round()),
            pos2(self.x(origin, 32), (origin.y + bottom).round()),
        )
    }

    /// A cell: its row without the lane, a point free on every side.
    pub fn cell(&self, origin: Pos2, row: usize, grid_row: &GridRow, column: u8, width: u8) -> Rect {
        let mut rect = self.row(origin, row);
        rect.min.y += self.lane(grid_row);
        rect.min.x = self.x(origin, column);
        rect.max.x = self.x(origin, column + width);
        rect.shrink(1.0)
    }

    /// The box below the last row that says how much is not shown.
    pub fn tail(&self, origin: Pos2) -> Rect {
        let mut rect = self.row(origin, self.tops.len() - 1);
        rect.min.y += 8.0;
        rect.shrink2(vec2(1.0, 0.0))
    }

    /// The line of bits at the bottom of a header cell.
    pub fn header_bits(&self, cell: Rect) -> Rect {
        let mut rect = cell;
        rect.min.y = rect.max.y - self.scaled(24.0);
        rect.max.y -= self.scaled(3.0);
        rect
    }

    /// Line `line` of a payload cell: 0 is the equation in hexadecimal, the bits follow.
    pub fn octet_line(&self, cell: Rect, line: u8) -> Rect {
        let gap = if line > 0 { 2.0 } else { 0.0 };
        let top = cell.top() + self.scaled(6.0 + gap + f32::from(line) * LINE);
        Rect::from_min_max(pos2(cell.left(), top), pos2(cell.right(), top + self.scaled(LINE)))
    }

    /// The line of characters at the bottom of a payload cell.
    pub fn strip(&self, cell: Rect) -> Rect {
        let lines = if self.masked { 4.0 } else { 2.0 };
        let top = cell.top() + self.scaled(8.0 + lines * LINE + 3.0);
        Rect::from_min_max(pos2(cell.left(), top), pos2(cell.right(), top + self.scaled(STRIP - 6.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::FrameView;

    #[test]
    fn only_rows_in_sight_are_visible() {
        let octets: Vec<u8> = [0x82, 0x7e, 0x01, 0x00].into_iter().chain([0x41; 256]).collect();
        let grid = BitGrid::new(&FrameView::from_octets(&octets).unwrap().0, 256);
        let layout = Layout::new(&grid, false, 900.0, 1.0);
        assert_eq!(layout.visible(0.0, layout.size().y), 0..65);
        let some = layout.visible(500.0, 700.0);
        assert!(some.start > 0 && some.len() < 6, "{some:?}");
        assert!(layout.row(Pos2::ZERO, some.start).top() <= 500.0);
        assert!(layout.row(Pos2::ZERO, some.end - 1).bottom() >= 700.0);
    }

    #[test]
    fn a_narrow_pane_scrolls_sideways_instead_of_squeezing() {
        let grid = BitGrid::new(&FrameView::from_octets(b"\x81\x00").unwrap().0, 0);
        assert_eq!(Layout::new(&grid, false, 300.0, 1.0).bit, MIN_BIT);
        assert_eq!(Layout::new(&grid, false, 3000.0, 0.5).bit, MAX_BIT / 2.0);
    }
}
