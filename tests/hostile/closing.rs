//! Ends of connections, pings and their pongs, and what is no WebSocket at all: breaching and keeping.

use framescope::base::{ConnectionId, FrameId, Place, Rule, Sender};
use framescope::view::{Answer, RoundTrips};

use super::common::frame::{self, CLOSE, FIN, PING, PONG, TEXT};
use super::common::rows::{self, sentence};
use super::common::tcp::Talk;
use super::common::tcp::Who::{self, Client, Server};

/// The rules that a conversation breaks.
fn rules(talk: impl FnOnce(&mut Talk)) -> Vec<&'static str> {
    let mut conversation = Talk::upgraded();
    talk(&mut conversation);
    rows::all_findings(&rows::read(&conversation.capture().pcap()))
}

fn say(talk: &mut Talk, who: Who, octet0: u8, payload: &[u8]) {
    let octets = if who == Client { frame::client(octet0, payload) } else { frame::server(octet0, payload) };
    talk.say(who, octets);
}

fn close(talk: &mut Talk, who: Who) {
    say(talk, who, CLOSE, &frame::close(1000, "bye"));
}

#[test]
fn close_frames() {
    let both = |talk: &mut Talk| {
        close(talk, Client);
        close(talk, Server);
        talk.finish(Server);
    };
    assert_eq!(rules(both), [""; 0]);
    let one = |talk: &mut Talk| {
        close(talk, Client);
        talk.finish(Server);
    };
    assert_eq!(rules(one), ["close.not-echoed"]);
    assert_eq!(rules(|talk| talk.finish(Server)), ["close.missing"]);
    let reset = |talk: &mut Talk| {
        talk.ack(Server);
        talk.last().flags |= super::common::tcp::RST;
    };
    assert_eq!(rules(reset), ["close.missing"]);
    assert_eq!(rules(|talk| close(talk, Client)), [""; 0], "the capture just stops");
    let lost = |talk: &mut Talk| {
        talk.lose(Server, frame::server(CLOSE, b""));
        talk.finish(Server);
    };
    assert_eq!(rules(lost), ["capture.gap"], "what the capture lacks is nobody's fault");
}

/// Octets that one side had sent when the other one reset TCP were in flight, and count everywhere, however long they
/// are captured behind the RST; what the side sends that reset does not.
#[test]
fn octets_behind_a_reset() {
    for pause in [0, 5_000] {
        let mut talk = Talk::upgraded();
        say(&mut talk, Client, TEXT, b"be");
        let rest = frame::client(FIN | frame::CONTINUATION, b"fore and behind");
        talk.say(Client, &rest[..9]);
        talk.ack(Server);
        talk.last().flags |= super::common::tcp::RST;
        say(&mut talk, Server, FIN | TEXT, b"of who reset");
        talk.say(Client, &rest[9..]);
        say(&mut talk, Client, PING, b"?");
        close(&mut talk, Client);
        let mut capture = talk.capture();
        let reset = capture.packets.len() - 5;
        // Packets of somebody else pass the time.
        let mut other = Talk::between("10.0.0.7:7", "10.0.0.8:8");
        for _ in 0..pause {
            other.ack(Client);
        }
        let mut packets = capture.packets.split_off(reset + 1);
        capture.packets.extend(other.capture().packets);
        capture.packets.append(&mut packets);
        for (index, packet) in capture.packets.iter_mut().enumerate() {
            packet.time_ns = 1_000_000 * index as u64;
        }
        let snapshot = rows::read(&capture.pcap());
        let frames = rows::frames(&snapshot).into_iter().map(|row| row.split(" [").next().unwrap().to_owned());
        let expected = [
            "client text… \"be\"",
            "client continuation \"fore and behind\"",
            "client ping \"?\"",
            "client close 03e8627965",
        ];
        assert_eq!(frames.collect::<Vec<_>>(), expected);
        assert_eq!(rows::messages(&snapshot), ["client text \"before and behind\""]);
        // Who has reset can answer neither a ping nor a Close.
        assert_eq!(rows::all_findings(&snapshot), ["close.missing"], "{pause}");
    }
}

/// A Close is missing since the last frame before the end, whatever was in flight then.
#[test]
fn silence_before_a_reset() {
    let mut talk = Talk::upgraded();
    say(&mut talk, Client, FIN | TEXT, b"hello");
    talk.ack(Server);
    talk.last().flags |= super::common::tcp::RST;
    say(&mut talk, Client, FIN | TEXT, b"in flight");
    let mut capture = talk.capture();
    for (packet, seconds) in capture.packets.iter_mut().rev().zip([70, 70, 10]) {
        packet.time_ns += seconds * 1_000_000_000;
    }
    let snapshot = rows::read(&capture.pcap());
    assert_eq!((rows::all_findings(&snapshot), snapshot.frame_count()), (vec!["close.missing"], 2));
    let text = sentence(&snapshot.finding(0).unwrap());
    assert!(text.contains("60"), "{text}");
}

