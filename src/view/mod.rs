//! Models of what is shown, made from a snapshot; the window and the command line paint them.
//!
//! Nothing here paints, waits or writes. A [`FrameView`] is one frame with the octets that are needed to show it; the
//! bit grid, the field tree and the hex dump are made from it, so the three always agree.

mod bit_grid;
mod field_tree;
mod frame;
mod handshake;
mod hex;
mod meaning;
mod payload;

pub use bit_grid::{BitGrid, Boundary, Cell, Content, Glyph, GridRow};
pub use field_tree::{TreeRow, field_tree};
pub use frame::{FrameView, Octets, SegmentMark};
pub use handshake::{AcceptSteps, HandshakeView, HeadView, Negotiated};
pub use hex::{HexForm, HexOctet, HexRow, hex_len, hex_rows};
pub use meaning::{count, frame_title, length, meaning, value_text};
pub use payload::{PayloadKind, PayloadText, payload_text, printable};
