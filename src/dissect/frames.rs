//! From one direction of an open WebSocket to frame records, messages and findings.

use super::connection::{CloseRecord, End, side};
use super::finding::Gap;
use super::flow::{Chunk, Context, FlowState, Side};
use super::record::{FrameRecord, NONE, flag};
use crate::base::{Breach, ConnectionId, Finding, FrameId, MessageId, PacketRef, Place, Rule, Sender, Timestamp};
use crate::net::Direction;
use crate::ws::{
    CloseBody, Deframer, FrameBreach, FrameHeader, Joined, Joiner, Negotiated, Opcode, Step, judge_close, judge_header,
};

/// What is known of one sender.
#[derive(Debug)]
pub(super) struct FrameSide {
    pub deframer: Deframer,
    joiner: Joiner,
    sender: Sender,
    negotiated: Negotiated,
    /// The frame whose payload is being read.
    current: Option<FrameId>,
    current_len: u64,
    /// The masking-key of the frame before.
    previous_key: Option<[u8; 4]>,
    close_sent: bool,
    /// Octets are missing, so nothing that is absent can be held against anybody.
    gap_seen: bool,
    ended: bool,
    /// Stream offset of the first frame.
    start: u64,
}

impl FrameSide {
    /// A side whose first frame starts at stream offset `at`.
    pub fn new(at: u64, sender: Sender, negotiated: Negotiated) -> FrameSide {
        FrameSide {
            deframer: Deframer::new(at),
            joiner: Joiner::default(),
            sender,
            negotiated,
            current: None,
            current_len: 0,
            previous_key: None,
            close_sent: false,
            gap_seen: false,
            ended: false,
            start: at,
        }
    }

    /// What was agreed on, if this is the client's side and no octet of it was read.
    pub fn untouched_client(&self) -> Option<Negotiated> {
        (self.sender == Sender::Client && self.deframer.at() == self.start).then_some(self.negotiated)
    }

    /// The same where the capture lacks what stood before.
    pub fn behind_gap(at: u64, sender: Sender, negotiated: Negotiated) -> FrameSide {
        FrameSide { gap_seen: true, ..FrameSide::new(at, sender, negotiated) }
    }
}

impl FlowState {
    /// The direction's frame side and its connection.
    fn frame_side(&mut self, direction: Direction) -> Option<(&mut FrameSide, ConnectionId)> {
        let connection = self.connection?;
        match &mut self.sides[direction.index()] {
            Side::Frames(side) => Some((side, connection)),
            Side::Http(_) | Side::Search | Side::Done => None,
        }
    }

    /// The deframer came upon something; `packet` brought the first octet of it. `whole` says that a header's payload
    /// follows at once.
    pub(super) fn frame_step(
        &mut self,
        direction: Direction,
        step: Step,
        whole: bool,
        packet: PacketRef,
        context: &mut Context<'_>,
    ) {
        let Some((side, connection)) = self.frame_side(direction) else { return };
        match step {
            Step::Header { at, header } => side.header(connection, at, &header, whole, packet, context),
            Step::End => side.end(connection, context),
            Step::Lost { .. } => {}
        }
    }

    /// Octets are missing where frames are read.
    pub(super) fn frames_gap(&mut self, direction: Direction, chunk: Chunk, context: &mut Context<'_>) {
        let Chunk::Gap { len, .. } = chunk else { return };
        let Some((side, connection)) = self.frame_side(direction) else { return };
        side.gap_seen = true;
        let was_lost = side.deframer.is_lost();
        let cut = side.current;
        if let Some(id) = cut {
            side.note_hole(id, len, context);
        }
        let mut left = len;
        while let Some(step) = side.deframer.skip(&mut left) {
            if step == Step::End {
                side.end(connection, context);
            }
        }
        if was_lost {
            // That nothing can be placed here was said.
            return self.count_gap(direction, len, context);
        }
        let lost = side.deframer.is_lost();
        self.gap(direction, chunk, cut, lost, context);
    }

    fn count_gap(&mut self, direction: Direction, len: u64, context: &mut Context<'_>) {
        if let Some(row) = self.connection.and_then(|id| context.writer.connection(id)) {
            row.missing[side(row.sender(direction))] += len;
        }
    }

