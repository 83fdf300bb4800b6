//! Huffman codes of DEFLATE (RFC 1951 §3.2).

use std::sync::LazyLock;

use super::InflateError;
use super::bits::Bits;

/// Longest code in bits (RFC 1951 §3.2.7).
const MAX_BITS: usize = 15;
/// The most symbols that any code has.
const MAX_SYMBOLS: usize = 288;

/// The meaning of a code, in one number that is looked up in one go.
///
/// ```text
///   31            16  13    12   11    8 7    5     0
///  ┌────────────────┬─────┬───────┬──────┬─────┬─────┐
///  │     value      │ END │ OCTET │ code │  0  │ all │
///  └────────────────┴─────┴───────┴──────┴─────┴─────┘
///    an octet, or the        bits of the ┘        └ and with those behind it that belong to it; 0 where there is no code
///    least length or distance       code
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Meaning(u32);

const OCTET: u32 = 1 << 12;
const END: u32 = 1 << 13;

impl Meaning {
    const fn new(value: u32, extra: u32) -> Meaning {
        Meaning(value << 16 | extra)
    }

    /// Returns this meaning for a code of so many bits.
    const fn of_code(self, bits: u32) -> Meaning {
        Meaning(self.0 + (bits << 8 | bits))
    }

    /// Returns whether there is no code like this, or none this short.
    #[inline]
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Returns whether it stands for an octet.
    #[inline]
    pub const fn is_octet(self) -> bool {
        self.0 & OCTET != 0
    }

    /// Returns whether it stands for the end of the block.
    #[inline]
    pub const fn is_end(self) -> bool {
        self.0 & END != 0
    }

    /// Returns the number of bits that it takes, with those that belong to it.
    #[inline]
    pub const fn bits(self) -> u32 {
        self.0 & 63
    }

    /// Returns the number of bits of the code.
    #[inline]
    pub const fn code_bits(self) -> u32 {
        self.0 >> 8 & 15
    }

    /// The octet; or the least length or distance.
    #[inline]
    pub const fn value(self) -> u32 {
        self.0 >> 16
    }

    /// The value, and what the bits add to it, of which it takes the first [`bits`](Meaning::bits).
    #[inline]
    pub const fn value_with(self, bits: u64) -> u32 {
        self.value() + ((bits & ((1 << self.bits()) - 1)) >> self.code_bits()) as u32
    }
}

/// A kind of symbols: what each of them means. What is not in it must not be used.
pub(super) trait Alphabet {
    const MEANINGS: &'static [Meaning];
}

/// Octets, the end of a block, and lengths (RFC 1951 §3.2.5).
#[derive(Debug)]
pub(super) struct Literals;

impl Alphabet for Literals {
    const MEANINGS: &'static [Meaning] = &{
        let mut meanings = [Meaning(0); 286];
        let mut symbol = 0;
        while symbol < 286 {
            meanings[symbol] = match symbol as u32 {
                octet @ 0..256 => Meaning(octet << 16 | OCTET),
                256 => Meaning(END),
                symbol @ 257..265 => Meaning::new(symbol - 257 + 3, 0),
                285 => Meaning::new(258, 0),
                symbol => {
                    let extra = (symbol - 257) / 4 - 1;
                    Meaning::new(3 + ((4 + (symbol - 257) % 4) << extra), extra)
                }
            };
            symbol += 1;
        }
        meanings
    };
}

/// Distances (RFC 1951 §3.2.5).
#[derive(Debug)]
pub(super) struct Distances;

impl Alphabet for Distances {
    const MEANINGS: &'static [Meaning] = &{
        let mut meanings = [Meaning(0); 30];
        let mut symbol = 0;
        while symbol < 30 {
            meanings[symbol] = match symbol as u32 {
                symbol @ 0..4 => Meaning::new(1 + symbol, 0),
                symbol => {
                    let extra = symbol / 2 - 1;
                    Meaning::new(1 + ((2 + symbol % 2) << extra), extra)
                }
            };
            symbol += 1;
        }
        meanings
    };
}

