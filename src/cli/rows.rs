//! `connections`, `frames`, `messages`: rows as they are found.

use std::collections::BTreeSet;

use super::args::{Connections, List};
use super::json_message::MessageRows;
use super::output::{Failure, Output};
use super::table::Columns;
use super::walk::{self, Input, Moment};
use super::{json, json_message, table};
use crate::base::{ConnectionId, FrameId, MessageId};
use crate::dissect::{Inflation, MessageReader, ReadOptions, Snapshot};
use crate::query::{RowKind, connection_entries, entries};
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

/// A kind of rows.
trait Rows {
    /// The line over them.
    fn header(&self) -> String;
    /// Returns the number of rows in a snapshot.
    fn count(snapshot: &Snapshot) -> usize;
    /// Returns whether a row can be printed, if something may still come.
    fn is_ready(snapshot: &Snapshot, index: usize, moment: Moment) -> bool;
    /// Prints a row.
    fn print(&mut self, snapshot: &Snapshot, index: usize, output: &mut Output) -> Result<(), Failure>;
}

/// Prints the rows of a capture.
fn print<R: Rows>(mut rows: R, input: Input<'_>, as_json: bool, output: &mut Output) -> Result<(), Failure> {
    let mut gate = Gate::default();
    let mut header = (!as_json).then(|| rows.header());
    walk::walk(input, |snapshot, moment| {
        gate.pass(
            R::count(snapshot),
            moment,
            |index| R::is_ready(snapshot, index, moment),
            |index| {
                header.take().map_or(Ok(()), |header| output.line(&header))?;
                rows.print(snapshot, index, output)
            },
        )?;
        if moment == Moment::End {
            // A list without rows has its header all the same.
            header.take().map_or(Ok(()), |header| output.line(&header))?;
        }
        match moment {
            Moment::Waiting => output.flush(),
            Moment::Reading | Moment::Judging(_) | Moment::End => Ok(()),
        }
    })
}

/// The frames of a capture.
struct Frames {
    as_json: bool,
    payload: bool,
    columns: Columns,
    json: json::FrameRows,
    reader: MessageReader,
}

impl Rows for Frames {
    fn header(&self) -> String {
        self.columns.header()
    }

    fn count(snapshot: &Snapshot) -> usize {
        snapshot.frame_count()
    }

    fn is_ready(snapshot: &Snapshot, index: usize, moment: Moment) -> bool {
        frame_is_ready(snapshot, FrameId::from_index(index), moment)
    }

    fn print(&mut self, snapshot: &Snapshot, index: usize, output: &mut Output) -> Result<(), Failure> {
        let id = FrameId::from_index(index);
        match self.as_json {
            true => self.json.row(snapshot, id, self.payload, output),
            false => table::frame(&self.columns, snapshot, &mut self.reader, id, self.payload, output),
        }
    }
}

/// `framescope frames FILE`
pub fn frames(arguments: &List, options: ReadOptions, output: &mut Output) -> Result<(), Failure> {
    let List { list, payload } = arguments;
    frames_of(Input::open(&list.file, options)?, (list.json, *payload), output)
}

/// Prints the frames of what is read.
pub fn frames_of(input: Input<'_>, (as_json, payload): (bool, bool), output: &mut Output) -> Result<(), Failure> {
    let (json, reader) = (json::FrameRows::default(), MessageReader::default());
    let columns = Columns::of(entries(RowKind::Frames));
    print(Frames { as_json, payload, columns, json, reader }, input, as_json, output)
}

/// Returns whether a frame can be printed: whoever waits for rows sees it when it has ended, without waiting for the
/// rest of its message, about which something may still be found.
pub fn frame_is_ready(snapshot: &Snapshot, id: FrameId, moment: Moment) -> bool {
    snapshot.frame(id).is_some_and(|frame| match moment {
        Moment::Reading | Moment::Judging(_) => snapshot.is_settled(frame),
        Moment::Waiting => frame.is_ended(),
        Moment::End => true,
    })
}

/// The messages of a capture.
struct Messages {
    as_json: bool,
    payload: bool,
    columns: Columns,
    json: MessageRows,
    inflation: Inflation,
}

impl Rows for Messages {
    fn header(&self) -> String {
        self.columns.header()
    }

    fn count(snapshot: &Snapshot) -> usize {
        snapshot.message_count()
    }

    fn is_ready(snapshot: &Snapshot, index: usize, moment: Moment) -> bool {
        match moment {
            Moment::Judging(judged) => index < judged,
            _ => snapshot.message(MessageId::from_index(index)).is_some_and(|message| message.ended),
        }
    }

    fn print(&mut self, snapshot: &Snapshot, index: usize, output: &mut Output) -> Result<(), Failure> {
        let id = MessageId::from_index(index);
        match self.as_json {
            true => self.json.row(snapshot, id, self.payload, output),
            false => table::message(&self.columns, snapshot, &mut self.inflation, id, self.payload, output),
        }
    }
}

/// `framescope messages FILE`
pub fn messages(arguments: &List, options: ReadOptions, output: &mut Output) -> Result<(), Failure> {
    let List { list, payload } = arguments;
    let mut input = Input::open(&list.file, options)?;
    let most = if list.json { json_message::most_inflated(*payload) } else { table::most_inflated(*payload) };
    let kept = input.keep_messages(most);
    let inflation = || Inflation::default().with_kept(kept.clone());
    let (json, inflation) = (MessageRows::new(inflation()), inflation());
    let columns = Columns::of(entries(RowKind::Messages));
    let rows = Messages { as_json: list.json, payload: *payload, columns, json, inflation };
    print(rows, input, list.json, output)
}

/// The connections of a capture.
struct AllConnections {
    columns: Columns,
    as_json: bool,
    story: bool,
}

impl Rows for AllConnections {
    fn header(&self) -> String {
        self.columns.header()
    }

    fn count(snapshot: &Snapshot) -> usize {
        snapshot.connection_count()
    }

    /// A connection's row sums it up.
    fn is_ready(snapshot: &Snapshot, index: usize, _: Moment) -> bool {
        snapshot.connection(ConnectionId::from_index(index)).is_some_and(|connection| connection.is_over)
    }

    fn print(&mut self, snapshot: &Snapshot, index: usize, output: &mut Output) -> Result<(), Failure> {
        let id = ConnectionId::from_index(index);
        if self.as_json {
            return json::connection(snapshot, id, output);
        }
        table::connection(&self.columns, snapshot, id, output)?;
        let told = if self.story { close_story(snapshot, id) } else { Vec::new() };
        told.iter().try_for_each(|sentence| output.line(&format!("      {sentence}")))
    }
}

/// `framescope connections FILE`
pub fn connections(arguments: &Connections, options: ReadOptions, output: &mut Output) -> Result<(), Failure> {
    let Connections { list, story, .. } = arguments;
    let rows = AllConnections { columns: Columns::of(connection_entries()), as_json: list.json, story: *story };
    print(rows, Input::open(&list.file, options)?, list.json, output)
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
