//! The rules about frame headers (RFC 6455 §5; RFC 7692 §6.1).
//!
//! A new rule is one entry of [`HEADER_RULES`] about faults of `legal.rs`, and one row in the rule table.

use super::legal::{Faults, Negotiated, least_len};
use super::{FieldId, FrameBreach, FrameHeader, MAX_CONTROL_PAYLOAD};
use crate::base::{Breach, Fact, Place, Rule, Sender};

/// A rule about headers: where it stands in the list of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderRule(u8);

/// A rule about headers. That a header breaks it may depend on what came before; where it does and the values to tell do
/// not, so that they can be worked out again whenever they are shown.
struct Row {
    rule: Rule,
    /// The faults that break it. `deflate` as in [`Negotiated`].
    faults: fn(deflate: bool) -> Faults,
    /// The field concerned and the values of a header that breaks the rule. `deflate` as in [`Negotiated`].
    tell: fn(header: &FrameHeader, deflate: bool) -> (FieldId, Fact),
}

static HEADER_RULES: [Row; 12] = [
    Row {
        rule: Rule::FrameRsvWithoutExtension,
        faults: |deflate| match deflate {
            true => Faults::RSV2_OR_3,
            false => Faults::RSV1.and(Faults::RSV2_OR_3),
        },
        tell: |header, deflate| {
            let bit = |field| match field {
                FieldId::Rsv1 => 4,
                FieldId::Rsv2 => 2,
                _ => 1,
            };
            let bits = meaningless_rsv(header, deflate).map(bit).sum();
            let first = meaningless_rsv(header, deflate).next().unwrap_or(FieldId::Rsv1);
            (first, Fact::RsvWithoutExtension { bits })
        },
    },
    Row {
        rule: Rule::DeflateRsv1OnControl,
        faults: |deflate| if deflate { Faults::RSV1_ON_CONTROL } else { Faults::NONE },
        tell: |header, _| (FieldId::Rsv1, Fact::Rsv1OnControl { opcode: header.opcode().value() }),
    },
    Row {
        rule: Rule::DeflateRsv1OnContinuation,
        faults: |deflate| if deflate { Faults::RSV1_ON_CONTINUATION } else { Faults::NONE },
        tell: |_, _| (FieldId::Rsv1, Fact::Rsv1OnContinuation),
    },
    Row {
        rule: Rule::FrameOpcodeReserved,
        faults: |_| Faults::OPCODE_RESERVED,
        tell: |header, _| {
            let opcode = header.opcode();
            (FieldId::Opcode, Fact::OpcodeReserved { opcode: opcode.value(), control: opcode.is_control() })
        },
    },
    Row {
        rule: Rule::FrameClientUnmasked,
        faults: |_| Faults::CLIENT_UNMASKED,
        tell: |_, _| (FieldId::Mask, Fact::ClientUnmasked),
    },
    Row {
        rule: Rule::FrameServerMasked,
        faults: |_| Faults::SERVER_MASKED,
        tell: |_, _| (FieldId::Mask, Fact::ServerMasked),
    },
    Row {
        rule: Rule::FrameLengthNotMinimal,
        faults: |_| Faults::LENGTH_NOT_MINIMAL,
        tell: |header, _| {
            let (length, field) = (header.payload_len(), length_field(header));
            let bits = if field == FieldId::ExtendedLen16 { 16 } else { 64 };
            let least = least_len(header.first_two()[1]);
            let enough = if length < 126 { 7 } else { 16 };
            (field, Fact::LengthNotMinimal { length, bits, least, enough })
        },
    },
    Row {
        rule: Rule::FrameLengthMsbSet,
        faults: |_| Faults::LENGTH_MSB_SET,
        tell: |header, _| (FieldId::ExtendedLen64, Fact::LengthMsbSet { length: header.payload_len() }),
    },
    Row {
        rule: Rule::FrameControlFragmented,
        faults: |_| Faults::CONTROL_FRAGMENTED,
        tell: |header, _| (FieldId::Fin, Fact::ControlFragmented { opcode: header.opcode().value() }),
    },
    Row {
        rule: Rule::FrameControlTooLong,
        faults: |_| Faults::CONTROL_TOO_LONG,
        tell: |header, _| {
            let (opcode, length) = (header.opcode().value(), header.payload_len());
            (length_field(header), Fact::ControlTooLong { opcode, length, most: MAX_CONTROL_PAYLOAD as u64 })
        },
    },
    Row {
        rule: Rule::FrameMaskingKeyZero,
        faults: |_| Faults::MASKING_KEY_ZERO,
        tell: |_, _| (FieldId::MaskingKey, Fact::MaskingKeyZero),
    },
    Row {
        rule: Rule::FrameMaskingKeyReused,
        faults: |_| Faults::MASKING_KEY_REUSED,
        tell: |header, _| {
            let key = header.masking_key().unwrap_or_default();
            (FieldId::MaskingKey, Fact::MaskingKeyReused { key })
        },
    },
];

