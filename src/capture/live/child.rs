//! The process that sniffs, as the window sees it.
//!
//! ```text
//!   window ── standard input: its end is the wish to stop ──▸ framescope capture --reports
//!          ◂── standard output: a Report a line ───────────
//!          ◂── the capture: a file that grows ─────────────
//! ```
//!
//! When the window dies, standard input ends, and the process completes the capture. When the process dies, everything it
//! wrote is there.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child as Process, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::super::{Source, follow};
use super::card::{DEFAULT_BUFFER, FULL_SNAP_LEN, SniffOptions};
use super::error::LiveError;
use super::limits::Limits;
use super::report::{Ended, Report, Statistics};

/// A process to be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// This program.
    pub program: PathBuf,
    /// The program that makes it root's, after asking for a password.
    pub through: Option<PathBuf>,
    /// The interface to be sniffed, and how.
    pub wanted: SniffOptions,
    /// When it ends by itself.
    pub limits: Limits,
}

impl Start {
    /// The command line that sniffs into `file`.
    fn arguments(&self, file: &Path) -> Vec<std::ffi::OsString> {
        let Start { wanted, limits, .. } = self;
        let mut arguments: Vec<std::ffi::OsString> = Vec::new();
        let mut add = |words: &[&str]| arguments.extend(words.iter().map(Into::into));
        add(&["capture", "--reports", "-i", &wanted.interface]);
        if !wanted.filter.trim().is_empty() {
            // In one word, so that a filter cannot be taken for an option.
            add(&[&format!("--filter={}", wanted.filter)]);
        }
        if wanted.promiscuous {
            add(&["--promiscuous"]);
        }
        if wanted.snap_len != FULL_SNAP_LEN {
            add(&["--snap-len", &wanted.snap_len.to_string()]);
        }
        if wanted.buffer != DEFAULT_BUFFER {
            add(&["--buffer", &wanted.buffer.to_string()]);
        }
        for (name, limit) in [("--packets", limits.packets), ("--size", limits.size)] {
            if let Some(limit) = limit {
                add(&[name, &limit.to_string()]);
            }
        }
        if let Some(duration) = limits.duration {
            add(&["--duration", &format!("{}ms", duration.as_millis().max(1))]);
        }
        add(&["-w"]);
        arguments.push(file.into());
        arguments
    }
}

/// The state of the process, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// When it said that the card is open.
    pub started: Option<Instant>,
    /// The numbers that it counted so far.
    pub statistics: Statistics,
    /// Why it ended, after it had started.
    pub ended: Option<Ended>,
    /// Why it could not start, and whether it lacked rights.
    pub failed: Option<(String, bool)>,
}

impl State {
    /// Returns whether it works, or is about to.
    pub fn is_running(&self) -> bool {
        self.ended.is_none() && self.failed.is_none()
    }

    fn hear(&mut self, report: Report) {
        match report {
            Report::Started { .. } => self.started = Some(Instant::now()),
            Report::Statistics(statistics) => self.statistics = statistics,
            Report::Ended { why, statistics } => (self.ended, self.statistics) = (Some(why), statistics),
            Report::Failed { why, lacks_rights } => self.failed = Some((why, lacks_rights)),
        }
    }

    /// The process has gone; without a word about it, somebody killed it, or it never was ours.
    fn gone(&mut self, status: &str, complaint: &str) {
        if !self.is_running() {
            return;
        }
        if self.started.is_some() {
            self.ended = Some(Ended::Died(status.to_owned()));
        } else {
            let last = complaint.lines().rfind(|line| !line.trim().is_empty()).unwrap_or(status);
            let refused = ["not authorized", "dismissed", "authentication"];
            let lacks_rights = refused.iter().any(|word| complaint.to_lowercase().contains(word));
            self.failed = Some((last.trim_start_matches("framescope: ").to_owned(), lacks_rights));
        }
    }
}

/// The process. Dropping it asks it to end.
#[derive(Debug)]
pub struct Child {
    source: Arc<Source>,
    state: Arc<Mutex<State>>,
    input: Option<ChildStdin>,
    process: Arc<Mutex<Process>>,
    id: u32,
}

