//! Facts about a WebSocket connection.

use crate::base::{ConnectionId, FlowId, FrameId, PacketId, Rule, Sender, Severity, Timestamp};
use crate::http::{extensions_in, is_deflate};
use crate::net::{Direction, End, Endpoint, Flow};

/// The protocol that carries the WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Plain TCP.
    Tcp,
}

impl Transport {
    /// The word used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Transport::Tcp => "tcp",
        }
    }
}

/// The place of a head in the stream of its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadPlace {
    /// The direction of that stream.
    pub direction: Direction,
    /// Stream offset of its first octet.
    pub at: u64,
    /// Length in octets, the empty line included.
    pub len: u32,
    /// When the packet with its first octet was captured.
    pub time: Timestamp,
}

/// A Close frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseRecord {
    /// The frame.
    pub frame: FrameId,
    /// When its first octet was captured.
    pub time: Timestamp,
    /// The code that an application is told: 1005 for an empty body; `None` for a body of one octet, and where octets of
    /// it are missing.
    pub code: Option<u16>,
    /// The reason, with U+FFFD for octets that are not UTF-8, and `…` where octets are missing or it is far too long.
    pub reason: String,
}

/// The end of a TCP connection: the side that ended it first, and in which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpEnd {
    /// The side that ended it.
    pub by: Sender,
    /// The way in which it did.
    pub how: End,
    /// When.
    pub time: Timestamp,
    /// The packet that says so.
    pub packet: PacketId,
}

/// The reason why a connection is read as a WebSocket although the capture lacks its opening handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recognition {
    /// Its octets look so much like frames that it is evidence enough.
    Evidence,
    /// Its octets are evidence enough, and the user confirms it.
    Confirmed,
    /// The user says so.
    UserOverride,
}

impl Recognition {
    /// The word used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Recognition::Evidence => "evidence",
            Recognition::Confirmed => "confirmed",
            Recognition::UserOverride => "forced",
        }
    }
}

/// The outcome of an opening handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandshakeState {
    /// The final status is not the one that opens.
    Refused,
    /// Nobody answered.
    Unanswered,
    /// Either half is not in the capture, or not whole.
    NotCaptured,
    /// It opened, and a MUST is broken.
    Violation,
    /// It opened as it should.
    Ok,
}

impl HandshakeState {
    /// The words used in JSON and in the window.
    pub fn as_str(self) -> &'static str {
        match self {
            HandshakeState::Refused => "refused",
            HandshakeState::Unanswered => "unanswered",
            HandshakeState::NotCaptured => "not captured",
            HandshakeState::Violation => "violation",
            HandshakeState::Ok => "ok",
        }
    }
}

/// Compressed messages of one sender that were inflated whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deflated {
    /// Their number.
    pub messages: u64,
    /// Their payload octets as sent.
    pub wire: u64,
    /// Their octets, inflated.
    pub plain: u64,
}

