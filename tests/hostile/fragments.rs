//! Fragmented messages (RFC 6455 §5.4) in the shapes that other analysers get wrong.

use crate::common::frame::{self, BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, TEXT};
use crate::common::rows;
use crate::common::tcp::{Client, Server, Talk};

#[test]
fn empty_first_middle_and_final_fragments() {
    let mut talk = Talk::upgraded();
    for part in [
        frame::server(TEXT, b""),
        frame::server(CONTINUATION, b"Hel"),
        frame::server(CONTINUATION, b""),
        frame::server(CONTINUATION, b"lo"),
        frame::server(FIN | CONTINUATION, b""),
        // An empty final fragment must not glue the next message to this one.
        frame::server(FIN | TEXT, b"next"),
    ] {
        talk.say(Server, part);
    }
    let snapshot = rows::read(&talk.capture().pcap());
    assert_eq!(
        rows::frames(&snapshot),
        [
            "server text… \"\"",
            "server continuation… \"Hel\"",
            "server continuation… \"\"",
            "server continuation… \"lo\"",
            "server continuation \"\"",
            "server text \"next\"",
        ]
    );
    assert_eq!(rows::messages(&snapshot), ["server text \"Hello\"", "server text \"next\""]);
}

/// On loopback, too, where both ends have the same address.
#[test]
fn both_directions_fragment_at_once() {
    for (client, server) in
        [("10.0.0.1:50000", "10.0.0.2:80"), ("127.0.0.1:50000", "127.0.0.1:80"), ("[::1]:79", "[::1]:80")]
    {
        let mut talk = Talk::between(client, server);
        talk.connect();
        talk.upgrade();
        talk.say(Client, frame::client(TEXT, b"up "));
        talk.say(Server, frame::server(BINARY, b"down "));
        talk.say(Client, frame::client(CONTINUATION, b"and "));
        talk.say(Server, frame::server(CONTINUATION, b"and "));
        talk.say(Server, frame::server(FIN | CONTINUATION, b"down"));
        talk.say(Client, frame::client(FIN | CONTINUATION, b"up"));
        talk.finish(Client);
        let snapshot = rows::read(&talk.capture().pcap());
        let expected = ["client text \"up and up\"", "server binary \"down and down\""];
        assert_eq!(rows::messages(&snapshot), expected, "{client}");
        assert_eq!(rows::findings(&snapshot), [""; 0], "{client}");
    }
}

#[test]
fn two_fragmented_messages_in_one_segment() {
    let mut talk = Talk::upgraded();
    let frames = [
        frame::client(TEXT, b"a"),
        frame::client(FIN | CONTINUATION, b"b"),
        frame::client(BINARY, b"c"),
        frame::client(FIN | CONTINUATION, b"d"),
    ];
    talk.say(Client, frames.concat());
    let snapshot = rows::read(&talk.capture().pcap());
    assert_eq!(rows::messages(&snapshot), ["client text \"ab\"", "client binary \"cd\""]);
}

#[test]
fn control_frames_between_fragments() {
    let mut talk = Talk::upgraded();
    talk.say(Server, frame::server(TEXT, b"one "));
    talk.say(Server, [frame::server(PING, b"1"), frame::server(PONG, b"")].concat());
    talk.say(Client, frame::client(PONG, b"1"));
    talk.say(Server, [frame::server(CONTINUATION, b"two "), frame::server(PING, b"2")].concat());
    talk.say(Server, frame::server(FIN | CONTINUATION, b"three"));
    let snapshot = rows::read(&talk.capture().pcap());
    assert_eq!(rows::messages(&snapshot), ["server text \"one two three\""]);
    assert_eq!(snapshot.frame_count(), 7);
}

#[test]
fn a_large_masked_message_in_fragments_over_many_segments() {
    let payload: Vec<u8> = (0..300_000u32).flat_map(|at| at.to_be_bytes()).collect();
    let mut talk = Talk::upgraded();
    let parts: Vec<&[u8]> = payload.chunks(500_000).collect();
    talk.say_in(Client, 1460, frame::client(BINARY, parts[0]));
    talk.say_in(Client, 1460, frame::client(CONTINUATION, parts[1]));
    talk.say_in(Client, 1460, frame::client(FIN | CONTINUATION, parts[2]));
    let snapshot = rows::read(&talk.capture().pcap());
    let message = snapshot.message(framescope::base::MessageId(0)).unwrap();
    let joined = framescope::view::message_payload(&snapshot, &message, u64::MAX).unwrap();
    assert!(joined.is_whole() && joined.octets == payload);
}

#[test]
fn what_the_rfc_forbids_is_named_and_what_follows_is_found() {
    let mut talk = Talk::upgraded();
    for part in [
        frame::client(FIN | CONTINUATION, b"orphan"),
        frame::client(TEXT, b"open"),
        frame::client(FIN | BINARY, b"new"),
        frame::client(FIN | 0x03, b"reserved"),
        frame::client(FIN | 0x0b, b"too"),
        frame::server(FIN | TEXT, b"unmasked"),
        frame::client(0x40 | FIN | TEXT, b"rsv1"),
        frame::client(PING & !FIN, b""),
        frame::client(CLOSE, &frame::close(1000, "")),
        frame::client(FIN | TEXT, b"late"),
    ] {
        talk.say(Client, part);
    }
    let snapshot = rows::read(&talk.capture().pcap());
    let expected = [
        "client continuation \"orphan\" [message.continuation-without-start]",
        "client text… \"open\"",
        "client binary \"new\" [message.interleaved]",
        "client reserved data \"reserved\" [frame.opcode-reserved]",
        "client reserved control \"too\" [frame.opcode-reserved]",
        "client text \"unmasked\" [frame.client-unmasked]",
        "client text \"rsv1\" [frame.rsv-without-extension]",
        "client ping… \"\" [frame.control-fragmented]",
        "client close 03e8",
        "client text \"late\" [frame.after-close]",
    ];
    assert_eq!(rows::frames(&snapshot), expected);
    assert_eq!(rows::messages(&snapshot)[0], "client text \"open\" incomplete");
}
