//! Properties that hold for any capture: what was written is read, whole or growing, cut or at random.

use std::io::{self, Read};

use proptest::collection::vec;
use proptest::prelude::*;

use super::byte_order::ByteOrder::{self, Big, Little};
use super::testing::{self, Writer, Written, drain, read};
use super::{Reader, Source, Step, open_stream};

/// A capture as octets, what it holds, and where each packet's record ends.
#[derive(Clone, Debug)]
struct Capture {
    octets: Vec<u8>,
    packets: Vec<Written>,
    ends: Vec<usize>,
}

fn written() -> impl Strategy<Value = Written> {
    let time = 0..u64::from(u32::MAX) * 1_000_000_000;
    (time, vec(any::<u8>(), 0..80), 0..100u32).prop_map(|(time, octets, beyond)| {
        let original_len = octets.len() as u32 + beyond;
        Written { time, octets, original_len }
    })
}

fn order() -> impl Strategy<Value = ByteOrder> {
    prop_oneof![Just(Little), Just(Big)]
}

fn pcap() -> impl Strategy<Value = Capture> {
    (order(), any::<bool>(), vec(written(), 0..20)).prop_map(|(order, nanoseconds, mut packets)| {
        let (magic, fraction) = if nanoseconds { (0xa1b2_3c4d, 1) } else { (0xa1b2_c3d4, 1_000) };
        let mut file = Writer::new(order);
        file.pcap_header(magic, 1);
        let mut ends = Vec::new();
        for packet in &mut packets {
            packet.time -= packet.time % fraction;
            file.pcap_packet(packet, fraction);
            ends.push(file.octets.len());
        }
        Capture { octets: file.octets, packets, ends }
    })
}

/// One block or more of a pcapng file.
#[derive(Clone, Debug)]
enum Item {
    Section(ByteOrder),
    Unknown(u32, Vec<u8>),
    Enhanced(Written, Vec<u8>),
    Obsolete(Written),
    Simple(Written),
}

fn item() -> impl Strategy<Value = Item> {
    prop_oneof![
        1 => order().prop_map(Item::Section),
        2 => (any::<u32>(), vec(any::<u8>(), 0..100)).prop_map(|(kind, body)| Item::Unknown(kind | 0x100, body)),
        6 => (written(), vec(any::<u8>(), 0..20)).prop_map(|(packet, comment)| Item::Enhanced(packet, comment)),
        1 => written().prop_map(Item::Obsolete),
        1 => written().prop_map(Item::Simple),
    ]
}

fn pcapng() -> impl Strategy<Value = Capture> {
    (order(), vec(item(), 0..30)).prop_map(|(order, items)| {
        let mut file = Writer::new(order);
        let (mut packets, mut ends): (Vec<Written>, _) = (Vec::new(), Vec::new());
        let begin = |file: &mut Writer| {
            file.section();
            file.interface(1, 0, 9);
            file.interface(113, 0, 6);
        };
        begin(&mut file);
        for item in items {
            let packet = match item {
                Item::Section(order) => {
                    file.order = order;
                    begin(&mut file);
                    continue;
                }
                Item::Unknown(kind, body) => {
                    // 0x0a0d0d0a is a section whatever the byte order; any other kind is unknown.
                    file.block(if kind == 0x0a0d_0d0a { 0x100 } else { kind }, &body);
                    continue;
                }
                Item::Enhanced(mut packet, comment) => {
                    let interface = u32::from(packet.time % 2 == 1);
                    packet.time -= packet.time % 1_000 * u64::from(interface);
                    let ticks = if interface == 0 { packet.time } else { packet.time / 1_000 };
                    file.enhanced(interface, ticks, &packet, &comment);
                    packet
                }
                Item::Obsolete(packet) => {
                    file.obsolete(0, packet.time, &packet);
                    packet
                }
                Item::Simple(mut packet) => {
                    packet.original_len = packet.octets.len() as u32;
                    packet.time = packets.last().map_or(0, |before| before.time);
                    file.simple(&packet);
                    packet
                }
            };
            packets.push(packet);
            ends.push(file.octets.len());
        }
        Capture { octets: file.octets, packets, ends }
    })
}

fn capture() -> impl Strategy<Value = Capture> {
    prop_oneof![pcap(), pcapng()]
}

/// An input that gives the octets in pieces of the given sizes.
struct Pieces(io::Cursor<Vec<u8>>, Vec<usize>);

impl Read for Pieces {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.1.rotate_left(1);
        let len = self.1.last().map_or(1, |len| (*len).min(out.len()));
        self.0.read(&mut out[..len])
    }
}

