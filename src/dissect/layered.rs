//! Two WebSockets in one TCP connection whose octets are none of the file's: everything that is found, judged, inflated and
//! read on TCP itself is so here.
//!
//! ```text
//!   TCP:  │number│len│octets ^ key│number│len│octets ^ key│ …      a record of stream 0 or 1
//! ```

use std::sync::Arc;

use flate2::{Compress, Compression, FlushCompress};

use super::carrier::{Borne, Carrier, Layer, Opener, RecordLog, Stream};
use super::followed::Followed;
use super::index::snapshot::Snapshot;
use super::payload::{Payloads, Scene};
use super::table::{FlowEntries, FlowEntry};
use super::{Inflation, MAX_BACKLOG, MessageReader};
use crate::base::{AtHand, ConnectionId, FlowId, MessageId, Nearby, PacketId, PacketRef, Piece, Rule, Span, Timestamp};
use crate::capture::Layout;
use crate::net::{Direction, Pieces, Segment, SegmentPiece, TcpFlags, Way};

/// Octets before a record's own: its stream's number, and its length.
const HEAD: usize = 3;

fn key(stream: usize, direction: Direction, number: usize) -> u8 {
    (stream * 64 + direction.index() * 32 + number % 32 + 1) as u8
}

#[derive(Debug)]
struct XorOpener(usize);

impl Opener for XorOpener {
    fn open(&self, direction: Direction, number: usize, octets: &mut Vec<u8>) -> bool {
        octets.iter_mut().for_each(|octet| *octet ^= key(self.0, direction, number));
        true
    }

    fn keeps_places(&self) -> bool {
        true
    }
}

/// Takes the records apart.
#[derive(Debug, Default)]
struct XorLayer {
    /// By stream and direction, with how many records there are.
    logs: Vec<[(RecordLog, usize); 2]>,
    /// The octets of a record that is not whole, and where the first of them is.
    part: [(u64, Vec<u8>); 2],
}

impl Layer for XorLayer {
    fn data(&mut self, direction: Direction, at: u64, octets: &[u8], borne: &mut Vec<Borne>) {
        let own = direction.index();
        if self.part[own].1.is_empty() {
            self.part[own].0 = at;
        }
        self.part[own].1.extend_from_slice(octets);
        loop {
            let (start, part) = (self.part[own].0, &self.part[own].1);
            let Some([stream, high, low]) = part.first_chunk::<HEAD>() else { return };
            let (stream, len) = (usize::from(*stream), usize::from(u16::from_be_bytes([*high, *low])));
            let Some(carried) = part.get(HEAD..HEAD + len) else { return };
            let mut octets = carried.to_vec();
            while self.logs.len() <= stream {
                self.logs.push(Default::default());
            }
            let (log, number) = &mut self.logs[stream][own];
            octets.iter_mut().for_each(|octet| *octet ^= key(stream, direction, *number));
            let carried_at = start + HEAD as u64;
            borne.push(Borne { stream, at: log.end(), len: len as u64, octets: Some(octets) });
            log.push(len as u32, carried_at..carried_at + len as u64);
            *number += 1;
            self.part[own].1.drain(..HEAD + len);
            self.part[own].0 += (HEAD + len) as u64;
        }
    }

    fn gap(&mut self, _: Direction, _: u64, _: u64, _: &mut Vec<Borne>) {}

    fn stream<'a>(&'a self, number: usize, direction: Direction, lower: Stream<'a>) -> Stream<'a> {
        Stream::of_records(&self.logs[number][direction.index()].0, opener(number), direction, lower)
    }

    fn keep(&self, number: usize, lower: Arc<Carrier>) -> Carrier {
        let logs = self.logs[number].each_ref().map(|(log, _)| log.clone());
        Carrier::Records { lower, logs, opener: Arc::new(XorOpener(number)) }
    }
}

fn opener(number: usize) -> &'static dyn Opener {
    [&XorOpener(0), &XorOpener(1)][number]
}

/// The things that each side says on each stream, in turn.
struct Script {
    octets: Vec<(usize, Direction, Vec<u8>)>,
}

impl Script {
    fn say(&mut self, stream: usize, direction: Direction, octets: &[u8]) {
        self.octets.push((stream, direction, octets.to_vec()));
    }

    /// Opens a WebSocket on a stream, with the key of RFC 6455 §1.3.
    fn open(&mut self, stream: usize, path: &str, extension: &str) {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: \
             dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{extension}\r\n"
        );
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: \
             s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n{extension}\r\n"
        );
        self.say(stream, Direction::Forward, request.as_bytes());
        self.say(stream, Direction::Backward, answer.as_bytes());
    }
}

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

fn masked(key: [u8; 4], first: u8, payload: &[u8]) -> Vec<u8> {
    let plain = payload.iter().zip(key.iter().cycle()).map(|(octet, key)| octet ^ key);
    [first, 0x80 | payload.len() as u8].into_iter().chain(key).chain(plain).collect()
}

fn deflated(text: &[u8]) -> Vec<u8> {
    let mut octets = Vec::with_capacity(text.len() + 64);
    Compress::new(Compression::best(), false).compress_vec(text, &mut octets, FlushCompress::Sync).unwrap();
    octets.truncate(octets.len() - 4);
    octets
}

