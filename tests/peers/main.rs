//! The program shows of a sample what its peers logged when they sent it: frame by frame, and nothing more.

mod broken;
#[path = "../common/mod.rs"]
mod common;
mod log;

use std::collections::BTreeMap;

use common::program::run;
use common::samples::{self, Sample};
use log::{Connection, Frame, Log, Message};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The rows that the program found, by the client's port: the one thing that log and capture both name.
struct Found {
    connections: BTreeMap<u64, Vec<Value>>,
    frames: BTreeMap<u64, Vec<Value>>,
    messages: BTreeMap<u64, Vec<Value>>,
}

impl Found {
    fn of(sample: &Sample) -> Found {
        let connections = run(&["connections", "--json", sample.argument()]).quiet().json();
        let port = |socket: &Value| socket.as_str().unwrap().rsplit_once(':').unwrap().1.parse().unwrap();
        let ports: BTreeMap<u64, u64> =
            connections.iter().map(|row| (row["connection"].as_u64().unwrap(), port(&row["client"]))).collect();
        let by_port = |rows: Vec<Value>| {
            let mut found: BTreeMap<u64, Vec<Value>> = BTreeMap::new();
            for row in rows {
                found.entry(ports[&row["connection"].as_u64().unwrap()]).or_default().push(row);
            }
            found
        };
        Found {
            frames: by_port(run(&["frames", "--json", "--payload", sample.argument()]).quiet().json()),
            messages: by_port(run(&["messages", "--json", "--payload", sample.argument()]).quiet().json()),
            connections: by_port(connections),
        }
    }

    fn sent_by<'a>(rows: &'a BTreeMap<u64, Vec<Value>>, port: u64, sender: &str) -> Vec<&'a Value> {
        rows.get(&port).into_iter().flatten().filter(|row| row["sender"] == sender).collect()
    }
}

