//! Reading a capture to its end, with a look at the index now and then.

use std::path::Path;

use super::output::{Failure, complain};
use crate::background::InflateThreads;
use crate::dissect::{KeptMessages, Progress, ReadOptions, Session, Snapshot};

/// Packets between two looks at a file that is being read.
const STRIDE: usize = 8192;

/// Payload octets, those on the wire and those they inflate to, that are judged between two looks.
const JUDGED_AT_ONCE: u64 = 8 << 20;

/// When a look happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// In the middle: more will come at once.
    Reading,
    /// Everything was read, and so many messages are judged; the others will be at once.
    Judging(usize),
    /// Nothing more is there now: whoever waits for rows should see them.
    Waiting,
    /// At the end.
    End,
}

/// Waits for more of what is read.
type Wait<'a> = Box<dyn FnMut(&mut Session) -> Result<(), Failure> + 'a>;

/// A capture to be read.
pub struct Input<'a> {
    session: Session,
    /// Rows are wanted as they are found. What is in a file is indexed before its first row is printed, so that every row
    /// has all its findings.
    is_open: bool,
    /// Called where nothing more is there for now.
    wait: Wait<'a>,
    /// Set if what judging inflates is wanted.
    kept: Option<KeptMessages>,
}

impl<'a> Input<'a> {
    /// Opens `file` (`-` is standard input), with the user's options.
    pub fn open(file: &Path, options: ReadOptions) -> Result<Input<'a>, Failure> {
        let (session, is_open) = match file.to_str() {
            Some("-") => (Session::open_stream(Box::new(std::io::stdin()), "standard input"), true),
            _ => (Session::open(file), !file.is_file()),
        };
        let session = session.map_err(|error| Failure::Message(error.to_string()))?.with_options(options);
        Ok(Input { session, is_open, wait: Box::new(pump), kept: None })
    }

    /// Returns what grows; `wait` is called where there is nothing more for now.
    #[cfg(feature = "live")]
    pub fn growing(session: Session, wait: impl FnMut(&mut Session) -> Result<(), Failure> + 'a) -> Input<'a> {
        Input { session, is_open: true, wait: Box::new(wait), kept: None }
    }

    /// Keeps the first `most` octets that each message of a file inflates to for `look`, which is called when some were
    /// judged.
    pub fn keep_messages(&mut self, most: u64) -> KeptMessages {
        let kept = self.session.kept_messages(most);
        self.kept = Some(kept.clone());
        kept
    }
}

/// Reads a capture and judges payloads too. Calls `look` once at the end, and before that from time to time where rows are
/// wanted as they are found. What the capture lacks is told on standard error.
pub fn walk(input: Input<'_>, mut look: impl FnMut(&Snapshot, Moment) -> Result<(), Failure>) -> Result<(), Failure> {
    let Input { mut session, is_open, mut wait, kept } = input;
    if !is_open {
        match kept {
            Some(kept) => read_and_judge(&mut session, kept, &mut look)?,
            None => read_to_end(&mut session, true)?,
        }
        look(&session.snapshot(), Moment::End)?;
        warn(&session);
        return Ok(());
    }
    judge_with_threads(&mut session);
    loop {
        match session.step(STRIDE).map_err(|error| Failure::Message(error.to_string()))? {
            Progress::More => look(&session.snapshot(), Moment::Reading)?,
            Progress::Pending => {
                look(&session.snapshot(), Moment::Waiting)?;
                wait(&mut session)?;
            }
            Progress::End => break,
        }
    }
    look(&session.snapshot(), Moment::End)?;
    warn(&session);
    Ok(())
}

/// Reads `file` to its end without looking at it on the way; `deep` judges payloads too.
pub fn read_through(file: &Path, options: ReadOptions, deep: bool) -> Result<Session, Failure> {
    let mut session = Input::open(file, options)?.session;
    read_to_end(&mut session, deep)?;
    warn(&session);
    Ok(session)
}

fn read_to_end(session: &mut Session, deep: bool) -> Result<(), Failure> {
    if deep {
        judge_with_threads(session);
    }
    loop {
        match session.step(usize::MAX).map_err(|error| Failure::Message(error.to_string()))? {
            Progress::More => {}
            Progress::Pending => pump(session)?,
            Progress::End => break,
        }
    }
    if deep {
        session.judge(u64::MAX);
    }
    Ok(())
}

/// Reads a file to its end, and then judges payloads step by step: what messages inflate to is there for `look` behind the step
/// that inflated them.
fn read_and_judge(
    session: &mut Session,
    kept: KeptMessages,
    look: &mut impl FnMut(&Snapshot, Moment) -> Result<(), Failure>,
) -> Result<(), Failure> {
    session.judge_later(kept);
    read_to_end(session, false)?;
    session.set_inflate_pool(Box::new(InflateThreads::for_this_machine()));
    while session.judge(JUDGED_AT_ONCE) {
        let judged = session.judged_messages();
        look(&session.snapshot(), Moment::Judging(judged))?;
    }
    Ok(())
}

fn judge_with_threads(session: &mut Session) {
    session.judge_at_once();
    session.set_inflate_pool(Box::new(InflateThreads::for_this_machine()));
}

/// Waits for more of what a pipe brings.
fn pump(session: &mut Session) -> Result<(), Failure> {
    session.pump().map_err(|error| Failure::Message(format!("{}: {error}", session.name())))
}

/// Tells what could not be read.
fn warn(session: &Session) {
    if let Some(damage) = session.damage() {
        complain(&format!("warning: {}: {damage}; everything before it is shown", session.name()));
    }
    for ends in session.idle_decisions() {
        complain(&format!(
            "warning: no TCP connection of the capture has the ends {} and {}; connections --others lists those that are not \
             read as WebSockets",
            ends.opener, ends.peer
        ));
    }
    let stats = session.net_stats();
    for (link_type, packets) in &stats.unknown_link_types {
        complain(&format!(
            "warning: {packets} packets have the link type {} ({}), which is not supported; they are left out",
            link_type.0,
            link_type.name()
        ));
    }
    if stats.malformed > 0 {
        complain(&format!(
            "warning: {} packets have headers that do not hold together; they are left out",
            stats.malformed
        ));
    }
    if stats.headers_cut > 0 {
        complain(&format!(
            "warning: of {} packets the capture cut the headers off; they are left out",
            stats.headers_cut
        ));
    }
    if stats.datagrams_dropped > 0 {
        complain(&format!(
            "warning: of {} IP datagrams fragments are missing; they are left out",
            stats.datagrams_dropped
        ));
    }
}
