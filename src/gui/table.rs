//! The list of frames, messages or findings: one row each, addressed by whole numbers, so that ten million cost what ten do.
//!
//! ```text
//!   table      head, scrolling, following, selection, the rows in sight
//!   state      what the list remembers: its scrolling, and rows that were made
//!   columns    which columns there are and where
//!   cells      painting the row of a frame or a message
//!   finding    painting the row of a finding
//!   values     painting values by their kind
//! ```

mod cells;
mod columns;
mod finding;
mod state;
mod values;

use egui::{RichText, Sense, Ui, WidgetInfo, vec2};

use self::columns::{Columns, Extra};
use self::state::Made;
pub use self::state::{TableState, line};
use super::command::Command;
use super::pane::Pane;
use super::previews::Previews;
use super::reading::ReadState;
use super::rows::rows_ui;
use super::theme::{self, Palette};
use super::words::words;
use super::{empty, fonts, marks, text};
use crate::base::{ConnectionId, Severity};
use crate::dissect::Snapshot;
use crate::query::{Query, RowId, RowKind, RowSet};
use crate::view::count;
use crate::ws::Opcode;

/// Height of a row.
const ROW: f32 = theme::ROW;

/// The list as it is to be painted.
pub struct ListView<'a> {
    /// Everything known so far; `None` until the first rows exist.
    pub snapshot: Option<&'a Snapshot>,
    /// Counts the snapshots.
    pub version: u64,
    /// The rows that are shown: those of an earlier query until the wanted ones are found.
    pub rows: &'a RowSet,
    /// The rows that are wanted.
    pub query: &'a Query,
    /// The part of the capture that was searched for them, from 0 to 1; `None` where that is all.
    pub searched: Option<f32>,
    /// The connection whose rows are shown; `None` for all.
    pub connection: Option<ConnectionId>,
    /// Set if a filter is in force, besides that choice.
    pub is_filtered: bool,
    /// The reason why the text in the filter box is no filter.
    pub filter_error: Option<&'a str>,
    /// The state of the reading.
    pub reading: &'a ReadState,
    /// The selected row.
    pub selected: Option<RowId>,
}

impl ListView<'_> {
    /// Returns whether rows may be left out.
    fn is_narrowed(&self) -> bool {
        self.connection.is_some() || self.is_filtered
    }

    /// Returns the id of the row in place `row`.
    fn row_id(&self, row: usize) -> Option<RowId> {
        Some(RowId::new(self.rows.kind(), self.rows.id(row)?))
    }
}

/// Paints the list into the room that is left.
pub fn table_ui(ui: &mut Ui, view: &ListView<'_>, state: &mut TableState, previews: &mut Previews) -> Option<Command> {
    ui.spacing_mut().item_spacing.y = 0.0;
    let mut command = switch_ui(ui, view, state);
    let Some(snapshot) = view.snapshot else {
        empty::hint_ui(ui, "Reading…");
        return command;
    };
    if view.rows.is_empty() {
        return nothing_ui(ui, view).or(command);
    }
    let several = snapshot.connection_count() > 1 && view.connection.is_none();
    // Once there, they stay: nothing moves under the pointer.
    state.most = state.most.max(most_rows(view));
    state.compressed |= snapshot.has_plain_lens();
    let round_trip = snapshot.totals().opcodes[usize::from(Opcode::PONG.value())] > 0;
    let extra = Extra { connection: several, compressed: state.compressed, round_trip };
    let order = view.query.order;
    let columns = Columns::new(ui.available_width(), view.rows.kind(), extra, order.key, state.most);
    if let Some(wish) = columns.head_ui(ui, order) {
        command = Some(wish);
    }
    if let Some(wish) = body_ui(ui, view, snapshot, &columns, state, previews) {
        command = Some(wish);
    }
    command
}

/// Estimates the number of rows when everything is read, so that columns do not move meanwhile.
fn most_rows(view: &ListView<'_>) -> u64 {
    let (rows, reading) = (view.rows.total() as u64, view.reading);
    let expected = u128::from(rows) * u128::from(reading.len) / u128::from(reading.position.max(1));
    if reading.is_active() { u64::try_from(expected).unwrap_or(rows).max(rows) } else { rows }
}

