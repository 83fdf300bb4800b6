//! Finding the place again in a stream of frames, behind a gap over a header.
//!
//! ```text
//!   gap over a header ──▶ pieces ──▶ one starts with a chain ──▶ at its end, another goes on with frames ──▶ read from its start
//!                           ▲                                           │
//!                           └──────────────── it does not ◀─────────────┘
//! ```
//!
//! Nothing is invented: the payload of a lost header may hold anything that looks like frames. So a chain that starts where
//! a piece of the stream does is only a candidate, until it is borne out: where it leads to, another piece goes on with
//! frames just there. Then it is read from its first frame on. A client's chain of three is enough at once, for what its
//! payloads hold is masked.
//!
//! A candidate keeps places and no octets: what it passed over is read again.

use std::borrow::Cow;

use crate::base::{PacketRef, Sender};
use crate::dissect::index::finding::Gap;
use crate::ws::{Chain, Negotiated, follow};

/// Frames that a candidate needs in all where its first piece alone is not convincing.
const BORNE_OUT: u32 = 4;
/// No candidate that is not convincing waits for the end of a longer frame.
const MAX_WAIT: u64 = 1 << 20;
/// Masked frames in one piece that are enough.
const AT_ONCE: u32 = 3;
/// Candidates at once. Of more, the one with the least evidence is dropped.
const MAX_CANDIDATES: usize = 4;
/// Pieces of a candidate with headers.
const MAX_PIECES: usize = 64;
/// Lengths of a server's headers.
const SERVER_HEADERS: [u64; 3] = [2, 4, 10];

/// Looks for the place behind a gap.
#[derive(Clone, Debug, Default)]
pub(super) struct Seeker {
    candidates: Vec<Candidate>,
    /// Stream offset behind a gap in which a header alone may lie. A server's payload that looks like frames would start
    /// there.
    behind_header: Option<u64>,
}

/// A chain of frames that is not borne out.
#[derive(Clone, Debug)]
struct Candidate {
    /// The pieces with its headers: the first at its first header.
    pieces: Vec<SeekPiece>,
    /// The octets of their payloads that are missing, in order.
    holes: Vec<Gap>,
    /// Stream offset of the header that should come next.
    next: u64,
    /// The octets of that header that came.
    part: Vec<u8>,
    /// A fragmented message waits for its continuation there.
    open: bool,
    /// It starts with continuations of a message, and the final one has not come.
    starts_inside: bool,
    /// Frames so far, without empty data frames.
    frames: u32,
    /// The last of them is a Close.
    closes: bool,
    convincing: bool,
}

/// The next piece, to a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    BearsOut,
    Waits,
    Breaks,
}

/// A piece of the stream that a packet brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dissect) struct SeekPiece {
    /// Stream offset of the first octet that is wanted of it.
    pub at: u64,
    pub packet: PacketRef,
}

/// The place was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::dissect) struct Found {
    /// Stream offset of the first header.
    pub at: u64,
    /// Stream offset behind the octets that bear it out.
    pub end: u64,
    /// The pieces with headers, from the first header on. The octets between them belong to payloads.
    pub pieces: Vec<SeekPiece>,
    /// The octets that are missing behind the first header, in order: all of them of payloads.
    pub holes: Vec<Gap>,
    /// Frames that chain, without empty data frames.
    pub frames: u32,
}

/// The next piece of a stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct NextPiece<'a> {
    pub at: u64,
    pub octets: &'a [u8],
    pub packet: PacketRef,
    pub sender: Sender,
    pub negotiated: Negotiated,
}

impl NextPiece<'_> {
    /// Stream offset behind its last octet.
    fn end(&self) -> u64 {
        self.at.saturating_add(self.octets.len() as u64)
    }

    fn from(&self, at: u64) -> SeekPiece {
        SeekPiece { at, packet: self.packet }
    }
}

impl Seeker {
    /// One that looks behind a gap up to stream offset `end`, of which `len` octets lie where a frame may start.
    pub fn behind(end: u64, len: u64) -> Seeker {
        Seeker { candidates: Vec::new(), behind_header: SERVER_HEADERS.contains(&len).then_some(end) }
    }

