//! TCP as it really is: late, repeated, overlapping, wrapping, captured twice.

use crate::common::frame::{self, BINARY, FIN, TEXT};
use crate::common::rows;
use crate::common::tcp::{self, ACK, ANSWER, Client, REQUEST, SYN, Server, Talk};

/// Three frames of the client, and where the second and third of them start in the stream.
fn three() -> (Talk, [Vec<u8>; 3]) {
    let frames = [&b"first"[..], b"second", b"third"].map(|text| frame::client(FIN | TEXT, text));
    (Talk::upgraded(), frames)
}

#[track_caller]
fn has_all_three(talk: &Talk) {
    let snapshot = rows::read(&talk.capture().pcap());
    assert_eq!(rows::frames(&snapshot), ["client text \"first\"", "client text \"second\"", "client text \"third\""]);
    assert_eq!(rows::findings(&snapshot), [""; 0]);
    assert_eq!(rows::connections(&snapshot), ["ok 101 ws://example.test/chat 3 0"]);
}

#[test]
fn octet_by_octet() {
    let mut talk = Talk::new();
    talk.connect();
    talk.say_in(Client, 1, REQUEST);
    talk.say_in(Server, 1, ANSWER);
    talk.say_in(Client, 1, three().1.concat());
    talk.finish(Client);
    has_all_three(&talk);
}

#[test]
fn the_longest_header_octet_by_octet() {
    let payload = vec![b'x'; 70_000];
    let mut talk = Talk::upgraded();
    let frame = frame::client(FIN | BINARY, &payload);
    talk.say_in(Client, 1, &frame[..15]);
    talk.say_in(Client, 1460, &frame[15..]);
    talk.say(Client, frame::client(FIN | TEXT, b"next"));
    let snapshot = rows::read(&talk.capture().pcap());
    assert_eq!(rows::frames(&snapshot), ["client binary 70000 octets", "client text \"next\""]);
}

#[test]
fn every_cut_between_two_segments() {
    let frames = three().1.concat();
    for cut in 1..frames.len() {
        let mut talk = Talk::upgraded();
        talk.say(Client, &frames[..cut]);
        talk.ack(Server);
        talk.say(Client, &frames[cut..]);
        talk.finish(Client);
        has_all_three(&talk);
        // And with the second one captured first.
        let last = talk.segments.len() - 1;
        talk.segments.swap(last - 3, last - 5);
        has_all_three(&talk);
    }
}

#[test]
fn a_late_header_invents_nothing() {
    let (mut talk, frames) = three();
    // The payload looks like frames: whoever takes it for the stream's next octets finds some.
    let decoy = frame::client(FIN | TEXT, b"decoy").repeat(20);
    let big = frame::client(FIN | BINARY, &decoy);
    talk.say(Client, &frames[0]);
    talk.say(Client, &big[..8]);
    talk.say_in(Client, 100, &big[8..]);
    talk.say(Client, &frames[1]);
    let late = talk.segments.iter().position(|segment| segment.payload == big[..8]).unwrap();
    let header = talk.segments.remove(late);
    talk.segments.push(header);
    talk.finish(Client);
    let snapshot = rows::read(&talk.capture().pcap());
    let expected = ["client text \"first\"".to_owned(), format!("client binary {} octets", decoy.len())];
    assert_eq!(rows::frames(&snapshot)[..2], expected);
    assert_eq!(rows::frames(&snapshot)[2..], ["client text \"second\""]);
}

#[test]
fn reversed_flights() {
    let (mut talk, frames) = three();
    talk.say_in(Client, 4, frames.concat());
    let flight = talk.segments.len() - frames.concat().len().div_ceil(4);
    talk.segments[flight..].reverse();
    talk.finish(Client);
    has_all_three(&talk);
}

#[test]
fn a_retransmission_that_carries_new_octets() {
    let (mut talk, frames) = three();
    let at = talk.at(Client);
    talk.say(Client, &frames[0]);
    talk.say(Client, &frames[1][..3]);
    // Sent again from the start, with more behind it; what is new begins inside a header.
    let all = frames.concat();
    talk.put(Client, at, &all[..frames[0].len() + frames[1].len() - 1]);
    talk.put(Client, at + 2, &all[2..]);
    talk.lose(Client, &all[frames[0].len() + 3..]);
    talk.finish(Client);
    has_all_three(&talk);
}

#[test]
fn keep_alives_with_and_without_garbage() {
    let (mut talk, frames) = three();
    for frame in &frames {
        talk.say(Client, frame);
        let before = talk.at(Client) - 1;
        talk.put(Client, before, b"");
        talk.ack(Server);
        talk.put(Client, before, b"\xff");
        talk.ack(Server);
    }
    talk.finish(Client);
    has_all_three(&talk);
}