proptest! {
    #[test]
    fn what_was_written_is_read(capture in capture()) {
        let whole = read(&capture.octets).unwrap();
        prop_assert_eq!(whole.damage(), "");
        prop_assert_eq!(whole.written(), capture.packets);
        // And again, at random.
        let source = Source::from_octets(capture.octets, "test");
        for (packet, _) in whole.packets.iter().rev() {
            let info = whole.layout.packet_at(&source, packet.reference.record_at).unwrap().unwrap();
            prop_assert_eq!(info.time.unwrap_or(packet.reference.time), packet.reference.time);
            prop_assert_eq!((info.span, info.original_len), (packet.span, packet.original_len));
            prop_assert_eq!(info.link_type, packet.link_type);
            prop_assert_eq!(whole.layout.interfaces()[info.interface as usize].link_type, packet.link_type);
        }
    }

    #[test]
    fn a_growing_file_is_the_whole_file(capture in capture(), pieces in vec(1..300usize, 1..9)) {
        let input = Pieces(io::Cursor::new(capture.octets.clone()), pieces);
        let (source, mut filler) = open_stream(Box::new(input), "pipe").unwrap();
        let mut reader = Reader::new(source);
        let mut packets = Vec::new();
        loop {
            packets.extend(drain(&mut reader).unwrap());
            let told = capture.ends.iter().filter(|end| **end as u64 <= reader.source().len()).count();
            prop_assert_eq!(packets.len(), told, "a packet that is there is told");
            if matches!(reader.next().unwrap(), Step::End) {
                break;
            }
            filler.pump().unwrap();
        }
        prop_assert_eq!(packets, read(&capture.octets).unwrap().packets);
        prop_assert_eq!(reader.damage(), None);
    }

    #[test]
    fn a_prefix_gives_the_packets_inside_it(capture in capture(), cut in any::<prop::sample::Index>()) {
        let len = 4 + cut.index(capture.octets.len() - 3);
        let whole = read(&capture.octets[..len]).unwrap();
        let inside = capture.ends.iter().filter(|end| **end <= len).count();
        prop_assert_eq!(whole.written(), &capture.packets[..inside]);
        if let Some(damage) = &whole.damage {
            prop_assert!(damage.at < len as u64 && damage.packet.index() == inside);
            prop_assert!(damage.what.starts_with("the capture ends inside"), "{}", damage);
        } else {
            prop_assert!(len == 24 || capture.ends.contains(&len) || capture.octets[0] == 0x0a);
        }
    }

    #[test]
    fn changed_octets_never_panic(mut capture in capture(), changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..9)) {
        for (at, octet) in changes {
            let at = at.index(capture.octets.len());
            capture.octets[at] = octet;
        }
        if let Ok(whole) = read(&capture.octets) {
            let source = Source::from_octets(capture.octets.clone(), "test");
            for at in 0..capture.octets.len() as u64 + 9 {
                whole.layout.packet_at(&source, at).unwrap();
            }
        }
    }

    #[test]
    fn random_octets_never_panic(kind in 0..5usize, octets in vec(any::<u8>(), 0..300)) {
        let magics: [&[u8]; 5] = [
            b"",
            b"\xd4\xc3\xb2\xa1",
            b"\xa1\xb2\x3c\x4d",
            b"\x0a\x0d\x0d\x0a\0\0\0\x1c\x1a\x2b\x3c\x4d\0\x01\0\0\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\x1c",
            b"\x0a\x0d\x0d\x0a",
        ];
        _ = read(&[magics[kind], &octets].concat());
    }

    #[test]
    fn a_compressed_stream_is_the_capture_and_changed_octets_never_panic(
        capture in capture(),
        zstd in any::<bool>(),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
    ) {
        let mut octets = if zstd { testing::zstd(&capture.octets) } else { testing::gzip(&capture.octets) };
        for (at, octet) in &changes {
            let at = at.index(octets.len());
            octets[at] = *octet;
        }
        let (source, mut filler) = open_stream(Box::new(io::Cursor::new(octets)), "pipe").unwrap();
        while filler.pump().unwrap() {}
        let packets = drain(&mut Reader::new(source));
        if changes.is_empty() {
            prop_assert_eq!(packets.unwrap(), read(&capture.octets).unwrap().packets);
        }
    }

    #[test]
    fn random_streams_never_panic(kind in 0..3usize, octets in vec(any::<u8>(), 0..300)) {
        let magics: [&[u8]; 3] = [b"", b"\x1f\x8b\x08\0\0\0\0\0\0\0", b"\x28\xb5\x2f\xfd\x04\x58"];
        let input = io::Cursor::new([magics[kind], &octets].concat());
        let (source, mut filler) = open_stream(Box::new(input), "pipe").unwrap();
        while filler.pump().unwrap() {}
        _ = drain(&mut Reader::new(source));
    }
}
