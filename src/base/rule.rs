//! The rules a WebSocket is judged by: ids, severities and sections, once.

use std::fmt;

/// The severity of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing, nobody's fault.
    Note,
    /// A SHOULD is broken, or it is legal and almost surely a mistake.
    Warning,
    /// A MUST is broken.
    Violation,
}

impl Severity {
    /// The word used in JSON and in the window.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Violation => "violation",
        }
    }
}

macro_rules! rules {
    ($($name:ident = $id:literal, $severity:ident, $section:literal;)*) => {
        /// A rule. Its id appears in the window, in JSON, in the manual and in tests.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Rule {
            $(#[doc = concat!("`", $id, "` (", $section, ")")] $name,)*
        }

        impl Rule {
            /// Every rule, in the order of the RFC's chapters.
            pub const ALL: &'static [Rule] = &[$(Rule::$name,)*];

            /// The stable id.
            pub fn id(self) -> &'static str {
                match self { $(Rule::$name => $id,)* }
            }

            /// Returns the severity that findings of this rule have.
            pub fn severity(self) -> Severity {
                match self { $(Rule::$name => Severity::$severity,)* }
            }

            /// Returns the RFC and the section that state the rule; empty where no RFC does.
            pub fn section(self) -> &'static str {
                match self { $(Rule::$name => $section,)* }
            }
        }
    };
}

// A rule gets its line here in the change that judges it.
rules! {
    HandshakeMethodNotGet = "handshake.method-not-get", Violation, "RFC 6455 §4.1";
    HandshakeHttpVersion = "handshake.http-version", Violation, "RFC 6455 §4.1";
    HandshakeHostMissing = "handshake.host-missing", Violation, "RFC 6455 §4.1";
    HandshakeConnectionMissing = "handshake.connection-missing", Violation, "RFC 6455 §4.1, §4.2.2";
    HandshakeUpgradeMissing = "handshake.upgrade-missing", Violation, "RFC 6455 §4.1, §4.2.2";
    HandshakeKeyMissing = "handshake.key-missing", Violation, "RFC 6455 §4.1";
    HandshakeKeyInvalid = "handshake.key-invalid", Violation, "RFC 6455 §4.1";
    HandshakeVersionMissing = "handshake.version-missing", Violation, "RFC 6455 §4.1";
    HandshakeVersionUnsupported = "handshake.version-unsupported", Violation, "RFC 6455 §4.1";
    HandshakeAcceptMissing = "handshake.accept-missing", Violation, "RFC 6455 §4.2.2";
    HandshakeAcceptMismatch = "handshake.accept-mismatch", Violation, "RFC 6455 §4.2.2";
    HandshakeSubprotocolNotOffered = "handshake.subprotocol-not-offered", Violation, "RFC 6455 §4.1";
    HandshakeExtensionNotOffered = "handshake.extension-not-offered", Violation, "RFC 6455 §4.1, §9.1";
    HandshakeExtensionParameter = "handshake.extension-parameter", Violation, "RFC 7692 §7.1";
    HandshakeDataBefore101 = "handshake.data-before-101", Violation, "RFC 6455 §4.1";
    HandshakeRefused = "handshake.refused", Note, "RFC 6455 §4.2.2";
    HandshakeRequestNotCaptured = "handshake.request-not-captured", Note, "";
    HandshakeResponseNotCaptured = "handshake.response-not-captured", Note, "";
    FrameRsvWithoutExtension = "frame.rsv-without-extension", Violation, "RFC 6455 §5.2";
    FrameOpcodeReserved = "frame.opcode-reserved", Violation, "RFC 6455 §5.2";
    FrameClientUnmasked = "frame.client-unmasked", Violation, "RFC 6455 §5.1";
    FrameServerMasked = "frame.server-masked", Violation, "RFC 6455 §5.1";
    FrameLengthNotMinimal = "frame.length-not-minimal", Violation, "RFC 6455 §5.2";
    FrameLengthMsbSet = "frame.length-msb-set", Violation, "RFC 6455 §5.2";
    FrameControlFragmented = "frame.control-fragmented", Violation, "RFC 6455 §5.5";
    FrameControlTooLong = "frame.control-too-long", Violation, "RFC 6455 §5.5";
    FrameMaskingKeyZero = "frame.masking-key-zero", Warning, "RFC 6455 §5.3";
    FrameMaskingKeyReused = "frame.masking-key-reused", Warning, "RFC 6455 §5.3";
    FrameAfterClose = "frame.after-close", Violation, "RFC 6455 §5.5.1";
    FrameTruncated = "frame.truncated", Note, "";
    FrameNotWebsocket = "frame.not-websocket", Warning, "";
    MessageContinuationWithoutStart = "message.continuation-without-start", Violation, "RFC 6455 §5.4";
    MessageInterleaved = "message.interleaved", Violation, "RFC 6455 §5.4";
    MessageInvalidUtf8 = "message.invalid-utf8", Violation, "RFC 6455 §8.1";
    MessageUnfinished = "message.unfinished", Note, "RFC 6455 §5.4";
    CloseBodyOneOctet = "close.body-one-octet", Violation, "RFC 6455 §5.5.1";
    CloseCodeNotOnWire = "close.code-not-on-wire", Violation, "RFC 6455 §7.4.1";
    CloseCodeOutOfRange = "close.code-out-of-range", Violation, "RFC 6455 §7.4.2";
    CloseCodeUnassigned = "close.code-unassigned", Warning, "RFC 6455 §7.4.2";
    CloseReasonInvalidUtf8 = "close.reason-invalid-utf8", Violation, "RFC 6455 §5.5.1";
    CloseNotEchoed = "close.not-echoed", Warning, "RFC 6455 §5.5.1";
    CloseMissing = "close.missing", Warning, "RFC 6455 §7.1.5";
    PingUnanswered = "ping.unanswered", Warning, "RFC 6455 §5.5.2";
    PongUnsolicited = "pong.unsolicited", Note, "RFC 6455 §5.5.3";
    DeflateRsv1OnControl = "deflate.rsv1-on-control", Violation, "RFC 7692 §6.1";
    DeflateRsv1OnContinuation = "deflate.rsv1-on-continuation", Violation, "RFC 7692 §6.1";
    DeflateInvalidData = "deflate.invalid-data", Violation, "RFC 7692 §7.2.2";
    DeflateWindowExceeded = "deflate.window-exceeded", Violation, "RFC 7692 §7.1.2";
    DeflateContextKept = "deflate.context-kept", Violation, "RFC 7692 §7.1.1";
    DeflateContextLost = "deflate.context-lost", Note, "";
    DeflateExpanded = "deflate.expanded", Note, "";
    LimitInflate = "limit.inflate", Note, "";
    CaptureGap = "capture.gap", Note, "";
    CapturePacketsCut = "capture.packets-cut", Note, "";
    CaptureMidStream = "capture.mid-stream", Note, "";
    CaptureOverlapConflict = "capture.overlap-conflict", Warning, "";
    CaptureDecryptionKeysMissing = "capture.decryption-keys-missing", Note, "";
}

impl Rule {
    /// The rule with this id.
    pub fn from_id(id: &str) -> Option<Rule> {
        Rule::ALL.iter().copied().find(|rule| rule.id() == id)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_found_again() {
        for rule in Rule::ALL {
            assert_eq!(Rule::from_id(rule.id()), Some(*rule));
        }
    }
}
