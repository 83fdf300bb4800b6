//! One sender of one connection: its text messages, from frame to frame.

use std::sync::Arc;

use super::compressed::Compressed;
use super::gathered::{Batch, Gathering};
use super::job::{Job, Outcome};
use super::reader::{Form, PayloadReader};
use super::stretch::{Begin, FRAME_COST, PART_COST, PartEnd};
use super::{Link, Scene};
use crate::base::{Breach, ConnectionId, Finding, FlowId, FrameId, MessageId, Sender};
use crate::dissect::Connection;
use crate::dissect::carrier::{Cursor, Stream};
use crate::dissect::index::Index;
use crate::dissect::index::connection::side as side_of;
use crate::dissect::index::finding::NotUtf8;
use crate::dissect::index::record::{FrameRecord, NONE};
use crate::dissect::table::FlowEntry;
use crate::net::Direction;
use crate::ws::{InvalidUtf8, Opcode, Utf8};

/// The point at which judging stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Went {
    /// As far as there are octets.
    Through,
    /// As far as the budget allowed.
    Paused,
    /// As far as there is room for what is to be inflated.
    Full,
}

/// The verdict on the message being judged, as far as it is known.
#[derive(Debug, Default)]
enum Verdict {
    /// Nothing is wrong so far.
    #[default]
    Sound,
    /// It is not UTF-8: what is to be said, and about which frame, once it has ended without a hole.
    Wrong(FrameId, NotUtf8),
    /// The capture lacks octets of it, or it cannot be inflated, so it is not judged.
    Holed,
}

/// The text messages of one sender of a connection.
#[derive(Debug)]
pub(super) struct Side {
    /// Its index among the sides.
    place: u32,
    connection: ConnectionId,
    sender: Sender,
    flow: FlowId,
    direction: Direction,
    /// An extension that is not known is in force: what text is made of is its business.
    foreign: bool,
    is_ready: bool,
    /// The first and last link of its queue.
    first: u32,
    last: u32,
    /// The text message that was started last, as far as frames were sorted.
    started: u32,

    /// The place in the stream that it has come to.
    cursor: Cursor,
    /// The message being judged.
    message: u32,
    /// The frame being judged, and how many octets of its payload were.
    frame: u32,
    at: u64,
    text: Utf8,
    /// The message is text.
    is_text: bool,
    verdict: Verdict,
    /// The compressed messages of the sender; nothing until there is one.
    compressed: Option<Box<Gathering>>,
}

impl Side {
    /// The side of `sender`, of which nothing was judged, at this `place`.
    pub fn new(place: u32, connection: &Connection, sender: Sender) -> Side {
        Side {
            place,
            connection: connection.id,
            sender,
            flow: connection.flow,
            direction: connection.direction(sender),
            foreign: connection.has_foreign_extension(),
            is_ready: false,
            first: NONE,
            last: NONE,
            started: NONE,
            cursor: Cursor::default(),
            message: NONE,
            frame: NONE,
            at: 0,
            text: Utf8::default(),
            is_text: false,
            verdict: Verdict::Sound,
            compressed: None,
        }
    }

    /// `frame` starts a text message; returns whether that is to be judged.
    pub fn starts_text(&mut self, message: MessageId, frame: &FrameRecord) -> bool {
        // A reserved bit that nobody gave a meaning says that the payload is no plain text. Beside RSV1, which says that the
        // message is compressed, it says nothing more: what was sent next may copy from the message.
        let is_plain = !self.foreign && (frame.is_compressed() || frame.header.rsv() == [false; 3]);
        self.started = if is_plain { message.0 } else { NONE };
        is_plain
    }

    /// Returns whether a continuation of `message` is to be judged as text.
    pub fn is_text(&self, message: MessageId) -> bool {
        self.started == message.0
    }

    /// Puts `link` at the end of its queue; the link that was there before.
    pub fn enqueue(&mut self, link: u32) -> Option<u32> {
        let last = std::mem::replace(&mut self.last, link);
        if self.first == NONE {
            self.first = link;
            return None;
        }
        Some(last)
    }

    /// Says that it has something to do; false where that was known.
    pub fn make_ready(&mut self) -> bool {
        !std::mem::replace(&mut self.is_ready, true)
    }

