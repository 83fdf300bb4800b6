//! The small records that the index keeps (DESIGN decision 2).

use crate::base::{ConnectionId, FrameId, MessageId, Sender, Severity, Timestamp};
use crate::ws::{FrameHeader, Opcode};

/// No row.
pub(in crate::dissect) const NONE: u32 = u32::MAX;

/// A frame: 48 octets, whatever its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameRecord {
    /// Offset of the header's first octet in the sender's stream.
    pub at: u64,
    /// When the packet with its first octet was captured.
    pub time: Timestamp,
    /// Its connection.
    pub connection: ConnectionId,
    pub(in crate::dissect) message: u32,
    /// The frame before of the same connection, in either direction.
    pub(in crate::dissect) previous: u32,
    /// The last finding about it.
    pub(in crate::dissect) finding: u32,
    /// Its header.
    pub header: FrameHeader,
    pub(in crate::dissect) flags: u8,
}

/// Bits of [`FrameRecord::flags`].
pub(in crate::dissect) mod flag {
    /// The server sent it; else the client.
    pub const SERVER: u8 = 1;
    /// Nothing more of it will come.
    pub const ENDED: u8 = 2;
    /// The stream reached the end of its payload.
    pub const REACHED_END: u8 = 4;
    /// A gap lies in its payload.
    pub const GAP: u8 = 8;
    /// It belongs to a message that permessage-deflate compressed.
    pub const COMPRESSED: u8 = 16;
    /// permessage-deflate is in force on its connection.
    pub const DEFLATE: u8 = 32;
    /// Its payload was judged when it came.
    pub const JUDGED: u8 = 64;
}

impl FrameRecord {
    fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// Returns the peer that sent it.
    pub fn sender(&self) -> Sender {
        if self.has(flag::SERVER) { Sender::Server } else { Sender::Client }
    }

    /// The message it belongs to: none for control frames, orphan continuations and reserved opcodes.
    pub fn message(&self) -> Option<MessageId> {
        (self.message != NONE && !self.header.opcode().is_control()).then_some(MessageId(self.message))
    }

    /// Returns its message as a number, [`NONE`] for none.
    pub(in crate::dissect) fn message_number(&self) -> u32 {
        self.message().map_or(NONE, |id| id.0)
    }

    /// Of a ping the pong that answers it, of a pong the ping that it answers (RFC 6455 §5.5.3). Control frames have no
    /// message, so its place is free for that.
    pub fn counterpart(&self) -> Option<FrameId> {
        let is_heartbeat = matches!(self.header.opcode(), Opcode::PING | Opcode::PONG);
        (is_heartbeat && self.message != NONE).then_some(FrameId(self.message))
    }

    /// The frame before of the same connection, in either direction.
    pub fn previous(&self) -> Option<FrameId> {
        (self.previous != NONE).then_some(FrameId(self.previous))
    }

    /// Returns whether nothing more of it will come: its payload is complete, or its stream has ended.
    pub fn is_ended(&self) -> bool {
        self.has(flag::ENDED)
    }

    /// Returns whether every octet of its payload was captured.
    pub fn is_whole(&self) -> bool {
        self.has(flag::REACHED_END) && !self.has(flag::GAP)
    }

    /// Returns whether it belongs to a message that permessage-deflate compressed.
    pub fn is_compressed(&self) -> bool {
        self.has(flag::COMPRESSED)
    }

    /// Returns whether permessage-deflate is in force on its connection, so that RSV1 has a meaning.
    pub fn has_deflate(&self) -> bool {
        self.has(flag::DEFLATE)
    }

    /// Returns whether its payload needs no judging any more.
    pub(in crate::dissect) fn is_judged(&self) -> bool {
        self.has(flag::JUDGED)
    }

    /// Returns whether there are findings about it.
    pub fn has_findings(&self) -> bool {
        self.finding != NONE
    }

    /// Offset of its first payload octet in the sender's stream.
    pub fn payload_at(&self) -> u64 {
        self.at.saturating_add(u64::from(self.header.header_len()))
    }

    /// Returns where its payload lies in the sender's stream, as far as the header's word goes.
    pub fn payload_range(&self) -> std::ops::Range<u64> {
        self.payload_at()..self.payload_at().saturating_add(self.header.payload_len())
    }
}

/// A ping that a pong may answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dissect) struct PingRecord {
    pub ping: FrameId,
    /// The row of the one before of the same connection; [`NONE`] for the first.
    pub previous: u32,
}

/// A message of more than one frame, or of one that is not its last. Messages of a single frame need no record of
/// their own: everything about them is in the frame's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dissect) struct Fragmented {
    pub message: MessageId,
    pub last_frame: FrameId,
    pub frames: u32,
    /// The frame with FIN was seen.
    pub final_seen: bool,
    /// It ended without its final frame: interrupted, or the stream ended.
    pub broken_off: bool,
    /// Payload octets as the headers declare them.
    pub payload_len: u64,
    /// Octets of its frames were not captured.
    pub has_holes: bool,
    /// The severity of the worst finding about its frames.
    pub worst: Option<Severity>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_small() {
        assert_eq!(size_of::<FrameRecord>(), 48);
        assert!(size_of::<Fragmented>() <= 32);
        assert_eq!(size_of::<PingRecord>(), 8);
    }
}
