//! Finding the place again in a stream of frames, behind a gap over a header.
//!
//! ```text
//!   gap over a header ──▶ pieces ──▶ one starts with a chain ──▶ at its end, another goes on with frames ──▶ read from its start
//!                           ▲                                           │
//!                           └──────────────── it does not ◀─────────────┘
//! ```
//!
//! Nothing is invented: the payload of a lost header may hold frames itself, or anything that looks like some. So a
//! chain that starts where a segment does is only a candidate, and frames are read from where it was borne out: where
//! it ends and another piece of the stream goes on with frames just there. A client's chain of three is enough at once,
//! for what its payloads hold is masked.

use crate::base::Sender;
use crate::ws::{Chain, Negotiated, follow};

/// Frames that a candidate needs in all where its first piece alone is not convincing.
const BORNE_OUT: u32 = 4;
/// No candidate that is not convincing waits for the end of a longer frame.
const MAX_WAIT: u64 = 1 << 20;

/// Looks for the place behind a gap.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::dissect) struct Seeker {
    candidate: Option<Candidate>,
}

#[derive(Clone, Copy, Debug)]
struct Candidate {
    /// Stream offset of the header that should come next.
    next: u64,
    /// A fragmented message waits for its continuation there.
    open: bool,
    /// Frames with a payload so far.
    frames: u32,
    convincing: bool,
}

/// The next piece, to a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dissect) struct Found {
    /// Stream offset of the first header.
    pub at: u64,
    /// Frames with a payload that chain, those before `at` included.
    pub frames: u32,
}

impl Seeker {
    /// Looks at the next octets of `sender`, which start at stream offset `at`.
    pub fn look(&mut self, at: u64, octets: &[u8], sender: Sender, negotiated: Negotiated) -> Option<Found> {
        if let Some(candidate) = self.candidate {
            match candidate.next.checked_sub(at).and_then(|skip| octets.get(usize::try_from(skip).ok()?..)) {
                // A header of which not even the first two octets are here tells nothing.
                Some(rest) if rest.len() < 2 => {}
                Some(rest) => match follow(rest, candidate.open, sender, negotiated) {
                    Some(chain) => {
                        let frames = candidate.frames.saturating_add(chain.with_payload);
                        let is_borne_out = chain.with_payload > 0 && (candidate.convincing || frames >= BORNE_OUT);
                        if is_borne_out {
                            return Some(Found { at: candidate.next, frames });
                        }
                        self.candidate = Some(Candidate {
                            next: candidate.next.saturating_add(chain.next),
                            open: chain.open,
                            frames,
                            ..candidate
                        });
                        return None;
                    }
                    None => self.candidate = None,
                },
                None => {}
            }
            if self.candidate.is_some_and(|candidate| candidate.next < at) {
                self.candidate = None;
            }
        }
        let chain = follow(octets, false, sender, negotiated).filter(|chain| chain.with_payload > 0)?;
        if sender == Sender::Client && chain.is_convincing() && !is_short(&chain) {
            return Some(Found { at, frames: chain.with_payload });
        }
        let is_better = self.candidate.is_none_or(|candidate| chain.is_convincing() && !candidate.convincing);
        if is_better && (chain.is_convincing() || chain.next <= MAX_WAIT) {
            self.candidate = Some(Candidate {
                next: at.saturating_add(chain.next),
                open: chain.open,
                frames: chain.with_payload,
                convincing: chain.is_convincing(),
            });
        }
        None
    }

    /// The capture lacks the octets up to stream offset `end` as well.
    pub fn skip(&mut self, end: u64) {
        self.candidate = self.candidate.filter(|candidate| candidate.next >= end);
    }
}

/// One or two short frames that end where a segment does: chance can bring that about.
fn is_short(chain: &Chain) -> bool {
    chain.with_payload < 3
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Negotiated = Negotiated { deflate: false, other: false };

    #[test]
    fn a_chain_is_believed_where_the_next_piece_bears_it_out() {
        let mut seeker = Seeker::default();
        assert_eq!(seeker.look(10, b"payload's rest", Sender::Server, PLAIN), None);
        assert_eq!(seeker.look(24, b"\x81\x02hi", Sender::Server, PLAIN), None);
        assert_eq!(seeker.look(28, b"\x81\x02ho", Sender::Server, PLAIN), Some(Found { at: 28, frames: 2 }));
    }

    #[test]
    fn a_chain_that_breaks_is_dropped() {
        let mut seeker = Seeker::default();
        assert_eq!(seeker.look(0, b"\x81\x02hi\x81\x02hi\x81\x02hi", Sender::Server, PLAIN), None);
        assert_eq!(seeker.look(12, b"no frame", Sender::Server, PLAIN), None);
        assert_eq!(seeker.look(20, b"\x81\x02ho", Sender::Server, PLAIN), None);
        // What is missing may have held anything.
        seeker.skip(30);
        assert_eq!(seeker.look(30, b"\x81\x02ho", Sender::Server, PLAIN), None);
        assert_eq!(seeker.look(34, b"\x81\x02ho", Sender::Server, PLAIN), Some(Found { at: 34, frames: 2 }));
    }

    #[test]
    fn three_masked_frames_are_believed_at_once() {
        let frames = b"\x81\x81abcdx".repeat(3);
        let found = Seeker::default().look(5, &frames, Sender::Client, PLAIN);
        assert_eq!(found, Some(Found { at: 5, frames: 3 }));
        assert_eq!(Seeker::default().look(5, &frames, Sender::Server, PLAIN), None);
    }

    #[test]
    fn a_long_frame_over_many_segments() {
        let mut seeker = Seeker::default();
        let frame = [&b"\x82\x7e\x01\x00"[..], &[0xff; 256]].concat();
        let stream = frame.repeat(5);
        let found = stream
            .chunks(100)
            .enumerate()
            .find_map(|(index, part)| seeker.look(index as u64 * 100, part, Sender::Server, PLAIN));
        assert_eq!(found, Some(Found { at: 780, frames: 4 }));
    }
}
    /// Of a long frame's pieces, those without a header are not kept.
