//! Programs at work beside a test. No test waits for one without a bound.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::program::Ran;

/// The time after which a program is ended and its test fails: far more than any of them takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A program at work between pipes.
pub struct Running {
    child: Arc<Mutex<Child>>,
    stdin: Option<ChildStdin>,
    stdout: Option<BufReader<ChildStdout>>,
    stderr: JoinHandle<Vec<u8>>,
    watchdog: Watchdog,
}

/// A thread that ends a program which outstays [`PATIENCE`], or its test.
struct Watchdog {
    thread: JoinHandle<bool>,
    call_off: mpsc::Sender<()>,
}

impl Watchdog {
    fn over(child: Arc<Mutex<Child>>) -> Watchdog {
        let (call_off, called_off) = mpsc::channel();
        let watch = move || {
            let late = called_off.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout);
            // That of a program which has ended does nothing.
            lock(&child).kill().unwrap();
            late
        };
        Watchdog { thread: start("watchdog", watch), call_off }
    }

    fn had_to_act(self) -> bool {
        drop(self.call_off);
        self.thread.join().unwrap()
    }
}

impl Running {
    /// Starts a program whose standard input, output and error are pipes.
    #[track_caller]
    pub fn start(command: &mut Command) -> Running {
        Running::try_start(command).unwrap_or_else(|error| panic!("{command:?}: {error}"))
    }

    /// Starts a program that a machine may lack.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn try_start(command: &mut Command) -> io::Result<Running> {
        Running::reading(Stdio::piped(), command)
    }

    /// Starts a program that reads what another one writes.
    #[track_caller]
    pub fn behind(output: ChildStdout, command: &mut Command) -> Running {
        Running::reading(output.into(), command).unwrap_or_else(|error| panic!("{command:?}: {error}"))
    }

    fn reading(input: Stdio, command: &mut Command) -> io::Result<Running> {
        let mut child = command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take().map(BufReader::new));
        let mut pipe = child.stderr.take().unwrap();
        let read = move || {
            let mut octets = Vec::new();
            pipe.read_to_end(&mut octets).unwrap();
            octets
        };
        let child = Arc::new(Mutex::new(child));
        let watchdog = Watchdog::over(Arc::clone(&child));
        Ok(Running { child, stdin, stdout, stderr: start("stderr", read), watchdog })
    }

    pub fn id(&self) -> u32 {
        lock(&self.child).id()
    }

    #[track_caller]
    pub fn write(&mut self, octets: &[u8]) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(octets).and_then(|()| stdin.flush()).unwrap();
    }

    /// Writes to a program that may have closed its input, which is its right.
    pub fn offer(&mut self, octets: &[u8]) {
        _ = self.stdin.as_mut().unwrap().write_all(octets);
    }

    /// Returns the program's standard input, for another thread to write to.
    pub fn take_input(&mut self) -> ChildStdin {
        self.stdin.take().unwrap()
    }

    pub fn close_input(&mut self) {
        self.stdin = None;
    }

    /// Returns the program's standard output, for another program to read.
    pub fn take_output(&mut self) -> ChildStdout {
        self.stdout.take().unwrap().into_inner()
    }

    pub fn close_output(&mut self) {
        self.stdout = None;
    }

    /// Waits for a line of the output and returns it without its end; an empty one stands for the end of the output.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.as_mut().unwrap().read_line(&mut line).unwrap();
        line.trim_end_matches('\n').to_owned()
    }

    /// Waits for so many octets of the output.
    pub fn octets(&mut self, count: usize) -> Vec<u8> {
        let mut octets = vec![0; count];
        self.stdout.as_mut().unwrap().read_exact(&mut octets).unwrap();
        octets
    }

    /// Waits until the program ends, with its input open as it is, and returns the rest of the output.
    #[track_caller]
    pub fn end(mut self) -> Ran {
        let mut out = Vec::new();
        if let Some(mut stdout) = self.stdout.take() {
            stdout.read_to_end(&mut out).unwrap();
        }
        let err = self.stderr.join().unwrap();
        let mut status = None;
        until("the program ends", || {
            status = lock(&self.child).try_wait().unwrap();
            status.is_some()
        });
        let ran = Ran {
            out: String::from_utf8(out).unwrap(),
            err: String::from_utf8(err).unwrap(),
            // No exit status: a signal ended it.
            status: status.and_then(|status| status.code()).unwrap_or(-1),
        };
        assert!(!self.watchdog.had_to_act(), "the program did not end by itself within {PATIENCE:?}: {ran:?}");
        ran
    }

    /// Closes the input, waits for the end and returns the rest of the output.
    #[track_caller]
    pub fn finish(mut self) -> Ran {
        self.close_input();
        self.end()
    }
}

fn lock(child: &Mutex<Child>) -> MutexGuard<'_, Child> {
    child.lock().unwrap_or_else(PoisonError::into_inner)
}

fn start<T: Send + 'static>(name: &str, run: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    std::thread::Builder::new().name(name.to_owned()).spawn(run).unwrap()
}

/// Waits for something that happens soon.
#[track_caller]
pub fn until(what: &str, mut happens: impl FnMut() -> bool) {
    let start = Instant::now();
    while !happens() {
        assert!(start.elapsed() < Duration::from_secs(30), "it never happens that {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Waits for a thread that ends soon.
#[track_caller]
pub fn ended<T>(thread: JoinHandle<T>) -> T {
    until("a thread ends", || thread.is_finished());
    thread.join().unwrap()
}
