//! Closing, and pings.

use super::common::frame::{self, CLOSE, PING, PONG};
use super::common::tcp::{Client, Server, Talk, Who};
use super::{Case, case};

fn say(talk: &mut Talk, who: Who, octet0: u8, body: &[u8]) {
    let octets = if who == Client { frame::client(octet0, body) } else { frame::server(octet0, body) };
    talk.say(who, octets);
}

/// A Close body of the server, echoed, and the end of TCP.
fn closed(body: &[u8]) -> Talk {
    let mut talk = Talk::upgraded();
    say(&mut talk, Server, CLOSE, body);
    say(&mut talk, Client, CLOSE, body);
    talk.finish(Server);
    talk
}

fn code(code: u16) -> Talk {
    closed(&frame::close(code, ""))
}

/// Pings and pongs, and a clean end.
fn pings(frames: &[(Who, u8, &[u8])]) -> Talk {
    let mut talk = Talk::upgraded();
    frames.iter().for_each(|(who, octet0, body)| say(&mut talk, *who, *octet0, body));
    say(&mut talk, Client, CLOSE, b"");
    say(&mut talk, Server, CLOSE, b"");
    talk.finish(Server);
    talk
}

const GOOD: (&str, fn() -> Talk) = ("1000 with a reason, echoed", || closed(&frame::close(1000, "再见")));

pub const CASES: &[Case] = &[
    case("close.body-one-octet", ("a body of one octet", || closed(b"\x03")), ("an empty body", || closed(b""))),
    case("close.code-not-on-wire", ("1006", || code(1006)), GOOD),
    case("close.code-out-of-range", ("999", || code(999)), ("4999", || code(4999))),
    case("close.code-unassigned", ("1016", || code(1016)), ("1014", || code(1014))),
    case("close.reason-invalid-utf8", ("c0 in the reason", || closed(b"\x03\xe8\xc0")), GOOD),
    case(
        "close.not-echoed",
        ("no answer before TCP's end", || {
            let mut talk = Talk::upgraded();
            say(&mut talk, Server, CLOSE, b"");
            talk.finish(Server);
            talk
        }),
        GOOD,
    ),
    case(
        "close.missing",
        ("TCP ends without a Close", || {
            let mut talk = Talk::upgraded();
            talk.finish(Server);
            talk
        }),
        GOOD,
    ),
    case(
        "ping.unanswered",
        ("no pong before the end", || pings(&[(Server, PING, b"1")])),
        ("a pong to a later ping", || pings(&[(Server, PING, b"1"), (Server, PING, b"2"), (Client, PONG, b"2")])),
    ),
    case(
        "pong.unsolicited",
        ("a pong out of nowhere", || pings(&[(Client, PONG, b"?")])),
        ("a pong to a ping", || pings(&[(Server, PING, b"?"), (Client, PONG, b"?")])),
    ),
];