#[test]
fn of_octets_that_differ_the_first_copy_counts() {
    let (mut talk, frames) = three();
    let at = talk.at(Client);
    talk.say(Client, &frames[0]);
    talk.say(Client, &frames[1]);
    let mut other = frames[1].clone();
    other.iter_mut().for_each(|octet| *octet ^= 0x55);
    talk.put(Client, at + frames[0].len() as u32, &other);
    talk.put(Client, at, &[frames[0].clone(), other].concat());
    talk.say(Client, &frames[2]);
    talk.finish(Client);
    let snapshot = rows::read(&talk.capture().pcap());
    assert_eq!(
        rows::frames(&snapshot),
        [
            "client text \"first\"",
            "client text \"second\" [capture.overlap-conflict, capture.overlap-conflict]",
            "client text \"third\""
        ]
    );
}

#[test]
fn sequence_numbers_wrap() {
    // Within the handshake, within a header, within a payload: the wrap is everywhere once.
    for before_wrap in (1..400).step_by(3) {
        let mut talk = Talk::new().numbered(u32::MAX - before_wrap, u32::MAX - before_wrap);
        talk.connect();
        talk.upgrade();
        three().1.iter().for_each(|frame| talk.say(Client, frame));
        talk.finish(Client);
        has_all_three(&talk);
    }
}

#[test]
fn a_syn_that_carries_the_request() {
    let mut talk = Talk::new();
    talk.connect();
    talk.segments[0].payload = REQUEST.into();
    talk.lose(Client, REQUEST);
    talk.say(Server, ANSWER);
    three().1.iter().for_each(|frame| talk.say(Client, frame));
    talk.finish(Client);
    has_all_three(&talk);
}

/// TCP Fast Open (RFC 7413): the SYN carries octets, of which the server accepts any number, and the rest is sent again.
#[test]
fn octets_in_the_syn() {
    // The SYNs as they are captured: with how many octets each.
    for syns in [&[1000][..], &[40], &[1], &[1000, 0], &[1000, 1000], &[0, 1000], &[40, 0, 1000]] {
        for (accepted, resent) in [(1000, false), (1000, true), (0, true), (40, true), (1, true)] {
            for greets in [false, true] {
                for is_acknowledged in [false, true] {
                    let most = syns.iter().copied().max().unwrap_or(0).min(REQUEST.len());
                    let accepted = most.min(accepted);
                    let mut talk = Talk::new();
                    talk.connect();
                    let [syn, mut answer, ack] = <[_; 3]>::try_from(std::mem::take(&mut talk.segments)).unwrap();
                    for len in syns {
                        let mut syn = syn.clone();
                        syn.payload = REQUEST.as_bytes()[..REQUEST.len().min(*len)].to_vec();
                        talk.segments.push(syn);
                    }
                    let is_answered = greets && accepted == REQUEST.len();
                    if is_answered {
                        answer.payload = ANSWER.into();
                        talk.lose(Server, ANSWER);
                    }
                    answer.ack = answer.ack.wrapping_add(accepted as u32);
                    talk.segments.push(answer);
                    if is_acknowledged {
                        talk.segments.push(ack.clone());
                    }
                    let sent = if resent { accepted } else { most };
                    talk.lose(Client, &REQUEST[..sent]);
                    talk.say(Client, &REQUEST[sent..]);
                    if !is_answered {
                        talk.say(Server, ANSWER);
                    }
                    three().1.iter().for_each(|frame| talk.say(Client, frame));
                    talk.finish(Client);
                    let case = format!("{syns:?} {accepted} {resent} {greets} {is_acknowledged}");
                    let snapshot = rows::read(&talk.capture().pcap());
                    assert_eq!(rows::connections(&snapshot), ["ok 101 ws://example.test/chat 3 0"], "{case}");
                    assert_eq!(rows::findings(&snapshot), [""; 0], "{case}");
                }
            }
        }
    }
}

#[test]
fn every_packet_captured_twice() {
    let (mut talk, frames) = three();
    frames.iter().for_each(|frame| talk.say(Client, frame));
    talk.finish(Client);
    let twice = talk.segments.iter().flat_map(|segment| [segment.clone(), segment.clone()]).collect();
    talk.segments = twice;
    has_all_three(&talk);
    // The copies of a whole flight, as a capture on two interfaces has them.
    let (mut talk, frames) = three();
    frames.iter().for_each(|frame| talk.say(Client, frame));
    let copies = talk.segments.clone();
    talk.segments.extend(copies);
    talk.finish(Client);
    has_all_three(&talk);
}

