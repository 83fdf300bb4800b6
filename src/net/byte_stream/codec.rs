//! The packing of a [`ByteStream`](super::ByteStream)'s entries.
//!
//! ```text
//!   shape    1 octet    bit 7: gap differs from 0    bit 6: head differs    bits 4–5, 2–3, 0–1: sizes of the last three
//!   gap      8 octets   stream octets between the entry before and this one          (if bit 7)
//!   head     8 octets   file octets from the record's start to the span's            (if bit 6)
//!   len      1, 2, 3, 8 octets
//!   record   1, 2, 3, 8 zigzag distance of the record from the end of the span before
//!   packets  1, 2, 3, 8 zigzag difference of packet ids
//! ```
//!
//! Three octets are enough for a distance of 8 MiB, and then a segment with those of a thousand other streams in between
//! takes eight octets in all, which are written at once.
//!
//! Numbers have their low octet first. Every [`MARK_EVERY`] entries a page keeps a [`Mark`], where decoding can start.

use std::sync::Arc;

use super::StreamSpan;
use crate::base::{PacketId, Span};

const MARK_EVERY: usize = 128;
const GAP: u8 = 0x80;
const HEAD: u8 = 0x40;
/// The shape of an entry that stands a few packets behind the one before: sizes of 2, 1 and 1 octets.
const NEAR: u8 = 0b01_00_00;
/// The shape of a short one, not as near: sizes of 1, 2 and 1 octets.
const SHORT: u8 = 0b00_01_00;
/// The shape of one with other streams in between: sizes of 2, 3 and 2 octets.
const FAR: u8 = 0b01_10_01;

/// The entry before, which an entry is packed against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cursor {
    /// Stream offset behind it.
    at: u64,
    /// File offset behind its span.
    file_at: u64,
    /// Octets between its record's start and its span's.
    head: u64,
    packet: u64,
}

/// A place where decoding can start.
#[derive(Clone, Copy, Debug)]
struct Mark {
    /// Stream offset of the entry.
    at: u64,
    cursor: Cursor,
    /// The index of its code in the page.
    code_at: u32,
}

/// Octets that are written at once: a code, and what of them is not one is written over by the next.
const WORD: usize = 8;
/// Octets that are not yet settled.
const FRESH: usize = 128;

/// Packed entries to which none is added.
#[derive(Debug, Default)]
pub(super) struct Page {
    codes: Box<[u8]>,
    /// None at the first entry of a stream, which is packed against nothing: most streams are short, and need no room for
    /// marks.
    marks: Box<[Mark]>,
}

impl Page {
    #[inline]
    pub(super) fn view(&self) -> PageView<'_> {
        PageView { settled: &self.codes, fresh: &[], marks: &self.marks }
    }

    pub(super) fn memory(&self) -> usize {
        size_of::<Page>() + self.codes.len() + self.marks.len() * size_of::<Mark>()
    }
}

/// The page that is being written, and those before. In the order in which it lies in memory
/// ([`ByteStream`](super::ByteStream)).
#[derive(Debug)]
#[repr(C)]
pub(super) struct Tail {
    fresh_len: u32,
    len: u32,
    long: Option<Box<Long>>,
    /// The codes behind those that are settled: whole entries. They lie beside what every packet of the stream needs anyway; a
    /// busy capture has too many streams for the processor to have the end of each one's codes at hand.
    fresh: [u8; FRESH],
    /// The first codes.
    settled: Vec<u8>,
}

/// Parts that only a stream of more than [`MARK_EVERY`] entries has.
#[derive(Debug, Default)]
struct Long {
    marks: Vec<Mark>,
    /// The pages before.
    full: Vec<Arc<Page>>,
}

impl Default for Tail {
    fn default() -> Tail {
        Tail { settled: Vec::new(), fresh: [0; FRESH], fresh_len: 0, len: 0, long: None }
    }
}

impl Tail {
    fn fresh(&self) -> &[u8] {
        self.fresh.get(..self.fresh_len as usize).unwrap_or_default()
    }

    fn codes_len(&self) -> usize {
        self.settled.len() + self.fresh_len as usize
    }

    fn marks(&self) -> &[Mark] {
        self.long.as_ref().map_or(&[], |long| &long.marks)
    }

    /// The pages before.
    #[inline]
    pub(super) fn full(&self) -> &[Arc<Page>] {
        self.long.as_ref().map_or(&[], |long| &long.full)
    }

    /// Reads from where the next entry will be written.
    #[inline]
    pub(super) fn touch(&self) -> u64 {
        u64::from(self.fresh[FRESH / 4]) ^ u64::from(self.fresh[FRESH / 4 * 3])
    }

    /// Returns how many entries it has.
    pub(super) fn len(&self) -> usize {
        self.len as usize
    }

