//! Opening captures, and saying why it cannot be done.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use super::filler::Filler;
use super::layout;
use super::look_alike::{self, ANY_CAPTURE};
use super::packing::Packing;
use super::source::Source;

/// First octets that are enough to say what a file is.
const HEAD: u64 = 64;

/// Why a capture cannot be opened: one line that says what is wrong and what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no such file.
    #[error("{name}: there is no such file")]
    NotFound {
        /// Its path.
        name: String,
    },
    /// It is a directory.
    #[error("{name}: this is a directory; open a capture file in it")]
    Directory {
        /// Its path.
        name: String,
    },
    /// The user may not read it.
    #[error("{name}: you may not read this file; change its permissions or copy it as a user who may")]
    Permission {
        /// Its path.
        name: String,
    },
    /// It has no octets at all.
    #[error("{name}: the file is empty; the program that captured may have been stopped before it wrote anything")]
    Empty {
        /// Its path.
        name: String,
    },
    /// It is something else.
    #[error("{name}: not a capture: starts with '{starts_with}'{what}; {advice}")]
    NotACapture {
        /// Its path, or what the pipe is called.
        name: String,
        /// Its first octets, those that are no letters escaped.
        starts_with: String,
        /// Its probable kind, in brackets; empty where nobody knows.
        what: String,
        /// Advice for the user.
        advice: &'static str,
    },
    /// The temporary file for a pipe or a compressed file cannot be made.
    #[error("cannot make a temporary file for {name} (TMPDIR chooses the directory): {error}")]
    Spool {
        /// The name of the file or pipe.
        name: String,
        /// The error of the operating system.
        error: io::Error,
    },
    /// Something else.
    #[error("{name}: {error}")]
    Io {
        /// Its path.
        name: String,
        /// The error of the operating system.
        error: io::Error,
    },
}

impl OpenError {
    /// Says what something is whose first octets are `head`, which are no capture's.
    pub(super) fn judge(name: &str, head: &[u8]) -> OpenError {
        let name = name.to_owned();
        if head.is_empty() {
            return OpenError::Empty { name };
        }
        let head = &head[..head.len().min(HEAD as usize)];
        let starts_with = head[..head.len().min(4)].escape_ascii().to_string();
        match look_alike::recognise(head) {
            Some(it) => {
                OpenError::NotACapture { name, starts_with, what: format!(" ({})", it.what), advice: it.advice }
            }
            None => OpenError::NotACapture { name, starts_with, what: String::new(), advice: ANY_CAPTURE },
        }
    }

    fn of(name: &str, error: io::Error) -> OpenError {
        let name = name.to_owned();
        match error.kind() {
            io::ErrorKind::NotFound => OpenError::NotFound { name },
            io::ErrorKind::IsADirectory => OpenError::Directory { name },
            io::ErrorKind::PermissionDenied => OpenError::Permission { name },
            _ => OpenError::Io { name, error },
        }
    }
}

/// Opens a capture. A plain file is ready; what is compressed, and a path that is a pipe (`/dev/stdin`, a FIFO, the shell's
/// `<(…)`), comes with a [`Filler`] that has to be pumped.
///
/// # Errors
/// [`OpenError`]. Whether a pipe brings a capture is only known later: [`super::ReadError::NotACapture`].
pub fn open(path: &Path) -> Result<(Arc<Source>, Option<Filler>), OpenError> {
    let name = &path.display().to_string();
    let failed = |error| OpenError::of(name, error);
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if metadata.is_dir() {
        return Err(OpenError::Directory { name: name.clone() });
    }
    let file = File::open(path).map_err(failed)?;
    if !metadata.is_file() {
        return open_stream(Box::new(file), name).map(|(source, filler)| (source, Some(filler)));
    }
    let mut head = Vec::new();
    (&file).take(HEAD).read_to_end(&mut head).map_err(failed)?;
    if Packing::recognise(&head) != Packing::Plain {
        // The file's own position is behind the head now; the filler shall see all of it.
        let whole = File::open(path).map_err(failed)?;
        return open_stream(Box::new(whole), name).map(|(source, filler)| (source, Some(filler)));
    }
    if !layout::is_capture(&head) {
        return Err(OpenError::judge(name, &head));
    }
    Ok((Arc::new(Source::finished(file, metadata.len(), name)), None))
}

