//! The compressed messages of one sender: the window between them, and the rules that they break.

use super::job::{Outcome, SpareInflater};
use super::kept::{KeptMessage, KeptMessages};
use super::stretch::{Begin, PartEnd, Stretch};
use crate::base::{Breach, ConnectionId, Fact, FrameId, MessageId, Place, Sender};
use crate::dissect::Connection;
use crate::dissect::index::checkpoint::Checkpoint;
use crate::dissect::index::connection::Deflated;
use crate::dissect::index::inflate_limit::InflateLimit;
use crate::dissect::index::record::NONE;
use crate::dissect::payload::on_demand::{agreed_compression, first_window};
use crate::inflate::{DeflateAgreement, InflateError, InflatedPiece, Inflater, SlidingWindow, Strayed};
use crate::ws::{InvalidUtf8, Utf8};

/// Messages of a sender of which it is said that compression made them larger: short ones nearly always are, and each note
/// takes some 170 octets.
const MAX_EXPANDED: u32 = 1000;

/// Octets that a message can copy from at most (RFC 1951 §2).
const WINDOW: u64 = 32 * 1024;
/// Octets between two checkpoints of a sender: some 10 ms of inflating.
const STRIDE: u64 = 4 << 20;
/// The cost of a message besides its octets, in octets.
const MESSAGE_COST: u64 = 512;
/// Whenever there are so many checkpoints more, which take 32 KiB each, they are made half as often.
const CHECKPOINTS: usize = 1024;

/// The state of a sender's compression.
#[derive(Debug)]
pub(super) struct Compressed {
    connection: ConnectionId,
    sender: Sender,
    agreed: DeflateAgreement,
    limit: InflateLimit,
    window: SlidingWindow,
    /// While there is something to inflate.
    inflater: Option<Inflater>,
    /// A message has begun and not ended.
    is_open: bool,
    is_text: bool,
    text: Utf8,
    plain: u64,
    has_unknown: bool,
    /// Known octets at the end of what came out so far, the window before included: [`u64::MAX`] where all are known.
    known: u64,
    /// All of the window was known when the message began.
    knew_window: bool,
    wrong: Option<InvalidUtf8>,
    /// That the window is lost was said.
    said_lost: bool,
    /// Messages of which it was said that compression made them larger.
    expanded: u32,
    tally: Deflated,
    /// The last message, and its first frame.
    last: (MessageId, FrameId),
    /// The octets that inflating everything behind the last checkpoint would take.
    behind: u64,
    /// The octets that may lie between two checkpoints.
    stride: u64,
}

impl Compressed {
    pub fn new(connection: &Connection, sender: Sender, limit: InflateLimit) -> Compressed {
        Compressed {
            connection: connection.id,
            sender,
            agreed: agreed_compression(connection, sender),
            limit,
            window: first_window(connection),
            inflater: None,
            is_open: false,
            is_text: false,
            text: Utf8::default(),
            plain: 0,
            has_unknown: false,
            known: if first_window(connection).is_known() { u64::MAX } else { 0 },
            knew_window: false,
            wrong: None,
            said_lost: false,
            expanded: 0,
            tally: Deflated::default(),
            last: (MessageId(NONE), FrameId(NONE)),
            behind: 0,
            stride: STRIDE,
        }
    }

    /// Returns whether a message has begun and not ended.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Returns the message that was inflated last, or is being.
    pub fn message(&self) -> MessageId {
        self.last.0
    }

    /// Returns what was inflated so far.
    pub fn tally(&self) -> Deflated {
        self.tally
    }

    /// There are so many checkpoints by now.
    pub fn space_checkpoints(&mut self, made: usize) {
        self.stride = STRIDE << (made / CHECKPOINTS).min(32);
    }

