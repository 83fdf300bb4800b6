//! Compressed messages, inflated when somebody looks at them (DESIGN decision 9).
//!
//! ```text
//!   side:   m₁ ─ m₂ ─ m₃ ─ …  ─ mₙ        wanted: mₙ
//!                     └ the window that m₃ left is remembered: inflate m₄ … mₙ
//! ```

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Connection, Message, Octets, Snapshot};
use crate::base::{ConnectionId, FrameId, MessageId, Sender};
use crate::http::{DeflateParameters, extensions_in, is_deflate};
use crate::ws::{Agreed, InflateError, Inflater, Piece, Window};

/// Octets that a message may inflate to, unless the user says otherwise.
pub const MAX_INFLATED: u64 = 64 << 20;

static LIMIT: AtomicU64 = AtomicU64::new(MAX_INFLATED);

/// Lets messages inflate to `octets` in this process, instead of [`MAX_INFLATED`].
pub fn set_max_inflated(octets: u64) {
    LIMIT.store(octets, Ordering::Relaxed);
}

/// Octets that a message may inflate to.
pub fn max_inflated() -> u64 {
    LIMIT.load(Ordering::Relaxed)
}

/// Senders whose window is remembered: 32 MiB where all of them are known, at most 64.
const REMEMBERED: usize = 1024;
/// Octets of a payload that are read at once.
const READ: u64 = 256 * 1024;

/// A compressed message, inflated as far as that goes.
#[derive(Clone, Debug, Default)]
pub struct Inflated {
    /// What is known of it: `total` is its length as far as it was inflated.
    pub plain: Octets,
    /// The final frame was seen, and all of it could be inflated; octets may be unknown all the same.
    pub reached_end: bool,
    /// Why it could not be inflated to its end.
    pub error: Option<InflateError>,
}

impl Inflated {
    /// Whether every octet is known.
    pub fn is_complete(&self) -> bool {
        self.reached_end && self.plain.missing.is_empty()
    }
}

/// Where a sender's messages can be inflated from, kept by the pass that inflates them all.
#[derive(Clone, Debug)]
pub(super) struct Checkpoint {
    pub connection: ConnectionId,
    pub sender: Sender,
    /// The message before, and its first frame.
    pub last: (MessageId, FrameId),
    /// Stream offset behind it.
    pub end: u64,
    pub window: Window,
}

/// Inflates messages on demand, and remembers where it was: to go through the messages of a connection in order inflates
/// each once.
#[derive(Debug, Default)]
pub struct Inflation {
    inflater: Inflater,
    places: VecDeque<Place>,
}

/// What a sender's messages left.
#[derive(Debug)]
struct Place {
    connection: ConnectionId,
    sender: Sender,
    /// The message that was inflated last, and its first frame.
    last: Option<(MessageId, FrameId)>,
    /// Stream offset behind it.
    end: u64,
    window: Window,
}

impl Connection {
    /// What `sender` agreed to about compression.
    pub fn agreed(&self, sender: Sender) -> Agreed {
        let accepted = extensions_in(self.extensions.as_deref().unwrap_or_default());
        let deflate = accepted.iter().find(|extension| is_deflate(extension));
        let said = deflate.and_then(|it| DeflateParameters::read(it, false).ok()).unwrap_or_default();
        let (bits, no_takeover) = match sender {
            Sender::Server => (said.server_max_window_bits, said.server_no_context_takeover),
            _ => (said.client_max_window_bits.flatten(), said.client_no_context_takeover),
        };
        Agreed { window_bits: bits.unwrap_or(15), takeover: !no_takeover }
    }

    /// The window that its senders start with: empty, unless the capture began when they had been talking already.
    pub(super) fn first_window(&self) -> Window {
        if self.request.is_none() && self.response.is_none() { Window::lost() } else { Window::default() }
    }
}

