//! One direction of a flow put in order: reordering, retransmission, overlap and loss (RFC 9293 §3.4, §3.10.7.4).

use super::event::{GapCause, StreamEvent};
use super::reorder_queue::{Content, ReorderQueue, Run};
use super::segment::{Pieces, Segment, SegmentPiece, TcpFlags, WholeSegment};
use crate::base::{PacketRef, Piece, Timestamp};

/// The farthest that a sequence or acknowledgment number may be from the next expected octet. The largest window a TCP
/// can offer is 2^30 (RFC 7323 §2.3); farther numbers belong to another connection or to nobody.
const MAX_DISTANCE: i32 = 1 << 30;
/// A hole that the peer acknowledged is waited for this many further segments of the flow, either way. Captures from
/// several queues put acknowledgments before the data they are for, and a network reorders.
pub const PATIENCE_SEGMENTS: u32 = 64;
/// … or for this long in capture time, in nanoseconds.
pub const PATIENCE_NANOSECONDS: i64 = 1_000_000_000;

/// Puts one direction of a flow in order. Positions go in and come out; octets are never kept.
///
/// Feed it every segment of its direction ([`push`](Assembler::push)) and every acknowledgment of the other one
/// ([`acknowledged`](Assembler::acknowledged)), in the order of the capture. Events are appended to what the caller
/// gives and never removed.
///
/// # When octets are missing
///
/// Octets that come late in the file still fill their hole, even when the peer's acknowledgment was seen before. A
/// hole is declared a [`StreamEvent::Gap`] when the peer acknowledged it and then [`PATIENCE_SEGMENTS`] segments or
/// [`PATIENCE_NANOSECONDS`] passed; when the sender has ended the stream, all of that is acknowledged and the caller has
/// waited long enough ([`give_up_end`](Assembler::give_up_end)); when too much is held behind it, or by all flows
/// together ([`give_up_hole`](Assembler::give_up_hole)); when the connection is reset; and when the capture ends. Octets the snap length cut are missing at once.
#[derive(Clone, Debug, Default)]
pub struct Assembler {
    /// Sequence number of stream offset 0.
    start: Option<u32>,
    /// Everything before this stream offset was delivered or declared missing.
    next: u64,
    /// The peer acknowledged everything before this stream offset.
    acknowledged: u64,
    state: State,
    /// Something is held, doubted or finished: the next segment needs a close look.
    is_troubled: bool,
    /// State that most streams never need, kept apart: an assembler is touched for every packet, and small is fast.
    trouble: Option<Box<Trouble>>,
}

/// State of an assembler beyond "everything came in order".
#[derive(Clone, Debug, Default)]
struct Trouble {
    reorder_queue: ReorderQueue,
    doubt: Option<Doubt>,
    /// The stream offset at which the sender ended the stream, and the packet that said so.
    fin: Option<(u64, PacketRef)>,
    ignored: Ignored,
}

/// Octets before `up_to` are acknowledged and not here; since when they are waited for.
#[derive(Clone, Copy, Debug)]
struct Doubt {
    up_to: u64,
    /// The stream offset that was due then.
    at: u64,
    since: Timestamp,
    segments: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Open,
    /// The FIN was delivered.
    Finished,
    /// The RST was delivered.
    Reset,
}

/// Segments that contributed nothing, or only a part, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ignored {
    /// Payload before stream offset 0: the capture started late, and segments came in another order.
    pub before_start: u32,
    /// A sequence or acknowledgment number more than 2^30 from where the stream is.
    pub implausible: u32,
    /// Payload behind the FIN, or anything behind the RST.
    pub after_end: u32,
}

impl Assembler {
    /// One that has seen nothing.
    pub fn new() -> Assembler {
        Assembler::default()
    }

    /// One for a stream whose first octet has this sequence number.
    pub fn starting_at(start: Option<u32>) -> Assembler {
        Assembler { start, ..Assembler::default() }
    }

    /// Stream offset of the next octet to deliver: how long the stream is so far, gaps included.
    pub fn next_offset(&self) -> u64 {
        self.next
    }

