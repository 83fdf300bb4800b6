//! From one direction of a stream to frame headers.
//!
//! The deframer keeps at most one header and one control frame's payload, of a Close no more than its start; data payloads
//! are stepped over by their length and stay in the capture.

use super::header::{FrameHeader, MAX_HEADER_LEN, Parsed};
use super::mask::unmask;
use super::{MAX_CLOSE_BODY, Opcode};

/// The longest payload of a legal control frame, in octets (RFC 6455 §5.5).
pub const MAX_CONTROL_PAYLOAD: usize = 125;

/// A step of the deframer: the thing that it came upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A frame's header is whole.
    Header {
        /// Stream offset of its first octet.
        at: u64,
        /// The header.
        header: FrameHeader,
    },
    /// The payload of the frame last announced is complete; comes for empty payloads too.
    End,
    /// A gap lies over a header: where the next frame starts is not known, and nothing more is read.
    Lost {
        /// Stream offset of the first octet that cannot be placed.
        at: u64,
    },
}

/// The part of a frame that the deframer is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// At a frame boundary, or inside a header of which `have` octets are in the buffer.
    Header,
    /// Inside a payload with so many octets to come.
    Payload(u64),
    /// Behind a gap over a header.
    Lost,
}

/// The payload of the frame being read, as far as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    /// It is not.
    Nothing,
    /// All of it comes into the buffer: it is that of a legal ping or pong.
    All,
    /// Its start comes into the buffer: it is that of a Close.
    Start,
    /// That start is there, and nothing more is kept.
    StartOnly,
}

impl Kept {
    /// Returns whether the next octets of the payload are wanted.
    #[inline]
    fn wants_more(self) -> bool {
        matches!(self, Kept::All | Kept::Start)
    }
}

/// Finds the frames in one direction of a WebSocket stream. In the order in which it lies in memory: what every frame needs
/// comes first.
#[derive(Clone, Debug)]
#[repr(C)]
pub struct Deframer {
    state: State,
    /// Stream offset of the next octet.
    at: u64,
    have: u8,
    /// The part of the payload that is in `control`.
    kept: Kept,
    header: [u8; MAX_HEADER_LEN],
    masking_key: Option<[u8; 4]>,
    /// The payload of the control frame being read, still masked.
    control: Vec<u8>,
}

impl Deframer {
    /// A deframer for a stream whose first frame starts at stream offset `at`.
    pub fn new(at: u64) -> Deframer {
        Deframer {
            state: State::Header,
            at,
            header: [0; MAX_HEADER_LEN],
            have: 0,
            control: Vec::new(),
            kept: Kept::Nothing,
            masking_key: None,
        }
    }

    /// Takes octets off the front of `octets` until something is to be told; `None` when all were taken.
    ///
    /// ```text
    ///   Header ──whole──▶ Payload(n) ──n octets──▶ Header          a gap in Payload is stepped over,
    ///      └──── a gap ─▶ Lost                                      a gap in Header loses the place
    /// ```
    pub fn next(&mut self, octets: &mut &[u8]) -> Option<Step> {
        match self.state {
            State::Payload(0) => {
                self.state = State::Header;
                Some(Step::End)
            }
            State::Payload(left) => {
                let here = usize::try_from(left).map_or(octets.len(), |left| left.min(octets.len()));
                let (payload, rest) = octets.split_at(here);
                if self.kept.wants_more() {
                    let room = MAX_CLOSE_BODY - self.control.len();
                    self.control.extend_from_slice(payload.get(..room).unwrap_or(payload));
                    if room <= payload.len() {
                        self.keep_no_more();
                    }
                }
                self.advance(octets, rest);
                self.state = State::Payload(left - here as u64);
                if left == here as u64 { self.next(octets) } else { None }
            }
            State::Header => self.next_header(octets),
            State::Lost => {
                self.advance(octets, &[]);
                None
            }
        }
    }

