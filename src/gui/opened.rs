//! A capture that is open: the worker that reads it, the latest snapshot, and what the user looks at in it.

use super::details::DetailsState;
use super::rows::RowScroll;
use super::table::TableState;
use super::worker::{Input, Phase, ReadState, Worker};
use crate::base::{ConnectionId, FrameId, MessageId};
use crate::dissect::Snapshot;
use crate::query::{Filter, RowKind, RowSet};
use crate::view::Timeline;

/// Frames or messages that are filtered in one pass.
const FILTER_STEP: usize = 250_000;
/// Frames that are counted for the timeline in one pass.
const TIMELINE_STEP: usize = 200_000;

/// A row of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowId {
    /// A frame.
    Frame(FrameId),
    /// A message.
    Message(MessageId),
}

/// An open capture.
pub struct Opened {
    /// What people call it.
    pub name: String,
    worker: Worker,
    /// How the reading goes.
    pub state: ReadState,
    /// Everything known so far; `None` until the first rows exist.
    pub snapshot: Option<Snapshot>,
    /// Counts the snapshots, so that caches know when they are old.
    pub version: u64,
    /// Which connection's rows are shown; `None` for all.
    pub connection: Option<ConnectionId>,
    /// How far the list of connections is scrolled.
    pub connection_scroll: RowScroll,
    /// What the user typed.
    pub filter_text: String,
    /// Why that is no filter.
    pub filter_error: Option<String>,
    filter: Filter,
    /// The rows that are shown.
    pub rows: RowSet,
    /// The list of rows.
    pub table: TableState,
    /// The selected row.
    pub selected: Option<RowId>,
    /// Details of the selected row.
    pub details: DetailsState,
    /// Frames over time.
    pub timeline: Timeline,
    /// Something is still to be filtered or counted.
    busy: bool,
}

impl Opened {
    /// Opens `input`; `wake` is called from other threads whenever there is something new.
    pub fn new(input: Input, name: String, wake: impl Fn() + Send + 'static) -> Opened {
        let mut table = TableState::default();
        table.follow = input.is_stream();
        Opened {
            name,
            worker: Worker::start(input, wake),
            state: ReadState::default(),
            snapshot: None,
            version: 0,
            connection: None,
            connection_scroll: RowScroll::default(),
            filter_text: String::new(),
            filter_error: None,
            filter: Filter::default(),
            rows: RowSet::default(),
            table,
            selected: None,
            details: DetailsState::default(),
            timeline: Timeline::default(),
            busy: false,
        }
    }

    /// Takes what is new and does a bounded part of the work that is left. Returns whether some is still left.
    pub fn poll(&mut self) -> bool {
        if let Some(update) = self.worker.take() {
            self.state = update.state;
            if update.snapshot.is_some() {
                self.snapshot = update.snapshot;
                self.version += 1;
                self.busy = true;
            }
        }
        let Some(snapshot) = self.snapshot.as_ref().filter(|_| self.busy) else { return false };
        let filtering = self.rows.extend(snapshot, FILTER_STEP);
        let counting = self.timeline.extend(snapshot, TIMELINE_STEP);
        self.busy = filtering || counting;
        if self.selected.is_none() && !self.rows.is_empty() {
            self.selected = self.row_id(0);
        }
        self.busy
    }

    /// Ends the reading.
    pub fn stop(&mut self) {
        self.worker.stop();
    }

    /// Why nothing can be shown.
    pub fn failure(&self) -> Option<&str> {
        match &self.state.phase {
            Phase::Failed(why) => Some(why),
            _ => None,
        }
    }

    /// Whether a filter is in force, besides the choice of a connection.
    pub fn is_filtered(&self) -> bool {
        !self.filter.is_empty()
    }

    /// Reads the filter box again. What is not understood filters nothing.
    pub fn filter_changed(&mut self) {
        let (filter, error) = match Filter::parse(&self.filter_text) {
            Ok(filter) => (filter, None),
            Err(why) => (Filter::default(), Some(why)),
        };
        self.filter_error = error;
        if filter != self.filter {
            self.filter = filter;
            self.renew_rows(self.rows.kind());
        }
    }

