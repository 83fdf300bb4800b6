//! The answers of the program, to each of its commands.

use std::io::Write as _;
use std::time::Duration;

use serde_json::Value;

use crate::common::program::{Ran, program, run};
use crate::common::running::{Running, ended};

/// Findings that may come when a row was printed already, where a pipe is still open.
const LATE: [&str; 3] = ["ping.unanswered", "message.unfinished", "frame.truncated"];

/// Runs a command over what a pipe brings slowly.
fn slowly(command: &[&str], capture: &[u8]) -> Ran {
    let mut running = Running::start(program().args(command).arg("-"));
    let (mut input, parts) = (running.take_input(), capture.len().div_ceil(12).max(1));
    let capture = capture.to_vec();
    let write = move || {
        for part in capture.chunks(parts) {
            input.write_all(part).and_then(|()| input.flush()).unwrap();
            std::thread::sleep(Duration::from_millis(3));
        }
    };
    let writer = std::thread::Builder::new().name("writer".to_owned()).spawn(write).unwrap();
    let ran = running.end();
    ended(writer);
    ran
}

/// The rows by their numbers, without the findings that may be late.
fn settled(rows: Vec<Value>, number: &str) -> Vec<Value> {
    let is_late = |rule: &Value| rule.as_str().is_some_and(|rule| LATE.contains(&rule) || rule.starts_with("close."));
    let mut rows = rows;
    for row in &mut rows {
        if let Some(findings) = row["findings"].as_array_mut() {
            findings.retain(|rule| !is_late(rule));
            findings.sort_by_key(ToString::to_string);
        }
    }
    rows.sort_by_key(|row| row[number].as_u64());
    rows
}

/// Compares what the commands tell of a capture that is a file, a compressed file or comes slowly; the rows of `messages`.
pub fn compare(name: &str, capture: &[u8]) -> Vec<Value> {
    let directory = tempfile::tempdir().unwrap();
    let path = |extension: &str| directory.path().join(format!("capture.{extension}")).to_str().unwrap().to_owned();
    let (plain, packed) = (path("pcap"), path("pcap.gz"));
    std::fs::write(&plain, capture).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(std::fs::File::create(&packed).unwrap(), flate2::Compression::fast());
    gzip.write_all(capture).unwrap();
    gzip.finish().unwrap();

    let mut messages = Vec::new();
    for (list, number) in [("frames", "frame"), ("messages", "message")] {
        let command = [list, "--json", "--payload"];
        let rows = run(&[&command[..], &[&plain]].concat());
        assert_eq!(rows.out, run(&[&command[..], &[&packed]].concat()).out, "{name}: {list} of a compressed file");
        let slow = settled(slowly(&command, capture).json(), number);
        assert_eq!(settled(rows.json(), number), slow, "{name}: {list} of a slow pipe");
        if list == "messages" {
            messages = rows.json();
        }
    }
    // Without payloads the same is told of them.
    let without = run(&["messages", "--json", &plain]).json();
    for (row, without) in messages.iter().zip(&without) {
        for (key, value) in without.as_object().unwrap() {
            assert_eq!(&row[key], value, "{name}: {key} of message {}", row["message"]);
        }
    }
    check(name, capture, &plain, &messages);
    messages
}

/// Compares `check` with itself, with rows, and with `stats --deep`.
fn check(name: &str, capture: &[u8], plain: &str, messages: &[Value]) {
    let checked = run(&["check", "--json", plain]);
    let slow = slowly(&["check", "--json"], capture);
    let sorted = |ran: &Ran| {
        let mut lines: Vec<String> = ran.out.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!((sorted(&checked), checked.status), (sorted(&slow), slow.status), "{name}: check");
    let findings = checked.json();
    for row in messages {
        for rule in row["findings"].as_array().unwrap() {
            let is_it = |finding: &&Value| finding["rule"] == *rule && finding["message"] == row["message"];
            assert!(findings.iter().any(|finding| is_it(&finding)), "{name}: {rule} of message {}", row["message"]);
        }
    }
    let stats = &run(&["stats", "--deep", "--json", plain]).json()[0];
    let of_severity = |severity: &str| findings.iter().filter(|finding| finding["severity"] == severity).count() as u64;
    for severity in ["violation", "warning", "note"] {
        assert_eq!(stats["findings"][severity], of_severity(severity), "{name}: {severity}");
    }
    let inflated = messages.iter().filter(|row| row["compressed"] == true && !row["length"].is_null());
    let sum = |key: &str| inflated.clone().map(|row| row[key].as_u64().unwrap()).sum::<u64>();
    let expected = [inflated.clone().count() as u64, sum("wire_length"), sum("length")];
    let told = ["messages", "wire_octets", "plain_octets"].map(|key| stats["compressed"][key].as_u64().unwrap());
    assert_eq!(told, expected, "{name}: what was inflated");
}
