//! Jobs that anybody can do, on any thread: inflating a stretch.

use std::fmt;

use super::compressed::Compressed;
use super::kept::KeptMessages;
use super::stretch::Stretch;
use crate::base::{Breach, FrameId, MessageId};
use crate::dissect::index::checkpoint::Checkpoint;
use crate::inflate::Inflater;

/// The cost of a part to a budget besides the octets it inflates to.
const PART_COST: u64 = 64;

/// Compressed messages of one sender that follow one another, to be inflated. It needs nothing but itself.
#[derive(Debug)]
pub struct Job {
    /// The index of the side whose messages they are.
    pub(super) place: u32,
    pub(super) compressed: Box<Compressed>,
    pub(super) stretch: Stretch,
    /// Parts below are done.
    done: usize,
    /// Its last message goes on behind it.
    pub(super) ended_open: bool,
    /// Nothing follows.
    is_last: bool,
    pub(super) outcomes: Vec<Outcome>,
    /// The store for the messages that it inflates.
    kept: Option<KeptMessages>,
}

/// The outcome for a message.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It was inflated, to so many octets.
    Plain { message: MessageId, len: u64, is_text: bool },
    /// This is to be said about one of its frames.
    Said { message: MessageId, frame: FrameId, breach: Breach },
    /// Inflating can start behind it.
    Checkpoint(Box<Checkpoint>),
}

/// An inflater that nobody uses just now. There is no use for a second one: a job has one at a time, and those that are in
/// the middle of a message are with their sender.
#[derive(Debug, Default)]
pub struct SpareInflater(pub(super) Option<Inflater>);

impl Job {
    pub(super) fn new(
        place: u32,
        compressed: Box<Compressed>,
        stretch: Stretch,
        is_last: bool,
        kept: Option<KeptMessages>,
    ) -> Job {
        let ended_open = stretch.is_open();
        let outcomes = Vec::with_capacity(stretch.parts());
        Job { place, compressed, stretch, done: 0, ended_open, is_last, outcomes, kept }
    }

    /// About how many octets there are to be inflated.
    pub fn size(&self) -> usize {
        self.stretch.size()
    }

    /// Inflates until the messages end or about so many octets as the `budget` says came out; returns whether all is done.
    pub fn run(&mut self, spare: &mut SpareInflater, budget: &mut u64) -> bool {
        while self.stretch.part(self.done).is_some() {
            if *budget == 0 {
                return false;
            }
            let plain = self.compressed.run(&self.stretch, self.done, spare, &mut self.outcomes, self.kept.as_ref());
            *budget = budget.saturating_sub(PART_COST + plain);
            self.done += 1;
        }
        self.compressed.rest(spare, self.is_last);
        true
    }
}

/// Does jobs, several at once or one after the other: what comes out is the same.
pub trait InflatePool: fmt::Debug + Send {
    /// Takes jobs, none of which needs another. Those taken before are finished.
    fn start(&mut self, jobs: Vec<Job>);

    /// Helps with the jobs, as far as the `budget` goes, and gives them back in their order as soon as all are done.
    /// `None` where some are left. A job that a thread died of is not among them.
    fn finish(&mut self, budget: &mut u64) -> Option<Vec<Job>>;
}

/// An inflate pool of nobody but the caller.
#[derive(Debug, Default)]
pub(super) struct Alone {
    jobs: Vec<Job>,
    /// Those below are done.
    done: usize,
    spare: SpareInflater,
}

impl InflatePool for Alone {
    fn start(&mut self, jobs: Vec<Job>) {
        (self.jobs, self.done) = (jobs, 0);
    }

    fn finish(&mut self, budget: &mut u64) -> Option<Vec<Job>> {
        while let Some(job) = self.jobs.get_mut(self.done) {
            if !job.run(&mut self.spare, budget) {
                return None;
            }
            self.done += 1;
        }
        self.done = 0;
        Some(std::mem::take(&mut self.jobs))
    }
}