    /// Returns whether it waits for something to happen to its flow.
    pub fn waits(&self) -> bool {
        self.frame != NONE || matches!(self.verdict, Verdict::Wrong(..))
    }

    /// Returns its first message that is not judged to its end, of those that are to be.
    pub fn undecided(&self, links: &[Link], index: &Index) -> Option<MessageId> {
        // One that ended without its final frame may still have octets to be judged, or a verdict to be told.
        let goes_on = |message: &MessageId| !is_broken_off(message.0, index);
        let is_open = |message: &MessageId| message.0 != NONE && (self.waits() || goes_on(message));
        let inflated = self.compressed.as_ref().and_then(|gathering| gathering.undecided(goes_on));
        let queued = || index.frames.get(links.get(self.first as usize)?.frame.index())?.message();
        inflated.or(Some(MessageId(self.message)).filter(is_open)).or_else(queued)
    }

    /// Returns what was gathered of its compressed messages.
    pub fn gathering(&mut self) -> Option<&mut Gathering> {
        self.compressed.as_deref_mut()
    }

    /// Judges its queue, as far as octets came and the budget goes. What is compressed goes into the `batch`.
    pub fn judge(
        &mut self,
        links: &[Link],
        reader: &mut PayloadReader,
        batch: &mut Batch,
        scene: &mut Scene<'_>,
    ) -> Went {
        loop {
            if self.frame == NONE {
                let Some(link) = links.get(self.first as usize) else { break };
                self.first = link.next;
                (self.frame, self.at) = (link.frame.0, 0);
            }
            let Some(frame) = scene.writer.index.frames.get(self.frame as usize).copied() else { break };
            if frame.message_number() != self.message {
                // Whatever was open has ended: a new message takes its place.
                self.conclude(batch, scene);
                self.message = frame.message_number();
                self.text = Utf8::default();
                self.is_text = frame.header.opcode() == Opcode::TEXT;
                if frame.is_compressed() {
                    self.begin_compressed(&frame, batch, scene);
                }
            }
            match self.judge_payload(&frame, reader, batch, scene) {
                Payload::Judged if frame.is_compressed() => self.end_compressed_frame(&frame, batch),
                Payload::Judged if frame.header.fin() => self.end_message(&frame, batch, scene),
                Payload::Judged => {}
                Payload::Waits if self.first == NONE => break,
                // Where another frame follows, nothing more of this one will.
                Payload::BrokenOff | Payload::Waits => self.conclude(batch, scene),
                Payload::Paused => return Went::Paused,
                Payload::Full => return Went::Full,
            }
            self.frame = NONE;
        }
        self.is_ready = false;
        if matches!(self.verdict, Verdict::Wrong(..)) && is_broken_off(self.message, &scene.writer.index) {
            self.conclude(batch, scene);
        }
        if self.waits()
            && let Some(flow) = scene.flows.get_mut(self.flow.index()).and_then(FlowEntry::followed_mut)
        {
            flow.is_awaited = true;
        }
        Went::Through
    }

    /// Judges what is there of the current frame's payload.
    #[inline]
    fn judge_payload(
        &mut self,
        frame: &FrameRecord,
        reader: &mut PayloadReader,
        batch: &mut Batch,
        scene: &mut Scene<'_>,
    ) -> Payload {
        let shared;
        let stream = match scene.flows.get(self.flow.index()) {
            Some(FlowEntry::Followed(flow)) => match flow.stream(self.connection, self.direction) {
                Some(stream) => stream,
                None => return Payload::BrokenOff,
            },
            Some(FlowEntry::Over(connection)) => {
                shared = scene.writer.index.shared_carrier(*connection);
                let Some(carrier) = &shared else { return Payload::BrokenOff };
                carrier.stream(self.direction)
            }
            _ => return Payload::BrokenOff,
        };
        let (len, key) = (frame.header.payload_len(), frame.header.masking_key());
        let form = if frame.is_compressed() { Form::Sent } else { Form::Plain };
        loop {
            if self.at >= len || matches!(self.verdict, Verdict::Holed) {
                return Payload::Judged;
            }
            if scene.budget == 0 {
                return Payload::Paused;
            }
            if frame.is_compressed() && batch.is_full() {
                return Payload::Full;
            }
            let next = reader.next(&mut self.cursor, &stream, (frame, form), self.at..len, scene.nearby);
            let octets = match next {
                Ok(Some((at, octets))) if at == self.at => octets,
                Ok(None) if frame.payload_at().saturating_add(self.at) >= stream.end() => {
                    return if frame.is_ended() { Payload::BrokenOff } else { Payload::Waits };
                }
                // A hole; what cannot be read any more is one too.
                Ok(_) | Err(_) => {
                    self.verdict = Verdict::Holed;
                    continue;
                }
            };
            if frame.is_compressed() {
                if let Some(gathering) = &mut self.compressed {
                    batch.lend(gathering);
                    gathering.stretch.add(FrameId(self.frame), self.at, octets, key);
                    batch.note(self.place, gathering, octets.len() + FRAME_COST);
                }
            } else if matches!(self.verdict, Verdict::Sound) {
                let (before, mut judged) = (self.text.len(), octets.len() as u64);
                let start = before.saturating_sub(self.at);
                if let Err(wrong) = self.text.push(octets) {
                    // However many octets come at once, those behind the wrong ones are not judged.
                    judged = (wrong.at + wrong.octets().len() as u64).saturating_sub(before);
                    self.verdict = wrong_text(wrong, self.frame, start, &scene.writer.index);
                }
                scene.writer.index.totals.judged_octets += judged;
            }
            self.at += octets.len() as u64;
            scene.budget = scene.budget.saturating_sub(octets.len() as u64);
        }
    }

