//! The thread that inflates what the window shows of a compressed message, so that painting never waits for it.
//!
//! ```text
//!   window ── want(message, octets) ──▸ kept already: there it is
//!                                   └─▸ thread: InflatedView::load … ──▸ slot: how far it is, or what was wanted
//! ```
//!
//! What was inflated is kept, up to a bound. Whoever looks at another message ends the work for the one before; what was
//! done until then need not be done again.

use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::worker::{caught, in_background};
use crate::base::MessageId;
use crate::dissect::{Inflation, Message, Snapshot, max_inflated};
use crate::view::{INFLATED_WINDOW, InflatedView};

/// Octets that are kept of everything that was inflated, and how many windows of messages.
const KEPT_OCTETS: usize = 64 << 20;
const KEPT: usize = 256;
/// Who waits is told how far it is so often.
const PAUSE: Duration = Duration::from_millis(50);
/// A wish raises the limit of a message to so many times as much.
const RAISE: u64 = 16;

/// What is wanted of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wanted {
    message: MessageId,
    /// The first octet that is held.
    from: u64,
    limit: u64,
    /// The snapshot it is read from, as long as more of the message may come.
    version: Option<u64>,
}

/// How it is with what was asked for.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// The message with the octets that are wanted; or, until they are there, as it was known before.
    pub view: Option<Arc<InflatedView>>,
    /// What is being done for it.
    pub state: Doing,
}

/// What is being done for what was asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Doing {
    /// Nothing: all is there.
    #[default]
    Nothing,
    /// It is being inflated: how much of that is done, from 0 to 1, and for how long it is wanted.
    Inflating(f32, Duration),
    /// The user ended it.
    Stopped,
    /// The capture cannot be read: why.
    Failed(String),
}

struct Errand {
    question: u64,
    wanted: Wanted,
    snapshot: Snapshot,
    message: Message,
}

/// What the thread has said last, and to which question.
type Slot = Arc<Mutex<Option<(u64, Said)>>>;

enum Said {
    Part(f32),
    Done(Result<Box<InflatedView>, String>),
}

/// What was asked last.
struct Asked {
    wanted: Wanted,
    since: Instant,
    part: f32,
    end: Option<End>,
}

enum End {
    Done,
    Stopped,
    Failed(String),
}

/// The window's side. Dropping it ends the work.
pub struct Inflating {
    errands: Sender<Errand>,
    slot: Slot,
    /// The question whose answer is still wanted.
    current: Arc<AtomicU64>,
    question: u64,
    asked: Option<Asked>,
    /// The latest first.
    kept: VecDeque<(Wanted, Arc<InflatedView>)>,
    /// A message whose limit was raised, and to how much.
    raised: Option<(MessageId, u64)>,
}

impl Inflating {
    /// Starts the thread; `wake` is called whenever there is something new to take.
    pub fn start(wake: impl Fn() + Send + 'static) -> Inflating {
        let (inflating, desk) = Inflating::with_desk(wake);
        in_background("inflating", move || desk.run());
        inflating
    }

    fn with_desk(wake: impl Fn() + Send + 'static) -> (Inflating, Desk) {
        let (errands, inbox) = mpsc::channel();
        let (slot, current) = (Slot::default(), Arc::<AtomicU64>::default());
        let desk = Desk { inbox, slot: slot.clone(), current: current.clone(), wake: Box::new(wake) };
        let kept = VecDeque::new();
        (Inflating { errands, slot, current, question: 0, asked: None, kept, raised: None }, desk)
    }

    /// Asks for octets of a compressed message; `version` is that of the snapshot. Ask again in every pass: what is not asked
    /// for any more is still inflated to its end, until something else is.
    pub fn want(&mut self, snapshot: &Snapshot, version: u64, message: &Message, octets: Range<u64>) -> Told {
        self.take();
        let limit = self.raised.filter(|(id, _)| *id == message.id).map_or_else(max_inflated, |(_, limit)| limit);
        let version = (!message.ended).then_some(version);
        let is_same = |wanted: &Wanted| wanted.message == message.id && wanted.limit == limit;
        let known = self
            .kept
            .iter()
            .position(|(wanted, view)| is_same(wanted) && wanted.version == version && view.holds(&octets));
        if let Some(index) = known.filter(|index| *index > 0)
            && let Some(kept) = self.kept.remove(index)
        {
            self.kept.push_front(kept);
        }
        let of_message = |(wanted, _): &&(Wanted, Arc<InflatedView>)| wanted.message == message.id;
        let view = self.kept.iter().find(of_message).map(|(_, view)| view.clone());
        if known.is_some() {
            return Told { view, state: Doing::Nothing };
        }
        // Scrolling goes on from here, in either direction.
        let from = (octets.start.saturating_sub(INFLATED_WINDOW / 4)) & !0xf;
        let is_asked = self.asked.as_ref().is_some_and(|asked| {
            // What grows while it is inflated is inflated to its end first, or that would never be.
            let is_done = matches!(asked.end, Some(End::Done));
            is_same(&asked.wanted) && asked.wanted.from == from && (!is_done || asked.wanted.version == version)
        });
        if !is_asked {
            self.ask(Wanted { message: message.id, from, limit, version }, snapshot, message);
        }
        let state = match &self.asked {
            Some(Asked { end: None, part, since, .. }) => Doing::Inflating(*part, since.elapsed()),
            Some(Asked { end: Some(End::Stopped), .. }) => Doing::Stopped,
            Some(Asked { end: Some(End::Failed(why)), .. }) => Doing::Failed(why.clone()),
            Some(Asked { end: Some(End::Done), .. }) | None => Doing::Nothing,
        };
        Told { view, state }
    }

