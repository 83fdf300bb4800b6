//! One sender of an open WebSocket: from octets to frame records, messages and findings.

use super::at_once::judge_at_once;
use super::conversation::{Conversation, Heartbeat};
use super::seek::Seeker;
use crate::base::{
    Breach, ConnectionId, Fact, Finding, FrameId, MessageId, PacketRef, Place, Sender, StreamEnd, Timestamp,
};
use crate::dissect::index::connection::{CloseRecord, side};
use crate::dissect::index::finding::Gap;
use crate::dissect::index::record::{FrameRecord, NONE, flag};
use crate::dissect::index::{Tally, Writer};
use crate::net::End;
use crate::ws::{
    CloseBody, Deframer, FrameBreach, FrameHeader, Joined, Joiner, Negotiated, Opcode, Step, judge_close, judge_header,
};

/// The frames of one sender. In the order in which it lies in memory: what every frame needs comes first, down to the first
/// octets of the deframer.
#[derive(Debug)]
#[repr(C, align(64))]
pub(in crate::dissect) struct FrameStream {
    pub joiner: Joiner,
    /// Payload octets exchanged.
    payload: u64,
    frames: u64,
    messages: u64,
    /// A gap lies over a header, and frames are looked for behind it.
    pub(super) seeker: Option<Box<Seeker>>,
    /// The masking-key of the frame before.
    pub(super) previous_key: Option<[u8; 4]>,
    pub sender: Sender,
    pub negotiated: Negotiated,
    close_sent: bool,
    /// Octets are missing, so nothing that is absent can be held against anybody.
    gap_seen: bool,
    ended: bool,
    /// The start of the first frame was not known.
    pub(super) is_joined_blindly: bool,
    pub deframer: Deframer,
    /// The frame whose payload is being read.
    current: Option<FrameId>,
    /// The length of its payload.
    current_len: u64,
    /// The packet with the first octet of the header that is being read.
    began: PacketRef,
}

impl FrameStream {
    /// A stream whose first frame starts at stream offset `at`.
    pub fn new(at: u64, sender: Sender, negotiated: Negotiated) -> FrameStream {
        FrameStream {
            deframer: Deframer::new(at),
            joiner: Joiner::default(),
            sender,
            negotiated,
            current: None,
            current_len: 0,
            began: PacketRef::default(),
            frames: 0,
            messages: 0,
            payload: 0,
            previous_key: None,
            close_sent: false,
            gap_seen: false,
            ended: false,
            seeker: None,
            is_joined_blindly: false,
        }
    }

    /// Returns whether octets are missing, or what stands there is no WebSocket: then nothing is held against anybody
    /// that never came.
    pub fn lacks_octets(&self) -> bool {
        self.gap_seen || self.deframer.is_lost()
    }

    /// Starts a stream of which the capture lacks what stood before `at`.
    pub fn behind_gap(at: u64, sender: Sender, negotiated: Negotiated) -> FrameStream {
        FrameStream { gap_seen: true, ..FrameStream::new(at, sender, negotiated) }
    }

    /// Starts a stream of which it is not known either where in a frame `at` is.
    pub fn seeking(at: u64, sender: Sender, negotiated: Negotiated) -> FrameStream {
        let mut side = FrameStream::behind_gap(at, sender, negotiated);
        side.is_joined_blindly = true;
        side.lose();
        side
    }

    /// Gives up its place, and looks for another.
    pub fn lose(&mut self) {
        self.deframer.give_up();
        self.seeker = Some(Box::default());
    }

    /// Gives up its place, and looks for another behind stream offset `at`.
    pub fn lose_up_to(&mut self, at: u64) {
        self.deframer = Deframer::new(at);
        self.lose();
    }
}

impl FrameStream {
    /// Takes a gap: octets are missing where frames are read.
    pub fn gap(&mut self, connection: ConnectionId, conversation: &mut Conversation, gap: Gap, writer: &mut Writer) {
        self.gap_seen = true;
        conversation.gap(self.sender);
        let was_lost = self.deframer.is_lost();
        let cut = self.current;
        if let Some(id) = cut {
            self.note_hole(id, gap.len, writer);
        }
        let (end, mut left) = (gap.at.saturating_add(gap.len), gap.len);
        if let Some(seeker) = &mut self.seeker {
            seeker.skip(gap);
        }
        while let Some(step) = self.deframer.skip(&mut left) {
            match step {
                Step::End => self.end_frame(connection, conversation, writer),
                // Where another protocol stands, no frames are looked for behind a gap either.
                Step::Lost { at } => self.seeker = Some(Box::new(Seeker::behind(end, end.saturating_sub(at)))),
                Step::Header { .. } => {}
            }
        }
        conversation.seek(self.sender, self.is_seeking());
        writer.count_missing(connection, self.sender, gap.len);
        if !was_lost {
            // Behind a header that is missing, that nothing can be placed was said.
            let gap = Gap { lost: self.deframer.is_lost(), ..gap };
            writer.report_gap(connection, self.sender, cut, gap);
        }
    }

