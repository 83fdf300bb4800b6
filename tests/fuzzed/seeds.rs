//! Inputs for the bodies, the same in every run.

use flate2::{Compress, Compression, FlushCompress};

use crate::common::frame::{self, BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, TEXT};
use crate::common::samples;
use crate::common::tcp::{ANSWER, REQUEST, Talk};

/// Numbers that look random and are the same in every run (a linear congruential generator, Knuth's MMIX).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides.max(1)
    }
}

/// Returns so many inputs made of the seeds: bits flipped, octets changed, parts left out, doubled, taken from another one.
pub fn changed(seeds: &[Vec<u8>], times: usize) -> impl Iterator<Item = Vec<u8>> {
    let mut dice = Dice(1);
    (0..times).map(move |_| {
        let mut input = seeds[dice.roll(seeds.len())].clone();
        for _ in 0..1 + dice.roll(4) {
            let (from, to) = (dice.roll(input.len() + 1), dice.roll(input.len() + 1));
            let (from, to) = (from.min(to), from.max(to));
            match dice.roll(6) {
                0 if from < input.len() => input[from] ^= 1 << dice.roll(8),
                1 if from < input.len() => input[from] = dice.roll(256) as u8,
                2 => drop(input.drain(from..to.min(from + 20))),
                3 => {
                    let part = input[from..to.min(from + 200)].to_vec();
                    input.splice(to..to, part);
                }
                4 => input.truncate(to),
                _ => {
                    let other = &seeds[dice.roll(seeds.len())];
                    let start = dice.roll(other.len() + 1);
                    input.splice(from.., other[start..].iter().copied());
                }
            }
        }
        input
    })
}

fn deflated(plain: &[u8], level: u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(plain.len() + 200);
    Compress::new(Compression::new(level), false).compress_vec(plain, &mut out, FlushCompress::Sync).unwrap();
    out.truncate(out.len() - 4);
    out
}

fn text(len: usize) -> Vec<u8> {
    let mut dice = Dice(len as u64);
    (0..len).flat_map(|_| ["{\"id\":", "price", "☃", "0", ",", "aaaaaaa"][dice.roll(6)].bytes()).take(len).collect()
}

/// Messages with the three octets that come before them.
pub fn inflate() -> Vec<Vec<u8>> {
    let examples: [&[u8]; 4] = [
        &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00],
        &[0xf2, 0x00, 0x11, 0x00, 0x00],
        &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00],
        &[0, 5, 0, 0xfa, 0xff, b'H', b'e', b'l', b'l', b'o', 0],
    ];
    let mut seeds: Vec<_> = examples.iter().map(|it| [&[7, 2, 5][..], b"Hello", it].concat()).collect();
    for (len, level) in [(10, 1), (300, 6), (300, 0), (5_000, 9), (40_000, 6)] {
        seeds.push([&[7, 200, 0][..], &deflated(&text(len), level)].concat());
    }
    seeds
}

fn conversation() -> Vec<u8> {
    [
        frame::client(FIN | TEXT, b"Hello"),
        frame::server(FIN | BINARY, &[7; 126]),
        frame::server(TEXT, b"Hel"),
        frame::client(FIN | PING, b"ping"),
        frame::server(FIN | CONTINUATION, b"lo"),
        frame::server(FIN | PONG, b""),
        frame::header(FIN | BINARY, 70_000, Some([1, 2, 3, 4])),
        frame::server(FIN | CLOSE, &frame::close(1000, "bye")),
    ]
    .concat()
}

/// Streams of frames, behind the size of pieces.
pub fn frames() -> Vec<Vec<u8>> {
    let long = [&[9][..], &frame::server(FIN | BINARY, &[1; 300]), &frame::server(FIN | CLOSE, &[3; 200])].concat();
    vec![
        [&[2][..], &conversation()].concat(),
        long,
        vec![0, 0x8f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    ]
}

/// Streams of heads, behind the size of pieces.
pub fn heads() -> Vec<Vec<u8>> {
    let post = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: folded\r\n line\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    let lenient =
        "\r\nGET / HTTP/1.0\nUpgrade: a, websocket\nSec-WebSocket-Extensions: permessage-deflate; x=\"y\"\n\n";
    let streams = [format!("{post}{REQUEST}rest"), format!("{chunked}{ANSWER}{chunked}"), format!("{lenient}{post}")];
    streams.iter().map(|stream| [&[3][..], stream.as_bytes()].concat()).collect()
}

/// Small capture files of both formats.
pub fn capture_files() -> Vec<Vec<u8>> {
    let mut talk = Talk::upgraded();
    talk.say(crate::common::tcp::Client, frame::client(FIN | TEXT, b"Hello"));
    talk.finish(crate::common::tcp::Client);
    let mut files = vec![talk.capture().pcap(), talk.capture().pcapng(), talk.capture().snap(70).pcapng()];
    files.extend(samples::all().iter().map(samples::Sample::octets).filter(|octets| octets.len() < 6_000));
    files
}

/// Scripts of conversations.
pub fn conversations() -> Vec<Vec<u8>> {
    let step = |what: u8, octets: &[u8]| [&[what, octets.len() as u8][..], octets].concat();
    let (ask, tell, lose, copy, late, end) = (14, 15, 1, 5, 6, 10);
    let compressed = [&[0xc1, 7][..], &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]].concat();
    let plain = [
        vec![3, 0, 0],
        step(ask, &frame::client(FIN | TEXT, b"Hello")),
        step(tell, &frame::server(TEXT, b"Hel")),
        step(lose, &frame::server(CONTINUATION, b"l")),
        step(tell, &frame::server(FIN | CONTINUATION, b"o")),
        step(copy, b"o"),
        step(late, b""),
        step(tell, &frame::server(FIN | CLOSE, &frame::close(1000, ""))),
        step(end, b""),
    ];
    let squeezed = [
        vec![0, 0, 1],
        step(tell, &compressed),
        step(lose, &compressed),
        step(tell, &compressed),
        step(ask, &frame::client(FIN | PING, b"p")),
        step(tell, &frame::server(FIN | PONG, b"p")),
    ];
    let midstream = [vec![1, 90, 12], step(tell, &[&compressed[..], &frame::server(FIN | TEXT, &text(120))].concat())];
    vec![plain.concat(), squeezed.concat(), midstream.concat()]
}
