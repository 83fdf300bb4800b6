//! Evidence: how sure it is that octets are frames if no handshake says so.
//!
//! A frame header must look so that it is unlikely to come about by chance, and each part of it counts as so many bits:
//! a stream of other octets passes for frames with a probability of 2^-bits, for each place that is looked at.

use std::ops::Range;

use super::plausible::{could_begin, has_likely_length};
use super::{FrameHeader, Negotiated, Opcode, Parsed, is_utf8, unmask};
use crate::base::{Confidence, Sender};

/// A defined opcode, reserved bits that can mean something, and the right MASK bit: 13 of 256, and one of two.
const HEADER: u32 = 5;
/// A length that leads just to the end of a TCP segment.
const EXACT: u32 = 7;
/// Text that is UTF-8 without control characters.
const TEXT: u32 = 8;
/// Octets of a frame that are compared with those of the ones before.
const COMPARED: usize = 24;
/// Text that is shorter proves too little.
const LEAST_TEXT: usize = 6;
/// The number of bits that is enough: a false alarm in 2^40, for each place.
const ENOUGH: u32 = 40;

/// Evidence that octets are frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Frames with a payload whose lengths chain.
    pub frames: u32,
    /// Those that are masked, as a client's are.
    pub masked: u32,
    /// Those that are text in UTF-8.
    pub texts: u32,
    /// Set if any has the bit that says "compressed".
    pub compressed: bool,
    /// All of it in bits.
    pub bits: u32,
}

impl Evidence {
    /// Both together.
    pub fn and(self, other: Evidence) -> Evidence {
        Evidence {
            frames: self.frames + other.frames,
            masked: self.masked + other.masked,
            texts: self.texts + other.texts,
            compressed: self.compressed || other.compressed,
            bits: self.bits + other.bits,
        }
    }

    /// Returns whether it can hardly be anything else. Some protocols have short binary records that start like frames
    /// of a server (MQTT's SUBSCRIBE is one), so masked frames or texts must be among them.
    pub fn is_convincing(&self) -> bool {
        self.frames >= 3 && self.bits >= ENOUGH && (self.masked >= 2 || self.texts >= 2)
    }

    /// The confidence that these are frames.
    pub fn confidence(&self) -> Confidence {
        match self.bits {
            0..60 => Confidence::Likely,
            60..100 => Confidence::VeryLikely,
            _ => Confidence::Certain,
        }
    }
}

/// Octets as far as they are known, in a stream of which some are missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// Those that are missing are zeros.
    pub octets: Vec<u8>,
    /// The ranges that are missing, in order.
    pub holes: Vec<Range<usize>>,
    /// Places at which TCP segments and holes start, in order; the last is the end of the octets.
    pub starts: Vec<usize>,
}

impl Excerpt {
    /// The octets of each segment, or hole.
    pub fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        self.starts.windows(2).map(|ends| self.octets.get(ends[0]..ends[1]).unwrap_or_default())
    }

    /// Returns whether any octet of `range` is missing.
    fn lacks(&self, range: Range<usize>) -> bool {
        self.holes.iter().any(|hole| hole.start < range.end && range.start < hole.end)
    }
}

