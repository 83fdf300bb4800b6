//! The assembler against an array with one cell an octet, where the first copy wins.

use framescope::base::{FlowId, PacketId, PacketRef, Piece, Span};
use framescope::net::{Assembler, Direction, GapCause, Pieces, Segment, SegmentPiece, StreamEvent, TcpFlags, Way};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

const PAYLOADS: [u8; 256] = [0; 256];

/// A step of a capture. Offsets are stream offsets.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// A segment of `len` octets of which the capture has `captured`.
    Payload {
        at: u32,
        len: u32,
        captured: u32,
    },
    /// The peer acknowledges everything before.
    Ack {
        up_to: u32,
    },
    Fin {
        at: u32,
    },
}

/// The packet of a step; its payload lies at 1000 × its number in the file.
fn packet(number: usize) -> PacketRef {
    PacketRef { id: PacketId(number as u64), record_at: number as u64 * 1000 - 70, ..PacketRef::default() }
}

fn segment(flags: TcpFlags, seq: u32, len: u32, captured: u32, packet: PacketRef) -> Segment<'static> {
    let piece = Piece { span: Span::new(packet.record_at + 70, captured), packet };
    let pieces = match captured {
        0 => Pieces::None,
        _ => Pieces::One([SegmentPiece { at: 0, piece, octets: &PAYLOADS[..captured as usize] }]),
    };
    Segment {
        flow: FlowId(0),
        direction: Direction::Forward,
        way: Way::default(),
        new_flow: false,
        seq,
        ack: None,
        flags,
        payload_len: len,
        pieces,
        packet,
    }
}

/// Runs the steps behind a SYN with this initial sequence number, to the end of the capture: by the long way and by the
/// short ways where they are open, which make no difference.
fn assemble(isn: u32, steps: &[Step]) -> Vec<StreamEvent> {
    let events = assemble_by(isn, steps, false);
    assert_eq!(assemble_by(isn, steps, true), events);
    events
}

fn assemble_by(isn: u32, steps: &[Step], short_ways: bool) -> Vec<StreamEvent> {
    let (mut assembler, mut events) = (Assembler::new(), Vec::new());
    let start = isn.wrapping_add(1);
    assembler.push(&segment(TcpFlags::SYN, isn, 0, 0, packet(1)), &mut events);
    for (number, step) in (2..).zip(steps) {
        let packet = packet(number);
        match *step {
            Step::Payload { at, len, captured } => {
                let segment = segment(TcpFlags::ACK, start.wrapping_add(at), len, captured, packet);
                let next = if short_ways { assembler.push_next(&segment) } else { None };
                match next {
                    Some((at, piece, _)) => events.push(StreamEvent::Data { at, piece }),
                    None if short_ways && assembler.is_indifferent_to(&segment) => {}
                    None => assembler.push(&segment, &mut events),
                }
            }
            Step::Ack { up_to } => {
                let ack = start.wrapping_add(up_to);
                if !(short_ways && assembler.acknowledged_known(ack)) {
                    assembler.acknowledged(ack, packet, &mut events);
                }
            }
            Step::Fin { at } => {
                assembler.push(&segment(TcpFlags::FIN, start.wrapping_add(at), 0, 0, packet), &mut events);
            }
        }
    }
    assembler.finish(packet(steps.len() + 1), &mut events);
    events
}

/// The knowledge about an octet of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    Missing,
    Cut,
    /// From packet n, at this file offset.
    Captured(u64, u64),
}

/// The stream as the naive model sees it: the first packet of the capture that carried an octet owns it.
fn model(steps: &[Step], len: u32) -> Vec<Cell> {
    let mut cells = vec![Cell::Missing; len as usize];
    for (number, step) in (2..).zip(steps) {
        let Step::Payload { at, len, captured } = *step else { continue };
        for n in 0..len {
            let cell = &mut cells[(at + n) as usize];
            if *cell == Cell::Missing {
                *cell = if n < captured { Cell::Captured(number, number * 1000 + u64::from(n)) } else { Cell::Cut };
            }
        }
    }
    cells
}

