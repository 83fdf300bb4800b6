//! Framescope shows every bit of every WebSocket frame.
//!
//! A capture file is a stream of octets; Framescope keeps an index over it and paints what you look at.
//!
//! ```text
//!  file │ pipe │ network card
//!    │  capture     blocks of a pcap or pcapng file, read with plain positioned reads   → Packet
//!    ▼
//!   net             link, IP (fragments joined), TCP                                    → Segment
//!    │  assembler   order, retransmission, overlap, loss                                → StreamEvent
//!    ▼
//!   ByteStream      one per direction: stream offset → spans of the capture; never copies
//!    ├─ http        request and response heads, the Upgrade
//!    ▼
//!   ws              deframer → FrameRecord → MessageRecord;  rules → Finding
//!    ▼
//!   Index ── Snapshot ── view::{rows, field tree, bit grid, hex dump, payload} ── gui │ cli
//!    ▲
//!   payloads        a second pass that no row waits for: octets of text, unmasked → UTF-8 → Finding
//! ```
//!
//! # Who may import whom
//!
//! ```text
//!   gui   cli                 paint and print; never parse
//!     view   query            read a Snapshot; never write, no threads
//!         dissect             the only module that knows every protocol; owns all state
//!   capture  net  http  ws    siblings: never import one another; octets in, records and findings out
//!             base            words: Span, ids, Field, Finding, Timestamp
//! ```
//!
//! A test (`tests/architecture/`) reads `src/` and holds this table.
//!
//! # Glossary
//!
//! | word | meaning |
//! |---|---|
//! | capture | a pcap or pcapng file, or the spool file that a pipe or a compressed file is written to |
//! | span | a place in the capture: file offset and length, in octets |
//! | flow | a TCP connection; a *connection* is a WebSocket connection |
//! | stream offset | octets of one direction of a flow before this one; 0 is the first octet behind the SYN |
//! | segment | what one packet contributes to a stream |
//! | gap | stream octets that the peers exchanged and the capture lacks |
//! | frame, message | as RFC 6455 §5.2 and §5.4 say |
//! | finding | a rule that something on the wire breaks or touches, with its place |
//! | snapshot | the index as it was at one moment; costs nothing to take and never changes |

pub mod base;
pub mod capture;
pub mod cli;
pub mod dissect;
#[cfg(feature = "gui")]
pub mod gui;
pub mod http;
pub mod net;
pub mod query;
pub mod view;
pub mod ws;
