//! What frames break, in a few octets: a peer may break rules in every one of millions of frames.

use super::{CloseBody, FieldId, FrameHeader, HeaderRule, close_code_name};
use crate::base::{Breach, MessageId, Place, Rule, Sender};

/// Seconds after which a ping counts as unanswered.
pub const PING_PATIENCE_SECONDS: u64 = 30;

/// A rule that a frame breaks. Its place and its sentence are worked out from the frame's header whenever they are
/// shown; only what the header does not tell is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameBreach {
    /// What the header is says it all.
    Header(HeaderRule),
    /// A continuation frame where no message is open.
    ContinuationWithoutStart,
    /// A new message where another one is open.
    Interleaved {
        /// The message that is open.
        open: MessageId,
    },
    /// A data frame behind the sender's Close frame.
    DataAfterClose,
    /// The body of a Close frame is this one octet.
    CloseBodyOneOctet(u8),
    /// A Close frame has a status code that it should not have.
    CloseCode(CloseCodeBreach),
    /// The reason in the body of a Close frame is not UTF-8.
    CloseReasonInvalidUtf8 {
        /// The first octet of the body that fits no character.
        at: u32,
        /// How many octets do not, up to three.
        len: u8,
    },
    /// A pong whose body no ping has that waits for an answer.
    PongUnsolicited,
    /// A ping that the peer did not answer.
    PingUnanswered {
        /// For so long that it counts as unanswered; else the connection ended first.
        late: bool,
    },
}

impl FrameBreach {
    /// Who breaks the rule with a frame of `sender`: the peer, where it is silent.
    pub fn culprit(self, sender: Sender) -> Sender {
        if matches!(self, FrameBreach::PingUnanswered { .. }) { sender.peer() } else { sender }
    }

    /// Which rule it is.
    pub fn rule(self) -> Rule {
        match self {
            FrameBreach::Header(rule) => rule.rule(),
            FrameBreach::ContinuationWithoutStart => Rule::MessageContinuationWithoutStart,
            FrameBreach::Interleaved { .. } => Rule::MessageInterleaved,
            FrameBreach::DataAfterClose => Rule::FrameAfterClose,
            FrameBreach::CloseBodyOneOctet(_) => Rule::CloseBodyOneOctet,
            FrameBreach::CloseCode(breach) => breach.rule,
            FrameBreach::CloseReasonInvalidUtf8 { .. } => Rule::CloseReasonInvalidUtf8,
            FrameBreach::PongUnsolicited => Rule::PongUnsolicited,
            FrameBreach::PingUnanswered { .. } => Rule::PingUnanswered,
        }
    }

    /// The place and the sentence, given the header of the frame and who breaks the rule. `deflate` says whether
    /// permessage-deflate was negotiated.
    pub fn tell(self, header: &FrameHeader, sender: Sender, deflate: bool) -> Breach {
        let opcode = header.place(FieldId::Opcode);
        let body = |at: u32, len: u8| Place::PayloadOctets { at: at.into(), len: len.into() };
        let whole_body = Place::PayloadOctets { at: 0, len: header.payload_len() };
        let (place, text) = match self {
            FrameBreach::Header(rule) => return rule.tell(header, deflate),
            FrameBreach::ContinuationWithoutStart => {
                (opcode, "A continuation frame, and no message is open.".to_owned())
            }
            FrameBreach::Interleaved { open } => {
                let new = header.opcode();
                (opcode, format!("A new {new} message starts while message {open} waits for its final frame."))
            }
            FrameBreach::DataAfterClose => (opcode, format!("The {sender} sent a data frame after its Close frame.")),
            FrameBreach::CloseBodyOneOctet(octet) => {
                (body(0, 1), format!("The Close body is the single octet {octet:02x}; a status code has two."))
            }
            FrameBreach::CloseCode(breach) => (body(0, 2), breach.sentence()),
            FrameBreach::CloseReasonInvalidUtf8 { at, len } => {
                (body(at, len), format!("The Close reason is not UTF-8 from octet {at} of the body on."))
            }
            FrameBreach::PongUnsolicited => {
                let len = header.payload_len();
                let text = format!(
                    "No ping with this pong's {len} octets of body waits for an answer; it serves as a heartbeat at most."
                );
                (whole_body, text)
            }
            FrameBreach::PingUnanswered { late } => {
                let until = if late {
                    format!("for {PING_PATIENCE_SECONDS} seconds")
                } else {
                    "before the connection ended".into()
                };
                (whole_body, format!("The {sender} did not answer this ping {until}."))
            }
        };
        Breach { rule: self.rule(), place, text }
    }
}

/// A status code that no Close frame should have (RFC 6455 §7.4), and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseCodeBreach {
    rule: Rule,
    code: u16,
}

impl CloseCodeBreach {
    /// What there is to say against a code, if there is something.
    fn of(code: u16) -> Option<CloseCodeBreach> {
        let rule = match code {
            1005 | 1006 | 1015 => Rule::CloseCodeNotOnWire,
            0..=999 | 5000.. => Rule::CloseCodeOutOfRange,
            1004 | 1016..=2999 => Rule::CloseCodeUnassigned,
            _ => return None,
        };
        Some(CloseCodeBreach { rule, code })
    }

