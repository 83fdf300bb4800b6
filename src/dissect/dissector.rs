//! Packets in, snapshots out.

use std::sync::Arc;

use super::backlog::{Backlog, MAX_BACKLOG};
use super::decisions::{Decision, Decisions, is_between};
use super::flow::{Context, FlowState};
use super::guess::wakes_up;
use super::index::Writer;
use super::others::Others;
use super::payloads::{AtOnce, Payloads, Scene};
use super::snapshot::Snapshot;
use crate::base::{AtHand, ConnectionId, FlowId, PacketRef, ReadAt};
use crate::capture::{Layout, Packet};
use crate::net::{Decoder, Flow, Outcome, Segment, TcpFlags};

/// What is kept of a TCP connection.
pub(super) enum Slot {
    /// Nothing was sent yet. The sequence numbers of the first octets of both directions, as far as SYNs told them.
    Opening([Option<u32>; 2]),
    /// It may carry, or carries, a WebSocket.
    Watched(Box<FlowState>),
    /// It carries something else: so many octets each way, about. A segment that starts with a WebSocket handshake wakes it
    /// up.
    Ignored([u32; 2]),
    /// The user says that it carries something else.
    Rejected([u32; 2]),
    /// It carried this WebSocket and has ended; everything about it is in the index.
    Over(ConnectionId),
}

impl Slot {
    /// The connection that it carries, or carried last.
    pub fn connection(&self) -> Option<ConnectionId> {
        match self {
            Slot::Watched(flow) => flow.connection,
            Slot::Over(connection) => Some(*connection),
            Slot::Opening(_) | Slot::Ignored(_) | Slot::Rejected(_) => None,
        }
    }

    pub fn watched_mut(&mut self) -> Option<&mut FlowState> {
        match self {
            Slot::Watched(flow) => Some(flow),
            Slot::Opening(_) | Slot::Ignored(_) | Slot::Rejected(_) | Slot::Over(_) => None,
        }
    }
}

/// Flows to which something happened.
#[derive(Debug, Default)]
pub(super) struct Touched {
    /// Those whose connection changed since the last snapshot.
    pub changed: Vec<FlowId>,
    /// Those that the judging of payloads waits for.
    pub awaited: Vec<FlowId>,
}

impl Touched {
    /// Something happened to `flow`.
    #[inline]
    pub fn note(&mut self, flow: &mut FlowState) {
        if flow.mark_changed() {
            self.changed.push(flow.id);
        }
        if std::mem::take(&mut flow.awaited) {
            self.awaited.push(flow.id);
        }
    }
}

/// Turns packets into frames, messages and findings.
///
/// Push every packet in the order of the capture; take a [`Snapshot`] whenever something is to be shown; `finish` when
/// the capture has ended. What needs payloads is judged by `judge_payloads`, whenever there is time for it.
pub struct Dissector {
    /// Octets that were pushed earlier are read again from here.
    source: Arc<dyn ReadAt>,
    decoder: Decoder,
    flows: Vec<Slot>,
    writer: Writer,
    touched: Touched,
    /// What flows keep because something is missing.
    backlog: Backlog,
    payloads: Payloads,
    /// What the user says about TCP connections, where it is anything.
    decisions: Option<Decisions>,
}

/// Counts what a segment of a connection that is not read brings.
fn count(octets: &mut [u32; 2], segment: &Segment<'_>) {
    let sum = &mut octets[segment.direction.index()];
    *sum = sum.saturating_add(segment.payload_len);
}

/// Whether a segment belongs to TCP's own handshake and has nothing else to tell than where the streams start. A capture
/// of a port scan has a million flows that never come further: they cost no more than this.
fn is_opening(segment: &Segment<'_>, starts: &mut [Option<u32>; 2]) -> bool {
    if segment.payload_len > 0 || segment.flags.intersects(TcpFlags::FIN | TcpFlags::RST) {
        return false;
    }
    let (own, peer) = (segment.direction.index(), segment.direction.reverse().index());
    match segment.ack {
        Some(ack) if starts[peer].is_some_and(|start| start != ack) => return false,
        None if !segment.flags.syn() => return false,
        Some(_) if !segment.flags.syn() => return starts[peer].is_some(),
        _ => {}
    }
    starts[own] = Some(segment.seq.wrapping_add(1));
    starts[peer] = starts[peer].or(segment.ack);
    true
}

