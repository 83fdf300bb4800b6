//! A capture that is open: the reading of it, the latest snapshot, and what the user looks at in it.

use std::sync::Arc;

use super::details::DetailsState;
use super::history::History;
use super::input::Input;
use super::previews::Previews;
use super::reading::{Phase, ReadState, Reading};
use super::rows::RowScroll;
use super::search::{Found, Search};
use super::table::{ListView, TableState};
use crate::background::Mistake;
use crate::base::ConnectionId;
use crate::dissect::{Others, ReadOptions, Snapshot, UserDecision};
use crate::net::Flow;
use crate::query::{Filter, Order, Query, RowField, RowId, RowKind, RowSet};
use crate::view::{Timeline, Words, printable};

/// The row that is scrolled into sight when the rows of another query have been found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arrival {
    /// The first ones.
    Top,
    /// The selected one.
    Selected,
    /// The selected one; where it is not among them, the first one is selected.
    SelectedOrFirst,
}

/// An open capture.
pub struct Opened {
    /// The name that people know it by.
    pub name: String,
    reading: Reading,
    search: Search,
    /// The first octets of what compressed messages inflate to.
    pub previews: Previews,
    /// The process that sniffs it, or did.
    #[cfg(feature = "live")]
    pub recording: Option<super::live::Recording>,
    /// The capture file, as long as nobody has saved it.
    #[cfg(feature = "live")]
    pub unsaved: Option<super::live::Unsaved>,
    /// The state of the reading.
    pub state: ReadState,
    /// Everything known so far; `None` until the first rows exist.
    pub snapshot: Option<Snapshot>,
    /// Counts the snapshots, so that caches know when they are old.
    pub version: u64,
    /// The connection whose rows are shown; `None` for all.
    pub connection: Option<ConnectionId>,
    /// The scroll position of the list of connections.
    pub connection_scroll: RowScroll,
    /// The text in the filter box.
    pub filter_text: String,
    /// Why that is no filter.
    pub filter_error: Option<String>,
    filter: Filter,
    /// The rows that are wanted.
    query: Query,
    /// The part of the capture that was searched for them; `None` where that is all.
    searched: Option<f32>,
    arrival: Option<Arrival>,
    /// The rows that are shown: those of an earlier query until the wanted ones are found.
    pub rows: RowSet,
    /// The list of rows.
    pub table: TableState,
    /// The selected row.
    pub selected: Option<RowId>,
    /// The rows that were selected before.
    history: History,
    /// Details of the selected row.
    pub details: DetailsState,
    /// Frames over time.
    pub timeline: Timeline,
    /// The TCP connections that are not read as WebSockets.
    pub others: Arc<Others>,
    /// The user's options, with the word on TCP connections.
    options: ReadOptions,
    /// The connection with these ends is to be shown as soon as it is there.
    awaited: Option<Flow>,
}

impl Opened {
    /// Opens `input`, with the user's options; `wake` is called from other threads whenever there is
    /// something new.
    pub fn new(input: Input, name: String, options: ReadOptions, wake: impl Fn() + Clone + Send + 'static) -> Opened {
        let mut table = TableState::default();
        table.follow = input.is_stream();
        let details = DetailsState::new(wake.clone());
        Opened {
            name,
            reading: Reading::start(input, options.clone(), wake.clone()),
            previews: Previews::start(wake.clone()),
            search: Search::start(wake),
            #[cfg(feature = "live")]
            recording: None,
            #[cfg(feature = "live")]
            unsaved: None,
            state: ReadState::default(),
            snapshot: None,
            version: 0,
            connection: None,
            connection_scroll: RowScroll::default(),
            filter_text: String::new(),
            filter_error: None,
            filter: Filter::default(),
            query: Query::default(),
            searched: None,
            arrival: None,
            rows: RowSet::default(),
            table,
            selected: None,
            history: History::default(),
            details,
            timeline: Timeline::default(),
            others: Arc::default(),
            options,
            awaited: None,
        }
    }

