//! Rows of `messages --json`.

use std::ops::Range;

use super::json::{rules, unreadable, zeros};
use super::json_line::JsonLine;
use super::output::{Failure, Output};
use crate::base::{FrameId, MessageId};
use crate::dissect::{Inflated, Inflation, Message, Octets, Snapshot};
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
    /// What is not known of it.
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

impl MessageRows {
    /// The row of a message.
    pub fn row(
        &mut self,
        snapshot: &Snapshot,
        id: MessageId,
        payload: bool,
        output: &mut Output,
    ) -> Result<(), Failure> {
        let Some(message) = snapshot.message(id) else { return Ok(()) };
        let (Some(first), Some(last)) = (snapshot.frame(message.first), snapshot.frame(message.last)) else {
            return Ok(());
        };
        self.frames.clear();
        match message.frames {
            1 => self.frames.push(message.first),
            _ => self.frames.extend(snapshot.message_frames(&message)),
        }
        let MessageRows { line, inflation, frames, joined } = self;
        line.begin();
        line.number("message", id.number());
        line.number("connection", message.connection.number());
        line.word("sender", message.sender.as_str());
        line.word("type", if message.opcode == Opcode::TEXT { "text" } else { "binary" });
        line.numbers("frames", frames.iter().map(|id| id.number()));
        line.number("time_ns", first.time.nanoseconds());
        line.number("end_time_ns", inflation.reader().end_time(snapshot, last).nanoseconds());
        line.flag("compressed", message.compressed);
        line.number("wire_length", message.wire_len);
        if message.compressed {
            let most = if payload { u64::MAX } else { 0 };
            let inflated = inflation.message(snapshot, &message, most).map_err(unreadable)?;
            return self.compressed(snapshot, &message, inflated, payload, output);
        }
        joined.begin(message.opcode == Opcode::TEXT);
        if payload {
            let read = inflation.reader().message(snapshot, &message, 0..u64::MAX, |at, octets| {
                joined.take(at, octets);
                true
            });
            read.map_err(unreadable)?;
            joined.finish(message.wire_len);
        }
        line.number("length", message.wire_len);
        line.flag("complete", message_state(&message) == MessageState::Complete && joined.missing.is_empty());
        line.distinct_words("findings", frames.iter().flat_map(|id| rules(snapshot, *id)));
        if payload {
            self.payload(snapshot, &message, output)?;
        }
        self.line.end(output)
    }

    /// Writes a payload that is not compressed.
    fn payload(&mut self, snapshot: &Snapshot, message: &Message, output: &mut Output) -> Result<(), Failure> {
        let MessageRows { line, inflation, joined, .. } = self;
        if !joined.missing.is_empty() {
            line.ranges("missing", &joined.missing);
        }
        let is_text = joined.is_text;
        line.begin_string(if is_text { "text" } else { "payload_hex" });
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

    /// Goes on with the row of a compressed message: what it inflates to.
    fn compressed(
        &mut self,
        snapshot: &Snapshot,
        message: &Message,
        inflated: Inflated,
        payload: bool,
        output: &mut Output,
    ) -> Result<(), Failure> {
        let MessageRows { line, frames, .. } = self;
        let (is_complete, reached_end) = (inflated.is_complete(), inflated.reached_end);
        line.number_or_null("length", (reached_end && message.is_understood).then_some(inflated.plain.total));
        line.flag("complete", is_complete && message.is_understood);
        line.distinct_words("findings", frames.iter().flat_map(|id| rules(snapshot, *id)));
        if !payload {
            return line.end(output);
        }
        let Octets { octets, missing, .. } = inflated.plain;
        let is_text = is_complete && message.opcode == Opcode::TEXT && is_utf8(&octets);
        if !message.is_understood {
            return self.not_understood(snapshot, message, is_text.then_some(&octets), output);
        }
        if is_text {
            line.begin_string("text");
            line.piece_of_text(&octets, output)?;
        } else {
            if !missing.is_empty() {
                line.ranges("missing", &missing);
            }
            let end = octets.len() as u64;
            let known = missing.last().filter(|hole| hole.end >= end).map_or(end, |hole| hole.start);
            line.begin_string("payload_hex");
            line.piece_of_hex(&octets[..known as usize], output)?;
        }
        line.end_string();
        line.end(output)
    }

    /// Ends the row of a compressed message whose meaning nobody knows: its octets on the wire, and the text that they would
    /// be if nothing but permessage-deflate were in force.
    fn not_understood(
        &mut self,
        snapshot: &Snapshot,
        message: &Message,
        text: Option<&Vec<u8>>,
        output: &mut Output,
    ) -> Result<(), Failure> {
        let MessageRows { inflation, joined, .. } = self;
        joined.begin(false);
        let read = inflation.reader().message(snapshot, message, 0..u64::MAX, |at, octets| {
            joined.take(at, octets);
            true
        });
        read.map_err(unreadable)?;
        joined.finish(message.wire_len);
        self.payload(snapshot, message, output)?;
        if let Some(text) = text {
            self.line.begin_string("text_if_deflate");
            self.line.piece_of_text(text, output)?;
            self.line.end_string();
        }
        self.line.end(output)
    }
}
