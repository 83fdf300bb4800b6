//! Reads and dissects the capture, beside the window.
//!
//! ```text
//!   window ── Read, Stop ──▸ desk: Session::step … ──▸ Update ──▸ window: take()
//!                          ▲ spool
//!   pipe ──▸ Spooling ─────┘
//! ```
//!
//! Payloads are judged where there is nothing to read, so that it never delays the rows. Where much is compressed one more
//! thread helps to inflate ([`InflateThreads`]). As long as the window has not taken an update, no new one is made: the
//! reader asks.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::input::Input;
use crate::background::{Desk, InflateThreads, Mistake, Next, Spooling, Trouble, Turn, Work};
use crate::capture::{Damage, Source};
use crate::dissect::{Others, Progress, ReadOptions, Session, Snapshot};
use crate::net::NetStats;
use crate::view::Timeline;

/// Between two looks at the clock so many packets are read …
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
/// The pause until a capture that grows is looked at again.
const WAIT: Duration = Duration::from_millis(20);
/// The pause until the spool's end is looked at again, once everything in it was read.
const SPOOL_WAIT: Duration = Duration::from_millis(1);

/// A stage of the reading.
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
    /// It cannot be read (further), for this reason.
    Failed(String),
}

/// The state of the reading.
#[derive(Clone, Debug, Default)]
pub struct ReadState {
    /// Its stage.
    pub phase: Phase,
    /// Octets read.
    pub position: u64,
    /// Octets there are so far.
    pub len: u64,
    /// The part of what was read that is judged by its payloads, too, from 0 to 1; `None` where that is all, or has not
    /// begun.
    pub judged: Option<f32>,
    /// Damage at which reading ended before the end of the file.
    pub damage: Option<Damage>,
    /// Counts of what became of the packets.
    pub net: NetStats,
}

impl ReadState {
    /// Returns whether anything may still be found.
    pub fn is_active(&self) -> bool {
        self.is_growing() || self.phase == Phase::Judging
    }

    /// Returns whether more rows may come.
    pub fn is_growing(&self) -> bool {
        matches!(self.phase, Phase::Opening | Phase::Reading | Phase::Waiting)
    }
}

/// A new state of the capture.
#[derive(Default)]
pub struct Update {
    /// Everything known so far; `None` where nothing could be opened.
    pub snapshot: Option<Snapshot>,
    /// The state of the reading.
    pub state: ReadState,
    /// Frames over time.
    pub timeline: Timeline,
    /// The TCP connections that are not read as WebSockets, as of the last time that everything there was was read.
    pub others: Arc<Others>,
}

/// A capture being read. Dropping it ends the reading.
pub struct Reading {
    desk: Desk<ReadWork>,
}

impl Reading {
    /// Starts to read `input`; `wake` is called whenever there is something new to take.
    pub fn start(input: Input, options: ReadOptions, wake: impl Fn() + Send + 'static) -> Reading {
        Reading::on(Desk::start("capture", ReadWork::new(input), wake), options)
    }

    fn on(mut desk: Desk<ReadWork>, options: ReadOptions) -> Reading {
        desk.ask(Question::Read(options));
        Reading { desk }
    }

    /// Ends the reading; what was found stays.
    pub fn stop(&mut self) {
        self.desk.add(Question::Stop);
    }

    /// Reads the capture again, with the user's options as they are now.
    pub fn read_again(&mut self, options: ReadOptions) {
        self.desk.ask(Question::Read(options));
    }

    /// Takes what is new since the last time about the latest reading.
    pub fn take(&mut self) -> Option<Update> {
        let update = self.desk.take()?;
        Some(update.unwrap_or_else(|Mistake| Update { state: failed(super::MISTAKE.to_owned()), ..Update::default() }))
    }
}

fn failed(why: String) -> ReadState {
    ReadState { phase: Phase::Failed(why), ..ReadState::default() }
}

enum Question {
    /// Read the capture, from its start.
    Read(ReadOptions),
    /// Read no further.
    Stop,
}

