//! Captures that were sniffed and that nobody has saved yet.
//!
//! They are in a folder of the user's, so that a crash loses none: the window holds a lock on each while it shows it, and
//! what nobody holds a lock on is offered at the next start.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::base::Timestamp;

/// A capture in that folder, which this process holds a lock on.
#[derive(Debug)]
pub struct Unsaved {
    path: PathBuf,
    /// Released when it is dropped, or when this process ends, however that ends.
    _lock: File,
}

/// The folder: `$XDG_STATE_HOME/framescope/captures`.
pub fn folder() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let state = set("XDG_STATE_HOME").or_else(|| set("HOME").map(|home| home.join(".local/state")));
    state.unwrap_or_else(std::env::temp_dir).join("framescope").join("captures")
}

impl Unsaved {
    /// A new, empty one of an interface that is sniffed from `now` on.
    ///
    /// # Errors
    /// Fails with the operating system's error.
    pub fn create(folder: &Path, interface: &str, now: Timestamp) -> io::Result<Unsaved> {
        make(folder)?;
        let plain = |it: char| if it.is_alphanumeric() || "-_.".contains(it) { it } else { '_' };
        let interface: String = interface.chars().map(plain).collect();
        let time: String = now.to_string().chars().take(19).map(|it| if it == ':' { '.' } else { it }).collect();
        for number in 1.. {
            let more = if number == 1 { String::new() } else { format!(" ({number})") };
            let path = folder.join(format!("{interface} {time}{more}.pcapng"));
            let mut options = File::options();
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            match options.write(true).create_new(true).open(&path) {
                Ok(_) => return Unsaved::hold(path),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// One that is there and that nobody else holds.
    ///
    /// # Errors
    /// Fails with the operating system's error; with [`io::ErrorKind::WouldBlock`] if another window shows it.
    pub fn hold(path: PathBuf) -> io::Result<Unsaved> {
        let lock = File::open(&path)?;
        lock.try_lock()?;
        Ok(Unsaved { path, _lock: lock })
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its name.
    pub fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Deletes it.
    ///
    /// # Errors
    /// Fails with the operating system's error.
    pub fn discard(self) -> io::Result<()> {
        std::fs::remove_file(&self.path)
    }
}

#[cfg(unix)]
fn make(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    // What was sniffed is nobody else's business.
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)
}

/// The captures that nobody has saved and nobody shows, the newest first, with their sizes in octets. Empty ones are
/// deleted: nothing was sniffed.
pub fn left_over(folder: &Path) -> Vec<(PathBuf, u64)> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let captures = entries.filter_map(Result::ok).map(|entry| entry.path());
    let captures = captures.filter(|path| path.extension().is_some_and(|extension| extension == "pcapng"));
    let mut found = Vec::new();
    for path in captures {
        let Ok(held) = Unsaved::hold(path) else { continue };
        match std::fs::metadata(&held.path) {
            Ok(metadata) if metadata.len() == 0 => _ = held.discard(),
            Ok(metadata) => found.push((metadata.modified().ok(), held.path, metadata.len())),
            Err(_) => {}
        }
    }
    found.sort_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, path, len)| (path, len)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_holds_is_left_over() {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join("a/b");
        assert!(left_over(&folder).is_empty());
        let now = Timestamp(1_700_000_000_000_000_000);
        let unsaved = Unsaved::create(&folder, "br/0", now).unwrap();
        let second = Unsaved::create(&folder, "br/0", now).unwrap();
        assert_eq!(unsaved.name(), "br_0 2023-11-14T22.13.20.pcapng");
        assert_eq!(second.name(), "br_0 2023-11-14T22.13.20 (2).pcapng");
        std::fs::write(unsaved.path(), b"octets").unwrap();
        assert!(left_over(&folder).is_empty(), "both are shown");
        let path = unsaved.path().to_owned();
        assert!(Unsaved::hold(path.clone()).is_err());
        drop((unsaved, second));
        assert_eq!(left_over(&folder), [(path.clone(), 6)]);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "the empty one is gone");
        Unsaved::hold(path).unwrap().discard().unwrap();
        assert!(left_over(&folder).is_empty());
    }
}