    /// Takes what the work in the background has for us.
    pub fn poll(&mut self) {
        if let Some(update) = self.reading.take() {
            self.state = update.state;
            self.others = update.others;
            self.timeline = update.timeline;
            if let Some(snapshot) = update.snapshot {
                self.grow(snapshot);
            }
        }
        if self.previews.take() {
            self.table.previews_changed();
        }
        // What the capture grows by is added without a word.
        self.searched = self.searched.map(|_| self.search.progress());
        match self.search.take() {
            Some(Ok(Found { rows, is_whole })) => {
                self.show(rows);
                if is_whole {
                    self.searched = None;
                    self.arrive();
                }
            }
            Some(Err(Mistake)) => (self.searched, self.filter_error) = (None, Some(super::MISTAKE.to_owned())),
            None => {}
        }
        self.note_selected(false);
    }

    /// Notes what is selected, so that one can come back to it; `is_step` says that it was reached by a step along the list.
    pub fn note_selected(&mut self, is_step: bool) {
        if let Some(row) = self.selected {
            self.history.visit(row, is_step);
        }
    }

    /// Selects what was selected before.
    pub fn back(&mut self) {
        if let Some(row) = self.history.back() {
            self.go_to(row);
        }
    }

    /// Selects what was selected when going back.
    pub fn forward(&mut self) {
        if let Some(row) = self.history.forward() {
            self.go_to(row);
        }
    }

    fn grow(&mut self, snapshot: Snapshot) {
        self.version += 1;
        let old = self.snapshot.replace(snapshot.clone());
        match &old {
            Some(_) if self.query.needs_search() => self.search.grown(snapshot),
            Some(_) => self.show(RowSet::all(self.query.clone(), &snapshot)),
            None => self.look_for_rows(),
        }
        self.search.bury(old);
        self.show_awaited();
    }

    /// The user says something about the TCP connections between these ends: the capture is read again.
    /// `wake` is as in [`Opened::new`].
    pub fn decide(&mut self, ends: Flow, decision: UserDecision, wake: impl Fn() + Clone + Send + 'static) {
        self.options.decisions.decide(ends, decision);
        self.reading.read_again(self.options.clone());
        self.awaited = (decision != UserDecision::NotWebSocket).then_some(ends);
        // Numbers of connections, frames and findings mean others from now on.
        self.search.forget();
        self.search.bury((self.snapshot.take(), std::mem::take(&mut self.rows)));
        self.version += 1;
        self.state = ReadState::default();
        (self.connection, self.selected, self.searched, self.arrival) = (None, None, None, None);
        (self.connection_scroll, self.history) = (RowScroll::default(), History::default());
        self.query.filter = self.filter.clone();
        self.previews = Previews::start(wake.clone());
        self.details.forget(wake);
        self.timeline = Timeline::default();
    }

    /// Shows the connection that the user decided about, once it is there.
    fn show_awaited(&mut self) {
        let (Some(ends), Some(snapshot)) = (self.awaited, &self.snapshot) else { return };
        let is_it = |flow: Flow| flow == ends || (flow.peer, flow.opener) == (ends.opener, ends.peer);
        let found = snapshot.connections().find(|connection| is_it(connection.ends())).map(|connection| connection.id);
        if let Some(id) = found {
            self.awaited = None;
            self.select_connection(Some(id));
        }
    }

    /// Asks for the rows that are wanted, or shows them at once.
    fn look_for_rows(&mut self) {
        let Some(snapshot) = self.snapshot.clone() else { return };
        if self.query.needs_search() {
            self.searched = Some(0.0);
            self.search.ask(self.query.clone(), snapshot);
        } else {
            self.searched = None;
            self.search.forget();
            self.show(RowSet::all(self.query.clone(), &snapshot));
            self.arrive();
        }
    }

    /// Lists `rows` instead of those that were shown.
    fn show(&mut self, rows: RowSet) {
        let old = std::mem::replace(&mut self.rows, rows);
        if old.query() == self.rows.query() {
            self.keep_in_place(&old);
        } else {
            self.table.scroll = RowScroll::default();
        }
        self.search.bury(old);
        if self.selected.is_none() {
            self.selected = self.row_id(0);
        }
    }

    /// Scrolls so that what is in sight stays where it is: the selected row, or the topmost one.
    fn keep_in_place(&mut self, old: &RowSet) {
        let top = usize::try_from(self.table.scroll.top).unwrap_or(usize::MAX);
        let selected = self.selected_in(old).and_then(Result::ok);
        let anchor = selected.filter(|row| (top..top + self.table.page).contains(row)).unwrap_or(top);
        if let Some(id) = old.id(anchor) {
            let row = self.rows.row(id).unwrap_or_else(|near| near);
            self.table.scroll.top = (top + row).saturating_sub(anchor) as u64;
        }
    }

