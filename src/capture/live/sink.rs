//! Sinks of sniffed packets: a file, a ring of two files, standard output, or a spool.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;

use super::super::source::Source;
use super::blocks::whole_blocks;
use super::error::LiveError;
use super::ring::Ring;

/// The sink of a live capture's blocks. Its content is whole after every [`Sink::write`], whatever happens.
#[derive(Debug)]
pub struct Sink(Kind);

#[derive(Debug)]
enum Kind {
    File { file: File, len: u64 },
    Ring(Ring),
    Stdout { len: u64 },
    Spool(Arc<Source>),
}

impl Sink {
    /// A file, which is made or emptied.
    ///
    /// # Errors
    /// [`LiveError::File`]
    pub fn file(path: &Path) -> Result<Sink, LiveError> {
        Ok(Sink(Kind::File { file: create(path)?, len: 0 }))
    }

    /// Two files that together have at most `size` octets: see [`Ring`].
    ///
    /// # Errors
    /// [`LiveError::File`]
    pub fn ring(path: &Path, size: u64) -> Result<Sink, LiveError> {
        Ok(Sink(Kind::Ring(Ring::new(path, size)?)))
    }

    /// Standard output.
    pub fn stdout() -> Sink {
        Sink(Kind::Stdout { len: 0 })
    }

    /// A temporary file that somebody reads meanwhile. It is complete when the sink is dropped.
    ///
    /// # Errors
    /// When there can be no temporary file.
    pub fn spool(name: &str) -> io::Result<(Arc<Source>, Sink)> {
        let source = Arc::new(Source::spool(name)?);
        Ok((Arc::clone(&source), Sink(Kind::Spool(source))))
    }

    /// Octets that it has.
    pub fn len(&self) -> u64 {
        match &self.0 {
            Kind::File { len, .. } | Kind::Stdout { len } => *len,
            Kind::Ring(ring) => ring.len(),
            Kind::Spool(source) => source.len(),
        }
    }

    /// Returns whether it has no octets.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns how often a ring overwrote its older half.
    pub fn turns(&self) -> u64 {
        match &self.0 {
            Kind::Ring(ring) => ring.turns(),
            _ => 0,
        }
    }

    /// Returns what the capture begins with, first of all; a ring writes it again at every turn.
    ///
    /// # Errors
    /// Fails with the operating system's error.
    pub fn begin(&mut self, head: &[u8]) -> io::Result<()> {
        if let Kind::Ring(ring) = &mut self.0 {
            return ring.begin(head);
        }
        self.write(head)
    }

    /// Appends whole blocks.
    ///
    /// # Errors
    /// Fails with the operating system's error: the disk is full. Those blocks that had room are kept.
    pub fn write(&mut self, blocks: &[u8]) -> io::Result<()> {
        match &mut self.0 {
            Kind::File { file, len } => append(file, len, blocks),
            Kind::Ring(ring) => ring.write(blocks),
            Kind::Stdout { len } => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(blocks)?;
                stdout.flush()?;
                *len += blocks.len() as u64;
                Ok(())
            }
            Kind::Spool(source) => source.append(blocks),
        }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        if let Kind::Spool(source) = &self.0 {
            source.set_complete();
        }
    }
}

/// Makes a file, or empties it.
pub(super) fn create(path: &Path) -> Result<File, LiveError> {
    File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)
        .map_err(|error| LiveError::File { path: path.display().to_string(), error })
}

/// Appends whole blocks to a file of `len` octets; where not all of them have room, the last one that has is the last.
pub(super) fn append(file: &mut File, len: &mut u64, blocks: &[u8]) -> io::Result<()> {
    let mut written = 0;
    while written < blocks.len() {
        match file.write(&blocks[written..]) {
            Ok(0) => return Err(cut(file, len, blocks, written, io::ErrorKind::WriteZero.into())),
            Ok(n) => written += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(cut(file, len, blocks, written, error)),
        }
    }
    *len += written as u64;
    Ok(())
}

fn cut(file: &mut File, len: &mut u64, blocks: &[u8], written: usize, error: io::Error) -> io::Error {
    *len += whole_blocks(blocks, written) as u64;
    // Where even that fails, the reader says that the capture ends inside a packet.
    _ = file.set_len(*len).and_then(|()| io::Seek::seek(file, io::SeekFrom::Start(*len)));
    error
}
