//! Packets in, snapshots out.

use std::sync::Arc;

use crate::base::{AtHand, FlowId, LinkType, Nearby, PacketId, PacketRef, ReadAt, Span, Timestamp};
use crate::capture::{Layout, Packet};
use crate::dissect::flow::backlog::{Backlog, MAX_BACKLOG};
use crate::dissect::flow::others::Others;
use crate::dissect::flow::table::{Flows, Slot};
use crate::dissect::index::snapshot::Snapshot;
use crate::dissect::opening::decisions::{Decisions, is_between};
use crate::dissect::payload::{AtOnce, Crew, Payloads, Scene};
use crate::net::{Decoder, Flow, Outcome, WholeSegment};

/// Packets that are looked up together.
const RUN: usize = 8;

/// Turns packets into frames, messages and findings.
///
/// Push every packet in the order of the capture; take a [`Snapshot`] whenever something is to be shown; `finish` when
/// the capture has ended. What needs payloads is judged by `judge_payloads`, whenever there is time for it.
pub struct Dissector {
    decoder: Decoder,
    flows: Flows,
    payloads: Payloads,
}

/// Packets one behind another.
///
/// What is kept of a thousand flows is more than the processor has at hand, and a packet would wait for it about as long as
/// everything else takes. Of a few packets, all flows are looked up first, which is waiting for them at once:
///
/// ```text
///   look up 1  look up 2 … look up 8   take 1  take 2 … take 8   look up 9 …
/// ```
pub struct Run<'d, 'o> {
    dissector: &'d mut Dissector,
    /// The first `len` were looked up and not taken.
    segments: [WholeSegment<'o>; RUN],
    len: usize,
    /// What need not be read again.
    at_hand: AtHand<'o>,
}

impl<'o> Run<'_, 'o> {
    /// Adds the next packet.
    #[inline(always)]
    pub fn push(&mut self, packet: Packet, octets: &'o [u8]) {
        self.dissector.flows.writer.count_packet(octets);
        let Packet { reference, link_type, span, original_len } = packet;
        let Dissector { decoder, flows, .. } = &*self.dissector;
        if let Some(segment) = decoder.push_whole(link_type, reference, span.at, octets)
            && let Some(place) = self.segments.get_mut(self.len)
        {
            *place = segment;
            flows.touch(&segment);
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
        self.dissector.flows.close_due(time);
        let packet = Packet { reference: PacketRef { id, record_at, time }, link_type, span, original_len };
        self.dissector.push_other(&packet, octets, self.at_hand);
    }

    /// Takes what was looked up.
    #[inline(never)]
    fn take(&mut self) {
        let len = std::mem::take(&mut self.len);
        self.dissector.decoder.count_segments(len);
        for segment in self.segments.iter().take(len) {
            self.dissector.flows.close_due(segment.time());
            if !self.dissector.flows.take_next(segment) {
                self.dissector.take_closely(segment, self.at_hand);
            }
        }
    }
}

impl Dissector {
    /// A dissector of packets whose octets can be read again from `source`.
    pub fn new(source: Arc<dyn ReadAt>) -> Dissector {
        Dissector { decoder: Decoder::new(), flows: Flows::new(source, MAX_BACKLOG), payloads: Payloads::default() }
    }

    /// The same with at most `most` octets of backlog instead of [`MAX_BACKLOG`].
    pub fn with_backlog(mut self, most: usize) -> Dissector {
        self.flows.backlog = Backlog::new(most);
        self
    }

    /// The same with what the user says about TCP connections.
    pub fn with_decisions(mut self, decisions: Decisions) -> Dissector {
        self.flows.decisions = Some(decisions).filter(|decisions| !decisions.is_empty());
        self
    }

    /// The TCP connections that are not read as WebSockets, at most `most` of them: those with the most octets.
    pub fn others(&self, most: usize) -> Others {
        Others::of(&self.flows.slots, &self.decoder, most)
    }

    /// Decisions about ends that no TCP connection has had so far.
    pub fn idle_decisions(&self) -> Vec<Flow> {
        let Some(decisions) = &self.flows.decisions else { return Vec::new() };
        let mut idle: Vec<Flow> = decisions.iter().map(|(ends, _)| *ends).collect();
        let mut flows = (0..self.flows.slots.len()).filter_map(|index| self.decoder.flow(FlowId::from_index(index)));
        while !idle.is_empty()
            && let Some(flow) = flows.next()
        {
            idle.retain(|ends| !is_between(ends, &flow));
        }
        idle
    }

    /// Takes the next packet.
    pub fn push(&mut self, packet: &Packet, octets: &[u8]) {
        self.flows.writer.count_packet(octets);
        self.flows.close_due(packet.reference.time);
        match self.decoder.push_whole(packet.link_type, packet.reference, packet.span.at, octets) {
            Some(segment) => {
                self.decoder.count_segments(1);
                if !self.flows.take_next(&segment) {
                    self.take_closely(&segment, AtHand::default());
                }
            }
            None => self.push_other(packet, octets, AtHand::default()),
        }
    }

