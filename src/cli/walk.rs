//! Reading a capture to its end, with a look at the index now and then.

use std::path::Path;

use super::output::{Failure, complain};
use crate::background::InflateThreads;
use crate::dissect::{Decisions, Progress, Session, Snapshot};

/// Packets between two looks at a file that is being read.
const STRIDE: usize = 8192;

/// When a look happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// In the middle: more will come at once.
    Reading,
    /// Nothing more is there now: whoever waits for rows should see them.
    Waiting,
    /// At the end.
    End,
}

/// Reads `file` (`-` is standard input): see [`walk_on`].
pub fn walk(
    file: &Path,
    decisions: Decisions,
    look: impl FnMut(&Snapshot, Moment) -> Result<(), Failure>,
) -> Result<(), Failure> {
    walk_on(open(file, decisions)?, pump, look)
}

/// Reads a capture, judges payloads too, and calls `look` from time to time, and once at the end. Where nothing more is
/// there, `wait` waits for more. What the capture lacks is told on standard error.
pub fn walk_on(
    mut session: Session,
    mut wait: impl FnMut(&mut Session) -> Result<(), Failure>,
    mut look: impl FnMut(&Snapshot, Moment) -> Result<(), Failure>,
) -> Result<(), Failure> {
    session.judge_at_once();
    session.set_inflate_pool(Box::new(InflateThreads::for_this_machine()));
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
pub fn read_through(file: &Path, decisions: Decisions, deep: bool) -> Result<Session, Failure> {
    let mut session = open(file, decisions)?;
    if deep {
        session.judge_at_once();
        session.set_inflate_pool(Box::new(InflateThreads::for_this_machine()));
    }
    loop {
        match session.step(usize::MAX).map_err(|error| Failure::Message(error.to_string()))? {
            Progress::More => {}
            Progress::Pending => pump(&mut session)?,
            Progress::End => break,
        }
    }
    if deep {
        session.judge(u64::MAX);
    }
    warn(&session);
    Ok(session)
}

/// Waits for more of what a pipe brings.
pub fn pump(session: &mut Session) -> Result<(), Failure> {
    session.pump().map_err(|error| Failure::Message(format!("{}: {error}", session.name())))
}

/// Opens `file` (`-` is standard input), of whose TCP connections the user says something.
pub fn open(file: &Path, decisions: Decisions) -> Result<Session, Failure> {
    let session = match file.to_str() {
        Some("-") => Session::open_stream(Box::new(std::io::stdin()), "standard input"),
        _ => Session::open(file),
    };
    match session {
        Ok(session) => Ok(session.with_decisions(decisions)),
        Err(error) => Err(Failure::Message(error.to_string())),
    }
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
