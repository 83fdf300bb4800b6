//! The octets of runs, with few reads of the file.

use std::io;

use super::records::Records;
use super::run::{Home, Run};
use super::stream::Stream;
use crate::base::{Nearby, ReadAt, Span};

/// Octets of one read. Streams that take turns in one part of the file read a block once each at worst, so a larger one
/// would cost more where many of them are interleaved, and gains little where there is one.
const BLOCK: usize = 16 * 1024;
/// The number of blocks that are kept: those of 2 MiB of the file.
const BLOCKS: u64 = 128;

/// Blocks of the file and the record that were read last.
#[derive(Debug, Default)]
pub(in crate::dissect) struct OctetReader {
    blocks: Blocks,
    opened: OpenedRecord,
    position: u64,
}

/// Parts of the file that were read last.
#[derive(Debug, Default)]
struct Blocks {
    /// The first span that was asked for. Whoever looks at a single frame reads no more than that.
    first: Option<Vec<u8>>,
    /// All those behind it, by their places in the file.
    blocks: Vec<Block>,
}

/// A part of the file.
#[derive(Clone, Debug, Default)]
struct Block {
    at: u64,
    octets: Vec<u8>,
}

/// A record that was opened.
#[derive(Debug, Default)]
struct OpenedRecord {
    /// The file offset of the first octet that carries it, and which of its stream's records it is.
    place: Option<(u64, usize)>,
    octets: Vec<u8>,
}

impl OctetReader {
    /// The first octets of a run: at least one, or none where they cannot be had: the file has become shorter, or the record
    /// cannot be opened.
    ///
    /// # Errors
    /// When the capture file cannot be read.
    #[inline]
    pub fn octets<'a>(&'a mut self, stream: &Stream<'_>, run: Run, nearby: Nearby<'a>) -> io::Result<&'a [u8]> {
        match (run.home, stream) {
            (Home::File(span), _) => {
                let octets = match nearby.at_hand.get(span) {
                    Some(octets) => octets,
                    None => self.blocks.read(span, nearby.source)?,
                };
                self.position = self.position.max(span.at.saturating_add(octets.len() as u64));
                Ok(octets)
            }
            (Home::Record { number, skip }, Stream::Records(records)) => {
                Ok(run.within(self.open(records, run, number, nearby)?, skip))
            }
            (Home::Record { .. }, Stream::Tcp(_)) => Ok(&[]),
        }
    }

    /// The octets of the record that a run is in.
    fn open(&mut self, records: &Records<'_>, run: Run, number: usize, nearby: Nearby<'_>) -> io::Result<&[u8]> {
        let Some(first) = records.trace_run(run).next() else { return Ok(&[]) };
        let place = Some((first.span.at, number));
        if self.opened.place != place {
            self.opened = OpenedRecord { place, octets: records.open(number, &nearby)? };
        }
        self.position = self.position.max(first.span.end());
        Ok(&self.opened.octets)
    }

    /// The first octets of a span of the file: at least one, or none where they cannot be had.
    ///
    /// # Errors
    /// When the capture file cannot be read.
    pub fn file(&mut self, span: Span, source: &dyn ReadAt) -> io::Result<&[u8]> {
        self.blocks.read(span, source)
    }

    /// Offset in the file behind the furthest octet that was looked at.
    pub fn position(&self) -> u64 {
        self.position
    }
}

impl Blocks {
    /// The first octets of `span`.
    #[cold]
    fn read(&mut self, span: Span, source: &dyn ReadAt) -> io::Result<&[u8]> {
        if self.first.is_none() {
            let first = self.first.insert(Vec::new());
            source.read_span(span, first)?;
            return Ok(first);
        }
        if self.blocks.is_empty() {
            self.blocks.resize(BLOCKS as usize, Block::default());
        }
        let number = span.at / BLOCK as u64;
        let block = &mut self.blocks[(number % BLOCKS) as usize];
        let (at, skip) = (number * BLOCK as u64, (span.at % BLOCK as u64) as usize);
        let wanted = (skip + span.len as usize).min(BLOCK);
        // A file that grows may have had less of the block.
        if block.at != at || block.octets.len() < wanted {
            block.at = at;
            if let Err(error) = source.read_span(Span::new(at, BLOCK as u32), &mut block.octets) {
                block.octets.clear();
                return Err(error);
            }
        }
        Ok(block.octets.get(skip..wanted.min(block.octets.len())).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{AtHand, PacketId, PacketRef, Piece, Timestamp};
    use crate::net::ByteStream;

    /// A stream of one piece, which lies at `span` in the file.
    fn stream_at(span: Span) -> ByteStream {
        let packet = PacketRef { id: PacketId(0), record_at: span.at, time: Timestamp(0) };
        let mut stream = ByteStream::new();
        stream.push(0, Piece { span, packet });
        stream
    }

    /// The octets of `span`, read piece by piece.
    fn octets(reader: &mut OctetReader, span: Span, at_hand: AtHand<'_>, file: &Vec<u8>) -> Vec<u8> {
        let (stream, mut found) = (stream_at(span), Vec::new());
        let stream = Stream::Tcp(stream.view());
        while let Some(run) = stream.runs(found.len() as u64..u64::from(span.len)).next() {
            match reader.octets(&stream, run, Nearby { at_hand, source: file }).unwrap() {
                [] => break,
                part => found.extend_from_slice(part),
            }
        }
        found
    }

    #[test]
    fn octets_from_everywhere() {
        let file: Vec<u8> = (0..5 * BLOCK + 7).map(|n| (n % 251) as u8).collect();
        let mut reader = OctetReader::default();
        let here = AtHand { at: 100, octets: &file[100..200] };
        for (at, len) in [(0, 7), (100, 100), (150, 51), (BLOCK as u64 - 3, 9), (3 * BLOCK as u64, 2 * BLOCK as u32)] {
            let found = octets(&mut reader, Span::new(at, len), here, &file);
            assert_eq!(found, file[at as usize..][..len as usize]);
            assert!(reader.position() >= at + u64::from(len));
        }
    }

    #[test]
    fn a_file_that_grows_and_one_that_shrinks() {
        let mut reader = OctetReader::default();
        let mut read = |at, len, file: &Vec<u8>| octets(&mut reader, Span::new(at, len), AtHand::default(), file);
        assert_eq!(read(4, 4, &vec![1; 10]), [1; 4]);
        let grown = vec![1; 20];
        assert_eq!(read(8, 12, &grown), [1; 12]);
        assert_eq!(read(30, 2, &grown), [0; 0]);
    }
}
