//! The desk: newest wins, one after the other, cancelling, mistakes, and the same with a thread and without one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use framescope::background::{Desk, Errand, Errands, Mistake, Next, Turn, Work};
use proptest::prelude::*;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);

/// Counts up to each number that it is asked for.
#[derive(Default)]
struct Counting {
    waiting: Vec<u32>,
    at: u32,
}

impl Work for Counting {
    type Question = u32;
    type Answer = Vec<u32>;

    fn take(&mut self, to: u32) {
        self.waiting.push(to);
    }

    fn step(&mut self, turn: &mut Turn<'_, Vec<u32>>) -> Next {
        let Some(to) = self.waiting.first().copied() else { return Next::WhenAsked };
        assert_ne!(to, 13, "this is what the work dies of");
        self.at += 1;
        turn.progress(self.at as f32 / to as f32);
        turn.say(vec![self.at]);
        if self.at >= to {
            self.waiting.remove(0);
            self.at = 0;
        }
        // What rests now and then gives the same.
        if self.at % 3 == 1 { Next::After(Duration::from_micros(50)) } else { Next::Now }
    }

    fn cancel(&mut self) {
        *self = Counting::default();
    }

    fn join(mut older: Vec<u32>, mut newer: Vec<u32>) -> Vec<u32> {
        older.append(&mut newer);
        older
    }
}

/// Waits until everything is answered, and returns what was not taken before.
fn finish<W: Work>(desk: &mut Desk<W>) -> Vec<Result<W::Answer, Mistake>> {
    let (start, mut answers) = (Instant::now(), Vec::new());
    loop {
        let is_done = !desk.is_busy();
        answers.extend(desk.take());
        if is_done {
            return answers;
        }
        assert!(start.elapsed() < LONG, "the desk does not come to an end");
        std::thread::yield_now();
    }
}

fn numbers(desk: &mut Desk<Counting>) -> Vec<u32> {
    finish(desk).into_iter().flat_map(|answer| answer.unwrap()).collect()
}

/// A desk with a thread, and one without.
fn both<W: Work + Default>() -> [Desk<W>; 2] {
    [Desk::start("test", W::default(), || {}), Desk::by_ticks(W::default(), || {})]
}

#[test]
fn the_newest_question_wins() {
    for mut desk in both::<Counting>() {
        desk.ask(1_000_000_000);
        desk.add(1_000_000_000);
        desk.tick(Duration::ZERO);
        desk.ask(2);
        assert_eq!(numbers(&mut desk), [1, 2]);
    }
}

#[test]
fn added_questions_are_answered_one_after_the_other() {
    for mut desk in both::<Counting>() {
        desk.ask(2);
        desk.add(3);
        assert_eq!(numbers(&mut desk), [1, 2, 1, 2, 3]);
        desk.add(1);
        assert_eq!(numbers(&mut desk), [1]);
    }
}

#[test]
fn nothing_is_answered_to_what_was_cancelled() {
    for mut desk in both::<Counting>() {
        desk.ask(1_000_000_000);
        let start = Instant::now();
        while desk.take().is_none() {
            assert!(start.elapsed() < LONG);
        }
        desk.cancel();
        assert!(!desk.is_busy());
        assert!(desk.take().is_none());
        assert_eq!(desk.progress(), 0.0);
        desk.ask(1);
        assert_eq!(numbers(&mut desk), [1]);
    }
}

#[test]
fn a_mistake_is_told_and_the_next_question_is_answered() {
    for mut desk in both::<Counting>() {
        desk.ask(13);
        assert_eq!(finish(&mut desk), [Err(Mistake)]);
        desk.ask(1);
        assert_eq!(numbers(&mut desk), [1]);
        // What was asked behind it is lost with it: it may have been about that.
        desk.ask(13);
        desk.add(1);
        assert_eq!(finish(&mut desk).first(), Some(&Err(Mistake)));
    }
}

/// A long piece of work, which looks if it is still wanted.
#[derive(Default)]
struct Long(Option<Arc<AtomicBool>>);

impl Work for Long {
    type Question = Arc<AtomicBool>;
    type Answer = ();

    fn take(&mut self, ended: Arc<AtomicBool>) {
        self.0 = Some(ended);
    }

    fn step(&mut self, turn: &mut Turn<'_, ()>) -> Next {
        let start = Instant::now();
        while !turn.is_over() && start.elapsed() < LONG {
            turn.progress(0.5);
            std::thread::yield_now();
        }
        if let Some(ended) = self.0.take() {
            ended.store(turn.is_over(), Ordering::SeqCst);
        }
        Next::WhenAsked
    }

    fn cancel(&mut self) {
        self.0 = None;
    }
}

