//! Octets that may be no frames.

use crate::base::{Breach, Confidence, ConnectionId, Fact, PacketRef, Place, Start};
use crate::dissect::index::Writer;
use crate::dissect::websocket::seek::{Found, NextPiece};
use crate::dissect::websocket::sender::{FrameStream, report};
use crate::ws::{Deframer, FrameHeader, IMPOSTOR_PREFIX, impostor};

/// Octets of another protocol that a finding quotes.
const SHOWN: usize = 24;

impl FrameStream {
    /// Looks for frames behind a gap over a header, in the octets that `packet` brought at stream offset `at`. Where they are
    /// found, the stream is to be read again from the first one on.
    pub fn seek(
        &mut self,
        connection: ConnectionId,
        at: u64,
        octets: &[u8],
        packet: PacketRef,
        writer: &mut Writer,
    ) -> Option<Found> {
        let (sender, negotiated) = (self.sender, self.negotiated.for_recognising());
        let found = self.seeker.as_mut()?.look(&NextPiece { at, octets, packet, sender, negotiated });
        match &found {
            Some(found) => self.go_on(connection, found, writer),
            None => {
                let mut rest = octets;
                while self.deframer.next(&mut rest).is_some() {}
            }
        }
        found
    }

    /// Looks for frames behind a gap over a header, where the stream ends as its sender said. Where they are found, they are to
    /// be read again.
    pub fn seek_end(&mut self, connection: ConnectionId, writer: &mut Writer) -> Option<Found> {
        let end = self.deframer.at();
        let found = self.seeker.as_mut()?.end(end)?;
        self.go_on(connection, &found, writer);
        Some(found)
    }

    /// Goes on where frames were found, and tells of it.
    fn go_on(&mut self, connection: ConnectionId, &Found { at, end, frames, .. }: &Found, writer: &mut Writer) {
        let sender = self.sender;
        self.seeker = None;
        self.deframer = Deframer::new(at);
        self.previous_key = None;
        // The end of a message that was open, if it came, and the start of others are among what is missing.
        if let Some(row) = std::mem::take(&mut self.joiner).open().and_then(|message| writer.fragmented(message)) {
            row.broken_off = true;
            row.has_holes = true;
        }
        let confidence = if frames < 4 { Confidence::Fair } else { Confidence::High };
        let fact = match std::mem::take(&mut self.is_joined_blindly) {
            true => Fact::FramesFound { sender, at, frames, confidence },
            false => Fact::FramesFoundAgain { sender, at, frames, confidence },
        };
        let place = Place::StreamOctets { at, len: end - at };
        report(writer, connection, sender, None, None, Breach { place, fact });
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
