//! The TCP connections of a capture, and where their segments go.

use std::sync::Arc;

use super::flow::Packets;
use super::flow::backlog::Backlog;
use super::flow::closing::Closing;
use super::followed::Followed;
use super::index::Writer;
use super::opening::decisions::{Decisions, UserDecision};
use super::opening::wakes_up;
use crate::base::{AtHand, ConnectionId, FlowId, Nearby, PacketRef, ReadAt, Timestamp};
use crate::capture::Packet;
use crate::http::{HttpKind, sniff};
use crate::net::{Decoder, Direction, Outcome, Segment, TcpFlags};

/// The record of a TCP connection.
pub(super) enum FlowEntry {
    /// Nothing was sent yet. The sequence numbers of the first octets of both directions, as far as SYNs told them.
    Opening([Option<u32>; 2]),
    /// It may carry, or carries, a WebSocket.
    Followed(Box<Followed>),
    /// It carries something else: so many octets each way, about. A segment that starts with a WebSocket handshake wakes it
    /// up.
    Ignored([u32; 2]),
    /// The user says that it carries something else.
    Rejected([u32; 2]),
    /// It carried this WebSocket and has ended; everything about it is in the index.
    Over(ConnectionId),
}

impl FlowEntry {
    /// The connections that it bears, or bore last.
    pub fn connections(&self) -> Vec<ConnectionId> {
        match self {
            FlowEntry::Followed(flow) => flow.connections().collect(),
            FlowEntry::Over(connection) => vec![*connection],
            FlowEntry::Opening(_) | FlowEntry::Ignored(_) | FlowEntry::Rejected(_) => Vec::new(),
        }
    }

    pub fn followed_mut(&mut self) -> Option<&mut Followed> {
        match self {
            FlowEntry::Followed(flow) => Some(flow),
            FlowEntry::Opening(_) | FlowEntry::Ignored(_) | FlowEntry::Rejected(_) | FlowEntry::Over(_) => None,
        }
    }
}

/// The room of a flow that was let go of, for the next one: busy servers have as many ends as beginnings.
#[derive(Default)]
struct Spare(Option<Box<Followed>>);

impl Spare {
    /// More segments of one flow than that take memory which should not be kept.
    const MAX_SEGMENTS: usize = 256;

    /// Puts `rest` in the place of a flow and keeps its room.
    fn let_go(&mut self, entry: &mut FlowEntry, rest: FlowEntry) {
        if let FlowEntry::Followed(flow) = std::mem::replace(entry, rest)
            && self.0.is_none()
            && flow.flow.halves.iter().all(|half| half.stream.entries() < Spare::MAX_SEGMENTS)
        {
            self.0 = Some(flow);
        }
    }

