//! `connections`, `frames`, `messages`: rows as they are found.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::args::{Connections, List, ListFile};
use super::output::{Failure, Output};
use super::walk::{self, Moment};
use super::{json, table};
use crate::base::{ConnectionId, FrameId, MessageId};
use crate::dissect::{Decisions, Inflation, Session, Snapshot};
use crate::view::close_story;

/// Decides which rows can be printed.
///
/// A row is ready when nothing more about it will come: nothing more of it, and no finding about it. A file's rows come
/// in the order of their numbers, so one that is not ready holds back those behind it; when there is nothing more to read
/// for now, the ready ones behind it are printed without it.
#[derive(Debug, Default)]
struct Gate {
    /// Rows below were printed, but for those in `open`.
    seen: usize,
    /// Rows below `seen` that were passed over.
    open: BTreeSet<usize>,
    /// The one of them that the next pass looks at first.
    next_open: usize,
}

/// Rows that were passed over which one pass looks at again: there can be a million, and a pass for every few packets.
const LOOKS: usize = 4096;

impl Gate {
    fn pass(
        &mut self,
        count: usize,
        moment: Moment,
        ready: impl Fn(usize) -> bool,
        mut print: impl FnMut(usize) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let ready = |index| moment == Moment::End || ready(index);
        let all = moment == Moment::End || self.open.len() <= LOOKS;
        let from = if all { 0 } else { self.next_open };
        let looked_at: Vec<usize> =
            self.open.range(from..).copied().take(if all { usize::MAX } else { LOOKS }).collect();
        self.next_open = looked_at.last().filter(|_| looked_at.len() == LOOKS).map_or(0, |last| last + 1);
        for index in looked_at.into_iter().filter(|index| ready(*index)) {
            self.open.remove(&index);
            print(index)?;
        }
        while self.seen < count {
            if ready(self.seen) {
                print(self.seen)?;
            } else if moment == Moment::Waiting {
                self.open.insert(self.seen);
            } else {
                break;
            }
            self.seen += 1;
        }
        Ok(())
    }
}

/// Runs a list: `count` rows in a snapshot, of which `ready` ones are printed.
fn list(
    arguments: &ListFile,
    decisions: Decisions,
    output: &mut Output,
    header: &str,
    count: impl Fn(&Snapshot) -> usize,
    ready: impl Fn(&Snapshot, usize, Moment) -> bool,
    print: impl Fn(&Snapshot, usize, &mut Output) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let session = walk::open(&arguments.file, decisions)?;
    list_of(session, walk::pump, arguments.json, output, header, count, ready, print)
}

#[expect(clippy::too_many_arguments, reason = "what is read, how it is waited for, and how its rows are printed")]
fn list_of(
    session: Session,
    wait: impl FnMut(&mut Session) -> Result<(), Failure>,
    as_json: bool,
    output: &mut Output,
    header: &str,
    count: impl Fn(&Snapshot) -> usize,
    ready: impl Fn(&Snapshot, usize, Moment) -> bool,
    print: impl Fn(&Snapshot, usize, &mut Output) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut gate = Gate::default();
    let mut header = Some(header).filter(|_| !as_json);
    walk::walk_on(session, wait, |snapshot, moment| {
        gate.pass(
            count(snapshot),
            moment,
            |index| ready(snapshot, index, moment),
            |index| {
                header.take().map_or(Ok(()), |header| output.line(header))?;
                print(snapshot, index, output)
            },
        )?;
        if moment == Moment::End {
            // A list without rows has its header all the same.
            header.take().map_or(Ok(()), |header| output.line(header))?;
        }
        match moment {
            Moment::Waiting => output.flush(),
            Moment::Reading | Moment::End => Ok(()),
        }
    })
}

/// `framescope frames FILE`
pub fn frames(arguments: &List, decisions: Decisions, output: &mut Output) -> Result<(), Failure> {
    let List { list, payload } = arguments;
    let session = walk::open(&list.file, decisions)?;
    frames_of(session, walk::pump, (list.json, *payload), output)
}

/// The frames of a capture; `wait` is called where there are no more for now.
pub fn frames_of(
    session: Session,
    wait: impl FnMut(&mut Session) -> Result<(), Failure>,
    (as_json, payload): (bool, bool),
    output: &mut Output,
) -> Result<(), Failure> {
    list_of(
        session,
        wait,
        as_json,
        output,
        table::FRAMES_HEADER,
        Snapshot::frame_count,
        |snapshot, index, moment| frame_is_ready(snapshot, FrameId::from_index(index), moment),
        |snapshot, index, output| {
            let id = FrameId::from_index(index);
            if as_json {
                json::frame(snapshot, id, payload, output)
            } else {
                table::frame(snapshot, id, payload, output)
            }
        },
    )
}