    /// Takes a whole segment that is not just the next one of an open WebSocket.
    #[inline(never)]
    fn take_closely(&mut self, segment: &WholeSegment<'_>, at_hand: AtHand<'_>) {
        if !self.flows.take_http(segment) {
            let way = self.decoder.way(segment.flow, segment.direction);
            self.flows.take(&segment.to_segment(way), at_hand);
        }
    }

    /// Takes the next packets, those that `feed` gives to the run: the same as to [`push`](Dissector::push) each, and faster.
    /// What is `at_hand` is not read again.
    pub fn push_run<'o, T>(&mut self, at_hand: AtHand<'o>, feed: impl FnOnce(&mut Run<'_, 'o>) -> T) -> T {
        let mut run = Run { dissector: self, segments: [WholeSegment::default(); RUN], len: 0, at_hand };
        let fed = feed(&mut run);
        run.take();
        fed
    }

    /// Takes a packet that is more, or less, than a whole segment of a flow that is known.
    #[inline(never)]
    fn push_other(&mut self, packet: &Packet, octets: &[u8], at_hand: AtHand<'_>) {
        let Dissector { decoder, flows, .. } = self;
        if let Some(segment) = decoder.push_plain(packet.link_type, packet.reference, packet.span, octets) {
            return flows.take_any(&segment, at_hand);
        }
        match decoder.push(packet.link_type, packet.reference, packet.span, packet.original_len, octets) {
            Outcome::Segment(segment) => flows.take_any(&segment, at_hand),
            Outcome::Unsupported(_) | Outcome::Malformed(_) => flows.writer.index.totals.undecoded += 1,
            Outcome::NotTcp | Outcome::Fragment => {}
        }
    }

    /// Says that no packet is there for now: whoever watches a connection that the user says is a WebSocket sees its frames
    /// without waiting for more of them.
    pub fn idle(&mut self) {
        self.flows.idle();
    }

    /// The most rows that it has of anything: TCP connections, WebSocket connections, frames, findings. With
    /// [`MAX_ROWS`](super::MAX_ROWS) it must be given no more packets.
    pub fn rows(&self) -> usize {
        self.flows.writer.rows().max(self.decoder.flow_count())
    }

    /// Octets of memory that flows take because something is missing, about; at most [`MAX_BACKLOG`].
    pub fn backlog(&self) -> usize {
        self.flows.backlog.octets()
    }

    /// How many TCP connections are being read: the others have ended, never began, or carry something else.
    pub fn watched(&self) -> usize {
        self.flows.slots.iter().filter(|slot| matches!(slot, Slot::Watched(_))).count()
    }

    /// Says that no packet follows: what waits for more is shown as far as it is known.
    pub fn finish(&mut self) {
        self.flows.finish();
        self.payloads.finish();
    }

    /// Judges payloads as frames are found, where that takes nothing but the packet; what is left is for
    /// `judge_payloads`.
    pub fn judge_at_once(&mut self) {
        self.flows.writer.at_once = Some(AtOnce::default());
    }

    /// Lets `crew` inflate what is compressed, from now on. What others began, they finish first.
    pub fn set_crew(&mut self, crew: Box<dyn Crew>) {
        let (payloads, mut scene) = self.scene(AtHand::default(), u64::MAX);
        payloads.set_crew(crew, &mut scene);
    }

    /// Judges payloads of the frames found so far, about `budget` octets of them; returns whether some are left. Octets
    /// that are not `at_hand` are read again. In whatever steps this is called, in the end the same is found.
    pub fn judge_payloads(&mut self, at_hand: AtHand<'_>, budget: u64) -> bool {
        let (payloads, mut scene) = self.scene(at_hand, budget);
        payloads.judge(&mut scene)
    }

    /// The same as far as the octets are needed: what is compressed may be left to be inflated later.
    pub fn gather_payloads(&mut self, at_hand: AtHand<'_>) {
        let (payloads, mut scene) = self.scene(at_hand, u64::MAX);
        payloads.gather(&mut scene);
    }

    fn scene<'a>(&'a mut self, at_hand: AtHand<'a>, budget: u64) -> (&'a mut Payloads, Scene<'a>) {
        let Flows { source, slots, writer, touched, .. } = &mut self.flows;
        (
            &mut self.payloads,
            Scene { writer, flows: slots, nearby: Nearby { at_hand, source: &**source }, touched, budget },
        )
    }

    /// How many jobs the crew lost, because whoever did them died: each is a sender whose messages are not inflated any
    /// more.
    pub fn lost_jobs(&self) -> usize {
        self.payloads.lost()
    }

    /// How far the judging of payloads has come: offset in the capture, in octets.
    pub fn payloads_position(&self) -> u64 {
        self.payloads.position()
    }

    /// Everything known so far. `layout` tells how to read a packet's record again.
    pub fn snapshot(&mut self, layout: Layout) -> Snapshot {
        self.flows.publish();
        Snapshot::new(self.flows.writer.index.clone(), self.flows.source.clone(), layout)
    }

    /// What became of the packets below TCP.
    pub fn net_stats(&self) -> &crate::net::NetStats {
        self.decoder.stats()
    }
}