/// The reserved bits that are set and mean nothing where no extension but permessage-deflate, if that, is in force.
fn meaningless_rsv(header: &FrameHeader, deflate: bool) -> impl Iterator<Item = FieldId> {
    let bits = [FieldId::Rsv1, FieldId::Rsv2, FieldId::Rsv3].into_iter().zip(header.rsv());
    bits.filter(move |(id, set)| *set && !(deflate && *id == FieldId::Rsv1)).map(|(id, _)| id)
}

/// The field that holds the payload's length.
fn length_field(header: &FrameHeader) -> FieldId {
    match header.first_two()[1] & 0x7f {
        126 => FieldId::ExtendedLen16,
        127 => FieldId::ExtendedLen64,
        _ => FieldId::PayloadLen,
    }
}

/// Judges one header. `previous_key` is the masking-key of the sender's previous frame, if that was masked.
#[inline(always)]
pub fn judge_header(
    header: &FrameHeader,
    sender: Sender,
    negotiated: Negotiated,
    previous_key: Option<[u8; 4]>,
    mut report: impl FnMut(FrameBreach),
) {
    if !header.is_unremarkable(sender, negotiated, previous_key) {
        // A copy, so that nobody but the rules needs the header in memory.
        judge_closely(&header.copied(), sender, negotiated, previous_key, &mut report);
    }
}

#[cold]
fn judge_closely(
    header: &FrameHeader,
    sender: Sender,
    negotiated: Negotiated,
    previous_key: Option<[u8; 4]>,
    report: &mut dyn FnMut(FrameBreach),
) {
    let faults = Faults::of(header, sender, negotiated, previous_key);
    for (row, number) in HEADER_RULES.iter().zip(0..) {
        if faults.has((row.faults)(negotiated.deflate)) {
            report(FrameBreach::Header(HeaderRule(number)));
        }
    }
}

impl HeaderRule {
    fn row(self) -> &'static Row {
        &HEADER_RULES[usize::from(self.0)]
    }

    /// The rule's id and severity.
    pub fn rule(self) -> Rule {
        self.row().rule
    }

    /// The place where `header` breaks it, with the values. `deflate` says that permessage-deflate was negotiated.
    pub fn tell(self, header: &FrameHeader, deflate: bool) -> Breach {
        let (field, fact) = (self.row().tell)(header, deflate);
        Breach { place: header.place(field), fact }
    }
}

