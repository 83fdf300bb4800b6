//! Plausibility: whether octets could be frames, if nothing before them tells.

use super::legal::{Faults, is_minimal};
use super::{FrameHeader, Negotiated, Opcode, Parsed};
use crate::base::Sender;

/// No peer sends a frame that long; octets that claim one are something else.
const MAX_LIKELY_PAYLOAD: u64 = 1 << 30;

/// Frames in a row that nothing else is likely to look like.
const CONVINCING: u32 = 3;

/// Returns whether `octets` start with a chain of frames that a conforming `sender` could have sent: the right MASK bit, a
/// defined opcode, reserved bits that mean something, the shortest length form, control frames whole and short,
/// continuations only of an open message, and the same again where each frame ends, up to the end of `octets`. For the
/// place where the first frame is expected.
pub fn looks_like_frames(octets: &[u8], sender: Sender, negotiated: Negotiated) -> bool {
    follow(octets, false, sender, negotiated).is_some()
}

/// Returns whether frames start where `octets` do, although nothing before says so: besides looking right, either the last
/// frame ends just where the octets (those of a TCP segment) end, or there are three in a row that are no empty data frames.
/// Octets that fail may still be frames; octets that pass are hardly ever anything else.
pub fn is_start_of_frames(octets: &[u8], sender: Sender, negotiated: Negotiated) -> bool {
    follow(octets, false, sender, negotiated).is_some_and(|chain| chain.is_convincing())
}

/// Frames in a row, as [`follow`] found them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Whole headers of frames, without empty data frames: zeros are a chain of those.
    pub frames: u32,
    /// The last frame ends where the octets end.
    pub ends_exactly: bool,
    /// Octets from the first one to where the next header starts; less than one header may be there already.
    pub next: u64,
    /// A fragmented message waits for its continuation there.
    pub open: bool,
    /// The last frame is a Close.
    pub closes: bool,
}

impl Chain {
    /// Returns whether hardly anything but frames looks like this, from the first frame on.
    pub fn is_convincing(&self) -> bool {
        self.ends_exactly || self.frames >= CONVINCING
    }
}

/// Follows the chain of frames that `octets` start with; `None` where a conforming `sender` cannot have sent it. `open`
/// says that a fragmented message waits for its continuation.
pub fn follow(octets: &[u8], open: bool, sender: Sender, negotiated: Negotiated) -> Option<Chain> {
    let mut open = open;
    let (mut rest, mut at) = (octets, 0_u64);
    let (mut frames, mut closes) = (0, false);
    loop {
        if !could_begin(rest, sender, negotiated) {
            return None;
        }
        let Parsed::Done(header) = FrameHeader::parse(rest) else {
            return Some(Chain { frames, ends_exactly: false, next: at, open, closes });
        };
        let opcode = header.opcode();
        let continues = opcode == Opcode::CONTINUATION;
        if !has_likely_length(&header) || !opcode.is_control() && continues != open {
            return None;
        }
        if !opcode.is_control() {
            open = !header.fin();
        }
        frames += u32::from(header.payload_len() > 0 || opcode.is_control());
        closes = opcode == Opcode::CLOSE;
        let end = header.payload_len().saturating_add(u64::from(header.header_len()));
        at = at.saturating_add(end);
        match usize::try_from(end).ok().and_then(|end| rest.get(end..)) {
            Some([]) => return Some(Chain { frames, ends_exactly: true, next: at, open, closes }),
            Some(next) => rest = next,
            None => return Some(Chain { frames, ends_exactly: false, next: at, open, closes }),
        }
    }
}

/// Tells that the first two octets, or the one that is there, are legal so far, and of a frame of a known kind: an extension
/// that gives a reserved opcode a meaning is less likely than octets that are no frame.
pub(super) fn could_begin(octets: &[u8], sender: Sender, negotiated: Negotiated) -> bool {
    let faults = match *octets {
        [] => return true,
        [octet0] => Faults::of_first(octet0, negotiated),
        [octet0, octet1, ..] => Faults::of_first_two([octet0, octet1], sender, negotiated),
    };
    faults.is_none() && octets.first().is_none_or(|octet0| !Opcode::of(*octet0).is_reserved())
}

/// Tells that a payload is of a length that somebody sends, in the shortest form that holds it.
pub(super) fn has_likely_length(header: &FrameHeader) -> bool {
    is_minimal(header) && header.payload_len() <= MAX_LIKELY_PAYLOAD
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_and_other_things() {
        let plain = Negotiated::default();
        let client = |octets: &[u8]| looks_like_frames(octets, Sender::Client, plain);
        let server = |octets: &[u8]| looks_like_frames(octets, Sender::Server, plain);
        assert!(client(b"\x81\x81abcdx\x89\x80abcd"));
        assert!(client(b"\x81") && client(b"\x82\xfe\x10\x00abcd..."));
        assert!(!client(b"\x81\x01x") && server(b"\x81\x01x"));
        assert!(!server(b"\x81\x01xGET / HTTP/1.1"));
        assert!(!server(b"HTTP/1.1 200 OK") && !client(b"GET / HTTP/1.1"));
        assert!(!server(b"\x16\x03\x01\x02\x00") && !server(b"SSH-2.0-x"));
        assert!(!server(b"\x09\x00") && !server(b"\x89\x7e\x00\x80") && !server(b"\x82\x7e\x00\x10"));
        let deflate = |octets: &[u8]| looks_like_frames(octets, Sender::Server, Negotiated { deflate: true, ..plain });
        assert!(!server(b"\xc1\x00") && deflate(b"\xc1\x00"));
        assert!(!deflate(b"\xc9\x00") && !deflate(b"\x41\x00\xc0\x00"), "RSV1 of messages' first frames alone");
        let unknown = |octets: &[u8]| looks_like_frames(octets, Sender::Unknown, plain);
        assert!(unknown(b"\x81\x81abcdx") && unknown(b"\x81\x01x"));
    }
}
