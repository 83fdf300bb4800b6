//! `--as-websocket`, `--not-websocket` and `connections --others`.

use crate::common::frame::{self, BINARY, FIN};
use crate::common::program::{run, run_with};
use crate::common::tcp::Talk;
use crate::common::tcp::Who::{Client, Server};

/// One frame each way without a handshake, which is too little to recognise, over IPv6.
fn capture() -> Vec<u8> {
    let mut talk = Talk::between("[2001:db8::1]:50000", "[2001:db8::2]:80");
    talk.say(Client, frame::client(FIN | BINARY, b"\x01\x02"));
    talk.say(Server, frame::server(FIN | BINARY, b"\x03"));
    talk.capture().pcap()
}

const ENDS: &str = "[2001:db8::1]:50000-[2001:db8::2]:80";

#[test]
fn what_is_not_read_is_listed_and_then_read() {
    let listed = run_with(&["connections", "-", "--others"], &capture()).quiet();
    assert_eq!(listed.out.lines().nth(1), Some(&*format!("{ENDS}  8 B ⇅ 3 B")));
    let rows = run_with(&["connections", "-", "--others", "--json"], &capture()).quiet().json();
    assert_eq!((rows[0]["octets_opener"].as_u64(), rows[0]["rejected"].as_bool()), (Some(8), Some(false)));

    let frames = run_with(&["frames", "-", "--json", "--payload", "--as-websocket", ENDS], &capture()).quiet().json();
    assert_eq!((frames.len(), frames[1]["payload_hex"].as_str()), (2, Some("03")));
    let connections = run_with(&["connections", "-", "--json", "--as-websocket", ENDS], &capture()).quiet().json();
    assert_eq!(connections[0]["recognised"], "forced");
    assert_eq!(connections[0]["client"], "[2001:db8::1]:50000");
    for command in [&["check", "-"][..], &["stats", "-"], &["messages", "-"], &["show", "-", "--frame", "2"]] {
        run_with(&[command, &["--as-websocket", ENDS]].concat(), &capture()).quiet();
    }
}

#[test]
fn what_is_no_websocket_is_not_read() {
    let mut talk = Talk::upgraded();
    talk.say(Client, frame::client(FIN | BINARY, b"\x01\x02"));
    let (capture, ends) = (talk.capture().pcap(), "10.0.0.2:80-10.0.0.1:50000");
    assert_eq!(run_with(&["frames", "-", "--json"], &capture).quiet().json().len(), 1);
    assert_eq!(run_with(&["frames", "-", "--json", "--not-websocket", ends], &capture).quiet().out, "");
    let listed = run_with(&["connections", "-", "--others", "--not-websocket", ends], &capture).quiet();
    assert!(listed.out.contains("rejected"), "{listed:?}");
}

#[test]
fn what_means_nothing_is_said() {
    let ran = run_with(&["frames", "-", "--as-websocket", "10.0.0.1-10.0.0.2"], &capture());
    assert!(ran.refused().contains("--as-websocket: “10.0.0.1-10.0.0.2” should be two ends like"), "{ran:?}");
    let ran = run(&["frames", "no-such-file", "--not-websocket", "10.0.0.1:1-10.0.0.2:2,plain"]);
    assert!(ran.refused().contains("--not-websocket"), "{ran:?}");
    // Nothing has these ends: everything else is done all the same.
    let ran = run_with(&["stats", "-", "--not-websocket", "10.0.0.1:1-10.0.0.2:2"], &capture());
    assert_eq!(ran.status, 0);
    assert!(ran.err.contains("no TCP connection of the capture has the ends 10.0.0.1:1 and 10.0.0.2:2"), "{ran:?}");
}

#[test]
fn what_contradicts_itself_is_refused() {
    let ends = "[2001:db8::2]:80-[2001:db8::1]:50000";
    for options in [
        ["--as-websocket", ENDS, "--not-websocket", ends],
        ["--not-websocket", ends, "--as-websocket", ENDS],
        ["--as-websocket", ENDS, "--as-websocket", ends],
    ] {
        let ran = run_with(&[&["frames", "-"][..], &options].concat(), &capture());
        assert!(ran.refused().contains("another option says something else about the ends ["), "{ran:?}");
    }
    run_with(&["frames", "-", "--as-websocket", ENDS, "--as-websocket", ENDS], &capture()).quiet();
}
