//! Compressed captures: which compression, and octets out of it.

use std::io::{self, Read};

/// How a stream is packed, as its first octets say.
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
            Packing::Gzip => Box::new(super::gunzip::Gunzip::new(input)),
            Packing::Zstd => Box::new(super::unzstd::Unzstd::new(input)),
        }
    }
}

/// Why no more octets come out.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The input cannot be read.
    Input(io::Error),
    /// It can be read and makes no sense, or ends too early.
    Damaged(String),
}

/// Octets out of something packed.
pub(super) trait Unpack {
    /// Writes some octets to `out` and returns how many; 0 at the end. It reads the input only as long as it has nothing to
    /// give. Every octet before a trouble is given before the trouble is told.
    fn unpack(&mut self, out: &mut [u8]) -> Result<usize, Trouble>;
}

impl Unpack for Box<dyn Read + Send> {
    fn unpack(&mut self, out: &mut [u8]) -> Result<usize, Trouble> {
        read_some(self, out).map_err(Trouble::Input)
    }
}

/// One read that no signal interrupts.
pub(super) fn read_some(input: &mut dyn Read, out: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(out) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// All that comes out, and the damage told at the end.
    pub fn drain(unpack: &mut dyn Unpack) -> (Vec<u8>, Option<String>) {
        let (mut all, mut chunk) = (Vec::new(), [0; 1000]);
        loop {
            match unpack.unpack(&mut chunk) {
                Ok(0) => return (all, None),
                Ok(n) => all.extend(&chunk[..n]),
                Err(Trouble::Damaged(what)) => return (all, Some(what)),
                Err(Trouble::Input(error)) => panic!("{error}"),
            }
        }
    }

    /// Octets that compress to about half, the same in every run.
    pub fn noise(len: usize) -> Vec<u8> {
        let mut state = 1u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 28) as u8
        };
        (0..len).map(|_| next()).collect()
    }

    #[test]
    fn first_octets_tell() {
        assert_eq!(Packing::recognise(b"\x1f\x8b\x08\0"), Packing::Gzip);
        assert_eq!(Packing::recognise(b"\x28\xb5\x2f\xfd"), Packing::Zstd);
        assert_eq!(Packing::recognise(b"\x5f\x2a\x4d\x18"), Packing::Zstd);
        assert_eq!(Packing::recognise(b"\xd4\xc3\xb2\xa1"), Packing::Plain);
        assert_eq!(Packing::recognise(b""), Packing::Plain);
    }
}
