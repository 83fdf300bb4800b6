//! Inflates how messages in sight begin, so that the list shows text where compressed octets would be noise.
//!
//! Only messages that were inflated in the background are asked for: those are near a checkpoint. To scroll on ends the work
//! for what is out of sight.

use std::collections::HashMap;

use crate::background::{Desk, Mistake, Next, Turn, Work};
use crate::base::MessageId;
use crate::dissect::{Inflation, Message, Snapshot};
use crate::view::{Preview, inflated_preview};

/// Previews that are kept.
const KEPT: usize = 4096;

/// The window's side of the previews. Dropping it ends the work.
pub struct Previews {
    desk: Desk<PreviewWork>,
    /// Messages that were asked for last and are not there yet.
    asked: Vec<MessageId>,
    known: HashMap<MessageId, Preview>,
}

impl Previews {
    /// Knows nothing yet; `wake` is called whenever there is something new to take.
    pub fn start(wake: impl Fn() + Send + 'static) -> Previews {
        Previews {
            desk: Desk::start("previews", PreviewWork::default(), wake),
            asked: Vec::new(),
            known: HashMap::new(),
        }
    }

    /// The beginning of a message, where it is known.
    pub fn of(&self, message: MessageId) -> Option<&Preview> {
        self.known.get(&message)
    }

    /// Takes what is new, and returns whether anything is.
    pub fn take(&mut self) -> bool {
        let new = match self.desk.take() {
            Some(Ok(new)) => new,
            Some(Err(Mistake)) => {
                let told = Preview::words(format!("cannot be inflated: {}", super::MISTAKE));
                std::mem::take(&mut self.asked).into_iter().map(|message| (message, told.clone())).collect()
            }
            None => return false,
        };
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
        self.desk.ask((snapshot.clone(), messages.into_iter()));
    }

    /// Returns whether something is being inflated.
    pub fn is_busy(&self) -> bool {
        !self.asked.is_empty()
    }
}

/// Messages whose beginnings are wanted, in the order of the capture.
type Question = (Snapshot, std::vec::IntoIter<Message>);

#[derive(Default)]
struct PreviewWork {
    inflation: Inflation,
    question: Option<Question>,
}

impl Work for PreviewWork {
    type Question = Question;
    type Answer = Vec<(MessageId, Preview)>;

    fn take(&mut self, question: Question) {
        self.question = Some(question);
    }

    fn step(&mut self, turn: &mut Turn<'_, Self::Answer>) -> Next {
        let Some((snapshot, messages)) = &mut self.question else { return Next::WhenAsked };
        let Some(message) = messages.next() else { return Next::WhenAsked };
        // A mistake of ours leaves an empty one behind.
        let mut inflation = std::mem::take(&mut self.inflation);
        let preview = inflated_preview(&mut inflation, snapshot, &message, &mut |_| !turn.is_over());
        self.inflation = inflation;
        match preview {
            Ok(Some(preview)) => turn.say(vec![(message.id, preview)]),
            // Nobody wants it any more.
            Ok(None) => {}
            Err(error) => turn.say(vec![(message.id, Preview::unreadable(&error))]),
        }
        Next::Now
    }

    fn cancel(&mut self) {
        self.question = None;
    }

    fn join(mut older: Self::Answer, newer: Self::Answer) -> Self::Answer {
        older.extend(newer);
        older
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::dissect::{Progress, Session};

    fn sample() -> (Snapshot, Vec<Message>) {
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/deflate.pcap");
        let mut session = Session::open(&sample).unwrap();
        while session.step(usize::MAX).unwrap() != Progress::End || session.judge(u64::MAX) {}
        let snapshot = session.snapshot();
        let all = (0..snapshot.message_count()).filter_map(|id| snapshot.message(MessageId::from_index(id)));
        let compressed = all.filter(|message| message.compressed && message.ended).collect();
        (snapshot, compressed)
    }

    #[test]
    fn a_thread_and_ticks_say_the_same() {
        let (snapshot, messages) = sample();
        let ticks = Desk::by_ticks(PreviewWork::default(), || {});
        let ticks = Previews { desk: ticks, asked: Vec::new(), known: HashMap::new() };
        let [by_thread, by_ticks] = [Previews::start(|| {}), ticks].map(|mut previews| {
            let start = Instant::now();
            previews.want(&snapshot, messages.clone());
            while previews.is_busy() {
                previews.take();
                assert!(start.elapsed() < Duration::from_secs(20), "the previews do not come");
            }
            messages.iter().map(|message| previews.of(message.id).cloned()).collect::<Vec<_>>()
        });
        assert!(by_thread.iter().flatten().count() > 1);
        assert_eq!(by_thread, by_ticks);
    }
}
