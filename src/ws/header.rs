//! A frame's header: a view over at most 14 octets (RFC 6455 §5.2), without judgement.

use std::ops::Deref;

use super::Opcode;
use super::fields::{FIELDS, FieldId};

/// The longest header: 2 octets, a 64-bit length and a masking-key.
pub const MAX_HEADER_LEN: usize = 14;

/// A whole header. Every value of every field can be held, legal or not.
///
/// Numbers and not an array, because one is made for every frame: the processor keeps them in registers, where octets that
/// are written one by one and read by the word have to wait for memory. Packed, because ten million of them are kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(Rust, packed)]
pub struct FrameHeader {
    /// Octets 0 to 7, the first one lowest; what lies behind the header is 0.
    low: u64,
    /// Octets 8 to 11.
    middle: u32,
    /// Octets 12 and 13.
    high: u16,
    len: u8,
}

/// The octets of a header.
#[derive(Clone, Copy, Debug)]
pub struct HeaderOctets {
    octets: [u8; 16],
    len: u8,
}

impl Deref for HeaderOctets {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.octets.get(..usize::from(self.len)).unwrap_or_default()
    }
}

/// The result of reading a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// The header is whole.
    Done(FrameHeader),
    /// At least this many more octets are needed.
    Need(usize),
}

impl FrameHeader {
    /// Returns the length of a header with this second octet, in octets: of the fields of the table that are present.
    pub const fn len_for(octet1: u8) -> usize {
        let (mut bits, mut row) = (0, 0);
        while row < FIELDS.len() {
            if FIELDS[row].id.is_present(octet1) {
                bits += FIELDS[row].bits as usize;
            }
            row += 1;
        }
        bits / 8
    }

    /// Reads the header at the start of `octets`; what follows it is not looked at. A total function: any octets are
    /// a header, or the start of one.
    #[inline]
    pub fn parse(octets: &[u8]) -> Parsed {
        let Some(&octet1) = octets.get(1) else { return Parsed::Need(2 - octets.len()) };
        let len = HEADER_LEN[usize::from(octet1)];
        // Nearly always there are as many octets as the longest header has: those of this one are cut out at once.
        if let Some((low, rest)) = octets.split_first_chunk().filter(|(_, rest)| rest.len() >= MAX_HEADER_LEN - 8)
            && let Some(high) = rest.first_chunk::<6>()
        {
            let [a, b, c, d, e, f] = *high;
            let high = u64::from_le_bytes([a, b, c, d, e, f, 0, 0]);
            return Parsed::Done(FrameHeader::cut(u64::from_le_bytes(*low), high, len));
        }
        match octets.get(..usize::from(len)) {
            None => Parsed::Need(usize::from(len) - octets.len()),
            Some(header) => {
                let mut whole = [0; 16];
                whole[..header.len()].copy_from_slice(header);
                let whole = u128::from_le_bytes(whole);
                Parsed::Done(FrameHeader::cut(whole as u64, (whole >> 64) as u64, len))
            }
        }
    }

    /// The header of `len` octets at the start of these: the first eight and the six behind them.
    #[inline]
    fn cut(low: u64, high: u64, len: u8) -> FrameHeader {
        let [low_mask, high_mask] = KEPT[usize::from(len & 15)];
        let (low, high) = (low & low_mask, high & high_mask);
        FrameHeader { low, middle: high as u32, high: (high >> 32) as u16, len }
    }

    /// Returns a copy, number by number: whatever has written them in memory, they are read as they were written.
    #[inline(always)]
    pub fn copied(&self) -> FrameHeader {
        FrameHeader { low: self.low, middle: self.middle, high: self.high, len: self.len }
    }

    /// All octets as one number, the first one lowest.
    #[inline]
    fn number(&self) -> u128 {
        u128::from(self.high) << 96 | u128::from(self.middle) << 64 | u128::from(self.low)
    }

    /// The octets that every header has.
    #[inline]
    pub(super) fn first_two(&self) -> [u8; 2] {
        [self.low as u8, (self.low >> 8) as u8]
    }

    /// The header's octets as they were sent.
    pub fn octets(&self) -> HeaderOctets {
        HeaderOctets { octets: self.number().to_le_bytes(), len: self.len }
    }

    /// The header's length in octets: 2, 4, 6, 8, 10 or 14.
    #[inline]
    pub fn header_len(&self) -> u8 {
        self.len
    }

    /// Returns whether this is the final frame of its message.
    #[inline]
    pub fn fin(&self) -> bool {
        self.low & 0x80 != 0
    }

    /// RSV1, RSV2 and RSV3.
    #[inline]
    pub fn rsv(&self) -> [bool; 3] {
        [0x40, 0x20, 0x10].map(|bit| self.low & bit != 0)
    }

