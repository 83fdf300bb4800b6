//! Tests of an assembler in a small language: segments, and what it makes of them.
//!
//! A script is a row of steps; step n is packet n (from 1), whose payload lies at file offset n × 1,000,000:
//!
//! ```text
//!   100+10     10 payload octets from sequence number 100     100+10/4  … of which the capture has 4
//!   syn 99     with SYN, FIN, RST: syn 99+5, fin 130+0, rst 130
//!   ack 130    the peer acknowledges                          later     a second passes (no packet)
//!   keep 99    an empty segment with ACK                      end       the capture ends (no packet)
//!   giveup     nothing more is waited for behind an end
//! ```
//!
//! Events read: `0+10 #2` (octets 0 to 9 from packet 2; `#2.3` from its payload's octet 3 on), `over 0+10 #2`,
//! `gap 10+5 NotCaptured`, `fin 30`, `rst 30`.

use super::*;
use crate::base::{FlowId, PacketId, Span};
use crate::net::{Direction, MAX_QUEUED_OCTETS, MAX_QUEUED_PIECES, Pieces, SegmentPiece, TcpFlags};

const ZEROS: [u8; 2000] = [0; 2000];

fn packet(number: u64, seconds: u64) -> PacketRef {
    PacketRef { id: PacketId(number), record_at: number * 1_000_000 - 70, time: Timestamp(seconds * 1_000_000_000) }
}

fn segment(flags: TcpFlags, seq: u32, len: u32, captured: u32, packet: PacketRef) -> Segment<'static> {
    let span = Span::new(packet.record_at + 70, captured);
    let octets = &ZEROS[..(captured as usize).min(ZEROS.len())];
    let piece = SegmentPiece { at: 0, piece: Piece { span, packet }, octets };
    Segment {
        flow: FlowId(0),
        direction: Direction::Forward,
        new_flow: false,
        way: Default::default(),
        seq,
        ack: None,
        flags,
        payload_len: len,
        pieces: if captured == 0 { Pieces::None } else { Pieces::One([piece]) },
        packet,
    }
}

fn run_script(assembler: &mut Assembler, script: &str) -> Vec<StreamEvent> {
    let (mut events, mut number, mut seconds) = (Vec::new(), 0, 1);
    for step in script.split(',').map(str::trim) {
        let (word, numbers) = match step.split_once(' ') {
            Some((word, numbers)) => (word, numbers),
            None if step.starts_with(|first: char| first.is_ascii_digit()) => ("data", step),
            None => (step, "0"),
        };
        let (numbers, captured) = numbers.split_once('/').map_or((numbers, None), |(all, cut)| (all, Some(cut)));
        let (seq, len) = numbers.split_once('+').unwrap_or((numbers, "0"));
        let (seq, len): (u32, u32) = (seq.parse().unwrap(), len.parse().unwrap());
        let captured = captured.map_or(len, |cut| cut.parse().unwrap());
        number += 1;
        let packet = packet(number, seconds);
        let flags = match word {
            "data" | "keep" => TcpFlags::ACK,
            "syn" => TcpFlags::SYN,
            "fin" => TcpFlags::FIN | TcpFlags::ACK,
            "rst" => TcpFlags::RST,
            "ack" => {
                assembler.acknowledged(seq, packet, &mut events);
                continue;
            }
            "later" => {
                seconds += 1;
                continue;
            }
            "giveup" => {
                assembler.give_up_end(packet, &mut events);
                continue;
            }
            "end" => {
                assembler.finish(packet, &mut events);
                continue;
            }
            other => panic!("no step is called {other:?}"),
        };
        assembler.push(&segment(flags, seq, len, captured, packet), &mut events);
    }
    events
}

fn describe(event: &StreamEvent) -> String {
    let place = |at: u64, piece: &Piece| {
        let skip = piece.span.at - piece.packet.record_at - 70;
        let skip = if skip == 0 { String::new() } else { format!(".{skip}") };
        format!("{at}+{} #{}{skip}", piece.span.len, piece.packet.id.0)
    };
    match event {
        StreamEvent::Data { at, piece } => place(*at, piece),
        StreamEvent::Overlap { at, piece } => format!("over {}", place(*at, piece)),
        StreamEvent::Gap { at, len, cause, .. } => format!("gap {at}+{len} {cause:?}"),
        StreamEvent::Fin { at, .. } => format!("fin {at}"),
        StreamEvent::Reset { at, .. } => format!("rst {at}"),
    }
}

/// Checks that the script gives these events.
fn check(name: &str, script: &str, expected: &str) {
    let events: Vec<String> = run_script(&mut Assembler::new(), script).iter().map(describe).collect();
    assert_eq!(events.join(", "), expected, "{name}: {script}");
}

