use std::collections::BTreeSet;

use super::*;
use crate::base::{
    Confidence, HandshakeHead, MessageId, Nanoseconds, OpeningHandshake, PacketId, Protocol, Quote, RecognisedBy,
    RefusalHint, Sender, SilentSince, Start, StreamEnd,
};

/// The facts that are told in each way they can be, with the English sentence where another test does not hold it.
fn samples() -> Vec<(Fact, &'static str)> {
    use Fact::*;
    let quote = |text: &str| Quote::new(text);
    let packet = |number| PacketId::from_number(number).unwrap();
    let (client, server) = (Sender::Client, Sender::Server);
    let mut samples = vec![
        (MethodNotGet { method: quote("POST") }, "The request's method is POST; it must be GET."),
        (HttpVersion { minor: 0 }, "The request is HTTP/1.0; it must be at least HTTP/1.1."),
        (HostMissing, "The request has no Host."),
        (ConnectionMissing { head: HandshakeHead::Request }, "The request has no Connection."),
        (ConnectionMissing { head: HandshakeHead::Response }, "The 101 has no Connection."),
        (
            ConnectionWithoutUpgrade { head: HandshakeHead::Response, value: quote("close") },
            "The 101 has “Connection: close”, without the token Upgrade.",
        ),
        (UpgradeMissing { head: HandshakeHead::Request }, "The request has no Upgrade."),
        (
            UpgradeToOther { head: HandshakeHead::Request, value: quote("h2c") },
            "The request has “Upgrade: h2c”, which does not name websocket.",
        ),
        (KeyMissing, "The request has no Sec-WebSocket-Key."),
        (
            KeyLength { key: quote("c2hvcnQ="), octets: 5 },
            "Sec-WebSocket-Key “c2hvcnQ=” is 5 octets in base64; it must be 16.",
        ),
        (KeyNotBase64 { key: quote("?") }, "Sec-WebSocket-Key “?” is not base64."),
        (KeyRepeated { times: 2 }, "Sec-WebSocket-Key is given 2 times."),
        (VersionMissing, "The request has no Sec-WebSocket-Version."),
        (VersionUnsupported { version: quote("8") }, "Sec-WebSocket-Version is “8”; RFC 6455 is version 13."),
        (AcceptMissing, "The 101 has no Sec-WebSocket-Accept."),
        (
            AcceptMismatch { accept: quote("a"), key: quote("k"), expected: quote("e") },
            "Sec-WebSocket-Accept is “a”; the key “k” makes it “e”.",
        ),
        (
            SubprotocolUnasked { chosen: quote("chat") },
            "The server chose the subprotocol “chat”, and the client offered none.",
        ),
        (
            SubprotocolNotOffered { chosen: quote("Chat"), offered: quote("chat, mqtt") },
            "The server chose the subprotocol “Chat”, and the client offered chat, mqtt.",
        ),
        (
            SubprotocolsChosen { count: 2, chosen: quote("chat, mqtt") },
            "The server chose 2 subprotocols at once: chat, mqtt.",
        ),
        (
            ExtensionNotOffered { name: quote("x") },
            "The server accepted the extension “x”, which the client did not offer.",
        ),
        (
            ExtensionsNotOffered { count: 8984 },
            "The server accepted 8984 extensions more that the client did not offer.",
        ),
        (DeflateParameterUnknown { parameter: quote("x") }, "permessage-deflate has no parameter “x”."),
        (DeflateParameterTwice { parameter: "p" }, "The parameter p is given twice."),
        (
            DeflateParameterWithValue { parameter: "p", value: quote("1") },
            "The parameter p takes no value, and has “1”.",
        ),
        (DeflateParameterWithoutValue { parameter: "p" }, "The parameter p needs a value from 8 to 15, and has none."),
        (
            DeflateParameterInvalid { parameter: "p", value: quote("08") },
            "The parameter p is “08”; it must be a number from 8 to 15.",
        ),
        (DeflateContextNotAgreed { parameter: "p" }, "The client asked for p, and the server did not agree to it."),
        (
            DeflateWindowNotAgreed { parameter: "p", most: 10 },
            "The client asked for p=10, and the server did not agree to it: its window is one of 15 bits.",
        ),
        (
            DeflateServerWindow { bits: 11, most: 10 },
            "The server's window of 11 bits is larger than the 10 that the client asked for.",
        ),
        (
            DeflateClientWindow { bits: 11, most: 10 },
            "The server allows the client a window of 11 bits, more than the 10 that the client offered.",
        ),
        (DeflateParameterUnasked { parameter: "p" }, "The server set p, which the client did not say it understands."),
        (DeflateAcceptedTwice, "The server accepted permessage-deflate more than once."),
        (
            DataBefore101 { octets: 12, packet: packet(6) },
            "The client sent 12 octets behind its request without waiting for the 101 in packet 6.",
        ),
        (RequestNotCaptured, "The capture has the 101 and not the request it answers."),
        (ResponseNotCaptured, "The capture lacks octets where the answer to the request should be."),
        (
            OpcodeReserved { opcode: 3, control: false },
            "Opcode 0x3 is reserved for data frames that nobody has defined.",
        ),
        (
            OpcodeReserved { opcode: 11, control: true },
            "Opcode 0xB is reserved for control frames that nobody has defined.",
        ),
        (ClientUnmasked, "The client sent a frame without masking it."),
        (ServerMasked, "The server sent a masked frame."),
        (
            LengthNotMinimal { length: 65_535, bits: 64, least: 65_536, enough: 16 },
            "A length of 65535 takes 64 bits, which are for 65536 and more; 16 bits are enough.",
        ),
        (LengthMsbSet { length: (1 << 63) + 1 }, "The most significant bit of the length 9223372036854775809 is set."),
        (ControlFragmented { opcode: 9 }, "A ping frame has FIN 0, and control frames cannot be fragmented."),
        (
            ControlTooLong { opcode: 10, length: 126, most: 125 },
            "A pong frame has 126 payload octets; 125 is the most.",
        ),
        (
            ControlTooLong { opcode: 8, length: 1 << 60, most: 125 },
            "A close frame has 1152921504606846976 payload octets; 125 is the most.",
        ),
        (MaskingKeyZero, "The masking-key is 00000000, which masks nothing."),
        (
            MaskingKeyReused { key: *b"\x01bcd" },
            "The masking-key 01626364 is the previous frame's; each frame needs a new one.",
        ),
        (DataAfterClose { sender: client }, "The client sent a data frame after its Close frame."),
        (
            PayloadLacks { octets: 3, length: 9, at: 4 },
            "The capture lacks 3 of the frame's 9 payload octets, from octet 4 on.",
        ),
        (
            HeaderCut { end: StreamEnd::Capture, octets: 2, header: Box::new([0x81, 0xfe]) },
            "The capture ends inside a frame header, of which 2 octets are there: 81fe.",
        ),
        (
            InCutHeader { fact: Box::new(OpcodeReserved { opcode: 7, control: false }) },
            "Opcode 0x7 is reserved for data frames that nobody has defined. The frame's header is cut off.",
        ),
        (ContinuationWithoutStart, "A continuation frame, and no message is open."),
        (
            Interleaved { opcode: 2, open: MessageId::from_number(7).unwrap() },
            "A new binary message starts while message 7 waits for its final frame.",
        ),
        (
            Interleaved { opcode: 1, open: MessageId::from_number(7).unwrap() },
            "A new text message starts while message 7 waits for its final frame.",
        ),
        (
            TextNotUtf8 { at: 5, octets: Box::new([0xe2, 0x82]), unfinished: true },
            "The text is not UTF-8 from octet 5 of the message on: e282 begins a character that does not end.",
        ),
        (
            TextNotUtf8 { at: 5, octets: Box::new([0xff]), unfinished: false },
            "The text is not UTF-8 from octet 5 of the message on: ff is no character.",
        ),
        (InflatedNotUtf8 { at: 5 }, "The inflated text is not UTF-8 from octet 5 of the message on."),
        (MessageUnfinished, "The connection ends before the message's final frame."),
        (CloseBodyOneOctet { octet: [3] }, "The Close body is the single octet 03; a status code has two."),
        (CloseCodeOutOfRange { code: 1 }, "Close code 1 is outside 1000–4999."),
        (CloseCodeUnassigned { code: 1004 }, "Close code 1004 has no assigned meaning."),
        (CloseReasonNotUtf8 { at: 302 }, "The Close reason is not UTF-8 from octet 302 of the body on."),
        (
            CloseNotEchoed { sender: server },
            "The server never answered this Close frame with its own, and the connection has ended.",
        ),
        (PingUnansweredFor { sender: client, seconds: 30 }, "The client did not answer this ping for 30 seconds."),
        (PingUnanswered { sender: client }, "The client did not answer this ping before the connection ended."),
        (
            PongUnsolicited { octets: 3 },
            "No ping with this pong's 3 octets of body waits for an answer; it serves as a heartbeat at most.",
        ),
        (
            Rsv1OnControl { opcode: 9 },
            "RSV1 marks a ping frame as compressed, and control frames are never compressed.",
        ),
        (
            Rsv1OnControl { opcode: 11 },
            "RSV1 marks a reserved control frame as compressed, and control frames are never compressed.",
        ),
        (Rsv1OnContinuation, "RSV1 is set on a continuation frame; only a message's first frame tells of compression."),
        (
            InvalidDeflate,
            "The message's data is not valid DEFLATE: the context breaks here. What later messages copy from it is not \
             known.",
        ),
        (
            WindowExceeded { distance: 600, sender: server, bits: 9, window: 512 },
            "A distance of 600 octets is longer than the server's window of 9 bits, which is 512 octets.",
        ),
        (
            ContextKept { sender: client },
            "The message copies from messages before it, although client_no_context_takeover was agreed: each message \
             must stand for itself.",
        ),
        (
            ContextLost { sender: client },
            "The message copies from messages of the client before it that the capture lacks or that could not be \
             inflated; octets from there are marked as unknown, here and in the messages behind.",
        ),
        (
            Expanded { wire: 7, plain: 1, last: false },
            "Compression made the message larger: 7 octets on the wire for 1 octet of payload.",
        ),
        (
            Expanded { wire: 1, plain: 0, last: true },
            "Compression made the message larger: 1 octet on the wire for 0 octets of payload. Further ones of this \
             sender are not listed.",
        ),
        (
            InflateLimit { mebibytes: 64 },
            "The message inflates to more than 64 MiB, and was not inflated further. What later messages copy from it \
             is not known. --inflate-limit raises this limit.",
        ),
        (
            PacketCut { octets: 9, sender: server, packet: packet(5), header: false },
            "9 octets of the server's stream are missing: packet 5 was stored shorter than it was.",
        ),
        (
            HeadCut { octets: 9, sender: server, packet: packet(5) },
            "9 octets of the server's opening handshake are missing: packet 5 was stored shorter than it was. Which \
             fields stood there is not known, so nothing about them is judged.",
        ),
        (
            OctetsNotCaptured { octets: 9, sender: server, before: packet(3), packet: packet(5), header: true },
            "9 octets of the server's stream are missing: between packets 3 and 5. A frame header lies in there, so \
             what follows cannot be placed until frames are found again.",
        ),
        (
            OctetsNotAwaited { octets: 9, sender: server, before: packet(3), header: false },
            "9 octets of the server's stream are missing: behind packet 3; more came behind the hole than is held, so \
             it is not waited for.",
        ),
        (
            FramesFoundAgain { sender: client, at: 70, frames: 3, confidence: Confidence::Fair },
            "Frames of the client are read again from octet 70 of its stream on: from there, MASK bits, opcodes and \
             lengths chain over 3 frames (confidence: fair).",
        ),
        (
            FramesFoundAgain { sender: client, at: 70, frames: 1, confidence: Confidence::Fair },
            "Frames of the client are read again from octet 70 of its stream on: from there, MASK bits, opcodes and \
             lengths chain over 1 frame (confidence: fair).",
        ),
        (
            FramesFound { sender: client, at: 70, frames: 4, confidence: Confidence::High },
            "Frames of the client are read from octet 70 of its stream on: from there, MASK bits, opcodes and lengths \
             chain over 4 frames (confidence: high).",
        ),
        (
            OverlapConflict { octets: 1, sender: client, first: packet(3), second: packet(5) },
            "1 octet of the client's stream were sent again with other values: packet 3 has the copy that is shown, \
             packet 5 the other, and the server may have read either.",
        ),
        (
            OverlapConflict { octets: 2, sender: Sender::Unknown, first: packet(3), second: packet(5) },
            "2 octets of the unknown's stream were sent again with other values: packet 3 has the copy that is shown, \
             packet 5 the other, and the unknown may have read either.",
        ),
        (
            DecryptionKeysMissing { connections: 1, randoms: Box::new([]), named: 0, more: 1 },
            "1 TCP connection starts with TLS, and there are no secrets for it: whether it carries WebSockets cannot \
             be told.",
        ),
    ];
    for (hint, sentence) in [
        (RefusalHint::Silent, "The server refused with “400 Bad Request”."),
        (RefusalHint::Version, "The server refused with “400 Bad Request”; it speaks version v."),
        (RefusalHint::Credentials, "The server refused with “400 Bad Request”; it asks for v."),
        (RefusalHint::Location, "The server refused with “400 Bad Request”; it points to v."),
    ] {
        samples.push((Refused { status: quote("400 Bad Request"), hint, value: quote("v") }, sentence));
    }
    for (bits, sentence) in [
        (1, "RSV3 is set, and no negotiated extension gives it a meaning."),
        (2, "RSV2 is set, and no negotiated extension gives it a meaning."),
        (3, "RSV2 and RSV3 are set, and no negotiated extension gives it a meaning."),
        (4, "RSV1 is set, and no negotiated extension gives it a meaning."),
        (5, "RSV1 and RSV3 are set, and no negotiated extension gives it a meaning."),
        (6, "RSV1 and RSV2 are set, and no negotiated extension gives it a meaning."),
        (7, "RSV1 and RSV2 and RSV3 are set, and no negotiated extension gives it a meaning."),
    ] {
        samples.push((RsvWithoutExtension { bits }, sentence));
    }
    for (end, sentence) in [
        (StreamEnd::Fin, "The sender ended TCP after 2 of 10 payload octets."),
        (StreamEnd::Reset, "TCP was reset after 2 of 10 payload octets."),
        (StreamEnd::Capture, "The capture ends after 2 of 10 payload octets."),
    ] {
        samples.push((PayloadCut { end, octets: 2, length: 10 }, sentence));
    }
    for (protocol, sentence) in [
        (Protocol::HttpResponse, "an HTTP response"),
        (Protocol::HttpRequest, "an HTTP request"),
        (Protocol::Http2Preface, "an HTTP/2 preface"),
        (Protocol::Ssh, "SSH"),
        (Protocol::Html, "HTML"),
        (Protocol::Xml, "XML"),
        (Protocol::Json, "JSON text"),
        (Protocol::TlsRecord, "a TLS record"),
        (Protocol::PlainText, "plain text"),
    ] {
        let start = Start(Box::from(&b"a\"\n\0\xff"[..]));
        samples.push((NotWebsocket { protocol, start, opcode: 8, length: 84 }, sentence));
    }
    for (code, sentence) in [
        (1005, "Close code 1005 (No Status Rcvd) is for reports inside a peer and never sent."),
        (1006, "Close code 1006 (Abnormal Closure) is for reports inside a peer and never sent."),
        (1015, "Close code 1015 (TLS handshake) is for reports inside a peer and never sent."),
    ] {
        samples.push((CloseCodeNotOnWire { code }, sentence));
    }
    for (end, idle, since, timeout, sentence) in [
        (
            StreamEnd::Fin,
            60_300_000_000,
            SilentSince::Frame,
            60,
            "The server ended TCP (FIN) 60.3 s after the last frame, and neither side had sent a Close frame: both see \
             1006. 60 s is a common time-out of proxies and load balancers for idle connections.",
        ),
        (
            StreamEnd::Reset,
            20_000_000,
            SilentSince::Opening,
            0,
            "The server reset TCP (RST) 20 ms after the opening handshake, without a frame, and neither side had sent a \
             Close frame: both see 1006.",
        ),
    ] {
        samples.push((CloseMissing { sender: server, end, idle: Nanoseconds(idle), since, timeout }, sentence));
    }
    for (by, opening, confidence, frames, before, sentence) in [
        (
            RecognisedBy::Evidence,
            OpeningHandshake::NotCaptured,
            Confidence::Likely,
            3,
            0,
            "The capture lacks the opening handshake, and a WebSocket is likely: MASK bits and lengths chain over 3 \
             frames, 2 of them masked, 1 with text in UTF-8.",
        ),
        (
            RecognisedBy::Confirmed,
            OpeningHandshake::Refused,
            Confidence::VeryLikely,
            3,
            61,
            "The server refused the opening handshake. The user confirms that this is a WebSocket, which is very \
             likely: MASK bits and lengths chain over 3 frames, 2 of them masked, 1 with text in UTF-8. 61 octets \
             before are passed over: most likely they belong to frames that began earlier.",
        ),
        (
            RecognisedBy::User,
            OpeningHandshake::Absent,
            Confidence::Certain,
            0,
            0,
            "There is no opening handshake. This is read as a WebSocket because the user says that it is one; nothing \
             else speaks for it.",
        ),
        (
            RecognisedBy::User,
            OpeningHandshake::Absent,
            Confidence::Certain,
            3,
            0,
            "There is no opening handshake. This is read as a WebSocket because the user says that it is one; MASK bits \
             and lengths chain over 3 frames, 2 of them masked, 1 with text in UTF-8, which alone would not be enough.",
        ),
        (
            RecognisedBy::Evidence,
            OpeningHandshake::NotCaptured,
            Confidence::Certain,
            3,
            0,
            "The capture lacks the opening handshake, and a WebSocket is as good as certain: MASK bits and lengths \
             chain over 3 frames, 2 of them masked, 1 with text in UTF-8.",
        ),
    ] {
        samples.push((Recognised { by, opening, confidence, frames, masked: 2, texts: 1, before }, sentence));
    }
    samples
}

