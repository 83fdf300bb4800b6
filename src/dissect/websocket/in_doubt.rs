//! Octets that may be no frames.

use crate::base::{Breach, Confidence, ConnectionId, Fact, Place, Start};
use crate::dissect::index::Writer;
use crate::dissect::websocket::seek::Found;
use crate::dissect::websocket::sender::{FrameStream, report};
use crate::ws::{Deframer, FrameHeader, IMPOSTOR_PREFIX, impostor};

/// Octets of another protocol that a finding quotes.
const SHOWN: usize = 24;

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
        // The end of a message that was open, if it came, and the start of others are among what is missing.
        if let Some(row) = std::mem::take(&mut self.joiner).open().and_then(|message| writer.fragmented(message)) {
            row.broken_off = true;
            row.has_holes = true;
        }
        let confidence = if frames < 4 { Confidence::Fair } else { Confidence::High };
        let sender = self.sender;
        let fact = match std::mem::take(&mut self.is_joined_blindly) {
            true => Fact::FramesFound { sender, at: start, frames, confidence },
            false => Fact::FramesFoundAgain { sender, at: start, frames, confidence },
        };
        let place = Place::StreamOctets { at: start, len: behind.len() as u64 };
        report(writer, connection, sender, None, None, Breach { place, fact });
        Some(behind)
    }

    /// Tells that another protocol starts at stream offset `at`, where a header was read, and reports it.
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
        let Some(protocol) = impostor(&start) else { return false };
        let fact = Fact::NotWebsocket {
            protocol,
            start: Start(start[..start.len().min(SHOWN)].into()),
            opcode: header.opcode().value(),
            length: header.payload_len(),
        };
        let place = Place::StreamOctets { at, len: start.len() as u64 };
        report(writer, connection, self.sender, None, None, Breach { place, fact });
        true
    }
}
