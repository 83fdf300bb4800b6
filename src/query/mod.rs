//! The rows that are to be seen, and their order: filters and orders over the index, applied a piece at a time.
//!
//! ```text
//!   Query { kind, filter, order } ─▶ RowSearch::step … ─▶ RowSet: row ⇄ id
//! ```
//!
//! What rows hold, and how it is called, filtered, sorted and shown, is one table: [`entries`].
//!
//! A row costs nothing where all are listed as they were captured, and 8 octets where there is a filter or another order;
//! while a sorted list is made anew, 16 more.

mod filter;
mod order;
mod rank_sort;
mod row_search;
mod row_set;

pub use filter::{Filter, KEYS};
pub use order::{Order, SortKey};
pub use row_search::RowSearch;
pub use row_set::RowSet;

use crate::base::{FindingId, FrameId, MessageId};
use crate::dissect::Snapshot;

/// A kind of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RowKind {
    /// A frame.
    #[default]
    Frames,
    /// A data message.
    Messages,
    /// A finding.
    Findings,
}

impl RowKind {
    /// Returns the number of ids.
    pub fn total(self, snapshot: &Snapshot) -> usize {
        match self {
            RowKind::Frames => snapshot.frame_count(),
            RowKind::Messages => snapshot.message_count(),
            RowKind::Findings => snapshot.finding_count(),
        }
    }
}

/// A row by what it is about: the same however the list is filtered or sorted, and however it grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowId {
    /// A frame.
    Frame(FrameId),
    /// A message.
    Message(MessageId),
    /// A finding.
    Finding(FindingId),
}

impl RowId {
    /// The row of this kind with this index, from 0.
    pub fn new(kind: RowKind, index: u32) -> RowId {
        match kind {
            RowKind::Frames => RowId::Frame(FrameId(index)),
            RowKind::Messages => RowId::Message(MessageId(index)),
            RowKind::Findings => RowId::Finding(FindingId(index)),
        }
    }

    /// The list that holds it.
    pub fn kind(self) -> RowKind {
        match self {
            RowId::Frame(_) => RowKind::Frames,
            RowId::Message(_) => RowKind::Messages,
            RowId::Finding(_) => RowKind::Findings,
        }
    }

    /// Its index among those of its kind, from 0.
    pub fn index(self) -> u32 {
        match self {
            RowId::Frame(id) => id.0,
            RowId::Message(id) => id.0,
            RowId::Finding(id) => id.0,
        }
    }
}

/// The rows that are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Their kind.
    pub kind: RowKind,
    /// The filter that they pass.
    pub filter: Filter,
    /// In which order they come.
    pub order: Order,
}

impl Query {
    /// Returns whether the answer must be searched for: row *n* is neither the *n*-th id nor the *n*-th from the end.
    pub fn needs_search(&self) -> bool {
        !self.filter.is_empty() || self.order.key != SortKey::Number
    }

    /// Returns whether it matters how many octets compressed messages hold, which is found out after their rows.
    fn asks_for_plain(&self) -> bool {
        matches!(self.order.key, SortKey::PlainLength | SortKey::Ratio) || self.filter.asks_for_plain()
    }

    /// Returns whether it matters which ping a pong answers.
    fn asks_for_round_trip(&self) -> bool {
        self.order.key == SortKey::RoundTrip || self.filter.asks_for_round_trip()
    }

    /// Returns whether the row of an id is among those that are wanted.
    pub fn passes(&self, snapshot: &Snapshot, id: u32) -> bool {
        match self.kind {
            RowKind::Frames => {
                let id = FrameId(id);
                snapshot.frame(id).is_some_and(|frame| self.filter.frame(snapshot, id, frame))
            }
            RowKind::Messages => {
                let message = snapshot.message(MessageId(id));
                message.is_some_and(|message| self.filter.message(snapshot, &message))
            }
            RowKind::Findings => {
                let finding = snapshot.finding_record(FindingId(id).index());
                finding.is_some_and(|finding| self.filter.finding(snapshot, finding))
            }
        }
    }
}
