//! The octets of payloads, with few reads.

use crate::base::{AtHand, ReadAt, Span};
use crate::ws::unmask;

/// Octets of one read. Sides that take turns in one part of the file read a block once each at worst, so a larger one
/// would cost more where many streams are interleaved, and gains little where there is one.
const BLOCK: usize = 16 * 1024;
/// How many blocks are kept: those of the 2 MiB of the file that a round is about.
const BLOCKS: u64 = 128;
/// Octets that are unmasked in one go: they stay in the processor's nearest cache.
const PLAIN: usize = 16 * 1024;

/// Octets of the file, and the room to unmask them in.
#[derive(Debug, Default)]
pub(super) struct Octets {
    blocks: Vec<Block>,
    plain: Vec<u8>,
}

/// A part of the file.
#[derive(Clone, Debug, Default)]
struct Block {
    at: u64,
    octets: Vec<u8>,
}

impl Octets {
    /// The first payload octets of `span`, unmasked: at least one, or none where they cannot be read any more. `first`
    /// is the place of the first in its payload.
    #[inline]
    pub fn plain<'a>(
        &'a mut self,
        span: Span,
        key: Option<[u8; 4]>,
        first: u64,
        at_hand: AtHand<'a>,
        source: &dyn ReadAt,
    ) -> &'a [u8] {
        let span = if key.is_some() { span.take(PLAIN as u32) } else { span };
        let octets = find(&mut self.blocks, span, at_hand, source);
        match key {
            None => octets,
            Some(key) => {
                self.plain.clear();
                self.plain.extend_from_slice(octets);
                unmask(key, first, &mut self.plain);
                &self.plain
            }
        }
    }

    /// The same as they are in the file.
    #[inline]
    pub fn raw<'a>(&'a mut self, span: Span, at_hand: AtHand<'a>, source: &dyn ReadAt) -> &'a [u8] {
        find(&mut self.blocks, span, at_hand, source)
    }
}

#[inline]
fn find<'a>(blocks: &'a mut Vec<Block>, span: Span, at_hand: AtHand<'a>, source: &dyn ReadAt) -> &'a [u8] {
    at_hand.get(span).unwrap_or_else(|| read(blocks, span, source))
}

/// The first octets of `span`, out of the block that holds them.
#[cold]
fn read<'a>(blocks: &'a mut Vec<Block>, span: Span, source: &dyn ReadAt) -> &'a [u8] {
    let number = span.at / BLOCK as u64;
    if blocks.is_empty() {
        blocks.resize(BLOCKS as usize, Block::default());
    }
    let block = &mut blocks[(number % BLOCKS) as usize];
    let (at, skip) = (number * BLOCK as u64, (span.at % BLOCK as u64) as usize);
    let wanted = (skip + span.len as usize).min(BLOCK);
    // A file that grows may have had less of the block.
    if (block.at != at || block.octets.len() < wanted)
        && source.read_span(Span::new(at, BLOCK as u32), &mut block.octets).is_err()
    {
        // What cannot be read is lost, as in a file that has become shorter.
        block.octets.clear();
    }
    block.at = at;
    block.octets.get(skip..wanted.min(block.octets.len())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_from_everywhere() {
        let file: Vec<u8> = (0..5 * BLOCK + 7).map(|n| (n % 251) as u8).collect();
        let mut octets = Octets::default();
        let here = AtHand { at: 100, octets: &file[100..200] };
        for (at, len) in [(0, 7), (100, 100), (150, 51), (BLOCK as u64 - 3, 9), (3 * BLOCK as u64, 2 * BLOCK as u32)] {
            let (mut found, mut span) = (Vec::new(), Span::new(at, len));
            while span.len > 0 {
                let part = octets.plain(span, None, 0, here, &file);
                assert!(!part.is_empty());
                found.extend_from_slice(part);
                span = span.skip(part.len() as u32);
            }
            assert_eq!(found, file[at as usize..][..len as usize]);
        }
    }

    #[test]
    fn masked_octets_come_plain() {
        let file: Vec<u8> =
            b"....".iter().copied().chain(*b"\x37\xfa\x21\x3d").chain(*b"\x7f\x9f\x4d\x51\x58").collect();
        let mut octets = Octets::default();
        let key = Some([0x37, 0xfa, 0x21, 0x3d]);
        assert_eq!(octets.plain(Span::new(8, 5), key, 0, AtHand::default(), &file), b"Hello");
        assert_eq!(octets.plain(Span::new(10, 3), key, 2, AtHand { at: 8, octets: &file[8..] }, &file), b"llo");
    }

    #[test]
    fn a_file_that_grows_and_one_that_shrinks() {
        let mut octets = Octets::default();
        let file = vec![1; 10];
        assert_eq!(octets.plain(Span::new(4, 4), None, 0, AtHand::default(), &file), [1; 4]);
        let grown = vec![1; 20];
        assert_eq!(octets.plain(Span::new(8, 12), None, 0, AtHand::default(), &grown), [1; 12]);
        assert_eq!(octets.plain(Span::new(30, 2), None, 0, AtHand::default(), &grown), [0; 0]);
    }
}
