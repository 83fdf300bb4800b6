//! The tables that the dissector writes and snapshots share.

pub(in crate::dissect) mod checkpoint;
pub(in crate::dissect) mod connection;
mod encrypted;
pub(in crate::dissect) mod finding;
pub(in crate::dissect) mod inflate_limit;
pub(in crate::dissect) mod inflated_room;
pub(in crate::dissect) mod record;
pub(in crate::dissect) mod snapshot;

use std::sync::Arc;

use self::checkpoint::Checkpoint;
use self::encrypted::Encrypted;
use crate::base::{ConnectionId, FrameId, MessageId, Sender, Severity, Table, Timestamp};
use crate::dissect::Connection;
use crate::dissect::carrier::Carrier;
use crate::dissect::index::connection::side;
use crate::dissect::index::finding::{Detail, FindingRecord};
use crate::dissect::index::inflate_limit::InflateLimit;
use crate::dissect::index::inflated_room::InflatedRoom;
use crate::dissect::index::record::{Fragmented, FrameRecord, NONE, PingRecord, flag};
use crate::net::StreamEvent;
use crate::ws::Opcode;

/// A connection as snapshots see it.
#[derive(Clone, Debug)]
pub(in crate::dissect) struct Published {
    /// Shared with the writer until it changes its own; nothing until it was published.
    pub connection: Option<Arc<Connection>>,
    /// The row of its carrier: a flow can carry a hundred thousand attempts, one behind another.
    carrier: usize,
}

/// Counts over the whole capture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Packets.
    pub packets: u64,
    /// Octets of packets that the capture holds.
    pub octets: u64,
    /// TCP connections.
    pub tcp_connections: u64,
    /// Frames of client and server.
    pub frames: [u64; 2],
    /// Frames by opcode.
    pub opcodes: [u64; 16],
    /// Payload octets exchanged.
    pub payload_octets: u64,
    /// Text messages of which every octet was judged.
    pub judged_messages: u64,
    /// Octets of text that were judged.
    pub judged_octets: u64,
    /// Findings: notes, warnings, violations.
    pub findings: [u64; 3],
    /// Packets that no TCP segment could be taken from although they may hold one.
    pub undecoded: u64,
}

/// Everything known so far. `clone` is a snapshot.
#[derive(Clone, Debug, Default)]
pub(in crate::dissect) struct Index {
    pub frames: Table<FrameRecord>,
    /// Message → its first frame.
    pub messages: Table<FrameId>,
    /// In the order of messages.
    pub fragmented: Table<Fragmented>,
    pub findings: Table<FindingRecord>,
    pub pings: Table<PingRecord>,
    /// Details that findings need and no frame's header tells.
    pub details: Table<Detail>,
    pub published: Table<Published>,
    /// The carriers of the connections, as far as they were published.
    carriers: Table<Option<Arc<Carrier>>>,
    /// By message: one more than the octets that a compressed one inflates to, 0 where that is not known. No longer than up
    /// to the last one that is.
    pub plain_lens: Table<u32>,
    /// Places where inflating can start, in the order of discovery; of each sender in the order of its messages.
    pub checkpoints: Table<Arc<Checkpoint>>,
    pub totals: Totals,
    /// The bound on the length that its messages are inflated to.
    pub inflate_limit: InflateLimit,
    /// The room for what is kept of inflating its messages.
    pub inflated_room: InflatedRoom,
}

impl Index {
    /// The record of a message of several frames.
    pub fn fragmented(&self, message: MessageId) -> Option<&Fragmented> {
        self.fragmented.get(self.fragmented_row(message)).filter(|row| row.message == message)
    }

    fn fragmented_row(&self, message: MessageId) -> usize {
        // Whoever asks is mostly the writer, about a message that began a few frames ago.
        self.fragmented.partition_point_near_end(|row| row.message < message)
    }

    /// The carrier of a connection, to be kept for a while.
    pub fn shared_carrier(&self, connection: ConnectionId) -> Option<Arc<Carrier>> {
        let row = self.published.get(connection.index())?.carrier;
        self.carriers.get(row)?.clone()
    }

    /// The carrier of a connection.
    #[inline]
    pub fn carrier(&self, connection: ConnectionId) -> Option<&Carrier> {
        let row = self.published.get(connection.index())?.carrier;
        self.carriers.get(row)?.as_deref()
    }
}

/// The part of a connection that changes with every frame. Its flow keeps it until `publish` puts it into the
/// [`Connection`].
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::dissect) struct Tally {
    /// Frames of client and server; so are the others.
    pub frames: [u64; 2],
    pub messages: [u64; 2],
    pub payload: [u64; 2],
    /// When the flow's last packet was captured.
    pub end: Timestamp,
    pub last_frame: Option<FrameId>,
}

