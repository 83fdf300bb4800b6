//! Frames that exercise every pane.

use framescope::base::{Finding, PacketId, Place, Rule, Sender};
use framescope::view::{FrameView, SegmentMark};

fn pasted(octets: &[u8], sender: Sender) -> FrameView {
    let (mut view, _) = FrameView::from_octets(octets).unwrap();
    view.sender = sender;
    view
}

fn finding(rule: Rule, sender: Sender, place: Place, text: &str) -> Finding {
    Finding { rule, connection: None, frame: None, message: None, sender, place, text: text.to_owned() }
}

fn masked(octet0: u8, key: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let mut octets = vec![octet0];
    match payload.len() {
        0..126 => octets.push(0x80 | payload.len() as u8),
        126..65_536 => {
            octets.push(0xfe);
            octets.extend((payload.len() as u16).to_be_bytes());
        }
        _ => {
            octets.push(0xff);
            octets.extend((payload.len() as u64).to_be_bytes());
        }
    }
    octets.extend(key);
    octets.extend(payload.iter().zip(key.iter().cycle()).map(|(octet, key)| octet ^ key));
    octets
}

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// The RFC's masked Hello.
pub fn hello() -> FrameView {
    pasted(&masked(0x81, KEY, b"Hello"), Sender::Client)
}

/// Chinese and emoji in one text frame.
pub fn chinese() -> FrameView {
    pasted(&masked(0x81, KEY, "a 你好 🎉 é\n".as_bytes()), Sender::Client)
}

/// RSV2 and RSV3 set, which nothing gives a meaning.
pub fn broken() -> FrameView {
    let mut view = pasted(&masked(0xb1, [0; 4], b"{\"a\": [1, true]}"), Sender::Client);
    let text = "RSV2 and RSV3 are set, and no extension that gives them a meaning was negotiated";
    let place = Place::HeaderBits { at: 2, len: 2 };
    view.findings.push(finding(Rule::FrameRsvWithoutExtension, Sender::Client, place, text));
    let text = "the masking-key is zero, so the payload is sent as it is";
    let place = Place::HeaderBits { at: 16, len: 32 };
    view.findings.push(finding(Rule::FrameMaskingKeyZero, Sender::Client, place, text));
    view
}

/// Three segments and a hole.
pub fn segments() -> FrameView {
    let text: Vec<u8> = (0..200).map(|i| b"The quick brown fox jumps over the lazy dog. "[i % 45]).collect();
    let mut octets = vec![0x81, 0x7e, 0, 200];
    octets.extend(text);
    let mut view = pasted(&octets, Sender::Server);
    view.payload.missing = vec![9..14];
    view.payload.octets[9..14].fill(0);
    view.captured_len = 195;
    view.segments = [(0, 10), (7, 11), (18, 14), (64, 15)]
        .map(|(at, packet)| SegmentMark { at, packet: PacketId(packet) })
        .to_vec();
    let place = Place::PayloadOctets { at: 9, len: 5 };
    view.findings.push(finding(Rule::CaptureGap, Sender::Server, place, "5 octets of the payload were not captured"));
    view
}

/// All of them, named.
pub fn all() -> Vec<(&'static str, FrameView)> {
    let mut long = vec![0x82, 0xff];
    long.extend(65_536_u64.to_be_bytes());
    long.extend(KEY);
    long.extend((0..=255_u8).cycle().take(65_536));
    let mut close = pasted(&masked(0x88, KEY, b"\x03\xe8good bye"), Sender::Client);
    close.findings.clear();
    let mut short = vec![0x82, 0x7e, 0x01, 0x00];
    short.extend([0x0a; 256]);
    vec![
        ("hello", hello()),
        ("chinese", chinese()),
        ("broken", broken()),
        ("segments", segments()),
        ("close", close),
        ("ping", pasted(b"\x89\x00", Sender::Server)),
        ("length16", pasted(&short, Sender::Server)),
        ("length64", pasted(&long, Sender::Client)),
    ]
}
