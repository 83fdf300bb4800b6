//! The thread that reads and dissects the capture.
//!
//! ```text
//!   window ── Order (stop, again) ──▸ worker: Session::step … ──▸ slot ──▸ window: take()
//!                                  ▲ spool                 │
//!   pipe ──▸ Filling ──────────────┘                       └─ request_repaint
//! ```
//!
//! What needs payloads is judged where there is nothing to read, so that it never delays the rows. Where much is compressed
//! one more thread helps to inflate ([`InflateThreads`]).
//!
//! The slot holds the latest [`Update`]. As long as the window has not taken it, no new one is made: the reader asks
//! (DESIGN decision 8).

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::filling::Filling;
use crate::background::InflateThreads;
use crate::capture::{Damage, Source};
use crate::dissect::{Decisions, Others, Progress, Session, Snapshot};
use crate::net::NetStats;
use crate::view::Timeline;

/// Between two looks at the clock and at the orders so many packets are read …
const STEP: std::ops::RangeInclusive<usize> = 1..=512;
/// … that they take about so long: a packet holds a part of a frame, or thousands of frames.
const STEP_TIME: Duration = Duration::from_millis(1);
/// Payload octets that are judged between two looks.
const JUDGE: u64 = 1 << 18;
/// The first snapshot comes after so long …
const FIRST_PAUSE: Duration = Duration::from_millis(10);
/// … and later ones so far apart, …
const PAUSE: Duration = Duration::from_millis(100);
/// … or so many times as long as the last one took: it takes long where many connections have changed.
const PAUSE_BY_COST: u32 = 10;
/// TCP connections that are not read as WebSockets, of which the window is told.
pub const MOST_OTHERS: usize = 1000;
/// How long to wait for more octets of a capture that grows.
const WAIT: Duration = Duration::from_millis(20);

/// What is to be read.
#[derive(Clone, Debug)]
pub enum Input {
    /// A file, or a path that is a pipe.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// What somebody still appends to.
    Growing {
        /// The capture.
        source: Arc<Source>,
        /// What people call it.
        name: String,
    },
    /// Octets in memory.
    Octets {
        /// The capture.
        octets: Vec<u8>,
        /// What people call it.
        name: String,
    },
}

impl Input {
    /// Whether it may still grow while it is shown.
    pub fn is_stream(&self) -> bool {
        matches!(self, Input::Stdin | Input::Growing { .. })
    }

    fn open(self) -> Result<Session, String> {
        match self {
            Input::File(path) => Session::open(&path).map_err(|error| error.to_string()),
            Input::Stdin => {
                Session::open_stream(Box::new(io::stdin()), "standard input").map_err(|error| error.to_string())
            }
            Input::Growing { source, .. } => Ok(Session::new(source, None)),
            Input::Octets { octets, name } => Ok(Session::new(Arc::new(Source::from_octets(octets, &name)), None)),
        }
    }
}

/// How the reading goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// The file is being opened.
    #[default]
    Opening,
    /// There is more to read.
    Reading,
    /// Everything that is there was read, and more may come.
    Waiting,
    /// Everything was read, and payloads are being judged.
    Judging,
    /// The user stopped it.
    Stopped,
    /// Everything was read and judged.
    Finished,
    /// It cannot be read (further): why, and what to do.
    Failed(String),
}

/// What is known about the reading.
#[derive(Clone, Debug, Default)]
pub struct ReadState {
    /// How it goes.
    pub phase: Phase,
    /// Octets read.
    pub position: u64,
    /// Octets there are so far.
    pub len: u64,
    /// How much of what was read is judged by its payloads, too, from 0 to 1; `None` where that is all, or has not begun.
    pub judged: Option<f32>,
    /// Where and why reading ended before the end of the file.
    pub damage: Option<Damage>,
    /// What became of the packets.
    pub net: NetStats,
}

impl ReadState {
    /// Whether anything may still be found.
    pub fn is_active(&self) -> bool {
        self.is_growing() || self.phase == Phase::Judging
    }

    /// Whether more rows may come.
    pub fn is_growing(&self) -> bool {
        matches!(self.phase, Phase::Opening | Phase::Reading | Phase::Waiting)
    }
}

/// A new state of the capture.
pub struct Update {
    /// Everything known so far; `None` where nothing could be opened.
    pub snapshot: Option<Snapshot>,
    /// How the reading goes.
    pub state: ReadState,
    /// Frames over time.
    pub timeline: Timeline,
    /// The TCP connections that are not read as WebSockets, as of the last time that everything there was was read.
    pub others: Arc<Others>,
    /// Which reading of the capture this is of.
    pub reading: u32,
}