impl FrameHeader {
    /// Returns the place of a header field's bits, for a finding.
    pub(super) fn place(&self, field: FieldId) -> Place {
        self.field(field).map_or(Place::Connection, |field| Place::HeaderBits { at: field.at, len: field.bits })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Parsed;
    use super::*;

    const DEFLATE: Negotiated = Negotiated { deflate: true, other: false };
    const NONE: Negotiated = Negotiated { deflate: false, other: false };

    fn judged(octets: &[u8], sender: Sender, negotiated: Negotiated, previous: Option<[u8; 4]>) -> Vec<Breach> {
        let Parsed::Done(header) = FrameHeader::parse(octets) else { panic!("whole header") };
        let mut found = Vec::new();
        judge_header(&header, sender, negotiated, previous, |breach| {
            let told = breach.tell(&header, sender, negotiated.deflate);
            assert_eq!(told.rule(), breach.rule());
            assert!(matches!(told.place, Place::HeaderBits { .. }), "{told:?}");
            found.push(told);
        });
        found
    }

    fn rules(octets: &[u8], sender: Sender, negotiated: Negotiated, previous: Option<[u8; 4]>) -> Vec<&'static str> {
        judged(octets, sender, negotiated, previous).iter().map(|breach| breach.rule().id()).collect()
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

    /// The first bit and the width of what breaks each rule, and the values.
    #[test]
    fn places_and_values() {
        use Sender::{Client, Server};
        let mut rules = Vec::new();
        let mut told = |octets: &[u8], sender, negotiated, (at, len), fact| {
            let [breach] = &judged(octets, sender, negotiated, Some(*b"\x01bcd"))[..] else {
                panic!("one breach in {octets:02x?}")
            };
            assert_eq!(breach, &Breach { place: Place::HeaderBits { at, len }, fact });
            rules.push(breach.rule());
        };
        told(b"\xc1\x00", Server, NONE, (1, 1), Fact::RsvWithoutExtension { bits: 4 });
        told(b"\xf1\x00", Server, NONE, (1, 1), Fact::RsvWithoutExtension { bits: 7 });
        told(b"\xd1\x00", Server, DEFLATE, (3, 1), Fact::RsvWithoutExtension { bits: 1 });
        told(b"\xc9\x00", Server, DEFLATE, (1, 1), Fact::Rsv1OnControl { opcode: 9 });
        told(b"\xc0\x00", Server, DEFLATE, (1, 1), Fact::Rsv1OnContinuation);
        told(b"\x83\x00", Server, NONE, (4, 4), Fact::OpcodeReserved { opcode: 3, control: false });
        told(b"\x8b\x00", Server, NONE, (4, 4), Fact::OpcodeReserved { opcode: 11, control: true });
        told(b"\x81\x00", Client, NONE, (8, 1), Fact::ClientUnmasked);
        told(b"\x81\x80abcd", Server, NONE, (8, 1), Fact::ServerMasked);
        let too_wide = |length, bits, least, enough| Fact::LengthNotMinimal { length, bits, least, enough };
        told(b"\x82\x7e\x00\x7d", Server, NONE, (16, 16), too_wide(125, 16, 126, 7));
        told(b"\x82\x7f\x00\x00\x00\x00\x00\x00\x00\x7d", Server, NONE, (16, 64), too_wide(125, 64, 65_536, 7));
        told(b"\x82\x7f\x00\x00\x00\x00\x00\x00\xff\xff", Server, NONE, (16, 64), too_wide(65_535, 64, 65_536, 16));
        let length = (1 << 63) + 1;
        told(b"\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x01", Server, NONE, (16, 64), Fact::LengthMsbSet { length });
        told(b"\x09\x00", Server, NONE, (0, 1), Fact::ControlFragmented { opcode: 9 });
        let too_long = Fact::ControlTooLong { opcode: 10, length: 126, most: 125 };
        told(b"\x8a\x7e\x00\x7e", Server, NONE, (16, 16), too_long);
        told(b"\x81\x80\0\0\0\0", Client, NONE, (16, 32), Fact::MaskingKeyZero);
        let reused = Fact::MaskingKeyReused { key: *b"\x01bcd" };
        told(b"\x81\xfe\x00\x7e\x01bcd", Client, NONE, (32, 32), reused);
        rules.dedup();
        assert_eq!(rules, HEADER_RULES.iter().map(|row| row.rule).collect::<Vec<_>>(), "each rule in its turn");
    }
}