#[test]
fn order_retransmission_and_overlap() {
    check("in order", "syn 99, 100+10, 110+5", "0+10 #2, 10+5 #3");
    check("reordered", "syn 99, 110+10, 120+10, 100+10", "0+10 #4, 10+10 #2, 20+10 #3");
    check("retransmitted", "syn 99, 100+10, 100+10, 110+1", "0+10 #2, over 0+10 #3, 10+1 #4");
    check("partly new", "syn 99, 100+10, 105+10", "0+10 #2, over 5+5 #3, 10+5 #3.5");
    check("retransmitted while held", "syn 99, 110+10, 110+10, 100+10", "over 10+10 #3, 0+10 #4, 10+10 #2");
    check(
        "around what is held",
        "syn 99, 110+5, 105+20, 100+5",
        "over 10+5 #3.5, 0+5 #4, 5+5 #3, 10+5 #2, 15+10 #3.10",
    );
    check("into what is held", "syn 99, 110+10, 100+15", "over 10+5 #3.10, 0+10 #3, 10+10 #2");
    check("window probe", "syn 99, 100+10, 110+1, 110+10", "0+10 #2, 10+1 #3, over 10+1 #4, 11+9 #4.1");
}

#[test]
fn the_start() {
    check("SYN with data", "syn 99+5, 105+5", "0+5 #1, 5+5 #2");
    check("SYN retransmitted", "syn 99, syn 99, 100+5, syn 99", "0+5 #3");
    check("the answer to a SYN first", "ack 100, syn 99, 100+5", "0+5 #3");
    check("a wrong acknowledgment first", "ack 5000, syn 99, 100+5", "0+5 #3");
    check("mid-stream", "500+10, 510+10", "0+10 #1, 10+10 #2");
    check("mid-stream, late octets from before", "500+10, 490+10, 495+20", "0+10 #1, over 0+10 #3.5, 10+5 #3.15");
    check("mid-stream, acknowledgment first", "ack 490, 500+10, 490+10", "0+10 #3, 10+10 #2");
    check("mid-stream, keep-alive first", "keep 499, 500+10", "0+10 #2");
    check("sequence numbers wrap", "syn 4294967290, 2+3, 4294967291+7", "0+7 #3, 7+3 #2");
    check("data before its SYN", "100+10, syn 99, 110+5", "0+10 #1, 10+5 #3");
}

#[test]
fn what_is_ignored() {
    check("keep-alive", "syn 99, 100+10, keep 109, 109+1, 109+1, 110+5", "0+10 #2, 10+5 #6");
    check("far away", "syn 99, 100+10, 2000000000+10, 3000000000+10, 110+5", "0+10 #2, 10+5 #5");
    check("acknowledgment far away", "syn 99, 100+10, ack 2000000000, later, keep 110", "0+10 #2");
    check("acknowledgment from before", "syn 99, 100+10, ack 50, later, keep 110", "0+10 #2");
    check("a payload longer than any window", "syn 99, 100+2000000000/10, 100+5", "0+5 #3");

    let mut assembler = Assembler::new();
    run_script(&mut assembler, "500+10, 490+10, 2000000000+10, fin 510, 510+5, 520+5, rst 510, 510+5");
    assert_eq!(assembler.ignored(), Ignored { before_start: 1, implausible: 1, after_end: 3 });
}

#[test]
fn the_end() {
    check("FIN with data", "syn 99, fin 100+10, ack 111", "0+10 #2, fin 10");
    check("FIN early", "syn 99, fin 105+5, 100+5", "0+5 #3, 5+5 #2, fin 10");
    check("FIN retransmitted", "syn 99, fin 100+5, fin 100+5, fin 105", "0+5 #2, fin 5, over 0+5 #3");
    check("data behind FIN", "syn 99, fin 100+5, 105+5, end", "0+5 #2, fin 5");
    check("data behind FIN held before it", "syn 99, 105+10, fin 110, 100+5, end", "0+5 #4, 5+5 #2, fin 10");
    check("a FIN that contradicts the data", "syn 99, 100+10, fin 105, 110+5, fin 115", "0+10 #2, 10+5 #4, fin 15");
    check(
        "FIN acknowledged, the rest captured late",
        "syn 99, 105+5, fin 110, ack 111, 100+5",
        "0+5 #5, 5+5 #2, fin 10",
    );
    check(
        "FIN acknowledged: nobody will send the rest",
        "syn 99, 105+5, fin 110, ack 111, later, keep 111",
        "gap 0+5 NotCaptured, 5+5 #2, fin 10",
    );
    check(
        "the end of all patience",
        "syn 99, 105+5, fin 110, ack 110, giveup, ack 111, giveup, 100+5",
        "gap 0+5 NotCaptured, 5+5 #2, fin 10, over 0+5 #8",
    );
    check("RST", "syn 99, 100+5, 110+5, rst 115, 105+5, fin 115, end", "0+5 #2, gap 5+5 NotCaptured, 10+5 #3, rst 15");
    check("RST alone", "rst 0, 5+5", "rst 0");
    check("RST of somebody else", "syn 99, 100+5, rst 3000000000, 105+5", "0+5 #2, 5+5 #4");
    check("RST behind FIN", "syn 99, fin 100+5, rst 106", "0+5 #2, fin 5, rst 5");
}

