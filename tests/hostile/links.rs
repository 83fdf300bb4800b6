//! Below TCP: every link header, both versions of IP, extension headers and fragments.

use framescope::base::LinkType;

use crate::common::frame::{self, BINARY, FIN, TEXT};
use crate::common::link::{self, Link};
use crate::common::rows;
use crate::common::tcp::{Client, Server, Talk};

const V4: [&str; 2] = ["10.0.0.1:50000", "10.0.0.2:80"];
const V6: [&str; 2] = ["[2001:db8::1]:50000", "[2001:db8::2]:80"];

fn talk([client, server]: [&str; 2]) -> Talk {
    let mut talk = Talk::between(client, server);
    talk.connect();
    talk.upgrade();
    talk.say(Client, frame::client(FIN | TEXT, b"hello"));
    talk.say(Server, frame::server(FIN | BINARY, &[7; 1000]));
    talk.finish(Client);
    talk
}

#[track_caller]
fn is_whole(name: &str, capture: &[u8], [client, server]: [&str; 2]) {
    let snapshot = rows::read(capture);
    assert_eq!(rows::frames(&snapshot), ["client text \"hello\"", "server binary 1000 octets"], "{name}");
    assert_eq!(rows::findings(&snapshot), [""; 0], "{name}");
    let ends: Vec<_> = snapshot.connections().map(|it| (it.client.to_string(), it.server.to_string())).collect();
    assert_eq!(ends, [(client.to_owned(), server.to_owned())], "{name}");
}

#[test]
fn every_link_header() {
    for link in Link::ALL {
        for ends in [V4, V6] {
            let capture = link::capture(link, talk(ends).ip_packets());
            is_whole(&format!("{link:?}"), &capture.pcap(), ends);
            is_whole(&format!("{link:?} as pcapng"), &capture.pcapng(), ends);
        }
    }
}

#[test]
fn ipv6_extension_headers() {
    let packets = talk(V6).ip_packets().iter().map(|packet| link::with_extension_headers(packet)).collect();
    is_whole("extension headers", &link::capture(Link::Ethernet, packets).pcap(), V6);
}

#[test]
fn ip_fragments_in_any_order() {
    for ends in [V4, V6] {
        for size in [8, 64, 512] {
            let whole = talk(ends).ip_packets();
            let parts = |(id, packet): (usize, &Vec<u8>)| link::fragments(packet, size, id as u16);
            let arranged = |arrange: fn(Vec<Vec<u8>>) -> Vec<Vec<u8>>| {
                let packets = whole.iter().enumerate().map(parts).flat_map(arrange).collect();
                link::capture(Link::Ethernet, packets).pcap()
            };
            let name = format!("fragments of {size}");
            is_whole(&name, &arranged(|parts| parts), ends);
            is_whole(&format!("{name}, last first"), &arranged(|parts| parts.into_iter().rev().collect()), ends);
            is_whole(&format!("{name}, each twice"), &arranged(|parts| [parts.clone(), parts].concat()), ends);
        }
    }
}

/// A frame's octets are found again in the fragments that brought them.
#[test]
fn a_frame_in_fragments_names_all_its_packets() {
    let mut talk = talk(V4);
    let at = talk.segments.iter().position(|segment| segment.payload.len() > 1000).unwrap();
    talk.segments.truncate(at + 1);
    let mut packets = talk.ip_packets();
    let big = packets.pop().unwrap();
    packets.extend(link::fragments(&big, 400, 99));
    let snapshot = rows::read(&link::capture(Link::Ethernet, packets).pcap());
    let frame = snapshot.frame(framescope::base::FrameId(1)).unwrap();
    let segments: Vec<(u64, u32, u64)> =
        snapshot.segments(frame, 9).iter().map(|part| (part.at, part.len, part.packet.number())).collect();
    // 20 octets of TCP header stand in the first fragment.
    let first = at as u64 + 1;
    assert_eq!(segments, [(0, 380, first), (380, 400, first + 1), (780, 224, first + 2)]);
}

#[test]
fn a_lost_fragment_is_a_hole_in_the_stream_and_no_more() {
    let mut packets = talk(V4).ip_packets();
    let at = packets.iter().position(|packet| packet.len() > 1000).unwrap();
    let mut parts = link::fragments(&packets[at], 400, 99);
    parts.remove(1);
    packets.splice(at..=at, parts);
    let snapshot = rows::read(&link::capture(Link::Ethernet, packets).pcap());
    assert_eq!(rows::frames(&snapshot)[0], "client text \"hello\"");
    assert!(rows::findings(&snapshot).contains(&"capture.gap"));
}

#[test]
fn other_packets_are_passed_over() {
    let arp = [&[0xff; 12][..], &[0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1], &[0; 20]].concat();
    let udp = [&[2; 12][..], &[8, 0, 0x45, 0, 0, 29, 0, 0, 0, 0, 64, 17, 0, 0], &[9; 16], &[0, 9, 0, 0, 1]].concat();
    let mut capture = talk(V4).capture();
    for (at, octets) in [(9, udp), (4, arp), (2, Vec::new()), (0, vec![1, 2, 3])] {
        let original_len = octets.len() as u32;
        let time_ns = capture.packets[at].time_ns;
        capture.packets.insert(at, crate::common::pcap::Packet { time_ns, octets, original_len });
    }
    is_whole("noise between", &capture.pcap(), V4);
}

#[test]
fn a_link_type_that_nobody_knows() {
    let mut capture = talk(V4).capture();
    capture.link = LinkType::USB_LINUX;
    let snapshot = rows::read(&capture.pcap());
    assert_eq!((snapshot.connection_count(), snapshot.frame_count()), (0, 0));
    assert_eq!(snapshot.totals().undecoded, capture.packets.len() as u64);
}
