//! Compressed messages, inflated when somebody looks at them (DESIGN decision 9).
//!
//! ```text
//!   side:   m₁ ─ m₂ ─ m₃ ─ …  ─ mₙ        wanted: mₙ
//!                     └ the window that m₃ left is remembered: inflate m₄ … mₙ
//! ```

mod parts;
mod resume_points;

use std::io;
use std::ops::Range;

pub use self::parts::InflatedPart;
use self::parts::Parts;
use self::resume_points::{ResumePoint, ResumePoints};
use crate::base::{FrameId, Sender};
use crate::dissect::index::checkpoint::Checkpoint;
use crate::dissect::payload::kept::{KeptMessage, KeptMessages};
use crate::dissect::payload::reader::MessageReader;
use crate::dissect::{Connection, Message, Octets, Snapshot};
use crate::http::{DeflateParameters, extensions_in, is_deflate};
use crate::inflate::{DeflateAgreement, InflateError, InflatedPiece, Inflater, LOOKAHEAD, SlidingWindow, TAIL};

/// Octets of a message on the wire that are inflated in one go.
const AT_ONCE: u64 = 1 << 20;
/// Octets of payload between two words about how far it is.
const TELL: u64 = 256 * 1024;
/// Frames, of all connections, that may lie between two messages that are near each other.
const NEAR: usize = 4096;
/// The cost of a message besides its octets, in octets.
const MESSAGE_COST: u64 = 512;

/// A wish about a compressed message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InflateWish {
    /// The octets that are kept of what it inflates to.
    pub keep: Range<u64>,
    /// Octets that a message may inflate to.
    pub limit: u64,
    /// Asks which octets of its frames give which of those it inflates to.
    pub parts: bool,
}

/// A compressed message, inflated as far as that goes.
#[derive(Clone, Debug, Default)]
pub struct Inflated {
    /// The octets that are known of it, as far as they were to be kept: `total` is its length as far as it was
    /// inflated.
    pub plain: Octets,
    /// Octets of it are not known, be they kept or not.
    pub has_unknown: bool,
    /// In order, which octets of its frames gave which of those it inflates to, where that was asked for and can be told:
    /// behind a loss it cannot. Fine where the message is short, coarse where it is long.
    pub parts: Vec<InflatedPart>,
    /// The final frame was seen, and all of it could be inflated; octets may be unknown all the same.
    pub reached_end: bool,
    /// Why it could not be inflated to its end.
    pub error: Option<InflateError>,
}

impl Inflated {
    /// Returns whether every octet is known.
    pub fn is_complete(&self) -> bool {
        self.reached_end && !self.has_unknown
    }
}

/// Inflates messages on demand, and remembers where it was: to go through the messages of a connection in order inflates
/// each once.
#[derive(Debug, Default)]
pub struct Inflation {
    reader: MessageReader,
    inflater: Inflater,
    /// The octets of a message on the wire.
    wire: Vec<u8>,
    /// The points to go on from; none before the first message.
    resume_points: Option<ResumePoints>,
    /// The limit that they were reached with.
    limit: u64,
    /// The store of messages that were inflated already.
    kept: Option<KeptMessages>,
}

/// Returns the parameters of compression that a sender agreed to in a connection's opening handshake.
pub fn agreed_compression(connection: &Connection, sender: Sender) -> DeflateAgreement {
    let accepted = extensions_in(connection.extensions.as_deref().unwrap_or_default());
    let deflate = accepted.iter().find(|extension| is_deflate(extension));
    let said = deflate.and_then(|it| DeflateParameters::read(it, false).ok()).unwrap_or_default();
    let (bits, no_takeover) = match sender {
        Sender::Server => (said.server_max_window_bits, said.server_no_context_takeover),
        _ => (said.client_max_window_bits.flatten(), said.client_no_context_takeover),
    };
    DeflateAgreement { window_bits: bits.unwrap_or(15), takeover: !no_takeover }
}

/// Returns the window that a connection's senders start with: empty, unless the capture began when they had been talking
/// already.
pub(super) fn first_window(connection: &Connection) -> SlidingWindow {
    if connection.request.is_none() && connection.response.is_none() {
        SlidingWindow::lost()
    } else {
        SlidingWindow::default()
    }
}

impl Inflation {
    /// Looks for messages among those that judging inflated, before it inflates them itself.
    pub fn with_kept(self, kept: KeptMessages) -> Inflation {
        Inflation { kept: Some(kept), ..self }
    }

    /// Returns what reads the messages.
    pub fn reader(&mut self) -> &mut MessageReader {
        &mut self.reader
    }

