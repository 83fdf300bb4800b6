//! TCP connections that carry TLS, of which nothing more can be told: there may be WebSockets in them.

use crate::base::{Fact, Finding, Place, Sender};
use crate::dissect::index::Writer;
use crate::tls::ClientHello;

/// Randoms that are told.
const TOLD: usize = 16;

/// Counts of them, and randoms to name.
#[derive(Debug, Default)]
pub(in crate::dissect) struct Encrypted {
    connections: u64,
    /// The client randoms of the first ones.
    randoms: Vec<[u8; 32]>,
}

impl Encrypted {
    /// The one fact about all of them; none where there were none.
    fn fact(self) -> Option<Fact> {
        let Encrypted { connections, randoms } = self;
        let named = randoms.len() as u64;
        (connections > 0).then(|| Fact::DecryptionKeysMissing {
            connections,
            randoms: randoms.into_boxed_slice(),
            named,
            more: connections - named,
        })
    }
}

impl Writer {
    /// A stream that is not HTTP starts with `octets`.
    pub(in crate::dissect) fn note_encrypted(&mut self, octets: &[u8]) {
        let Some(hello) = ClientHello::parse(octets) else { return };
        let encrypted = &mut self.encrypted;
        encrypted.connections += 1;
        if let Some(random) = hello.random.filter(|_| encrypted.randoms.len() < TOLD) {
            encrypted.randoms.push(random);
        }
    }

    /// Says that there were some: once, however many, and about no WebSocket connection.
    pub(in crate::dissect) fn report_encrypted(&mut self) {
        let Some(fact) = std::mem::take(&mut self.encrypted).fact() else { return };
        self.report(Finding {
            rule: fact.rule(),
            connection: None,
            frame: None,
            message: None,
            sender: Sender::Unknown,
            place: Place::Connection,
            fact,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_are_told_of_at_once() {
        let told = |connections, randoms: &[u8]| {
            Encrypted { connections, randoms: randoms.iter().map(|octet| [*octet; 32]).collect() }.fact()
        };
        assert_eq!(told(0, &[]), None);
        for (connections, randoms) in [(1, &[7][..]), (1, &[]), (20, &[1, 2])] {
            let (named, more) = (randoms.len() as u64, connections - randoms.len() as u64);
            let whole = randoms.iter().map(|octet| [*octet; 32]).collect();
            let expected = Fact::DecryptionKeysMissing { connections, randoms: whole, named, more };
            assert_eq!(told(connections, randoms), Some(expected));
        }
    }
}
