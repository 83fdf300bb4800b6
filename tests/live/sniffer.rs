//! The program, sniffing.

use std::process::{ChildStdout, Command};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::common::program::{Ran, program};
use crate::common::running::{Running, until};

/// The program at work, with its card open.
pub struct Sniffer(Running);

impl Sniffer {
    pub fn start(arguments: &[&str]) -> Sniffer {
        let mut command = program();
        command.arg("capture").args(arguments);
        Sniffer::run(command)
    }

    pub fn run(mut command: Command) -> Sniffer {
        let sniffer = Sniffer(Running::start(&mut command));
        // Rights are given away when the card is open, which is when nobody may get new ones any more.
        until("the card is open", || {
            let status = sniffer.status();
            status.is_empty() || status.contains("NoNewPrivs:\t1") || status.contains("State:\tZ")
        });
        sniffer
    }

    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Returns what the kernel says of the process: proc_pid_status(5).
    pub fn status(&self) -> String {
        std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap_or_default()
    }

    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        let id = Pid::from_raw(self.id().cast_signed()).unwrap();
        kill_process(id, signal).unwrap_or_else(|error| panic!("{signal:?} to {id:?}: {error}"));
    }

    /// Waits for the next line of its output; an empty one stands for the end.
    pub fn line(&mut self) -> String {
        self.0.line()
    }

    /// Waits for the next row.
    pub fn row(&mut self) -> Value {
        let line = self.line();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    /// Ends it as Ctrl-C does.
    pub fn interrupt(self) -> Ran {
        self.signal(Signal::INT);
        self.end()
    }

    pub fn close_input(&mut self) {
        self.0.close_input();
    }

    /// Returns its output, for another program to read.
    pub fn take_output(&mut self) -> ChildStdout {
        self.0.take_output()
    }

    /// Reads its output no more, and waits for its end.
    pub fn leave(mut self) -> Ran {
        self.0.close_output();
        self.end()
    }

    /// Waits for its end.
    pub fn end(self) -> Ran {
        self.0.end()
    }
}
