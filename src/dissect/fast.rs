//! The one short way, of packets that change little.
//!
//! Nearly every packet of a busy capture is the next one of an open WebSocket, and of the others most are bodies of HTTP and
//! acknowledgments. These take a way past all questions; whatever is more than that takes the general one
//! ([`FlowEntries::take`]), which is complete without this module. Both find the same, and a test holds that.
//!
//! A thousand connections take more memory than the processor has at hand, and a packet would wait for it about as long
//! as everything else takes. So a few packets are looked up first, which is waiting for them at once:
//!
//! ```text
//!   look up 1  look up 2 … look up 8   take 1  take 2 … take 8   look up 9 …
//! ```

use super::followed::Followed;
use super::index::Writer;
use super::opening::starts_handshake;
use super::table::{FlowEntries, FlowEntry, count};
use crate::base::{AtHand, LinkType, PacketId, PacketRef, Span, Timestamp};
use crate::capture::Packet;
use crate::net::{Decoder, Direction, WholeSegment};

/// Packets that are looked up together.
const RUN: usize = 8;

/// Packets one behind another: taken as if each were pushed alone, and faster.
pub struct Run<'d, 'o> {
    decoder: &'d mut Decoder,
    table: &'d mut FlowEntries,
    /// The first `len` were looked up and not taken.
    segments: [WholeSegment<'o>; RUN],
    len: usize,
    /// Octets that need not be read again.
    at_hand: AtHand<'o>,
}

impl<'d, 'o> Run<'d, 'o> {
    pub(super) fn new(decoder: &'d mut Decoder, table: &'d mut FlowEntries, at_hand: AtHand<'o>) -> Run<'d, 'o> {
        Run { decoder, table, segments: [WholeSegment::default(); RUN], len: 0, at_hand }
    }

    /// Adds the next packet.
    #[inline(always)]
    pub fn push(&mut self, packet: Packet, octets: &'o [u8]) {
        self.table.writer.count_packet(octets);
        let Packet { reference, link_type, span, original_len } = packet;
        if let Some(segment) = self.decoder.push_whole(link_type, reference, span.at, octets)
            && let Some(place) = self.segments.get_mut(self.len)
        {
            *place = segment;
            self.table.touch(&segment);
            self.len += 1;
            if self.len == RUN {
                self.take();
            }
            return;
        }
        let PacketRef { id, record_at, time } = reference;
        self.push_other(id, record_at, time, link_type, span, original_len, octets);
    }

    /// Adds a packet that has to be looked up behind those before it, which may be of the same flow, and before those
    /// behind it. Takes it in pieces, so that [`push`](Run::push) need not write it to memory.
    #[expect(clippy::too_many_arguments, reason = "a packet")]
    #[inline(never)]
    fn push_other(
        &mut self,
        id: PacketId,
        record_at: u64,
        time: Timestamp,
        link_type: LinkType,
        span: Span,
        original_len: u32,
        octets: &[u8],
    ) {
        self.take();
        self.table.close_due(time);
        let packet = Packet { reference: PacketRef { id, record_at, time }, link_type, span, original_len };
        self.table.take_packet(self.decoder, &packet, octets, self.at_hand);
    }

    /// Takes the packets that were looked up.
    #[inline(never)]
    pub(super) fn take(&mut self) {
        let Run { decoder, table, segments, len, at_hand } = self;
        let len = std::mem::take(len);
        decoder.count_segments(len);
        for segment in segments.iter().take(len) {
            table.close_due(segment.time());
            if !table.take_fast(segment) {
                let way = decoder.way(segment.flow, segment.direction);
                table.take(&segment.to_segment(way), *at_hand);
            }
        }
    }
}

impl FlowEntries {
    /// Reads from what [`take_fast`](FlowEntries::take_fast) will need for this segment, so that it is at hand then.
    #[inline]
    fn touch(&self, segment: &WholeSegment<'_>) {
        if let Some(FlowEntry::Followed(flow)) = self.entries.get(segment.flow.index()) {
            flow.touch(segment.direction);
        }
    }

