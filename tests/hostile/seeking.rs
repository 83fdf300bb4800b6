//! Gaps over a header: frames behind them are shown from the first one on.

use crate::common::frame::{self, BINARY, FIN, PING, PONG, TEXT};
use crate::common::rows;
use crate::common::tcp::{ANSWER, Client, REQUEST, Server, Talk, Who};
use framescope::base::FrameId;
use framescope::dissect::Snapshot;

const SECOND: u64 = 1_000_000_000;

fn framed(who: Who, octet0: u8, payload: &[u8]) -> Vec<u8> {
    if who == Client { frame::client(octet0, payload) } else { frame::server(octet0, payload) }
}

/// Frames by the time of the packet that they begin in and the octets of their headers.
fn places(snapshot: &Snapshot) -> Vec<(u64, Vec<u8>)> {
    let frame = |index| snapshot.frame(FrameId::from_index(index)).unwrap();
    (0..snapshot.frame_count()).map(frame).map(|frame| (frame.time.0, frame.header.octets().to_vec())).collect()
}

/// Frames in one to four segments each, messages in one and in three frames, and heartbeats.
fn conversation(who: Who) -> Talk {
    let mut talk = Talk::upgraded();
    for round in 0..12_u8 {
        let text = [b'a' + round; 140];
        talk.say_in(who, 50, framed(who, FIN | TEXT, &text[..20 + usize::from(round) * 10]));
        talk.say(who, framed(who, FIN | PING, b"are you there?"));
        talk.say_in(who, 50, framed(who, BINARY, &text));
        talk.say_in(who, 50, framed(who, 0, &text[..60 + usize::from(round)]));
        talk.say_in(who, 50, framed(who, FIN, &text[..30]));
    }
    talk
}

/// Whichever packet is lost, all frames are shown but its own.
#[test]
fn every_frame_but_the_one_that_is_lost() {
    for who in [Client, Server] {
        let talk = conversation(who);
        let capture = talk.capture();
        let sent = places(&rows::read(&capture.pcap()));
        assert_eq!(sent.len(), 60);
        // The last frames have nothing behind them that bears them out.
        for lost in 5..capture.packets.len() - 16 {
            let mut lossy = capture.clone();
            let time = lossy.packets.remove(lost).time_ns;
            let found = places(&rows::read(&lossy.pcap()));
            let kept: Vec<_> = sent.iter().filter(|(at, _)| *at != time).cloned().collect();
            assert_eq!(found, kept, "{who:?}: without packet {}", lost + 1);
        }
    }
}

/// Frames need not start where segments do, once one did.
#[test]
fn frames_across_segments() {
    for who in [Client, Server] {
        let mut talk = Talk::upgraded();
        talk.say(who, framed(who, FIN | TEXT, b"before the gap"));
        talk.lose(who, framed(who, FIN | TEXT, b"what is lost"));
        let frames: Vec<u8> = (0..40).flat_map(|round| framed(who, FIN | BINARY, &[round; 23])).collect();
        talk.say_in(who, 37, &frames);
        let found = rows::frames(&rows::read(&talk.capture().pcap()));
        assert_eq!(found.len(), 41, "{found:?}");
    }
}

/// A server may send a header by itself: what is lost may be no more, and what stands behind it a payload.
#[test]
fn a_payload_behind_a_lost_header_is_no_frame() {
    let inner = frame::server(FIN | TEXT, b"in a tunnel");
    let payload = inner.repeat(14);
    let outer = frame::server(FIN | BINARY, &payload);
    let header = outer.len() - payload.len();
    let mut talk = Talk::upgraded();
    talk.lose(Server, &outer[..header]);
    talk.say(Server, &payload);
    for text in ["one", "two", "three"] {
        talk.say(Server, frame::server(FIN | TEXT, text.as_bytes()));
    }
    let found = rows::frames(&rows::read(&talk.capture().pcap()));
    assert_eq!(found, ["server text \"one\"", "server text \"two\"", "server text \"three\""]);
}

/// If octets are missing inside a frame of the chain, it is shown with its hole, and so are the frames before it.
#[test]
fn a_second_gap_inside_the_chain() {
    for who in [Client, Server] {
        for before in [0, 5] {
            let mut talk = Talk::upgraded();
            talk.lose(who, framed(who, FIN | TEXT, b"what is lost"));
            let mut frames = framed(who, FIN | TEXT, b"before").repeat(before);
            let long = framed(who, FIN | TEXT, &[b'#'; 300]);
            frames.extend(&long[..100]);
            talk.say(who, &frames);
            talk.lose(who, &long[100..200]);
            talk.say(who, &long[200..]);
            for text in ["one", "two", "three", "four"] {
                talk.say(who, framed(who, FIN | TEXT, text.as_bytes()));
            }
            let snapshot = rows::read(&talk.capture().pcap());
            let found = rows::frames(&snapshot);
            let sender = if who == Client { "client" } else { "server" };
            let mut expected = vec![format!("{sender} text \"before\""); before];
            expected.push(format!("{sender} text 300 octets {} of 300", 200));
            expected.extend(["one", "two", "three", "four"].map(|text| format!("{sender} text \"{text}\"")));
            let found: Vec<_> = found.iter().map(|row| row.split(" [").next().unwrap()).collect();
            assert_eq!(found, expected, "{who:?}");
            let rules = rows::all_findings(&snapshot);
            assert!(rules.contains(&"frame.truncated") && rules.contains(&"capture.gap"), "{rules:?}");
        }
    }
}