impl Inflation {
    /// Inflates `message` and keeps its first `max` octets.
    ///
    /// # Errors
    /// When the capture file cannot be read.
    pub fn message(&mut self, snapshot: &Snapshot, message: &Message, max: u64) -> io::Result<Inflated> {
        let Some(connection) = snapshot.connection(message.connection) else { return Ok(Inflated::default()) };
        let mut place = self.place(snapshot, connection, message);
        let mut waiting = messages_between(snapshot, message, place.last.map(|(_, first)| first));
        let mut inflated = Inflated::default();
        while let Some(next) = waiting.pop() {
            let is_wanted = next.id == message.id;
            inflated = self.inflate(snapshot, connection, &next, &mut place, if is_wanted { max } else { 0 })?;
        }
        // More of an open message may come; then it is inflated anew.
        if message.ended {
            self.places.push_front(place);
            self.places.truncate(REMEMBERED);
        }
        Ok(inflated)
    }

    /// Where to go on for `message`: behind what was inflated before it, or at the start.
    fn place(&mut self, snapshot: &Snapshot, connection: &Connection, message: &Message) -> Place {
        let is_its = |place: &Place| place.connection == connection.id && place.sender == message.sender;
        let known = self.places.iter().position(is_its).and_then(|at| self.places.remove(at));
        let known = known.filter(|place| place.last.is_none_or(|(last, _)| last < message.id));
        let last = known.as_ref().and_then(|place| place.last);
        if let Some(checkpoint) = snapshot.checkpoint(message).filter(|it| Some(it.last) > last) {
            let Checkpoint { connection, sender, last, end, ref window } = *checkpoint;
            return Place { connection, sender, last: Some(last), end, window: window.clone() };
        }
        known.unwrap_or_else(|| Place {
            connection: connection.id,
            sender: message.sender,
            last: None,
            end: 0,
            window: connection.first_window(),
        })
    }

    fn inflate(
        &mut self,
        snapshot: &Snapshot,
        connection: &Connection,
        message: &Message,
        place: &mut Place,
        max: u64,
    ) -> io::Result<Inflated> {
        let frames = snapshot.message_frames(message);
        let records: Vec<_> = frames.iter().filter_map(|id| snapshot.frame(*id)).collect();
        let Some((first, last)) = records.first().zip(records.last()) else { return Ok(Inflated::default()) };
        if snapshot.lacks_before(first, place.end) {
            place.window = Window::lost();
        }
        self.inflater.resume(connection.agreed(message.sender), &place.window, max_inflated());
        let mut plain = Octets::default();
        let mut sink = |piece: Piece<'_>| keep(&mut plain, piece, max);
        let (mut result, mut is_whole) = (Ok(()), message.final_seen);
        'frames: for frame in &records {
            let mut at = 0;
            while at < frame.header.payload_len() {
                let part = snapshot.payload(frame, at..at.saturating_add(READ))?;
                let hole = part.missing.first().map_or(part.end(), |hole| hole.start);
                let known = (hole.saturating_sub(at) as usize).min(part.octets.len());
                let part = part.unmasked(frame.header.masking_key());
                result = self.inflater.push(&part.octets[..known], &mut sink);
                if result.is_err() {
                    break 'frames;
                }
                if known == 0 || hole < part.end() {
                    is_whole = false;
                    break 'frames;
                }
                at += known as u64;
            }
        }
        if is_whole && result.is_ok() {
            result = self.inflater.end(&mut sink).map(drop);
        }
        let reached_end = is_whole && result.is_ok();
        place.window = if reached_end { self.inflater.window() } else { Window::lost() };
        (place.last, place.end) = (Some((message.id, message.first)), last.payload_range().end);
        Ok(Inflated { plain, reached_end, error: result.err() })
    }
}

/// Adds a piece to a message of which the first `max` octets are kept.
fn keep(plain: &mut Octets, piece: Piece<'_>, max: u64) {
    let from = plain.total;
    let room = max.saturating_sub(from);
    match piece {
        Piece::Octets(octets) => {
            plain.total += octets.len() as u64;
            plain.octets.extend_from_slice(&octets[..(room as usize).min(octets.len())]);
        }
        Piece::Unknown(len) => {
            plain.total += len;
            plain.octets.resize(plain.octets.len() + len.min(room) as usize, 0);
            match plain.missing.last_mut() {
                Some(last) if last.end == from => last.end = plain.total,
                _ => plain.missing.push(from..plain.total),
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
