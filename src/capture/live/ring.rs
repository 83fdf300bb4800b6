//! A ring: the newest packets in two files of a fixed size.
//!
//! ```text
//!   capture.pcapng    │ head │ packets … │           each has at most half of the size; when one is full, the other one
//!   capture.2.pcapng  │ head │ packets … │           is emptied and goes on
//! ```
//!
//! Each file is a whole capture, and so are both behind one another (`cat`). Both are made at the start, so that nothing
//! needs a right later. At least half of the size is always there, and at most all of it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::error::LiveError;
use super::sink::{append, create};

/// The newest packets.
#[derive(Debug)]
pub struct Ring {
    /// The two files, and how many octets each has.
    halves: [(File, u64); 2],
    /// The index of the file that is written to.
    now: usize,
    most: u64,
    head: Vec<u8>,
    turns: u64,
}

impl Ring {
    /// Two files: `path`, and the same with a 2 before its extension.
    pub fn new(path: &Path, size: u64) -> Result<Ring, LiveError> {
        let halves = [(create(path)?, 0), (create(&second(path))?, 0)];
        Ok(Ring { halves, now: 0, most: size / 2, head: Vec::new(), turns: 0 })
    }

    /// Octets of both.
    pub fn len(&self) -> u64 {
        self.halves[0].1 + self.halves[1].1
    }

    /// Returns how often packets were overwritten.
    pub fn turns(&self) -> u64 {
        self.turns
    }

    /// Returns what each file begins with. Both do: each is a whole capture even before its first packet.
    pub fn begin(&mut self, head: &[u8]) -> io::Result<()> {
        self.head = head.to_vec();
        for (file, len) in &mut self.halves {
            append(file, len, head)?;
        }
        Ok(())
    }

    /// Appends blocks to one file, or to both.
    pub fn write(&mut self, mut blocks: &[u8]) -> io::Result<()> {
        while !blocks.is_empty() {
            let (file, len) = &mut self.halves[self.now];
            let room = usize::try_from(self.most.saturating_sub(*len)).unwrap_or(usize::MAX);
            let mut part = super::blocks::whole_blocks(blocks, room);
            if part == 0 {
                if *len > self.head.len() as u64 {
                    self.turn()?;
                    continue;
                }
                // A packet that is larger than the ring's half is in it all the same.
                part = first_block(blocks);
            }
            append(file, len, &blocks[..part])?;
            blocks = &blocks[part..];
        }
        Ok(())
    }

    /// Goes on in the other file, from its start.
    fn turn(&mut self) -> io::Result<()> {
        self.now = 1 - self.now;
        let (file, len) = &mut self.halves[self.now];
        if *len > self.head.len() as u64 {
            self.turns += 1;
        }
        file.set_len(0)?;
        io::Seek::seek(file, io::SeekFrom::Start(0))?;
        *len = 0;
        append(file, len, &self.head)
    }
}

fn first_block(blocks: &[u8]) -> usize {
    let field = blocks.get(4..8).and_then(|field| <[u8; 4]>::try_from(field).ok());
    field.map_or(blocks.len(), |field| u32::from_le_bytes(field) as usize).clamp(1, blocks.len())
}

/// The second file of a ring: `a/b.2.pcapng` for `a/b.pcapng`.
fn second(path: &Path) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(".2");
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::read;
    use super::super::blocks::{Described, write_head, write_packet};
    use super::*;
    use crate::base::{LinkType, Timestamp};

    #[test]
    fn the_newest_packets_are_in_two_files_of_at_most_the_size() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.b.pcapng");
        let mut ring = Ring::new(&path, 4000).unwrap();
        let mut head = Vec::new();
        let described =
            Described { name: "lo".to_owned(), filter: String::new(), link_type: LinkType::RAW, snap_len: 0 };
        write_head(&mut head, &described);
        ring.begin(&head).unwrap();
        let packets = |path: &Path| -> Vec<u64> {
            let octets = std::fs::File::open(path).and_then(|mut file| {
                let mut octets = Vec::new();
                io::Read::read_to_end(&mut file, &mut octets).map(|_| octets)
            });
            let all = read(&octets.unwrap()).unwrap();
            assert_eq!(all.damage(), "");
            all.packets.iter().map(|(packet, _)| packet.reference.time.nanoseconds()).collect()
        };
        let other = directory.path().join("a.b.2.pcapng");
        assert_eq!((packets(&path), packets(&other)), (vec![], vec![]));
        let mut blocks = Vec::new();
        (0..20).for_each(|time| write_packet(&mut blocks, Timestamp(time), 0, &[0; 300]));
        ring.write(&blocks).unwrap();
        assert!(ring.len() <= 4000 && ring.turns() == 2);
        assert_eq!((packets(&path), packets(&other)), ((10..15).collect(), (15..20).collect()));
        // One that does not fit is in it all the same.
        blocks.clear();
        write_packet(&mut blocks, Timestamp(77), 0, &[0; 9000]);
        write_packet(&mut blocks, Timestamp(78), 0, &[0; 300]);
        ring.write(&blocks).unwrap();
        assert_eq!((packets(&path), packets(&other)), (vec![77], vec![78]));
    }
}
