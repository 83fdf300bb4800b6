//! One TCP connection: two streams, and what reads them.
//!
//! ```text
//!   segment ─▶ Assembler ─▶ ByteStream (remembers where the octets are)
//!                  │
//!                  └─▶ Chunk ─▶ waiting? ─▶ Side::Http    heads; the client's side stops at an Upgrade request and
//!                               (queue)                   waits for the answer
//!                                           Side::Frames  frames, from the handshake's end on
//! ```
//!
//! Nearly every packet of a busy capture is the next one of an open WebSocket. It takes a short way past all questions
//! ([`FlowState::next_segment`]), and what it touches lies together.

pub(in crate::dissect) mod backlog;
pub(in crate::dissect) mod closing;
pub(in crate::dissect) mod fast;
pub(in crate::dissect) mod lane;
pub(in crate::dissect) mod others;
pub(in crate::dissect) mod overlap;
pub(in crate::dissect) mod table;

use std::collections::VecDeque;

use crate::base::{ConnectionId, FlowId, PacketRef, Piece, ReadAt};
use crate::dissect::Decision;
use crate::dissect::carrier::Carrier;
use crate::dissect::flow::lane::{Chunk, Lane, Side};
use crate::dissect::flow::overlap::Double;
use crate::dissect::index::connection::{End, TcpEnd};
use crate::dissect::index::{Tally, Writer};
use crate::dissect::opening::exchange::Exchange;
use crate::dissect::opening::recognition::Patience;
use crate::dissect::opening::user_override::Forced;
use crate::dissect::websocket::conversation::Conversation;
use crate::http::HttpStep;
use crate::net::{self, Direction, Segment, StreamEvent, WholeSegment};

/// Chunks that may wait for the answer to an Upgrade request. Behind so many the answer is taken for lost.
const MAX_WAITING: usize = 16_384;
/// Octets that are read again at once: of a large piece, much may be given back and read again.
const WINDOW: u32 = 1 << 16;

/// What a flow needs from outside while it handles a segment.
pub(in crate::dissect) struct Context<'a> {
    pub writer: &'a mut Writer,
    pub source: &'a dyn ReadAt,
    /// The segment being handled: its octets need not be read again.
    pub segment: Option<&'a Segment<'a>>,
}

/// The state of one TCP connection. In the order in which it lies in memory: what every packet needs, and that of each
/// [`Lane`], is together.
#[derive(Debug)]
#[repr(C, align(64))]
pub(in crate::dissect) struct FlowState {
    /// The packet being handled, or the last one that was.
    pub last_packet: PacketRef,
    /// What the sides of the connection have to do with each other.
    pub conversation: Conversation,
    /// The connection that the flow carries now.
    pub connection: Option<ConnectionId>,
    /// Both lanes read frames, and nothing waits or is in doubt.
    pub is_settled: bool,
    /// It is on the list of what the next snapshot has to publish.
    changed: bool,
    /// The judging of payloads waits for something to happen here.
    pub awaited: bool,
    /// It carried a connection, and nothing can come any more.
    pub is_over: bool,
    /// It has ended, and what is missing of it is waited for.
    pub is_closing: bool,
    pub lanes: [Lane; 2],
    /// How long it was guessed what it carries.
    pub patience: Patience,
    pub id: FlowId,
    pub ends: net::Flow,
    pub exchange: Exchange,
    /// Second copies of octets whose first copy waits behind a hole.
    pub doubles: Vec<Double>,
    /// The first end of TCP, for a connection that is found later than that.
    pub first_end: Option<(Direction, End, PacketRef)>,
    /// The user says that it carries a WebSocket.
    pub forced: Option<Box<Forced>>,
}