    #[inline]
    pub(super) fn view(&self) -> PageView<'_> {
        PageView { settled: &self.settled, fresh: self.fresh(), marks: self.marks() }
    }

    /// Returns what is in it, with no room to spare.
    pub(super) fn to_page(&self) -> Page {
        Page { codes: [&self.settled, self.fresh()].concat().into(), marks: self.marks().into() }
    }

    #[inline(always)]
    pub(super) fn push(&mut self, cursor: &mut Cursor, entry: &StreamSpan) {
        if self.len.is_multiple_of(MARK_EVERY as u32) {
            self.mark(*cursor, entry.at);
        }
        self.len += 1;

        // Everything is a difference modulo 2^64, so that any numbers survive the trip.
        let gap = entry.at.wrapping_sub(cursor.at);
        let head = entry.span.at.wrapping_sub(entry.record_at);
        let len = u64::from(entry.span.len);
        let record = zigzag(entry.record_at.wrapping_sub(cursor.file_at));
        let packets = zigzag(entry.packet.0.wrapping_sub(cursor.packet));
        // Nearly every entry has one of three shapes, which are put together in registers: octets that are written one by one
        // and copied by the word wait for memory.
        let is_usual = gap | (head ^ cursor.head) | len >> 16 == 0;
        let is_near = is_usual && packets < 1 << 8;
        if is_near && record < 1 << 8 {
            self.append(u64::from(NEAR) | len << 8 | record << 24 | packets << 32, 5);
        } else if is_near && len >> 8 | record >> 16 == 0 {
            self.append(u64::from(SHORT) | len << 8 | record << 16 | packets << 32, 5);
        } else if is_usual && record >> 24 | packets >> 16 == 0 {
            self.append(u64::from(FAR) | len << 8 | record << 24 | packets << 48, 8);
        } else {
            self.push_any(gap, (head != cursor.head).then_some(head), [len, record, packets]);
        }
        *cursor = Cursor { at: entry.end(), file_at: entry.span.end(), head, packet: entry.packet.0 };
    }

    /// Appends the first `len` octets of `number`, by writing all of them: that takes no call.
    #[inline(always)]
    fn append(&mut self, number: u64, len: usize) {
        if self.fresh_len as usize > FRESH - WORD {
            self.settle();
        }
        let at = self.fresh_len as usize;
        if let Some(word) = self.fresh.get_mut(at..).and_then(|room| room.first_chunk_mut()) {
            *word = number.to_le_bytes();
        }
        self.fresh_len = (at + len) as u32;
    }

    /// Makes room for fresh codes.
    #[cold]
    fn settle(&mut self) {
        let codes_len = self.codes_len();
        if self.fresh_len > 0 {
            // All of them, and then no more than there are: to copy a fixed number of octets takes no call.
            self.settled.extend_from_slice(&self.fresh);
            self.settled.truncate(codes_len);
        }
        self.fresh_len = 0;
    }

    /// Any entry: one behind a gap, far away, or with another head than the one before.
    #[cold]
    fn push_any(&mut self, gap: u64, head: Option<u64>, sized: [u64; 3]) {
        // So that no entry is cut.
        self.settle();
        let shape = sized.iter().fold(0, |shape, number| shape << 2 | size(*number));
        let gap = (gap != 0).then_some(gap);
        let flags = if gap.is_some() { GAP } else { 0 } | if head.is_some() { HEAD } else { 0 };
        self.append(u64::from(shape | flags), 1);
        for number in [gap, head].into_iter().flatten() {
            self.append(number, 8);
        }
        for number in sized {
            self.append(number, octets_of(size(number)) as usize);
        }
    }

    #[cold]
    fn mark(&mut self, cursor: Cursor, at: u64) {
        if self.len == 0 && cursor == Cursor::default() {
            return;
        }
        let code_at = u32::try_from(self.codes_len()).unwrap_or(u32::MAX);
        self.long.get_or_insert_default().marks.push(Mark { at, cursor, code_at });
    }

    /// Puts what is in it to the pages before and is empty again: the room that growing made will be needed for the next
    /// entries.
    #[cold]
    pub(super) fn turn(&mut self) {
        let page = Arc::new(self.to_page());
        let long = self.long.get_or_insert_default();
        long.full.push(page);
        long.marks.clear();
        self.settled.clear();
        (self.fresh_len, self.len) = (0, 0);
    }

    /// Octets of memory that it and the pages before take elsewhere.
    pub(super) fn memory(&self) -> usize {
        let of_long = |long: &Long| {
            let full = long.full.iter().map(|page| page.memory()).sum::<usize>();
            size_of::<Long>() + full + long.marks.capacity() * size_of::<Mark>()
        };
        self.settled.capacity() + self.long.as_deref().map_or(0, of_long)
    }
}

