//! The thread that fills the spool of a pipe, and what goes wrong on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};

use super::worker::in_background;
use crate::capture::{Filler, Source};

/// A spool being filled. Dropping it ends that.
pub(super) struct Filling {
    source: Arc<Source>,
    stop: Arc<AtomicBool>,
    troubles: Receiver<String>,
    /// What went wrong. It is kept: every reading of the capture ends with it.
    trouble: Option<String>,
}

impl Filling {
    /// Pumps the spool until its input ends. It may wait inside a read of a silent pipe longer than this lives; it then
    /// ends with the next octets or with the program.
    pub fn start(mut filler: Filler, source: Arc<Source>) -> Filling {
        let (trouble, troubles) = mpsc::channel();
        let stop = Arc::<AtomicBool>::default();
        let stopped = stop.clone();
        in_background("spool", move || {
            while !stopped.load(Ordering::Relaxed) {
                match filler.pump() {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(error) => {
                        // The filler has told the source too, so the reader stops there either way.
                        let _ = trouble.send(error.to_string());
                        break;
                    }
                }
            }
        });
        Filling { source, stop, troubles, trouble: None }
    }

    /// Takes no more from the input.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// What went wrong, if anything did until now.
    pub fn trouble(&mut self) -> Option<String> {
        if self.trouble.is_none() {
            // A complete spool's thread has nothing left to do but to say why.
            self.trouble = match self.source.is_complete() {
                true => self.troubles.recv().ok(),
                false => self.troubles.try_recv().ok(),
            };
        }
        self.trouble.clone()
    }
}

impl Drop for Filling {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::time::{Duration, Instant};

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use crate::dissect::Decisions;
    use crate::gui::worker::{Input, Phase, Worker};

    #[test]
    fn damage_is_told_by_every_reading() {
        let sample = include_bytes!("../../samples/chat-unicode.pcapng");
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(sample).unwrap();
        let mut octets = gzip.finish().unwrap();
        octets.truncate(octets.len() - 9);
        let mut file = tempfile::Builder::new().suffix(".pcapng.gz").tempfile().unwrap();
        file.write_all(&octets).unwrap();
        let worker = Worker::start(Input::File(file.path().to_owned()), Decisions::default(), || {});
        for reading in 0..3 {
            let start = Instant::now();
            let update = loop {
                if let Some(update) = worker.take().filter(|update| !update.state.is_active()) {
                    break update;
                }
                assert!(start.elapsed() < Duration::from_secs(20), "the worker does not end");
                std::thread::sleep(Duration::from_millis(2));
            };
            assert_eq!((update.reading, update.state.phase), (reading, Phase::Finished));
            let damage = update.state.damage.unwrap().to_string();
            assert!(damage.contains("the gzip stream ends too early"), "{damage}");
            worker.read_again(reading + 1, Decisions::default());
        }
    }
}
