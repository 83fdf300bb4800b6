//! Streams of records over TCP, and over other records, against what they are made of.

use std::sync::Arc;

use proptest::prelude::*;

use std::ops::Range;

use super::*;
use crate::base::{AtHand, Nearby, PacketId, PacketRef, Piece, Span, Timestamp};
use crate::net::ByteStream;

/// Records are their octets xor-ed, and one octet behind them that is the same for all: its place is lost with that of all.
#[derive(Debug)]
struct Xor {
    keeps_places: bool,
}

impl Opener for Xor {
    fn open(&self, direction: Direction, number: usize, octets: &mut Vec<u8>) -> bool {
        if !self.keeps_places {
            octets.pop();
        }
        octets.iter_mut().for_each(|octet| *octet ^= key(direction, number));
        true
    }

    fn keeps_places(&self) -> bool {
        self.keeps_places
    }
}

fn key(direction: Direction, number: usize) -> u8 {
    (number * 2 + direction.index() + 1) as u8
}

/// A record of so many octets, or so many octets that are lost, behind `head` octets that are none of the stream's.
type Part = (bool, u32, u64);

/// Octets of a stream; `None` where they are not known.
type Known = Vec<Option<u8>>;

/// A stream of these parts, xor-ed, and what comes out of it: its log and the octets that carry it.
fn layer(parts: &[Part], seed: usize, opener: &Xor) -> (RecordLog, Vec<u8>, Known) {
    let (mut log, mut carried, mut plain) = (RecordLog::default(), Vec::new(), Known::new());
    let mut number = 0;
    for (is_lost, len, head) in parts {
        if *is_lost {
            log.push_gap(u64::from(*len));
            plain.extend((0..*len).map(|_| None));
            continue;
        }
        carried.extend((0..*head).map(|_| 0xaa));
        let at = carried.len() as u64;
        for n in 0..*len {
            let octet = (seed + plain.len()) as u8 ^ n as u8;
            plain.push(Some(octet));
            carried.push(octet ^ key(Direction::Forward, number));
        }
        carried.extend((!opener.keeps_places).then_some(0x55));
        log.push(*len, at..carried.len() as u64);
        number += 1;
    }
    (log, carried, plain)
}

/// A file in which `octets` lie in segments of these lengths with packet headers before them, and the stream of them.
fn tcp(octets: &[u8], lens: &[u32]) -> (Vec<u8>, ByteStream) {
    let (mut file, mut stream, mut rest) = (Vec::new(), ByteStream::new(), octets);
    for (number, len) in (0..).zip(lens.iter().cycle()) {
        let (part, behind) = rest.split_at((*len as usize).min(rest.len()));
        if part.is_empty() {
            break;
        }
        let record_at = file.len() as u64;
        file.extend_from_slice(b"head");
        let packet = PacketRef { id: PacketId(number), record_at, time: Timestamp(0) };
        stream.push(stream.end(), Piece { span: Span::new(file.len() as u64, part.len() as u32), packet });
        file.extend_from_slice(part);
        rest = behind;
    }
    (file, stream)
}

