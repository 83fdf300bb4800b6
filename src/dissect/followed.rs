//! One TCP connection that is followed: from its segments to what it bears.
//!
//! ```text
//!   segment ─▶ TcpFlow ── events, in order ─▶ Channel
//! ```

use super::carrier::{Carrier, Stream};
use super::channel::{Channel, Context};
use super::flow::backlog::{HELD, queue};
use super::flow::{Event, Packets, TcpFlow};
use super::index::Writer;
use super::opening::decisions::Decision;
use super::opening::{Brought, CarrierFacts, Chunk, Opening, UserOverride, WINDOW};
use crate::base::{ConnectionId, PacketRef};
use crate::net::{Direction, Segment, StreamEvent};

/// A TCP connection that is followed.
///
/// In the order in which it lies in memory: what a packet with the next frames of an open WebSocket needs is in six cache
/// lines of 64 octets, three of its [`Half`](super::flow::Half), two of its [`FrameStream`](super::websocket::FrameStream), and
/// one of all.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Followed {
    pub flow: TcpFlow,
    pub channel: Channel,
    /// It is on the list of what the next snapshot has to publish.
    is_changed: bool,
    /// The judging of payloads waits for something to happen here.
    pub is_awaited: bool,
}

/// The octets of a TCP connection as its own carrier.
struct TcpOctets<'a> {
    flow: &'a TcpFlow,
    packets: Packets<'a>,
}

impl Brought for TcpOctets<'_> {
    fn read(&self, direction: Direction, at: u64, len: u32, out: &mut Vec<u8>) {
        out.clear();
        let (mut end, mut part) = (at, Vec::new());
        for piece in self.flow.half(direction).stream.spans(at..at.saturating_add(u64::from(len))) {
            let octets = self.packets.read(piece.span, &mut part);
            if piece.at != end || octets.len() < piece.span.len as usize {
                break;
            }
            out.extend_from_slice(octets);
            end = piece.end();
        }
    }
}

const BOTH: [Direction; 2] = [Direction::Forward, Direction::Backward];

impl Followed {
    /// The TCP connection that `segment` belongs to; `starts` are the sequence numbers of the first octets of both directions,
    /// as far as they are known, and `decision` is what the user says.
    pub fn new(segment: &Segment<'_>, starts: [Option<u32>; 2], decision: Option<Decision>) -> Followed {
        let begins_late = starts == [None; 2] && !segment.flags.syn() || lacks_beginning(segment, starts);
        let user_override = UserOverride::new(decision, &segment.ends(), starts);
        Followed {
            flow: TcpFlow::new(segment, starts),
            channel: Channel::new(Opening::new(begins_late, user_override)),
            is_changed: false,
            is_awaited: false,
        }
    }

    /// Takes a segment.
    pub fn segment(&mut self, segment: &Segment<'_>, packets: Packets<'_>, writer: &mut Writer) {
        let peer = segment.direction.reverse();
        self.flow.last_packet = segment.packet;
        let assembler = &mut self.flow.half_mut(peer).assembler;
        let unknown_ack = segment.ack.filter(|ack| !assembler.acknowledged_known(*ack));
        self.channel.websocket.conversation.peer_is_behind = unknown_ack.is_some();
        let had_ended = self.flow.has_ended();
        self.events(segment.direction, packets, writer, |flow, events| flow.push(segment, events));
        if let Some(ack) = unknown_ack {
            self.events(peer, packets, writer, |flow, events| flow.acknowledge(peer, ack, events));
        }
        self.with_channel(packets, writer, |channel, context| {
            channel.override_if_due(false, context);
            if had_ended {
                // The packet behind both FINs, which acknowledges the last one, is the last of a connection.
                channel.close(context);
            }
        });
    }

    /// Takes that nothing follows.
    pub fn finish(&mut self, packets: Packets<'_>, writer: &mut Writer) {
        for direction in BOTH {
            self.events(direction, packets, writer, |flow, events| flow.finish(direction, events));
        }
        self.with_channel(packets, writer, |channel, context| channel.finish(context));
    }

    /// Waits no longer for what is missing of a connection that has ended.
    pub fn give_up_end(&mut self, packets: Packets<'_>, writer: &mut Writer) {
        for direction in BOTH {
            self.events(direction, packets, writer, |flow, events| flow.give_up_end(direction, events));
        }
        let has_ended = self.flow.has_ended();
        self.with_channel(packets, writer, |channel, context| {
            channel.override_if_due(false, context);
            if has_ended {
                channel.close(context);
            }
        });
    }

