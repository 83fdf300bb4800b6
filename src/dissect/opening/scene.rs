//! The exchange between an opening and its driver: what its carrier brought, what it works with, what it decided.

use crate::base::{ConnectionId, FlowId, PacketRef, Sender};
use crate::dissect::flow::FirstEnd;
use crate::dissect::index::connection::Connection;
use crate::dissect::index::finding::Gap;
use crate::dissect::index::{Tally, Writer};
use crate::net::{self, Direction, End};
use crate::ws::Negotiated;

/// Octets that are read again at once: of a large piece, much may be given back and read again.
pub(in crate::dissect) const WINDOW: u32 = 1 << 16;

/// A part of a stream, in order.
#[derive(Clone, Copy, Debug)]
pub(in crate::dissect) enum Chunk {
    Data {
        /// Stream offset of the first octet.
        at: u64,
        len: u32,
        packet: PacketRef,
        /// Stream offset behind the octets of the peer that the sender may have had, where the packet tells.
        heard: Option<u64>,
    },
    Gap(Gap),
}

impl Chunk {
    /// Stream offset of its first octet.
    pub fn at(&self) -> u64 {
        match self {
            Chunk::Data { at, .. } | Chunk::Gap(Gap { at, .. }) => *at,
        }
    }

    /// The part of it behind stream offset `start`, if there is any.
    pub(super) fn behind(self, start: u64) -> Option<Chunk> {
        let skipped = start.saturating_sub(self.at());
        match self {
            Chunk::Data { at, len, packet, heard } => {
                let len = u64::from(len).checked_sub(skipped).and_then(|len| u32::try_from(len).ok())?;
                (len > 0).then_some(Chunk::Data { at: at + skipped, len, packet, heard })
            }
            Chunk::Gap(gap) => {
                let len = gap.len.checked_sub(skipped).filter(|len| *len > 0)?;
                Some(Chunk::Gap(Gap { at: gap.at + skipped, len, ..gap }))
            }
        }
    }
}

/// The octets that a carrier has brought so far.
pub(in crate::dissect) trait Brought {
    /// Reads the octets of a direction from stream offset `at` on, at most `len` of them, up to a gap; `out` is cleared first,
    /// and stays empty where they are lost.
    fn read(&self, direction: Direction, at: u64, len: u32, out: &mut Vec<u8>);

    /// The carrier's place and ends.
    fn facts(&self) -> CarrierFacts;
}

/// The carrier's ends and its place, as an opening has to know them.
#[derive(Clone, Copy, Debug)]
pub(in crate::dissect) struct CarrierFacts {
    pub flow: FlowId,
    /// The endpoints of the TCP connection.
    pub ends: net::Flow,
    /// The packet that is handled, or the last one that was.
    pub last_packet: PacketRef,
    pub first_end: Option<FirstEnd>,
}

/// The things that an opening works with.
pub(in crate::dissect) struct Scene<'a> {
    pub writer: &'a mut Writer,
    pub brought: &'a dyn Brought,
    /// The end of each direction.
    pub ended: [Option<End>; 2],
    /// The connection that the carrier bears now.
    pub connection: &'a mut Option<ConnectionId>,
    /// Tells what was counted of it so far.
    pub tally: &'a dyn Fn() -> Tally,
    /// The decisions so far, in order.
    pub decisions: Vec<Decision>,
}

impl Scene<'_> {
    /// The connection that the carrier bears now.
    pub fn row(&self) -> Option<&Connection> {
        self.connection.and_then(|id| self.writer.connections().get(id.index())).map(|row| &**row)
    }
}

/// The way in which frames are read where they begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dissect) enum Begin {
    /// The first octet is that of a frame.
    Frame,
    /// So it is, and the capture lacks what stood before.
    BehindGap,
    /// It is not known where the first frame begins.
    Somewhere,
}

/// A decision of an opening, for the driver to carry out in order.
#[derive(Clone, Debug)]
pub(in crate::dissect) enum Decision {
    /// From stream offset `at` on, `sender`'s octets in this direction are frames.
    Frames { direction: Direction, at: u64, sender: Sender, negotiated: Negotiated, begin: Begin },
    /// They are none after all, and none were taken.
    NoFrames(Direction),
    /// The capture lacks octets of a sender.
    Lacks(Sender),
    /// The chunks that wait in this direction can go on.
    Resume(Direction),
    /// The chunks that wait in both directions can go on, in the order of the capture.
    ResumeBoth,
    /// These chunks are to be taken once more; until all of them were, nothing ends.
    TakeAgain(Vec<(Direction, Chunk)>),
    /// Nothing more tells what is held.
    Conclude,
}
