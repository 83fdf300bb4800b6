//! The opening handshake.

use super::common::frame::{self, FIN, TEXT};
use super::common::tcp::{ANSWER, Client, REQUEST, Server, Talk};
use super::{Case, case};

/// A handshake with other heads.
fn heads(request: &str, answer: &str) -> Talk {
    let mut talk = Talk::new();
    talk.connect();
    talk.say(Client, request);
    talk.say(Server, answer);
    talk
}

fn request(from: &str, to: &str) -> Talk {
    assert!(REQUEST.contains(from));
    heads(&REQUEST.replace(from, to), ANSWER)
}

fn answer(from: &str, to: &str) -> Talk {
    assert!(ANSWER.contains(from));
    heads(REQUEST, &ANSWER.replace(from, to))
}

/// Both heads with another field each.
fn with(offered: &str, chosen: &str) -> Talk {
    let add = |head: &str, field: &str| match field {
        "" => head.to_owned(),
        field => head.replacen("\r\n\r\n", &format!("\r\n{field}\r\n\r\n"), 1),
    };
    heads(&add(REQUEST, offered), &add(ANSWER, chosen))
}

fn line_of<'a>(head: &'a str, name: &str) -> &'a str {
    head.split_inclusive("\r\n").find(|line| line.starts_with(name)).unwrap()
}

const GOOD: (&str, fn() -> Talk) = ("the RFC's own handshake", || heads(REQUEST, ANSWER));

pub const CASES: &[Case] = &[
    case("handshake.method-not-get", ("POST", || request("GET /", "POST /")), GOOD),
    case("handshake.http-version", ("HTTP/1.0", || request("HTTP/1.1", "HTTP/1.0")), GOOD),
    case("handshake.host-missing", ("no Host", || request("Host: example.test\r\n", "")), GOOD),
    case(
        "handshake.connection-missing",
        ("a 101 with Connection: close", || answer("Connection: Upgrade", "Connection: close")),
        ("Connection: keep-alive, Upgrade", || request("Connection: Upgrade", "Connection: keep-alive, Upgrade")),
    ),
    case(
        "handshake.upgrade-missing",
        ("a 101 without Upgrade", || answer("Upgrade: websocket\r\n", "")),
        ("Upgrade: WebSocket, h2c", || request("Upgrade: websocket", "Upgrade: WebSocket, h2c")),
    ),
    case(
        "handshake.key-missing",
        ("no Sec-WebSocket-Key", || request(line_of(REQUEST, "Sec-WebSocket-Key"), "")),
        GOOD,
    ),
    case(
        "handshake.key-invalid",
        ("a key of 3 octets", || request(line_of(REQUEST, "Sec-WebSocket-Key"), "Sec-WebSocket-Key: AQID\r\n")),
        GOOD,
    ),
    case(
        "handshake.version-missing",
        ("no Sec-WebSocket-Version", || request("Sec-WebSocket-Version: 13\r\n", "")),
        GOOD,
    ),
    case("handshake.version-unsupported", ("version 8", || request("Version: 13", "Version: 8")), GOOD),
    case(
        "handshake.accept-missing",
        ("a 101 without Accept", || answer(line_of(ANSWER, "Sec-WebSocket-Accept"), "")),
        ("a 101 without a reason phrase", || answer("101 Switching Protocols", "101 ")),
    ),
    case(
        "handshake.accept-mismatch",
        ("another key's Accept", || {
            answer(line_of(ANSWER, "Sec-WebSocket-Accept"), "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n")
        }),
        GOOD,
    ),
    case(
        "handshake.subprotocol-not-offered",
        ("chat chosen, none offered", || with("", "Sec-WebSocket-Protocol: chat")),
        ("one of two offered", || with("Sec-WebSocket-Protocol: soap, chat", "Sec-WebSocket-Protocol: chat")),
    ),
    case(
        "handshake.extension-not-offered",
        ("permessage-deflate accepted, none offered", || with("", "Sec-WebSocket-Extensions: permessage-deflate")),
        ("offered twice, accepted once", || {
            with(
                "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, permessage-deflate",
                "Sec-WebSocket-Extensions: permessage-deflate",
            )
        }),
    ),
    case(
        "handshake.extension-parameter",
        ("a window larger than offered", || {
            with(
                "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10",
                "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=12",
            )
        }),
        ("a quoted, smaller window", || {
            with(
                "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=12",
                "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=\"10\"",
            )
        }),
    ),
    case(
        "handshake.data-before-101",
        ("a frame behind the request", || {
            let mut talk = Talk::new();
            talk.connect();
            talk.say(Client, REQUEST);
            talk.say(Client, frame::client(FIN | TEXT, b"early"));
            talk.say(Server, ANSWER);
            talk
        }),
        ("a frame behind the 101", || {
            let mut talk = Talk::upgraded();
            talk.say(Client, frame::client(FIN | TEXT, b"in time"));
            talk
        }),
    ),
    case("handshake.refused", ("403", || heads(REQUEST, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")), GOOD),
    case(
        "handshake.request-not-captured",
        ("a 101 alone, and frames", || {
            let mut talk = Talk::new();
            talk.connect();
            talk.lose(Client, REQUEST);
            talk.say(Server, ANSWER);
            talk.say(Client, frame::client(FIN | TEXT, b"hello"));
            talk.say(Server, frame::server(FIN | TEXT, b"hello"));
            talk.finish(Client);
            talk
        }),
        GOOD,
    ),
    case(
        "handshake.response-not-captured",
        ("a request alone, and frames", || {
            let mut talk = Talk::new();
            talk.connect();
            talk.say(Client, REQUEST);
            talk.lose(Server, ANSWER);
            talk.say(Server, frame::server(FIN | TEXT, b"hello"));
            talk.say(Client, frame::client(FIN | TEXT, b"hello"));
            talk.finish(Client);
            talk
        }),
        GOOD,
    ),
];