    /// Inflates `message` and keeps its first `max` octets.
    ///
    /// # Errors
    /// When the capture file cannot be read.
    pub fn message(&mut self, snapshot: &Snapshot, message: &Message, max: u64) -> io::Result<Inflated> {
        if let Some(KeptMessage { octets, total }) = self.kept.as_ref().and_then(|kept| kept.take(message.id, max)) {
            let plain = Octets { octets, total, ..Octets::default() };
            return Ok(Inflated { plain, reached_end: true, ..Inflated::default() });
        }
        let wish = InflateWish { keep: 0..max, limit: snapshot.inflate_limit().0, parts: false };
        self.watched(snapshot, message, &wish, &mut |_| true).map(Option::unwrap_or_default)
    }

    /// Inflates `message` and keeps what is wanted of it. `watch` is told again and again which part of the work is done,
    /// from 0 to 1, and ends it by saying `false`: then there is nothing, but what was done need not be done again.
    ///
    /// # Errors
    /// When the capture file cannot be read.
    pub fn watched(
        &mut self,
        snapshot: &Snapshot,
        message: &Message,
        wish: &InflateWish,
        watch: &mut dyn FnMut(f32) -> bool,
    ) -> io::Result<Option<Inflated>> {
        let Some(connection) = snapshot.connection(message.connection) else { return Ok(None) };
        if std::mem::replace(&mut self.limit, wish.limit) != wish.limit {
            self.resume_points = None;
        }
        let mut place = self.place(snapshot, connection, message);
        let mut waiting = messages_between(snapshot, message, place.last.map(|(_, first)| first));
        let cost = |message: &Message| message.wire_len.saturating_add(MESSAGE_COST);
        let total = waiting.iter().fold(0u64, |sum, message| sum.saturating_add(cost(message)));
        let mut watch = Watch { done: 0, total, say: watch };
        let nothing = InflateWish { keep: 0..0, limit: wish.limit, parts: false };
        let mut inflated = Some(Inflated::default());
        while let Some(next) = waiting.pop() {
            let is_wanted = next.id == message.id;
            // More of an open message may come: then it is inflated anew.
            let before = (is_wanted && !message.ended).then(|| place.clone());
            let wish = if is_wanted { wish } else { &nothing };
            let done = watch.done;
            inflated = self.inflate(snapshot, &next, &mut place, wish, &mut watch)?;
            if inflated.is_none() {
                break;
            }
            watch.done = done.saturating_add(cost(&next));
            place = before.unwrap_or(place);
        }
        self.resume_points(snapshot).put(place);
        Ok(inflated)
    }

    fn resume_points(&mut self, snapshot: &Snapshot) -> &mut ResumePoints {
        self.resume_points.get_or_insert_with(|| ResumePoints::new(snapshot.inflated_room()))
    }

    /// Returns where to go on for `message`: behind what was inflated before it, or at the start.
    fn place(&mut self, snapshot: &Snapshot, connection: &Connection, message: &Message) -> ResumePoint {
        let known = self.resume_points(snapshot).take(connection.id, message.sender);
        let known = known.filter(|place| place.last.is_none_or(|(last, _)| last < message.id));
        let last = known.as_ref().and_then(|place| place.last);
        // To inflate what is near takes less than to look for a checkpoint.
        let is_near = last.is_some_and(|(_, first)| message.first.index().saturating_sub(first.index()) <= NEAR);
        let checkpoint = if is_near { None } else { snapshot.checkpoint(message).filter(|it| Some(it.last) > last) };
        if let Some(checkpoint) = checkpoint {
            let Checkpoint { connection, sender, last, end, ref window } = *checkpoint;
            return ResumePoint { connection, sender, last: Some(last), end, window: window.clone() };
        }
        known.unwrap_or_else(|| ResumePoint {
            connection: connection.id,
            sender: message.sender,
            last: None,
            end: 0,
            window: first_window(connection),
        })
    }