    fn sentence(self) -> String {
        let CloseCodeBreach { rule, code } = self;
        match rule {
            Rule::CloseCodeNotOnWire => {
                let name = close_code_name(code);
                format!("Close code {code} ({name}) is for reports inside a peer and never sent.")
            }
            Rule::CloseCodeOutOfRange => format!("Close code {code} is outside 1000–4999."),
            _ => format!("Close code {code} has no assigned meaning."),
        }
    }
}

/// Judges the unmasked body of a Close frame.
pub fn judge_close(body: &[u8], mut report: impl FnMut(FrameBreach)) {
    match CloseBody::parse(body) {
        CloseBody::Empty => {}
        CloseBody::OneOctet(octet) => report(FrameBreach::CloseBodyOneOctet(octet)),
        CloseBody::Code { code, reason } => {
            if let Some(breach) = CloseCodeBreach::of(code) {
                report(FrameBreach::CloseCode(breach));
            }
            if let Err(error) = std::str::from_utf8(reason) {
                let at = 2 + error.valid_up_to();
                let len = error.error_len().unwrap_or(body.len() - at);
                report(FrameBreach::CloseReasonInvalidUtf8 {
                    at: u32::try_from(at).unwrap_or(u32::MAX),
                    len: u8::try_from(len).unwrap_or(u8::MAX),
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Parsed;
    use super::*;

    fn judged(body: &[u8]) -> Vec<FrameBreach> {
        let mut found = Vec::new();
        judge_close(body, |breach| found.push(breach));
        found
    }

    #[test]
    fn close_bodies() {
        let rules = |body: &[u8]| judged(body).into_iter().map(|breach| breach.rule().id()).collect::<Vec<_>>();
        let code = |code: u16| rules(&code.to_be_bytes());
        assert_eq!(rules(b""), [""; 0]);
        assert_eq!(rules(b"\x03"), ["close.body-one-octet"]);
        for legal in [1000, 1001, 1003, 1007, 1011, 1012, 1014, 3000, 3999, 4000, 4999] {
            assert_eq!(code(legal), [""; 0]);
        }
        for reserved in [1005, 1006, 1015] {
            assert_eq!(code(reserved), ["close.code-not-on-wire"]);
        }
        for outside in [0, 999, 5000, 65_535] {
            assert_eq!(code(outside), ["close.code-out-of-range"]);
        }
        for unassigned in [1004, 1016, 2999] {
            assert_eq!(code(unassigned), ["close.code-unassigned"]);
        }
        assert_eq!(rules(b"\x03\xe8ok\xff"), ["close.reason-invalid-utf8"]);
    }

    #[test]
    fn places_and_sentences() {
        let told = |breach: FrameBreach, octets: &[u8]| {
            let Parsed::Done(header) = FrameHeader::parse(octets) else { panic!("whole header") };
            let told = breach.tell(&header, Sender::Client, false);
            assert_eq!(told.rule, breach.rule());
            (told.place, told.text)
        };
        let open = MessageId::from_number(7).unwrap();
        let opcode = Place::HeaderBits { at: 4, len: 4 };
        for (breach, sentence) in [
            (FrameBreach::ContinuationWithoutStart, "A continuation frame, and no message is open."),
            (
                FrameBreach::Interleaved { open },
                "A new binary message starts while message 7 waits for its final frame.",
            ),
            (FrameBreach::DataAfterClose, "The client sent a data frame after its Close frame."),
        ] {
            assert_eq!(told(breach, b"\x82\x80abcd"), (opcode, sentence.to_owned()));
        }
        let body = Place::PayloadOctets { at: 0, len: 3 };
        for (breach, sentence) in [
            (
                FrameBreach::PongUnsolicited,
                "No ping with this pong's 3 octets of body waits for an answer; it serves as a heartbeat at most.",
            ),
            (FrameBreach::PingUnanswered { late: true }, "The client did not answer this ping for 30 seconds."),
            (
                FrameBreach::PingUnanswered { late: false },
                "The client did not answer this ping before the connection ended.",
            ),
        ] {
            assert_eq!(told(breach, b"\x89\x03"), (body, sentence.to_owned()));
        }
        assert_eq!(FrameBreach::PingUnanswered { late: true }.culprit(Sender::Server), Sender::Client);
        for (body, at, len, sentence) in [
            (&b"\x03"[..], 0, 1, "The Close body is the single octet 03; a status code has two."),
            (b"\x03\xed", 0, 2, "Close code 1005 (No Status Rcvd) is for reports inside a peer and never sent."),
            (b"\x00\x01", 0, 2, "Close code 1 is outside 1000–4999."),
            (b"\x03\xec", 0, 2, "Close code 1004 has no assigned meaning."),
            (b"\x03\xe8ok\xff!", 4, 1, "The Close reason is not UTF-8 from octet 4 of the body on."),
            (b"\x03\xe8ok\xe2\x82", 4, 2, "The Close reason is not UTF-8 from octet 4 of the body on."),
            (
                &[&b"\x03\xe8"[..], &[b'x'; 300], b"\xff"].concat(),
                302,
                1,
                "The Close reason is not UTF-8 from octet 302 of the body on.",
            ),
        ] {
            let [breach] = judged(body)[..] else { panic!("one breach in {body:02x?}") };
            assert_eq!(told(breach, b"\x88\x02"), (Place::PayloadOctets { at, len }, sentence.to_owned()));
        }
    }
}
