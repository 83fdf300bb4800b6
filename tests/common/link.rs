//! From IP packets to captured packets: link headers, IP fragments, extension headers.

use framescope::base::LinkType;

use super::pcap::{Capture, Packet};

/// The moment of the first packet; one comes every millisecond.
const START_NS: u64 = 1_700_000_000_000_000_000;
const MILLISECOND_NS: u64 = 1_000_000;

/// The link layer: everything that stands before the IP header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    Ethernet,
    Vlan,
    QinQ,
    NullLittleEndian,
    NullBigEndian,
    Loop,
    Raw,
    Sll,
    Sll2,
    Ppp,
    PppHdlc,
}

impl Link {
    pub const ALL: [Link; 11] = [
        Link::Ethernet,
        Link::Vlan,
        Link::QinQ,
        Link::NullLittleEndian,
        Link::NullBigEndian,
        Link::Loop,
        Link::Raw,
        Link::Sll,
        Link::Sll2,
        Link::Ppp,
        Link::PppHdlc,
    ];

    /// Returns its number in a capture file.
    pub fn link_type(self) -> LinkType {
        match self {
            Link::Ethernet | Link::Vlan | Link::QinQ => LinkType::ETHERNET,
            Link::NullLittleEndian | Link::NullBigEndian => LinkType::NULL,
            Link::Loop => LinkType::LOOP,
            Link::Raw => LinkType::RAW,
            Link::Sll => LinkType::LINUX_SLL,
            Link::Sll2 => LinkType::LINUX_SLL2,
            Link::Ppp => LinkType::PPP,
            Link::PppHdlc => LinkType::PPP_HDLC,
        }
    }

    /// The header before `ip`.
    fn header(self, ip: &[u8]) -> Vec<u8> {
        const MACS: [u8; 12] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
        let is_v6 = ip[0] >> 4 == 6;
        let ether_type = if is_v6 { [0x86, 0xdd] } else { [0x08, 0x00] };
        // macOS calls IPv6 30; every system calls IPv4 2.
        let family = if is_v6 { 30u32 } else { 2 };
        let ppp = if is_v6 { [0x00, 0x57] } else { [0x00, 0x21] };
        match self {
            Link::Ethernet => [&MACS[..], &ether_type].concat(),
            Link::Vlan => [&MACS[..], &[0x81, 0, 0, 5], &ether_type].concat(),
            Link::QinQ => [&MACS[..], &[0x88, 0xa8, 0, 9, 0x81, 0, 0, 5], &ether_type].concat(),
            Link::NullLittleEndian => family.to_le_bytes().to_vec(),
            Link::NullBigEndian | Link::Loop => family.to_be_bytes().to_vec(),
            Link::Raw => Vec::new(),
            Link::Sll => [&[0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0][..], &ether_type].concat(),
            Link::Sll2 => [&ether_type[..], &[0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0]].concat(),
            Link::Ppp => ppp.to_vec(),
            Link::PppHdlc => [&[0xff, 0x03][..], &ppp].concat(),
        }
    }
}

/// A capture of these IP packets.
pub fn capture(link: Link, ip_packets: Vec<Vec<u8>>) -> Capture {
    let packets = ip_packets.iter().enumerate().map(|(index, ip)| {
        let time_ns = START_NS + index as u64 * MILLISECOND_NS;
        Packet::whole(time_ns, [link.header(ip), ip.clone()].concat())
    });
    Capture { link: link.link_type(), packets: packets.collect() }
}

/// An IPv6 packet with hop-by-hop and destination options before TCP (RFC 8200 §4).
pub fn with_extension_headers(ip: &[u8]) -> Vec<u8> {
    const HOP_BY_HOP: u8 = 0;
    const DESTINATION_OPTIONS: u8 = 60;
    let (header, tcp) = ip.split_at(40);
    // Next header, length in units of 8 octets without the first, padding (PadN of 4 and of 12 octets).
    let hop_by_hop = [DESTINATION_OPTIONS, 0, 1, 4, 0, 0, 0, 0];
    let destination = [header[6], 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let mut packet = [header, &hop_by_hop, &destination, tcp].concat();
    let len = (packet.len() - 40) as u16;
    packet[4..6].copy_from_slice(&len.to_be_bytes());
    packet[6] = HOP_BY_HOP;
    packet
}

/// The packet in IP fragments with at most `size` octets of payload each (a multiple of 8). `id` tells the fragments of
/// one packet from those of another.
pub fn fragments(ip: &[u8], size: usize, id: u16) -> Vec<Vec<u8>> {
    const FRAGMENT: u8 = 44;
    assert_eq!(size % 8, 0);
    let is_v6 = ip[0] >> 4 == 6;
    let (header, payload) = ip.split_at(if is_v6 { 40 } else { 20 });
    let fragment = |(index, part): (usize, &[u8])| {
        let more = (index + 1) * size < payload.len();
        let units = (index * size / 8) as u16;
        let mut packet = header.to_vec();
        if is_v6 {
            packet[4..6].copy_from_slice(&(part.len() as u16 + 8).to_be_bytes());
            packet.extend([packet[6], 0]);
            packet[6] = FRAGMENT;
            packet.extend((units << 3 | u16::from(more)).to_be_bytes());
            packet.extend(u32::from(id).to_be_bytes());
        } else {
            packet[2..4].copy_from_slice(&(part.len() as u16 + 20).to_be_bytes());
            packet[4..6].copy_from_slice(&id.to_be_bytes());
            packet[6..8].copy_from_slice(&(units | u16::from(more) << 13).to_be_bytes());
        }
        packet.extend(part);
        packet
    };
    payload.chunks(size).enumerate().map(fragment).collect()
}
