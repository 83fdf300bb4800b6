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

mod carrier;
mod channel;
mod dissector;
mod fast;
mod flow;
mod followed;
mod index;
mod opening;
mod others;
mod payload;
mod session;
mod table;
mod websocket;

pub use crate::net::End;
pub use carrier::Octets;
pub use dissector::Dissector;
pub use fast::Run;
pub use flow::backlog::MAX_BACKLOG;
pub use index::connection::{
    CloseRecord, Connection, Deflated, HandshakeState, HeadPlace, Recognition, TcpEnd, Transport,
};
pub use index::finding::FindingRecord;
pub use index::record::FrameRecord;
pub use index::snapshot::{Message, Segment, Snapshot};
pub use index::{MAX_ROWS, Totals};
pub use opening::decisions::{Decision, Decisions};
pub use opening::exchange::MAX_KEPT_TEXT;
pub use others::{Other, Others};
pub use payload::on_demand::{
    InflateWish, Inflated, InflatedPart, Inflation, MAX_INFLATED, max_inflated, set_max_inflated,
};
pub use payload::{InflatePool, Job, SpareInflater};
pub use session::{Progress, Session};
pub use websocket::ending::common_timeout;

#[cfg(test)]
mod layered;
