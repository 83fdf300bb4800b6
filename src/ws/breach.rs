//! Rules that frames break, in a few octets: a peer may break rules in every one of millions of frames.

use super::{CloseBody, FieldId, FrameHeader, HeaderRule};
use crate::base::{Breach, Fact, MessageId, Place, Rule, Sender};

/// Seconds after which a ping counts as unanswered.
pub const PING_PATIENCE_SECONDS: u64 = 30;

/// A rule that a frame breaks. Its place and its values are worked out from the frame's header whenever they are
/// shown; only what the header does not tell is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameBreach {
    /// The header alone tells all.
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
        /// The number of octets that do not, up to three.
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
    /// The one that breaks the rule with a frame of `sender`: the peer, where it is silent.
    pub fn culprit(self, sender: Sender) -> Sender {
        if matches!(self, FrameBreach::PingUnanswered { .. }) { sender.peer() } else { sender }
    }

    /// The rule's id and severity.
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

    /// The place and the values, given the header of the frame and who breaks the rule. `deflate` says that
    /// permessage-deflate was negotiated.
    pub fn tell(self, header: &FrameHeader, sender: Sender, deflate: bool) -> Breach {
        let opcode = header.place(FieldId::Opcode);
        let body = |at: u32, len: u8| Place::PayloadOctets { at: at.into(), len: len.into() };
        let whole_body = Place::PayloadOctets { at: 0, len: header.payload_len() };
        let (place, fact) = match self {
            FrameBreach::Header(rule) => return rule.tell(header, deflate),
            FrameBreach::ContinuationWithoutStart => (opcode, Fact::ContinuationWithoutStart),
            FrameBreach::Interleaved { open } => (opcode, Fact::Interleaved { opcode: header.opcode().value(), open }),
            FrameBreach::DataAfterClose => (opcode, Fact::DataAfterClose { sender }),
            FrameBreach::CloseBodyOneOctet(octet) => (body(0, 1), Fact::CloseBodyOneOctet { octet: [octet] }),
            FrameBreach::CloseCode(breach) => (body(0, 2), breach.fact()),
            FrameBreach::CloseReasonInvalidUtf8 { at, len } => (body(at, len), Fact::CloseReasonNotUtf8 { at }),
            FrameBreach::PongUnsolicited => (whole_body, Fact::PongUnsolicited { octets: header.payload_len() }),
            FrameBreach::PingUnanswered { late: true } => {
                (whole_body, Fact::PingUnansweredFor { sender, seconds: PING_PATIENCE_SECONDS })
            }
            FrameBreach::PingUnanswered { late: false } => (whole_body, Fact::PingUnanswered { sender }),
        };
        Breach { place, fact }
    }
}

/// A status code that no Close frame should have (RFC 6455 §7.4), and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseCodeBreach {
    rule: Rule,
    code: u16,
}

impl CloseCodeBreach {
    /// The rule that a code breaks, if it breaks one.
    fn of(code: u16) -> Option<CloseCodeBreach> {
        let rule = match code {
            1005 | 1006 | 1015 => Rule::CloseCodeNotOnWire,
            0..=999 | 5000.. => Rule::CloseCodeOutOfRange,
            1004 | 1016..=2999 => Rule::CloseCodeUnassigned,
            _ => return None,
        };
        Some(CloseCodeBreach { rule, code })
    }

    fn fact(self) -> Fact {
        let CloseCodeBreach { rule, code } = self;
        match rule {
            Rule::CloseCodeNotOnWire => Fact::CloseCodeNotOnWire { code },
            Rule::CloseCodeOutOfRange => Fact::CloseCodeOutOfRange { code },
            _ => Fact::CloseCodeUnassigned { code },
        }
    }
}

/// Judges the body of a Close frame, as far as it is known.
pub fn judge_close(body: &CloseBody<'_>, mut report: impl FnMut(FrameBreach)) {
    match *body {
        CloseBody::Empty => {}
        CloseBody::OneOctet(octet) => report(FrameBreach::CloseBodyOneOctet(octet)),
        CloseBody::Code { code, reason, is_whole } => {
            if let Some(breach) = CloseCodeBreach::of(code) {
                report(FrameBreach::CloseCode(breach));
            }
            if let Err(error) = std::str::from_utf8(reason)
                && (is_whole || error.error_len().is_some())
            {
                let at = 2 + error.valid_up_to();
                let len = error.error_len().unwrap_or(reason.len() - error.valid_up_to());
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
        let body = CloseBody::parse(body, body.len() as u64).expect("all of it");
        judge_close(&body, |breach| found.push(breach));
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
        assert_eq!(rules(b"\x03\xe8ok\xe2\x82"), ["close.reason-invalid-utf8"]);
        // The rest of a character may be among what is not known.
        let start = CloseBody::parse(b"\x03\xe8ok\xe2\x82", 200).expect("a code");
        judge_close(&start, |breach| panic!("{breach:?}"));
    }

    #[test]
    fn places_and_values() {
        let told = |breach: FrameBreach, octets: &[u8]| {
            let Parsed::Done(header) = FrameHeader::parse(octets) else { panic!("whole header") };
            let told = breach.tell(&header, Sender::Client, false);
            assert_eq!(told.rule(), breach.rule());
            (told.place, told.fact)
        };
        let open = MessageId::from_number(7).unwrap();
        let opcode = Place::HeaderBits { at: 4, len: 4 };
        for (breach, fact) in [
            (FrameBreach::ContinuationWithoutStart, Fact::ContinuationWithoutStart),
            (FrameBreach::Interleaved { open }, Fact::Interleaved { opcode: 2, open }),
            (FrameBreach::DataAfterClose, Fact::DataAfterClose { sender: Sender::Client }),
        ] {
            assert_eq!(told(breach, b"\x82\x80abcd"), (opcode, fact));
        }
        let body = Place::PayloadOctets { at: 0, len: 3 };
        let sender = Sender::Client;
        for (breach, fact) in [
            (FrameBreach::PongUnsolicited, Fact::PongUnsolicited { octets: 3 }),
            (FrameBreach::PingUnanswered { late: true }, Fact::PingUnansweredFor { sender, seconds: 30 }),
            (FrameBreach::PingUnanswered { late: false }, Fact::PingUnanswered { sender }),
        ] {
            assert_eq!(told(breach, b"\x89\x03"), (body, fact));
        }
        assert_eq!(FrameBreach::PingUnanswered { late: true }.culprit(Sender::Server), Sender::Client);
        for (body, at, len, fact) in [
            (&b"\x03"[..], 0, 1, Fact::CloseBodyOneOctet { octet: [3] }),
            (b"\x03\xed", 0, 2, Fact::CloseCodeNotOnWire { code: 1005 }),
            (b"\x00\x01", 0, 2, Fact::CloseCodeOutOfRange { code: 1 }),
            (b"\x03\xec", 0, 2, Fact::CloseCodeUnassigned { code: 1004 }),
            (b"\x03\xe8ok\xff!", 4, 1, Fact::CloseReasonNotUtf8 { at: 4 }),
            (b"\x03\xe8ok\xe2\x82", 4, 2, Fact::CloseReasonNotUtf8 { at: 4 }),
            (&[&b"\x03\xe8"[..], &[b'x'; 300], b"\xff"].concat(), 302, 1, Fact::CloseReasonNotUtf8 { at: 302 }),
        ] {
            let [breach] = judged(body)[..] else { panic!("one breach in {body:02x?}") };
            assert_eq!(told(breach, b"\x88\x02"), (Place::PayloadOctets { at, len }, fact));
        }
    }
}
