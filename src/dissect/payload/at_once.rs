//! Judging where the index stands, while the octets are in the processor's cache.

use crate::base::FrameId;
use crate::dissect::index::Writer;
use crate::dissect::index::record::flag;
use crate::ws::{FrameHeader, Negotiated, Opcode, is_utf8, unmask};

/// Room to unmask payloads in.
#[derive(Debug, Default)]
pub(in crate::dissect) struct AtOnce {
    plain: Vec<u8>,
}

impl AtOnce {
    /// Whether `payload`, of a text message in one frame, is UTF-8.
    #[inline]
    fn is_text(&mut self, payload: &[u8], key: Option<[u8; 4]>) -> bool {
        let Some(key) = key else { return is_utf8(payload) };
        self.plain.clear();
        self.plain.extend_from_slice(payload);
        unmask(key, 0, &mut self.plain);
        is_utf8(&self.plain)
    }
}

impl Writer {
    /// Judges the payload of the frame added last, all of which is here, if that is wanted and asks for nothing but these
    /// octets: a text message in one frame, which is UTF-8. Everything else is left to the pass.
    #[inline]
    pub fn judge_at_once(&mut self, header: &FrameHeader, negotiated: Negotiated, payload: &[u8]) {
        let Some(at_once) = &mut self.at_once else { return };
        let is_plain_text = header.opcode() == Opcode::TEXT && header.fin() && header.rsv() == [false; 3];
        if !is_plain_text || negotiated.other || !at_once.is_text(payload, header.masking_key()) {
            return;
        }
        self.index.totals.judged_messages += 1;
        self.index.totals.judged_octets += payload.len() as u64;
        let last = FrameId::from_index(self.index.frames.len().saturating_sub(1));
        if let Some(frame) = self.frame(last) {
            frame.flags |= flag::JUDGED;
        }
    }
}