    fn put(&mut self, flow: Followed) -> Box<Followed> {
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
pub(super) struct Touched {
    /// Those whose connection changed since the last snapshot.
    pub changed: Vec<FlowId>,
    /// Those that the judging of payloads waits for.
    pub awaited: Vec<FlowId>,
}

impl Touched {
    /// Something happened to `flow`.
    #[inline]
    pub fn note(&mut self, flow: &mut Followed) {
        if flow.mark_changed() {
            self.changed.push(flow.flow.id);
        }
        if std::mem::take(&mut flow.is_awaited) {
            self.awaited.push(flow.flow.id);
        }
    }
}

/// All TCP connections so far, and everything that reading them changes.
pub(super) struct FlowEntries {
    /// Octets that were pushed earlier are read again from here.
    pub source: Arc<dyn ReadAt>,
    /// By flow.
    pub entries: Vec<FlowEntry>,
    pub writer: Writer,
    pub touched: Touched,
    spare: Spare,
    /// Counts the octets that flows keep because something is missing.
    pub backlog: Backlog,
    /// Those that have ended, and of which something is missing.
    closing: Closing,
    /// The decisions of the user, where there are any.
    pub decisions: Option<Decisions>,
    /// Flows that the user says are WebSockets, and that are not read as such yet.
    told: Vec<FlowId>,
}

/// Counts what a segment of a connection that is not read brings.
pub(super) fn count(octets: &mut [u32; 2], direction: Direction, len: u32) {
    let sum = &mut octets[direction.index()];
    *sum = sum.saturating_add(len);
}

/// The octets that a connection has brought that is not read from this segment on, its first.
fn counted(segment: &Segment<'_>) -> [u32; 2] {
    let mut octets = [0; 2];
    count(&mut octets, segment.direction, segment.payload_len);
    octets
}

/// Returns whether a segment belongs to TCP's own handshake and has nothing else to tell than where the streams start.
/// A capture of a port scan has a million flows that never come further: they cost no more than this.
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

/// Returns whether a stream that starts with `octets` is not HTTP, so that it takes nothing to read it no further.
fn is_no_http(octets: &[u8]) -> bool {
    !octets.starts_with(b"\r") && !octets.starts_with(b"\n") && sniff(octets) == Some(HttpKind::NotHttp)
}

/// Lets go of what it took to read a flow of which nothing more is to be learnt; whether it did.
fn let_go(
    entry: &mut FlowEntry,
    packets: Packets<'_>,
    writer: &mut Writer,
    touched: &mut Touched,
    spare: &mut Spare,
) -> bool {
    let FlowEntry::Followed(flow) = entry else { return false };
    if flow.is_uninteresting() {
        let octets = flow.flow.octets();
        spare.let_go(entry, FlowEntry::Ignored(octets));
        return true;
    }
    if let Some(connection) = flow.over() {
        // A capture can have a million of these, and what it takes to read them is more than what is to be told.
        flow.finish(packets, writer);
        touched.note(flow);
        flow.publish(writer);
        spare.let_go(entry, FlowEntry::Over(connection));
        return true;
    }
    touched.note(flow);
    false
}

impl FlowEntries {
    /// None so far.
    pub fn new(source: Arc<dyn ReadAt>, most_backlog: usize) -> FlowEntries {
        FlowEntries {
            source,
            entries: Vec::new(),
            writer: Writer::default(),
            touched: Touched::default(),
            spare: Spare::default(),
            backlog: Backlog::new(most_backlog),
            closing: Closing::default(),
            decisions: None,
            told: Vec::new(),
        }
    }

    /// Takes the next packet of the capture, whatever is in it. What is `at_hand` is not read again.
    pub fn take_packet(&mut self, decoder: &mut Decoder, packet: &Packet, octets: &[u8], at_hand: AtHand<'_>) {
        match &decoder.push(packet.link_type, packet.reference, packet.span, packet.original_len, octets) {
            Outcome::Segment(segment) => {
                if !segment.whole().is_some_and(|whole| self.take_fast(&whole)) {
                    self.take(segment, at_hand);
                }
            }
            Outcome::Unsupported(_) | Outcome::Malformed(_) => self.writer.index.totals.undecoded += 1,
            Outcome::NotTcp | Outcome::Fragment => {}
        }
    }

    /// Takes the next segment of the capture, whatever it is. What is `at_hand` is not read again.
    pub fn take(&mut self, segment: &Segment<'_>, at_hand: AtHand<'_>) {
        let index = segment.flow.index();
        while self.entries.len() <= index {
            self.entries.push(FlowEntry::Opening([None; 2]));
            self.writer.index.totals.tcp_connections += 1;
        }
        let entry = &mut self.entries[index];
        let starts = match entry {
            FlowEntry::Followed(_) => None,
            FlowEntry::Opening(starts) => match is_opening(segment, starts) {
                true => return,
                false => Some(*starts),
            },
            FlowEntry::Ignored(_) if wakes_up(segment) => Some([None; 2]),
            FlowEntry::Ignored(octets) | FlowEntry::Rejected(octets) => {
                return count(octets, segment.direction, segment.payload_len);
            }
            FlowEntry::Over(_) => return,
        };
        if let Some(starts) = starts {
            let decision = self.decisions.as_ref().and_then(|decisions| decisions.about(&segment.ends()));
            if decision == Some(UserDecision::NotWebSocket) {
                *entry = FlowEntry::Rejected(counted(segment));
                return;
            }
            if decision.is_some() {
                self.told.push(segment.flow);
            } else if let Some(octets) = beginning(segment, starts).filter(|octets| is_no_http(octets)) {
                self.writer.note_encrypted(octets);
                *entry = FlowEntry::Ignored(counted(segment));
                return;
            }
            *entry = FlowEntry::Followed(self.spare.put(Followed::new(segment, starts, decision)));
        }
        let FlowEntry::Followed(flow) = entry else { return };
        let nearby = Nearby { at_hand, source: &*self.source };
        let packets = Packets { segment: Some(segment), source: &nearby };
        flow.segment(segment, packets, &mut self.writer);
        let before = flow.noted_backlog;
        flow.noted_backlog = flow.backlog();
        let mut after = flow.noted_backlog;
        if flow.flow.begins_to_close() {
            self.closing.wait_for(segment.flow, segment.packet.time);
        }
        if let_go(entry, packets, &mut self.writer, &mut self.touched, &mut self.spare) {
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
            let Some(entry @ FlowEntry::Followed(_)) = self.entries.get_mut(id.index()) else { continue };
            let FlowEntry::Followed(flow) = entry else { continue };
            let before = flow.backlog();
            let packets = Packets { segment: None, source: &*self.source };
            flow.give_up_backlog(packet, packets, &mut self.writer);
            let after = flow.backlog();
            flow.noted_backlog = after;
            if flow.is_uninteresting() {
                *entry = FlowEntry::Ignored(flow.flow.octets());
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
        let Some(entry @ FlowEntry::Followed(_)) = self.entries.get_mut(id.index()) else { return };
        let FlowEntry::Followed(flow) = entry else { return };
        let packets = Packets { segment: None, source: &*self.source };
        flow.give_up_end(packets, &mut self.writer);
        let after = flow.backlog();
        flow.noted_backlog = after;
        let is_gone = let_go(entry, packets, &mut self.writer, &mut self.touched, &mut self.spare);
        self.backlog.note(id, if is_gone { 0 } else { after });
    }

    /// Says that no packet is there for now: whoever watches a connection that the user says is a WebSocket sees its frames
    /// without waiting for more of them.
    pub fn idle(&mut self) {
        self.told.retain(|id| {
            let Some(FlowEntry::Followed(flow)) = self.entries.get_mut(id.index()) else { return false };
            let packets = Packets { segment: None, source: &*self.source };
            let lacks_frames = flow.read_as_told(packets, &mut self.writer);
            self.touched.note(flow);
            lacks_frames
        });
    }

    /// Says that no packet follows.
    pub fn finish(&mut self) {
        for entry in &mut self.entries {
            let FlowEntry::Followed(flow) = entry else { continue };
            flow.finish(Packets { segment: None, source: &*self.source }, &mut self.writer);
            self.touched.note(flow);
        }
        self.writer.report_encrypted();
    }

    /// Lets snapshots see everything that has changed.
    pub fn publish(&mut self) {
        for id in std::mem::take(&mut self.touched.changed) {
            if let Some(FlowEntry::Followed(flow)) = self.entries.get_mut(id.index()) {
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
        assert!(size_of::<FlowEntry>() <= 16, "{}", size_of::<FlowEntry>());
    }
}
