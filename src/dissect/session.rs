//! A capture being read: source, reader and dissector together.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::{Decisions, Dissector, InflateLimit, InflatePool, KeptMessages, Others, Snapshot};
use crate::base::AtHand;
use crate::capture::{self, Damage, Filler, OpenError, ReadError, Reader, Source, Step};
use crate::dissect::index::MAX_ROWS;
use crate::net::Flow;

/// The point that a step has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// There is more to read at once.
    More,
    /// Everything that is there was read, and the source still grows.
    Pending,
    /// Everything was read.
    End,
}

/// The user's options for reading a capture.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// The user's word on TCP connections.
    pub decisions: Decisions,
    /// The bound on the length that a compressed message inflates to.
    pub inflate_limit: InflateLimit,
}

/// Reads one capture. It does nothing by itself: whoever owns it calls `step`.
pub struct Session {
    reader: Reader,
    filler: Option<Filler>,
    dissector: Dissector,
    /// With so many rows of anything it reads no further.
    most_rows: usize,
    finished: bool,
    judges_at_once: bool,
}

impl Session {
    /// Opens a capture file: pcap or pcapng, plain, gzip or zstd.
    ///
    /// # Errors
    /// Fails by saying what is wrong with the file, and what to do.
    pub fn open(path: &Path) -> Result<Session, OpenError> {
        let (source, filler) = capture::open(path)?;
        Ok(Session::new(source, filler))
    }

    /// Reads a capture from a pipe, which is spooled to a temporary file. `name` is what people see.
    ///
    /// # Errors
    /// When there can be no temporary file.
    pub fn open_stream(input: Box<dyn Read + Send>, name: &str) -> Result<Session, OpenError> {
        let (source, filler) = capture::open_stream(input, name)?;
        Ok(Session::new(source, Some(filler)))
    }

    /// Reads `source`, which `filler` fills.
    pub fn new(source: Arc<Source>, filler: Option<Filler>) -> Session {
        let dissector = Dissector::new(source.clone());
        Session {
            reader: Reader::new(source),
            filler,
            dissector,
            most_rows: MAX_ROWS,
            finished: false,
            judges_at_once: false,
        }
    }

    /// Returns the session with the user's options: to be said before the first `step`.
    pub fn with_options(self, options: ReadOptions) -> Session {
        let ReadOptions { decisions, inflate_limit } = options;
        let dissector = self.dissector.with_decisions(decisions).with_inflate_limit(inflate_limit);
        Session { dissector, ..self }
    }

    /// Reads at most about `most` rows of anything instead of [`MAX_ROWS`].
    pub fn with_most_rows(self, most: usize) -> Session {
        Session { most_rows: most, ..self }
    }

    /// The TCP connections that are not read as WebSockets, at most `most` of them: those with the most octets.
    pub fn others(&self, most: usize) -> Others {
        self.dissector.others(most)
    }

    /// Decisions about ends that no TCP connection has had so far.
    pub fn idle_decisions(&self) -> Vec<Flow> {
        self.dissector.idle_decisions()
    }

    /// Returns what is read, so that it can be read again.
    pub fn source(&self) -> &Arc<Source> {
        self.reader.source()
    }

    /// Lets every `step` look at payloads too: those of all frames it finds, while their octets are in memory anyway. What a
    /// snapshot knows is judged.
    pub fn judge_at_once(&mut self) {
        self.judges_at_once = true;
        self.dissector.judge_at_once();
    }

    /// Lets `pool` inflate what is compressed, instead of whoever calls `step` or `judge` alone.
    pub fn set_inflate_pool(&mut self, pool: Box<dyn InflatePool>) {
        self.dissector.set_inflate_pool(pool);
    }

    /// Reads up to `packets` packets of what is there, without waiting for anything.
    ///
    /// # Errors
    /// When the capture cannot be read, or turns out to be none.
    pub fn step(&mut self, packets: usize) -> Result<Progress, ReadError> {
        let progress = self.read(packets)?;
        if self.judges_at_once {
            self.dissector.gather_payloads(self.reader.at_hand());
        }
        self.tell_losses();
        Ok(progress)
    }

    /// Ends reading where a part of what was found is lost: that is an error of ours, which nobody should miss.
    fn tell_losses(&mut self) {
        if self.dissector.lost_jobs() > 0 && self.reader.damage().is_none() {
            let what = "a thread that inflates messages has died; some that were found before are not judged";
            self.reader.stop(what.to_owned());
        }
    }