    /// Inflates a part of a stretch; how many octets came out.
    pub fn run(
        &mut self,
        stretch: &Stretch,
        index: usize,
        spare: &mut SpareInflater,
        outcomes: &mut Vec<Outcome>,
        kept: Option<&KeptMessages>,
    ) -> u64 {
        let Some(part) = stretch.part(index) else { return 0 };
        if let Some(begin) = part.begin {
            self.begin(begin, spare);
        }
        let Some(inflater) = self.inflater.as_mut().filter(|_| self.is_open) else { return 0 };
        let before = self.plain;
        let mut text = Some(&mut self.text).filter(|_| self.is_text);
        let (plain, has_unknown, wrong, known) =
            (&mut self.plain, &mut self.has_unknown, &mut self.wrong, &mut self.known);
        // A message in several parts is long, or came slowly: nobody waits for it.
        let is_one = part.begin.is_some() && matches!(part.end, PartEnd::Whole { .. });
        let mut keeping = kept.filter(|_| is_one).map(|kept| (kept, KeptMessage::default()));
        let mut sink = |piece: InflatedPiece<'_>| match piece {
            InflatedPiece::Octets(octets) => {
                keeping.take_if(|(kept, message)| !kept.extend(message, octets));
                *plain += octets.len() as u64;
                *known = known.saturating_add(octets.len() as u64);
                if let Some(text) = text.as_mut().filter(|_| !*has_unknown && wrong.is_none()) {
                    *wrong = text.push(octets).err();
                }
            }
            InflatedPiece::Unknown(len) => {
                *plain += len;
                (*has_unknown, *known) = (true, 0);
                keeping = None;
            }
        };
        let (data, len) = stretch.octets(part);
        let inflated = match part.end {
            PartEnd::Whole { .. } => inflater.message(data, len, &mut sink),
            PartEnd::Open | PartEnd::Lost => {
                inflater.push(data.get(..len).unwrap_or_default(), &mut sink).map(|()| Strayed::default())
            }
        };
        let came = self.plain - before;
        let (taken, message) = (inflater.taken(), self.last.0);
        let mut say = |(frame, breach)| outcomes.push(Outcome::Said { message, frame, breach });
        match (inflated, part.end) {
            (Err(error), _) => {
                if let Some((frame, at)) = stretch.frame(index, taken) {
                    self.fail(error, at).into_iter().for_each(|breach| say((frame, breach)));
                }
            }
            (Ok(strayed), PartEnd::Whole { wire, at }) => {
                let Some((frame, payload_len)) = stretch.frame(index, len) else { return came };
                self.end_message(strayed, wire, payload_len).into_iter().for_each(|breach| say((frame, breach)));
                outcomes.push(Outcome::Plain { message, len: self.plain, is_text: self.is_text });
                if let Some((kept, plain)) = keeping {
                    kept.put(message, plain);
                }
                outcomes.extend(self.checkpoint(at).map(|made| Outcome::Checkpoint(Box::new(made))));
            }
            (Ok(_), PartEnd::Open) => {}
            (Ok(_), PartEnd::Lost) => self.lose(),
        }
        came
    }

    fn begin(&mut self, begin: Begin, spare: &mut SpareInflater) {
        if begin.lacks || self.is_open {
            self.lose();
        }
        self.last = (begin.message, begin.first);
        // All of it was from the start, or nothing else has come out for as long as it is.
        self.knew_window = self.known >= WINDOW;
        if self.inflater.is_none() {
            let mut inflater = spare.0.take().unwrap_or_default();
            inflater.resume(self.agreed, &self.window, self.limit.0);
            self.inflater = Some(inflater);
        }
        (self.is_open, self.is_text, self.text) = (true, begin.is_text, Utf8::default());
        (self.plain, self.has_unknown, self.wrong) = (0, false, None);
    }

    /// All octets of the message came, `wire` of them, the last `payload_len` with its last frame: what is to be said.
    fn end_message(&mut self, strayed: Strayed, wire: u64, payload_len: u64) -> Vec<Breach> {
        self.is_open = false;
        let all = Place::PayloadOctets { at: 0, len: payload_len };
        let mut breaches = Vec::new();
        let mut say = |fact| breaches.push(Breach { place: all, fact });
        self.say_strayed(strayed, &mut say);
        if self.has_unknown && !std::mem::replace(&mut self.said_lost, true) {
            say(Fact::ContextLost { sender: self.sender });
        }
        if self.is_text
            && !self.has_unknown
            && let Some(wrong) = self.wrong.take().or_else(|| self.text.finish().err())
        {
            say(Fact::InflatedNotUtf8 { at: wrong.at });
        }
        if wire > self.plain && self.expanded < MAX_EXPANDED {
            self.expanded += 1;
            say(Fact::Expanded { wire, plain: self.plain, last: self.expanded == MAX_EXPANDED });
        }
        self.tally.messages += 1;
        self.tally.wire += wire;
        self.tally.plain += self.plain;
        self.behind += MESSAGE_COST + wire + self.plain;
        breaches
    }

    fn say_strayed(&self, strayed: Strayed, say: &mut impl FnMut(Fact)) {
        let (Strayed { beyond_window, kept_context }, sender) = (strayed, self.sender);
        if beyond_window > 0 {
            let bits = self.agreed.window_bits;
            say(Fact::WindowExceeded { distance: beyond_window.into(), sender, bits, window: 1 << bits });
        }
        if kept_context {
            say(Fact::ContextKept { sender });
        }
    }

    /// The message cannot be inflated: what is to be said about the frame that was being read, up to octet `at` of its
    /// payload.
    fn fail(&mut self, error: InflateError, at: u64) -> Option<Breach> {
        self.is_open = false;
        self.lose();
        let place = Place::PayloadOctets { at: 0, len: at };
        match error {
            InflateError::TooLong => Some(Breach { place, fact: Fact::InflateLimit { mebibytes: self.limit.0 >> 20 } }),
            InflateError::Invalid if self.knew_window => Some(Breach { place, fact: Fact::InvalidDeflate }),
            // Behind a loss nobody did anything wrong.
            InflateError::Invalid => None,
        }
    }

    /// From here on the window is not known.
    fn lose(&mut self) {
        self.is_open = false;
        self.window = SlidingWindow::lost();
        self.known = 0;
        self.said_lost = false;
        if let Some(inflater) = &mut self.inflater {
            inflater.resume(self.agreed, &self.window, self.limit.0);
        }
    }

    /// A checkpoint behind the last message, which ends at stream offset `end`, where the last one is far behind.
    fn checkpoint(&mut self, end: u64) -> Option<Checkpoint> {
        let inflater = self.inflater.as_ref().filter(|_| self.behind >= self.stride)?;
        self.behind = 0;
        let (connection, sender, last) = (self.connection, self.sender, self.last);
        Some(Checkpoint { connection, sender, last, end, window: inflater.window() })
    }

    /// Between two messages nothing but the window is kept, nor where nothing follows: `is_last`.
    pub fn rest(&mut self, spare: &mut SpareInflater, is_last: bool) {
        if (!self.is_open || is_last)
            && let Some(inflater) = self.inflater.take()
        {
            if !self.is_open {
                inflater.leave(&mut self.window);
            }
            spare.0 = Some(inflater);
        }
    }
}