    /// The rows that are wanted are all here.
    fn arrive(&mut self) {
        if std::mem::take(&mut self.table.was_scrolled) {
            self.arrival = None;
        }
        match self.arrival.take() {
            Some(Arrival::SelectedOrFirst) if self.selected_row().is_none_or(|row| row.is_err()) => {
                // A connection without frames has no first one, but a handshake.
                self.selected = self.row_id(0);
            }
            Some(Arrival::Selected | Arrival::SelectedOrFirst) => self.reveal_selected(),
            Some(Arrival::Top) | None => {}
        }
    }

    /// Returns the query whose rows the list is to hold. The rows that show may still be others.
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// Returns the part of the capture that was searched for the rows that are wanted, from 0 to 1; `None` where that is all of
    /// it.
    pub fn searched(&self) -> Option<f32> {
        self.searched
    }

    /// Ends the sniffing; where nothing is sniffed, the reading.
    pub fn stop(&mut self) {
        #[cfg(feature = "live")]
        if let Some(recording) = self.recording.as_mut().filter(|recording| recording.is_running()) {
            // What was captured before is still read to its end.
            return recording.stop();
        }
        self.reading.stop();
    }

    /// Why nothing can be shown.
    pub fn failure(&self) -> Option<&str> {
        match &self.state.phase {
            Phase::Failed(why) => Some(why),
            _ => None,
        }
    }

    /// Returns whether a filter is in force, besides the choice of a connection.
    pub fn is_filtered(&self) -> bool {
        !self.filter.is_empty()
    }

    /// Filters by the text of the filter box. As long as it is not understood, nothing is filtered: what was in force before may be the
    /// beginning of a word, `text` of `text:abc`, and nothing in the box would tell.
    pub fn filter_by(&mut self, text: String) {
        self.filter_text = text;
        let (filter, error) = match Filter::parse(&self.filter_text) {
            Ok(filter) => (filter, None),
            Err(why) => (Filter::default(), Some(printable(&why))),
        };
        self.filter_error = error;
        if filter != self.filter {
            self.filter = filter;
            self.want(self.query.kind, self.query.order, Arrival::Selected);
        }
    }

    /// Shows the rows of another connection, or of all.
    pub fn select_connection(&mut self, connection: Option<ConnectionId>) {
        if self.connection != connection {
            self.connection = connection;
            self.want(self.query.kind, self.query.order, Arrival::SelectedOrFirst);
            if let Some(id) = connection {
                self.connection_scroll.reveal(u64::from(id.0));
            }
        }
    }

    /// Lists frames, messages or findings. The selected row's counterpart is selected.
    pub fn show_kind(&mut self, kind: RowKind) {
        if self.query.kind != kind {
            self.selected = self.counterpart(kind);
            let order = Some(self.query.order).filter(|order| order.is_of(kind));
            self.want(kind, order.unwrap_or_default(), Arrival::Selected);
        }
    }

    /// Lists the rows in the order that a click on a column's head asks for. Who sorts wants to see the first ones; who
    /// goes back to the order of the capture wants to see the selected one among its neighbours.
    pub fn sort_by(&mut self, key: RowField) {
        let order = self.query.order.clicked(key);
        let arrival = if order.is_of_capture() { Arrival::Selected } else { Arrival::Top };
        self.table.follow = false;
        self.want(self.query.kind, order, arrival);
    }

    /// Keeps the newest row in sight, which is last only in the order of the capture.
    pub fn follow(&mut self) {
        if !self.query.order.is_of_capture() {
            self.want(self.query.kind, Order::default(), Arrival::Top);
        }
        self.table.follow = true;
    }

    /// Returns the counterpart of the selected row among those of another kind: a frame's message, a message's frame, what a
    /// finding is about, the worst finding about a frame or a message.
    pub fn counterpart(&self, kind: RowKind) -> Option<RowId> {
        let snapshot = self.snapshot.as_ref()?;
        let frame = match self.selected? {
            RowId::Frame(id) => Some(id),
            RowId::Message(id) => {
                let shown = self.details.frame();
                shown
                    .filter(|frame| snapshot.frame(*frame).is_some_and(|frame| frame.message() == Some(id)))
                    .or_else(|| snapshot.message(id).map(|message| message.first))
            }
            RowId::Finding(id) => snapshot.finding_record(id.index())?.frame(),
        };
        match kind {
            RowKind::Frames => frame.map(RowId::Frame),
            RowKind::Messages => snapshot.frame(frame?)?.message().map(RowId::Message),
            RowKind::Findings => snapshot.worst_finding_of_frame(frame?).map(RowId::Finding),
        }
    }