#[test]
fn a_long_step_ends_when_nobody_wants_it_any_more() {
    for end in [Desk::cancel, |desk: &mut Desk<Long>| *desk = Desk::by_ticks(Long::default(), || {})] {
        let ended = Arc::new(AtomicBool::new(false));
        let mut desk = Desk::start("test", Long::default(), || {});
        desk.ask(ended.clone());
        let start = Instant::now();
        while desk.progress() == 0.0 {
            assert!(start.elapsed() < LONG, "it does not say how far it is");
            // Nobody waits for it longer than they like.
            assert!(desk.take_within(Duration::from_millis(1)).is_none());
        }
        assert!(start.elapsed() < LONG / 2 && desk.is_busy());
        end(&mut desk);
        while !ended.load(Ordering::SeqCst) {
            assert!(start.elapsed() < LONG, "it goes on");
            std::thread::yield_now();
        }
    }
}

#[test]
fn an_answer_that_comes_soon_is_waited_for() {
    let mut desk: Desk<Errands<u32>> = Desk::start("test", Errands::default(), || {});
    desk.ask(Box::new(|| {
        std::thread::sleep(Duration::from_millis(20));
        1
    }));
    assert_eq!(desk.take_within(LONG), Some(Ok(1)));
    let start = Instant::now();
    assert_eq!(desk.take_within(LONG), None);
    assert!(start.elapsed() < LONG / 2, "there is nothing to wait for");
}

/// Something that takes long to drop is dropped by the thread, even when the desk is closed at once.
#[test]
fn what_is_left_on_the_desk_is_dropped_by_its_thread() {
    struct Large(std::sync::mpsc::Sender<std::thread::ThreadId>);
    impl Drop for Large {
        fn drop(&mut self) {
            let _ = self.0.send(std::thread::current().id());
        }
    }
    let (tell, dropped) = std::sync::mpsc::channel();
    for _ in 0..50 {
        let mut desk: Desk<Errands<()>> = Desk::start("test", Errands::default(), || {});
        let large = Large(tell.clone());
        desk.add(Box::new(move || drop(large)));
        drop(desk);
        assert_ne!(dropped.recv_timeout(LONG).unwrap(), std::thread::current().id());
    }
}

#[test]
fn the_asker_is_woken_for_answers_and_for_work_that_is_left() {
    let woken = Arc::new(AtomicUsize::new(0));
    let counted = woken.clone();
    let mut desk = Desk::by_ticks(Errands::default(), move || {
        counted.fetch_add(1, Ordering::SeqCst);
    });
    let errand = || -> Errand<u32> {
        Box::new(|| {
            std::thread::sleep(Duration::from_millis(20));
            7
        })
    };
    desk.add(errand());
    desk.add(errand());
    assert_eq!(woken.load(Ordering::SeqCst), 0, "nothing is done before its turn");
    // One answer, and more to do: a tick ends behind the step that took too long.
    assert_eq!(desk.take(), Some(Ok(7)));
    assert_eq!((woken.load(Ordering::SeqCst), desk.is_busy()), (2, true));
    assert_eq!(desk.take(), Some(Ok(7)));
    assert_eq!((woken.load(Ordering::SeqCst), desk.is_busy()), (3, false));
}

/// One thing that an asker does.
#[derive(Clone, Copy, Debug)]
enum Act {
    Ask(u32),
    Add(u32),
    Cancel,
    /// Lets the other side work.
    Pause,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![(1..20_u32).prop_map(Act::Ask), (1..20_u32).prop_map(Act::Add), Just(Act::Cancel), Just(Act::Pause)]
}

fn play(desk: &mut Desk<Counting>, acts: &[Act]) -> Vec<Result<Vec<u32>, Mistake>> {
    for act in acts {
        match *act {
            Act::Ask(to) => desk.ask(to),
            Act::Add(to) => desk.add(to),
            Act::Cancel => desk.cancel(),
            Act::Pause => drop(desk.tick(Duration::from_micros(1))),
        }
    }
    finish(desk)
}

/// All that is said to the questions since the last one that was asked instead of others.
fn expected(acts: &[Act]) -> Vec<u32> {
    let mut said = Vec::new();
    for act in acts {
        match *act {
            Act::Ask(to) => said = (1..=to).collect(),
            Act::Add(to) => said.extend(1..=to),
            Act::Cancel => said.clear(),
            Act::Pause => {}
        }
    }
    said
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_thread_and_ticks_answer_alike(acts in prop::collection::vec(act(), 0..12)) {
        let acts: Vec<Act> = acts
            .into_iter()
            .filter(|act| !matches!(act, Act::Ask(13) | Act::Add(13)))
            .collect();
        for mut desk in both::<Counting>() {
            let said = play(&mut desk, &acts).into_iter().flat_map(|answer| answer.unwrap()).collect::<Vec<_>>();
            prop_assert_eq!(said, expected(&acts));
        }
    }
}
