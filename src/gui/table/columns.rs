//! Which columns the list has, where they are, and their heads: a click sorts.

use egui::accesskit::SortDirection;
use egui::{Align2, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use crate::gui::command::Command;
use crate::gui::theme::{self, Palette};
use crate::gui::{fonts, marks, text};
use crate::query::{Order, RowKind, SortKey};

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Number,
    Connection,
    Time,
    Delta,
    Sender,
    Opcode,
    Flags,
    Frames,
    Length,
    Plain,
    Ratio,
    RoundTrip,
    Preview,
    Findings,
    Severity,
    Frame,
    Rule,
    Finding,
}

impl Column {
    fn title(self) -> &'static str {
        match self {
            Column::Number => "#",
            Column::Connection => "Conn.",
            Column::Time => "Time (UTC)",
            Column::Delta => "Δ",
            Column::Sender => "From",
            Column::Opcode => "Opcode",
            Column::Flags => "Flags",
            Column::Frames => "Frames",
            Column::Length => "Octets",
            Column::Plain => "Plain",
            Column::Ratio => "Sent",
            Column::RoundTrip => "Round trip",
            Column::Preview => "Payload",
            Column::Findings => "",
            Column::Severity => "Severity",
            Column::Frame => "Frame",
            Column::Rule => "Rule",
            Column::Finding => "Finding",
        }
    }

    /// What a screen reader calls it.
    fn name(self) -> &'static str {
        match self {
            Column::Number => "Number",
            Column::Connection => "Connection",
            Column::Time => "Time",
            Column::Delta => "Time since the frame before",
            Column::Plain => "Octets without compression",
            Column::Ratio => "Sent of them",
            Column::Findings => "Findings",
            column => column.title(),
        }
    }

    /// What a click on its head sorts by.
    fn key(self) -> Option<SortKey> {
        match self {
            Column::Number => Some(SortKey::Number),
            Column::Connection => Some(SortKey::Connection),
            Column::Time => Some(SortKey::Time),
            Column::Delta => Some(SortKey::Delta),
            Column::Sender => Some(SortKey::Sender),
            Column::Opcode => Some(SortKey::Opcode),
            Column::Frames => Some(SortKey::Frames),
            Column::Length => Some(SortKey::Length),
            Column::Plain => Some(SortKey::PlainLength),
            Column::Ratio => Some(SortKey::Ratio),
            Column::RoundTrip => Some(SortKey::RoundTrip),
            Column::Severity => Some(SortKey::Severity),
            Column::Frame => Some(SortKey::Frame),
            Column::Rule => Some(SortKey::Rule),
            Column::Flags | Column::Preview | Column::Findings | Column::Finding => None,
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Column::Number => "The number, from 1",
            Column::Connection => "The connection, as numbered in the list on the left",
            Column::Time => "When the packet with the first octet was captured, in UTC",
            Column::Delta => "Time since the frame before on the same connection",
            Column::Sender => "Who sent it: an arrow to the right for the client, to the left for the server",
            Column::Opcode => "What kind of frame it is",
            Column::Flags => "FIN, RSV1, RSV2, RSV3 and MASK: a letter or digit where the bit is set, a dot where not",
            Column::Frames => "How many frames the message was sent in",
            Column::Length => "Payload octets on the wire, as the header declares them",
            Column::Plain => "Octets of the message without compression: what it inflates to",
            Column::Ratio => {
                "How much of a compressed message's octets was sent: above 100 % compression made it larger"
            }
            Column::RoundTrip => {
                "Of a pong, how long it came after the ping that it answers, seen from where it was captured"
            }
            Column::Preview => "How the payload begins; octets where it is no text",
            Column::Findings => "How bad the worst finding is",
            Column::Severity => "A violation breaks a MUST, a warning a SHOULD; a note is nobody's fault",
            Column::Frame => "The frame that it is about",
            Column::Rule => "Which rule, by its stable name",
            Column::Finding => "What was found, with the values; select it to see where",
        }
    }

    /// `most` is the largest number of a row.
    fn width(self, kind: RowKind, most: u64) -> f32 {
        match self {
            Column::Number => (text::grouped(most).len() as f32 * 7.5 + 2.0 * PAD).max(56.0),
            Column::Connection => 44.0,
            Column::Time => 122.0,
            Column::Delta => 78.0,
            Column::Sender => 68.0,
            // Of messages it is text or binary.
            Column::Opcode if kind == RowKind::Messages => 84.0,
            Column::Opcode => 112.0,
            Column::Flags => 72.0,
            Column::Frames => 58.0,
            Column::Length => 84.0,
            Column::Plain => 76.0,
            Column::Ratio => 70.0,
            Column::RoundTrip => 84.0,
            Column::Preview => 0.0,
            Column::Findings => 40.0,
            Column::Severity => 94.0,
            Column::Frame => 72.0,
            Column::Rule => 232.0,
            Column::Finding => 0.0,
        }
    }

    /// Whether numbers are compared in it.
    pub(super) fn is_right(self) -> bool {
        matches!(
            self,
            Column::Number
                | Column::Connection
                | Column::Delta
                | Column::Frames
                | Column::Length
                | Column::Plain
                | Column::Ratio
                | Column::RoundTrip
                | Column::Frame
        )
    }
}