/// Frames, messages or findings, and how many there are.
fn switch_ui(ui: &mut Ui, view: &ListView<'_>, state: &TableState) -> Option<Command> {
    let palette = Palette::of(ui);
    let mut command = None;
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 36.0), Sense::hover());
    let layout = egui::Layout::left_to_right(egui::Align::Center);
    text::within(ui, rect.shrink2(vec2(12.0, 4.0)), layout, |ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        for kind in [RowKind::Frames, RowKind::Messages, RowKind::Findings] {
            let wish = Command::show(kind);
            let chosen = view.query.kind == kind;
            let words = RichText::new(wish.text());
            let words = if chosen { words.font(fonts::semibold(theme::BODY)) } else { words.color(palette.secondary) };
            let hint = wish.hint(ui.ctx());
            let button = egui::Button::selectable(chosen, words).min_size(vec2(84.0, 26.0));
            if ui.add(button).on_hover_text(hint).clicked() {
                command = Some(wish);
            }
        }
        ui.add_space(8.0);
        if let Some(why) = view.filter_error {
            filter_error_ui(ui, why, palette);
        } else if view.is_narrowed() {
            ui.label(
                RichText::new(count_text(view.rows, view.is_narrowed()))
                    .size(theme::SECONDARY)
                    .color(palette.secondary),
            );
        }
        if let Some(part) = view.searched.filter(|part| *part > 0.0) {
            let doing = if view.query.order.is_of_capture() { "Filtering" } else { "Sorting" };
            let words = format!("{doing}, {:.0} %", part * 100.0);
            let label = RichText::new(&words).size(theme::SECONDARY).color(palette.secondary);
            let response = ui.add(egui::Label::new(label).selectable(false));
            response.widget_info(|| WidgetInfo::labeled(egui::Role::ProgressIndicator, true, &words));
        }
        if view.reading.is_growing() && !state.follow && view.rows.len() > state.page {
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let wish = Command::FollowNewest;
                if ui.button(wish.text()).on_hover_text(wish.tooltip()).clicked() {
                    command = Some(wish);
                }
            });
        }
    });
    command
}

/// Paints the mistake in the filter above the rows that it does not narrow.
fn filter_error_ui(ui: &mut Ui, why: &str, palette: &Palette) {
    marks::severity_ui(ui, Severity::Violation);
    let words = format!("Not filtered: {why}");
    let text = RichText::new(&words).size(theme::SECONDARY).color(palette.violation);
    ui.add(egui::Label::new(text).truncate().selectable(false)).on_hover_text(why);
}

/// `1,204 of 5,000 frames`.
pub fn count_text(rows: &RowSet, is_narrowed: bool) -> String {
    let what = match rows.kind() {
        RowKind::Frames => "frame",
        RowKind::Messages => "message",
        RowKind::Findings => "finding",
    };
    let (shown, total) = (rows.len() as u64, rows.total() as u64);
    if is_narrowed {
        let shown = count(shown, what);
        let number = shown.split(' ').next().unwrap_or_default();
        format!("{number} of {}", count(total, what))
    } else {
        count(total, what)
    }
}

/// Why there are no rows, and what to do about it.
fn nothing_ui(ui: &mut Ui, view: &ListView<'_>) -> Option<Command> {
    let mut command = None;
    if view.searched.is_some() {
        empty::message_ui(ui, "Looking for rows", &[]);
    } else if view.is_filtered && view.rows.total() > 0 {
        let names = match view.rows.kind() {
            RowKind::Findings => "rule, opcode and sender",
            RowKind::Frames | RowKind::Messages => "opcode and sender",
        };
        let lines = [
            format!("A word is looked for in the URL and in the names of {names}, not in the payload."),
            "All terms must hold: fewer of them show more.".to_owned(),
        ];
        empty::message_ui(ui, "No row passes the filter", &lines);
        ui.vertical_centered(|ui| {
            ui.add_space(8.0);
            if ui.button(Command::ClearFilter.text()).on_hover_text(Command::ClearFilter.tooltip()).clicked() {
                command = Some(Command::ClearFilter);
            }
        });
    } else if view.rows.kind() == RowKind::Findings {
        let lines = ["Every rule that was judged is kept, and no octet is missing.".to_owned()];
        empty::message_ui(ui, "Nothing was found", &lines);
    } else if view.connection.is_some() {
        let lines = ["The opening handshake below says what became of it.".to_owned()];
        empty::message_ui(ui, "No frame was sent on this connection", &lines);
    } else if view.rows.kind() == RowKind::Messages {
        let lines = ["Switch to frames to see control frames: close, ping and pong.".to_owned()];
        empty::message_ui(ui, "There are no data messages", &lines);
    } else {
        let lines = [
            "Frames show as soon as a WebSocket opens.".to_owned(),
            "Of connections that were open before, the capture lacks the beginning.".to_owned(),
        ];
        let is_growing = view.reading.is_growing();
        empty::message_ui(ui, "There are no frames yet", if is_growing { &lines } else { &[] });
    }
    command
}

