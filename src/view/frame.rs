//! One frame with the octets that are needed to show it.

use std::io;
use std::ops::Range;

use crate::base::{ConnectionId, Finding, FrameId, MessageId, PacketId, Place, Sender, Severity, Timestamp};
use crate::dissect::{MessageReader, Octets, Snapshot};
use crate::ws::{FieldId, FrameHeader, Opcode, Parsed, masking_octet};

/// Segments of a frame that are marked; a frame of a gigabyte has a million.
const MAX_SEGMENT_MARKS: usize = 4096;

/// The start of a TCP segment inside a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentMark {
    /// Octet of the frame (0 is the first of its header).
    pub at: u64,
    /// The packet that brought the segment.
    pub packet: PacketId,
}

/// A frame, ready to be shown.
#[derive(Clone, Debug)]
pub struct FrameView {
    /// Its id; `None` for pasted octets.
    pub id: Option<FrameId>,
    /// Its connection.
    pub connection: Option<ConnectionId>,
    /// The message it belongs to.
    pub message: Option<MessageId>,
    /// The sender.
    pub sender: Sender,
    /// When its first octet was captured.
    pub time: Option<Timestamp>,
    /// Offset of its first octet in the sender's TCP stream.
    pub at_in_stream: u64,
    /// Its header.
    pub header: FrameHeader,
    /// The kind of the payload: for a continuation, the opcode of its message's first frame, if that is known.
    pub data_opcode: Opcode,
    /// The payload's first octets as they were sent (still masked).
    pub payload: Octets,
    /// The number of payload octets that the capture holds.
    pub captured_len: u64,
    /// The TCP segments it came in, in order; the first mark is at 0.
    pub segments: Vec<SegmentMark>,
    /// True where it belongs to a message that permessage-deflate compressed.
    pub compressed: bool,
    /// True where a negotiated extension gives RSV1 its meaning.
    pub deflate: bool,
    /// The findings about it.
    pub findings: Vec<Finding>,
}

impl FrameView {
    /// A frame of a capture with the first `max_payload` octets of its payload; `None` when there is no such frame.
    ///
    /// # Errors
    /// When the capture file cannot be read.
    pub fn load(snapshot: &Snapshot, id: FrameId, max_payload: u64) -> io::Result<Option<FrameView>> {
        let Some(frame) = snapshot.frame(id) else { return Ok(None) };
        let segments = snapshot.segments(frame, MAX_SEGMENT_MARKS);
        Ok(Some(FrameView {
            id: Some(id),
            connection: Some(frame.connection),
            message: frame.message(),
            sender: frame.sender(),
            time: Some(frame.time),
            at_in_stream: frame.at,
            header: frame.header,
            data_opcode: snapshot.data_opcode(frame),
            payload: MessageReader::default().sent_octets(snapshot, frame, 0..max_payload)?,
            captured_len: snapshot.captured_len(frame),
            segments: segments.iter().map(|segment| SegmentMark { at: segment.at, packet: segment.packet }).collect(),
            compressed: frame.is_compressed(),
            deflate: frame.has_deflate(),
            findings: snapshot.findings_of_frame(id),
        }))
    }

    /// Takes one frame off the front of pasted octets: the frame and how many octets it took. `None` when the octets
    /// do not even hold a whole header.
    pub fn from_octets(octets: &[u8]) -> Option<(FrameView, usize)> {
        let Parsed::Done(header) = FrameHeader::parse(octets) else { return None };
        let rest = &octets[usize::from(header.header_len())..];
        let total = header.payload_len();
        let held = usize::try_from(total).map_or(rest.len(), |total| total.min(rest.len()));
        let view = FrameView {
            id: None,
            connection: None,
            message: None,
            sender: Sender::Unknown,
            time: None,
            at_in_stream: 0,
            header,
            data_opcode: header.opcode(),
            payload: Octets { from: 0, octets: rest[..held].to_vec(), missing: Vec::new(), total },
            captured_len: held as u64,
            segments: Vec::new(),
            compressed: false,
            deflate: false,
            findings: Vec::new(),
        };
        Some((view, usize::from(header.header_len()) + held))
    }

    /// Header and payload length as declared, in octets; saturates for a payload near 2^64.
    pub fn len(&self) -> u64 {
        self.header.payload_len().saturating_add(u64::from(self.header.header_len()))
    }

