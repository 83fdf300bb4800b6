//! Packets made octet by octet, and what the decoder finds in them.

use super::*;
use crate::base::PacketId;
use crate::net::{Direction, Layer, Problem, Unsupported};

/// File offset of the packet of every test.
const FILE_AT: u64 = 1000;

/// Pushes a packet of which all octets were captured.
fn push<'a>(decoder: &'a mut Decoder, link: LinkType, octets: &'a [u8]) -> Outcome<'a> {
    push_cut(decoder, link, octets.len(), octets)
}

/// Pushes a packet of which `octets` of `original_len` were captured.
fn push_cut<'a>(decoder: &'a mut Decoder, link: LinkType, original_len: usize, octets: &'a [u8]) -> Outcome<'a> {
    let packet = PacketRef { id: PacketId(7), record_at: FILE_AT - 16, ..PacketRef::default() };
    decoder.push(link, packet, Span::new(FILE_AT, octets.len() as u32), original_len as u32, octets)
}

fn segment<'a>(outcome: Outcome<'a>) -> Segment<'a> {
    match outcome {
        Outcome::Segment(segment) => segment,
        other => panic!("no segment: {other:?}"),
    }
}

/// A TCP header of 32 octets (with padding options) from port 50000 to port 80, and payload.
fn tcp(seq: u32, flags: TcpFlags, payload: &[u8]) -> Vec<u8> {
    let mut octets = [50_000u16.to_be_bytes(), 80u16.to_be_bytes()].concat();
    octets.extend(seq.to_be_bytes());
    octets.extend(77u32.to_be_bytes());
    octets.extend([0x80, flags.0, 0x20, 0, 0, 0, 0, 0]);
    octets.extend([1; 12]);
    octets.extend(payload);
    octets
}