    /// Takes a gap in the payload of a frame that is read again. Its octets were counted as missing when it came.
    pub fn gap_again(
        &mut self,
        connection: ConnectionId,
        conversation: &mut Conversation,
        gap: Gap,
        writer: &mut Writer,
    ) {
        let cut = self.current;
        if let Some(id) = cut {
            self.note_hole(id, gap.len, writer);
        }
        let mut left = gap.len;
        while let Some(step) = self.deframer.skip(&mut left) {
            match step {
                Step::End => self.end_frame(connection, conversation, writer),
                Step::Lost { .. } => self.seeker = Some(Box::default()),
                Step::Header { .. } => {}
            }
        }
        writer.report_gap(connection, self.sender, cut, Gap { lost: false, ..gap });
    }

    /// Ends the stream: nothing more comes, as the sender said in this way, or because the capture ends. Called again, it does
    /// nothing.
    pub fn end(&mut self, connection: ConnectionId, how: Option<End>, writer: &mut Writer) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let end = stream_end(how);
        if let Some(frame) = self.current.take() {
            let here = self.current_len - self.deframer.payload_left();
            self.payload = self.payload.saturating_add(here);
            writer.end_frame(frame, false, here);
            let fact = Fact::PayloadCut { end, octets: here, length: self.current_len };
            let place = Place::PayloadOctets { at: here, len: self.deframer.payload_left() };
            report(writer, connection, self.sender, Some(frame), None, Breach { place, fact });
        }
        self.report_cut_header(connection, end, writer);
        if let Some(message) = self.joiner.open() {
            let frame = writer.fragmented(message).map(|row| {
                row.broken_off = true;
                row.last_frame
            });
            if how.is_some() && !self.gap_seen {
                let breach = Breach { place: Place::Connection, fact: Fact::MessageUnfinished };
                report(writer, connection, self.sender, frame, Some(message), breach);
            }
        }
    }

    /// Returns whether frames are looked for behind a gap.
    pub fn is_seeking(&self) -> bool {
        self.seeker.is_some()
    }

    /// Reads from what the next frame needs, so that it is at hand then; what it returns means nothing.
    #[inline]
    pub fn touch(&self) -> u64 {
        self.deframer.at() ^ self.frames
    }
}

impl FrameStream {
    /// Adds what it counted.
    pub fn count(&self, tally: &mut Tally) {
        let side = side(self.sender);
        tally.frames[side] += self.frames;
        tally.messages[side] += self.messages;
        tally.payload[side] = tally.payload[side].saturating_add(self.payload);
    }

    /// Takes all of `octets`, which `packet` brought at stream offset `at`.
    #[inline(always)]
    pub fn feed(
        &mut self,
        connection: ConnectionId,
        conversation: &mut Conversation,
        at: u64,
        octets: &[u8],
        packet: PacketRef,
        writer: &mut Writer,
    ) {
        let mut rest = octets;
        if self.deframer.is_between_frames() {
            rest = self.whole_frames(connection, conversation, octets, packet.time, writer);
            if rest.is_empty() {
                return;
            }
        } else if self.deframer.pass_payload(octets.len()) {
            return;
        }
        self.feed_closely(connection, conversation, at, rest, &packet, writer);
    }

