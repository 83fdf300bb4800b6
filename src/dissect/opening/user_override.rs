//! Connections that the user says are WebSockets.
//!
//! ```text
//!   segments ─▶ as always: a handshake, or frames that are recognised ─▶ confirmed by the user
//!                  ├─ a handshake that was refused, and no HTTP behind it ─▶ what is behind it again as Side::Guess
//!                  └─ neither, and nothing more to wait for ─▶ all of it again as Side::Guess ─▶ frames, whatever they look like
//! ```

use crate::base::Sender;
use crate::dissect::flow::lane::{Chunk, Side};
use crate::dissect::flow::{Context, FlowState};
use crate::dissect::index::connection::End;
use crate::dissect::opening::decisions::Decision;
use crate::dissect::websocket::sender::FrameSide;
use crate::net::{Direction, Flow};
use crate::ws::{Excerpt, FrameHeader, Negotiated, Parsed};

/// Chunks of a connection that are kept to be read again as frames. Behind so many, no handshake is waited for.
const MAX_KEPT: usize = 4096;

/// What the user says about a connection, and what came of it so far.
#[derive(Debug)]
pub(in crate::dissect) struct Forced {
    pub client: Direction,
    /// Whether permessage-deflate was agreed on, as far as the user knows.
    pub deflate: Option<bool>,
    /// Directions of which the first octet is known by a SYN.
    pub from_start: [bool; 2],
    /// Nothing else is waited for: what comes are frames.
    pub is_due: bool,
    /// Everything that came, until it is clear what reads it.
    pub kept: Vec<(Direction, Chunk)>,
    /// Stream offset of the first octet of a direction that is no HTTP, where that is known.
    http_end: [Option<u64>; 2],
}

impl Forced {
    /// What the user says about a flow with these ends, of which `starts` tells the first sequence numbers that are known;
    /// nothing where that is not that it is a WebSocket.
    pub fn new(decision: Option<Decision>, ends: &Flow, starts: [Option<u32>; 2]) -> Option<Box<Forced>> {
        let Some(Decision::WebSocket { client, deflate }) = decision else { return None };
        let client = if client == ends.opener { Direction::Forward } else { Direction::Backward };
        let from_start = starts.map(|start| start.is_some());
        Some(Box::new(Forced { client, deflate, from_start, is_due: false, kept: Vec::new(), http_end: [None; 2] }))
    }

    /// What is taken for agreed where no handshake tells.
    pub fn negotiated(&self) -> Negotiated {
        Negotiated { deflate: self.deflate.unwrap_or(true), other: self.deflate.is_none() }
    }
}

impl FlowState {
    /// Keeps a chunk that may have to be read again.
    pub(in crate::dissect) fn keep_for_force(&mut self, direction: Direction, chunk: Chunk, context: &Context<'_>) {
        if self.forced.is_none() {
            return;
        }
        let row = self.connection.and_then(|id| context.writer.connections().get(id.index()));
        let (is_open, has_attempt) = (row.is_some_and(|row| row.opened), row.is_some());
        let Some(forced) = &mut self.forced else { return };
        if is_open {
            forced.kept = Vec::new();
            return;
        }
        if has_attempt && forced.kept.len() > MAX_KEPT {
            // What HTTP goes on like this is hardly followed by frames; if so, by their first octets.
            forced.kept.drain(..MAX_KEPT / 2);
        }
        forced.kept.push((direction, chunk));
    }

    /// The reader of a direction comes upon what is no HTTP.
    pub(in crate::dissect) fn note_http_end(&mut self, direction: Direction) {
        if let (Some(forced), Side::Http(reader)) = (&mut self.forced, &self.lanes[direction.index()].side) {
            forced.http_end[direction.index()] = reader.http_end();
        }
    }

    /// Whether the user says that there are frames, and none are read.
    pub(in crate::dissect) fn lacks_frames(&self, context: &Context<'_>) -> bool {
        let row = self.connection.and_then(|id| context.writer.connections().get(id.index()));
        self.forced.is_some() && row.is_none_or(|row| !row.opened)
    }

    /// Whether the server refused the last opening handshake.
    pub(in crate::dissect) fn is_refused(&self, context: &Context<'_>) -> bool {
        let row = self.connection.and_then(|id| context.writer.connections().get(id.index()));
        row.is_some_and(|row| !row.opened && row.response.is_some())
    }

    /// Reads as frames what the user says are some, once nothing else can come of it; `is_last` says that nothing follows.
    pub(in crate::dissect) fn force_if_due(&mut self, is_last: bool, context: &mut Context<'_>) {
        let is_refused = self.forced.is_some() && self.is_refused(context);
        let Some(forced) = self.forced.as_mut().filter(|_| self.connection.is_none() || is_refused) else { return };
        let is_reset = self.lanes.iter().any(|lane| lane.ended == Some(End::Reset));
        let is_over = is_last || is_reset || self.lanes.iter().all(|lane| lane.ended.is_some());
        let is_given_up = self.lanes.iter().any(|lane| matches!(lane.side, Side::Done));
        let is_hopeless = !is_refused && (is_over || forced.kept.len() > MAX_KEPT);
        if !forced.is_due && (is_given_up || is_hopeless) {
            forced.is_due = true;
            let mut kept = std::mem::take(&mut forced.kept);
            if is_refused {
                let ends =
                    [Direction::Forward, Direction::Backward].map(|direction| self.refusal_end(direction, context));
                kept =
                    kept.into_iter().filter_map(|(way, chunk)| Some((way, chunk.behind(ends[way.index()])?))).collect();
            }
            self.read_again(kept, context);
        }
        if is_over {
            self.conclude_guess(context);
        }
    }

