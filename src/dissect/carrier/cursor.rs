//! Going through a carrier's stream from its start to its end.

use std::ops::Range;

use super::run::Run;
use super::stream::Stream;
use crate::net::StreamWalk;

/// A place in a carrier's stream, for ranges that are asked for in rising order: it goes on where it stands, while
/// [`Stream::runs`] looks for the start of its range each time.
///
/// It holds nothing of the stream, so that the stream can grow between two calls; each must be given the same one. A range
/// that starts before the last one is looked for anew.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::dissect) struct Cursor {
    /// Where the last range started.
    start: u64,
    walk: StreamWalk,
    record: usize,
}

impl Cursor {
    #[inline]
    fn go_to(&mut self, start: u64) {
        if start < self.start {
            *self = Cursor::default();
        }
        self.start = start;
    }

    /// The first known octets of `range`, cut to it; `None` where there are none so far.
    #[inline]
    pub fn first_in(&mut self, stream: &Stream<'_>, range: Range<u64>) -> Option<Run> {
        self.go_to(range.start);
        match stream {
            Stream::Tcp(view) => self.walk.first_in(*view, range).map(Run::of_tcp),
            Stream::Records(records) => records.log.first_in(&mut self.record, &range),
        }
    }
}