    /// Shows the rows of another connection, or of all.
    pub fn select_connection(&mut self, connection: Option<ConnectionId>) {
        if self.connection != connection {
            self.connection = connection;
            self.renew_rows(self.rows.kind());
            if self.selected_row().is_none_or(|row| row.is_err()) {
                // The first row, once it is found; a connection without frames has none, but a handshake.
                self.selected = self.row_id(0);
                self.table.scroll = RowScroll::default();
            }
            if let Some(id) = connection {
                self.connection_scroll.reveal(u64::from(id.0));
            }
        }
    }

    /// Lists frames, or messages. The selected row's counterpart is selected.
    pub fn show_kind(&mut self, kind: RowKind) {
        if self.rows.kind() != kind {
            let counterpart = self.counterpart();
            self.renew_rows(kind);
            self.selected = counterpart;
            self.reveal_selected();
        }
    }

    /// The message of the selected frame, the first frame of the selected message.
    pub fn counterpart(&self) -> Option<RowId> {
        let snapshot = self.snapshot.as_ref()?;
        match self.selected? {
            RowId::Frame(id) => snapshot.frame(id)?.message().map(RowId::Message),
            RowId::Message(id) => Some(RowId::Frame(
                self.details
                    .frame()
                    .filter(|frame| snapshot.frame(*frame).is_some_and(|frame| frame.message() == Some(id)))
                    .unwrap_or(snapshot.message(id)?.first),
            )),
        }
    }

    fn renew_rows(&mut self, kind: RowKind) {
        let filter = match self.connection {
            Some(connection) => self.filter.clone().of_connection(connection.number()),
            None => self.filter.clone(),
        };
        self.rows = RowSet::new(kind, filter);
        self.table.rows_changed();
        self.busy = true;
        if let Some(snapshot) = &self.snapshot {
            // Most captures are filtered within this pass, so nothing flickers.
            self.rows.extend(snapshot, FILTER_STEP);
        }
        self.reveal_selected();
    }

    /// What is in row `row`.
    pub fn row_id(&self, row: usize) -> Option<RowId> {
        let id = self.rows.id(row)?;
        Some(match self.rows.kind() {
            RowKind::Frames => RowId::Frame(FrameId(id)),
            RowKind::Messages => RowId::Message(MessageId(id)),
        })
    }

    /// The row of what is selected: `Err` holds the row it would have if it were shown.
    pub fn selected_row(&self) -> Option<Result<usize, usize>> {
        match (self.selected?, self.rows.kind()) {
            (RowId::Frame(id), RowKind::Frames) => Some(self.rows.row(id.0)),
            (RowId::Message(id), RowKind::Messages) => Some(self.rows.row(id.0)),
            _ => None,
        }
    }

    /// Selects row `row`, or the nearest one, and scrolls to it.
    pub fn select_row(&mut self, row: usize) {
        let Some(last) = self.rows.len().checked_sub(1) else { return };
        self.selected = self.row_id(row.min(last));
        self.reveal_selected();
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
    pub fn selected_line(&self) -> Option<String> {
        super::table::line(self.snapshot.as_ref()?, self.selected?)
    }

    /// Scrolls the selected row into sight. Selecting ends the following.
    pub fn reveal_selected(&mut self) {
        if let Some(row) = self.selected_row() {
            self.table.follow = false;
            self.table.scroll.reveal(row.unwrap_or_else(|near| near) as u64);
        }
    }

    /// Selects a frame; where the list does not hold it, the list is changed to hold it.
    pub fn select_frame(&mut self, id: FrameId) {
        if self.rows.kind() == RowKind::Messages {
            self.renew_rows(RowKind::Frames);
        }
        if self.rows.row(id.0).is_err() {
            self.filter_text.clear();
            self.filter_changed();
            self.select_connection(None);
        }
        self.selected = Some(RowId::Frame(id));
        self.reveal_selected();
    }
}
