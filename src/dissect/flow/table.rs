//! The TCP connections of a capture, and where their segments go.

use std::sync::Arc;

use crate::base::{AtHand, ConnectionId, FlowId, Nearby, PacketRef, ReadAt, Timestamp};
use crate::dissect::flow::backlog::Backlog;
use crate::dissect::flow::closing::Closing;
use crate::dissect::flow::{Context, FlowState};
use crate::dissect::index::Writer;
use crate::dissect::opening::decisions::{Decision, Decisions};
use crate::dissect::opening::recognition::{starts_handshake, wakes_up};
use crate::http::{Kind, sniff};
use crate::net::{Direction, Segment, TcpFlags, WholeSegment};

/// What is kept of a TCP connection.
pub(in crate::dissect) enum Slot {
    /// Nothing was sent yet. The sequence numbers of the first octets of both directions, as far as SYNs told them.
    Opening([Option<u32>; 2]),
    /// It may carry, or carries, a WebSocket.
    Watched(Box<FlowState>),
    /// It carries something else: so many octets each way, about. A segment that starts with a WebSocket handshake wakes it
    /// up.
    Ignored([u32; 2]),
    /// The user says that it carries something else.
    Rejected([u32; 2]),
    /// It carried this WebSocket and has ended; everything about it is in the index.
    Over(ConnectionId),
}

impl Slot {
    /// The connection that it carries, or carried last.
    pub fn connection(&self) -> Option<ConnectionId> {
        match self {
            Slot::Watched(flow) => flow.connection,
            Slot::Over(connection) => Some(*connection),
            Slot::Opening(_) | Slot::Ignored(_) | Slot::Rejected(_) => None,
        }
    }

    pub fn watched_mut(&mut self) -> Option<&mut FlowState> {
        match self {
            Slot::Watched(flow) => Some(flow),
            Slot::Opening(_) | Slot::Ignored(_) | Slot::Rejected(_) | Slot::Over(_) => None,
        }
    }
}

/// The room of a flow that was let go of, for the next one: busy servers have as many ends as beginnings.
#[derive(Default)]
struct Spare(Option<Box<FlowState>>);

impl Spare {
    /// More segments of one flow than that take memory which should not be kept.
    const MAX_SEGMENTS: usize = 256;

    /// Puts `rest` in the place of a flow and keeps its room.
    fn let_go(&mut self, slot: &mut Slot, rest: Slot) {
        if let Slot::Watched(flow) = std::mem::replace(slot, rest)
            && self.0.is_none()
            && flow.lanes.iter().all(|lane| lane.stream.entries() < Spare::MAX_SEGMENTS)
        {
            self.0 = Some(flow);
        }
    }

    fn put(&mut self, flow: FlowState) -> Box<FlowState> {
        match self.0.take() {
            Some(mut room) => {
                *room = flow;
                room
            }
            None => Box::new(flow),
        }
    }
}

/// Flows to which something happened.
#[derive(Debug, Default)]
pub(in crate::dissect) struct Touched {
    /// Those whose connection changed since the last snapshot.
    pub changed: Vec<FlowId>,
    /// Those that the judging of payloads waits for.
    pub awaited: Vec<FlowId>,
}

impl Touched {
    /// Something happened to `flow`.
    #[inline]
    pub fn note(&mut self, flow: &mut FlowState) {
        if flow.mark_changed() {
            self.changed.push(flow.id);
        }
        if std::mem::take(&mut flow.awaited) {
            self.awaited.push(flow.id);
        }
    }
}

/// All TCP connections so far, and everything that reading them changes.
pub(in crate::dissect) struct Flows {
    /// Octets that were pushed earlier are read again from here.
    pub source: Arc<dyn ReadAt>,
    /// By flow.
    pub slots: Vec<Slot>,
    pub writer: Writer,
    pub touched: Touched,
    spare: Spare,
    /// What flows keep because something is missing.
    pub backlog: Backlog,
    /// Those that have ended, and of which something is missing.
    closing: Closing,
    /// What the user says about TCP connections, where it is anything.
    pub decisions: Option<Decisions>,
    /// Flows that the user says are WebSockets, and that are not read as such yet.
    forced: Vec<FlowId>,
}

/// Counts what a segment of a connection that is not read brings.
fn count(octets: &mut [u32; 2], direction: Direction, len: u32) {
    let sum = &mut octets[direction.index()];
    *sum = sum.saturating_add(len);
}

/// The octets that a connection has brought that is not read from this segment on, its first.
fn counted(segment: &Segment<'_>) -> [u32; 2] {
    let mut octets = [0; 2];
    count(&mut octets, segment.direction, segment.payload_len);
    octets
}