    /// The opcode.
    #[inline]
    pub fn opcode(&self) -> Opcode {
        Opcode::of(self.low as u8)
    }

    /// Returns whether the payload is masked.
    #[inline]
    pub fn masked(&self) -> bool {
        let [_, octet1] = self.first_two();
        FieldId::MaskingKey.is_present(octet1)
    }

    /// The payload's length as the header declares it, in octets: up to 2^64-1, exact.
    #[inline]
    pub fn payload_len(&self) -> u64 {
        // What stands behind the first two octets is in network order.
        match self.low >> 8 & 0x7f {
            126 => ((self.low >> 16) as u16).swap_bytes().into(),
            127 => ((self.number() >> 16) as u64).swap_bytes(),
            short => short,
        }
    }

    /// The masking-key, if there is one.
    #[inline]
    pub fn masking_key(&self) -> Option<[u8; 4]> {
        // The header's last four octets: from octet 10 on of the longest header, from octet 2 or 4 on of others.
        let last = match self.len {
            14 => u32::from(self.high) << 16 | self.middle >> 16,
            len => (self.low >> (8 * ((u32::from(len) & 7) ^ 4))) as u32,
        };
        self.masked().then_some(last.to_le_bytes())
    }
}

/// [`FrameHeader::len_for`] of every second octet, worked out by the compiler: the deframer asks once a frame.
static HEADER_LEN: [u8; 256] = {
    let mut table = [0; 256];
    let mut octet1 = 0;
    while octet1 < 256 {
        table[octet1] = FrameHeader::len_for(octet1 as u8) as u8;
        octet1 += 1;
    }
    table
};

/// The bits of sixteen octets that a header of so many octets has.
static KEPT: [[u64; 2]; 16] = {
    let mut table = [[0; 2]; 16];
    let mut len = 1;
    while len < 16 {
        let kept = u128::MAX >> (128 - 8 * len);
        table[len] = [kept as u64, (kept >> 64) as u64];
        len += 1;
    }
    table
};

impl std::fmt::Debug for FrameHeader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FrameHeader({:02x?})", self.octets())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All 65,536 first-two-octet values × every prefix, against the field table.
    #[test]
    fn every_first_two_octets_and_every_prefix() {
        let rest: [u8; 12] = [0x80, 0x11, 0xfe, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x5a];
        for first in 0..=u16::MAX {
            let mut octets = first.to_be_bytes().to_vec();
            octets.extend(rest);
            let len = FrameHeader::len_for(octets[1]);
            for prefix in 0..=octets.len() {
                match FrameHeader::parse(&octets[..prefix]) {
                    Parsed::Need(more) => {
                        assert!(prefix < len && more > 0 && prefix + more <= len, "{first:04x} {prefix}");
                        assert!(prefix + more == if prefix < 2 { 2 } else { len });
                    }
                    Parsed::Done(header) => {
                        assert!(prefix >= len, "{first:04x} {prefix}");
                        assert!(
                            header.octets().octets[len..].iter().all(|octet| *octet == 0),
                            "nothing of what follows is kept"
                        );
                        agrees_with_the_table(&header, &octets[..len]);
                    }
                }
            }
        }
    }

    fn agrees_with_the_table(header: &FrameHeader, octets: &[u8]) {
        assert_eq!(*header.octets(), *octets);
        let value = |id| header.field(id).map(|field| field.value);
        let mut end = 0;
        for field in header.fields() {
            assert_eq!(field.at, end);
            end += field.bits;
        }
        assert_eq!(usize::from(end), octets.len() * 8);
        assert_eq!(value(FieldId::Fin), Some(header.fin().into()));
        for (id, rsv) in [FieldId::Rsv1, FieldId::Rsv2, FieldId::Rsv3].into_iter().zip(header.rsv()) {
            assert_eq!(value(id), Some(rsv.into()));
        }
        assert_eq!(value(FieldId::Opcode), Some(header.opcode().value().into()));
        assert_eq!(value(FieldId::Mask), Some(header.masked().into()));
        assert_eq!(value(FieldId::MaskingKey), header.masking_key().map(|key| u32::from_be_bytes(key).into()));
        let extended = value(FieldId::ExtendedLen64).or(value(FieldId::ExtendedLen16));
        assert_eq!(extended.or(value(FieldId::PayloadLen)), Some(header.payload_len()));
    }

    #[test]
    fn hostile_lengths_are_exact() {
        let of = |octets: &[u8]| match FrameHeader::parse(octets) {
            Parsed::Done(header) => header.payload_len(),
            Parsed::Need(_) => panic!("whole header"),
        };
        assert_eq!(of(&[0x82, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), u64::MAX);
        assert_eq!(of(&[0x82, 127, 0, 0, 0, 1, 0, 0, 0, 5]), (1 << 32) + 5);
        assert_eq!(of(&[0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0]), 1 << 63);
    }
}
