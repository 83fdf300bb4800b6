//! Inflates what the window shows of a compressed message, so that painting never waits for it.
//!
//! ```text
//!   window ── want(message, octets) ──▸ kept already: there it is
//!                                   └─▸ desk: InflatedView::load … ──▸ how far it is, or what was wanted
//! ```
//!
//! Inflated octets are kept, up to a bound. Another message ends the work for the one before; what was done until then
//! need not be done again.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::background::{Desk, Mistake, Next, Turn, Work};
use crate::base::MessageId;
use crate::dissect::{InflatedRoom, Inflation, Message, Snapshot};
use crate::gui::inflated_views::{InflatedViews, InflatedWindow};
use crate::view::{INFLATED_WINDOW, InflatedView};

/// A wish raises the limit of a message to so many times as much.
const RAISE: u64 = 16;

/// The answer to what was asked for, as far as there is one.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// The message with the octets that are wanted; or, until they are there, as it was known before.
    pub view: Option<Arc<InflatedView>>,
    /// The work that is being done for it.
    pub state: Doing,
}

/// The work that is being done for what was asked for.
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

/// The window that was asked for last.
struct Asked {
    window: InflatedWindow,
    /// The room of the capture it is read from.
    room: InflatedRoom,
    since: Instant,
    end: Option<InflatingEnd>,
}

enum InflatingEnd {
    Done,
    Stopped,
    Failed(String),
}

/// The window's side of the inflating. Dropping it ends the work.
pub struct Inflating {
    desk: Desk<InflateWork>,
    asked: Option<Asked>,
    kept: InflatedViews,
    /// A message whose limit was raised, and to how much.
    raised: Option<(MessageId, u64)>,
}

impl Inflating {
    /// Inflates nothing yet; `wake` is called whenever there is something new to take.
    pub fn start(wake: impl Fn() + Send + 'static) -> Inflating {
        Inflating::on(Desk::start("inflating", InflateWork::default(), wake))
    }

    fn on(desk: Desk<InflateWork>) -> Inflating {
        Inflating { desk, asked: None, kept: InflatedViews::default(), raised: None }
    }

    /// Asks for octets of a compressed message; `version` is that of the snapshot. Ask again in every pass: what is not asked
    /// for any more is still inflated to its end, until something else is.
    pub fn want(&mut self, snapshot: &Snapshot, version: u64, message: &Message, octets: Range<u64>) -> Told {
        self.take();
        let limit = self.limit(snapshot, message.id);
        let version = (!message.ended).then_some(version);
        let is_same = |window: &InflatedWindow| window.message == message.id && window.limit == limit;
        let known = self.kept.find(|window, view| is_same(window) && window.version == version && view.holds(&octets));
        if known.is_some() {
            return Told { view: known, state: Doing::Nothing };
        }
        // Scrolling goes on from here, in either direction.
        let from = (octets.start.saturating_sub(INFLATED_WINDOW / 4)) & !0xf;
        let is_asked = self.asked.as_ref().is_some_and(|asked| {
            // What grows while it is inflated is inflated to its end first, or that would never be.
            let is_done = matches!(asked.end, Some(InflatingEnd::Done));
            is_same(&asked.window) && asked.window.from == from && (!is_done || asked.window.version == version)
        });
        if !is_asked {
            self.ask(InflatedWindow { message: message.id, from, limit, version }, snapshot, message);
        }
        let state = match &self.asked {
            Some(Asked { end: None, since, .. }) => Doing::Inflating(self.desk.progress(), since.elapsed()),
            Some(Asked { end: Some(InflatingEnd::Stopped), .. }) => Doing::Stopped,
            Some(Asked { end: Some(InflatingEnd::Failed(why)), .. }) => Doing::Failed(why.clone()),
            Some(Asked { end: Some(InflatingEnd::Done), .. }) | None => Doing::Nothing,
        };
        Told { view: self.kept.of_message(message.id), state }
    }

    fn ask(&mut self, window: InflatedWindow, snapshot: &Snapshot, message: &Message) {
        self.desk.ask(Question { window, snapshot: snapshot.clone(), message: *message });
        let room = snapshot.inflated_room().clone();
        self.asked = Some(Asked { window, room, since: Instant::now(), end: None });
    }

