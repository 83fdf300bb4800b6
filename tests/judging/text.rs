//! Text: which payloads are some, and where they are wrong.

use framescope::view::{BitGrid, FrameView};

use crate::common::frame::{self, BINARY, CONTINUATION, FIN, PING, TEXT};
use crate::common::tcp::{ANSWER, Client, REQUEST, Server, Talk, Who};
use crate::{judge, judged, read, wrong};

/// A frame of `who`.
fn frame_of(who: Who, octet0: u8, payload: &[u8]) -> Vec<u8> {
    if who == Client { frame::client(octet0, payload) } else { frame::server(octet0, payload) }
}

#[test]
fn characters_cut_by_fragments_and_segments_are_whole() {
    let text = "aß水𝄞 and more of it: Straße, 茶館, 🎉".as_bytes();
    for who in [Client, Server] {
        for cut in 1..text.len() {
            let mut talk = Talk::upgraded();
            let frames = [
                frame_of(who, TEXT, &text[..cut]),
                frame_of(who, PING, b"\xff"),
                frame_of(who, CONTINUATION, b""),
                frame_of(who, FIN | CONTINUATION, &text[cut..]),
                frame_of(who, FIN | TEXT, text),
            ];
            talk.say_in(who, 1 + cut % 7, frames.concat());
            let found = judge(&talk.capture().pcap());
            assert_eq!((found.messages, found.octets, found.wrong), (2, 2 * text.len() as u64, vec![]), "cut at {cut}");
        }
    }
}

/// The frame that is marked is the one with the first of the octets that are no character.
#[test]
fn the_place_and_the_sentence() {
    let cases: [(&[&[u8]], _); 7] = [
        (&[b"ab\xffcd"], (1, 2, 1, "from octet 2 of the message on: ff is no character")),
        (&[b"\xc3("], (1, 0, 1, "from octet 0 of the message on: c3 is no character")),
        (&[b"end\xe6\xb0"], (1, 3, 2, "from octet 3 of the message on: e6b0 begins a character that does not end")),
        (&[b"abc", b"d\xed\xa0\x80"], (2, 1, 1, "from octet 4 of the message on: ed is no character")),
        (&[b"abc\xe6", b"\xb0!"], (1, 3, 1, "from octet 3 of the message on: e6b0 is no character")),
        (&[b"\xf0", b"\x9d", b"", b"\x84!"], (1, 0, 1, "from octet 0 of the message on: f09d84 is no character")),
        (&[b"abc\xe6", b""], (1, 3, 1, "from octet 3 of the message on: e6 begins a character that does not end")),
    ];
    for who in [Client, Server] {
        for (fragments, (number, at, len, sentence)) in &cases {
            let mut talk = Talk::upgraded();
            let last = fragments.len() - 1;
            for (index, fragment) in fragments.iter().enumerate() {
                let octet0 = if index == 0 { TEXT } else { CONTINUATION } | if index == last { FIN } else { 0 };
                talk.say(who, frame_of(who, octet0, fragment));
            }
            talk.say(who, frame_of(who, FIN | TEXT, b"the next message"));
            let text = format!("The text is not UTF-8 {sentence}.");
            assert_eq!(wrong(&talk), [(*number, *at, *len, text)], "{fragments:02x?}");
        }
    }
}

/// Text of more than one block of the file, wrong in one place.
#[test]
fn long_text() {
    let text = "πλάνη 水 and ASCII ".repeat(8000).into_bytes();
    for at in [0, 1, 16_383, 65_536, 131_072, text.len() - 1] {
        let mut spoilt = text.clone();
        spoilt[at] = 0xff;
        let expected = std::str::from_utf8(&spoilt).unwrap_err().valid_up_to() as u64;
        for who in [Client, Server] {
            let mut talk = Talk::upgraded();
            talk.say_in(who, 1448, frame_of(who, FIN | TEXT, &spoilt));
            talk.say_in(who, 60_000, frame_of(who, FIN | TEXT, &text));
            let found = judge(&talk.capture().pcap());
            assert_eq!((found.messages, found.wrong.len()), (1, 1));
            assert_eq!((found.wrong[0].0, found.wrong[0].1), (1, expected), "{who:?} {at}");
        }
    }
}

#[test]
fn segments_that_come_late() {
    let text = "水".repeat(300);
    let mut talk = Talk::upgraded();
    let first = talk.segments.len();
    talk.say_in(Client, 100, [frame::client(TEXT, text.as_bytes()), frame::client(FIN, b"\xff")].concat());
    talk.segments[first..].reverse();
    let first = talk.segments.len();
    talk.say_in(Client, 100, frame::client(FIN | TEXT, text.as_bytes()));
    talk.segments[first..].chunks_mut(3).for_each(<[_]>::reverse);
    let found = judge(&talk.capture().pcap());
    assert_eq!((found.messages, found.wrong.len(), found.wrong[0].0), (1, 1, 2));
}

#[test]
fn what_is_no_plain_text_is_not_judged() {
    const RSV1: u8 = 0x40;
    let with = |extensions: &str| {
        let mut talk = Talk::new();
        talk.connect();
        let header = format!("Sec-WebSocket-Extensions: {extensions}\r\n\r\n");
        talk.say(Client, REQUEST.replace("\r\n\r\n", &format!("\r\n{header}")));
        talk.say(Server, ANSWER.replace("\r\n\r\n", &format!("\r\n{header}")));
        talk
    };
    let octets = b"\xff\xfe";
    let mut talks =
        [Talk::upgraded(), with("permessage-deflate"), with("x-other"), with("permessage-deflate, x-other")];
    talks[0].say(Server, [frame::server(FIN | BINARY, octets), frame::server(FIN | PING, octets)].concat());
    talks[0].say(Server, [frame::server(BINARY, octets), frame::server(FIN, octets)].concat());
    talks[0].say(Server, frame::server(FIN | 3, octets));
    talks[1].say(Server, [frame::server(RSV1 | TEXT, octets), frame::server(FIN, octets)].concat());
    talks[2].say(Server, frame::server(FIN | TEXT, octets));
    talks[3].say(Server, [frame::server(TEXT, octets), frame::server(FIN, octets)].concat());
    for talk in talks {
        let found = judge(&talk.capture().pcap());
        assert_eq!((found.messages, found.octets, found.wrong), (0, 0, vec![]));
    }
    // A message that its sender did not compress is plain.
    let mut talk = with("permessage-deflate; client_no_context_takeover");
    talk.say(Server, frame::server(FIN | TEXT, octets));
    assert_eq!(wrong(&talk).len(), 1);
}

/// Judging is a pass of its own: without it rows are there, and unjudged; with it, the frame's diagram marks the octet.
#[test]
fn rows_do_not_wait() {
    let mut talk = Talk::upgraded();
    talk.say(Client, frame::client(FIN | TEXT, b"ab\xff"));
    let mut session = read(&talk.capture().pcap(), usize::MAX, |_| {});
    let before = session.snapshot();
    assert_eq!((before.frame_count(), before.finding_count(), session.judged()), (1, 0, 0));
    assert!(session.judge(0) && !session.judge(u64::MAX));
    assert!(session.judged() > 0 && session.judged() <= session.position().0);
    let after = session.snapshot();
    assert_eq!((judged(&before).wrong.len(), judged(&after).wrong.len()), (0, 1), "what was taken stays as it is");
    let frame = FrameView::load(&after, framescope::base::FrameId(0), 16).unwrap().unwrap();
    assert_eq!(frame.findings.len(), 1);
    let marked = format!("{:?}", BitGrid::new(&frame, 16));
    assert!(marked.contains("Violation"), "{marked}");
}
