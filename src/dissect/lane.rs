//! One direction of a TCP connection: its stream, and what reads it.

use std::collections::VecDeque;

use super::connection::End;
use super::frames::FrameSide;
use crate::base::{PacketId, PacketRef, Piece};
use crate::http::HttpReader;
use crate::net::{Assembler, ByteStream, GapCause};

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

/// What reads one direction. Not in a box: every packet of an open WebSocket comes here.
#[derive(Debug)]
pub(super) enum Side {
    Http(HttpReader),
    Frames(FrameSide),
    /// The capture began later than the flow: octets wait until it is clear what they are.
    Guess,
    /// A gap hid where heads or frames start: a segment that starts with one is waited for.
    Search,
    /// Nothing more is to be learnt.
    Done,
}

/// One direction of a TCP connection.
#[derive(Debug)]
pub(super) struct Lane {
    pub assembler: Assembler,
    pub stream: ByteStream,
    pub side: Side,
    pub waiting: VecDeque<Chunk>,
    /// The packet with the first octet of the head that is being read.
    pub began: PacketRef,
    /// The packet that brought the last octets.
    pub last_packet: PacketId,
    pub ended: Option<End>,
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
