//! The program, sniffing.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::common::program::{Ran, program};

/// The program at work. A test that never ends is ended by the watchdog.
pub struct Sniffer {
    child: Child,
    pub stdin: Option<ChildStdin>,
    stdout: Option<BufReader<ChildStdout>>,
    _watchdog: mpsc::Sender<()>,
}

impl Sniffer {
    pub fn start(arguments: &[&str]) -> Sniffer {
        let mut command = program();
        command.arg("capture").args(arguments);
        Sniffer::run(command)
    }

    pub fn run(mut command: Command) -> Sniffer {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take().map(BufReader::new));
        let (_watchdog, called_off) = mpsc::channel::<()>();
        let id = child.id();
        let watch = move || {
            if called_off.recv_timeout(Duration::from_secs(60)) == Err(mpsc::RecvTimeoutError::Timeout) {
                signal(id, "KILL");
            }
        };
        std::thread::Builder::new().name("watchdog".into()).spawn(watch).unwrap();
        let sniffer = Sniffer { child, stdin, stdout, _watchdog };
        sniffer.wait_for_card();
        sniffer
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the card is open and rights are given away, which is when nobody may get new ones any more.
    fn wait_for_card(&self) {
        until("the card is open", || {
            let status = self.status();
            status.is_empty() || status.contains("NoNewPrivs:\t1") || status.contains("State:\tZ")
        });
    }

    /// What the kernel says of the process: proc_pid_status(5).
    pub fn status(&self) -> String {
        std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap_or_default()
    }

    pub fn signal(&self, name: &str) {
        signal(self.id(), name);
    }

    /// The next line of its output.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.as_mut().unwrap().read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// The next row.
    pub fn row(&mut self) -> Value {
        let line = self.line();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    /// Ends it as Ctrl-C does.
    pub fn interrupt(self) -> Ran {
        self.signal("INT");
        self.end()
    }

    /// Its output, for another program to read.
    pub fn output(&mut self) -> ChildStdout {
        self.stdout.take().unwrap().into_inner()
    }

    /// Reads its output no more, and waits for its end.
    pub fn leave(self) -> Ran {
        let Sniffer { child, stdin, stdout, _watchdog } = self;
        drop(stdout);
        Sniffer::ended(child, stdin, String::new())
    }

    /// Waits for its end.
    pub fn end(mut self) -> Ran {
        let mut out = String::new();
        self.stdout.as_mut().unwrap().read_to_string(&mut out).unwrap();
        Sniffer::ended(self.child, self.stdin, out)
    }

    fn ended(mut child: Child, _stdin: Option<ChildStdin>, out: String) -> Ran {
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        // No exit status: a signal ended it.
        Ran { out, err, status: child.wait().unwrap().code().unwrap_or(-1) }
    }
}

pub fn signal(id: u32, name: &str) {
    _ = Command::new("kill").args([&format!("-{name}"), &id.to_string()]).status();
}

/// Waits for something that happens soon.
#[track_caller]
pub fn until(what: &str, mut happens: impl FnMut() -> bool) {
    let start = Instant::now();
    while !happens() {
        assert!(start.elapsed() < Duration::from_secs(30), "it never happens that {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
