//! A frame's header: a view over at most 14 octets (RFC 6455 §5.2), without judgement.

use super::Opcode;
use super::fields::{FIELDS, FieldId};

/// The longest header: 2 octets, a 64-bit length and a masking-key.
pub const MAX_HEADER_LEN: usize = 14;

/// A whole header. Every value of every field can be held, legal or not.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FrameHeader {
    octets: [u8; MAX_HEADER_LEN],
    len: u8,
}

/// What reading a header came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// The header is whole.
    Done(FrameHeader),
    /// At least this many more octets are needed.
    Need(usize),
}

impl FrameHeader {
    /// How long a header with this second octet is, in octets: the fields of the table that are present.
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
    pub fn parse(octets: &[u8]) -> Parsed {
        let Some(&octet1) = octets.get(1) else { return Parsed::Need(2 - octets.len()) };
        let len = HEADER_LEN[usize::from(octet1)];
        // Nearly always there are as many octets as the longest header has: those of this one are cut out at once.
        if let Some(first) = octets.first_chunk::<MAX_HEADER_LEN>() {
            let mut wide = [0; 16];
            wide[..MAX_HEADER_LEN].copy_from_slice(first);
            let kept = u128::from_le_bytes(wide) & (u128::MAX >> (128 - 8 * u32::from(len)));
            let [octets @ .., _, _] = kept.to_le_bytes();
            return Parsed::Done(FrameHeader { octets, len });
        }
        match octets.get(..usize::from(len)) {
            None => Parsed::Need(usize::from(len) - octets.len()),
            Some(header) => {
                let mut whole = [0; MAX_HEADER_LEN];
                whole[..header.len()].copy_from_slice(header);
                Parsed::Done(FrameHeader { octets: whole, len })
            }
        }
    }

    /// The octets that every header has.
    pub(super) fn first_two(&self) -> [u8; 2] {
        [self.octets[0], self.octets[1]]
    }

    /// The header's octets as they were sent.
    pub fn octets(&self) -> &[u8] {
        &self.octets[..usize::from(self.len)]
    }

    /// The header's length in octets: 2, 4, 6, 8, 10 or 14.
    pub fn header_len(&self) -> u8 {
        self.len
    }

    /// Whether this is the final frame of its message.
    pub fn fin(&self) -> bool {
        self.octets[0] & 0x80 != 0
    }

    /// RSV1, RSV2 and RSV3.
    pub fn rsv(&self) -> [bool; 3] {
        [0x40, 0x20, 0x10].map(|bit| self.octets[0] & bit != 0)
    }

    /// The opcode.
    pub fn opcode(&self) -> Opcode {
        Opcode::of(self.octets[0])
    }

    /// Whether the payload is masked.
    pub fn masked(&self) -> bool {
        FieldId::MaskingKey.is_present(self.octets[1])
    }

    /// The payload's length as the header declares it, in octets: up to 2^64-1, exact.
    pub fn payload_len(&self) -> u64 {
        match self.octets[1] & 0x7f {
            126 => u64::from(u16::from_be_bytes([self.octets[2], self.octets[3]])),
            127 => self.octets[2..10].iter().fold(0, |value, octet| value << 8 | u64::from(*octet)),
            short => u64::from(short),
        }
    }

    /// The masking-key, if there is one.
    pub fn masking_key(&self) -> Option<[u8; 4]> {
        let key = self.octets().last_chunk()?;
        self.masked().then_some(*key)
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
                            header.octets[len..].iter().all(|octet| *octet == 0),
                            "nothing of what follows is kept"
                        );
                        agrees_with_the_table(&header, &octets[..len]);
                    }
                }
            }
        }
    }

    fn agrees_with_the_table(header: &FrameHeader, octets: &[u8]) {
        assert_eq!(header.octets(), octets);
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