/// The stream as the events tell it; they must cover it in order without overlap.
fn replay(events: &[StreamEvent]) -> Result<Vec<Cell>, TestCaseError> {
    let mut cells = Vec::new();
    for event in events {
        match *event {
            StreamEvent::Data { at, piece } => {
                prop_assert_eq!(at, cells.len() as u64, "data is contiguous");
                let octets = piece.span.at..piece.span.end();
                cells.extend(octets.map(|octet| Cell::Captured(piece.packet.id.0, octet)));
            }
            StreamEvent::Gap { at, len, cause, .. } => {
                prop_assert_eq!(at, cells.len() as u64, "gaps are contiguous with data");
                prop_assert!(len > 0);
                let cell = if cause == GapCause::PacketCut { Cell::Cut } else { Cell::Missing };
                cells.resize(cells.len() + len as usize, cell);
            }
            StreamEvent::Fin { at, .. } => prop_assert_eq!(at, cells.len() as u64, "FIN is at the end"),
            StreamEvent::Overlap { .. } | StreamEvent::Reset { .. } => {}
        }
    }
    Ok(cells)
}

const STREAM: u32 = 400;

/// A payload anywhere in the stream. One octet alone could be a keep-alive, which is not reported.
fn payload() -> impl Strategy<Value = Step> {
    (0..STREAM - 60, 2..60u32, 0..4u32, 0..60u32).prop_map(|(at, len, whole, captured)| {
        let captured = if whole > 0 { len } else { captured.min(len) };
        Step::Payload { at, len, captured }
    })
}

/// Fewer steps than the patience, so that nothing is given up before the end.
fn chaos() -> impl Strategy<Value = Vec<Step>> {
    let ack = (0..STREAM).prop_map(|up_to| Step::Ack { up_to });
    prop::collection::vec(prop_oneof![4 => payload(), 1 => ack], 0..60)
}

/// A stream cut into segments without a hole, some sent twice, in an order that is off by a few places.
fn reordered() -> impl Strategy<Value = Vec<Step>> {
    let segments = prop::collection::vec((2..200u32, 0..12usize, 0..5usize, any::<bool>()), 1..400);
    segments.prop_map(|segments| {
        let (mut at, mut steps) = (0, Vec::new());
        for (index, (len, jitter, copies, acked)) in segments.into_iter().enumerate() {
            let payload = Step::Payload { at, len, captured: len };
            steps.push((index + jitter, payload));
            if copies == 0 {
                steps.push((index + 13 - jitter, payload));
            }
            at += len;
            if acked {
                steps.push((index, Step::Ack { up_to: at }));
            }
        }
        steps.push((usize::MAX, Step::Fin { at }));
        steps.sort_by_key(|(place, _)| *place);
        steps.into_iter().map(|(_, step)| step).collect()
    })
}

fn stream_len(steps: &[Step]) -> u32 {
    let end = |step: &Step| match *step {
        Step::Payload { at, len, .. } => at + len,
        Step::Ack { up_to } => up_to,
        Step::Fin { at } => at,
    };
    steps.iter().map(end).max().unwrap_or(0)
}

fn carried_octets(steps: &[Step]) -> u64 {
    let captured = |step: &Step| if let Step::Payload { captured, .. } = *step { u64::from(captured) } else { 0 };
    steps.iter().map(captured).sum()
}

fn reported_octets(events: &[StreamEvent]) -> u64 {
    let octets = |event: &StreamEvent| match event {
        StreamEvent::Data { piece, .. } | StreamEvent::Overlap { piece, .. } => u64::from(piece.span.len),
        _ => 0,
    };
    events.iter().map(octets).sum()
}

fn agrees_with_model(isn: u32, steps: &[Step]) -> TestCaseResult {
    let events = assemble(isn, steps);
    prop_assert_eq!(replay(&events)?, model(steps, stream_len(steps)));
    prop_assert_eq!(reported_octets(&events), carried_octets(steps), "every captured octet is data or an overlap");
    Ok(())
}

proptest! {
    #[test]
    fn the_first_copy_of_every_octet_is_delivered(isn: u32, steps in chaos()) {
        agrees_with_model(isn, &steps)?;
    }

    #[test]
    fn sequence_numbers_may_wrap(before in 0..STREAM, steps in chaos()) {
        agrees_with_model(0u32.wrapping_sub(before), &steps)?;
    }

    #[test]
    fn normal_reordering_never_makes_a_gap(isn: u32, steps in reordered()) {
        agrees_with_model(isn, &steps)?;
    }

    #[test]
    fn whatever_comes_is_told_in_order(steps in prop::collection::vec(
        prop_oneof![
            6 => (0..60_000u32, 1..250u32).prop_map(|(at, len)| Step::Payload { at, len, captured: len }),
            3 => (0..70_000u32).prop_map(|up_to| Step::Ack { up_to }),
            1 => (0..70_000u32).prop_map(|at| Step::Fin { at }),
            1 => any::<u32>().prop_map(|up_to| Step::Ack { up_to: up_to % (1 << 20) }),
        ],
        0..600,
    )) {
        replay(&assemble(7, &steps))?;
    }
}