/// Dissects the script, cut into segments of so many octets.
fn dissect(script: &Script, segment_len: usize) -> Snapshot {
    let mut numbers = [[0; 2]; 2];
    let (mut file, mut sent) = (Vec::new(), Vec::new());
    for (stream, direction, octets) in &script.octets {
        let mut records = Vec::new();
        for part in octets.chunks(50) {
            let number = &mut numbers[*stream][direction.index()];
            records.push(*stream as u8);
            records.extend_from_slice(&(part.len() as u16).to_be_bytes());
            records.extend(part.iter().map(|octet| octet ^ key(*stream, *direction, *number)));
            *number += 1;
        }
        for part in records.chunks(segment_len) {
            file.extend_from_slice(b"head");
            sent.push((*direction, file.len() as u64, part.len() as u32));
            file.extend_from_slice(part);
        }
    }
    let source = Arc::new(file.clone());
    let mut table = FlowEntries::new(source.clone(), MAX_BACKLOG);
    let mut next = [0_u32; 2];
    for (number, (direction, at, len)) in (0..).zip(sent) {
        let packet = PacketRef { id: PacketId(number), record_at: at - 4, time: Timestamp(number) };
        let span = Span::new(at, len);
        let octets = &file[at as usize..][..len as usize];
        let segment = Segment {
            flow: FlowId(0),
            direction,
            new_flow: number == 0,
            way: Way::default(),
            seq: next[direction.index()],
            ack: Some(next[direction.reverse().index()]),
            flags: TcpFlags(0x10),
            payload_len: len,
            pieces: Pieces::One([SegmentPiece { at: 0, piece: Piece { span, packet }, octets }]),
            packet,
        };
        next[direction.index()] += len;
        if number == 0 {
            let followed = Followed::new(&segment, [Some(0); 2], None).with_layer(Box::new(XorLayer::default()));
            table.entries.push(FlowEntry::Followed(Box::new(followed)));
        }
        if !segment.whole().is_some_and(|whole| table.take_fast(&whole)) {
            table.take(&segment, AtHand::default());
        }
    }
    table.finish();
    let mut payloads = Payloads::default();
    payloads.finish();
    let FlowEntries { entries, writer, touched, .. } = &mut table;
    let nearby = Nearby { at_hand: AtHand::default(), source: &*source };
    let mut scene = Scene { writer, flows: entries, nearby, touched, budget: u64::MAX };
    while payloads.judge(&mut scene) {}
    table.publish();
    Snapshot::new(table.writer.index.clone(), source, Layout::default())
}

#[test]
fn two_websockets_in_one_connection_of_records() {
    let text = "the same words again, and again the same words, and ".repeat(20);
    let deflate = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    for segment_len in [1, 7, 64, 1000] {
        let mut script = Script { octets: Vec::new() };
        script.open(0, "/plain", "");
        script.open(1, "/deflate", deflate);
        script.say(0, Direction::Forward, &masked(KEY, 0x81, b"Hello"));
        let compressed = deflated(text.as_bytes());
        script.say(1, Direction::Backward, &[&[0xc1, compressed.len() as u8][..], &compressed].concat());
        script.say(0, Direction::Backward, b"\x81\x03a\xffb");
        script.say(0, Direction::Forward, &masked([0x11, 0xfa, 0x21, 0x3d], 0x88, b"\x03\xe8"));
        script.say(0, Direction::Backward, b"\x88\x02\x03\xe8");
        script.say(1, Direction::Forward, &masked(KEY, 0x89, b"p"));
        script.say(1, Direction::Backward, b"\x8a\x01p");
        let snapshot = dissect(&script, segment_len);

        let urls: Vec<_> = snapshot.connections().map(|row| row.url.as_deref().unwrap_or_default()).collect();
        assert_eq!(urls, ["ws://a/plain", "ws://a/deflate"]);
        assert_eq!(snapshot.frame_count(), 7);
        let of = |number: u32| {
            let frames =
                (0..snapshot.frame_count()).filter_map(|at| snapshot.frame(crate::base::FrameId::from_index(at)));
            frames.filter(|frame| frame.connection == ConnectionId(number)).count()
        };
        assert_eq!((of(0), of(1)), (4, 3));
        // Its octets, unmasked, and the way home to the file.
        let hello = snapshot.frame(snapshot.message(MessageId(0)).unwrap().first).unwrap();
        let octets = MessageReader::default().frame_octets(&snapshot, hello, 0..5).unwrap();
        assert_eq!(octets.octets, b"Hello");
        let segments = snapshot.segments(hello, usize::MAX);
        assert_eq!(segments.iter().map(|part| part.len).sum::<u32>(), 11);
        assert!(segments.iter().all(|part| part.record_at < part.span.at));
        // What was judged, and inflated.
        let findings: Vec<_> = (0..snapshot.finding_count()).filter_map(|at| snapshot.finding(at)).collect();
        let rules: Vec<_> = findings.iter().map(|finding| (finding.rule, finding.connection)).collect();
        assert_eq!(rules, [(Rule::MessageInvalidUtf8, Some(ConnectionId(0)))]);
        let message = snapshot.message(MessageId(1)).unwrap();
        assert_eq!(snapshot.plain_len(message.id), Some(text.len() as u64));
        let inflated = Inflation::default().message(&snapshot, &message, u64::MAX).unwrap();
        assert!(inflated.is_complete() && inflated.plain.octets == text.as_bytes());
    }
}
