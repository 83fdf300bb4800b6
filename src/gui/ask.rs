//! Errands that are not to hold up the window: the desktop's file dialogs, and copying a capture.

use std::path::PathBuf;

use crate::background::{Desk, Errands};

/// An errand under way, whose answer comes once. Dropping it gives the answer up.
pub type Awaited<A> = Desk<Errands<A>>;

fn awaited<A: Send + 'static>(
    name: &str,
    wake: impl Fn() + Send + 'static,
    errand: impl FnOnce() -> A + Send + 'static,
) -> Awaited<A> {
    let mut desk = Desk::start(name, Errands::default(), wake);
    desk.ask(Box::new(errand));
    desk
}

/// Asks the user for a capture file, by the desktop's dialog. The answer is `None` at once where there is no such
/// dialog.
pub fn ask_for_file(wake: impl Fn() + Send + 'static) -> Awaited<Option<PathBuf>> {
    awaited("file dialog", wake, || {
        let dialog = rfd::FileDialog::new()
            .set_title("Open a capture")
            .add_filter("Captures", &["pcap", "pcapng", "cap", "gz", "zst"])
            .add_filter("All files", &["*"]);
        dialog.pick_file()
    })
}

/// Asks the user where to save a capture that is to be called `name`. The answer is `None` at once where there is no such
/// dialog.
#[cfg(feature = "live")]
pub fn ask_where_to_save(name: String, wake: impl Fn() + Send + 'static) -> Awaited<Option<PathBuf>> {
    awaited("file dialog", wake, move || {
        let dialog = rfd::FileDialog::new().set_title("Save the capture").set_file_name(name);
        dialog.save_file()
    })
}

/// Copies a capture. The answer is its new path, or what went wrong.
#[cfg(feature = "live")]
pub fn copy(from: PathBuf, to: PathBuf, wake: impl Fn() + Send + 'static) -> Awaited<Result<PathBuf, String>> {
    awaited("save", wake, move || {
        let copied = std::fs::copy(&from, &to).map(drop).map_err(|error| format!("{}: {error}", to.display()));
        copied.map(|()| to)
    })
}
