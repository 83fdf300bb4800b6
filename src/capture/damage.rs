//! Where a capture stops being readable.

use std::fmt;

use crate::base::PacketId;

/// Why the reader stopped before the end of the octets. Everything before it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Where the record starts that could not be read: file offset in octets.
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
