//! permessage-deflate.

use flate2::{Compress, Compression, FlushCompress};

use super::common::frame::{self, BINARY, CONTINUATION, FIN, PING, TEXT};
use super::common::tcp::{ANSWER, Client, REQUEST, Server, Talk};
use super::{Case, case};

const RSV1: u8 = 0x40;

/// A conversation that agreed on compression with these parameters.
fn agreed(parameters: &str) -> Talk {
    let add = |head: &str| {
        head.replacen("\r\n\r\n", &format!("\r\nSec-WebSocket-Extensions: permessage-deflate{parameters}\r\n\r\n"), 1)
    };
    let mut talk = Talk::new();
    talk.connect();
    talk.say(Client, add(REQUEST));
    talk.say(Server, add(ANSWER));
    talk
}

/// Messages compressed one behind another, each able to copy from those before.
fn compressed(messages: &[&[u8]]) -> Vec<Vec<u8>> {
    let mut compress = Compress::new(Compression::best(), false);
    let each = |message: &&[u8]| {
        let mut octets = Vec::with_capacity(message.len() + 1024);
        compress.compress_vec(message, &mut octets, FlushCompress::Sync).unwrap();
        octets.truncate(octets.len() - 4);
        octets
    };
    messages.iter().map(each).collect()
}

fn server(parameters: &str, messages: &[Vec<u8>]) -> Talk {
    let mut talk = agreed(parameters);
    let frames = messages.iter().map(|message| frame::server(RSV1 | FIN | BINARY, message));
    frames.for_each(|frame| talk.say_in(Server, 1400, frame));
    talk
}

/// Octets that do not compress.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 1u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    std::iter::repeat_with(next).take(len).collect()
}

const GOOD: (&str, fn() -> Talk) = ("two messages, the second copied from the first", || {
    server("", &compressed(&[b"the same words again and again", b"the same words again and again"]))
});

pub const CASES: &[Case] = &[
    case(
        "deflate.rsv1-on-control",
        ("a ping with RSV1", || {
            let mut talk = agreed("");
            talk.say(Server, frame::server(RSV1 | PING, b""));
            talk
        }),
        GOOD,
    ),
    case(
        "deflate.rsv1-on-continuation",
        ("a continuation with RSV1", || {
            let mut talk = agreed("");
            talk.say(Server, frame::server(RSV1 | TEXT, &compressed(&[b"words"])[0]));
            talk.say(Server, frame::server(RSV1 | FIN | CONTINUATION, b""));
            talk
        }),
        GOOD,
    ),
    case("deflate.invalid-data", ("a reserved block type", || server("", &[vec![0x06, 0xff, 0xff, 0xff]])), GOOD),
    case(
        "deflate.window-exceeded",
        ("a copy from 600 octets before, 512 agreed", || {
            let letters: Vec<u8> = noise(600).iter().map(|octet| b'a' + octet % 16).collect();
            let far = [&b"words that come back later"[..], &letters, b"words that come back later"].concat();
            server("; server_max_window_bits=9", &compressed(&[&far]))
        }),
        ("a copy from 40 octets before, 512 agreed", || {
            let near = [&b"words that come back later"[..], &noise(40), b"words that come back later"].concat();
            server("; server_max_window_bits=9", &compressed(&[&near]))
        }),
    ),
    case(
        "deflate.context-kept",
        ("a copy from the message before", || {
            server(
                "; server_no_context_takeover",
                &compressed(&[b"the same words again and again", b"the same words again and again"]),
            )
        }),
        ("each message by itself", || {
            let one = compressed(&[b"the same words again and again"]).remove(0);
            server("; server_no_context_takeover", &[one.clone(), one])
        }),
    ),
    case(
        "deflate.context-lost",
        ("a copy from a message that is missing", || {
            let messages = compressed(&[b"the same words again and again", b"the same words again and again"]);
            let mut talk = agreed("");
            let first = frame::server(RSV1 | FIN | BINARY, &messages[0]);
            talk.say(Server, &first[..4]);
            talk.lose(Server, &first[4..]);
            talk.say(Server, frame::server(RSV1 | FIN | BINARY, &messages[1]));
            talk.finish(Server);
            talk
        }),
        GOOD,
    ),
    case("deflate.expanded", ("300 octets of noise", || server("", &compressed(&[&noise(300)]))), GOOD),
    case(
        "limit.inflate",
        ("65 MiB of zeros", || server("", &compressed(&[&vec![0; 65 << 20]]))),
        ("1 MiB of zeros", || server("", &compressed(&[&vec![0; 1 << 20]]))),
    ),
];