    fn read(&mut self, packets: usize) -> Result<Progress, ReadError> {
        let mut left = packets;
        while left > 0 {
            if self.dissector.rows() >= self.most_rows && self.reader.damage().is_none() {
                self.reader.stop(format!(
                    "there is no room for more than {} frames, findings or TCP connections; cut the capture into parts to \
                     see the rest",
                    self.most_rows
                ));
            }
            let taken = push_at_hand(&mut self.reader, &mut self.dissector, left);
            left -= taken;
            if taken > 0 {
                continue;
            }
            // The last moment at which the octets of what was found need not be read again.
            let last_look = |at_hand: AtHand<'_>| {
                if self.judges_at_once {
                    self.dissector.gather_payloads(at_hand);
                }
            };
            match self.reader.next_after(last_look)? {
                Step::Packet(packet, octets) => {
                    self.dissector.push(&packet, octets);
                    left -= 1;
                }
                Step::Pending => {
                    self.dissector.idle();
                    return Ok(Progress::Pending);
                }
                Step::End => {
                    if !std::mem::replace(&mut self.finished, true) {
                        self.dissector.finish();
                    }
                    return Ok(Progress::End);
                }
            }
        }
        Ok(Progress::More)
    }

    /// Judges payloads of what was found so far, about `budget` octets of them; returns whether some are left. For whoever
    /// does not judge at once: it can be called at any time, and never delays a `step`.
    pub fn judge(&mut self, budget: u64) -> bool {
        let is_left = self.dissector.judge_payloads(self.reader.at_hand(), budget);
        self.tell_losses();
        is_left
    }

    /// Lets `step` judge text that lies in one piece, as it comes, and leaves everything else to [`judge`](Session::judge),
    /// which keeps what it inflates.
    pub fn judge_later(&mut self, kept: KeptMessages) {
        self.dissector.judge_at_once();
        self.dissector.keep_messages(kept);
    }

    /// Returns a store for the first `most` octets of each message that is inflated, in the room of this capture.
    pub fn kept_messages(&self, most: u64) -> KeptMessages {
        KeptMessages::new(most, self.dissector.inflated_room())
    }

    /// Returns how many messages, from the first on, are judged to their end: nothing more is found about their payloads.
    pub fn judged_messages(&self) -> usize {
        self.dissector.judged_messages()
    }

    /// Returns how far judging has come, to be compared with [`Session::position`]: octets.
    pub fn judged(&self) -> u64 {
        self.dissector.payloads_position()
    }

    /// Moves what the input has into the source: to be called when `step` says [`Progress::Pending`]. Waits where the
    /// input has nothing.
    ///
    /// # Errors
    /// Fails with the operating system's error.
    pub fn pump(&mut self) -> std::io::Result<()> {
        match &mut self.filler {
            Some(filler) => filler.pump().map(drop),
            None => Ok(()),
        }
    }

    /// Takes the filler out, for a thread of its own.
    pub fn take_filler(&mut self) -> Option<Filler> {
        self.filler.take()
    }

    /// Everything known so far.
    pub fn snapshot(&mut self) -> Snapshot {
        if self.judges_at_once {
            self.judge(u64::MAX);
        }
        self.dissector.snapshot(self.reader.layout())
    }

    /// Returns where and why reading stopped before the end, if it did.
    pub fn damage(&self) -> Option<&Damage> {
        self.reader.damage()
    }

    /// Returns what became of the packets below TCP.
    pub fn net_stats(&self) -> &crate::net::NetStats {
        self.dissector.net_stats()
    }

    /// Octets read of the capture, and octets there are of it so far.
    pub fn position(&self) -> (u64, u64) {
        (self.reader.position(), self.reader.source().len())
    }

    /// Returns what the capture is called.
    pub fn name(&self) -> &str {
        self.reader.source().name()
    }
}

/// Gives the dissector the packets that are at hand, up to `most` of them; how many there were. By itself, so that nothing else
/// takes up the processor's registers.
#[inline(never)]
fn push_at_hand(reader: &mut Reader, dissector: &mut Dissector, most: usize) -> usize {
    let (packets, at_hand) = reader.packets_at_hand();
    dissector.push_run(at_hand, |run| packets.take(most, |packet, octets| run.push(packet, octets)))
}
