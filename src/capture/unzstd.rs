//! Zstandard streams (RFC 8878), several frames one behind another.

use std::io::{self, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::unpack::{Trouble, Unpack, read_some};

/// An empty last block (RFC 8878 §3.1.1.2) and a checksum that nobody checks: it ends any frame.
const FRAME_END: [u8; 7] = [1, 0, 0, 0, 0, 0, 0];

/// Octets come out as soon as they are further back than the frame's window, and at the latest at the frame's end: the
/// decoder keeps a window to copy from. Content checksums are not verified.
pub(super) struct Unzstd {
    input: Input,
    decoder: FrameDecoder,
    stage: Stage,
}

enum Stage {
    /// Before a frame, or at the end.
    Between,
    Frame,
    /// Octets of a skippable frame that are left.
    Skipping(u32),
    /// Told when everything before it was given.
    Broken(Trouble),
}

/// The input, counted, and the error that the decoder wraps beyond recognition.
struct Input {
    input: Box<dyn Read + Send>,
    count: u64,
    /// It gave less than it was asked for and has no more.
    is_over: bool,
    error: Option<io::Error>,
}

impl Read for Input {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match read_some(&mut *self.input, out) {
            Ok(n) => {
                self.count += n as u64;
                self.is_over |= n == 0 && !out.is_empty();
                Ok(n)
            }
            Err(error) => {
                let kind = error.kind();
                self.error = Some(error);
                Err(kind.into())
            }
        }
    }
}

impl Unzstd {
    pub fn new(input: Box<dyn Read + Send>) -> Unzstd {
        let input = Input { input, count: 0, is_over: false, error: None };
        Unzstd { input, decoder: FrameDecoder::new(), stage: Stage::Between }
    }

    /// The next frame's header; false at the end of the stream.
    fn begin(&mut self) -> bool {
        let before = self.input.count;
        self.stage = match self.decoder.reset(&mut self.input) {
            Ok(()) => Stage::Frame,
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                Stage::Skipping(length)
            }
            Err(_) if self.input.error.is_none() && self.input.count == before => return false,
            Err(error) => Stage::Broken(self.trouble(&error)),
        };
        true
    }

    /// One block of the frame.
    fn block(&mut self) {
        match self.decoder.decode_blocks(&mut self.input, BlockDecodingStrategy::UptoBlocks(1)) {
            Ok(true) => self.stage = Stage::Between,
            Ok(false) => {}
            Err(error) => {
                self.stage = Stage::Broken(self.trouble(&error));
                // The decoder only gives away its window at the end of a frame, so here is an end.
                _ = self.decoder.decode_blocks(&FRAME_END[..], BlockDecodingStrategy::UptoBlocks(1));
            }
        }
    }

    fn skip(&mut self, left: u32) {
        let mut octets = [0; 4096];
        let wanted = octets.len().min(left as usize);
        self.stage = match self.input.read(&mut octets[..wanted]) {
            Ok(0) if left > 0 => Stage::Broken(Trouble::Damaged("the zstd stream ends too early".into())),
            Ok(n) if n < left as usize => Stage::Skipping(left - n as u32),
            Ok(_) => Stage::Between,
            Err(error) => Stage::Broken(Trouble::Input(error)),
        };
    }

    fn trouble(&mut self, error: &FrameDecoderError) -> Trouble {
        match self.input.error.take() {
            Some(error) => Trouble::Input(error),
            None if self.input.is_over => Trouble::Damaged("the zstd stream ends too early".to_owned()),
            None => Trouble::Damaged(match error {
                FrameDecoderError::DictNotProvided { .. } => {
                    "the zstd stream was compressed with a dictionary; to read it, unpack it with that dictionary first"
                        .to_owned()
                }
                _ => "the zstd stream is damaged".to_owned(),
            }),
        }
    }
}

impl Unpack for Unzstd {
    fn unpack(&mut self, out: &mut [u8]) -> Result<usize, Trouble> {
        loop {
            let given = self.decoder.read(out).map_err(Trouble::Input)?;
            if given > 0 {
                return Ok(given);
            }
            match std::mem::replace(&mut self.stage, Stage::Between) {
                Stage::Between => {
                    if !self.begin() {
                        return Ok(0);
                    }
                }
                Stage::Frame => {
                    self.stage = Stage::Frame;
                    self.block();
                }
                Stage::Skipping(left) => self.skip(left),
                Stage::Broken(trouble) => return Err(trouble),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::super::testing::zstd;
    use super::super::unpack::tests::{drain, noise};
    use super::*;

    fn unzstd(octets: Vec<u8>) -> (Vec<u8>, Option<String>) {
        drain(&mut Unzstd::new(Box::new(Cursor::new(octets))))
    }

    #[test]
    fn frames_one_behind_another() {
        let (a, b) = (noise(600_000), noise(70_000));
        let skippable = |len: u32| [&b"\x53\x2a\x4d\x18"[..], &len.to_le_bytes(), &vec![7; len as usize]].concat();
        let stream = [skippable(9_000), zstd(&a), skippable(0), zstd(&b), zstd(b"")].concat();
        assert_eq!(unzstd(stream), ([a, b].concat(), None));
    }

    #[test]
    fn a_frame_of_the_reference_encoder() {
        // printf 'a capture, a capture' | zstd --check -c
        let stream = *b"\x28\xb5\x2f\xfd\x04\x58\xa1\x00\x00a capture, a capture\xe0\x85\x47\xa5";
        assert_eq!(unzstd(stream.to_vec()), (b"a capture, a capture".to_vec(), None));
    }

    #[test]
    fn everything_before_the_damage() {
        let octets = noise(600_000);
        let stream = zstd(&octets);
        for len in [1, 5, 100, stream.len() / 2, stream.len() - 1] {
            let (out, damage) = unzstd(stream[..len].to_vec());
            assert_eq!(damage.unwrap(), "the zstd stream ends too early");
            // At most the block that is not whole is lost.
            assert!(octets.starts_with(&out) && out.len() + (128 << 10) >= octets.len() * len / stream.len());
        }
        let (out, damage) = unzstd([&stream[..], b"garbage"].concat());
        assert_eq!((out == octets, damage.as_deref()), (true, Some("the zstd stream is damaged")));
    }

    #[test]
    fn a_frame_that_takes_a_dictionary() {
        // A frame header whose descriptor announces a dictionary of number 7 (RFC 8878 §3.1.1.1), and an empty last block.
        let (out, damage) = unzstd(b"\x28\xb5\x2f\xfd\x21\x07\x00\x01\x00\x00".to_vec());
        assert_eq!(out, b"");
        assert!(damage.unwrap().starts_with("the zstd stream was compressed with a dictionary; "));
    }

    #[test]
    fn garbage_ends() {
        let stream = zstd(&noise(5_000));
        for at in 4..200 {
            for octet in [0, 0x55, 0xff] {
                let mut broken = stream.clone();
                broken[at] = octet;
                unzstd(broken);
            }
        }
    }
}