    /// The stream offset of a sequence number that a packet of now carries, such as an acknowledgment of the peer; `None`
    /// where it is not near, or before the start.
    pub fn position_of(&self, seq: u32) -> Option<u64> {
        self.offset_of(seq).and_then(|offset| u64::try_from(offset).ok())
    }

    /// Pieces held behind a hole, and how many octets of the stream they cover.
    pub fn buffered(&self) -> (usize, u64) {
        self.trouble.as_ref().map_or((0, 0), |trouble| trouble.reorder_queue.size())
    }

    /// Returns what contributed nothing.
    pub fn ignored(&self) -> Ignored {
        self.trouble.as_ref().map_or(Ignored::default(), |trouble| trouble.ignored)
    }

    fn trouble(&mut self) -> &mut Trouble {
        self.trouble.get_or_insert_default()
    }

    fn is_holding(&self) -> bool {
        self.trouble.as_ref().is_some_and(|trouble| !trouble.reorder_queue.is_empty())
    }

    fn fin(&self) -> Option<(u64, PacketRef)> {
        self.trouble.as_ref()?.fin
    }

    /// The common case of [`push`](Assembler::push), which has no other event: the segment carries the stream's next
    /// octets, whole, and nothing waits. Their stream offset, their place and themselves, or `None` where the segment has
    /// to be pushed.
    #[inline]
    pub fn push_next<'a>(&mut self, segment: &Segment<'a>) -> Option<(u64, Piece, &'a [u8])> {
        let Pieces::One([SegmentPiece { piece, octets, .. }]) = &segment.pieces else { return None };
        let is_whole = piece.span.len == segment.payload_len
            && !segment.flags.intersects(TcpFlags::SYN | TcpFlags::FIN | TcpFlags::RST);
        let at = if is_whole { self.deliver_next(segment.seq, piece.span.len) } else { None };
        at.map(|at| (at, *piece, *octets))
    }

    /// Takes a segment that is whole and has octets, if it is the next one: returns the stream offset of the first.
    #[inline(always)]
    pub fn push_next_whole(&mut self, segment: &WholeSegment<'_>) -> Option<u64> {
        self.deliver_next(segment.seq, segment.octets.len() as u32)
    }

    #[inline(always)]
    fn deliver_next(&mut self, seq: u32, len: u32) -> Option<u64> {
        let is_next = !self.is_troubled && seq == self.start?.wrapping_add(self.next as u32);
        is_next.then(|| {
            let at = self.next;
            self.next += u64::from(len);
            at
        })
    }

    /// Returns whether pushing a whole segment without octets would change nothing.
    #[inline(always)]
    pub fn is_indifferent_to_empty(&self) -> bool {
        !self.is_troubled
    }

    /// Returns whether pushing the segment would change nothing: it only acknowledges, and nothing waits.
    #[inline]
    pub fn is_indifferent_to(&self, segment: &Segment<'_>) -> bool {
        segment.payload_len == 0
            && !self.is_troubled
            && !segment.flags.intersects(TcpFlags::SYN | TcpFlags::FIN | TcpFlags::RST)
    }

    /// The common case of [`acknowledged`](Assembler::acknowledged), which has no event: what is acknowledged is here.
    /// `false` where it has to be looked at closely.
    #[inline]
    pub fn acknowledged_known(&mut self, ack: u32) -> bool {
        let Some(start) = self.start.filter(|_| !self.is_troubled) else { return false };
        let behind = start.wrapping_add(self.next as u32).wrapping_sub(ack);
        // Nothing new, and nothing from before the start.
        let is_known = u64::from(behind) <= self.next.min(MAX_DISTANCE as u64);
        if is_known {
            self.acknowledged = self.acknowledged.max(self.next - u64::from(behind));
        }
        is_known
    }

    /// Takes a segment of this direction.
    pub fn push(&mut self, segment: &Segment<'_>, events: &mut Vec<StreamEvent>) {
        self.take(segment, events);
        self.is_troubled = self.needs_care();
    }

    /// Returns whether the next segment cannot be dealt with by [`push_next`](Assembler::push_next).
    fn needs_care(&self) -> bool {
        self.state != State::Open
            || self.trouble.as_ref().is_some_and(|trouble| {
                trouble.doubt.is_some() || trouble.fin.is_some() || !trouble.reorder_queue.is_empty()
            })
    }

    fn take(&mut self, segment: &Segment<'_>, events: &mut Vec<StreamEvent>) {
        if self.state == State::Reset {
            count(&mut self.trouble().ignored.after_end, true);
            return;
        }
        let flags = segment.flags;
        // A SYN takes one sequence number (RFC 9293 §3.4); data may follow it at once (RFC 7413).
        let data_seq = segment.seq.wrapping_add(u32::from(flags.syn()));
        // A bare acknowledgment does not tell where the stream is: a keep-alive has the same form one octet earlier.
        let tells_start = flags.syn() || flags.fin() || flags.rst() || segment.payload_len > 0;
        if tells_start && (self.start.is_none() || (flags.syn() && self.is_untouched())) {
            self.start = Some(data_seq);
        }
        let Some(offset) = self.offset_of(data_seq).filter(|_| segment.payload_len <= MAX_DISTANCE as u32) else {
            if self.start.is_some() {
                count(&mut self.trouble().ignored.implausible, true);
            }
            return self.watch(segment.packet, events);
        };

        // An RST counts where the stream is (RFC 9293 §3.10.7.4); one from before what the peer acknowledged is stray.
        let known = i64::try_from(self.next.min(self.acknowledged)).unwrap_or(i64::MAX);
        if flags.rst() && offset < known {
            count(&mut self.trouble().ignored.implausible, true);
            return self.watch(segment.packet, events);
        }
        if flags.rst() {
            // What an RST carries is a message to people, not to the application (RFC 9293 §3.5.3).
            self.flush(segment.packet, events);
            self.state = State::Reset;
            events.push(StreamEvent::Reset { at: self.next, packet: segment.packet });
            return;
        }
        if segment.payload_len > 0 {
            self.take_payload(offset, segment, events);
        }
        if flags.fin() && self.fin().is_none() {
            // An end before what was delivered already is none.
            let end = u64::try_from(offset + i64::from(segment.payload_len)).ok().filter(|end| *end >= self.next);
            if let Some(end) = end {
                self.trouble().fin = Some((end, segment.packet));
                self.trouble().reorder_queue.cut_at(end);
            }
        }
        self.give_up_if_too_full(segment.packet, events);
        self.deliver_fin(events);
        self.watch(segment.packet, events);
    }

    /// Takes an acknowledgment number that a segment of the other direction carries.
    pub fn acknowledged(&mut self, ack: u32, packet: PacketRef, events: &mut Vec<StreamEvent>) {
        self.hear(ack, packet, events);
        self.is_troubled = self.needs_care();
    }

    fn hear(&mut self, ack: u32, packet: PacketRef, events: &mut Vec<StreamEvent>) {
        if self.state == State::Reset {
            return;
        }
        // Nothing of this direction was seen, and now we know where it is.
        self.start.get_or_insert(ack);
        match self.offset_of(ack) {
            Some(offset) => self.acknowledged = self.acknowledged.max(u64::try_from(offset).unwrap_or(0)),
            None => count(&mut self.trouble().ignored.implausible, true),
        }
        self.watch(packet, events);
    }

    /// Does not wait any longer for the first octets that are missing before held ones, whatever the peer acknowledged:
    /// too much is held by all flows together.
    pub fn give_up_hole(&mut self, packet: PacketRef, events: &mut Vec<StreamEvent>) {
        if let Some(first) = self.first_queued_at() {
            self.give_up(first, GapCause::GaveUp, packet, events);
            self.deliver_fin(events);
            self.is_troubled = self.needs_care();
        }
    }

    /// Returns whether the sender has ended the stream, its peer acknowledges that, and octets are missing: the peer
    /// has them, so nobody sends them again, and only a capture in another order than the network's can still bring
    /// them.
    pub fn lacks_end(&self) -> bool {
        self.state == State::Open && self.acknowledged > self.fin_at()
    }

    /// Does not wait any longer for what [`lacks_end`](Assembler::lacks_end) says is missing.
    pub fn give_up_end(&mut self, packet: PacketRef, events: &mut Vec<StreamEvent>) {
        if self.lacks_end() {
            self.give_up(self.fin_at(), GapCause::NotCaptured, packet, events);
            self.deliver_fin(events);
            self.is_troubled = self.needs_care();
        }
    }

    /// The capture ends, whose last packet of the flow is `last`: delivers what is held; holes become gaps.
    pub fn finish(&mut self, last: PacketRef, events: &mut Vec<StreamEvent>) {
        if self.state == State::Open {
            self.flush(last, events);
        }
    }

    /// Returns whether the start could still be elsewhere, because it is known from an acknowledgment alone.
    fn is_untouched(&self) -> bool {
        self.next == 0 && self.acknowledged == 0 && !self.is_holding()
    }

    /// The stream offset of a sequence number: the one of its many (every 2^32) that is nearest to where the stream is.
    /// Negative before the start; `None` where it is not near.
    fn offset_of(&self, seq: u32) -> Option<i64> {
        let next_seq = self.start?.wrapping_add(self.next as u32);
        let distance = seq.wrapping_sub(next_seq) as i32;
        let near = (-MAX_DISTANCE..=MAX_DISTANCE).contains(&distance);
        near.then(|| self.next as i64 + i64::from(distance))
    }

    fn first_queued_at(&self) -> Option<u64> {
        self.trouble.as_ref()?.reorder_queue.first_at()
    }

    /// Stream offset of the FIN; beyond everything while none was seen.
    fn fin_at(&self) -> u64 {
        self.fin().map_or(i64::MAX as u64, |(at, _)| at)
    }

    fn take_payload(&mut self, offset: i64, segment: &Segment<'_>, events: &mut Vec<StreamEvent>) {
        let len = segment.payload_len;
        // A keep-alive repeats the octet before what is acknowledged, or makes one up (RFC 9293 §3.8.4).
        if len == 1 && offset + 1 == self.next as i64 {
            return;
        }
        let behind_fin = offset + i64::from(len) > self.fin_at() as i64;
        if offset < 0 || behind_fin {
            let ignored = &mut self.trouble().ignored;
            count(&mut ignored.before_start, offset < 0);
            count(&mut ignored.after_end, behind_fin);
        }

        // Payload that was captured, and between and behind it payload that the snap length cut.
        let mut done = 0;
        for piece in segment.pieces.iter() {
            self.take_cut(offset, done, piece.at, segment.packet, events);
            self.take_run(offset, piece.at, piece.piece.span.len, Content::Captured(piece.piece), events);
            done = piece.at.saturating_add(piece.piece.span.len);
        }
        self.take_cut(offset, done, len, segment.packet, events);
    }

    fn take_cut(&mut self, offset: i64, from: u32, to: u32, packet: PacketRef, events: &mut Vec<StreamEvent>) {
        if from < to {
            self.take_run(offset, from, to - from, Content::Cut(packet), events);
        }
    }

    /// Takes `len` octets that stand `skip` octets behind stream offset `offset`.
    fn take_run(&mut self, offset: i64, skip: u32, len: u32, content: Content, events: &mut Vec<StreamEvent>) {
        let at = offset + i64::from(skip);
        // What lies before the start is cut off first, because a run has no negative place.
        let Ok(before_start) = u32::try_from(at.min(0).unsigned_abs()) else { return };
        let Some(left) = len.checked_sub(before_start).filter(|left| *left > 0) else { return };
        let content = match content {
            Content::Captured(Piece { span, packet }) => {
                Content::Captured(Piece { span: span.skip(before_start), packet })
            }
            cut => cut,
        };
        let run = Run { at: at.max(0) as u64, len: left, content };

        if let Some(known) = run.between(0, self.next) {
            overlap(known, events);
        }
        if let Some(new) = run.between(self.next, self.fin_at()) {
            if new.at == self.next && !self.is_holding() {
                self.deliver(new, events);
            } else {
                self.trouble().reorder_queue.insert(new, |known| overlap(known, events));
                self.deliver_queued(events);
            }
        }
    }

    fn deliver(&mut self, run: Run, events: &mut Vec<StreamEvent>) {
        let Run { at, len, content } = run;
        self.next = run.end();
        events.push(match content {
            Content::Captured(piece) => StreamEvent::Data { at, piece },
            Content::Cut(packet) => StreamEvent::Gap { at, len: u64::from(len), cause: GapCause::PacketCut, packet },
        });
    }

    fn deliver_queued(&mut self, events: &mut Vec<StreamEvent>) {
        while let Some(run) = self.trouble.as_mut().and_then(|trouble| trouble.reorder_queue.pop_at(self.next)) {
            self.deliver(run, events);
        }
        if let Some(trouble) = &mut self.trouble {
            trouble.reorder_queue.shrink();
        }
    }

    fn deliver_fin(&mut self, events: &mut Vec<StreamEvent>) {
        if let Some((at, packet)) = self.fin()
            && self.state == State::Open
            && at == self.next
        {
            self.state = State::Finished;
            events.push(StreamEvent::Fin { at, packet });
        }
    }

    /// Declares everything missing up to stream offset `up_to`, delivering what is held in between.
    fn give_up(&mut self, up_to: u64, cause: GapCause, packet: PacketRef, events: &mut Vec<StreamEvent>) {
        while self.next < up_to {
            let end = self.first_queued_at().map_or(up_to, |first| first.min(up_to));
            events.push(StreamEvent::Gap { at: self.next, len: end - self.next, cause, packet });
            self.next = end;
            self.deliver_queued(events);
        }
    }

    fn give_up_if_too_full(&mut self, packet: PacketRef, events: &mut Vec<StreamEvent>) {
        while self.trouble.as_ref().is_some_and(|trouble| trouble.reorder_queue.is_too_full())
            && let Some(first) = self.first_queued_at()
        {
            self.give_up(first, GapCause::GaveUp, packet, events);
        }
    }

    /// Nothing can come any more.
    fn flush(&mut self, packet: PacketRef, events: &mut Vec<StreamEvent>) {
        while let Some(first) = self.first_queued_at() {
            self.give_up(first, GapCause::NotCaptured, packet, events);
        }
        let end = self.fin().map_or(self.acknowledged, |(at, _)| at);
        self.give_up(end, GapCause::NotCaptured, packet, events);
        self.deliver_fin(events);
    }

    /// Looks whether octets that the peer acknowledged are missing, and for how long.
    fn watch(&mut self, packet: PacketRef, events: &mut Vec<StreamEvent>) {
        let fin_at = self.fin_at();
        let exchanged = self.acknowledged.min(fin_at);
        if exchanged <= self.next {
            if let Some(trouble) = &mut self.trouble {
                trouble.doubt = None;
            }
            return;
        }
        let begin = Doubt { up_to: exchanged, at: self.next, since: packet.time, segments: 0 };
        let next = self.next;
        let doubt = match &mut self.trouble().doubt {
            // Only what was acknowledged when the waiting began has been waited for, and only as long as nothing comes.
            Some(doubt) if doubt.up_to > next && doubt.at == next => {
                doubt.segments += 1;
                *doubt
            }
            doubt => *doubt.insert(begin),
        };
        if doubt.segments >= PATIENCE_SEGMENTS || packet.time.since(doubt.since) >= PATIENCE_NANOSECONDS {
            self.give_up(doubt.up_to, GapCause::NotCaptured, packet, events);
            self.deliver_fin(events);
            let next = self.next;
            self.trouble().doubt = (exchanged > next).then_some(Doubt { at: next, ..begin });
        }
    }
}

/// Counts what is so.
fn count(counter: &mut u32, is_so: bool) {
    *counter = counter.saturating_add(u32::from(is_so));
}

fn overlap(run: Run, events: &mut Vec<StreamEvent>) {
    if let Content::Captured(piece) = run.content {
        events.push(StreamEvent::Overlap { at: run.at, piece });
    }
}

#[cfg(test)]
mod tests;