/// A pong is paired with the ping that it answers, and tells how long that took.
#[test]
fn round_trips() {
    let mut talk = Talk::upgraded();
    for body in [&b"one"[..], b"two"] {
        say(&mut talk, Server, PING, body);
    }
    say(&mut talk, Client, FIN | TEXT, b"between");
    say(&mut talk, Client, PONG, b"two");
    say(&mut talk, Client, PONG, b"nobody's");
    let snapshot = rows::read(&talk.capture().pcap());
    let frames: Vec<_> = (0..5).filter_map(|id| snapshot.frame(framescope::base::FrameId(id))).collect();
    let pairs: Vec<_> = frames.iter().map(|frame| frame.counterpart().map(|id| id.number())).collect();
    assert_eq!(pairs, [None, Some(4), None, Some(2), None]);
    let trips: Vec<_> = frames.iter().map(|frame| snapshot.round_trip_ns(frame)).collect();
    // A packet a millisecond: the ping is two packets before.
    assert_eq!(trips, [None, None, None, Some(2_000_000), None]);
    assert!(frames.iter().all(|frame| frame.message().is_none() == frame.header.opcode().is_control()));
}

/// All pings of a connection, whoever sent them, and what became of each; those of others are not among them.
#[test]
fn pings_of_a_connection() {
    let mut talk = Talk::upgraded();
    say(&mut talk, Server, PING, b"one");
    say(&mut talk, Server, PING, b"two");
    say(&mut talk, Client, PING, b"mine");
    say(&mut talk, Client, PONG, b"two");
    say(&mut talk, Server, PONG, b"mine");
    say(&mut talk, Client, PING, b"last words");
    talk.finish(Server);
    let mut other = Talk::between("10.0.0.7:7", "10.0.0.8:8");
    other.connect();
    other.upgrade();
    say(&mut other, Client, PING, b"mine");
    let mut quiet = Talk::between("10.0.0.9:9", "10.0.0.8:8");
    quiet.connect();
    quiet.upgrade();
    let [mut capture, other, quiet] = [talk, other, quiet].map(|talk| talk.capture());
    capture.packets.extend(other.packets.into_iter().chain(quiet.packets));
    let snapshot = rows::read(&capture.pcap());
    let trips = |id: u32, limit| RoundTrips::of(&snapshot, ConnectionId(id), limit);
    let first = trips(0, 10).unwrap();
    let pings: Vec<_> = first.pings.iter().map(|ping| (ping.ping.number(), ping.sender, ping.answer)).collect();
    assert_eq!(
        pings,
        [
            (1, Sender::Server, Answer::Open),
            (2, Sender::Server, Answer::After(2_000_000)),
            (3, Sender::Client, Answer::After(2_000_000)),
            (6, Sender::Client, Answer::Never),
        ],
        "a packet a millisecond; the pong to the second ping answers the first too"
    );
    assert!(!first.is_cut);
    let newest = trips(0, 2).unwrap();
    assert_eq!((&newest.pings[..], newest.is_cut), (&first.pings[2..], true));
    assert_eq!(trips(1, 10).unwrap().pings.len(), 1);
    assert_eq!(trips(2, 10), None);
    assert_eq!(trips(3, 10), None, "there is no such connection");
}

#[test]
fn pings_and_pongs() {
    let end = |talk: &mut Talk| {
        close(talk, Client);
        close(talk, Server);
        talk.finish(Server);
    };
    let answered = |talk: &mut Talk| {
        say(talk, Server, PING, b"one");
        say(talk, Server, PING, b"two");
        say(talk, Client, PONG, b"two");
        end(talk);
    };
    assert_eq!(rules(answered), [""; 0], "a pong to a later ping answers the ones before (RFC 6455 §5.5.3)");
    let unanswered = |talk: &mut Talk| {
        say(talk, Server, PING, b"one");
        say(talk, Client, PONG, b"other");
        end(talk);
    };
    assert_eq!(rules(unanswered), ["pong.unsolicited", "ping.unanswered"]);
    let after_close = |talk: &mut Talk| {
        close(talk, Client);
        say(talk, Client, PING, b"");
        close(talk, Server);
        talk.finish(Server);
    };
    assert_eq!(rules(after_close), [""; 0], "who has got a Close need not answer");
    assert_eq!(rules(|talk| say(talk, Client, PING, b"")), [""; 0], "the answer may be a packet away");
    let own = |talk: &mut Talk| {
        say(talk, Server, PING, b"same");
        say(talk, Server, PONG, b"same");
        say(talk, Client, PONG, b"same");
        end(talk);
    };
    assert_eq!(rules(own), ["pong.unsolicited"], "nobody answers his own ping");
    let lost = |talk: &mut Talk| {
        talk.lose(Server, frame::server(PING, b"lost"));
        say(talk, Server, FIN | TEXT, b"more");
        say(talk, Client, PONG, b"lost");
        end(talk);
    };
    // One for the hole, one for the Close frame behind it, from which on frames are read again.
    assert_eq!(rules(lost), ["capture.gap"; 2], "the ping may be among what the capture lacks");
}

