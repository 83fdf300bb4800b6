//! Lengths that the wire claims: up to 2^64-1, exact, and costing nothing.

use serde_json::json;

use crate::common::frame::{self, BINARY, FIN, TEXT};
use crate::common::program::run;
use crate::common::rows;
use crate::common::tcp::{Client, Server, Talk};

/// A server frame that claims `len` octets and brings three, and a client who goes on.
fn claiming(len: u64) -> Talk {
    let mut talk = Talk::upgraded();
    // Always in the 64-bit form, as 0xffffffff would be too.
    let header = [&[FIN | BINARY, 127][..], &len.to_be_bytes()].concat();
    talk.say(Server, [&header[..], b"abc"].concat());
    talk.say(Client, frame::client(FIN | TEXT, b"still here"));
    talk.finish(Client);
    talk
}

#[test]
fn claimed_lengths_are_exact_and_cost_nothing() {
    for (len, finding) in [
        (0xffff_ffff, ""),
        ((1 << 32) + 5, ""),
        ((1 << 63) - 1, ""),
        (1 << 63, " [frame.length-msb-set]"),
        (u64::MAX, " [frame.length-msb-set]"),
    ] {
        let snapshot = rows::read(&claiming(len).capture().pcap());
        assert_eq!(
            rows::frames(&snapshot),
            [format!("server binary {len} octets 3 of {len}{finding}"), "client text \"still here\"".into()]
        );
        let message = format!("server binary {len} octets incomplete");
        assert_eq!(rows::messages(&snapshot), [message, "client text \"still here\"".into()]);
        assert!(rows::findings(&snapshot).contains(&"frame.truncated"));
    }
}

#[test]
fn the_command_line_tells_them_exactly() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("claims.pcap");
    std::fs::write(&path, claiming(u64::MAX).capture().pcap()).unwrap();
    let path = path.to_str().unwrap();

    let frame = &run(&["frames", "--json", "--payload", path]).quiet().json()[0];
    assert_eq!(frame["payload_length"], json!(u64::MAX));
    assert_eq!((&frame["captured_length"], &frame["payload_hex"]), (&json!(3), &json!("616263")));

    let message = &run(&["messages", "--json", "--payload", path]).quiet().json()[0];
    assert_eq!((&message["wire_length"], &message["length"]), (&json!(u64::MAX), &json!(u64::MAX)));
    assert_eq!((&message["complete"], &message["missing"]), (&json!(false), &json!([[3, u64::MAX]])));
    assert_eq!(message["payload_hex"], "616263");

    // Octets that were exchanged are counted, not octets that were claimed.
    assert_eq!(run(&["connections", "--json", path]).quiet().json()[0]["payload_server"], 3);
    for arguments in [["frames", "--payload", path], ["messages", "--payload", path]] {
        assert!(run(&arguments).quiet().out.contains(&u64::MAX.to_string()));
    }
    assert!(run(&["show", path, "--frame", "1"]).quiet().out.contains("18,446,744,073,709,551,615 octets"));
}

#[test]
fn every_form_of_length_at_its_limits() {
    let mut talk = Talk::upgraded();
    let lens = [0, 1, 125, 126, 127, 65_535, 65_536, 65_537];
    for len in lens {
        let payload: Vec<u8> = (0..len).map(|at: u32| at.to_le_bytes()[usize::from(at % 3 == 1)]).collect();
        talk.say_in(Client, 1400, frame::client(FIN | BINARY, &payload));
        talk.say_in(Server, 1400, frame::server(FIN | BINARY, &payload));
    }
    talk.finish(Server);
    let snapshot = rows::read(&talk.capture().pcap());
    let found: Vec<u64> = (0..snapshot.frame_count())
        .map(|index| snapshot.frame(framescope::base::FrameId::from_index(index)).unwrap())
        .map(|frame| {
            assert!(frame.is_whole());
            frame.header.payload_len()
        })
        .collect();
    assert_eq!(found, lens.iter().flat_map(|len| [u64::from(*len); 2]).collect::<Vec<_>>());
}

/// Sums of claims must not overflow: each message of two fragments claims 2^63 and more.
#[test]
fn claims_that_add_up_beyond_64_bits() {
    let mut talk = Talk::upgraded();
    let claim = |octet0: u8| [&[octet0, 127][..], &(1u64 << 63).to_be_bytes()].concat();
    for _ in 0..3 {
        talk.say(Server, claim(BINARY));
        talk.say(Client, [&[FIN | BINARY, 0xff][..], &u64::MAX.to_be_bytes(), &[1, 2, 3, 4]].concat());
    }
    talk.finish(Client);
    let snapshot = rows::read(&talk.capture().pcap());
    assert_eq!(snapshot.frame_count(), 2, "all the rest is payload of the first claims");
    assert_eq!(snapshot.totals().payload_octets, 10 * 2 + 14 * 2);
}
