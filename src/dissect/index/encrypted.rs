//! TCP connections that carry TLS, of which nothing more can be told: there may be WebSockets in them.

use crate::base::{Finding, Place, Rule, Sender};
use crate::dissect::index::Writer;
use crate::tls::ClientHello;

/// Randoms that are told.
const TOLD: usize = 16;

/// What was seen of them.
#[derive(Debug, Default)]
pub(in crate::dissect) struct Encrypted {
    connections: u64,
    /// The client randoms of the first ones.
    randoms: Vec<[u8; 32]>,
}

impl Encrypted {
    /// What is to be said; nothing where there were none.
    fn told(&self) -> Option<String> {
        let Encrypted { connections, randoms } = self;
        let are = if *connections == 1 { "connection starts" } else { "connections start" };
        let mut needed = String::new();
        if !randoms.is_empty() {
            let named: Vec<String> =
                randoms.iter().map(|random| crate::dissect::websocket::sender::hex(random)).collect();
            let random = if randoms.len() == 1 { "random" } else { "randoms" };
            needed = format!(" What would tell are the secrets of the client {random} {}", named.join(", "));
            needed += &match connections - randoms.len() as u64 {
                0 => ".".to_owned(),
                more => format!(" and {more} more."),
            };
        }
        (*connections > 0).then(|| {
            format!(
                "{connections} TCP {are} with TLS, and there are no secrets for it: whether it carries WebSockets cannot \
                 be told.{needed}"
            )
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
        let Some(text) = std::mem::take(&mut self.encrypted).told() else { return };
        let (rule, place) = (Rule::CaptureDecryptionKeysMissing, Place::Connection);
        self.report(Finding {
            rule,
            connection: None,
            frame: None,
            message: None,
            sender: Sender::Unknown,
            place,
            text,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_are_told_of_at_once() {
        let told = |connections, randoms: &[u8]| {
            Encrypted { connections, randoms: randoms.iter().map(|octet| [*octet; 32]).collect() }.told()
        };
        assert_eq!(told(0, &[]), None);
        let one = told(1, &[7]).unwrap();
        assert!(one.starts_with("1 TCP connection starts with TLS"), "{one}");
        assert!(one.ends_with(&format!("the client random {}.", "07".repeat(32))), "{one}");
        let cut = told(1, &[]).unwrap();
        assert!(cut.ends_with("cannot be told."), "{cut}");
        let many = told(20, &[1, 2]).unwrap();
        let last = format!("the client randoms {}, {} and 18 more.", "01".repeat(32), "02".repeat(32));
        assert!(many.starts_with("20 TCP connections start with TLS") && many.ends_with(&last), "{many}");
    }
}
