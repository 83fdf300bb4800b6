//! The captures that are made to hurt, at small counts: everything is counted right, and what is kept and done stays in
//! proportion. Nothing here looks at a clock.

#[path = "../../examples/corpus/hostile/mod.rs"]
#[allow(dead_code, reason = "the example says more about each kind")]
mod captures;

use std::io::{self, Cursor};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use framescope::base::{Fact, ReadAt};
use framescope::capture::{Reader, Source, Step};
use framescope::dissect::{Dissector, Progress, Session, Snapshot};

use captures::Truth;

use crate::common::frame::{self, FIN, TEXT};
use crate::common::tcp::{Client, Server, Talk};

fn capture(kind: &str, count: u64) -> (Vec<u8>, Truth) {
    let mut octets = Vec::new();
    let truth = captures::write(captures::find(kind).unwrap(), count, &mut octets).unwrap();
    (octets, truth)
}

fn counted(snapshot: &Snapshot) -> Truth {
    let totals = snapshot.totals();
    Truth {
        packets: totals.packets,
        tcp_connections: totals.tcp_connections,
        connections: snapshot.connection_count() as u64,
        frames: snapshot.frame_count() as u64,
        messages: snapshot.message_count() as u64,
    }
}

#[test]
fn every_kind_is_counted_right() {
    for kind in captures::KINDS {
        let count = match kind.name {
            "bomb" => 1,
            "bursts" | "lists" | "urls" => 3,
            "holes" | "early" | "copies" => 20,
            // More than a stack has room for.
            "pipelined" => 20_000,
            _ => 1_000,
        };
        let (octets, truth) = capture(kind.name, count);
        // Through a pipe, which is unpacked where it is packed.
        let mut session = Session::open_stream(Box::new(Cursor::new(octets)), kind.name).unwrap();
        loop {
            match session.step(usize::MAX).unwrap() {
                Progress::End => break,
                _ => session.pump().unwrap(),
            }
        }
        assert_eq!(counted(&session.snapshot()), truth, "{}", kind.name);
    }
}

/// Numbered things do not run out of numbers: reading ends before, and says so.
#[test]
fn rows_are_bounded() {
    let (octets, truth) = capture("tiny", 1_000);
    let read = |most: usize| {
        let source = Arc::new(Source::from_octets(octets.clone(), "capture"));
        let mut session = Session::new(source, None).with_most_rows(most);
        while session.step(3).unwrap() != Progress::End {}
        let what = session.damage().map(|damage| damage.what.clone());
        (session.snapshot().frame_count() as u64, what)
    };
    assert_eq!(read(1_000_000), (truth.frames, None));
    let (frames, what) = read(100);
    assert!((100..truth.frames).contains(&frames), "{frames}");
    assert!(what.unwrap().starts_with("there is no room for more than 100 frames"));
}

/// Octets in memory, and how many of them were read.
struct Counting(Vec<u8>, AtomicU64);

