//! Capture files are written in the byte order of the machine that wrote them.

/// The byte order of a file or of a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ByteOrder {
    /// Least significant octet first.
    Little,
    /// Most significant octet first.
    Big,
}

impl ByteOrder {
    /// The 16-bit number at `octets[at..]`; `None` where there are too few octets.
    #[inline]
    pub fn u16(self, octets: &[u8], at: usize) -> Option<u16> {
        let field = *octets.get(at..)?.first_chunk()?;
        Some(match self {
            ByteOrder::Little => u16::from_le_bytes(field),
            ByteOrder::Big => u16::from_be_bytes(field),
        })
    }

    /// The 32-bit number at `octets[at..]`; `None` where there are too few octets.
    #[inline]
    pub fn u32(self, octets: &[u8], at: usize) -> Option<u32> {
        let field = *octets.get(at..)?.first_chunk()?;
        Some(match self {
            ByteOrder::Little => u32::from_le_bytes(field),
            ByteOrder::Big => u32::from_be_bytes(field),
        })
    }

    /// The 32-bit numbers that `octets` are.
    #[inline]
    pub fn four_u32(self, octets: &[u8; 16]) -> [u32; 4] {
        let (words, _) = octets.as_chunks();
        std::array::from_fn(|word| match self {
            ByteOrder::Little => u32::from_le_bytes(words[word]),
            ByteOrder::Big => u32::from_be_bytes(words[word]),
        })
    }

    /// A 32-bit number as it is written.
    #[inline]
    pub fn u32_octets(self, number: u32) -> [u8; 4] {
        match self {
            ByteOrder::Little => number.to_le_bytes(),
            ByteOrder::Big => number.to_be_bytes(),
        }
    }

    /// The signed 64-bit number at `octets[at..]`; `None` where there are too few octets.
    #[inline]
    pub fn i64(self, octets: &[u8], at: usize) -> Option<i64> {
        let field = *octets.get(at..)?.first_chunk()?;
        Some(match self {
            ByteOrder::Little => i64::from_le_bytes(field),
            ByteOrder::Big => i64::from_be_bytes(field),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers_and_only_what_is_there() {
        let octets = [0, 1, 2, 3, 4, 5, 6, 7, 0xff];
        assert_eq!(ByteOrder::Big.u16(&octets, 1), Some(0x0102));
        assert_eq!(ByteOrder::Little.u32(&octets, 1), Some(0x0403_0201));
        assert_eq!(ByteOrder::Little.i64(&octets, 1), Some(-0x00f8_f9fa_fbfc_fdff));
        assert_eq!(ByteOrder::Big.u32_octets(0x0102_0304), [1, 2, 3, 4]);
        assert_eq!(ByteOrder::Big.u32(&octets, 6), None);
        assert_eq!(ByteOrder::Big.u32(&octets, 99), None);
    }
}