#[test]
fn what_is_no_websocket() {
    let html = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n";
    let mut talk = Talk::upgraded();
    say(&mut talk, Server, FIN | TEXT, b"hello");
    talk.say(Server, html);
    say(&mut talk, Client, FIN | TEXT, b"still here");
    talk.finish(Server);
    let snapshot = rows::read(&talk.capture().pcap());
    assert_eq!(rows::all_findings(&snapshot), ["frame.not-websocket"]);
    assert_eq!(rows::frames(&snapshot), ["server text \"hello\"", "client text \"still here\""]);
    assert!(sentence(&snapshot.finding(0).unwrap()).contains("an HTTP response"));

    // Text in a frame of which only the reserved bits are wrong stays a frame.
    let mut talk = Talk::upgraded();
    say(&mut talk, Server, 0x70 | TEXT & !FIN, b"a payload of some forty octets of letters");
    let snapshot = rows::read(&talk.capture().pcap());
    assert_eq!(rows::all_findings(&snapshot), ["frame.rsv-without-extension"]);
}

/// A peer that is hung up on in the middle of a header broke a rule with the octets that it had sent already.
#[test]
fn headers_that_are_cut_off() {
    let cut = |before: &[(u8, &[u8])], start: &[u8]| {
        rules(|talk| {
            for (octet0, payload) in before {
                say(talk, Client, *octet0, payload);
            }
            talk.say(Client, start);
            close(talk, Server);
            talk.finish(Server);
        })
    };
    let told = |rule| ["frame.truncated", rule, "close.not-echoed"];
    assert_eq!(cut(&[], b"\x87\x8d\x06"), told("frame.opcode-reserved"));
    assert_eq!(cut(&[], b"\x80\x98\x0c"), told("message.continuation-without-start"));
    assert_eq!(cut(&[], b"\xa1"), told("frame.rsv-without-extension"));
    assert_eq!(cut(&[(TEXT, b"open")], b"\x81"), {
        ["frame.truncated", "message.interleaved", "message.unfinished", "close.not-echoed"]
    });
    assert_eq!(cut(&[(CLOSE, &frame::close(1000, ""))], b"\x81"), ["frame.truncated", "frame.after-close"]);
    assert_eq!(cut(&[], b"\x81\x85\x01\x02"), ["frame.truncated", "close.not-echoed"], "nothing wrong with that");
    assert_eq!(cut(&[(TEXT, b"open")], b"\x00"), ["frame.truncated", "message.unfinished", "close.not-echoed"]);

    let mut talk = Talk::upgraded();
    say(&mut talk, Client, FIN | TEXT, b"ok");
    talk.say(Client, b"\x8f\x8d\xd3");
    close(&mut talk, Server);
    talk.finish(Server);
    let snapshot = rows::read(&talk.capture().pcap());
    let finding = (0..snapshot.finding_count())
        .map(|index| snapshot.finding(index).unwrap())
        .find(|finding| finding.rule == Rule::FrameOpcodeReserved)
        .unwrap();
    assert_eq!((finding.sender, finding.frame), (Sender::Client, None));
    let Place::StreamOctets { at, len: 1 } = finding.place else { panic!("{:?}", finding.place) };
    let first = snapshot.frame(FrameId::from_number(1).unwrap()).unwrap();
    assert_eq!(at, first.at + frame::client(FIN | TEXT, b"ok").len() as u64, "the octet with the opcode");
    assert_eq!(
        sentence(&finding),
        "Opcode 0xF is reserved for control frames that nobody has defined. The frame's header is cut off."
    );
}

/// A pong behind a gap may answer a ping before it.
#[test]
fn a_gap_between_ping_and_pong() {
    let mut talk = Talk::upgraded();
    talk.say(Server, frame::server(FIN | PING, b"there?"));
    let text = frame::client(FIN | TEXT, b"some of it is lost");
    talk.say(Client, &text[..9]);
    talk.lose(Client, &text[9..12]);
    talk.say(Client, &text[12..]);
    talk.say(Client, frame::masked(FIN | PONG, [7; 4], b"there?"));
    talk.finish(Client);
    let findings = rows::findings(&rows::read(&talk.capture().pcap())).into_iter();
    assert_eq!(findings.filter(|rule| rule.starts_with("pong.") || rule.starts_with("ping.")).count(), 0);
}
