//! One TCP connection: two streams, and what reads them.
//!
//! ```text
//!   segment ─▶ Assembler ─▶ ByteStream (remembers where the octets are)
//!                  │
//!                  └─▶ Chunk ─▶ waiting? ─▶ Side::Http    heads; the client's side stops at an Upgrade request and
//!                               (queue)                   waits for the answer
//!                                           Side::Frames  frames, from the handshake's end on
//! ```

use std::collections::VecDeque;

use super::connection::{End, TcpEnd};
use super::frames::FrameSide;
use super::handshake::Exchange;
use super::index::Writer;
use crate::base::{ConnectionId, PacketRef, Piece, ReadAt};
use crate::http::{HttpReader, HttpStep};
use crate::net::{self, Assembler, ByteStream, Direction, GapCause, Segment, StreamEvent};
use crate::ws::Step;

/// Chunks that may wait for the answer to an Upgrade request. Behind so many the answer is taken for lost.
const MAX_WAITING: usize = 16_384;

/// What a flow needs from outside while it handles a segment.
pub(super) struct Context<'a> {
    pub writer: &'a mut Writer,
    pub source: &'a dyn ReadAt,
    /// The segment being handled: its octets need not be read again.
    pub segment: Option<&'a Segment<'a>>,
}

/// A part of a stream, in order.
#[derive(Clone, Copy, Debug)]
pub(super) enum Chunk {
    Data {
        at: u64,
        piece: Piece,
        /// How far the sender may have heard the peer's stream, where the packet tells: a stream offset.
        heard: Option<u64>,
    },
    Gap {
        at: u64,
        len: u64,
        cause: GapCause,
        packet: PacketRef,
    },
}

/// What reads one direction.
#[derive(Debug)]
pub(super) enum Side {
    Http(HttpReader),
    Frames(Box<FrameSide>),
    /// A gap hid where heads or frames start: a segment that starts with one is waited for.
    Search,
    /// Nothing more is to be learnt.
    Done,
}

/// The state of one TCP connection.
#[derive(Debug)]
pub(super) struct FlowState {
    assemblers: [Assembler; 2],
    pub streams: [ByteStream; 2],
    pub sides: [Side; 2],
    pub waiting: [VecDeque<Chunk>; 2],
    /// The packet with the first octet of the head or header that is being read.
    began: [PacketRef; 2],
    /// The packet that brought the last octets.
    pub last_packet: [PacketRef; 2],
    ended: [Option<End>; 2],
    pub ends: net::Flow,
    pub exchange: Exchange,
    /// The connection that the flow carries now.
    pub connection: Option<ConnectionId>,
    /// It is on the list of what the next snapshot has to publish.
    changed: bool,
    events: Vec<StreamEvent>,
}

impl Default for FlowState {
    fn default() -> Self {
        FlowState {
            assemblers: [Assembler::new(), Assembler::new()],
            streams: Default::default(),
            sides: [Side::Http(HttpReader::new(0)), Side::Http(HttpReader::new(0))],
            waiting: Default::default(),
            began: Default::default(),
            last_packet: Default::default(),
            ended: [None; 2],
            ends: net::Flow::NONE,
            exchange: Exchange::default(),
            connection: None,
            changed: false,
            events: Vec::new(),
        }
    }
}

/// Whether a segment of an ignored flow starts with something that opens a WebSocket: the capture began in the middle
/// of an HTTP connection, or lost a piece of it.
pub(super) fn wakes_up(segment: &Segment<'_>) -> bool {
    let Some(piece) = segment.pieces.first() else { return false };
    let names_websocket = |octets: &[u8]| octets.windows(14).any(|part| part.eq_ignore_ascii_case(b"sec-websocket-"));
    (piece.octets.starts_with(b"GET ") || piece.octets.starts_with(b"HTTP/1.1 101")) && names_websocket(piece.octets)
}