/// Opens a pipe, which may bring a capture that is compressed with gzip or zstd. `name` is what people call it.
///
/// # Errors
/// [`OpenError::Spool`]. Nothing is read yet: [`super::ReadError::NotACapture`] tells whether it is a capture.
pub fn open_stream(input: Box<dyn Read + Send>, name: &str) -> Result<(Arc<Source>, Filler), OpenError> {
    let spool = Source::spool(name).map_err(|error| OpenError::Spool { name: name.to_owned(), error })?;
    let source = Arc::new(spool);
    Ok((source.clone(), Filler::new(source, input)))
}

/// Opens a file that another program still appends to; it may be empty as yet. [`Source::set_complete`] ends it.
///
/// # Errors
/// [`OpenError`]. Whether it is a capture is only known when it has octets: [`super::ReadError::NotACapture`].
pub fn follow(path: &Path) -> Result<Arc<Source>, OpenError> {
    let name = &path.display().to_string();
    let file = File::open(path).map_err(|error| OpenError::of(name, error))?;
    let metadata = file.metadata().map_err(|error| OpenError::of(name, error))?;
    if metadata.is_dir() {
        return Err(OpenError::Directory { name: name.clone() });
    }
    Ok(Arc::new(Source::followed(file, name)))
}

#[cfg(test)]
mod tests {
    use super::super::Reader;
    use super::super::byte_order::ByteOrder;
    use super::super::testing;
    use super::*;

    fn error(name: &str, octets: &[u8]) -> String {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(name);
        std::fs::write(&path, octets).unwrap();
        let text = open(&path).unwrap_err().to_string();
        text.strip_prefix(directory.path().to_str().unwrap()).unwrap()[1..].to_owned()
    }

    #[test]
    fn errors_say_what_is_wrong_and_what_to_do() {
        assert_eq!(
            error("a.pcap", b"PK\x03\x04\x14\0"),
            "a.pcap: not a capture: starts with 'PK\\x03\\x04' (a ZIP file); unpack it and open the capture inside"
        );
        assert_eq!(
            error("b.bin", &[0, 1, 2]),
            "b.bin: not a capture: starts with '\\x00\\x01\\x02'; \
             open a pcap or pcapng file, plain or compressed with gzip or zstd"
        );
        assert!(error("c.pcap", b"").starts_with("c.pcap: the file is empty"));
    }

    #[test]
    fn plain_and_compressed_files_hold_the_same() {
        let mut file = testing::Writer::new(ByteOrder::Little);
        file.pcap_header(0xa1b2_c3d4, 1);
        file.pcap_packet(&testing::packet(0, b"first"), 1_000);
        file.pcap_packet(&testing::packet(0, &[b'x'; 10_000]), 1_000);
        let plain = file.octets;
        let gzip = testing::gzip(&plain);
        let cut = &gzip[..gzip.len() - 1];
        for (name, octets, fills, damaged) in [
            ("a.pcap", &plain[..], false, false),
            ("a.pcap.gz", &gzip, true, false),
            ("a.pcap.zst", &testing::zstd(&plain), true, false),
            ("cut.pcap.gz", cut, true, true),
        ] {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join(name);
            std::fs::write(&path, octets).unwrap();
            let (source, filler) = open(&path).unwrap();
            assert_eq!(filler.is_some(), fills);
            if let Some(mut filler) = filler {
                while filler.pump().unwrap() {}
            }
            assert_eq!(source.name(), path.to_str().unwrap());
            let mut reader = Reader::new(source);
            let packets = testing::drain(&mut reader).unwrap();
            assert_eq!(packets.iter().map(|(_, octets)| octets.len()).collect::<Vec<_>>(), [5, 10_000]);
            assert_eq!(reader.damage().is_some(), damaged);
        }
    }

    #[test]
    fn what_is_no_file() {
        let directory = tempfile::tempdir().unwrap();
        assert!(matches!(open(directory.path()), Err(OpenError::Directory { .. })));
        assert!(matches!(follow(directory.path()), Err(OpenError::Directory { .. })));
        let missing = directory.path().join("missing.pcap");
        assert!(matches!(open(&missing), Err(OpenError::NotFound { .. })));
        assert!(matches!(follow(&missing), Err(OpenError::NotFound { .. })));
    }
}
