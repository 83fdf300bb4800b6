//! The rows that are to be seen, and their order: filters and orders over the index, applied a piece at a time.
//!
//! ```text
//!   Query { kind, filter, order } ─▶ RowSearch::step … ─▶ RowSet: row ⇄ id
//! ```
//!
//! The things that rows hold, and how they are called, filtered, sorted and shown, are one table: [`entries`].
//!
//! A row costs nothing where all are listed as they were captured, and 8 octets where there is a filter or another order;
//! while a sorted list is made anew, 16 more.

mod field;
mod filter;
mod order;
mod rank_sort;
mod row;
mod row_search;
mod row_set;

pub use field::{
    Column, ConnectionSource, Entry, FindingSource, FrameSource, Indexed, Json, Key, Measure, MessageSource, RowField,
    Shown, TakeFields, Term, TerminalColumn, Value, connection_entries, connection_value, entries, entry,
    finding_value, frame_value, message_value, write_connection, write_finding, write_frame, write_message,
};
pub use filter::{Filter, filter_terms};
pub use order::Order;
pub use row::{RowId, RowKind};
pub use row_search::RowSearch;
pub use row_set::RowSet;

use crate::base::{FindingId, FrameId, MessageId};
use crate::dissect::Snapshot;

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
        !self.filter.is_empty() || self.order.key != RowField::Number
    }

    /// Returns whether it matters how many octets compressed messages hold, which is found out after their rows.
    fn asks_for_plain(&self) -> bool {
        matches!(self.order.key, RowField::Plain | RowField::Ratio) || self.filter.asks_for_plain()
    }

    /// Returns whether it matters which ping a pong answers.
    fn asks_for_round_trip(&self) -> bool {
        self.order.key == RowField::RoundTrip || self.filter.asks_for_round_trip()
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
