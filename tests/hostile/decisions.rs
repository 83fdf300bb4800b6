//! The user's decisions about TCP connections: recognised ones confirmed or rejected, others read as WebSockets by
//! force.

use proptest::prelude::*;

use super::common::frame::{self, BINARY, FIN, TEXT};
use super::common::link::{self, Link};
use super::common::rows::{self, sentence};
use super::common::tcp::Talk;
use super::common::tcp::Who::{Client, Server};
use framescope::base::Sender;
use framescope::capture::follow;
use framescope::dissect::{Decisions, End, MessageReader, Progress, ReadOptions, Recognition, Session, Snapshot};

/// The ends of every conversation here, the client's first.
const ENDS: &str = "10.0.0.1:50000-10.0.0.2:80";

/// Reads what is said in `talk` as the user wants it: `+` treats it as a WebSocket, `-` as none.
fn read_as(decision: &str, talk: impl FnOnce(&mut Talk)) -> Session {
    let mut conversation = Talk::new();
    talk(&mut conversation);
    let mut decisions = Decisions::default();
    decisions.read(&decision[1..], decision.starts_with('+')).unwrap();
    rows::read_as(&conversation.capture().pcap(), decisions)
}

fn overridden(talk: impl FnOnce(&mut Talk)) -> Snapshot {
    read_as(&format!("+{ENDS}"), talk).snapshot()
}

fn recognition(snapshot: &Snapshot) -> Option<Recognition> {
    snapshot.connections().next().and_then(|connection| connection.recognition)
}

fn chat(talk: &mut Talk) {
    for (who, text) in [(Client, "how do you do?"), (Server, "very well, thanks"), (Client, "good to hear")] {
        let octets = text.as_bytes();
        let frame = if who == Client { frame::client(FIN | TEXT, octets) } else { frame::server(FIN | TEXT, octets) };
        talk.say(who, frame);
    }
}

#[test]
fn what_was_recognised_is_confirmed() {
    let snapshot = overridden(chat);
    assert_eq!((snapshot.frame_count(), recognition(&snapshot)), (3, Some(Recognition::Confirmed)));
    let text = sentence(&snapshot.finding(0).unwrap());
    assert!(text.contains("The user confirms") && text.contains("chain over 3 frames"), "{text}");
}

#[test]
fn what_was_recognised_is_rejected() {
    let mut session = read_as(&format!("-{ENDS}"), chat);
    assert_eq!((session.snapshot().connection_count(), session.idle_decisions().len()), (0, 0));
    let others = session.others(10);
    assert_eq!((others.total, others.rows[0].is_rejected, others.rows[0].octets), (1, true, [38, 19]));
    // An opening handshake changes nothing: the user's word counts. Nor does one that comes later.
    for wait in [false, true] {
        let mut session = read_as("-10.0.0.2:80-10.0.0.1:50000", |talk| {
            talk.connect();
            if wait {
                talk.say(Client, "something else");
            }
            talk.upgrade();
            chat(talk);
        });
        assert_eq!(session.snapshot().connection_count(), 0);
    }
}

/// One frame each way is too little to tell.
fn short(talk: &mut Talk) {
    talk.say(Client, frame::client(FIN | BINARY, b"\x01\x02"));
    talk.say(Server, frame::server(FIN | BINARY, b"\x03"));
}

#[test]
fn what_is_too_little_to_tell_is_read_by_force() {
    let mut talk = Talk::new();
    short(&mut talk);
    assert_eq!(rows::read(&talk.capture().pcap()).connection_count(), 0);
    let snapshot = overridden(short);
    assert_eq!(rows::frames(&snapshot), ["client binary 0102", "server binary 03"]);
    assert_eq!(recognition(&snapshot), Some(Recognition::UserOverride));
    assert!(sentence(&snapshot.finding(0).unwrap()).contains("because the user says"));
}

#[test]
fn the_user_says_who_the_client_is() {
    let snapshot = read_as("+10.0.0.2:80-10.0.0.1:50000", short).snapshot();
    assert_eq!(
        rows::frames(&snapshot),
        ["server binary 0102 [frame.server-masked]", "client binary 03 [frame.client-unmasked]"]
    );
    assert_eq!(snapshot.connections().next().unwrap().client.port, 80);
}

