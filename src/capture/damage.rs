//! Damage: the place where a capture stops being readable.

use std::fmt;

use super::record::MAX_CAPTURED;
use crate::base::PacketId;

/// Why the reader stopped before the end of the octets. Everything before it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// File offset in octets of the record that could not be read.
    pub at: u64,
    /// The packet that would have come next; as many packets were read as its id says.
    pub packet: PacketId,
    /// One sentence with the actual values.
    pub what: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Damage { at, packet, what } = self;
        match packet.index() {
            0 => write!(f, "at octet {at}, before the first packet: {what}"),
            before => write!(f, "at octet {at}, behind packet {before}: {what}"),
        }
    }
}

/// Something that a record says and that cannot be. It is `Copy`, so that the parsers' answers stay cheap; people read
/// its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Flaw {
    #[error("a record header of nothing but zeros: the rest was never written, or it was lost")]
    NothingButZeros,
    #[error("a packet of {0} octets, more than the {MAX_CAPTURED} that any capture holds")]
    PacketTooLarge(u32),
    #[error("a packet of {captured} octets in a block with room for {room}")]
    PacketWithoutRoom { captured: u32, room: u32 },
    #[error("a packet block of {0} octets, too few for its fields")]
    PacketBlockTooShort(u32),
    #[error("a packet of interface {wanted}; the section has described {described} so far")]
    NoSuchInterface { wanted: u32, described: usize },
    #[error("a block of {0} octets; their number must be a multiple of 4 and at least 12")]
    BlockLength(u32),
    #[error("a block of {len} octets of type {kind:#x}, larger than any capture holds")]
    BlockTooLarge { kind: u32, len: u32 },
    #[error("a block of {0} octets that do not end with its length")]
    BlockEnd(u32),
    #[error("a section whose byte-order magic is {0:02x?}, not 1a2b3c4d")]
    ByteOrderMagic([u8; 4]),
    #[error("a section header of {0} octets, which takes 28 at least")]
    SectionTooShort(u32),
    #[error("a section of pcapng version {0}; only 1 is known")]
    SectionVersion(u16),
    #[error("a block before the first section")]
    NoSection,
    #[error("more than {0} sections or interfaces")]
    TooManyDescriptions(usize),
    #[error("an interface description of {0} octets, which takes 20 at least")]
    InterfaceTooShort(usize),
    #[error("option {code} of an interface claims {len} octets, more than its block has left")]
    OptionTooLong { code: u16, len: usize },
    #[error("option {code} of an interface, which tells its clock, has {len} octets")]
    ClockOption { code: u16, len: usize },
}
