//! Fills a spool file from a pipe or a compressed file.

use std::fmt;
use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::packing::Packing;
use super::source::Source;
use super::unpack::{Trouble, Unpack, read_some};

/// The most octets of one pump.
const CHUNK: usize = 1 << 20;

/// Octets that a compressed capture may unpack to, whatever its own size.
pub const MAX_UNPACKED: u64 = 1 << 30;
/// The number of times its own size it may unpack to beyond that. gzip's most is 1,032; captures come to 3 to 30.
pub const MAX_UNPACKED_RATIO: u64 = 200;

/// Copies a pipe to its spool file, unpacked where it is packed. Whoever holds it decides when: see [`Filler::pump`].
pub struct Filler {
    source: Arc<Source>,
    stage: Stage,
    chunk: Vec<u8>,
    /// Octets of the input so far.
    packed: Arc<AtomicU64>,
    /// Octets out of it so far.
    unpacked: u64,
    /// [`MAX_UNPACKED`]; infinite for what is not compressed.
    most: u64,
}

/// An input that counts what is read of it.
struct Counted {
    input: Box<dyn Read + Send>,
    octets: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.input.read(out)?;
        self.octets.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

enum Stage {
    /// The first octets, which tell how the rest is packed.
    Head(Box<dyn Read + Send>, Vec<u8>),
    Body(Box<dyn Unpack + Send>),
    Done,
}

impl Filler {
    pub(super) fn new(source: Arc<Source>, input: Box<dyn Read + Send>) -> Filler {
        let packed = Arc::default();
        let input = Box::new(Counted { input, octets: Arc::clone(&packed) });
        let stage = Stage::Head(input, Vec::new());
        Filler { source, stage, chunk: vec![0; CHUNK], packed, unpacked: 0, most: MAX_UNPACKED }
    }

    /// Moves what the input has now to the source, at most 1 MiB, and returns whether there may be more. It waits for the
    /// input only where the input has nothing at all. At the end, and after any error, the source is complete.
    ///
    /// A damaged gzip or zstd stream is no error: what is before the damage is kept, and [`Source::damage`] tells the rest.
    ///
    /// # Errors
    /// Fails with the operating system's error about the input or the spool file.
    pub fn pump(&mut self) -> io::Result<bool> {
        let unpacked = match &mut self.stage {
            Stage::Head(..) => return self.pump_head(),
            Stage::Body(body) => body.unpack(&mut self.chunk),
            Stage::Done => return Ok(false),
        };
        match unpacked {
            Ok(0) => self.finish(),
            Ok(n) => {
                if let Err(error) = self.source.append(&self.chunk[..n]) {
                    return self.fail("its temporary file cannot be written", error);
                }
                self.unpacked += n as u64;
                let believed = self.packed.load(Ordering::Relaxed).saturating_mul(MAX_UNPACKED_RATIO);
                if self.unpacked > self.most.max(believed) {
                    self.source.break_off(format!(
                        "it unpacks to more than {MAX_UNPACKED_RATIO} times its size, which no capture does; to read what \
                         is behind the first {} octets, unpack it first",
                        self.unpacked
                    ));
                    self.finish();
                }
            }
            Err(Trouble::Input(error)) => return self.fail("it cannot be read further", error),
            Err(Trouble::Damaged(what)) => {
                self.source.break_off(what);
                self.finish();
            }
        }
        Ok(!matches!(self.stage, Stage::Done))
    }

    /// Reads once. As soon as enough octets are there to tell how they are packed, the body begins with them.
    fn pump_head(&mut self) -> io::Result<bool> {
        let Stage::Head(mut input, mut head) = std::mem::replace(&mut self.stage, Stage::Done) else {
            return Ok(false);
        };
        let mut octets = [0; Packing::ENOUGH];
        let wanted = Packing::ENOUGH.saturating_sub(head.len());
        match read_some(&mut *input, &mut octets[..wanted]) {
            Err(error) => return self.fail("it cannot be read", error),
            // So short a stream is not packed.
            Ok(0) => {}
            Ok(n) => {
                head.extend(&octets[..n]);
                if head.len() < Packing::ENOUGH {
                    self.stage = Stage::Head(input, head);
                    return Ok(true);
                }
            }
        }
        let packing = Packing::recognise(&head);
        if packing == Packing::Plain {
            self.most = u64::MAX;
        }
        self.stage = Stage::Body(packing.unpack(Box::new(Cursor::new(head).chain(input))));
        Ok(true)
    }

