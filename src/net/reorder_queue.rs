//! Octets that came before the ones in front of them: positions, sorted, in bounded number.

use std::collections::VecDeque;

use crate::base::{PacketRef, Piece};

/// Pieces that one direction of a flow holds at most; then the hole in front of them is given up.
pub const MAX_QUEUED_PIECES: usize = 4096;
/// Octets of stream that those pieces cover at most (they are not kept; this bounds how far back a hole can reach).
pub const MAX_QUEUED_OCTETS: u64 = 16 << 20;

/// A run of stream octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// Stream offset of the first.
    pub(super) at: u64,
    /// Their number; at least 1.
    pub(super) len: u32,
    pub(super) content: Content,
}

/// The content that a segment had for a run of its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Octets; the piece is as long as the run.
    Captured(Piece),
    /// Nothing: the snap length cut this packet before them.
    Cut(PacketRef),
}

impl Run {
    pub(super) fn end(&self) -> u64 {
        self.at + u64::from(self.len)
    }

    /// The octets of this run from stream offset `from` up to `to`, where there are any.
    pub(super) fn between(&self, from: u64, to: u64) -> Option<Run> {
        let (from, to) = (from.max(self.at), to.min(self.end()));
        let len = u32::try_from(to.checked_sub(from)?).ok().filter(|len| *len > 0)?;
        let skip = u32::try_from(from - self.at).ok()?;
        let content = match self.content {
            Content::Captured(piece) => Content::Captured(Piece { span: piece.span.skip(skip).take(len), ..piece }),
            cut => cut,
        };
        Some(Run { at: from, len, content })
    }
}

/// Runs that cannot be delivered yet: in order, without overlap.
#[derive(Clone, Debug, Default)]
pub(super) struct ReorderQueue {
    runs: VecDeque<Run>,
    octets: u64,
}

impl ReorderQueue {
    pub(super) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Gives back the room that is not needed any more: among many flows it would add up to more than what is held.
    pub(super) fn shrink(&mut self) {
        if self.runs.is_empty() {
            self.runs = VecDeque::new();
        }
    }

    /// Returns how many runs are held and how many octets they cover.
    pub(super) fn size(&self) -> (usize, u64) {
        (self.runs.len(), self.octets)
    }

    pub(super) fn is_too_full(&self) -> bool {
        self.runs.len() > MAX_QUEUED_PIECES || self.octets > MAX_QUEUED_OCTETS
    }

    /// Stream offset of the first octet held.
    pub(super) fn first_at(&self) -> Option<u64> {
        self.runs.front().map(|run| run.at)
    }

    /// Takes the first run out if it starts at `next` (none ever starts before).
    pub(super) fn pop_at(&mut self, next: u64) -> Option<Run> {
        let run = self.runs.pop_front_if(|run| run.at <= next)?;
        self.octets -= u64::from(run.len);
        Some(run)
    }

    /// Forgets everything from stream offset `end` on.
    pub(super) fn cut_at(&mut self, end: u64) {
        while let Some(run) = self.runs.pop_back_if(|run| run.end() > end) {
            self.octets -= u64::from(run.len);
            if let Some(kept) = run.between(0, end) {
                self.octets += u64::from(kept.len);
                self.runs.push_back(kept);
                return;
            }
        }
    }

    /// Holds what of `run` is not held yet, and gives what is to `overlap`.
    pub(super) fn insert(&mut self, run: Run, mut overlap: impl FnMut(Run)) {
        let mut index = self.runs.partition_point(|held| held.end() <= run.at);
        let mut at = run.at;
        while at < run.end() {
            let (held_at, held_end) = self.runs.get(index).map_or((u64::MAX, u64::MAX), |held| (held.at, held.end()));
            if let Some(new) = run.between(at, held_at) {
                self.octets += u64::from(new.len);
                self.runs.insert(index, new);
                index += 1;
            }
            if let Some(known) = run.between(at.max(held_at), held_end) {
                overlap(known);
            }
            at = held_end;
            index += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Span;

    fn run(at: u64, len: u32) -> Run {
        let piece = Piece { span: Span::new(1000 + at, len), packet: PacketRef::default() };
        Run { at, len, content: Content::Captured(piece) }
    }

    #[test]
    fn the_first_copy_stays() {
        let mut queue = ReorderQueue::default();
        let mut overlaps = Vec::new();
        for new in [run(10, 5), run(20, 5), run(12, 20), run(0, 2), run(10, 22)] {
            queue.insert(new, |known| overlaps.push(known));
        }
        assert_eq!(queue.runs, [run(0, 2), run(10, 5), run(15, 5), run(20, 5), run(25, 7)]);
        assert_eq!(overlaps, [run(12, 3), run(20, 5), run(10, 5), run(15, 5), run(20, 5), run(25, 7)]);
        assert_eq!(queue.size(), (5, 24));
        assert_eq!((queue.pop_at(0), queue.pop_at(2)), (Some(run(0, 2)), None));
        assert_eq!(queue.first_at(), Some(10));
        queue.cut_at(21);
        assert_eq!((queue.size(), queue.runs.back()), ((3, 11), Some(&run(20, 1))));
        queue.cut_at(5);
        assert_eq!(queue.size(), (0, 0));
    }
}
