//! The parts of a compressed message: which octets of its frames give which octets of what it inflates to.
//!
//! ```text
//!   frame 1: f2 48 cd │ frame 2: c9 c9 07 00       a symbol can begin in one octet and end in the next:
//!            └┬┘ └──┬─────────┬┘  …                octets that give nothing yet belong to those behind
//!             H     e         l
//! ```

use std::ops::Range;

use crate::base::FrameId;

/// Pieces that a message is inflated in to tell them apart.
const PIECES: u64 = 2048;
/// Parts that are kept: there may be more frames than pieces.
const MOST: usize = 4 * PIECES as usize;

/// Octets of a frame's payload, and what they inflate to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InflatedPart {
    /// The frame.
    pub frame: FrameId,
    /// Octets of its payload.
    pub payload: Range<u64>,
    /// Octets of what the message inflates to.
    pub plain: Range<u64>,
}

/// The parts of a message, as they come.
#[derive(Debug)]
pub(super) struct Parts {
    parts: Vec<InflatedPart>,
    step: usize,
    is_full: bool,
}

impl Parts {
    /// Of a message of so many octets on the wire.
    pub fn new(wire_len: u64) -> Parts {
        Parts { parts: Vec::new(), step: (wire_len / PIECES).clamp(1, 1 << 20) as usize, is_full: false }
    }

    /// Returns how many octets to inflate at once.
    pub fn step(&self) -> usize {
        self.step
    }

    /// `len` octets of a frame's payload, from octet `at` on, gave `plain`.
    pub fn add(&mut self, frame: FrameId, at: u64, len: usize, plain: Range<u64>) {
        let end = at.saturating_add(len as u64);
        let is_full = self.is_full || self.parts.len() >= MOST;
        match self.parts.last_mut() {
            Some(last) if last.frame == frame && last.plain.is_empty() => {
                (last.payload.end, last.plain) = (end, plain);
            }
            _ if is_full => self.is_full = true,
            _ => self.parts.push(InflatedPart { frame, payload: at..end, plain }),
        }
    }

    /// All of them, where the message inflates to `total` octets. The last octets of a message tell its end, and belong to
    /// what stands before them.
    pub fn end(mut self, total: u64) -> Vec<InflatedPart> {
        if let Some(last) = self.parts.last_mut().filter(|_| !self.is_full) {
            last.plain.end = total;
        }
        if let [.., before, last] = &mut self.parts[..]
            && last.plain.is_empty()
            && last.frame == before.frame
        {
            before.payload.end = last.payload.end;
            self.parts.pop();
        }
        self.parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_that_give_nothing_belong_to_their_neighbours() {
        let (one, two) = (FrameId(4), FrameId(6));
        let mut parts = Parts::new(6);
        assert_eq!(parts.step(), 1);
        let given = [(one, 0, 0..0), (one, 1, 0..1), (one, 2, 1..1), (two, 0, 1..3), (two, 1, 3..3), (two, 2, 3..3)];
        given.into_iter().for_each(|(frame, at, plain)| parts.add(frame, at, 1, plain));
        let part = |frame, payload, plain| InflatedPart { frame, payload, plain };
        let expected = [part(one, 0..2, 0..1), part(one, 2..3, 1..1), part(two, 0..3, 1..3)];
        assert_eq!(parts.end(3), expected);
    }

    #[test]
    fn long_messages_have_coarse_parts_and_many_frames_are_not_all_kept() {
        assert_eq!(Parts::new(PIECES * 100).step(), 100);
        let mut parts = Parts::new(0);
        (0..MOST as u32 + 9).for_each(|id| parts.add(FrameId(id), 0, 1, u64::from(id)..u64::from(id) + 1));
        let parts = parts.end(1 << 40);
        assert_eq!((parts.len(), parts.last().unwrap().plain.end), (MOST, MOST as u64));
    }
}
