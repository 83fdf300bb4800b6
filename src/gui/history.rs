//! The rows that were selected, to go back to and forward again.

use std::collections::VecDeque;

use crate::query::RowId;

/// Rows that are kept in either direction.
const KEPT: usize = 1000;

/// The rows that were selected before and after the one that is selected.
#[derive(Clone, Debug, Default)]
pub struct History {
    past: VecDeque<RowId>,
    present: Option<RowId>,
    future: Vec<RowId>,
    /// The present row was reached by steps along the list: more of them leave no trace.
    is_walk: bool,
}

impl History {
    /// Notes that `row` is selected. Steps along the list, one after another, count as one.
    pub fn visit(&mut self, row: RowId, is_step: bool) {
        if self.present == Some(row) {
            return;
        }
        let before = self.present.replace(row);
        if !(is_step && self.is_walk) {
            self.past.extend(before);
            if self.past.len() > KEPT {
                self.past.pop_front();
            }
        }
        self.is_walk = is_step;
        self.future.clear();
    }

    /// Goes back, and returns the row that was selected before.
    pub fn back(&mut self) -> Option<RowId> {
        let row = self.past.pop_back()?;
        self.future.extend(self.present.replace(row));
        self.is_walk = false;
        Some(row)
    }

    /// Goes forward again, and returns the row that was selected when going back.
    pub fn forward(&mut self) -> Option<RowId> {
        let row = self.future.pop()?;
        self.past.extend(self.present.replace(row));
        self.is_walk = false;
        Some(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{FrameId, MessageId};

    fn frame(index: u32) -> RowId {
        RowId::Frame(FrameId(index))
    }

    #[test]
    fn back_and_forward() {
        let mut history = History::default();
        assert_eq!((history.back(), history.forward()), (None, None));
        for row in [frame(1), frame(5), frame(5), RowId::Message(MessageId(2))] {
            history.visit(row, false);
        }
        assert_eq!((history.back(), history.back(), history.back()), (Some(frame(5)), Some(frame(1)), None));
        assert_eq!(history.forward(), Some(frame(5)));
        // Being there again is no news; going elsewhere ends the way forward.
        history.visit(frame(5), false);
        assert_eq!(history.forward(), Some(RowId::Message(MessageId(2))));
        history.back();
        history.visit(frame(9), false);
        assert_eq!((history.forward(), history.back()), (None, Some(frame(5))));
    }

    #[test]
    fn a_walk_along_the_list_counts_as_one() {
        let mut history = History::default();
        history.visit(frame(3), false);
        (4..900).for_each(|row| history.visit(frame(row), true));
        history.visit(frame(2), false);
        assert_eq!((history.back(), history.back()), (Some(frame(899)), Some(frame(3))));
        (0..5000).for_each(|row| history.visit(frame(row), false));
        assert_eq!(history.past.len(), KEPT);
    }
}