    /// Takes the frames at the start of `octets` that are data frames, whole, and begin as the RFCs say, which nearly every
    /// frame does; returns what is left. A control frame's body has to be read.
    #[inline(never)]
    fn whole_frames<'o>(
        &mut self,
        connection: ConnectionId,
        conversation: &mut Conversation,
        octets: &'o [u8],
        time: Timestamp,
        writer: &mut Writer,
    ) -> &'o [u8] {
        let mut rest = octets;
        while let Some((header, payload)) = self.deframer.whole_data_frame(rest)
            && header.begins_as_rfcs_say(self.negotiated)
        {
            let len = payload.len() as u64;
            self.header(connection, conversation, self.deframer.at(), (&header, len), true, time, writer);
            judge_at_once(writer, &header, self.negotiated, payload);
            self.deframer.step_over(&mut rest, usize::from(header.header_len()) + payload.len());
        }
        rest
    }

    /// Takes all of `rest`, whatever it is: the last octets of those that `packet` brought from stream offset `at` on.
    #[inline(never)]
    fn feed_closely(
        &mut self,
        connection: ConnectionId,
        conversation: &mut Conversation,
        at: u64,
        mut rest: &[u8],
        packet: &PacketRef,
        writer: &mut Writer,
    ) {
        loop {
            if self.deframer.is_between_frames() {
                rest = self.whole_frames(connection, conversation, rest, packet.time, writer);
                if rest.is_empty() {
                    return;
                }
            }
            if self.deframer.end_payload(&mut rest) {
                self.end_frame(connection, conversation, writer);
                continue;
            }
            let (start, header) = match self.deframer.begin_frame(&mut rest) {
                Some(begun) => begun,
                None => match self.deframer.next(&mut rest) {
                    None => break,
                    Some(Step::Header { at, header }) => (at, header.copied()),
                    Some(Step::End) => {
                        self.end_frame(connection, conversation, writer);
                        continue;
                    }
                    Some(Step::Lost { .. }) => continue,
                },
            };
            // What began in an earlier piece keeps that piece's packet.
            let time = if start < at { self.began.time } else { packet.time };
            if header.is_doubtful(self.sender, self.negotiated)
                && self.is_impostor(connection, start, &header.copied(), rest, writer)
            {
                self.deframer.give_up();
                continue;
            }
            let header = (&header, header.payload_len());
            self.header(connection, conversation, start, header, false, time, writer);
        }
        if self.deframer.partial_header().is_some_and(|(start, _)| start >= at) {
            self.began = *packet;
        }
    }

    /// Takes a header and the length that it tells of its payload.
    #[expect(clippy::too_many_arguments, reason = "a private step of feed")]
    #[inline(always)]
    fn header(
        &mut self,
        connection: ConnectionId,
        conversation: &mut Conversation,
        at: u64,
        (header, payload_len): (&FrameHeader, u64),
        is_whole: bool,
        time: Timestamp,
        writer: &mut Writer,
    ) {
        let id = FrameId::from_index(writer.index.frames.len());
        let new = writer.next_message();
        let joined = self.joiner.place(header, new);
        let mut flags = if self.sender == Sender::Server { flag::SERVER } else { 0 };
        if self.negotiated.deflate {
            flags |= flag::DEFLATE;
        }
        if is_whole {
            flags |= flag::ENDED | flag::REACHED_END;
        }
        let message = match joined {
            Joined::First { interrupted } => {
                if let Some(row) = interrupted.and_then(|message| writer.fragmented(message)) {
                    row.broken_off = true;
                }
                if self.negotiated.deflate && header.rsv()[0] {
                    flags |= flag::COMPRESSED;
                }
                writer.add_message(id, header.fin(), payload_len);
                self.messages += 1;
                Some(new)
            }
            Joined::Next(message) => {
                flags |= continue_message(message, id, header, writer);
                Some(message)
            }
            Joined::Control | Joined::Reserved | Joined::Orphan => None,
        };
        let previous = conversation.last_frame.replace(id).map_or(NONE, |previous| previous.0);
        writer.add_frame(FrameRecord {
            at,
            time,
            connection,
            message: message.map_or(NONE, |message| message.0),
            previous,
            finding: NONE,
            header: header.copied(),
            flags,
        });
        self.frames += 1;
        if is_whole {
            self.payload = self.payload.saturating_add(payload_len);
            writer.count_payload(payload_len);
        } else {
            (self.current, self.current_len) = (Some(id), payload_len);
        }
        self.judge(id, header, joined, writer);
        self.previous_key = header.masking_key();
        if header.opcode() == Opcode::CLOSE
            && let Some(row) = writer.connection(connection)
        {
            // Its body comes with its end, if that comes.
            let close = CloseRecord { frame: id, time, code: None, reason: String::new() };
            row.closes[side(self.sender)].get_or_insert_with(|| Box::new(close));
        }
    }

    #[inline(always)]
    fn judge(&mut self, id: FrameId, header: &FrameHeader, joined: Joined, writer: &mut Writer) {
        self.breaches(header, joined, |breach| writer.report_frame(id, breach));
        if header.opcode() == Opcode::CLOSE {
            self.close_sent = true;
        }
    }

    /// Reports the rules that a header breaks where it stands now.
    #[inline(always)]
    pub(in crate::dissect) fn breaches(
        &self,
        header: &FrameHeader,
        joined: Joined,
        mut report: impl FnMut(FrameBreach),
    ) {
        judge_header(header, self.sender, self.negotiated, self.previous_key, &mut report);
        match joined {
            Joined::Orphan if !self.gap_seen => report(FrameBreach::ContinuationWithoutStart),
            Joined::First { interrupted: Some(open) } if !self.gap_seen => report(FrameBreach::Interleaved { open }),
            _ => {}
        }
        if self.close_sent && !header.opcode().is_control() {
            report(FrameBreach::DataAfterClose);
        }
    }

    /// The capture lacks octets inside frame `id`. Said once a frame: where the others are, the payload tells.
    fn note_hole(&self, id: FrameId, gap: u64, writer: &mut Writer) {
        let Some(frame) = writer.frame(id) else { return };
        if frame.flags & flag::GAP != 0 {
            return;
        }
        frame.flags |= flag::GAP;
        let left = self.deframer.payload_left();
        writer.report_hole(id, self.current_len - left, gap.min(left));
    }

    /// The current frame's payload is complete, or its missing part was stepped over.
    fn end_frame(&mut self, connection: ConnectionId, conversation: &mut Conversation, writer: &mut Writer) {
        let Some(id) = self.current.take() else { return };
        self.payload = self.payload.saturating_add(self.current_len);
        let Some((opcode, time)) = writer.end_frame(id, true, self.current_len) else { return };
        if !matches!(opcode, Opcode::PING | Opcode::PONG | Opcode::CLOSE) {
            return;
        }
        let body = self.deframer.control_payload();
        if opcode != Opcode::CLOSE {
            // Without its body, nobody can tell which pong answers it.
            let Some(body) = &body else { return conversation.gap(self.sender) };
            let heartbeat = Heartbeat { sender: self.sender, frame: id, time, body };
            return match opcode {
                // Who has got a Close frame need not answer a ping any more (RFC 6455 §5.5.2).
                Opcode::PING if self.close_sent => {}
                Opcode::PING => conversation.ping(&heartbeat, writer),
                _ => conversation.pong(&heartbeat, writer),
            };
        }
        let Some(body) = body.as_deref().and_then(|start| CloseBody::parse(start, self.current_len)) else { return };
        let close = CloseRecord { frame: id, time, code: body.code(), reason: body.reason() };
        if let Some(row) = writer.connection(connection) {
            row.closes[side(self.sender)] = row.closes[side(self.sender)]
                .take()
                .filter(|first| first.frame != id)
                .or_else(|| Some(Box::new(close)));
        }
        judge_close(&body, |breach| writer.report_frame(id, breach));
    }
}

