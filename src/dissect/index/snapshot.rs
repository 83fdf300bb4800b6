//! Snapshots: the index as it was at one moment, and the way home to the octets (DESIGN decision 7).
//!
//! ```text
//!   frame ─▶ its connection's stream ─▶ stream offsets ─▶ spans of the file ─▶ packets
//! ```

use std::io;
use std::ops::Range;
use std::sync::Arc;

use crate::base::{ConnectionId, FrameId, MessageId, PacketId, ReadAt, Sender, Severity, Timestamp};
use crate::capture::Layout;
use crate::dissect::carrier::{Stream, Traced};
use crate::dissect::index::checkpoint::Checkpoint;
use crate::dissect::index::inflate_limit::InflateLimit;
use crate::dissect::index::inflated_room::InflatedRoom;
use crate::dissect::index::record::FrameRecord;
use crate::dissect::index::{Index, Totals};
use crate::dissect::{Connection, HeadPlace, Octets};
use crate::ws::Opcode;

/// The index as it was at one moment. Costs next to nothing to take and never changes; a clone costs nothing.
#[derive(Clone)]
pub struct Snapshot {
    pub(in crate::dissect) index: Arc<Index>,
    source: Arc<dyn ReadAt>,
    layout: Layout,
}

/// A data message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Its connection.
    pub connection: ConnectionId,
    /// The peer that sent it.
    pub sender: Sender,
    /// Text or binary.
    pub opcode: Opcode,
    /// Set if permessage-deflate compressed it.
    pub compressed: bool,
    /// Its payload means what RFC 6455 and permessage-deflate say: of what is compressed where another extension is in force
    /// too, nobody knows.
    pub is_understood: bool,
    /// Its first frame.
    pub first: FrameId,
    /// Its last frame so far.
    pub last: FrameId,
    /// The number of its frames so far.
    pub frames: u32,
    /// Payload octets as its frame headers declare them, as sent.
    pub wire_len: u64,
    /// The final frame was seen.
    pub final_seen: bool,
    /// Nothing more of it will come.
    pub ended: bool,
    /// Every octet of its frames that have ended was captured.
    pub whole: bool,
}

/// A part of a frame as one TCP segment brought it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameSegment {
    /// Octet of the frame it starts with (0 is the first of its header).
    pub at: u64,
    /// The number of the frame's octets that it brought.
    pub len: u32,
    /// The packet.
    pub packet: PacketId,
    /// The place of these octets in the file.
    pub span: crate::base::Span,
    /// File offset of the packet's record.
    pub record_at: u64,
}

impl FrameSegment {
    /// Traced octets of the stream as those of a frame.
    #[inline]
    pub(in crate::dissect) fn of(traced: Traced, frame: &FrameRecord) -> FrameSegment {
        let Traced { at, len, span, packet, record_at } = traced;
        FrameSegment { at: at - frame.at, len, packet, span, record_at }
    }
}

impl Snapshot {
    pub(in crate::dissect) fn new(index: Index, source: Arc<dyn ReadAt>, layout: Layout) -> Snapshot {
        Snapshot { index: Arc::new(index), source, layout }
    }

    /// Returns the bound on the length that compressed messages of this capture are inflated to.
    pub fn inflate_limit(&self) -> InflateLimit {
        self.index.inflate_limit
    }

    /// Returns the room that all stores of this capture's inflated octets share.
    pub fn inflated_room(&self) -> &InflatedRoom {
        &self.index.inflated_room
    }

    /// Returns how many frames there are.
    pub fn frame_count(&self) -> usize {
        self.index.frames.len()
    }

    /// Returns how many messages there are.
    pub fn message_count(&self) -> usize {
        self.index.messages.len()
    }

    /// Returns how many connections there are.
    pub fn connection_count(&self) -> usize {
        self.index.published.len()
    }

    /// Counts over the whole capture.
    pub fn totals(&self) -> Totals {
        self.index.totals
    }

    /// A frame.
    pub fn frame(&self, id: FrameId) -> Option<&FrameRecord> {
        self.index.frames.get(id.index())
    }

    /// A connection.
    pub fn connection(&self, id: ConnectionId) -> Option<&Connection> {
        self.index.published.get(id.index())?.connection.as_deref()
    }

    /// The connections in order.
    pub fn connections(&self) -> impl Iterator<Item = &Connection> {
        self.index.published.iter().filter_map(|published| published.connection.as_deref())
    }

    /// A message.
    pub fn message(&self, id: MessageId) -> Option<Message> {
        let first_id = *self.index.messages.get(id.index())?;
        let first = self.frame(first_id)?;
        let row = self.index.fragmented(id);
        let (last, frames, wire_len, final_seen, broken_off, whole) = match row {
            Some(row) => (row.last_frame, row.frames, row.payload_len, row.final_seen, row.broken_off, !row.has_holes),
            None => (first_id, 1, first.header.payload_len(), true, false, !first.is_ended() || first.is_whole()),
        };
        let is_foreign = || self.connection(first.connection).is_some_and(Connection::has_foreign_extension);
        Some(Message {
            id,
            connection: first.connection,
            sender: first.sender(),
            opcode: first.header.opcode(),
            compressed: first.is_compressed(),
            is_understood: !first.is_compressed() || !is_foreign(),
            first: first_id,
            last,
            frames,
            wire_len,
            final_seen,
            ended: (final_seen || broken_off) && self.frame(last).is_some_and(FrameRecord::is_ended),
            whole,
        })
    }