/// A WebSocket connection, or an attempt to open one. A capture can have a million that say nothing: what few of them
/// have is in boxes.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// The TCP connection it runs over.
    pub flow: FlowId,
    /// The endpoint that asked.
    pub client: Endpoint,
    /// The endpoint that was asked.
    pub server: Endpoint,
    /// The direction of the flow that the client sends in.
    pub client_direction: Direction,
    /// The protocol that carries it.
    pub transport: Transport,
    /// The request, if it was captured.
    pub request: Option<HeadPlace>,
    /// The final response, if it was captured.
    pub response: Option<HeadPlace>,
    /// The capture lacks octets where the response should be.
    pub response_lost: bool,
    /// The capture has only the start of the request or of the response, because their packets were stored shorter than
    /// they were.
    pub heads_cut: bool,
    /// The URL, if the request was captured.
    pub url: Option<Box<str>>,
    /// The status of the final response.
    pub status: Option<u16>,
    /// The subprotocol that the server chose.
    pub subprotocol: Option<Box<str>>,
    /// The extensions that the server accepted, as sent.
    pub extensions: Option<Box<str>>,
    /// Set if frames follow: behind a 101, or one that is assumed because the capture lacks it.
    pub opened: bool,
    /// The way it was recognised, if not by its handshake.
    pub recognition: Option<Recognition>,
    /// Frames of client and server.
    pub frames: [u64; 2],
    /// Messages of client and server.
    pub messages: [u64; 2],
    /// Payload octets of client and server that were exchanged, the missing ones included.
    pub payload: [u64; 2],
    /// Stream octets of client and server that the capture lacks.
    pub missing: [u64; 2],
    /// When its first octet was captured.
    pub start: Timestamp,
    /// When the last packet that belongs to it was captured.
    pub end: Timestamp,
    /// The first Close frames of client and server.
    pub closes: [Option<Box<CloseRecord>>; 2],
    /// The first end of TCP.
    pub tcp_end: Option<TcpEnd>,
    /// Nothing more about it will come: both directions of TCP have ended, or the attempt was refused.
    pub is_over: bool,
    /// Its last frame; the others are found through [`super::FrameRecord::previous`].
    pub last_frame: Option<FrameId>,
    /// The distinct rules that its findings are about, with how many there are.
    pub rules: Vec<(Rule, u64)>,
    /// The totals of inflating client's and server's messages, if any was inflated.
    pub(in crate::dissect) deflated: Option<Box<[Deflated; 2]>>,
    pub(in crate::dissect) last_finding: u32,
    /// The index of its newest ping in the table of them.
    pub(in crate::dissect) last_ping: u32,
}

/// The place of a sender in the pairs above.
pub(in crate::dissect) fn side(sender: Sender) -> usize {
    usize::from(sender == Sender::Server)
}

impl Connection {
    /// Returns the sender of a direction.
    pub fn sender(&self, direction: Direction) -> Sender {
        if direction == self.client_direction { Sender::Client } else { Sender::Server }
    }

    /// In which direction `sender` sends.
    pub fn direction(&self, sender: Sender) -> Direction {
        if sender == Sender::Server { self.client_direction.reverse() } else { self.client_direction }
    }

    /// The two ends of its TCP connection.
    pub fn ends(&self) -> Flow {
        match self.client_direction {
            Direction::Forward => Flow { opener: self.client, peer: self.server },
            Direction::Backward => Flow { opener: self.server, peer: self.client },
        }
    }

    /// The value of `pair` that is `sender`'s.
    pub fn of<T>(pair: &[T; 2], sender: Sender) -> &T {
        &pair[side(sender)]
    }

    /// Returns what became of the opening handshake.
    pub fn handshake(&self) -> HandshakeState {
        let violation = |rule: Rule| rule.id().starts_with("handshake.") && rule.severity() == Severity::Violation;
        match (self.opened, self.status) {
            (false, Some(_)) => HandshakeState::Refused,
            (_, None) if self.request.is_some() && !self.response_lost => HandshakeState::Unanswered,
            _ if self.request.is_none() || self.response.is_none() || self.heads_cut => HandshakeState::NotCaptured,
            _ if self.rules.iter().any(|(rule, _)| violation(*rule)) => HandshakeState::Violation,
            _ => HandshakeState::Ok,
        }
    }

    /// Returns whether the server accepted an extension other than permessage-deflate: what it does to payloads is not
    /// known.
    pub fn has_foreign_extension(&self) -> bool {
        let accepted = extensions_in(self.extensions.as_deref().unwrap_or_default());
        accepted.iter().any(|extension| !is_deflate(extension))
    }

    /// The Close frame that came first, and whose it was.
    pub fn first_close(&self) -> Option<(Sender, &CloseRecord)> {
        let close = |sender| self.closes[side(sender)].as_deref().map(|close| (sender, close));
        [close(Sender::Client), close(Sender::Server)]
            .into_iter()
            .flatten()
            .min_by_key(|(_, close)| (close.time, close.frame))
    }

    /// Returns what was inflated of client and server.
    pub fn deflated(&self) -> [Deflated; 2] {
        self.deflated.as_deref().copied().unwrap_or_default()
    }

    /// Returns how bad the worst finding is.
    pub fn severity(&self) -> Option<Severity> {
        self.rules.iter().map(|(rule, _)| rule.severity()).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_small() {
        assert!(size_of::<Connection>() <= 328, "{}", size_of::<Connection>());
    }
}
