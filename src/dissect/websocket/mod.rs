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
pub(in crate::dissect) mod seek;
pub(in crate::dissect) mod sender;

use self::conversation::Conversation;
use self::seek::Found;
pub(in crate::dissect) use self::sender::FrameStream;
use crate::base::{ConnectionId, FrameId, PacketRef, Sender, Timestamp};
use crate::dissect::index::finding::{Conflict, Gap};
use crate::dissect::index::record::FrameRecord;
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
        self.conversation.seek(stream.sender, stream.is_seeking());
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

    /// Returns whether frames are looked for in any direction.
    pub fn is_seeking(&self) -> bool {
        self.streams.iter().flatten().any(FrameStream::is_seeking)
    }

    /// Looks for frames in the next octets of a direction, where a gap hides where one starts; elsewhere takes them as
    /// [`feed`](WebSocket::feed) does. Where frames are found, these octets were not taken: then the direction is to be read
    /// again, from the first frame up to their end.
    pub fn seek_or_feed(
        &mut self,
        connection: ConnectionId,
        direction: Direction,
        at: u64,
        octets: &[u8],
        packet: PacketRef,
        writer: &mut Writer,
    ) -> Option<Found> {
        let Some(stream) = self.streams[direction.index()].as_mut().filter(|stream| stream.is_seeking()) else {
            self.feed(connection, direction, at, octets, packet, writer);
            return None;
        };
        let found = stream.seek(connection, at, octets, packet, writer);
        self.conversation.seek(stream.sender, stream.is_seeking());
        found
    }

    /// Looks for frames where a direction ends, as its sender said, and a gap hides where one starts. Where they are found, the
    /// direction is to be read again, from the first frame on.
    pub fn seek_end(&mut self, connection: ConnectionId, direction: Direction, writer: &mut Writer) -> Option<Found> {
        let stream = self.streams[direction.index()].as_mut()?;
        let found = stream.seek_end(connection, writer)?;
        self.conversation.seek(stream.sender, false);
        Some(found)
    }

    /// Takes octets of a direction that were passed over, and come behind what was read of the peer since.
    pub fn feed_again(
        &mut self,
        connection: ConnectionId,
        direction: Direction,
        at: u64,
        octets: &[u8],
        packet: PacketRef,
        writer: &mut Writer,
    ) {
        self.conversation.is_read_again = true;
        self.feed(connection, direction, at, octets, packet, writer);
        self.conversation.is_read_again = false;
    }

    /// Takes a gap of a direction.
    pub fn gap(&mut self, connection: ConnectionId, direction: Direction, gap: Gap, writer: &mut Writer) {
        if let Some(stream) = &mut self.streams[direction.index()] {
            stream.gap(connection, &mut self.conversation, gap, writer);
        }
    }

    /// Takes a gap of a direction in what is read again.
    pub fn gap_again(&mut self, connection: ConnectionId, direction: Direction, gap: Gap, writer: &mut Writer) {
        if let Some(stream) = &mut self.streams[direction.index()] {
            stream.gap_again(connection, &mut self.conversation, gap, writer);
        }
    }

    /// Gives up a place in a direction that cannot be read again, and looks for another behind stream offset `at`.
    pub fn lose(&mut self, direction: Direction, at: u64) {
        if let Some(stream) = &mut self.streams[direction.index()] {
            stream.lose_up_to(at);
            self.conversation.seek(stream.sender, true);
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
        let is_there = |frame: &FrameRecord| (frame.at..frame.payload_range().end).contains(&at);
        let mut recent = self.frames_backwards(writer).take(RECENT);
        recent.find(|(_, frame)| frame.sender() == sender && is_there(frame)).map(|(id, _)| id)
    }

    /// The frames in both directions, the last one first.
    fn frames_backwards<'a>(&self, writer: &'a Writer) -> impl Iterator<Item = (FrameId, &'a FrameRecord)> {
        let frame = |id: FrameId| writer.index.frames.get(id.index()).map(|frame| (id, frame));
        std::iter::successors(self.conversation.last_frame.and_then(frame), move |(_, frame_behind)| {
            frame_behind.previous().and_then(frame)
        })
    }

    /// Returns what it has counted so far, the connection's last packet having been captured at `end`.
    pub fn tally(&self, end: Timestamp) -> Tally {
        let mut tally = Tally { end, last_frame: self.conversation.last_frame, ..Tally::default() };
        self.streams.iter().flatten().for_each(|stream| stream.count(&mut tally));
        tally
    }
}