    /// Counts the octets of a connection that are missing, and says what that means.
    pub(super) fn gap(
        &mut self,
        direction: Direction,
        chunk: Chunk,
        frame: Option<FrameId>,
        lost: bool,
        context: &mut Context<'_>,
    ) {
        let before = self.last_packet[direction.index()];
        let Chunk::Gap { at, len, cause, packet } = chunk else { return };
        self.count_gap(direction, len, context);
        let Some(connection) = self.connection else { return };
        let Some(sender) = context.writer.connection(connection).map(|row| row.sender(direction)) else { return };
        let gap = Gap { at, len, cause, before: before.id, packet: packet.id, lost };
        context.writer.report_gap(connection, sender, frame, gap);
    }

    /// Nothing more comes in this direction. Called again, it does nothing.
    pub(super) fn frames_end(&mut self, direction: Direction, how: Option<End>, context: &mut Context<'_>) {
        let Some((side, connection)) = self.frame_side(direction) else { return };
        if std::mem::replace(&mut side.ended, true) {
            return;
        }
        let end = match how {
            Some(End::Fin) => "The sender ended TCP",
            Some(End::Reset) => "TCP was reset",
            None => "The capture ends",
        };
        if let Some(frame) = side.current.take() {
            let here = side.current_len - side.deframer.payload_left();
            context.writer.end_frame(frame, false, here);
            let text = format!("{end} after {here} of {} payload octets.", side.current_len);
            let place = Place::PayloadOctets { at: here, len: side.deframer.payload_left() };
            report(
                context,
                connection,
                side.sender,
                Some(frame),
                None,
                Breach { rule: Rule::FrameTruncated, place, text },
            );
        }
        if let Some((at, octets)) = side.deframer.partial_header() {
            let text =
                format!("{end} inside a frame header, of which {} octets are there: {}.", octets.len(), hex(octets));
            let place = Place::StreamOctets { at, len: octets.len() as u64 };
            report(context, connection, side.sender, None, None, Breach { rule: Rule::FrameTruncated, place, text });
        }
        if let Some(message) = side.joiner.open() {
            let frame = context.writer.fragmented(message).map(|row| {
                row.broken_off = true;
                row.last_frame
            });
            if how.is_some() && !side.gap_seen {
                let text = "The connection ends before the message's final frame.".to_owned();
                let breach = Breach { rule: Rule::MessageUnfinished, place: Place::Connection, text };
                report(context, connection, side.sender, frame, Some(message), breach);
            }
        }
    }
}

impl FrameSide {
    fn header(
        &mut self,
        connection: ConnectionId,
        at: u64,
        header: &FrameHeader,
        whole: bool,
        packet: PacketRef,
        context: &mut Context<'_>,
    ) {
        let id = FrameId::from_index(context.writer.index.frames.len());
        let new = context.writer.next_message();
        let joined = self.joiner.place(header, new);
        let mut flags = if self.sender == Sender::Server { flag::SERVER } else { 0 };
        if self.negotiated.deflate {
            flags |= flag::DEFLATE;
        }
        // Nearly every frame is complete here and now; a Close frame's body has to be read first.
        let whole = whole && header.opcode() != Opcode::CLOSE;
        if whole {
            flags |= flag::ENDED | flag::REACHED_END;
        }
        let message = match joined {
            Joined::First { interrupted } => {
                if let Some(row) = interrupted.and_then(|message| context.writer.fragmented(message)) {
                    row.broken_off = true;
                }
                if self.negotiated.deflate && header.rsv()[0] {
                    flags |= flag::COMPRESSED;
                }
                context.writer.add_message(id, header.fin(), header.payload_len(), connection, self.sender);
                Some(new)
            }
            Joined::Next(message) => {
                flags |= self.continue_message(message, id, header, context);
                Some(message)
            }
            Joined::Control | Joined::Reserved | Joined::Orphan => None,
        };
        context.writer.add_frame(FrameRecord {
            at,
            time: packet.time,
            connection,
            message: message.map_or(NONE, |message| message.0),
            previous: NONE,
            finding: NONE,
            header: *header,
            flags,
        });
        self.current = (!whole).then_some(id);
        self.current_len = header.payload_len();
        if whole {
            context.writer.count_payload(connection, self.sender, self.current_len);
        }
        self.judge(id, header, joined, context);
        self.previous_key = header.masking_key();
        if header.opcode() == Opcode::CLOSE
            && let Some(row) = context.writer.connection(connection)
        {
            // Its body comes with its end, if that comes.
            let close = CloseRecord { frame: id, time: packet.time, code: None, reason: String::new() };
            row.closes[side(self.sender)].get_or_insert(close);
        }
    }

