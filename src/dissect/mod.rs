//! The dissector: the only module that knows every protocol, and the owner of all state.
//!
//! ```text
//!   packet ─▶ fast ── the next one of something settled ──────────────────────────────────┐
//!              │                                                                          │
//!              ▼ anything else                                                            ▼
//!           table ─▶ followed: flow ─▶ (layer ─▶) channel: opening ── frames begin ─▶ websocket
//!                    one TCP connection          one carrier  │                           │
//!                                                             ▼                           ▼
//!                                                           index: rows, records, findings ── snapshot() ─▶ Snapshot
//!                                                             ▲                                                │
//!                              judge_payloads() ─▶ payload ───┘          what is looked at: payload ─▶ carrier ◀┘
//! ```
//!
//! | room | what it owns | what it knows |
//! |---|---|---|
//! | `flow` | both directions of a TCP connection in order, with their gaps and ends | TCP alone |
//! | `carrier` | a pair of streams as readers see it: their octets, and the way home to spans and packets | what a stream offset is a place in |
//! | `opening` | how a WebSocket begins: one enum, and one table of its transitions (`Opening::step`) | HTTP, and what frames look like |
//! | `websocket` | two senders, from octets to frames and messages, and their conversation | RFC 6455 §5 to §7 |
//! | `payload` | the octets of messages: judged as they come, inflated when somebody looks | DEFLATE, UTF-8 |
//! | `index` | records, rows, findings, and the snapshot of them | what the others found |
//!
//! None of them calls another: `channel` and `followed` know the order of the stages, `table` what is kept of each TCP
//! connection, and `fast` the one short way past all of that. A stage takes an event, and returns what follows from it or
//! writes it into the index.
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
pub use index::inflate_limit::{InflateLimit, MAX_INFLATED};
pub use index::inflated_room::{InflatedRoom, InflatedStore, MAX_KEPT_INFLATED};
pub use index::record::FrameRecord;
pub use index::snapshot::{FrameSegment, Message, Snapshot};
pub use index::{MAX_ROWS, Totals};
pub use opening::decisions::{Decisions, UserDecision};
pub use opening::exchange::MAX_KEPT_TEXT;
pub use others::{Other, Others};
pub use payload::on_demand::{InflateWish, Inflated, InflatedPart, Inflation, agreed_compression};
pub use payload::reader::MessageReader;
pub use payload::{InflatePool, Job, KeptMessages, SpareInflater};
pub use session::{Progress, ReadOptions, Session};
pub use websocket::ending::common_timeout;

#[cfg(test)]
mod layered;