/// The work of reading one capture, once or again.
struct ReadWork {
    /// The capture, until it is opened.
    input: Option<Input>,
    source: Option<Arc<Source>>,
    /// Fills the spool, where the capture comes through a pipe.
    spooling: Option<Spooling>,
    /// The user ended the filling of the spool: what is there is all there will be.
    is_all: bool,
    /// A reading that is to begin.
    wanted: Option<ReadOptions>,
    reading: Option<OneReading>,
    is_stopping: bool,
}

/// One reading, from the start of the capture on.
struct OneReading {
    session: Session,
    timeline: Timeline,
    others: Arc<Others>,
    /// Packets of the next step.
    step: usize,
    /// The last update, and the pause behind it.
    last: Instant,
    pause: Duration,
    /// The position and the length that were told last while nothing more was there.
    told: Option<(u64, u64)>,
}

impl Work for ReadWork {
    type Question = Question;
    type Answer = Update;

    fn take(&mut self, question: Question) {
        match question {
            Question::Read(options) => self.wanted = Some(options),
            Question::Stop => self.is_stopping = self.wanted.is_some() || self.reading.is_some(),
        }
    }

    fn step(&mut self, turn: &mut Turn<'_, Update>) -> Next {
        if let Some(options) = self.wanted.take() {
            match self.open(options) {
                Ok(session) => self.reading = session.map(OneReading::new),
                Err(why) => turn.say(Update { state: failed(why), ..Update::default() }),
            }
        }
        let Some(mut reading) = self.reading.take() else { return Next::WhenAsked };
        match self.advance(&mut reading, turn) {
            Ok(next) => {
                self.reading = Some(reading);
                next
            }
            Err(phase) => {
                self.spooling.iter_mut().for_each(Spooling::stop);
                let judging = phase == Phase::Stopped && reading.session.judge(0);
                turn.say(reading.update(phase, judging));
                // The session is not kept while the user looks at what was found.
                self.is_stopping = false;
                Next::WhenAsked
            }
        }
    }

    fn cancel(&mut self) {
        (self.wanted, self.reading, self.is_stopping) = (None, None, false);
    }
}

impl ReadWork {
    fn new(input: Input) -> ReadWork {
        ReadWork {
            input: Some(input),
            source: None,
            spooling: None,
            is_all: false,
            wanted: None,
            reading: None,
            is_stopping: false,
        }
    }

    /// Opens the capture, the first time, or goes back to its start; there is nothing to go back to where it could not be
    /// opened.
    fn open(&mut self, options: ReadOptions) -> Result<Option<Session>, String> {
        let session = match (self.input.take(), &self.source) {
            (Some(input), _) => {
                let mut session = input.open()?;
                self.source = Some(session.source().clone());
                self.spooling = session.take_filler().map(Spooling::start);
                Some(session)
            }
            (None, source) => source.as_ref().map(|source| Session::new(source.clone(), None)),
        };
        Ok(session.map(|session| {
            let mut session = session.with_options(options);
            // One thread more: the window's own needs a processor too.
            session.set_inflate_pool(Box::new(InflateThreads::new(1)));
            session
        }))
    }

    /// Reads a little further.
    ///
    /// # Errors
    /// Fails if the reading ends: with its last stage.
    fn advance(&mut self, reading: &mut OneReading, turn: &mut Turn<'_, Update>) -> Result<Next, Phase> {
        let start = Instant::now();
        let session = &mut reading.session;
        let progress = session.step(reading.step).map_err(|error| Phase::Failed(error.to_string()))?;
        let took = start.elapsed();
        let step = if took < STEP_TIME { reading.step * 2 } else { reading.step / 2 };
        reading.step = step.clamp(*STEP.start(), *STEP.end());
        let judging = progress != Progress::More && session.judge(JUDGE);
        if progress == Progress::End && !judging {
            return self.end();
        }
        let is_idle = progress == Progress::Pending && !judging;
        if self.is_stopping || is_idle && self.is_all {
            self.is_all = true;
            return Err(Phase::Stopped);
        }
        if is_idle && self.trouble() == Some(&Trouble::Mistake) {
            return Err(Phase::Failed(super::MISTAKE.to_owned()));
        }
        if !turn.is_over() && turn.has_taken() {
            reading.tell(progress, judging, turn);
        }
        Ok(if is_idle { Next::After(WAIT) } else { Next::Now })
    }