impl FlowState {
    /// The state of the flow that `segment` belongs to; `starts` are the sequence numbers of the first octets of both
    /// directions, as far as they are known, and `decision` is what the user says.
    pub fn new(segment: &Segment<'_>, starts: [Option<u32>; 2], decision: Option<Decision>) -> FlowState {
        let mut lanes = starts.map(Lane::new);
        if starts == [None; 2] && !segment.flags.syn() || lacks_beginning(segment, starts) {
            lanes.iter_mut().for_each(|lane| lane.side = Side::Guess);
        }
        let ends = segment.ends();
        let forced = Forced::new(decision, &ends, starts);
        FlowState {
            lanes,
            is_settled: false,
            is_over: false,
            is_closing: false,
            patience: Patience::default(),
            changed: false,
            awaited: false,
            connection: None,
            conversation: Conversation::default(),
            last_packet: segment.packet,
            id: segment.flow,
            ends,
            exchange: Exchange::default(),
            doubles: Vec::new(),
            first_end: None,
            forced,
        }
    }

    /// Reads from what [`next_segment`](FlowState::next_segment) needs for a segment of that direction: of each place that
    /// the processor fetches by itself, so that all are fetched at once.
    #[inline]
    pub fn touch(&self, direction: Direction) {
        let lane = &self.lanes[direction.index()];
        let places = [
            self.lanes[direction.reverse().index()].assembler.next_offset(),
            lane.assembler.next_offset(),
            lane.stream.touch(),
            lane.side.touch(),
            self.last_packet.time.0,
        ];
        // What was read is not wanted, and must not be left out for that.
        std::hint::black_box(places.iter().fold(0, |sum, place| sum ^ place));
    }

    /// The short way of [`segment`](FlowState::segment): both sides read frames, nothing waits, and the segment brings
    /// the next octets or only acknowledges what is there. Whether it was taken; if so, nothing else has changed.
    #[inline(always)]
    pub fn next_segment(&mut self, segment: &WholeSegment<'_>, writer: &mut Writer) -> bool {
        let (own, peer) = (segment.direction.index(), segment.direction.reverse().index());
        let is_ack_known = segment.ack().is_none_or(|ack| self.lanes[peer].assembler.acknowledged_known(ack));
        let (true, true, Some(connection)) = (self.is_settled, is_ack_known, self.connection) else { return false };
        let lane = &mut self.lanes[own];
        let Side::Frames(side) = &mut lane.side else { return false };
        if segment.octets.is_empty() {
            if !lane.assembler.is_indifferent_to_empty() {
                return false;
            }
        } else {
            let Some(at) = lane.assembler.push_next_whole(segment) else { return false };
            lane.stream.push(at, segment.piece());
            lane.last_packet = segment.packet().id;
            self.conversation.peer_is_behind = false;
            side.feed(connection, &mut self.conversation, at, segment.octets, segment.packet(), writer);
        }
        self.last_packet = segment.packet();
        true
    }

    pub fn segment(&mut self, segment: &Segment<'_>, context: &mut Context<'_>) {
        let (own, peer) = (segment.direction.index(), segment.direction.reverse().index());
        self.last_packet = segment.packet;
        let is_ack_known = segment.ack.is_none_or(|ack| self.lanes[peer].assembler.acknowledged_known(ack));
        self.conversation.peer_is_behind = !is_ack_known;
        let both_ended = self.lanes.iter().all(|lane| lane.ended.is_some());
        if let Some((at, piece, _)) = self.lanes[own].assembler.push_next(segment) {
            self.data(segment.direction, at, piece, context);
        } else if !self.lanes[own].assembler.is_indifferent_to(segment) {
            let mut events = context.writer.room_for_events();
            self.lanes[own].assembler.push(segment, &mut events);
            self.events(segment.direction, events, context);
        }
        if let Some(ack) = segment.ack.filter(|_| !is_ack_known) {
            let mut events = context.writer.room_for_events();
            self.lanes[peer].assembler.acknowledged(ack, segment.packet, &mut events);
            self.events(segment.direction.reverse(), events, context);
        }
        self.force_if_due(false, context);
        if both_ended {
            // The packet behind both FINs, which acknowledges the last one, is the last of a connection.
            self.end(context);
        }
    }

