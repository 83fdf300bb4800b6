//! Sniffing from the window: choosing an interface, the process that sniffs, and captures that nobody has saved yet.
//!
//! ```text
//!   picker     which interface, which filter, which limits, and what to do without rights
//!   recording  the process at work; progress: in numbers, with buttons
//!   unsaved    where its captures are until somebody saves them
//!   sniffing   the state of it all, and what commands do to it
//! ```

mod options;
mod picker;
mod progress;
mod recording;
mod sniffing;
mod unsaved;

pub use picker::{Picker, picker_ui};
pub use progress::{recording_ui, tools_ui};
pub use recording::Recording;
pub use sniffing::{News, Sniffing};
pub use unsaved::{Unsaved, folder, left_over};
