//! Octets out of something packed.

use std::io::{self, Read};

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
}