/// The widget of a row. It goes with the row, wherever that is painted.
fn row_widget(id: RowId) -> egui::Id {
    egui::Id::unique(("row", id))
}

/// The row that the pointer went down on or that was clicked in this pass: one of those that were painted last, for those are
/// what the user saw. By now it may be elsewhere, or out of sight.
fn touched_row(ui: &Ui, painted: &[RowId]) -> Option<RowId> {
    let is_pressed = ui.input(|input| input.pointer.primary_pressed());
    painted.iter().copied().find(|id| {
        let response = ui.ctx().read_response(row_widget(*id));
        response.is_some_and(|row| row.clicked() || is_pressed && row.is_pointer_button_down_on())
    })
}

fn body_ui(
    ui: &mut Ui,
    view: &ListView<'_>,
    snapshot: &Snapshot,
    columns: &Columns,
    state: &mut TableState,
    previews: &mut Previews,
) -> Option<Command> {
    let palette = Palette::of(ui);
    let touched = touched_row(ui, &state.painted);
    if touched.is_some() {
        // What is under the pointer stays there.
        state.follow = false;
    }
    let total = view.rows.len() as u64;
    let in_sight = (ui.available_height() / ROW).floor().max(1.0) as u64;
    state.page = in_sight as usize;
    let area = ui.available_rect_before_wrap();
    // Its arrows are commands, which do the same where nothing has the focus.
    _ = Pane::Rows.stop_ui(ui, area);
    let wheel = if ui.rect_contains_pointer(area) { ui.input(|input| input.smooth_scroll_delta.y) } else { 0.0 };
    if wheel > 0.0 {
        state.follow = false;
    }
    if wheel != 0.0 {
        state.was_scrolled = true;
    }
    if state.follow {
        state.scroll.reveal(total - 1);
    }
    let (mut scroll, before) = (state.scroll, state.scroll.top);
    let selected = view.selected;
    let mut command = touched.map(Command::SelectRow);
    let (mut without_preview, mut painted) = (Vec::new(), Vec::new());
    let words = words(ui.ctx());
    rows_ui(
        ui,
        &mut scroll,
        total,
        ROW,
        |_| (),
        |ui, number, rect, ()| {
            let Some(id) = view.row_id(number as usize) else { return };
            let Some(row) = state.row(snapshot, view.version, id, previews, &words) else { return };
            if let (RowId::Message(id), Made::Row(row)) = (id, row)
                && row.lacks_preview()
            {
                without_preview.extend(snapshot.message(id));
            }
            painted.push(id);
            let response = ui.interact(rect, row_widget(id), Sense::CLICK);
            let chosen = selected == Some(id);
            response.widget_info(|| WidgetInfo::selected(egui::Role::Row, true, chosen, row.label()));
            if response.double_clicked() {
                command = Some(Command::Cross);
            }
            if chosen {
                ui.painter().rect_filled(rect, 0.0, palette.selected);
            } else if response.hovered() {
                ui.painter().rect_filled(rect, 0.0, palette.hover);
            } else if number % 2 == 1 {
                ui.painter().rect_filled(rect, 0.0, palette.stripe);
            }
            match row {
                Made::Row(row) => {
                    row.paint(ui, rect, columns, chosen, palette);
                    row.tooltip(response);
                }
                Made::Finding(line) => line.paint(ui, rect, columns, chosen, palette),
            }
        },
    );
    if !without_preview.is_empty() {
        previews.want(snapshot, without_preview);
    }
    // Only the user's own scrolling makes the list follow again: by the wheel or by the bar.
    let barred = wheel == 0.0 && !state.follow && scroll.top != before && ui.input(|input| input.pointer.any_down());
    let newest_last = view.query.order.is_of_capture();
    if (wheel < 0.0 || barred) && newest_last && view.reading.is_growing() && total > in_sight {
        state.follow = scroll.top + in_sight >= total;
    }
    (state.scroll, state.painted) = (scroll, painted);
    command
}
