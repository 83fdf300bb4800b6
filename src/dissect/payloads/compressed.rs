//! The compressed messages of one sender: the window between them, and what is said about them.

use crate::base::{ConnectionId, FrameId, MessageId, Place, Rule, Sender};
use crate::dissect::Connection;
use crate::dissect::connection::Deflated;
use crate::dissect::inflated::{Checkpoint, max_inflated};
use crate::dissect::record::FrameRecord;
use crate::ws::{Agreed, InflateError, Inflater, InvalidUtf8, Piece, Strayed, Utf8, Window};

/// Messages of a sender of which it is said that compression made them larger: short ones nearly always are, and each note
/// takes some 250 octets.
const MAX_EXPANDED: u32 = 1000;

/// Octets between two checkpoints of a sender: some 10 ms of inflating.
const STRIDE: u64 = 4 << 20;
/// What a message costs besides its octets, in octets.
const MESSAGE_COST: u64 = 512;
/// Whenever there are so many checkpoints more, which take 32 KiB each, they are made half as often.
const CHECKPOINTS: usize = 1024;

/// Something to be said about a compressed message.
#[derive(Debug)]
pub(super) struct Remark {
    pub rule: Rule,
    pub place: Place,
    pub text: String,
}

/// What is kept of a sender's compression.
#[derive(Debug)]
pub(super) struct Compressed {
    sender: Sender,
    agreed: Agreed,
    window: Window,
    /// While there is something to inflate.
    inflater: Option<Inflater>,
    /// Stream offset behind the last message.
    end: u64,
    /// A message has begun and not ended.
    is_open: bool,
    plain: u64,
    has_unknown: bool,
    wrong: Option<InvalidUtf8>,
    /// That the window is lost was said.
    said_lost: bool,
    /// Messages of which it was said that compression made them larger.
    expanded: u32,
    tally: Deflated,
    /// The last message, and its first frame.
    last: Option<(MessageId, FrameId)>,
    /// What it would take to inflate everything behind the last checkpoint, in octets.
    behind: u64,
}

impl Compressed {
    pub fn new(connection: &Connection, sender: Sender) -> Compressed {
        Compressed {
            sender,
            agreed: connection.agreed(sender),
            window: connection.first_window(),
            inflater: None,
            end: 0,
            is_open: false,
            plain: 0,
            has_unknown: false,
            wrong: None,
            said_lost: false,
            expanded: 0,
            tally: Deflated::default(),
            last: None,
            behind: 0,
        }
    }

    /// Where in the stream the last message ended.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Whether a message has begun and not ended.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// What was inflated so far.
    pub fn tally(&self) -> Deflated {
        self.tally
    }

    /// A message begins; the capture `lacks` octets before it.
    pub fn begin(&mut self, message: (MessageId, FrameId), lacks: bool, spare: &mut Vec<Inflater>) {
        if lacks {
            self.lose();
        }
        self.last = Some(message);
        if self.inflater.is_none() {
            let mut inflater = spare.pop().unwrap_or_default();
            inflater.resume(self.agreed, &self.window, max_inflated());
            self.inflater = Some(inflater);
        }
        (self.is_open, self.plain, self.has_unknown, self.wrong) = (true, 0, false, None);
    }

    /// The next octets of the message, whose text is judged by `text`.
    pub fn push(&mut self, octets: &[u8], text: Option<&mut Utf8>) -> Result<(), InflateError> {
        self.inflate(text, |inflater, sink| inflater.push(octets, sink))
    }

