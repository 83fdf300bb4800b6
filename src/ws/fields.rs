//! The field table of a frame (RFC 6455 §5.2), in wire order, once.

use super::FrameHeader;
use crate::base::{Field, FieldFamily};

/// A field of a WebSocket frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FieldId {
    /// FIN, 1 bit.
    Fin,
    /// RSV1, 1 bit.
    Rsv1,
    /// RSV2, 1 bit.
    Rsv2,
    /// RSV3, 1 bit.
    Rsv3,
    /// Opcode, 4 bits.
    Opcode,
    /// MASK, 1 bit.
    Mask,
    /// Payload length, 7 bits.
    PayloadLen,
    /// Extended payload length, 16 bits.
    ExtendedLen16,
    /// Extended payload length, 64 bits.
    ExtendedLen64,
    /// Masking-key, 32 bits.
    MaskingKey,
    /// Payload data.
    Payload,
}

/// The frame in wire order. The payload row stands last and has no fixed width.
///
/// ```text
///  FIN RSV1 RSV2 RSV3 opcode(4) MASK payload len(7) [extended 16 | 64] [masking-key 32] payload …
/// ```
pub static FIELDS: [Field<FieldId>; 11] = [
    Field {
        id: FieldId::Fin,
        key: "fin",
        label: "FIN",
        short_label: "FIN",
        bits: 1,
        family: FieldFamily::Flag,
        section: "RFC 6455 §5.2",
        explanation: "Set on the final frame of a message. A message in one frame has it set on its only frame; \
                      control frames must have it set, because they cannot be fragmented.",
    },
    Field {
        id: FieldId::Rsv1,
        key: "rsv1",
        label: "RSV1",
        short_label: "RSV1",
        bits: 1,
        family: FieldFamily::Flag,
        section: "RFC 6455 §5.2, RFC 7692 §6",
        explanation: "Reserved, and 0 unless an extension that gives it a meaning was negotiated. \
                      permessage-deflate sets it on the first frame of a compressed message.",
    },
    Field {
        id: FieldId::Rsv2,
        key: "rsv2",
        label: "RSV2",
        short_label: "RSV2",
        bits: 1,
        family: FieldFamily::Flag,
        section: "RFC 6455 §5.2",
        explanation: "Reserved, and 0 unless an extension that gives it a meaning was negotiated. \
                      No registered extension uses it: a set bit makes the receiver fail the connection.",
    },
    Field {
        id: FieldId::Rsv3,
        key: "rsv3",
        label: "RSV3",
        short_label: "RSV3",
        bits: 1,
        family: FieldFamily::Flag,
        section: "RFC 6455 §5.2",
        explanation: "Reserved, and 0 unless an extension that gives it a meaning was negotiated. \
                      No registered extension uses it: a set bit makes the receiver fail the connection.",
    },
    Field {
        id: FieldId::Opcode,
        key: "opcode",
        label: "opcode",
        short_label: "opcode",
        bits: 4,
        family: FieldFamily::Opcode,
        section: "RFC 6455 §5.2, §11.8",
        explanation: "What the payload is: 0 continues a message, 1 starts text, 2 starts binary; 8 closes, 9 pings, \
                      10 answers a ping. 3–7 and 11–15 are reserved, and a receiver fails the connection on them.",
    },
    Field {
        id: FieldId::Mask,
        key: "masked",
        label: "MASK",
        short_label: "MASK",
        bits: 1,
        family: FieldFamily::Flag,
        section: "RFC 6455 §5.1, §5.2",
        explanation: "Tells whether a masking-key follows and the payload is masked. Every frame from a client has it \
                      set; no frame from a server has.",
    },
    Field {
        id: FieldId::PayloadLen,
        key: "payload_len",
        label: "Payload len",
        short_label: "len",
        bits: 7,
        family: FieldFamily::Length,
        section: "RFC 6455 §5.2",
        explanation: "The payload's length in octets when it is 0–125. 126 says that the length follows in 16 bits, 127 \
                      that it follows in 64 bits.",
    },
    Field {
        id: FieldId::ExtendedLen16,
        key: "extended_payload_length_16",
        label: "Extended payload length",
        short_label: "ext. len",
        bits: 16,
        family: FieldFamily::Length,
        section: "RFC 6455 §5.2",
        explanation: "The payload's length in octets, 16 bits in network byte order. It must be at least 126: the \
                      shortest form has to be used.",
    },
    Field {
        id: FieldId::ExtendedLen64,
        key: "extended_payload_length_64",
        label: "Extended payload length",
        short_label: "ext. len",
        bits: 64,
        family: FieldFamily::Length,
        section: "RFC 6455 §5.2",
        explanation: "The payload's length in octets, 64 bits in network byte order. It must be at least 65536, and its \
                      most significant bit must be 0.",
    },
    Field {
        id: FieldId::MaskingKey,
        key: "masking_key",
        label: "Masking-key",
        short_label: "key",
        bits: 32,
        family: FieldFamily::MaskingKey,
        section: "RFC 6455 §5.3",
        explanation: "Four octets that the client picks anew, unpredictably, for each frame. Payload octet i is \
                      XORed with key octet i mod 4, in both directions the same.",
    },
    Field {
        id: FieldId::Payload,
        key: "payload",
        label: "Payload Data",
        short_label: "payload",
        bits: 0,
        family: FieldFamily::Payload,
        section: "RFC 6455 §5.2",
        explanation: "Extension data followed by application data; without an extension that adds its own, all of it \
                      is the application's. In a Close frame it is a 16-bit code and a reason.",
    },
];