    /// Everything is read and judged: that is the end, unless something went wrong where the octets came from.
    fn end(&mut self) -> Result<Next, Phase> {
        // The thread of a spool that is whole has nothing left to do but to say why.
        if self.spooling.as_ref().is_some_and(Spooling::is_busy) {
            return Ok(Next::After(SPOOL_WAIT));
        }
        Err(match self.trouble() {
            None => Phase::Finished,
            Some(Trouble::Broken(why)) => Phase::Failed(why.clone()),
            Some(Trouble::Mistake) => Phase::Failed(super::MISTAKE.to_owned()),
        })
    }

    fn trouble(&mut self) -> Option<&Trouble> {
        self.spooling.as_mut().and_then(Spooling::trouble)
    }
}

impl OneReading {
    fn new(session: Session) -> OneReading {
        OneReading {
            session,
            timeline: Timeline::default(),
            others: Arc::default(),
            step: *STEP.start(),
            last: Instant::now(),
            pause: FIRST_PAUSE,
            told: None,
        }
    }

    /// Says what is new, if it is time for that.
    fn tell(&mut self, progress: Progress, judging: bool, turn: &mut Turn<'_, Update>) {
        let now = Instant::now();
        // Of a capture that grows nothing is said while it does not.
        let is_news = progress != Progress::Pending || judging || self.told != Some(self.session.position());
        if !is_news || now - self.last < self.pause {
            return;
        }
        self.told = (progress == Progress::Pending && !judging).then(|| self.session.position());
        let phase = match progress {
            Progress::More => Phase::Reading,
            Progress::Pending => Phase::Waiting,
            Progress::End => Phase::Judging,
        };
        turn.say(self.update(phase, judging));
        self.last = Instant::now();
        self.pause = (self.pause * 2).min(PAUSE).max((self.last - now) * PAUSE_BY_COST);
    }