/// Whether a segment belongs to TCP's own handshake and has nothing else to tell than where the streams start. A capture
/// of a port scan has a million flows that never come further: they cost no more than this.
fn is_opening(segment: &Segment<'_>, starts: &mut [Option<u32>; 2]) -> bool {
    if segment.payload_len > 0 || segment.flags.intersects(TcpFlags::FIN | TcpFlags::RST) {
        return false;
    }
    let (own, peer) = (segment.direction.index(), segment.direction.reverse().index());
    match segment.ack {
        Some(ack) if starts[peer].is_some_and(|start| start != ack) => return false,
        None if !segment.flags.syn() => return false,
        Some(_) if !segment.flags.syn() => return starts[peer].is_some(),
        _ => {}
    }
    starts[own] = Some(segment.seq.wrapping_add(1));
    starts[peer] = starts[peer].or(segment.ack);
    true
}

/// The octets of a segment with the first ones of a stream, where it is known that they are those, and that they are whole.
fn beginning<'a>(segment: &Segment<'a>, starts: [Option<u32>; 2]) -> Option<&'a [u8]> {
    let whole = segment.whole().filter(|whole| starts[whole.direction.index()] == Some(whole.seq))?;
    Some(whole.octets)
}

/// Whether a stream that starts with `octets` is not HTTP, so that it takes nothing to read it no further.
fn is_no_http(octets: &[u8]) -> bool {
    !octets.starts_with(b"\r") && !octets.starts_with(b"\n") && sniff(octets) == Some(Kind::NotHttp)
}

/// Lets go of what it took to read a flow of which nothing more is to be learnt; whether it did.
fn let_go(slot: &mut Slot, context: &mut Context<'_>, touched: &mut Touched, spare: &mut Spare) -> bool {
    let Slot::Watched(flow) = slot else { return false };
    if flow.is_uninteresting() {
        let octets = flow.octets();
        spare.let_go(slot, Slot::Ignored(octets));
        return true;
    }
    if let Some(connection) = flow.connection.filter(|_| flow.is_over) {
        // A capture can have a million of these, and what it takes to read them is more than what is to be told.
        flow.finish(context);
        touched.note(flow);
        flow.publish(context.writer);
        spare.let_go(slot, Slot::Over(connection));
        return true;
    }
    touched.note(flow);
    false
}

impl Flows {
    /// None so far.
    pub fn new(source: Arc<dyn ReadAt>, most_backlog: usize) -> Flows {
        Flows {
            source,
            slots: Vec::new(),
            writer: Writer::default(),
            touched: Touched::default(),
            spare: Spare::default(),
            backlog: Backlog::new(most_backlog),
            closing: Closing::default(),
            decisions: None,
            forced: Vec::new(),
        }
    }

    /// Reads from what [`take`](Flows::take) will need for this segment, so that it is at hand then.
    #[inline]
    pub fn touch(&self, segment: &WholeSegment<'_>) {
        if let Some(Slot::Watched(flow)) = self.slots.get(segment.flow.index()) {
            flow.touch(segment.direction);
        }
    }

    /// Takes the next segment of the capture, if it is just the next one of an open WebSocket, or of a flow that is not read;
    /// whether it was. If not, it is to be taken [closely](Flows::take).
    #[inline]
    pub fn take_next(&mut self, segment: &WholeSegment<'_>) -> bool {
        match self.slots.get_mut(segment.flow.index()) {
            Some(Slot::Watched(flow)) => {
                let is_next = flow.next_segment(segment, &mut self.writer);
                if is_next {
                    self.touched.note(flow);
                }
                is_next
            }
            Some(Slot::Ignored(_)) if starts_handshake(segment.octets) => false,
            Some(Slot::Ignored(octets) | Slot::Rejected(octets)) => {
                count(octets, segment.direction, segment.octets.len() as u32);
                true
            }
            Some(Slot::Over(_)) => true,
            Some(Slot::Opening(_)) | None => false,
        }
    }

    /// Takes the next segment of the capture, if it is of a flow that is read and changes nothing there but how much HTTP came.
    /// Whether it was such a one.
    pub fn take_http(&mut self, segment: &WholeSegment<'_>) -> bool {
        let Some(Slot::Watched(flow)) = self.slots.get_mut(segment.flow.index()) else { return false };
        let is_taken = !flow.is_settled && flow.next_unsettled(segment);
        if is_taken {
            self.touched.note(flow);
        }
        is_taken
    }

    /// Takes the next segment of the capture.
    #[inline(always)]
    pub fn take_any(&mut self, segment: &Segment<'_>, at_hand: AtHand<'_>) {
        let is_taken = segment.whole().is_some_and(|whole| self.take_next(&whole) || self.take_http(&whole));
        if !is_taken {
            self.take(segment, at_hand);
        }
    }