/// The table row of `id`.
pub fn field(id: FieldId) -> &'static Field<FieldId> {
    &FIELDS[id as usize]
}

impl FieldId {
    /// The guard beside the field: whether a frame with these first two octets has it.
    pub const fn is_present(self, octet1: u8) -> bool {
        match self {
            FieldId::ExtendedLen16 => octet1 & 0x7f == 126,
            FieldId::ExtendedLen64 => octet1 & 0x7f == 127,
            FieldId::MaskingKey => octet1 & 0x80 != 0,
            _ => true,
        }
    }
}

/// A field of one header: where its bits are and what they hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderField {
    /// The field's name in the program.
    pub id: FieldId,
    /// First bit, relative to the header's first bit (0–111).
    pub at: u8,
    /// Width in bits (1–64).
    pub bits: u8,
    /// The bits as an unsigned number, most significant first.
    pub value: u64,
}

impl FrameHeader {
    /// The header's fields in wire order, without those that are absent. The payload is not among them.
    pub fn fields(&self) -> impl Iterator<Item = HeaderField> + '_ {
        let octets = self.octets();
        let [_, octet1] = self.first_two();
        let mut at = 0;
        FIELDS.iter().filter(move |field| field.bits > 0 && field.id.is_present(octet1)).map(move |field| {
            let here = at;
            at += field.bits;
            HeaderField { id: field.id, at: here, bits: field.bits, value: bits_of(&octets, here, field.bits) }
        })
    }

    /// One field of the header, if it is present.
    pub fn field(&self, id: FieldId) -> Option<HeaderField> {
        self.fields().find(|field| field.id == id)
    }
}

/// `len` (up to 64) bits of `octets` from bit `at`, most significant first; bits behind the end are 0.
pub(super) fn bits_of(octets: &[u8], at: u8, len: u8) -> u64 {
    (at..at + len).fold(0, |value, bit| {
        let octet = octets.get(usize::from(bit / 8)).copied().unwrap_or(0);
        value << 1 | u64::from(octet >> (7 - bit % 8) & 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_indexed_by_id() {
        for (index, row) in FIELDS.iter().enumerate() {
            assert_eq!(row.id as usize, index);
            assert_eq!(field(row.id), row);
            assert_eq!(row.explanation.matches(". ").count(), 1, "{}: two sentences", row.key);
        }
    }
}
