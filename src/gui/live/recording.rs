//! The process that sniffs what is shown.

use std::io;
use std::path::Path;

use super::Unsaved;
use crate::base::Timestamp;
use crate::capture::live::{Child, Start, State};
use crate::gui::input::Input;

/// The process that sniffs what is shown.
#[derive(Debug)]
pub struct Recording {
    child: Child,
    /// The choice that it was started with.
    pub start: Start,
}

impl Recording {
    /// Starts to sniff into a new unsaved capture.
    ///
    /// # Errors
    /// One line that says why not.
    pub fn start(
        start: Start,
        folder: &Path,
        now: Timestamp,
        wake: impl Fn() + Send + 'static,
    ) -> Result<(Recording, Unsaved, Input), String> {
        let say = |error: io::Error| format!("{}: the capture cannot be written: {error}", folder.display());
        let unsaved = Unsaved::create(folder, &start.wanted.interface, now).map_err(say)?;
        let child = Child::start(&start, unsaved.path(), wake).map_err(|error| error.to_string())?;
        let input =
            Input::Growing { source: child.source().clone(), name: format!("{} (live)", start.wanted.interface) };
        Ok((Recording { child, start }, unsaved, input))
    }

    /// Returns what is known of it.
    pub fn state(&self) -> State {
        self.child.state()
    }

    /// Returns whether it sniffs, or is about to.
    pub fn is_running(&self) -> bool {
        self.state().is_running()
    }

    /// Asks it to end.
    pub fn stop(&mut self) {
        self.child.stop();
    }
}
