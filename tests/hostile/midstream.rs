//! Captures that begin after the opening handshake: WebSocket is recognised, and nothing else is taken for it.

use super::common::frame::{self, BINARY, CONTINUATION, FIN, PING, TEXT};
use super::common::link::{self, Link};
use super::common::rows::{self, sentence};
use super::common::tcp::Talk;
use super::common::tcp::Who::{self, Client, Server};
use flate2::{Compress, Compression, FlushCompress};
use framescope::base::{FrameId, Rule, Severity};
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
    assert!(
        sentence(&snapshot.finding(0).unwrap()).contains("61 octets before are passed over: most likely they belong")
    );
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

/// Far more segments of the frame that was under way follow than are ever kept waiting.
#[test]
fn inside_a_frame_of_a_megabyte() {
    let snapshot = late(|talk| {
        talk.say_in(Server, 1400, vec![0xd8; 1 << 20]);
        for number in 0..40 {
            talk.say(Client, frame::client(FIN | TEXT, format!("{number}, is it so?").as_bytes()));
            talk.say(Server, frame::server(FIN | TEXT, format!("and answer {number}").as_bytes()));
        }
    });
    let frames = rows::frames(&snapshot);
    let last = ["client text \"39, is it so?\"", "server text \"and answer 39\""];
    assert!(frames.len() > 40 && frames[frames.len() - 2..] == last, "{frames:?}");
    assert!(frames.iter().all(|frame| frame.contains(" text \"")), "{frames:?}");
}

/// Frames that the other side sends while a large frame is under way, and at once behind it, are whole, and are all
/// shown.
#[test]
fn inside_a_large_frame_of_the_client() {
    let snapshot = late(|talk| {
        talk.say_in(Client, 1400, vec![0xd8; 57_000]);
        talk.say(Server, frame::server(FIN | TEXT, b"I have got a large one of you"));
        for len in [125, 126, 65_535, 200_000] {
            talk.say(Client, frame::client(FIN | TEXT, format!("give me {len}").as_bytes()));
            talk.say_in(Server, 1400, frame::server(FIN | BINARY, &vec![b'#'; len]));
        }
    });
    let frames = rows::frames(&snapshot);
    assert_eq!(frames.len(), 9, "{frames:?}");
    assert!(frames[0].contains("I have got a large one"), "{frames:?}");
}

/// A message that was compressed began before the capture: what it and the next ones copy from it is unknown, and nobody
/// has broken a rule. Nor does RSV1, of which nobody knows whether it was agreed on.
#[test]
fn inside_a_compressed_message() {
    let mut deflate = Compress::new_with_window_bits(Compression::best(), false, 15);
    let mut compress = |text: &str| {
        let mut out = Vec::with_capacity(1000);
        deflate.compress_vec(text.as_bytes(), &mut out, FlushCompress::Sync).unwrap();
        out.truncate(out.len() - 4);
        out
    };
    let texts =
        ["what was said before the capture began", "it was said before the capture", "and it is said behind it"];
    let [first, second, third] = texts.map(&mut compress);
    let snapshot = late(|talk| {
        talk.say(Server, &frame::server(0x40 | TEXT, &first[..9])[5..]);
        talk.say(Server, frame::server(CONTINUATION, &first[9..20]));
        talk.say(Client, frame::client(FIN | TEXT, b"in the meantime"));
        talk.say(Server, frame::server(FIN, &first[20..]));
        talk.say(Server, frame::server(FIN | 0x40 | TEXT, &second));
        talk.say(Server, frame::server(FIN | 0x40 | TEXT, &third));
        talk.say(Client, frame::client(FIN | 0x40 | TEXT, b"\xca\x48\xcd\xc9\xc9\x07\x00"));
        chat(talk);
    });
    let compressed: Vec<usize> = (0..snapshot.frame_count())
        .filter(|index| snapshot.frame(FrameId::from_index(*index)).unwrap().is_compressed())
        .collect();
    assert_eq!((compressed.len(), snapshot.frame_count()), (3, 9), "{:?}", rows::frames(&snapshot));
    assert!(snapshot.connections().all(|connection| connection.severity() == Some(Severity::Note)));
    let text = sentence(&snapshot.finding(0).unwrap());
    assert!(text.contains("MASK bits and lengths chain over"), "{text}");
}

/// Only a connection that was recognised all the same shows what it takes for compressed.
#[test]
fn compressed_from_the_first_frame_on() {
    let hello = b"\xca\x48\xcd\xc9\xc9\x07\x00";
    let snapshot = late(|talk| {
        for number in 0..4u8 {
            talk.say(Client, frame::client(FIN | 0x40 | TEXT, &[&[number], &hello[..]].concat()));
            talk.say(Server, frame::server(FIN | 0x40 | TEXT, &[&hello[..], &[number]].concat()));
        }
    });
    assert_eq!(snapshot.frame_count(), 8);
    assert!(snapshot.connections().all(|connection| connection.severity() == Some(Severity::Note)));
}

/// The snap length cut every packet behind the header and some octets of payload.
#[test]
fn packets_cut_by_the_snap_length() {
    let long = "so long a text that no packet of this capture holds all of it";
    let mut conversation = Talk::new();
    for number in 0..4 {
        conversation.say(Client, frame::client(FIN | TEXT, format!("{number} {long}").as_bytes()));
        conversation.say(Server, frame::server(FIN | TEXT, format!("{long} {number}").as_bytes()));
    }
    // Ethernet, IPv4 and TCP take 54.
    let snapshot = rows::read(&conversation.capture().snap(54 + 24).pcap());
    let frames = rows::frames(&snapshot);
    assert_eq!(frames.len(), 8, "{frames:?}");
    assert!(frames[0].starts_with("client text") && frames[0].ends_with("18 of 63"), "{frames:?}");
    assert!(frames[1].starts_with("server text") && frames[1].ends_with("22 of 63"), "{frames:?}");
    assert!(snapshot.connections().all(|connection| connection.severity() == Some(Severity::Note)));
}

/// One more packet that the capture lacks hides nothing but itself.
#[test]
fn with_a_packet_lost_at_once() {
    for lost in 1..8 {
        let snapshot = late(|talk| {
            (0..4).for_each(|_| chat(talk));
            talk.segments.remove(lost);
        });
        assert_eq!(snapshot.connection_count(), 1, "{lost}");
        let frames = rows::frames(&snapshot);
        assert!(frames.len() >= 8, "{lost}: {frames:?}");
        assert!(frames.iter().all(|frame| CHAT.contains(&frame.as_str())), "{lost}: {frames:?}");
    }
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
    other_protocols(750, 3..12);
}

/// Nothing is made of octets that go on for so long that nothing is looked for any more in the end.
#[test]
fn nothing_else_is_taken_for_frames_however_long_it_lasts() {
    other_protocols(4, 400..5000);
}

/// Reads `count` connections of each of 16 protocols, so many `segments` long.
fn other_protocols(count: u32, segments: std::ops::Range<u64>) {
    let mut random = Random(0x1234_5678_9abc_def1);
    for kind in 0..16 {
        let mut packets = Vec::new();
        for number in 0..count {
            let client = format!("10.{}.{}.{}:50000", kind + 1, number >> 8, number & 0xff);
            let mut talk = Talk::between(&client, "192.0.2.1:7000").numbered(number * 7919, number * 104_729);
            for _ in 0..segments.start + random.below(segments.end - segments.start) {
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
