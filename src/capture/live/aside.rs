//! Sniffing on a thread beside the one that shows: a slow terminal must not make the kernel drop packets.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use super::super::source::Source;
use super::card::SniffOptions;
use super::error::LiveError;
use super::limits::Limits;
use super::report::{Ended, Statistics};
use super::run::open_and_forgo;
use super::sink::Sink;
use super::sniff::{StopSignal, sniff};

/// Sniffing at work. Dropping it asks for its end.
#[derive(Debug)]
pub struct Aside {
    source: Arc<Source>,
    stop: StopSignal,
    news: Receiver<()>,
    thread: JoinHandle<(Ended, Statistics)>,
}

impl Aside {
    /// Opens the card, gives all rights away and starts. To be called while there is one thread.
    ///
    /// # Errors
    /// [`LiveError`]
    pub fn start(wanted: &SniffOptions, limits: Limits, stop: StopSignal) -> Result<Aside, LiveError> {
        let spool = || Sink::spool(&wanted.interface).map_err(LiveError::System);
        let (mut card, source, sink) = open_and_forgo(wanted, spool)?;
        let (teller, news) = sync_channel(1);
        let shared = stop.share();
        let job = move || {
            let mut last = 0;
            sniff(&mut card, sink, &limits, &shared, |statistics| {
                if statistics.packets != std::mem::replace(&mut last, statistics.packets) {
                    // One that was not heard yet says the same.
                    _ = teller.try_send(());
                }
            })
        };
        let thread = Builder::new().name("sniff".to_owned()).spawn(job).map_err(LiveError::System)?;
        Ok(Aside { source, stop, news, thread })
    }

    /// The capture, which grows.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// Waits until there may be more packets, or until there will be none.
    pub fn wait(&self) {
        if self.news.recv_timeout(Duration::from_millis(200)) == Err(RecvTimeoutError::Disconnected) {
            // The thread has ended, or is about to: the source is complete in a moment.
            std::thread::yield_now();
        }
    }

    /// Ends it, and says why it ended and what was counted.
    pub fn finish(self) -> (Ended, Statistics) {
        self.stop.ask();
        let nothing = (Ended::Interface("the thread that sniffed broke down".to_owned()), Statistics::default());
        self.thread.join().unwrap_or(nothing)
    }
}
