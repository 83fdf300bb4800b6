//! The packed log of a stream against a plain vector.

use std::ops::Range;

use framescope::base::{PacketId, PacketRef, Piece, Span, Timestamp};
use framescope::net::{ByteStream, StreamSpan};
use proptest::prelude::*;

/// Makes pushes: octets left out before, then a piece.
fn pushes() -> impl Strategy<Value = Vec<(u64, Piece)>> {
    let gap = prop_oneof![8 => Just(0u64), 2 => 1..3000u64, 1 => 0..(1u64 << 40)];
    let len = prop_oneof![6 => 1..1500u32, 1 => any::<u32>(), 1 => Just(0)];
    let place = prop_oneof![6 => 0..100_000u64, 1 => any::<u64>().prop_map(|at| at >> 1)];
    let head = prop_oneof![6 => Just(70u64), 1 => 0..200u64];
    let entry = (gap, len, place, head, prop_oneof![4 => 0..500u64, 1 => any::<u64>()]);
    let piece = entry.prop_map(|(gap, len, record_at, head, id)| {
        let packet = PacketRef { id: PacketId(id), record_at, time: Timestamp(0) };
        (gap, Piece { span: Span::new(record_at + head, len), packet })
    });
    prop::collection::vec(piece, 0..3000)
}

/// The log under test and the vector.
fn build(pushes: &[(u64, Piece)]) -> (ByteStream, Vec<StreamSpan>) {
    let (mut stream, mut model, mut at) = (ByteStream::new(), Vec::new(), 0);
    for (gap, piece) in pushes {
        at += gap;
        // Both ways to tell of a gap must mean the same.
        if gap % 2 == 1 {
            stream.push_gap(at - gap, *gap);
        }
        stream.push(at, *piece);
        if piece.span.len > 0 {
            let (packet, record_at) = (piece.packet.id, piece.packet.record_at);
            model.push(StreamSpan { at, span: piece.span, packet, record_at });
        }
        at += u64::from(piece.span.len);
    }
    (stream, model)
}

fn cut(model: &[StreamSpan], range: &Range<u64>) -> Vec<StreamSpan> {
    let within = |entry: &StreamSpan| {
        let (at, end) = (entry.at.max(range.start), entry.end().min(range.end));
        let span = entry.span.skip(at.saturating_sub(entry.at).min(u64::from(u32::MAX)) as u32);
        (at < end).then(|| StreamSpan { at, span: span.take((end - at) as u32), ..*entry })
    };
    model.iter().filter_map(within).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn it_tells_what_was_pushed(pushes in pushes(), picks in prop::collection::vec((0.0..1.1f64, 0.0..0.2f64), 20)) {
        let (stream, model) = build(&pushes);
        prop_assert!(stream.spans(0..u64::MAX).eq(model.iter().copied()));
        prop_assert_eq!(stream.entries(), model.len());
        let captured: u64 = model.iter().map(|entry| u64::from(entry.span.len)).sum();
        prop_assert_eq!(stream.end() - stream.missing(), captured);
        for (start, len) in picks {
            let start = (stream.end() as f64 * start) as u64;
            let range = start..start + (stream.end() as f64 * len) as u64;
            let expected = cut(&model, &range);
            prop_assert_eq!(stream.view().captured(range.clone()), expected.iter().map(|entry| u64::from(entry.span.len)).sum::<u64>());
            // The first octet of the range that no entry covers.
            let end = range.end.min(stream.end());
            let first_missing = expected.iter().fold(range.start, |at, entry| if entry.at == at { entry.end() } else { at });
            let next = expected.iter().map(|entry| entry.at).find(|at| *at > first_missing).unwrap_or(end);
            prop_assert_eq!(stream.view().first_gap(range.clone()), (first_missing < end).then_some(first_missing..next));
            prop_assert!(stream.spans(range).eq(expected));
        }
    }

    #[test]
    fn a_snapshot_never_changes(pushes in pushes(), at in 0.0..1.0f64) {
        let before = &pushes[..(pushes.len() as f64 * at) as usize];
        let (mut stream, model) = build(before);
        let snapshot = stream.keep();
        for (_, piece) in &pushes {
            stream.push(stream.end(), *piece);
        }
        prop_assert!(snapshot.view().spans(0..u64::MAX).eq(model));
    }
}

#[test]
fn octets_that_are_known_are_left_out() {
    let piece = Piece { span: Span::new(500, 10), packet: PacketRef::default() };
    let mut stream = ByteStream::new();
    stream.push(0, piece);
    stream.push(4, piece);
    stream.push(2, piece);
    stream.push_gap(0, 12);
    let spans: Vec<_> = stream.spans(0..99).map(|entry| (entry.at, entry.span)).collect();
    assert_eq!(spans, [(0, Span::new(500, 10)), (10, Span::new(506, 4))]);
    assert_eq!((stream.end(), stream.missing()), (14, 0));
    assert!(stream.spans(5..5).next().is_none() && stream.view().first_gap(0..99).is_none());
}

#[test]
fn a_segment_costs_few_octets() {
    // Full segments of one direction among the acknowledgments of the other, small frames between two clients, and small
    // frames with those of thousands of others in between.
    for (len, between, packets, most) in [(1448, 82, 2, 6), (60, 330, 3, 6), (120, 3_000_000, 15_000, 9)] {
        let mut stream = ByteStream::new();
        let mut record_at = 24;
        for n in 0..100_000u64 {
            let packet = PacketRef { id: PacketId(n * packets), record_at, time: Timestamp(0) };
            stream.push(stream.end(), Piece { span: Span::new(record_at + 82, len), packet });
            record_at += 82 + u64::from(len) + between;
        }
        assert!(stream.memory() < most * 100_000, "{} octets", stream.memory());
    }
}