/// The values that are long, with the end of the sentence.
#[test]
fn client_randoms_are_listed() {
    let words = Words::english();
    let told = |connections, octets: &[u8]| {
        let randoms: Box<[[u8; 32]]> = octets.iter().map(|octet| [*octet; 32]).collect();
        let named = octets.len() as u64;
        words.sentence(&Fact::DecryptionKeysMissing { connections, randoms, named, more: connections - named })
    };
    let one = told(1, &[7]);
    assert!(
        one.ends_with(&format!("What would tell are the secrets of the client random {}.", "07".repeat(32))),
        "{one}"
    );
    let many = told(20, &[1, 2]);
    let last = format!("the client randoms {}, {} and 18 more.", "01".repeat(32), "02".repeat(32));
    assert!(many.starts_with("20 TCP connections start with TLS") && many.ends_with(&last), "{many}");
}

#[test]
fn every_fact_has_its_sentence() {
    let words = Words::english();
    let mut keys = BTreeSet::new();
    for (fact, expected) in samples() {
        let sentence = words.sentence(&fact);
        match &fact {
            Fact::NotWebsocket { .. } => assert_eq!(
                sentence,
                format!(
                    "Where a frame should start stands {expected}: “a\\\"\\n\\0\u{fffd}…”. As a frame it would have the \
                     opcode 0x8 and 84 payload octets; it is not read as one."
                )
            ),
            _ => assert_eq!(sentence, expected),
        }
        keys.insert(fact.key());
    }
    let known: BTreeSet<_> = Fact::KEYS.iter().map(|(key, _)| *key).chain([Fact::IN_CUT_HEADER]).collect();
    assert_eq!(keys, known);
}

