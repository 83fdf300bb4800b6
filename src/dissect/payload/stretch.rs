//! Compressed messages of one sender, one behind another in one piece of memory, as an inflater likes them best.

use crate::base::{FrameId, MessageId};
use crate::inflate::{LOOKAHEAD, TAIL};
use crate::ws::unmask;

/// The cost of a part of a message besides its octets, in octets.
pub(super) const PART_COST: usize = 64;
/// And what a frame's part of it does.
pub(super) const FRAME_COST: usize = size_of::<FramePart>();
/// A message that has not ended waits for its end as long as it takes no more octets than this: to be inflated in one go,
/// and because an inflater that is in the middle of a message takes more.
const WAITS: usize = 64 * 1024;

/// Messages, or parts of messages, that follow one another.
#[derive(Debug, Default)]
pub(super) struct Stretch {
    /// The octets of all parts; behind each message that ended its [`TAIL`].
    octets: Vec<u8>,
    parts: Vec<Part>,
    frames: Vec<FramePart>,
}

/// A message, or a part of one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    /// The message begins with it.
    pub begin: Option<Begin>,
    pub end: PartEnd,
    /// The index of its first octet, and their number.
    start: usize,
    len: usize,
    /// Behind its last frame.
    frames: usize,
}

/// The begin of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begin {
    pub message: MessageId,
    pub first: FrameId,
    pub is_text: bool,
    /// The capture lacks octets before it.
    pub lacks: bool,
}

/// The way in which a part ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PartEnd {
    /// More of the message may come.
    Open,
    /// So does the message: how many octets it has, and the stream offset behind it.
    Whole { wire: u64, at: u64 },
    /// The rest of the message will not come, or the capture lacks it.
    Lost,
}

/// A frame's octets in a part.
#[derive(Clone, Copy, Debug)]
struct FramePart {
    frame: FrameId,
    /// The place in the payload of the first octet that is here.
    from: u64,
    /// The indices of its first octet and behind its last one.
    start: usize,
    end: usize,
}

impl Stretch {
    /// A message begins.
    pub fn begin(&mut self, begin: Begin) {
        let (start, frames) = (self.octets.len(), self.frames.len());
        self.parts.push(Part { begin: Some(begin), end: PartEnd::Open, start, len: 0, frames });
    }

    /// The part of the message that goes on. Only where what is before it was taken out, it begins here.
    fn open_part(&mut self) -> Option<&mut Part> {
        if self.parts.is_empty() {
            self.parts.push(Part { begin: None, end: PartEnd::Open, start: 0, len: 0, frames: 0 });
        }
        self.parts.last_mut()
    }

    /// Adds octets of a frame's payload from `from` on, masked with `key`; there may be none.
    #[inline]
    pub fn add(&mut self, frame: FrameId, from: u64, octets: &[u8], key: Option<[u8; 4]>) {
        let start = self.octets.len();
        self.extend(octets);
        if let Some(key) = key {
            unmask(key, from, &mut self.octets[start..]);
        }
        let end = self.octets.len();
        let before = self.frames_before(self.parts.len().saturating_sub(1));
        match self.frames.get_mut(before..).and_then(<[_]>::last_mut) {
            Some(last) if last.frame == frame && last.end == start => last.end = end,
            // A frame with nothing in it is of no interest once another follows; there may be any number of them.
            Some(last) if last.start == start => *last = FramePart { frame, from, start, end },
            _ => {
                if self.frames.len() == self.frames.capacity() {
                    self.frames.reserve_exact((slack(self.frames.len() * FRAME_COST) / FRAME_COST).max(4));
                }
                self.frames.push(FramePart { frame, from, start, end });
            }
        }
        let frames = self.frames.len();
        if let Some(part) = self.open_part() {
            part.len += octets.len();
            part.frames = frames;
        }
    }

    #[inline]
    fn extend(&mut self, octets: &[u8]) {
        let (len, added) = (self.octets.len(), octets.len());
        if self.octets.capacity() - len < added {
            self.octets.reserve_exact(added.max(slack(len)));
        }
        self.octets.extend_from_slice(octets);
    }

    /// The message that goes on ends.
    pub fn end(&mut self, end: PartEnd) {
        let Some(part) = self.open_part() else { return };
        part.end = end;
        if end != PartEnd::Lost {
            self.extend(&TAIL);
        }
    }

    /// Nothing more is wanted of the message that went on, if nothing else was begun; whether that is so.
    pub fn abandon(&mut self) -> bool {
        let is_it = self.parts.iter().all(|part| part.begin.is_none() && part.end == PartEnd::Open);
        if is_it {
            *self = Stretch::default();
        }
        is_it
    }

    /// Returns whether it ends inside a message.
    pub fn is_open(&self) -> bool {
        self.parts.last().is_some_and(|part| part.end == PartEnd::Open)
    }

    /// Returns whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Returns the message that it begins with; `None` where it begins inside one.
    pub fn first(&self) -> Option<MessageId> {
        self.parts.first()?.begin.map(|begin| begin.message)
    }

