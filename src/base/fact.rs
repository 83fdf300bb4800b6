//! Facts: one variant is one sentence, with the values that it tells. The sentences stand in the catalogues of the view.

use super::argument::Value as _;
use super::{
    Argument, Confidence, HandshakeHead, MessageId, Nanoseconds, OpeningHandshake, PacketId, Protocol, Quote,
    RecognisedBy, RefusalHint, Rule, Sender, SilentSince, Start, StreamEnd,
};

macro_rules! facts {
    ($($(#[$meta:meta])* $name:ident $({ $($field:ident: $value:ty),* $(,)? })? = $rule:ident, $key:literal;)*) => {
        /// One thing that a finding says: its values, whose names are those of the arguments in the catalogue.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Fact {
            $($(#[$meta])* $name $({ $(#[doc = concat!("`$", stringify!($field), "` in the catalogue.")] $field: $value,)* })?,)*
            /// The stream of this header ends within it, and what there is of it breaks a rule already.
            InCutHeader {
                /// `$fact` in the catalogue.
                fact: Box<Fact>,
            },
        }

        impl Fact {
            /// The keys of all facts, each with the rule that is touched.
            pub const KEYS: &'static [(&'static str, Rule)] = &[$(($key, Rule::$rule),)*];

            /// The key of the fact that stands inside another one.
            pub const IN_CUT_HEADER: &'static str = "in-cut-header";

            /// The rule that is broken or touched.
            pub fn rule(&self) -> Rule {
                match self {
                    $(Fact::$name { .. } => Rule::$rule,)*
                    Fact::InCutHeader { fact } => fact.rule(),
                }
            }

            /// The key in the catalogue: a message's id, and behind a dot the attribute where a rule has several sentences.
            pub fn key(&self) -> &'static str {
                match self {
                    $(Fact::$name { .. } => $key,)*
                    Fact::InCutHeader { .. } => Fact::IN_CUT_HEADER,
                }
            }

            /// Gives `take` each value with its name.
            pub fn arguments<'a>(&'a self, take: &mut dyn FnMut(&'static str, Argument<'a>)) {
                match self {
                    $(Fact::$name $({ $($field),* })? => { $($(take(stringify!($field), $field.argument());)*)? })*
                    Fact::InCutHeader { fact } => take("fact", fact.argument()),
                }
            }
        }
    };
}

