//! A desk: long questions are asked on one side of it and answered, a piece at a time, on the other.
//!
//! ```text
//!   asker ── ask: newest wins ──▸ ┌ waiting ┐ ──▸ Work::take, Work::step … ──▸ Turn::say ──┐
//!     ▲  └── add: one after the other ▸ …… ┘                                               │
//!     └────────────── take() ◂── one answer, joined with those before ◂── wake() ◂─────────┘
//! ```
//!
//! The other side is a thread of its own. Where the system gives none, as in a browser, the asker lends its own: each
//! [`Desk::take`] is a [`Desk::tick`] then. Whatever is asked, nobody waits for an answer that is not wanted any more, and
//! none is ever given to another question.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The asker is told of progress so often.
const PROGRESS_PAUSE: Duration = Duration::from_millis(50);
/// A tick of an asker that has no thread for the work takes about so long: half of a frame on the screen.
const TICK: Duration = Duration::from_millis(8);

/// Answers questions of one kind. It lives as long as its desk, and may keep what helps with the next question.
pub trait Work: Send + 'static {
    /// A question, or a word about one that was asked before.
    type Question: Send;
    /// A whole answer, or a part of one.
    type Answer: Send;

    /// Takes a question up, without doing anything that takes long.
    fn take(&mut self, question: Self::Question);

    /// Does a piece of the work. Where a piece takes long, it looks at [`Turn::is_over`] in between.
    fn step(&mut self, turn: &mut Turn<'_, Self::Answer>) -> Next;

    /// Forgets what was asked: a newer question is coming, or none.
    fn cancel(&mut self);

    /// Joins an answer that nobody has taken yet with a newer one. Most often the newer one holds everything.
    fn join(_older: Self::Answer, newer: Self::Answer) -> Self::Answer {
        newer
    }
}

/// The time at which work goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// At once.
    Now,
    /// After a while, or as soon as something is asked.
    After(Duration),
    /// As soon as something is asked: everything is answered.
    WhenAsked,
}

/// The answer to a question whose work panicked: a mistake of this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mistake;

/// The asker's side of a desk. Dropping it ends the work.
pub struct Desk<W: Work> {
    shared: Arc<Shared<W>>,
    /// The other side, where it has no thread of its own.
    here: Option<Clerk<W>>,
}

impl<W: Work> Desk<W> {
    /// Starts a thread for `work`; without one left in the system, [`Desk::take`] does the work. `wake` is called whenever
    /// there is something to take.
    pub fn start(name: &str, work: W, wake: impl Fn() + Send + 'static) -> Desk<W> {
        let mut desk = Desk::by_ticks(work, wake);
        let clerk = Arc::new(Mutex::new(desk.here.take()));
        let moved = clerk.clone();
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
            if let Some(clerk) = lock(&moved).take() {
                clerk.run();
            }
        });
        if thread.is_err() {
            desk.here = lock(&clerk).take();
        }
        desk
    }

    /// Makes a desk whose work is done by [`Desk::tick`] and [`Desk::take`], and by no thread. `wake` is called whenever
    /// one of them has to be called again.
    pub fn by_ticks(work: W, wake: impl Fn() + Send + 'static) -> Desk<W> {
        let shared = Arc::new(Shared::default());
        let here = Clerk {
            work,
            shared: shared.clone(),
            wake: Box::new(wake),
            question: 0,
            next: Next::WhenAsked,
            told: None,
        };
        Desk { shared, here: Some(here) }
    }

    /// Asks a question instead of everything that was asked before: the newest wins.
    pub fn ask(&mut self, question: W::Question) {
        self.put(Some(question), true);
    }

    /// Asks a question behind everything that was asked before.
    pub fn add(&mut self, question: W::Question) {
        self.put(Some(question), false);
    }

    /// Wants no answer any more to anything that was asked.
    pub fn cancel(&mut self) {
        self.put(None, true);
    }

    fn put(&mut self, question: Option<W::Question>, is_newest: bool) {
        let mut board = self.shared.board();
        let old = is_newest.then(|| {
            self.shared.current.fetch_add(1, Ordering::Relaxed);
            self.shared.progress.store(0, Ordering::Relaxed);
            std::mem::take(&mut board.waiting)
        });
        board.is_busy = question.is_some() || !is_newest && board.is_busy;
        board.waiting.extend(question);
        drop(board);
        self.shared.asked.notify_all();
        drop(old);
    }

    /// Takes the answer to what was asked last, or what there is of it since the last time.
    pub fn take(&mut self) -> Option<Result<W::Answer, Mistake>> {
        if self.tick(TICK) {
            self.here.iter().for_each(|clerk| (clerk.wake)());
        }
        self.shared.taken()
    }

    /// Takes an answer like [`Desk::take`], and waits so long for it at most.
    pub fn take_within(&mut self, patience: Duration) -> Option<Result<W::Answer, Mistake>> {
        if self.here.is_none() {
            let is_waited_for = |board: &mut Board<W>| board.is_busy && !self.shared.has_answer(board);
            drop(self.shared.answered.wait_timeout_while(self.shared.board(), patience, is_waited_for));
        }
        self.take()
    }

    /// Does work for about so long where no thread does it, and returns whether some is left.
    pub fn tick(&mut self, time: Duration) -> bool {
        let Some(clerk) = &mut self.here else { return false };
        let until = Instant::now() + time;
        loop {
            match clerk.round() {
                Next::Now if Instant::now() < until => {}
                next => return next != Next::WhenAsked,
            }
        }
    }

    /// Returns whether something that was asked is not answered to its end.
    pub fn is_busy(&self) -> bool {
        self.shared.board().is_busy
    }

    /// Returns how much of what was asked last is done, from 0 to 1.
    pub fn progress(&self) -> f32 {
        f32::from_bits(self.shared.progress.load(Ordering::Relaxed))
    }
}

