//! Writing capture files.

use std::sync::Arc;

use framescope::base::LinkType;
use framescope::capture::{Reader, Source, Step};

/// A packet of a capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Nanoseconds since 1970.
    pub time_ns: u64,
    /// The octets that the capture holds.
    pub octets: Vec<u8>,
    /// Their number on the wire.
    pub original_len: u32,
}

impl Packet {
    /// A packet that was captured whole.
    pub fn whole(time_ns: u64, octets: Vec<u8>) -> Packet {
        let original_len = octets.len() as u32;
        Packet { time_ns, octets, original_len }
    }
}

/// Packets of one link type.
#[derive(Clone, Debug)]
pub struct Capture {
    /// The header that the packets start with.
    pub link: LinkType,
    /// The packets.
    pub packets: Vec<Packet>,
}

impl Capture {
    /// The packets of a capture file, which have one link type.
    pub fn read(octets: &[u8]) -> Capture {
        let mut reader = Reader::new(Arc::new(Source::from_octets(octets.to_vec(), "capture")));
        let mut capture = Capture { link: LinkType::ETHERNET, packets: Vec::new() };
        while let Step::Packet(packet, octets) = reader.next().unwrap() {
            capture.link = packet.link_type;
            let (time_ns, original_len) = (packet.reference.time.0, packet.original_len);
            capture.packets.push(Packet { time_ns, octets: octets.to_vec(), original_len });
        }
        assert!(reader.damage().is_none());
        capture
    }

    /// Keeps at most `len` octets of every packet, as a snap length does.
    pub fn snap(mut self, len: usize) -> Capture {
        self.packets.iter_mut().for_each(|packet| packet.octets.truncate(len));
        self
    }

    /// A pcap file with nanoseconds.
    pub fn pcap(&self) -> Vec<u8> {
        let mut file = Vec::new();
        words(&mut file, &[0xa1b2_3c4d, 0x0004_0002, 0, 0, 262_144, u32::from(self.link.0)]);
        for packet in &self.packets {
            let (seconds, nanoseconds) = (packet.time_ns / 1_000_000_000, packet.time_ns % 1_000_000_000);
            words(&mut file, &[seconds as u32, nanoseconds as u32, packet.octets.len() as u32, packet.original_len]);
            file.extend(&packet.octets);
        }
        file
    }

    /// A pcapng file with nanoseconds; between the packets a block that nobody needs.
    pub fn pcapng(&self) -> Vec<u8> {
        const SECTION_HEADER: u32 = 0x0a0d_0d0a;
        const INTERFACE: u32 = 1;
        const NAMES: u32 = 4;
        const ENHANCED_PACKET: u32 = 6;
        let mut file = Vec::new();
        block(&mut file, SECTION_HEADER, &[0x1a2b_3c4d, 1, u32::MAX, u32::MAX], &[]);
        // The option if_tsresol (9) of one octet: 10^-9.
        block(&mut file, INTERFACE, &[u32::from(self.link.0), 262_144, 1 << 16 | 9, 9, 0], &[]);
        for (index, packet) in self.packets.iter().enumerate() {
            let (high, low) = ((packet.time_ns >> 32) as u32, packet.time_ns as u32);
            let fields = [0, high, low, packet.octets.len() as u32, packet.original_len];
            block(&mut file, ENHANCED_PACKET, &fields, &packet.octets);
            if index % 7 == 3 {
                block(&mut file, NAMES, &[0], &[]);
            }
        }
        file
    }
}

fn words(file: &mut Vec<u8>, words: &[u32]) {
    words.iter().for_each(|word| file.extend(word.to_le_bytes()));
}

fn block(file: &mut Vec<u8>, kind: u32, fields: &[u32], data: &[u8]) {
    let padded = data.len().next_multiple_of(4);
    let len = (12 + fields.len() * 4 + padded) as u32;
    words(file, &[kind, len]);
    words(file, fields);
    file.extend(data);
    file.resize(file.len() + padded - data.len(), 0);
    words(file, &[len]);
}
