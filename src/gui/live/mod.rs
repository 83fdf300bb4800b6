//! Sniffing from the window: choosing an interface, the process that sniffs, and captures that nobody has saved yet.
//!
//! ```text
//!   picker     which interface, which filter, which limits, and what to do without rights
//!   recording  the process at work, in numbers           unsaved   where its captures are until somebody saves them
//! ```

mod desk;
mod options;
mod picker;
mod recording;
mod unsaved;

pub use desk::{LiveDesk, News};
pub use picker::{Picker, picker_ui};
pub use recording::{Recording, recording_ui, tools_ui};
pub use unsaved::{Unsaved, folder, left_over};
