//! One TCP connection: both directions put in order, and where their octets are.
//!
//! ```text
//!   segment ─▶ Assembler ─▶ StreamEvent ─▶ deliver ─▶ ByteStream (remembers where the octets are)
//!                                             │
//!                                             └─────▶ FlowEvent, in the order of each stream
//! ```
//!
//! Nothing here knows what the octets are for. An event's octets are part of their stream once it is
//! [delivered](TcpFlow::deliver), and not before, so that whoever takes it finds the stream as long as it has heard of it.

pub(in crate::dissect) mod backlog;
pub(in crate::dissect) mod closing;
mod repeats;

use self::repeats::Repeat;
use crate::base::{FlowId, PacketRef, Piece, ReadAt, Span};
use crate::dissect::index::finding::Gap;
use crate::net::{self, Assembler, ByteStream, Direction, End, KeptStream, Segment, StreamEvent};

/// The octets of packets: those of the one that is handled, and the capture's.
#[derive(Clone, Copy)]
pub(in crate::dissect) struct Packets<'a> {
    /// The segment that is handled, if there is one: its octets need not be read again.
    pub segment: Option<&'a Segment<'a>>,
    /// The capture.
    pub source: &'a dyn ReadAt,
}

impl Packets<'_> {
    /// Returns the octets of `span`; empty where the file has lost them.
    pub fn read<'s>(&'s self, span: Span, scratch: &'s mut Vec<u8>) -> &'s [u8] {
        match self.segment.and_then(|segment| segment.octets_at(span)) {
            Some(octets) => octets,
            None => {
                if self.source.read_span(span, scratch).is_err() {
                    scratch.clear();
                }
                scratch
            }
        }
    }
}

/// Octets of a stream.
#[derive(Clone, Copy, Debug)]
pub(in crate::dissect) struct Data {
    /// Stream offset of the first.
    pub at: u64,
    pub piece: Piece,
    /// Stream offset behind the octets of the peer that the sender may have had when it sent these, where the packet
    /// tells.
    pub heard: Option<u64>,
}

/// The next thing in one direction of a TCP connection. Data and gaps together cover the stream from offset 0 on, without
/// overlap, in rising order.
#[derive(Clone, Copy, Debug)]
pub(in crate::dissect) enum FlowEvent {
    /// The next octets.
    Data(Data),
    /// Octets that the capture lacks.
    Gap(Gap),
    /// A second copy of octets, which may [differ](TcpFlow::compare) from the first.
    Repeat {
        /// Stream offset of the first.
        at: u64,
        piece: Piece,
    },
    /// The sender ended the stream.
    End { how: End, packet: PacketRef },
}

/// One direction of a TCP connection.
///
/// It lies in memory in this order. A busy capture has thousands of these, and every packet finds its own outside of the
/// processor's first cache. A packet with the next octets needs three cache lines of 64 octets, and one that acknowledges
/// them needs one:
///
/// ```text
///     0   where the stream ends
///    64   the codes of the stream's last entries: one of two lines
///   192   older codes, assembler
/// ```
#[derive(Debug)]
#[repr(C, align(64))]
pub(in crate::dissect) struct Half {
    /// The places of its octets.
    pub stream: ByteStream,
    /// Puts its segments in order.
    pub assembler: Assembler,
}

/// The first end of a TCP connection in the capture.
#[derive(Clone, Copy, Debug)]
pub(in crate::dissect) struct FirstEnd {
    pub direction: Direction,
    pub how: End,
    pub packet: PacketRef,
}

/// One TCP connection.
#[derive(Debug)]
#[repr(C)]
pub(in crate::dissect) struct TcpFlow {
    /// Its directions, by [`Direction::index`].
    pub halves: [Half; 2],
    /// The packet that is handled, or the last one that was.
    pub last_packet: PacketRef,
    pub id: FlowId,
    /// The directions that have ended, by [`Direction::index`].
    ended: [bool; 2],
    /// It has ended, and what is missing of it is waited for.
    is_closing: bool,
    /// One side has reset it, and what the other one had sent before it heard of that is waited for.
    has_flight: bool,
    /// Its endpoints.
    pub ends: net::Flow,
    /// Its first end, even if a hole keeps that back.
    pub first_end: Option<FirstEnd>,
    /// Second copies of octets whose first copy waits behind a hole.
    repeats: Vec<Repeat>,
}

impl TcpFlow {
    /// The connection that `segment` belongs to; `starts` are the sequence numbers of the first octets of both directions, as
    /// far as they are known.
    pub fn new(segment: &Segment<'_>, starts: [Option<u32>; 2]) -> TcpFlow {
        let half = |start| Half { stream: ByteStream::new(), assembler: Assembler::starting_at(start) };
        TcpFlow {
            halves: starts.map(half),
            last_packet: segment.packet,
            id: segment.flow,
            ended: [false; 2],
            is_closing: false,
            has_flight: false,
            ends: segment.ends(),
            first_end: None,
            repeats: Vec::new(),
        }
    }