/// The columns of a list: from where to where each reaches, in points from its left edge.
pub(super) struct Columns {
    places: Vec<(Column, f32, f32)>,
}

/// Columns that only some captures have something for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Extra {
    /// There are several connections.
    pub connection: bool,
    /// Messages are compressed.
    pub compressed: bool,
    /// There are pongs.
    pub round_trip: bool,
}

/// The least width of the preview: columns that matter less give way to it.
const PREVIEW: f32 = 120.0;
/// Empty room at each side of a column.
pub(super) const PAD: f32 = 6.0;

impl Columns {
    /// The columns of a list `width` points wide, whose largest row number is `most`.
    pub(super) fn new(width: f32, kind: RowKind, extra: Extra, sorted: SortKey, most: u64) -> Columns {
        let mut columns = vec![Column::Number];
        if extra.connection {
            columns.push(Column::Connection);
        }
        match kind {
            RowKind::Frames | RowKind::Messages => {
                columns.extend([Column::Time, Column::Delta, Column::Sender, Column::Opcode]);
                columns.push(if kind == RowKind::Frames { Column::Flags } else { Column::Frames });
                columns.push(Column::Length);
                if kind == RowKind::Messages && extra.compressed {
                    columns.extend([Column::Plain, Column::Ratio]);
                }
                if kind == RowKind::Frames && extra.round_trip {
                    columns.push(Column::RoundTrip);
                }
                columns.extend([Column::Preview, Column::Findings]);
            }
            RowKind::Findings => {
                columns.extend([Column::Severity, Column::Frame, Column::Sender, Column::Rule, Column::Finding]);
            }
        }
        // Room for the scroll bar.
        let width = width - 14.0;
        let needed = |columns: &[Column]| columns.iter().map(|column| column.width(kind, most)).sum::<f32>() + PREVIEW;
        // What a row says in words where the column is not there goes first.
        let dispensable = [
            Column::RoundTrip,
            Column::Delta,
            Column::Frames,
            Column::Plain,
            Column::Time,
            Column::Flags,
            Column::Connection,
            Column::Ratio,
        ];
        for dispensable in dispensable.into_iter().filter(|_| kind != RowKind::Findings) {
            // Without the column that it is sorted by nobody would understand the list.
            if needed(&columns) > width && dispensable.key() != Some(sorted) {
                columns.retain(|column| *column != dispensable);
            }
        }
        let fixed = columns.iter().map(|column| column.width(kind, most)).sum::<f32>();
        let mut x = 0.0;
        let place = |column: Column| {
            let is_flexible = matches!(column, Column::Preview | Column::Finding);
            let wide = if is_flexible { (width - fixed).max(40.0) } else { column.width(kind, most) };
            x += wide;
            (column, x - wide, x)
        };
        Columns { places: columns.into_iter().map(place).collect() }
    }

    /// Whether it is among them.
    pub(super) fn has(&self, column: Column) -> bool {
        self.places.iter().any(|(it, ..)| *it == column)
    }