    /// Every frame of the message was judged, `last` being its final one.
    fn end_message(&mut self, last: &FrameRecord, batch: &mut Batch, scene: &mut Scene<'_>) {
        if matches!(self.verdict, Verdict::Sound) {
            scene.writer.index.totals.judged_messages += 1;
            if let Err(wrong) = self.text.finish() {
                let start = self.text.len().saturating_sub(last.header.payload_len());
                self.verdict = wrong_text(wrong, self.frame, start, &scene.writer.index);
            }
        }
        self.conclude(batch, scene);
    }

    /// Nothing more of the message will come: reports what is wrong with it.
    fn conclude(&mut self, batch: &mut Batch, scene: &mut Scene<'_>) {
        self.message = NONE;
        self.end_gathering(PartEnd::Lost, batch);
        let Verdict::Wrong(frame, found) = std::mem::take(&mut self.verdict) else { return };
        scene.writer.report_text(frame, found);
        self.publish(scene);
    }

    /// Lets snapshots see what changed about the connection.
    fn publish(&self, scene: &mut Scene<'_>) {
        match scene.flows.get_mut(self.flow.index()) {
            Some(FlowEntry::Followed(flow)) => scene.touched.note(flow),
            Some(FlowEntry::Over(connection)) => scene.writer.publish_findings(*connection),
            _ => {}
        }
    }
}

impl Side {
    /// A compressed message starts with `frame`.
    fn begin_compressed(&mut self, frame: &FrameRecord, batch: &mut Batch, scene: &Scene<'_>) {
        let Some(connection) = scene.writer.connections().get(self.connection.index()) else { return };
        let limit = scene.writer.index.inflate_limit;
        let new = || Box::new(Gathering::new(Compressed::new(connection, self.sender, limit)));
        let gathering = self.compressed.get_or_insert_with(new);
        let between = gathering.end.min(frame.at)..frame.at;
        let len = between.end - between.start;
        let lacks = |stream: Stream<'_>| stream.missing() > 0 && stream.captured(between) < len;
        let lacks = match scene.flows.get(self.flow.index()) {
            Some(FlowEntry::Followed(flow)) => flow.stream(self.connection, self.direction).is_some_and(lacks),
            Some(FlowEntry::Over(connection)) => {
                scene.writer.index.carrier(*connection).is_some_and(|carrier| lacks(carrier.stream(self.direction)))
            }
            _ => false,
        };
        let first = scene.writer.index.messages.get(self.message as usize).copied();
        let (message, first) = (MessageId(self.message), first.unwrap_or(FrameId(self.frame)));
        batch.lend(gathering);
        gathering.stretch.begin(Begin { message, first, is_text: self.is_text, lacks });
        (gathering.is_open, gathering.wire) = (true, 0);
    }

