//! Standard output that may close at any time, and complaints on standard error.

use std::io::{self, BufWriter, IsTerminal as _, StdoutLock, Write};

use crate::view::printable;

/// Why the program stops early.
#[derive(Debug)]
pub enum Failure {
    /// Whoever read our output has gone (`| head`): nothing is wrong, and nothing more is to be said.
    ReaderGone,
    /// One line that says why, and what to do.
    Message(String),
    /// All was done, and a MUST is broken: `check` tells so by its exit status.
    Violations,
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::ReaderGone,
            _ => Failure::Message(format!("cannot write the output: {error}")),
        }
    }
}

/// Buffered standard output.
pub struct Output {
    out: BufWriter<StdoutLock<'static>>,
    is_terminal: bool,
}

impl Output {
    /// Standard output.
    pub fn new() -> Output {
        let stdout = io::stdout();
        let is_terminal = stdout.is_terminal();
        Output { out: BufWriter::with_capacity(64 * 1024, stdout.lock()), is_terminal }
    }

    /// Returns whether a person looks at it.
    pub fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Writes a line.
    pub fn line(&mut self, line: &str) -> Result<(), Failure> {
        self.out.write_all(line.as_bytes())?;
        self.out.write_all(b"\n")?;
        Ok(())
    }

    /// Writes octets as they are.
    pub fn octets(&mut self, octets: &[u8]) -> Result<(), Failure> {
        Ok(self.out.write_all(octets)?)
    }

    /// Lets the reader see everything so far.
    pub fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.out.flush()?)
    }
}

impl Write for Output {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.out.write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Returns whether the reader of standard output has gone. A pipe tells so without being written to: who waits for rows
/// that may never come must ask.
#[cfg(all(unix, feature = "live"))]
pub fn is_reader_gone() -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    let stdout = io::stdout();
    let mut asked = [PollFd::new(&stdout, PollFlags::empty())];
    poll(&mut asked, Some(&Timespec::default())).is_ok() && asked[0].revents().contains(PollFlags::ERR)
}

/// Writes one line on standard error, in which no name and no octets of a capture move the cursor. When nobody listens there either, that is all that can be done.
pub fn complain(message: &str) {
    let _ = writeln!(io::stderr(), "framescope: {}", printable(message));
}

/// Returns what clap says about a wrong command line, in one line: the error and its tip, without the usage.
pub fn one_line(error: &str) -> String {
    let said = error.split("\n\nUsage:").next().and_then(|said| said.split("\n\nFor more").next()).unwrap_or(error);
    let words: Vec<&str> = said.trim_start_matches("error:").split_whitespace().collect();
    format!("{}; framescope --help tells the rest", words.join(" "))
}
