//! Judging text where its frame is found, while the octets are in the processor's cache.

use crate::base::FrameId;
use crate::dissect::index::Writer;
use crate::dissect::index::record::flag;
use crate::ws::{FrameHeader, Negotiated, Opcode, is_utf8, unmask};

/// Judges the payload of the frame that was added last, all of which is here, if that is wanted and asks for nothing but these
/// octets: a text message in one frame, which is UTF-8. Everything else is left to the pass that judges payloads.
#[inline]
pub(super) fn judge_at_once(writer: &mut Writer, header: &FrameHeader, negotiated: Negotiated, payload: &[u8]) {
    let Some(room) = &mut writer.text_room else { return };
    let is_plain_text = header.opcode() == Opcode::TEXT && header.fin() && header.rsv() == [false; 3];
    if !is_plain_text || negotiated.other || !is_text(room, payload, header.masking_key()) {
        return;
    }
    writer.index.totals.judged_messages += 1;
    writer.index.totals.judged_octets += payload.len() as u64;
    let last = FrameId::from_index(writer.index.frames.len().saturating_sub(1));
    if let Some(frame) = writer.frame(last) {
        frame.flags |= flag::JUDGED;
    }
}

/// Returns whether `payload`, unmasked in `room`, is UTF-8.
#[inline]
fn is_text(room: &mut Vec<u8>, payload: &[u8], key: Option<[u8; 4]>) -> bool {
    let Some(key) = key else { return is_utf8(payload) };
    room.clear();
    room.extend_from_slice(payload);
    unmask(key, 0, room);
    is_utf8(room)
}
