//! How entries of a [`ByteStream`](super::ByteStream) are packed.
//!
//! ```text
//!   shape    1 octet    bit 7: gap differs from 0    bit 6: head differs    bits 0–5: packets passed, 63 = see below
//!   gap      varint     stream octets between the entry before and this one          (if bit 7)
//!   head     varint     file octets from the record's start to the span's            (if bit 6)
//!   packets  varint     zigzag difference of packet ids                              (if 63)
//!   record   varint     zigzag distance of the record from the end of the span before
//!   len      varint     octets
//! ```
//!
//! A varint holds 7 bits an octet, the lowest first. Every [`MARK_EVERY`] entries a page keeps a [`Mark`], where decoding can start.

use super::StreamSpan;
use crate::base::{PacketId, Span};

const MARK_EVERY: usize = 64;
const GAP: u8 = 0x80;
const HEAD: u8 = 0x40;
const PACKETS: u8 = 0x3f;

/// What an entry is packed against: the one before.
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

/// Where decoding can start.
#[derive(Clone, Copy, Debug)]
struct Mark {
    /// Stream offset of the entry.
    at: u64,
    cursor: Cursor,
    /// Where its code is in the page.
    code_at: u32,
}

/// Packed entries.
#[derive(Clone, Debug, Default)]
pub(super) struct Page {
    codes: Vec<u8>,
    len: usize,
    marks: Vec<Mark>,
}

impl Page {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Stream offset of the first entry.
    pub(super) fn first_at(&self) -> u64 {
        self.marks.first().map_or(0, |mark| mark.at)
    }

    pub(super) fn push(&mut self, cursor: &mut Cursor, entry: &StreamSpan) {
        if self.len.is_multiple_of(MARK_EVERY) {
            self.mark(*cursor, entry.at);
        }
        self.len += 1;

        // Everything is a difference modulo 2^64, so that any numbers survive the trip.
        let gap = entry.at.wrapping_sub(cursor.at);
        let head = entry.span.at.wrapping_sub(entry.record_at);
        let packets = entry.packet.0.wrapping_sub(cursor.packet);
        let mut shape = if gap == 0 { 0 } else { GAP };
        shape |= if head == cursor.head { 0 } else { HEAD };
        shape |= u8::try_from(packets).unwrap_or(PACKETS).min(PACKETS);
        self.codes.push(shape);
        if shape & GAP != 0 {
            self.varint(gap);
        }
        if shape & HEAD != 0 {
            self.varint(head);
        }
        if shape & PACKETS == PACKETS {
            self.varint(zigzag(packets));
        }
        self.varint(zigzag(entry.record_at.wrapping_sub(cursor.file_at)));
        self.varint(u64::from(entry.span.len));
        *cursor = Cursor { at: entry.end(), file_at: entry.span.end(), head, packet: entry.packet.0 };
    }

    #[cold]
    fn mark(&mut self, cursor: Cursor, at: u64) {
        let code_at = u32::try_from(self.codes.len()).unwrap_or(u32::MAX);
        self.marks.push(Mark { at, cursor, code_at });
    }

    #[inline]
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.codes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.codes.push(value as u8);
    }

    /// The entries from the last mark at or before stream offset `at` (or the first) on.
    pub(super) fn entries_from(&self, at: u64) -> Entries<'_> {
        let behind = self.marks.partition_point(|mark| mark.at <= at);
        match self.marks.get(behind.saturating_sub(1)) {
            Some(mark) => {
                Entries { codes: self.codes.get(mark.code_at as usize..).unwrap_or_default(), cursor: mark.cursor }
            }
            None => Entries { codes: &[], cursor: Cursor::default() },
        }
    }

    /// Gives back the room that growing left over.
    pub(super) fn shrink(&mut self) {
        self.codes.shrink_to_fit();
        self.marks.shrink_to_fit();
    }

    pub(super) fn memory(&self) -> usize {
        size_of::<Page>() + self.codes.capacity() + self.marks.capacity() * size_of::<Mark>()
    }
}

/// Unpacks entries.
pub(super) struct Entries<'a> {
    codes: &'a [u8],
    cursor: Cursor,
}

impl Entries<'_> {
    fn octet(&mut self) -> Option<u8> {
        let (first, rest) = self.codes.split_first()?;
        self.codes = rest;
        Some(*first)
    }

    fn varint(&mut self) -> Option<u64> {
        let (mut value, mut shift) = (0, 0);
        loop {
            let octet = self.octet()?;
            value |= u64::from(octet & 0x7f).checked_shl(shift)?;
            if octet < 0x80 {
                return Some(value);
            }
            shift += 7;
        }
    }
}

impl Iterator for Entries<'_> {
    type Item = StreamSpan;

    fn next(&mut self) -> Option<StreamSpan> {
        let shape = self.octet()?;
        let gap = if shape & GAP != 0 { self.varint()? } else { 0 };
        let head = if shape & HEAD != 0 { self.varint()? } else { self.cursor.head };
        let packets = match shape & PACKETS {
            PACKETS => unzigzag(self.varint()?),
            few => u64::from(few),
        };
        let record_at = self.cursor.file_at.wrapping_add(unzigzag(self.varint()?));
        let len = u32::try_from(self.varint()?).ok()?;
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
        let (mut page, mut cursor) = (Page::default(), Cursor::default());
        entries.iter().for_each(|entry| page.push(&mut cursor, entry));
        assert!(page.entries_from(0).eq(entries));
        assert_eq!(&page.codes[5..9], [1, 32, 0xa8, 0x0b], "the segment behind another costs four octets");
    }

    #[test]
    fn damaged_codes_end_the_walk() {
        let page =
            Page { codes: vec![0xff; 40], marks: vec![Mark { at: 0, cursor: Cursor::default(), code_at: 0 }], len: 1 };
        assert_eq!(page.entries_from(0).count(), 0);
    }
}
