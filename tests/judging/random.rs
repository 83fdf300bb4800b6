//! Random conversations against a model: what the standard library says about each whole message.

use proptest::prelude::*;

use crate::common::frame::{self, BINARY, CONTINUATION, FIN, PING, TEXT};
use crate::common::tcp::{Client, Server, Talk, Who};
use crate::judge;

/// A message: who sends it, whether it is text, its octets, where they are cut into fragments, octets of a segment.
type Message = (bool, bool, Vec<u8>, Vec<usize>, usize);

fn message() -> impl Strategy<Value = Message> {
    let part = prop_oneof![
        6 => any::<char>().prop_map(|character| character.to_string().into_bytes()),
        6 => "[ -~]{0,60}".prop_map(String::into_bytes),
        1 => any::<u8>().prop_map(|octet| vec![octet]),
    ];
    let octets = prop::collection::vec(part, 0..8).prop_map(|parts| parts.concat());
    (any::<bool>(), prop::bool::weighted(0.8), octets, prop::collection::vec(0..100_usize, 0..4), 1..80_usize)
}

/// The frames of a message, with a ping before each continuation.
fn frames(who: Who, is_text: bool, octets: &[u8], cuts: &[usize]) -> Vec<Vec<u8>> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| (*cut).min(octets.len())).collect();
    cuts.extend([0, octets.len()]);
    cuts.sort_unstable();
    let last = cuts.len() - 2;
    let frame = |octet0, payload: &[u8]| match who {
        Client => frame::client(octet0, payload),
        Server => frame::server(octet0, payload),
    };
    let mut frames = Vec::new();
    for (index, pair) in cuts.windows(2).enumerate() {
        let opcode = if index > 0 {
            CONTINUATION
        } else if is_text {
            TEXT
        } else {
            BINARY
        };
        if index > 0 {
            frames.push(frame(PING, b"\xff"));
        }
        frames.push(frame(opcode | if index == last { FIN } else { 0 }, &octets[pair[0]..pair[1]]));
    }
    frames
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_message_is_wrong_where_the_whole_of_it_is(messages in prop::collection::vec(message(), 1..12), swap in 0..5_usize) {
        let mut talk = Talk::upgraded();
        let (mut expected, mut sound) = (Vec::new(), 0);
        for (is_client, is_text, octets, cuts, segment) in &messages {
            let who = if *is_client { Client } else { Server };
            talk.say_in(who, *segment, frames(who, *is_text, octets, cuts).concat());
            if !*is_text {
                continue;
            }
            match std::str::from_utf8(octets) {
                Ok(_) => sound += 1,
                Err(error) => expected.push(error.valid_up_to() as u64),
            }
        }
        if swap > 1 {
            // Behind the handshake, so that its halves keep their order.
            talk.segments[5..].chunks_mut(swap).for_each(<[_]>::reverse);
        }
        let found = judge(&talk.capture().pcap());
        let mut offsets: Vec<u64> = found.wrong.iter().map(|(.., text)| {
            let behind = text.split("from octet ").nth(1).unwrap();
            behind.split(' ').next().unwrap().parse().unwrap()
        }).collect();
        offsets.sort_unstable();
        expected.sort_unstable();
        prop_assert_eq!(offsets, expected);
        // Text that only its end spoils was judged to its end, too.
        prop_assert!(found.messages >= sound);
    }
}
