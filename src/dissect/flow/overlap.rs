//! Octets that were sent twice: whether both copies are the same.
//!
//! TCP sends again what was not acknowledged, and it sends the same again. Where it does not, somebody else sent one of
//! the two, or a middlebox rewrote it, and the receiver may have read either.

use crate::base::{FrameId, Piece, Span};
use crate::dissect::flow::{Context, FlowState};
use crate::dissect::index::finding::Conflict;
use crate::dissect::index::record::NONE;
use crate::net::Direction;

/// Octets that are compared at once.
const PART: u32 = 4096;
/// Second copies of octets that are still held behind a hole, to be compared when it is filled. Of more, the latest are
/// not compared.
const MAX_DOUBLES: usize = 64;

/// A second copy that could not be compared yet.
#[derive(Clone, Copy, Debug)]
pub(in crate::dissect) struct Double {
    direction: Direction,
    at: u64,
    piece: Piece,
}

impl FlowState {
    /// A second copy of octets came. `at` is their stream offset.
    pub(in crate::dissect) fn overlap(
        &mut self,
        direction: Direction,
        at: u64,
        piece: Piece,
        context: &mut Context<'_>,
    ) {
        if at + u64::from(piece.span.len) > self.lanes[direction.index()].stream.end() {
            if self.doubles.len() < MAX_DOUBLES {
                self.doubles.push(Double { direction, at, piece });
            }
            return;
        }
        let Some(connection) = self.connection else { return };
        let Some(conflict) = self.compare(direction, at, piece, context) else { return };
        let Some(sender) = context.writer.connection(connection).map(|row| row.sender(direction)) else { return };
        let frame = self.frame_at(direction, conflict.at, context);
        context.writer.report_conflict(connection, sender, frame, conflict);
    }

    /// Compares what waited for the octets in front of it. To be called when the stream has grown.
    pub(in crate::dissect) fn compare_doubles(&mut self, context: &mut Context<'_>) {
        for Double { direction, at, piece } in std::mem::take(&mut self.doubles) {
            self.overlap(direction, at, piece, context);
        }
    }

    /// Where the second copy differs from the first one, from the first octet that does to the last.
    fn compare(&self, direction: Direction, at: u64, piece: Piece, context: &Context<'_>) -> Option<Conflict> {
        let range = at..at + u64::from(piece.span.len);
        let mut conflict: Option<Conflict> = None;
        for first in self.lanes[direction.index()].stream.spans(range) {
            let second = piece.span.skip(u32::try_from(first.at - at).ok()?).take(first.span.len);
            for done in (0..first.span.len).step_by(PART as usize) {
                let part = |span: Span| span.skip(done).take(PART);
                let one = read(part(first.span), context)?;
                let other = read(part(second), context)?;
                for (index, _) in one.iter().zip(&other).enumerate().filter(|(_, (one, other))| one != other) {
                    let place = first.at + u64::from(done) + index as u64;
                    let (start, packet) = conflict.map_or((place, first.packet), |it| (it.at, it.first));
                    let len = place + 1 - start;
                    conflict = Some(Conflict { at: start, len, first: packet, second: piece.packet.id });
                }
            }
        }
        conflict
    }

    /// The frame that an octet of a direction's stream belongs to, if it is one of the last ones.
    fn frame_at(&self, direction: Direction, at: u64, context: &mut Context<'_>) -> Option<FrameId> {
        const LATELY: usize = 256;
        let sender = context.writer.connection(self.connection?)?.sender(direction);
        let frames = &context.writer.index.frames;
        let before = |id: &FrameId| frames.get(id.index()).map(|frame| frame.previous).filter(|id| *id != NONE);
        let lately = std::iter::successors(self.conversation.last_frame, |id| before(id).map(FrameId)).take(LATELY);
        lately.into_iter().find(|id| {
            let frame = frames.get(id.index()).filter(|frame| frame.sender() == sender);
            frame.is_some_and(|frame| (frame.at..frame.payload_range().end).contains(&at))
        })
    }
}

/// Octets of the capture; `None` where they cannot be read any more.
fn read(span: Span, context: &Context<'_>) -> Option<Vec<u8>> {
    if let Some(octets) = context.segment.and_then(|segment| segment.octets_at(span)) {
        return Some(octets.to_vec());
    }
    let mut octets = Vec::new();
    context.source.read_span(span, &mut octets).ok()?;
    Some(octets)
}
