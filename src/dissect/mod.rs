//! The dissector: the only module that knows every protocol, and the owner of all state.
//!
//! ```text
//!   packet ─▶ Dissector ─▶ net::Decoder ─▶ segment ─▶ one FlowState a TCP connection
//!                                                       Assembler × 2 ─▶ chunks, in order
//!                                                       HttpReader × 2 ─▶ heads ─▶ handshake
//!                                                       Deframer × 2   ─▶ frames, messages
//!                                                            │
//!                                                            ▼
//!                                                          Index ── snapshot() ─▶ Snapshot
//!                                                            ▲
//!                          judge_payloads() ─▶ payloads ─────┘   a second pass: what needs more than headers
//! ```
//!
//! A [`Dissector`] is a plain value with `push`; a [`Session`] feeds it from a capture file. One writer owns it, readers
//! take a [`Snapshot`], which costs next to nothing and never changes.

mod backlog;
mod closing;
mod connection;
mod conversation;
mod cut;
mod decisions;
mod dissector;
mod encrypted;
mod finding;
mod flow;
mod flows;
mod forced;
mod frames;
mod guess;
mod handshake;
mod index;
mod inflated;
mod lane;
mod octets;
mod others;
mod overlap;
mod payloads;
mod record;
mod resync;
mod seek;
mod session;
mod snapshot;
mod unsettled;

pub use backlog::MAX_BACKLOG;
pub use connection::{
    CloseRecord, Connection, Deflated, End, HandshakeState, HeadPlace, Recognition, TcpEnd, Transport,
};
pub use conversation::common_timeout;
pub use decisions::{Decision, Decisions};
pub use dissector::Dissector;
pub use finding::FindingRecord;
pub use handshake::MAX_KEPT_TEXT;
pub use index::{MAX_ROWS, Totals};
pub use inflated::{InflateWish, Inflated, InflatedPart, Inflation, MAX_INFLATED, max_inflated, set_max_inflated};
pub use octets::Octets;
pub use others::{Other, Others};
pub use payloads::{Crew, Job, SpareInflater};
pub use record::FrameRecord;
pub use session::{Progress, Session};
pub use snapshot::{Message, Segment, Snapshot};
