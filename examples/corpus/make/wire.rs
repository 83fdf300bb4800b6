//! Packets on their way into the file: Ethernet, IPv4, TCP, in a nanosecond pcap.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::Range;

use super::random::Random;

/// Payload octets of a full packet of 1500 octets.
pub const SEGMENT: usize = 1448;
/// Ethernet, IPv4, TCP.
const HEADERS: usize = 14 + 20 + 32;
/// Little-endian, nanoseconds, version 2.4, snapshot length 262,144, Ethernet.
const FILE_HEADER: [u32; 6] = [0xa1b2_3c4d, 0x0004_0002, 0, 0, 262_144, 1];
const RECORD_HEADER: usize = 16;

/// One end of a connection as the wire sees it.
#[derive(Clone, Copy)]
pub struct End {
    pub address: u32,
    pub port: u16,
    pub seq: u32,
}

/// Things that happen to packets before they are captured.
#[derive(Clone, Copy, Default)]
pub struct Trouble {
    /// Packets in a thousand that are lost, and sent again after some others.
    pub lost: u64,
    /// Packets in a thousand that come after some others.
    pub late: u64,
    /// Packets in a thousand that are received and never captured.
    pub never: u64,
    /// Those are only such as hold nothing but payload of a frame.
    pub spares_headers: bool,
}

/// The capture file.
pub struct Wire {
    out: BufWriter<File>,
    random: Random,
    trouble: Trouble,
    time: u64,
    packets: u64,
    /// Octets of the file so far.
    pub written: u64,
    /// Records that come later: how many records to let pass, and the record.
    held: Vec<(u32, Vec<u8>)>,
}

impl Wire {
    pub fn new(file: File, seed: u64, trouble: Trouble) -> io::Result<Wire> {
        let mut out = BufWriter::with_capacity(1 << 20, file);
        for word in FILE_HEADER {
            out.write_all(&word.to_le_bytes())?;
        }
        Ok(Wire {
            out,
            random: Random::new(seed.wrapping_add(6)),
            trouble,
            time: 1_700_000_000_000_000_000,
            packets: 0,
            written: size_of_val(&FILE_HEADER) as u64,
            held: Vec::new(),
        })
    }

    /// Sends `octets` in segments, and lets the peer acknowledge every second one.
    pub fn send_whole(&mut self, from: &mut End, to: &mut End, octets: &[u8]) -> io::Result<()> {
        self.send(from, to, octets, octets.len()).map(drop)
    }

    /// Sends a frame in segments, too. Returns which of its octets never come to the file.
    pub fn send(&mut self, from: &mut End, to: &mut End, frame: &[u8], header: usize) -> io::Result<Vec<Range<usize>>> {
        let mut lost = Vec::new();
        for (index, segment) in frame.chunks(SEGMENT).enumerate() {
            let at = index * SEGMENT;
            if !self.packet(from, to, PSH | ACK, segment, at >= header)? {
                lost.push(at..at + segment.len());
            }
            if index % 2 == 1 {
                self.bare(to, from, ACK)?;
            }
        }
        Ok(lost)
    }

    /// SYN, SYN-ACK, ACK.
    pub fn open(&mut self, client: &mut End, server: &mut End) -> io::Result<()> {
        self.bare(client, server, SYN)?;
        self.bare(server, client, SYN | ACK)?;
        self.bare(client, server, ACK)
    }

    /// FIN from both. What is held comes first: no peer acknowledges the end of a stream while it still misses octets.
    pub fn close(&mut self, first: &mut End, second: &mut End) -> io::Result<()> {
        self.release()?;
        self.bare(first, second, FIN | ACK)?;
        self.bare(second, first, FIN | ACK)?;
        self.bare(first, second, ACK)
    }

    /// A segment without payload.
    fn bare(&mut self, from: &mut End, to: &End, flags: u8) -> io::Result<()> {
        self.packet(from, to, flags, &[], false).map(drop)
    }

    /// A segment. Returns whether it comes to the file, now or later; only one that `may_vanish` does not.
    fn packet(&mut self, from: &mut End, to: &End, flags: u8, payload: &[u8], may_vanish: bool) -> io::Result<bool> {
        self.time += 500 + self.random.below(2_000);
        let mut record = Vec::with_capacity(RECORD_HEADER + HEADERS + payload.len());
        let len = (HEADERS + payload.len()) as u32;
        record.extend(((self.time / 1_000_000_000) as u32).to_le_bytes());
        record.extend(((self.time % 1_000_000_000) as u32).to_le_bytes());
        record.extend(len.to_le_bytes());
        record.extend(len.to_le_bytes());
        record.extend([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0]);
        record.extend([0x45, 0]);
        record.extend(((len - 14) as u16).to_be_bytes());
        record.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
        record.extend(from.address.to_be_bytes());
        record.extend(to.address.to_be_bytes());
        record.extend(from.port.to_be_bytes());
        record.extend(to.port.to_be_bytes());
        record.extend(from.seq.to_be_bytes());
        record.extend(if flags & ACK != 0 { to.seq } else { 0 }.to_be_bytes());
        // A header of 32 octets: no-operation, no-operation, timestamps.
        record.extend([0x80, flags, 0x20, 0, 0, 0, 0, 0, 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 1]);
        record.extend(payload);
        from.seq = from.seq.wrapping_add(payload.len() as u32 + u32::from(flags & (SYN | FIN) != 0));

        let Trouble { lost, late, never, spares_headers } = self.trouble;
        let wait = match self.random.below(1000) {
            _ if payload.is_empty() => 0,
            n if n < lost => 20 + self.random.below(200) as u32,
            n if n < lost + late => 1 + self.random.below(4) as u32,
            n if n < lost + late + never && (may_vanish || !spares_headers) => return Ok(false),
            _ => 0,
        };
        if wait > 0 {
            self.held.push((wait, record));
            return Ok(true);
        }
        self.write(&record)?;
        let mut due = Vec::new();
        self.held.retain_mut(|(wait, record)| {
            *wait -= 1;
            if *wait == 0 {
                due.push(std::mem::take(record));
            }
            *wait > 0
        });
        due.iter().try_for_each(|record| self.write(record))?;
        Ok(true)
    }

    fn write(&mut self, record: &[u8]) -> io::Result<()> {
        self.packets += 1;
        self.written += record.len() as u64;
        self.out.write_all(record)
    }

    /// Writes what is held.
    fn release(&mut self) -> io::Result<()> {
        std::mem::take(&mut self.held).iter().try_for_each(|(_, record)| self.write(record))
    }

    /// The end. Returns how many packets there are in all, and how many octets they have.
    pub fn finish(mut self) -> io::Result<(u64, u64)> {
        self.out.flush()?;
        let added = size_of_val(&FILE_HEADER) as u64 + self.packets * RECORD_HEADER as u64;
        Ok((self.packets, self.written - added))
    }
}

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const PSH: u8 = 0x08;
const ACK: u8 = 0x10;
