//! Frames that exercise every pane.

use framescope::base::{Fact, Finding, FrameId, PacketId, Place, Sender, Severity, Timestamp};
use framescope::view::{
    AcceptSteps, Answer, FrameView, HandshakeView, HeadView, NegotiationRow, PingView, RoundTrips, SegmentMark,
};

fn pasted(octets: &[u8], sender: Sender) -> FrameView {
    let (mut view, _) = FrameView::from_octets(octets).unwrap();
    view.sender = sender;
    view
}

fn finding(sender: Sender, place: Place, fact: Fact) -> Finding {
    Finding { rule: fact.rule(), connection: None, frame: None, message: None, sender, place, fact }
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
    let place = Place::HeaderBits { at: 2, len: 2 };
    view.findings.push(finding(Sender::Client, place, Fact::RsvWithoutExtension { bits: 0b011 }));
    let place = Place::HeaderBits { at: 16, len: 32 };
    view.findings.push(finding(Sender::Client, place, Fact::MaskingKeyZero));
    view
}

/// Three segments and a hole.
pub fn segments() -> FrameView {
    let text: Vec<u8> = (0..200).map(|i| b"The quick brown fox jumps over the lazy dog. "[i % 45]).collect();
    let mut octets = vec![0x81, 0x7e, 0, 200];
    octets.extend(text);
    let mut view = pasted(&octets, Sender::Server);
    let hole = 9..14;
    view.payload.missing = Vec::from([hole]);
    view.payload.octets[9..14].fill(0);
    view.captured_len = 195;
    view.segments = [(0, 10), (7, 11), (18, 14), (64, 15)]
        .map(|(at, packet)| SegmentMark { at, packet: PacketId(packet) })
        .to_vec();
    let place = Place::PayloadOctets { at: 9, len: 5 };
    let fact = Fact::PayloadLacks { octets: 5, length: 200, at: 9 };
    view.findings.push(finding(Sender::Server, place, fact));
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

/// The RFC's handshake (§1.3), or one whose accept value is wrong.
pub fn handshake(right: bool) -> HandshakeView {
    let fields = |fields: &[(&str, &str)]| {
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>()
    };
    let (key, guid) = ("dGhlIHNhbXBsZSBub25jZQ==", "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    let accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
    let received = if right { accept } else { "AAAALMBiTxaQ9kYGzzhZRbK+xOo=" };
    let negotiated = |what: &str, offered: &str, chosen: &str, note: &str, severity| NegotiationRow {
        what: what.to_owned(),
        offered: offered.to_owned(),
        chosen: chosen.to_owned(),
        note: note.to_owned(),
        severity,
    };
    let deflate = "permessage-deflate; client_max_window_bits";
    HandshakeView {
        recognition: None,
        compression: Some(
            "permessage-deflate saved 71 % (29 B sent for 100 B), context takeover both ways, window 15/12".to_owned(),
        ),
        compression_grew: false,
        parameters: Vec::new(),
        story: vec!["The client sent Close first, 4.05 s after the start: 1000 Normal Closure.".to_owned()],
        round_trips: None,
        request: Some(HeadView {
            start_line: "GET /chat?room=7 HTTP/1.1".to_owned(),
            fields: fields(&[
                ("Host", "server.example.com"),
                ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"),
                ("Upgrade", "websocket"),
                ("Connection", "Upgrade"),
                ("Sec-WebSocket-Key", key),
                ("Origin", "http://example.com"),
                ("Sec-WebSocket-Protocol", "chat, superchat"),
                ("Sec-WebSocket-Extensions", deflate),
                ("Sec-WebSocket-Version", "13"),
            ]),
            at_in_stream: 0,
            packets: vec![PacketId(3)],
        }),
        response: Some(HeadView {
            start_line: "HTTP/1.1 101 Switching Protocols".to_owned(),
            fields: fields(&[
                ("Server", "nginx"),
                ("Upgrade", "websocket"),
                ("Connection", "Upgrade"),
                ("Sec-WebSocket-Accept", received),
                ("Sec-WebSocket-Protocol", "chat"),
            ]),
            at_in_stream: 0,
            packets: vec![PacketId(5), PacketId(6)],
        }),
        negotiation: vec![
            negotiated("version", "13", "13", "the only version there is", None),
            negotiated("subprotocol", "chat, superchat", "chat", "one of those offered", None),
            negotiated("extension", deflate, "", "not chosen: messages are not compressed", None),
            negotiated("extension", "", "x-strange", "the client did not offer it", Some(Severity::Violation)),
        ],
        accept: Some(AcceptSteps {
            key: key.to_owned(),
            guid: guid.to_owned(),
            concatenated: format!("{key}{guid}"),
            sha1_hex: "b37a4f2cc0624f1690f64606cf385945b2bec4ea".to_owned(),
            base64: accept.to_owned(),
            received: Some(received.to_owned()),
            matches: right,
        }),
        findings: Vec::new(),
    }
}

/// Pings of both sides over a minute: one that took long, one that nobody answered.
pub fn round_trips() -> RoundTrips {
    let ping = |number, sender, seconds: u64, answer| {
        let time = Timestamp(seconds * 1_000_000_000);
        PingView { ping: FrameId::from_number(number).unwrap(), sender, time, answer }
    };
    let pings = vec![
        ping(1, Sender::Client, 0, Answer::After(2_000_000)),
        ping(3, Sender::Server, 10, Answer::After(700_000)),
        ping(5, Sender::Server, 30, Answer::Never),
        ping(9, Sender::Client, 60, Answer::After(90_000_000)),
    ];
    RoundTrips { pings, is_cut: false, span: (Timestamp(0), Timestamp(60_000_000_000)) }
}
