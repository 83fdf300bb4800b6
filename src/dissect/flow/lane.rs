//! One direction of a TCP connection: its stream, and what reads it.

use std::collections::VecDeque;

use crate::base::{PacketId, PacketRef, Piece};
use crate::dissect::index::connection::End;
use crate::dissect::websocket::sender::FrameSide;
use crate::http::HttpReader;
use crate::net::{Assembler, ByteStream, GapCause};

/// A part of a stream, in order.
#[derive(Clone, Copy, Debug)]
pub(in crate::dissect) enum Chunk {
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

impl Chunk {
    /// The part of it behind stream offset `start`, if there is any.
    pub fn behind(self, start: u64) -> Option<Chunk> {
        match self {
            Chunk::Data { at, piece, heard } => {
                let skipped = u32::try_from(start.saturating_sub(at)).unwrap_or(u32::MAX);
                let piece = Piece { span: piece.span.skip(skipped), ..piece };
                (piece.span.len > 0).then_some(Chunk::Data { at: at + u64::from(skipped), piece, heard })
            }
            Chunk::Gap { at, len, cause, packet } => {
                let skipped = start.saturating_sub(at).min(len);
                (skipped < len).then_some(Chunk::Gap { at: at + skipped, len: len - skipped, cause, packet })
            }
        }
    }
}

/// What reads one direction. Not in a box: every packet of an open WebSocket comes here.
#[derive(Debug)]
pub(in crate::dissect) enum Side {
    Http(HttpReader),
    Frames(FrameSide),
    /// The capture began later than the flow: octets wait until it is clear what they are.
    Guess,
    /// A gap hid where heads or frames start: a segment that starts with one is waited for.
    Search,
    /// Nothing more is to be learnt.
    Done,
}

impl Side {
    /// Reads from what the next frame needs and [`Assembler`] does not, so that it is at hand then.
    #[inline]
    pub fn touch(&self) -> u64 {
        match self {
            Side::Frames(side) => side.deframer.at(),
            Side::Http(_) | Side::Guess | Side::Search | Side::Done => 0,
        }
    }
}

/// One direction of a TCP connection.
///
/// It lies in memory in this order. A busy capture has thousands of lanes, and every packet finds its lane outside of the
/// processor's first cache: what a packet with the next frame of an open WebSocket needs is in four cache lines of 64 octets,
/// and what one needs that acknowledges the lane's octets is in one.
///
/// ```text
///     0   began, the stream's pages
///    64   the codes of the stream's last entries: one of two lines
///   192   the stream's cursor, last_packet
///   256   assembler, side …
///   320   … side
///   384   the rest of side, waiting
/// ```
#[derive(Debug)]
#[repr(C, align(64))]
pub(in crate::dissect) struct Lane {
    /// The packet with the first octet of the head that is being read.
    pub began: PacketRef,
    pub stream: ByteStream,
    /// The packet that brought the last octets.
    pub last_packet: PacketId,
    pub ended: Option<End>,
    pub assembler: Assembler,
    pub side: Side,
    pub waiting: VecDeque<Chunk>,
}

impl Lane {
    /// A lane whose first octet has this sequence number, if that is known.
    pub fn new(start: Option<u32>) -> Lane {
        Lane {
            assembler: Assembler::starting_at(start),
            stream: ByteStream::new(),
            side: Side::Http(HttpReader::new(0)),
            waiting: VecDeque::new(),
            began: PacketRef::default(),
            last_packet: PacketId::default(),
            ended: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::mem::offset_of;

    #[test]
    fn what_a_packet_needs_lies_together() {
        assert_eq!((offset_of!(Lane, stream), size_of::<ByteStream>()), (24, 216));
        assert_eq!((offset_of!(Lane, last_packet), offset_of!(Lane, assembler)), (240, 256));
        assert_eq!((offset_of!(Lane, side), size_of::<Lane>()), (296, 512));
        assert_eq!(size_of::<Side>(), size_of::<FrameSide>());
    }
}
