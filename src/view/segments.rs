//! The TCP segments that brought a frame.

use crate::base::{FrameId, PacketId, Span, Timestamp};
use crate::dissect::Snapshot;

/// A part of a frame as one TCP segment brought it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentRow {
    /// The packet.
    pub packet: PacketId,
    /// Octet of the frame it starts with; 0 is the first of the header.
    pub at: u64,
    /// The number of octets of the frame before this segment's that were not captured.
    pub missing_before: u64,
    /// The octets in the file.
    pub span: Span,
    /// File offset of the packet's record.
    pub record_at: u64,
}

impl SegmentRow {
    /// When the packet was captured, read again from the file.
    pub fn time(&self, snapshot: &Snapshot) -> Option<Timestamp> {
        snapshot.packet_time(self.record_at)
    }
}

/// The segments of a frame in the order of its octets; at most `most`.
pub fn segment_rows(snapshot: &Snapshot, id: FrameId, most: usize) -> Vec<SegmentRow> {
    let Some(frame) = snapshot.frame(id) else { return Vec::new() };
    let mut end = 0;
    let row = |segment: crate::dissect::FrameSegment| {
        let missing_before = segment.at.saturating_sub(end);
        end = segment.at.saturating_add(u64::from(segment.len));
        SegmentRow {
            packet: segment.packet,
            at: segment.at,
            missing_before,
            span: segment.span,
            record_at: segment.record_at,
        }
    };
    snapshot.segments(frame, most).into_iter().map(row).collect()
}