/// Lengths of codes (RFC 1951 §3.2.7), with what they are repeated by.
#[derive(Debug)]
pub(super) struct Lengths;

impl Alphabet for Lengths {
    const MEANINGS: &'static [Meaning] = &{
        let mut meanings = [Meaning(0); 19];
        let mut symbol = 0;
        while symbol < 19 {
            let extra = match symbol {
                16 => 2,
                17 => 3,
                18 => 7,
                _ => 0,
            };
            meanings[symbol] = Meaning::new(symbol as u32, extra);
            symbol += 1;
        }
        meanings
    };
}

/// The code of octets, lengths and the end of a block.
pub(super) type LiteralCode = Code<Literals, { 1 << 11 }>;
/// The code of distances.
pub(super) type DistanceCode = Code<Distances, { 1 << 9 }>;
/// The code of the lengths of those codes.
pub(super) type LengthCode = Code<Lengths, { 1 << 7 }>;

/// The codes of a block.
#[derive(Debug, Default)]
pub(super) struct Codes {
    pub literals: LiteralCode,
    pub distances: DistanceCode,
}

/// Those of RFC 1951 §3.2.6. Most short messages are a block with them, and take less time than making them would.
pub(super) static FIXED: LazyLock<Codes> = LazyLock::new(|| {
    let mut lengths = [8; 288];
    lengths[144..256].fill(9);
    lengths[256..280].fill(7);
    let mut codes = Codes::default();
    // They are whole, so there is nothing to be refused.
    let _ = codes.literals.set(&lengths).and_then(|()| codes.distances.set(&[5; 32]));
    codes
});

/// The code of an alphabet, of which so many bits are looked up at once that `SIZE` is two to the power of them.
#[derive(Debug)]
pub(super) struct Code<A, const SIZE: usize> {
    /// By the next bits; nothing where the code is longer, or there is none.
    short: Box<[Meaning; SIZE]>,
    /// The number of codes of each length, in bits.
    counts: [u16; MAX_BITS + 1],
    /// The symbols in the order of their codes.
    symbols: [u16; MAX_SYMBOLS],
    /// The first code that as many bits as are looked up do not tell yet, and how many symbols have shorter ones.
    longer: (u32, u32),
    alphabet: std::marker::PhantomData<A>,
}

impl<A: Alphabet, const SIZE: usize> Default for Code<A, SIZE> {
    fn default() -> Code<A, SIZE> {
        Code {
            short: Box::new([Meaning::default(); SIZE]),
            counts: [0; MAX_BITS + 1],
            symbols: [0; MAX_SYMBOLS],
            longer: (0, 0),
            alphabet: std::marker::PhantomData,
        }
    }
}

impl<A: Alphabet, const SIZE: usize> Code<A, SIZE> {
    /// Makes the code with these lengths (RFC 1951 §3.2.2), at most 288.
    ///
    /// # Errors
    /// When there are more codes than bits can tell apart, or fewer, save a single one.
    pub fn set(&mut self, lengths: &[u8]) -> Result<(), InflateError> {
        // In turn at four places: to count on where just was counted takes longer.
        let mut parts = [[0u16; MAX_BITS + 1]; 4];
        for lengths in lengths.chunks(parts.len()) {
            lengths.iter().zip(&mut parts).for_each(|(len, counts)| counts[usize::from(*len & 15)] += 1);
        }
        let mut counts: [u16; MAX_BITS + 1] = std::array::from_fn(|len| parts.iter().map(|counts| counts[len]).sum());
        counts[0] = 0;
        let (mut left, mut used, mut next) = (1i32, 0, [0u16; MAX_BITS + 1]);
        for (count, next) in counts.iter().zip(&mut next).skip(1) {
            left = (left << 1) - i32::from(*count);
            if left < 0 {
                return Err(InflateError::Invalid);
            }
            *next = used;
            used += count;
        }
        if left > 0 && (used > 1 || used == 1 && counts[1] != 1) {
            return Err(InflateError::Invalid);
        }
        for (symbol, len) in (0..).zip(lengths) {
            let next = &mut next[usize::from(*len & 15)];
            if *len > 0
                && let Some(place) = self.symbols.get_mut(usize::from(*next))
            {
                *place = symbol;
                *next += 1;
            }
        }
        self.counts = counts;
        self.fill();
        Ok(())
    }

