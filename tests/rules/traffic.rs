//! The capture itself.

use super::common::frame::{self, FIN, TEXT};
use super::common::tcp::{Client, Server, Talk};
use super::{Case, case};

fn text(text: &str) -> Vec<u8> {
    frame::server(FIN | TEXT, text.as_bytes())
}

const GOOD: (&str, fn() -> Talk) = ("everything captured, and one segment twice", || {
    let mut talk = Talk::upgraded();
    let at = talk.at(Server);
    talk.say(Server, text("hello"));
    talk.put(Server, at, &text("hello"));
    talk.ack(Client);
    talk
});

pub const CASES: &[Case] = &[
    case(
        "capture.gap",
        ("a segment is missing", || {
            let mut talk = Talk::upgraded();
            talk.lose(Server, text("lost"));
            talk.say(Server, text("captured"));
            talk.finish(Server);
            talk
        }),
        GOOD,
    ),
    case(
        "capture.packets-cut",
        ("packets stored up to a snap length of 300", || {
            let mut talk = Talk::upgraded();
            talk.say(Server, text(&"longer than the snap length ".repeat(20)));
            talk
        }),
        GOOD,
    ),
    case(
        "capture.mid-stream",
        ("three texts, and no handshake", || {
            let mut talk = Talk::new();
            for (number, words) in ["the first", "the second", "the third"].into_iter().enumerate() {
                talk.say(Server, text(words));
                talk.say(Client, frame::client(FIN | TEXT, format!("answer {number}").as_bytes()));
            }
            talk
        }),
        GOOD,
    ),
    case(
        "capture.overlap-conflict",
        ("a retransmission with other octets", || {
            let mut talk = Talk::upgraded();
            let at = talk.at(Server);
            talk.say(Server, text("hello"));
            talk.put(Server, at, &text("jello"));
            talk
        }),
        GOOD,
    ),
    case(
        "capture.decryption-keys-missing",
        ("a TCP connection that starts with a ClientHello", || {
            let mut talk = Talk::new();
            talk.connect();
            talk.say(Client, [&[22, 3, 1, 0, 42, 1, 0, 0, 38, 3, 3][..], &[7; 32], &[0, 0, 0]].concat());
            talk
        }),
        GOOD,
    ),
];
