//! The memory of the list, and the rows that were made for it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::cells::Row;
use super::finding::FindingLine;
use crate::dissect::{MessageReader, Snapshot};
use crate::gui::previews::Previews;
use crate::gui::rows::RowScroll;
use crate::query::{FrameSource, MessageSource, RowId, RowKind};
use crate::view::{Words, frame_row, message_row};

/// Rows that are kept.
const KEPT: usize = 4096;

/// The memory of the list.
#[derive(Default)]
pub struct TableState {
    /// Its scroll position.
    pub scroll: RowScroll,
    /// The newest row stays in sight.
    pub follow: bool,
    /// Set where the user scrolled it since that was looked at: it stays there.
    pub was_scrolled: bool,
    /// Rows in sight when it was painted last.
    pub page: usize,
    /// The rows that were painted last, and can have been clicked.
    pub(super) painted: Vec<RowId>,
    made: HashMap<RowId, Made>,
    /// Counts the snapshot that they were made from.
    made_from: u64,
    /// Messages are compressed.
    pub(super) compressed: bool,
    /// The largest number that its column was made wide enough for.
    pub(super) most: u64,
}

/// A row that was made.
pub(super) enum Made {
    Row(Row),
    Finding(FindingLine),
}

impl Made {
    fn of(snapshot: &Snapshot, id: RowId, previews: &Previews, words: &Words) -> Option<Made> {
        Some(match id {
            RowId::Frame(id) => {
                let source = FrameSource::new(snapshot, id)?;
                Made::Row(Row::of_frame(&source, frame_row(snapshot, &mut MessageReader::default(), id)?))
            }
            RowId::Message(id) => {
                let message = snapshot.message(id)?;
                let row = message_row(snapshot, &mut MessageReader::default(), id)?;
                Made::Row(Row::of_message(&MessageSource::new(snapshot, &message)?, row, previews.of(id)))
            }
            RowId::Finding(id) => Made::Finding(FindingLine::of(snapshot, id, words)?),
        })
    }

    pub(super) fn label(&self) -> String {
        match self {
            Made::Row(row) => row.label(),
            Made::Finding(line) => line.label(),
        }
    }
}

impl TableState {
    /// More is known of how messages begin: their rows are made anew.
    pub fn previews_changed(&mut self) {
        self.made.retain(|id, _| id.kind() != RowKind::Messages);
    }

    /// The row of `id`, made once for every snapshot; `version` is that of the snapshot.
    pub(super) fn row(
        &mut self,
        snapshot: &Snapshot,
        version: u64,
        id: RowId,
        previews: &Previews,
        words: &Words,
    ) -> Option<&Made> {
        if self.made_from != version || self.made.len() > KEPT {
            self.made.clear();
            self.made_from = version;
        }
        Some(match self.made.entry(id) {
            Entry::Occupied(made) => made.into_mut(),
            Entry::Vacant(empty) => empty.insert(Made::of(snapshot, id, previews, words)?),
        })
    }
}

/// A row as a line of text, its columns separated by tabs.
pub fn line(snapshot: &Snapshot, id: RowId, previews: &Previews, words: &Words) -> Option<String> {
    Some(match Made::of(snapshot, id, previews, words)? {
        Made::Row(row) => row.line(),
        Made::Finding(line) => line.line(),
    })
}