impl Child {
    /// Starts it, sniffing into `file`, which exists. `wake` is called whenever there is something new.
    ///
    /// # Errors
    /// When there is no such program, no process, or no such file.
    pub fn start(start: &Start, file: &Path, wake: impl Fn() + Send + 'static) -> Result<Child, LiveError> {
        let source = follow(file).map_err(|error| LiveError::System(std::io::Error::other(error.to_string())))?;
        let mut command = match &start.through {
            Some(through) => {
                let mut command = Command::new(through);
                command.arg(&start.program);
                command
            }
            None => Command::new(&start.program),
        };
        command.args(start.arguments(file));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().map_err(LiveError::System)?;
        let (input, output, complaints) = (process.stdin.take(), process.stdout.take(), process.stderr.take());
        let (state, id) = (Arc::new(Mutex::new(State::default())), process.id());
        let process = Arc::new(Mutex::new(process));
        let (heard, grown, waited_for) = (Arc::clone(&state), Arc::clone(&source), Arc::clone(&process));
        let listen = move || {
            for line in output.map(BufReader::new).into_iter().flat_map(|output| output.lines().map_while(Result::ok)) {
                if let Some(report) = Report::from_line(&line) {
                    lock(&heard).hear(report);
                    wake();
                }
            }
            let mut complaint = String::new();
            if let Some(complaints) = complaints {
                // What cannot be read is not needed: the status tells, too.
                _ = complaints.take(1 << 16).read_to_string(&mut complaint);
            }
            let status = lock(&waited_for).wait().map_or_else(|error| error.to_string(), |status| status.to_string());
            lock(&heard).gone(&status, &complaint);
            grown.set_complete();
            wake();
        };
        std::thread::Builder::new().name("sniffer".to_owned()).spawn(listen).map_err(LiveError::System)?;
        Ok(Child { source, state, input, process, id })
    }

    /// The capture, which grows.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// Returns what is known by now.
    pub fn state(&self) -> State {
        lock(&self.state).clone()
    }

    /// Asks it to end. One that has not opened the card yet, as somebody has to type a password first, is ended.
    pub fn stop(&mut self) {
        self.input = None;
        let mut state = lock(&self.state);
        if state.started.is_none() && state.is_running() {
            state.failed = Some(("stopped before the interface was open".to_owned(), false));
            drop(state);
            // One that belongs to root now cannot be; it ends by the end of its input.
            if let Ok(mut process) = self.process.try_lock() {
                _ = process.kill();
            }
        }
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.id
    }
}

fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn start() -> Start {
        let wanted = SniffOptions::on("lo");
        Start { program: PathBuf::from("framescope"), through: None, wanted, limits: Limits::default() }
    }

    #[test]
    fn the_command_line_says_what_differs_from_the_usual() {
        let words = |start: &Start| start.arguments(Path::new("/a b")).join(" ".as_ref()).into_string().unwrap();
        assert_eq!(words(&start()), "capture --reports -i lo -w /a b");
        let mut start = start();
        start.wanted.filter = "tcp port 80".to_owned();
        (start.wanted.promiscuous, start.wanted.snap_len, start.wanted.buffer) = (true, 96, 1024);
        start.limits = Limits { packets: Some(1), duration: Some(Duration::from_secs(2)), size: Some(3) };
        assert_eq!(
            words(&start),
            "capture --reports -i lo --filter=tcp port 80 --promiscuous --snap-len 96 --buffer 1024 --packets 1 --size 3 \
             --duration 2000ms -w /a b"
        );
    }

    #[test]
    fn what_becomes_of_a_process_that_says_nothing() {
        let gone = |mut state: State, complaint: &str| {
            state.gone("signal: 9 (SIGKILL)", complaint);
            (state.ended, state.failed)
        };
        let started = State { started: Some(Instant::now()), ..State::default() };
        assert_eq!(gone(started, ""), (Some(Ended::Died("signal: 9 (SIGKILL)".to_owned())), None));
        let failed = |why: &str, rights| (None, Some((why.to_owned(), rights)));
        assert_eq!(gone(State::default(), ""), failed("signal: 9 (SIGKILL)", false));
        assert_eq!(gone(State::default(), "framescope: no\n"), failed("no", false));
        assert!(gone(State::default(), "Error: Not authorized\n\n").1.unwrap().1);
        let told = State { ended: Some(Ended::Asked), ..State::default() };
        assert_eq!(gone(told, "late"), (Some(Ended::Asked), None));
    }

    #[test]
    fn a_program_that_is_not_there() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let missing = Start { program: PathBuf::from("/nonesuch/program"), ..start() };
        assert!(
            Child::start(&missing, file.path(), || {}).unwrap_err().to_string().starts_with("sniffing cannot start")
        );
    }
}
