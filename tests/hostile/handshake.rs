//! Opening handshakes as they are met (RFC 6455 §4), and what stands before them on the same connection.

use crate::common::frame::{self, FIN, TEXT};
use crate::common::rows;
use crate::common::tcp::{self, ANSWER, Client, REQUEST, Server, Talk};

const HELLO: &str = "client text \"hello\"";
const HI: &str = "server text \"hi\"";

fn greet(talk: &mut Talk) {
    talk.say(Client, frame::client(FIN | TEXT, b"hello"));
    talk.say(Server, frame::server(FIN | TEXT, b"hi"));
    talk.finish(Client);
}

/// A conversation in which `before` come first, each with its answer, and then the WebSocket opens.
fn after(before: &[(&str, &str)]) -> framescope::dissect::Snapshot {
    let mut talk = Talk::new();
    talk.connect();
    for (request, answer) in before {
        talk.say_in(Client, 50, request);
        talk.say_in(Server, 50, answer);
    }
    talk.upgrade();
    greet(&mut talk);
    rows::read(&talk.capture().pcap())
}

#[track_caller]
fn opens(request: &str, answer: &str, expected: &str, findings: &[&str]) {
    let mut talk = Talk::new();
    talk.connect();
    talk.say(Client, request);
    talk.say(Server, answer);
    greet(&mut talk);
    let snapshot = rows::read(&talk.capture().pcap());
    assert_eq!(rows::frames(&snapshot), [HELLO, HI], "{request}{answer}");
    assert_eq!(rows::connections(&snapshot), [expected], "{request}{answer}");
    assert_eq!(rows::findings(&snapshot), findings, "{request}{answer}");
}

#[test]
fn a_request_over_five_segments() {
    let mut talk = Talk::new();
    talk.connect();
    talk.say_in(Client, REQUEST.len().div_ceil(5), REQUEST);
    assert_eq!(talk.segments.len(), 3 + 5);
    talk.say(Server, ANSWER);
    greet(&mut talk);
    let snapshot = rows::read(&talk.capture().pcap());
    assert_eq!(rows::frames(&snapshot), [HELLO, HI]);
    assert_eq!(rows::connections(&snapshot), ["ok 101 ws://example.test/chat 1 1"]);
}

#[test]
fn what_real_peers_write() {
    const OK: &str = "ok 101 ws://example.test/chat 1 1";
    let with = |text: &str, from: &str, to: &str| {
        assert!(text.contains(from));
        text.replace(from, to)
    };
    opens(REQUEST, &with(ANSWER, "101 Switching Protocols", "101 "), OK, &[]);
    opens(REQUEST, &with(ANSWER, "101 Switching Protocols", "101"), OK, &[]);
    opens(REQUEST, &with(ANSWER, "Upgrade: websocket", "upgrade:WebSocket"), OK, &[]);
    opens(REQUEST, &with(ANSWER, "\r\nConnection: Upgrade", "\r\nconnection: keep-alive,  upgrade"), OK, &[]);
    opens(&with(REQUEST, "Upgrade: websocket", "Upgrade: websocket, h2c"), ANSWER, OK, &[]);
    opens(&with(REQUEST, "Connection: Upgrade", "Connection: keep-alive, Upgrade"), ANSWER, OK, &[]);
    opens(&with(REQUEST, "\r\n", "\n"), &with(ANSWER, "\r\n", "\n"), OK, &[]);
    opens(&format!("\r\n{REQUEST}"), ANSWER, OK, &[]);
    // A header field of obs-text (RFC 9110 §5.5) is no reason to see nothing.
    opens(&with(REQUEST, "\r\n\r\n", "\r\nX-Name: Jos\u{e9}\r\n\r\n"), ANSWER, OK, &[]);
}