impl FlowState {
    pub fn segment(&mut self, segment: &Segment<'_>, context: &mut Context<'_>) {
        let direction = segment.direction;
        let both_ended = self.ended.iter().all(Option::is_some);
        self.ends = segment.ends;
        let mut events = std::mem::take(&mut self.events);
        self.assemblers[direction.index()].push(segment, &mut events);
        for event in events.drain(..) {
            self.event(direction, event, context);
        }
        if let Some(ack) = segment.ack {
            let peer = direction.reverse();
            self.assemblers[peer.index()].acknowledged(ack, segment.packet, &mut events);
            for event in events.drain(..) {
                self.event(peer, event, context);
            }
        }
        self.events = events;
        if let Some(connection) = self.connection {
            context.writer.touch(connection, segment.packet.time);
            if both_ended {
                // The packet behind both FINs, which acknowledges the last one, is the last of a connection.
                context.writer.end_connection(connection);
            }
        }
    }

    /// Nothing follows.
    pub fn finish(&mut self, context: &mut Context<'_>) {
        for direction in [Direction::Forward, Direction::Backward] {
            let mut events = Vec::new();
            self.assemblers[direction.index()].finish(&mut events);
            for event in events {
                self.event(direction, event, context);
            }
        }
        self.give_up_waiting(context);
        for direction in [Direction::Forward, Direction::Backward] {
            self.end_side(direction, context);
        }
    }

    /// Whether this can never carry a WebSocket any more, nor ever did.
    pub fn is_uninteresting(&self) -> bool {
        self.connection.is_none() && self.sides.iter().any(|side| matches!(side, Side::Done))
    }

    /// Whether this is the first change since the last `publish`.
    pub fn mark_changed(&mut self) -> bool {
        self.connection.is_some() && !std::mem::replace(&mut self.changed, true)
    }

    /// Lets snapshots see the flow's connection as it is now.
    pub fn publish(&mut self, writer: &mut Writer) {
        self.changed = false;
        if let Some(connection) = self.connection {
            writer.publish(connection, &self.streams);
        }
    }

    fn event(&mut self, direction: Direction, event: StreamEvent, context: &mut Context<'_>) {
        let stream = &mut self.streams[direction.index()];
        let chunk = match event {
            StreamEvent::Data { at, piece } => {
                stream.push(at, piece);
                let peer = &self.assemblers[direction.reverse().index()];
                let heard = match context.segment {
                    Some(segment) if segment.packet.id == piece.packet.id => {
                        segment.ack.and_then(|ack| peer.position_of(ack))
                    }
                    // It was held, so the capture has packets in another order than they were sent in.
                    _ => Some(u64::MAX),
                };
                Chunk::Data { at, piece, heard }
            }
            StreamEvent::Gap { at, len, cause, packet } => {
                stream.push_gap(at, len);
                Chunk::Gap { at, len, cause, packet }
            }
            // First copy wins; the octets are known already.
            StreamEvent::Overlap { .. } => return,
            StreamEvent::Fin { packet, .. } => return self.tcp_end(direction, End::Fin, packet, context),
            StreamEvent::Reset { packet, .. } => return self.tcp_end(direction, End::Reset, packet, context),
        };
        if self.waiting[direction.index()].is_empty() && !self.waits(direction) {
            // The common case: nothing stands before it.
            let rest = self.feed(direction, chunk, context);
            self.waiting[direction.index()].extend(rest);
        } else {
            self.waiting[direction.index()].push_back(chunk);
            self.drain(direction, context);
        }
        self.meet_silence(context);
        if self.waiting[direction.index()].len() > MAX_WAITING {
            self.give_up_waiting(context);
        }
    }

    fn tcp_end(&mut self, direction: Direction, how: End, packet: PacketRef, context: &mut Context<'_>) {
        if let Some(connection) = self.connection.and_then(|id| context.writer.connection(id)) {
            let by = connection.sender(direction);
            // What came first in the capture, even if a hole kept it back.
            if connection.tcp_end.is_none_or(|end| packet.id < end.packet) {
                connection.tcp_end = Some(TcpEnd { by, how, time: packet.time, packet: packet.id });
            }
        }
        if how == End::Reset
            && let Some(connection) = self.connection
        {
            context.writer.end_connection(connection);
        }
        self.ended[direction.index()] = Some(how);
        if how == End::Reset && self.waiting[direction.reverse().index()].is_empty() {
            self.end_side(direction.reverse(), context);
        }
        if self.waiting[direction.index()].is_empty() {
            self.end_side(direction, context);
        }
    }