    /// Nothing follows.
    pub fn finish(&mut self, context: &mut Context<'_>) {
        for direction in [Direction::Forward, Direction::Backward] {
            let mut events = context.writer.room_for_events();
            self.lanes[direction.index()].assembler.finish(self.last_packet, &mut events);
            self.events(direction, events, context);
        }
        self.conclude_guess(context);
        self.give_up_waiting(context);
        self.force_if_due(true, context);
        for direction in [Direction::Forward, Direction::Backward] {
            self.end_side(direction, context);
        }
        self.end(context);
    }

    /// Whether this can never carry a WebSocket any more, nor ever did.
    pub fn is_uninteresting(&self) -> bool {
        let is_done = |lane: &Lane| matches!(lane.side, Side::Done);
        self.connection.is_none()
            && (self.lanes.iter().any(is_done) || self.lanes.iter().all(|lane| lane.ended.is_some()))
    }

    /// Whether this is the first change since the last `publish`.
    pub fn mark_changed(&mut self) -> bool {
        self.connection.is_some() && !std::mem::replace(&mut self.changed, true)
    }

    /// Lets snapshots see the flow's connection as it is now.
    pub fn publish(&mut self, writer: &mut Writer) {
        self.changed = false;
        self.publish_connection(writer);
        if let Some(connection) = self.connection {
            writer.publish_carrier(connection, self.carrier());
        }
    }

    /// The same without the streams, which cost the more the longer they are.
    pub fn publish_connection(&self, writer: &mut Writer) {
        let Some(connection) = self.connection else { return };
        let mut tally =
            Tally { end: self.last_packet.time, last_frame: self.conversation.last_frame, ..Tally::default() };
        for lane in &self.lanes {
            if let Side::Frames(side) = &lane.side {
                side.count(&mut tally);
            }
        }
        writer.publish(connection, tally);
    }

    /// Both directions as they are now.
    pub fn carrier(&self) -> Carrier {
        Carrier::Tcp(self.lanes.each_ref().map(|lane| lane.stream.keep()))
    }

    pub fn events(&mut self, direction: Direction, mut events: Vec<StreamEvent>, context: &mut Context<'_>) {
        for event in events.drain(..) {
            self.event(direction, event, context);
        }
        context.writer.events = events;
        if !self.doubles.is_empty() {
            self.compare_doubles(context);
        }
    }

    fn event(&mut self, direction: Direction, event: StreamEvent, context: &mut Context<'_>) {
        match event {
            StreamEvent::Data { at, piece } => self.data(direction, at, piece, context),
            StreamEvent::Gap { at, len, cause, packet } => {
                self.lanes[direction.index()].stream.push_gap(at, len);
                self.chunk(direction, Chunk::Gap { at, len, cause, packet }, context);
            }
            // The first copy counts.
            StreamEvent::Overlap { at, piece } => self.overlap(direction, at, piece, context),
            StreamEvent::Fin { packet, .. } => self.tcp_end(direction, End::Fin, packet, context),
            StreamEvent::Reset { packet, .. } => self.tcp_end(direction, End::Reset, packet, context),
        }
    }

    /// The next octets of a direction.
    fn data(&mut self, direction: Direction, at: u64, piece: Piece, context: &mut Context<'_>) {
        self.lanes[direction.index()].stream.push(at, piece);
        let peer = &self.lanes[direction.reverse().index()].assembler;
        let heard = match context.segment {
            Some(segment) if segment.packet.id == piece.packet.id => segment.ack.and_then(|ack| peer.position_of(ack)),
            // It was held, so the capture has packets in another order than they were sent in.
            _ => Some(u64::MAX),
        };
        self.chunk(direction, Chunk::Data { at, piece, heard }, context);
    }