impl<W: Work> Drop for Desk<W> {
    /// Leaves what is on the board to the other side: to drop that may take long.
    fn drop(&mut self) {
        let mut board = self.shared.board();
        board.is_over = true;
        self.shared.current.fetch_add(1, Ordering::Relaxed);
        drop(board);
        self.shared.asked.notify_all();
    }
}

/// Both sides of the desk reach for this.
struct Shared<W: Work> {
    board: Mutex<Board<W>>,
    /// Something was asked, or nothing will be any more.
    asked: Condvar,
    /// There is an answer, or there will be none.
    answered: Condvar,
    /// Counts the questions that were asked instead of others.
    current: AtomicU64,
    /// The bits of a number from 0 to 1.
    progress: AtomicU32,
}

struct Board<W: Work> {
    waiting: VecDeque<W::Question>,
    /// With the number of its question.
    answer: Option<(u64, Result<W::Answer, Mistake>)>,
    is_busy: bool,
    is_over: bool,
}

impl<W: Work> Default for Shared<W> {
    fn default() -> Shared<W> {
        Shared {
            board: Mutex::new(Board { waiting: VecDeque::new(), answer: None, is_busy: false, is_over: false }),
            asked: Condvar::new(),
            answered: Condvar::new(),
            current: AtomicU64::new(0),
            progress: AtomicU32::new(0),
        }
    }
}

impl<W: Work> Shared<W> {
    fn board(&self) -> MutexGuard<'_, Board<W>> {
        lock(&self.board)
    }

    fn current(&self) -> u64 {
        self.current.load(Ordering::Relaxed)
    }

    fn has_answer(&self, board: &Board<W>) -> bool {
        board.answer.as_ref().is_some_and(|(question, _)| *question == self.current())
    }

    /// Takes the answer to what was asked last. One to an older question stays: the other side drops it, which may take long.
    fn taken(&self) -> Option<Result<W::Answer, Mistake>> {
        let mut board = self.board();
        if self.has_answer(&board) { board.answer.take().map(|(_, answer)| answer) } else { None }
    }
}

/// The asker as the work sees it.
trait Asker<A> {
    /// Answers a question, as long as it is still the newest.
    fn say(&self, question: u64, answer: Result<A, Mistake>);
    /// Nothing newer was asked.
    fn wants(&self, question: u64) -> bool;
    /// There is no answer that it has yet to take.
    fn has_taken(&self) -> bool;
    fn set_progress(&self, part: f32);
    /// Everything that was asked with this question is answered.
    fn rest(&self, question: u64);
}

