//! What compression did for a connection (RFC 7692).

use super::meaning::length;
use crate::base::{ConnectionId, Sender};
use crate::dissect::{Connection, Deflated, Snapshot};
use crate::http::{extensions_in, is_deflate};

/// `permessage-deflate saved 71 % (1.2 KiB sent for 4.1 KiB), context takeover both ways, window 15/12`: the client's window
/// before the server's. `None` where it was not agreed on. The saving is of messages that were inflated whole so far.
pub fn compression_summary(snapshot: &Snapshot, id: ConnectionId) -> Option<String> {
    let connection = snapshot.connection(id)?;
    let accepted = extensions_in(connection.extensions.as_deref().unwrap_or_default());
    accepted.iter().any(is_deflate).then(|| summary(connection))
}

fn summary(connection: &Connection) -> String {
    let sum = |of: fn(&Deflated) -> u64| connection.deflated.iter().map(of).sum::<u64>();
    let (messages, wire, plain) = (sum(|it| it.messages), sum(|it| it.wire), sum(|it| it.plain));
    let part = |part: u64, whole: u64| u128::from(part) * 100 / u128::from(whole.max(1));
    let saved = match (messages, wire.cmp(&plain)) {
        (0, _) => "permessage-deflate, no message compressed".to_owned(),
        (_, std::cmp::Ordering::Greater) => {
            format!("permessage-deflate made messages {} % larger", part(wire - plain, plain))
        }
        _ => format!("permessage-deflate saved {} %", part(plain - wire, plain)),
    };
    let octets = if messages == 0 { String::new() } else { format!(" ({} sent for {})", length(wire), length(plain)) };
    let [client, server] = [Sender::Client, Sender::Server].map(|sender| connection.agreed(sender));
    let takeover = match (client.takeover, server.takeover) {
        (true, true) => "context takeover both ways",
        (true, false) => "context takeover by the client alone",
        (false, true) => "context takeover by the server alone",
        (false, false) => "no context takeover",
    };
    format!("{saved}{octets}, {takeover}, window {}/{}", client.window_bits, server.window_bits)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::dissect::{Progress, Session};

    #[test]
    fn what_a_sample_s_compression_did() {
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/deflate.pcap");
        let mut session = Session::open(&sample).unwrap();
        session.judge_at_once();
        while session.step(usize::MAX).unwrap() != Progress::End {}
        let words = compression_summary(&session.snapshot(), ConnectionId(0)).unwrap();
        assert!(words.starts_with("permessage-deflate saved ") && words.contains(" % ("), "{words}");
        assert!(words.ends_with("), context takeover both ways, window 15/15"), "{words}");
    }
}
