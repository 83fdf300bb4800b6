//! Streams that are made of another stream's octets, record by record.
//!
//! ```text
//!   plain      ┌ record 0 ┐┌ record 1  ┐   hole   ┌ record 2 ┐        the stream that is read
//!              ▲ open()    ▲                      ▲
//!   carrying   │hd│ ─────── │hd│ ────────  (lost)  │hd│ ────────       the stream below: TCP, or again one of records
//! ```

use std::fmt::Debug;
use std::io;
use std::ops::Range;

use super::run::{Home, Run, Traced};
use super::stream::Stream;
use crate::base::{ReadAt, Table};
use crate::net::Direction;

/// A record: octets of a stream, and the octets of the stream below that carry them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dissect) struct Record {
    /// Stream offset of its first octet.
    pub at: u64,
    /// Stream offset, in the stream below, of the first octet that carries it. All of those were captured: what lacks some
    /// is no record, but a hole.
    pub carried_at: u64,
    /// Its length in octets.
    pub len: u32,
    /// The number of octets that carry it.
    pub carried_len: u32,
}

impl Record {
    fn end(&self) -> u64 {
        self.at.saturating_add(u64::from(self.len))
    }

    fn carried(&self) -> Range<u64> {
        self.carried_at..self.carried_at.saturating_add(u64::from(self.carried_len))
    }
}

/// The records of one direction so far. A clone is a snapshot and costs next to nothing.
#[derive(Clone, Debug, Default)]
pub(in crate::dissect) struct RecordLog {
    records: Table<Record>,
    end: u64,
    missing: u64,
}

#[cfg_attr(not(test), expect(dead_code, reason = "called by what decrypts TLS and takes HTTP/2 apart, and by tests"))]
impl RecordLog {
    /// Appends a record of `len` octets that the octets `carried` of the stream below carry.
    pub fn push(&mut self, len: u32, carried: Range<u64>) {
        let carried_len = u32::try_from(carried.end.saturating_sub(carried.start)).unwrap_or(u32::MAX);
        if len > 0 {
            self.records.push(Record { at: self.end, carried_at: carried.start, len, carried_len });
            self.end = self.end.saturating_add(u64::from(len));
        }
    }

    /// Appends `len` octets that are not known.
    pub fn push_gap(&mut self, len: u64) {
        self.end = self.end.saturating_add(len);
        self.missing = self.missing.saturating_add(len);
    }
}

impl RecordLog {
    /// Length of the stream so far, holes included.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Octets before the end that are not known.
    pub fn missing(&self) -> u64 {
        self.missing
    }

    /// The first record that ends behind stream offset `at`.
    fn find(&self, at: u64) -> usize {
        self.records.partition_point(|record| record.end() <= at)
    }

    /// The part of record `number` within `range`; `None` where there is none.
    fn run(&self, number: usize, range: &Range<u64>) -> Option<Run> {
        let record = self.records.get(number)?;
        let (at, end) = (record.at.max(range.start), record.end().min(range.end));
        let len = u32::try_from(end.checked_sub(at)?).ok().filter(|len| *len > 0)?;
        let skip = u32::try_from(at - record.at).ok()?;
        Some(Run { at, len, home: Home::Record { number, skip } })
    }

    /// The known octets of `range`, in order, cut to it.
    pub fn runs(&self, range: Range<u64>) -> impl Iterator<Item = Run> {
        (self.find(range.start)..).map_while(move |number| self.run(number, &range))
    }

    /// The first known octets of `range`, where the record that was found last is `number`: it is set to theirs.
    pub fn first_in(&self, number: &mut usize, range: &Range<u64>) -> Option<Run> {
        let ends_before = |record: &Record| record.end() <= range.start;
        if self.records.get(*number).is_some_and(ends_before) {
            // Most often the next one.
            *number += 1;
            if self.records.get(*number).is_some_and(ends_before) {
                *number = self.find(range.start);
            }
        }
        self.run(*number, range)
    }
}

/// Makes the octets of records out of those that carry them.
pub(in crate::dissect) trait Opener: Debug + Send + Sync {
    /// Turns the octets that carry record `number` of a direction into the record's own, in place; false where that cannot
    /// be done, and the record's octets are not known.
    fn open(&self, direction: Direction, number: usize, octets: &mut Vec<u8>) -> bool;

    /// Returns whether octet `n` of a record comes from octet `n` of those that carry it, and from no other.
    fn keeps_places(&self) -> bool;
}

/// A stream of records, and the stream below.
#[derive(Debug)]
pub(in crate::dissect) struct Records<'a> {
    pub log: &'a RecordLog,
    pub opener: &'a dyn Opener,
    pub direction: Direction,
    pub lower: Stream<'a>,
}

impl Records<'_> {
    /// The octets of a record; none where they are not known.
    ///
    /// # Errors
    /// When the capture file cannot be read.
    pub fn open(&self, number: usize, source: &dyn ReadAt) -> io::Result<Vec<u8>> {
        let Some(record) = self.log.records.get(number) else { return Ok(Vec::new()) };
        let carried = self.lower.read(record.carried(), source)?;
        let (is_whole, mut octets) = (carried.missing.is_empty(), carried.octets);
        if !is_whole || !self.opener.open(self.direction, number, &mut octets) || octets.len() != record.len as usize {
            octets.clear();
        }
        Ok(octets)
    }

    /// Returns which octets of the file brought the octets of `range`.
    pub fn trace(&self, range: Range<u64>) -> Box<dyn Iterator<Item = Traced> + '_> {
        Box::new(self.log.runs(range).flat_map(|run| self.trace_run(run)))
    }

    /// Returns which octets of the file brought a run.
    pub fn trace_run(&self, run: Run) -> Box<dyn Iterator<Item = Traced> + '_> {
        let Home::Record { number, skip } = run.home else { return Box::new(std::iter::empty()) };
        let Some(record) = self.log.records.get(number) else { return Box::new(std::iter::empty()) };
        if !self.opener.keeps_places() {
            let traced = self.lower.trace(record.carried());
            return Box::new(traced.map(move |traced| Traced { at: run.at, len: run.len, ..traced }));
        }
        let start = record.carried_at.saturating_add(u64::from(skip));
        let traced = self.lower.trace(start..start.saturating_add(u64::from(run.len)));
        Box::new(traced.map(move |traced| Traced { at: run.at + (traced.at - start), ..traced }))
    }
}