    /// Returns how many octets a compressed message inflates to, as far as messages were inflated in the background.
    pub fn plain_len(&self, message: MessageId) -> Option<u64> {
        self.index.plain_lens.get(message.index()).and_then(|len| len.checked_sub(1)).map(u64::from)
    }

    /// Returns how many octets a message holds without compression, as far as that is known.
    pub fn plain_len_of(&self, message: &Message) -> Option<u64> {
        if message.compressed { self.plain_len(message.id) } else { Some(message.wire_len) }
    }

    /// Returns whether any compressed message was inflated in the background.
    pub fn has_plain_lens(&self) -> bool {
        !self.index.plain_lens.is_empty()
    }

    /// Returns how many checkpoints there are that messages can be inflated from.
    pub fn checkpoints(&self) -> usize {
        self.index.checkpoints.len()
    }

    /// The last checkpoint before a message. There are few: each time there are 1,024 more, they become twice as far apart.
    pub(in crate::dissect) fn checkpoint(&self, message: &Message) -> Option<&Checkpoint> {
        let is_before = |it: &&Checkpoint| {
            it.connection == message.connection && it.sender == message.sender && it.last.0 < message.id
        };
        self.index.checkpoints.iter().map(|checkpoint| &**checkpoint).filter(is_before).last()
    }

    /// Returns how bad the worst finding about a message's frames is.
    pub fn message_severity(&self, message: &Message) -> Option<Severity> {
        match self.index.fragmented(message.id) {
            Some(row) => row.worst,
            None => self.finding_records_of_frame(message.first).iter().map(|finding| finding.severity()).max(),
        }
    }

    /// The message as far as its first frames go, at most `most` of them: to go through all frames of a message takes
    /// time for each.
    pub fn start_of(&self, message: &Message, most: u32) -> Message {
        /// Frames of all connections that are looked at for one of the message.
        const BETWEEN: usize = 64;
        if message.frames <= most {
            return *message;
        }
        let mut start = Message { last: message.first, frames: 1, ..*message };
        while start.frames < most
            && let Some(next) = self.next_frame_within(message, start.last, BETWEEN)
        {
            (start.last, start.frames) = (next, start.frames + 1);
        }
        start
    }

    /// The frame of a message behind one of its frames.
    pub fn next_frame(&self, message: &Message, frame: FrameId) -> Option<FrameId> {
        self.next_frame_within(message, frame, usize::MAX)
    }

    fn next_frame_within(&self, message: &Message, frame: FrameId, most: usize) -> Option<FrameId> {
        let range = frame.index() + 1..message.last.index() + 1;
        let is_of_it = |record: &FrameRecord| record.message() == Some(message.id);
        let at = self.index.frames.range(range).take(most).position(is_of_it)?;
        Some(FrameId::from_index(frame.index() + 1 + at))
    }

    /// The frame of a message before one of its frames.
    pub fn previous_frame(&self, message: &Message, frame: FrameId) -> Option<FrameId> {
        let mut at = frame;
        while at > message.first {
            at = self.frame(at)?.previous()?;
            if self.frame(at)?.message() == Some(message.id) {
                return Some(at);
            }
        }
        None
    }

    /// Returns what a frame's payload is: for a continuation, the opcode of its message's first frame.
    pub fn data_opcode(&self, frame: &FrameRecord) -> Opcode {
        let message = frame.message().filter(|_| frame.header.opcode() == Opcode::CONTINUATION);
        message.and_then(|id| self.message(id)).map_or(frame.header.opcode(), |message| message.opcode)
    }

    /// Of a pong, how long after its ping it was captured, in nanoseconds: the round-trip time, as far as the place of the
    /// capture sees it.
    pub fn round_trip_ns(&self, pong: &FrameRecord) -> Option<i64> {
        let ping = self.frame(pong.counterpart().filter(|_| pong.header.opcode() == Opcode::PONG)?)?;
        Some(pong.time.since(ping.time))
    }

    /// The pings of a connection that wait or waited for their pongs, the newest first.
    pub fn pings(&self, id: ConnectionId) -> impl Iterator<Item = (FrameId, &FrameRecord)> {
        let newest = self.connection(id).map(|connection| connection.last_ping);
        let row = |row: u32| self.index.pings.get(row as usize);
        std::iter::successors(newest.and_then(row), move |record| row(record.previous))
            .filter_map(|record| Some((record.ping, self.frame(record.ping)?)))
    }

