//! What the end of a stream leaves of a frame header: said, and judged as far as it goes.

use crate::base::{Breach, ConnectionId, Place, Rule};
use crate::dissect::index::Writer;
use crate::dissect::websocket::sender::{FrameStream, hex, report};
use crate::ws::CutHeader;

impl FrameStream {
    /// Says that the stream ends inside a header, and what the part that came breaks.
    pub fn report_cut_header(&self, connection: ConnectionId, end: &str, writer: &mut Writer) {
        let Some((at, octets)) = self.deframer.partial_header() else { return };
        let text = format!("{end} inside a frame header, of which {} octets are there: {}.", octets.len(), hex(octets));
        let place = Place::StreamOctets { at, len: octets.len() as u64 };
        let breach = Breach { rule: Rule::FrameTruncated, place, text };
        report(writer, connection, self.sender, None, None, breach);
        let Some(cut) = CutHeader::new(octets, self.sender) else { return };
        let header = cut.supposed();
        let mut joiner = self.joiner;
        let joined = joiner.place(header, writer.next_message());
        self.breaches(header, joined, |breach| {
            let told = breach.tell(header, self.sender, self.negotiated.deflate);
            let Some(within) = cut.holds(told.place) else { return };
            let place = Place::StreamOctets { at: at + within.start, len: within.end - within.start };
            let text = format!("{} The frame's header is cut off.", told.text);
            report(writer, connection, self.sender, None, None, Breach { rule: told.rule, place, text });
        });
    }
}
