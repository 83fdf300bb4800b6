//! Captures whose packets were stored shorter than they were: the first lines of the opening handshake are enough to
//! follow the frames, and nothing that was cut off is held against anybody.

use super::common::frame::{self, BINARY, FIN, PING, PONG, TEXT};
use super::common::rows::{self, sentence};
use super::common::tcp::{ANSWER, Client, REQUEST, Server, Talk};
use framescope::base::{ConnectionId, Fact, Sender, Severity};
use framescope::dissect::Snapshot;
use framescope::view::handshake_view;

/// Octets of Ethernet, IPv4 and TCP.
const HEADERS: usize = 54;
/// The length of a packet that has status and method.
const LEAST: usize = HEADERS + "HTTP/1.1 101".len();

fn snapped(talk: &Talk, len: usize) -> Snapshot {
    rows::read(&talk.capture().snap(len).pcap())
}

/// Frames of both sides, longer than most snap lengths and shorter, each in a segment of its own.
fn chat(talk: &mut Talk) {
    for (number, len) in [5, 300, 2, 90, 1000].into_iter().enumerate() {
        let text = format!("{number}{}", "x".repeat(len));
        talk.say(Client, frame::client(FIN | TEXT, text.as_bytes()));
        talk.say(Server, frame::server(FIN | BINARY, text.as_bytes()));
    }
    talk.say(Server, frame::server(PING, b"?"));
    talk.say(Client, frame::client(PONG, b"?"));
    talk.finish(Client);
}

/// Returns where frames start, and with which octets.
fn places(snapshot: &Snapshot) -> Vec<(u64, Vec<u8>)> {
    let frame = |index| snapshot.frame(framescope::base::FrameId::from_index(index)).unwrap();
    (0..snapshot.frame_count()).map(frame).map(|frame| (frame.time.0, frame.header.octets().to_vec())).collect()
}

#[track_caller]
fn breaks_nothing(snapshot: &Snapshot, case: &str) {
    let findings = (0..snapshot.finding_count()).map(|index| snapshot.finding(index).unwrap());
    let bad: Vec<_> = findings.filter(|finding| finding.severity() > Severity::Note).collect();
    assert!(bad.is_empty(), "{case}: {bad:?}");
}

/// Conversations that open in all ways: with compression or without, in segments of any size, behind other requests.
fn conversations() -> Vec<(String, Talk)> {
    let field = "\r\nSec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Protocol: chat\r\n\r\n";
    let (offer, accept) = (REQUEST.replace("\r\n\r\n", field), ANSWER.replace("\r\n\r\n", field));
    let long = format!("GET /{} HTTP/1.1\r\n{}", "x".repeat(400), REQUEST.split_once("\r\n").unwrap().1);
    let mut talks = Vec::new();
    for (request, answer) in [(REQUEST, ANSWER), (&offer, &accept), (REQUEST, &accept), (&long, ANSWER)] {
        for size in [2000, 70] {
            for before in [false, true] {
                let mut talk = Talk::new();
                talk.connect();
                if before {
                    talk.say(Client, "POST /login HTTP/1.1\r\nHost: example.test\r\nContent-Length: 4\r\n\r\nuser");
                    talk.say(
                        Server,
                        "HTTP/1.1 302 Found\r\nLocation: /elsewhere/and/further\r\nContent-Length: 0\r\n\r\n",
                    );
                }
                talk.say_in(Client, size, request);
                talk.say_in(Server, size, answer);
                if answer == accept && request == offer {
                    talk.say(Server, frame::server(FIN | TEXT | 0x40, b"\x02\x00"));
                }
                chat(&mut talk);
                talks.push((format!("{} {} {size} {before}", request.len(), answer.len()), talk));
            }
        }
    }
    talks
}

#[test]
fn frames_are_followed_behind_heads_that_are_cut() {
    for (case, talk) in conversations() {
        let sent = places(&rows::read(&talk.capture().pcap()));
        for len in 0..400 {
            let (snapshot, case) = (snapped(&talk, len), format!("{case}: snap length {len}"));
            let found = places(&snapshot);
            assert!(found.iter().all(|frame| sent.contains(frame)), "{case}: {found:?}");
            if case.starts_with(&format!("{} {}", REQUEST.len(), ANSWER.len())) {
                breaks_nothing(&snapshot, &case);
            }
            if len >= LEAST {
                let rows: Vec<_> = snapshot.connections().map(|row| (row.status, row.opened)).collect();
                assert_eq!(rows, [(Some(101), true)], "{case}");
                assert_eq!(found, sent, "{case}");
            }
        }
    }
}