/// Rows that any table may have. Ids have 32 bits; what one run of packets can add on top is far less than what is left of
/// them.
pub const MAX_ROWS: usize = 3_000_000_000;

/// The index together with the connections as the dissector changes them.
#[derive(Debug, Default)]
pub(in crate::dissect) struct Writer {
    pub index: Index,
    connections: Vec<Arc<Connection>>,
    /// TCP connections that cannot be read.
    pub encrypted: Encrypted,
    /// Room to unmask text in, where payloads are judged as frames are found.
    pub text_room: Option<Vec<u8>>,
    /// Empty; see [`Writer::room_for_events`].
    pub events: Vec<StreamEvent>,
}

impl Writer {
    /// Room for what a segment brings, which was asked for by an earlier one. Who takes it gives it back.
    pub fn room_for_events(&mut self) -> Vec<StreamEvent> {
        std::mem::take(&mut self.events)
    }

    pub fn connection(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        self.connections.get_mut(id.index()).map(Arc::make_mut)
    }

    pub fn connections(&self) -> &[Arc<Connection>] {
        &self.connections
    }

    /// Adds a connection whose carrier bore the connection `before`, if any.
    pub fn add_connection(&mut self, connection: Connection, before: Option<ConnectionId>) {
        let known = before.and_then(|id| self.index.published.get(id.index())).map(|before| before.carrier);
        let carrier = known.unwrap_or_else(|| {
            self.index.carriers.push(None);
            self.index.carriers.len() - 1
        });
        self.index.published.push(Published { connection: None, carrier });
        self.connections.push(Arc::new(connection));
    }

    /// Nothing more about the connection will come behind a packet captured at `time`.
    pub fn end_connection(&mut self, id: ConnectionId, time: Timestamp) {
        if let Some(connection) = self.connection(id).filter(|connection| !connection.is_over) {
            (connection.end, connection.is_over) = (time, true);
        }
    }

    /// Lets snapshots see the connection as it is now.
    pub fn publish(&mut self, id: ConnectionId, tally: Tally) {
        if let (Some(changed), Some(published)) =
            (self.connections.get_mut(id.index()), self.index.published.get_mut(id.index()))
        {
            let connection = Arc::make_mut(changed);
            let Tally { frames, messages, payload, end, last_frame } = tally;
            (connection.frames, connection.messages, connection.payload) = (frames, messages, payload);
            connection.last_frame = last_frame;
            if !connection.is_over {
                connection.end = end;
            }
            published.connection = Some(changed.clone());
        }
    }

    /// Lets snapshots see what was found about a connection that is over.
    pub fn publish_findings(&mut self, id: ConnectionId) {
        if let (Some(connection), Some(published)) =
            (self.connections.get(id.index()), self.index.published.get_mut(id.index()))
        {
            published.connection = Some(connection.clone());
        }
    }

    /// Lets snapshots see the connection's carrier as it is now.
    pub fn publish_carrier(&mut self, id: ConnectionId, carrier: Carrier) {
        let row = self.index.published.get(id.index()).map(|published| published.carrier);
        if let Some(shared) = row.and_then(|row| self.index.carriers.get_mut(row)) {
            *shared = Some(Arc::new(carrier));
        }
    }

    /// The most rows of any table. There are no more messages than frames.
    pub fn rows(&self) -> usize {
        self.index.frames.len().max(self.index.findings.len()).max(self.connections.len())
    }

    pub fn next_connection(&self) -> ConnectionId {
        ConnectionId::from_index(self.connections.len())
    }

    pub fn next_message(&self) -> MessageId {
        MessageId::from_index(self.index.messages.len())
    }

    /// Counts a packet.
    #[inline]
    pub fn count_packet(&mut self, octets: &[u8]) {
        self.index.totals.packets += 1;
        self.index.totals.octets += octets.len() as u64;
    }

    /// Adds a frame and counts it. Never by way of memory: reading back what was just written in other pieces waits until
    /// all that was written before has left the processor, which takes a fifth of all time.
    #[inline(always)]
    pub fn add_frame(&mut self, frame: FrameRecord) {
        self.index.totals.frames[side(frame.sender())] += 1;
        self.index.totals.opcodes[usize::from(frame.header.opcode().value())] += 1;
        self.index.frames.push(frame);
    }

    pub fn frame(&mut self, id: FrameId) -> Option<&mut FrameRecord> {
        self.index.frames.get_mut(id.index())
    }

