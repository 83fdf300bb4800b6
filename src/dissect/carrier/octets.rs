//! Octets that were read to be shown.

use std::ops::Range;

use crate::ws::unmask;

/// Octets out of something that may be longer, with holes where the capture lacks them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Octets {
    /// Position of the first octet within the whole.
    pub from: u64,
    /// The octets; 0 where they are missing.
    pub octets: Vec<u8>,
    /// The missing ones: positions within the whole, in order.
    pub missing: Vec<Range<u64>>,
    /// The length that the whole is said to have, in octets.
    pub total: u64,
}

impl Octets {
    /// Makes the octets reach `end`: what is not there is a hole.
    pub(in crate::dissect) fn fill_hole(&mut self, end: u64) {
        let here = self.end();
        if here < end {
            self.missing.push(here..end);
            self.octets.resize((end - self.from) as usize, 0);
        }
    }

    /// Adds known octets from position `at` on, which is not before the end so far.
    pub(in crate::dissect) fn put(&mut self, at: u64, octets: &[u8]) {
        self.fill_hole(at);
        self.octets.extend_from_slice(octets);
    }

    /// The octet at position `at` of the whole; `None` where it is missing or was not read.
    pub fn get(&self, at: u64) -> Option<u8> {
        let octet = self.octets.get(usize::try_from(at.checked_sub(self.from)?).ok()?)?;
        (!self.is_missing(at)).then_some(*octet)
    }

    /// Returns whether the capture lacks the octet at position `at`.
    pub fn is_missing(&self, at: u64) -> bool {
        let after = self.missing.partition_point(|range| range.end <= at);
        self.missing.get(after).is_some_and(|range| range.contains(&at))
    }

    /// The position behind the last octet that was read.
    pub fn end(&self) -> u64 {
        self.from + self.octets.len() as u64
    }

    /// The octets before the first that is missing.
    pub fn before_holes(&self) -> &[u8] {
        let hole = self.missing.first().map(|hole| usize::try_from(hole.start.saturating_sub(self.from)));
        hole.and_then(|len| self.octets.get(..len.ok()?)).unwrap_or(&self.octets)
    }

    /// Returns whether these are all octets of the whole, with no hole.
    pub fn is_whole(&self) -> bool {
        self.from == 0 && self.missing.is_empty() && self.end() >= self.total
    }

    /// The octets unmasked with `key`, these being payload octets of one frame; holes stay 0.
    pub fn unmasked(mut self, key: Option<[u8; 4]>) -> Octets {
        if let Some(key) = key {
            unmask(key, self.from, &mut self.octets);
            for hole in &self.missing {
                let within = |at: u64| (at.saturating_sub(self.from) as usize).min(self.octets.len());
                let range = within(hole.start)..within(hole.end);
                self.octets[range].fill(0);
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_not_unmasked() {
        let missing = std::iter::once(5..8).collect();
        let octets = Octets { from: 4, octets: vec![0; 6], missing, total: 20 }.unmasked(Some([1, 2, 3, 4]));
        assert_eq!(octets.octets, [1, 0, 0, 0, 1, 2]);
        assert_eq!((octets.get(4), octets.get(7), octets.get(8), octets.get(10)), (Some(1), None, Some(1), None));
        assert!(!octets.is_whole());
    }
}