facts! {
    /// The request's method is not GET.
    MethodNotGet { method: Quote } = HandshakeMethodNotGet, "handshake-method-not-get";
    /// The request is of an old HTTP.
    HttpVersion { minor: u8 } = HandshakeHttpVersion, "handshake-http-version";
    /// The request names no host.
    HostMissing = HandshakeHostMissing, "handshake-host-missing";
    /// A head has no field Connection.
    ConnectionMissing { head: HandshakeHead } = HandshakeConnectionMissing, "handshake-connection-missing";
    /// A head's field Connection does not name Upgrade.
    ConnectionWithoutUpgrade { head: HandshakeHead, value: Quote } = HandshakeConnectionMissing, "handshake-connection-missing.token";
    /// A head has no field Upgrade.
    UpgradeMissing { head: HandshakeHead } = HandshakeUpgradeMissing, "handshake-upgrade-missing";
    /// A head's field Upgrade does not name websocket.
    UpgradeToOther { head: HandshakeHead, value: Quote } = HandshakeUpgradeMissing, "handshake-upgrade-missing.token";
    /// The request has no key.
    KeyMissing = HandshakeKeyMissing, "handshake-key-missing";
    /// The key has another length than 16 octets.
    KeyLength { key: Quote, octets: u64 } = HandshakeKeyInvalid, "handshake-key-invalid.length";
    /// The key is not base64.
    KeyNotBase64 { key: Quote } = HandshakeKeyInvalid, "handshake-key-invalid.alphabet";
    /// The key is given more than once.
    KeyRepeated { times: u64 } = HandshakeKeyInvalid, "handshake-key-invalid.repeated";
    /// The request names no version.
    VersionMissing = HandshakeVersionMissing, "handshake-version-missing";
    /// The request names a version that is not RFC 6455's.
    VersionUnsupported { version: Quote } = HandshakeVersionUnsupported, "handshake-version-unsupported";
    /// The 101 has no Sec-WebSocket-Accept.
    AcceptMissing = HandshakeAcceptMissing, "handshake-accept-missing";
    /// The 101's Sec-WebSocket-Accept is not that of the key.
    AcceptMismatch { accept: Quote, key: Quote, expected: Quote } = HandshakeAcceptMismatch, "handshake-accept-mismatch";
    /// The server chose a subprotocol, and the client offered none.
    SubprotocolUnasked { chosen: Quote } = HandshakeSubprotocolNotOffered, "handshake-subprotocol-not-offered.unasked";
    /// The server chose a subprotocol that the client did not list.
    SubprotocolNotOffered { chosen: Quote, offered: Quote } = HandshakeSubprotocolNotOffered, "handshake-subprotocol-not-offered";
    /// The server chose several subprotocols.
    SubprotocolsChosen { count: u64, chosen: Quote } = HandshakeSubprotocolNotOffered, "handshake-subprotocol-not-offered.several";
    /// The server accepted an extension that the client did not offer.
    ExtensionNotOffered { name: Quote } = HandshakeExtensionNotOffered, "handshake-extension-not-offered";
    /// The server accepted further extensions that the client did not offer.
    ExtensionsNotOffered { count: u64 } = HandshakeExtensionNotOffered, "handshake-extension-not-offered.more";
    /// The parameter is none of permessage-deflate's.
    DeflateParameterUnknown { parameter: Quote } = HandshakeExtensionParameter, "handshake-extension-parameter.unknown";
    /// The parameter is given twice.
    DeflateParameterTwice { parameter: &'static str } = HandshakeExtensionParameter, "handshake-extension-parameter.twice";
    /// The parameter has a value and takes none.
    DeflateParameterWithValue { parameter: &'static str, value: Quote } = HandshakeExtensionParameter, "handshake-extension-parameter.with-value";
    /// The parameter has no value and needs one.
    DeflateParameterWithoutValue { parameter: &'static str } = HandshakeExtensionParameter, "handshake-extension-parameter.without-value";
    /// The parameter's value is no number of window bits.
    DeflateParameterInvalid { parameter: &'static str, value: Quote } = HandshakeExtensionParameter, "handshake-extension-parameter.invalid";
    /// The server was asked to keep no context, and did not agree.
    DeflateContextNotAgreed { parameter: &'static str } = HandshakeExtensionParameter, "handshake-extension-parameter.context";
    /// The server was asked for a smaller window, and did not agree.
    DeflateWindowNotAgreed { parameter: &'static str, most: u8 } = HandshakeExtensionParameter, "handshake-extension-parameter.window";
    /// The server's window is larger than asked for.
    DeflateServerWindow { bits: u8, most: u8 } = HandshakeExtensionParameter, "handshake-extension-parameter.server-window";
    /// The client's window is larger than offered.
    DeflateClientWindow { bits: u8, most: u8 } = HandshakeExtensionParameter, "handshake-extension-parameter.client-window";
    /// The server set a parameter that the client did not offer.
    DeflateParameterUnasked { parameter: &'static str } = HandshakeExtensionParameter, "handshake-extension-parameter.unasked";
    /// The server accepted permessage-deflate more than once.
    DeflateAcceptedTwice = HandshakeExtensionParameter, "handshake-extension-parameter.accepted-twice";
    /// The client did not wait for the 101.
    DataBefore101 { octets: u64, packet: PacketId } = HandshakeDataBefore101, "handshake-data-before-101";
    /// The server refused.
    Refused { status: Quote, hint: RefusalHint, value: Quote } = HandshakeRefused, "handshake-refused";
    /// The capture lacks the request.
    RequestNotCaptured = HandshakeRequestNotCaptured, "handshake-request-not-captured";
    /// The capture lacks the answer.
    ResponseNotCaptured = HandshakeResponseNotCaptured, "handshake-response-not-captured";
    /// Reserved bits are set without a meaning: 4 for RSV1, 2 for RSV2 and 1 for RSV3, added.
    RsvWithoutExtension { bits: u8 } = FrameRsvWithoutExtension, "frame-rsv-without-extension";
    /// An opcode is reserved.
    OpcodeReserved { opcode: u8, control: bool } = FrameOpcodeReserved, "frame-opcode-reserved";
    /// A client's frame is not masked.
    ClientUnmasked = FrameClientUnmasked, "frame-client-unmasked";
    /// A server's frame is masked.
    ServerMasked = FrameServerMasked, "frame-server-masked";
    /// A length takes `bits`, which are for lengths from `least` on, and would fit into `enough`.
    LengthNotMinimal { length: u64, bits: u8, least: u64, enough: u8 } = FrameLengthNotMinimal, "frame-length-not-minimal";
    /// The top bit of a 64-bit length is set.
    LengthMsbSet { length: u64 } = FrameLengthMsbSet, "frame-length-msb-set";
    /// A control frame is not final.
    ControlFragmented { opcode: u8 } = FrameControlFragmented, "frame-control-fragmented";
    /// A control frame is too long.
    ControlTooLong { opcode: u8, length: u64, most: u64 } = FrameControlTooLong, "frame-control-too-long";
    /// A masking-key is zero.
    MaskingKeyZero = FrameMaskingKeyZero, "frame-masking-key-zero";
    /// A masking-key is the previous frame's.
    MaskingKeyReused { key: [u8; 4] } = FrameMaskingKeyReused, "frame-masking-key-reused";
    /// A data frame comes behind its sender's Close frame.
    DataAfterClose { sender: Sender } = FrameAfterClose, "frame-after-close";
    /// The capture lacks octets of a payload.
    PayloadLacks { octets: u64, length: u64, at: u64 } = FrameTruncated, "frame-truncated.hole";
    /// A stream ends inside a payload.
    PayloadCut { end: StreamEnd, octets: u64, length: u64 } = FrameTruncated, "frame-truncated.payload";
    /// A stream ends inside a header.
    HeaderCut { end: StreamEnd, octets: u64, header: Box<[u8]> } = FrameTruncated, "frame-truncated.header";
    /// Another protocol stands where a frame should start.
    NotWebsocket { protocol: Protocol, start: Start, opcode: u8, length: u64 } = FrameNotWebsocket, "frame-not-websocket";
    /// A continuation belongs to no message.
    ContinuationWithoutStart = MessageContinuationWithoutStart, "message-continuation-without-start";
    /// A message starts while another one is open.
    Interleaved { opcode: u8, open: MessageId } = MessageInterleaved, "message-interleaved";
    /// Text is not UTF-8.
    TextNotUtf8 { at: u64, octets: Box<[u8]>, unfinished: bool } = MessageInvalidUtf8, "message-invalid-utf8";
    /// Inflated text is not UTF-8.
    InflatedNotUtf8 { at: u64 } = MessageInvalidUtf8, "message-invalid-utf8.inflated";
    /// A connection ends while a message is open.
    MessageUnfinished = MessageUnfinished, "message-unfinished";
    /// A Close body is one octet.
    CloseBodyOneOctet { octet: [u8; 1] } = CloseBodyOneOctet, "close-body-one-octet";
    /// A code that is never sent was sent.
    CloseCodeNotOnWire { code: u16 } = CloseCodeNotOnWire, "close-code-not-on-wire";
    /// A code is outside all ranges.
    CloseCodeOutOfRange { code: u16 } = CloseCodeOutOfRange, "close-code-out-of-range";
    /// A code means nothing yet.
    CloseCodeUnassigned { code: u16 } = CloseCodeUnassigned, "close-code-unassigned";
    /// A Close reason is not UTF-8.
    CloseReasonNotUtf8 { at: u32 } = CloseReasonInvalidUtf8, "close-reason-invalid-utf8";
    /// A Close frame was not answered.
    CloseNotEchoed { sender: Sender } = CloseNotEchoed, "close-not-echoed";
    /// TCP ended without Close frames. The timeout, in seconds, is one that proxies commonly have, or 0.
    CloseMissing { sender: Sender, end: StreamEnd, idle: Nanoseconds, since: SilentSince, timeout: u64 } = CloseMissing, "close-missing";
    /// A ping was not answered for so many seconds.
    PingUnansweredFor { sender: Sender, seconds: u64 } = PingUnanswered, "ping-unanswered.late";
    /// A ping was not answered before the end.
    PingUnanswered { sender: Sender } = PingUnanswered, "ping-unanswered";
    /// A pong answers no ping.
    PongUnsolicited { octets: u64 } = PongUnsolicited, "pong-unsolicited";
    /// A control frame is marked as compressed.
    Rsv1OnControl { opcode: u8 } = DeflateRsv1OnControl, "deflate-rsv1-on-control";
    /// A continuation is marked as compressed.
    Rsv1OnContinuation = DeflateRsv1OnContinuation, "deflate-rsv1-on-continuation";
    /// Octets are not DEFLATE.
    InvalidDeflate = DeflateInvalidData, "deflate-invalid-data";
    /// A distance is longer than the window.
    WindowExceeded { distance: u64, sender: Sender, bits: u8, window: u64 } = DeflateWindowExceeded, "deflate-window-exceeded";
    /// A message needs earlier ones in spite of what was agreed.
    ContextKept { sender: Sender } = DeflateContextKept, "deflate-context-kept";
    /// A message needs octets that are not known.
    ContextLost { sender: Sender } = DeflateContextLost, "deflate-context-lost";
    /// Compression made a message larger; `last` says that no further one is told of.
    Expanded { wire: u64, plain: u64, last: bool } = DeflateExpanded, "deflate-expanded";
    /// Inflating stopped at the limit.
    InflateLimit { mebibytes: u64 } = LimitInflate, "limit-inflate";
    /// The capture lacks octets that were in a packet which was not captured.
    OctetsNotCaptured { octets: u64, sender: Sender, before: PacketId, packet: PacketId, header: bool } = CaptureGap, "capture-gap";
    /// The capture may have octets that were not waited for any longer.
    OctetsNotAwaited { octets: u64, sender: Sender, before: PacketId, header: bool } = CaptureGap, "capture-gap.gave-up";
    /// Frames are found again behind a gap.
    FramesFoundAgain { sender: Sender, at: u64, frames: u32, confidence: Confidence } = CaptureGap, "capture-gap.found-again";
    /// A packet was stored shorter than it was.
    PacketCut { octets: u64, sender: Sender, packet: PacketId, header: bool } = CapturePacketsCut, "capture-packets-cut";
    /// The packet with a head of the opening handshake was stored shorter than it was.
    HeadCut { octets: u64, sender: Sender, packet: PacketId } = CapturePacketsCut, "capture-packets-cut.head";
    /// Frames are found in a stream that was joined blindly.
    FramesFound { sender: Sender, at: u64, frames: u32, confidence: Confidence } = CaptureMidStream, "capture-mid-stream.found";
    /// A connection is read as a WebSocket although its opening handshake tells nothing; `before` octets are passed over.
    Recognised {
        by: RecognisedBy, opening: OpeningHandshake, confidence: Confidence, frames: u32, masked: u32, texts: u32, before: u64,
    } = CaptureMidStream, "capture-mid-stream";
    /// Octets were sent twice and not the same.
    OverlapConflict { octets: u64, sender: Sender, first: PacketId, second: PacketId } = CaptureOverlapConflict, "capture-overlap-conflict";
    /// Connections carry TLS without secrets: so many client randoms are named, and so many are not.
    DecryptionKeysMissing {
        connections: u64, randoms: Box<[[u8; 32]]>, named: u64, more: u64,
    } = CaptureDecryptionKeysMissing, "capture-decryption-keys-missing";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_small() {
        assert!(size_of::<Fact>() <= 56, "{}", size_of::<Fact>());
    }

    #[test]
    fn keys_are_those_of_their_rules_and_every_rule_has_some() {
        for (key, rule) in Fact::KEYS {
            assert_eq!(key.split('.').next(), Some(&*rule.id().replace('.', "-")));
        }
        for rule in Rule::ALL {
            assert!(Fact::KEYS.iter().any(|(_, of)| of == rule), "{rule}");
        }
    }
}
