//! Events that an assembler tells about one direction of a flow.

use crate::base::{PacketRef, Piece};

/// Something that happened in one direction of a flow. `at` are stream offsets: octets of the stream before this one;
/// 0 is the octet behind the SYN or, where no SYN was captured, the first one seen or acknowledged.
///
/// `Data` and `Gap` together cover the stream from 0 without overlap, in rising order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEvent {
    /// The next octets of the stream.
    Data {
        /// Stream offset of the first.
        at: u64,
        /// Their place in the file. They may have waited in the reorder queue: `piece.packet` can be older than the
        /// segment just pushed.
        piece: Piece,
    },
    /// Octets of the stream that the capture does not have, and that nobody waits for any more.
    Gap {
        /// Stream offset of the first.
        at: u64,
        /// Their number; at least 1.
        len: u64,
        /// The way in which that is known.
        cause: GapCause,
        /// The packet whose arrival decided it; at the end of the capture the last one of the flow.
        packet: PacketRef,
    },
    /// Octets whose first copy was accepted before: a retransmission, or a packet captured twice. The first copy
    /// counts. It may still be held, so this can lie beyond what was delivered. Keep-alive octets are not reported.
    Overlap {
        /// Stream offset of the first.
        at: u64,
        /// The place of this copy.
        piece: Piece,
    },
    /// The sender is done (FIN) and all octets before were delivered. Comes once.
    Fin {
        /// Length of the stream in octets.
        at: u64,
        /// The packet with the FIN.
        packet: PacketRef,
    },
    /// The sender gave the connection up (RST). Comes once; nothing follows.
    Reset {
        /// Octets delivered or declared missing before it.
        at: u64,
        /// The packet with the RST.
        packet: PacketRef,
    },
}

/// The way in which it is known that octets are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GapCause {
    /// The peers exchanged them, as acknowledgments, later octets or the end of the connection show, and the capture
    /// has no packet with them.
    NotCaptured,
    /// The capture has only the start of their packet (its snap length).
    PacketCut,
    /// More came behind them than is held: [`super::MAX_QUEUED_PIECES`], [`super::MAX_QUEUED_OCTETS`], or what the caller
    /// holds of all flows ([`super::Assembler::give_up_hole`]).
    GaveUp,
}

/// The way in which a sender ended its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// FIN: everything was sent.
    Fin,
    /// RST: the connection was given up.
    Reset,
}