enum Order {
    Stop,
    /// Read the capture again, with what the user says now.
    Again(u32, Decisions),
}

/// Why a reading ended.
#[derive(Debug, PartialEq, Eq)]
enum Turn {
    /// It went so far.
    Done(Phase),
    /// Another one is wanted.
    Again(u32, Decisions),
}

type Slot = Arc<Mutex<Option<Update>>>;

/// A capture being read. Dropping it ends the reading.
pub struct Worker {
    orders: Sender<Order>,
    slot: Slot,
}

impl Worker {
    /// Starts to read `input`; `wake` is called whenever there is something new to take.
    pub fn start(input: Input, decisions: Decisions, wake: impl Fn() + Send + 'static) -> Worker {
        let (orders, inbox) = mpsc::channel();
        let slot = Slot::default();
        let shared = slot.clone();
        in_background("capture", move || Desk::new(inbox, shared, wake).read(input, decisions));
        Worker { orders, slot }
    }

    /// Ends the reading; what was found stays.
    pub fn stop(&self) {
        // Where nobody listens any more there is nothing to stop.
        let _ = self.orders.send(Order::Stop);
    }

    /// Reads the capture again, as its reading number `reading`, with what the user says now.
    pub fn read_again(&self, reading: u32, decisions: Decisions) {
        // As long as there is a worker, its thread listens.
        let _ = self.orders.send(Order::Again(reading, decisions));
    }

    /// What is new since the last time.
    pub fn take(&self) -> Option<Update> {
        lock(&self.slot).take()
    }
}

fn lock(slot: &Mutex<Option<Update>>) -> std::sync::MutexGuard<'_, Option<Update>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why `path` cannot be opened, as far as a look at its first octets tells; a pipe is not looked into.
pub fn refused(path: &Path) -> Option<String> {
    let is_pipe = std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir());
    if is_pipe { None } else { crate::capture::open(path).err().map(|error| error.to_string()) }
}

/// Runs `job` on a thread of its own; without threads left in the system it is not run.
pub(super) fn in_background(name: &str, job: impl FnOnce() + Send + 'static) {
    let _ = thread::Builder::new().name(name.to_owned()).spawn(job);
}

/// Does `job`, and says so where a mistake of ours ends it: who waits for it is to know.
pub(super) fn caught<T>(job: impl FnOnce() -> T) -> Result<T, String> {
    // What it leaves behind is not used any more.
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(job));
    outcome.map_err(|_| "Framescope made a mistake there; please report it".to_owned())
}

/// The worker's side.
struct Desk {
    inbox: Receiver<Order>,
    slot: Slot,
    wake: Box<dyn Fn() + Send>,
    timeline: Timeline,
    others: Arc<Others>,
    reading: u32,
    /// What fills the spool, where the capture comes through a pipe.
    filling: Option<Filling>,
    /// The user ended the reading: what is there is all there will be.
    is_stopped: bool,
}

impl Desk {
    fn new(inbox: Receiver<Order>, slot: Slot, wake: impl Fn() + Send + 'static) -> Desk {
        Desk {
            inbox,
            slot,
            wake: Box::new(wake),
            timeline: Timeline::default(),
            others: Arc::default(),
            reading: 0,
            filling: None,
            is_stopped: false,
        }
    }

    fn read(mut self, input: Input, decisions: Decisions) {
        let mut session = match input.open() {
            Ok(session) => session.with_decisions(decisions),
            Err(why) => {
                let state = ReadState { phase: Phase::Failed(why), ..ReadState::default() };
                return self.put(None, state);
            }
        };
        help(&mut session);
        let source = session.source().clone();
        self.filling = session.take_filler().map(|filler| Filling::start(filler, source.clone()));
        loop {
            let again = match self.steps(&mut session) {
                Turn::Again(reading, decisions) => Some((reading, decisions)),
                Turn::Done(phase) => {
                    self.filling.iter().for_each(Filling::stop);
                    // The window may close before it takes this; nothing is lost by that.
                    let judging = phase == Phase::Stopped && session.judge(0);
                    self.update(&mut session, phase, judging);
                    // What it took to read is not kept while the user looks at what was found.
                    drop(session);
                    self.next_reading()
                }
            };
            let Some((reading, decisions)) = again else { return };
            (self.reading, self.timeline, self.others) = (reading, Timeline::default(), Arc::default());
            session = Session::new(source.clone(), None).with_decisions(decisions);
            help(&mut session);
        }
    }

    /// Waits until another reading is wanted, or the window has gone.
    fn next_reading(&self) -> Option<(u32, Decisions)> {
        loop {
            match self.inbox.recv() {
                Ok(Order::Again(reading, decisions)) => return Some((reading, decisions)),
                Ok(Order::Stop) => {}
                Err(_) => return None,
            }
        }
    }