/// The entries of a page, to be unpacked.
#[derive(Clone, Copy, Debug)]
pub(super) struct PageView<'a> {
    settled: &'a [u8],
    /// The codes behind those.
    fresh: &'a [u8],
    marks: &'a [Mark],
}

impl<'a> PageView<'a> {
    pub(super) fn is_empty(self) -> bool {
        self.settled.is_empty() && self.fresh.is_empty()
    }

    /// Stream offset of the first entry, or 0 for the first page of a stream.
    pub(super) fn first_at(self) -> u64 {
        self.marks.first().filter(|mark| mark.code_at == 0).map_or(0, |mark| mark.at)
    }

    /// The entries from the last mark at or before stream offset `at` (or the first entry) on.
    pub(super) fn entries_from(self, at: u64) -> Entries<'a> {
        let behind = self.marks.partition_point(|mark| mark.at <= at);
        match self.marks.get(behind.saturating_sub(1)).filter(|mark| behind > 0 || mark.code_at == 0) {
            Some(mark) => self.entries_behind(mark.code_at as usize, mark.cursor),
            None => self.entries_behind(0, Cursor::default()),
        }
    }

    /// The entries behind one that was unpacked from this page: `code_at` and `cursor` are what it left.
    #[inline]
    pub(super) fn entries_behind(self, code_at: usize, cursor: Cursor) -> Entries<'a> {
        let fresh_at = code_at.saturating_sub(self.settled.len());
        Entries {
            settled: self.settled.get(code_at..).unwrap_or_default(),
            fresh: self.fresh.get(fresh_at..).unwrap_or_default(),
            cursor,
        }
    }

    /// Returns what `entries`, which are of this page, have left: for [`PageView::entries_behind`].
    #[inline]
    pub(super) fn place_of(self, entries: &Entries<'_>) -> (usize, Cursor) {
        let left = entries.settled.len() + entries.fresh.len();
        (self.settled.len() + self.fresh.len() - left, entries.cursor)
    }
}

/// The size that the shape tells of a number: of so few octets as it needs.
#[inline]
fn size(number: u64) -> u8 {
    // By the octet in which its highest bit is.
    const SIZES: [u8; 8] = [0, 1, 2, 3, 3, 3, 3, 3];
    SIZES[((number | 1).ilog2() / 8) as usize]
}

/// Octets of a number of this size.
#[inline]
fn octets_of(size: u8) -> u32 {
    const OCTETS: [u32; 4] = [1, 2, 3, 8];
    OCTETS[usize::from(size & 3)]
}

impl Cursor {
    /// The packet of the entry before.
    pub fn packet(self) -> PacketId {
        PacketId(self.packet)
    }

    /// Stream offset behind the entry.
    #[inline]
    pub(super) fn end(&self) -> u64 {
        self.at
    }

    /// The last `len` octets of the entry that left this: an entry of its own.
    #[inline]
    pub(super) fn last(&self, len: u32) -> StreamSpan {
        let back = |end: u64| end.wrapping_sub(u64::from(len));
        let span = Span::new(back(self.file_at), len);
        StreamSpan {
            at: back(self.at),
            span,
            packet: PacketId(self.packet),
            record_at: span.at.wrapping_sub(self.head),
        }
    }
}

/// Unpacks entries.
pub(super) struct Entries<'a> {
    settled: &'a [u8],
    /// The entries behind those.
    fresh: &'a [u8],
    cursor: Cursor,
}

impl Entries<'_> {
    /// The next number, of so many octets.
    fn number(&mut self, octets: u32) -> Option<u64> {
        let (number, rest) = self.settled.split_at_checked(octets as usize)?;
        self.settled = rest;
        Some(number.iter().rfold(0, |value, octet| value << 8 | u64::from(*octet)))
    }

    /// Reads a number of the size that the shape has in its two lowest bits.
    fn sized(&mut self, shape: u8) -> Option<u64> {
        self.number(octets_of(shape))
    }
}

impl Iterator for Entries<'_> {
    type Item = StreamSpan;

    fn next(&mut self) -> Option<StreamSpan> {
        if self.settled.is_empty() {
            self.settled = std::mem::take(&mut self.fresh);
        }
        let shape = self.number(1)? as u8;
        let gap = if shape & GAP != 0 { self.number(8)? } else { 0 };
        let head = if shape & HEAD != 0 { self.number(8)? } else { self.cursor.head };
        let len = u32::try_from(self.sized(shape >> 4)?).ok()?;
        let record_at = self.cursor.file_at.wrapping_add(unzigzag(self.sized(shape >> 2)?));
        let packets = unzigzag(self.sized(shape)?);
        let entry = StreamSpan {
            at: self.cursor.at.wrapping_add(gap),
            span: Span::new(record_at.wrapping_add(head), len),
            packet: PacketId(self.cursor.packet.wrapping_add(packets)),
            record_at,
        };
        self.cursor = Cursor { at: entry.end(), file_at: entry.span.end(), head, packet: entry.packet.0 };
        Some(entry)
    }
}

