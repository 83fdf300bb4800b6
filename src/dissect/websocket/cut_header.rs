//! The part of a frame header that the end of its stream leaves: said, and judged as far as it goes.

use crate::base::{Breach, ConnectionId, Fact, Place, StreamEnd};
use crate::dissect::index::Writer;
use crate::dissect::websocket::sender::{FrameStream, report};
use crate::ws::CutHeader;

impl FrameStream {
    /// Says that the stream ends inside a header, and what the part that came breaks.
    pub fn report_cut_header(&self, connection: ConnectionId, end: StreamEnd, writer: &mut Writer) {
        let Some((at, octets)) = self.deframer.partial_header() else { return };
        let len = octets.len() as u64;
        let fact = Fact::HeaderCut { end, octets: len, header: octets.into() };
        let breach = Breach { place: Place::StreamOctets { at, len }, fact };
        report(writer, connection, self.sender, None, None, breach);
        let Some(cut) = CutHeader::new(octets, self.sender) else { return };
        let header = cut.supposed();
        let mut joiner = self.joiner;
        let joined = joiner.place(header, writer.next_message());
        self.breaches(header, joined, |breach| {
            let told = breach.tell(header, self.sender, self.negotiated.deflate);
            let Some(within) = cut.holds(told.place) else { return };
            let place = Place::StreamOctets { at: at + within.start, len: within.end - within.start };
            let fact = Fact::InCutHeader { fact: Box::new(told.fact) };
            report(writer, connection, self.sender, None, None, Breach { place, fact });
        });
    }
}