    /// Stream offset behind the HTTP of a direction, if its last words were those of a handshake that was refused.
    fn refusal_end(&self, direction: Direction, context: &Context<'_>) -> u64 {
        let known = match &self.lanes[direction.index()].side {
            Side::Http(reader) => reader.http_end(),
            _ => self.forced.as_ref().and_then(|forced| forced.http_end[direction.index()]),
        };
        // A body of no known length has no end.
        let row = self.connection.and_then(|id| context.writer.connections().get(id.index()));
        let heads = row.map(|row| [row.request, row.response]).into_iter().flatten().flatten();
        let head = heads.filter(|head| head.direction == direction).map(|head| head.at + u64::from(head.len)).max();
        known.or(head).unwrap_or(0)
    }

    /// Reads chunks again as what frames are looked for in.
    fn read_again(&mut self, chunks: Vec<(Direction, Chunk)>, context: &mut Context<'_>) {
        self.exchange = Default::default();
        self.patience = Default::default();
        // Until all of them were read, nothing ends.
        let ended = self.lanes.each_ref().map(|lane| lane.ended);
        for lane in &mut self.lanes {
            (lane.side, lane.ended) = (Side::Guess, None);
            lane.waiting.clear();
        }
        for (direction, chunk) in chunks {
            self.chunk(direction, chunk, context);
        }
        for (direction, ended) in [Direction::Forward, Direction::Backward].into_iter().zip(ended) {
            self.lanes[direction.index()].ended = ended;
            self.resume(direction, context);
        }
    }

    /// How frames are read in a direction in which none were recognised. `excerpt` is what waits there.
    pub(in crate::dissect) fn forced_side(
        &self,
        direction: Direction,
        sender: Sender,
        negotiated: Negotiated,
        excerpt: &Excerpt,
    ) -> Side {
        let at = self.first_waiting_at(direction);
        let is_start = at == 0 && self.forced.as_ref().is_some_and(|forced| forced.from_start[direction.index()]);
        if is_start {
            Side::Frames(FrameSide::new(at, sender, negotiated))
        } else if excerpt.octets.is_empty() {
            Side::Search
        } else if leads_to_a_start(&excerpt.octets, &excerpt.starts) {
            Side::Frames(FrameSide::behind_gap(at, sender, negotiated))
        } else {
            Side::Frames(FrameSide::seeking(at, sender, negotiated))
        }
    }
}

/// Whether lengths lead from the first octet to where a later chunk starts, or the last one ends: a frame that nobody would
/// recognise, with the wrong MASK bit for instance, can still be one.
fn leads_to_a_start(octets: &[u8], starts: &[usize]) -> bool {
    ends_of_frames(octets).any(|end| starts.contains(&end))
}

/// Whether lengths lead from the first octet to where each later chunk starts, and the last one ends.
pub(in crate::dissect) fn leads_to_each_start(octets: &[u8], starts: &[usize]) -> bool {
    let mut left = starts.iter().skip_while(|start| **start == 0).peekable();
    for end in ends_of_frames(octets) {
        left.next_if(|start| **start == end);
    }
    left.next().is_none()
}

/// Where one frame ends behind the other if the first octet is the first of one.
fn ends_of_frames(octets: &[u8]) -> impl Iterator<Item = usize> + '_ {
    let mut at = 0_usize;
    std::iter::from_fn(move || {
        let Parsed::Done(header) = octets.get(at..).map(FrameHeader::parse)? else { return None };
        let len = usize::try_from(header.payload_len()).unwrap_or(usize::MAX);
        at = len.saturating_add(usize::from(header.header_len())).saturating_add(at);
        Some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_that_lead_somewhere() {
        assert!(leads_to_a_start(b"\x81\x02hi\x83\x01x", &[0, 4, 7]));
        assert!(leads_to_a_start(b"\x81\x02hi\x83\x01x", &[0, 7]));
        assert!(!leads_to_a_start(b"\x81\x02hi\x83\x02x", &[0, 7]));
        assert!(!leads_to_a_start(b"\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xffx", &[0, 11]));
        assert!(!leads_to_a_start(b"", &[0]));
        assert!(leads_to_each_start(b"\x81\x02hi\x83\x01x", &[0, 4, 7]));
        assert!(leads_to_each_start(b"\x81\x02hi\x83\x01x", &[0, 7]));
        assert!(!leads_to_each_start(b"\x81\x02hi\x83\x01x", &[0, 3, 7]));
        assert!(!leads_to_each_start(b"\x81\x02hi\x83\x02x", &[0, 4, 7]));
    }
}
