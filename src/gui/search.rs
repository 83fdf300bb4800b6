//! The search's thread: it finds and sorts the rows that the window wants, so that painting never waits for them.
//!
//! ```text
//!   window ── Errand (another query, a larger snapshot, something to drop) ──▸ search: RowSearch::step …
//!      ▲                                                                          │
//!      └── take() ◂── slot: the rows, or how far it is ◂──────────────────────────┘
//! ```
//!
//! It also drops for the window: the last owner of a snapshot of ten million rows frees half a gigabyte.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::worker::in_background;
use crate::dissect::Snapshot;
use crate::query::{Query, RowSearch, RowSet};

/// Ids between two looks at the errands.
const STEP: usize = 1 << 16;
/// A search that takes longer says how far it is, and shows what it has, so often.
const PAUSE: Duration = Duration::from_millis(50);
/// While the capture grows, the thread rests so many times as long as it last worked, and leaves the time to the others.
const REST: u32 = 2;

/// What the search has to say.
pub struct Answer {
    /// The rows; `None` where those of another order cannot be shown yet.
    pub rows: Option<RowSet>,
    /// The part of the capture that was searched, from 0 to 1; `None` where that is all of it.
    pub progress: Option<f32>,
}

enum Errand {
    /// Find the rows of a query.
    Ask(u64, Query, Snapshot),
    /// The capture has grown: look for more of them.
    Grown(Snapshot),
    /// Find nothing.
    Forget,
    /// Nobody needs this any more.
    Bury(#[expect(dead_code, reason = "dropping it is all that is done with it")] Box<dyn Send>),
}

/// What the thread has said last, and to which question.
type Slot = Arc<Mutex<Option<(u64, Answer)>>>;

/// The window's side. Dropping it ends the search.
pub struct Search {
    errands: Sender<Errand>,
    slot: Slot,
    /// Counts the questions, so that no answer is taken for that of another.
    question: u64,
}

impl Search {
    /// Starts the thread; `wake` is called whenever there is something new to take.
    pub fn start(wake: impl Fn() + Send + 'static) -> Search {
        let (errands, inbox) = mpsc::channel();
        let slot = Slot::default();
        let shared = slot.clone();
        in_background("search", move || {
            Desk { inbox, slot: shared, wake: Box::new(wake), search: None, grown: None, rest_until: Instant::now() }
                .run();
        });
        Search { errands, slot, question: 0 }
    }

    /// Asks for the rows of `query`. What was asked before is forgotten.
    pub fn ask(&mut self, query: Query, snapshot: Snapshot) {
        self.question += 1;
        self.send(Errand::Ask(self.question, query, snapshot));
    }

    /// Asks for nothing: what was asked before is forgotten.
    pub fn forget(&mut self) {
        self.question += 1;
        self.send(Errand::Forget);
    }

    /// Tells that the capture has grown.
    pub fn grown(&self, snapshot: Snapshot) {
        self.send(Errand::Grown(snapshot));
    }

    /// Drops something large elsewhere than here.
    pub fn bury(&self, it: impl Send + 'static) {
        self.send(Errand::Bury(Box::new(it)));
    }

    /// What is new since the last time about the query that was asked last.
    pub fn take(&self) -> Option<Answer> {
        let (question, answer) = self.slot.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        if question == self.question {
            return Some(answer);
        }
        self.bury(answer);
        None
    }

    fn send(&self, errand: Errand) {
        // Where the system had no thread left, nothing is found.
        let _ = self.errands.send(errand);
    }
}

/// The thread's side.
struct Desk {
    inbox: Receiver<Errand>,
    slot: Slot,
    wake: Box<dyn Fn() + Send>,
    search: Option<(u64, RowSearch)>,
    /// The latest snapshot, if it was not searched yet.
    grown: Option<Snapshot>,
    rest_until: Instant,
}

impl Desk {
    /// Does errands before anything else, and then searches; until the window is gone.
    fn run(mut self) {
        loop {
            let errand = match self.search.is_some() && self.grown.is_some() {
                true => self.inbox.recv_timeout(self.rest_until.saturating_duration_since(Instant::now())),
                false => self.inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match errand {
                Ok(errand) => drop(self.take(errand)),
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    let start = Instant::now();
                    self.round(start);
                    self.rest_until = Instant::now() + start.elapsed() * REST;
                }
            }
        }
    }

    /// Takes an errand, and returns whether the search that is under way is over by it.
    fn take(&mut self, errand: Errand) -> bool {
        match errand {
            Errand::Ask(question, query, snapshot) => {
                self.search = Some((question, RowSearch::new(query)));
                self.grown = Some(snapshot);
                self.rest_until = Instant::now();
                true
            }
            Errand::Forget => {
                (self.search, self.grown) = (None, None);
                true
            }
            Errand::Grown(snapshot) => {
                self.grown = Some(snapshot);
                false
            }
            Errand::Bury(_) => false,
        }
    }

    /// Searches the latest snapshot to its end, unless something else is asked meanwhile. A snapshot that comes meanwhile
    /// waits for the next round, or there would never be an end.
    fn round(&mut self, start: Instant) {
        let (Some((question, mut search)), Some(snapshot)) = (self.search.take(), self.grown.take()) else { return };
        let mut said = start;
        while search.step(&snapshot, STEP) {
            let mut is_over = false;
            loop {
                match self.inbox.try_recv() {
                    Ok(errand) => is_over |= self.take(errand),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return,
                }
            }
            if is_over {
                return;
            }
            if said.elapsed() >= PAUSE {
                said = Instant::now();
                let rows = search.is_in_order().then(|| search.rows(&snapshot));
                self.put(question, Answer { rows, progress: Some(search.progress(&snapshot)) });
            }
        }
        self.put(question, Answer { rows: Some(search.rows(&snapshot)), progress: None });
        self.search = Some((question, search));
    }

    /// Says something new. Rows that the window has not taken yet stay where there are no newer ones.
    fn put(&self, question: u64, mut answer: Answer) {
        let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        let old = slot.take();
        let (rows, dropped) = match old {
            Some((asked, old)) if asked == question && answer.rows.is_none() => (old.rows, None),
            old => (answer.rows, old),
        };
        answer.rows = rows;
        *slot = Some((question, answer));
        drop(slot);
        drop(dropped);
        (self.wake)();
    }
}
