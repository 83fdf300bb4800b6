//! The command line's words about judged payloads.

use crate::common::frame::{self, FIN, TEXT};
use crate::common::program::{program, run, run_with};
use crate::common::running::Running;
use crate::common::samples;
use crate::common::tcp::{Server, Talk};

/// Only the second fragment shows that the first one is wrong.
fn cut_character() -> Talk {
    let mut talk = Talk::upgraded();
    talk.say(Server, frame::server(FIN | TEXT, b"sound"));
    talk.say(Server, frame::server(TEXT, b"cut \xe6"));
    talk
}

#[test]
fn stats_judges_payloads_if_asked_to() {
    let sample = samples::named("broken");
    let plain = run(&["stats", "--json", sample.argument()]).quiet().json();
    let deep = run(&["stats", "--deep", "--json", sample.argument()]).quiet().json();
    assert!(plain[0].get("judged").is_none());
    let violations = |row: &serde_json::Value| row["findings"]["violation"].as_u64().unwrap();
    assert_eq!(violations(&deep[0]), violations(&plain[0]) + 1);
    assert!(deep[0]["judged"]["text_messages"].as_u64().unwrap() > 30);
    let table = run(&["stats", "--deep", sample.argument()]).quiet().out;
    assert!(table.lines().any(|line| line.starts_with("judged")), "{table}");
    // Who reads how few violations there are has to know what was not looked at.
    let says_so = |table: &str| table.lines().any(|line| line.starts_with("findings") && line.contains("--deep"));
    assert!(!says_so(&table) && says_so(&run(&["stats", sample.argument()]).quiet().out));
}

/// The saving by compression is the sum over all messages that were inflated.
#[test]
fn stats_tells_what_was_inflated() {
    for sample in samples::all() {
        let row = &run(&["stats", "--deep", "--json", sample.argument()]).quiet().json()[0]["compressed"];
        let messages = run(&["messages", "--json", sample.argument()]).quiet().json();
        let compressed: Vec<_> = messages.iter().filter(|row| row["compressed"] == true).collect();
        let sum = |key: &str| compressed.iter().map(|row| row[key].as_u64().unwrap()).sum::<u64>();
        let expected = [compressed.len() as u64, sum("wire_length"), sum("length")];
        let found = ["messages", "wire_octets", "plain_octets"].map(|key| row[key].as_u64().unwrap());
        assert_eq!(found, expected, "{}", sample.name);
    }
}

/// Every text of the samples was really judged, but for one that a reserved bit makes something else.
#[test]
fn the_samples_texts_are_judged() {
    for sample in samples::all() {
        let row = &run(&["stats", "--deep", "--json", sample.argument()]).quiet().json()[0];
        let messages = run(&["messages", "--json", "--payload", sample.argument()]).quiet().json();
        let is_plain = |row: &&serde_json::Value| {
            row["type"] == "text" && row["complete"] == true && !row["findings"].to_string().contains("frame.rsv")
        };
        let sound = messages.iter().filter(is_plain).filter(|row| row.get("text").is_some()).count() as u64;
        assert_eq!(row["judged"]["text_messages"], sound, "{}", sample.name);
    }
}

#[test]
fn rows_of_a_file_tell_what_was_found_later() {
    let mut talk = cut_character();
    talk.say(Server, frame::server(FIN, b"!"));
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cut.pcap");
    std::fs::write(&path, talk.capture().pcap()).unwrap();
    let path = path.to_str().unwrap();
    let rows = run(&["frames", "--json", path]).quiet().json();
    assert_eq!(rows[1]["findings"], serde_json::json!(["message.invalid-utf8"]));
    assert_eq!((rows[0]["findings"].as_array().unwrap().len(), rows[2]["findings"].as_array().unwrap().len()), (0, 0));
    let messages = run(&["messages", "--json", path]).quiet().json();
    assert_eq!(messages[1]["findings"], serde_json::json!(["message.invalid-utf8"]));
    assert_eq!(run(&["connections", "--json", path]).quiet().json()[0]["findings"][0], "message.invalid-utf8");
    let shown = run(&["show", path, "--frame", "2"]).quiet().out;
    assert!(shown.contains("e6 is no character. [message.invalid-utf8, RFC 6455 §8.1]"), "{shown}");
}

/// Whoever waits at a pipe sees a frame when it has come, whatever its message still brings; the message's row has it.
#[test]
fn rows_of_a_pipe_do_not_wait() {
    let mut talk = cut_character();
    let so_far = talk.capture().pcap().len();
    talk.say(Server, frame::server(FIN, b"!"));
    let octets = talk.capture().pcap();
    let mut running = Running::start(program().args(["frames", "--json", "-"]));
    running.write(&octets[..so_far]);
    assert!(running.line().contains("\"frame\":1,"));
    assert!(running.line().contains("\"frame\":2,"));
    running.write(&octets[so_far..]);
    assert_eq!(running.finish().quiet().out.lines().count(), 1);
    let messages = run_with(&["messages", "--json", "-"], &octets).quiet().json();
    assert_eq!(messages[1]["findings"], serde_json::json!(["message.invalid-utf8"]));
}