/// A client that does not mask: nobody would recognise that, and it is just what the user wants to see.
#[test]
fn frames_that_break_rules_are_read_by_force() {
    let broken = |talk: &mut Talk| {
        for text in ["one", "two", "three"] {
            talk.say(Client, frame::server(FIN | TEXT, text.as_bytes()));
            talk.say(Server, frame::server(FIN | TEXT, text.as_bytes()));
        }
    };
    let snapshot = overridden(broken);
    assert_eq!(rows::frames(&snapshot)[..2], ["client text \"one\" [frame.client-unmasked]", "server text \"one\""]);
    assert_eq!(snapshot.frame_count(), 6);
}

/// The capture has the beginning: a handshake of another kind, then frames.
#[test]
fn frames_behind_another_kind_of_handshake() {
    for hello in ["HELLO 13\r\n", "GET /x HTTP/1.0\r\n\r\n"] {
        let snapshot = overridden(|talk| {
            talk.connect();
            talk.say(Client, hello);
            talk.say(Server, "OK\r\n");
            chat(talk);
            talk.finish(Client);
        });
        assert_eq!(snapshot.frame_count(), 3, "{hello}");
        assert!(rows::frames(&snapshot)[0].starts_with("client text \"how"));
    }
}

/// The first octet of each direction is known, and nothing looks like frames: that is where they are read from.
#[test]
fn without_any_evidence_frames_start_where_the_streams_do() {
    let snapshot = overridden(|talk| {
        talk.connect();
        talk.say(Client, frame::server(FIN | 0x33, b"odd"));
        talk.say(Server, frame::client(FIN | 0x3b, b"odd, too"));
        talk.finish(Server);
    });
    let opcodes: Vec<u8> = (0..2)
        .filter_map(|index| snapshot.frame(framescope::base::FrameId::from_index(index)))
        .map(|frame| frame.header.opcode().value())
        .collect();
    assert_eq!(opcodes, [3, 11]);
    let end = snapshot.connections().next().unwrap().tcp_end.unwrap();
    assert_eq!((end.by, end.how), (Sender::Server, End::Fin), "it ended before it was clear what it is");
}

/// Nobody knows where in a frame the capture begins: frames are read from where a chain of them is borne out.
#[test]
fn inside_a_very_long_frame() {
    let picture = frame::server(FIN | BINARY, &vec![0xd8; 200_000]);
    let snapshot = overridden(|talk| {
        talk.say_in(Server, 1000, &picture[5000..]);
        chat(talk);
        chat(talk);
        for text in ["and so on", "and on", "and on and on"] {
            talk.say(Server, frame::server(FIN | TEXT, text.as_bytes()));
        }
    });
    let frames = rows::frames(&snapshot);
    assert!(frames.contains(&"server text \"and on and on\"".to_owned()), "{frames:?}");
    assert!(frames.iter().all(|frame| !frame.contains('[')), "{frames:?}");
}

#[test]
fn a_handshake_that_is_there_counts() {
    let snapshot = overridden(|talk| {
        talk.connect();
        talk.upgrade();
        chat(talk);
        talk.finish(Client);
    });
    assert_eq!(rows::connections(&snapshot), ["ok 101 ws://example.test/chat 2 1"]);
    assert_eq!(recognition(&snapshot), None);
}

