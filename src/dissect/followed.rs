//! One TCP connection that is followed: from its segments to what it bears.
//!
//! ```text
//!   segment ─▶ TcpFlow ── events, in order ──────────────────────▶ Channel
//!                                  └▶ Layer ── those of its streams ─▶ Channel, Channel …
//! ```
//!
//! TCP itself is the carrier of one WebSocket. Where a layer stands between, each of its streams is one.

use std::sync::Arc;

use super::carrier::{Borne, Carrier, Layer, Stream};
use super::channel::{Channel, Context};
use super::flow::backlog::{QUEUED, queue};
use super::flow::{Data, FlowEvent, Packets, TcpFlow};
use super::index::Writer;
use super::index::finding::Gap;
use super::opening::decisions::UserDecision;
use super::opening::{Brought, CarrierFacts, Chunk, Opening, UserOverride, WINDOW};
use crate::base::{ConnectionId, PacketRef, Piece};
use crate::net::{Direction, GapCause, Segment, StreamEvent};

/// A TCP connection that is followed.
///
/// In the order in which it lies in memory: what a packet with the next frames of an open WebSocket needs is in six cache
/// lines of 64 octets, three of its [`Half`](super::flow::Half), two of its [`FrameStream`](super::websocket::FrameStream), and
/// one of all.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Followed {
    pub flow: TcpFlow,
    /// The channel of TCP itself, where no layer stands between.
    pub channel: Channel,
    /// The layer on TCP, and what its streams bear.
    layered: Option<Box<Layered>>,
    /// It is on the list of what the next snapshot has to publish.
    is_changed: bool,
    /// The judging of payloads waits for something to happen here.
    pub is_awaited: bool,
    /// Octets of its backlog when they were last noted.
    pub noted_backlog: usize,
}

/// A layer on TCP, with a channel for each of its streams.
#[derive(Debug)]
struct Layered {
    layer: Box<dyn Layer>,
    channels: Vec<Channel>,
}

/// The octets of a TCP connection as its own carrier.
struct TcpOctets<'a> {
    flow: &'a TcpFlow,
    packets: Packets<'a>,
}

/// The octets of a stream of a layer.
struct LayerOctets<'a> {
    tcp: TcpOctets<'a>,
    layer: &'a dyn Layer,
    number: usize,
}

impl Brought for LayerOctets<'_> {
    fn facts(&self) -> CarrierFacts {
        facts(self.tcp.flow)
    }

    fn read(&self, direction: Direction, at: u64, len: u32, out: &mut Vec<u8>) {
        let lower = Stream::Tcp(self.tcp.flow.half(direction).stream.view());
        let stream = self.layer.stream(self.number, direction, lower);
        let range = at..at.saturating_add(u64::from(len)).min(stream.end()).max(at);
        out.clear();
        if let Ok(read) = stream.read(range, self.tcp.packets.source) {
            let known = read.missing.first().map_or(read.end(), |hole| hole.start) - at;
            out.extend_from_slice(read.octets.get(..known as usize).unwrap_or_default());
        }
    }
}

fn facts(flow: &TcpFlow) -> CarrierFacts {
    let TcpFlow { id, ends, last_packet, first_end, .. } = *flow;
    CarrierFacts { flow: id, ends, last_packet, first_end }
}

