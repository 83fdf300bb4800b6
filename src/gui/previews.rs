//! The thread that inflates how messages in sight begin, so that the list shows text where compressed octets would be noise.
//!
//! Only messages that were inflated in the background are asked for: those are near a checkpoint. Who scrolls on ends the
//! work for what is out of sight.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};

use super::worker::{caught, in_background};
use crate::base::MessageId;
use crate::dissect::{Inflation, Message, Snapshot};
use crate::view::{Preview, inflated_preview};

/// Previews that are kept.
const KEPT: usize = 4096;
/// What is shown where the system had no thread left.
const NO_THREAD: &str = "cannot be inflated: there is no thread left for it";

struct Errand {
    question: u64,
    snapshot: Snapshot,
    messages: Vec<Message>,
}

/// What was inflated since the window took it last.
type Slot = Arc<Mutex<Vec<(MessageId, Preview)>>>;

/// The window's side. Dropping it ends the work.
pub struct Previews {
    errands: Sender<Errand>,
    slot: Slot,
    /// The question whose answer is still wanted.
    current: Arc<AtomicU64>,
    question: u64,
    /// What was asked for last and is not there yet.
    asked: Vec<MessageId>,
    known: HashMap<MessageId, Preview>,
}

impl Previews {
    /// Starts the thread; `wake` is called whenever there is something new to take.
    pub fn start(wake: impl Fn() + Send + 'static) -> Previews {
        let (previews, desk) = Previews::with_desk(wake);
        in_background("previews", move || desk.run());
        previews
    }

    fn with_desk(wake: impl Fn() + Send + 'static) -> (Previews, Desk) {
        let (errands, inbox) = mpsc::channel();
        let (slot, current) = (Slot::default(), Arc::<AtomicU64>::default());
        let desk = Desk { inbox, slot: slot.clone(), current: current.clone(), wake: Box::new(wake) };
        (Previews { errands, slot, current, question: 0, asked: Vec::new(), known: HashMap::new() }, desk)
    }

    /// How a message begins, where that is known.
    pub fn of(&self, message: MessageId) -> Option<&Preview> {
        self.known.get(&message)
    }

    /// Takes what is new, and returns whether anything is.
    pub fn take(&mut self) -> bool {
        let new = std::mem::take(&mut *self.slot.lock().unwrap_or_else(PoisonError::into_inner));
        if self.known.len() > KEPT {
            self.known.clear();
        }
        let is_new = !new.is_empty();
        for (message, preview) in new {
            self.asked.retain(|asked| *asked != message);
            self.known.insert(message, preview);
        }
        is_new
    }

    /// Asks for those of `messages`, which are in sight, that are not known. They must be compressed.
    pub fn want(&mut self, snapshot: &Snapshot, mut messages: Vec<Message>) {
        let is_inflated = |message: &Message| message.ended && snapshot.plain_len(message.id).is_some();
        messages.retain(|message| is_inflated(message) && !self.known.contains_key(&message.id));
        // In the order of the capture each goes on from where the one before ended.
        messages.sort_unstable_by_key(|message| message.id);
        if messages.iter().all(|message| self.asked.contains(&message.id)) {
            return;
        }
        self.asked = messages.iter().map(|message| message.id).collect();
        self.question += 1;
        self.current.store(self.question, Ordering::Relaxed);
        let errand = Errand { question: self.question, snapshot: snapshot.clone(), messages };
        if self.errands.send(errand).is_err() {
            let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
            slot.extend(self.asked.iter().map(|message| (*message, Preview::words(NO_THREAD.to_owned()))));
        }
    }

    /// Whether something is being inflated.
    pub fn is_busy(&self) -> bool {
        !self.asked.is_empty()
    }
}

impl Drop for Previews {
    fn drop(&mut self) {
        self.current.store(0, Ordering::Relaxed);
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
    fn run(self) {
        let mut inflation = Inflation::default();
        while let Ok(errand) = self.inbox.recv() {
            let errand = self.inbox.try_iter().last().unwrap_or(errand);
            self.fulfil(&mut inflation, &errand);
        }
    }

    fn fulfil(&self, inflation: &mut Inflation, errand: &Errand) {
        let is_wanted = || self.current.load(Ordering::Relaxed) == errand.question;
        for message in &errand.messages {
            let work = || inflated_preview(inflation, &errand.snapshot, message, &mut |_| is_wanted());
            let Some(preview) = told(work) else { return };
            self.slot.lock().unwrap_or_else(PoisonError::into_inner).push((message.id, preview));
            (self.wake)();
        }
    }
}

/// How a message begins, or why that is not known, whatever happens in `work`: the window waits for it. `None` where nobody
/// wants it any more.
fn told(work: impl FnOnce() -> io::Result<Option<Preview>>) -> Option<Preview> {
    match caught(work) {
        Ok(Ok(preview)) => preview,
        Ok(Err(error)) => Some(Preview::words(format!("cannot be read: {error}"))),
        Err(mistake) => Some(Preview::words(format!("cannot be inflated: {mistake}"))),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::dissect::{Progress, Session};

    #[test]
    fn a_mistake_is_told() {
        assert_eq!(
            told(|| panic!("as it should")).unwrap().text,
            "cannot be inflated: Framescope made a mistake there; please report it"
        );
        assert_eq!(told(|| Ok(None)), None);
    }

    #[test]
    fn without_a_thread_nothing_is_waited_for() {
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/deflate.pcap");
        let mut session = Session::open(&sample).unwrap();
        while session.step(usize::MAX).unwrap() != Progress::End || session.judge(u64::MAX) {}
        let snapshot = session.snapshot();
        let all = (0..snapshot.message_count()).filter_map(|id| snapshot.message(MessageId::from_index(id)));
        let message = { all }.find(|message| message.compressed).unwrap();
        let (mut previews, desk) = Previews::with_desk(|| {});
        drop(desk);
        previews.want(&snapshot, vec![message]);
        assert!(previews.is_busy());
        assert!(previews.take() && !previews.is_busy());
        assert_eq!(previews.of(message.id).map(|preview| preview.text.as_str()), Some(NO_THREAD));
    }
}