    /// Looks at the next piece.
    pub fn look(&mut self, piece: &NextPiece<'_>) -> Option<Found> {
        let (mut found, mut starts_with_header) = (None, false);
        self.candidates.retain_mut(|candidate| {
            let is_expected = candidate.next == piece.at;
            let next = candidate.go_on(piece);
            starts_with_header |= is_expected && next != Next::Breaks;
            if next == Next::BearsOut && found.is_none() {
                found = Some(candidate.take_found(piece.end()));
            }
            next != Next::Breaks
        });
        if found.is_some() || starts_with_header {
            return found;
        }
        let may_be_payload = piece.sender == Sender::Server && self.behind_header == Some(piece.at);
        let mut candidate = Candidate::starting(piece, may_be_payload)?;
        if piece.sender == Sender::Client && candidate.frames >= AT_ONCE && !candidate.starts_inside {
            return Some(candidate.take_found(piece.end()));
        }
        if self.candidates.len() == MAX_CANDIDATES {
            let least = self.candidates.iter().enumerate().min_by_key(|(_, it)| (it.convincing, it.frames));
            let least = least.map_or(0, |(index, _)| index);
            self.candidates.remove(least);
        }
        self.candidates.push(candidate);
        None
    }

    /// The stream ends at stream offset `end`, as its sender said. A chain that leads just there is borne out by that, if it has
    /// come from one piece to another, or is nothing but a Close.
    pub fn end(&mut self, end: u64) -> Option<Found> {
        let is_borne_out = |candidate: &&mut Candidate| {
            let is_close = candidate.closes && candidate.frames == 1 && candidate.pieces.len() == 1;
            candidate.next == end && !candidate.open && (candidate.pieces.len() > 1 || is_close)
        };
        self.candidates.iter_mut().find(is_borne_out).map(|candidate| candidate.take_found(end))
    }

    /// The capture lacks octets behind what came as well. A chain goes on where they lie within a payload of it.
    pub fn skip(&mut self, gap: Gap) {
        self.behind_header = None;
        let end = gap.at.saturating_add(gap.len);
        self.candidates.retain_mut(|candidate| {
            candidate.holes.push(gap);
            candidate.next >= end && candidate.part.is_empty() && candidate.holes.len() <= MAX_PIECES
        });
    }
}

impl Candidate {
    /// The chain that a piece starts with, if it may become one. Where the piece may be a payload, it is read from where it
    /// leads to at the earliest.
    fn starting(piece: &NextPiece<'_>, may_be_payload: bool) -> Option<Candidate> {
        let &NextPiece { at, octets, sender, negotiated, .. } = piece;
        let (starts_inside, chain) = match follow(octets, false, sender, negotiated) {
            Some(chain) => (false, chain),
            None => (true, follow(octets, true, sender, negotiated)?),
        };
        let convincing = chain.is_convincing();
        if chain.frames == 0 || !convincing && chain.next > MAX_WAIT {
            return None;
        }
        let mut candidate = Candidate {
            pieces: if may_be_payload { Vec::new() } else { vec![piece.from(at)] },
            holes: Vec::new(),
            next: at,
            part: Vec::new(),
            open: starts_inside,
            starts_inside,
            frames: 0,
            closes: false,
            convincing,
        };
        candidate.add(&chain, octets, piece);
        Some(candidate)
    }

    /// Adds a chain that stands at the start of `octets`, the last ones of a piece, from the next header on.
    fn add(&mut self, chain: &Chain, octets: &[u8], piece: &NextPiece<'_>) {
        self.next = self.next.saturating_add(chain.next);
        self.part = usize::try_from(chain.next).ok().and_then(|next| octets.get(next..)).unwrap_or_default().to_vec();
        if self.pieces.is_empty() && !self.part.is_empty() {
            self.pieces.push(piece.from(self.next));
        }
        self.open = chain.open;
        self.starts_inside &= chain.open;
        self.frames = self.frames.saturating_add(chain.frames);
        self.closes = chain.closes || self.closes && chain.next == 0;
    }

    /// Goes on in the next piece.
    fn go_on(&mut self, piece: &NextPiece<'_>) -> Next {
        let at = self.next.saturating_add(self.part.len() as u64);
        let skip = at.checked_sub(piece.at).map(usize::try_from);
        let Some(rest) = skip.and_then(|skip| piece.octets.get(skip.ok()?..)).filter(|rest| !rest.is_empty()) else {
            return Next::Waits;
        };
        if self.pieces.len() == MAX_PIECES {
            return Next::Breaks;
        }
        self.pieces.push(piece.from(at));
        let octets = match &self.part[..] {
            [] => Cow::Borrowed(rest),
            part => Cow::Owned([part, rest].concat()),
        };
        let Some(chain) = follow(&octets, self.open, piece.sender, piece.negotiated) else { return Next::Breaks };
        self.add(&chain, &octets, piece);
        let is_enough = self.convincing || self.frames >= BORNE_OUT;
        if chain.frames > 0 && is_enough && !self.starts_inside { Next::BearsOut } else { Next::Waits }
    }