#[test]
fn the_same_ports_used_again() {
    for (closed, name) in [(true, "after FIN"), (false, "without an end")] {
        let mut first = Talk::upgraded();
        first.say(Client, frame::client(FIN | TEXT, b"old"));
        if closed {
            first.finish(Client);
        }
        let mut second = Talk::new().numbered(77_000_000, 88_000_000);
        second.connect();
        second.upgrade();
        second.say(Server, frame::server(FIN | TEXT, b"new"));
        second.finish(Server);
        first.segments.extend(second.segments);
        let snapshot = rows::read(&first.capture().pcap());
        assert_eq!(rows::frames(&snapshot), ["client text \"old\"", "server text \"new\""], "{name}");
        let url = "ok 101 ws://example.test/chat";
        assert_eq!(rows::connections(&snapshot), [format!("{url} 1 0"), format!("{url} 0 1")], "{name}");
        let flows: Vec<_> = snapshot.connections().map(|connection| connection.flow).collect();
        assert_ne!(flows[0], flows[1], "{name}");
    }
}

#[test]
fn two_conversations_interleaved() {
    let mut talks = ["10.0.0.1:1000", "10.0.0.1:1001"].map(|client| Talk::between(client, "10.0.0.2:80"));
    for (talk, text) in talks.iter_mut().zip([b"one", b"two"]) {
        talk.connect();
        talk.upgrade();
        talk.say(Client, frame::client(FIN | TEXT, text));
        talk.finish(Server);
    }
    let [mut one, two] = talks;
    let both = one.segments.iter().zip(&two.segments).flat_map(|(one, two)| [one.clone(), two.clone()]).collect();
    one.segments = both;
    let snapshot = rows::read(&one.capture().pcap());
    assert_eq!(rows::frames(&snapshot), ["client text \"one\"", "client text \"two\""]);
}

#[test]
fn one_side_captured() {
    let mut talk = Talk::upgraded();
    talk.say(Client, frame::client(FIN | TEXT, b"hello"));
    talk.say(Server, frame::server(FIN | TEXT, b"hi"));
    talk.say(Client, frame::client(FIN | TEXT, b"bye"));
    talk.say(Server, frame::server(FIN | TEXT, b"so long"));
    talk.finish(Client);
    for (side, frames, connection) in [
        (Client, ["client text \"hello\"", "client text \"bye\""], "not captured - ws://example.test/chat 2 0"),
        (Server, ["server text \"hi\"", "server text \"so long\""], "not captured 101 - 0 2"),
    ] {
        let mut half = talk.clone();
        half.segments.retain(|segment| segment.who == side);
        let snapshot = rows::read(&half.capture().pcap());
        assert_eq!(rows::frames(&snapshot), frames, "{side:?}");
        assert_eq!(rows::connections(&snapshot), [connection], "{side:?}");
        let found = rows::findings(&snapshot);
        let note = if side == Client { "handshake.response-not-captured" } else { "handshake.request-not-captured" };
        assert!(found.contains(&note), "{side:?}: {found:?}");
    }
}

#[test]
fn segments_of_nobody_do_no_harm() {
    let (mut talk, frames) = three();
    talk.say(Client, &frames[0]);
    // Far out of any window, and an acknowledgment of what was never sent.
    talk.put(Client, 1 << 31, b"\x81\x05wrong");
    talk.put(Server, 0x7000_0000, b"");
    talk.last().ack = talk.segments[0].seq.wrapping_sub(5);
    talk.say(Client, &frames[1]);
    talk.say(Client, &frames[2]);
    // A SYN again, and an answer to it: retransmitted, late.
    let opening: Vec<_> = talk.segments.iter().filter(|segment| segment.flags & SYN != 0).cloned().collect();
    talk.segments.extend(opening);
    talk.finish(Client);
    has_all_three(&talk);
    assert_eq!(talk.segments.iter().filter(|segment| segment.flags == SYN | ACK).count(), 2);
    assert!(talk.segments.iter().all(|segment| segment.flags & tcp::RST == 0));
}

#[test]
fn a_reset_ends_the_connection_and_what_comes_later_is_nobodys() {
    let (mut talk, frames) = three();
    talk.say(Client, &frames[0]);
    talk.ack(Server);
    talk.last().flags |= tcp::RST;
    talk.say(Client, &frames[1]);
    let reset = rows::read(&talk.capture().pcap());
    assert_eq!(rows::frames(&reset)[0], "client text \"first\"");
    let connection = reset.connections().next().unwrap();
    assert!(connection.tcp_end.is_some_and(|end| end.how == framescope::dissect::End::Reset));
    // What follows the sender's own end is not part of the stream.
    let (mut talk, frames) = three();
    talk.say(Client, &frames[0]);
    talk.finish(Client);
    talk.say(Client, &frames[1]);
    assert_eq!(rows::frames(&rows::read(&talk.capture().pcap())), ["client text \"first\""]);
}
