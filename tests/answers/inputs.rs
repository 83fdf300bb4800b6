//! Captures: those that were answered in several ways once, and any others.

use flate2::{Compress, Compression, FlushCompress};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::common::frame::{self, BINARY, CONTINUATION, FIN, PING, TEXT};
use crate::common::tcp::{ANSWER, Client, REQUEST, RST, Server, Talk, Who};

const RSV1: u8 = 0x40;
const RSV2: u8 = 0x20;

pub const DEFLATE: &str = "permessage-deflate";
/// The values that the server accepts.
pub const EXTENSIONS: [&str; 4] =
    ["", DEFLATE, "permessage-deflate; server_no_context_takeover", "permessage-deflate, x-unknown"];

/// A capture, and what some of its messages' rows say: the message's number, a key, its value.
pub struct Input {
    pub name: String,
    pub capture: Vec<u8>,
    pub expected: Vec<(usize, (&'static str, Value))>,
}

fn agreed(extensions: &str) -> Talk {
    let mut talk = Talk::new();
    talk.connect();
    let field = |names: &str| match names {
        "" => "\r\n\r\n".to_owned(),
        names => format!("\r\nSec-WebSocket-Extensions: {names}\r\n\r\n"),
    };
    let offered = if extensions.is_empty() { "" } else { "permessage-deflate, x-unknown" };
    talk.say(Client, REQUEST.replace("\r\n\r\n", &field(offered)));
    talk.say(Server, ANSWER.replace("\r\n\r\n", &field(extensions)));
    talk
}

/// Compresses one sender's messages.
struct Deflater(Compress);

impl Deflater {
    fn new() -> Deflater {
        Deflater(Compress::new(Compression::best(), false))
    }

    fn message(&mut self, plain: &[u8]) -> Vec<u8> {
        if plain.is_empty() {
            // RFC 7692 §7.2.3.6; a compressor that has nothing to flush gives nothing.
            return vec![0];
        }
        let mut out = Vec::with_capacity(plain.len() + 100);
        self.0.compress_vec(plain, &mut out, FlushCompress::Sync).unwrap();
        assert_eq!(out.split_off(out.len() - 4), [0, 0, 0xff, 0xff]);
        out
    }
}

pub fn all() -> Vec<Input> {
    let input = |name: &str, mut talk: Talk, expected: &[(usize, (&'static str, Value))]| {
        talk.finish(Server);
        Input { name: name.to_owned(), capture: talk.capture().pcap(), expected: expected.to_vec() }
    };
    vec![
        input(
            "hole in the middle of a message",
            hole_in_the_middle(),
            &[
                (1, ("complete", json!(false))),
                (1, ("missing", json!([[5, 9]]))),
                (2, ("complete", json!(true))),
                (2, ("text", json!("ok"))),
            ],
        ),
        input("end inside a message", end_inside(), &[(1, ("complete", json!(false)))]),
        input(
            "another extension",
            another_extension(),
            &[
                (1, ("length", Value::Null)),
                (1, ("complete", json!(false))),
                (1, ("text_if_deflate", json!("what it would say"))),
                (1, ("text", Value::Null)),
                (1, ("findings", json!([]))),
                (2, ("text_if_deflate", Value::Null)),
                (2, ("findings", json!([]))),
                (3, ("text", json!("plain"))),
            ],
        ),
        input(
            "RSV1 and RSV2",
            rsv2_then_copied(),
            &[
                (2, ("findings", json!(["frame.rsv-without-extension"]))),
                (2, ("complete", json!(true))),
                (3, ("findings", json!([]))),
                (3, ("text", json!("said before, and said before: again"))),
            ],
        ),
        input(
            "invalid behind a window that is known again",
            invalid_behind_known_window(),
            &[(1, ("findings", json!(["deflate.invalid-data"]))), (4, ("findings", json!(["deflate.invalid-data"])))],
        ),
        input("pings without pongs", unanswered_ping(), &[]),
        input(
            "octets behind an RST of the other side",
            behind_reset("", b"\xff\xffabcdef", true),
            &[
                (1, ("complete", json!(true))),
                (1, ("findings", json!(["message.invalid-utf8"]))),
                (2, ("text", json!("more"))),
            ],
        ),
        input(
            "compressed octets behind an RST of the other side",
            behind_reset(DEFLATE, b"in flight", true),
            &[(1, ("complete", json!(true))), (1, ("text", json!("okin flight"))), (2, ("text", json!("more")))],
        ),
        input(
            "octets behind an RST of their own side",
            behind_reset("", b"\xff\xffabcdef", false),
            &[(1, ("complete", json!(false))), (1, ("findings", json!(["frame.truncated"])))],
        ),
    ]
}

fn hole_in_the_middle() -> Talk {
    let mut talk = Talk::upgraded();
    talk.say(Server, frame::server(TEXT, b"Hel"));
    let second = frame::server(CONTINUATION, b"ab....");
    talk.say(Server, &second[..4]);
    talk.lose(Server, &second[4..]);
    talk.say(Server, frame::server(FIN | CONTINUATION, b"lo"));
    talk.say(Server, frame::server(FIN | TEXT, b"ok"));
    talk
}

fn end_inside() -> Talk {
    let mut talk = Talk::upgraded();
    talk.say(Server, frame::server(TEXT, b"Hel"));
    talk.say(Server, &frame::server(FIN | CONTINUATION, b"lo, and much more")[..6]);
    talk
}

fn another_extension() -> Talk {
    let (mut talk, mut deflater) = (agreed("permessage-deflate, x-unknown"), Deflater::new());
    talk.say(Server, frame::server(FIN | RSV1 | TEXT, &deflater.message(b"what it would say")));
    talk.say(Server, frame::server(FIN | RSV1 | TEXT, b"\xff\xff\xff"));
    talk.say(Client, frame::client(FIN | TEXT, b"plain"));
    talk
}

fn rsv2_then_copied() -> Talk {
    let (mut talk, mut deflater) = (agreed(DEFLATE), Deflater::new());
    talk.say(Server, frame::server(FIN | RSV1 | TEXT, &deflater.message(b"something else")));
    talk.say(Server, frame::server(FIN | RSV1 | RSV2 | TEXT, &deflater.message(b"said before, and said before")));
    talk.say(Server, frame::server(FIN | RSV1 | TEXT, &deflater.message(b"said before, and said before: again")));
    talk
}

/// Octets that do not compress well.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let octet = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    };
    std::iter::repeat_with(octet).take(len).collect()
}

fn invalid_behind_known_window() -> Talk {
    let (mut talk, mut deflater) = (agreed(DEFLATE), Deflater::new());
    let wrong = frame::server(FIN | RSV1 | BINARY, b"\xff\xff\xff");
    talk.say(Server, &wrong);
    for part in noise(40_000).chunks(20_000) {
        talk.say_in(Server, 1400, frame::server(FIN | RSV1 | BINARY, &deflater.message(part)));
    }
    talk.say(Server, &wrong);
    talk
}

fn unanswered_ping() -> Talk {
    let mut talk = Talk::upgraded();
    talk.say(Server, frame::server(PING, b"are you there?"));
    for number in 0..40 {
        talk.say(Client, frame::client(FIN | TEXT, format!("message {number}").as_bytes()));
    }
    talk
}

/// The server's message is cut in two by an RST, of the client or of itself.
fn behind_reset(extensions: &str, rest: &[u8], by_client: bool) -> Talk {
    let (mut talk, mut deflater) = (agreed(extensions), Deflater::new());
    let plain = [b"ok", rest].concat();
    let message = match extensions {
        "" => frame::server(FIN | TEXT, &plain),
        _ => frame::server(FIN | RSV1 | TEXT, &deflater.message(&plain)),
    };
    let (before, behind) = message.split_at(4);
    talk.say(Server, before);
    talk.ack(if by_client { Client } else { Server });
    talk.last().flags |= RST;
    talk.say(Server, behind);
    if by_client {
        let more = frame::server(FIN | TEXT, b"more");
        talk.say_in(Server, 3, &more);
    }
    talk
}

/// The next thing that a sender does.
#[derive(Clone, Debug)]
pub enum Step {
    /// A message of these octets in so many frames.
    Message { by_server: bool, is_text: bool, is_compressed: bool, octets: Vec<u8>, frames: usize, rsv2: bool },
    /// A frame of a compressed message whose octets are no DEFLATE data.
    Invalid,
    /// A ping.
    Ping(bool),
    /// Octets that come are not captured, so many of them: a frame with nothing else in it.
    Lost { by_server: bool, from: usize, len: usize },
}

pub fn step() -> impl Strategy<Value = Step> {
    let octets = prop_oneof![
        "[a-c é水]{0,60}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..40),
        (0..5000_usize).prop_map(|len| b"again and again ".iter().copied().cycle().take(len).collect()),
    ];
    let message = (any::<bool>(), any::<bool>(), any::<bool>(), octets, 1..4_usize, prop::bool::weighted(0.05));
    prop_oneof![
        12 => message.prop_map(|(by_server, is_text, is_compressed, octets, frames, rsv2)| {
            Step::Message { by_server, is_text, is_compressed, octets, frames, rsv2 }
        }),
        1 => Just(Step::Invalid),
        1 => any::<bool>().prop_map(Step::Ping),
        1 => (any::<bool>(), 0..40_usize, 1..30_usize).prop_map(|(by_server, from, len)| Step::Lost { by_server, from, len }),
    ]
}

/// The capture of a conversation.
pub fn conversation(extensions: &str, steps: &[Step]) -> Vec<u8> {
    let (mut talk, mut deflaters) = (agreed(extensions), [Deflater::new(), Deflater::new()]);
    let say = |talk: &mut Talk, who: Who, octet0: u8, payload: &[u8]| {
        let frame = if who == Server { frame::server(octet0, payload) } else { frame::client(octet0, payload) };
        talk.say_in(who, 700, frame);
    };
    let who = |by_server: bool| if by_server { Server } else { Client };
    for step in steps {
        match step {
            Step::Message { by_server, is_text, is_compressed, octets, frames, rsv2 } => {
                let is_compressed = *is_compressed && !extensions.is_empty();
                let octets = match is_compressed {
                    true => deflaters[usize::from(*by_server)].message(octets),
                    false => octets.clone(),
                };
                let parts: Vec<&[u8]> = octets.chunks(octets.len().div_ceil(*frames).max(1)).collect();
                let parts = if parts.is_empty() { vec![&[][..]] } else { parts };
                for (index, part) in parts.iter().enumerate() {
                    let opcode = if *is_text { TEXT } else { BINARY };
                    let bits = if is_compressed { RSV1 } else { 0 } | if *rsv2 { RSV2 } else { 0 };
                    let first = if index == 0 { opcode | bits } else { CONTINUATION };
                    let last = if index + 1 == parts.len() { FIN } else { 0 };
                    say(&mut talk, who(*by_server), first | last, part);
                }
            }
            Step::Invalid => say(&mut talk, Server, FIN | RSV1 | TEXT, b"\xff\xff\xff"),
            Step::Ping(by_server) => say(&mut talk, who(*by_server), PING, b"ping"),
            Step::Lost { by_server, from, len } => {
                let (who, all) = (who(*by_server), frame::server(BINARY | FIN, &[7; 80]));
                let all = if who == Server { all } else { frame::client(BINARY | FIN, &[7; 80]) };
                // The header is there.
                let start = 12 + from;
                talk.say(who, &all[..start]);
                talk.lose(who, &all[start..start + len]);
                talk.say(who, &all[start + len..]);
            }
        }
    }
    talk.finish(Server);
    talk.capture().pcap()
}
