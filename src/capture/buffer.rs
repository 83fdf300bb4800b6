//! One buffer that slides over a source, from its start to its end.

use std::io;

use super::source::Source;
use crate::base::{AtHand, ReadAt};

/// Octets of one read. Measured on 1 GB files: larger reads gain nothing, and this much stays in the processor's cache
/// until it is looked at.
pub(super) const CHUNK: usize = 128 << 10;

/// The outcome of an attempt to have more octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filled {
    /// As many as wanted are there.
    Enough,
    /// There are fewer now, and more may come.
    NotYet,
    /// There are fewer, and no more will come.
    Never,
}

/// The octets of the source around the reader's position.
///
/// ```text
///   octets:   │ taken │ not yet taken │ free │
///             0       start           end    octets.len()
///   source:           at
/// ```
#[derive(Debug, Default)]
pub(super) struct Buffer {
    octets: Vec<u8>,
    start: usize,
    end: usize,
    at: u64,
}

/// A way through what a buffer has at hand. The octets stay where they are, and so does the buffer's position until the
/// passage is [over](Passage::end).
#[derive(Debug)]
pub(super) struct Passage<'b> {
    at: u64,
    octets: &'b [u8],
    buffer_at: &'b mut u64,
    buffer_start: &'b mut usize,
}

impl<'b> Passage<'b> {
    /// The position: offset in the source, in octets.
    #[inline]
    pub fn at(&self) -> u64 {
        self.at
    }

    /// The octets from the position on.
    #[inline]
    pub fn octets(&self) -> &'b [u8] {
        self.octets
    }

    /// Moves the position by `len` octets, or by all that are at hand, and returns them.
    #[inline]
    pub fn take(&mut self, len: usize) -> &'b [u8] {
        let (taken, rest) = self.octets.split_at(len.min(self.octets.len()));
        self.octets = rest;
        self.at += taken.len() as u64;
        taken
    }

    /// Moves the buffer's position to this one.
    pub fn end(self) {
        *self.buffer_start += (self.at - *self.buffer_at) as usize;
        *self.buffer_at = self.at;
    }
}

impl Buffer {
    /// The position: offset in the source, in octets.
    #[inline]
    pub fn at(&self) -> u64 {
        self.at
    }

    /// The octets at hand from the position on.
    #[inline]
    pub fn octets(&self) -> &[u8] {
        &self.octets[self.start..self.end]
    }

    /// Everything at hand: the octets taken since the last `fill` too.
    pub fn at_hand(&self) -> AtHand<'_> {
        AtHand { at: self.at - self.start as u64, octets: &self.octets[..self.end] }
    }

    /// Moves the position by `len` octets, or by all that are at hand, and returns them.
    #[inline]
    pub fn take(&mut self, len: usize) -> &[u8] {
        let len = len.min(self.end - self.start);
        self.start += len;
        self.at += len as u64;
        &self.octets[self.start - len..self.start]
    }

    /// Returns the octets at hand from the position on, for whoever moves on while it still looks at what it has
    /// passed; and everything at hand.
    #[inline]
    pub fn passage(&mut self) -> (Passage<'_>, AtHand<'_>) {
        let octets = &self.octets[..self.end];
        let at_hand = AtHand { at: self.at - self.start as u64, octets };
        let octets = &octets[self.start..];
        (Passage { at: self.at, octets, buffer_at: &mut self.at, buffer_start: &mut self.start }, at_hand)
    }

    /// Moves the position by `len` octets that nobody wants to see, whether or not they are at hand.
    pub fn skip(&mut self, len: u64) {
        let at_hand = self.end - self.start;
        match usize::try_from(len) {
            Ok(len) if len <= at_hand => _ = self.take(len),
            _ => {
                (self.start, self.end) = (0, 0);
                self.at = self.at.saturating_add(len);
            }
        }
    }

    /// Reads `out` from so many octets behind the position, without moving it; false where not all of it is there.
    pub fn peek(&self, source: &Source, ahead: u64, out: &mut [u8]) -> io::Result<bool> {
        let at_hand = usize::try_from(ahead).ok().and_then(|ahead| self.octets().get(ahead..)?.get(..out.len()));
        if let Some(octets) = at_hand {
            out.copy_from_slice(octets);
            return Ok(true);
        }
        let (mut filled, from) = (0, self.at.saturating_add(ahead));
        while filled < out.len() {
            match source.read_at(from.saturating_add(filled as u64), &mut out[filled..])? {
                0 => return Ok(false),
                n => filled += n,
            }
        }
        Ok(true)
    }

    /// Tries to have at least `wanted` octets at hand. What is at hand stays so, whatever happens.
    #[cold]
    pub fn fill(&mut self, source: &Source, wanted: usize) -> io::Result<Filled> {
        // Asked before reading: what a source gets before it says it is complete must not be missed.
        let complete = source.is_complete();
        if self.start > 0 {
            // Once a record: a large one that comes in many small pieces must not be moved with each.
            self.octets.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        while self.end < wanted {
            if self.end == self.octets.len() {
                // Only a record larger than a chunk comes here twice. The buffer grows with the octets that are really
                // there, not with what their length field claims.
                self.octets.resize((2 * self.end).max(CHUNK), 0);
            }
            match source.read_at(self.at.saturating_add(self.end as u64), &mut self.octets[self.end..])? {
                0 if complete => return Ok(Filled::Never),
                0 => return Ok(Filled::NotYet),
                n => self.end += n,
            }
        }
        Ok(Filled::Enough)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slides_skips_and_grows() {
        let all: Vec<u8> = (0..3 * CHUNK + 5).map(|n| (n % 251) as u8).collect();
        let source = Source::from_octets(all.clone(), "test");
        let mut buffer = Buffer::default();
        assert_eq!(buffer.fill(&source, 4).unwrap(), Filled::Enough);
        assert_eq!((buffer.octets().len(), buffer.take(3)), (CHUNK, &all[..3]));
        buffer.skip(CHUNK as u64 - 4);
        assert_eq!((buffer.at(), buffer.octets()), (CHUNK as u64 - 1, &all[CHUNK - 1..CHUNK]));
        // One record of nearly all the rest.
        assert_eq!(buffer.fill(&source, 2 * CHUNK).unwrap(), Filled::Enough);
        assert_eq!(buffer.octets()[..2 * CHUNK], all[CHUNK - 1..3 * CHUNK - 1]);
        assert_eq!(buffer.fill(&source, usize::MAX).unwrap(), Filled::Never);
        assert_eq!(buffer.octets(), &all[CHUNK - 1..]);
        let mut four = [0; 4];
        assert!(buffer.peek(&source, 3, &mut four).unwrap() && four == all[CHUNK + 2..CHUNK + 6]);
        assert!(!buffer.peek(&source, 2 * CHUNK as u64 + 3, &mut four).unwrap());
        buffer.skip(u64::MAX);
        assert_eq!((buffer.at(), buffer.octets().len()), (u64::MAX, 0));
        assert_eq!(buffer.fill(&source, 1).unwrap(), Filled::Never);
    }
}