    fn ask(&mut self, wanted: Wanted, snapshot: &Snapshot, message: &Message) {
        self.question += 1;
        self.current.store(self.question, Ordering::Relaxed);
        let errand = Errand { question: self.question, wanted, snapshot: snapshot.clone(), message: *message };
        // Where the system had no thread left, nothing is inflated.
        let end =
            self.errands.send(errand).err().map(|_| End::Failed("there is no thread left to inflate it".to_owned()));
        self.asked = Some(Asked { wanted, since: Instant::now(), part: 0.0, end });
    }

    /// Ends what is being done.
    pub fn stop(&mut self) {
        self.current.store(0, Ordering::Relaxed);
        if let Some(asked) = self.asked.as_mut().filter(|asked| asked.end.is_none()) {
            asked.end = Some(End::Stopped);
        }
    }

    /// Does again what was ended.
    pub fn go_on(&mut self) {
        self.asked = None;
    }

    /// Inflates a message further than others.
    pub fn raise(&mut self, message: MessageId) {
        let limit = self.raised.filter(|(id, _)| *id == message).map_or_else(max_inflated, |(_, limit)| limit);
        self.raised = Some((message, limit.saturating_mul(RAISE)));
    }

    /// Whether something is being inflated.
    pub fn is_busy(&self) -> bool {
        self.asked.as_ref().is_some_and(|asked| asked.end.is_none())
    }

    fn take(&mut self) {
        let Some((question, said)) = self.slot.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        let Some(asked) = self.asked.as_mut().filter(|_| question == self.question) else { return };
        match said {
            Said::Part(part) => asked.part = part,
            Said::Done(Ok(view)) => {
                asked.end = Some(End::Done);
                let wanted = asked.wanted;
                // One that has grown takes the place of what it was.
                self.kept.retain(|(other, _)| {
                    other.message != wanted.message || other.version.is_none() && other.limit == wanted.limit
                });
                self.kept.push_front((wanted, Arc::from(view)));
                self.forget();
            }
            Said::Done(Err(why)) => asked.end = Some(End::Failed(why)),
        }
    }

    /// Drops the oldest ones, but never the one that was just wanted.
    fn forget(&mut self) {
        let mut left = KEPT_OCTETS;
        let fits = |(_, view): &(Wanted, Arc<InflatedView>)| {
            let text =
                view.text.as_ref().map_or(0, |text| text.text.len() + text.pretty.as_ref().map_or(0, String::len));
            let size = view.inflated.plain.octets.len() + text;
            left = left.checked_sub(size)?;
            Some(())
        };
        let fit = self.kept.iter().map_while(fits).count();
        self.kept.truncate(fit.clamp(1, KEPT));
    }
}

impl Drop for Inflating {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The thread's side.
struct Desk {
    inbox: Receiver<Errand>,
    slot: Slot,
    current: Arc<AtomicU64>,
    wake: Box<dyn Fn() + Send>,
}

impl Desk {
    /// Fulfils the latest wish until the window is gone.
    fn run(self) {
        let mut inflation = Inflation::default();
        while let Ok(errand) = self.inbox.recv() {
            let errand = self.inbox.try_iter().last().unwrap_or(errand);
            let question = errand.question;
            self.answer(question, || self.fulfil(&mut inflation, errand));
        }
    }

    /// Gives the answer that `work` makes, whatever happens there: the window waits for it.
    fn answer(&self, question: u64, work: impl FnOnce() -> io::Result<Option<InflatedView>>) {
        let answer = match caught(work) {
            Ok(Ok(Some(view))) => Ok(Box::new(view)),
            // Nobody wants it any more.
            Ok(Ok(None)) => return,
            Ok(Err(error)) => Err(error.to_string()),
            Err(mistake) => Err(mistake),
        };
        self.put(question, Said::Done(answer));
    }

