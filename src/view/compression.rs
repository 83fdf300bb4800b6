//! The effect of compression on a connection (RFC 7692).

use super::meaning::{count, length};
use crate::base::{ConnectionId, Rule, Sender};
use crate::dissect::{Connection, Deflated, Snapshot, agreed_compression};
use crate::http::{extensions_in, is_deflate};

/// `permessage-deflate saved 71 % (1.2 KiB sent for 4.1 KiB), context takeover both ways, window 15/12`: the client's window
/// before the server's. `None` where it was not agreed on. The saving is of messages that were inflated whole so far.
pub fn compression_summary(snapshot: &Snapshot, id: ConnectionId) -> Option<String> {
    let connection = snapshot.connection(id)?;
    let accepted = extensions_in(connection.extensions.as_deref().unwrap_or_default());
    accepted.iter().any(is_deflate).then(|| summary(connection))
}

/// Returns the share of the octets of messages that compression saved, in per cent; less than 0 if it made them larger.
/// `None` if no compressed message was inflated so far.
pub fn compression_saving(connection: &Connection) -> Option<i64> {
    let Deflated { messages, wire, plain } = both(connection);
    let saved = (i128::from(plain) - i128::from(wire)) * 100 / i128::from(plain.max(1));
    // Less than one per cent larger is larger.
    let saved = if wire > plain { saved.min(-1) } else { saved };
    (messages > 0).then(|| i64::try_from(saved).unwrap_or(i64::MIN))
}

/// Returns the number of compressed messages that this saving leaves out because they could not be inflated to their
/// end: they are too long, or are not valid.
pub fn not_inflated(connection: &Connection) -> u64 {
    connection.rules.iter().filter(|(rule, _)| stops_inflating(*rule)).map(|(_, number)| number).sum()
}

/// Returns whether a message that breaks `rule` is not inflated to its end.
pub(super) fn stops_inflating(rule: Rule) -> bool {
    matches!(rule, Rule::DeflateInvalidData | Rule::LimitInflate)
}

fn both(connection: &Connection) -> Deflated {
    let sum = |of: fn(&Deflated) -> u64| connection.deflated().iter().map(of).sum::<u64>();
    Deflated { messages: sum(|it| it.messages), wire: sum(|it| it.wire), plain: sum(|it| it.plain) }
}

/// Returns how many messages compression made larger, as far as they are counted.
fn grown(connection: &Connection) -> String {
    let number =
        connection.rules.iter().find(|(rule, _)| *rule == Rule::DeflateExpanded).map_or(0, |(_, number)| *number);
    match number {
        0 => String::new(),
        number => format!(", {} made larger", count(number, "message")),
    }
}

fn summary(connection: &Connection) -> String {
    let Deflated { messages, wire, plain } = both(connection);
    let part = |part: u64, whole: u64| u128::from(part) * 100 / u128::from(whole.max(1));
    let left_out = not_inflated(connection);
    let saved = match (messages, wire.cmp(&plain)) {
        (0, _) if left_out > 0 => "permessage-deflate".to_owned(),
        (0, _) => "permessage-deflate, no message compressed".to_owned(),
        (_, std::cmp::Ordering::Greater) => {
            format!("permessage-deflate made messages {} % larger", part(wire - plain, plain))
        }
        _ => format!("permessage-deflate saved {} %", part(plain - wire, plain)),
    };
    let octets = if messages == 0 { String::new() } else { format!(" ({} sent for {})", length(wire), length(plain)) };
    let [client, server] = [Sender::Client, Sender::Server].map(|sender| agreed_compression(connection, sender));
    let takeover = match (client.takeover, server.takeover) {
        (true, true) => "context takeover both ways",
        (true, false) => "context takeover by the client alone",
        (false, true) => "context takeover by the server alone",
        (false, false) => "no context takeover",
    };
    let grown = grown(connection);
    let without = match left_out {
        0 => String::new(),
        _ if messages == 0 => format!(", {} not inflated to the end", count(left_out, "message")),
        _ => format!(", without {} not inflated to the end", count(left_out, "message")),
    };
    format!("{saved}{octets}{without}{grown}, {takeover}, window {}/{}", client.window_bits, server.window_bits)
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
        assert!(words.ends_with("), 2 messages made larger, context takeover both ways, window 15/15"), "{words}");
        let saved = compression_saving(session.snapshot().connection(ConnectionId(0)).unwrap()).unwrap();
        assert!((1..100).contains(&saved) && words.contains(&format!("saved {saved} %")));
    }
}