    /// Adds a continuation to its message; the flags it inherits.
    fn continue_message(&self, message: MessageId, id: FrameId, header: &FrameHeader, context: &mut Context<'_>) -> u8 {
        let mut inherited = 0;
        if let Some(row) = context.writer.fragmented(message) {
            let last = row.last_frame;
            row.last_frame = id;
            row.frames = row.frames.saturating_add(1);
            row.final_seen = header.fin();
            row.payload_len = row.payload_len.saturating_add(header.payload_len());
            inherited = context.writer.frame(last).map_or(0, |frame| frame.flags & flag::COMPRESSED);
        }
        inherited
    }

    fn judge(&mut self, id: FrameId, header: &FrameHeader, joined: Joined, context: &mut Context<'_>) {
        let mut report = |breach| context.writer.report_frame(id, breach);
        judge_header(header, self.sender, self.negotiated, self.previous_key, &mut report);
        match joined {
            Joined::Orphan if !self.gap_seen => report(FrameBreach::ContinuationWithoutStart),
            Joined::First { interrupted: Some(open) } if !self.gap_seen => report(FrameBreach::Interleaved { open }),
            _ => {}
        }
        if self.close_sent && !header.opcode().is_control() {
            report(FrameBreach::DataAfterClose);
        }
        if header.opcode() == Opcode::CLOSE {
            self.close_sent = true;
        }
    }

    /// The capture lacks octets inside frame `id`. Said once a frame: where the others are, the payload tells.
    fn note_hole(&self, id: FrameId, gap: u64, context: &mut Context<'_>) {
        let Some(frame) = context.writer.frame(id) else { return };
        if frame.flags & flag::GAP != 0 {
            return;
        }
        frame.flags |= flag::GAP;
        let left = self.deframer.payload_left();
        context.writer.report_hole(id, self.current_len - left, gap.min(left));
    }

    /// The current frame's payload is complete, or its missing part was stepped over.
    fn end(&mut self, connection: ConnectionId, context: &mut Context<'_>) {
        let Some(id) = self.current.take() else { return };
        context.writer.end_frame(id, true, self.current_len);
        let is_close = context.writer.frame(id).is_some_and(|frame| frame.header.opcode() == Opcode::CLOSE);
        if !is_close {
            return;
        }
        let body = self.deframer.control_payload();
        let close = match body.as_deref().map(CloseBody::parse) {
            None => return,
            Some(parsed) => CloseRecord {
                frame: id,
                time: context.writer.frame(id).map_or(Timestamp::default(), |frame| frame.time),
                code: parsed.code(),
                reason: match parsed {
                    CloseBody::Code { reason, .. } => String::from_utf8_lossy(reason).into_owned(),
                    CloseBody::Empty | CloseBody::OneOctet(_) => String::new(),
                },
            },
        };
        if let Some(row) = context.writer.connection(connection) {
            row.closes[side(self.sender)] =
                row.closes[side(self.sender)].take().filter(|first| first.frame != id).or(Some(close));
        }
        if let Some(body) = body {
            judge_close(&body, |breach| context.writer.report_frame(id, breach));
        }
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn report(
    context: &mut Context<'_>,
    connection: ConnectionId,
    sender: Sender,
    frame: Option<FrameId>,
    message: Option<MessageId>,
    breach: Breach,
) {
    let Breach { rule, place, text } = breach;
    let message = message.or_else(|| frame.and_then(|id| context.writer.frame(id)).and_then(|frame| frame.message()));
    context.writer.report(Finding { rule, connection: Some(connection), frame, message, sender, place, text });
}
