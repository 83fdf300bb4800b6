//! Carriers that the user says bear a WebSocket.
//!
//! ```text
//!   chunks ─▶ as always: a handshake, or frames that are recognised ─▶ confirmed by the user
//!               ├─ a handshake that was refused, and no HTTP behind it ─▶ what is behind it again, held
//!               └─ neither, and nothing more to wait for ─▶ all of it again, held ─▶ a handshake in the midst of it, else
//!                                                           frames, whatever they look like
//! ```

use super::decisions::UserDecision;
use super::recognition::{Patience, is_refused};
use super::{BOTH, Begin, Chunk, Decision, Opening, Reading, Scene, State};
use crate::dissect::opening::exchange::Exchange;
use crate::net::{Direction, End, Flow};
use crate::ws::{Excerpt, FrameHeader, Negotiated, Parsed};

/// Chunks of a carrier that are kept to be read again as frames. Behind so many, no handshake is waited for.
const MAX_KEPT: usize = 4096;

/// The word of the user about a carrier, and the state of carrying it out.
#[derive(Debug)]
pub(in crate::dissect) struct UserOverride {
    pub client: Direction,
    /// Says that permessage-deflate was agreed on, or was not, as far as the user knows.
    deflate: Option<bool>,
    /// Directions of which the first octet is known by a SYN.
    from_start: [bool; 2],
    /// Nothing else is waited for: what comes are frames.
    pub is_due: bool,
    /// Everything that came, until it is clear what reads it.
    pub kept: Vec<(Direction, Chunk)>,
    /// Stream offset of the first octet of a direction that is no HTTP, where that is known.
    http_end: [Option<u64>; 2],
}

impl UserOverride {
    /// Returns what the user says about a TCP connection between `ends`, of which `starts` tells the first sequence
    /// numbers that are known; nothing where that is not that it bears a WebSocket.
    pub fn new(decision: Option<UserDecision>, ends: &Flow, starts: [Option<u32>; 2]) -> Option<Box<UserOverride>> {
        let Some(UserDecision::WebSocket { client, deflate }) = decision else { return None };
        let client = if client == ends.opener { Direction::Forward } else { Direction::Backward };
        let from_start = starts.map(|start| start.is_some());
        Some(Box::new(UserOverride {
            client,
            deflate,
            from_start,
            is_due: false,
            kept: Vec::new(),
            http_end: [None; 2],
        }))
    }

    /// Returns what is taken for agreed where no handshake tells.
    pub fn negotiated(&self) -> Negotiated {
        Negotiated { deflate: self.deflate.unwrap_or(true), other: self.deflate.is_none() }
    }
}

impl Opening {
    /// Keeps a chunk that may have to be read again.
    pub fn keep_for_override(&mut self, direction: Direction, chunk: Chunk, scene: &Scene<'_>) {
        let Some(told) = &mut self.user_override else { return };
        let row = scene.row();
        if row.is_some_and(|row| row.opened) {
            told.kept = Vec::new();
            return;
        }
        if row.is_some() && told.kept.len() > MAX_KEPT {
            // What HTTP goes on like this is hardly followed by frames; if so, by their first octets.
            told.kept.drain(..MAX_KEPT / 2);
        }
        told.kept.push((direction, chunk));
    }

    /// The reader of a direction comes upon what is no HTTP.
    pub(super) fn note_http_end(&mut self, direction: Direction) {
        if let (Some(told), Reading::Heads(reader)) = (&mut self.user_override, &self.readings[direction.index()]) {
            told.http_end[direction.index()] = reader.http_end();
        }
    }

    /// Returns whether the user says that there are frames, and none are read.
    pub fn lacks_frames(&self, scene: &Scene<'_>) -> bool {
        self.user_override.is_some() && scene.row().is_none_or(|row| !row.opened)
    }

    /// Reads as frames what the user says are some, once nothing else can come of it; `is_last` says that nothing follows.
    pub fn override_if_due(&mut self, is_last: bool, scene: &mut Scene<'_>) {
        let is_refused = self.user_override.is_some() && is_refused(scene);
        let is_over =
            is_last || scene.ended.contains(&Some(End::Reset)) || scene.ended.iter().all(|ended| ended.is_some());
        let is_given_up = self.is_hopeless();
        let Some(told) = self.user_override.as_mut().filter(|_| scene.connection.is_none() || is_refused) else {
            return;
        };
        let is_hopeless = !is_refused && (is_over || told.kept.len() > MAX_KEPT);
        // Behind what is no HTTP there may have been a handshake, which was refused.
        let is_refused_again = is_refused && matches!(self.state, State::Exchange);
        if (is_given_up || is_hopeless) && (!told.is_due || is_refused_again) {
            told.is_due = true;
            let mut kept = std::mem::take(&mut told.kept);
            if is_refused {
                let ends = BOTH.map(|direction| self.refusal_end(direction, scene));
                kept =
                    kept.into_iter().filter_map(|(way, chunk)| Some((way, chunk.behind(ends[way.index()])?))).collect();
            }
            (self.exchange, self.state) = (Exchange::default(), State::Unrecognised(Patience::default()));
            (self.looked_at, self.untouched) = (None, None);
            self.readings = [Reading::Held, Reading::Held];
            self.waiting.iter_mut().for_each(|waiting| waiting.clear());
            scene.decisions.push(Decision::TakeAgain(kept));
        }
        if is_over {
            scene.decisions.push(Decision::Conclude);
        }
    }

    /// Stream offset behind the HTTP of a direction, if its last words were those of a handshake that was refused.
    fn refusal_end(&self, direction: Direction, scene: &Scene<'_>) -> u64 {
        let known = match &self.readings[direction.index()] {
            Reading::Heads(reader) => reader.http_end(),
            _ => self.user_override.as_ref().and_then(|told| told.http_end[direction.index()]),
        };
        // A body of no known length has no end.
        let heads = scene.row().map(|row| [row.request, row.response]).into_iter().flatten().flatten();
        let head = heads.filter(|head| head.direction == direction).map(|head| head.at + u64::from(head.len)).max();
        known.or(head).unwrap_or(0)
    }

    /// Returns how frames begin in a direction in which none were recognised, of which `excerpt` waits; `None` where
    /// nothing does.
    pub(super) fn begin_as_told(&self, direction: Direction, excerpt: &Excerpt) -> Option<Begin> {
        let at = self.first_waiting_at(direction);
        let is_start = self.user_override.as_ref().is_some_and(|told| told.from_start[direction.index()]);
        if at == 0 && is_start {
            Some(Begin::Frame)
        } else if excerpt.octets.is_empty() {
            None
        } else if leads_to_a_start(&excerpt.octets, &excerpt.starts) {
            Some(Begin::BehindGap)
        } else {
            Some(Begin::Somewhere)
        }
    }
}

/// Returns whether lengths lead from the first octet to where a later chunk starts, or the last one ends: a frame that
/// nobody would recognise, with the wrong MASK bit for instance, can still be one.
fn leads_to_a_start(octets: &[u8], starts: &[usize]) -> bool {
    ends_of_frames(octets).any(|end| starts.contains(&end))
}

/// Returns whether lengths lead from the first octet to where each later chunk starts, and the last one ends.
pub(in crate::dissect) fn leads_to_each_start(octets: &[u8], starts: &[usize]) -> bool {
    let mut left = starts.iter().skip_while(|start| **start == 0).peekable();
    for end in ends_of_frames(octets) {
        left.next_if(|start| **start == end);
    }
    left.next().is_none()
}

/// Returns where one frame ends behind the other if the first octet is the first of one.
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
