//! The keys of the JSON lines: those of the contract, in every row, of the right type.

use framescope::base::Rule;
use serde_json::Value;

use crate::common::frame::{self, BINARY, FIN, TEXT};
use crate::common::program::run;
use crate::common::samples;
use crate::common::tcp::{self, Client, Server, Talk};

/// The kind of a value.
#[derive(Clone, Copy)]
enum Kind {
    Number,
    Bool,
    Text,
    /// Lower-case hex.
    Hex,
    Numbers,
    /// Ids of rules, none twice.
    Rules,
    OneOf(&'static [&'static str]),
    Close,
}

use Kind::{Bool, Close, Hex, Number, Numbers, OneOf, Rules, Text};

const SENDERS: Kind = OneOf(&["client", "server", "unknown"]);
/// A key that is null where there is nothing to say.
const NULLABLE: bool = true;
const NEVER_NULL: bool = false;

const FRAME: [(&str, Kind, bool); 17] = [
    ("frame", Number, NEVER_NULL),
    ("connection", Number, NEVER_NULL),
    ("message", Number, NULLABLE),
    ("time_ns", Number, NEVER_NULL),
    ("sender", SENDERS, NEVER_NULL),
    ("fin", Bool, NEVER_NULL),
    ("rsv1", Bool, NEVER_NULL),
    ("rsv2", Bool, NEVER_NULL),
    ("rsv3", Bool, NEVER_NULL),
    ("opcode", Number, NEVER_NULL),
    ("masked", Bool, NEVER_NULL),
    ("masking_key", Hex, NULLABLE),
    ("header_length", Number, NEVER_NULL),
    ("payload_length", Number, NEVER_NULL),
    ("captured_length", Number, NEVER_NULL),
    ("packets", Numbers, NEVER_NULL),
    ("findings", Rules, NEVER_NULL),
];

const MESSAGE: [(&str, Kind, bool); 12] = [
    ("message", Number, NEVER_NULL),
    ("connection", Number, NEVER_NULL),
    ("sender", SENDERS, NEVER_NULL),
    ("type", OneOf(&["text", "binary"]), NEVER_NULL),
    ("frames", Numbers, NEVER_NULL),
    ("time_ns", Number, NEVER_NULL),
    ("end_time_ns", Number, NEVER_NULL),
    ("compressed", Bool, NEVER_NULL),
    ("wire_length", Number, NEVER_NULL),
    ("length", Number, NULLABLE),
    ("complete", Bool, NEVER_NULL),
    ("findings", Rules, NEVER_NULL),
];

const CONNECTION: [(&str, Kind, bool); 20] = [
    ("connection", Number, NEVER_NULL),
    ("client", Text, NEVER_NULL),
    ("server", Text, NEVER_NULL),
    ("transport", OneOf(&["tcp", "tls", "h2c", "h2"]), NEVER_NULL),
    ("url", Text, NULLABLE),
    ("status", Number, NULLABLE),
    ("subprotocol", Text, NULLABLE),
    ("extensions", Text, NULLABLE),
    ("handshake", OneOf(&["refused", "unanswered", "not captured", "violation", "ok"]), NEVER_NULL),
    ("frames_client", Number, NEVER_NULL),
    ("frames_server", Number, NEVER_NULL),
    ("messages_client", Number, NEVER_NULL),
    ("messages_server", Number, NEVER_NULL),
    ("payload_client", Number, NEVER_NULL),
    ("payload_server", Number, NEVER_NULL),
    ("start_ns", Number, NEVER_NULL),
    ("end_ns", Number, NEVER_NULL),
    ("close", Close, NULLABLE),
    ("story", Text, NEVER_NULL),
    ("findings", Rules, NEVER_NULL),
];

/// Whatever stands in a row is an entry of the row-field table, in its order, and what always has to stand there does.
#[test]
fn every_key_of_a_row_is_an_entry() {
    use framescope::query::{Json, RowKind, entries};
    let commands: [(RowKind, &[&str]); 3] = [
        (RowKind::Frames, &["frames", "--payload"]),
        (RowKind::Messages, &["messages", "--payload"]),
        (RowKind::Findings, &["check", "--explain"]),
    ];
    for sample in samples::all() {
        for (kind, words) in commands {
            let ran = run(&[words, &["--json", sample.argument()]].concat());
            for line in ran.out.lines() {
                let row: serde_json::Map<String, Value> = serde_json::from_str(line).unwrap();
                let mut known = 0;
                for entry in entries(kind) {
                    let is_there = entry.json.key().is_some_and(|key| row.contains_key(key.name()));
                    known += usize::from(is_there);
                    assert!(
                        is_there || !matches!(entry.json, Json::Always(_)),
                        "{:?} is missing in {line}",
                        entry.field
                    );
                }
                assert_eq!(known, row.len(), "{line}");
            }
        }
    }
}

