//! Arrow keys in the figure.

use crate::gui::pane::Step;
use crate::view::{BitGrid, Cell};

/// Returns the cell that a step leads to from the selected ones; the first one where none is.
pub(super) fn cell_behind(grid: &BitGrid, is_selected: impl Fn(&Cell) -> bool, step: Step) -> Option<&Cell> {
    let rows = grid.rows.iter().enumerate();
    let cells: Vec<_> = rows.flat_map(|(row, cells)| cells.cells.iter().map(move |cell| (row, cell))).collect();
    let first = cells.iter().position(|(_, cell)| is_selected(cell));
    let last = cells.iter().rposition(|(_, cell)| is_selected(cell));
    let (Some(first), Some(last)) = (first, last) else { return cells.first().map(|(_, cell)| *cell) };
    let in_row = |row: usize, column: u8| grid.rows.get(row)?.cells.iter().rfind(|cell| cell.column <= column);
    let (above, below) = (cells[first], cells[last]);
    match step {
        Step::Left => cells.get(first.checked_sub(1)?).map(|(_, cell)| *cell),
        Step::Right => cells.get(last + 1).map(|(_, cell)| *cell),
        Step::Up => in_row(above.0.checked_sub(1)?, above.1.column),
        Step::Down => in_row(below.0 + 1, below.1.column),
        Step::PageUp | Step::First => cells.first().map(|(_, cell)| *cell),
        Step::PageDown | Step::Last => cells.last().map(|(_, cell)| *cell),
    }
}
