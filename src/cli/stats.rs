//! `framescope stats`: totals over a capture, and how long it took.

use std::collections::BTreeMap;
use std::time::Instant;

use serde::Serialize;

use super::args::Stats;
use super::json;
use super::output::{Failure, Output};
use super::walk::read_through;
use crate::dissect::{Connection, ReadOptions, Snapshot};
use crate::view::{count, length};
use crate::ws::Opcode;

#[derive(Serialize)]
struct Totals {
    packets: u64,
    octets: u64,
    tcp_connections: u64,
    connections: u64,
    frames: u64,
    frames_by_sender: Senders,
    frames_by_opcode: BTreeMap<u8, u64>,
    messages: u64,
    payload_octets: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    judged: Option<Judged>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compressed: Option<Compressed>,
    findings: Findings,
    elapsed_ns: u64,
}

/// The part of the payloads that was judged.
#[derive(Serialize)]
struct Judged {
    /// Text messages of which every octet is there.
    text_messages: u64,
    text_octets: u64,
}

/// Compressed messages that were inflated to their end.
#[derive(Serialize)]
struct Compressed {
    messages: u64,
    /// Their octets as they were sent.
    wire_octets: u64,
    /// And inflated.
    plain_octets: u64,
}

#[derive(Serialize)]
struct Senders {
    client: u64,
    server: u64,
    unknown: u64,
}

#[derive(Serialize)]
struct Findings {
    violation: u64,
    warning: u64,
    note: u64,
}

/// `framescope stats FILE [--deep]`
pub fn run(arguments: &Stats, options: ReadOptions, output: &mut Output) -> Result<(), Failure> {
    let started = Instant::now();
    let mut session = read_through(&arguments.file, options, arguments.deep)?;
    let snapshot = session.snapshot();
    let totals = snapshot.totals();
    let [client, server] = totals.frames;
    let [note, warning, violation] = totals.findings;
    // The opcodes that RFC 6455 defines are always told; a reserved one where it was seen.
    let by_opcode = |opcode: u8| (opcode, totals.opcodes[usize::from(opcode)]);
    let told = (0..16).filter(|opcode| !Opcode::of(*opcode).is_reserved() || by_opcode(*opcode).1 > 0);
    let totals = Totals {
        packets: totals.packets,
        octets: totals.octets,
        tcp_connections: totals.tcp_connections,
        connections: snapshot.connection_count() as u64,
        frames: client + server,
        frames_by_sender: Senders { client, server, unknown: 0 },
        frames_by_opcode: told.map(by_opcode).collect(),
        messages: snapshot.message_count() as u64,
        payload_octets: totals.payload_octets,
        judged: arguments
            .deep
            .then_some(Judged { text_messages: totals.judged_messages, text_octets: totals.judged_octets }),
        compressed: arguments.deep.then(|| compressed(&snapshot)),
        findings: Findings { violation, warning, note },
        elapsed_ns: u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX),
    };
    if arguments.json { json::write(&totals, output) } else { table(&totals, output) }
}

/// Returns what was inflated of all connections.
fn compressed(snapshot: &Snapshot) -> Compressed {
    let none = Compressed { messages: 0, wire_octets: 0, plain_octets: 0 };
    snapshot.connections().flat_map(Connection::deflated).fold(none, |sum, side| Compressed {
        messages: sum.messages + side.messages,
        wire_octets: sum.wire_octets + side.wire,
        plain_octets: sum.plain_octets + side.plain,
    })
}

fn table(totals: &Totals, output: &mut Output) -> Result<(), Failure> {
    let mut row = |name: &str, value: String| output.line(format!("{name:<17} {value}").trim_end());
    row("packets", format!("{}, {}", count(totals.packets, "packet"), length(totals.octets)))?;
    row("TCP", count(totals.tcp_connections, "connection"))?;
    row("WebSocket", count(totals.connections, "connection"))?;
    let Senders { client, server, .. } = totals.frames_by_sender;
    row("frames", format!("{} ({client} from clients, {server} from servers)", totals.frames))?;
    for (opcode, frames) in &totals.frames_by_opcode {
        row(&format!("  {opcode:X} {}", Opcode::of(*opcode)), frames.to_string())?;
    }
    row("messages", totals.messages.to_string())?;
    row("payload", length(totals.payload_octets))?;
    if let Some(Judged { text_messages, text_octets }) = totals.judged {
        row("judged", format!("{}, {}", count(text_messages, "text message"), length(text_octets)))?;
    }
    if let Some(Compressed { messages, wire_octets, plain_octets }) = totals.compressed {
        let octets = format!("{} on the wire, {} inflated", length(wire_octets), length(plain_octets));
        row("compressed", format!("{}, {octets}", count(messages, "message")))?;
    }
    let Findings { violation, warning, note } = totals.findings;
    let counts = [count(violation, "violation"), count(warning, "warning"), count(note, "note")].join(", ");
    // Who reads "0 violations" has to know what was looked at.
    let judged = if totals.judged.is_some() { "" } else { "; payloads were not judged, --deep does that" };
    row("findings", format!("{counts}{judged}"))?;
    row("time", format!("{:.3} s", totals.elapsed_ns as f64 / 1e9))
}
