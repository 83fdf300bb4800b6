//! TCP connections that carry TLS, of which nothing more can be told: there may be WebSockets in them.

use super::flow::{Context, FlowState};
use super::index::Writer;
use crate::base::{Finding, Place, Rule, Sender};
use crate::tls::ClientHello;

/// Randoms that are told.
const TOLD: usize = 16;

/// What was seen of them.
#[derive(Debug, Default)]
pub(super) struct Encrypted {
    connections: u64,
    /// The client randoms of the first ones.
    randoms: Vec<[u8; 32]>,
}

impl FlowState {
    /// A stream that is not HTTP starts with `octets`.
    pub(super) fn note_encrypted(octets: &[u8], context: &mut Context<'_>) {
        let Some(hello) = ClientHello::parse(octets) else { return };
        let encrypted = &mut context.writer.encrypted;
        encrypted.connections += 1;
        if let Some(random) = hello.random.filter(|_| encrypted.randoms.len() < TOLD) {
            encrypted.randoms.push(random);
        }
    }
}

impl Writer {
    /// Says that there were some: once, however many, and about no WebSocket connection.
    pub(super) fn report_encrypted(&mut self) {
        let Encrypted { connections, randoms } = std::mem::take(&mut self.encrypted);
        if connections == 0 {
            return;
        }
        let are = if connections == 1 { "connection starts" } else { "connections start" };
        let named: Vec<String> = randoms.iter().map(|random| super::frames::hex(random)).collect();
        let more = match connections - randoms.len() as u64 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let needed = match named.is_empty() {
            true => String::new(),
            false => format!(" What would tell are the secrets of the client random {}{more}.", named.join(", ")),
        };
        let text = format!(
            "{connections} TCP {are} with TLS, and there are no secrets for it: whether it carries WebSockets cannot be \
             told.{needed}"
        );
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
