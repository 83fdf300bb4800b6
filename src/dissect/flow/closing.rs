//! Connections that have ended, and of which octets are missing.
//!
//! Both peers are done with them, so nothing is sent again, and often no packet of theirs follows at all. But captures from
//! several queues put packets in another order than the network's, so what is missing may still come for a while. That
//! while is measured by the packets of all connections.

use std::collections::VecDeque;

use crate::base::{FlowId, Timestamp};
use crate::dissect::flow::{Context, FlowState};
use crate::net::{Direction, PATIENCE_NANOSECONDS};

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

impl FlowState {
    /// Whether it has to be waited for anew: a direction has ended, and octets of it are missing.
    pub fn begins_to_close(&mut self) -> bool {
        !self.is_closing && {
            self.is_closing = self.lanes.iter().any(|lane| lane.assembler.lacks_end());
            self.is_closing
        }
    }

    /// Nothing that is missing is waited for any longer.
    pub fn give_up_end(&mut self, context: &mut Context<'_>) {
        self.is_closing = false;
        for direction in [Direction::Forward, Direction::Backward] {
            let mut events = context.writer.room_for_events();
            self.lanes[direction.index()].assembler.give_up_end(self.last_packet, &mut events);
            self.events(direction, events, context);
        }
        self.force_if_due(false, context);
        if self.lanes.iter().all(|lane| lane.ended.is_some()) {
            self.end(context);
        }
    }

    /// Nothing follows: the capture ends, or both directions have.
    pub fn end(&mut self, context: &mut Context<'_>) {
        let Some(connection) = self.connection else { return };
        if self.lanes.iter().all(|lane| lane.ended.is_some()) {
            context.writer.end_connection(connection, self.last_packet.time);
            self.is_over = self.lanes.iter().all(|lane| lane.waiting.is_empty());
        }
        self.judge_end(context);
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
