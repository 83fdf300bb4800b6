//! Packets on their way into a capture: raw IPv4 in a nanosecond pcap, which has the least octets around each.

use std::io::{self, Write};
use std::net::SocketAddrV4;

use super::Truth;

pub const FIN: u8 = 0x01;
pub const SYN: u8 = 0x02;
pub const ACK: u8 = 0x10;

const TCP: u8 = 6;
/// LINKTYPE_RAW: packets begin with the IP header.
const RAW: u32 = 101;

/// A capture being written.
pub struct Packets<'a> {
    pub out: &'a mut dyn Write,
    pub truth: Truth,
    time: u64,
    /// Nanoseconds between two packets.
    pub tick: u64,
}

/// The fields of a TCP header that differ from segment to segment.
#[derive(Clone, Copy)]
pub struct Header {
    pub from: SocketAddrV4,
    pub to: SocketAddrV4,
    pub flags: u8,
    pub seq: u32,
    pub ack: u32,
}

impl<'a> Packets<'a> {
    pub fn new(out: &'a mut dyn Write) -> Packets<'a> {
        Packets { out, truth: Truth::default(), time: 1_700_000_000_000_000_000, tick: 1_000 }
    }

    /// The header of a pcap file.
    pub fn begin(&mut self) -> io::Result<()> {
        self.words(&[0xa1b2_3c4d, 0x0004_0002, 0, 0, 16 << 20, RAW])
    }

    pub fn words(&mut self, words: &[u32]) -> io::Result<()> {
        words.iter().try_for_each(|word| self.out.write_all(&word.to_le_bytes()))
    }

    /// A packet with a TCP segment.
    pub fn tcp(&mut self, header: &Header, payload: &[u8]) -> io::Result<()> {
        let mut segment = [0; 20];
        segment[..2].copy_from_slice(&header.from.port().to_be_bytes());
        segment[2..4].copy_from_slice(&header.to.port().to_be_bytes());
        segment[4..8].copy_from_slice(&header.seq.to_be_bytes());
        segment[8..12].copy_from_slice(&header.ack.to_be_bytes());
        segment[12..16].copy_from_slice(&[0x50, header.flags, 0xff, 0xff]);
        self.ip(header, 0, 0, &[&segment, payload])
    }

    /// A packet with a fragment of an IP datagram: `id` tells which, `word` where and whether more follows.
    pub fn fragment(&mut self, header: &Header, id: u16, word: u16, octets: &[u8]) -> io::Result<()> {
        self.ip(header, id, word, &[octets])
    }

    fn ip(&mut self, header: &Header, id: u16, word: u16, parts: &[&[u8]]) -> io::Result<()> {
        let len = 20 + parts.iter().map(|part| part.len()).sum::<usize>() as u32;
        self.time += self.tick;
        self.truth.packets += 1;
        self.words(&[(self.time / 1_000_000_000) as u32, (self.time % 1_000_000_000) as u32, len, len])?;
        // 0 where it does not fit, as segmentation offload leaves it.
        let [high, low] = u16::try_from(len).unwrap_or(0).to_be_bytes();
        let ([id_high, id_low], [word_high, word_low]) = (id.to_be_bytes(), word.to_be_bytes());
        self.out.write_all(&[0x45, 0, high, low, id_high, id_low, word_high, word_low, 64, TCP, 0, 0])?;
        self.out.write_all(&header.from.ip().octets())?;
        self.out.write_all(&header.to.ip().octets())?;
        parts.iter().try_for_each(|part| self.out.write_all(part))
    }
}
