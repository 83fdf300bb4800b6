//! Each rule in two sentences for someone who has not read the RFC: what it asks and why, and what breaking it does.

use crate::base::Rule;

/// What a rule is about: two sentences. The finding's own sentence has the values; this has the reasons.
pub fn explanation(rule: Rule) -> &'static str {
    match rule {
        Rule::HandshakeMethodNotGet => {
            "A WebSocket starts as an HTTP GET request, because only GET may be answered by switching protocols. Servers \
             refuse other methods, and caches on the way may treat them quite differently."
        }
        Rule::HandshakeHttpVersion => {
            "The Upgrade mechanism exists since HTTP/1.1. A client that says HTTP/1.0 tells every proxy on the way to close \
             the connection after one answer."
        }
        Rule::HandshakeHostMissing => {
            "The Host field says which of the sites behind one address is meant. Without it a server or a proxy cannot tell, \
             and HTTP/1.1 has it answer 400."
        }
        Rule::HandshakeConnectionMissing => {
            "The Connection field has to list “Upgrade”, which marks the Upgrade field as meant for the next hop. A proxy \
             that does not know WebSocket then drops both instead of passing on half of it, and a peer must refuse the rest."
        }
        Rule::HandshakeUpgradeMissing => {
            "The Upgrade field names the protocol to switch to, and it has to be “websocket”. Without it this is an \
             ordinary HTTP exchange, and the other side must not take it for anything else."
        }
        Rule::HandshakeKeyMissing => {
            "The client sends 16 random octets, from which the server makes its Sec-WebSocket-Accept. Without them nobody \
             can prove that the server understood the handshake, so the server must refuse."
        }
        Rule::HandshakeKeyInvalid => {
            "Sec-WebSocket-Key is the base64 form of exactly 16 octets, once. Another length, alphabet or a second copy \
             makes strict servers refuse, and two servers may answer to different keys."
        }
        Rule::HandshakeVersionMissing => {
            "The client says which version of the protocol it speaks, and the only final one is 13. Without the field a \
             server cannot know whether what follows are RFC 6455 frames."
        }
        Rule::HandshakeVersionUnsupported => {
            "Version 13 is the protocol of RFC 6455; lower numbers were drafts with other frames. A server that speaks only \
             13 answers 426 with the versions that it knows."
        }
        Rule::HandshakeAcceptMissing => {
            "The server proves that it read the key by sending back a hash of it in Sec-WebSocket-Accept. Without that \
             proof the client must fail the connection, for it may be talking to something that only repeats what it hears."
        }
        Rule::HandshakeAcceptMismatch => {
            "Sec-WebSocket-Accept has to be the base64 form of SHA-1 over the key and a fixed text. Another value means \
             that the server answered somebody else's key, from a cache for instance, and clients must fail the connection."
        }
        Rule::HandshakeSubprotocolNotOffered => {
            "The server may choose one of the subprotocols that the client listed, or none. A client that gets another one \
             cannot know how to read the messages, and must fail the connection."
        }
        Rule::HandshakeExtensionNotOffered => {
            "The server may only accept extensions that the client offered. An extension changes what frames mean, so a \
             client that did not ask for it would read nonsense and must fail the connection."
        }
        Rule::HandshakeExtensionParameter => {
            "permessage-deflate has four parameters, each with its values, each at most once, and an answer has to fit the \
             offer. Where both sides understand something else, one of them cannot inflate what the other sends."
        }
        Rule::HandshakeDataBefore101 => {
            "Until the server has answered 101 the connection still speaks HTTP, so the client must wait. What it sends too \
             early may be read as a second HTTP request, by the server or by a proxy."
        }
        Rule::HandshakeRefused => {
            "The server answered with something other than 101, so no WebSocket was opened. The status says whose turn it \
             is: 401 and 403 ask for credentials, 404 means another path, 426 another version, 3xx another place."
        }
        Rule::HandshakeRequestNotCaptured => {
            "The capture does not hold the client's request: it began later, or lost packets. What was offered is not \
             known, so rules that compare the answer with it were not judged."
        }
        Rule::HandshakeResponseNotCaptured => {
            "The capture does not hold the server's answer: it ended before, or lost packets. What was agreed is not known, \
             so frames are read as if no extension was."
        }
        Rule::FrameRsvWithoutExtension => {
            "The three reserved bits are for extensions, and without one they are 0; with RSV1 the payload mostly is \
             compressed, although the handshake did not agree on permessage-deflate. A receiver must fail the connection, \
             since it cannot know what the sender meant."
        }
        Rule::FrameOpcodeReserved => {
            "Opcodes 3 to 7 and B to F are kept for later versions. A receiver must fail the connection, because it cannot \
             tell how to read such a frame."
        }
        Rule::FrameClientUnmasked => {
            "Whatever a client sends is masked with a fresh key, so that no page can write octets that a proxy takes for \
             HTTP. Servers must close the connection at the first unmasked frame."
        }
        Rule::FrameServerMasked => {
            "Only clients mask. A client must close the connection at a masked frame, and many would show its octets still \
             masked."
        }
        Rule::FrameLengthNotMinimal => {
            "A length has to be written in the shortest of its three forms: 7, 16 or 64 bits. Two ways to write one frame \
             let filters and peers read the same octets differently."
        }
        Rule::FrameLengthMsbSet => {
            "A 64-bit length has its highest bit 0, so that it fits a signed number. Programs that hold it in one would take \
             it for negative."
        }
        Rule::FrameControlFragmented => {
            "Control frames are short and stand between the fragments of messages, so they are never fragmented themselves. \
             A receiver that waits for the rest would wait for ever."
        }
        Rule::FrameControlTooLong => {
            "A control frame carries at most 125 octets, so that it can be answered at once and fits any buffer. Receivers \
             must fail the connection at a longer one."
        }
        Rule::FrameMaskingKeyZero => {
            "A key of four zeros leaves the payload as it is, so masking does not do what it is for. It is legal if chance \
             chose it, and far more likely somebody switched masking off to save time."
        }
        Rule::FrameMaskingKeyReused => {
            "Each frame needs a key that nobody can foresee. The same one twice in a row means that the keys do not come \
             from a strong source, or are a constant."
        }
        Rule::FrameAfterClose => {
            "A Close frame is the last frame of its sender. Whatever comes behind it is not read by a peer that keeps to \
             the protocol, so those messages are lost."
        }
        Rule::FrameTruncated => {
            "The frame's header promises more octets than there are here. Either the stream ended inside the frame, or the \
             capture lacks a part of it; the finding says which."
        }
        Rule::FrameNotWebsocket => {
            "What stands where a frame should start is recognisably something else. Read as a frame it would give reserved \
             bits, odd opcodes and absurd lengths, which is what other tools then report."
        }
        Rule::MessageContinuationWithoutStart => {
            "A continuation frame goes on with a message whose first frame was not final. Here no message is open, so its \
             octets belong to nothing and receivers must fail the connection."
        }
        Rule::MessageInterleaved => {
            "The fragments of a message follow one another; only control frames may stand between them. A new message \
             before the final fragment leaves a receiver without a way to tell the two apart."
        }
        Rule::MessageInvalidUtf8 => {
            "Text messages are UTF-8, as a whole; a character may be split over fragments. Receivers must fail the \
             connection with 1007, even where only one octet is wrong."
        }
        Rule::MessageUnfinished => {
            "The connection ended while a fragmented message was still open. Whoever received the fragments has no message, \
             unless it reads them as a stream."
        }
        Rule::CloseBodyOneOctet => {
            "A Close body is empty, or starts with a code of two octets. One octet alone cannot be a code, and receivers \
             must treat it as a protocol error."
        }
        Rule::CloseCodeNotOnWire => {
            "1005, 1006 and 1015 are what a program is told where no code was received; they are never sent. A peer that \
             gets one must treat it as a protocol error."
        }
        Rule::CloseCodeOutOfRange => {
            "Close codes go from 1000 to 4999. Other numbers mean nothing to anybody, and receivers must treat them as a \
             protocol error."
        }
        Rule::CloseCodeUnassigned => {
            "Codes from 1000 to 2999 are given out by the standards, and this one was not. Libraries for programs' own \
             codes expect 3000 to 3999 if registered, 4000 to 4999 if private; strict peers answer others with 1002."
        }
        Rule::CloseReasonInvalidUtf8 => {
            "The reason behind the code is UTF-8 text. A receiver must treat anything else as a protocol error, as in a \
             text message."
        }
        Rule::CloseNotEchoed => {
            "Who receives a Close frame answers with one, so that both know that nothing was lost. Without the answer the \
             side that closed cannot tell whether its last messages arrived, and often waits for a time-out."
        }
        Rule::CloseMissing => {
            "A WebSocket ends with Close frames both ways and only then with TCP's own end. Here TCP ended first, so both \
             programs see 1006, “abnormal closure”: a crash, a proxy that timed out, or a program that just went away."
        }
        Rule::PingUnanswered => {
            "Who receives a ping sends a pong with the same body as soon as it can. Where none comes the peer is dead, \
             blocked or does not keep to the protocol, and senders with a heartbeat will close the connection."
        }
        Rule::PongUnsolicited => {
            "A pong that answers no ping is allowed, as a heartbeat in one direction. If it was meant as an answer, its body \
             is not the ping's."
        }
        Rule::DeflateRsv1OnControl => {
            "Where permessage-deflate is agreed, RSV1 marks a compressed message, and control frames are never compressed. \
             Receivers must fail the connection."
        }
        Rule::DeflateRsv1OnContinuation => {
            "Only a message's first frame says whether it is compressed; its continuations have RSV1 0. Receivers must fail \
             the connection."
        }
        Rule::DeflateInvalidData => {
            "The payload is no DEFLATE data, or it copies from octets that were never sent. Where a window is kept, everything \
             behind it may copy from what is missing now."
        }
        Rule::DeflateWindowExceeded => {
            "The handshake limits how far back a message may copy, so that the receiver needs no more memory than that. A \
             receiver that relies on it cannot inflate the message."
        }
        Rule::DeflateContextKept => {
            "With no_context_takeover each message starts with an empty window, so that the receiver need not keep one. A \
             receiver that keeps none cannot inflate the message."
        }
        Rule::DeflateContextLost => {
            "Compressed messages copy from the ones before, and of those the capture does not tell everything. What is copied \
             from there is unknown, the rest is shown, and nobody is to blame."
        }
        Rule::DeflateExpanded => {
            "Messages of a few octets, and data that is random, encrypted or compressed already, do not become smaller. \
             Sending them without RSV1 saves octets and time."
        }
        Rule::LimitInflate => {
            "A few octets can inflate to gigabytes, so a message is inflated only up to a limit. Raise it with \
             --inflate-limit if the message is worth it."
        }
        Rule::CaptureGap => {
            "The peers exchanged these octets, and the capture does not have them: the capturing machine was too slow, or \
             saw only part of the traffic. Nothing that depends on them is held against anybody."
        }
        Rule::CaptureMidStream => {
            "The capture began after this connection was opened, so it was recognised by what its octets look like. What was \
             agreed on is not known, and the first messages may be incomplete."
        }
        Rule::CaptureDecryptionKeysMissing => {
            "TLS hides what it carries, WebSockets too, from everybody without its secrets. Capture where it is not encrypted: \
             on the loopback behind the proxy that ends TLS, or from the program itself without it."
        }
        Rule::CaptureOverlapConflict => {
            "TCP sends lost octets again, and always the same ones. Where the two copies differ, somebody on the way changed \
             or injected one of them, or the capture joins two connections."
        }
        Rule::CapturePacketsCut => {
            "Packets were stored shorter than they were, because the capture was made with a snap length. Capture again with \
             whole packets (tcpdump -s0) to see what is missing."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_sentences_each() {
        for rule in Rule::ALL {
            let text = explanation(*rule);
            let sentences = text.matches(". ").count() + usize::from(text.ends_with('.'));
            assert_eq!(sentences, 2, "{rule}: {text}");
            assert!(!text.contains("  ") && text.len() < 320, "{rule}: {text}");
        }
    }
}
