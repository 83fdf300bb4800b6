//! Putting TCP in order, and remembering where its octets are.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use framescope::base::{FlowId, PacketId, PacketRef, Piece, Span, Timestamp};
use framescope::net::{Assembler, ByteStream, Direction, Pieces, Segment, SegmentPiece, TcpFlags, Way};

use super::random::Random;

/// Payload octets of a full segment.
const LEN: u32 = 1448;
/// Octets in front of them in the file: record, Ethernet, IPv4, TCP with timestamps.
const HEADERS: u64 = 16 + 14 + 20 + 32;
const PAYLOAD: [u8; LEN as usize] = [0; LEN as usize];

/// Packet `number` of a capture with nothing else in it.
fn packet(number: u64) -> PacketRef {
    PacketRef {
        id: PacketId(number),
        record_at: 24 + number * (HEADERS + u64::from(LEN)),
        time: Timestamp(1_700_000_000_000_000_000 + number * 1000),
    }
}

fn piece(packet: PacketRef) -> Piece {
    Piece { span: Span::new(packet.record_at + HEADERS, LEN), packet }
}

/// Segment `index` of a stream, in packet `number`.
fn segment(index: u32, number: u64) -> Segment<'static> {
    let packet = packet(number);
    Segment {
        flow: FlowId(0),
        direction: Direction::Forward,
        new_flow: false,
        way: Way::default(),
        seq: (index + 1).wrapping_mul(LEN),
        ack: None,
        flags: TcpFlags::ACK,
        payload_len: LEN,
        pieces: Pieces::One([SegmentPiece { at: 0, piece: piece(packet), octets: &PAYLOAD }]),
        packet,
    }
}

/// Segments in the order in which they come to the capture, every second one acknowledged; by the short ways where they
/// are open, as the dissector goes.
fn assemble(bencher: Bencher, order: &[u32]) {
    let segments: Vec<_> = (1..).zip(order).map(|(number, index)| segment(*index, number)).collect();
    let mut events = Vec::new();
    bencher.counter(ItemsCount::new(segments.len())).bench_local(|| {
        let mut assembler = Assembler::new();
        let (mut highest, mut sum) = (0, 0);
        // Tells where the stream starts.
        assembler.push(&segment(0, 0), &mut events);
        for (number, segment) in black_box(&segments).iter().enumerate() {
            match assembler.push_next(segment) {
                Some((at, _, _)) => sum += at,
                None => assembler.push(segment, &mut events),
            }
            highest = highest.max(segment.seq + LEN);
            if number % 2 == 1 && !assembler.acknowledged_known(highest) {
                assembler.acknowledged(highest, segment.packet, &mut events);
            }
            sum += events.len() as u64;
            events.clear();
        }
        (assembler.next_offset(), sum)
    });
}

const SEGMENTS: u32 = 10_000;

#[divan::bench]
fn assemble_in_order(bencher: Bencher) {
    assemble(bencher, &(1..=SEGMENTS).collect::<Vec<_>>());
}

/// Of a hundred segments one comes 20 to 220 later, two come up to four later, and of three hundred one never comes.
#[divan::bench]
fn assemble_with_loss_and_reordering(bencher: Bencher) {
    let mut random = Random(1);
    let mut due: Vec<(u32, u32)> = (1..=SEGMENTS)
        .filter_map(|index| match random.below(300) {
            0 => None,
            1..=3 => Some((index + 20 + random.below(200) as u32, index)),
            4..=9 => Some((index + 1 + random.below(4) as u32, index)),
            _ => Some((index, index)),
        })
        .collect();
    due.sort();
    assemble(bencher, &due.into_iter().map(|(_, index)| index).collect::<Vec<_>>());
}

/// Octets of one stream after the other, as in a download.
#[divan::bench]
fn remember_in_a_row(bencher: Bencher) {
    remember(bencher, |number| number);
}

/// Octets of a stream among those of a thousand others.
#[divan::bench]
fn remember_among_others(bencher: Bencher) {
    let mut random = Random(1);
    let mut number = 0;
    let numbers: Vec<u64> = (0..u64::from(SEGMENTS))
        .map(|_| {
            number += 1 + random.below(2000);
            number
        })
        .collect();
    remember(bencher, |index| numbers[index as usize]);
}

/// Pushes pieces into a [`ByteStream`]; `number` says in which packet the piece of an index came.
fn remember(bencher: Bencher, number: impl Fn(u64) -> u64) {
    let pieces: Vec<Piece> = (0..u64::from(SEGMENTS)).map(|index| piece(packet(number(index)))).collect();
    bencher.counter(ItemsCount::new(pieces.len())).bench_local(|| {
        let mut stream = ByteStream::new();
        for piece in black_box(&pieces) {
            stream.push(stream.end(), *piece);
        }
        stream
    });
}
