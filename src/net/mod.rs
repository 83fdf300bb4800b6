//! From packets to ordered TCP streams: link layers, IP, TCP, reassembly.
//!
//! ```text
//!  packet ─▶ Decoder    link layer → IP (fragments joined) → TCP → which flow      ─▶ Segment
//!            Assembler  one per direction: order, retransmission, overlap, loss    ─▶ StreamEvent
//!            ByteStream one per direction: stream offset → spans of the capture
//! ```
//!
//! Everything here is a total function of octets somebody else wrote: no error, no panic, no memory by a length the
//! wire claims. What does not fit is counted and named ([`NetStats`], [`Ignored`]).

mod assembler;
mod byte_stream;
mod decoder;
mod endpoint_pair;
mod event;
mod flows;
mod fragments;
mod ip;
mod link;
mod outcome;
mod plain;
mod recent_flows;
mod reorder_queue;
mod segment;
mod stop;

pub use assembler::{Assembler, Ignored, PATIENCE_NANOSECONDS, PATIENCE_SEGMENTS};
pub use byte_stream::{ByteStream, KeptStream, StreamSpan, StreamView, StreamWalk};
pub use decoder::Decoder;
pub use event::{End, GapCause, StreamEvent};
pub use outcome::{NetStats, Outcome};
pub use reorder_queue::{MAX_QUEUED_OCTETS, MAX_QUEUED_PIECES};
pub use segment::{Direction, Endpoint, Flow, Pieces, Segment, SegmentPiece, TcpFlags, Way, WholeSegment};
pub use stop::{Layer, Malformed, Problem, Unsupported};
