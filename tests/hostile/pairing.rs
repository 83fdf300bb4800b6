//! The request that an answer belongs to, when the capture lacks some of both or has them in another order.

use proptest::prelude::*;

use crate::common::frame::{self, FIN, TEXT};
use crate::common::rows;
use crate::common::tcp::{ANSWER, Client, REQUEST, Server, Talk};

const GET: &str = "GET /img HTTP/1.1\r\nHost: x\r\n\r\n";
const POST: &str = "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n answer";
const REFUSAL: &str = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 5\r\n\r\nlogin";

fn greet(talk: &mut Talk) {
    talk.say(Client, frame::client(FIN | TEXT, b"hello"));
    talk.say(Server, frame::server(FIN | TEXT, b"hi"));
    talk.finish(Client);
}

/// Whatever is lost, what is there breaks no rule, and no frame is seen that was not sent.
fn is_honest(talk: &Talk, what: &str) {
    let snapshot = rows::read(&talk.capture().pcap());
    let sent = ["client text \"hello\"", "server text \"hi\""];
    for frame in rows::frames(&snapshot) {
        assert!(sent.contains(&frame.as_str()), "{what}: {frame}");
    }
    let notes = ["handshake.refused", "handshake.request-not-captured", "handshake.response-not-captured"];
    for rule in rows::findings(&snapshot) {
        assert!(rule.starts_with("capture.") || notes.contains(&rule), "{what}: {rule}");
    }
}

#[test]
fn a_refusal_that_is_lost_before_another_attempt() {
    let mut talk = Talk::new();
    talk.connect();
    talk.say(Client, REQUEST.replace("/chat", "/private"));
    talk.lose(Server, REFUSAL);
    talk.upgrade();
    greet(&mut talk);
    is_honest(&talk, "lost");
    let snapshot = rows::read(&talk.capture().pcap());
    assert_eq!(rows::frames(&snapshot).len(), 2);
    assert!(rows::connections(&snapshot).contains(&"ok 101 ws://example.test/chat 1 1".to_owned()));
}

#[test]
fn a_lost_answer_before_the_upgrade_does_not_split_the_connection() {
    let mut talk = Talk::new();
    talk.connect();
    talk.say(Client, GET);
    talk.lose(Server, OK);
    talk.say(Client, GET);
    talk.say(Server, OK);
    talk.upgrade();
    greet(&mut talk);
    let snapshot = rows::read(&talk.capture().pcap());
    assert_eq!(rows::connections(&snapshot), ["ok 101 ws://example.test/chat 1 1"]);
    is_honest(&talk, "lost");
}

#[test]
fn a_101_captured_in_the_middle_of_its_request() {
    let mut talk = Talk::new();
    talk.connect();
    let (head, rest) = REQUEST.split_at(60);
    talk.say(Client, head);
    talk.say(Client, rest);
    talk.say(Server, ANSWER);
    let answer = talk.segments.len() - 1;
    talk.segments.swap(answer, answer - 1);
    greet(&mut talk);
    let snapshot = rows::read(&talk.capture().pcap());
    assert_eq!(rows::frames(&snapshot).len(), 2);
    assert_eq!(rows::connections(&snapshot), ["ok 101 ws://example.test/chat 1 1"]);
    is_honest(&talk, "swapped");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn conversations_with_packets_lost_and_swapped(
        before in prop::collection::vec(0..3u8, 0..4),
        sizes in prop::collection::vec(1..200usize, 1..8),
        lost in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
        swapped in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
    ) {
        let mut talk = Talk::new();
        talk.connect();
        let mut sizes = sizes.into_iter().cycle();
        let mut say = |talk: &mut Talk, who, octets: &str| talk.say_in(who, sizes.next().unwrap_or(100).max(20), octets);
        for kind in before {
            let private = REQUEST.replace("/chat", "/private");
            let (request, answer) = match kind {
                0 => (GET, OK),
                1 => (POST, OK),
                _ => (private.as_str(), REFUSAL),
            };
            say(&mut talk, Client, request);
            say(&mut talk, Server, answer);
        }
        say(&mut talk, Client, REQUEST);
        say(&mut talk, Server, ANSWER);
        greet(&mut talk);
        for index in &lost {
            talk.segments.remove(index.index(talk.segments.len()));
        }
        for index in &swapped {
            let at = index.index(talk.segments.len() - 1);
            talk.segments.swap(at, at + 1);
        }
        is_honest(&talk, "lost and swapped");
    }
}
