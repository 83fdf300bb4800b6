//! Octets that the capture lacks: what is known is shown in its place, and nothing is made up.

use crate::common::frame::{self, BINARY, FIN, TEXT};
use crate::common::link::{self, Link};
use crate::common::pcap::Packet;
use crate::common::program::run;
use crate::common::rows;
use crate::common::tcp::{ANSWER, Client, REQUEST, Server, Talk, Who};

/// `octets` of `who` in one stream, of which the capture lacks `hole`; then the end.
fn with_hole(who: Who, octets: &[u8], hole: std::ops::Range<usize>) -> Talk {
    let mut talk = Talk::upgraded();
    talk.say(who, &octets[..hole.start]);
    talk.lose(who, &octets[hole.clone()]);
    talk.say(who, &octets[hole.end..]);
    talk.finish(who);
    talk
}

#[test]
fn a_gap_inside_a_payload_keeps_the_frame_and_the_next() {
    for (who, first, next) in [
        (Server, frame::server(FIN | TEXT, b"0123456789"), frame::server(FIN | TEXT, b"next")),
        (Client, frame::client(FIN | TEXT, b"0123456789"), frame::client(FIN | TEXT, b"next")),
    ] {
        let header = first.len() - 10;
        let talk = with_hole(who, &[first, next].concat(), header + 3..header + 7);
        let snapshot = rows::read(&talk.capture().pcap());
        let sender = if who == Client { "client" } else { "server" };
        assert_eq!(
            rows::frames(&snapshot),
            [format!("{sender} text \"012????789\" 6 of 10"), format!("{sender} text \"next\"")]
        );
        assert_eq!(rows::messages(&snapshot)[0], format!("{sender} text \"012????789\" incomplete"));
        assert!(rows::findings(&snapshot).contains(&"capture.gap"));
    }
}

/// RULES.md: frame.truncated stands for a frame inside which the capture lacks octets, too.
#[test]
fn a_frame_with_a_hole_is_truncated() {
    let talk = with_hole(Server, &frame::server(FIN | TEXT, b"0123456789"), 5..8);
    assert!(rows::findings(&rows::read(&talk.capture().pcap())).contains(&"frame.truncated"));
}

#[test]
fn the_command_line_shows_holes_as_zeros() {
    let first = frame::client(FIN | BINARY, b"0123456789");
    let talk = with_hole(Client, &[first, frame::client(FIN | TEXT, b"next")].concat(), 9..13);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hole.pcap");
    std::fs::write(&path, talk.capture().pcap()).unwrap();
    let path = path.to_str().unwrap();
    let frames = run(&["frames", "--json", "--payload", path]).quiet().json();
    assert_eq!((frames[0]["captured_length"].as_u64(), frames[0]["payload_length"].as_u64()), (Some(6), Some(10)));
    assert_eq!(frames[0]["payload_hex"], "30313200000000373839");
    assert_eq!(frames[1]["payload_hex"], "6e657874");
    let messages = run(&["messages", "--json", "--payload", path]).quiet().json();
    assert_eq!(messages[0]["payload_hex"], "30313200000000373839");
    assert_eq!(messages[0]["missing"], serde_json::json!([[3, 7]]));
    assert_eq!((&messages[0]["complete"], &messages[1]["text"]), (&false.into(), &"next".into()));
}

/// Whatever is lost, every frame that is shown was sent, in that order.
#[test]
fn no_hole_anywhere_invents_a_frame() {
    let decoy = frame::server(FIN | TEXT, b"decoy").repeat(3);
    let frames = [
        frame::server(FIN | TEXT, b"alpha"),
        frame::server(FIN | BINARY, &decoy),
        frame::server(TEXT, b""),
        frame::server(FIN, b"omega"),
    ];
    let (octets, mut starts) = (frames.concat(), vec![0]);
    frames.iter().for_each(|frame| starts.push(starts.last().unwrap() + frame.len() as u64));
    for start in 0..octets.len() {
        for end in start + 1..=octets.len() {
            let snapshot = rows::read(&with_hole(Server, &octets, start..end).capture().pcap());
            let places: Vec<u64> = (0..snapshot.frame_count())
                .map(|index| snapshot.frame(framescope::base::FrameId::from_index(index)).unwrap())
                .map(|frame| frame.at - ANSWER.len() as u64)
                .collect();
            assert!(places.iter().all(|at| starts.contains(at)), "lost {start}..{end}: frames at {places:?}");
            assert!(places.is_sorted(), "lost {start}..{end}: {places:?}");
            // A frame whose header stands before the hole is always there.
            let before = starts.iter().zip(&frames).filter(|(at, frame)| {
                let header = if frame.len() > 125 { 4 } else { 2 };
                **at + header <= start as u64
            });
            assert!(places.len() >= before.count(), "lost {start}..{end}: frames at {places:?}");
        }
    }
}