/// A handshake that is there counts whatever the capture lacks around it, and so it does for whoever says nothing.
#[test]
fn a_handshake_counts_where_octets_around_it_are_missing() {
    let mut talk = Talk::new();
    talk.connect();
    talk.say(Client, "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nsome");
    talk.say(Client, " body");
    talk.say(Server, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nan");
    talk.say(Server, " answer");
    talk.upgrade();
    for text in [&b"one"[..], b"two and more", b"three"] {
        talk.say(Client, frame::client(FIN | TEXT, text));
        talk.say_in(Server, 9, frame::server(FIN | TEXT, text));
    }
    talk.finish(Client);
    let [request, answer] = [super::common::tcp::REQUEST, super::common::tcp::ANSWER].map(str::as_bytes);
    let lost: Vec<usize> = (0..talk.segments.len())
        .filter(|index| ![request, answer].contains(&&talk.segments[*index].payload[..]))
        .collect();
    let mut wrong = Vec::new();
    for first in &lost {
        for second in lost.iter().filter(|second| *second >= first) {
            let mut talk = talk.clone();
            talk.segments.remove(*second);
            if first < second {
                talk.segments.remove(*first);
            }
            let mut decisions = Decisions::default();
            decisions.read(ENDS, true).unwrap();
            let capture = talk.capture().pcap();
            let (said, found) = (rows::read_as(&capture, decisions).snapshot(), rows::read(&capture));
            let (told, expected) =
                ((rows::connections(&said), rows::frames(&said)), (rows::connections(&found), rows::frames(&found)));
            if told != expected || !told.0[0].starts_with("ok 101 ws://example.test/chat") {
                wrong.push(format!("without {} and {}: {told:?}, {expected:?}", first + 1, second + 1));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}: {:#?}",
        wrong.len(),
        lost.len() * (lost.len() + 1) / 2,
        wrong.iter().take(8).collect::<Vec<_>>()
    );
}

/// A server that refuses and goes on with frames all the same: who says that this is a WebSocket sees them.
#[test]
fn frames_behind_a_handshake_that_was_refused() {
    use super::common::tcp::REQUEST;
    for refusal in ["200 OK\r\nContent-Length: 0", "200 OK", "403 No\r\nContent-Length: 4"] {
        for at_once in [false, true] {
            let body = if refusal.starts_with("403") { "no.\n" } else { "" };
            let refusal = format!("HTTP/1.1 {refusal}\r\n\r\n{body}");
            let talk = |talk: &mut Talk| {
                talk.connect();
                talk.say(Client, REQUEST);
                let hello = frame::server(FIN | TEXT, b"hello to you");
                if at_once {
                    talk.say(Server, [refusal.as_bytes(), &hello].concat());
                } else {
                    talk.say(Server, &refusal);
                    talk.say(Server, hello);
                }
                chat(talk);
                talk.finish(Client);
            };
            let snapshot = overridden(talk);
            let connections: Vec<_> = snapshot.connections().collect();
            assert_eq!((connections.len(), connections[0].opened), (2, false), "{refusal}");
            assert_eq!(connections[1].tcp_end.map(|end| (end.by, end.how)), Some((Sender::Client, End::Fin)));
            let mut frames = rows::frames(&snapshot);
            frames.sort();
            assert_eq!(frames[2..], ["server text \"hello to you\"", "server text \"very well, thanks\""], "{refusal}");
            assert_eq!(frames.len(), 4, "{refusal}: {frames:?}");
            let told =
                (0..snapshot.finding_count()).filter_map(|index| snapshot.finding(index)).map(|it| sentence(&it));
            assert!(
                told.into_iter().any(|text| text.starts_with("The server refused the opening handshake. The user"))
            );
        }
    }
}

/// A refusal that HTTP follows is one, whatever the user says.
#[test]
fn http_behind_a_handshake_that_was_refused() {
    use super::common::tcp::REQUEST;
    let snapshot = overridden(|talk| {
        talk.connect();
        for _ in 0..3 {
            talk.say(Client, REQUEST);
            talk.say(Server, "HTTP/1.1 503 Later\r\nContent-Length: 5\r\n\r\nlater");
        }
        talk.upgrade();
        chat(talk);
        talk.finish(Client);
    });
    assert_eq!((snapshot.connection_count(), snapshot.frame_count(), recognition(&snapshot)), (4, 3, None));
}

/// RSV1 means "compressed" as long as nobody says otherwise.
#[test]
fn the_user_says_what_was_agreed_on() {
    let compressed = |talk: &mut Talk| {
        chat(talk);
        talk.say(Server, frame::server(FIN | 0x40 | TEXT, b"\xca\x48\xcd\xc9\xc9\x07\x00"));
    };
    for (agreed, expected) in [("", ""), (",deflate", ""), (",plain", " [frame.rsv-without-extension]")] {
        let snapshot = read_as(&format!("+{ENDS}{agreed}"), compressed).snapshot();
        assert_eq!(rows::frames(&snapshot)[3], format!("server text ca48cdc9c90700{expected}"), "{agreed}");
        let frame = *snapshot.frame(framescope::base::FrameId::from_index(3)).unwrap();
        assert_eq!(frame.is_compressed(), agreed != ",plain");
    }
}

#[test]
fn decisions_that_no_connection_fits_are_told() {
    let session = read_as("+10.0.0.9:1-10.0.0.2:80", chat);
    assert_eq!(session.idle_decisions().len(), 1);
    assert_eq!(session.idle_decisions()[0].opener.port, 1);
}

#[test]
fn connections_that_are_not_read_are_listed_by_size() {
    let mut packets = Vec::new();
    for number in 0..50u16 {
        let mut talk = Talk::between(&format!("10.0.0.1:{}", 1000 + number), "10.0.0.2:22");
        talk.connect();
        talk.say(Client, vec![b'x'; usize::from(number)]);
        talk.say(Server, "SSH-2.0-x\r\n");
        packets.extend(talk.ip_packets());
    }
    // Only SYNs, and a WebSocket: neither is among them.
    let mut scan = Talk::between("10.0.0.3:1", "10.0.0.2:22");
    scan.connect();
    packets.extend(scan.ip_packets());
    let mut chat = Talk::upgraded();
    short(&mut chat);
    packets.extend(chat.ip_packets());
    let session = rows::read_as(&link::capture(Link::Ethernet, packets).pcap(), Decisions::default());
    let others = session.others(3);
    let ports: Vec<u16> = others.rows.iter().map(|other| other.ends.opener.port).collect();
    assert_eq!((others.total, ports), (50, vec![1047, 1048, 1049]), "the largest, in the order of the capture");
    assert_eq!((others.rows[2].octets, others.rows[2].is_rejected), ([49, 11], false));
    assert_eq!(session.others(1000).rows.len(), 50);
}

/// A pair of ends is one row, as it is for a decision, whichever end opened a connection.
#[test]
fn connections_with_the_same_ends_are_one_row() {
    let mut packets = Vec::new();
    for (opener, peer, number) in [("10.0.0.1:9", "10.0.0.2:22", 1), ("10.0.0.2:22", "10.0.0.1:9", 100_000)] {
        let mut talk = Talk::between(opener, peer).numbered(number, number);
        talk.connect();
        talk.say(Client, "twelve octets");
        talk.say(Server, "four");
        talk.finish(Client);
        packets.extend(talk.ip_packets());
    }
    let session = rows::read_as(&link::capture(Link::Ethernet, packets).pcap(), Decisions::default());
    let rows = session.others(9).rows;
    assert_eq!(rows.iter().map(|row| (row.ends.opener.port, row.octets)).collect::<Vec<_>>(), [(9, [17, 17])]);
}

/// Lets a capture begin within one frame, in pieces like `body`, and go on with a conversation.
fn behind(body: &[u8]) -> impl Fn(&mut Talk) {
    move |talk| {
        talk.say_in(Server, 1400, body);
        for number in 0..40 {
            talk.say(Client, frame::client(FIN | TEXT, format!("{number}, is it so?").as_bytes()));
            talk.say(Server, frame::server(FIN | TEXT, format!("and answer {number}").as_bytes()));
        }
    }
}

/// Confirming what is recognised without the user changes nothing about what is found.
#[test]
fn a_decision_gives_no_fewer_frames_than_none() {
    let mut state = 0x1234_5678_9abc_def1_u64;
    let mut random = |len: usize| -> Vec<u8> {
        let octet = |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        (0..len).map(octet).collect()
    };
    let json = b"{\"a\":\"hello world, some json\"}".repeat(35_000);
    let bodies = [
        vec![],
        b"the second half of what was being said when the capture began".to_vec(),
        random(30 * 1400),
        random(1 << 20),
        vec![0xd8; 1 << 20],
        vec![0; 1 << 18],
        json[..1 << 20].to_vec(),
    ];
    for body in &bodies {
        for lost in [None, Some(3), Some(60)] {
            let mut talk = Talk::new();
            behind(body)(&mut talk);
            if let Some(lost) = lost {
                talk.segments.remove(lost);
            }
            let capture = talk.capture().pcap();
            let alone = rows::read(&capture);
            assert!(alone.frame_count() >= 76, "{} of {} octets", alone.frame_count(), body.len());
            let mut decisions = Decisions::default();
            decisions.read(ENDS, true).unwrap();
            let confirmed = rows::read_as(&capture, decisions).snapshot();
            assert_eq!(rows::frames(&confirmed), rows::frames(&alone), "{} octets, {lost:?}", body.len());
            assert_eq!(recognition(&confirmed), Some(Recognition::Confirmed));
        }
    }
}

/// Frames that nobody would recognise are read from the beginning, however many there are.
#[test]
fn frames_that_break_rules_are_read_from_the_first_on() {
    let broken = |talk: &mut Talk| {
        for number in 0..100 {
            talk.say(Client, frame::server(FIN | BINARY, format!("client {number}").as_bytes()));
            talk.say(Server, frame::server(FIN | BINARY, format!("server {number}").as_bytes()));
        }
    };
    let snapshot = overridden(broken);
    assert_eq!((snapshot.frame_count(), recognition(&snapshot)), (200, Some(Recognition::UserOverride)));
    // Who watches a capture that grows need not wait for its end.
    let mut talk = Talk::new();
    broken(&mut talk);
    talk.segments.truncate(40);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("growing.pcap");
    std::fs::write(&path, talk.capture().pcap()).unwrap();
    let mut decisions = Decisions::default();
    decisions.read(ENDS, true).unwrap();
    let mut session =
        Session::new(follow(&path).unwrap(), None).with_options(ReadOptions { decisions, ..ReadOptions::default() });
    while session.step(5).unwrap() != Progress::Pending {}
    assert_eq!(session.snapshot().frame_count(), 40);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Garbage that the user takes for a WebSocket: nothing panics or hangs, all of it is accounted for, and payloads are
    /// judged whenever they come.
    #[test]
    fn garbage_by_force(
        parts in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..400), 0..20u8), 0..80),
        has_syn in any::<bool>(),
        ends in any::<bool>(),
        agreed in 0..3usize,
    ) {
        let decision = format!("+{ENDS}{}", ["", ",deflate", ",plain"][agreed]);
        let mut heads = 0;
        let session = read_as(&decision, |talk| {
            if has_syn {
                talk.connect();
            }
            for (is_client, octets, fate) in &parts {
                let who = if *is_client { Client } else { Server };
                match fate {
                    0 => talk.lose(who, octets),
                    1 if heads < 2 => {
                        heads += 1;
                        talk.say(who, if *is_client { "GET / HTTP/1.1\r\n\r\n" } else { "HTTP/1.1 200 OK\r\n\r\n" });
                    }
                    _ => talk.say(who, octets),
                }
            }
            if ends {
                talk.finish(Client);
            }
        });
        let mut session = session;
        while session.judge(100) {}
        let snapshot = session.snapshot();
        prop_assert!(snapshot.connection_count() <= 1);
        prop_assert_eq!(snapshot.connection_count() + session.others(9).total <= 1, true);
        for index in 0..snapshot.frame_count() {
            let frame = *snapshot.frame(framescope::base::FrameId::from_index(index)).unwrap();
            MessageReader::default().sent_octets(&snapshot, &frame, 0..1000).unwrap();
        }
        for index in 0..snapshot.finding_count() {
            prop_assert!(!sentence(&snapshot.finding(index).unwrap()).is_empty());
        }
    }
}