/// An extension that nobody knows may give any bit a meaning. Behind a gap, that must not let a payload pass for frames.
#[test]
fn nothing_is_invented_where_an_unknown_extension_was_agreed_on() {
    let field = "\r\nSec-WebSocket-Extensions: x-foo\r\n\r\n";
    let mut random = 1_u64;
    let mut octet = move || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 56) as u8
    };
    let mut talk = Talk::new();
    talk.connect();
    talk.say(Client, REQUEST.replace("\r\n\r\n", field));
    talk.say(Server, ANSWER.replace("\r\n\r\n", field));
    for round in 0..600 {
        let payload: Vec<u8> = (0..100 + round % 7 * 900).map(|_| octet()).collect();
        talk.say_in(Client, 1400, frame::client(FIN | BINARY, &payload));
    }
    let sent = places(&rows::read(&talk.capture().pcap()));
    assert_eq!(sent.len(), 600);
    for (len, lost) in [(200, 0), (128, 0), (9999, 7), (9999, 12)] {
        let mut capture = talk.capture().snap(len);
        let packets = capture.packets.len();
        (5..packets).rev().filter(|index| lost > 0 && index % lost == 0).for_each(|index| {
            capture.packets.remove(index);
        });
        let found = places(&rows::read(&capture.pcap()));
        let invented = found.iter().filter(|frame| !sent.contains(frame)).count();
        assert_eq!(invented, 0, "of {} frames at snap length {len}, each {lost}th packet lost", found.len());
        assert!(found.len() > 20, "{} found at snap length {len}, each {lost}th packet lost", found.len());
    }
}

/// The capture with a pause before each packet of `who` that has this payload.
fn with_pauses(talk: &Talk, pause: u64, is_after: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut capture = talk.capture();
    let mut later = 0;
    for (packet, segment) in capture.packets.iter_mut().zip(&talk.segments) {
        later += if is_after(&segment.payload) { pause } else { 0 };
        packet.time_ns += later;
    }
    capture.pcap()
}

/// A ping is answered before it is clear that it was one, and nothing is said against the peer.
#[test]
fn a_ping_that_was_passed_over() {
    let mut talk = Talk::upgraded();
    talk.lose(Server, frame::server(FIN | TEXT, b"what is lost"));
    talk.say(Server, frame::server(FIN | PING, b"there?"));
    talk.say(Client, frame::client(FIN | PONG, b"there?"));
    let last = frame::server(FIN | TEXT, b"much later");
    for text in ["and", "much later", "much later"] {
        talk.say(Server, frame::server(FIN | TEXT, text.as_bytes()));
    }
    talk.say(Client, frame::client(FIN | PING, b"and you?"));
    talk.say(Server, frame::server(FIN | PONG, b"and you?"));
    talk.finish(Client);
    let snapshot = rows::read(&with_pauses(&talk, 40 * SECOND, |octets| octets == last));
    assert!(rows::frames(&snapshot).contains(&"server ping \"there?\"".to_owned()));
    assert!(
        rows::findings(&snapshot).iter().all(|rule| rule.starts_with("capture.")),
        "{:?}",
        rows::findings(&snapshot)
    );
}

/// While the frames of a side are looked for, nobody knows which pings it answers.
#[test]
fn pongs_that_are_not_found_are_not_missed() {
    let mut talk = Talk::upgraded();
    talk.lose(Client, frame::client(FIN | TEXT, b"what is lost"));
    let ping = frame::server(FIN | PING, b"");
    for round in 0..9 {
        talk.say(Server, &ping);
        let pong = frame::masked(FIN | PONG, [7, 7, 7, round], b"");
        match round {
            // Where this segment starts, no frame does, and nothing bears the next one out.
            0 => talk.say(Client, &pong[3..]),
            1..5 if round % 2 == 0 => talk.lose(Client, &pong),
            _ => talk.say(Client, &pong),
        }
    }
    talk.finish(Client);
    let snapshot = rows::read(&with_pauses(&talk, 40 * SECOND, |octets| octets == ping));
    let findings = rows::findings(&snapshot);
    assert!(findings.iter().all(|rule| rule.starts_with("capture.")), "{findings:?}");
    // Heartbeats alone bear each other out.
    let frames = rows::frames(&snapshot);
    assert_eq!(frames.iter().filter(|frame| frame.starts_with("client pong")).count(), 4, "{frames:?}");
}
