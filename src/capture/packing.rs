//! The compression of a capture file.

use std::io::Read;

use super::gunzip::Gunzip;
use super::unpack::Unpack;
use super::unzstd::Unzstd;

/// The compression of a stream, as its first octets tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    /// Not at all.
    Plain,
    /// gzip (RFC 1952).
    Gzip,
    /// Zstandard (RFC 8878).
    Zstd,
}

impl Packing {
    /// Octets that are enough for [`Packing::recognise`].
    pub const ENOUGH: usize = 4;

    /// Judges the first octets of a stream.
    pub fn recognise(head: &[u8]) -> Packing {
        match head {
            [0x1f, 0x8b, ..] => Packing::Gzip,
            // A frame, or a skippable frame in front of the first one (RFC 8878 §3.1.1, §3.1.2).
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Packing::Zstd,
            _ => Packing::Plain,
        }
    }

    /// Octets out of a stream that is packed so.
    pub fn unpack(self, input: Box<dyn Read + Send>) -> Box<dyn Unpack + Send> {
        match self {
            Packing::Plain => Box::new(input),
            Packing::Gzip => Box::new(Gunzip::new(input)),
            Packing::Zstd => Box::new(Unzstd::new(input)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_octets_tell() {
        assert_eq!(Packing::recognise(b"\x1f\x8b\x08\0"), Packing::Gzip);
        assert_eq!(Packing::recognise(b"\x28\xb5\x2f\xfd"), Packing::Zstd);
        assert_eq!(Packing::recognise(b"\x5f\x2a\x4d\x18"), Packing::Zstd);
        assert_eq!(Packing::recognise(b"\xd4\xc3\xb2\xa1"), Packing::Plain);
        assert_eq!(Packing::recognise(b""), Packing::Plain);
    }
}