impl ReadAt for Counting {
    fn read_at(&self, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.0.as_slice().read_at(at, buf)?;
        self.1.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// Dissects a capture with a bound of its own, and calls `look` after each packet; how many octets were read again.
fn dissect(octets: &[u8], backlog: usize, mut look: impl FnMut(&Dissector)) -> (Dissector, Reader, u64) {
    let source = Arc::new(Counting(octets.to_vec(), AtomicU64::new(0)));
    let mut dissector = Dissector::new(source.clone()).with_backlog(backlog);
    let mut reader = Reader::new(Arc::new(Source::from_octets(octets.to_vec(), "capture")));
    while let Step::Packet(packet, octets) = reader.next().unwrap() {
        dissector.push(&packet, octets);
        look(&dissector);
    }
    let read = source.1.load(Ordering::Relaxed);
    (dissector, reader, read)
}

#[test]
fn what_waits_is_bounded_over_all_flows() {
    const MOST: usize = 100_000;
    for (kind, count) in [("holes", 200), ("early", 200), ("head", 500), ("unacked", 20_000), ("bursts", 3)] {
        let (octets, truth) = capture(kind, count);
        let mut highest = 0;
        let (mut dissector, reader, _) = dissect(&octets, MOST, |dissector| {
            assert!(dissector.backlog() <= MOST, "{kind}: {}", dissector.backlog());
            highest = highest.max(dissector.backlog());
        });
        assert!(highest > MOST / 2, "{kind} has a backlog at all: {highest}");
        dissector.finish();
        let snapshot = dissector.snapshot(reader.layout());
        if kind != "bursts" {
            // Nothing is lost but the waiting.
            assert_eq!(counted(&snapshot), truth, "{kind}");
        }
        let told = (0..snapshot.finding_count()).filter_map(|index| snapshot.finding(index));
        let gave_up = told.filter(|finding| matches!(finding.fact, Fact::OctetsNotAwaited { .. })).count();
        assert_eq!(gave_up > 0, matches!(kind, "holes" | "unacked" | "bursts"), "{kind}: {gave_up}");
    }
}

/// Whoever only has packets in another order is not hurt by those who wait for ever.
#[test]
fn the_young_are_not_given_up_for_the_old() {
    let (mut octets, _) = capture("holes", 50);
    let mut talk = Talk::between("192.0.2.1:50000", "192.0.2.2:80");
    talk.connect();
    talk.upgrade();
    let first = talk.segments.len();
    (0..150u8).for_each(|n| talk.say(Server, frame::server(FIN | TEXT, &[n])));
    // More than what one of the others leaves when it gives up.
    let late = talk.segments.remove(first);
    talk.segments.push(late);
    for packet in talk.ip_packets() {
        let len = packet.len() as u32;
        octets.extend([1_700_000_001, 0, len, len].iter().flat_map(|word: &u32| word.to_le_bytes()));
        octets.extend(packet);
    }
    let (mut dissector, reader, _) = dissect(&octets, 20_000, |_| {});
    let snapshot = dissector.snapshot(reader.layout());
    let connection = snapshot.connections().last().unwrap();
    assert_eq!((connection.frames, connection.missing, connection.rules.len()), ([0, 150], [0, 0], 0));
}

/// Twice as much takes twice as many octets read again, not four times.
#[test]
fn nothing_is_read_again_and_again() {
    for (kind, count) in
        [("giant", 2_000), ("refused", 500), ("pipelined", 2_000), ("holes", 50), ("descending", 4_000)]
    {
        let read = |count| {
            let (octets, _) = capture(kind, count);
            let (_, _, read) = dissect(&octets, usize::MAX, |_| {});
            read
        };
        let (once, twice) = (read(count), read(2 * count));
        assert!(twice < 3 * once + 10_000, "{kind}: {once} octets, then {twice}");
    }
}

#[test]
fn connections_that_ended_are_let_go() {
    for (kind, left) in [("syn", 0), ("answered", 1), ("closed", 1), ("open", 300), ("upgrade", 300)] {
        let (octets, _) = capture(kind, 300);
        let (dissector, ..) = dissect(&octets, usize::MAX, |dissector| {
            // Counting takes a look at each.
            if kind != "open" && kind != "upgrade" {
                assert!(dissector.watched() <= left, "{kind}");
            }
        });
        assert!(dissector.watched() <= left, "{kind}: {}", dissector.watched());
    }
}

/// Whoever ended with octets missing is waited for, until the capture is a second further.
#[test]
fn connections_that_ended_with_a_hole_are_let_go() {
    let mut talk = Talk::upgraded();
    talk.lose(Server, frame::server(FIN | TEXT, b"lost"));
    talk.say(Server, frame::server(FIN | TEXT, b"here"));
    talk.finish(Server);
    let ended = talk.segments.len();
    // A packet each millisecond.
    let mut scan = Talk::between("10.9.9.9:9", "10.0.0.2:80");
    (0..1010).for_each(|_| scan.connect());
    talk.segments.extend(scan.segments.drain(..1010));
    let (mut watched, mut index) = (Vec::new(), 0);
    dissect(&talk.capture().pcap(), usize::MAX, |dissector| {
        index += 1;
        if index >= ended {
            watched.push(dissector.watched());
        }
    });
    assert_eq!((watched.first(), watched[990], watched.last()), (Some(&1), 1, Some(&0)));
}

/// Of a connection whose beginning the capture lacks, as all payloads, nothing is waited for in the end.
#[test]
fn connections_without_any_payload_are_given_up() {
    let mut talk = Talk::new();
    for _ in 0..2200 {
        talk.say(Client, "an octet of which nothing was captured");
        talk.say(Server, "nor of this");
    }
    // Ethernet, IPv4 and TCP take 54.
    let (dissector, ..) = dissect(&talk.capture().snap(54).pcap(), usize::MAX, |_| {});
    assert_eq!(dissector.watched(), 0);
}