/// The usual snap lengths: what is there is shown, and what is not known is said.
#[test]
fn what_is_known_of_heads_that_are_cut() {
    let mut talk = Talk::upgraded();
    chat(&mut talk);
    for (len, url, fields) in
        [(68, "ws://…/chat", 0), (96, "ws://example.test/chat", 1), (200, "ws://example.test/chat", 4)]
    {
        let snapshot = snapped(&talk, len);
        assert_eq!(rows::connections(&snapshot), [format!("not captured 101 {url} 6 6")], "{len}");
        let found = (0..snapshot.finding_count()).map(|index| snapshot.finding(index).unwrap());
        let cut: Vec<_> =
            found.map(|finding| sentence(&finding)).filter(|text| text.contains("opening handshake")).collect();
        let whole = HEADERS + ANSWER.len() <= len;
        assert_eq!(cut.len(), if whole { 1 } else { 2 }, "{len}: {cut:?}");
        assert!(
            cut[0].contains("octets of the client's opening handshake are missing: packet 4 was"),
            "{len}: {cut:?}"
        );
        let view = handshake_view(&snapshot, ConnectionId(0)).unwrap().unwrap();
        let [request, response] = [view.request, view.response].map(Option::unwrap);
        assert!(request.start_line.starts_with("GET /chat"), "{len}: {}", request.start_line);
        assert!(response.start_line.starts_with("HTTP/1.1 101"), "{len}: {}", response.start_line);
        assert_eq!(request.fields.len(), fields, "{len}");
        assert!(view.negotiation.iter().all(|row| row.note.contains("does not have all")), "{len}");
    }
}

/// A violation that stands in the part that is there is one.
/// A request that is captured behind its answer and cut is told like one that comes in its place.
#[test]
fn a_late_request_that_is_cut() {
    let mut talk = Talk::upgraded();
    chat(&mut talk);
    let mut capture = talk.capture();
    capture.packets.swap(3, 4);
    let cut = rows::read(&capture.snap(HEADERS + 110).pcap());
    let findings: Vec<_> = (0..cut.finding_count()).map(|index| cut.finding(index).unwrap()).collect();
    let heads = findings.iter().filter(|finding| matches!(finding.fact, Fact::HeadCut { .. })).map(|it| it.sender);
    assert_eq!(heads.collect::<Vec<_>>(), [Sender::Server, Sender::Client], "{findings:?}");
    breaks_nothing(&cut, "a late request");
}

#[test]
fn what_is_wrong_in_a_first_line_is_told() {
    let mut talk = Talk::new();
    talk.connect();
    talk.say(Client, REQUEST.replace("GET", "POST"));
    talk.say(Server, ANSWER.replace("s3pP", "S3pP"));
    chat(&mut talk);
    for len in [96, 150, 200] {
        let found = rows::findings(&snapped(&talk, len));
        assert!(found.contains(&"handshake.method-not-get"), "{len}: {found:?}");
        assert!(!found.contains(&"handshake.accept-mismatch"), "{len}: {found:?}");
    }
}

/// A refusal is told with its status; a request that nobody knows to be for a WebSocket makes no row.
#[test]
fn refusals_that_are_cut() {
    let mut talk = Talk::new();
    talk.connect();
    for _ in 0..2 {
        talk.say(Client, REQUEST);
        talk.say(
            Server,
            format!("HTTP/1.1 403 Forbidden\r\nX-Why: {}\r\nContent-Length: 2\r\n\r\nno", "y".repeat(100)),
        );
    }
    chat(&mut talk);
    let expected = ["refused 403 ws://example.test/chat 0 0"; 2];
    assert_eq!(rows::connections(&snapped(&talk, HEADERS + 80)), expected);
    assert_eq!(rows::connections(&snapped(&talk, 96)), [""; 0]);
}

/// Other protocols that a 101 opens, and HTTP that opens none.
#[test]
fn other_protocols_behind_heads_that_are_cut() {
    let http2 = [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &[0, 0, 0, 4, 0, 0, 0, 0, 0]].concat();
    let settings = [0, 0, 12, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100, 0, 4, 0, 16, 0, 0];
    for (client, server) in [
        (&http2[..], &settings[..]),
        (b"\x16\x03\x01\x00\x05hello", b"\x16\x03\x03\x00\x05hello"),
        (b"SSH-2.0-x\r\n", b"SSH-2.0-y\r\n"),
        (b"GET /next HTTP/1.1\r\nHost: example.test\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    ] {
        for server_first in [false, true] {
            let mut talk = Talk::new();
            talk.connect();
            talk.say(Client, REQUEST.replace("websocket", "other/1").replace("Sec-WebSocket", "X"));
            talk.say(Server, ANSWER.replace("websocket", "other/1").replace("Sec-WebSocket", "X"));
            for _ in 0..40 {
                let turns = if server_first {
                    [(Server, server), (Client, client)]
                } else {
                    [(Client, client), (Server, server)]
                };
                turns.into_iter().for_each(|(who, octets)| talk.say(who, octets));
            }
            talk.finish(Client);
            for len in HEADERS..300 {
                let snapshot = snapped(&talk, len);
                assert_eq!((snapshot.connection_count(), snapshot.finding_count()), (0, 0), "{client:?} {len}");
            }
        }
    }
}

/// Frames that stand in the segment of the 101 are among what was cut off, and those behind are read.
#[test]
fn frames_in_the_segment_of_a_head_that_is_cut() {
    let mut talk = Talk::new();
    talk.connect();
    talk.say(Client, REQUEST);
    talk.say(Server, [ANSWER.as_bytes(), &frame::server(FIN | TEXT, b"welcome")].concat());
    chat(&mut talk);
    let sent = places(&rows::read(&talk.capture().pcap()));
    for len in LEAST..HEADERS + ANSWER.len() {
        let snapshot = snapped(&talk, len);
        assert_eq!(places(&snapshot), sent[1..], "{len}");
        breaks_nothing(&snapshot, &len.to_string());
    }
}
