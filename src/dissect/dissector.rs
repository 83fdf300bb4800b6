//! Packets in, snapshots out.

use std::sync::Arc;

use super::fast::Run;
use super::flow::backlog::{Backlog, MAX_BACKLOG};
use super::index::inflate_limit::InflateLimit;
use super::index::inflated_room::InflatedRoom;
use super::index::snapshot::Snapshot;
use super::opening::decisions::{Decisions, is_between};
use super::others::Others;
use super::payload::{InflatePool, KeptMessages, Payloads, Scene};
use super::table::{FlowEntries, FlowEntry};
use crate::base::{AtHand, FlowId, Nearby, ReadAt};
use crate::capture::{Layout, Packet};
use crate::net::{Decoder, Flow};

/// Turns packets into frames, messages and findings.
///
/// Push every packet in the order of the capture; take a [`Snapshot`] whenever something is to be shown; `finish` when
/// the capture has ended. What needs payloads is judged by `judge_payloads`, whenever there is time for it.
pub struct Dissector {
    decoder: Decoder,
    flows: FlowEntries,
    payloads: Payloads,
}

impl Dissector {
    /// A dissector of packets whose octets can be read again from `source`.
    pub fn new(source: Arc<dyn ReadAt>) -> Dissector {
        Dissector {
            decoder: Decoder::new(),
            flows: FlowEntries::new(source, MAX_BACKLOG),
            payloads: Payloads::default(),
        }
    }

    /// Allows at most `most` octets of backlog instead of [`MAX_BACKLOG`].
    pub fn with_backlog(mut self, most: usize) -> Dissector {
        self.flows.backlog = Backlog::new(most);
        self
    }

    /// Returns the room that all stores of inflated octets share.
    pub fn inflated_room(&self) -> &InflatedRoom {
        &self.flows.writer.index.inflated_room
    }

    /// Returns the dissector with a bound on the length that a compressed message inflates to, instead of
    /// [`MAX_INFLATED`](super::MAX_INFLATED).
    pub fn with_inflate_limit(mut self, limit: InflateLimit) -> Dissector {
        self.flows.writer.index.inflate_limit = limit;
        self
    }

    /// Reads TCP connections as the user's decisions say.
    pub fn with_decisions(mut self, decisions: Decisions) -> Dissector {
        self.flows.decisions = Some(decisions).filter(|decisions| !decisions.is_empty());
        self
    }

    /// The TCP connections that are not read as WebSockets, at most `most` of them: those with the most octets.
    pub fn others(&self, most: usize) -> Others {
        Others::of(&self.flows.entries, &self.decoder, most)
    }

    /// Decisions about ends that no TCP connection has had so far.
    pub fn idle_decisions(&self) -> Vec<Flow> {
        let Some(decisions) = &self.flows.decisions else { return Vec::new() };
        let mut idle: Vec<Flow> = decisions.iter().map(|(ends, _)| *ends).collect();
        let mut flows = (0..self.flows.entries.len()).filter_map(|index| self.decoder.flow(FlowId::from_index(index)));
        while !idle.is_empty()
            && let Some(flow) = flows.next()
        {
            idle.retain(|ends| !is_between(ends, &flow));
        }
        idle
    }

    /// Takes the next packet.
    pub fn push(&mut self, packet: &Packet, octets: &[u8]) {
        self.push_run(AtHand::default(), |run| run.push(*packet, octets));
    }

    /// Takes the next packets, those that `feed` gives to the run: the same as to [`push`](Dissector::push) each, and faster.
    /// Octets that are `at_hand` are not read again.
    pub fn push_run<'o, T>(&mut self, at_hand: AtHand<'o>, feed: impl FnOnce(&mut Run<'_, 'o>) -> T) -> T {
        let mut run = Run::new(&mut self.decoder, &mut self.flows, at_hand);
        let fed = feed(&mut run);
        run.take();
        fed
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

    /// Returns how many TCP connections are being read: the others have ended, never began, or carry something else.
    pub fn watched(&self) -> usize {
        self.flows.entries.iter().filter(|entry| matches!(entry, FlowEntry::Followed(_))).count()
    }

    /// Says that no packet follows: what waits for more is shown as far as it is known.
    pub fn finish(&mut self) {
        self.flows.finish();
        self.payloads.finish();
    }

    /// Judges payloads as frames are found, where that takes nothing but the packet; what is left is for
    /// `judge_payloads`.
    pub fn judge_at_once(&mut self) {
        self.flows.writer.text_room = Some(Vec::new());
    }

    /// Lets `pool` inflate what is compressed, from now on. What others began, they finish first.
    pub fn set_inflate_pool(&mut self, pool: Box<dyn InflatePool>) {
        let (payloads, mut scene) = self.scene(AtHand::default(), u64::MAX);
        payloads.set_inflate_pool(pool, &mut scene);
    }

    /// Keeps what compressed messages inflate to when they are judged, from now on.
    pub fn keep_messages(&mut self, kept: KeptMessages) {
        self.payloads.keep(kept);
    }

    /// Returns how many messages, from the first on, are judged to their end: nothing more is found about their payloads.
    pub fn judged_messages(&self) -> usize {
        self.payloads.judged_messages(&self.flows.writer.index)
    }

    /// Judges payloads of the frames found so far, about `budget` octets of them; returns whether some are left. Octets
    /// that are not `at_hand` are read again. In whatever steps this is called, in the end the same is found.
    pub fn judge_payloads(&mut self, at_hand: AtHand<'_>, budget: u64) -> bool {
        let (payloads, mut scene) = self.scene(at_hand, budget);
        payloads.judge(&mut scene)
    }

    /// Gathers payloads as far as their octets are needed now: compressed messages may be left to be inflated later.
    pub fn gather_payloads(&mut self, at_hand: AtHand<'_>) {
        let (payloads, mut scene) = self.scene(at_hand, u64::MAX);
        payloads.gather(&mut scene);
    }

    fn scene<'a>(&'a mut self, at_hand: AtHand<'a>, budget: u64) -> (&'a mut Payloads, Scene<'a>) {
        let FlowEntries { source, entries, writer, touched, .. } = &mut self.flows;
        let nearby = Nearby { at_hand, source: &**source };
        (&mut self.payloads, Scene { writer, flows: entries, nearby, touched, budget })
    }

    /// Counts the jobs that the inflate pool lost, because a thread died of them: each is a sender whose messages are not inflated any
    /// more.
    pub fn lost_jobs(&self) -> usize {
        self.payloads.lost()
    }

    /// Returns how far the judging of payloads has come: offset in the capture, in octets.
    pub fn payloads_position(&self) -> u64 {
        self.payloads.position()
    }

    /// Everything known so far. `layout` tells how to read a packet's record again.
    pub fn snapshot(&mut self, layout: Layout) -> Snapshot {
        self.flows.publish();
        Snapshot::new(self.flows.writer.index.clone(), self.flows.source.clone(), layout)
    }

    /// Returns what became of the packets below TCP.
    pub fn net_stats(&self) -> &crate::net::NetStats {
        self.decoder.stats()
    }
}
