//! Problems as data (DESIGN decision 5).

use super::{ConnectionId, Fact, FrameId, MessageId, Rule, Sender, Severity};

/// The part of a connection that a finding is about, so that the diagram and the hex view can mark it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The connection as a whole.
    Connection,
    /// `len` bits of the frame's header from bit `at`, both relative to the header's first bit.
    HeaderBits {
        /// First bit.
        at: u8,
        /// Their number.
        len: u8,
    },
    /// `len` octets of the frame's payload from octet `at`.
    PayloadOctets {
        /// First octet of the payload.
        at: u64,
        /// Their number.
        len: u64,
    },
    /// `len` octets of the sender's TCP stream from stream offset `at`.
    StreamOctets {
        /// First octet of the stream.
        at: u64,
        /// Their number.
        len: u64,
    },
    /// A header field of the opening handshake, by its lower-case name.
    HandshakeField(&'static str),
}

/// A rule that is broken, before it is known by which frame of which connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// The bits or octets.
    pub place: Place,
    /// The rule with the actual values.
    pub fact: Fact,
}

impl Breach {
    /// The rule that is broken.
    pub fn rule(&self) -> Rule {
        self.fact.rule()
    }
}

/// One thing that is wrong, unwise or worth knowing, with its place. The view makes its sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule that is broken or touched.
    pub rule: Rule,
    /// The connection it happened on; `None` for the capture as a whole.
    pub connection: Option<ConnectionId>,
    /// The frame, where one is concerned.
    pub frame: Option<FrameId>,
    /// The message, where one is concerned.
    pub message: Option<MessageId>,
    /// The peer whose doing it is.
    pub sender: Sender,
    /// The bits or octets.
    pub place: Place,
    /// The actual values.
    pub fact: Fact,
}

impl Finding {
    /// Returns the severity of its rule.
    pub fn severity(&self) -> Severity {
        self.rule.severity()
    }
}