    /// Reads until something ends it, and says what.
    fn steps(&mut self, session: &mut Session) -> Turn {
        let mut pause = FIRST_PAUSE;
        let mut last = Instant::now();
        let mut step = *STEP.start();
        let mut told = None;
        loop {
            let start = Instant::now();
            let progress = match session.step(step) {
                Ok(progress) => progress,
                Err(error) => return Turn::Done(Phase::Failed(error.to_string())),
            };
            let took = start.elapsed();
            step = if took < STEP_TIME { step * 2 } else { step / 2 }.clamp(*STEP.start(), *STEP.end());
            let judging = progress != Progress::More && session.judge(JUDGE);
            if progress == Progress::End && !judging {
                let trouble = self.filling.as_mut().and_then(Filling::trouble);
                return Turn::Done(trouble.map_or(Phase::Finished, Phase::Failed));
            }
            let is_idle = progress == Progress::Pending && !judging;
            if is_idle && self.is_stopped {
                return Turn::Done(Phase::Stopped);
            }
            if let Some(turn) = self.turn_wanted(is_idle) {
                return turn;
            }
            let now = Instant::now();
            // Of a capture that grows nothing is said while it does not.
            let is_news = progress != Progress::Pending || judging || told != Some(session.position());
            if is_news && now - last >= pause && lock(&self.slot).is_none() {
                told = (progress == Progress::Pending && !judging).then(|| session.position());
                let phase = match progress {
                    Progress::More => Phase::Reading,
                    Progress::Pending => Phase::Waiting,
                    Progress::End => Phase::Judging,
                };
                self.update(session, phase, judging);
                last = Instant::now();
                pause = (pause * 2).min(PAUSE).max((last - now) * PAUSE_BY_COST);
            }
        }
    }

    /// Looks for an order; while there is nothing to do, waits for one.
    fn turn_wanted(&mut self, idle: bool) -> Option<Turn> {
        let order = match idle {
            true => match self.inbox.recv_timeout(WAIT) {
                Err(RecvTimeoutError::Timeout) => return None,
                order => order.ok(),
            },
            false => match self.inbox.try_recv() {
                Err(TryRecvError::Empty) => return None,
                order => order.ok(),
            },
        };
        match order {
            Some(Order::Again(reading, decisions)) => Some(Turn::Again(reading, decisions)),
            Some(Order::Stop) | None => {
                self.is_stopped = true;
                Some(Turn::Done(Phase::Stopped))
            }
        }
    }

    /// Puts what is known by now into the slot; `judging` says that payloads of it are left to be judged.
    fn update(&mut self, session: &mut Session, phase: Phase, judging: bool) {
        let (position, len) = session.position();
        let judged = judging.then(|| (session.judged() as f32 / position.max(1) as f32).min(1.0));
        let (damage, net) = (session.damage().cloned(), session.net_stats().clone());
        let snapshot = session.snapshot();
        self.timeline.extend(&snapshot);
        if !matches!(phase, Phase::Reading | Phase::Judging) {
            self.others = Arc::new(session.others(MOST_OTHERS));
        }
        self.put(Some(snapshot), ReadState { phase, position, len, judged, damage, net });
    }

    fn put(&self, snapshot: Option<Snapshot>, state: ReadState) {
        let (timeline, others, reading) = (self.timeline.clone(), self.others.clone(), self.reading);
        *lock(&self.slot) = Some(Update { snapshot, state, timeline, others, reading });
        (self.wake)();
    }
}