    /// Gives up some of what is kept, `packet` being the one that was too much: the first holes, else what waits for an
    /// answer, else heads.
    pub fn give_up_backlog(&mut self, packet: PacketRef, packets: Packets<'_>, writer: &mut Writer) {
        let mut has_holes = false;
        for direction in BOTH {
            self.events(direction, packets, writer, |flow, events| {
                flow.give_up_hole(direction, packet, events);
                has_holes |= !events.is_empty();
            });
        }
        if !has_holes {
            self.with_channel(packets, writer, |channel, context| channel.give_up_backlog(context));
        }
    }

    /// Octets of memory that it takes, about, because something is missing.
    pub fn backlog(&self) -> usize {
        self.flow.held().map(|held| queue(held, HELD)).iter().sum::<usize>() + self.channel.backlog()
    }

    /// Whether this is the first change since the last `publish`.
    pub fn mark_changed(&mut self) -> bool {
        self.channel.connection.is_some() && !std::mem::replace(&mut self.is_changed, true)
    }

    /// Lets snapshots see its connection as it is now.
    pub fn publish(&mut self, writer: &mut Writer) {
        self.is_changed = false;
        if let Some(connection) = self.channel.connection {
            writer.publish(connection, self.channel.tally(&self.facts()));
            writer.publish_carrier(connection, Carrier::Tcp(self.flow.keep()));
        }
    }

    /// What its carrier has brought of a direction.
    pub fn stream(&self, direction: Direction) -> Stream<'_> {
        Stream::Tcp(self.flow.half(direction).stream.view())
    }

    /// The connection that it bears, or bore last.
    pub fn connection(&self) -> Option<ConnectionId> {
        self.channel.connection
    }

    /// Whether the user says that there are frames and none are read. Reads them, if it is clear where they are.
    pub fn read_as_told(&mut self, packets: Packets<'_>, writer: &mut Writer) -> bool {
        self.with_channel(packets, writer, |channel, context| channel.read_as_told(context))
    }

    fn facts(&self) -> CarrierFacts {
        let TcpFlow { id, ends, last_packet, first_end, .. } = self.flow;
        CarrierFacts { flow: id, ends, last_packet, first_end }
    }

    /// Takes the events that `tell` appends, one by one.
    fn events(
        &mut self,
        direction: Direction,
        packets: Packets<'_>,
        writer: &mut Writer,
        tell: impl FnOnce(&mut TcpFlow, &mut Vec<StreamEvent>),
    ) {
        let mut events = writer.room_for_events();
        tell(&mut self.flow, &mut events);
        for event in events.drain(..) {
            if let Some(event) = self.flow.deliver(direction, event, packets.segment) {
                self.event(direction, event, packets, writer);
            }
        }
        writer.events = events;
        for (direction, event) in self.flow.repeats_due() {
            self.event(direction, event, packets, writer);
        }
    }

    fn event(&mut self, direction: Direction, event: Event, packets: Packets<'_>, writer: &mut Writer) {
        match event {
            Event::Data { at, piece, heard } => {
                let mut read = Vec::new();
                let octets = packets.read(piece.span.take(WINDOW), &mut read);
                let chunk = Chunk::Data { at, len: piece.span.len, packet: piece.packet, heard };
                self.with_channel(packets, writer, |channel, context| {
                    channel.chunk(direction, chunk, Some(octets), context);
                });
            }
            Event::Gap(gap) => self.with_channel(packets, writer, |channel, context| {
                channel.chunk(direction, Chunk::Gap(gap), None, context);
            }),
            // The first copy counts.
            Event::Repeat { at, piece } => {
                if let Some(connection) = self.channel.connection
                    && let Some(conflict) = self.flow.compare(direction, at, piece, packets)
                {
                    self.channel.websocket.conflict(connection, direction, conflict, writer);
                }
            }
            Event::End { how, packet } => {
                self.with_channel(packets, writer, |channel, context| channel.end(direction, how, packet, context));
            }
        }
    }

    fn with_channel<T>(
        &mut self,
        packets: Packets<'_>,
        writer: &mut Writer,
        act: impl FnOnce(&mut Channel, &mut Context<'_>) -> T,
    ) -> T {
        let carrier = self.facts();
        let brought = TcpOctets { flow: &self.flow, packets };
        act(&mut self.channel, &mut Context { writer, brought: &brought, carrier })
    }
}

/// Whether the capture has a SYN, and neither an answer to it nor the first octets behind it.
fn lacks_beginning(segment: &Segment<'_>, starts: [Option<u32>; 2]) -> bool {
    let (own, peer) = (segment.direction.index(), segment.direction.reverse().index());
    match (starts[own], starts[peer]) {
        (Some(start), None) => segment.seq != start && !segment.flags.syn(),
        (None, Some(start)) => segment.ack.is_some_and(|ack| ack != start) && !segment.flags.syn(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_small() {
        assert!(size_of::<Followed>() <= 1280, "{}", size_of::<Followed>());
    }
}