/// Small numbers of either sign (modulo 2^64) become small numbers.
fn zigzag(value: u64) -> u64 {
    (value << 1) ^ ((value as i64 >> 63) as u64)
}

fn unzigzag(value: u64) -> u64 {
    (value >> 1) ^ (value & 1).wrapping_neg()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zigzag_keeps_small_numbers_small() {
        let minus = |n: u64| n.wrapping_neg();
        for (value, code) in [(0, 0), (minus(1), 1), (1, 2), (minus(2), 3), (1 << 63, u64::MAX)] {
            assert_eq!((zigzag(value), unzigzag(code)), (code, value));
        }
    }

    #[test]
    fn any_numbers_survive() {
        let entry = |at, span_at, len, packet, record_at| StreamSpan {
            at,
            span: Span::new(span_at, len),
            packet: PacketId(packet),
            record_at,
        };
        let entries = [
            entry(0, 106, 1448, 1, 40),
            entry(1448, 1636, 1448, 2, 1570),
            entry(2896, 500, 1, 62, 440),
            entry(1 << 40, 90_000_000_000, u32::MAX, 63 + 62, 3),
            entry(u64::MAX - 9, 7, 1, 0, u64::MAX),
        ];
        let (mut page, mut cursor) = (Tail::default(), Cursor::default());
        entries.iter().for_each(|entry| page.push(&mut cursor, entry));
        assert!(page.view().entries_from(0).eq(entries));
        assert_eq!(
            &page.to_page().codes[13..18],
            [0x10, 0xa8, 5, 32, 2],
            "the segment behind another costs five octets"
        );
    }

    /// Every shape at both ends of what it can hold, one behind another.
    #[test]
    fn entries_survive_at_the_limits_of_their_shapes() {
        let around = |bits: &[u32]| -> Vec<u64> { bits.iter().flat_map(|bit| [(1 << bit) - 1, 1 << bit]).collect() };
        let (mut page, mut cursor, mut entries) = (Tail::default(), Cursor::default(), Vec::new());
        for len in around(&[1, 8, 16]) {
            for record in around(&[0, 7, 8, 15, 16, 23, 24]) {
                for packets in around(&[0, 7, 8, 15, 16]) {
                    let record_at = cursor.file_at + record;
                    let entry = StreamSpan {
                        at: cursor.at,
                        span: Span::new(record_at + 66, len as u32),
                        packet: PacketId(cursor.packet + packets),
                        record_at,
                    };
                    page.push(&mut cursor, &entry);
                    entries.push(entry);
                }
            }
        }
        assert!(page.view().entries_from(0).eq(entries));
    }

    #[test]
    fn entries_are_whole_wherever_codes_settle() {
        let (mut page, mut cursor) = (Tail::default(), Cursor::default());
        let mut entries = Vec::new();
        for number in 0..200 {
            // Now near, now behind a gap and far away.
            let far = if number % 13 == 5 { 1 << 40 } else { 0 };
            let at = cursor.at + far;
            let entry = StreamSpan {
                at,
                span: Span::new(1000 * number + far, 300),
                packet: PacketId(number),
                record_at: 1000 * number,
            };
            page.push(&mut cursor, &entry);
            entries.push(entry);
            assert!(page.view().entries_from(0).eq(entries.iter().copied()), "behind entry {number}");
            let from_last: Vec<_> = page.view().entries_from(at).collect();
            assert!(entries.ends_with(&from_last) && !from_last.is_empty());
            let mut walk = page.view().entries_from(0);
            walk.nth(number as usize / 2);
            let (code_at, cursor) = page.view().place_of(&walk);
            assert!(page.view().entries_behind(code_at, cursor).eq(walk), "from the middle, behind entry {number}");
            assert!(page.to_page().view().entries_from(0).eq(entries.iter().copied()));
        }
    }

    #[test]
    fn few_entries_need_no_room_of_their_own() {
        let (mut page, mut cursor) = (Tail::default(), Cursor::default());
        for number in 0..2 {
            let record_at = 1000 * number;
            let span = Span::new(record_at + 66, 300);
            let at = cursor.at;
            page.push(&mut cursor, &StreamSpan { at, span, packet: PacketId(number), record_at });
        }
        assert_eq!(page.memory(), 0);
    }

    #[test]
    fn damaged_codes_end_the_walk() {
        let page = Page { codes: Box::new([0xff; 40]), ..Page::default() };
        assert_eq!(page.view().entries_from(0).count(), 0);
    }
}
