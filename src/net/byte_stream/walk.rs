//! Going through a stream from its start to its end.

use std::ops::Range;

use super::codec::Cursor;
use super::{StreamSpan, StreamView};

/// Stream octets that may lie between two ranges without a search for the second: so few entries are unpacked sooner.
const NEAR: u64 = 64 * 1024;

/// A place in a [`ByteStream`](super::ByteStream), for ranges that are asked for in rising order.
///
/// [`StreamView::spans`] looks for the start of its range and unpacks up to 64 entries to get there; a walk goes on where
/// it stands. It holds nothing of the stream, so that the stream can grow between two calls; each must be given the
/// same one.
#[derive(Clone, Copy, Debug, Default)]
pub struct StreamWalk {
    page: u32,
    /// The index of the next entry's code in the page.
    code_at: u32,
    /// The end that the entry before left.
    cursor: Cursor,
    /// The length of the entry before.
    len: u32,
}

impl StreamWalk {
    /// A walk for ranges that start at stream offset `at` or behind it.
    pub fn starting_at(stream: StreamView<'_>, at: u64) -> StreamWalk {
        let mut walk = StreamWalk::default();
        if at > 0 {
            walk.skip_to(stream, at);
        }
        walk
    }

    /// The first captured octets of `range`, cut to it, as [`StreamView::spans`] gives them; `None` where there are none
    /// so far. No range starts before the one asked for before.
    #[inline(always)]
    pub fn first_in(&mut self, stream: StreamView<'_>, range: Range<u64>) -> Option<StreamSpan> {
        loop {
            if self.cursor.end() > range.start {
                return self.cursor.last(self.len).within(&range);
            }
            if range.start - self.cursor.end() > NEAR {
                self.skip_to(stream, range.start);
            }
            self.step(stream)?;
        }
    }

    /// Unpacks the next entry.
    #[inline]
    fn step(&mut self, stream: StreamView<'_>) -> Option<()> {
        loop {
            let page = stream.page(self.page as usize);
            let mut entries = page.entries_behind(self.code_at as usize, self.cursor);
            if let Some(entry) = entries.next() {
                let (code_at, cursor) = page.place_of(&entries);
                (self.code_at, self.cursor, self.len) = (u32::try_from(code_at).ok()?, cursor, entry.span.len);
                return Some(());
            }
            if self.page as usize >= stream.full.len() {
                return None;
            }
            (self.page, self.code_at) = (self.page + 1, 0);
        }
    }

    /// Goes to the last mark at or before stream offset `at`, if that is ahead.
    #[cold]
    fn skip_to(&mut self, stream: StreamView<'_>, at: u64) {
        let page = stream.page_of(at);
        let found = stream.page(page);
        let (code_at, cursor) = found.place_of(&found.entries_from(at));
        if cursor.end() > self.cursor.end() {
            *self = StreamWalk { page: page as u32, code_at: code_at as u32, cursor, len: 0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ByteStream;
    use super::*;
    use crate::base::{PacketId, PacketRef, Piece, Span, Timestamp};
    use proptest::prelude::*;

    fn push(stream: &mut ByteStream, number: u64, gap: u64, len: u32) {
        let packet = PacketRef { id: PacketId(number), record_at: number * 90_000, time: Timestamp(0) };
        let piece = Piece { span: Span::new(packet.record_at + 16 + number % 3, len), packet };
        stream.push(stream.end() + gap, piece);
    }

    proptest! {
        /// Whatever is asked for, and however the stream grows meanwhile, a walk and a search give the same.
        #[test]
        fn a_walk_finds_what_a_search_finds(
            parts in prop::collection::vec((0..20_u64, 1..60_000_u32), 1..3000),
            asks in prop::collection::vec((0..300_000_u64, 0..200_000_u64), 1..200),
        ) {
            let mut stream = ByteStream::new();
            let mut parts = (0..).zip(parts);
            let (mut walk, mut start) = (StreamWalk::default(), 0);
            for (ahead, len) in asks {
                for (number, (gap, len)) in parts.by_ref().take(len as usize % 40) {
                    push(&mut stream, number, gap.saturating_sub(15), len);
                }
                start += ahead;
                let range = start..start + len;
                prop_assert_eq!(
                    StreamWalk::starting_at(stream.view(), start).first_in(stream.view(), range.clone()),
                    stream.spans(range.clone()).next()
                );
                let mut at = range.start;
                for expected in stream.spans(range.clone()) {
                    prop_assert_eq!(walk.first_in(stream.view(), at..range.end), Some(expected));
                    at = expected.end();
                }
                prop_assert_eq!(walk.first_in(stream.view(), at..range.end), None);
                start = at;
            }
        }
    }
}
