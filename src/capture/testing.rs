//! Writes captures for the tests of this layer.

use std::io::Write;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::byte_order::ByteOrder;
use super::{Damage, Layout, Packet, ReadError, Reader, Source, Step};

/// A packet as a test writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// Nanoseconds since 1970.
    pub time: u64,
    pub octets: Vec<u8>,
    pub original_len: u32,
}

/// Writes numbers in one byte order.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    pub order: ByteOrder,
    pub octets: Vec<u8>,
}

impl Writer {
    pub fn new(order: ByteOrder) -> Writer {
        Writer { order, octets: Vec::new() }
    }

    pub fn u16(&mut self, number: u16) {
        self.octets.extend(match self.order {
            ByteOrder::Little => number.to_le_bytes(),
            ByteOrder::Big => number.to_be_bytes(),
        });
    }

    pub fn u32(&mut self, number: u32) {
        self.octets.extend(match self.order {
            ByteOrder::Little => number.to_le_bytes(),
            ByteOrder::Big => number.to_be_bytes(),
        });
    }

    pub fn words(&mut self, numbers: &[u32]) {
        numbers.iter().for_each(|number| self.u32(*number));
    }

    /// A pcap file header.
    pub fn pcap_header(&mut self, magic: u32, network: u32) {
        self.u32(magic);
        self.u16(2);
        self.u16(4);
        self.words(&[0, 0, 0, network]);
    }

    /// A pcap record; `fraction` nanoseconds are a unit of its fraction field.
    pub fn pcap_packet(&mut self, packet: &Written, fraction: u64) {
        let seconds = (packet.time / 1_000_000_000) as u32;
        let parts = (packet.time % 1_000_000_000 / fraction) as u32;
        self.words(&[seconds, parts, packet.octets.len() as u32, packet.original_len]);
        self.octets.extend(&packet.octets);
    }

    /// A pcapng block.
    pub fn block(&mut self, kind: u32, body: &[u8]) {
        let padded = body.len().next_multiple_of(4);
        let len = padded as u32 + 12;
        self.words(&[kind, len]);
        self.octets.extend(body);
        self.octets.resize(self.octets.len() + padded - body.len(), 0);
        self.u32(len);
    }

    fn block_with(&mut self, kind: u32, body: impl FnOnce(&mut Writer)) {
        let mut writer = Writer::new(self.order);
        body(&mut writer);
        self.block(kind, &writer.octets);
    }

    /// A section header in this writer's order.
    pub fn section(&mut self) {
        self.block_with(0x0a0d_0d0a, |body| {
            body.u32(0x1a2b_3c4d);
            body.u16(1);
            body.u16(0);
            body.words(&[u32::MAX, u32::MAX]);
        });
    }

    pub fn option(&mut self, code: u16, value: &[u8]) {
        self.u16(code);
        self.u16(value.len() as u16);
        self.octets.extend(value);
        self.octets.resize(self.octets.len().next_multiple_of(4), 0);
    }

    /// An interface whose clock counts as `if_tsresol` says.
    pub fn interface(&mut self, link_type: u16, snap_len: u32, if_tsresol: u8) {
        self.block_with(1, |body| {
            body.u16(link_type);
            body.u16(0);
            body.u32(snap_len);
            body.option(2, b"eth0");
            body.option(9, &[if_tsresol]);
            body.option(0, &[]);
        });
    }

    /// An enhanced packet with a comment.
    pub fn enhanced(&mut self, interface: u32, ticks: u64, packet: &Written, comment: &[u8]) {
        self.block_with(6, |body| {
            body.words(&[interface, (ticks >> 32) as u32, ticks as u32, packet.octets.len() as u32]);
            body.u32(packet.original_len);
            body.octets.extend(&packet.octets);
            body.octets.resize(body.octets.len().next_multiple_of(4), 0);
            if !comment.is_empty() {
                body.option(1, comment);
                body.option(0, &[]);
            }
        });
    }

    /// An obsolete packet block.
    pub fn obsolete(&mut self, interface: u16, ticks: u64, packet: &Written) {
        self.block_with(2, |body| {
            body.u16(interface);
            body.u16(3);
            body.words(&[(ticks >> 32) as u32, ticks as u32, packet.octets.len() as u32, packet.original_len]);
            body.octets.extend(&packet.octets);
        });
    }

    /// A simple packet block.
    pub fn simple(&mut self, packet: &Written) {
        self.block_with(3, |body| {
            body.u32(packet.original_len);
            body.octets.extend(&packet.octets);
        });
    }
}

pub(super) fn packet(time: u64, octets: &[u8]) -> Written {
    Written { time, octets: octets.to_vec(), original_len: octets.len() as u32 }
}

/// One gzip member.
pub(super) fn gzip(octets: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(octets).unwrap();
    encoder.finish().unwrap()
}

/// One zstd frame.
pub(super) fn zstd(octets: &[u8]) -> Vec<u8> {
    compress_to_vec(octets, CompressionLevel::Fastest)
}

/// All that a reader gives until it says [`Step::Pending`] or [`Step::End`].
pub(super) fn drain(reader: &mut Reader) -> Result<Vec<(Packet, Vec<u8>)>, ReadError> {
    let mut packets = Vec::new();
    while let Step::Packet(packet, octets) = reader.next()? {
        packets.push((packet, octets.to_vec()));
    }
    Ok(packets)
}

/// A whole capture read at once.
pub(super) struct Whole {
    pub packets: Vec<(Packet, Vec<u8>)>,
    pub damage: Option<Damage>,
    pub layout: Layout,
}

impl Whole {
    pub fn written(&self) -> Vec<Written> {
        let written = |(packet, octets): &(Packet, Vec<u8>)| Written {
            time: packet.reference.time.0,
            octets: octets.clone(),
            original_len: packet.original_len,
        };
        self.packets.iter().map(written).collect()
    }

    pub fn damage(&self) -> String {
        self.damage.as_ref().map(ToString::to_string).unwrap_or_default()
    }
}

pub(super) fn read(octets: &[u8]) -> Result<Whole, ReadError> {
    let mut reader = Reader::new(Arc::new(Source::from_octets(octets.to_vec(), "test")));
    let packets = drain(&mut reader)?;
    Ok(Whole { packets, damage: reader.damage().cloned(), layout: reader.layout() })
}