#[test]
fn what_breaks_a_rule_opens_all_the_same() {
    const BAD: &str = "violation 101 ws://example.test/chat 1 1";
    opens(REQUEST, &ANSWER.replace("s3pP", "S3pP"), BAD, &["handshake.accept-mismatch"]);
    opens(REQUEST, &ANSWER.replace("Connection: Upgrade\r\n", ""), BAD, &["handshake.connection-missing"]);
    opens(
        REQUEST,
        &ANSWER.replace("\r\n\r\n", "\r\nSec-WebSocket-Protocol: chat\r\n\r\n"),
        BAD,
        &["handshake.subprotocol-not-offered"],
    );
    opens(&REQUEST.replace("GET", "POST"), ANSWER, BAD, &["handshake.method-not-get"]);
}

/// A client may write any token for GET, and its request is the request all the same, in whatever pieces it comes, behind
/// which lost packet, and on which side of its answer.
#[test]
fn a_method_is_any_token() {
    for method in ["Get", "get", "Post", "x-get!", "G3T", "UPGRADE"] {
        let request = REQUEST.replace("GET", method);
        let expected = ("violation 101 ws://example.test/chat 1 1", ["handshake.method-not-get"]);
        let found = |talk: &Talk, case: &str| {
            let snapshot = rows::read(&talk.capture().pcap());
            let (connections, findings) = (rows::connections(&snapshot), rows::findings(&snapshot));
            assert_eq!((connections, findings), (vec![expected.0.to_owned()], expected.1.to_vec()), "{method} {case}");
            assert_eq!(rows::frames(&snapshot), [HELLO, HI], "{method} {case}");
        };
        for size in [7, 24, 40, request.len()] {
            let mut talk = Talk::new();
            talk.connect();
            talk.say_in(Client, size, &request);
            talk.say(Server, ANSWER);
            greet(&mut talk);
            found(&talk, &format!("in pieces of {size}"));
            if size == request.len() {
                let mut late = talk.clone();
                late.segments.drain(..3);
                found(&late, "without the beginning");
                let mut swapped = talk.clone();
                swapped.segments.swap(3, 4);
                found(&swapped, "behind its answer");
            }
        }
        let mut talk = Talk::new();
        talk.connect();
        talk.say(Client, "\u{1} what nobody knows");
        talk.say(Client, &request);
        talk.say(Server, ANSWER);
        greet(&mut talk);
        found(&talk, "behind something else");
    }
}

/// Text that begins as a request might is none.
#[test]
fn text_that_is_no_request() {
    for text in [
        "Hello there, this is no HTTP/1.1 at all\r\n\r\n",
        "Get it\r\n\r\n",
        "220 ready HTTP/1.1\u{0}\r\n",
        "no line end",
    ] {
        let mut talk = Talk::new();
        talk.connect();
        talk.say(Client, text);
        talk.say(Server, frame::server(FIN | TEXT, b"no frame"));
        talk.say_in(Client, 5, text.repeat(2000));
        talk.finish(Client);
        let snapshot = rows::read(&talk.capture().pcap());
        assert_eq!((snapshot.connection_count(), snapshot.finding_count()), (0, 0), "{text}");
    }
}

