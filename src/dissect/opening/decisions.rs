//! Decisions of the user about TCP connections: which of them carry a WebSocket, and which do not.
//!
//! Decisions are given to a [`super::Dissector`] before its first packet. Whoever changes one reads the capture again: that is
//! fast, and nothing that was read before has to be taken back.

use std::net::SocketAddr;

use crate::net::{Endpoint, Flow};

/// A decision of the user about a TCP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserDecision {
    /// It carries a WebSocket. An opening handshake that the capture holds still counts; where there is none, frames are read
    /// from where they are found, else from the first octet on.
    WebSocket {
        /// The endpoint that is the client.
        client: Endpoint,
        /// Says that permessage-deflate was agreed on, or was not; `None` where the user does not know.
        deflate: Option<bool>,
    },
    /// It carries no WebSocket, whatever it looks like.
    NotWebSocket,
}

/// The user's decisions about the TCP connections of a capture, by their ends. Connections that have the same ends, one
/// behind the other, share a decision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decisions {
    made: Vec<(Flow, UserDecision)>,
}

impl Decisions {
    /// Decides about the connections between these ends, whichever opened them. What was decided before is forgotten.
    pub fn decide(&mut self, ends: Flow, decision: UserDecision) {
        match self.made.iter_mut().find(|(known, _)| is_between(known, &ends)) {
            Some((_, known)) => *known = decision,
            None => self.made.push((ends, decision)),
        }
    }

    /// Returns what was decided about the connections between these ends.
    pub fn about(&self, ends: &Flow) -> Option<UserDecision> {
        self.made.iter().find(|(known, _)| is_between(known, ends)).map(|(_, decision)| *decision)
    }

    /// Every decision, with the ends it is about.
    pub fn iter(&self) -> impl Iterator<Item = (&Flow, &UserDecision)> {
        self.made.iter().map(|(ends, decision)| (ends, decision))
    }

    /// Returns whether nothing was decided.
    pub fn is_empty(&self) -> bool {
        self.made.is_empty()
    }

    /// Decides as a line of text says: `10.0.0.1:50000-10.0.0.2:80`, the addresses of IPv6 in brackets. Of a WebSocket the
    /// client stands first, and `,deflate` or `,plain` may follow to say whether permessage-deflate was agreed on.
    ///
    /// # Errors
    /// Fails by saying what is wrong with the text, and how it should be.
    pub fn read(&mut self, text: &str, is_websocket: bool) -> Result<(), String> {
        let (ends, agreed) = match text.split_once(',') {
            Some((ends, agreed)) if is_websocket => (ends, Some(agreed)),
            _ => (text, None),
        };
        let deflate = match agreed {
            None => None,
            Some("deflate") => Some(true),
            Some("plain") => Some(false),
            Some(other) => return Err(format!("“{other}” should be deflate or plain")),
        };
        let form =
            || format!("“{ends}” should be two ends like 10.0.0.1:50000-10.0.0.2:80 or [2001:db8::1]:50000-[::1]:80");
        let (first, second) = ends.split_once('-').ok_or_else(form)?;
        let end = |text: &str| match text.trim().parse::<SocketAddr>() {
            Ok(socket) => Ok(Endpoint { address: socket.ip(), port: socket.port() }),
            Err(_) => Err(form()),
        };
        let ends = Flow { opener: end(first)?, peer: end(second)? };
        let decision = if is_websocket {
            UserDecision::WebSocket { client: ends.opener, deflate }
        } else {
            UserDecision::NotWebSocket
        };
        self.decide(ends, decision);
        Ok(())
    }
}

/// Returns whether both are about the same two ends.
pub(in crate::dissect) fn is_between(one: &Flow, other: &Flow) -> bool {
    one == other || (one.opener, one.peer) == (other.peer, other.opener)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(opener: &str, peer: &str) -> Flow {
        let end = |text: &str| {
            let socket: SocketAddr = text.parse().unwrap();
            Endpoint { address: socket.ip(), port: socket.port() }
        };
        Flow { opener: end(opener), peer: end(peer) }
    }

    #[test]
    fn ends_are_found_whichever_comes_first() {
        let mut decisions = Decisions::default();
        decisions.read("10.0.0.1:5-10.0.0.2:80,deflate", true).unwrap();
        decisions.read("[::1]:5-[2001:db8::1]:443", false).unwrap();
        let client = flow("10.0.0.1:5", "10.0.0.2:80").opener;
        let overridden = Some(UserDecision::WebSocket { client, deflate: Some(true) });
        assert_eq!(decisions.about(&flow("10.0.0.1:5", "10.0.0.2:80")), overridden);
        assert_eq!(decisions.about(&flow("10.0.0.2:80", "10.0.0.1:5")), overridden);
        assert_eq!(decisions.about(&flow("[2001:db8::1]:443", "[::1]:5")), Some(UserDecision::NotWebSocket));
        assert_eq!(decisions.about(&flow("10.0.0.1:6", "10.0.0.2:80")), None);
        // The last word counts.
        decisions.read("10.0.0.2:80-10.0.0.1:5", false).unwrap();
        assert_eq!(decisions.about(&flow("10.0.0.1:5", "10.0.0.2:80")), Some(UserDecision::NotWebSocket));
        assert_eq!(decisions.iter().count(), 2);
    }

    #[test]
    fn what_is_no_pair_of_ends_is_said() {
        let mut decisions = Decisions::default();
        for (text, is_websocket) in [
            ("", true),
            ("10.0.0.1:5", true),
            ("10.0.0.1-10.0.0.2:80", true),
            ("::1:5-[::1]:80", false),
            ("10.0.0.1:5-10.0.0.2:80,gzip", true),
            ("10.0.0.1:5-10.0.0.2:80,deflate", false),
            ("host:5-10.0.0.2:80", true),
        ] {
            assert!(decisions.read(text, is_websocket).unwrap_err().contains("should be"), "{text}");
        }
        assert!(decisions.is_empty());
    }
}