/// Adds a continuation to its message; the flags it inherits.
fn continue_message(message: MessageId, id: FrameId, header: &FrameHeader, writer: &mut Writer) -> u8 {
    let Some(row) = writer.fragmented(message) else { return 0 };
    let last = std::mem::replace(&mut row.last_frame, id);
    row.frames = row.frames.saturating_add(1);
    row.final_seen = header.fin();
    row.payload_len = row.payload_len.saturating_add(header.payload_len());
    writer.frame(last).map_or(0, |frame| frame.flags & flag::COMPRESSED)
}

/// The end of a stream, for a finding.
pub(in crate::dissect) fn stream_end(how: Option<End>) -> StreamEnd {
    match how {
        Some(End::Fin) => StreamEnd::Fin,
        Some(End::Reset) => StreamEnd::Reset,
        None => StreamEnd::Capture,
    }
}

pub(in crate::dissect) fn report(
    writer: &mut Writer,
    connection: ConnectionId,
    sender: Sender,
    frame: Option<FrameId>,
    message: Option<MessageId>,
    breach: Breach,
) {
    let rule = breach.rule();
    let Breach { place, fact } = breach;
    let message = message.or_else(|| frame.and_then(|id| writer.frame(id)).and_then(|frame| frame.message()));
    writer.report(Finding { rule, connection: Some(connection), frame, message, sender, place, fact });
}