    fn take_found(&mut self, end: u64) -> Found {
        let (pieces, holes) = (std::mem::take(&mut self.pieces), std::mem::take(&mut self.holes));
        Found { at: pieces.first().map_or(end, |piece| piece.at), end, pieces, holes, frames: self.frames }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::PacketId;

    const PLAIN: Negotiated = Negotiated { deflate: false, other: false };

    fn gap(at: u64, end: u64) -> Gap {
        let (before, packet, cause) = (PacketId(0), PacketId(0), crate::net::GapCause::NotCaptured);
        Gap { at, len: end - at, cause, before, packet, lost: false }
    }

    /// Octets of a payload are missing: the frames before it are read all the same.
    #[test]
    fn a_hole_in_a_payload_breaks_no_chain() {
        let mut seeker = Seeker::default();
        let long = [&b"\x81\x02hi\x82\x7e\x00\xc8"[..], &[b'#'; 50]].concat();
        assert_eq!(look(&mut seeker, 0, &long, Sender::Server), None);
        seeker.skip(gap(58, 100));
        assert_eq!(look(&mut seeker, 100, &[b'#'; 108], Sender::Server), None);
        let piece = NextPiece {
            at: 208,
            octets: b"\x81\x02ho\x81\x02ha",
            packet: PacketRef::default(),
            sender: Sender::Server,
            negotiated: PLAIN,
        };
        let found = seeker.look(&piece).unwrap();
        assert_eq!((found.at, found.holes, found.frames), (0, vec![gap(58, 100)], 4));
        // Over a header it does.
        let mut seeker = Seeker::default();
        assert_eq!(look(&mut seeker, 0, &long, Sender::Server), None);
        seeker.skip(gap(58, 209));
        assert!(seeker.candidates.is_empty());
    }

    fn look(seeker: &mut Seeker, at: u64, octets: &[u8], sender: Sender) -> Option<(Vec<(u64, u64)>, u32)> {
        let packet = PacketRef { id: PacketId(at), ..PacketRef::default() };
        let found = seeker.look(&NextPiece { at, octets, packet, sender, negotiated: PLAIN })?;
        Some((found.pieces.iter().map(|piece| (piece.at, piece.packet.id.0)).collect(), found.frames))
    }

    #[test]
    fn a_chain_is_believed_where_the_next_piece_bears_it_out() {
        let mut seeker = Seeker::default();
        assert_eq!(look(&mut seeker, 10, b"payload's rest", Sender::Server), None);
        assert_eq!(look(&mut seeker, 24, b"\x81\x02hi", Sender::Server), None);
        assert_eq!(look(&mut seeker, 28, b"\x81\x02ho", Sender::Server), Some((vec![(24, 24), (28, 28)], 2)));
    }

    #[test]
    fn a_chain_that_breaks_is_dropped() {
        let mut seeker = Seeker::default();
        assert_eq!(look(&mut seeker, 0, b"\x81\x02hi\x81\x02hi\x81\x02hi", Sender::Server), None);
        assert_eq!(look(&mut seeker, 12, b"no frame", Sender::Server), None);
        assert_eq!(look(&mut seeker, 20, b"\x81\x02ho", Sender::Server), None);
        // What is missing may have held anything.
        seeker.skip(gap(24, 30));
        assert_eq!(look(&mut seeker, 30, b"\x81\x02ho", Sender::Server), None);
        assert_eq!(look(&mut seeker, 34, b"\x81\x02ho", Sender::Server), Some((vec![(30, 30), (34, 34)], 2)));
    }

    #[test]
    fn three_masked_frames_are_believed_at_once() {
        let frames = b"\x81\x81abcdx".repeat(3);
        assert_eq!(look(&mut Seeker::default(), 5, &frames, Sender::Client), Some((vec![(5, 5)], 3)));
        assert_eq!(look(&mut Seeker::default(), 5, &frames, Sender::Server), None);
    }

    /// Of a long frame's pieces, those without a header are not kept.
    #[test]
    fn a_long_frame_over_many_segments() {
        let mut seeker = Seeker::default();
        let stream = [&b"\x82\x7e\x01\x00"[..], &[0xff; 256]].concat().repeat(5);
        let mut parts = stream.chunks(100).enumerate();
        let found = parts.find_map(|(index, part)| look(&mut seeker, index as u64 * 100, part, Sender::Server));
        assert_eq!(found, Some((vec![(0, 0), (260, 200), (520, 500), (780, 700)], 4)));
    }

    /// Empty pongs are frames like others.
    #[test]
    fn heartbeats_alone() {
        let mut seeker = Seeker::default();
        assert_eq!(look(&mut seeker, 0, b"\x8a\x80abcd", Sender::Client), None);
        assert_eq!(look(&mut seeker, 6, b"\x8a\x80efgh", Sender::Client), Some((vec![(0, 0), (6, 6)], 2)));
        let mut seeker = Seeker::default();
        assert!((0..9).all(|at| look(&mut seeker, at * 4, &[0; 4], Sender::Server).is_none()));
    }

    #[test]
    fn the_end_of_the_stream_bears_out_what_leads_there() {
        let end = |pieces: &[&[u8]], end| {
            let (mut seeker, mut at) = (Seeker::default(), 0);
            for piece in pieces {
                assert_eq!(look(&mut seeker, at, piece, Sender::Server), None);
                at += piece.len() as u64;
            }
            seeker.end(end).map(|found| (found.pieces[0].at, found.frames))
        };
        assert_eq!(end(&[b"rest", b"\x88\x02\x03\xe8"], 8), Some((4, 1)));
        assert_eq!(end(&[b"rest", b"\x88\x02\x03\xe8"], 9), None);
        assert_eq!(end(&[b"\x81\x02hi"], 4), None);
        assert_eq!(end(&[b"\x81\x02hi\x81\x02ho"], 8), None);
        let long = [&b"\x81\x7e\x00\xc8"[..], &[b'#'; 200]].concat();
        assert_eq!(end(&[&long[..100], &long[100..], b"\x88\x00"], 206), Some((0, 2)));
        assert_eq!(end(&[&long[..100], &long[100..], b"\x88"], 205), None);
    }

    /// A header may stand across two pieces, and is of the first one's packet.
    #[test]
    fn a_header_in_two_pieces() {
        let mut seeker = Seeker::default();
        assert_eq!(look(&mut seeker, 0, b"\x81\x02hi\x81\x02ho\x81\x02ha\x82", Sender::Server), None);
        let found = look(&mut seeker, 13, b"\x02hu", Sender::Server);
        assert_eq!(found, Some((vec![(0, 0), (13, 13)], 4)));
    }

    /// Octets that look like a frame and lead nowhere do not keep a chain from being found.
    #[test]
    fn one_candidate_does_not_hide_another() {
        let mut seeker = Seeker::default();
        assert_eq!(look(&mut seeker, 0, b"\x82\x7e\x7f\x00 and no frame", Sender::Server), None);
        let frame = [&b"\x82\x7e\x00\xc8"[..], &[b'#'; 200]].concat();
        let found = (0..4).find_map(|number| {
            let at = 100 + number * 204;
            let first = look(&mut seeker, at, &frame[..100], Sender::Server);
            first.or_else(|| look(&mut seeker, at + 100, &frame[100..], Sender::Server))
        });
        assert_eq!(found, Some(((0..4).map(|number| (100 + number * 204, 100 + number * 204)).collect(), 4)));
    }

    /// A message goes on behind the gap. Zeros look like its continuations, and it has no end then.
    #[test]
    fn a_chain_may_start_inside_a_message() {
        let mut seeker = Seeker::default();
        assert_eq!(look(&mut seeker, 0, b"\x00\x02hi", Sender::Server), None);
        assert_eq!(look(&mut seeker, 4, b"\x80\x02hi", Sender::Server), Some((vec![(0, 0), (4, 4)], 2)));
        let mut seeker = Seeker::default();
        for at in 0..10 {
            assert_eq!(look(&mut seeker, at * 4, b"\x00\x02\x00\x00", Sender::Server), None);
        }
        assert_eq!(look(&mut seeker, 40, b"\x81\x02hi", Sender::Server), None);
        assert_eq!(look(&mut seeker, 44, b"\x81\x02hi", Sender::Server), Some((vec![(40, 40), (44, 44)], 2)));
    }

    /// A header alone is missing, it may be: then a server's payload stands behind it, and that may look like frames.
    #[test]
    fn what_may_be_a_payload_is_not_read() {
        let mut seeker = Seeker::behind(10, 4);
        assert_eq!(look(&mut seeker, 10, b"\x81\x02hi", Sender::Server), None);
        assert_eq!(look(&mut seeker, 14, b"\x81\x02ho", Sender::Server), Some((vec![(14, 14)], 2)));
        let mut seeker = Seeker::behind(10, 5);
        assert_eq!(look(&mut seeker, 10, b"\x81\x02hi", Sender::Server), None);
        assert_eq!(look(&mut seeker, 14, b"\x81\x02ho", Sender::Server), Some((vec![(10, 10), (14, 14)], 2)));
    }
}
