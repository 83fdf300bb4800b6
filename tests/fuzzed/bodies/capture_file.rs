//! Capture files of any octets: reading ends, packets stand in the file one behind another, and a packet is the same whether it
//! comes in turn or is looked up.

use std::io::{self, Read};
use std::sync::Arc;

use framescope::base::ReadAt;
use framescope::capture::{Packet, Reader, Source, Step};
use framescope::dissect::{Progress, Session, Snapshot};

/// Brings one octet at a time.
struct Drip(Vec<u8>, usize);

impl Read for Drip {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let Some((octet, out)) = self.0.get(self.1).zip(out.first_mut()) else { return Ok(0) };
        (*out, self.1) = (*octet, self.1 + 1);
        Ok(1)
    }
}

/// Takes a file.
pub fn check(input: &[u8]) {
    let source = Arc::new(Source::from_octets(input.to_vec(), "file"));
    let mut reader = Reader::new(source.clone());
    let mut packets: Vec<Packet> = Vec::new();
    while let Ok(step) = reader.next() {
        match step {
            Step::Packet(packet, octets) => {
                let span = packet.span;
                assert_eq!(octets, &input[span.at as usize..span.end() as usize], "the octets are those of the file");
                let before = packets.last().map_or(0, |before| before.span.end());
                assert!(packet.reference.record_at >= before && span.at >= packet.reference.record_at);
                packets.push(packet);
            }
            Step::Pending => panic!("nothing more comes"),
            Step::End => break,
        }
    }
    assert_eq!(reader.packets(), packets.len() as u64);
    let layout = reader.layout();
    for packet in &packets {
        let info = layout.packet_at(&*source, packet.reference.record_at).unwrap().expect("the record is there");
        assert_eq!(
            (info.span, info.link_type, info.original_len),
            (packet.span, packet.link_type, packet.original_len)
        );
        let mut octets = Vec::new();
        source.read_span(packet.span, &mut octets).unwrap();
        assert_eq!(octets.len(), packet.span.len as usize);
    }
    // A pipe that brings the file octet by octet brings the same.
    if input.len() < 4096 {
        let file = read(Session::new(source, None));
        let pipe = Session::open_stream(Box::new(Drip(input.to_vec(), 0)), "pipe").map(read);
        if let (Some(file), Ok(Some(pipe))) = (file, pipe) {
            assert_eq!(format!("{:?}", file.totals()), format!("{:?}", pipe.totals()));
            assert_eq!((file.frame_count(), file.finding_count()), (pipe.frame_count(), pipe.finding_count()));
        }
    }
}

/// Reads to the end; nothing where it is no capture.
fn read(mut session: Session) -> Option<Snapshot> {
    loop {
        match session.step(2).ok()? {
            Progress::More => {}
            Progress::Pending => session.pump().ok()?,
            Progress::End => break,
        }
    }
    while session.judge(1 << 20) {}
    Some(session.snapshot())
}
