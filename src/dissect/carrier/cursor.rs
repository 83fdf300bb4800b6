//! Going through a carrier's stream from its start to its end.

use std::ops::Range;

use super::run::{Run, Traced};
use super::stream::Stream;
use crate::net::StreamWalk;

/// A place in a carrier's stream, for ranges that are asked for in rising order: it goes on where it stands, while
/// [`Stream::runs`] looks for the start of its range each time.
///
/// It holds nothing of the stream, so that the stream can grow between two calls; each must be given the same one. A range
/// that starts before the last one is looked for anew.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::dissect) struct Cursor {
    /// The start of the last range; nothing before the first one.
    start: Option<u64>,
    walk: StreamWalk,
    record: usize,
}

impl Cursor {
    /// Makes ready for a range that starts there.
    #[inline]
    fn go_to(&mut self, stream: &Stream<'_>, start: u64) {
        if self.start.is_none_or(|last| start < last) {
            self.search(stream, start);
        }
        self.start = Some(start);
    }

    #[cold]
    fn search(&mut self, stream: &Stream<'_>, start: u64) {
        match stream {
            Stream::Tcp(view) => self.walk = StreamWalk::starting_at(*view, start),
            Stream::Records(_) => self.record = 0,
        }
    }

    /// The first known octets of `range`, cut to it; `None` where there are none so far.
    #[inline(always)]
    pub fn first_in(&mut self, stream: &Stream<'_>, range: Range<u64>) -> Option<Run> {
        self.go_to(stream, range.start);
        match stream {
            Stream::Tcp(view) => self.walk.first_in(*view, range).map(Run::of_tcp),
            Stream::Records(records) => records.log.first_in(&mut self.record, &range),
        }
    }

    /// Tells `take` which octets of the file brought the octets of `range`, in order, cut to it.
    #[inline]
    pub fn trace(&mut self, stream: &Stream<'_>, range: Range<u64>, mut take: impl FnMut(Traced)) {
        let mut at = range.start;
        match stream {
            Stream::Tcp(view) => {
                self.go_to(stream, at);
                while let Some(found) = self.walk.first_in(*view, at..range.end) {
                    at = found.end();
                    take(Traced::of_tcp(found));
                }
            }
            Stream::Records(records) => {
                while let Some(run) = self.first_in(stream, at..range.end) {
                    at = run.end();
                    records.trace_run(run).for_each(&mut take);
                }
            }
        }
    }
}
