//! The words every layer speaks: places in the capture, typed ids, time, findings, fields and append-only tables.
//!
//! Nothing here knows a protocol, and nothing here performs input or output.

mod argument;
mod fact;
mod field;
mod finding;
mod id;
mod link_type;
mod rule;
mod span;
mod table;
mod time;

pub use argument::{
    Argument, Confidence, HandshakeHead, Nanoseconds, OpeningHandshake, Protocol, Quote, RecognisedBy, RefusalHint,
    SilentSince, Start, StreamEnd,
};
pub use fact::Fact;
pub use field::{Field, FieldFamily};
pub use finding::{Breach, Finding, Place};
pub use id::{ConnectionId, FindingId, FlowId, FrameId, MessageId, PacketId};
pub use link_type::LinkType;
pub use rule::{Rule, Severity};
pub use span::{AtHand, Nearby, PacketRef, Piece, ReadAt, Span};
pub use table::Table;
pub use time::Timestamp;

use std::fmt;

/// A peer of a WebSocket connection (RFC 6455 §1.2: the client opens the handshake).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sender {
    /// The endpoint that sent (or would have sent) the Upgrade request.
    Client,
    /// The endpoint that answered it.
    Server,
    /// Nothing in the capture tells.
    Unknown,
}

impl Sender {
    /// The word used in JSON, in filters and in the window.
    pub fn as_str(self) -> &'static str {
        match self {
            Sender::Client => "client",
            Sender::Server => "server",
            Sender::Unknown => "unknown",
        }
    }

    /// The other end.
    pub fn peer(self) -> Sender {
        match self {
            Sender::Client => Sender::Server,
            Sender::Server => Sender::Client,
            Sender::Unknown => Sender::Unknown,
        }
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