/// The words that sentences choose by stand in the catalogue, each of them.
#[test]
fn every_word_is_chosen_by() {
    let words = [
        HandshakeHead::ALL.iter().map(|it| it.word()).collect::<Vec<_>>(),
        StreamEnd::ALL.iter().map(|it| it.word()).collect(),
        SilentSince::ALL.iter().map(|it| it.word()).collect(),
        Protocol::ALL.iter().map(|it| it.word()).collect(),
        OpeningHandshake::ALL.iter().map(|it| it.word()).collect(),
        RecognisedBy::ALL.iter().map(|it| it.word()).collect(),
        Confidence::ALL.iter().map(|it| it.word()).collect(),
        RefusalHint::ALL.iter().map(|it| it.word()).collect(),
        [Sender::Client, Sender::Server, Sender::Unknown].map(Sender::as_str).to_vec(),
    ];
    for word in words.concat() {
        assert!(ENGLISH[0].contains(&format!("[{word}] ")), "{word}");
    }
}

#[test]
fn catalogues_parse_and_give_no_errors() {
    let words = Words::english();
    for catalogue in ENGLISH {
        assert!(FluentResource::try_new(catalogue.to_owned()).is_ok());
    }
    for (fact, _) in samples() {
        let mut arguments = FluentArgs::new();
        fact.arguments(&mut |name, argument| arguments.set(name, words.value(argument)));
        let (id, attribute) = fact.key().split_once('.').unwrap_or((fact.key(), ""));
        let message = words.bundle.get_message(id).unwrap();
        let pattern = match attribute {
            "" => message.value().unwrap(),
            name => message.get_attribute(name).unwrap().value(),
        };
        let mut errors = Vec::new();
        words.bundle.format_pattern(pattern, Some(&arguments), &mut errors);
        assert!(errors.is_empty(), "{}: {errors:?}", fact.key());
    }
}