    /// The cells of the row in `rect`, without their padding.
    pub(super) fn cells(&self, rect: Rect) -> impl Iterator<Item = (Column, Rect)> + '_ {
        self.places.iter().map(move |(column, left, right)| {
            let cell = Rect::from_min_max(
                pos2(rect.left() + left + PAD, rect.top()),
                pos2(rect.left() + right - PAD, rect.bottom()),
            );
            (*column, cell)
        })
    }

    /// The heads, the one that the rows are sorted by with an arrow.
    pub(super) fn head_ui(&self, ui: &mut Ui, order: Order) -> Option<Command> {
        let palette = Palette::of(ui);
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 22.0), Sense::hover());
        ui.spacing_mut().item_spacing.y = 0.0;
        ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, palette.line));
        let mut command = None;
        for (column, cell) in self.cells(rect) {
            if head_cell_ui(ui, column, cell, order, palette) {
                command = column.key().map(Command::SortBy);
            }
        }
        command
    }
}

/// Paints a column's head, and returns whether it was clicked.
fn head_cell_ui(ui: &Ui, column: Column, cell: Rect, order: Order, palette: &Palette) -> bool {
    let sense = if column.key().is_some() { Sense::click() } else { Sense::hover() };
    let whole = cell.expand2(vec2(PAD, 0.0));
    let response = ui.interact(whole, ui.scope_id().with(("head", column.title())), sense);
    let sorted = column.key() == Some(order.key);
    response.widget_info(|| WidgetInfo::labeled(Role::ColumnHeader, true, column.name()));
    if sorted {
        let direction = if order.descending { SortDirection::Descending } else { SortDirection::Ascending };
        ui.ctx().accesskit_node_builder(response.id, |node| node.set_sort_direction(direction));
    }
    if response.hovered() && column.key().is_some() {
        ui.painter().rect_filled(whole, 0.0, palette.hover);
    }
    if response.has_focus() {
        ui.painter().rect_stroke(whole, 2.0, Stroke::new(1.5, palette.accent), StrokeKind::Inside);
    }
    let (anchor, at, beside) = match column.is_right() {
        true => (Align2::RIGHT_CENTER, cell.right_center(), -1.0),
        false => (Align2::LEFT_CENTER, cell.left_center(), 1.0),
    };
    let color = if sorted { palette.text } else { palette.secondary };
    let words = ui.painter().text(at, anchor, column.title(), fonts::body(theme::SECONDARY), color);
    if sorted {
        // Beside the title on the free side, so that no title moves when another column is sorted by.
        let at = words.center() + vec2(beside * (words.width() / 2.0 + 2.0 * theme::GRID), 0.0);
        marks::sorted(ui.painter(), at, 8.0, order.descending, palette.accent);
    }
    let clicked = response.clicked();
    response.on_hover_ui(|ui| {
        ui.label(column.hint());
        if let Some(key) = column.key() {
            let hint = Command::SortBy(key).tooltip();
            ui.label(egui::RichText::new(hint).size(theme::SECONDARY).color(palette.secondary));
        }
    });
    clicked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(width: f32, kind: RowKind, extra: Extra, sorted: SortKey) -> Columns {
        Columns::new(width, kind, extra, sorted, 99_999)
    }

    const ALL: Extra = Extra { connection: true, compressed: true, round_trip: true };

    #[test]
    fn columns_fill_the_width_without_overlap() {
        for width in [420.0, 640.0, 760.0, 1300.0] {
            for kind in [RowKind::Frames, RowKind::Messages] {
                let columns = columns(width, kind, ALL, SortKey::Time);
                assert!(columns.has(Column::Time));
                let mut x = 0.0;
                for (_, left, right) in &columns.places {
                    assert_eq!((*left, *right > x), (x, true));
                    x = *right;
                }
                assert!(x <= width.max(600.0));
            }
        }
    }

    #[test]
    fn what_has_no_room_gives_way_and_what_is_sorted_by_stays() {
        let wide = columns(1300.0, RowKind::Messages, ALL, SortKey::Number);
        assert!(wide.has(Column::Plain) && wide.has(Column::Ratio) && wide.has(Column::Delta));
        let narrow = columns(760.0, RowKind::Messages, ALL, SortKey::Number);
        assert!(narrow.has(Column::Ratio) && narrow.has(Column::Time) && !narrow.has(Column::Delta));
        assert!(columns(760.0, RowKind::Messages, ALL, SortKey::PlainLength).has(Column::Plain));
        assert!(columns(760.0, RowKind::Frames, ALL, SortKey::RoundTrip).has(Column::RoundTrip));
        let plain = columns(1300.0, RowKind::Messages, Extra::default(), SortKey::Number);
        assert!(!plain.has(Column::Plain) && !plain.has(Column::Connection));
    }
}
