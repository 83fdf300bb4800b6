//! The short way of a segment while no WebSocket is open.
//!
//! Most of a capture of many services is HTTP that never opens one, and most of that are bodies and acknowledgments: of
//! those it is enough to know that they came.

use crate::dissect::flow::FlowState;
use crate::dissect::flow::lane::Side;
use crate::net::WholeSegment;

impl FlowState {
    /// Takes a segment that acknowledges nothing unknown, if it does nothing else, or brings the next octets of an HTTP body,
    /// and nothing waits. Whether it was taken; if so, nothing else has changed.
    pub(in crate::dissect) fn next_unsettled(&mut self, segment: &WholeSegment<'_>) -> bool {
        let (own, peer) = (segment.direction.index(), segment.direction.reverse().index());
        let is_ack_known = segment.ack().is_none_or(|ack| self.lanes[peer].assembler.acknowledged_known(ack));
        if !is_ack_known || self.forced.is_some() {
            return false;
        }
        let is_taken = match segment.octets {
            [] => self.lanes[own].assembler.is_indifferent_to_empty(),
            _ => self.pass_body(segment),
        };
        if is_taken {
            self.conversation.peer_is_behind = false;
            self.last_packet = segment.packet();
        }
        is_taken
    }

    fn pass_body(&mut self, segment: &WholeSegment<'_>) -> bool {
        // What waits may be looked at anew with each segment.
        if self.lanes.iter().any(|lane| !lane.waiting.is_empty()) {
            return false;
        }
        let lane = &mut self.lanes[segment.direction.index()];
        let Side::Http(reader) = &mut lane.side else { return false };
        let len = segment.octets.len() as u32;
        if !reader.is_in_body(len) {
            return false;
        }
        let Some(at) = lane.assembler.push_next_whole(segment) else { return false };
        reader.pass(len);
        lane.stream.push(at, segment.piece());
        lane.last_packet = segment.packet().id;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use crate::base::{AtHand, FlowId, FrameId, PacketId, PacketRef, Piece, Span, Timestamp};
    use crate::capture::Layout;
    use crate::dissect::flow::table::{Flows, Slot};
    use crate::dissect::{MAX_BACKLOG, Snapshot};
    use crate::net::{Direction, Pieces, Segment, SegmentPiece, TcpFlags, Way};

    /// What a client and a server say in turn.
    const TURNS: [(&str, &str); 10] = [
        (
            "GET / HTTP/1.1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 36\r\n\r\nGET / HTTP/1.1\r\nUpgrade: websocket\r\n\r",
        ),
        (
            "GET / HTTP/1.1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1e\r\nHTTP/1.1 101 \r\nUpgrade: websoc\r\n0\r\n\r\n",
        ),
        ("HEAD / HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n"),
        (
            "POST / HTTP/1.1\r\nContent-Length: 20\r\n\r\n\u{1}\u{2}\u{3}\u{4}567890123456789\n",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 \r\n\r\n",
        ),
        ("POST / HTTP/1.1\r\nContent-Length: 7\r\n\r\n", "HTTP/1.1 304 \r\nContent-Length: 7\r\n\r\n"),
        ("GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n", "HTTP/1.1 404 \r\nContent-Length: 2\r\n\r\n\r\n"),
        ("CONNECT x:1 HTTP/1.1\r\n\r\n", "HTTP/1.1 200 \r\n\r\n"),
        ("GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\nuntil the end"),
        ("GET / HTTP/1.1\r\nSec-WebSocket-Key: a\r\n\r\n", "HTTP/1.1 403 \r\nContent-Length: 9\r\n\r\nforbidden"),
        ("GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", "HTTP/1.1 101 \r\nUpgrade: websocket\r\n\r\n"),
    ];
    /// And what they say once a WebSocket is open.
    const FRAMES: [(&str, &str); 3] = [
        ("\u{1}\u{2}", "\u{1}\u{2}ab"),
        ("\u{9}\u{1}p", "\u{2}\u{3}abc\u{0}\u{1}d"),
        ("GET / HTTP/1.1\r\n\r\n", "\u{8}\u{2}\u{3}x"),
    ];

    /// A segment.
    #[derive(Clone, Debug)]
    struct Sent {
        direction: Direction,
        seq: u32,
        ack: u32,
        flags: u8,
        payload: Vec<u8>,
    }

    const ACK: u8 = 0x10;

    /// Takes the segments; whether on the short ways, too. What is found, and what is known behind each segment.
    fn dissect(sent: &[Sent], is_short: bool) -> (Snapshot, Vec<String>) {
        let octets: Vec<u8> = sent.iter().flat_map(|sent| &sent.payload).copied().collect();
        let source: Arc<Vec<u8>> = Arc::new(octets.clone());
        let mut flows = Flows::new(source.clone(), MAX_BACKLOG);
        let (mut at, mut known) = (0, Vec::new());
        for (index, Sent { direction, seq, ack, flags, payload }) in sent.iter().enumerate() {
            let packet =
                PacketRef { id: PacketId(index as u64), time: Timestamp(index as u64), ..PacketRef::default() };
            let octets = &octets[at..at + payload.len()];
            let piece = Piece { span: Span::new(at as u64, octets.len() as u32), packet };
            at += octets.len();
            let flags = TcpFlags(*flags);
            let segment = Segment {
                flow: FlowId(0),
                direction: *direction,
                new_flow: index == 0,
                way: Way::default(),
                seq: *seq,
                ack: flags.ack().then_some(*ack),
                flags,
                payload_len: octets.len() as u32,
                pieces: match octets {
                    [] => Pieces::None,
                    _ => Pieces::One([SegmentPiece { at: 0, piece, octets }]),
                },
                packet,
            };
            match is_short {
                true => flows.take_any(&segment, AtHand::default()),
                false => flows.take(&segment, AtHand::default()),
            }
            flows.publish();
            known.extend(flows.slots.iter().map(|slot| match slot {
                Slot::Watched(_) => "watched".to_owned(),
                Slot::Ignored(octets) => format!("ignored {octets:?}"),
                Slot::Over(_) => "over".to_owned(),
                Slot::Opening(_) | Slot::Rejected(_) => "else".to_owned(),
            }));
            let snapshot = Snapshot::new(flows.writer.index.clone(), source.clone(), Layout::default());
            known.extend(snapshot.connections().map(|row| format!("{row:?}")));
            known.push(format!("{:?}", snapshot.totals()));
        }
        flows.finish();
        flows.publish();
        (Snapshot::new(flows.writer.index.clone(), source, Layout::default()), known)
    }

    fn told(snapshot: &Snapshot) -> Vec<String> {
        let connections = snapshot.connections().map(|row| format!("{row:?}"));
        let frames = (0..snapshot.frame_count()).filter_map(|index| {
            let frame = snapshot.frame(FrameId::from_index(index))?;
            Some(format!("{frame:?} {:?}", snapshot.segments(frame, usize::MAX)))
        });
        let findings = (0..snapshot.finding_count()).map(|index| format!("{:?}", snapshot.finding(index)));
        connections.chain(frames).chain(findings).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

        /// What is found on the short ways is what the long one finds.
        #[test]
        fn the_ways_lead_to_the_same(
            turns in prop::collection::vec(0..TURNS.len(), 0..5),
            frames in prop::collection::vec(0..FRAMES.len(), 0..5),
            sizes in prop::collection::vec(1..60usize, 1..6),
            ends in (any::<bool>(), prop::sample::select(vec![0, 0x11, 0x14])),
            lost in prop::collection::vec(any::<prop::sample::Index>(), 0..2),
            swapped in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
            begins_at in prop_oneof![4 => Just(0usize), 1 => 1..20usize],
        ) {
            // Sequence numbers that wrap, of one side.
            let mut next = [u32::MAX - 90, 5_000];
            let mut sent = Vec::new();
            let mut put = |direction: Direction, flags: u8, payload: &[u8]| {
                let (own, peer) = (direction.index(), direction.reverse().index());
                let (seq, ack) = (next[own], next[peer]);
                next[own] = next[own].wrapping_add(payload.len() as u32 + u32::from(flags & 3 != 0));
                sent.push(Sent { direction, seq, ack, flags, payload: payload.to_vec() });
            };
            put(Direction::Forward, 2, b"");
            put(Direction::Backward, 2 | ACK, b"");
            put(Direction::Forward, ACK, b"");
            let mut sizes = sizes.into_iter().cycle();
            let all = turns.into_iter().map(|turn| TURNS[turn]).chain([TURNS[9]]).chain(frames.into_iter().map(|turn| FRAMES[turn]));
            for (ask, answer) in all {
                for (direction, octets) in [(Direction::Forward, ask), (Direction::Backward, answer)] {
                    for part in octets.as_bytes().chunks(sizes.next().unwrap_or(1).max(8)) {
                        put(direction, ACK, part);
                        if part.len() % 2 == 0 {
                            put(direction.reverse(), ACK, b"");
                        }
                    }
                }
            }
            let last = if ends.0 { Direction::Forward } else { Direction::Backward };
            put(last, ACK | ends.1, b"");
            put(last.reverse(), ACK, b"\x01\x01z");
            for index in lost {
                sent.remove(index.index(sent.len()));
            }
            for index in swapped {
                let at = index.index(sent.len() - 1);
                sent.swap(at, at + 1);
            }
            sent.drain(..begins_at.min(sent.len()));
            let ((short, short_known), (long, long_known)) = (dissect(&sent, true), dissect(&sent, false));
            prop_assert_eq!(told(&short), told(&long));
            prop_assert_eq!(short_known, long_known);
        }
    }
}
