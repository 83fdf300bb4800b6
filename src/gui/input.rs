//! Captures to be read: files, pipes, what is being sniffed, octets in memory.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::capture::Source;
use crate::dissect::Session;

/// A capture to be read.
#[derive(Clone, Debug)]
pub enum Input {
    /// A file, or a path that is a pipe.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// A capture that somebody still appends to.
    Growing {
        /// The capture.
        source: Arc<Source>,
        /// The name that people see.
        name: String,
    },
    /// Octets in memory.
    Octets {
        /// The capture.
        octets: Vec<u8>,
        /// The name that people see.
        name: String,
    },
}

impl Input {
    /// Returns whether it may still grow while it is shown.
    pub fn is_stream(&self) -> bool {
        matches!(self, Input::Stdin | Input::Growing { .. })
    }

    /// Begins to read it.
    ///
    /// # Errors
    /// Fails with the reason, for the user.
    pub fn open(self) -> Result<Session, String> {
        match self {
            Input::File(path) => Session::open(&path).map_err(|error| error.to_string()),
            Input::Stdin => {
                Session::open_stream(Box::new(io::stdin()), "standard input").map_err(|error| error.to_string())
            }
            Input::Growing { source, .. } => Ok(Session::new(source, None)),
            Input::Octets { octets, name } => Ok(Session::new(Arc::new(Source::from_octets(octets, &name)), None)),
        }
    }
}

/// Returns why `path` cannot be opened, as far as a look at its first octets tells; a pipe is not looked into.
pub fn refused(path: &Path) -> Option<String> {
    let is_pipe = std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir());
    if is_pipe { None } else { crate::capture::open(path).err().map(|error| error.to_string()) }
}
