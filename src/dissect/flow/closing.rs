//! Connections that have ended, and of which octets may still come.
//!
//! Both peers are done with them, so nothing is sent again, and often no packet of theirs follows at all. But captures from
//! several queues put packets in another order than the network's, so what is missing may still come for a while, and so
//! may what was in flight towards a peer that reset the connection. That while is measured by the packets of all
//! connections.

use std::collections::VecDeque;

use super::TcpFlow;
use crate::base::{FlowId, Timestamp};
use crate::net::{Direction, PATIENCE_NANOSECONDS, StreamEvent};

/// Connections that have ended and are waited for, in the order in which they ended.
#[derive(Debug, Default)]
pub(in crate::dissect) struct Closing {
    flows: VecDeque<(Timestamp, FlowId)>,
}

impl Closing {
    /// Waits for `flow`, whose end was seen at `time`, for as long as anybody has patience.
    pub fn wait_for(&mut self, flow: FlowId, time: Timestamp) {
        self.flows.push_back((time, flow));
    }

    /// The next connection that is not waited for any longer at `time`. A clock that was set back tells nothing about how
    /// long it was waited for, and must not keep all others waiting behind it.
    #[inline]
    pub fn due(&mut self, time: Timestamp) -> Option<FlowId> {
        let (since, flow) = *self.flows.front()?;
        if time.since(since).unsigned_abs() < PATIENCE_NANOSECONDS.unsigned_abs() {
            return None;
        }
        self.flows.pop_front();
        Some(flow)
    }
}

impl TcpFlow {
    /// Returns whether it has to be waited for anew: a direction has ended, and octets of it are missing, or one was reset,
    /// and octets of the other may be in flight.
    pub fn begins_to_close(&mut self) -> bool {
        !self.is_closing && {
            self.is_closing = self.has_flight || self.halves.iter().any(|half| half.assembler.lacks_end());
            self.is_closing
        }
    }

    /// Waits no longer for what was in flight when a side reset the connection; returns whether that was waited for.
    pub fn give_up_flight(&mut self) -> bool {
        std::mem::take(&mut self.has_flight)
    }

    /// Declares missing what is waited for in a direction that has ended.
    pub fn give_up_end(&mut self, direction: Direction, events: &mut Vec<StreamEvent>) {
        self.is_closing = false;
        let last = self.last_packet;
        self.half_mut(direction).assembler.give_up_end(last, events);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_wrong_keeps_nobody_waiting() {
        let at = |milliseconds: u64| Timestamp(milliseconds * 1_000_000);
        let mut closing = Closing::default();
        for (flow, since) in [(1, 1_000_000), (2, 5_000), (3, 5_100)] {
            closing.wait_for(FlowId(flow), at(since));
        }
        assert_eq!(closing.due(at(999_999)), None, "packets are not always in the order of their times");
        assert_eq!(closing.due(at(5_200)), Some(FlowId(1)));
        assert_eq!(closing.due(at(5_200)), None);
        assert_eq!((closing.due(at(6_000)), closing.due(at(6_000))), (Some(FlowId(2)), None));
        assert_eq!(closing.due(at(6_100)), Some(FlowId(3)));
    }
}