/// Whether a frame can be printed: whoever waits for rows sees it when it has ended, without waiting for the rest of its
/// message, about which something may still be found.
pub fn frame_is_ready(snapshot: &Snapshot, id: FrameId, moment: Moment) -> bool {
    snapshot.frame(id).is_some_and(|frame| match moment {
        Moment::Reading => snapshot.is_settled(frame),
        Moment::Waiting => frame.is_ended(),
        Moment::End => true,
    })
}

/// `framescope messages FILE`
pub fn messages(arguments: &List, decisions: Decisions, output: &mut Output) -> Result<(), Failure> {
    let List { list: file, payload } = arguments;
    let inflation = RefCell::new(Inflation::default());
    list(
        file,
        decisions,
        output,
        table::MESSAGES_HEADER,
        Snapshot::message_count,
        |snapshot, index, _| snapshot.message(MessageId::from_index(index)).is_some_and(|message| message.ended),
        |snapshot, index, output| {
            let id = MessageId::from_index(index);
            if file.json {
                json::message(snapshot, &mut inflation.borrow_mut(), id, *payload, output)
            } else {
                table::message(snapshot, &mut inflation.borrow_mut(), id, *payload, output)
            }
        },
    )
}

/// `framescope connections FILE`
pub fn connections(arguments: &Connections, decisions: Decisions, output: &mut Output) -> Result<(), Failure> {
    let Connections { list: file, story, .. } = arguments;
    list(
        file,
        decisions,
        output,
        table::CONNECTIONS_HEADER,
        Snapshot::connection_count,
        // A connection's row sums it up.
        |snapshot, index, _| {
            snapshot.connection(ConnectionId::from_index(index)).is_some_and(|connection| connection.is_over)
        },
        |snapshot, index, output| {
            let id = ConnectionId::from_index(index);
            if file.json {
                return json::connection(snapshot, id, output);
            }
            table::connection(snapshot, id, output)?;
            let told = if *story { close_story(snapshot, id) } else { Vec::new() };
            told.iter().try_for_each(|sentence| output.line(&format!("      {sentence}")))
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_their_order_unless_somebody_waits() {
        let mut gate = Gate::default();
        let mut printed = Vec::new();
        let mut pass = |count, moment, unready: &[usize]| {
            gate.pass(
                count,
                moment,
                |index| !unready.contains(&index),
                |index| {
                    printed.push(index);
                    Ok(())
                },
            )
            .unwrap();
            std::mem::take(&mut printed)
        };
        assert_eq!(pass(3, Moment::Reading, &[1]), [0]);
        assert_eq!(pass(4, Moment::Waiting, &[1]), [2, 3]);
        assert_eq!(pass(5, Moment::Waiting, &[1, 4]), [0; 0]);
        assert_eq!(pass(5, Moment::Waiting, &[4]), [1]);
        assert_eq!(pass(6, Moment::End, &[4, 5]), [4, 5]);
    }

    #[test]
    fn each_pass_looks_at_some_of_very_many_open_rows_and_at_all_in_time() {
        let rows = 3 * LOOKS + 7;
        let (mut gate, looks) = (Gate::default(), std::cell::Cell::new(0));
        let mut printed = Vec::new();
        let mut pass = |moment, ready: &[usize]| {
            looks.set(0);
            let is_ready = |index: usize| {
                looks.set(looks.get() + 1);
                ready.contains(&index)
            };
            gate.pass(rows, moment, is_ready, |index| {
                printed.push(index);
                Ok(())
            })
            .unwrap();
            (looks.get(), std::mem::take(&mut printed))
        };
        assert_eq!(pass(Moment::Waiting, &[]), (rows, vec![]));
        let ready = [5, LOOKS + 1, rows - 1];
        assert_eq!(pass(Moment::Waiting, &ready), (LOOKS, vec![5]));
        assert_eq!(pass(Moment::Waiting, &ready), (LOOKS, vec![LOOKS + 1]));
        assert_eq!(pass(Moment::Waiting, &ready), (LOOKS, vec![]));
        assert_eq!(pass(Moment::Waiting, &ready), (7, vec![rows - 1]));
        let (_, rest) = pass(Moment::End, &[]);
        assert_eq!((rest.len(), rest.is_sorted()), (rows - 3, true));
    }
}