    /// About how many octets of memory it takes.
    pub fn size(&self) -> usize {
        self.octets.len() + PART_COST * self.parts.len() + FRAME_COST * self.frames.len()
    }

    /// Octets of memory that it keeps.
    pub fn room(&self) -> usize {
        self.octets.capacity()
            + self.parts.capacity() * size_of::<Part>()
            + self.frames.capacity() * size_of::<FramePart>()
    }

    /// Nothing but the room.
    pub fn emptied(mut self) -> Stretch {
        self.octets.clear();
        self.parts.clear();
        self.frames.clear();
        self
    }

    /// Takes out what can be inflated, and all room that is not needed for what stays: a message at the end that is open,
    /// and not long, unless `all` is wanted.
    pub fn take(&mut self, all: bool) -> Stretch {
        let before = self.frames_before(self.parts.len().saturating_sub(1));
        let waits = |part: &Part| part.end == PartEnd::Open && part.len + FRAME_COST * (part.frames - before) <= WAITS;
        let stays = !all && self.parts.last().is_some_and(waits);
        if stays && self.parts.len() == 1 && self.fits() {
            // Nothing else is there. One that grows little by little is not copied each time.
            return Stretch::default();
        }
        let mut taken = std::mem::take(self);
        if stays && let Some(part) = taken.parts.pop() {
            let frames = taken.frames.get(before..).unwrap_or_default();
            let moved = |frame: &FramePart| FramePart {
                start: frame.start - part.start,
                end: frame.end - part.start,
                ..*frame
            };
            self.frames = frames.iter().map(moved).collect();
            self.octets = taken.octets.get(part.start..).unwrap_or_default().to_vec();
            self.parts = vec![Part { start: 0, frames: self.frames.len(), ..part }];
            taken.frames.truncate(before);
            taken.octets.truncate(part.start);
        }
        if !taken.is_empty() {
            taken.octets.reserve_exact(LOOKAHEAD);
            taken.octets.extend_from_slice(&[0; LOOKAHEAD]);
        }
        taken
    }

    /// Returns whether it has no more room than it needs and may have to spare.
    fn fits(&self) -> bool {
        self.room() <= self.size() + slack(self.size()) + 1024
    }

    /// Returns how many frames the parts before part `index` have.
    fn frames_before(&self, index: usize) -> usize {
        index.checked_sub(1).and_then(|before| self.parts.get(before)).map_or(0, |before| before.frames)
    }

    /// Returns how many parts there are.
    pub fn parts(&self) -> usize {
        self.parts.len()
    }

    /// Part `index`.
    pub fn part(&self, index: usize) -> Option<&Part> {
        self.parts.get(index)
    }

    /// The octets of a part: so many, and what stands behind them.
    pub fn octets(&self, part: &Part) -> (&[u8], usize) {
        (self.octets.get(part.start..).unwrap_or_default(), part.len)
    }

    /// The frame in which octet `at` of part `index` ends, and how many octets of its payload that makes; of its last
    /// frame, where the part does.
    pub fn frame(&self, index: usize, at: usize) -> Option<(FrameId, u64)> {
        let part = self.parts.get(index)?;
        let frames = self.frames.get(self.frames_before(index)..part.frames)?;
        let end = part.start + if at < part.len { at.max(1) } else { part.len };
        let frame = frames.iter().find(|frame| at < part.len && end <= frame.end).or(frames.last())?;
        Some((frame.frame, frame.from + (end - frame.start) as u64))
    }
}