    /// Inflates the next message behind `place`; nothing where `watch` ended that.
    fn inflate(
        &mut self,
        snapshot: &Snapshot,
        message: &Message,
        place: &mut ResumePoint,
        wish: &InflateWish,
        watch: &mut Watch<'_>,
    ) -> io::Result<Option<Inflated>> {
        let frames = snapshot.message_frames(message);
        let records: Vec<_> = frames.iter().filter_map(|id| Some((*id, snapshot.frame(*id)?))).collect();
        let Some((first, last)) = records.first().zip(records.last()) else { return Ok(Some(Inflated::default())) };
        if snapshot.lacks_before(first.1, place.end) {
            place.window = SlidingWindow::lost();
        }
        // What was agreed on is judged elsewhere, and makes no difference to what comes out.
        self.inflater.resume(DeflateAgreement::default(), &place.window, wish.limit);
        let mut kept = Kept::new(wish.keep.clone());
        let mut parts = (wish.parts && place.window.is_known()).then(|| Parts::new(message.wire_len));
        // To be inflated at once, which is quicker, where nobody asks which octets give which.
        let mut gathered = (!wish.parts && message.wire_len <= AT_ONCE).then_some(&mut self.wire);
        if let Some(gathered) = &mut gathered {
            gathered.clear();
        }
        let (mut result, mut is_whole) = (Ok(()), message.final_seen);
        for (id, frame) in &records {
            if !watch.tell() {
                return Ok(None);
            }
            let (len, inflater) = (frame.header.payload_len(), &mut self.inflater);
            let (mut at, mut is_wanted) = (0, true);
            self.reader.frame(snapshot, frame, 0..len, |place, octets| {
                if place != at {
                    return false;
                }
                if let Some(gathered) = &mut gathered {
                    gathered.extend_from_slice(octets);
                    at += octets.len() as u64;
                    return true;
                }
                let step = parts.as_ref().map_or(octets.len(), Parts::step).max(1);
                for piece in octets.chunks(step) {
                    let before = kept.plain.total;
                    result = inflater.push(piece, &mut |piece| kept.take(piece));
                    if let Some(parts) = &mut parts {
                        parts.add(*id, at, piece.len(), before..kept.plain.total);
                    }
                    if result.is_err() {
                        return false;
                    }
                    at += piece.len() as u64;
                }
                is_wanted = watch.advance(octets.len() as u64);
                is_wanted
            })?;
            if !is_wanted {
                return Ok(None);
            }
            if at < len || result.is_err() {
                is_whole = false;
                break;
            }
        }
        let mut sink = |piece: InflatedPiece<'_>| kept.take(piece);
        if let Some(wire) = gathered.filter(|_| is_whole) {
            let len = wire.len();
            wire.extend_from_slice(&TAIL);
            wire.extend_from_slice(&[0; LOOKAHEAD]);
            result = self.inflater.message(wire, len, &mut sink).map(drop);
        } else if is_whole {
            result = self.inflater.end(&mut sink).map(drop);
        } else if !wish.parts && message.wire_len <= AT_ONCE {
            result = self.inflater.push(&self.wire, &mut sink);
        }
        let reached_end = is_whole && result.is_ok();
        match reached_end {
            true => self.inflater.leave(&mut place.window),
            false => place.window = SlidingWindow::lost(),
        }
        (place.last, place.end) = (Some((message.id, message.first)), last.1.payload_range().end);
        let parts = parts.map_or_else(Vec::new, |parts| parts.end(kept.plain.total));
        let Kept { plain, has_unknown, .. } = kept;
        Ok(Some(Inflated { plain, has_unknown, parts, reached_end, error: result.err() }))
    }
}

/// Somebody who is told how far it is.
struct Watch<'a> {
    done: u64,
    total: u64,
    say: &'a mut dyn FnMut(f32) -> bool,
}

impl Watch<'_> {
    /// So many octets more are done; whether to go on.
    fn advance(&mut self, octets: u64) -> bool {
        let before = self.done / TELL;
        self.done = self.done.saturating_add(octets);
        self.done / TELL == before || self.tell()
    }

    fn tell(&mut self) -> bool {
        (self.say)((self.done as f32 / self.total.max(1) as f32).min(1.0))
    }
}

/// The part of a message that is kept.
struct Kept {
    plain: Octets,
    has_unknown: bool,
    range: Range<u64>,
}

impl Kept {
    fn new(range: Range<u64>) -> Kept {
        Kept { plain: Octets { from: range.start, ..Octets::default() }, has_unknown: false, range }
    }

    fn take(&mut self, piece: InflatedPiece<'_>) {
        let len = match piece {
            InflatedPiece::Octets(octets) => octets.len() as u64,
            InflatedPiece::Unknown(len) => len,
        };
        let from = self.plain.total;
        self.plain.total += len;
        self.has_unknown |= matches!(piece, InflatedPiece::Unknown(_));
        let (start, end) = (from.max(self.range.start), self.plain.total.min(self.range.end));
        if start >= end {
            return;
        }
        match piece {
            InflatedPiece::Octets(octets) => {
                self.plain.octets.extend_from_slice(&octets[(start - from) as usize..(end - from) as usize]);
            }
            InflatedPiece::Unknown(_) => {
                self.plain.octets.resize(self.plain.octets.len() + (end - start) as usize, 0);
                match self.plain.missing.last_mut() {
                    Some(last) if last.end == start => last.end = end,
                    _ => self.plain.missing.push(start..end),
                }
            }
        }
    }
}

/// The compressed messages of `message`'s sender from behind the frame `after` to `message` itself, the last one first.
fn messages_between(snapshot: &Snapshot, message: &Message, after: Option<FrameId>) -> Vec<Message> {
    let mut found = vec![*message];
    let mut next = snapshot.frame(message.first).and_then(|frame| frame.previous());
    while let Some(id) = next.filter(|id| after.is_none_or(|after| *id > after)) {
        let Some(frame) = snapshot.frame(id) else { break };
        if frame.is_compressed()
            && frame.sender() == message.sender
            && let Some(before) = frame.message().and_then(|id| snapshot.message(id)).filter(|it| it.first == id)
        {
            found.push(before);
        }
        next = frame.previous();
    }
    found
}
