//! Captures that begin after the opening handshake: WebSocket is recognised, and nothing else is taken for it.

use super::common::frame::{self, BINARY, CONTINUATION, FIN, PING, TEXT};
use super::common::link::{self, Link};
use super::common::rows;
use super::common::tcp::Talk;
use super::common::tcp::Who::{self, Client, Server};
use framescope::base::Rule;
use framescope::dissect::{HandshakeState, Snapshot};

/// A conversation of which the capture lacks the beginning: it is nothing but what `talk` says.
fn late(talk: impl FnOnce(&mut Talk)) -> Snapshot {
    let mut conversation = Talk::new();
    talk(&mut conversation);
    rows::read(&conversation.capture().pcap())
}

fn chat(talk: &mut Talk) {
    for (who, text) in [(Client, "how do you do?"), (Server, "very well, thanks"), (Client, "good to hear")] {
        let octets = text.as_bytes();
        let frame = if who == Client { frame::client(FIN | TEXT, octets) } else { frame::server(FIN | TEXT, octets) };
        talk.say(who, frame);
    }
}

const CHAT: [&str; 3] =
    ["client text \"how do you do?\"", "server text \"very well, thanks\"", "client text \"good to hear\""];

#[track_caller]
fn is_recognised(snapshot: &Snapshot, frames: &[&str]) {
    assert_eq!(rows::frames(snapshot), frames);
    let [connection] = &snapshot.connections().collect::<Vec<_>>()[..] else { panic!("one connection") };
    assert_eq!((connection.handshake(), connection.client.port), (HandshakeState::NotCaptured, 50_000));
    let notes: Vec<_> =
        (0..snapshot.finding_count()).filter_map(|index| snapshot.finding(index)).map(|it| it.rule).collect();
    assert!(notes.contains(&Rule::CaptureMidStream), "{notes:?}");
    assert!(notes.iter().all(|rule| rule.id().starts_with("capture.") || rule.id().starts_with("frame.truncated")));
}

#[test]
fn between_frames() {
    is_recognised(&late(chat), &CHAT);
}

#[test]
fn inside_a_frame() {
    let snapshot = late(|talk| {
        talk.say(Server, "the second half of what was being said when the capture began");
        chat(talk);
    });
    is_recognised(&snapshot, &CHAT);
    assert!(snapshot.finding(0).unwrap().text.contains("61 octets before belong to frames that began earlier"));
}

#[test]
fn inside_a_fragmented_message() {
    let snapshot = late(|talk| {
        talk.say(Client, frame::client(CONTINUATION, b"of a message"));
        talk.say(Client, frame::client(FIN, b"whose start is not here"));
        chat(talk);
    });
    assert_eq!(rows::frames(&snapshot)[2..], CHAT);
    assert!(rows::findings(&snapshot).iter().all(|rule| !rule.starts_with("message.")), "nobody's fault");
}

#[test]
fn one_direction_alone() {
    let by = |who: Who| {
        let snapshot = late(|talk| {
            for text in ["the first", "the second", "the third"] {
                talk.say(Client, frame::client(FIN | TEXT, text.as_bytes()));
                talk.say(Server, frame::server(FIN | TEXT, text.as_bytes()));
            }
            talk.segments.retain(|segment| segment.who == who);
        });
        rows::frames(&snapshot)
    };
    let texts = |who: &str| ["first", "second", "third"].map(|text| format!("{who} text \"the {text}\""));
    assert_eq!((by(Client), by(Server)), (texts("client").to_vec(), texts("server").to_vec()));
}

/// Few and small binary frames prove little; enough of a client's prove it.
#[test]
fn binary_frames_of_a_client() {
    let snapshot = late(|talk| {
        for number in 0..6u8 {
            talk.say(Client, frame::client(FIN | BINARY, &[number, 0, 0xff, 7]));
            talk.say(Server, frame::server(FIN | BINARY, &[number, 1]));
        }
    });
    assert_eq!(snapshot.frame_count(), 12);
    let few = late(|talk| talk.say(Client, frame::client(FIN | PING, b"")));
    assert_eq!(few.connection_count(), 0);
}

/// A flow whose SYN was captured is known from its start: nothing is guessed about it.
#[test]
fn what_began_as_something_else_stays_so() {
    let snapshot = late(|talk| {
        talk.connect();
        talk.say(Client, "SSH-2.0-OpenSSH_9.2\r\n");
        (0..5).for_each(|_| chat(talk));
    });
    assert_eq!((snapshot.connection_count(), snapshot.frame_count()), (0, 0));
}

/// Numbers that look random, the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }

    fn octets(&mut self, len: u64) -> Vec<u8> {
        (0..len).map(|_| self.next() as u8).collect()
    }
}

/// Records of other protocols, a segment each.
fn record(kind: u64, random: &mut Random) -> Vec<u8> {
    let size = 4 + random.below(300);
    let body = random.octets(size);
    let len = body.len() as u16;
    match kind {
        0 => body,
        1 => [&[0x17, 3, 3][..], &len.to_be_bytes(), &body].concat(),
        2 => [&[0, 0, size as u8 % 128, random.below(10) as u8, 0, 0, 0, 0, 1][..], &body].concat(),
        3 => [&[0x82, 6, 0, random.next() as u8, 0, 1, b'a', 0][..]].concat(),
        4 => [&[0x30, body.len().min(127) as u8][..], &body[..body.len().min(127)]].concat(),
        5 => format!("*2\r\n$3\r\nGET\r\n$5\r\nk{:04}\r\n", random.below(10_000)).into_bytes(),
        6 => [&[b'D'][..], &u32::from(len + 4).to_be_bytes(), &body].concat(),
        7 => [&len.to_be_bytes()[..], &body].concat(),
        8 => vec![0; 20 + size as usize],
        9 => [0x81, 0x82, 0x81, 0x01][random.below(4) as usize..].repeat(size as usize),
        10 => format!("{{\"id\":{},\"text\":\"some words\"}}\n", random.next()).into_bytes(),
        11 => [&[0x0a, (size % 128) as u8][..], &body].concat(),
        12 => (0..64u8).map(|step| step.wrapping_mul(3) | 0x80).collect(),
        // ASN.1: context-specific tags and short lengths, which look like a server's frames.
        13 => [&[0x82, body.len().min(127) as u8][..], &body[..body.len().min(127)]].concat(),
        14 => [&[0x81, 8][..], &random.octets(8)].concat(),
        _ => format!("250-line {} of a mail\r\n", random.below(99)).into_bytes(),
    }
}

/// 12,000 connections of other protocols from their middle on: not one is taken for a WebSocket.
#[test]
fn nothing_else_is_taken_for_frames() {
    let mut random = Random(0x1234_5678_9abc_def1);
    for kind in 0..16 {
        let mut packets = Vec::new();
        for number in 0..750u32 {
            let client = format!("10.{}.{}.{}:50000", kind + 1, number >> 8, number & 0xff);
            let mut talk = Talk::between(&client, "192.0.2.1:7000").numbered(number * 7919, number * 104_729);
            for _ in 0..3 + random.below(9) {
                let who = if random.below(2) == 0 { Client } else { Server };
                let octets = record(kind, &mut random);
                talk.say(who, octets);
            }
            packets.extend(talk.ip_packets());
        }
        let snapshot = rows::read(&link::capture(Link::Ethernet, packets).pcap());
        assert_eq!((snapshot.connection_count(), snapshot.frame_count()), (0, 0), "kind {kind}");
    }
}