    /// The end, whatever came before.
    fn finish(&mut self) {
        self.stage = Stage::Done;
        self.chunk = Vec::new();
        self.source.set_complete();
    }

    fn fail(&mut self, what: &str, error: io::Error) -> io::Result<bool> {
        let name = self.source.name();
        let told = io::Error::new(error.kind(), format!("{name}: {what}: {error}"));
        self.source.break_off(format!("{what}: {error}"));
        self.finish();
        Err(told)
    }
}

impl fmt::Debug for Filler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filler").field("source", &self.source).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::open::open_stream;
    use super::*;
    use crate::base::{ReadAt, Span};

    /// Behaves as a pipe: each read gives what was written at once; `None` is a failure.
    struct Pipe(Vec<Option<Vec<u8>>>);

    impl Read for Pipe {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            match self.0.first_mut() {
                None => Ok(0),
                Some(None) => Err(io::ErrorKind::ConnectionReset.into()),
                Some(Some(octets)) => {
                    let n = octets.len().min(out.len());
                    out[..n].copy_from_slice(&octets[..n]);
                    octets.drain(..n);
                    if octets.is_empty() {
                        self.0.remove(0);
                    }
                    Ok(n)
                }
            }
        }
    }

    fn octets(source: &Source) -> Vec<u8> {
        let mut out = Vec::new();
        source.read_span(Span::new(0, source.len() as u32), &mut out).unwrap();
        out
    }

    #[test]
    fn a_pump_gives_what_the_pipe_has() {
        let pipe = Pipe(vec![Some(b"a".into()), Some(b"bcdefg".into()), Some(b"hi".into())]);
        let (source, mut filler) = open_stream(Box::new(pipe), "pipe").unwrap();
        let mut seen = vec![];
        while filler.pump().unwrap() {
            assert!(!source.is_complete());
            seen.push(source.len());
        }
        seen.dedup();
        assert_eq!(seen, [0, 4, 7, 9]);
        assert!(source.is_complete() && !filler.pump().unwrap());
        assert_eq!(octets(&source), b"abcdefghi");
    }

    #[test]
    fn compressed_octets_come_out_while_the_pipe_is_open() {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        io::Write::write_all(&mut encoder, b"first").unwrap();
        io::Write::flush(&mut encoder).unwrap();
        let written = encoder.get_ref().clone();
        let rest = encoder.finish().unwrap().split_off(written.len());
        let (source, mut filler) = open_stream(Box::new(Pipe(vec![Some(written), None, Some(rest)])), "gz").unwrap();
        while source.len() < 5 {
            assert!(filler.pump().unwrap());
        }
        assert_eq!(octets(&source), b"first");
        assert!(filler.pump().unwrap_err().to_string().starts_with("gz: it cannot be read further"));
        assert!(source.is_complete() && source.damage().is_some() && !filler.pump().unwrap());
    }

    #[test]
    fn a_bomb_is_not_unpacked() {
        let bomb = |most: u64, len: usize| {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            io::Write::write_all(&mut encoder, &vec![0; len]).unwrap();
            let packed = encoder.finish().unwrap();
            let (source, mut filler) = open_stream(Box::new(Cursor::new(packed)), "bomb").unwrap();
            filler.most = most;
            while filler.pump().unwrap() {}
            (source.len() as usize, source.damage().unwrap_or_default().to_owned())
        };
        let (len, damage) = bomb(5 << 20, 50 << 20);
        assert!(len < 20 << 20, "{len} octets of it were unpacked");
        assert!(damage.starts_with("it unpacks to more than 200 times its size"), "{damage}");
        assert_eq!(bomb(5 << 20, 4 << 20), (4 << 20, String::new()));
        assert_eq!(bomb(MAX_UNPACKED, 50 << 20), (50 << 20, String::new()));
    }

    #[test]
    fn a_pipe_that_brings_nothing() {
        let (source, mut filler) = open_stream(Box::new(io::empty()), "empty").unwrap();
        while filler.pump().unwrap() {}
        assert!(source.is_complete() && source.is_empty() && source.damage().is_none());
    }
}
