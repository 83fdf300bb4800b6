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
mod event;
mod flows;
mod fragments;
mod held;
mod ip;
mod lately;
mod link;
mod outcome;
mod pair;
mod plain;
mod segment;
mod stop;

pub use assembler::{Assembler, Ignored, PATIENCE_NANOSECONDS, PATIENCE_SEGMENTS};
pub use byte_stream::{ByteStream, KeptStream, StreamSpan, StreamView, StreamWalk};
pub use decoder::Decoder;
pub use event::{End, GapCause, StreamEvent};
pub use held::{MAX_HELD_OCTETS, MAX_HELD_PIECES};
pub use outcome::{NetStats, Outcome};
pub use segment::{Direction, Endpoint, Flow, Pieces, Segment, SegmentPiece, TcpFlags, Way, WholeSegment};
pub use stop::{Layer, Malformed, Problem, Unsupported};
