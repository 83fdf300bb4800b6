//! Running the real program.

use std::io::Write;
use std::process::Command;

use serde_json::Value;

use super::running::{Running, ended};

/// The outcome of a run.
#[derive(Debug)]
pub struct Ran {
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
    /// The exit status; -1 where a signal ended it.
    pub status: i32,
}

impl Ran {
    /// The output as JSON lines.
    pub fn json(&self) -> Vec<Value> {
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}"));
        self.out.lines().map(parse).collect()
    }

    /// The run, if nothing at all went wrong.
    pub fn quiet(self) -> Ran {
        assert_eq!((self.err.as_str(), self.status), ("", 0));
        self
    }

    /// That the run failed as the contract says: status 2, nothing on standard output, one line on standard error.
    pub fn refused(&self) -> &str {
        assert_eq!((self.status, self.out.as_str()), (2, ""), "{self:?}");
        assert_eq!(self.err.lines().count(), 1, "one line says why: {self:?}");
        self.err.trim_end()
    }
}

/// The program, not started yet.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_framescope"));
    // What a terminal is set to must not change what is compared.
    command.env_remove("COLUMNS").env("NO_COLOR", "1");
    command
}

/// Runs it with `arguments` and nothing on standard input.
pub fn run(arguments: &[&str]) -> Ran {
    run_with(arguments, b"")
}

/// Runs it with `arguments` and `input` on standard input.
pub fn run_with(arguments: &[&str], input: &[u8]) -> Ran {
    let mut running = Running::start(program().args(arguments));
    let mut stdin = running.take_input();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        // A program that does not read its input closes it; that is its right.
        _ = stdin.write_all(&input);
    });
    let ran = running.end();
    ended(writer);
    assert_ne!(ran.status, -1, "it ended by itself: {ran:?}");
    ran
}
