//! The window: paints `view::` models, never parses.
//!
//! ```text
//!   app ─▶ window             eframe around a value that tests drive; settings: what is kept
//!   reading  search           work on desks in the background: reading the capture, finding the rows that are wanted,
//!   inflating  previews       and inflating what is shown of compressed messages: the selected one, and rows in sight
//!   command                   everything the user can do: words, tooltip, key; window::apply does it; button: a button for it
//!   opened                    the capture that is open, and what the user looks at in it; history: what was selected before
//!   toolbar  start  dialogs   opening, filtering, help
//!   ask  treat  go_to         file dialogs; reading a TCP connection as a WebSocket; going to a row by its number
//!   live                      sniffing: the dialog, the process at work, captures that nobody has saved
//!   connections  table        the lists                                 status: timeline, progress, counts
//!   pane                      F6, Tab and the arrows: parts of the window that keys lead to as one
//!   details                   tabs about the selected row:
//!   diagram  tree  hex          three panes of one frame, linked by the selection
//!   payload  handshake          the other tabs; deflate: the parameters of compression; payloads become text in the background
//!   selection, rows, explain  what panes share: one selection, integer-addressed rows, tooltips; split: lines to drag;
//!                             scroll: how far a pane is scrolled belongs to what it shows
//!   theme, fonts, marks, text what everything looks like: colours, sizes, painted shapes, numbers; words: the language
//! ```
//!
//! A panel is `fn x_ui(ui, …, &mut its state) -> Option<Command>`: state goes in, a [`command::Command`] comes out, and
//! [`Window::apply`] is the one function that does what it says. States stand in files that paint nothing: [`opened`] holds
//! them, and panels are handed what they paint. Call [`install`] once, before the first frame.

pub mod app;
pub mod ask;
pub mod button;
pub mod command;
pub mod connections;
pub mod deflate;
pub mod details;
pub mod diagram;
pub mod dialogs;
pub mod empty;
pub mod explain;
pub mod fonts;
pub mod go_to;
pub mod handshake;
pub mod hex;
pub mod history;
mod inflated_views;
pub mod inflating;
pub mod input;
#[cfg(feature = "live")]
pub mod live;
pub mod marks;
pub mod opened;
pub mod pane;
pub mod payload;
pub mod previews;
pub mod reading;
pub mod round_trips;
pub mod rows;
pub mod samples;
pub mod scroll;
pub mod search;
pub mod selection;
pub mod settings;
pub mod split;
pub mod start;
pub mod status;
pub mod table;
pub mod text;
pub mod theme;
pub mod toolbar;
pub mod treat;
pub mod tree;
pub mod window;
pub mod words;

pub use app::run;
pub use selection::Selection;
pub use window::Window;

/// Tells the user that work in the background panicked.
const MISTAKE: &str = "Framescope made a mistake there; please report it";

/// Gives `ctx` the fonts and both themes. Once, before the first frame.
pub fn install(ctx: &egui::Context) {
    fonts::install(ctx);
    theme::apply(ctx);
}