    /// Nothing more of a compressed message's frame is needed; it may have been the last one.
    fn end_compressed_frame(&mut self, frame: &FrameRecord, batch: &mut Batch) {
        let is_sound = matches!(self.verdict, Verdict::Sound);
        if let Some(gathering) = self.compressed.as_mut().filter(|gathering| gathering.is_open && is_sound) {
            // There may be no octets in it.
            gathering.stretch.add(FrameId(self.frame), frame.header.payload_len(), &[], None);
            gathering.wire = gathering.wire.saturating_add(frame.header.payload_len());
        }
        if frame.header.fin() {
            let (wire, at) = (self.compressed.as_ref().map_or(0, |it| it.wire), frame.payload_range().end);
            self.end_gathering(if is_sound { PartEnd::Whole { wire, at } } else { PartEnd::Lost }, batch);
            (self.message, self.verdict) = (NONE, Verdict::Sound);
        }
    }

    /// The compressed message that is open ends.
    fn end_gathering(&mut self, end: PartEnd, batch: &mut Batch) {
        let Some(gathering) = self.compressed.as_mut().filter(|gathering| gathering.is_open) else { return };
        gathering.is_open = false;
        gathering.stretch.end(end);
        if let PartEnd::Whole { at, .. } = end {
            gathering.end = at;
        }
        batch.note(self.place, gathering, PART_COST);
    }

    /// Takes back what was gathered of its compressed messages, inflated.
    pub fn take_back(&mut self, job: Job, batch: &mut Batch, scene: &mut Scene<'_>) {
        let Job { compressed, outcomes, stretch, .. } = job;
        batch.recycle(stretch);
        let mut is_news = false;
        for outcome in outcomes {
            match outcome {
                Outcome::Plain { message, len, is_text } => {
                    scene.writer.set_plain_len(message, len);
                    if is_text {
                        scene.writer.index.totals.judged_messages += 1;
                        scene.writer.index.totals.judged_octets += len;
                    }
                }
                Outcome::Said { message, frame, breach } => {
                    let rule = breach.rule();
                    let Breach { place, fact } = breach;
                    let (connection, message, frame) = (Some(self.connection), Some(message), Some(frame));
                    scene.writer.report(Finding { rule, connection, frame, message, sender: self.sender, place, fact });
                    is_news = true;
                }
                Outcome::Checkpoint(checkpoint) => scene.writer.index.checkpoints.push(Arc::from(checkpoint)),
            }
        }
        let (tally, place) = (compressed.tally(), side_of(self.sender));
        if let Some(gathering) = &mut self.compressed {
            // What broke needs not be gathered any further.
            if job.ended_open && !compressed.is_open() && gathering.is_open && gathering.stretch.abandon() {
                gathering.is_open = false;
                self.verdict = Verdict::Holed;
            }
            gathering.put_back(compressed);
        }
        if let Some(connection) = scene.writer.connection(self.connection)
            && connection.deflated()[place] != tally
        {
            connection.deflated.get_or_insert_default()[place] = tally;
            is_news = true;
        }
        if is_news {
            self.publish(scene);
        }
    }
}

/// The outcome of judging a payload.
enum Payload {
    /// All of it was judged, or need not be.
    Judged,
    /// The stream ended inside it.
    BrokenOff,
    /// More of it may come.
    Waits,
    /// The budget is used up.
    Paused,
    /// There is no room for more of what is to be inflated.
    Full,
}

/// Returns whether a message ended without its final frame.
fn is_broken_off(message: u32, index: &Index) -> bool {
    index.fragmented(MessageId(message)).is_some_and(|row| row.broken_off)
}

/// Returns what is to be said about octets that are not UTF-8; `frame` is the frame that was judged, whose payload
/// starts at octet `start` of the message. The octets may begin in a frame before.
#[cold]
fn wrong_text(wrong: InvalidUtf8, frame: u32, mut start: u64, index: &Index) -> Verdict {
    let mut id = FrameId(frame);
    let Some(mut row) = index.frames.get(id.index()).copied() else { return Verdict::Sound };
    let message = row.message_number();
    while wrong.at < start {
        let Some(previous) = row.previous() else { break };
        let Some(before) = index.frames.get(previous.index()).copied() else { break };
        (id, row) = (previous, before);
        if row.message_number() == message {
            start = start.saturating_sub(row.header.payload_len());
        }
    }
    Verdict::Wrong(id, NotUtf8 { at: wrong.at.saturating_sub(start), wrong })
}