impl Dissector {
    /// A dissector of packets whose octets can be read again from `source`.
    pub fn new(source: Arc<dyn ReadAt>) -> Dissector {
        Dissector {
            source,
            decoder: Decoder::new(),
            flows: Vec::new(),
            writer: Writer::default(),
            touched: Touched::default(),
            backlog: Backlog::new(MAX_BACKLOG),
            payloads: Payloads::default(),
            decisions: None,
        }
    }

    /// The same with at most `most` octets of backlog instead of [`MAX_BACKLOG`].
    pub fn with_backlog(self, most: usize) -> Dissector {
        Dissector { backlog: Backlog::new(most), ..self }
    }

    /// The same with what the user says about TCP connections.
    pub fn with_decisions(self, decisions: Decisions) -> Dissector {
        Dissector { decisions: Some(decisions).filter(|decisions| !decisions.is_empty()), ..self }
    }

    /// The TCP connections that are not read as WebSockets, at most `most` of them: those with the most octets.
    pub fn others(&self, most: usize) -> Others {
        Others::of(&self.flows, &self.decoder, most)
    }

    /// Decisions about ends that no TCP connection has had so far.
    pub fn idle_decisions(&self) -> Vec<Flow> {
        let Some(decisions) = &self.decisions else { return Vec::new() };
        let mut idle: Vec<Flow> = decisions.iter().map(|(ends, _)| *ends).collect();
        let mut flows = (0..self.flows.len()).filter_map(|index| self.decoder.flow(FlowId::from_index(index)));
        while !idle.is_empty()
            && let Some(flow) = flows.next()
        {
            idle.retain(|ends| !is_between(ends, &flow));
        }
        idle
    }

    /// Takes the next packet.
    pub fn push(&mut self, packet: &Packet, octets: &[u8]) {
        let totals = &mut self.writer.index.totals;
        totals.packets += 1;
        totals.octets += octets.len() as u64;
        let outcome = self.decoder.push(packet.link_type, packet.reference, packet.span, packet.original_len, octets);
        let segment = match &outcome {
            Outcome::Segment(segment) => segment,
            Outcome::Unsupported(_) | Outcome::Malformed(_) => {
                totals.undecoded += 1;
                return;
            }
            Outcome::NotTcp | Outcome::Fragment => return,
        };
        let index = segment.flow.index();
        while self.flows.len() <= index {
            self.flows.push(Slot::Opening([None; 2]));
            totals.tcp_connections += 1;
        }
        let slot = &mut self.flows[index];
        let starts = match slot {
            Slot::Watched(_) => None,
            Slot::Opening(starts) => match is_opening(segment, starts) {
                true => return,
                false => Some(*starts),
            },
            Slot::Ignored(_) if wakes_up(segment) => Some([None; 2]),
            Slot::Ignored(octets) | Slot::Rejected(octets) => return count(octets, segment),
            Slot::Over(_) => return,
        };
        if let Some(starts) = starts {
            let decision = self.decisions.as_ref().and_then(|decisions| decisions.about(&segment.ends()));
            if decision == Some(Decision::NotWebSocket) {
                let mut octets = [0; 2];
                count(&mut octets, segment);
                *slot = Slot::Rejected(octets);
                return;
            }
            *slot = Slot::Watched(Box::new(FlowState::new(segment, starts, decision)));
        }
        let Slot::Watched(flow) = slot else { return };
        let mut context = Context { writer: &mut self.writer, source: &*self.source, segment: Some(segment) };
        if flow.next_segment(segment, &mut context) {
            return self.touched.note(flow);
        }
        let before = flow.backlog();
        flow.segment(segment, &mut context);
        let mut after = flow.backlog();
        if flow.is_uninteresting() {
            *slot = Slot::Ignored(flow.octets());
            after = 0;
        } else if let Some(connection) = flow.connection.filter(|_| flow.is_over) {
            // A capture can have a million of these, and what it takes to read them is more than what is to be told.
            flow.finish(&mut context);
            self.touched.note(flow);
            flow.publish(&mut self.writer);
            *slot = Slot::Over(connection);
            after = 0;
        } else {
            self.touched.note(flow);
        }
        if before != after {
            self.backlog.note(segment.flow, after);
            let packet = segment.packet;
            self.give_up_backlog(packet);
        }
    }

