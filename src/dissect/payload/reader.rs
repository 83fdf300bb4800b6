//! The one reader of messages: all that looks at a payload's octets gets them here.
//!
//! ```text
//!   frame ─▶ carrier: Cursor ─▶ runs ─▶ OctetReader ─▶ unmask ─▶ octets, in order, with their places
//! ```

use std::io;
use std::ops::Range;

use crate::base::{AtHand, ConnectionId, Nearby, Sender, Span, Timestamp};
use crate::dissect::carrier::{Cursor, OctetReader, Octets, Stream, Traced};
use crate::dissect::index::connection::side;
use crate::dissect::index::record::FrameRecord;
use crate::dissect::index::snapshot::{FrameSegment, Message, Snapshot};
use crate::ws::unmask;

/// Octets that are unmasked in one go: they stay in the processor's nearest cache.
const PLAIN: u32 = 16 * 1024;
/// Octets that are read again of a packet's record to tell its time; a record has at least as many, headers included.
const RECORD: u32 = 32;

/// Payload octets, as they were before the sender masked them or as it sent them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Plain,
    Sent,
}

/// Reads payloads of frames, piece by piece.
#[derive(Debug, Default)]
pub(super) struct PayloadReader {
    octets: OctetReader,
    plain: Vec<u8>,
}

impl PayloadReader {
    /// The next known octets of `part` of a frame's payload, and the place of the first in the payload: nothing between
    /// the start of `part` and there is known. They are none where octets cannot be had from the file any more, and nothing
    /// before their place is known then. `None` where nothing more of `part` is known so far.
    ///
    /// The cursor goes through the `stream` that the frame came in.
    ///
    /// # Errors
    /// When the capture file cannot be read.
    #[inline(always)]
    pub fn next<'a>(
        &'a mut self,
        cursor: &mut Cursor,
        stream: &Stream<'_>,
        (frame, form): (&FrameRecord, Form),
        part: Range<u64>,
        nearby: Nearby<'a>,
    ) -> io::Result<Option<(u64, &'a [u8])>> {
        let start = frame.payload_at();
        let range = start.saturating_add(part.start)..start.saturating_add(part.end);
        let Some(run) = cursor.first_in(stream, range) else { return Ok(None) };
        let key = frame.header.masking_key().filter(|_| form == Form::Plain);
        let run = if key.is_some() { run.take(PLAIN) } else { run };
        let octets = self.octets.octets(stream, run, nearby)?;
        if octets.is_empty() {
            return Ok(Some((run.end() - start, octets)));
        }
        let at = run.at - start;
        let Some(key) = key else { return Ok(Some((at, octets))) };
        self.plain.clear();
        self.plain.extend_from_slice(octets);
        unmask(key, at, &mut self.plain);
        Ok(Some((at, &self.plain)))
    }

    /// Offset in the file behind the furthest octet that was looked at.
    pub fn position(&self) -> u64 {
        self.octets.position()
    }
}

/// Reads frames and messages of a capture's snapshots.
///
/// It keeps a place in the stream of each sender, so that to go through frames, or through messages, in their order reads
/// each octet of the file about once, and searches for nothing. Any other order works too.
#[derive(Debug, Default)]
pub struct MessageReader {
    payloads: PayloadReader,
    /// By connection and sender.
    places: Vec<Places>,
}

/// Places in a sender's stream.
#[derive(Clone, Debug, Default)]
struct Places {
    /// Of the payload that was read last.
    payload: Cursor,
    /// Of the frame that was traced last.
    traced: Cursor,
}

impl MessageReader {
    /// Goes through the payload octets `part` of a frame, unmasked: `take` is told of known octets, in order, and the place of
    /// the first in the payload, and ends it by saying `false`. What it is not told of is not known.
    ///
    /// # Errors
    /// When the capture file cannot be read.
    pub fn frame(
        &mut self,
        snapshot: &Snapshot,
        frame: &FrameRecord,
        part: Range<u64>,
        mut take: impl FnMut(u64, &[u8]) -> bool,
    ) -> io::Result<()> {
        self.pieces(snapshot, (frame, Form::Plain), part, &mut take).map(drop)
    }

    /// Goes through octets of a payload; false where `take` ended that.
    fn pieces(
        &mut self,
        snapshot: &Snapshot,
        what: (&FrameRecord, Form),
        part: Range<u64>,
        take: &mut impl FnMut(u64, &[u8]) -> bool,
    ) -> io::Result<bool> {
        let Some(stream) = snapshot.stream(what.0) else { return Ok(true) };
        self.pieces_of(snapshot, &stream, what, part, take)
    }

