//! Fills the spool of a pipe, and keeps what goes wrong on it.

use std::io;

use super::{Desk, Mistake, Next, Turn, Work};
use crate::capture::Filler;

/// A spool being filled. Dropping it ends that.
pub struct Spooling {
    desk: Desk<Pump>,
    /// It is kept: every reading of the capture ends with it.
    trouble: Option<Trouble>,
}

/// The reason why a spool is not filled to the end of its input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The input cannot be read, or the spool cannot be written. The capture ends there.
    Broken(String),
    /// The work panicked. The capture will never end.
    Mistake,
}

impl Spooling {
    /// Pumps the spool until its input ends. It may wait inside a read of a silent pipe longer than this lives; it then
    /// ends with the next octets or with the program.
    pub fn start(filler: Filler) -> Spooling {
        let mut desk = Desk::start("spool", Pump(filler), || {});
        desk.ask(());
        Spooling { desk, trouble: None }
    }

    /// Takes no more from the input.
    pub fn stop(&mut self) {
        self.desk.cancel();
    }

    /// Returns whether the input has more to give, or whether it has is not known yet.
    pub fn is_busy(&self) -> bool {
        self.desk.is_busy()
    }

    /// Returns what went wrong, if anything did until now.
    pub fn trouble(&mut self) -> Option<&Trouble> {
        match self.desk.take() {
            Some(Ok(error)) => self.trouble = Some(Trouble::Broken(error.to_string())),
            Some(Err(Mistake)) => self.trouble = Some(Trouble::Mistake),
            None => {}
        }
        self.trouble.as_ref()
    }
}

struct Pump(Filler);

impl Work for Pump {
    /// To go on until the input ends.
    type Question = ();
    type Answer = io::Error;

    fn take(&mut self, (): ()) {}

    fn step(&mut self, turn: &mut Turn<'_, io::Error>) -> Next {
        match self.0.pump() {
            Ok(true) => Next::Now,
            Ok(false) => Next::WhenAsked,
            Err(error) => {
                // The filler has told the source too, so the reader stops there either way.
                turn.say(error);
                Next::WhenAsked
            }
        }
    }

    fn cancel(&mut self) {}
}
