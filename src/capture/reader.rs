//! Walks a capture, packet by packet.

use std::io;
use std::sync::Arc;

use super::buffer::{Buffer, Filled, Passage};
use super::damage::{Damage, Flaw};
use super::layout::{Layout, MAGIC};
use super::open::OpenError;
use super::record::{Packet, Parsed, RecordInfo};
use super::source::Source;
use crate::base::{AtHand, PacketId, PacketRef, Timestamp};

/// The next thing in a capture.
#[derive(Debug)]
pub enum Step<'a> {
    /// A packet and its captured octets, which the reader's buffer holds until its next step.
    Packet(Packet, &'a [u8]),
    /// Nothing whole yet: the source grows. Ask again when it has grown.
    Pending,
    /// Nothing more will come. [`Reader::damage`] tells whether this is the capture's proper end.
    End,
}

/// Why the reader cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The error of the operating system.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The first octets, which a pipe brings only now, are no capture's.
    #[error(transparent)]
    NotACapture(OpenError),
}

/// Walks a source from its first packet to its last, with sequential reads into one buffer.
#[derive(Debug)]
pub struct Reader {
    source: Arc<Source>,
    buffer: Buffer,
    layout: Layout,
    /// Packets handed out.
    packets: u64,
    /// The time of the last packet that had one.
    last_time: Timestamp,
    damage: Option<Damage>,
    ended: bool,
}

impl Reader {
    /// A reader at the start of `source`.
    pub fn new(source: Arc<Source>) -> Reader {
        Reader {
            source,
            buffer: Buffer::default(),
            layout: Layout::default(),
            packets: 0,
            last_time: Timestamp::default(),
            damage: None,
            ended: false,
        }
    }