    /// The common case: `octets`, which come next, start with a data frame that is whole. Its header and its payload,
    /// for whoever then calls [`step_over`](Deframer::step_over) instead of [`next`](Deframer::next).
    #[inline]
    pub fn whole_data_frame<'a>(&self, octets: &'a [u8]) -> Option<(FrameHeader, &'a [u8])> {
        if !self.is_between_frames() {
            return None;
        }
        let Parsed::Done(header) = FrameHeader::parse(octets) else { return None };
        let behind = octets.get(usize::from(header.header_len())..)?;
        let payload = behind.get(..usize::try_from(header.payload_len()).ok()?)?;
        (!header.opcode().is_control()).then_some((header, payload))
    }

    /// The other common case: the next `len` octets all belong to a data payload, and more of it follows. Takes them; `false`
    /// where it is not so, and nothing was taken.
    #[inline]
    pub fn pass_payload(&mut self, len: usize) -> bool {
        let State::Payload(left) = self.state else { return false };
        let is_inside = (len as u64) < left && !self.kept.wants_more();
        if is_inside {
            self.state = State::Payload(left - len as u64);
            self.at += len as u64;
        }
        is_inside
    }

    /// Takes what is left of a payload that ends here off the front of `octets`, instead of telling [`Step::End`].
    /// Returns whether it did.
    #[inline]
    pub fn end_payload(&mut self, octets: &mut &[u8]) -> bool {
        let State::Payload(left) = self.state else { return false };
        let Some(rest) = usize::try_from(left).ok().and_then(|left| octets.get(left..)) else { return false };
        if self.kept.wants_more() {
            return false;
        }
        self.advance(octets, rest);
        self.state = State::Header;
        true
    }

    /// [`next`](Deframer::next) where that takes a whole header off the front of `octets`: the stream offset of its first
    /// octet, and itself.
    #[inline(always)]
    pub fn begin_frame(&mut self, octets: &mut &[u8]) -> Option<(u64, FrameHeader)> {
        if !self.is_between_frames() {
            return None;
        }
        let Parsed::Done(header) = FrameHeader::parse(octets) else { return None };
        let at = self.at;
        self.advance(octets, octets.get(usize::from(header.header_len())..).unwrap_or_default());
        self.begin(&header);
        Some((at, header))
    }

    /// Takes a whole frame of `len` octets off the front of `octets`, without telling of it.
    #[inline]
    pub fn step_over(&mut self, octets: &mut &[u8], len: usize) {
        self.advance(octets, octets.get(len..).unwrap_or_default());
    }

    fn next_header(&mut self, octets: &mut &[u8]) -> Option<Step> {
        // The common case: nothing is kept from before, and the header is whole here.
        if let Some((at, header)) = self.begin_frame(octets) {
            return Some(Step::Header { at, header });
        }
        let at = self.at - u64::from(self.have);
        loop {
            match FrameHeader::parse(&self.header[..usize::from(self.have)]) {
                Parsed::Done(header) => {
                    self.begin(&header);
                    return Some(Step::Header { at, header });
                }
                Parsed::Need(_) => {
                    let (octet, rest) = octets.split_first()?;
                    self.header[usize::from(self.have)] = *octet;
                    self.have += 1;
                    self.advance(octets, rest);
                }
            }
        }
    }

    #[inline(always)]
    fn begin(&mut self, header: &FrameHeader) {
        self.have = 0;
        self.state = State::Payload(header.payload_len());
        self.kept = match header.opcode() {
            opcode if !opcode.is_control() => Kept::Nothing,
            Opcode::CLOSE => Kept::Start,
            _ if header.payload_len() <= MAX_CONTROL_PAYLOAD as u64 => Kept::All,
            _ => Kept::Nothing,
        };
        if self.kept.wants_more() {
            self.control.clear();
            self.masking_key = header.masking_key();
        }
    }

    /// Keeps nothing more of the payload.
    fn keep_no_more(&mut self) {
        self.kept = match self.kept {
            Kept::Nothing | Kept::All => Kept::Nothing,
            Kept::Start | Kept::StartOnly => Kept::StartOnly,
        };
    }

    fn advance<'a>(&mut self, octets: &mut &'a [u8], rest: &'a [u8]) {
        self.at += (octets.len() - rest.len()) as u64;
        *octets = rest;
    }

    /// Steps over up to `len` octets that the capture lacks, which it takes off `len`, until something is to be told;
    /// `None` when all were taken.
    pub fn skip(&mut self, len: &mut u64) -> Option<Step> {
        match self.state {
            State::Payload(0) => {
                self.state = State::Header;
                Some(Step::End)
            }
            State::Payload(left) => {
                let here = left.min(*len);
                if here > 0 {
                    self.keep_no_more();
                }
                self.at += here;
                *len -= here;
                self.state = State::Payload(left - here);
                if left == here { self.skip(len) } else { None }
            }
            State::Header if *len == 0 => None,
            State::Header => {
                let at = self.at - u64::from(self.have);
                self.state = State::Lost;
                Some(Step::Lost { at })
            }
            State::Lost => {
                self.at += *len;
                *len = 0;
                None
            }
        }
    }

    /// Gives the place up: what stands here is no frame, and nothing more is read.
    pub fn give_up(&mut self) {
        self.state = State::Lost;
    }

    /// Stream offset of the next octet.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// Octets of the current frame's payload that did not come yet.
    pub fn payload_left(&self) -> u64 {
        match self.state {
            State::Payload(left) => left,
            State::Header | State::Lost => 0,
        }
    }

    /// The unmasked payload of the control frame that `Step::End` just completed; `None` for a data frame. Of a Close, its
    /// start: up to [`MAX_CLOSE_BODY`] octets, and up to the first that is missing. Of others all of it, or `None` where octets
    /// are missing or there are more than is legal.
    pub fn control_payload(&self) -> Option<Vec<u8>> {
        (self.kept != Kept::Nothing).then(|| {
            let mut octets = self.control.clone();
            if let Some(key) = self.masking_key {
                unmask(key, 0, &mut octets);
            }
            octets
        })
    }

    /// The start of a header that never became whole: stream offset and the octets that were there.
    pub fn partial_header(&self) -> Option<(u64, &[u8])> {
        (self.have > 0).then(|| (self.at - u64::from(self.have), &self.header[..usize::from(self.have)]))
    }

    /// Returns whether the next octet starts a frame, and nothing is left to be told of the one before.
    #[inline]
    pub fn is_between_frames(&self) -> bool {
        matches!(self.state, State::Header) && self.have == 0
    }

    /// Returns whether it lost its place behind a gap.
    pub fn is_lost(&self) -> bool {
        matches!(self.state, State::Lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Returns the steps that a deframer tells when it is fed `chunks`.
    fn run(chunks: &[&[u8]]) -> Vec<(Step, Option<Vec<u8>>)> {
        let mut deframer = Deframer::new(0);
        let mut steps = Vec::new();
        for chunk in chunks {
            let mut octets = *chunk;
            while let Some(step) = deframer.next(&mut octets) {
                let control = if step == Step::End { deframer.control_payload() } else { None };
                steps.push((step, control));
            }
            assert!(octets.is_empty());
        }
        steps
    }

    /// Returns those steps by the short ways, where they are open.
    fn run_shortly(chunks: &[&[u8]]) -> Vec<(Step, Option<Vec<u8>>)> {
        let mut deframer = Deframer::new(0);
        let mut steps = Vec::new();
        for chunk in chunks {
            let mut octets = *chunk;
            if deframer.pass_payload(octets.len()) {
                continue;
            }
            loop {
                if deframer.end_payload(&mut octets) {
                    steps.push((Step::End, None));
                } else if let Some((at, header)) = deframer.begin_frame(&mut octets) {
                    steps.push((Step::Header { at, header }, None));
                } else if let Some(step) = deframer.next(&mut octets) {
                    let control = if step == Step::End { deframer.control_payload() } else { None };
                    steps.push((step, control));
                } else {
                    break;
                }
            }
            assert!(octets.is_empty());
        }
        steps
    }

    #[test]
    fn a_gap_in_a_payload_is_stepped_over_and_one_over_a_header_is_not() {
        let mut deframer = Deframer::new(100);
        let mut octets: &[u8] = b"\x82\x05ab";
        assert!(matches!(deframer.next(&mut octets), Some(Step::Header { at: 100, .. })));
        assert_eq!(deframer.next(&mut octets), None);
        let mut gap = 3;
        assert_eq!(deframer.skip(&mut gap), Some(Step::End));
        assert_eq!((gap, deframer.skip(&mut gap)), (0, None));
        let mut octets: &[u8] = b"\x89";
        assert_eq!(deframer.next(&mut octets), None);
        assert_eq!(deframer.partial_header(), Some((107, &b"\x89"[..])));
        let mut gap = 1;
        assert_eq!(deframer.skip(&mut gap), Some(Step::Lost { at: 107 }));
        assert_eq!(deframer.skip(&mut gap), None);
        let mut octets: &[u8] = b"\x82\x00\x82\x00";
        assert_eq!((deframer.next(&mut octets), octets), (None, &[][..]));
    }

    proptest! {
        #[test]
        fn chunks_make_no_difference(octets in prop::collection::vec(any::<u8>(), 0..400), cuts in prop::collection::vec(0..400usize, 0..20)) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(octets.len())).collect();
            cuts.extend([0, octets.len()]);
            cuts.sort_unstable();
            let chunks: Vec<&[u8]> = cuts.windows(2).map(|pair| &octets[pair[0]..pair[1]]).collect();
            prop_assert_eq!(run(&chunks), run(&[&octets]));
            prop_assert_eq!(run_shortly(&chunks), run(&[&octets]));
        }

        #[test]
        fn frames_that_were_written_are_found(lens in prop::collection::vec((0..70_000usize, any::<[u8; 4]>(), any::<bool>(), 0..16u8), 0..6)) {
            let mut octets = Vec::new();
            let mut expected = Vec::new();
            for (len, key, masked, opcode) in lens {
                expected.push((octets.len() as u64, len as u64, opcode));
                octets.push(0x80 | opcode);
                let mask = u8::from(masked) << 7;
                match len {
                    0..126 => octets.push(mask | len as u8),
                    126..65_536 => {
                        octets.push(mask | 126);
                        octets.extend((len as u16).to_be_bytes());
                    }
                    _ => {
                        octets.push(mask | 127);
                        octets.extend((len as u64).to_be_bytes());
                    }
                }
                if masked {
                    octets.extend(key);
                }
                octets.extend(std::iter::repeat_n(7, len));
            }
            let found: Vec<_> = run(&[&octets])
                .into_iter()
                .filter_map(|(step, _)| match step {
                    Step::Header { at, header } => Some((at, header.payload_len(), header.opcode().value())),
                    _ => None,
                })
                .collect();
            prop_assert_eq!(found, expected);
        }
    }
}