/// The octets before a handshake may be anything, or the rest of anything.
#[test]
fn a_handshake_counts_behind_what_is_no_http() {
    let many: Vec<_> = (0..50).map(|number| vec![1, 2, 3, number]).collect();
    for (client, server) in [
        (&[b"\x01\x02\x03".to_vec()][..], &[][..]),
        (&[], &[b"{ 1".to_vec()]),
        (&[b"\x01".to_vec(), b"two\n".to_vec()], &[b"\x05\x06".to_vec()]),
        (&many, &many),
    ] {
        for begins_late in [false, true] {
            for refusals in 0..3 {
                let mut talk = Talk::new();
                talk.connect();
                client.iter().for_each(|octets| talk.say(Client, octets));
                server.iter().for_each(|octets| talk.say(Server, octets));
                for _ in 0..refusals {
                    talk.say(Client, super::common::tcp::REQUEST);
                    talk.say(Server, "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n");
                }
                let refused = talk.clone();
                talk.upgrade();
                for mut talk in [talk, refused] {
                    chat(&mut talk);
                    talk.finish(Client);
                    if begins_late {
                        talk.segments.drain(..3);
                    }
                    let capture = talk.capture().pcap();
                    let mut decisions = Decisions::default();
                    decisions.read(ENDS, true).unwrap();
                    let (said, found) = (rows::read_as(&capture, decisions).snapshot(), rows::read(&capture));
                    let case = format!("{client:?} {server:?} {begins_late} {refusals}");
                    if rows::connections(&found).iter().any(|row| row.starts_with("ok 101")) {
                        assert_eq!(rows::connections(&said), rows::connections(&found), "{case}");
                        assert_eq!(rows::frames(&said), rows::frames(&found), "{case}");
                    }
                    let texts = rows::frames(&said).iter().filter(|row| row.contains(" text \"")).count();
                    assert_eq!(texts, 3, "{case}: {:?}", rows::frames(&said));
                }
            }
        }
    }
}
