//! What takes a moment and is not to hold up the window: the desktop's file dialogs, and copying a capture.

use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver};

use super::worker::in_background;

/// Asks the user for a capture file, by the desktop's dialog. The answer is `None` at once where there is no such
/// dialog.
pub fn ask_for_file(wake: impl Fn() + Send + 'static) -> Receiver<Option<PathBuf>> {
    let (answer, receiver) = mpsc::channel();
    in_background("file dialog", move || {
        let dialog = rfd::FileDialog::new()
            .set_title("Open a capture")
            .add_filter("Captures", &["pcap", "pcapng", "cap", "gz", "zst"])
            .add_filter("All files", &["*"]);
        // The window may have been closed meanwhile.
        let _ = answer.send(dialog.pick_file());
        wake();
    });
    receiver
}

/// Asks the user where to save a capture that is to be called `name`. The answer is `None` at once where there is no such
/// dialog.
#[cfg(feature = "live")]
pub fn ask_where_to_save(name: String, wake: impl Fn() + Send + 'static) -> Receiver<Option<PathBuf>> {
    let (answer, receiver) = mpsc::channel();
    in_background("file dialog", move || {
        let dialog = rfd::FileDialog::new().set_title("Save the capture").set_file_name(name);
        // The window may have been closed meanwhile.
        let _ = answer.send(dialog.save_file());
        wake();
    });
    receiver
}

/// Copies a capture. The answer is its new path, or what went wrong.
#[cfg(feature = "live")]
pub fn copy(from: PathBuf, to: PathBuf, wake: impl Fn() + Send + 'static) -> Receiver<Result<PathBuf, String>> {
    let (answer, receiver) = mpsc::channel();
    in_background("save", move || {
        let copied = std::fs::copy(&from, &to).map(drop).map_err(|error| format!("{}: {error}", to.display()));
        // The window may have been closed meanwhile.
        let _ = answer.send(copied.map(|()| to));
        wake();
    });
    receiver
}