    /// The same for one that has to be looked at closely. What is `at_hand` is not read again.
    pub fn take(&mut self, segment: &Segment<'_>, at_hand: AtHand<'_>) {
        let index = segment.flow.index();
        while self.slots.len() <= index {
            self.slots.push(Slot::Opening([None; 2]));
            self.writer.index.totals.tcp_connections += 1;
        }
        let slot = &mut self.slots[index];
        let starts = match slot {
            Slot::Watched(_) => None,
            Slot::Opening(starts) => match is_opening(segment, starts) {
                true => return,
                false => Some(*starts),
            },
            Slot::Ignored(_) if wakes_up(segment) => Some([None; 2]),
            Slot::Ignored(octets) | Slot::Rejected(octets) => {
                return count(octets, segment.direction, segment.payload_len);
            }
            Slot::Over(_) => return,
        };
        if let Some(starts) = starts {
            let decision = self.decisions.as_ref().and_then(|decisions| decisions.about(&segment.ends()));
            if decision == Some(Decision::NotWebSocket) {
                *slot = Slot::Rejected(counted(segment));
                return;
            }
            if decision.is_some() {
                self.forced.push(segment.flow);
            } else if let Some(octets) = beginning(segment, starts).filter(|octets| is_no_http(octets)) {
                self.writer.note_encrypted(octets);
                *slot = Slot::Ignored(counted(segment));
                return;
            }
            *slot = Slot::Watched(self.spare.put(FlowState::new(segment, starts, decision)));
        }
        let Slot::Watched(flow) = slot else { return };
        let nearby = Nearby { at_hand, source: &*self.source };
        let mut context = Context { writer: &mut self.writer, source: &nearby, segment: Some(segment) };
        let before = flow.backlog();
        flow.segment(segment, &mut context);
        let mut after = flow.backlog();
        if flow.begins_to_close() {
            self.closing.wait_for(segment.flow, segment.packet.time);
        }
        if let_go(slot, &mut context, &mut self.touched, &mut self.spare) {
            after = 0;
        }
        if before != after {
            self.backlog.note(segment.flow, after);
            let packet = segment.packet;
            self.give_up_backlog(packet);
        }
    }

    /// While too much is kept, the flow that has waited longest waits no more.
    fn give_up_backlog(&mut self, packet: PacketRef) {
        while let Some(id) = self.backlog.too_much() {
            let Some(slot @ Slot::Watched(_)) = self.slots.get_mut(id.index()) else { continue };
            let Slot::Watched(flow) = slot else { continue };
            let before = flow.backlog();
            flow.give_up_backlog(
                packet,
                &mut Context { writer: &mut self.writer, source: &*self.source, segment: None },
            );
            let after = flow.backlog();
            if flow.is_uninteresting() {
                *slot = Slot::Ignored(flow.octets());
            } else {
                self.touched.note(flow);
                // What did not become less is not asked again.
                self.backlog.note(id, if after < before { after } else { 0 });
            }
        }
    }

    /// The connections that have ended and are not waited for any longer at `time`, when the next packet was captured.
    #[inline]
    pub fn close_due(&mut self, time: Timestamp) {
        while let Some(id) = self.closing.due(time) {
            self.give_up_end(id);
        }
    }

    /// A connection has ended, and what is missing of it is not waited for any longer.
    #[cold]
    fn give_up_end(&mut self, id: FlowId) {
        let Some(slot @ Slot::Watched(_)) = self.slots.get_mut(id.index()) else { return };
        let Slot::Watched(flow) = slot else { return };
        let mut context = Context { writer: &mut self.writer, source: &*self.source, segment: None };
        flow.give_up_end(&mut context);
        let after = flow.backlog();
        let is_gone = let_go(slot, &mut context, &mut self.touched, &mut self.spare);
        self.backlog.note(id, if is_gone { 0 } else { after });
    }

    /// Says that no packet is there for now: whoever watches a connection that the user says is a WebSocket sees its frames
    /// without waiting for more of them.
    pub fn idle(&mut self) {
        self.forced.retain(|id| {
            let Some(Slot::Watched(flow)) = self.slots.get_mut(id.index()) else { return false };
            let mut context = Context { writer: &mut self.writer, source: &*self.source, segment: None };
            if flow.lacks_frames(&context) {
                flow.force_if_clear(&mut context);
                self.touched.note(flow);
            }
            flow.lacks_frames(&context)
        });
    }

    /// Says that no packet follows.
    pub fn finish(&mut self) {
        for slot in &mut self.slots {
            let Slot::Watched(flow) = slot else { continue };
            flow.finish(&mut Context { writer: &mut self.writer, source: &*self.source, segment: None });
            self.touched.note(flow);
        }
        self.writer.report_encrypted();
    }

    /// Lets snapshots see everything that has changed.
    pub fn publish(&mut self) {
        for id in std::mem::take(&mut self.touched.changed) {
            if let Some(Slot::Watched(flow)) = self.slots.get_mut(id.index()) {
                flow.publish(&mut self.writer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_that_is_not_read_is_small() {
        assert!(size_of::<Slot>() <= 16, "{}", size_of::<Slot>());
    }
}