    /// Fills the table of short codes, length by length. Codes are read from their first bit on, which is the lowest of the
    /// table's index; so with each bit more the table so far stands there twice.
    fn fill(&mut self) {
        let short = &mut *self.short;
        let mut symbols = self.symbols.iter();
        // Nothing is shorter than the first code.
        let first = self.counts.iter().position(|count| *count > 0).unwrap_or_default();
        let (mut code, mut bits) = (0u32, first.clamp(1, SIZE.ilog2() as usize) as u32 - 1);
        let mut size = 1 << bits;
        short[..size].fill(Meaning::default());
        while size < SIZE {
            short.copy_within(..size, size);
            (code, bits, size) = (code << 1, bits + 1, size * 2);
            for symbol in symbols.by_ref().take(usize::from(self.counts[bits as usize])) {
                let place = (code << (32 - bits)).reverse_bits() as usize;
                short[place & (SIZE - 1)] = meaning::<A>(*symbol, bits);
                code += 1;
            }
        }
        self.longer = (code, self.counts[1..=bits as usize].iter().map(|count| u32::from(*count)).sum());
    }

    /// Returns the meaning of the next bits, the lowest first, if their code is a short one.
    #[inline]
    pub fn short(&self, bits: u64) -> Meaning {
        self.short[bits as usize & (SIZE - 1)]
    }

    /// Returns the meaning of the next bits, at least 15 of them, or as many as there are and zeros, if their code is
    /// no short one.
    #[cold]
    pub fn long(&self, bits: u64) -> Meaning {
        let table = SIZE.trailing_zeros();
        let (mut first, mut index) = self.longer;
        let mut code = (bits as u32 & (SIZE as u32 - 1)).reverse_bits() >> (32 - table);
        // A short one that must not be used.
        if code < first {
            return Meaning::default();
        }
        for (len, count) in (1u32..).zip(&self.counts[1..]).skip(table as usize) {
            let count = u32::from(*count);
            (code, first) = (code << 1 | (bits >> (len - 1) & 1) as u32, first << 1);
            if code - first < count {
                let symbol = self.symbols.get((index + code - first) as usize);
                return symbol.map_or(Meaning::default(), |symbol| meaning::<A>(*symbol, len));
            }
            (first, index) = (first + count, index + count);
        }
        Meaning::default()
    }

    /// The next symbol, and its value with what the bits behind it add to that.
    ///
    /// # Errors
    /// When there is none with the bits that follow, or not enough of them.
    pub fn symbol(&self, bits: &mut Bits<'_>) -> Result<(Meaning, u32), InflateError> {
        let ahead = bits.ahead();
        let mut found = self.short(ahead);
        if found.is_none() {
            found = self.long(ahead);
        }
        // More bits might tell.
        let wanted = if found.is_none() { MAX_BITS as u32 } else { found.bits() };
        bits.need(wanted)?;
        if found.is_none() {
            return Err(InflateError::Invalid);
        }
        bits.skip(wanted);
        Ok((found, found.value_with(ahead)))
    }
}

/// Returns the meaning of a symbol whose code has so many bits; nothing if it must not be used.
fn meaning<A: Alphabet>(symbol: u16, bits: u32) -> Meaning {
    A::MEANINGS.get(usize::from(symbol)).map_or(Meaning::default(), |meaning| meaning.of_code(bits))
}