/// Returns the evidence that the octets of an excerpt are frames of `sender` from octet `from` on. None of it if they
/// are not.
pub fn evidence(excerpt: &Excerpt, from: usize, sender: Sender) -> Evidence {
    let (octets, ends) = (&excerpt.octets[..], &excerpt.starts[..]);
    let any = Negotiated { deflate: true, other: false };
    let mut found = Evidence::default();
    let mut at = from;
    let mut before: [&[u8]; 2] = [&[]; 2];
    // A message that was open before may go on here.
    let mut open = None;
    while let Some(rest) = octets.get(at..).filter(|rest| !rest.is_empty()) {
        if excerpt.lacks(at..at + 2) {
            break;
        }
        if !could_begin(rest, sender, any) {
            return Evidence::default();
        }
        let Parsed::Done(header) = FrameHeader::parse(rest) else { break };
        if excerpt.lacks(at..at + usize::from(header.header_len())) {
            break;
        }
        let opcode = header.opcode();
        let continues = opcode == Opcode::CONTINUATION;
        let is_compressed = header.rsv()[0];
        let is_out_of_place = !opcode.is_control() && open.is_some_and(|open| open != continues);
        if !has_likely_length(&header) || is_out_of_place || is_compressed && (opcode.is_control() || continues) {
            return Evidence::default();
        }
        if !opcode.is_control() {
            open = Some(!header.fin());
        }
        let payload_at = at + usize::from(header.header_len());
        let end = usize::try_from(header.payload_len()).ok().and_then(|len| payload_at.checked_add(len));
        // What repeats itself proves nothing but that.
        let len = end.map_or(rest.len(), |end| end - at);
        let start = &rest[..rest.len().min(len).min(COMPARED)];
        let repeats = before.contains(&start);
        before = [start, before[0]];
        if header.payload_len() > 0 && !repeats {
            found.frames += 1;
            found.bits += HEADER;
            found.masked += u32::from(header.masked());
            found.compressed |= is_compressed;
            if end.is_some_and(|end| ends.binary_search(&end).is_ok()) {
                found.bits += EXACT;
            }
            let payload =
                end.filter(|end| !excerpt.lacks(payload_at..*end)).and_then(|end| octets.get(payload_at..end));
            if opcode == Opcode::TEXT && !is_compressed && header.fin() && payload.is_some() {
                match payload.is_some_and(|payload| is_text(payload, header.masking_key())) {
                    true => (found.texts, found.bits) = (found.texts + 1, found.bits + TEXT),
                    false if payload.is_some_and(|payload| payload.len() >= LEAST_TEXT) => return Evidence::default(),
                    false => {}
                }
            }
        }
        match end {
            Some(end) => at = end,
            None => break,
        }
    }
    found
}

/// Returns whether a payload is text that people could have written.
fn is_text(payload: &[u8], key: Option<[u8; 4]>) -> bool {
    if payload.len() < LEAST_TEXT {
        return false;
    }
    let mut plain = payload.to_vec();
    if let Some(key) = key {
        unmask(key, 0, &mut plain);
    }
    is_utf8(&plain) && !plain.iter().any(|octet| matches!(octet, 0..=8 | 11 | 12 | 14..=31 | 127))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(octets: &[u8], sender: Sender) -> Evidence {
        evidence(&Excerpt { octets: octets.to_vec(), starts: vec![0, octets.len()], ..Excerpt::default() }, 0, sender)
    }

    #[test]
    fn frames_and_what_looks_like_them() {
        let text = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
        let one = of(text, Sender::Client);
        assert_eq!((one.frames, one.masked, one.texts, one.bits), (1, 1, 0, HEADER + EXACT));
        assert_eq!(of(text, Sender::Server), Evidence::default());
        let long = b"\x81\x0bHello there\x81\x0bhow are you\x81\x09very well".to_vec();
        let three = of(&long, Sender::Server);
        assert_eq!((three.frames, three.texts, three.is_convincing()), (3, 3, true));
        assert_eq!(of(&b"\x81\x0bHello there".repeat(9), Sender::Server).frames, 1, "the same again");
        assert_eq!(of(b"\x81\x0bHello\0there", Sender::Server), Evidence::default(), "no text");
        // What is missing proves nothing, and does not hide what is behind it.
        let mut holed = Excerpt { octets: long.clone(), starts: vec![0, long.len()], ..Excerpt::default() };
        holed.octets[5..9].fill(0);
        holed.holes.push(5..9);
        let found = evidence(&holed, 0, Sender::Server);
        assert_eq!((found.frames, found.texts), (3, 2));
        holed.holes.clear();
        holed.holes.push(12..20);
        assert_eq!(evidence(&holed, 0, Sender::Server).frames, 1, "a header is missing");
        assert_eq!(evidence(&holed, 13, Sender::Server), Evidence::default());
        // MQTT subscribes; zeros; a chain that breaks.
        assert!(!of(&b"\x82\x06\x00\x01\x00\x01a\x00".repeat(20), Sender::Server).is_convincing());
        assert!(!of(&[0; 4096], Sender::Server).is_convincing());
        assert_eq!(of(&[&long[..], b"GET / HTTP/1.1"].concat(), Sender::Server), Evidence::default());
    }
}