    /// Hands waiting chunks to the direction's side, until it has them all or waits itself.
    pub fn drain(&mut self, direction: Direction, context: &mut Context<'_>) {
        while !self.waits(direction)
            && let Some(chunk) = self.waiting[direction.index()].pop_front()
        {
            if let Some(rest) = self.feed(direction, chunk, context) {
                self.waiting[direction.index()].push_front(rest);
                return;
            }
        }
    }

    /// Whether nothing can be read in this direction before the other one brings an answer.
    fn waits(&self, direction: Direction) -> bool {
        matches!(&self.sides[direction.index()], Side::Http(reader) if reader.is_waiting())
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
                        if context.source.read_span(piece.span, &mut scratch).is_err() {
                            scratch.clear();
                        }
                        &scratch
                    }
                };
                let taken = self.feed_octets(direction, at, octets, piece.packet, context);
                self.last_packet[direction.index()] = piece.packet;
                let taken = u32::try_from(taken).unwrap_or(u32::MAX);
                (taken < octets.len() as u32).then(|| Chunk::Data {
                    at: at + u64::from(taken),
                    piece: Piece { span: piece.span.skip(taken), packet: piece.packet },
                    heard,
                })
            }
            Chunk::Gap { len, .. } => {
                match &mut self.sides[direction.index()] {
                    Side::Http(reader) => {
                        if reader.skip(len).is_some() {
                            self.http_gap(direction, chunk, context);
                        }
                    }
                    Side::Frames(_) => self.frames_gap(direction, chunk, context),
                    Side::Search | Side::Done => {}
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
        if matches!(self.sides[direction.index()], Side::Search) {
            self.search(direction, at, octets, context);
        }
        let mut rest = octets;
        loop {
            // What began in an earlier piece keeps that piece's packet.
            let began = |self_began: PacketRef, start: u64| if start < at { self_began } else { packet };
            match &mut self.sides[direction.index()] {
                Side::Http(reader) => match reader.next(&mut rest) {
                    Some(HttpStep::Head { at: start, octets }) => {
                        let packet = began(self.began[direction.index()], start);
                        self.head(direction, start, &octets, packet, context);
                    }
                    Some(HttpStep::Lost) => self.http_lost(direction),
                    None => break,
                },
                Side::Frames(side) => match side.deframer.next(&mut rest) {
                    Some(step) => {
                        let start = if let Step::Header { at: start, .. } = step { start } else { at };
                        let packet = began(self.began[direction.index()], start);
                        let whole =
                            matches!(step, Step::Header { header, .. } if header.payload_len() <= rest.len() as u64);
                        self.frame_step(direction, step, whole, packet, context);
                    }
                    None => break,
                },
                Side::Search | Side::Done => {
                    rest = &[];
                    break;
                }
            }
        }
        let partial_at = match &self.sides[direction.index()] {
            Side::Http(reader) => reader.partial_head().filter(|_| !reader.is_waiting()),
            Side::Frames(side) => side.deframer.partial_header().map(|(at, _)| at),
            Side::Search | Side::Done => None,
        };
        if partial_at.is_some_and(|start| start >= at) {
            self.began[direction.index()] = packet;
        }
        octets.len() - rest.len()
    }

    /// Nothing more comes in this direction, and everything that came was read.
    fn end_side(&mut self, direction: Direction, context: &mut Context<'_>) {
        if matches!(self.sides[direction.index()], Side::Frames(_)) {
            // An RST ends both directions.
            let reset = self.ended[direction.reverse().index()].filter(|how| *how == End::Reset);
            self.frames_end(direction, self.ended[direction.index()].or(reset), context);
        }
    }

    /// After the sides changed: what waits can go on, and ends that came early take effect.
    pub fn resume(&mut self, direction: Direction, context: &mut Context<'_>) {
        self.drain(direction, context);
        if self.ended[direction.index()].is_some() && self.waiting[direction.index()].is_empty() {
            self.end_side(direction, context);
        }
    }
}
