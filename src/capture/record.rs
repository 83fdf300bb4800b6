//! Records of packets, and the answers of both formats' parsers.

use super::damage::Flaw;
use crate::base::{LinkType, PacketRef, Span, Timestamp};

/// The most captured octets of one packet that are believed, in octets. The largest snapshot length that tcpdump and
/// Wireshark write is 256 KiB (128 MiB for some that are no network packets); a record that claims more than this comes
/// from a damaged file.
pub(super) const MAX_CAPTURED: u32 = 16 << 20;

/// A packet of the capture. Its octets come beside it in [`super::Step::Packet`] and can be read again from `span`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Its id (packets count from 0), where its record starts, and its time. A pcapng Simple Packet Block has no time: it
    /// gets the time of the packet before it.
    pub reference: PacketRef,
    /// The kind of header that its octets begin with.
    pub link_type: LinkType,
    /// The captured octets, in the file.
    pub span: Span,
    /// Octets it had on the wire; more than `span.len` where the capture cut it. Some writers say less than `span.len`.
    pub original_len: u32,
}

/// The content of a packet's record, read at random by [`super::Layout::packet_at`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordInfo {
    /// When it was captured; `None` for a pcapng Simple Packet Block.
    pub time: Option<Timestamp>,
    /// The captured octets, in the file.
    pub span: Span,
    /// Octets it had on the wire.
    pub original_len: u32,
    /// The kind of header that its octets begin with.
    pub link_type: LinkType,
    /// The index in [`super::Layout::interfaces`] of the one that captured it.
    pub interface: u32,
}

/// The meaning of the octets from the reader's position on. Parsers are total functions of octets: they answer, or they
/// need more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parsed {
    /// A packet, in a record of so many octets, which are all there.
    Packet(RecordInfo, usize),
    /// Something that [`super::Layout`] has to learn from before the next record can be understood, of so many octets, which
    /// are all there.
    Description(usize),
    /// Something that tells nothing about packets. It may be of any size and need not be there: nobody reads it.
    Other {
        /// Octets in all.
        len: u32,
        /// The octets that it has to end with.
        trailer: [u8; 4],
    },
    /// At least so many octets have to be there.
    Need(usize),
    /// Nothing that can be read, and why.
    Damaged(Flaw),
}
