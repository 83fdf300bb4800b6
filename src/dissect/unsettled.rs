//! The short way of a segment while no WebSocket is open.
//!
//! Most of a capture of many services is HTTP that never opens one, and most of that are bodies and acknowledgments: of
//! those it is enough to know that they came.

use super::flow::FlowState;
use super::lane::Side;
use crate::net::WholeSegment;

impl FlowState {
    /// Takes a segment that acknowledges nothing unknown, if it does nothing else, or brings the next octets of an HTTP body,
    /// and nothing waits. Whether it was taken; if so, nothing else has changed.
    pub(super) fn next_unsettled(&mut self, segment: &WholeSegment<'_>) -> bool {
        let (own, peer) = (segment.direction.index(), segment.direction.reverse().index());
        let is_ack_known = segment.ack().is_none_or(|ack| self.lanes[peer].assembler.acknowledged_known(ack));
        if !is_ack_known || self.forced.is_some() {
            return false;
        }
        let is_taken = match segment.octets {
            [] => self.lanes[own].assembler.is_indifferent_to_empty(),
            _ => self.pass_body(segment),
        };
        if is_taken {
            self.conversation.peer_is_behind = false;
            self.last_packet = segment.packet();
        }
        is_taken
    }

    fn pass_body(&mut self, segment: &WholeSegment<'_>) -> bool {
        // What waits may be looked at anew with each segment.
        if self.lanes.iter().any(|lane| !lane.waiting.is_empty()) {
            return false;
        }
        let lane = &mut self.lanes[segment.direction.index()];
        let Side::Http(reader) = &mut lane.side else { return false };
        let len = segment.octets.len() as u32;
        if !reader.is_in_body(len) {
            return false;
        }
        let Some(at) = lane.assembler.push_next_whole(segment) else { return false };
        reader.pass(len);
        lane.stream.push(at, segment.piece());
        lane.last_packet = segment.packet().id;
        true
    }
}