    /// Hangs a ping on its connection.
    pub fn add_ping(&mut self, ping: FrameId) {
        let row = u32::try_from(self.index.pings.len()).unwrap_or(NONE);
        let Some(connection) = self.frame(ping).map(|frame| frame.connection) else { return };
        let Some(connection) = self.connection(connection) else { return };
        let previous = std::mem::replace(&mut connection.last_ping, row);
        self.index.pings.push(PingRecord { ping, previous });
    }

    /// A pong answers a ping.
    pub fn pair(&mut self, ping: FrameId, pong: FrameId) {
        for (frame, other) in [(ping, pong), (pong, ping)] {
            if let Some(frame) = self.frame(frame) {
                frame.message = other.0;
            }
        }
    }

    /// Starts a message with `first`, the frame that is about to be added.
    #[inline]
    pub fn add_message(&mut self, first: FrameId, fin: bool, payload_len: u64) {
        let message = self.next_message();
        self.index.messages.push(first);
        if !fin {
            self.index.fragmented.push(Fragmented {
                message,
                last_frame: first,
                frames: 1,
                final_seen: false,
                broken_off: false,
                payload_len,
                has_holes: false,
                worst: None,
            });
        }
    }

    /// The record of a message of several frames, to change it.
    pub fn fragmented(&mut self, message: MessageId) -> Option<&mut Fragmented> {
        let row = self.index.fragmented_row(message);
        self.index.fragmented.get_mut(row).filter(|row| row.message == message)
    }

    /// Keeps how many octets a compressed message inflates to.
    pub fn set_plain_len(&mut self, message: MessageId, len: u64) {
        while self.index.plain_lens.len() <= message.index() {
            self.index.plain_lens.push(0);
        }
        if let Some(kept) = self.index.plain_lens.get_mut(message.index()) {
            *kept = u32::try_from(len.saturating_add(1)).unwrap_or(0);
        }
    }

    /// Marks that nothing more of a frame will come, and counts the `payload` octets of it that were exchanged; its opcode and
    /// its time.
    pub fn end_frame(&mut self, id: FrameId, reached_end: bool, payload: u64) -> Option<(Opcode, Timestamp)> {
        let frame = self.index.frames.get_mut(id.index())?;
        frame.flags |= flag::ENDED | if reached_end { flag::REACHED_END } else { 0 };
        let told = (frame.header.opcode(), frame.time);
        self.count_payload(payload);
        if !reached_end {
            self.note_lacking(id);
        }
        Some(told)
    }

    /// Counts octets of a sender's stream that the capture lacks.
    pub fn count_missing(&mut self, connection: ConnectionId, sender: Sender, len: u64) {
        if let Some(row) = self.connection(connection) {
            row.missing[side(sender)] += len;
        }
    }

    /// Octets of a frame are not in the capture: its message is not whole, where it has other frames too.
    pub fn note_lacking(&mut self, id: FrameId) {
        let message = self.index.frames.get(id.index()).and_then(FrameRecord::message);
        if let Some(row) = message.and_then(|message| self.fragmented(message)) {
            row.has_holes = true;
        }
    }

    /// Counts payload octets that were exchanged.
    pub fn count_payload(&mut self, payload: u64) {
        let sum = &mut self.index.totals.payload_octets;
        *sum = sum.saturating_add(payload);
    }

    /// Adds a finding, and hangs it on its frame and its connection.
    pub fn add_finding(&mut self, mut finding: FindingRecord) {
        let row = u32::try_from(self.index.findings.len()).unwrap_or(NONE);
        if let Some(frame) = finding.frame().and_then(|id| self.index.frames.get_mut(id.index())) {
            finding.previous_of_frame = std::mem::replace(&mut frame.finding, row);
        }
        if let Some(connection) = finding.connection().and_then(|id| self.connections.get_mut(id.index())) {
            let connection = Arc::make_mut(connection);
            finding.previous_of_connection = std::mem::replace(&mut connection.last_finding, row);
            match connection.rules.iter_mut().find(|(rule, _)| *rule == finding.rule) {
                Some((_, count)) => *count += 1,
                None => connection.rules.push((finding.rule, 1)),
            }
        }
        let severity = match finding.severity() {
            Severity::Note => 0,
            Severity::Warning => 1,
            Severity::Violation => 2,
        };
        self.index.totals.findings[severity] += 1;
        let of_frame = || self.index.frames.get(finding.frame()?.index())?.message();
        if let Some(message) = finding.message().or_else(of_frame)
            && let Some(row) = self.fragmented(message)
        {
            row.worst = row.worst.max(Some(finding.severity()));
        }
        self.index.findings.push(finding);
    }
}