fn octets(hex: &Value) -> Vec<u8> {
    let digit = |digit: u8| char::from(digit).to_digit(16).unwrap() as u8;
    hex.as_str().unwrap().as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

fn sha256(octets: &[u8]) -> String {
    Sha256::digest(octets).iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Every sample with its log; a sample that has none fails.
fn all() -> Vec<(Sample, Log, Found)> {
    let with_log = |sample: Sample| {
        let log = Log::read(&sample.log());
        let found = Found::of(&sample);
        (sample, log, found)
    };
    samples::all().into_iter().map(with_log).collect()
}

#[test]
fn every_log_has_its_sample() {
    for entry in std::fs::read_dir(samples::directory()).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        if let Some(name) = file.strip_suffix(".peers.json") {
            samples::named(name);
        }
    }
}

#[test]
fn frames() {
    for (sample, log, found) in all() {
        for connection in &log.connections {
            for (sender, logged) in connection.frames() {
                let rows = Found::sent_by(&found.frames, connection.client_port, sender);
                let name = format!("{} {} {sender}", sample.name, connection.path);
                for (index, (logged, row)) in logged.iter().zip(&rows).enumerate() {
                    same_frame(&format!("{name}, frame {index} of this sender"), logged, row);
                }
                assert_eq!(rows.len(), logged.len(), "{name}");
            }
        }
        let logged: usize = log.connections.iter().map(|it| it.frames_client.len() + it.frames_server.len()).sum();
        assert_eq!(found.frames.values().flatten().count(), logged, "{}: no frame too many", sample.name);
    }
}

fn same_frame(name: &str, logged: &Frame, row: &Value) {
    assert_eq!(row["sender"], logged.sender, "{name}");
    for (key, expected) in [
        ("fin", logged.fin),
        ("rsv1", logged.rsv1),
        ("rsv2", logged.rsv2),
        ("rsv3", logged.rsv3),
        ("masked", logged.masked),
    ] {
        assert_eq!(row[key], expected, "{name}: {key}");
    }
    assert_eq!(row["opcode"], logged.opcode, "{name}");
    assert_eq!(row["payload_length"], logged.payload_length, "{name}");
    assert_eq!(row["captured_length"], logged.payload_length, "{name}: the samples lack nothing");
    match &logged.masking_key {
        Some(key) => assert_eq!(row["masking_key"], *key, "{name}"),
        None => assert_eq!(row["masking_key"].is_string(), logged.masked, "{name}"),
    }
    assert_eq!(sha256(&octets(&row["payload_hex"])), logged.sha256, "{name}: payload");
    // The header is as long as the length's form makes it: the peers say where that is not the shortest one.
    let extended = logged.length_octets.unwrap_or(match logged.payload_length {
        0..126 => 0,
        126..65_536 => 2,
        _ => 8,
    });
    assert_eq!(row["header_length"], 2 + extended + if logged.masked { 4 } else { 0 }, "{name}");
}

#[test]
fn messages() {
    for (sample, log, found) in all() {
        for connection in &log.connections {
            for (sender, frames) in connection.frames() {
                let logged = connection.messages(sender);
                let rows = Found::sent_by(&found.messages, connection.client_port, sender);
                let name = format!("{} {} {sender}", sample.name, connection.path);
                // A message begins with a text or binary frame, whether the peers logged messages or not.
                assert_eq!(rows.len(), frames.iter().filter(|frame| matches!(frame.opcode, 1 | 2)).count(), "{name}");
                for (index, (logged, row)) in logged.into_iter().flatten().zip(&rows).enumerate() {
                    same_message(&format!("{name}, message {index} of this sender"), logged, row);
                }
                assert_eq!(logged.map_or(rows.len(), <[_]>::len), rows.len(), "{name}");
            }
        }
    }
}

fn same_message(name: &str, logged: &Message, row: &Value) {
    assert_eq!(row["type"], *logged.r#type, "{name}");
    assert_eq!(row.get("missing"), None, "{name}: the samples lack nothing");
    assert_eq!(row["length"], logged.length, "{name}");
    assert_eq!(row["complete"], true, "{name}");
    match &logged.text {
        Some(text) => {
            assert_eq!(row["text"], **text, "{name}");
            assert_eq!(sha256(text.as_bytes()), logged.sha256, "{name}");
        }
        None if row["text"].is_string() => assert_eq!(sha256(row["text"].as_str().unwrap().as_bytes()), logged.sha256),
        None => assert_eq!(sha256(&octets(&row["payload_hex"])), logged.sha256, "{name}"),
    }
}

/// The kinds of permessage-deflate that have to be seen through, by real peers: each has a connection whose peers
/// logged every message.
#[test]
fn compressed_messages_of_each_kind() {
    let mut agreed: BTreeMap<String, [usize; 3]> = BTreeMap::new();
    for (sample, log, found) in all() {
        for connection in log.connections.iter().filter(|it| it.extensions.is_some()) {
            for (sender, _) in connection.frames() {
                let logged = connection.messages(sender).unwrap_or_else(|| panic!("{}: no messages", sample.name));
                let rows = Found::sent_by(&found.messages, connection.client_port, sender);
                let [compressed, fragmented, plain] = agreed.entry(connection.extensions.clone().unwrap()).or_default();
                for (logged, row) in logged.iter().zip(rows) {
                    same_message(&format!("{} {}", sample.name, connection.path), logged, row);
                    let is_compressed = row["compressed"].as_bool().unwrap();
                    *compressed += usize::from(is_compressed);
                    *fragmented += usize::from(is_compressed && row["frames"].as_array().unwrap().len() > 1);
                    *plain += usize::from(!is_compressed);
                }
            }
        }
    }
    let kinds: Vec<&str> = agreed.keys().map(String::as_str).collect();
    assert_eq!(
        kinds,
        [
            "permessage-deflate",
            "permessage-deflate; client_max_window_bits=10; server_no_context_takeover",
            "permessage-deflate; server_max_window_bits=9; client_max_window_bits=9",
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits=9",
        ]
    );
    for (kind, counts) in agreed {
        assert!(counts.iter().all(|&count| count > 0), "{kind}: compressed, in fragments, uncompressed: {counts:?}");
    }
}

#[test]
fn connections() {
    for (sample, log, found) in all() {
        assert_eq!(found.connections.len(), log.connections.len(), "{}", sample.name);
        for connection in &log.connections {
            let name = format!("{} {}", sample.name, connection.path);
            let rows = &found.connections[&connection.client_port];
            // Every attempt is a row of its own; the last one is what the log is about.
            let statuses: Vec<u64> = rows.iter().map(|row| row["status"].as_u64().unwrap()).collect();
            assert_eq!(statuses, connection.attempts(), "{name}");
            let row = rows.last().unwrap();
            same_connection(&name, connection, row);
        }
    }
}

fn same_connection(name: &str, logged: &Connection, row: &Value) {
    let url = row["url"].as_str().unwrap();
    let path = url.strip_prefix("ws://").map(|rest| &rest[rest.find('/').unwrap()..]);
    assert_eq!(path, Some(logged.path.as_str()), "{name}");
    assert!(row["server"].as_str().unwrap().ends_with(&format!(":{}", logged.server_port)), "{name}");
    let same = |key: &str, expected: Option<&str>| assert_eq!(row[key].as_str(), expected, "{name}: {key}");
    same("subprotocol", logged.subprotocol.as_deref());
    same("extensions", logged.extensions.as_deref());
    let handshake = match (logged.status, name) {
        (101, "wrong-accept /trusting") => "violation",
        (101, _) => "ok",
        _ => "refused",
    };
    same("handshake", Some(handshake));
    for (sender, frames) in logged.frames() {
        assert_eq!(row[format!("frames_{sender}")], frames.len(), "{name}");
        let octets: u64 = frames.iter().map(|frame| frame.payload_length).sum();
        assert_eq!(row[format!("payload_{sender}")], octets, "{name}");
    }
    let Some(close) = &logged.close else {
        return assert!(row["close"].is_null(), "{name}: it never opened");
    };
    let by = close.started_by.as_deref().unwrap_or("nobody");
    let first = if by == "client" { &close.client_sent } else { &close.server_sent };
    let expected = match first {
        // A Close frame without a code counts as 1005 (RFC 6455 §7.1.5), one with an octet too few as none.
        Some(sent) if sent.code.is_none() && name.ends_with("/close-body-1-octet") => Value::Null,
        Some(sent) => sent.code.unwrap_or(1005).into(),
        None => 1006.into(),
    };
    assert_eq!(row["close"]["code"], expected, "{name}");
    if let Some(sent) = first {
        assert_eq!(row["close"]["by"], by, "{name}");
        assert_eq!(row["close"]["reason"], sent.reason, "{name}");
    }
    assert_eq!(row["close"]["clean"], close.client_sent.is_some() && close.server_sent.is_some(), "{name}");
}