/// Octets to spare where so many are there: not always as many, for many senders may wait with what they have.
fn slack(octets: usize) -> usize {
    (octets / 4).max(octets.min(16 * 1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(message: u32) -> Begin {
        Begin { message: MessageId(message), first: FrameId(message), is_text: true, lacks: false }
    }

    fn whole(wire: u64) -> PartEnd {
        PartEnd::Whole { wire, at: 0 }
    }

    #[test]
    fn what_is_open_waits_for_its_end() {
        let mut stretch = Stretch::default();
        stretch.begin(begin(0));
        stretch.add(FrameId(0), 0, b"ab", None);
        stretch.end(whole(2));
        stretch.begin(begin(1));
        stretch.add(FrameId(1), 0, b"cde", None);
        let first = stretch.take(false);
        assert_eq!((first.parts.len(), &first.octets[..6]), (1, &b"ab\0\0\xff\xff"[..]));
        assert_eq!(first.octets.len(), 6 + LOOKAHEAD);
        assert!(!first.is_open() && stretch.is_open());
        // It goes on where it was, in the same frame and the next.
        stretch.add(FrameId(1), 3, b"f", None);
        stretch.add(FrameId(2), 0, b"gh", None);
        stretch.end(whole(6));
        let second = stretch.take(false);
        let part = *second.part(0).unwrap();
        assert_eq!((second.octets(&part).1, &second.octets(&part).0[..10]), (6, &b"cdefgh\0\0\xff\xff"[..]));
        assert!(part.begin.is_some_and(|it| it.message == MessageId(1)) && stretch.is_empty());
        let frames = [0, 1, 4, 5, 6].map(|at| second.frame(0, at).unwrap());
        assert_eq!(frames.map(|(frame, _)| frame.0), [1, 1, 1, 2, 2]);
        assert_eq!(frames.map(|(_, len)| len), [1, 1, 4, 1, 2]);
    }

    /// An inflater in the middle of a message takes more than 64 KiB, but nothing is gathered for ever.
    #[test]
    fn what_is_open_and_long_does_not_wait() {
        let mut stretch = Stretch::default();
        stretch.begin(begin(0));
        stretch.add(FrameId(0), 0, &vec![1; WAITS + 1], None);
        assert_eq!(stretch.take(false).parts.len(), 1);
        assert!(stretch.is_empty());
        stretch.add(FrameId(0), WAITS as u64 + 1, b"x", Some([1, 2, 3, 4]));
        let rest = stretch.take(true);
        assert!(rest.is_open() && rest.part(0).is_some_and(|part| part.begin.is_none()));
        assert_eq!(rest.octets[0], b'x' ^ 2, "unmasked by its place in the payload");
        assert_eq!(rest.frame(0, 1), Some((FrameId(0), WAITS as u64 + 2)));
        // If it broke meanwhile, what came behind is not wanted; a message that began since then is.
        stretch.add(FrameId(0), 9, b"y", None);
        assert!(stretch.abandon() && stretch.is_empty());
        stretch.begin(begin(1));
        assert!(!stretch.abandon() && !stretch.is_empty());
    }

    /// A message that waits for its end may do so for long, at many senders.
    #[test]
    fn what_is_left_takes_no_more_room_than_it_needs() {
        let mut stretch = Stretch { octets: Vec::with_capacity(512 * 1024), ..Stretch::default() };
        stretch.begin(begin(0));
        stretch.add(FrameId(0), 0, &[1; 100_000], None);
        stretch.end(whole(100_000));
        let taken = stretch.take(false);
        assert!(taken.room() > 512 * 1024 && stretch.room() == 0);
        for first in [0, 1] {
            let mut stretch = Stretch { octets: Vec::with_capacity(512 * 1024), ..Stretch::default() };
            for message in 0..first {
                stretch.begin(begin(message));
                stretch.end(whole(0));
            }
            stretch.begin(begin(first));
            for at in 0..6 {
                stretch.add(FrameId(first), at * 10_000, &[2; 10_000], None);
            }
            assert_eq!(stretch.take(false).parts.len(), first as usize);
            assert!(stretch.is_open() && stretch.room() < 61_000, "{}", stretch.room());
        }
        // Nor where it came without room to spare.
        let mut stretch = Stretch::default();
        stretch.begin(begin(0));
        for at in 0..60 {
            stretch.add(FrameId(0), at * 1000, &[2; 1000], None);
            assert!(stretch.take(false).is_empty() && stretch.is_open());
        }
        assert!(stretch.room() < 77_500, "{}", stretch.room());
        assert!(stretch.take(true).room() < 77_500);
    }

    /// A message may have any number of frames, with little or nothing in them.
    #[test]
    fn frames_are_counted_and_those_of_nothing_left_out() {
        let mut stretch = Stretch::default();
        stretch.begin(begin(0));
        for frame in 0..100_000 {
            stretch.add(FrameId(frame), 0, &[], None);
        }
        assert!(stretch.size() < 200 && stretch.room() < 1000, "{}", stretch.room());
        stretch.add(FrameId(100_000), 0, b"ab", None);
        stretch.add(FrameId(100_000), 2, &[], None);
        stretch.add(FrameId(100_001), 0, &[], None);
        stretch.add(FrameId(100_002), 0, &[], None);
        assert_eq!(stretch.frame(0, 0), Some((FrameId(100_000), 1)));
        assert_eq!(stretch.frame(0, 2), Some((FrameId(100_002), 0)), "the last one, whatever is in it");
        stretch.end(whole(2));
        // The next message has frames of its own.
        stretch.begin(begin(1));
        stretch.add(FrameId(100_003), 0, &[], None);
        assert_eq!(stretch.frame(0, 2), Some((FrameId(100_002), 0)));
        assert_eq!(stretch.frame(1, 0), Some((FrameId(100_003), 0)));
        assert_eq!(stretch.take(false).parts.len(), 1);
        for frame in 0..4000 {
            stretch.add(FrameId(frame), 0, b"x", None);
            assert!(stretch.take(false).is_empty() == stretch.is_open());
            if !stretch.is_open() {
                return assert!(frame > 1000, "{frame}");
            }
            assert!(stretch.room() <= WAITS + slack(WAITS) + 1024, "{}", stretch.room());
        }
        panic!("it waits for ever");
    }
}
