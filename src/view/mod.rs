//! Models of what is shown, made from a snapshot; the window and the command line paint them.
//!
//! Nothing here paints, waits or writes. A [`FrameView`] is one frame with the octets that are needed to show it; the
//! bit grid, the field tree and the hex dump are made from it, so the three always agree.

pub use crate::dissect::Octets;

mod bit_grid;
mod close_story;
mod compression;
mod deflate;
mod field_tree;
mod frame;
mod handshake;
mod hex;
mod inflated;
mod meaning;
mod message;
mod payload;
mod round_trips;
mod rows;
mod segments;
mod timeline;
mod words;

pub use bit_grid::{BitGrid, Boundary, Cell, Content, Glyph, GridRow};
pub use close_story::close_story;
pub use compression::{compression_saving, compression_summary, not_inflated};
pub use deflate::{DeflateParameter, deflate_parameters};
pub use field_tree::{TreeRow, field_tree};
pub use frame::{FrameView, SegmentMark};
pub use handshake::{AcceptSteps, HandshakeView, HeadView, NegotiationRow, handshake_view};
pub use hex::{HexForm, HexOctet, HexRow, hex_len, hex_rows, inflated_rows};
pub use inflated::{INFLATED_WINDOW, InflatedView, expanded, ratio};
pub use meaning::{count, duration, frame_title, length, meaning, value_text};
pub use message::message_payload;
pub use payload::{MAX_INDENTED, PayloadKind, PayloadText, inflated_text, payload_text, printable};
pub use round_trips::{Answer, PingView, RoundTripSummary, RoundTrips, TimeAxis, axis_label};
pub use rows::{
    CloseSummary, ConnectionRow, FrameRow, MessageRow, MessageState, Preview, close_summary, connection_row,
    frame_preview, frame_row, inflated_preview, message_row, message_state,
};
pub use segments::{SegmentRow, segment_rows};
pub use timeline::{Bin, Timeline};
pub use words::Words;