    fn want(&mut self, kind: RowKind, order: Order, arrival: Arrival) {
        let filter = match self.connection {
            Some(connection) => self.filter.clone().of_connection(connection.number()),
            None => self.filter.clone(),
        };
        self.query = Query { kind, filter, order };
        self.arrival = Some(arrival);
        self.look_for_rows();
    }

    /// Returns the id of the row in place `row`.
    pub fn row_id(&self, row: usize) -> Option<RowId> {
        Some(RowId::new(self.rows.kind(), self.rows.id(row)?))
    }

    /// The row of what is selected: `Err` holds the row it would have if it were shown.
    pub fn selected_row(&self) -> Option<Result<usize, usize>> {
        self.selected_in(&self.rows)
    }

    fn selected_in(&self, rows: &RowSet) -> Option<Result<usize, usize>> {
        self.selected.filter(|id| id.kind() == rows.kind()).map(|id| rows.row(id.index()))
    }

    /// Selects row `row`, or the nearest one, and scrolls to it.
    pub fn select_row(&mut self, row: usize) {
        let Some(last) = self.rows.len().checked_sub(1) else { return };
        self.arrival = None;
        self.selected = self.row_id(row.min(last));
        self.reveal_selected();
    }

    /// Selects the last row; where more rows may come behind it, the newest one stays in sight from then on.
    pub fn select_last(&mut self) {
        self.select_row(usize::MAX);
        self.table.follow = self.state.is_growing() && self.query.order.is_of_capture();
    }

    /// Moves the selection by so many rows.
    pub fn move_selection(&mut self, by: isize) {
        let row = match self.selected_row() {
            Some(Ok(row)) => row.saturating_add_signed(by),
            // The selected row is filtered out: the nearest one that is shown.
            Some(Err(row)) if by > 0 => row,
            Some(Err(row)) => row.saturating_sub(1),
            None => 0,
        };
        self.select_row(row);
    }

    /// The selected row as a line of text.
    pub fn selected_line(&self, words: &Words) -> Option<String> {
        super::table::line(self.snapshot.as_ref()?, self.selected?, &self.previews, words)
    }

    /// Scrolls the selected row into sight. Selecting ends the following.
    pub fn reveal_selected(&mut self) {
        if let Some(row) = self.selected_row() {
            self.table.follow = false;
            self.table.scroll.reveal(row.unwrap_or_else(|near| near) as u64);
        }
    }

    /// Returns the list to be painted, with what it remembers and the previews that it asks for.
    pub fn list(&mut self) -> (ListView<'_>, &mut TableState, &mut Previews) {
        let view = ListView {
            snapshot: self.snapshot.as_ref(),
            version: self.version,
            rows: &self.rows,
            query: &self.query,
            searched: self.searched,
            connection: self.connection,
            is_filtered: !self.filter.is_empty(),
            filter_error: self.filter_error.as_deref(),
            reading: &self.state,
            selected: self.selected,
        };
        (view, &mut self.table, &mut self.previews)
    }

    /// Selects a row, wherever it is; where the list does not hold it, the list is changed to hold it.
    pub fn go_to(&mut self, id: RowId) {
        (self.selected, self.arrival) = (Some(id), None);
        if self.selected_row().is_some_and(|row| row.is_ok()) {
            return self.reveal_selected();
        }
        let Some(snapshot) = &self.snapshot else { return };
        let kind = id.kind();
        if !(Query { kind, ..self.query.clone() }).passes(snapshot, id.index()) {
            self.filter_text.clear();
            (self.filter, self.filter_error, self.connection) = (Filter::default(), None, None);
        }
        let order = Some(self.query.order).filter(|order| order.is_of(kind)).unwrap_or_default();
        self.want(kind, order, Arrival::Selected);
    }
}

impl Drop for Opened {
    /// Hands whatever is large to the background to drop, so that closing and reopening take no time.
    fn drop(&mut self) {
        self.search.bury((self.snapshot.take(), std::mem::take(&mut self.rows)));
    }
}
