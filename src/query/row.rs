//! Rows: their kinds, and what names one.

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
    /// Every kind.
    pub const ALL: [RowKind; 3] = [RowKind::Frames, RowKind::Messages, RowKind::Findings];

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