    /// The next packet, [`Step::Pending`] where the source still grows, [`Step::End`] at the end or at damage.
    ///
    /// # Errors
    /// Fails with the operating system's error, and with [`ReadError::NotACapture`]. Nothing is lost by an error: the next
    /// call makes the same attempt.
    #[expect(clippy::should_implement_trait, reason = "no Iterator can lend from its own buffer")]
    pub fn next(&mut self) -> Result<Step<'_>, ReadError> {
        self.next_after(|_| {})
    }

    /// The next packets that are [at hand](Reader::at_hand), and everything that is. [`next`](Reader::next) tells what comes
    /// behind them.
    #[inline]
    pub fn packets_at_hand(&mut self) -> (PacketsAtHand<'_>, AtHand<'_>) {
        let Reader { layout, buffer, packets, last_time, ended, .. } = self;
        let (passage, at_hand) = buffer.passage();
        (PacketsAtHand { layout, passage, packets, last_time, ended: *ended }, at_hand)
    }

    /// [`next`](Reader::next). `last_look` sees what is at hand each time before it makes room for more.
    ///
    /// # Errors
    /// As [`Reader::next`].
    #[inline]
    pub fn next_after(&mut self, mut last_look: impl FnMut(AtHand<'_>)) -> Result<Step<'_>, ReadError> {
        while !self.ended {
            let parsed = self.layout.step(self.buffer.at(), self.buffer.octets());
            let Ok(parsed) = parsed else {
                return Err(self.not_a_capture());
            };
            match parsed {
                Parsed::Packet(info, record_len) => {
                    let packet = number(info, self.buffer.at(), &mut self.packets, &mut self.last_time);
                    return Ok(Step::Packet(packet, data_of(&packet, self.buffer.take(record_len))));
                }
                Parsed::Need(wanted) => {
                    last_look(self.buffer.at_hand());
                    match self.buffer.fill(&self.source, wanted)? {
                        Filled::Enough => {}
                        Filled::NotYet => return Ok(Step::Pending),
                        Filled::Never => self.end(self.buffer.octets().len() as u64, wanted as u64)?,
                    }
                }
                Parsed::Description(len) => {
                    let at = self.buffer.at();
                    match self.layout.learn(at, &self.buffer.octets()[..len]) {
                        Ok(()) => _ = self.buffer.take(len),
                        Err(flaw) => self.stop(flaw.to_string()),
                    }
                }
                Parsed::Other { len, trailer } => {
                    if !self.skip(len, trailer)? {
                        return Ok(Step::Pending);
                    }
                }
                Parsed::Damaged(flaw) => self.stop(flaw.to_string()),
            }
        }
        Ok(Step::End)
    }

    /// Returns where and why the reader stopped before the end, if it did.
    pub fn damage(&self) -> Option<&Damage> {
        self.damage.as_ref()
    }

    /// The octets in the buffer: those of the packets handed out since it last read from the source, and some more.
    pub fn at_hand(&self) -> AtHand<'_> {
        self.buffer.at_hand()
    }

    /// Returns how far the reader has come: file offset in octets.
    pub fn position(&self) -> u64 {
        self.buffer.at()
    }

    /// Packets read so far.
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Returns what is needed to read the packets so far again, at random.
    pub fn layout(&self) -> Layout {
        self.layout.clone()
    }

    /// The octets that it reads.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// Passes over something that tells nothing about packets, without reading more of it than its end; false where it is
    /// not all there yet.
    fn skip(&mut self, len: u32, trailer: [u8; 4]) -> Result<bool, ReadError> {
        // Asked before reading, as in `Buffer::fill`.
        let complete = self.source.is_complete();
        let mut end = [0; 4];
        let end_at = u64::from(len).saturating_sub(end.len() as u64);
        if !self.buffer.peek(&self.source, end_at, &mut end)? {
            if complete {
                let there = self.source.len().saturating_sub(self.buffer.at());
                self.end(there.max(self.buffer.octets().len() as u64), u64::from(len))?;
            }
            return Ok(complete);
        }
        if end == trailer {
            self.buffer.skip(u64::from(len));
        } else {
            self.stop(Flaw::BlockEnd(len).to_string());
        }
        Ok(true)
    }

    /// Ends where no more octets will come: properly, or after `there` of at least `wanted` octets of something.
    fn end(&mut self, there: u64, wanted: u64) -> Result<(), ReadError> {
        let reason = self.source.damage().map(str::to_owned);
        if self.layout.format().is_empty() && there < MAGIC as u64 && reason.is_none() {
            return Err(self.not_a_capture());
        }
        let next = self.packets + 1;
        let cut = (there > 0).then(|| self.layout.cut(self.buffer.octets(), there, wanted, next));
        match (reason, cut) {
            (None, None) => self.ended = true,
            (Some(what), None) | (None, Some(what)) => self.stop(what),
            (Some(reason), Some(cut)) => self.stop(format!("{reason}; {cut}")),
        }
        Ok(())
    }

    /// Ends here, before the end: whoever reads cannot take more. `what` says why.
    pub fn stop(&mut self, what: String) {
        self.damage = Some(Damage { at: self.buffer.at(), packet: PacketId(self.packets), what });
        self.ended = true;
    }

    fn not_a_capture(&self) -> ReadError {
        ReadError::NotACapture(OpenError::judge(self.source.name(), self.buffer.octets()))
    }
}

/// Packets that need not be read any more.
#[derive(Debug)]
pub struct PacketsAtHand<'r> {
    layout: &'r Layout,
    passage: Passage<'r>,
    packets: &'r mut u64,
    last_time: &'r mut Timestamp,
    ended: bool,
}