impl<W: Work> Asker<W::Answer> for Shared<W> {
    fn say(&self, question: u64, answer: Result<W::Answer, Mistake>) {
        let mut board = self.board();
        if !self.wants(question) {
            drop(board);
            return;
        }
        let (answer, old) = match (board.answer.take(), answer) {
            (Some((of, Ok(older))), Ok(newer)) if of == question => (Ok(W::join(older, newer)), None),
            // Nothing hides a mistake.
            (Some((of, Err(mistake))), newer) if of == question => (Err(mistake), Some((of, newer))),
            (older, newer) => (newer, older),
        };
        board.answer = Some((question, answer));
        drop(board);
        self.answered.notify_all();
        drop(old);
    }

    fn wants(&self, question: u64) -> bool {
        self.current() == question
    }

    fn has_taken(&self) -> bool {
        !self.has_answer(&self.board())
    }

    fn set_progress(&self, part: f32) {
        self.progress.store(part.to_bits(), Ordering::Relaxed);
    }

    fn rest(&self, question: u64) {
        let mut board = self.board();
        if self.wants(question) && board.waiting.is_empty() {
            board.is_busy = false;
            self.answered.notify_all();
        }
    }
}

/// One step of the work, and the way to the asker.
pub struct Turn<'a, A> {
    asker: &'a dyn Asker<A>,
    wake: &'a dyn Fn(),
    question: u64,
    told: &'a mut Option<Instant>,
}

impl<A> Turn<'_, A> {
    /// Returns whether nobody wants the answer any more: a newer question was asked, or the asker is gone.
    pub fn is_over(&self) -> bool {
        !self.asker.wants(self.question)
    }

    /// Returns whether the asker has taken everything that was said.
    pub fn has_taken(&self) -> bool {
        self.asker.has_taken()
    }

    /// Says an answer, or a part of one.
    pub fn say(&mut self, answer: A) {
        self.asker.say(self.question, Ok(answer));
        (self.wake)();
    }

    /// Notes how much is done, from 0 to 1, and returns whether it is time to say what there is of the answer: the asker
    /// is woken for that.
    pub fn progress(&mut self, part: f32) -> bool {
        if self.is_over() || self.told.is_some_and(|told| told.elapsed() < PROGRESS_PAUSE) {
            return false;
        }
        *self.told = Some(Instant::now());
        self.asker.set_progress(part);
        (self.wake)();
        true
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The other side of a desk: it does the work.
struct Clerk<W: Work> {
    work: W,
    shared: Arc<Shared<W>>,
    wake: Box<dyn Fn() + Send>,
    /// The number of the question that is worked on.
    question: u64,
    next: Next,
    /// The time at which the asker was told of progress last.
    told: Option<Instant>,
}

impl<W: Work> Clerk<W> {
    /// Works until the asker is gone.
    fn run(mut self) {
        loop {
            let next = self.round();
            let is_idle = |board: &mut Board<W>| {
                !board.is_over && board.waiting.is_empty() && self.shared.current() == self.question
            };
            let board = self.shared.board();
            let mut board = match next {
                Next::Now => board,
                Next::After(pause) => {
                    let waited = self.shared.asked.wait_timeout_while(board, pause, is_idle);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                Next::WhenAsked => self.shared.asked.wait_while(board, is_idle).unwrap_or_else(PoisonError::into_inner),
            };
            if board.is_over {
                let left = (std::mem::take(&mut board.waiting), board.answer.take());
                drop(board);
                return drop(left);
            }
        }
    }

    /// Takes what was asked, and does one piece of work.
    fn round(&mut self) -> Next {
        let mut board = self.shared.board();
        let question = self.shared.current();
        let (waiting, old) = (std::mem::take(&mut board.waiting), board.answer.take_if(|(of, _)| *of != question));
        drop(board);
        drop(old);
        let is_newest = std::mem::replace(&mut self.question, question) != question;
        let done = catch_unwind(AssertUnwindSafe(|| {
            if is_newest {
                self.work.cancel();
                (self.next, self.told) = (Next::WhenAsked, Some(Instant::now()));
            }
            for question in waiting {
                self.work.take(question);
                self.next = Next::Now;
            }
            if self.next != Next::WhenAsked {
                let mut turn = Turn { asker: &*self.shared, wake: &*self.wake, question, told: &mut self.told };
                self.next = self.work.step(&mut turn);
            }
        }));
        if done.is_err() {
            self.next = Next::WhenAsked;
            let _ = catch_unwind(AssertUnwindSafe(|| self.work.cancel()));
            self.shared.say(question, Err(Mistake));
            (self.wake)();
        }
        if self.next == Next::WhenAsked {
            self.shared.rest(question);
        }
        self.next
    }
}