#[test]
fn interim_answers_before_the_101() {
    let snapshot =
        after(&[("", "HTTP/1.1 100 Continue\r\n\r\n"), ("", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")]);
    assert_eq!(rows::frames(&snapshot), [HELLO, HI]);
    assert_eq!(rows::connections(&snapshot), ["ok 101 ws://example.test/chat 1 1"]);
}

#[test]
fn an_upgrade_behind_other_requests() {
    // The bodies hold what looks like heads and frames: they have to be stepped over by their length.
    let chunked_body = "5\r\nGET /\r\n1a;a=b\r\nHTTP/1.1 101 Switching\r\n\x01\x02\r\n0\r\nTrailer: x\r\n\r\n";
    let chunked_post =
        format!("POST /login HTTP/1.1\r\nHost: example.test\r\nTransfer-Encoding: chunked\r\n\r\n{chunked_body}");
    let chunked_answer = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n{chunked_body}");
    let body = "HTTP/1.1 200 OK\r\n\r\n";
    let sized_post = format!("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{REQUEST}", REQUEST.len());
    let sized_answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let snapshot = after(&[
        (&chunked_post, &chunked_answer),
        (&sized_post, &sized_answer),
        ("HEAD /big HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 4096\r\n\r\n"),
        ("GET /logo HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 4096\r\n\r\n"),
        ("DELETE /x HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n"),
    ]);
    assert_eq!(rows::frames(&snapshot), [HELLO, HI]);
    assert_eq!(rows::connections(&snapshot), ["ok 101 ws://example.test/chat 1 1"]);
}

#[test]
fn pipelined_requests() {
    let mut talk = Talk::new();
    talk.connect();
    talk.say(Client, "GET /a HTTP/1.1\r\nHost: x\r\n\r\nHEAD /b HTTP/1.1\r\nHost: x\r\n\r\n".to_owned() + REQUEST);
    talk.say(Server, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    talk.say(Server, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n".to_owned() + ANSWER);
    greet(&mut talk);
    let snapshot = rows::read(&talk.capture().pcap());
    assert_eq!(rows::frames(&snapshot), [HELLO, HI]);
    assert_eq!(rows::connections(&snapshot), ["ok 101 ws://example.test/chat 1 1"]);
}

#[test]
fn through_a_proxy() {
    let connect = "CONNECT example.test:80 HTTP/1.1\r\nHost: example.test:80\r\n\r\n";
    let refused = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 3\r\n\r\nno!";
    let snapshot = after(&[(connect, refused), (connect, "HTTP/1.1 200 Connection established\r\n\r\n")]);
    assert_eq!(rows::frames(&snapshot), [HELLO, HI]);
    assert_eq!(rows::connections(&snapshot), ["ok 101 ws://example.test/chat 1 1"]);
}

#[test]
fn refused_and_then_accepted() {
    let unauthorised = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 5\r\n\r\nlogin";
    let version =
        "HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let snapshot = after(&[(REQUEST, unauthorised), (REQUEST, version)]);
    assert_eq!(rows::frames(&snapshot), [HELLO, HI]);
    assert_eq!(
        rows::connections(&snapshot),
        [
            "refused 401 ws://example.test/chat 0 0",
            "refused 426 ws://example.test/chat 0 0",
            "ok 101 ws://example.test/chat 1 1",
        ]
    );
    assert_eq!(rows::findings(&snapshot), ["handshake.refused"; 2]);
    assert!(snapshot.connections().take(2).all(|refused| refused.last_frame.is_none() && !refused.opened));
}

#[test]
fn nobody_answers() {
    let mut talk = Talk::new();
    talk.connect();
    talk.say(Client, REQUEST);
    talk.ack(Server);
    let snapshot = rows::read(&talk.capture().pcap());
    assert_eq!(rows::connections(&snapshot), ["unanswered - ws://example.test/chat 0 0"]);
    talk.finish(Server);
    let snapshot = rows::read(&talk.capture().pcap());
    assert_eq!(rows::connections(&snapshot), ["unanswered - ws://example.test/chat 0 0"], "a server that hangs up");
}

#[test]
fn data_before_the_101() {
    let mut talk = Talk::new();
    talk.connect();
    talk.say(Client, REQUEST);
    talk.say(Client, frame::client(FIN | TEXT, b"hello"));
    talk.say(Server, ANSWER);
    talk.say(Server, frame::server(FIN | TEXT, b"hi"));
    talk.finish(Client);
    let snapshot = rows::read(&talk.capture().pcap());
    assert_eq!(rows::frames(&snapshot), [HELLO, HI]);
    assert_eq!(rows::findings(&snapshot), ["handshake.data-before-101"]);
    // In the same segment as the request it is no better.
    let together = [REQUEST.as_bytes(), &frame::client(FIN | TEXT, b"hello")].concat();
    let mut talk = Talk::new();
    talk.connect();
    talk.say(Client, together);
    talk.say(Server, ANSWER);
    let snapshot = rows::read(&talk.capture().pcap());
    assert_eq!(rows::frames(&snapshot), [HELLO]);
    assert_eq!(rows::findings(&snapshot), ["handshake.data-before-101"]);
}

/// A client frame that acknowledges the 101 was sent after it, wherever a capture of two queues has put it.
#[test]
fn a_frame_captured_before_the_101_that_it_acknowledges() {
    let mut talk = Talk::upgraded();
    greet(&mut talk);
    let answer = talk.segments.iter().position(|segment| segment.payload == ANSWER.as_bytes()).unwrap();
    talk.segments.swap(answer, answer + 1);
    let snapshot = rows::read(&talk.capture().pcap());
    assert_eq!(rows::frames(&snapshot), [HELLO, HI]);
    assert_eq!(rows::findings(&snapshot), [""; 0]);
}

/// An answer may be captured before the request it answers.
#[test]
fn an_answer_captured_before_its_request() {
    let mut talk = Talk::upgraded();
    greet(&mut talk);
    let answer = talk.segments.iter().position(|segment| segment.payload == ANSWER.as_bytes()).unwrap();
    talk.segments.swap(answer, answer - 1);
    let snapshot = rows::read(&talk.capture().pcap());
    assert_eq!(rows::frames(&snapshot), [HELLO, HI]);
    assert_eq!(rows::connections(&snapshot), ["ok 101 ws://example.test/chat 1 1"]);
}

#[test]
fn frames_in_the_same_segment_as_the_101() {
    let mut talk = Talk::new();
    talk.connect();
    talk.say(Client, REQUEST);
    talk.say(Server, [ANSWER.as_bytes(), &frame::server(FIN | TEXT, b"hi"), &[0x81]].concat());
    talk.say(Server, [3, b'y', b'o', b'u']);
    let snapshot = rows::read(&talk.capture().pcap());
    assert_eq!(rows::frames(&snapshot), [HI, "server text \"you\""]);
}

#[test]
fn what_is_no_websocket_is_none() {
    let mut talk = Talk::new();
    talk.connect();
    talk.say(Client, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    talk.say(Server, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n\x01\x02\x03\x04\x05");
    talk.say(Client, "GET /h2 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
    talk.say(Server, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
    talk.say(Server, frame::server(FIN | TEXT, b"no frame"));
    talk.finish(Client);
    let mut ssh = Talk::between("10.0.0.1:40000", "10.0.0.2:22");
    ssh.connect();
    ssh.say(Server, "SSH-2.0-OpenSSH_9.2\r\n");
    ssh.say(Client, frame::client(FIN | TEXT, b"no frame"));
    talk.segments.extend(ssh.segments);
    let snapshot = rows::read(&talk.capture().pcap());
    assert_eq!((snapshot.connection_count(), snapshot.frame_count(), snapshot.finding_count()), (0, 0, 0));
}

/// A capture that begins in the middle of an HTTP connection, or lost a piece of it, finds the WebSocket all the same.
/// A client random is any octets, also those that end a head.
#[test]
fn tls_with_an_empty_line_in_it_is_tls() {
    let random = [&[7; 14][..], b"\n\r\n\n", &[7; 14]].concat();
    let hello = [&[22, 3, 1, 0, 42, 1, 0, 0, 38, 3, 3][..], &random, &[0, 0, 0]].concat();
    for flags in [tcp::ACK, tcp::ACK | tcp::FIN] {
        let mut talk = Talk::new();
        talk.connect();
        talk.say(Client, &hello);
        talk.last().flags = flags;
        let snapshot = rows::read(&talk.capture().pcap());
        assert_eq!(rows::all_findings(&snapshot), ["capture.decryption-keys-missing"], "{flags:02x}");
    }
}

#[test]
fn a_capture_that_begins_inside_an_http_exchange() {
    let mut talk = Talk::new();
    talk.connect();
    talk.say(Client, "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nsome");
    talk.say(Client, " body");
    talk.say(Server, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nand");
    talk.say(Server, " answer");
    talk.upgrade();
    greet(&mut talk);
    for missing in 1..=6 {
        let mut late = talk.clone();
        late.segments.drain(..missing);
        let snapshot = rows::read(&late.capture().pcap());
        assert_eq!(rows::frames(&snapshot), [HELLO, HI], "without the first {missing} packets");
        assert_eq!(rows::connections(&snapshot), ["ok 101 ws://example.test/chat 1 1"], "{missing}");
        // A piece lost in the middle.
        let mut holed = talk.clone();
        holed.segments.remove(missing);
        let snapshot = rows::read(&holed.capture().pcap());
        assert_eq!(rows::frames(&snapshot), [HELLO, HI], "without packet {}", missing + 1);
    }
}

/// An extension that nobody here knows may give any reserved bit a meaning, so none is a violation.
#[test]
fn a_foreign_extension_explains_reserved_bits() {
    let extension = "Sec-WebSocket-Extensions: x-foreign\r\nSec-WebSocket-Version";
    let request = REQUEST.replace("Sec-WebSocket-Version", extension);
    for (answer, findings) in [
        (
            ANSWER.replace("Sec-WebSocket-Accept", "Sec-WebSocket-Extensions: x-foreign\r\nSec-WebSocket-Accept"),
            &[][..],
        ),
        (ANSWER.to_owned(), &["frame.rsv-without-extension"][..]),
    ] {
        let mut talk = Talk::new();
        talk.connect();
        talk.say(Client, &request);
        talk.say(Server, &answer);
        talk.say(Server, frame::server(FIN | TEXT | 0x20, b"hi"));
        assert_eq!(rows::findings(&rows::read(&talk.capture().pcap())), findings, "{answer}");
    }
}

/// Under an extension that nobody here knows, a frame may start like text: nothing is taken for another protocol for that.
/// Without one, text is no frame.
#[test]
fn a_foreign_extension_may_make_frames_look_like_text() {
    let extension = "Sec-WebSocket-Extensions: x-foreign\r\nSec-WebSocket-Version";
    let request = REQUEST.replace("Sec-WebSocket-Version", extension);
    let agreed = ANSWER.replace("Sec-WebSocket-Accept", "Sec-WebSocket-Extensions: x-foreign\r\nSec-WebSocket-Accept");
    let (first, last) = ("this is how a long message begins ", "and that is how it ends");
    let frames = [frame::server(0x20 | TEXT, first.as_bytes()), frame::server(FIN, last.as_bytes())].concat();
    for (answer, expected) in [(agreed, (2, vec![])), (ANSWER.to_owned(), (0, vec!["frame.not-websocket"]))] {
        let mut talk = Talk::new();
        talk.connect();
        talk.say(Client, &request);
        talk.say(Server, &answer);
        talk.say(Server, &frames);
        let snapshot = rows::read(&talk.capture().pcap());
        assert_eq!((snapshot.frame_count(), rows::findings(&snapshot)), expected, "{answer}");
    }
}

/// A close is clean when both sides sent Close; by whom is told by who did so first.
#[test]
fn closes_with_one_side_or_both() {
    use framescope::base::{ConnectionId, Sender};
    use framescope::view::close_summary;
    let close = frame::close(1001, "bye");
    for both in [false, true] {
        let mut talk = Talk::upgraded();
        talk.say(Server, frame::server(frame::CLOSE, &close));
        if both {
            talk.say(Client, frame::client(frame::CLOSE, &close));
        }
        talk.finish(Client);
        let snapshot = rows::read(&talk.capture().pcap());
        let summary = close_summary(snapshot.connection(ConnectionId(0)).unwrap()).unwrap();
        assert_eq!((summary.code, summary.by, summary.clean), (Some(1001), Sender::Server, both));
    }
}
