//! The bits of DEFLATE (RFC 1951 §3.1.1).

use super::InflateError;

/// Octets, read bit by bit from the low end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bits<'a> {
    /// These, …
    octets: &'a [u8],
    /// … of which only so many count.
    len: usize,
    /// Octets before are held, or done with.
    at: usize,
    /// The next bits, at most 63, and zeros.
    held: u64,
    count: u32,
    /// More was wanted than there is.
    ran_out: bool,
}

impl<'a> Bits<'a> {
    /// The first `len` octets, behind the first `skip` bits, at most 7. What follows them does not count.
    pub fn new(octets: &'a [u8], len: usize, skip: u32) -> Bits<'a> {
        let len = len.min(octets.len());
        let mut bits = Bits { octets, len, at: 0, held: 0, count: 0, ran_out: false };
        bits.fill();
        bits.skip(skip.min(bits.count));
        bits
    }

    /// Returns whether an error came of nothing but the end of the octets.
    pub fn ran_out(&self) -> bool {
        self.ran_out
    }

    /// Back to where it was `before`, because it ran out.
    pub fn rewind(&mut self, before: Bits<'a>) {
        *self = Bits { ran_out: true, ..before };
    }

    /// Returns the number of bits that are left.
    pub fn bits_left(&self) -> u64 {
        (self.len - self.at) as u64 * 8 + u64::from(self.count)
    }

    #[inline]
    fn fill(&mut self) {
        while self.count < 56
            && self.at < self.len
            && let Some(octet) = self.octets.get(self.at)
        {
            self.held |= u64::from(*octet) << self.count;
            self.count += 8;
            self.at += 1;
        }
    }

    /// Makes sure that so many bits are there, at most 56.
    #[inline]
    pub fn need(&mut self, count: u32) -> Result<(), InflateError> {
        if self.count < count {
            self.fill();
            if self.count < count {
                self.ran_out = true;
                return Err(InflateError::Invalid);
            }
        }
        Ok(())
    }

    /// Passes over bits that are there.
    #[inline]
    pub fn skip(&mut self, count: u32) {
        self.held >>= count;
        self.count -= count;
    }

    /// The next `count` bits, at most 16.
    #[inline]
    pub fn take(&mut self, count: u32) -> Result<u32, InflateError> {
        self.need(count)?;
        let value = self.held & ((1 << count) - 1);
        self.skip(count);
        Ok(value as u32)
    }

    /// The next bits, the lowest first: at least 56, or as many as there are, and zeros.
    #[inline]
    pub fn ahead(&mut self) -> u64 {
        self.fill();
        self.held
    }

    /// The next octets, at most `most`, where it is at the start of one.
    pub fn octets(&mut self, most: usize) -> &'a [u8] {
        // Those that are held stand there too.
        self.at -= self.count as usize / 8;
        (self.held, self.count) = (0, 0);
        let octets = &self.octets[self.at..self.len];
        let octets = &octets[..most.min(octets.len())];
        self.at += octets.len();
        octets
    }

    /// As long as there are so many octets that nobody has to look whether there are, the bits can be read from here; some of
    /// them may be those that do not count.
    #[inline]
    pub fn stream(&self) -> Stream<'a> {
        Stream { octets: self.octets.get(self.at..).unwrap_or_default(), held: self.held, count: self.count }
    }

    /// Goes to where they were read to; false if that is behind those that count.
    #[inline]
    pub fn follow(&mut self, stream: Stream<'a>) -> bool {
        let at = self.octets.len() - stream.octets.len();
        let too_many = 8 * at.saturating_sub(self.len) as u32;
        let Some(count) = stream.count.checked_sub(too_many) else { return false };
        (self.at, self.count) = (at.min(self.len), count);
        self.held = stream.held & ((1 << count) - 1);
        true
    }

    /// Skips to the next whole octet.
    pub fn align(&mut self) {
        let odd = self.count % 8;
        self.held >>= odd;
        self.count -= odd;
    }

    /// Returns the number of whole octets that are left.
    pub fn octets_left(&self) -> usize {
        self.len - self.at + self.count as usize / 8
    }
}

/// Bits of octets of which there are plenty.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stream<'a> {
    octets: &'a [u8],
    /// The next bits: `count`, and those behind them, if not zeros.
    held: u64,
    count: u32,
}

impl Stream<'_> {
    /// Makes sure that there are at least 56 bits; false where the octets have come to their end.
    #[inline]
    pub fn fill(&mut self) -> bool {
        let Some(next) = self.octets.first_chunk() else { return false };
        // What does not fit any more is read again, and is the same.
        self.held |= u64::from_le_bytes(*next) << self.count;
        self.octets = &self.octets[((63 - self.count as usize) / 8) & 7..];
        self.count |= 56;
        true
    }

    /// The next bits, the lowest first.
    #[inline]
    pub fn ahead(&self) -> u64 {
        self.held
    }

    /// Passes over the next bits, of which there have to be as many.
    #[inline]
    pub fn skip(&mut self, count: u32) {
        self.held >>= count;
        self.count = self.count.wrapping_sub(count);
    }
}