/// Lets one thread more inflate: the window's own needs a processor too.
fn help(session: &mut Session) {
    session.set_inflate_pool(Box::new(InflateThreads::new(1)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last_update(worker: &Worker) -> Update {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(20) {
            match worker.take() {
                Some(update) if !update.state.is_active() => return update,
                _ => thread::sleep(Duration::from_millis(2)),
            }
        }
        panic!("the worker does not end");
    }

    #[test]
    fn a_sample_is_read_to_its_end() {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("samples/chat-unicode.pcapng");
        let update = last_update(&Worker::start(Input::File(path), Decisions::default(), || {}));
        assert_eq!(update.state.phase, Phase::Finished);
        assert!(update.snapshot.unwrap().frame_count() > 26);
    }

    /// A server's text message in one segment after the other, over raw IPv4: a pcap.
    fn text_capture(len: usize) -> Vec<u8> {
        let request: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
        let answer = b"HTTP/1.1 101 \r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
            Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
        let header = [&[0x81, 127][..], &(len as u64).to_be_bytes()].concat();
        let server = [&answer[..], &header, &vec![b'x'; len]].concat();
        let words = [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 262_144, 101];
        let mut file: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let mut sent = [0u32; 2];
        for (who, part) in std::iter::once((0, request)).chain(server.chunks(32_000).map(|part| (1, part))) {
            let total = 40 + part.len();
            file.extend([0, 0, total as u32, total as u32].iter().flat_map(|word: &u32| word.to_le_bytes()));
            file.extend([0x45, 0, (total >> 8) as u8, total as u8, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, who as u8]);
            file.extend([10, 0, 0, 1 - who as u8, 9, who as u8, 9, 1 - who as u8]);
            file.extend(sent[who].to_be_bytes().into_iter().chain(sent[1 - who].to_be_bytes()));
            file.extend([0x50, 0x10, 0xff, 0xff, 0, 0, 0, 0]);
            file.extend_from_slice(part);
            sent[who] += part.len() as u32;
        }
        file
    }

    /// Rows are whole before payloads are judged, and that can be stopped at once.
    #[test]
    fn judging_comes_last_and_can_be_stopped() {
        let input = Input::Octets { octets: text_capture(4 * JUDGE as usize), name: "text".to_owned() };
        let mut session = input.clone().open().unwrap();
        while session.step(usize::MAX).unwrap() != Progress::End {}
        let (orders, inbox) = mpsc::channel();
        let slot = Slot::default();
        let mut desk = Desk::new(inbox, slot.clone(), || {});
        orders.send(Order::Stop).unwrap();
        let Turn::Done(phase) = desk.steps(&mut session) else { panic!("nobody wants it again") };
        let judging = session.judge(0);
        desk.update(&mut session, phase, judging);
        let update = lock(&slot).take().unwrap();
        let (state, totals) = (update.state, update.snapshot.unwrap().totals());
        assert_eq!((state.phase, state.position, totals.frames), (Phase::Stopped, state.len, [0, 1]));
        assert!(state.judged.is_some_and(|part| part > 0.0 && part < 0.5), "{:?}", state.judged);
        assert_eq!(totals.judged_messages, 0);

        let update = last_update(&Worker::start(input, Decisions::default(), || {}));
        assert_eq!((update.state.phase, update.state.judged), (Phase::Finished, None));
        assert_eq!(update.snapshot.unwrap().totals().judged_messages, 1);
    }

    #[test]
    fn what_cannot_be_opened_says_why() {
        let update = last_update(&Worker::start(Input::File("/nowhere/x.pcap".into()), Decisions::default(), || {}));
        assert_eq!(update.state.phase, Phase::Failed("/nowhere/x.pcap: there is no such file".into()));
        let octets = Input::Octets { octets: b"PK\x03\x04 and so on".to_vec(), name: "a.zip".into() };
        let update = last_update(&Worker::start(octets, Decisions::default(), || {}));
        assert!(matches!(update.state.phase, Phase::Failed(why) if why.contains("ZIP")));
    }

    #[test]
    fn stopping_ends_the_wait_for_a_silent_pipe() {
        let (reader, _writer) = io::pipe().unwrap();
        let (orders, inbox) = mpsc::channel();
        let mut desk = Desk::new(inbox, Slot::default(), || {});
        let mut session = Session::open_stream(Box::new(reader), "pipe").unwrap();
        orders.send(Order::Stop).unwrap();
        let source = session.source().clone();
        desk.filling = session.take_filler().map(|filler| Filling::start(filler, source));
        assert_eq!(desk.steps(&mut session), Turn::Done(Phase::Stopped));
    }

    /// Brings octets, and then an error.
    struct Breaking(io::Cursor<Vec<u8>>);

    impl io::Read for Breaking {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            match self.0.read(buf)? {
                0 => Err(io::Error::other("the pipe broke")),
                n => Ok(n),
            }
        }
    }

    #[test]
    fn what_went_wrong_is_told_by_every_reading() {
        let pipe = Breaking(io::Cursor::new(text_capture(100)));
        let mut session = Session::open_stream(Box::new(pipe), "pipe").unwrap();
        let source = session.source().clone();
        let (_orders, inbox) = mpsc::channel();
        let mut desk = Desk::new(inbox, Slot::default(), || {});
        desk.filling = session.take_filler().map(|filler| Filling::start(filler, source.clone()));
        let failed = Turn::Done(Phase::Failed("pipe: it cannot be read further: the pipe broke".to_owned()));
        assert_eq!(desk.steps(&mut session), failed);
        assert_eq!(desk.steps(&mut Session::new(source, None)), failed);
    }
}
