//! Octets of which it is in doubt whether they are frames.

use crate::base::{Breach, ConnectionId, Place, Rule};
use crate::dissect::index::Writer;
use crate::dissect::websocket::seek::Found;
use crate::dissect::websocket::sender::{FrameStream, report};
use crate::ws::{Deframer, FrameHeader, IMPOSTOR_PREFIX, impostor};

impl FrameStream {
    /// Looks for frames behind a gap over a header; the octets from the first frame on, if they are found.
    pub(super) fn seek<'a>(
        &mut self,
        connection: ConnectionId,
        at: u64,
        octets: &'a [u8],
        writer: &mut Writer,
    ) -> Option<&'a [u8]> {
        let Found { at: start, frames } = self.seeker.as_mut()?.look(at, octets, self.sender, self.negotiated)?;
        let behind = octets.get(usize::try_from(start - at).ok()?..)?;
        self.seeker = None;
        self.deframer = Deframer::new(start);
        self.previous_key = None;
        // Whether a message that was open goes on, ended, or was followed by others, stood in what is missing.
        if let Some(row) = std::mem::take(&mut self.joiner).open().and_then(|message| writer.fragmented(message)) {
            row.broken_off = true;
            row.has_holes = true;
        }
        let confidence = if frames < 4 { "fair" } else { "high" };
        let is_first = std::mem::take(&mut self.is_joined_blindly);
        let (rule, again) = if is_first { (Rule::CaptureMidStream, "") } else { (Rule::CaptureGap, " again") };
        let text = format!(
            "Frames of the {} are read{again} from octet {start} of its stream on: from there, MASK bits, opcodes and lengths \
             chain over {frames} frames (confidence: {confidence}).",
            self.sender
        );
        let place = Place::StreamOctets { at: start, len: behind.len() as u64 };
        report(writer, connection, self.sender, None, None, Breach { rule, place, text });
        Some(behind)
    }

    /// Whether what stands at stream offset `at`, read as a header, is the start of another protocol; says so.
    pub(super) fn is_impostor(
        &self,
        connection: ConnectionId,
        at: u64,
        header: &FrameHeader,
        rest: &[u8],
        writer: &mut Writer,
    ) -> bool {
        if header.payload_len() == rest.len() as u64 {
            // A frame that ends where its packet does is more likely one, whatever is wrong with it.
            return false;
        }
        let mut start = header.octets().to_vec();
        start.extend(&rest[..rest.len().min(IMPOSTOR_PREFIX)]);
        let Some(name) = impostor(&start) else { return false };
        let shown = String::from_utf8_lossy(&start[..start.len().min(24)]).escape_debug().to_string();
        let text = format!(
            "Where a frame should start stands {name}: “{shown}…”. As a frame it would have the opcode 0x{:X} and {} \
             payload octets; it is not read as one.",
            header.opcode().value(),
            header.payload_len()
        );
        let place = Place::StreamOctets { at, len: start.len() as u64 };
        report(writer, connection, self.sender, None, None, Breach { rule: Rule::FrameNotWebsocket, place, text });
        true
    }
}
