//! One direction of a carrier.

use std::io;
use std::ops::Range;

use super::octets::Octets;
use super::records::{Opener, RecordLog, Records};
use super::run::{Home, Run, Traced};
use crate::base::ReadAt;
use crate::net::{Direction, StreamView};

/// One direction of a carrier, as it is now or was when a snapshot was taken.
#[derive(Debug)]
pub(in crate::dissect) enum Stream<'a> {
    /// A stream of TCP.
    Tcp(StreamView<'a>),
    /// Records in another stream.
    Records(Box<Records<'a>>),
}

impl<'a> Stream<'a> {
    /// A stream of the records of `log`, made of `lower`'s octets.
    pub fn of_records(
        log: &'a RecordLog,
        opener: &'a dyn Opener,
        direction: Direction,
        lower: Stream<'a>,
    ) -> Stream<'a> {
        Stream::Records(Box::new(Records { log, opener, direction, lower }))
    }

    /// Length of the stream so far, holes included: the stream offset that the next octet has.
    #[inline]
    pub fn end(&self) -> u64 {
        match self {
            Stream::Tcp(view) => view.end(),
            Stream::Records(records) => records.log.end(),
        }
    }

    /// Octets before the end that are not known.
    #[inline]
    pub fn missing(&self) -> u64 {
        match self {
            Stream::Tcp(view) => view.missing(),
            Stream::Records(records) => records.log.missing(),
        }
    }

    /// The known octets of `range`, in order, cut to it.
    pub fn runs(&self, range: Range<u64>) -> impl Iterator<Item = Run> {
        let (tcp, records) = match self {
            Stream::Tcp(view) => (Some(view.spans(range).map(Run::of_tcp)), None),
            Stream::Records(records) => (None, Some(records.log.runs(range))),
        };
        tcp.into_iter().flatten().chain(records.into_iter().flatten())
    }

    /// The way home: which octets of the file brought the octets of `range`, in order, cut to it.
    pub fn trace(&self, range: Range<u64>) -> impl Iterator<Item = Traced> {
        let (tcp, records) = match self {
            Stream::Tcp(view) => (Some(view.spans(range).map(Traced::of_tcp)), None),
            Stream::Records(records) => (None, Some(records.trace(range))),
        };
        tcp.into_iter().flatten().chain(records.into_iter().flatten())
    }

    /// Returns how many octets of `range` are known.
    pub fn captured(&self, range: Range<u64>) -> u64 {
        if self.missing() == 0 {
            return range.end.min(self.end()).saturating_sub(range.start);
        }
        self.runs(range).map(|run| u64::from(run.len)).sum()
    }

    /// Stream offset behind the last known octet of `range`; its start where none is.
    pub fn reached(&self, range: &Range<u64>) -> u64 {
        let reached = match self.missing() {
            0 => self.end(),
            _ => self.runs(range.clone()).last().map_or(0, |run| run.end()),
        };
        reached.clamp(range.start, range.end)
    }

    /// The octets of `range`; positions in the result are stream offsets. What is not known is a hole, and so is what the
    /// file does not have any more.
    ///
    /// # Errors
    /// When the capture file cannot be read.
    pub fn read(&self, range: Range<u64>, source: &dyn ReadAt) -> io::Result<Octets> {
        let mut octets = Octets { from: range.start, total: range.end - range.start, ..Octets::default() };
        let (mut part, mut opened) = (Vec::new(), None);
        for run in self.runs(range.clone()) {
            octets.fill_hole(run.at);
            match (run.home, self) {
                (Home::File(span), _) => {
                    source.read_span(span, &mut part)?;
                    octets.octets.extend_from_slice(&part);
                }
                (Home::Record { number, skip }, Stream::Records(records)) => {
                    let record = match opened.take() {
                        Some((opened, record)) if opened == number => record,
                        _ => records.open(number, source)?,
                    };
                    octets.octets.extend_from_slice(run.within(&record, skip));
                    opened = Some((number, record));
                }
                (Home::Record { .. }, Stream::Tcp(_)) => {}
            }
            octets.fill_hole(run.end());
        }
        octets.fill_hole(range.end);
        Ok(octets)
    }
}
