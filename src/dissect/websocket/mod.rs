//! An open WebSocket: its two senders, from octets to frames and messages, and their conversation (RFC 6455 §5 to §7).
//!
//! ```text
//!   octets, gaps, ends of a direction ─▶ FrameStream ─▶ frame records, messages, findings
//!                                             │
//!                                             └─ whole pings, pongs and Close frames ─▶ Conversation
//! ```
//!
//! It knows neither what brings the octets nor how the WebSocket was opened: a stream offset is one of its carrier's.

mod at_once;
pub(in crate::dissect) mod conversation;
mod cut_header;
pub(in crate::dissect) mod ending;
mod in_doubt;
mod seek;
pub(in crate::dissect) mod sender;

use self::conversation::Conversation;
pub(in crate::dissect) use self::sender::FrameStream;
use crate::base::{ConnectionId, FrameId, PacketRef, Sender, Timestamp};
use crate::dissect::index::finding::{Conflict, Gap};
use crate::dissect::index::record::NONE;
use crate::dissect::index::{Tally, Writer};
use crate::net::{Direction, End};

/// An open WebSocket, or one that opens: frames may be read in one direction before they are in the other.
#[derive(Debug, Default)]
pub(in crate::dissect) struct WebSocket {
    /// By [`Direction::index`] of the carrier; nothing where no frames are read.
    pub streams: [Option<FrameStream>; 2],
    pub conversation: Conversation,
    end_is_judged: bool,
}

/// The ends of a carrier so far.
#[derive(Clone, Copy, Debug)]
pub(in crate::dissect) struct Ended {
    /// The directions that have ended, by [`Direction::index`].
    pub directions: [bool; 2],
    /// When the last packet was captured.
    pub last_packet: Timestamp,
}

impl WebSocket {
    /// Reads frames in a direction from now on.
    pub fn begin(&mut self, direction: Direction, stream: FrameStream) {
        if stream.lacks_octets() {
            self.conversation.gap(stream.sender);
        }
        self.streams[direction.index()] = Some(stream);
    }

    /// Takes the next octets of a direction, which `packet` brought at stream offset `at`.
    #[inline(always)]
    pub fn feed(
        &mut self,
        connection: ConnectionId,
        direction: Direction,
        at: u64,
        octets: &[u8],
        packet: PacketRef,
        writer: &mut Writer,
    ) {
        if let Some(stream) = &mut self.streams[direction.index()] {
            stream.feed(connection, &mut self.conversation, at, octets, packet, writer);
        }
    }

    /// Takes a gap of a direction.
    pub fn gap(&mut self, connection: ConnectionId, direction: Direction, gap: Gap, writer: &mut Writer) {
        if let Some(stream) = &mut self.streams[direction.index()] {
            stream.gap(connection, &mut self.conversation, gap, writer);
        }
    }

    /// Ends a direction, as its sender said in this way, or because the capture ends. Called again, it does nothing.
    pub fn end(&mut self, connection: ConnectionId, direction: Direction, how: Option<End>, writer: &mut Writer) {
        if let Some(stream) = &mut self.streams[direction.index()] {
            stream.end(connection, how, writer);
        }
    }

    /// Says that octets were sent twice and not the same.
    pub fn conflict(&self, connection: ConnectionId, direction: Direction, conflict: Conflict, writer: &mut Writer) {
        let Some(sender) = writer.connection(connection).map(|row| row.sender(direction)) else { return };
        let frame = self.frame_at(sender, conflict.at, writer);
        writer.report_conflict(connection, sender, frame, conflict);
    }

    /// The frame that an octet of a sender's stream belongs to, if it is one of the last ones.
    fn frame_at(&self, sender: Sender, at: u64, writer: &Writer) -> Option<FrameId> {
        const RECENT: usize = 256;
        let frames = &writer.index.frames;
        let before = |id: &FrameId| frames.get(id.index()).map(|frame| frame.previous).filter(|id| *id != NONE);
        let recent = std::iter::successors(self.conversation.last_frame, |id| before(id).map(FrameId)).take(RECENT);
        recent.into_iter().find(|id| {
            let frame = frames.get(id.index()).filter(|frame| frame.sender() == sender);
            frame.is_some_and(|frame| (frame.at..frame.payload_range().end).contains(&at))
        })
    }

    /// Returns what it has counted so far, the connection's last packet having been captured at `end`.
    pub fn tally(&self, end: Timestamp) -> Tally {
        let mut tally = Tally { end, last_frame: self.conversation.last_frame, ..Tally::default() };
        self.streams.iter().flatten().for_each(|stream| stream.count(&mut tally));
        tally
    }
}
