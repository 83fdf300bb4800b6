//! Rows of `messages --json`.

use std::ops::Range;

use super::json::{rules, unreadable, zeros};
use super::json_line::JsonLine;
use super::output::{Failure, Output};
use crate::base::{FrameId, MessageId};
use crate::dissect::{Inflation, Octets, Snapshot};
use crate::query::{Entry, Key, MessageSource, RowField, TakeFields, Value, write_message};
use crate::view::{MessageState, message_state};
use crate::ws::{Opcode, Utf8, is_utf8};

/// Octets of a message that are kept from finding out what they are until they are printed. Those of a longer one are read
/// twice.
const KEPT: usize = 1 << 20;

/// Writes rows of `messages --json`.
#[derive(Debug, Default)]
pub struct MessageRows {
    line: JsonLine,
    inflation: Inflation,
    frames: Vec<FrameId>,
    joined: Joined,
}

/// A payload, its frames' joined, as far as it is known.
#[derive(Debug, Default)]
struct Joined {
    /// Its octets up to the last known one, unless they are too many.
    octets: Vec<u8>,
    is_kept: bool,
    /// Its octets that are not known.
    missing: Vec<Range<u64>>,
    /// Behind the last known octet.
    end: u64,
    text: Utf8,
    is_text: bool,
}

impl Joined {
    fn begin(&mut self, is_text: bool) {
        self.octets.clear();
        self.missing.clear();
        (self.is_kept, self.end, self.text, self.is_text) = (true, 0, Utf8::default(), is_text);
    }

    /// Takes known octets from `at` on.
    fn take(&mut self, at: u64, octets: &[u8]) {
        if at > self.end {
            self.missing.push(self.end..at);
        }
        self.is_text &= at == self.end && self.text.push(octets).is_ok();
        self.end = at + octets.len() as u64;
        self.is_kept &= self.end <= KEPT as u64;
        if self.is_kept {
            self.octets.resize(at as usize, 0);
            self.octets.extend_from_slice(octets);
        }
    }

    /// The message has `len` octets.
    fn finish(&mut self, len: u64) {
        if self.end < len {
            self.missing.push(self.end..len);
        }
        self.is_text &= self.missing.is_empty() && self.text.finish().is_ok();
    }
}

/// Returns how many octets of what a compressed message inflates to a row takes.
pub fn most_inflated(payload: bool) -> u64 {
    if payload { u64::MAX } else { 0 }
}

/// The things about a payload that are found out by reading it.
struct Told {
    /// Octets without compression.
    length: Option<u64>,
    is_complete: bool,
    /// The payload as it is printed, where it is.
    payload: Option<Payload>,
}

/// A payload that is printed.
enum Payload {
    /// The joined octets: they were not compressed, or nobody knows what they mean.
    Joined {
        /// The text that they would be if nothing but permessage-deflate were in force.
        text_if_deflate: Option<Vec<u8>>,
    },
    /// Octets that a message inflates to.
    Inflated { plain: Octets, is_text: bool },
}

impl MessageRows {
    /// Writes rows of what `inflation` inflates.
    pub fn new(inflation: Inflation) -> MessageRows {
        MessageRows { inflation, ..MessageRows::default() }
    }

    /// The row of a message.
    pub fn row(
        &mut self,
        snapshot: &Snapshot,
        id: MessageId,
        payload: bool,
        output: &mut Output,
    ) -> Result<(), Failure> {
        let Some(message) = snapshot.message(id) else { return Ok(()) };
        let Some(source) = MessageSource::new(snapshot, &message) else { return Ok(()) };
        self.frames.clear();
        match message.frames {
            1 => self.frames.push(message.first),
            _ => self.frames.extend(snapshot.message_frames(&message)),
        }
        let told = match message.compressed {
            true => self.inflate(&source, payload)?,
            false => self.join(&source, payload)?,
        };
        self.line.begin();
        write_message(&source, &mut MessageLine { rows: self, told, output })?;
        self.line.end(output)
    }

    /// Reads a message that is not compressed.
    fn join(&mut self, source: &MessageSource<'_>, payload: bool) -> Result<Told, Failure> {
        let message = source.message;
        self.joined.begin(message.opcode == Opcode::TEXT);
        if payload {
            self.read(source)?;
        }
        Ok(Told {
            length: Some(message.wire_len),
            is_complete: message_state(message) == MessageState::Complete && self.joined.missing.is_empty(),
            payload: payload.then_some(Payload::Joined { text_if_deflate: None }),
        })
    }

    /// Joins the octets of a message.
    fn read(&mut self, MessageSource { snapshot, message, .. }: &MessageSource<'_>) -> Result<(), Failure> {
        let MessageRows { inflation, joined, .. } = self;
        let read = inflation.reader().message(snapshot, message, 0..u64::MAX, |at, octets| {
            joined.take(at, octets);
            true
        });
        read.map_err(unreadable)?;
        joined.finish(message.wire_len);
        Ok(())
    }