    /// Returns whether nothing more will be found about a frame: it has ended, and its message too.
    pub fn is_settled(&self, frame: &FrameRecord) -> bool {
        let message = frame.message().and_then(|id| self.message(id));
        frame.is_ended() && message.is_none_or(|message| message.ended)
    }

    /// The frames of a message, in order.
    pub fn message_frames(&self, message: &Message) -> Vec<FrameId> {
        let mut frames = Vec::new();
        let mut next = Some(message.last);
        while let Some((id, frame)) = next.and_then(|id| Some((id, self.frame(id)?))) {
            if frame.message() == Some(message.id) {
                frames.push(id);
            }
            next = if id == message.first { None } else { frame.previous() };
        }
        frames.reverse();
        frames
    }

    /// The stream that a frame came in.
    #[inline]
    pub(in crate::dissect) fn stream(&self, frame: &FrameRecord) -> Option<Stream<'_>> {
        let direction = self.connection(frame.connection)?.direction(frame.sender());
        Some(self.index.carrier(frame.connection)?.stream(direction))
    }

    /// Returns how many payload octets of a frame the capture holds.
    pub fn captured_len(&self, frame: &FrameRecord) -> u64 {
        self.stream(frame).map_or(0, |stream| stream.captured(frame.payload_range()))
    }

    /// Returns how far into a frame's payload the capture reaches, holes included: no octet behind this one was
    /// captured.
    pub fn payload_end(&self, frame: &FrameRecord) -> u64 {
        let Some(stream) = self.stream(frame) else { return 0 };
        let payload = frame.payload_range();
        stream.reached(&payload) - payload.start
    }

    /// Returns which octets of a frame's payload the capture lacks, those behind its end included.
    pub fn missing(&self, frame: &FrameRecord) -> Vec<Range<u64>> {
        let (payload, declared) = (frame.payload_range(), frame.header.payload_len());
        let mut holes = Vec::new();
        // Relative to the payload: a claimed length near 2^64 does not fit behind a stream offset.
        let mut at = 0;
        let stream = self.stream(frame);
        for run in stream.iter().flat_map(|stream| stream.runs(payload.clone())) {
            if at < run.at - payload.start {
                holes.push(at..run.at - payload.start);
            }
            at = run.end() - payload.start;
        }
        if at < declared {
            holes.push(at..declared);
        }
        holes
    }

    /// Returns whether the capture lacks octets of the sender's stream between `from` and a frame.
    pub(in crate::dissect) fn lacks_before(&self, frame: &FrameRecord, from: u64) -> bool {
        let between = from.min(frame.at)..frame.at;
        let len = between.end - between.start;
        self.stream(frame).is_none_or(|stream| stream.missing() > 0 && stream.captured(between) < len)
    }

    /// Octets of a head of a connection's opening handshake.
    ///
    /// # Errors
    /// When the capture file cannot be read.
    pub fn head(&self, connection: ConnectionId, place: &HeadPlace) -> io::Result<Octets> {
        let Some(carrier) = self.index.carrier(connection) else { return Ok(Octets::default()) };
        carrier.stream(place.direction).read(place.at..place.at + u64::from(place.len), &*self.source)
    }

    /// The packets that brought a head, in order.
    pub fn head_packets(&self, connection: ConnectionId, place: &HeadPlace) -> Vec<PacketId> {
        let Some(carrier) = self.index.carrier(connection) else { return Vec::new() };
        let stream = carrier.stream(place.direction);
        stream.trace(place.at..place.at + u64::from(place.len)).map(|traced| traced.packet).collect()
    }

    /// The TCP segments that brought a frame, in order; at most `most`.
    pub fn segments(&self, frame: &FrameRecord, most: usize) -> Vec<FrameSegment> {
        let Some(stream) = self.stream(frame) else { return Vec::new() };
        let traced = stream.trace(frame.at..frame.payload_range().end);
        traced.map(|traced| FrameSegment::of(traced, frame)).take(most).collect()
    }

    /// When the packet with the last captured octet of a frame was captured.
    pub fn end_time(&self, frame: &FrameRecord) -> Timestamp {
        let stream = self.stream(frame);
        let last = stream.and_then(|stream| stream.trace(frame.at..frame.payload_range().end).last());
        last.and_then(|traced| self.packet_time(traced.record_at)).unwrap_or(frame.time)
    }

    /// When the packet whose record starts at `record_at` was captured, read from a source that has the capture's octets.
    pub(in crate::dissect) fn time_of_packet(&self, record_at: u64, source: &dyn ReadAt) -> Option<Timestamp> {
        self.layout.packet_at(source, record_at).ok().flatten().and_then(|record| record.time)
    }

    /// The capture's octets.
    pub(in crate::dissect) fn source(&self) -> &dyn ReadAt {
        &*self.source
    }

    /// When the packet whose record starts at `record_at` was captured, read again from the file.
    pub fn packet_time(&self, record_at: u64) -> Option<Timestamp> {
        self.time_of_packet(record_at, &*self.source)
    }
}
