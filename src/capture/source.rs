//! The octets of a capture: a finished file, a file that grows, or a spool file.

use std::fs::File;
use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::base::ReadAt;

/// The octets of a capture. Any number of readers may share it; they never see octets change, only more of them.
#[derive(Debug)]
pub struct Source {
    backing: Backing,
    name: String,
    complete: AtomicBool,
    damage: OnceLock<String>,
}

#[derive(Debug)]
enum Backing {
    /// A file as it is on the disk, of so many octets when it was opened.
    File(File, u64),
    /// A file that somebody else appends to.
    Followed(File),
    /// An unnamed file that a [`super::Filler`] appends to, and how many octets of it may be read.
    Spool(File, AtomicU64),
    /// Octets in memory.
    Memory(Vec<u8>),
}

impl Source {
    fn new(backing: Backing, name: &str, complete: bool) -> Source {
        Source { backing, name: name.to_owned(), complete: AtomicBool::new(complete), damage: OnceLock::new() }
    }

    /// A file that nobody writes to any more.
    pub(super) fn finished(file: File, len: u64, name: &str) -> Source {
        Source::new(Backing::File(file, len), name, true)
    }

    /// A file that somebody else appends to, until [`Source::set_complete`] is called.
    pub(super) fn followed(file: File, name: &str) -> Source {
        Source::new(Backing::Followed(file), name, false)
    }

    /// An empty spool file. The system's directory for temporary files holds it (`TMPDIR`), and it vanishes with the source.
    pub(super) fn spool(name: &str) -> io::Result<Source> {
        Ok(Source::new(Backing::Spool(tempfile::tempfile()?, AtomicU64::new(0)), name, false))
    }

    /// A capture in memory: a built-in sample, or octets that a test made.
    pub fn from_octets(octets: Vec<u8>, name: &str) -> Source {
        Source::new(Backing::Memory(octets), name, true)
    }

    /// Returns what people call it: its path, or what the caller of [`super::open_stream`] said.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns how many octets there are now.
    pub fn len(&self) -> u64 {
        match &self.backing {
            Backing::File(_, len) => *len,
            // Only to show progress: a file that cannot be asked has made none.
            Backing::Followed(file) => file.metadata().map_or(0, |metadata| metadata.len()),
            Backing::Spool(_, len) => len.load(Ordering::Acquire),
            Backing::Memory(octets) => octets.len() as u64,
        }
    }

    /// Returns whether there are no octets now.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns whether no more octets will come.
    #[inline]
    pub fn is_complete(&self) -> bool {
        self.complete.load(Ordering::Acquire)
    }

    /// Tells the readers that no more octets will come: the pipe ended, the live capture was stopped.
    pub fn set_complete(&self) {
        self.complete.store(true, Ordering::Release);
    }

    /// Why the octets end too early, where they do: a damaged gzip or zstd file. The reader makes a [`super::Damage`] of it.
    pub fn damage(&self) -> Option<&str> {
        self.damage.get().map(String::as_str)
    }

    /// Completes the source and says why it ends too early. The first reason stays.
    pub(super) fn break_off(&self, why: String) {
        _ = self.damage.set(why);
        self.set_complete();
    }

    /// Appends to a spool file. There is one writer, the [`super::Filler`].
    pub(super) fn append(&self, octets: &[u8]) -> io::Result<()> {
        let Backing::Spool(file, len) = &self.backing else {
            return Err(io::Error::other("only a spool file can be written to"));
        };
        let at = len.load(Ordering::Acquire);
        write_all_at(file, octets, at)?;
        // Readers see the octets only now that all of them are there.
        len.store(at + octets.len() as u64, Ordering::Release);
        Ok(())
    }
}

impl ReadAt for Source {
    fn read_at(&self, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        match &self.backing {
            Backing::File(file, _) | Backing::Followed(file) => read_file_at(file, buf, at),
            Backing::Spool(file, len) => {
                let there = len.load(Ordering::Acquire).saturating_sub(at);
                let wanted = buf.len().min(usize::try_from(there).unwrap_or(usize::MAX));
                read_file_at(file, &mut buf[..wanted], at)
            }
            Backing::Memory(octets) => octets.read_at(at, buf),
        }
    }
}

/// One positioned read that no signal interrupts.
fn read_file_at(file: &File, buf: &mut [u8], at: u64) -> io::Result<usize> {
    // The largest offset that operating systems know. Nothing is behind it, and asking would be an error.
    if at > i64::MAX as u64 {
        return Ok(0);
    }
    loop {
        #[cfg(unix)]
        let result = std::os::unix::fs::FileExt::read_at(file, buf, at);
        #[cfg(windows)]
        let result = std::os::windows::fs::FileExt::seek_read(file, buf, at);
        match result {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

#[cfg(unix)]
fn write_all_at(file: &File, octets: &[u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, octets, at)
}

#[cfg(windows)]
fn write_all_at(file: &File, mut octets: &[u8], mut at: u64) -> io::Result<()> {
    while !octets.is_empty() {
        match std::os::windows::fs::FileExt::seek_write(file, octets, at) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => (octets, at) = (&octets[n..], at + n as u64),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Span;

    fn octets(source: &Source, at: u64, len: u32) -> Vec<u8> {
        let mut out = Vec::new();
        source.read_span(Span::new(at, len), &mut out).unwrap();
        out
    }

    #[test]
    fn a_spool_grows_and_completes() {
        let spool = Source::spool("pipe").unwrap();
        assert!(spool.is_empty() && !spool.is_complete());
        spool.append(b"abc").unwrap();
        spool.append(b"defg").unwrap();
        assert_eq!((spool.len(), octets(&spool, 2, 3)), (7, b"cde".to_vec()));
        assert_eq!(octets(&spool, 5, 9), b"fg");
        assert_eq!(octets(&spool, u64::MAX - 3, 9), b"");
        spool.break_off("first".into());
        spool.break_off("second".into());
        assert!(spool.is_complete());
        assert_eq!(spool.damage(), Some("first"));
    }

    #[test]
    fn a_followed_file_grows_under_its_reader() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let source = Source::followed(file.reopen().unwrap(), "live");
        assert_eq!(octets(&source, 0, 9), b"");
        io::Write::write_all(&mut file, b"abc").unwrap();
        assert_eq!((source.len(), octets(&source, 1, 9)), (3, b"bc".to_vec()));
        assert!(!source.is_complete());
        assert!(source.append(b"x").is_err());
    }

    #[test]
    fn offsets_no_file_has() {
        let file = tempfile::tempfile().unwrap();
        assert_eq!(Source::finished(file, 0, "f").read_at(u64::MAX, &mut [0; 4]).unwrap(), 0);
    }
}
