//! Octets that the capture lacks, and messages that do not end.

use crate::common::frame::{self, BINARY, CONTINUATION, FIN, TEXT};
use crate::common::tcp::{Client, Server, Talk};
use crate::{judge, wrong};

/// A message with a hole is not judged, wherever the hole is and whatever is wrong with the rest.
#[test]
fn a_message_with_a_hole() {
    let fragments = [frame::client(TEXT, "a水b\u{fc}\u{ff}".as_bytes()), frame::client(FIN, b"c\xff\xe6")];
    let second = fragments[0].len();
    let octets = fragments.concat();
    // Header octets are not lost: behind them no frame could be placed.
    let payload = (6..second).chain(second + 6..octets.len());
    for lost in payload {
        let mut talk = Talk::upgraded();
        talk.say(Client, &octets[..lost]);
        talk.lose(Client, &octets[lost..=lost]);
        talk.say(Client, &octets[lost + 1..]);
        talk.say(Client, [frame::client(TEXT, b"the next"), frame::client(FIN, b" is judged\xff")].concat());
        talk.finish(Client);
        let found = wrong(&talk);
        assert_eq!(found.len(), 1, "octet {lost}: {found:?}");
        assert_eq!((found[0].0, found[0].1), (4, 10), "octet {lost}");
    }
}

#[test]
fn packets_that_were_cut() {
    let mut talk = Talk::upgraded();
    let octets = frame::server(FIN | TEXT, &[b"\xff", &b"x".repeat(600)[..]].concat());
    talk.say_in(Server, 300, octets);
    talk.say(Server, frame::server(FIN | TEXT, b"sound"));
    talk.finish(Server);
    let found = judge(&talk.capture().snap(250).pcap());
    assert_eq!((found.messages, found.wrong), (1, vec![]));
}

/// A fault that is there already is told; one that the rest might mend is not.
#[test]
fn messages_that_do_not_end() {
    for (name, end) in [
        ("the capture ends", None::<fn(&mut Talk)>),
        ("TCP ends", Some(|talk| talk.finish(Client))),
        (
            "TCP is reset",
            Some(|talk| {
                talk.ack(Client);
                talk.last().flags |= crate::common::tcp::RST;
            }),
        ),
        ("another text follows", Some(|talk| talk.say(Client, frame::client(FIN | TEXT, b"sound")))),
        ("octets follow", Some(|talk| talk.say(Client, frame::client(FIN | BINARY, b"\xff")))),
    ] {
        for (text, expected) in [(&b"ab\xff"[..], 1), (b"ab\xe6\xb0", 0), (b"ab", 0)] {
            let mut talk = Talk::upgraded();
            talk.say(Client, [frame::client(TEXT, b"first "), frame::client(CONTINUATION, text)].concat());
            if let Some(end) = end {
                end(&mut talk);
            }
            let found = wrong(&talk);
            assert_eq!(found.len(), expected, "{name}: {text:02x?}: {found:?}");
            assert!(found.iter().all(|found| (found.0, found.1) == (2, 2)), "{name}: {found:?}");
        }
        // Inside a frame nothing else can follow.
        if name.contains("TCP") || end.is_none() {
            let mut talk = Talk::upgraded();
            let octets = frame::client(FIN | TEXT, b"a\xffbcdefgh");
            talk.say(Client, &octets[..octets.len() - 4]);
            if let Some(end) = end {
                end(&mut talk);
            }
            assert_eq!(wrong(&talk).len(), 1, "{name} in a frame");
        }
    }
}

/// A length of 2^63 octets is judged as far as there are any.
#[test]
fn a_length_that_is_a_lie() {
    for (text, expected) in [(&b"ab\xff"[..], 1), (b"ab\xe6", 0)] {
        let mut talk = Talk::upgraded();
        talk.say(Server, [&frame::header(FIN | TEXT, u64::MAX, None)[..], text].concat());
        assert_eq!(wrong(&talk).len(), expected);
    }
}