    fn inflate<T>(
        &mut self,
        mut text: Option<&mut Utf8>,
        run: impl FnOnce(&mut Inflater, &mut dyn FnMut(Piece<'_>)) -> Result<T, InflateError>,
    ) -> Result<T, InflateError> {
        let Some(inflater) = &mut self.inflater else { return Err(InflateError::Invalid) };
        let (plain, has_unknown, wrong) = (&mut self.plain, &mut self.has_unknown, &mut self.wrong);
        run(inflater, &mut |piece| match piece {
            Piece::Octets(octets) => {
                *plain += octets.len() as u64;
                if let Some(text) = text.as_mut().filter(|_| !*has_unknown && wrong.is_none()) {
                    *wrong = text.push(octets).err();
                }
            }
            Piece::Unknown(len) => {
                *plain += len;
                *has_unknown = true;
            }
        })
    }

    /// All octets of the message came, the last with `frame`: what is to be said, and how long it is, where that is known.
    pub fn end_message(
        &mut self,
        frame: &FrameRecord,
        wire: u64,
        mut text: Option<&mut Utf8>,
    ) -> (Vec<Remark>, Option<u64>) {
        self.is_open = false;
        self.end = frame.payload_range().end;
        let strayed = match self.inflate(text.as_deref_mut(), |inflater, sink| inflater.end(sink)) {
            Ok(strayed) => strayed,
            Err(error) => return (Vec::from_iter(self.fail(error, frame.header.payload_len())), None),
        };
        let all = Place::PayloadOctets { at: 0, len: frame.header.payload_len() };
        let mut remarks = Vec::new();
        let mut say = |rule, text: String| remarks.push(Remark { rule, place: all, text });
        self.say_strayed(strayed, &mut say);
        if self.has_unknown && !std::mem::replace(&mut self.said_lost, true) {
            say(
                Rule::DeflateContextLost,
                format!(
                    "The message copies from messages of the {} before it that the capture lacks or that could not be \
                     inflated; octets from there are marked as unknown, here and in the messages behind.",
                    self.sender
                ),
            );
        }
        if let Some(text) = text.filter(|_| !self.has_unknown)
            && let Some(wrong) = self.wrong.take().or_else(|| text.finish().err())
        {
            say(
                Rule::MessageInvalidUtf8,
                format!("The inflated text is not UTF-8 from octet {} of the message on.", wrong.at),
            );
        }
        if wire > self.plain && self.expanded < MAX_EXPANDED {
            self.expanded += 1;
            let more = match self.expanded {
                MAX_EXPANDED => " Further ones of this sender are not listed.",
                _ => "",
            };
            say(
                Rule::DeflateExpanded,
                format!(
                    "Compression made the message larger: {wire} octets on the wire for {} octets of payload.{more}",
                    self.plain
                ),
            );
        }
        self.tally.messages += 1;
        self.tally.wire += wire;
        self.tally.plain += self.plain;
        self.behind += MESSAGE_COST + wire + self.plain;
        (remarks, Some(self.plain))
    }

    fn say_strayed(&self, strayed: Strayed, say: &mut impl FnMut(Rule, String)) {
        let Strayed { beyond_window, kept_context } = strayed;
        if beyond_window > 0 {
            let bits = self.agreed.window_bits;
            let text = format!(
                "A distance of {beyond_window} octets is longer than the {sender}'s window of {bits} bits, which is {} \
                 octets.",
                1 << bits,
                sender = self.sender
            );
            say(Rule::DeflateWindowExceeded, text);
        }
        if kept_context {
            let sender = self.sender;
            let text = format!(
                "The message copies from messages before it, although {sender}_no_context_takeover was agreed: each message \
                 must stand for itself."
            );
            say(Rule::DeflateContextKept, text);
        }
    }

    /// The message cannot be inflated: what is to be said about the frame that was being read, up to octet `at` of its
    /// payload.
    pub fn fail(&mut self, error: InflateError, at: u64) -> Option<Remark> {
        self.is_open = false;
        // Behind a loss nobody did anything wrong.
        let knew_window = self.window.is_known();
        self.lose();
        let place = Place::PayloadOctets { at: 0, len: at };
        let consequence = "What later messages copy from it is not known.";
        match error {
            InflateError::TooLong => Some(Remark {
                rule: Rule::LimitInflate,
                place,
                text: format!(
                    "The message inflates to more than {} MiB, and was not inflated further. {consequence} \
                     --inflate-limit raises this limit.",
                    max_inflated() >> 20
                ),
            }),
            InflateError::Invalid if knew_window => Some(Remark {
                rule: Rule::DeflateInvalidData,
                place,
                text: format!("The message's data is not valid DEFLATE: the context breaks here. {consequence}"),
            }),
            InflateError::Invalid => None,
        }
    }

    /// From here on the window is not known.
    pub fn lose(&mut self) {
        self.is_open = false;
        self.window = Window::lost();
        self.said_lost = false;
        if let Some(inflater) = &mut self.inflater {
            inflater.resume(self.agreed, &self.window, max_inflated());
        }
    }

    /// Between two messages nothing but the window is kept. A checkpoint, where the last of `checkpoints` is far behind.
    pub fn rest(
        &mut self,
        connection: ConnectionId,
        checkpoints: usize,
        spare: &mut Vec<Inflater>,
    ) -> Option<Checkpoint> {
        if self.is_open {
            return None;
        }
        let inflater = self.inflater.take()?;
        self.window = inflater.window();
        spare.push(inflater);
        let stride = STRIDE << (checkpoints / CHECKPOINTS).min(32);
        let last = self.last.filter(|_| self.behind >= stride)?;
        self.behind = 0;
        Some(Checkpoint { connection, sender: self.sender, last, end: self.end, window: self.window.clone() })
    }
}
