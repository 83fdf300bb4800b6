//! The opening handshake as it is shown (RFC 6455 §1.3, §4).

use crate::base::{PacketId, Severity};

/// The opening handshake of a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HandshakeView {
    /// The request, where it was captured.
    pub request: Option<HeadView>,
    /// The response, where it was captured.
    pub response: Option<HeadView>,
    /// What was offered and what was chosen.
    pub negotiation: Vec<Negotiated>,
    /// How the accept value comes about; `None` without a key.
    pub accept: Option<AcceptSteps>,
    /// What is to be said about it: severity and sentence.
    pub findings: Vec<(Severity, String)>,
}

/// An HTTP head.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeadView {
    /// The request line or the status line.
    pub start_line: String,
    /// Names and values, in the order they were sent.
    pub fields: Vec<(String, String)>,
    /// Offset of its first octet in the sender's TCP stream.
    pub at_in_stream: u64,
    /// The packets that brought it, in order.
    pub packets: Vec<PacketId>,
}

/// One thing that the peers agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Negotiated {
    /// What: `version`, `subprotocol`, `extension`.
    pub what: String,
    /// What the client offered; empty for nothing.
    pub offered: String,
    /// What the server chose; empty for nothing.
    pub chosen: String,
    /// What that means.
    pub note: String,
    /// How bad it is, where it is.
    pub severity: Option<Severity>,
}

/// The way from `Sec-WebSocket-Key` to `Sec-WebSocket-Accept` (RFC 6455 §4.2.2 step 5.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptSteps {
    /// The request's `Sec-WebSocket-Key`.
    pub key: String,
    /// The GUID of the RFC.
    pub guid: String,
    /// Both, one behind the other.
    pub concatenated: String,
    /// The SHA-1 of that, in hexadecimal.
    pub sha1_hex: String,
    /// The SHA-1 in Base64: what the response has to say.
    pub base64: String,
    /// What the response says; `None` where it says nothing or was not captured.
    pub received: Option<String>,
    /// Whether the two are the same.
    pub matches: bool,
}

impl HeadView {
    /// Whether a header field belongs to the opening handshake, as against what any HTTP request carries.
    pub fn is_of_handshake(name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        name.starts_with("sec-websocket-") || matches!(name.as_str(), "upgrade" | "connection" | "host" | "origin")
    }
}