/// The frames behind a hole over a header are not judged by the rules about what is absent.
#[test]
fn a_lost_header_is_told_and_breaks_no_rule() {
    let frames = [frame::client(FIN | TEXT, b"first"), frame::client(FIN | TEXT, b"second")];
    let octets = [&frames.concat()[..], &frame::client(FIN | TEXT, b"third")].concat();
    let hole = frames[0].len()..frames[0].len() + 4;
    let snapshot = rows::read(&with_hole(Client, &octets, hole).capture().pcap());
    assert_eq!(rows::frames(&snapshot)[0], "client text \"first\"");
    assert!(rows::findings(&snapshot).contains(&"capture.gap"));
    let violations = (0..snapshot.finding_count())
        .filter(|index| snapshot.finding(*index).unwrap().severity() == framescope::base::Severity::Violation);
    assert_eq!(violations.count(), 0);
}

/// The frames behind are read again, and nothing is said against the message that the hole is in.
#[test]
fn frames_are_found_again_behind_a_lost_header() {
    for who in [Client, Server] {
        let of = |octet0: u8, text: &[u8]| match who {
            Client => frame::client(octet0, text),
            Server => frame::server(octet0, text),
        };
        let mut talk = Talk::upgraded();
        talk.say(who, of(FIN | TEXT, b"first"));
        talk.say(who, of(TEXT, b"begun"));
        talk.lose(who, [of(FIN, b"ended"), of(FIN | TEXT, b"lost")].concat());
        for text in ["one", "two", "three", "four"] {
            talk.say(who, of(FIN | TEXT, text.as_bytes()));
        }
        talk.say(who, of(FIN, b"orphan"));
        talk.finish(who);
        let snapshot = rows::read(&talk.capture().pcap());
        let sender = if who == Client { "client" } else { "server" };
        // The first frame behind the hole could be chance; the second bears it out, and then both are shown.
        let expected =
            ["text \"first\"", "text… \"begun\"", "text \"one\"", "text \"two\"", "text \"three\"", "text \"four\""];
        let frames = rows::frames(&snapshot);
        assert_eq!(frames.len(), 7, "{frames:?}");
        for (row, expected) in frames.iter().zip(expected) {
            let body = expected.rsplit(' ').next().unwrap();
            assert!(row.starts_with(sender) && row.ends_with(body), "{row} is not {expected}");
        }
        assert!(rows::messages(&snapshot)[1].ends_with("incomplete"), "{:?}", rows::messages(&snapshot));
        let findings: Vec<_> = (0..snapshot.finding_count()).map(|index| snapshot.finding(index).unwrap()).collect();
        assert!(findings.iter().all(|finding| finding.severity() == framescope::base::Severity::Note), "{findings:?}");
        assert_eq!(rows::findings(&snapshot).iter().filter(|rule| **rule == "capture.gap").count(), 2);
    }
}

#[test]
fn a_snap_length_cuts_payloads_and_not_the_frames_behind() {
    let payload = vec![b'x'; 1000];
    let mut talk = Talk::upgraded();
    talk.say(Server, frame::server(FIN | TEXT, &payload));
    talk.say(Client, frame::client(FIN | TEXT, &payload));
    talk.say(Server, frame::server(FIN | TEXT, b"next"));
    talk.finish(Client);
    // Ethernet, IPv4 and TCP take 54 octets; the heads of the opening handshake fit.
    let snapshot = rows::read(&talk.capture().snap(54 + 300).pcap());
    assert_eq!(
        rows::frames(&snapshot),
        ["server text 1000 octets 296 of 1000", "client text 1000 octets 292 of 1000", "server text \"next\"",]
    );
    assert!(rows::findings(&snapshot).contains(&"capture.packets-cut"));
    assert_eq!(rows::connections(&snapshot), ["ok 101 ws://example.test/chat 1 2"]);
}

/// Frames by the octets of their headers and the time of the packet they begin in: where a stream starts, and which
/// number a packet has, depends on what was captured.
fn places(snapshot: &framescope::dissect::Snapshot) -> Vec<(u64, Vec<u8>)> {
    let frame = |index| snapshot.frame(framescope::base::FrameId::from_index(index)).unwrap();
    (0..snapshot.frame_count()).map(frame).map(|frame| (frame.time.0, frame.header.octets().to_vec())).collect()
}

