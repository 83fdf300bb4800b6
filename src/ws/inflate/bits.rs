//! Bits and Huffman codes of DEFLATE (RFC 1951 §3).

use super::InflateError;

/// Longest code in bits (RFC 1951 §3.2.7).
const MAX_BITS: usize = 15;
/// Codes up to this length are looked up at once.
const FAST: u32 = 9;

/// Octets, read bit by bit from the low end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bits<'a> {
    octets: &'a [u8],
    at: usize,
    held: u64,
    count: u32,
    /// More was wanted than there is.
    ran_out: bool,
}

impl<'a> Bits<'a> {
    /// Starts behind the first `skip` bits of the first octet, at most 7.
    pub fn new(octets: &'a [u8], skip: u32) -> Bits<'a> {
        let mut bits = Bits { octets, at: 0, held: 0, count: 0, ran_out: false };
        bits.fill();
        let skip = skip.min(bits.count);
        bits.held >>= skip;
        bits.count -= skip;
        bits
    }

    /// Whether an error came of nothing but the end of the octets.
    pub fn ran_out(&self) -> bool {
        self.ran_out
    }

    /// Back to where it was `before`, because it ran out.
    pub fn rewind(&mut self, before: Bits<'a>) {
        *self = Bits { ran_out: true, ..before };
    }

    /// How many bits are left.
    pub fn bits_left(&self) -> u64 {
        (self.octets.len() - self.at) as u64 * 8 + u64::from(self.count)
    }

    #[inline]
    fn fill(&mut self) {
        while self.count <= 56
            && let Some(octet) = self.octets.get(self.at)
        {
            self.held |= u64::from(*octet) << self.count;
            self.count += 8;
            self.at += 1;
        }
    }

    /// The next `count` bits, at most 16.
    #[inline]
    pub fn take(&mut self, count: u32) -> Result<u32, InflateError> {
        if self.count < count {
            self.fill();
            if self.count < count {
                self.ran_out = true;
                return Err(InflateError::Invalid);
            }
        }
        let value = self.held & ((1 << count) - 1);
        self.held >>= count;
        self.count -= count;
        Ok(value as u32)
    }

    /// Skips to the next whole octet.
    pub fn align(&mut self) {
        let odd = self.count % 8;
        self.held >>= odd;
        self.count -= odd;
    }

    /// How many whole octets are left.
    pub fn octets_left(&self) -> usize {
        self.octets.len() - self.at + self.count as usize / 8
    }
}

/// A Huffman code.
#[derive(Debug)]
pub(super) struct Code {
    /// By the next bits: symbol × 16 + length; 0 where the code is longer or there is none.
    fast: Box<[u16; 1 << FAST]>,
    /// How many codes there are of each length.
    counts: [u16; MAX_BITS + 1],
    /// The symbols in the order of their codes.
    symbols: Vec<u16>,
}

impl Default for Code {
    fn default() -> Code {
        Code { fast: Box::new([0; 1 << FAST]), counts: [0; MAX_BITS + 1], symbols: Vec::new() }
    }
}

impl Code {
    /// Makes the code with these lengths (RFC 1951 §3.2.2).
    ///
    /// # Errors
    /// When there are more codes than bits can tell apart, or fewer, save a single one.
    pub fn set(&mut self, lengths: &[u8]) -> Result<(), InflateError> {
        self.counts = [0; MAX_BITS + 1];
        lengths.iter().for_each(|len| self.counts[usize::from(*len & 15)] += 1);
        self.counts[0] = 0;
        let mut left = 1i32;
        for count in &self.counts[1..] {
            left = (left << 1) - i32::from(*count);
            if left < 0 {
                return Err(InflateError::Invalid);
            }
        }
        let used: u16 = self.counts.iter().sum();
        if left > 0 && (used > 1 || used == 1 && self.counts[1] != 1) {
            return Err(InflateError::Invalid);
        }
        let mut next = [0u16; MAX_BITS + 2];
        for len in 1..=MAX_BITS {
            next[len + 1] = next[len] + self.counts[len];
        }
        self.symbols.clear();
        self.symbols.resize(usize::from(used), 0);
        let mut codes = [0u32; MAX_BITS + 2];
        for len in 1..=MAX_BITS {
            codes[len + 1] = (codes[len] + u32::from(self.counts[len])) << 1;
        }
        self.fast.fill(0);
        for (symbol, len) in (0u16..).zip(lengths) {
            let len = usize::from(*len);
            if len == 0 {
                continue;
            }
            self.symbols[usize::from(next[len])] = symbol;
            next[len] += 1;
            let code = codes[len];
            codes[len] += 1;
            if len as u32 <= FAST {
                let reversed = (code << (32 - len as u32)).reverse_bits();
                for place in (reversed as usize..1 << FAST).step_by(1 << len) {
                    self.fast[place] = symbol << 4 | len as u16;
                }
            }
        }
        Ok(())
    }

    /// The next symbol.
    #[inline]
    pub fn symbol(&self, bits: &mut Bits<'_>) -> Result<u16, InflateError> {
        if bits.count < MAX_BITS as u32 {
            bits.fill();
        }
        let found = self.fast[bits.held as usize & ((1 << FAST) - 1)];
        let len = u32::from(found & 15);
        if len > 0 && len <= bits.count {
            bits.held >>= len;
            bits.count -= len;
            return Ok(found >> 4);
        }
        self.long_symbol(bits)
    }

    #[cold]
    fn long_symbol(&self, bits: &mut Bits<'_>) -> Result<u16, InflateError> {
        let (mut code, mut first, mut index) = (0i32, 0i32, 0i32);
        for count in &self.counts[1..] {
            code |= bits.take(1)? as i32;
            let count = i32::from(*count);
            if code - count < first {
                return self.symbols.get((index + code - first) as usize).copied().ok_or(InflateError::Invalid);
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        Err(InflateError::Invalid)
    }
}
