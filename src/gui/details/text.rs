//! Reads payloads as text in the background, so that painting never waits for one.

use std::io;
use std::time::{Duration, Instant};

use super::loaded::{LoadKey, Loaded};
use crate::background::{Desk, Errand, Errands, Mistake};
use crate::dissect::{MessageReader, Snapshot};
use crate::gui::MISTAKE;
use crate::query::RowId;
use crate::view::{FrameView, PayloadText, TreeRow, field_tree, message_payload, payload_text};

/// Payload octets that are read, of a frame or a message.
const MAX_OCTETS: u64 = 4 << 20;
/// Frames of a message whose payloads are read.
const MAX_FRAMES: u32 = 4096;
/// A new text is waited for so long: most are there by then, and nothing flickers.
const PATIENCE: Duration = Duration::from_millis(4);

/// A payload as text, and the parts of a Close body.
pub(super) type PayloadParts = (PayloadText, Vec<TreeRow>);

/// The text of what is selected: a frame's payload, or a whole message's. Dropping it ends the work.
pub(super) struct PayloadReading {
    desk: Desk<Errands<io::Result<PayloadParts>>>,
    asked: Option<(LoadKey, Instant)>,
    read: Option<Loaded<PayloadParts>>,
}

impl PayloadReading {
    /// Reads nothing yet; `wake` is called whenever there is something new to take.
    pub fn start(wake: impl Fn() + Send + 'static) -> PayloadReading {
        PayloadReading::on(Desk::start("payload", Errands::default(), wake))
    }

    fn on(desk: Desk<Errands<io::Result<PayloadParts>>>) -> PayloadReading {
        PayloadReading { desk, asked: None, read: None }
    }

    /// Asks for the payload of `key`'s row, whose frame is `view`, and returns it where it is known. Of one that grows
    /// that may be as it was a moment ago. Ask again in every pass.
    pub fn want(&mut self, snapshot: &Snapshot, key: LoadKey, view: &FrameView) -> Option<&io::Result<PayloadParts>> {
        let frame = key.frame.filter(|_| !matches!(key.row, RowId::Message(_)));
        let key = LoadKey { frame, octets: MAX_OCTETS, ..key };
        self.take(Duration::ZERO);
        let is_known = self.read.as_ref().is_some_and(|read| read.fits(key));
        // What grows while it is read is read to its end first, or that would never be.
        if !is_known && !self.asked.is_some_and(|(asked, _)| asked.is_about(key)) {
            self.asked = Some((key, Instant::now()));
            self.desk.ask(errand(snapshot.clone(), key, view));
            self.take(PATIENCE);
        }
        self.read.as_ref().filter(|read| read.key.is_about(key)).map(|read| &read.value)
    }

    /// Returns whether something is being read.
    pub fn is_busy(&self) -> bool {
        self.desk.is_busy()
    }

    /// Returns for how long something is wanted that is not there.
    pub fn busy_for(&self) -> Option<Duration> {
        self.asked.map(|(_, since)| since.elapsed())
    }

    fn take(&mut self, patience: Duration) {
        if let Some((key, _)) = self.asked
            && let Some(answer) = self.desk.take_within(patience)
        {
            let value = answer.unwrap_or_else(|Mistake| Err(io::Error::other(MISTAKE)));
            (self.asked, self.read) = (None, Some(Loaded { key, value }));
        }
    }
}

/// Returns the work of reading a payload, which needs nothing of the window.
fn errand(snapshot: Snapshot, key: LoadKey, view: &FrameView) -> Errand<io::Result<PayloadParts>> {
    if let RowId::Message(id) = key.row {
        return Box::new(move || {
            let Some(message) = snapshot.message(id) else { return Ok(Default::default()) };
            let plain = message_payload(&snapshot, &snapshot.start_of(&message, MAX_FRAMES), MAX_OCTETS)?;
            Ok((payload_text(&plain, message.opcode, false).with_indented(), Vec::new()))
        });
    }
    let (opcode, compressed) = (view.data_opcode, view.compressed);
    let close = field_tree(view).into_iter().filter(|row| row.depth > 0).collect();
    Box::new(move || {
        let Some(frame) = key.frame.and_then(|id| snapshot.frame(id)) else { return Ok(Default::default()) };
        let plain = MessageReader::default().frame_octets(&snapshot, frame, 0..MAX_OCTETS)?;
        Ok((payload_text(&plain, opcode, compressed).with_indented(), close))
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::base::MessageId;
    use crate::dissect::{Progress, Session};

    const LONG: Duration = Duration::from_secs(20);

    fn sample() -> Snapshot {
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/fragments-ping.pcap");
        let mut session = Session::open(&sample).unwrap();
        while session.step(usize::MAX).unwrap() != Progress::End {}
        session.snapshot()
    }

    /// The key and the first frame of a message.
    fn message(snapshot: &Snapshot, id: MessageId) -> (LoadKey, FrameView) {
        let frame = snapshot.message(id).unwrap().first;
        let view = FrameView::load(snapshot, frame, 64).unwrap().unwrap();
        let row = RowId::Message(id);
        (LoadKey { row, frame: Some(frame), version: 1, settled: false, octets: 64 }, view)
    }

    #[test]
    fn a_thread_and_ticks_read_the_same() {
        let snapshot = sample();
        let ticks = PayloadReading::on(Desk::by_ticks(Errands::default(), || {}));
        let [by_thread, by_ticks] = [PayloadReading::start(|| {}), ticks].map(|mut reading| {
            let texts = (0..snapshot.message_count()).map(|id| {
                let (key, view) = message(&snapshot, MessageId::from_index(id));
                let start = Instant::now();
                loop {
                    if let Some(read) = reading.want(&snapshot, key, &view) {
                        return read.as_ref().unwrap().0.clone();
                    }
                    assert!(start.elapsed() < LONG, "the payload is not read");
                }
            });
            texts.collect::<Vec<_>>()
        });
        assert!(by_thread.iter().filter(|text| !text.text.is_empty()).count() > 1);
        assert_eq!(by_thread, by_ticks);
    }

    /// A text that is read again because more of it came shows meanwhile, and is not asked for anew in every pass.
    #[test]
    fn a_text_that_grows_shows_as_it_was() {
        let snapshot = sample();
        let (key, view) = message(&snapshot, MessageId::from_index(0));
        let mut reading = PayloadReading::start(|| {});
        let start = Instant::now();
        while reading.want(&snapshot, key, &view).is_none() {
            assert!(start.elapsed() < LONG, "the payload is not read");
        }
        for version in 2..50 {
            assert!(reading.want(&snapshot, LoadKey { version, ..key }, &view).is_some());
        }
        let (other, view) = message(&snapshot, MessageId::from_index(1));
        let is_other = reading.want(&snapshot, other, &view).is_some();
        assert!(is_other == reading.busy_for().is_none(), "nothing shows of another row");
    }
}