/// IPv4 from 10.0.0.1 to 10.0.0.2; `fragment` is the word of flags and offset.
fn v4(protocol: u8, fragment: u16, payload: &[u8]) -> Vec<u8> {
    let mut octets = vec![0x45, 0];
    octets.extend((20 + payload.len() as u16).to_be_bytes());
    octets.extend([0x12, 0x34]);
    octets.extend(fragment.to_be_bytes());
    octets.extend([64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    octets.extend(payload);
    octets
}

/// IPv6 from 2001:db8::1 to 2001:db8::2.
fn v6(next_header: u8, payload: &[u8]) -> Vec<u8> {
    let address = |last| [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last];
    let mut octets = vec![0x60, 0, 0, 0];
    octets.extend((payload.len() as u16).to_be_bytes());
    octets.extend([next_header, 64]);
    octets.extend(address(1));
    octets.extend(address(2));
    octets.extend(payload);
    octets
}

fn ethernet(ether_type: u16, payload: &[u8]) -> Vec<u8> {
    [&[2; 12][..], &ether_type.to_be_bytes(), payload].concat()
}

#[test]
fn a_segment_in_ethernet() {
    let mut packet = ethernet(0x0800, &v4(6, 0, &tcp(500, TcpFlags::ACK | TcpFlags::PSH, b"hello")));
    packet.extend([0; 9]);
    let mut decoder = Decoder::new();
    let segment = segment(push(&mut decoder, LinkType::ETHERNET, &packet));
    let [piece] = *segment.pieces else { panic!("one piece") };
    assert_eq!((piece.at, piece.octets), (0, &b"hello"[..]), "padding is no payload");
    assert_eq!(piece.piece.span, Span::new(FILE_AT + 66, 5));
    assert_eq!((piece.piece.packet.id, segment.packet.record_at), (PacketId(7), FILE_AT - 16));
    assert_eq!((segment.seq, segment.ack, segment.payload_len), (500, Some(77), 5));
    assert!(segment.new_flow && segment.flags.psh() && segment.direction == Direction::Forward);
    let flow = segment.flow;
    assert_eq!(decoder.flow(flow).unwrap().peer.to_string(), "10.0.0.2:80");
    assert_eq!((decoder.flow_count(), decoder.stats().segments), (1, 1));
}

/// The shortest way finds the same as the long way, and it finds nothing if there is more to tell.
#[test]
fn whole_segments_of_known_flows_take_the_shortest_way() {
    let mut decoder = Decoder::new();
    let packet = PacketRef { id: PacketId(7), record_at: FILE_AT - 16, ..PacketRef::default() };
    let ack = TcpFlags::ACK;
    let mut back = tcp(77, ack, b"answer");
    back[..4].rotate_left(2);
    let mut back = ethernet(0x0800, &v4(6, 0, &back));
    back[26..34].rotate_left(4);
    let there = ethernet(0x0800, &v4(6, 0, &tcp(500, ack, b"hello")));
    for octets in [&there, &back] {
        assert!(decoder.push_whole(LinkType::ETHERNET, packet, FILE_AT, octets).is_none(), "not known yet");
        let span = Span::new(FILE_AT, octets.len() as u32);
        let mut twin = decoder.clone();
        let long = segment(twin.push(LinkType::ETHERNET, packet, span, 0, octets));
        decoder.push(LinkType::ETHERNET, packet, span, 0, octets);
        let long = Segment { new_flow: false, ..long };
        let short = decoder.push_whole(LinkType::ETHERNET, packet, FILE_AT, octets).unwrap();
        assert_eq!(short.to_segment(decoder.way(short.flow, short.direction)), long);
        assert_eq!(long.whole().unwrap().to_segment(long.way), long);
    }
    let bare = ethernet(0x0800, &v4(6, 0, &tcp(505, ack, b"")));
    let short = decoder.push_whole(LinkType::ETHERNET, packet, FILE_AT, &bare).unwrap();
    assert_eq!(
        (short.octets, short.ack(), short.to_segment(Way::default()).pieces),
        (&b""[..], Some(77), Pieces::None)
    );
    assert_eq!(decoder.stats().segments, 2, "the shortest way does not count");
    decoder.count_segments(3);
    assert_eq!((decoder.stats().segments, decoder.stats().packets), (5, 5));

    let cut = &there[..there.len() - 1];
    let fin = ethernet(0x0800, &v4(6, 0, &tcp(505, ack | TcpFlags::FIN, b"")));
    let syn = ethernet(0x0800, &v4(6, 0, &tcp(505, TcpFlags::SYN, b"")));
    for (what, octets) in [("cut", cut), ("an end", &fin[..]), ("a beginning", &syn[..])] {
        assert!(decoder.push_whole(LinkType::ETHERNET, packet, FILE_AT, octets).is_none(), "{what}");
    }
}

#[test]
fn the_acknowledgment_counts_only_with_its_bit() {
    let packet = v6(6, &tcp(500, TcpFlags::SYN, b""));
    let mut decoder = Decoder::new();
    let segment = segment(push(&mut decoder, LinkType::RAW, &packet));
    assert_eq!((segment.ack, segment.pieces), (None, Pieces::None));
    assert_eq!(decoder.flow(FlowId(0)).unwrap().opener.to_string(), "[2001:db8::1]:50000");
}

#[test]
fn what_the_snap_length_cut_is_still_counted_as_sent() {
    let whole = ethernet(0x0800, &v4(6, 0, &tcp(500, TcpFlags::ACK, &[9; 1000])));
    let mut decoder = Decoder::new();
    let cut = segment(push_cut(&mut decoder, LinkType::ETHERNET, whole.len(), &whole[..70]));
    assert_eq!((cut.payload_len, cut.pieces[0].octets), (1000, &[9; 4][..]));
    let bare = segment(push_cut(&mut decoder, LinkType::ETHERNET, whole.len(), &whole[..66]));
    assert_eq!((bare.payload_len, bare.pieces), (1000, Pieces::None));
    let headless = push_cut(&mut decoder, LinkType::ETHERNET, whole.len(), &whole[..60]);
    let problem = Problem::Short { needs: 32, has: 26 };
    assert_eq!(headless, Outcome::Malformed(Malformed { layer: Layer::Tcp, at: 34, problem }));
    let stats = decoder.stats();
    assert_eq!((stats.payloads_cut, stats.headers_cut, stats.malformed), (2, 1, 0));
}

#[test]
fn offloaded_packets_have_no_length() {
    let mut packet = ethernet(0x0800, &v4(6, 0, &tcp(500, TcpFlags::ACK, &[9; 3000])));
    packet[16..18].fill(0);
    let mut decoder = Decoder::new();
    assert_eq!(segment(push(&mut decoder, LinkType::ETHERNET, &packet)).payload_len, 3000);
    let cut = segment(push_cut(&mut decoder, LinkType::ETHERNET, packet.len(), &packet[..96]));
    assert_eq!((cut.payload_len, cut.pieces[0].octets.len()), (3000, 30));
    let mut packet = v6(6, &tcp(500, TcpFlags::ACK, &[9; 3000]));
    packet[4..6].fill(0);
    assert_eq!(segment(push(&mut decoder, LinkType::IPV6, &packet)).payload_len, 3000);
}

#[test]
fn ipv4_fragments_are_joined_with_their_places() {
    let datagram = tcp(500, TcpFlags::ACK, &(0..100).collect::<Vec<u8>>());
    let first = ethernet(0x0800, &v4(6, 0x2000, &datagram[..16]));
    let second = ethernet(0x0800, &v4(6, 0x2002, &datagram[16..64]));
    let third = ethernet(0x0800, &v4(6, 0x0008, &datagram[64..]));
    let mut decoder = Decoder::new();
    assert_eq!(push(&mut decoder, LinkType::ETHERNET, &third), Outcome::Fragment);
    assert_eq!(push(&mut decoder, LinkType::ETHERNET, &first), Outcome::Fragment);
    let joined = segment(push(&mut decoder, LinkType::ETHERNET, &second));
    assert_eq!((joined.seq, joined.payload_len), (500, 100), "the TCP header is in two fragments");
    let places: Vec<(u32, Span, u8)> =
        joined.pieces.iter().map(|piece| (piece.at, piece.piece.span, piece.octets[0])).collect();
    assert_eq!(places, [(0, Span::new(FILE_AT + 50, 32), 0), (32, Span::new(FILE_AT + 34, 68), 32)]);
    let stats = decoder.stats();
    assert_eq!((stats.packets, stats.fragments, stats.segments, stats.datagrams_joined), (3, 2, 1, 1));
}

#[test]
fn ipv6_fragments_are_joined_with_options_before_tcp() {
    let datagram = [&[6, 0, 1, 4, 0, 0, 0, 0][..], &tcp(500, TcpFlags::ACK, &[7; 40])].concat();
    let fragment = |offset: u16, payload: &[u8]| {
        let header = [&[60, 0][..], &offset.to_be_bytes(), &[0, 0, 0, 5]].concat();
        v6(44, &[&header, payload].concat())
    };
    let (first, second) = (fragment(1, &datagram[..48]), fragment(48, &datagram[48..]));
    let mut decoder = Decoder::new();
    assert_eq!(push(&mut decoder, LinkType::RAW, &first), Outcome::Fragment);
    // The snap length cuts the middle out when it cuts the last fragment.
    let joined = segment(push_cut(&mut decoder, LinkType::RAW, second.len(), &second[..58]));
    let places: Vec<(u32, usize)> = joined.pieces.iter().map(|piece| (piece.at, piece.octets.len())).collect();
    assert_eq!((joined.payload_len, places), (40, vec![(0, 8), (8, 10)]));
}

#[test]
fn what_is_not_tcp_says_so() {
    let mut decoder = Decoder::new();
    for packet in [
        ethernet(0x0800, &v4(17, 0, &[0; 8])),
        ethernet(0x0800, &v4(17, 0x2000, &[0; 8])),
        ethernet(0x86dd, &v6(58, &[0; 8])),
        ethernet(0x0806, &[0; 28]),
    ] {
        assert_eq!(push(&mut decoder, LinkType::ETHERNET, &packet), Outcome::NotTcp);
    }
    assert_eq!(push(&mut decoder, LinkType(105), &[8]), Outcome::Unsupported(Unsupported::LinkType(LinkType(105))));
    push(&mut decoder, LinkType(105), &[]);
    let stats = decoder.stats();
    assert_eq!((stats.packets, stats.not_tcp, stats.unsupported), (6, 4, 2));
    assert_eq!(stats.unknown_link_types, [(LinkType(105), 2)]);
}

#[test]
fn tcp_headers_that_do_not_hold_together() {
    let mut decoder = Decoder::new();
    let mut small = tcp(500, TcpFlags::ACK, b"");
    small[12] = 0x40;
    let small = v4(6, 0, &small);
    assert!(matches!(push(&mut decoder, LinkType::RAW, &small), Outcome::Malformed(_)));
    // The IP length ends within the TCP header, and padding goes on.
    let mut padded = v4(6, 0, &tcp(500, TcpFlags::ACK, b""));
    padded[3] = 45;
    assert!(matches!(push(&mut decoder, LinkType::RAW, &padded), Outcome::Malformed(_)));
    assert_eq!((decoder.stats().malformed, decoder.flow_count()), (2, 0));
}