    /// While too much is kept, the flow that has waited longest waits no more.
    fn give_up_backlog(&mut self, packet: PacketRef) {
        while let Some(id) = self.backlog.too_much() {
            let Some(slot @ Slot::Watched(_)) = self.flows.get_mut(id.index()) else { continue };
            let Slot::Watched(flow) = slot else { continue };
            let before = flow.backlog();
            flow.give_up_backlog(
                packet,
                &mut Context { writer: &mut self.writer, source: &*self.source, segment: None },
            );
            let after = flow.backlog();
            if flow.is_uninteresting() {
                *slot = Slot::Ignored(flow.octets());
            } else {
                self.touched.note(flow);
                // What did not become less is not asked again.
                self.backlog.note(id, if after < before { after } else { 0 });
            }
        }
    }

    /// Octets of memory that flows take because something is missing, about; at most [`MAX_BACKLOG`].
    pub fn backlog(&self) -> usize {
        self.backlog.octets()
    }

    /// How many TCP connections are being read: the others have ended, never began, or carry something else.
    pub fn watched(&self) -> usize {
        self.flows.iter().filter(|slot| matches!(slot, Slot::Watched(_))).count()
    }

    /// Says that no packet follows: what waits for more is shown as far as it is known.
    pub fn finish(&mut self) {
        for slot in &mut self.flows {
            let Slot::Watched(flow) = slot else { continue };
            flow.finish(&mut Context { writer: &mut self.writer, source: &*self.source, segment: None });
            self.touched.note(flow);
        }
        self.payloads.finish();
    }

    /// Judges payloads as frames are found, where that takes nothing but the packet; what is left is for
    /// `judge_payloads`.
    pub fn judge_at_once(&mut self) {
        self.writer.at_once = Some(AtOnce::default());
    }

    /// Judges payloads of the frames found so far, about `budget` octets of them; returns whether some are left. Octets
    /// that are not `at_hand` are read again. In whatever steps this is called, in the end the same is found.
    pub fn judge_payloads(&mut self, at_hand: AtHand<'_>, budget: u64) -> bool {
        self.payloads.judge(&mut Scene {
            writer: &mut self.writer,
            flows: &mut self.flows,
            source: &*self.source,
            at_hand,
            touched: &mut self.touched,
            budget,
        })
    }

    /// How far the judging of payloads has come: offset in the capture, in octets.
    pub fn payloads_position(&self) -> u64 {
        self.payloads.position()
    }

    /// Everything known so far. `layout` tells how to read a packet's record again.
    pub fn snapshot(&mut self, layout: Layout) -> Snapshot {
        for id in std::mem::take(&mut self.touched.changed) {
            if let Some(Slot::Watched(flow)) = self.flows.get_mut(id.index()) {
                flow.publish(&mut self.writer);
            }
        }
        Snapshot::new(self.writer.index.clone(), self.source.clone(), layout)
    }

    /// What became of the packets below TCP.
    pub fn net_stats(&self) -> &crate::net::NetStats {
        self.decoder.stats()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_that_is_not_read_is_small() {
        assert!(size_of::<Slot>() <= 16, "{}", size_of::<Slot>());
    }
}