impl<'r> PacketsAtHand<'r> {
    /// Takes up to `most` of them, and hands each to `take`; how many there were.
    #[inline]
    pub fn take(self, most: usize, mut take: impl FnMut(Packet, &'r [u8])) -> usize {
        let PacketsAtHand { layout, mut passage, packets, last_time, ended } = self;
        if ended {
            return 0;
        }
        let (mut taken, mut next, mut time) = (0, *packets, *last_time);
        // Asked once: a record of pcap is read in so few steps that it shows.
        let pcap = layout.pcap();
        while taken < most {
            let (at, octets) = (passage.at(), passage.octets());
            let (info, record_len) = match pcap {
                Some(header) => match header.step(at, octets) {
                    Parsed::Packet(info, len) => (info, len),
                    _ => break,
                },
                None => match layout.step(at, octets) {
                    Ok(Parsed::Packet(info, len)) => (info, len),
                    _ => break,
                },
            };
            let packet = number(info, at, &mut next, &mut time);
            take(packet, data_of(&packet, passage.take(record_len)));
            taken += 1;
        }
        (*packets, *last_time) = (next, time);
        passage.end();
        taken
    }
}

/// The packet whose record at file offset `record_at` says `info`, behind so many `packets`; counts it.
#[inline(always)]
fn number(info: RecordInfo, record_at: u64, packets: &mut u64, last_time: &mut Timestamp) -> Packet {
    let time = info.time.unwrap_or(*last_time);
    *last_time = time;
    let id = PacketId(*packets);
    *packets += 1;
    let reference = PacketRef { id, record_at, time };
    Packet { reference, link_type: info.link_type, span: info.span, original_len: info.original_len }
}

/// The packet's captured octets, of those of its record.
#[inline(always)]
fn data_of<'r>(packet: &Packet, record: &'r [u8]) -> &'r [u8] {
    let at = (packet.span.at - packet.reference.record_at) as usize;
    record.get(at..at + packet.span.len as usize).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::byte_order::ByteOrder::{Big, Little};
    use super::super::testing::{Writer, Written, drain, packet, read};
    use super::*;
    use crate::base::{LinkType, Span};

    fn pcap() -> Writer {
        let mut file = Writer::new(Big);
        file.pcap_header(0xa1b2_3c4d, 1);
        file.pcap_packet(&packet(5_000_000_007, b"first"), 1);
        file.pcap_packet(&packet(4_000_000_000, b""), 1);
        file
    }

    #[test]
    fn packets_have_places_and_numbers() {
        let whole = read(&pcap().octets).unwrap();
        let expected = |id, record_at, time, len| Packet {
            reference: PacketRef { id: PacketId(id), record_at, time: Timestamp(time) },
            link_type: LinkType::ETHERNET,
            span: Span::new(record_at + 16, len),
            original_len: len,
        };
        assert_eq!(whole.packets[0], (expected(0, 24, 5_000_000_007, 5), b"first".to_vec()));
        assert_eq!(whole.packets[1], (expected(1, 45, 4_000_000_000, 0), vec![]));
        assert_eq!((whole.packets.len(), whole.damage), (2, None));
    }

    #[test]
    fn the_end_is_told_with_its_place() {
        let octets = pcap().octets;
        let damage = |len: usize| read(&octets[..len]).unwrap().damage();
        assert_eq!(
            damage(10),
            "at octet 0, before the first packet: the capture ends inside the file header: 10 of 24 octets"
        );
        assert_eq!(
            damage(30),
            "at octet 24, before the first packet: the capture ends inside the record header of packet 1: 6 of 16 octets"
        );
        assert_eq!(damage(43), "at octet 24, before the first packet: the capture ends inside packet 1: 3 of 5 octets");
        assert_eq!(damage(45), "");
        assert!(
            damage(60)
                .starts_with("at octet 45, behind packet 1: the capture ends inside the record header of packet 2")
        );
    }

    /// A file whose rest was reserved and never written, as a crash leaves it.
    #[test]
    fn zeros_are_no_packets() {
        let mut pcapng = Writer::new(Little);
        pcapng.section();
        pcapng.interface(1, 0, 9);
        pcapng.enhanced(0, 7, &packet(0, b"first"), b"");
        for (octets, what) in [
            (pcap().octets, "behind packet 2: a record header of nothing but zeros"),
            (pcap().octets[..24].to_vec(), "before the first packet: a record header of nothing but zeros"),
            (pcapng.octets, "behind packet 1: a block of 0 octets"),
        ] {
            let len = octets.len();
            for zeros in [16, 1000] {
                let whole = read(&[&octets[..], &vec![0; zeros]].concat()).unwrap();
                assert!(whole.damage().starts_with(&format!("at octet {len}, {what}")), "{}", whole.damage());
            }
        }
        // A packet that was cut to nothing is one, and so is one of no octets at some time.
        let mut file = Writer::new(Big);
        file.pcap_header(0xa1b2_3c4d, 1);
        file.pcap_packet(&Written { time: 0, octets: vec![], original_len: 60 }, 1);
        file.pcap_packet(&packet(1, b""), 1);
        let whole = read(&file.octets).unwrap();
        assert_eq!((whole.packets.len(), whole.damage), (2, None));
    }

    #[test]
    fn what_is_no_capture() {
        let error = |octets: &[u8]| match read(octets) {
            Err(ReadError::NotACapture(error)) => error.to_string(),
            _ => String::new(),
        };
        assert!(error(b"").contains("is empty"));
        assert!(error(b"\xd4\xc3").starts_with("test: not a capture: starts with '\\xd4\\xc3'; open"));
        assert!(error(b"{\"log\":").contains("(JSON, perhaps a HAR export)"));
    }

    #[test]
    fn a_growing_file_loses_nothing_and_ends_when_it_is_told() {
        let octets = pcap().octets;
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let source = super::super::follow(file.path()).unwrap();
        let mut reader = Reader::new(source.clone());
        let mut counts = vec![];
        for octet in &octets[..octets.len() - 1] {
            io::Write::write_all(&mut file, &[*octet]).unwrap();
            counts.push(drain(&mut reader).unwrap().len());
            assert!(matches!(reader.next(), Ok(Step::Pending)));
        }
        assert_eq!(counts.iter().sum::<usize>(), 1);
        assert_eq!(reader.position(), 45);
        source.set_complete();
        assert!(matches!(reader.next(), Ok(Step::End)));
        assert_eq!((reader.packets(), reader.damage().unwrap().at), (1, 45));
    }

    #[test]
    fn damage_of_a_compressed_file_is_the_capture_s() {
        let spool = Source::spool("a.pcap.gz").unwrap();
        spool.append(&pcap().octets[..43]).unwrap();
        spool.break_off("the gzip stream ends too early".into());
        let mut reader = Reader::new(Arc::new(spool));
        assert_eq!(drain(&mut reader).unwrap().len(), 0);
        let what = &reader.damage().unwrap().what;
        assert_eq!(what, "the gzip stream ends too early; the capture ends inside packet 1: 3 of 5 octets");
    }

    #[test]
    fn a_huge_block_is_passed_over_by_position() {
        let file = tempfile::tempfile().unwrap();
        let mut start = Writer::new(Little);
        start.section();
        start.words(&[0x0bad, 3_000_000_000]);
        let mut end = Writer::new(Little);
        end.u32(3_000_000_000);
        end.interface(1, 0, 9);
        end.enhanced(0, 7, &packet(0, b"behind"), b"");
        use std::io::{Seek, SeekFrom, Write};
        (&file).write_all(&start.octets).unwrap();
        (&file).seek(SeekFrom::Start(28 + 3_000_000_000 - 4)).unwrap();
        (&file).write_all(&end.octets).unwrap();
        let len = file.metadata().unwrap().len();
        let mut reader = Reader::new(Arc::new(Source::finished(file.try_clone().unwrap(), len, "sparse")));
        assert_eq!(drain(&mut reader).unwrap()[0].1, b"behind");
        assert_eq!((reader.damage(), reader.position()), (None, len));

        file.set_len(2_000_000_000).unwrap();
        let mut reader = Reader::new(Arc::new(Source::finished(file, 2_000_000_000, "sparse")));
        assert!(matches!(reader.next(), Ok(Step::End)));
        let what = &reader.damage().unwrap().what;
        assert_eq!(what, "the capture ends inside a block of type 0xbad: 1999999972 of 3000000000 octets");
    }
}
