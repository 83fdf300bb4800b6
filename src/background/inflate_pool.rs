//! Threads that inflate, beside the one that reads.
//!
//! ```text
//!   reader    ── start(jobs) ──▸ ┌ waiting ┐ ──▸ helper: Job::run ─┐
//!        │                       └─────────┘ ──▸ helper: Job::run ─┤
//!        └─ finish(): helps too, takes what is done ◂──────────────┘
//! ```
//!
//! The dissector hands out jobs and does not know who does them ([`InflatePool`]). It takes them back in the order in which
//! it gave them, so that whatever the threads do, the same is found in the same order.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::dissect::{InflatePool, Job, SpareInflater};

/// A helper looks if it is still wanted whenever it has inflated so many octets: each millisecond or so.
const LOOK: u64 = 1 << 20;
/// With less to do than so many octets nobody is asked to help.
const WORTH: usize = 128 << 10;
/// More threads than that would wait for the one that reads.
const MAX_HELPERS: usize = 7;
/// The time that the caller waits for the others before it looks at its budget: as long as it takes to inflate
/// [`LOOK`].
const PATIENCE: Duration = Duration::from_millis(1);

/// An inflate pool of threads; they start when there is something to do.
#[derive(Debug)]
pub struct InflateThreads {
    wanted: usize,
    threads: Vec<JoinHandle<()>>,
    board: Arc<Board>,
    spare: SpareInflater,
}

/// Jobs, in sight of all helpers.
#[derive(Debug, Default)]
struct Board {
    jobs: Mutex<Jobs>,
    /// There is something to do, or to stop.
    news: Condvar,
    /// A helper is done with a job.
    done: Condvar,
    is_over: AtomicBool,
}

#[derive(Debug, Default)]
struct Jobs {
    /// With their numbers.
    waiting: VecDeque<(usize, Job)>,
    /// By number.
    done: Vec<Option<Job>>,
    /// The number of those that are not done.
    left: usize,
}

impl InflateThreads {
    /// Makes as many threads as the machine has processors, the caller's one of them.
    pub fn for_this_machine() -> InflateThreads {
        InflateThreads::new(thread::available_parallelism().map_or(0, |count| count.get() - 1))
    }

    /// Makes so many threads besides the caller's.
    pub fn new(helpers: usize) -> InflateThreads {
        let wanted = helpers.min(MAX_HELPERS);
        InflateThreads { wanted, threads: Vec::new(), board: Arc::default(), spare: SpareInflater::default() }
    }

    fn start_threads(&mut self) {
        // One that panicked is of no use any more.
        self.threads.retain(|thread| !thread.is_finished());
        while self.threads.len() < self.wanted {
            let board = self.board.clone();
            match thread::Builder::new().name("inflate".to_owned()).spawn(move || board.help()) {
                Ok(thread) => self.threads.push(thread),
                // Without threads left in the system the caller does everything.
                Err(_) => self.wanted = self.threads.len(),
            }
        }
    }
}

impl InflatePool for InflateThreads {
    fn start(&mut self, jobs: Vec<Job>) {
        if jobs.len() > 1 && jobs.iter().map(Job::size).sum::<usize>() >= WORTH {
            self.start_threads();
        }
        let mut board = self.board.jobs();
        board.left = jobs.len();
        board.done.resize_with(jobs.len(), || None);
        board.waiting.extend(jobs.into_iter().enumerate());
        self.board.news.notify_all();
    }

    fn finish(&mut self, budget: &mut u64) -> Option<Vec<Job>> {
        let mut jobs = self.board.jobs();
        while jobs.left > 0 {
            if let Some((number, mut job)) = jobs.waiting.pop_front() {
                drop(jobs);
                let is_done = job.run(&mut self.spare, budget);
                jobs = self.board.jobs();
                if !is_done {
                    jobs.waiting.push_front((number, job));
                    return None;
                }
                jobs.put(number, job);
                continue;
            }
            if *budget == 0 {
                return None;
            }
            // Others do the last ones; what could be done meanwhile is spent too.
            jobs = self.board.done.wait_timeout(jobs, PATIENCE).unwrap_or_else(PoisonError::into_inner).0;
            *budget = budget.saturating_sub(LOOK);
        }
        Some(jobs.done.drain(..).flatten().collect())
    }
}

impl InflateThreads {
    /// Ends all helpers, each as soon as it looks, and returns how many jobs are left, which nobody will do any more.
    pub fn stop(&mut self) -> usize {
        self.board.is_over.store(true, Ordering::Relaxed);
        drop(self.board.jobs());
        self.board.news.notify_all();
        for thread in self.threads.drain(..) {
            // One that panicked has said so.
            let _ = thread.join();
        }
        self.board.jobs().left
    }
}

impl Drop for InflateThreads {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Board {
    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does jobs until the pool is over.
    fn help(&self) {
        let mut spare = SpareInflater::default();
        let mut jobs = self.jobs();
        while !self.is_over.load(Ordering::Relaxed) {
            let Some((number, mut job)) = jobs.waiting.pop_front() else {
                jobs = self.news.wait(jobs).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            drop(jobs);
            let at_work = AtWork(self);
            while !job.run(&mut spare, &mut LOOK.clone()) {
                if self.is_over.load(Ordering::Relaxed) {
                    return;
                }
            }
            drop(at_work);
            jobs = self.jobs();
            jobs.put(number, job);
            if jobs.left == 0 {
                self.done.notify_all();
            }
        }
    }
}

/// A helper that is at work: if it dies of that, nobody waits for its job, which is lost.
struct AtWork<'a>(&'a Board);

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let mut jobs = self.0.jobs();
            jobs.left = jobs.left.saturating_sub(1);
            self.0.done.notify_all();
        }
    }
}

impl Jobs {
    fn put(&mut self, number: usize, job: Job) {
        if let Some(place) = self.done.get_mut(number) {
            *place = Some(job);
        }
        self.left = self.left.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reader neither dies with a helper nor waits for it.
    #[test]
    fn a_helper_dies() {
        let mut helpers = InflateThreads::new(1);
        // Two jobs were started, and somebody has taken both.
        helpers.board.jobs().left = 2;
        for count in 1..=2 {
            let board = helpers.board.clone();
            let helper = thread::Builder::new().name("inflate".to_owned()).spawn(move || {
                let _at_work = AtWork(&board);
                panic!("this is what a helper dies of");
            });
            helpers.threads.push(helper.unwrap());
            while helpers.threads.iter().any(|thread| !thread.is_finished()) {
                thread::yield_now();
            }
            assert_eq!(helpers.finish(&mut 1).is_some(), count == 2);
        }
        helpers.start_threads();
        assert_eq!(helpers.threads.len(), 1, "another takes their place");
    }
}
