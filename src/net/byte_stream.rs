//! Where the octets of a stream are: an append-only log from stream offsets to spans of the capture.

mod codec;
mod walk;

use std::ops::Range;
use std::sync::Arc;

use self::codec::{Cursor, Page};
pub use self::walk::StreamWalk;
use crate::base::{PacketId, Piece, Span};

/// Entries in one page. A snapshot copies at most one page, of a few octets an entry; full ones are shared.
const PAGE_ENTRIES: usize = 256;

/// The octets of one direction of a flow, as places in the capture: stream offset → span, packet. It never holds
/// octets itself. `clone` is a snapshot and costs next to nothing.
///
/// ```text
///   full:  [Arc ▸ 256 entries][Arc ▸ 256 entries] …   shared by the writer and every snapshot
///   tail:  [entries so far]                             owned by each
/// ```
///
/// Entries are packed: a segment costs about 6 octets instead of 40, because nearly always it continues the stream, and
/// stands in a record a little behind the one before.
#[derive(Clone, Debug, Default)]
pub struct ByteStream {
    tail: Page,
    /// What the next entry is encoded against.
    cursor: Cursor,
    end: u64,
    full: Vec<Arc<Page>>,
    /// Octets before `end` that no entry covers.
    missing: u64,
}

/// Captured octets of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamSpan {
    /// Stream offset of the first.
    pub at: u64,
    /// Where they are in the file.
    pub span: Span,
    /// The packet that brought them.
    pub packet: PacketId,
    /// Where its record (pcap) or block (pcapng) starts: file offset in octets.
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

    /// Whether nothing was pushed.
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
        self.end ^ self.missing
    }

    /// How many entries there are: one for each piece pushed.
    pub fn entries(&self) -> usize {
        self.full.len() * PAGE_ENTRIES + self.tail.len()
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
            self.turn_page();
        }
    }

    /// The part of `span`, which starts at stream offset `at`, that lies behind the end; what lies between becomes a gap.
    #[cold]
    fn unknown_part(&mut self, at: u64, span: Span) -> Span {
        self.push_gap(self.end, at.saturating_sub(self.end));
        span.skip(u32::try_from(self.end - at.min(self.end)).unwrap_or(u32::MAX))
    }

    #[cold]
    fn turn_page(&mut self) {
        self.full.push(Arc::new(self.tail.turn()));
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
        let pages = self.full.len() + 1;
        let page = |index: usize| self.full.get(index).map_or(&self.tail, |page| page.as_ref());
        let start = range.start;
        (self.page_of(start)..pages)
            .flat_map(move |index| page(index).entries_from(start))
            .skip_while(move |entry| entry.end() <= start)
            .map_while(move |entry| entry.within(&range))
    }

    /// The page that can hold stream offset `at`: the one before the first that starts behind it.
    fn page_of(&self, at: u64) -> usize {
        let behind = self.full.partition_point(|page| page.first_at() <= at);
        let tail_too = behind == self.full.len() && self.tail.len() > 0 && self.tail.first_at() <= at;
        (behind + usize::from(tail_too)).saturating_sub(1)
    }

    /// How many octets of `range` the capture has.
    pub fn captured(&self, range: Range<u64>) -> u64 {
        if self.missing == 0 {
            return range.end.min(self.end).saturating_sub(range.start);
        }
        self.spans(range).map(|entry| u64::from(entry.span.len)).sum()
    }

    /// The first octets of `range` that the capture does not have; `None` where it has all (what lies behind the end
    /// did not come yet and is no gap).
    pub fn first_gap(&self, range: Range<u64>) -> Option<Range<u64>> {
        if self.missing == 0 {
            return None;
        }
        let end = range.end.min(self.end);
        let mut at = range.start;
        for entry in self.spans(range.start..end) {
            if entry.at > at {
                return Some(at..entry.at);
            }
            at = entry.end();
        }
        (at < end).then_some(at..end)
    }

    /// Octets of memory it takes, snapshots that share with it not counted.
    pub fn memory(&self) -> usize {
        let pages = self.full.iter().map(|page| page.memory()).sum::<usize>();
        size_of::<ByteStream>() + pages + self.tail.memory()
    }
}
