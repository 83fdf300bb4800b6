//! Frames and messages.

use super::common::frame::{self, BINARY, CONTINUATION, FIN, PING, TEXT};
use super::common::tcp::{Client, Server, Talk, Who};
use super::{Case, case};

/// Makes a conversation of what is said behind the opening handshake.
fn said(octets: &[(Who, Vec<u8>)]) -> Talk {
    let mut talk = Talk::upgraded();
    octets.iter().for_each(|(who, octets)| talk.say(*who, octets));
    talk
}

fn server(octets: &[u8]) -> Talk {
    said(&[(Server, octets.to_vec())])
}

const GOOD: (&str, fn() -> Talk) = ("text of both, with a ping between fragments", || {
    said(&[
        (Client, frame::client(TEXT, b"in ")),
        (Client, frame::client(PING, b"?")),
        (Client, frame::client(FIN | CONTINUATION, b"two")),
        (Server, frame::server(0x8a, b"?")),
        (Server, frame::server(FIN | TEXT, b"in one")),
    ])
});

pub const CASES: &[Case] = &[
    case("frame.rsv-without-extension", ("RSV2", || server(b"\xa1\x00")), GOOD),
    case("frame.opcode-reserved", ("opcode 3", || server(b"\x83\x00")), GOOD),
    case("frame.client-unmasked", ("an unmasked client", || said(&[(Client, frame::server(FIN | TEXT, b"x"))])), GOOD),
    case("frame.server-masked", ("a masked server", || server(&frame::client(FIN | TEXT, b"x"))), GOOD),
    case(
        "frame.length-not-minimal",
        ("5 in 16 bits", || server(b"\x81\x7e\x00\x05hello")),
        ("126 in 16 bits", || server(&frame::server(FIN | BINARY, &[7; 126]))),
    ),
    case(
        "frame.length-msb-set",
        ("2^63", || server(b"\x82\x7f\x80\0\0\0\0\0\0\0")),
        ("2^32+5", || server(b"\x82\x7f\0\0\0\x01\0\0\0\x05")),
    ),
    case("frame.control-fragmented", ("a ping with FIN 0", || server(b"\x09\x00")), GOOD),
    case(
        "frame.control-too-long",
        ("a ping of 126", || server(&frame::server(PING, &[b'x'; 126]))),
        ("a ping of 125", || server(&frame::server(PING, &[b'x'; 125]))),
    ),
    case(
        "frame.masking-key-zero",
        ("key 00000000", || said(&[(Client, frame::masked(FIN | TEXT, [0; 4], b"x"))])),
        GOOD,
    ),
    case(
        "frame.masking-key-reused",
        ("the same key twice", || said(&[(Client, frame::masked(FIN | TEXT, *b"abcd", b"x").repeat(2))])),
        GOOD,
    ),
    case(
        "frame.after-close",
        ("data behind a Close", || {
            said(&[
                (Server, frame::server(frame::CLOSE, &frame::close(1000, ""))),
                (Server, frame::server(FIN | TEXT, b"x")),
            ])
        }),
        ("a pong behind a Close", || {
            said(&[(Server, frame::server(frame::CLOSE, &frame::close(1000, ""))), (Server, frame::server(0x8a, b""))])
        }),
    ),
    case(
        "frame.truncated",
        ("the stream ends in a payload", || {
            let mut talk = server(b"\x82\x0ahalf");
            talk.finish(Server);
            talk
        }),
        GOOD,
    ),
    case(
        "frame.not-websocket",
        ("an HTTP response where a frame should be", || {
            server(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        }),
        ("text that looks like HTTP", || server(&frame::server(FIN | TEXT, b"GET / HTTP/1.1"))),
    ),
    case("message.continuation-without-start", ("a continuation first", || server(b"\x80\x01x")), GOOD),
    case(
        "message.interleaved",
        ("a new text before the final fragment", || {
            said(&[(Server, frame::server(TEXT, b"one")), (Server, frame::server(FIN | TEXT, b"two"))])
        }),
        GOOD,
    ),
    case(
        "message.invalid-utf8",
        ("c0 in a text", || server(&frame::server(FIN | TEXT, b"a\xc0b"))),
        ("a character split over two fragments", || {
            said(&[(Server, frame::server(TEXT, b"\xe4\xbd")), (Server, frame::server(FIN | CONTINUATION, b"\xa0"))])
        }),
    ),
    case(
        "message.unfinished",
        ("FIN of TCP within a message", || {
            let mut talk = server(&frame::server(TEXT, b"begun"));
            talk.finish(Server);
            talk
        }),
        ("an empty final fragment", || {
            let mut talk = server(&[frame::server(TEXT, b"begun"), frame::server(FIN | CONTINUATION, b"")].concat());
            talk.finish(Server);
            talk
        }),
    ),
];