    /// Never: a frame has at least two octets.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The field that octet `at` of the frame belongs to. Of the first octet it is the opcode, of the second the
    /// payload length: those hold most of its bits.
    pub fn field_at(&self, at: u64) -> FieldId {
        if at >= u64::from(self.header.header_len()) {
            return FieldId::Payload;
        }
        match at {
            0 => FieldId::Opcode,
            1 => FieldId::PayloadLen,
            _ => {
                let bit = at * 8;
                let holds = |field: &crate::ws::HeaderField| {
                    u64::from(field.at) <= bit && bit < u64::from(field.at) + u64::from(field.bits)
                };
                self.header.fields().find(holds).map_or(FieldId::Payload, |field| field.id)
            }
        }
    }

    /// The octets of the frame that `field` touches; empty when it is absent.
    pub fn octets_of(&self, field: FieldId) -> Range<u64> {
        if field == FieldId::Payload {
            return u64::from(self.header.header_len())..self.len();
        }
        self.header
            .field(field)
            .map_or(0..0, |field| u64::from(field.at / 8)..(u64::from(field.at) + u64::from(field.bits)).div_ceil(8))
    }

    /// Payload octet `i` as it was sent.
    pub fn wire_octet(&self, i: u64) -> Option<u8> {
        self.payload.get(i)
    }

    /// The key octet that payload octet `i` is masked with.
    pub fn key_octet(&self, i: u64) -> Option<u8> {
        self.header.masking_key().map(|key| masking_octet(key, i))
    }

    /// Payload octet `i`, unmasked.
    pub fn plain_octet(&self, i: u64) -> Option<u8> {
        self.wire_octet(i).map(|octet| octet ^ self.key_octet(i).unwrap_or(0))
    }

    /// The payload octets that were read, unmasked.
    pub fn plain(&self) -> Octets {
        self.payload.clone().unmasked(self.header.masking_key())
    }

    /// The findings whose place touches `field`.
    pub fn findings_of(&self, field: FieldId) -> impl Iterator<Item = &Finding> {
        let bits = self.header.field(field).map(|field| (field.at, field.at + field.bits));
        self.findings.iter().filter(move |finding| match (finding.place, bits) {
            (Place::HeaderBits { at, len }, Some((start, end))) => at < end && start < at + len,
            (Place::PayloadOctets { .. }, _) => field == FieldId::Payload,
            _ => false,
        })
    }

    /// The field that a place is in, and its octets (0 is the first of the header); `None` where it is not in this frame.
    pub fn target_of(&self, place: Place) -> Option<(FieldId, Range<u64>)> {
        match place {
            Place::HeaderBits { at, len } => {
                let touches = |field: &crate::ws::HeaderField| at < field.at + field.bits && field.at < at + len;
                let field = self.header.fields().find(touches)?.id;
                Some((field, self.octets_of(field)))
            }
            Place::PayloadOctets { at, len } => {
                let payload = self.octets_of(FieldId::Payload);
                let start = payload.start.saturating_add(at);
                let octets = start..start.saturating_add(len).min(payload.end);
                (!octets.is_empty()).then_some((FieldId::Payload, octets))
            }
            Place::Connection | Place::StreamOctets { .. } | Place::HandshakeField(_) => None,
        }
    }

    /// Returns how bad the worst finding about `field` is.
    pub fn severity_of(&self, field: FieldId) -> Option<Severity> {
        self.findings_of(field).map(Finding::severity).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pasted_octets() {
        let (view, taken) = FrameView::from_octets(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x89").unwrap();
        assert_eq!((taken, view.len()), (11, 11));
        assert_eq!(view.plain().octets, b"Hello");
        assert_eq!((view.field_at(0), view.field_at(5)), (FieldId::Opcode, FieldId::MaskingKey));
        assert_eq!((view.field_at(6), view.octets_of(FieldId::MaskingKey)), (FieldId::Payload, 2..6));
        assert!(FrameView::from_octets(b"\x81").is_none());
    }

    #[test]
    fn a_claimed_length_costs_nothing() {
        let (view, taken) = FrameView::from_octets(b"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xffab").unwrap();
        assert_eq!((taken, view.len(), view.captured_len), (12, u64::MAX, 2));
    }
}