fn is(kind: Kind, value: &Value) -> bool {
    let list = |holds: &dyn Fn(&Value) -> bool| value.as_array().is_some_and(|list| list.iter().all(holds));
    match kind {
        Number => value.is_u64(),
        Bool => value.is_boolean(),
        Text => value.is_string(),
        Hex => value
            .as_str()
            .is_some_and(|text| text.len() % 2 == 0 && text.chars().all(|it| matches!(it, '0'..='9' | 'a'..='f'))),
        Numbers => list(&Value::is_u64),
        Rules => {
            let distinct = |list: &Vec<Value>| list.iter().enumerate().all(|(at, id)| !list[..at].contains(id));
            list(&|id| id.as_str().is_some_and(|id| Rule::from_id(id).is_some()))
                && value.as_array().is_some_and(distinct)
        }
        OneOf(words) => value.as_str().is_some_and(|word| words.contains(&word)),
        Close => {
            let code = value.get("code").is_some_and(|code| code.is_u64() || code.is_null());
            code && value["reason"].is_string() && is(SENDERS, &value["by"]) && value["clean"].is_boolean()
        }
    }
}

#[track_caller]
fn check(what: &str, keys: &[(&str, Kind, bool)], row: &Value) {
    for (key, kind, nullable) in keys {
        let value = row.get(key).unwrap_or_else(|| panic!("{what}: {key} is missing in {row}"));
        assert!(is(*kind, value) || (*nullable && value.is_null()), "{what}: {key} in {row}");
    }
}

/// The samples, and a capture that lacks things: every key in each of its forms.
fn files() -> (tempfile::TempDir, Vec<String>) {
    let directory = tempfile::tempdir().unwrap();
    let mut talk = Talk::upgraded();
    talk.say(Server, frame::server(BINARY, b"never finished"));
    talk.lose(Server, b"hole");
    talk.say(Client, [&frame::header(FIN | TEXT, u64::MAX, Some([1, 2, 3, 4]))[..], b"abc"].concat());
    let mut alone = Talk::between("10.0.0.1:1", "10.0.0.2:2");
    alone.connect();
    alone.say(Client, tcp::REQUEST);
    talk.segments.extend(alone.segments);
    let path = directory.path().join("lacking.pcap");
    std::fs::write(&path, talk.capture().pcap()).unwrap();
    let mut files: Vec<String> = samples::all().iter().map(|sample| sample.argument().to_owned()).collect();
    files.push(path.to_str().unwrap().to_owned());
    (directory, files)
}

#[test]
fn rows_have_every_key_of_the_contract() {
    let (_directory, files) = files();
    for file in files {
        for (list, keys) in [("frames", &FRAME[..]), ("messages", &MESSAGE), ("connections", &CONNECTION)] {
            let rows = run(&[list, "--json", &file]).quiet().json();
            for (index, row) in rows.iter().enumerate() {
                check(&format!("{list} {file}"), keys, row);
                assert_eq!(row[keys[0].0], index + 1, "{list} {file}: numbers count from 1");
            }
        }
    }
}

#[test]
fn keys_agree_with_one_another() {
    let (_directory, files) = files();
    for file in files {
        let frames = run(&["frames", "--json", "--payload", &file]).quiet().json();
        let messages = run(&["messages", "--json", "--payload", &file]).quiet().json();
        let connections = run(&["connections", "--json", &file]).quiet().json();
        for frame in &frames {
            let number = |key: &str| frame[key].as_u64().unwrap();
            assert_eq!(frame["masked"].as_bool().unwrap(), frame["masking_key"].is_string(), "{frame}");
            assert!(number("captured_length") <= number("payload_length"), "{frame}");
            assert!(is(Hex, &frame["payload_hex"]), "{frame}");
            assert!(frame["payload_hex"].as_str().unwrap().len() as u64 / 2 >= number("captured_length"), "{frame}");
            let packets: Vec<u64> = frame["packets"].as_array().unwrap().iter().filter_map(Value::as_u64).collect();
            assert!(!packets.is_empty() && packets[0] > 0, "{frame}");
            match frame["message"].as_u64() {
                Some(message) => {
                    let frames = messages[message as usize - 1]["frames"].as_array().unwrap();
                    assert!(frames.contains(&frame["frame"]), "{frame}");
                }
                None => assert!(frame["opcode"].as_u64() > Some(2) || frame["opcode"] == 0, "{frame}"),
            }
        }
        for message in &messages {
            // Exactly one form of the payload; what is missing is only named where something is.
            assert!(message["text"].is_string() ^ is(Hex, &message["payload_hex"]), "{message}");
            assert!(message.get("missing").is_none() || message["complete"] == false, "{message}");
        }
        for connection in &connections {
            for sender in ["client", "server"] {
                let sent = |rows: &[Value]| {
                    let own = |row: &&Value| row["connection"] == connection["connection"] && row["sender"] == sender;
                    rows.iter().filter(own).count() as u64
                };
                assert_eq!(connection[format!("frames_{sender}")], sent(&frames), "{connection}");
                assert_eq!(connection[format!("messages_{sender}")], sent(&messages), "{connection}");
            }
            assert!(connection["start_ns"].as_u64() <= connection["end_ns"].as_u64(), "{connection}");
        }
    }
}

#[test]
fn without_payload_there_is_none() {
    let sample = samples::named("rfc6455-examples");
    for list in ["frames", "messages"] {
        for row in run(&[list, "--json", sample.argument()]).quiet().json() {
            assert!(["payload_hex", "text", "missing"].iter().all(|key| row.get(key).is_none()), "{row}");
        }
    }
}
