//! The window: paints `view::` models, never parses.
//!
//! ```text
//!   app ─▶ window             eframe around a value that tests drive; settings: what is kept
//!   worker  search            the threads: one reads the capture, one finds the rows that are wanted,
//!   inflating  previews       and two inflate what is shown of compressed messages: the selected one, and rows in sight
//!   command                   everything the user can do: text, tooltip, shortcut; window applies it
//!   toolbar  start  dialogs   opening, filtering, help                  opened: the capture that is open
//!   ask  treat                file dialogs; the dialog in which a TCP connection is read as a WebSocket
//!   live                      sniffing: the dialog, the process at work, captures that nobody has saved
//!   connections  table        the lists                                 status: timeline, progress, counts
//!   details                   tabs about the selected row:
//!   diagram  tree  hex          three panes of one frame, linked by the selection
//!   payload  handshake          the other tabs; deflate: the parameters of compression
//!   selection, rows, explain  what panes share: one selection, integer-addressed rows, tooltips; split: lines to drag
//!   theme, fonts, marks, text what everything looks like: colours, sizes, painted shapes, numbers
//! ```
//!
//! A panel is `fn x_ui(ui, …, &mut its state) -> Option<Command>`, a pane of a frame returns a [`PaneCommand`]: state goes
//! in, a wish comes out, and the window fulfils it. Call [`install`] once, before the first frame.

pub mod app;
pub mod ask;
pub mod command;
pub mod connections;
pub mod deflate;
pub mod details;
pub mod diagram;
pub mod dialogs;
pub mod empty;
pub mod explain;
mod filling;
pub mod fonts;
pub mod handshake;
pub mod hex;
pub mod inflating;
#[cfg(feature = "live")]
pub mod live;
pub mod marks;
pub mod opened;
pub mod payload;
pub mod previews;
pub mod round_trips;
pub mod rows;
pub mod samples;
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
pub mod worker;

pub use app::run;
pub use selection::Selection;
pub use window::Window;

use std::ops::Range;

use crate::base::{FrameId, PacketId};

/// What a pane asks the window to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaneCommand {
    /// Show the hex dump of the frame.
    OpenHex,
    /// Show the hex dump of the frame as it was sent.
    OpenWire,
    /// Read at least so many octets of the frame's payload into its `FrameView`, and paint again.
    ReadPayload(u64),
    /// Show the packet that brought a segment.
    OpenPacket(PacketId),
    /// The connection, which was recognised without a handshake, is a WebSocket.
    Confirm,
    /// It is none.
    Reject,
    /// Show another frame of the message, and octets of its payload with what they inflate to selected.
    OpenFrame {
        /// The frame.
        frame: FrameId,
        /// Octets of its payload.
        payload: Range<u64>,
        /// Octets of what the message inflates to.
        plain: Range<u64>,
    },
    /// End the inflating that is under way.
    StopInflating,
    /// Inflate after all.
    GoOnInflating,
    /// Inflate this message further than others.
    InflateFurther,
}

/// Gives `ctx` the fonts and both themes. Once, before the first frame.
pub fn install(ctx: &egui::Context) {
    fonts::install(ctx);
    theme::apply(ctx);
}