#[test]
fn every_message_is_used() {
    let mut written = BTreeSet::new();
    for catalogue in ENGLISH {
        let mut id = "";
        for line in catalogue.lines().filter(|line| !line.starts_with('#')) {
            let Some((name, value)) = line.split_once(" =") else { continue };
            match name.strip_prefix("    .") {
                Some(attribute) => assert!(written.insert(format!("{id}.{attribute}")), "{line}"),
                None if name.starts_with(' ') || name.contains(' ') => {}
                None => {
                    id = name;
                    let is_part = catalogue.contains(&format!("{{ {name} }}"));
                    if !value.is_empty() && !is_part {
                        assert!(written.insert(name.to_owned()), "{line}");
                    }
                }
            }
        }
    }
    let facts = Fact::KEYS.iter().map(|(key, _)| (*key).to_owned()).chain([Fact::IN_CUT_HEADER.to_owned()]);
    let used: BTreeSet<_> = facts.chain(Rule::ALL.iter().map(|rule| explanation_key(*rule))).collect();
    assert_eq!(written, used);
}

#[test]
fn long_text_of_the_wire_is_cut_with_a_mark() {
    let sentence = |method: &str| Words::english().sentence(&Fact::MethodNotGet { method: Quote::new(method) });
    let cut = sentence(&"ä".repeat(201));
    assert_eq!(cut, format!("The request's method is {}…; it must be GET.", "ä".repeat(200)));
}

#[test]
fn explanations_are_two_sentences_each() {
    let words = Words::english();
    for rule in Rule::ALL {
        let text = words.explanation(*rule);
        let sentences = text.matches(". ").count() + usize::from(text.ends_with('.'));
        assert_eq!(sentences, 2, "{rule}: {text}");
        assert!(!text.contains("  ") && text.len() < 320, "{rule}: {text}");
    }
}