    /// Ends what is being done.
    pub fn stop(&mut self) {
        self.desk.cancel();
        if let Some(asked) = self.asked.as_mut().filter(|asked| asked.end.is_none()) {
            asked.end = Some(InflatingEnd::Stopped);
        }
    }

    /// Does again what was ended.
    pub fn go_on(&mut self) {
        self.asked = None;
    }

    /// Inflates a message further than others.
    pub fn raise(&mut self, snapshot: &Snapshot, message: MessageId) {
        let limit = self.limit(snapshot, message);
        self.raised = Some((message, limit.saturating_mul(RAISE)));
    }

    /// Returns the number of octets that a message may inflate to.
    fn limit(&self, snapshot: &Snapshot, message: MessageId) -> u64 {
        let raised = self.raised.filter(|(id, _)| *id == message);
        raised.map_or_else(|| snapshot.inflate_limit().0, |(_, limit)| limit)
    }

    /// Returns whether something is being inflated.
    pub fn is_busy(&self) -> bool {
        self.asked.as_ref().is_some_and(|asked| asked.end.is_none())
    }

    fn take(&mut self) {
        let Some(answer) = self.desk.take() else { return };
        let Some(asked) = &mut self.asked else { return };
        match answer.unwrap_or_else(|Mistake| Err(super::MISTAKE.to_owned())) {
            Ok(view) => {
                asked.end = Some(InflatingEnd::Done);
                self.kept.put(asked.window, Arc::from(view), &asked.room);
            }
            Err(why) => asked.end = Some(InflatingEnd::Failed(why)),
        }
    }
}

struct Question {
    window: InflatedWindow,
    snapshot: Snapshot,
    message: Message,
}

/// Inflates the window that was asked for last.
#[derive(Default)]
struct InflateWork {
    inflation: Inflation,
    question: Option<Question>,
}

impl Work for InflateWork {
    type Question = Question;
    type Answer = Result<Box<InflatedView>, String>;

    fn take(&mut self, question: Question) {
        self.question = Some(question);
    }

    fn step(&mut self, turn: &mut Turn<'_, Self::Answer>) -> Next {
        let Some(Question { window, snapshot, message }) = self.question.take() else { return Next::WhenAsked };
        // A mistake of ours leaves an empty one behind.
        let mut inflation = std::mem::take(&mut self.inflation);
        let mut watch = |part: f32| {
            turn.progress(part);
            !turn.is_over()
        };
        let view = InflatedView::load(&mut inflation, &snapshot, &message, (window.from, window.limit), &mut watch);
        self.inflation = inflation;
        match view {
            Ok(Some(view)) => turn.say(Ok(Box::new(view))),
            // Nobody wants it any more.
            Ok(None) => {}
            Err(error) => turn.say(Err(error.to_string())),
        }
        Next::WhenAsked
    }

    fn cancel(&mut self) {
        self.question = None;
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
        inflating.raise(&snapshot, messages[0].id);
        let told = inflating.want(&snapshot, 1, &messages[0], 0..1);
        // What is known already shows until more is.
        assert!(told.view.is_some());
        let after = wait(&mut inflating, &snapshot, &messages[0], 0..1).view.unwrap();
        assert_eq!(after.limit, before.limit * RAISE);
        assert_eq!(wait(&mut inflating, &snapshot, &messages[1], 0..1).view.unwrap().limit, before.limit);
    }

    #[test]
    fn a_thread_and_ticks_inflate_the_same() {
        let (snapshot, messages) = sample();
        let ticks = Inflating::on(Desk::by_ticks(InflateWork::default(), || {}));
        let [by_thread, by_ticks] = [Inflating::start(|| {}), ticks].map(|mut inflating| {
            let views = messages.iter().map(|message| wait(&mut inflating, &snapshot, message, 0..1).view.unwrap());
            views.map(|view| view.inflated.plain.octets.clone()).collect::<Vec<_>>()
        });
        assert_eq!(by_thread, by_ticks);
    }
}
