//! The rows that pass a filter, found a piece at a time while the capture grows.

use super::Filter;
use crate::base::{FrameId, MessageId};
use crate::dissect::Snapshot;

/// What a row is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RowKind {
    /// A frame.
    #[default]
    Frames,
    /// A data message.
    Messages,
}

/// The frames or messages that pass a filter, in order. Without a filter they are not listed at all: row *n* is id *n*.
#[derive(Clone, Debug, Default)]
pub struct RowSet {
    kind: RowKind,
    filter: Filter,
    /// Ids that pass, in order.
    passed: Vec<u32>,
    /// Ids that were judged: all below.
    judged: usize,
    /// Findings that were looked at.
    findings: usize,
    /// Ids there are.
    total: usize,
}

impl RowSet {
    /// The rows that pass `filter`; none is known before [`RowSet::extend`].
    pub fn new(kind: RowKind, filter: Filter) -> RowSet {
        RowSet { kind, filter, ..RowSet::default() }
    }

    /// What the rows are.
    pub fn kind(&self) -> RowKind {
        self.kind
    }

    /// Judges at most `most` more ids of `snapshot`, and returns whether some are left.
    pub fn extend(&mut self, snapshot: &Snapshot, most: usize) -> bool {
        self.total = match self.kind {
            RowKind::Frames => snapshot.frame_count(),
            RowKind::Messages => snapshot.message_count(),
        };
        if self.filter.is_empty() {
            self.judged = self.total;
            return false;
        }
        let end = self.total.min(self.judged.saturating_add(most));
        for index in self.judged..end {
            if self.passes(snapshot, index) {
                self.passed.push(index as u32);
            }
        }
        self.judged = end;
        if self.filter.asks_for_findings() {
            self.judge_again(snapshot, most);
        }
        self.judged < self.total
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        if self.filter.is_empty() { self.total } else { self.passed.len() }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many ids there are, whether they pass or not.
    pub fn total(&self) -> usize {
        self.total
    }

    /// How many ids were judged so far.
    pub fn judged(&self) -> usize {
        self.judged
    }

    /// The id in row `row`.
    pub fn id(&self, row: usize) -> Option<u32> {
        if self.filter.is_empty() {
            return u32::try_from(row).ok().filter(|_| row < self.total);
        }
        self.passed.get(row).copied()
    }

    /// The row of `id`; where it did not pass, the row in which it would be.
    pub fn row(&self, id: u32) -> Result<usize, usize> {
        if self.filter.is_empty() {
            let row = id as usize;
            return if row < self.total { Ok(row) } else { Err(self.total) };
        }
        self.passed.binary_search(&id)
    }

    fn passes(&self, snapshot: &Snapshot, index: usize) -> bool {
        match self.kind {
            RowKind::Frames => {
                let id = FrameId::from_index(index);
                snapshot.frame(id).is_some_and(|frame| self.filter.frame(snapshot, id, frame))
            }
            RowKind::Messages => {
                let message = snapshot.message(MessageId::from_index(index));
                message.is_some_and(|message| self.filter.message(snapshot, &message))
            }
        }
    }

    /// Findings are added to frames that were judged before: those are judged again.
    fn judge_again(&mut self, snapshot: &Snapshot, most: usize) {
        let end = snapshot.finding_count().min(self.findings.saturating_add(most));
        for index in self.findings..end {
            let Some(finding) = snapshot.finding_record(index) else { break };
            let id = match self.kind {
                RowKind::Frames => finding.frame().map(|id| id.0),
                RowKind::Messages => {
                    let of_frame = || snapshot.frame(finding.frame()?)?.message();
                    finding.message().or_else(of_frame).map(|id| id.0)
                }
            };
            let Some(id) = id.filter(|id| (*id as usize) < self.judged) else { continue };
            match (self.passed.binary_search(&id), self.passes(snapshot, id as usize)) {
                (Err(row), true) => self.passed.insert(row, id),
                (Ok(row), false) => drop(self.passed.remove(row)),
                _ => {}
            }
        }
        self.findings = end;
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::dissect::{Progress, Session};

    fn sample(name: &str) -> Session {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name);
        Session::open(&path).unwrap()
    }

    /// A row set that grows with the capture, a few ids at a time, ends like one that is made at the end.
    #[test]
    fn growing_and_being_made_at_once_agree() {
        for (name, text) in [
            ("broken.pcap", "finding"),
            ("broken.pcap", "-finding:violation"),
            ("many-connections.pcapng", "conn:2 opcode:text"),
            ("chat-unicode.pcapng", "len>100"),
            ("chat-unicode.pcapng", ""),
        ] {
            for kind in [RowKind::Frames, RowKind::Messages] {
                let filter = Filter::parse(text).unwrap();
                let mut session = sample(name);
                let mut grown = RowSet::new(kind, filter.clone());
                while session.step(3).unwrap() != Progress::End {
                    grown.extend(&session.snapshot(), 5);
                }
                let snapshot = session.snapshot();
                while grown.extend(&snapshot, 5) {}
                grown.extend(&snapshot, usize::MAX);
                let mut made = RowSet::new(kind, filter);
                assert!(!made.extend(&snapshot, usize::MAX));
                let ids = |rows: &RowSet| (0..rows.len()).map(|row| rows.id(row).unwrap()).collect::<Vec<_>>();
                assert_eq!(ids(&grown), ids(&made), "{name} {text:?} {kind:?}");
                assert!(!made.is_empty() && ids(&made).iter().enumerate().all(|(row, id)| made.row(*id) == Ok(row)));
            }
        }
    }
}