#[test]
fn when_a_hole_is_a_gap() {
    let acks = |count: usize, ack: u32| vec![format!("ack {ack}"); count].join(", ");
    check("acknowledged before it is seen", "syn 99, ack 120, 110+10, ack 120, 100+10", "0+10 #5, 10+10 #3");
    check("not acknowledged", &format!("syn 99, 110+10, later, later, {}", acks(99, 100)), "");
    check("63 segments are waited", &format!("syn 99, 110+10, {}, 100+10", acks(64, 120)), "0+10 #67, 10+10 #2");
    check(
        "64 are enough",
        &format!("syn 99, 110+10, {}, 120+1", acks(65, 120)),
        "gap 0+10 NotCaptured, 10+10 #2, 20+1 #68",
    );
    check(
        "or a second",
        "syn 99, 110+10, ack 120, later, keep 120, 100+10",
        "gap 0+10 NotCaptured, 10+10 #2, over 0+10 #6",
    );
    check("only what was acknowledged", "syn 99, 110+10, ack 105, later, ack 105", "gap 0+5 NotCaptured");
    check("only what was acknowledged then", "syn 99, 120+10, ack 105, later, ack 130", "gap 0+5 NotCaptured");
    check(
        "several holes",
        "syn 99, 110+5, 120+5, ack 125, later, ack 125",
        "gap 0+10 NotCaptured, 10+5 #2, gap 15+5 NotCaptured, 20+5 #3",
    );
    check(
        "the other direction alone was captured",
        "ack 100, ack 110, ack 120, later, ack 130, later, ack 130",
        "gap 0+10 NotCaptured, gap 10+20 NotCaptured",
    );
    check("at the end", "syn 99, 110+5, 120+5, end", "gap 0+10 NotCaptured, 10+5 #2, gap 15+5 NotCaptured, 20+5 #3");
    check("at the end, acknowledged", "syn 99, 100+5, ack 120, end", "0+5 #2, gap 5+15 NotCaptured");
    check("at the end, before the FIN", "syn 99, 100+5, fin 110, end", "0+5 #2, gap 5+5 NotCaptured, fin 10");
    check(
        "an acknowledgment of an uncaptured FIN shows one octet too many",
        "syn 99, 100+5, ack 106, end",
        "0+5 #2, gap 5+1 NotCaptured",
    );
}

#[test]
fn packets_the_snap_length_cut() {
    check("cut", "syn 99, 100+10/4, 110+5", "0+4 #2, gap 4+6 PacketCut, 10+5 #3");
    check("all cut", "syn 99, 100+10/0, 110+5", "gap 0+10 PacketCut, 10+5 #3");
    check("cut while held", "syn 99, 110+10/4, 100+10", "0+10 #3, 10+4 #2, gap 14+6 PacketCut");
    check("a copy was held", "syn 99, 104+6, 100+10/4", "0+4 #3, 4+6 #2");
    check("a copy comes later", "syn 99, 100+10/4, 100+10", "0+4 #2, gap 4+6 PacketCut, over 0+10 #3");
}

#[test]
fn a_joined_datagram_with_a_cut_in_its_middle() {
    let mut several = segment(TcpFlags::SYN, 99, 30, 10, packet(1, 1));
    let tail = SegmentPiece {
        at: 20,
        piece: Piece { span: Span::new(5_000_000, 10), packet: packet(5, 1) },
        octets: &[0; 10],
    };
    several.pieces = Pieces::Several(several.pieces.iter().copied().chain([tail]).collect());
    let mut events = Vec::new();
    Assembler::new().push(&several, &mut events);
    assert_eq!(events.iter().map(describe).collect::<Vec<_>>(), ["0+10 #1", "gap 10+10 PacketCut", "20+10 #5"]);
}

#[test]
fn holding_is_bounded() {
    // One octet of every second: nothing can be delivered, and then a payload that touches them all.
    let mut assembler = Assembler::new();
    let mut events = Vec::new();
    assembler.push(&segment(TcpFlags::SYN, 0, 0, 0, packet(1, 1)), &mut events);
    for n in 0..20_000 {
        assembler.push(&segment(TcpFlags::ACK, 3 + n * 2, 1, 1, packet(2, 1)), &mut events);
        assert!(assembler.buffered().0 <= MAX_QUEUED_PIECES);
    }
    assert!(matches!(events.first(), Some(StreamEvent::Gap { cause: GapCause::GaveUp, .. })));
    assembler.push(&segment(TcpFlags::ACK, 3, 60_000, 2000, packet(2, 1)), &mut events);
    assert!(assembler.buffered().0 <= MAX_QUEUED_PIECES);

    let mut assembler = Assembler::new();
    run_script(&mut assembler, "syn 0");
    for n in 0..2_000 {
        assembler.push(&segment(TcpFlags::ACK, 10 + n * 60_001, 60_000, 60_000, packet(2, 1)), &mut events);
        assert!(assembler.buffered().1 <= MAX_QUEUED_OCTETS);
    }
}
