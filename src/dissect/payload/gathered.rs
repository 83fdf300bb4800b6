//! Compressed messages that were gathered and wait to be inflated.

use super::compressed::Compressed;
use super::job::Job;
use super::kept::KeptMessages;
use super::side::Side;
use super::stretch::Stretch;
use crate::base::MessageId;

/// Octets that are gathered before they are inflated: where hundreds of connections take turns, enough for each …
const BATCH: usize = 16 << 20;
/// … or for each, where what they inflate to is kept …
const KEPT_BATCH: usize = 4 << 20;
/// … but fewer at first, while nobody else has anything to do; each time twice as many.
const FIRST_BATCH: usize = 1 << 20;
/// … and of one sender, who need not wait for the others.
const STRETCH: usize = 256 << 10;
/// Octets of room that is kept for the next ones, which have some to spare.
const KEPT: usize = BATCH / 2 * 3;

/// A sender's compressed messages.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    pub stretch: Stretch,
    /// The state of its compression, while nobody inflates.
    pub compressed: Option<Box<Compressed>>,
    /// A message has begun and not ended.
    pub is_open: bool,
    /// Octets of its frames so far.
    pub wire: u64,
    /// Stream offset behind the last message.
    pub end: u64,
    /// It is part of the batch.
    is_listed: bool,
    /// The first message of what is being inflated.
    under_way: Option<MessageId>,
}

impl Gathering {
    pub fn new(compressed: Compressed) -> Gathering {
        Gathering { compressed: Some(Box::new(compressed)), ..Gathering::default() }
    }

    /// Takes back what was inflated.
    pub fn put_back(&mut self, compressed: Box<Compressed>) {
        (self.compressed, self.under_way) = (Some(compressed), None);
    }

    /// Returns the first message about which inflating may still tell something. `goes_on` tells of a message whether more
    /// of it may come.
    pub fn undecided(&self, goes_on: impl Fn(&MessageId) -> bool) -> Option<MessageId> {
        let last = || self.compressed.as_ref().map(|compressed| compressed.message());
        let first = self.under_way.or(self.stretch.first());
        // What was inflated last goes on where the stretch begins inside a message, or is empty and one is open.
        let inside = if self.stretch.is_empty() { last().filter(|last| self.is_open && goes_on(last)) } else { last() };
        first.or(inside)
    }
}

/// A batch of messages to be inflated next.
#[derive(Debug)]
pub(super) struct Batch {
    /// Sides that have something.
    places: Vec<u32>,
    octets: usize,
    /// The number of octets that makes it full.
    enough: usize,
    is_full: bool,
    /// Empty ones with room, which is worth keeping, and how much room that is.
    spare: Vec<Stretch>,
    room: usize,
}

impl Default for Batch {
    fn default() -> Batch {
        Batch { places: Vec::new(), octets: 0, enough: FIRST_BATCH, is_full: false, spare: Vec::new(), room: 0 }
    }
}

impl Batch {
    /// Returns whether it should be inflated before more is gathered.
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    /// Room for what is about to be added, out of what others left.
    #[inline]
    pub fn lend(&mut self, gathering: &mut Gathering) {
        if gathering.stretch.room() == 0
            && let Some(spare) = self.spare.pop()
        {
            self.room -= spare.room();
            gathering.stretch = spare;
        }
    }

    /// The side at `place` has `added` octets more.
    #[inline]
    pub fn note(&mut self, place: u32, gathering: &mut Gathering, added: usize) {
        if !std::mem::replace(&mut gathering.is_listed, true) {
            self.places.push(place);
        }
        self.octets += added;
        self.is_full |= self.octets >= self.enough || gathering.stretch.size() >= STRETCH;
    }

    /// Takes out what can be inflated. Messages that go on may be left, unless `all` is wanted; they are noted again with
    /// what comes behind.
    pub fn take(&mut self, sides: &mut [Side], checkpoints: usize, all: bool, kept: Option<&KeptMessages>) -> Vec<Job> {
        if self.is_full {
            // What is kept of a batch takes many times as much.
            self.enough = (2 * self.enough).min(if kept.is_some() { KEPT_BATCH } else { BATCH });
        }
        (self.octets, self.is_full) = (0, false);
        let (mut jobs, mut unused) = (Vec::with_capacity(self.places.len()), Vec::new());
        for place in self.places.drain(..) {
            let Some(gathering) = sides.get_mut(place as usize).and_then(Side::gathering) else { continue };
            gathering.is_listed = false;
            let stretch = gathering.stretch.take(all);
            if stretch.is_empty() {
                unused.push(stretch);
                continue;
            }
            if let Some(mut compressed) = gathering.compressed.take() {
                compressed.space_checkpoints(checkpoints);
                gathering.under_way = stretch.first().or(Some(compressed.message()));
                jobs.push(Job::new(place, compressed, stretch, all, kept.cloned()));
            }
        }
        unused.into_iter().for_each(|stretch| self.recycle(stretch));
        jobs
    }

    /// Keeps the room of a stretch that was inflated.
    pub fn recycle(&mut self, stretch: Stretch) {
        if stretch.room() > 0 && self.room + stretch.room() <= KEPT {
            self.room += stretch.room();
            self.spare.push(stretch.emptied());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::stretch::{Begin, PartEnd};
    use super::*;
    use crate::base::{FrameId, MessageId};

    /// Senders that take turns use the same room, whoever of them goes on, and give it back.
    #[test]
    fn room_goes_from_sender_to_sender() {
        let mut batch = Batch::default();
        let mut gatherings: Vec<_> = (0..300).map(|_| Gathering::default()).collect();
        let begin = Begin { message: MessageId(0), first: FrameId(0), is_text: true, lacks: false };
        for (place, gathering) in (0..).zip(&mut gatherings) {
            for _ in 0..4 {
                batch.lend(gathering);
                gathering.stretch.begin(begin);
                gathering.stretch.add(FrameId(0), 0, &[7; 80_000], None);
                gathering.stretch.end(PartEnd::Whole { wire: 80_000, at: 0 });
                batch.note(place, gathering, 80_000);
            }
            assert!(batch.is_full());
            let stretch = gathering.stretch.take(false);
            batch.recycle(stretch);
            batch.is_full = false;
        }
        let kept: usize = gatherings.iter().map(|it| it.stretch.room()).sum();
        assert_eq!(kept, 0);
        assert_eq!(batch.spare.len(), 1);
        assert_eq!(batch.room, batch.spare[0].room());
    }
}