    /// One direction.
    pub fn half(&self, direction: Direction) -> &Half {
        &self.halves[direction.index()]
    }

    /// One direction, to change it.
    pub fn half_mut(&mut self, direction: Direction) -> &mut Half {
        &mut self.halves[direction.index()]
    }

    /// Returns whether both directions have ended.
    pub fn has_ended(&self) -> bool {
        self.ended == [true; 2]
    }

    /// Delivers a segment at once that only brings the next octets; `None` where it has to be [pushed](TcpFlow::push).
    #[inline]
    pub fn push_next(&mut self, segment: &Segment<'_>) -> Option<Data> {
        let (at, piece, _) = self.half_mut(segment.direction).assembler.push_next(segment)?;
        Some(self.deliver_data(segment.direction, at, piece, Some(segment)))
    }

    /// Puts a segment in order: `events` are those of its own direction.
    pub fn push(&mut self, segment: &Segment<'_>, events: &mut Vec<StreamEvent>) {
        let assembler = &mut self.half_mut(segment.direction).assembler;
        if !assembler.is_indifferent_to(segment) {
            assembler.push(segment, events);
        }
    }

    /// Notes what a packet that is handled acknowledges: `events` are those of the direction behind the acknowledgment.
    pub fn acknowledge(&mut self, direction: Direction, ack: u32, events: &mut Vec<StreamEvent>) {
        self.halves[direction.index()].assembler.acknowledged(ack, self.last_packet, events);
    }

    /// Makes an event part of its stream, and tells it; `None` where there is nothing to tell for now.
    pub fn deliver(
        &mut self,
        direction: Direction,
        event: StreamEvent,
        segment: Option<&Segment<'_>>,
    ) -> Option<FlowEvent> {
        Some(match event {
            StreamEvent::Data { at, piece } => FlowEvent::Data(self.deliver_data(direction, at, piece, segment)),
            StreamEvent::Gap { at, len, cause, packet } => {
                let half = self.half_mut(direction);
                half.stream.push_gap(at, len);
                FlowEvent::Gap(Gap {
                    at,
                    len,
                    cause,
                    before: half.stream.last_packet(),
                    packet: packet.id,
                    lost: false,
                })
            }
            StreamEvent::Overlap { at, piece } => return self.repeat(direction, at, piece),
            StreamEvent::Fin { packet, .. } => self.end(direction, End::Fin, packet),
            StreamEvent::Reset { packet, .. } => self.end(direction, End::Reset, packet),
        })
    }

    #[inline]
    fn deliver_data(&mut self, direction: Direction, at: u64, piece: Piece, segment: Option<&Segment<'_>>) -> Data {
        let peer = &self.half(direction.reverse()).assembler;
        let heard = match segment {
            Some(segment) if segment.packet.id == piece.packet.id => segment.ack.and_then(|ack| peer.position_of(ack)),
            // It was held, so the capture has packets in another order than they were sent in.
            _ => Some(u64::MAX),
        };
        self.half_mut(direction).stream.push(at, piece);
        Data { at, piece, heard }
    }

    fn end(&mut self, direction: Direction, how: End, packet: PacketRef) -> FlowEvent {
        if self.first_end.is_none_or(|first| packet.id < first.packet.id) {
            self.first_end = Some(FirstEnd { direction, how, packet });
        }
        self.ended[direction.index()] = true;
        self.has_flight |= how == End::Reset;
        FlowEvent::End { how, packet }
    }

    /// Gives up the first hole of a direction, `packet` being the one that was too much.
    pub fn give_up_hole(&mut self, direction: Direction, packet: PacketRef, events: &mut Vec<StreamEvent>) {
        self.half_mut(direction).assembler.give_up_hole(packet, events);
    }

    /// Declares missing what holes hold back of a direction: no packet follows.
    pub fn finish(&mut self, direction: Direction, events: &mut Vec<StreamEvent>) {
        let last = self.last_packet;
        self.half_mut(direction).assembler.finish(last, events);
    }

    /// Octets each way so far, about; no more than 2^32 - 1 are counted.
    pub fn octets(&self) -> [u32; 2] {
        self.halves.each_ref().map(|half| u32::try_from(half.assembler.next_offset()).unwrap_or(u32::MAX))
    }

    /// Returns the number of segments of a direction that wait behind holes.
    pub fn queued(&self, direction: Direction) -> usize {
        self.half(direction).assembler.buffered().0
    }

    /// Both directions as they are now.
    pub fn keep(&self) -> [KeptStream; 2] {
        self.halves.each_ref().map(|half| half.stream.keep())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::mem::offset_of;

    #[test]
    fn a_packet_needs_few_lines() {
        assert_eq!((offset_of!(Half, stream), size_of::<ByteStream>()), (0, 216));
        assert_eq!((offset_of!(Half, assembler), size_of::<Assembler>(), size_of::<Half>()), (216, 40, 256));
        assert_eq!(offset_of!(TcpFlow, halves), 0);
    }
}