    /// Returns what is known by now; `judging` says that payloads of it are left to be judged.
    fn update(&mut self, phase: Phase, judging: bool) -> Update {
        let session = &mut self.session;
        let (position, len) = session.position();
        let judged = judging.then(|| (session.judged() as f32 / position.max(1) as f32).min(1.0));
        let (damage, net) = (session.damage().cloned(), session.net_stats().clone());
        let snapshot = session.snapshot();
        self.timeline.extend(&snapshot);
        if !matches!(phase, Phase::Reading | Phase::Judging) {
            self.others = Arc::new(session.others(MOST_OTHERS));
        }
        let state = ReadState { phase, position, len, judged, damage, net };
        Update { snapshot: Some(snapshot), state, timeline: self.timeline.clone(), others: self.others.clone() }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::path::PathBuf;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn last_update(reading: &mut Reading) -> Update {
        let start = Instant::now();
        loop {
            if let Some(update) = reading.take().filter(|update| !update.state.is_active()) {
                return update;
            }
            assert!(start.elapsed() < Duration::from_secs(20), "the reading does not end");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Readings by a thread and by ticks.
    fn both(input: &Input) -> [Reading; 2] {
        let ticks = Desk::by_ticks(ReadWork::new(input.clone()), || {});
        [Reading::start(input.clone(), ReadOptions::default(), || {}), Reading::on(ticks, ReadOptions::default())]
    }

    #[test]
    fn a_sample_is_read_to_its_end() {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("samples/chat-unicode.pcapng");
        let [by_thread, by_ticks] = both(&Input::File(path)).map(|mut reading| {
            let update = last_update(&mut reading);
            assert_eq!(update.state.phase, Phase::Finished);
            let snapshot = update.snapshot.unwrap();
            (snapshot.frame_count(), snapshot.finding_count(), update.state.net)
        });
        assert!(by_thread.0 > 26);
        assert_eq!(by_thread, by_ticks);
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
        let reading = Some(OneReading::new(session));
        let mut desk = Desk::by_ticks(ReadWork { reading, ..ReadWork::new(input.clone()) }, || {});
        desk.add(Question::Stop);
        let update = desk.take().unwrap().unwrap();
        let (state, totals) = (update.state, update.snapshot.unwrap().totals());
        assert_eq!((state.phase, state.position, totals.frames), (Phase::Stopped, state.len, [0, 1]));
        assert!(state.judged.is_some_and(|part| part > 0.0 && part < 0.5), "{:?}", state.judged);
        assert_eq!(totals.judged_messages, 0);

        let update = last_update(&mut Reading::start(input, ReadOptions::default(), || {}));
        assert_eq!((update.state.phase, update.state.judged), (Phase::Finished, None));
        assert_eq!(update.snapshot.unwrap().totals().judged_messages, 1);
    }

    #[test]
    fn what_cannot_be_opened_says_why() {
        let update =
            last_update(&mut Reading::start(Input::File("/nowhere/x.pcap".into()), ReadOptions::default(), || {}));
        assert_eq!(update.state.phase, Phase::Failed("/nowhere/x.pcap: there is no such file".into()));
        let octets = Input::Octets { octets: b"PK\x03\x04 and so on".to_vec(), name: "a.zip".into() };
        let update = last_update(&mut Reading::start(octets, ReadOptions::default(), || {}));
        assert!(matches!(update.state.phase, Phase::Failed(why) if why.contains("ZIP")));
    }

    /// A reading of what comes through `pipe`.
    fn piped(pipe: Box<dyn io::Read + Send>) -> Reading {
        let mut session = Session::open_stream(pipe, "pipe").unwrap();
        let mut work = ReadWork::new(Input::Stdin);
        (work.input, work.source) = (None, Some(session.source().clone()));
        work.spooling = session.take_filler().map(Spooling::start);
        Reading::on(Desk::start("capture", work, || {}), ReadOptions::default())
    }

    #[test]
    fn stopping_ends_the_wait_for_a_silent_pipe() {
        let (reader, _writer) = io::pipe().unwrap();
        let mut reading = piped(Box::new(reader));
        reading.stop();
        assert_eq!(last_update(&mut reading).state.phase, Phase::Stopped);
        // There is nothing more to wait for the next time.
        reading.read_again(ReadOptions::default());
        assert_eq!(last_update(&mut reading).state.phase, Phase::Stopped);
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
        let mut reading = piped(Box::new(Breaking(io::Cursor::new(text_capture(100)))));
        for _ in 0..3 {
            let phase = last_update(&mut reading).state.phase;
            assert_eq!(phase, Phase::Failed("pipe: it cannot be read further: the pipe broke".to_owned()));
            reading.read_again(ReadOptions::default());
        }
    }

    #[test]
    fn damage_is_told_by_every_reading() {
        let sample = include_bytes!("../../samples/chat-unicode.pcapng");
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(sample).unwrap();
        let mut octets = gzip.finish().unwrap();
        octets.truncate(octets.len() - 9);
        let mut file = tempfile::Builder::new().suffix(".pcapng.gz").tempfile().unwrap();
        file.write_all(&octets).unwrap();
        let mut reading = Reading::start(Input::File(file.path().to_owned()), ReadOptions::default(), || {});
        for _ in 0..3 {
            let state = last_update(&mut reading).state;
            assert_eq!(state.phase, Phase::Finished);
            let damage = state.damage.unwrap().to_string();
            assert!(damage.contains("the gzip stream ends too early"), "{damage}");
            reading.read_again(ReadOptions::default());
        }
    }

    /// Octets that a mistake of ours is found in.
    struct Panicking;

    impl io::Read for Panicking {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            panic!("as it should")
        }
    }

    #[test]
    fn a_spool_whose_thread_died_is_not_waited_for() {
        let mut reading = piped(Box::new(Panicking));
        let phase = last_update(&mut reading).state.phase;
        assert_eq!(phase, Phase::Failed(super::super::MISTAKE.to_owned()));
    }
}
