//! gzip streams (RFC 1952), several members one behind another.

use std::io::Read;

use flate2::{Decompress, FlushDecompress, Status};

use super::unpack::{Trouble, Unpack, read_some};

/// Octets of one read of the input.
const CHUNK: usize = 1 << 16;

/// flate2's readers drop what they inflated in the call that meets damage, so this drives the inflater itself.
pub(super) struct Gunzip {
    input: Box<dyn Read + Send>,
    /// Octets read and not inflated yet: `chunk[start..end]`.
    chunk: Vec<u8>,
    start: usize,
    end: usize,
    inflate: Decompress,
    /// Behind one member and before the next.
    between: bool,
    /// The inflater filled all the room it had, so it may hold more.
    holds_more: bool,
    /// Told when everything before it was given.
    trouble: Option<Trouble>,
}

impl Gunzip {
    pub fn new(input: Box<dyn Read + Send>) -> Gunzip {
        Gunzip {
            input,
            chunk: vec![0; CHUNK],
            start: 0,
            end: 0,
            inflate: Decompress::new_gzip(15),
            between: false,
            holds_more: false,
            trouble: None,
        }
    }

    fn next_member(&mut self) -> Result<(), Trouble> {
        // gzip writes zeros to fill a tape's block; so does everybody who reads it skip them.
        let padding = self.chunk[self.start..self.end].iter().take_while(|octet| **octet == 0).count();
        self.start += padding;
        match self.chunk[self.start..self.end].first() {
            None => Ok(()),
            Some(0x1f) => {
                self.between = false;
                self.inflate.reset(true);
                Ok(())
            }
            Some(_) => Err(Trouble::Damaged("the gzip stream is followed by octets that are not gzip".into())),
        }
    }
}

impl Unpack for Gunzip {
    fn unpack(&mut self, out: &mut [u8]) -> Result<usize, Trouble> {
        loop {
            if let Some(trouble) = self.trouble.take() {
                return Err(trouble);
            }
            if self.start == self.end && !self.holds_more {
                (self.start, self.end) = (0, read_some(&mut *self.input, &mut self.chunk).map_err(Trouble::Input)?);
                match (self.end, self.between) {
                    (0, true) => return Ok(0),
                    (0, false) => return Err(Trouble::Damaged("the gzip stream ends too early".into())),
                    _ => {}
                }
            }
            if self.between {
                self.next_member()?;
                if self.between {
                    continue;
                }
            }
            let (before_in, before_out) = (self.inflate.total_in(), self.inflate.total_out());
            let status = self.inflate.decompress(&self.chunk[self.start..self.end], out, FlushDecompress::None);
            let consumed = (self.inflate.total_in() - before_in) as usize;
            let produced = (self.inflate.total_out() - before_out) as usize;
            self.start += consumed;
            self.holds_more = produced == out.len();
            match status {
                Ok(Status::StreamEnd) => (self.between, self.holds_more) = (true, false),
                // An inflater that has input and room and does nothing would be asked for ever.
                Ok(_) if consumed == 0 && produced == 0 && self.start < self.end => {
                    self.trouble = Some(Trouble::Damaged("the gzip stream makes no sense".into()));
                }
                Ok(_) => {}
                Err(_) => self.trouble = Some(Trouble::Damaged("the gzip stream is damaged".into())),
            }
            if produced > 0 {
                return Ok(produced);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::super::testing::gzip;
    use super::super::unpack::tests::{drain, noise};
    use super::*;

    fn gunzip(octets: Vec<u8>) -> (Vec<u8>, Option<String>) {
        drain(&mut Gunzip::new(Box::new(Cursor::new(octets))))
    }

    #[test]
    fn members_one_behind_another() {
        let (a, b) = (noise(300_000), noise(70_000));
        let mut stream = gzip(&a);
        stream.extend(gzip(&b));
        stream.extend(gzip(b""));
        stream.extend([0; 1000]);
        assert_eq!(gunzip(stream), ([a, b].concat(), None));
    }

    #[test]
    fn everything_before_the_damage() {
        let octets = noise(300_000);
        let stream = gzip(&octets);
        for len in [0, 1, 9, 100, stream.len() / 2, stream.len() - 1] {
            let (out, damage) = gunzip(stream[..len].to_vec());
            assert_eq!(damage.unwrap(), "the gzip stream ends too early");
            assert!(octets.starts_with(&out) && out.len() + 4_000 > octets.len() * len / stream.len());
        }
        // A checksum that does not fit, and garbage behind the end.
        let mut broken = stream.clone();
        broken[stream.len() - 6] ^= 1;
        let (out, damage) = gunzip(broken);
        assert_eq!((out == octets, damage.as_deref()), (true, Some("the gzip stream is damaged")));
        let (out, damage) = gunzip([&stream[..], b"garbage"].concat());
        assert_eq!((out == octets, damage.unwrap().contains("followed by")), (true, true));
    }

    #[test]
    fn damage_in_the_middle_keeps_what_was_inflated_in_the_same_call() {
        let octets = noise(300_000);
        let stream = gzip(&octets);
        let mut broken = stream.clone();
        let middle = stream.len() / 2;
        broken[middle..middle + 2000].fill(0xff);
        let (out, damage) = gunzip(broken);
        assert!(damage.is_some());
        let right = out.iter().zip(&octets).take_while(|(a, b)| a == b).count();
        assert!(right + 20_000 > octets.len() / 2, "{right} of {}", octets.len());
    }
}