/// Everything that a stream tells about `range` is what was put into it.
fn compare(stream: &Stream<'_>, plain: &Known, range: Range<u64>, file: &Vec<u8>, cursor: &mut Cursor) {
    let expected = &plain[range.start as usize..range.end as usize];
    let read = stream.read(range.clone(), file).unwrap();
    let found: Known = range.clone().map(|at| read.get(at)).collect();
    assert_eq!(found, expected);
    assert_eq!(stream.captured(range.clone()), expected.iter().flatten().count() as u64);
    let behind = expected.iter().rposition(Option::is_some).map_or(0, |at| at as u64 + 1);
    assert_eq!(stream.reached(&range), if stream.missing() == 0 { range.end } else { range.start + behind });
    // From run to run.
    let (mut found, mut reader) = (vec![None; expected.len()], OctetReader::default());
    let nearby = Nearby { at_hand: AtHand::default(), source: file };
    let mut at = range.start;
    while let Some(run) = cursor.first_in(stream, at..range.end) {
        let octets = reader.octets(stream, run, nearby).unwrap();
        assert!(!octets.is_empty() && octets.len() <= run.len as usize && run.at >= at);
        for (n, octet) in octets.iter().enumerate() {
            found[(run.at - range.start) as usize + n] = Some(*octet);
        }
        at = run.at + octets.len() as u64;
    }
    assert_eq!(found, expected);
    // Every known octet has a way home, and no other.
    let mut traced = vec![false; expected.len()];
    for part in stream.trace(range.clone()) {
        assert!(part.at >= range.start && part.at + u64::from(part.len) <= range.end);
        assert_eq!(&file[part.record_at as usize..][..4], b"head");
        assert!(part.span.at > part.record_at && part.span.end() <= file.len() as u64);
        traced[(part.at - range.start) as usize..][..part.len as usize].fill(true);
    }
    assert_eq!(traced, expected.iter().map(Option::is_some).collect::<Vec<_>>());
}

fn parts() -> impl Strategy<Value = Vec<Part>> {
    prop::collection::vec((prop::bool::weighted(0.1), 1..200_u32, 0..9_u64), 1..40)
}

proptest! {
    #[test]
    fn records_over_tcp_and_over_records(
        parts in parts(),
        upper in parts(),
        segments in prop::collection::vec(1..150_u32, 1..9),
        keeps_places: bool,
        asks in prop::collection::vec((0.0..1.0_f64, 0.0..1.0_f64), 1..8),
    ) {
        let opener = Xor { keeps_places };
        let (log, carried, plain) = layer(&parts, 7, &opener);
        let (file, lower) = tcp(&carried, &segments);
        let carrier = Carrier::Records {
            lower: Arc::new(Carrier::Tcp([lower.keep(), ByteStream::new().keep()])),
            logs: [log, RecordLog::default()],
            opener: Arc::new(opener),
        };
        let mut cursor = Cursor::default();
        let range = |(start, len): (f64, f64), end: u64| {
            let start = (start * end as f64) as u64;
            start..start + (len * (end - start) as f64) as u64
        };
        for ask in &asks {
            let stream = carrier.stream(Direction::Forward);
            compare(&stream, &plain, range(*ask, stream.end()), &file, &mut cursor);
        }
        // Records of which each is made of records.
        let opener = Xor { keeps_places };
        let (outer, outer_carried, outer_plain) = layer(&upper, 3, &opener);
        let whole: Vec<Part> = outer_carried.chunks(50).map(|part| (false, part.len() as u32, 3)).collect();
        let (mut inner, mut octets) = (RecordLog::default(), Vec::new());
        let mut rest = &outer_carried[..];
        for (number, (_, len, head)) in whole.iter().enumerate() {
            let (part, behind) = rest.split_at(*len as usize);
            octets.extend((0..*head).map(|_| 0xbb));
            let at = octets.len() as u64;
            octets.extend(part.iter().map(|octet| octet ^ key(Direction::Forward, number)));
            octets.extend((!keeps_places).then_some(0x55));
            inner.push(*len, at..octets.len() as u64);
            rest = behind;
        }
        let (file, lower) = tcp(&octets, &segments);
        let tcp = Arc::new(Carrier::Tcp([lower.keep(), ByteStream::new().keep()]));
        let opener = Arc::new(opener);
        let logs = [inner, RecordLog::default()];
        let lower = Arc::new(Carrier::Records { lower: tcp, logs, opener: opener.clone() });
        let carrier = Carrier::Records { lower, logs: [outer, RecordLog::default()], opener };
        let mut cursor = Cursor::default();
        for ask in &asks {
            let stream = carrier.stream(Direction::Forward);
            compare(&stream, &outer_plain, range(*ask, stream.end()), &file, &mut cursor);
        }
    }
}
