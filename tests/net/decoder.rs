//! The decoder against noise: every outcome is fine, a panic is not.

use framescope::base::{LinkType, PacketId, PacketRef, Span, Timestamp};
use framescope::net::{Assembler, Decoder, Direction, Outcome, Segment};
use proptest::prelude::*;

const LINKS: [LinkType; 14] = [
    LinkType::NULL,
    LinkType::ETHERNET,
    LinkType::PPP,
    LinkType::PPP_HDLC,
    LinkType::PPP_ETHER,
    LinkType::C_HDLC,
    LinkType::DLT_RAW_12,
    LinkType::RAW,
    LinkType::LOOP,
    LinkType::LINUX_SLL,
    LinkType::IPV4,
    LinkType::IPV6,
    LinkType::LINUX_SLL2,
    LinkType(0xffff),
];

/// A TCP packet that holds together, to be damaged: with a link header of `link`.
fn plausible(link: LinkType) -> Vec<u8> {
    let head: &[u8] = match link {
        LinkType::NULL => &[2, 0, 0, 0],
        LinkType::LOOP => &[0, 0, 0, 2],
        LinkType::ETHERNET => &[2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 0x81, 0, 0, 1, 8, 0],
        LinkType::PPP | LinkType::PPP_HDLC => &[0xff, 3, 0, 0x21],
        LinkType::PPP_ETHER => &[0x11, 0, 0, 1, 0, 60, 0, 0x21],
        LinkType::C_HDLC => &[0x0f, 0, 8, 0],
        LinkType::LINUX_SLL => &[0, 0, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0],
        LinkType::LINUX_SLL2 => &[8, 0, 0, 0, 0, 0, 0, 1, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0],
        _ => &[],
    };
    let ipv4 = [0x45, 0, 0, 60, 0, 1, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
    let tcp = [0, 80, 0, 81, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10, 1, 0, 0, 0, 0, 0];
    [head, &ipv4, &tcp, &[7; 20]].concat()
}

/// Checks what every segment must keep, however hostile the packet.
fn check(segment: &Segment<'_>, packet: Span) -> Result<(), TestCaseError> {
    let mut end = 0;
    for piece in segment.pieces.iter() {
        prop_assert!(piece.at >= end && piece.piece.span.len > 0);
        prop_assert_eq!(piece.piece.span.len as usize, piece.octets.len());
        end = piece.at + piece.piece.span.len;
        if piece.piece.packet.id == segment.packet.id {
            prop_assert!(packet.contains(piece.piece.span));
        }
    }
    prop_assert!(end <= segment.payload_len);
    Ok(())
}

fn run(packets: &[(usize, Vec<u8>, u32)]) -> Result<(), TestCaseError> {
    let mut decoder = Decoder::new();
    let mut assemblers = [Assembler::new(), Assembler::new()];
    let (mut at, mut events) = (1000, Vec::new());
    for (index, (link, octets, original_len)) in packets.iter().enumerate() {
        let packet = PacketRef { id: PacketId(index as u64), record_at: at - 16, time: Timestamp(index as u64) };
        let span = Span::new(at, octets.len() as u32);
        at = span.end() + 16;
        let link = LINKS[link % LINKS.len()];
        if let Outcome::Segment(segment) = decoder.push(link, packet, span, *original_len, octets) {
            check(&segment, span)?;
            let [forward, backward] = &mut assemblers;
            let (own, peer) =
                if segment.direction == Direction::Forward { (forward, backward) } else { (backward, forward) };
            own.push(&segment, &mut events);
            if let Some(ack) = segment.ack {
                peer.acknowledged(ack, segment.packet, &mut events);
            }
        }
    }
    let stats = decoder.stats();
    prop_assert_eq!(stats.packets, packets.len() as u64);
    let outcomes =
        [stats.segments, stats.not_tcp, stats.fragments, stats.unsupported, stats.malformed, stats.headers_cut];
    prop_assert_eq!(outcomes.iter().sum::<u64>(), stats.packets, "every packet is counted once");
    assemblers.iter_mut().for_each(|assembler| assembler.finish(PacketRef::default(), &mut events));
    Ok(())
}

/// Octets of a plausible packet changed here and there, and perhaps cut.
fn damaged() -> impl Strategy<Value = (usize, Vec<u8>, u32)> {
    let changes = prop::collection::vec((0..80usize, any::<u8>()), 0..6);
    (0..LINKS.len(), changes, 0..120usize, 0..3000u32).prop_map(|(link, changes, len, original_len)| {
        let mut octets = plausible(LINKS[link]);
        for (at, value) in changes {
            if let Some(octet) = octets.get_mut(at) {
                *octet = value;
            }
        }
        octets.truncate(len);
        (link, octets, original_len)
    })
}

/// IPv4 fragments of few datagrams, in any sizes and places.
fn fragments() -> impl Strategy<Value = (usize, Vec<u8>, u32)> {
    (0..4u8, 0..12u16, any::<bool>(), 0..80usize).prop_map(|(id, offset, more, len)| {
        let mut octets = plausible(LinkType::RAW);
        octets.resize(20 + len, 0x50);
        octets[2..4].copy_from_slice(&(20 + len as u16).to_be_bytes());
        octets[5] = id;
        octets[6..8].copy_from_slice(&(offset | u16::from(more) << 13).to_be_bytes());
        (7, octets, 0)
    })
}

proptest! {
    #[test]
    fn noise_never_panics(packets in prop::collection::vec(
        (0..LINKS.len(), prop::collection::vec(any::<u8>(), 0..200), any::<u32>()), 1..20,
    )) {
        run(&packets)?;
    }

    #[test]
    fn damaged_packets_never_panic(packets in prop::collection::vec(damaged(), 1..60)) {
        run(&packets)?;
    }

    #[test]
    fn fragments_of_any_shape_never_panic(packets in prop::collection::vec(fragments(), 1..200)) {
        run(&packets)?;
    }
}

#[test]
fn plausible_packets_hold_together() {
    for link in LINKS.iter().take(LINKS.len() - 1).filter(|link| **link != LinkType::IPV6) {
        let octets = plausible(*link);
        let mut decoder = Decoder::new();
        let span = Span::new(0, octets.len() as u32);
        let outcome = decoder.push(*link, PacketRef::default(), span, span.len, &octets);
        assert!(matches!(outcome, Outcome::Segment(segment) if segment.payload_len == 20), "{}", link.name());
    }
}
