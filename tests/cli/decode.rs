//! `framescope decode`: pasted octets.

use serde_json::{Value, json};

use crate::common::program::{run, run_with};

/// The masked "Hello" of RFC 6455 §5.7.
const HELLO: &str = "818537fa213d7f9f4d5158";

fn decode(arguments: &[&str]) -> Vec<Value> {
    run(&[&["decode", "--json", "--payload"], arguments].concat()).quiet().json()
}

#[test]
fn hex_in_every_form() {
    let expected = decode(&[HELLO]);
    assert_eq!(expected[0]["payload_hex"], "48656c6c6f");
    for form in [
        &["81 85 37 fa 21 3d 7f 9f 4d 51 58"][..],
        &["81:85:37:FA:21:3D:7F:9F:4D:51:58"],
        &["0x81,0x85,0x37,0xfa,0x21,0x3d,0x7f,0x9f,0x4d,0x51,0x58"],
        &["0x81", "0x85", "37fa213d", "7f9f4d5158"],
        &["0X818537FA213D7F9F4D5158"],
        &["8", "1", "85 37fa213d", "7f9f4d5158"],
        &[" 81\t85\n37fa213d\r\n7f9f4d5158 "],
    ] {
        assert_eq!(decode(form), expected, "{form:?}");
    }
    for input in [HELLO, "81 85 37 fa 21 3d\n7f 9f 4d 51 58\n"] {
        assert_eq!(run_with(&["decode", "--json", "--payload"], input.as_bytes()).quiet().json(), expected);
    }
}

#[test]
fn the_same_object_as_frames_with_nothing_of_a_capture() {
    let found = decode(&[HELLO]);
    let expected = json!({
        "frame": 1, "connection": null, "message": null, "time_ns": null, "sender": "unknown",
        "fin": true, "rsv1": false, "rsv2": false, "rsv3": false, "opcode": 1, "masked": true,
        "masking_key": "37fa213d", "header_length": 6, "payload_length": 5, "captured_length": 5,
        "packets": [], "findings": [], "payload_hex": "48656c6c6f",
    });
    assert_eq!(found, [expected]);
    let without = run(&["decode", "--json", HELLO]).quiet().json();
    assert_eq!(without[0].get("payload_hex"), None);
}

#[test]
fn several_frames_one_after_another() {
    let frames = decode(&["0103", "48656c", "8002", "6c6f", "8900", "88020bb8", "810548656c6c6f"]);
    let short: Vec<Value> =
        frames.iter().map(|frame| json!([frame["frame"], frame["opcode"], frame["payload_hex"]])).collect();
    assert_eq!(
        json!(short),
        json!([[1, 1, "48656c"], [2, 0, "6c6f"], [3, 9, ""], [4, 8, "0bb8"], [5, 1, "48656c6c6f"]])
    );
    let text = run(&["decode", "8900", "8a00"]).quiet().out;
    assert_eq!(text.lines().filter(|line| line.starts_with("Frame ")).count(), 2);
}

#[test]
fn lengths_up_to_the_last_of_64_bits_are_exact() {
    for (octets, len) in [
        ("827f000000010000000561", (1u64 << 32) + 5),
        ("827f800000000000000061", 1 << 63),
        ("827fffffffffffffffff61", u64::MAX),
        ("827f00000000ffffffff61", 0xffff_ffff),
    ] {
        let frame = &decode(&[octets])[0];
        assert_eq!((&frame["payload_length"], &frame["captured_length"]), (&json!(len), &json!(1)));
        assert_eq!(frame["payload_hex"], "61");
        assert_eq!(frame["findings"].as_array().unwrap().contains(&json!("frame.length-msb-set")), len >> 63 == 1);
        assert!(run(&["decode", octets]).quiet().out.replace(',', "").contains(&len.to_string()), "{octets}");
    }
}

#[test]
fn findings_that_need_no_sender() {
    for (octets, rule) in [
        ("a100", "frame.rsv-without-extension"),
        ("8300", "frame.opcode-reserved"),
        ("827e0005 0102030405", "frame.length-not-minimal"),
        ("0900", "frame.control-fragmented"),
        ("818000000000", "frame.masking-key-zero"),
        ("880103", "close.body-one-octet"),
        ("880203ed", "close.code-not-on-wire"),
    ] {
        assert_eq!(decode(&[octets])[0]["findings"], json!([rule]), "{octets}");
        let text = run(&["decode", octets]).quiet().out;
        assert!(text.contains(rule), "{octets}: {text}");
    }
    // Who sent it is not known, so no MASK bit is wrong; nor is what was agreed on, so RSV1 may well mean compressed; what
    // absence of a code means is not a finding.
    assert_eq!(
        decode(&["8100", "818001020304", "c100", "8800"])
            .iter()
            .flat_map(|it| it["findings"].as_array())
            .flatten()
            .count(),
        0
    );
}

#[test]
fn what_cannot_be_decoded() {
    for (arguments, why) in
        [(&["8"][..], "one is missing"), (&["81", "0g"], "“g”"), (&["x"], "“x”"), (&[""], "no octets")]
    {
        let ran = run(&[&["decode"], arguments].concat());
        assert!(ran.refused().contains(why), "{ran:?}");
    }
    assert!(run_with(&["decode"], b"").refused().contains("no octets"));
    assert!(run_with(&["decode"], b"\xff\xfe").refused().contains("standard input"));
}

#[test]
fn a_cut_header_is_named_after_the_frames_before_it() {
    for cut in ["81", "827e01", "827f00000000000000", "818537fa21"] {
        assert!(run(&["decode", cut]).refused().contains("not whole"), "{cut}");
    }
    // What is whole is shown, as it is of a capture that was cut.
    let ran = run(&["decode", "--json", "8900", "81fe01"]);
    assert_eq!((ran.status, ran.json().len()), (0, 1), "{ran:?}");
    assert!(ran.err.contains("warning") && ran.err.contains("octets 2 to 4"), "{}", ran.err);
}
