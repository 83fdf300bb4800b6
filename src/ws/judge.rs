//! The rules about frame headers and Close bodies (RFC 6455 §5, §7.4; RFC 7692 §6.1), one function each.
//!
//! A new rule is one function here, one line in [`HEADER_RULES`] and one row in the rule table.

use super::{CloseBody, FieldId, FrameHeader, MAX_CONTROL_PAYLOAD, Opcode, close_code_name};
use crate::base::{Breach, Place, Rule, Sender};

/// What the opening handshake agreed on, as far as it matters for a frame's header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Negotiated {
    /// permessage-deflate: RSV1 means "compressed".
    pub deflate: bool,
    /// Some other extension, which may give any reserved bit or opcode a meaning.
    pub other: bool,
}

/// What a header is judged by.
struct Case<'a> {
    header: &'a FrameHeader,
    sender: Sender,
    negotiated: Negotiated,
    previous_key: Option<[u8; 4]>,
}

/// A rule: what it has against the case, as the field concerned and a sentence.
type HeaderRule = fn(&Case<'_>) -> Option<(FieldId, String)>;

const HEADER_RULES: [(Rule, HeaderRule); 11] = [
    (Rule::FrameRsvWithoutExtension, rsv_without_extension),
    (Rule::DeflateRsv1OnControl, rsv1_on_control),
    (Rule::DeflateRsv1OnContinuation, rsv1_on_continuation),
    (Rule::FrameOpcodeReserved, opcode_reserved),
    (Rule::FrameClientUnmasked, client_unmasked),
    (Rule::FrameServerMasked, server_masked),
    (Rule::FrameLengthNotMinimal, length_not_minimal),
    (Rule::FrameLengthMsbSet, length_msb_set),
    (Rule::FrameControlFragmented, control_fragmented),
    (Rule::FrameControlTooLong, control_too_long),
    (Rule::FrameMaskingKeyZero, masking_key_zero),
];

/// Judges one header. `previous_key` is the masking-key of the sender's previous frame, if that was masked.
pub fn judge_header(
    header: &FrameHeader,
    sender: Sender,
    negotiated: Negotiated,
    previous_key: Option<[u8; 4]>,
    mut report: impl FnMut(Breach),
) {
    if header.is_unremarkable(sender, previous_key) {
        return;
    }
    let case = Case { header, sender, negotiated, previous_key };
    let reused = (Rule::FrameMaskingKeyReused, masking_key_reused as HeaderRule);
    for (rule, judge) in HEADER_RULES.into_iter().chain([reused]) {
        if let Some((field, text)) = judge(&case) {
            report(Breach { rule, place: header.place(field), text });
        }
    }
}

impl FrameHeader {
    /// Where a header field's bits are, for a finding.
    pub fn place(&self, field: FieldId) -> Place {
        self.field(field).map_or(Place::Connection, |field| Place::HeaderBits { at: field.at, len: field.bits })
    }

    /// A quick look that nearly every frame of a healthy capture passes: no reserved bit or opcode, the right mask
    /// bit, a minimal length, no fragmented control frame, a fresh key. What does not pass is looked at closely.
    fn is_unremarkable(&self, sender: Sender, previous_key: Option<[u8; 4]>) -> bool {
        let [octet0, octet1, ..] = *self.octets() else { return false };
        octet0 & 0x70 == 0
            && match octet1 & 0x7f {
                0..126 => true,
                126 => octet0 & 0x08 == 0 && self.payload_len() >= 126,
                _ => octet0 & 0x08 == 0 && (1 << 16..1 << 63).contains(&self.payload_len()),
            }
            && match octet0 & 0x0f {
                0..=2 => true,
                8..=10 => octet0 & 0x80 != 0,
                _ => false,
            }
            && match (sender, self.masking_key()) {
                (Sender::Client, Some(key)) => key != [0; 4] && Some(key) != previous_key,
                (Sender::Server, None) => true,
                _ => false,
            }
    }
}

fn rsv_without_extension(case: &Case<'_>) -> Option<(FieldId, String)> {
    if case.negotiated.other {
        return None;
    }
    let bits = [FieldId::Rsv1, FieldId::Rsv2, FieldId::Rsv3].into_iter().zip(case.header.rsv());
    let mut set = bits.filter(|(id, set)| *set && !(case.negotiated.deflate && *id == FieldId::Rsv1)).map(|(id, _)| id);
    let first = set.next()?;
    let names: Vec<&str> = std::iter::once(first).chain(set).map(|id| super::field(id).label).collect();
    let is = if names.len() == 1 { "is" } else { "are" };
    Some((first, format!("{} {is} set, and no negotiated extension gives it a meaning.", names.join(" and "))))
}

fn rsv1_on_control(case: &Case<'_>) -> Option<(FieldId, String)> {
    (case.negotiated.deflate && case.header.rsv()[0] && case.header.opcode().is_control()).then(|| {
        (
            FieldId::Rsv1,
            format!(
                "RSV1 marks a {} frame as compressed, and control frames are never compressed.",
                case.header.opcode()
            ),
        )
    })
}

fn rsv1_on_continuation(case: &Case<'_>) -> Option<(FieldId, String)> {
    (case.negotiated.deflate && case.header.rsv()[0] && case.header.opcode() == Opcode::CONTINUATION).then(|| {
        (
            FieldId::Rsv1,
            "RSV1 is set on a continuation frame; only a message's first frame tells of compression.".into(),
        )
    })
}

fn opcode_reserved(case: &Case<'_>) -> Option<(FieldId, String)> {
    let opcode = case.header.opcode();
    let kind = if opcode.is_control() { "control" } else { "data" };
    (opcode.is_reserved() && !case.negotiated.other).then(|| {
        (
            FieldId::Opcode,
            format!("Opcode 0x{:X} is reserved for {kind} frames that nobody has defined.", opcode.value()),
        )
    })
}

fn client_unmasked(case: &Case<'_>) -> Option<(FieldId, String)> {
    (case.sender == Sender::Client && !case.header.masked())
        .then(|| (FieldId::Mask, "The client sent a frame without masking it.".into()))
}

fn server_masked(case: &Case<'_>) -> Option<(FieldId, String)> {
    (case.sender == Sender::Server && case.header.masked())
        .then(|| (FieldId::Mask, "The server sent a masked frame.".into()))
}

fn length_not_minimal(case: &Case<'_>) -> Option<(FieldId, String)> {
    let len = case.header.payload_len();
    let (field, bits, least, enough) = match case.header.octets()[1] & 0x7f {
        126 if len < 126 => (FieldId::ExtendedLen16, 16, 126, "7 bits"),
        127 if len < 126 => (FieldId::ExtendedLen64, 64, 65_536, "7 bits"),
        127 if len < 65_536 => (FieldId::ExtendedLen64, 64, 65_536, "16 bits"),
        _ => return None,
    };
    Some((field, format!("A length of {len} takes {bits} bits, which are for {least} and more; {enough} are enough.")))
}

fn length_msb_set(case: &Case<'_>) -> Option<(FieldId, String)> {
    let len = case.header.payload_len();
    (len >> 63 != 0).then(|| (FieldId::ExtendedLen64, format!("The most significant bit of the length {len} is set.")))
}

fn control_fragmented(case: &Case<'_>) -> Option<(FieldId, String)> {
    (case.header.opcode().is_control() && !case.header.fin()).then(|| {
        (FieldId::Fin, format!("A {} frame has FIN 0, and control frames cannot be fragmented.", case.header.opcode()))
    })
}

fn control_too_long(case: &Case<'_>) -> Option<(FieldId, String)> {
    let len = case.header.payload_len();
    let field = match case.header.octets()[1] & 0x7f {
        126 => FieldId::ExtendedLen16,
        127 => FieldId::ExtendedLen64,
        _ => FieldId::PayloadLen,
    };
    (case.header.opcode().is_control() && len > MAX_CONTROL_PAYLOAD as u64).then(|| {
        (
            field,
            format!("A {} frame has {len} payload octets; {MAX_CONTROL_PAYLOAD} is the most.", case.header.opcode()),
        )
    })
}

fn masking_key_zero(case: &Case<'_>) -> Option<(FieldId, String)> {
    (case.header.masking_key() == Some([0; 4]))
        .then(|| (FieldId::MaskingKey, "The masking-key is 00000000, which masks nothing.".into()))
}

fn masking_key_reused(case: &Case<'_>) -> Option<(FieldId, String)> {
    let key = case.header.masking_key().filter(|key| Some(*key) == case.previous_key && *key != [0; 4])?;
    let hex = u32::from_be_bytes(key);
    Some((
        FieldId::MaskingKey,
        format!("The masking-key {hex:08x} is the previous frame's; each frame needs a new one."),
    ))
}

/// Judges the unmasked body of a Close frame.
pub fn judge_close(body: &[u8], mut report: impl FnMut(Breach)) {
    let octets = |at, len| Place::PayloadOctets { at, len };
    match CloseBody::parse(body) {
        CloseBody::Empty => {}
        CloseBody::OneOctet(octet) => report(Breach {
            rule: Rule::CloseBodyOneOctet,
            place: octets(0, 1),
            text: format!("The Close body is the single octet {octet:02x}; a status code has two."),
        }),
        CloseBody::Code { code, reason } => {
            let name = close_code_name(code);
            let (rule, text) = match code {
                1005 | 1006 | 1015 => (
                    Some(Rule::CloseCodeNotOnWire),
                    format!("Close code {code} ({name}) is for reports inside a peer and never sent."),
                ),
                0..=999 | 5000.. => {
                    (Some(Rule::CloseCodeOutOfRange), format!("Close code {code} is outside 1000–4999."))
                }
                1004 | 1016..=2999 => {
                    (Some(Rule::CloseCodeUnassigned), format!("Close code {code} has no assigned meaning."))
                }
                _ => (None, String::new()),
            };
            if let Some(rule) = rule {
                report(Breach { rule, place: octets(0, 2), text });
            }
            if let Err(error) = std::str::from_utf8(reason) {
                let at = 2 + error.valid_up_to() as u64;
                report(Breach {
                    rule: Rule::CloseReasonInvalidUtf8,
                    place: octets(at, error.error_len().map_or(body.len() as u64 - at, |len| len as u64)),
                    text: format!("The Close reason is not UTF-8 from octet {at} of the body on."),
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Parsed;
    use super::*;

    const DEFLATE: Negotiated = Negotiated { deflate: true, other: false };
    const NONE: Negotiated = Negotiated { deflate: false, other: false };

    fn rules(octets: &[u8], sender: Sender, negotiated: Negotiated, previous: Option<[u8; 4]>) -> Vec<&'static str> {
        let Parsed::Done(header) = FrameHeader::parse(octets) else { panic!("whole header") };
        let mut found = Vec::new();
        judge_header(&header, sender, negotiated, previous, |breach| {
            assert!(matches!(breach.place, Place::HeaderBits { .. }), "{breach:?}");
            found.push(breach.rule.id());
        });
        found
    }

    /// Each rule with a header that breaks it and one that keeps it.
    #[test]
    fn breaching_and_keeping() {
        use Sender::{Client, Server};
        let cases: [(&[u8], Sender, Negotiated, &[&str]); 22] = [
            (b"\xc1\x00", Server, NONE, &["frame.rsv-without-extension"]),
            (b"\xc1\x00", Server, DEFLATE, &[]),
            (b"\xe1\x00", Server, DEFLATE, &["frame.rsv-without-extension"]),
            (b"\xe1\x00", Server, Negotiated { deflate: false, other: true }, &[]),
            (b"\xc9\x00", Server, DEFLATE, &["deflate.rsv1-on-control"]),
            (b"\xc0\x00", Server, DEFLATE, &["deflate.rsv1-on-continuation"]),
            (b"\x83\x00", Server, NONE, &["frame.opcode-reserved"]),
            (b"\x8b\x00", Server, NONE, &["frame.opcode-reserved"]),
            (b"\x8a\x00", Server, NONE, &[]),
            (b"\x81\x00", Client, NONE, &["frame.client-unmasked"]),
            (b"\x81\x80abcd", Client, NONE, &[]),
            (b"\x81\x80abcd", Server, NONE, &["frame.server-masked"]),
            (b"\x81\x80abcd", Sender::Unknown, NONE, &[]),
            (b"\x82\x7e\x00\x7d", Server, NONE, &["frame.length-not-minimal"]),
            (b"\x82\x7e\x00\x7e", Server, NONE, &[]),
            (b"\x82\x7f\x00\x00\x00\x00\x00\x00\xff\xff", Server, NONE, &["frame.length-not-minimal"]),
            (b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00", Server, NONE, &[]),
            (b"\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00", Server, NONE, &["frame.length-msb-set"]),
            (b"\x09\x00", Server, NONE, &["frame.control-fragmented"]),
            (b"\x89\x7e\x00\x7e", Server, NONE, &["frame.control-too-long"]),
            (b"\x89\x7d", Server, NONE, &[]),
            (b"\x81\x80\x00\x00\x00\x00", Client, NONE, &["frame.masking-key-zero"]),
        ];
        for (octets, sender, negotiated, expected) in cases {
            assert_eq!(rules(octets, sender, negotiated, None), expected, "{octets:02x?} {sender}");
        }
        assert_eq!(rules(b"\x81\x80abcd", Client, NONE, Some(*b"abcd")), ["frame.masking-key-reused"]);
        assert_eq!(rules(b"\x81\x80abcd", Client, NONE, Some(*b"abce")), [""; 0]);
    }

    #[test]
    fn close_bodies() {
        let rules = |body: &[u8]| {
            let mut found = Vec::new();
            judge_close(body, |breach| found.push(breach.rule.id()));
            found
        };
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
}
