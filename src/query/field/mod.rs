//! The row-field table: one entry for each thing that a row holds.
//!
//! ```text
//!              ┌─ key of its JSON line, in this order        cli
//!              ├─ column on a terminal                       cli
//!   entry ─────┼─ column of the window's list                gui
//!              ├─ term of a filter                           query::filter
//!              └─ key to sort by                             query::order
//! ```
//!
//! A new field of frames is one entry of `frames.rs` (and one name in [`RowField`], if no other kind of row has it); with that
//! it stands in JSON, can be a column, and is filtered and sorted by as its [`Measure`] says.

mod connections;
mod entry;
mod findings;
mod frames;
mod messages;
mod shared;
mod value;

pub use self::connections::{ConnectionSource, connection_value, write_connection};
pub use self::entry::{Column, Entry, Json, Key, RowField, Shown, TakeFields, Term, TerminalColumn};
pub use self::findings::{FindingSource, finding_value, write_finding};
pub use self::frames::{FrameSource, Indexed, frame_value, write_frame};
pub use self::messages::{MessageSource, message_value, write_message};
pub(super) use self::value::signed;
pub use self::value::{Measure, Value};
use super::row::RowKind;

/// The entries of a kind of rows, in the order of their keys in JSON lines.
pub fn entries(kind: RowKind) -> &'static [Entry] {
    match kind {
        RowKind::Frames => frames::ENTRIES,
        RowKind::Messages => messages::ENTRIES,
        RowKind::Findings => findings::ENTRIES,
    }
}

/// The entries of connections, in the order of their keys in JSON lines. They are no rows of the window's list, and have no
/// columns there.
pub fn connection_entries() -> &'static [Entry] {
    connections::ENTRIES
}

/// The entry of a field, if rows of this kind have it.
pub fn entry(kind: RowKind, field: RowField) -> Option<&'static Entry> {
    entries(kind).iter().find(|entry| entry.field == field)
}

/// The entries that stand in filters, each field once.
pub(super) fn filtered() -> impl Iterator<Item = (&'static Entry, Term)> {
    let all = RowKind::ALL.into_iter().flat_map(entries);
    all.filter_map(|entry| Some((entry, entry.term?)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Each of a list once.
    #[track_caller]
    fn are_distinct<T: Ord + std::fmt::Debug>(list: impl Iterator<Item = T>) {
        let mut seen = BTreeSet::new();
        for item in list {
            let told = format!("{item:?}");
            assert!(seen.insert(item), "{told} twice");
        }
    }

    #[test]
    fn names_and_places_are_given_once() {
        for list in RowKind::ALL.map(entries).into_iter().chain([connection_entries()]) {
            let all = || list.iter();
            are_distinct(all().map(|entry| format!("{:?}", entry.field)));
            are_distinct(all().filter_map(|entry| Some(entry.json.key()?.name())));
            are_distinct(all().filter_map(|entry| Some(entry.column?.place)));
            are_distinct(all().filter_map(|entry| entry.column?.gives_way));
            are_distinct(all().filter_map(|entry| Some(entry.terminal?.place)));
            assert!(all().all(|entry| entry.column.is_none_or(|column| !column.spoken.is_empty())));
            let fill = all().filter(|entry| entry.column.is_some_and(|column| column.width == 0.0)).count();
            assert_eq!(fill, usize::from(all().any(|entry| entry.column.is_some())));
        }
        are_distinct(filtered().flat_map(|(_, term)| term.keys));
    }

    /// A filter is the same whatever rows are listed, so that each of its terms is answered by frames and by messages.
    #[test]
    fn terms_of_filters_are_about_frames_and_messages() {
        for (entry, term) in filtered() {
            let of_messages = super::entry(RowKind::Messages, entry.field);
            assert_eq!(of_messages.map(|of| of.measure), Some(entry.measure), "{}", term.example);
            assert!(super::entry(RowKind::Frames, entry.field).is_some(), "{}", term.example);
        }
    }
}
