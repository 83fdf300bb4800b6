//! Whole captures: two peers say anything, a part of it is lost, cut, doubled or comes late; and all who ask about a message get
//! one answer (DESIGN decision 16).

use crate::common::tcp::{ANSWER, Client, REQUEST, Server, Talk, Who};
use crate::library;

/// Takes the size of pieces, the snap length, what is agreed on, and then steps: an octet that says what happens, one for the
/// length, and that many octets.
pub fn check(input: &[u8]) {
    let [piece, snap, agreed, script @ ..] = input else { return };
    let mut talk = Talk::new();
    begin(&mut talk, *agreed);
    let mut script = script;
    // Each answer is compared with each: a long conversation would take seconds.
    for _ in 0..64 {
        let [what, len, rest @ ..] = script else { break };
        let (octets, behind) = rest.split_at(rest.len().min(usize::from(*len)));
        script = behind;
        step(&mut talk, *what, octets);
    }
    let mut capture = talk.capture();
    if *snap > 0 {
        capture = capture.snap(usize::from(*snap));
    }
    library::compare("fuzzed", &capture.pcap(), &[1 + usize::from(*piece), 700]);
}

fn begin(talk: &mut Talk, agreed: u8) {
    const EXTENSIONS: [&str; 4] = [
        "",
        "\r\nSec-WebSocket-Extensions: permessage-deflate",
        "\r\nSec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_max_window_bits=9",
        "\r\nSec-WebSocket-Extensions: permessage-deflate, x-unknown",
    ];
    let extensions = format!("{}\r\n\r\n", EXTENSIONS[usize::from(agreed) % 4]);
    if agreed & 4 == 0 {
        talk.connect();
    }
    if agreed & 8 == 0 {
        talk.say(Client, REQUEST.replace("\r\n\r\n", &extensions));
        talk.say(Server, ANSWER.replace("\r\n\r\n", &extensions));
    }
}

/// The octets are sent by one of the peers, and something happens to them on the way.
fn step(talk: &mut Talk, what: u8, octets: &[u8]) {
    let who: Who = if what & 1 == 0 { Client } else { Server };
    match what >> 1 & 7 {
        0 => talk.lose(who, octets),
        1 => talk.ack(who),
        // A copy of what was said before, or of what would come next.
        2 => talk.put(who, talk.at(who).wrapping_sub(u32::from(what >> 4)), octets),
        3 => {
            let last = talk.segments.len().saturating_sub(2);
            talk.segments[last..].reverse();
        }
        4 => talk.say_in(who, 1 + usize::from(what >> 4), octets),
        5 if what >> 4 == 0 => talk.finish(who),
        _ => talk.say(who, octets),
    }
}