impl Brought for TcpOctets<'_> {
    fn facts(&self) -> CarrierFacts {
        facts(self.flow)
    }

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
    pub fn new(segment: &Segment<'_>, starts: [Option<u32>; 2], decision: Option<UserDecision>) -> Followed {
        let begins_late = starts == [None; 2] && !segment.flags.syn() || lacks_beginning(segment, starts);
        let user_override = UserOverride::new(decision, &segment.ends(), starts);
        Followed {
            flow: TcpFlow::new(segment, starts),
            channel: Channel::new(Opening::new(begins_late, user_override)),
            layered: None,
            is_changed: false,
            is_awaited: false,
            noted_backlog: 0,
        }
    }

    /// Puts a layer upon it.
    #[cfg_attr(not(test), expect(dead_code, reason = "made by what decrypts TLS and takes HTTP/2 apart, and by tests"))]
    pub fn with_layer(self, layer: Box<dyn Layer>) -> Followed {
        Followed { layered: Some(Box::new(Layered { layer, channels: Vec::new() })), ..self }
    }

    /// Takes a segment.
    pub fn segment(&mut self, segment: &Segment<'_>, packets: Packets<'_>, writer: &mut Writer) {
        let peer = segment.direction.reverse();
        self.flow.last_packet = segment.packet;
        let assembler = &mut self.flow.half_mut(peer).assembler;
        let unknown_ack = segment.ack.filter(|ack| !assembler.acknowledged_known(*ack));
        for channel in self.channels_mut() {
            channel.websocket.conversation.peer_is_behind = unknown_ack.is_some();
        }
        let had_ended = self.flow.has_ended();
        match self.flow.push_next(segment) {
            Some(data) => {
                self.data(segment.direction, data, packets, writer);
                self.take_repeats(packets, writer);
            }
            None => self.events(segment.direction, packets, writer, |flow, events| flow.push(segment, events)),
        }
        if let Some(ack) = unknown_ack {
            self.events(peer, packets, writer, |flow, events| flow.acknowledge(peer, ack, events));
        }
        let is_overridden = self.channel.opening.as_ref().is_some_and(|opening| opening.is_overridden());
        if had_ended || is_overridden {
            self.with_channels(packets, writer, |channel, context| {
                channel.override_if_due(false, context);
                if had_ended {
                    // The packet behind both FINs, which acknowledges the last one, is the last of a connection.
                    channel.close(context);
                }
            });
        }
    }

    /// Takes that nothing follows.
    pub fn finish(&mut self, packets: Packets<'_>, writer: &mut Writer) {
        for direction in BOTH {
            self.events(direction, packets, writer, |flow, events| flow.finish(direction, events));
        }
        self.with_channels(packets, writer, |channel, context| channel.finish(context));
    }

    /// Waits no longer for what is missing of a connection that has ended.
    pub fn give_up_end(&mut self, packets: Packets<'_>, writer: &mut Writer) {
        for direction in BOTH {
            self.events(direction, packets, writer, |flow, events| flow.give_up_end(direction, events));
        }
        let is_over = self.flow.give_up_flight() || self.flow.has_ended();
        self.with_channels(packets, writer, |channel, context| {
            channel.override_if_due(false, context);
            if is_over {
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
            self.with_channels(packets, writer, |channel, context| channel.give_up_backlog(context));
        }
    }

    /// Octets of memory that it takes, about, because something is missing.
    #[inline]
    pub fn backlog(&self) -> usize {
        let queued = |direction| queue(self.flow.queued(direction), QUEUED);
        let borne = match &self.layered {
            None => self.channel.backlog(),
            Some(layered) => layered.channels.iter().map(Channel::backlog).sum(),
        };
        queued(Direction::Forward) + queued(Direction::Backward) + borne
    }

    /// Returns whether this is the first change since the last `publish`.
    pub fn mark_changed(&mut self) -> bool {
        self.connections().next().is_some() && !std::mem::replace(&mut self.is_changed, true)
    }

    /// Lets snapshots see its connection as it is now.
    pub fn publish(&mut self, writer: &mut Writer) {
        self.is_changed = false;
        let facts = facts(&self.flow);
        for (number, channel) in self.channels().enumerate() {
            let Some(connection) = channel.connection else { continue };
            writer.publish(connection, channel.tally(&facts));
            let tcp = Carrier::Tcp(self.flow.keep());
            let carrier = match &self.layered {
                Some(layered) => layered.layer.keep(number, Arc::new(tcp)),
                None => tcp,
            };
            writer.publish_carrier(connection, carrier);
        }
    }

    /// Returns what the carrier of a connection has brought of a direction.
    pub fn stream(&self, connection: ConnectionId, direction: Direction) -> Option<Stream<'_>> {
        let tcp = Stream::Tcp(self.flow.half(direction).stream.view());
        let Some(layered) = &self.layered else { return Some(tcp) };
        let number = layered.channels.iter().position(|channel| channel.connection == Some(connection))?;
        Some(layered.layer.stream(number, direction, tcp))
    }

    /// The connections that it bears, or bore last.
    pub fn connections(&self) -> impl Iterator<Item = ConnectionId> {
        self.channels().filter_map(|channel| channel.connection)
    }

    /// Returns whether it can never bear a WebSocket any more, nor ever did.
    pub fn is_uninteresting(&self) -> bool {
        self.layered.is_none() && self.channel.is_uninteresting()
    }

    /// The connection that it bore, where nothing can come any more.
    pub fn over(&self) -> Option<ConnectionId> {
        self.channel.connection.filter(|_| self.channel.is_over)
    }

    fn channels(&self) -> impl Iterator<Item = &Channel> {
        let (one, others) = match &self.layered {
            Some(layered) => (None, &layered.channels[..]),
            None => (Some(&self.channel), &[][..]),
        };
        one.into_iter().chain(others)
    }

    fn channels_mut(&mut self) -> impl Iterator<Item = &mut Channel> {
        let (one, others) = match &mut self.layered {
            Some(layered) => (None, &mut layered.channels[..]),
            None => (Some(&mut self.channel), &mut [][..]),
        };
        one.into_iter().chain(others)
    }

    /// Returns whether the user says that there are frames and none are read. Reads them, if it is clear where they
    /// are.
    pub fn read_as_told(&mut self, packets: Packets<'_>, writer: &mut Writer) -> bool {
        let mut lacks_frames = false;
        self.with_channels(packets, writer, |channel, context| lacks_frames |= channel.read_as_told(context));
        lacks_frames
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
        self.take_repeats(packets, writer);
    }

    /// Compares second copies whose first ones have come meanwhile. Nearly never is there one.
    #[inline(always)]
    fn take_repeats(&mut self, packets: Packets<'_>, writer: &mut Writer) {
        if self.flow.has_repeats() {
            self.take_repeats_due(packets, writer);
        }
    }

    fn take_repeats_due(&mut self, packets: Packets<'_>, writer: &mut Writer) {
        for (direction, event) in self.flow.repeats_due() {
            self.event(direction, event, packets, writer);
        }
    }

    fn event(&mut self, direction: Direction, event: FlowEvent, packets: Packets<'_>, writer: &mut Writer) {
        match event {
            FlowEvent::Data(data) => self.data(direction, data, packets, writer),
            FlowEvent::Gap(gap) => match &mut self.layered {
                Some(layered) => {
                    let mut borne = Vec::new();
                    layered.layer.gap(direction, gap.at, gap.len, &mut borne);
                    self.take_borne(direction, borne, gap, PacketRef::default(), packets, writer);
                }
                None => self.with_channels(packets, writer, |channel, context| {
                    channel.chunk(direction, Chunk::Gap(gap), None, context);
                }),
            },
            // The first copy counts.
            FlowEvent::Repeat { at, piece } => {
                if let Some(connection) = self.channel.connection
                    && let Some(conflict) = self.flow.compare(direction, at, piece, packets)
                {
                    self.channel.websocket.conflict(connection, direction, conflict, writer);
                }
            }
            FlowEvent::End { how, packet } => {
                self.with_channels(packets, writer, |channel, context| channel.end(direction, how, packet, context));
            }
        }
    }

    fn data(&mut self, direction: Direction, data: Data, packets: Packets<'_>, writer: &mut Writer) {
        let Data { at, piece, heard } = data;
        if self.layered.is_some() {
            return self.layer_data(direction, at, piece, packets, writer);
        }
        let mut read = Vec::new();
        let octets = packets.read(piece.span.take(WINDOW), &mut read);
        let chunk = Chunk::Data { at, len: piece.span.len, packet: piece.packet, heard };
        let brought = TcpOctets { flow: &self.flow, packets };
        self.channel.chunk(direction, chunk, Some(octets), &mut Context { writer, brought: &brought });
    }

    /// Takes the next octets of TCP where a layer stands on it.
    fn layer_data(&mut self, direction: Direction, at: u64, piece: Piece, packets: Packets<'_>, writer: &mut Writer) {
        let Some(layered) = &mut self.layered else { return };
        let (mut borne, mut read, mut done) = (Vec::new(), Vec::new(), 0);
        while done < piece.span.len {
            let octets = packets.read(piece.span.skip(done).take(WINDOW), &mut read);
            if octets.is_empty() {
                break;
            }
            layered.layer.data(direction, at + u64::from(done), octets, &mut borne);
            done += octets.len() as u32;
        }
        let before = self.flow.half(direction).stream.last_packet();
        let gap = Gap { at, len: 0, cause: GapCause::NotCaptured, before, packet: piece.packet.id, lost: false };
        self.take_borne(direction, borne, gap, piece.packet, packets, writer);
    }

    /// Takes what a layer found: each stream's channel gets its own. Octets that are not known are told as `gap` is.
    fn take_borne(
        &mut self,
        direction: Direction,
        borne: Vec<Borne>,
        gap: Gap,
        packet: PacketRef,
        packets: Packets<'_>,
        writer: &mut Writer,
    ) {
        let Some(layered) = &mut self.layered else { return };
        let Layered { layer, channels } = &mut **layered;
        for Borne { stream: number, at, len, octets } in borne {
            while channels.len() <= number {
                channels.push(Channel::new(Opening::new(false, None)));
            }
            let tcp = TcpOctets { flow: &self.flow, packets };
            let brought = LayerOctets { tcp, layer: &**layer, number };
            let chunk = match &octets {
                Some(octets) => Chunk::Data { at, len: octets.len() as u32, packet, heard: None },
                None => Chunk::Gap(Gap { at, len, ..gap }),
            };
            let mut context = Context { writer, brought: &brought };
            if let Some(channel) = channels.get_mut(number) {
                channel.chunk(direction, chunk, octets.as_deref(), &mut context);
            }
        }
    }

    /// Lets every channel do something.
    fn with_channels(
        &mut self,
        packets: Packets<'_>,
        writer: &mut Writer,
        mut act: impl FnMut(&mut Channel, &mut Context<'_>),
    ) {
        let tcp = TcpOctets { flow: &self.flow, packets };
        let Some(layered) = &mut self.layered else {
            return act(&mut self.channel, &mut Context { writer, brought: &tcp });
        };
        let Layered { layer, channels } = &mut **layered;
        for (number, channel) in channels.iter_mut().enumerate() {
            let brought = LayerOctets { tcp: TcpOctets { ..tcp }, layer: &**layer, number };
            act(channel, &mut Context { writer, brought: &brought });
        }
    }
}

/// Returns whether the capture has a SYN, and neither an answer to it nor the first octets behind it.
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