/// Other requests, the opening handshake, and frames whose payloads look like anything.
fn whole_life() -> Talk {
    let mut talk = Talk::new();
    talk.connect();
    talk.say(Client, "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nsome");
    talk.say(Client, " body");
    talk.say(Server, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nan");
    talk.say(Server, " answer");
    talk.upgrade();
    let decoy = frame::server(FIN | TEXT, b"decoy").repeat(3);
    for text in [&b"one"[..], REQUEST.as_bytes(), ANSWER.as_bytes(), &decoy, &[b'x'; 400]] {
        talk.say_in(Client, 150, frame::client(FIN | TEXT, text));
        talk.say_in(Server, 150, [frame::server(FIN | TEXT, text), frame::server(FIN | TEXT, text)].concat());
    }
    talk.finish(Client);
    talk
}

#[test]
fn a_snap_length_at_every_octet_invents_nothing() {
    let capture = whole_life().capture();
    let sent = places(&rows::read(&capture.pcap()));
    assert_eq!(sent.len(), 15);
    for len in 0..300 {
        let found = places(&rows::read(&capture.clone().snap(len).pcap()));
        assert!(found.iter().all(|frame| sent.contains(frame)), "snap length {len}: {found:?}");
    }
}

#[test]
fn no_lost_packet_invents_a_frame() {
    let capture = whole_life().capture();
    let sent = places(&rows::read(&capture.pcap()));
    let mut inventions = Vec::new();
    for first in 0..capture.packets.len() {
        for second in first..capture.packets.len() {
            let mut lossy = capture.clone();
            lossy.packets.remove(second);
            if first < second {
                lossy.packets.remove(first);
            }
            let snapshot = rows::read(&lossy.pcap());
            if let Some(at) = places(&snapshot).iter().position(|frame| !sent.contains(frame)) {
                let frame = &rows::frames(&snapshot)[at];
                inventions.push(format!("without packets {} and {}: {frame}", first + 1, second + 1));
            }
        }
    }
    let count = inventions.len();
    inventions.truncate(12);
    assert!(inventions.is_empty(), "{count} inventions, of which the first:\n{}", inventions.join("\n"));
}

/// Offloading leaves the IPv4 length at 0 in packets that are captured before the card fills it in.
#[test]
fn packets_before_segmentation_offload() {
    let mut talk = Talk::upgraded();
    talk.say(Server, frame::server(FIN | BINARY, &vec![b'x'; 60_000]));
    talk.say(Server, frame::server(FIN | TEXT, b"next"));
    let mut packets = talk.ip_packets();
    packets.iter_mut().for_each(|packet| packet[2..4].fill(0));
    let snapshot = rows::read(&link::capture(Link::Ethernet, packets).pcap());
    assert_eq!(rows::frames(&snapshot), ["server binary 60000 octets", "server text \"next\""]);
}

/// Ethernet fills a packet up to 60 octets; what fills it is not TCP's.
#[test]
fn padding_is_no_payload() {
    let mut talk = Talk::upgraded();
    talk.say(Client, frame::client(FIN | TEXT, b""));
    talk.say(Client, frame::client(FIN | TEXT, b"a"));
    talk.finish(Client);
    let mut capture = talk.capture();
    for Packet { octets, original_len, .. } in &mut capture.packets {
        let len = octets.len().max(60);
        octets.resize(len, 0x81);
        *original_len = len as u32;
    }
    assert_eq!(rows::frames(&rows::read(&capture.pcap())), ["client text \"\"", "client text \"a\""]);
}

#[test]
fn a_lost_request_leaves_both_sides_readable() {
    let mut talk = Talk::new();
    talk.connect();
    talk.lose(Client, REQUEST);
    talk.say(Server, ANSWER);
    talk.say(Client, frame::client(FIN | TEXT, b"hello"));
    talk.say(Server, frame::server(FIN | TEXT, b"hi"));
    talk.finish(Client);
    let snapshot = rows::read(&talk.capture().pcap());
    let mut frames = rows::frames(&snapshot);
    frames.sort();
    assert_eq!(frames, ["client text \"hello\"", "server text \"hi\""]);
    assert_eq!(rows::connections(&snapshot), ["not captured 101 - 1 1"]);
    assert!(rows::findings(&snapshot).contains(&"handshake.request-not-captured"));
}

#[test]
fn a_lost_answer_leaves_the_client_readable() {
    // The client's first octets may come one at a time.
    for size in [1, 1000] {
        let mut talk = Talk::new();
        talk.connect();
        talk.say(Client, REQUEST);
        talk.lose(Server, ANSWER);
        talk.say_in(Client, size, frame::client(FIN | TEXT, b"hello"));
        talk.finish(Client);
        let snapshot = rows::read(&talk.capture().pcap());
        assert_eq!(rows::frames(&snapshot), ["client text \"hello\""], "segments of {size}");
        assert_eq!(rows::connections(&snapshot), ["not captured - ws://example.test/chat 1 0"], "segments of {size}");
    }
}

#[test]
fn a_capture_that_ends_inside_a_header() {
    let mut talk = Talk::upgraded();
    talk.say(Server, frame::server(FIN | TEXT, b"whole"));
    talk.say(Server, [0x82, 0x7f, 0, 0]);
    for ended in [false, true] {
        if ended {
            talk.finish(Server);
        }
        let snapshot = rows::read(&talk.capture().pcap());
        assert_eq!(rows::frames(&snapshot), ["server text \"whole\""]);
        assert_eq!(rows::findings(&snapshot), ["frame.truncated"]);
    }
}
