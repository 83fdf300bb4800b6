//! Reading a stream, be it still written or kept by a snapshot.

use std::ops::Range;
use std::sync::Arc;

use super::StreamSpan;
use super::codec::{Page, PageView};

/// A [`ByteStream`](super::ByteStream) as it was at one moment: nothing can be appended, and it has no room for that.
#[derive(Debug)]
pub struct KeptStream {
    pub(super) tail: Page,
    pub(super) full: Box<[Arc<Page>]>,
    pub(super) end: u64,
    pub(super) missing: u64,
}

impl KeptStream {
    /// Returns what can be read from it.
    #[inline]
    pub fn view(&self) -> StreamView<'_> {
        StreamView { tail: self.tail.view(), full: &self.full, end: self.end, missing: self.missing }
    }
}

/// A stream as it can be read.
#[derive(Clone, Copy, Debug)]
pub struct StreamView<'a> {
    pub(super) tail: PageView<'a>,
    pub(super) full: &'a [Arc<Page>],
    pub(super) end: u64,
    pub(super) missing: u64,
}

impl<'a> StreamView<'a> {
    /// Length of the stream so far, gaps included: the stream offset that the next octet has.
    pub fn end(self) -> u64 {
        self.end
    }

    /// Octets before the end that the capture does not have.
    pub fn missing(self) -> u64 {
        self.missing
    }

    /// The captured octets of `range`, in order, cut to it. Where `at` jumps is a gap.
    pub fn spans(self, range: Range<u64>) -> impl Iterator<Item = StreamSpan> + 'a {
        let start = range.start;
        (self.page_of(start)..self.full.len() + 1)
            .flat_map(move |index| self.page(index).entries_from(start))
            .skip_while(move |entry| entry.end() <= start)
            .map_while(move |entry| entry.within(&range))
    }

    #[inline]
    pub(super) fn page(self, index: usize) -> PageView<'a> {
        self.full.get(index).map_or(self.tail, |page| page.view())
    }

    /// The page that can hold stream offset `at`: the one before the first that starts behind it.
    pub(super) fn page_of(self, at: u64) -> usize {
        let behind = self.full.partition_point(|page| page.view().first_at() <= at);
        let tail_too = behind == self.full.len() && !self.tail.is_empty() && self.tail.first_at() <= at;
        (behind + usize::from(tail_too)).saturating_sub(1)
    }

    /// Returns how many octets of `range` the capture has.
    pub fn captured(self, range: Range<u64>) -> u64 {
        if self.missing == 0 {
            return range.end.min(self.end).saturating_sub(range.start);
        }
        self.spans(range).map(|entry| u64::from(entry.span.len)).sum()
    }

    /// The first octets of `range` that the capture does not have; `None` where it has all (what lies behind the end
    /// did not come yet and is no gap).
    pub fn first_gap(self, range: Range<u64>) -> Option<Range<u64>> {
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_stream_is_small() {
        assert!(size_of::<KeptStream>() <= 64, "{}", size_of::<KeptStream>());
    }
}