    /// Reads a compressed message.
    fn inflate(&mut self, source: &MessageSource<'_>, payload: bool) -> Result<Told, Failure> {
        let MessageSource { snapshot, message, .. } = *source;
        let inflated = self.inflation.message(snapshot, message, most_inflated(payload)).map_err(unreadable)?;
        let (is_complete, reached_end, plain) = (inflated.is_complete(), inflated.reached_end, inflated.plain);
        let mut told = Told {
            length: (reached_end && message.is_understood).then_some(plain.total),
            is_complete: is_complete && message.is_understood,
            payload: None,
        };
        if payload {
            let is_text = is_complete && message.opcode == Opcode::TEXT && is_utf8(&plain.octets);
            told.payload = Some(if message.is_understood {
                Payload::Inflated { plain, is_text }
            } else {
                // Octets on the wire are all that is sure.
                self.joined.begin(false);
                self.read(source)?;
                Payload::Joined { text_if_deflate: is_text.then_some(plain.octets) }
            });
        }
        Ok(told)
    }

    /// Writes the joined octets.
    fn joined_octets(
        &mut self,
        key: Key,
        MessageSource { snapshot, message, .. }: &MessageSource<'_>,
        output: &mut Output,
    ) -> Result<(), Failure> {
        let MessageRows { line, inflation, joined, .. } = self;
        let is_text = joined.is_text;
        line.begin_string(key);
        let mut write = |octets: &[u8]| match is_text {
            true => line.piece_of_text(octets, output),
            false => line.piece_of_hex(octets, output),
        };
        if joined.is_kept {
            write(&joined.octets)?;
        } else {
            let (mut end, mut written) = (0, Ok(()));
            let read = inflation.reader().message(snapshot, message, 0..u64::MAX, |at, octets| {
                written = zeros(at - end, &mut write).and_then(|()| write(octets));
                end = at + octets.len() as u64;
                written.is_ok()
            });
            written?;
            read.map_err(unreadable)?;
        }
        line.end_string();
        Ok(())
    }
}

/// A row of a message that is being written.
struct MessageLine<'a> {
    rows: &'a mut MessageRows,
    told: Told,
    output: &'a mut Output,
}

impl TakeFields<MessageSource<'_>> for MessageLine<'_> {
    type Error = Failure;

    #[inline(always)]
    fn take(
        &mut self,
        entry: &'static Entry,
        source: &MessageSource<'_>,
        read: impl FnOnce() -> Value,
    ) -> Result<(), Failure> {
        let (Some(key), MessageSource { snapshot, message, .. }) = (entry.json.key(), *source) else { return Ok(()) };
        let MessageRows { line, inflation, frames, .. } = &mut *self.rows;
        match entry.field {
            RowField::Frames => line.numbers(key, frames.iter().map(|id| id.number())),
            RowField::EndTime => {
                let Some(last) = snapshot.frame(message.last) else { return Ok(()) };
                line.number(key, inflation.reader().end_time(snapshot, last).nanoseconds());
            }
            RowField::Plain => line.number_or_null(key, self.told.length),
            RowField::Complete => line.flag(key, self.told.is_complete),
            RowField::Findings => line.distinct_words(key, frames.iter().flat_map(|id| rules(snapshot, *id))),
            RowField::Missing | RowField::Text | RowField::Payload | RowField::TextIfDeflate => {
                if self.told.payload.is_some() {
                    self.payload(entry.field, key, source)?;
                }
            }
            _ => line.value(entry.json, read()),
        }
        Ok(())
    }
}

impl MessageLine<'_> {
    /// Writes a field of the payload, if this one has it.
    fn payload(&mut self, field: RowField, key: Key, source: &MessageSource<'_>) -> Result<(), Failure> {
        let MessageLine { rows, told, output } = self;
        match (field, &told.payload) {
            (RowField::Missing, Some(Payload::Joined { .. })) if !rows.joined.missing.is_empty() => {
                rows.line.ranges(key, &rows.joined.missing);
            }
            (RowField::Missing, Some(Payload::Inflated { plain, is_text: false })) if !plain.missing.is_empty() => {
                rows.line.ranges(key, &plain.missing);
            }
            (RowField::Text, Some(Payload::Joined { .. })) if rows.joined.is_text => {
                rows.joined_octets(key, source, output)?
            }
            (RowField::Payload, Some(Payload::Joined { .. })) if !rows.joined.is_text => {
                rows.joined_octets(key, source, output)?;
            }
            (RowField::Text, Some(Payload::Inflated { plain, is_text: true })) => {
                rows.line.begin_string(key);
                rows.line.piece_of_text(&plain.octets, output)?;
                rows.line.end_string();
            }
            (RowField::Payload, Some(Payload::Inflated { plain, is_text: false })) => {
                let end = plain.octets.len() as u64;
                let known = plain.missing.last().filter(|hole| hole.end >= end).map_or(end, |hole| hole.start);
                rows.line.begin_string(key);
                rows.line.piece_of_hex(&plain.octets[..known as usize], output)?;
                rows.line.end_string();
            }
            (RowField::TextIfDeflate, Some(Payload::Joined { text_if_deflate: Some(text) })) => {
                rows.line.begin_string(key);
                rows.line.piece_of_text(text, output)?;
                rows.line.end_string();
            }
            _ => {}
        }
        Ok(())
    }
}
