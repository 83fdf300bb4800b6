//! Finds and sorts the rows that the window wants, so that painting never waits for them.
//!
//! ```text
//!   window ── another query, a larger snapshot ──▸ desk: RowSearch::step …
//!      ▲                                              │
//!      └── take() ◂── the rows so far, or all of them ◂┘
//! ```
//!
//! A second desk drops for the window: the last owner of a snapshot of ten million rows frees half a gigabyte.

use std::time::{Duration, Instant};

use crate::background::{Desk, Errands, Mistake, Next, Turn, Work};
use crate::dissect::Snapshot;
use crate::query::{Query, RowSearch, RowSet};

/// Ids of one step.
const STEP: usize = 1 << 16;
/// While the capture grows, the search rests so many times as long as it last worked, and leaves the time to the others.
const REST: u32 = 2;

/// Rows that were found.
pub struct Found {
    /// The rows.
    pub rows: RowSet,
    /// True where all of the capture was searched.
    pub is_whole: bool,
}

/// The window's side of the search. Dropping it ends the search.
pub struct Search {
    desk: Desk<SearchWork>,
    drops: Desk<Errands<()>>,
}

impl Search {
    /// Makes a search for nothing yet; `wake` is called whenever there is something new to take.
    pub fn start(wake: impl Fn() + Clone + Send + 'static) -> Search {
        let drops = Desk::start("drop", Errands::default(), wake.clone());
        Search { desk: Desk::start("search", SearchWork::default(), wake), drops }
    }

    /// Asks for the rows of `query`. What was asked before is forgotten.
    pub fn ask(&mut self, query: Query, snapshot: Snapshot) {
        self.desk.ask(Question::Rows(query, snapshot));
    }

    /// Asks for nothing: what was asked before is forgotten.
    pub fn forget(&mut self) {
        self.desk.cancel();
    }

    /// Tells that the capture has grown.
    pub fn grown(&mut self, snapshot: Snapshot) {
        self.desk.add(Question::Grown(snapshot));
    }

    /// Drops something large elsewhere than here.
    pub fn bury(&mut self, it: impl Send + 'static) {
        self.drops.add(Box::new(move || drop(it)));
    }

    /// Takes what is new since the last time about the query that was asked last.
    pub fn take(&mut self) -> Option<Result<Found, Mistake>> {
        // Where there are no threads, this is the time to drop.
        self.drops.take();
        self.desk.take()
    }

    /// The part of the capture that was searched in this round, from 0 to 1.
    pub fn progress(&self) -> f32 {
        self.desk.progress()
    }
}

enum Question {
    /// Find the rows of a query.
    Rows(Query, Snapshot),
    /// The capture has grown: look for more of them.
    Grown(Snapshot),
}

/// A search, again and again for what the capture has grown by.
#[derive(Default)]
struct SearchWork {
    search: Option<RowSearch>,
    /// The snapshot that is searched, and since when.
    round: Option<(Snapshot, Instant)>,
    /// The latest snapshot, if it was not searched yet. It waits for the next round, or there would never be an end.
    grown: Option<Snapshot>,
    rest_until: Option<Instant>,
}

impl Work for SearchWork {
    type Question = Question;
    type Answer = Found;

    fn take(&mut self, question: Question) {
        match question {
            Question::Rows(query, snapshot) => {
                self.search = Some(RowSearch::new(query));
                self.grown = Some(snapshot);
            }
            Question::Grown(snapshot) => self.grown = Some(snapshot),
        }
    }

    fn step(&mut self, turn: &mut Turn<'_, Found>) -> Next {
        let Some(search) = &mut self.search else { return Next::WhenAsked };
        let now = Instant::now();
        if self.round.is_none()
            && let Some(rest) = self.rest_until.map(|until| until.saturating_duration_since(now))
            && rest > Duration::ZERO
        {
            return if self.grown.is_some() { Next::After(rest) } else { Next::WhenAsked };
        }
        let Some((snapshot, since)) = self.round.take().or_else(|| Some((self.grown.take()?, now))) else {
            return Next::WhenAsked;
        };
        if search.step(&snapshot, STEP) {
            if turn.progress(search.progress(&snapshot)) && search.is_in_order() {
                turn.say(Found { rows: search.rows(&snapshot), is_whole: false });
            }
            self.round = Some((snapshot, since));
            return Next::Now;
        }
        turn.say(Found { rows: search.rows(&snapshot), is_whole: true });
        let now = Instant::now();
        self.rest_until = Some(now + (now - since) * REST);
        Next::Now
    }

    fn cancel(&mut self) {
        *self = SearchWork::default();
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::dissect::{Progress, Session};
    use crate::query::{Filter, RowKind};

    /// All that is found, by a thread or by ticks.
    fn found(mut search: Search, query: &Query, snapshots: &[Snapshot]) -> Vec<u32> {
        search.ask(query.clone(), snapshots[0].clone());
        for grown in &snapshots[1..] {
            search.grown(grown.clone());
        }
        let start = Instant::now();
        let mut rows = RowSet::default();
        while search.desk.is_busy() || rows.query() != query {
            if let Some(found) = search.take() {
                rows = found.unwrap().rows;
            }
            assert!(start.elapsed() < Duration::from_secs(20), "the search does not end");
        }
        rows = search.take().map_or(rows, |found| found.unwrap().rows);
        (0..rows.len()).filter_map(|row| rows.id(row)).collect()
    }

    #[test]
    fn a_thread_and_ticks_find_the_same_rows() {
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/chat-unicode.pcapng");
        let mut session = Session::open(&sample).unwrap();
        let mut snapshots = vec![session.snapshot()];
        while session.step(2).unwrap() != Progress::End {
            snapshots.push(session.snapshot());
        }
        snapshots.push(session.snapshot());
        let query =
            |filter: &str| Query { kind: RowKind::Frames, filter: Filter::parse(filter).unwrap(), ..Query::default() };
        for filter in ["text", "len>20", "nothing-has-this"] {
            let query = query(filter);
            let ticks = Search {
                desk: Desk::by_ticks(SearchWork::default(), || {}),
                drops: Desk::by_ticks(Errands::default(), || {}),
            };
            let by_ticks = found(ticks, &query, &snapshots);
            assert_eq!(found(Search::start(|| {}), &query, &snapshots), by_ticks);
            assert_eq!(found(Search::start(|| {}), &query, &snapshots[snapshots.len() - 1..]), by_ticks);
        }
    }
}
