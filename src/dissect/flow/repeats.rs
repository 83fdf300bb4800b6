//! Octets that were sent twice: whether both copies are the same.
//!
//! TCP sends again what was not acknowledged, and it sends the same again. Where it does not, somebody else sent one of
//! the two, or a middlebox rewrote it, and the receiver may have read either.

use super::{FlowEvent, Packets, TcpFlow};
use crate::base::{Piece, Span};
use crate::dissect::index::finding::Conflict;
use crate::net::Direction;

/// Octets that are compared at once.
const PART: u32 = 4096;
/// Second copies of octets that are still held behind a hole, to be compared when it is filled. Of more, the latest are
/// not compared.
const MAX_REPEATS: usize = 64;

/// A second copy that could not be compared yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Repeat {
    direction: Direction,
    at: u64,
    piece: Piece,
}

impl TcpFlow {
    /// Tells of a second copy of octets, or keeps it in mind while the first one is held.
    pub(super) fn repeat(&mut self, direction: Direction, at: u64, piece: Piece) -> Option<FlowEvent> {
        let end = at.saturating_add(u64::from(piece.span.len));
        if end <= self.half(direction).stream.end() {
            return Some(FlowEvent::Repeat { at, piece });
        }
        if self.repeats.len() < MAX_REPEATS {
            self.repeats.push(Repeat { direction, at, piece });
        }
        None
    }

    /// Returns whether second copies wait for their first ones.
    #[inline]
    pub fn has_repeats(&self) -> bool {
        !self.repeats.is_empty()
    }

    /// Takes out the second copies whose first ones have been delivered meanwhile.
    pub fn repeats_due(&mut self) -> Vec<(Direction, FlowEvent)> {
        let waiting = std::mem::take(&mut self.repeats);
        let told = waiting.into_iter().filter_map(|Repeat { direction, at, piece }| {
            self.repeat(direction, at, piece).map(|event| (direction, event))
        });
        told.collect()
    }

    /// Finds where the second copy of octets, which start at stream offset `at`, differs from the first: from the first octet
    /// that does to the last.
    pub fn compare(&self, direction: Direction, at: u64, piece: Piece, packets: Packets<'_>) -> Option<Conflict> {
        let range = at..at.saturating_add(u64::from(piece.span.len));
        let (mut one, mut other) = (Vec::new(), Vec::new());
        let mut conflict: Option<Conflict> = None;
        for first in self.half(direction).stream.spans(range) {
            let second = piece.span.skip(u32::try_from(first.at - at).ok()?).take(first.span.len);
            for done in (0..first.span.len).step_by(PART as usize) {
                let part = |span: Span| span.skip(done).take(PART);
                let one = packets.read(part(first.span), &mut one);
                let other = packets.read(part(second), &mut other);
                for (index, _) in one.iter().zip(other).enumerate().filter(|(_, (one, other))| one != other) {
                    let place = first.at + u64::from(done) + index as u64;
                    let (start, packet) = conflict.map_or((place, first.packet), |it| (it.at, it.first));
                    let len = place + 1 - start;
                    conflict = Some(Conflict { at: start, len, first: packet, second: piece.packet.id });
                }
            }
        }
        conflict
    }
}
