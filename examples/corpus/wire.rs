//! Packets on their way into the file: Ethernet, IPv4, TCP, in a nanosecond pcap.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use crate::random::Random;

/// Payload octets of a full packet of 1500 octets.
pub const SEGMENT: usize = 1448;
const HEADERS: usize = 14 + 20 + 32;

/// One end of a connection as the wire sees it.
#[derive(Clone, Copy)]
pub struct End {
    pub address: u32,
    pub port: u16,
    pub seq: u32,
}

/// What happens to packets before they are captured.
#[derive(Clone, Copy, Default)]
pub struct Trouble {
    /// Packets in a thousand that are lost, and sent again after some others.
    pub lost: u64,
    /// Packets in a thousand that come after some others.
    pub late: u64,
}

/// The capture file.
pub struct Wire {
    out: BufWriter<File>,
    random: Random,
    trouble: Trouble,
    time: u64,
    pub written: u64,
    /// Records that come later: how many records to let pass, and the record.
    held: Vec<(u32, Vec<u8>)>,
}

impl Wire {
    pub fn new(file: File, trouble: Trouble) -> io::Result<Wire> {
        let mut out = BufWriter::with_capacity(1 << 20, file);
        for word in [0xa1b2_3c4d_u32, 0x0004_0002, 0, 0, 262_144, 1] {
            out.write_all(&word.to_le_bytes())?;
        }
        Ok(Wire {
            out,
            random: Random::new(7),
            trouble,
            time: 1_700_000_000_000_000_000,
            written: 24,
            held: Vec::new(),
        })
    }

    /// Sends `payload` in segments, and lets the peer acknowledge every second one.
    pub fn send(&mut self, from: &mut End, to: &mut End, payload: &[u8]) -> io::Result<()> {
        for (index, segment) in payload.chunks(SEGMENT).enumerate() {
            self.packet(from, to, PSH | ACK, segment)?;
            if index % 2 == 1 {
                self.packet(to, from, ACK, &[])?;
            }
        }
        Ok(())
    }

    /// SYN, SYN-ACK, ACK.
    pub fn open(&mut self, client: &mut End, server: &mut End) -> io::Result<()> {
        self.packet(client, server, SYN, &[])?;
        self.packet(server, client, SYN | ACK, &[])?;
        self.packet(client, server, ACK, &[])
    }

    /// FIN from both.
    pub fn close(&mut self, first: &mut End, second: &mut End) -> io::Result<()> {
        self.packet(first, second, FIN | ACK, &[])?;
        self.packet(second, first, FIN | ACK, &[])?;
        self.packet(first, second, ACK, &[])
    }

    fn packet(&mut self, from: &mut End, to: &End, flags: u8, payload: &[u8]) -> io::Result<()> {
        self.time += 500 + self.random.below(2_000);
        let mut record = Vec::with_capacity(16 + HEADERS + payload.len());
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

        let wait = match self.random.below(1000) {
            _ if payload.is_empty() => 0,
            n if n < self.trouble.lost => 20 + self.random.below(200) as u32,
            n if n < self.trouble.lost + self.trouble.late => 1 + self.random.below(4) as u32,
            _ => 0,
        };
        if wait > 0 {
            self.held.push((wait, record));
            return Ok(());
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
        due.iter().try_for_each(|record| self.write(record))
    }

    fn write(&mut self, record: &[u8]) -> io::Result<()> {
        self.written += record.len() as u64;
        self.out.write_all(record)
    }

    pub fn finish(mut self) -> io::Result<()> {
        for (_, record) in std::mem::take(&mut self.held) {
            self.write(&record)?;
        }
        self.out.flush()
    }
}

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const PSH: u8 = 0x08;
const ACK: u8 = 0x10;
