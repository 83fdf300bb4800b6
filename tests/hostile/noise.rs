//! Octets that nobody meant: every outcome is fine but a panic, and none takes long.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use crate::common::dump::dump;
use crate::common::frame::{self, FIN, TEXT};
use crate::common::link::{self, Link};
use crate::common::pcap::Capture;
use crate::common::rows;
use crate::common::samples;
use crate::common::tcp::{Client, Server, Talk};

/// Far more than the slowest sample takes; a quadratic loop takes more.
const PATIENCE: Duration = Duration::from_secs(10);

/// Reads a capture, and everything that can be asked about it.
fn survives(capture: &[u8]) {
    let start = Instant::now();
    let snapshot = rows::read(capture);
    dump(&snapshot);
    rows::frames(&snapshot);
    rows::messages(&snapshot);
    for index in 0..snapshot.frame_count().min(50) {
        let id = framescope::base::FrameId::from_index(index);
        let view = framescope::view::FrameView::load(&snapshot, id, 4096).unwrap().unwrap();
        framescope::view::BitGrid::new(&view, 64);
        framescope::view::field_tree(&view);
    }
    assert!(start.elapsed() < PATIENCE, "{:?} for {} octets", start.elapsed(), capture.len());
}

/// A capture of a talk in which these octets follow the opening handshake.
fn behind_the_handshake(client: &[u8], server: &[u8], size: usize) -> Vec<u8> {
    let mut talk = Talk::upgraded();
    talk.say_in(Client, size, client);
    talk.say_in(Server, size, server);
    talk.finish(Client);
    talk.capture().pcap()
}

fn octets(len: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..len)
}

/// Small samples, whose mutations are read quickly.
fn small_samples() -> Vec<(String, Vec<u8>)> {
    let small = samples::all().into_iter().map(|sample| (sample.name.clone(), sample.octets()));
    small.filter(|(_, octets)| octets.len() < 30_000).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn mutated_samples(which in any::<prop::sample::Index>(), changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20)) {
        let samples = small_samples();
        let (_, mut octets) = samples[which.index(samples.len())].clone();
        // The file header stays: without it nothing is read at all.
        for (at, value) in changes {
            let at = 24 + at.index(octets.len() - 24);
            octets[at] = value;
        }
        survives(&octets);
    }

    #[test]
    fn samples_with_packets_lost_swapped_repeated_and_cut(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((0..4u8, any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..30),
    ) {
        let samples = small_samples();
        let mut capture = Capture::read(&samples[which.index(samples.len())].1);
        for (what, a, b) in changes {
            let len = capture.packets.len();
            let (a, b) = (a.index(len), b.index(len));
            match what {
                0 if len > 1 => drop(capture.packets.remove(a)),
                1 => capture.packets.swap(a, b),
                2 => capture.packets.insert(a, capture.packets[b].clone()),
                _ => capture.packets[a].octets.truncate(b),
            }
        }
        survives(&capture.pcap());
    }

    #[test]
    fn random_packets(packets in prop::collection::vec(octets(200), 0..20), link in any::<prop::sample::Index>()) {
        let link = Link::ALL[link.index(Link::ALL.len())];
        let packets = packets.into_iter().map(|packet| if packet.is_empty() { vec![0x45] } else { packet }).collect();
        survives(&link::capture(link, packets).pcap());
    }

    #[test]
    fn random_octets_behind_a_pcap_header(noise in octets(2000)) {
        let header = Talk::new().capture().pcap();
        survives(&[header, noise].concat());
    }

    #[test]
    fn random_octets_where_frames_should_be(client in octets(600), server in octets(600), size in 1..700usize) {
        survives(&behind_the_handshake(&client, &server, size));
    }

    #[test]
    fn random_octets_where_http_should_be(client in octets(300), server in octets(300)) {
        let mut talk = Talk::new();
        talk.connect();
        talk.say(Client, [b"GET /", &client[..]].concat());
        talk.say(Server, [b"HTTP/1.1 101 ", &server[..]].concat());
        survives(&talk.capture().pcap());
    }
}

/// Frames of no octets are the most records that a file can ask for.
#[test]
fn very_many_empty_frames() {
    let snapshot = rows::read(&behind_the_handshake(
        &frame::client(FIN | TEXT, b"").repeat(50_000),
        &frame::server(FIN | TEXT, b"").repeat(50_000),
        1400,
    ));
    assert_eq!(snapshot.frame_count(), 100_000);
}

/// One message that never ends, in fragments: asking for each of its frames must not walk all of them each time.
#[test]
fn a_message_of_very_many_fragments() {
    let fragments = [frame::server(TEXT, b"a"), frame::server(0, b"b").repeat(20_000), frame::server(FIN, b"c")];
    let start = Instant::now();
    let snapshot = rows::read(&behind_the_handshake(b"", &fragments.concat(), 1400));
    assert_eq!(rows::messages(&snapshot), ["server text 20002 octets"]);
    assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
}

/// Held back for an answer that never comes.
#[test]
fn a_client_that_talks_and_talks_before_the_101() {
    let mut talk = Talk::new();
    talk.connect();
    talk.say(Client, crate::common::tcp::REQUEST);
    talk.say_in(Client, 20, frame::client(FIN | TEXT, b"now").repeat(50_000));
    survives(&talk.capture().pcap());
}