    fn fulfil(&self, inflation: &mut Inflation, errand: Errand) -> io::Result<Option<InflatedView>> {
        let Errand { question, wanted, snapshot, message } = errand;
        let mut said = Instant::now();
        let mut watch = |part: f32| {
            if said.elapsed() >= PAUSE {
                said = Instant::now();
                self.put(question, Said::Part(part));
            }
            self.current.load(Ordering::Relaxed) == question
        };
        InflatedView::load(inflation, &snapshot, &message, (wanted.from, wanted.limit), &mut watch)
    }

    fn put(&self, question: u64, said: Said) {
        *self.slot.lock().unwrap_or_else(PoisonError::into_inner) = Some((question, said));
        (self.wake)();
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::dissect::{Progress, Session};

    fn sample() -> (Snapshot, Vec<Message>) {
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/deflate.pcap");
        let mut session = Session::open(&sample).unwrap();
        while session.step(usize::MAX).unwrap() != Progress::End {}
        let snapshot = session.snapshot();
        let all = (0..snapshot.message_count()).filter_map(|id| snapshot.message(MessageId::from_index(id)));
        let compressed = all.filter(|message| message.compressed).collect();
        (snapshot, compressed)
    }

    fn wait(inflating: &mut Inflating, snapshot: &Snapshot, message: &Message, octets: Range<u64>) -> Told {
        let start = Instant::now();
        loop {
            let told = inflating.want(snapshot, 1, message, octets.clone());
            if told.state == Doing::Nothing && told.view.is_some() {
                return told;
            }
            assert!(start.elapsed() < Duration::from_secs(20), "{told:?}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn what_was_inflated_is_there_at_once_the_next_time() {
        let (snapshot, messages) = sample();
        let mut inflating = Inflating::start(|| {});
        for message in messages.iter().rev() {
            let told = wait(&mut inflating, &snapshot, message, 0..1);
            assert!(told.view.unwrap().inflated.is_complete());
        }
        let again = inflating.want(&snapshot, 2, &messages[1], 0..1);
        assert!(again.state == Doing::Nothing && again.view.unwrap().message.id == messages[1].id);
        assert_eq!(inflating.kept.len(), messages.len());
    }

    #[test]
    fn work_is_stopped_and_gone_on_with() {
        let (snapshot, messages) = sample();
        let mut inflating = Inflating::start(|| {});
        let message = messages.last().unwrap();
        let told = inflating.want(&snapshot, 1, message, 0..1);
        assert!(told.view.is_none() && matches!(told.state, Doing::Inflating(..)));
        inflating.stop();
        // It is either stopped or was done before that.
        let told = inflating.want(&snapshot, 1, message, 0..1);
        assert!(matches!(told.state, Doing::Stopped | Doing::Nothing));
        inflating.go_on();
        wait(&mut inflating, &snapshot, message, 0..1);
    }

    #[test]
    fn a_raised_limit_is_of_one_message() {
        let (snapshot, messages) = sample();
        let mut inflating = Inflating::start(|| {});
        let before = wait(&mut inflating, &snapshot, &messages[0], 0..1).view.unwrap();
        inflating.raise(messages[0].id);
        let told = inflating.want(&snapshot, 1, &messages[0], 0..1);
        // What is known already shows until more is.
        assert!(told.view.is_some());
        let after = wait(&mut inflating, &snapshot, &messages[0], 0..1).view.unwrap();
        assert_eq!(after.limit, before.limit * RAISE);
        assert_eq!(wait(&mut inflating, &snapshot, &messages[1], 0..1).view.unwrap().limit, before.limit);
    }

    #[test]
    fn a_mistake_in_the_thread_is_told_and_it_lives_on() {
        let (snapshot, messages) = sample();
        let (mut inflating, desk) = Inflating::with_desk(|| {});
        assert!(matches!(inflating.want(&snapshot, 1, &messages[0], 0..1).state, Doing::Inflating(..)));
        desk.answer(inflating.question, || panic!("as it should"));
        let told = inflating.want(&snapshot, 1, &messages[0], 0..1);
        assert!(matches!(told.state, Doing::Failed(why) if why.contains("made a mistake")));
        assert!(!inflating.is_busy());
        // Another message is another question.
        assert!(matches!(inflating.want(&snapshot, 1, &messages[1], 0..1).state, Doing::Inflating(..)));
        let errand = desk.inbox.try_iter().last().unwrap();
        desk.answer(errand.question, || desk.fulfil(&mut Inflation::default(), errand));
        assert_eq!(inflating.want(&snapshot, 1, &messages[1], 0..1).state, Doing::Nothing);
    }
}
