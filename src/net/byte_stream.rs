//! Byte streams: an append-only log from stream offsets to spans of the capture.

mod codec;
mod view;
mod walk;

use std::ops::Range;

use self::codec::{Cursor, Tail};
pub use self::view::{KeptStream, StreamView};
pub use self::walk::StreamWalk;
use crate::base::{PacketId, Piece, Span};

/// Entries in one page. A snapshot copies at most one page, of a few octets an entry; full ones are shared.
const PAGE_ENTRIES: usize = 256;

/// The octets of one direction of a flow, as places in the capture: stream offset → span, packet. It never holds
/// octets itself. [`keep`](ByteStream::keep) is a snapshot and costs next to nothing.
///
/// ```text
///   full:  [Arc ▸ 256 entries][Arc ▸ 256 entries] …   shared by the writer and every snapshot
///   tail:  [entries so far]                             owned by each; a snapshot's has no room for more
/// ```
///
/// Entries are packed: a segment costs 6 to 9 octets instead of 40, because nearly always it continues the stream, and
/// stands in a record a little behind the one before.
///
/// In the order in which it lies in memory: what pushing needs comes first, in two of the lines of 64 octets that the
/// processor fetches.
#[derive(Debug, Default)]
#[repr(C)]
pub struct ByteStream {
    /// The entry that the next one is encoded against.
    cursor: Cursor,
    end: u64,
    /// Octets before `end` that no entry covers.
    missing: u64,
    tail: Tail,
}

/// Captured octets of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamSpan {
    /// Stream offset of the first.
    pub at: u64,
    /// Their place in the file.
    pub span: Span,
    /// The packet that brought them.
    pub packet: PacketId,
    /// File offset in octets of its record (pcap) or block (pcapng).
    pub record_at: u64,
}

impl StreamSpan {
    /// Stream offset just behind the last octet.
    pub fn end(&self) -> u64 {
        self.at + u64::from(self.span.len)
    }

    /// The part of it within `range`, if any.
    fn within(&self, range: &Range<u64>) -> Option<StreamSpan> {
        let (at, end) = (self.at.max(range.start), self.end().min(range.end));
        let len = u32::try_from(end.checked_sub(at)?).ok().filter(|len| *len > 0)?;
        let skip = u32::try_from(at - self.at).ok()?;
        Some(StreamSpan { at, span: self.span.skip(skip).take(len), ..*self })
    }
}

impl ByteStream {
    /// An empty one.
    pub fn new() -> ByteStream {
        ByteStream::default()
    }

    /// Length of the stream so far, gaps included: the stream offset that the next octet has.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// The packet that brought the last octets; the first packet of the capture where there are none.
    pub fn last_packet(&self) -> PacketId {
        self.cursor.packet()
    }

    /// Returns whether nothing was pushed.
    pub fn is_empty(&self) -> bool {
        self.end == 0
    }

    /// Octets before the end that the capture does not have.
    pub fn missing(&self) -> u64 {
        self.missing
    }

    /// Reads from what [`push`](ByteStream::push) needs, so that it is at hand then; what it returns means nothing.
    #[inline]
    pub fn touch(&self) -> u64 {
        self.end ^ self.tail.touch()
    }

    /// Returns how many entries there are: one for each piece pushed.
    pub fn entries(&self) -> usize {
        self.tail.full().len() * PAGE_ENTRIES + self.tail.len()
    }

    /// Appends octets at stream offset `at`. What lies between the end so far and `at` becomes a gap; octets before
    /// the end are known already and left out.
    #[inline(always)]
    pub fn push(&mut self, at: u64, piece: Piece) {
        let span = if at == self.end { piece.span } else { self.unknown_part(at, piece.span) };
        if span.len == 0 {
            return;
        }
        let entry = StreamSpan { at: self.end, span, packet: piece.packet.id, record_at: piece.packet.record_at };
        self.tail.push(&mut self.cursor, &entry);
        self.end = entry.end();
        if self.tail.len() == PAGE_ENTRIES {
            self.tail.turn();
        }
    }

    /// The part of `span`, which starts at stream offset `at`, that lies behind the end; what lies between becomes a gap.
    #[cold]
    fn unknown_part(&mut self, at: u64, span: Span) -> Span {
        self.push_gap(self.end, at.saturating_sub(self.end));
        span.skip(u32::try_from(self.end - at.min(self.end)).unwrap_or(u32::MAX))
    }

    /// Appends `len` octets at stream offset `at` that the capture does not have.
    pub fn push_gap(&mut self, at: u64, len: u64) {
        let end = at.saturating_add(len);
        if end > self.end {
            self.missing += end - self.end;
            self.end = end;
        }
    }

    /// The captured octets of `range`, in order, cut to it. Where `at` jumps is a gap.
    pub fn spans(&self, range: Range<u64>) -> impl Iterator<Item = StreamSpan> + '_ {
        self.view().spans(range)
    }

    /// Returns what can be read from it so far.
    #[inline]
    pub fn view(&self) -> StreamView<'_> {
        StreamView { tail: self.tail.view(), full: self.tail.full(), end: self.end, missing: self.missing }
    }

    /// It as it is now. Costs next to nothing.
    pub fn keep(&self) -> KeptStream {
        KeptStream { tail: self.tail.to_page(), full: self.tail.full().into(), end: self.end, missing: self.missing }
    }

    /// Octets of memory it takes, snapshots that share with it not counted.
    pub fn memory(&self) -> usize {
        size_of::<ByteStream>() + self.tail.memory()
    }
}