    fn pieces_of(
        &mut self,
        snapshot: &Snapshot,
        stream: &Stream<'_>,
        what: (&FrameRecord, Form),
        part: Range<u64>,
        take: &mut impl FnMut(u64, &[u8]) -> bool,
    ) -> io::Result<bool> {
        let frame = what.0;
        let nearby = Nearby { at_hand: AtHand::default(), source: snapshot.source() };
        let cursor = &mut places(&mut self.places, frame.connection, frame.sender()).payload;
        let (mut at, end) = (part.start, part.end.min(frame.header.payload_len()));
        while at < end
            && let Some((place, octets)) = self.payloads.next(cursor, stream, what, at..end, nearby)?
        {
            at = place + octets.len() as u64;
            if !octets.is_empty() && !take(place, octets) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Goes through octets of a message, its frames' payloads joined, unmasked and not inflated, as [`MessageReader::frame`]
    /// goes through those of a frame.
    ///
    /// # Errors
    /// When the capture file cannot be read.
    pub fn message(
        &mut self,
        snapshot: &Snapshot,
        message: &Message,
        part: Range<u64>,
        mut take: impl FnMut(u64, &[u8]) -> bool,
    ) -> io::Result<()> {
        let (single, several) = match message.frames {
            1 => (Some(message.first), Vec::new()),
            _ => (None, snapshot.message_frames(message)),
        };
        let mut start = 0u64;
        for frame in single.into_iter().chain(several).filter_map(|id| snapshot.frame(id)) {
            if start >= part.end {
                break;
            }
            let within = part.start.saturating_sub(start)..part.end - start;
            let mut shifted = |at, octets: &[u8]| take(start.saturating_add(at), octets);
            if !self.pieces(snapshot, (frame, Form::Plain), within, &mut shifted)? {
                break;
            }
            start = start.saturating_add(frame.header.payload_len());
        }
        Ok(())
    }

    /// Those payload octets of `part` that the capture reaches, unmasked.
    ///
    /// # Errors
    /// When the capture file cannot be read.
    pub fn frame_octets(&mut self, snapshot: &Snapshot, frame: &FrameRecord, part: Range<u64>) -> io::Result<Octets> {
        self.gather_frame(snapshot, (frame, Form::Plain), part)
    }

    /// Those payload octets of `part` that the capture reaches, as they were sent.
    ///
    /// # Errors
    /// When the capture file cannot be read.
    pub fn sent_octets(&mut self, snapshot: &Snapshot, frame: &FrameRecord, part: Range<u64>) -> io::Result<Octets> {
        self.gather_frame(snapshot, (frame, Form::Sent), part)
    }

    fn gather_frame(
        &mut self,
        snapshot: &Snapshot,
        what: (&FrameRecord, Form),
        part: Range<u64>,
    ) -> io::Result<Octets> {
        let Some(stream) = snapshot.stream(what.0) else { return Ok(Octets::default()) };
        let payload = what.0.payload_range();
        let reached = stream.reached(&payload) - payload.start;
        let part = part.start.min(reached)..part.end.min(reached);
        let mut octets = Octets { from: part.start, total: what.0.header.payload_len(), ..Octets::default() };
        self.pieces_of(snapshot, &stream, what, part.clone(), &mut |at, known| {
            octets.put(at, known);
            true
        })?;
        octets.fill_hole(part.end);
        Ok(octets)
    }

    /// The first `most` octets of a message, its frames' payloads joined, unmasked and not inflated, up to the last one that is
    /// known.
    ///
    /// # Errors
    /// When the capture file cannot be read.
    pub fn message_octets(&mut self, snapshot: &Snapshot, message: &Message, most: u64) -> io::Result<Octets> {
        let mut octets = Octets { total: message.wire_len, ..Octets::default() };
        self.message(snapshot, message, 0..most, |at, known| {
            octets.put(at, known);
            true
        })?;
        Ok(octets)
    }

    /// Tells `take` of the TCP segments that brought a frame, in order.
    pub fn trace(&mut self, snapshot: &Snapshot, frame: &FrameRecord, mut take: impl FnMut(FrameSegment)) {
        let Some(stream) = snapshot.stream(frame) else { return };
        let cursor = &mut places(&mut self.places, frame.connection, frame.sender()).traced;
        cursor.trace(&stream, frame.at..frame.payload_range().end, |traced| take(FrameSegment::of(traced, frame)));
    }

    /// When the packet with the last captured octet of a frame was captured.
    pub fn end_time(&mut self, snapshot: &Snapshot, frame: &FrameRecord) -> Timestamp {
        let Some(stream) = snapshot.stream(frame) else { return frame.time };
        let cursor = &mut places(&mut self.places, frame.connection, frame.sender()).traced;
        let mut ends: Option<(Traced, Traced)> = None;
        cursor.trace(&stream, frame.at..frame.payload_range().end, |traced| {
            ends = Some((ends.map_or(traced, |(first, _)| first), traced));
        });
        match ends {
            Some((first, last)) if first.record_at != last.record_at => {
                let span = Span::new(last.record_at, RECORD);
                let octets = self.payloads.octets.file(span, snapshot.source()).unwrap_or_default();
                let at_hand = AtHand { at: span.at, octets };
                snapshot.time_of_packet(last.record_at, &Nearby { at_hand, source: snapshot.source() })
            }
            // The packet of the first octet brought all of them.
            _ => None,
        }
        .unwrap_or(frame.time)
    }
}

fn places(places: &mut Vec<Places>, connection: ConnectionId, sender: Sender) -> &mut Places {
    let index = 2 * connection.index() + side(sender);
    if places.len() <= index {
        places.resize(index + 1, Places::default());
    }
    &mut places[index]
}