    /// The next part of a direction's stream.
    pub fn chunk(&mut self, direction: Direction, chunk: Chunk, context: &mut Context<'_>) {
        self.keep_for_force(direction, chunk, context);
        if self.lanes[direction.index()].waiting.is_empty() && !self.waits(direction) {
            // Nothing stands before it.
            if let Some(rest) = self.feed(direction, chunk, context) {
                self.lanes[direction.index()].waiting.push_back(rest);
                self.drain(direction, context);
            }
        } else {
            self.lanes[direction.index()].waiting.push_back(chunk);
            self.drain(direction, context);
        }
        if matches!(self.lanes[direction.index()].side, Side::Guess) {
            self.guess(context);
        }
        self.meet_silence(context);
        if self.lanes[direction.index()].waiting.len() > MAX_WAITING {
            self.give_up_waiting(context);
        }
        self.is_settled = self.exchange.late.is_none()
            && self.lanes.iter().all(|lane| {
                lane.waiting.is_empty() && matches!(&lane.side, Side::Frames(side) if side.untouched_client().is_none())
            });
    }

    fn tcp_end(&mut self, direction: Direction, how: End, packet: PacketRef, context: &mut Context<'_>) {
        if let Some(connection) = self.connection.and_then(|id| context.writer.connection(id)) {
            let by = connection.sender(direction);
            // What came first in the capture, even if a hole kept it back.
            if connection.tcp_end.is_none_or(|end| packet.id < end.packet) {
                connection.tcp_end = Some(TcpEnd { by, how, time: packet.time, packet: packet.id });
            }
        }
        if self.first_end.is_none_or(|(_, _, first)| packet.id < first.id) {
            self.first_end = Some((direction, how, packet));
        }
        if how == End::Reset
            && let Some(connection) = self.connection
        {
            context.writer.end_connection(connection, packet.time);
        }
        self.lanes[direction.index()].ended = Some(how);
        if how == End::Reset || self.lanes.iter().all(|lane| lane.ended.is_some()) {
            self.conclude_guess(context);
        }
        if how == End::Reset && self.lanes[direction.reverse().index()].waiting.is_empty() {
            self.end_side(direction.reverse(), context);
        }
        if self.lanes[direction.index()].waiting.is_empty() {
            self.end_side(direction, context);
        }
        if how == End::Reset {
            self.judge_end(context);
        }
    }

    /// Hands waiting chunks to the direction's side, until it has them all or waits itself.
    pub fn drain(&mut self, direction: Direction, context: &mut Context<'_>) {
        while !self.waits(direction) && !self.lanes[direction.index()].waiting.is_empty() {
            self.drain_one(direction, context);
        }
        let waiting = &mut self.lanes[direction.index()].waiting;
        if waiting.is_empty() {
            // Its room would add up among many flows.
            *waiting = VecDeque::new();
        }
    }

    /// Hands the first of them to the direction's side.
    pub fn drain_one(&mut self, direction: Direction, context: &mut Context<'_>) {
        if let Some(chunk) = self.lanes[direction.index()].waiting.pop_front()
            && let Some(rest) = self.feed(direction, chunk, context)
        {
            self.lanes[direction.index()].waiting.push_front(rest);
        }
    }

    /// Whether nothing can be read in this direction before the other one brings an answer.
    pub fn waits(&self, direction: Direction) -> bool {
        match &self.lanes[direction.index()].side {
            Side::Http(reader) => reader.is_waiting(),
            Side::Guess => true,
            Side::Frames(_) | Side::Search | Side::Done => false,
        }
    }