    /// Takes the next segment of the capture, if it is just the next one of an open WebSocket, or changes nothing but how much
    /// HTTP came, or how much of what is not read. Whether it was taken; if so, nothing else has changed.
    #[inline(always)]
    pub fn take_fast(&mut self, segment: &WholeSegment<'_>) -> bool {
        match self.entries.get_mut(segment.flow.index()) {
            Some(FlowEntry::Followed(flow)) => {
                let is_taken = flow.take_fast(segment, &mut self.writer);
                if is_taken {
                    self.touched.note(flow);
                }
                is_taken
            }
            Some(FlowEntry::Ignored(_)) if starts_handshake(segment.octets) => false,
            Some(FlowEntry::Ignored(octets) | FlowEntry::Rejected(octets)) => {
                count(octets, segment.direction, segment.octets.len() as u32);
                true
            }
            Some(FlowEntry::Over(_)) => true,
            Some(FlowEntry::Opening(_)) | None => false,
        }
    }
}

impl Followed {
    /// Reads from each place that the processor fetches by itself of what the next segment of a direction needs, so that all
    /// are fetched at once.
    #[inline]
    fn touch(&self, direction: Direction) {
        let half = self.flow.half(direction);
        let stream = self.channel.websocket.streams[direction.index()].as_ref();
        let places = [
            self.flow.half(direction.reverse()).assembler.next_offset(),
            half.assembler.next_offset(),
            half.stream.touch(),
            stream.map_or(0, |stream| stream.touch()),
            self.flow.last_packet.time.0,
        ];
        // The sum is not wanted, and must not be left out for that.
        std::hint::black_box(places.iter().fold(0, |sum, place| sum ^ place));
    }

    /// Takes a segment that acknowledges nothing unknown, if it brings the next frames' octets, or does nothing that matters.
    #[inline(always)]
    fn take_fast(&mut self, segment: &WholeSegment<'_>, writer: &mut Writer) -> bool {
        let peer = &mut self.flow.halves[segment.direction.reverse().index()].assembler;
        if !segment.ack().is_none_or(|ack| peer.acknowledged_known(ack)) {
            return false;
        }
        let Some(connection) = self.channel.settled else { return self.pass_http(segment) };
        let half = &mut self.flow.halves[segment.direction.index()];
        let websocket = &mut self.channel.websocket;
        if segment.octets.is_empty() {
            if !half.assembler.is_indifferent_to_empty() {
                return false;
            }
        } else {
            let Some(at) = half.assembler.push_next_whole(segment) else { return false };
            half.stream.push(at, segment.piece());
            websocket.conversation.peer_is_behind = false;
            websocket.feed(connection, segment.direction, at, segment.octets, segment.packet(), writer);
        }
        self.flow.last_packet = segment.packet();
        true
    }

    /// Takes a segment while no WebSocket is open, if it does nothing, or brings the next octets of an HTTP body and nothing
    /// waits.
    #[inline(never)]
    fn pass_http(&mut self, segment: &WholeSegment<'_>) -> bool {
        let half = &mut self.flow.halves[segment.direction.index()];
        let Some(opening) = &mut self.channel.opening else { return false };
        if opening.is_overridden() {
            return false;
        }
        if segment.octets.is_empty() {
            if !half.assembler.is_indifferent_to_empty() {
                return false;
            }
        } else {
            let len = segment.octets.len() as u32;
            let Some(reader) = opening.body_reader(segment.direction).filter(|reader| reader.is_in_body(len)) else {
                return false;
            };
            let Some(at) = half.assembler.push_next_whole(segment) else { return false };
            reader.pass(len);
            half.stream.push(at, segment.piece());
            opening.passed(segment.direction, at + u64::from(len));
        }
        self.channel.websocket.conversation.peer_is_behind = false;
        self.flow.last_packet = segment.packet();
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use crate::base::{AtHand, FlowId, FrameId, PacketId, PacketRef, Piece, Span, Timestamp};
    use crate::capture::Layout;
    use crate::dissect::table::{FlowEntries, FlowEntry};
    use crate::dissect::{MAX_BACKLOG, Snapshot};
    use crate::net::{Direction, Pieces, Segment, SegmentPiece, TcpFlags, Way};

    /// Things that a client and a server say in turn.
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
        let mut flows = FlowEntries::new(source.clone(), MAX_BACKLOG);
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
                true if segment.whole().is_some_and(|whole| flows.take_fast(&whole)) => {}
                _ => flows.take(&segment, AtHand::default()),
            }
            flows.publish();
            known.extend(flows.entries.iter().map(|entry| match entry {
                FlowEntry::Followed(_) => "watched".to_owned(),
                FlowEntry::Ignored(octets) => format!("ignored {octets:?}"),
                FlowEntry::Over(_) => "over".to_owned(),
                FlowEntry::Opening(_) | FlowEntry::Rejected(_) => "else".to_owned(),
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

        /// The short way and the long one find the same.
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