    /// Feeds one chunk; gives back what was not taken.
    fn feed(&mut self, direction: Direction, chunk: Chunk, context: &mut Context<'_>) -> Option<Chunk> {
        match chunk {
            Chunk::Data { at, piece, heard } => {
                let mut scratch = Vec::new();
                let octets = match context.segment.and_then(|segment| segment.octets_at(piece.span)) {
                    Some(octets) => octets,
                    None => {
                        // A file that cannot be read any more has lost octets, which is what a gap says.
                        if context.source.read_span(piece.span.take(WINDOW), &mut scratch).is_err() {
                            scratch.clear();
                        }
                        &scratch
                    }
                };
                let taken = self.feed_octets(direction, at, octets, piece.packet, context);
                let lane = &mut self.lanes[direction.index()];
                lane.last_packet = piece.packet.id;
                let taken = u32::try_from(taken).unwrap_or(u32::MAX);
                let rest = piece.span.skip(taken);
                // What is looked for stands where a segment starts, not somewhere in the rest of one.
                let wants_more = !matches!(lane.side, Side::Guess | Side::Search | Side::Done) && !octets.is_empty();
                (wants_more && rest.len > 0).then(|| Chunk::Data {
                    at: at + u64::from(taken),
                    piece: Piece { span: rest, packet: piece.packet },
                    heard,
                })
            }
            Chunk::Gap { len, .. } => {
                match &mut self.lanes[direction.index()].side {
                    Side::Http(reader) => {
                        if reader.skip(len).is_some() {
                            self.http_gap(direction, chunk, context);
                        }
                    }
                    Side::Frames(_) => self.frames_gap(direction, chunk, context),
                    Side::Guess | Side::Search | Side::Done => {}
                }
                None
            }
        }
    }

    /// Feeds octets that start at stream offset `at`; how many were taken.
    fn feed_octets(
        &mut self,
        direction: Direction,
        at: u64,
        octets: &[u8],
        packet: PacketRef,
        context: &mut Context<'_>,
    ) -> usize {
        self.meet_late_request(direction, at, octets, context);
        if matches!(self.lanes[direction.index()].side, Side::Search) {
            self.search(direction, at, octets, context);
        }
        let mut rest = octets;
        loop {
            let lane = &mut self.lanes[direction.index()];
            match (&mut lane.side, self.connection) {
                (Side::Http(reader), _) => match reader.next(&mut rest) {
                    Some(HttpStep::Head { at: start, octets }) => {
                        // What began in an earlier piece keeps that piece's packet.
                        let packet = if start < at { lane.began } else { packet };
                        self.head(direction, start, &octets, packet, context);
                    }
                    Some(HttpStep::Lost) => {
                        if at == 0 {
                            context.writer.note_encrypted(octets);
                        }
                        self.http_lost(direction);
                    }
                    None => break,
                },
                (Side::Frames(side), Some(connection)) => {
                    let at = at + (octets.len() - rest.len()) as u64;
                    side.feed(connection, &mut self.conversation, at, rest, packet, context.writer);
                    rest = &[];
                    break;
                }
                (Side::Guess | Side::Search | Side::Done | Side::Frames(_), _) => {
                    rest = &[];
                    break;
                }
            }
        }
        let lane = &mut self.lanes[direction.index()];
        if let Side::Http(reader) = &lane.side
            && !reader.is_waiting()
            && reader.partial_head().is_some_and(|start| start >= at)
        {
            lane.began = packet;
        }
        octets.len() - rest.len()
    }

    /// Nothing more comes in this direction, and everything that came was read.
    fn end_side(&mut self, direction: Direction, context: &mut Context<'_>) {
        if matches!(self.lanes[direction.index()].side, Side::Frames(_)) {
            // An RST ends both directions.
            let reset = self.lanes[direction.reverse().index()].ended.filter(|how| *how == End::Reset);
            self.frames_end(direction, self.lanes[direction.index()].ended.or(reset), context);
        }
    }

    /// After the sides changed: what waits can go on, and ends that came early take effect.
    pub fn resume(&mut self, direction: Direction, context: &mut Context<'_>) {
        self.drain(direction, context);
        if self.lanes[direction.index()].ended.is_some() && self.lanes[direction.index()].waiting.is_empty() {
            self.end_side(direction, context);
        }
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
    fn a_flow_is_small() {
        assert!(size_of::<FlowState>() <= 1280, "{}", size_of::<FlowState>());
        assert!(size_of::<net::Assembler>() <= 40, "{}", size_of::<net::Assembler>());
    }
}
