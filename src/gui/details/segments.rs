//! The last tab: the way home to the packets.

use egui::{Align2, Rect, Sense, Ui, pos2, vec2};

use crate::base::Timestamp;
use crate::dissect::Snapshot;
use crate::gui::pane::Pane;
use crate::gui::rows::{RowScroll, rows_ui};
use crate::gui::theme::{self, Palette};
use crate::gui::{empty, fonts};
use crate::view::{FrameView, SegmentRow, count};

/// Segments that are listed at most.
pub(super) const MOST: usize = 20_000;

/// Right ends of the columns, and their heads.
const COLUMNS: [(&str, f32); 4] =
    [("Packet", 96.0), ("Octets of the frame", 264.0), ("File offset", 384.0), ("Octets", 464.0)];
/// The left end of the column of times.
const TIME: f32 = 488.0;

/// Lists the TCP segments that brought the frame: of `rows`, the first [`MOST`].
pub(super) fn segments_ui(ui: &mut Ui, snapshot: &Snapshot, view: &FrameView, rows: &[SegmentRow]) {
    if rows.is_empty() {
        empty::hint_ui(ui, "No segment of this frame was captured.");
        return;
    }
    let palette = Palette::of(ui);
    let (head, _) = ui.allocate_exact_size(vec2(ui.available_width(), theme::ROW), Sense::hover());
    let font = fonts::body(theme::SECONDARY);
    for (name, right) in COLUMNS {
        let at = pos2(head.left() + right, head.center().y);
        ui.painter().text(at, Align2::RIGHT_CENTER, name, font.clone(), palette.secondary);
    }
    ui.painter().text(pos2(head.left() + TIME, head.center().y), Align2::LEFT_CENTER, "Time", font, palette.secondary);
    if rows.len() > MOST {
        let words = format!("The first {} are listed.", count(MOST as u64, "segment"));
        let font = fonts::body(theme::SECONDARY);
        ui.painter().text(head.right_center() - vec2(12.0, 0.0), Align2::RIGHT_CENTER, words, font, palette.warning);
    }
    ui.painter().hline(head.x_range(), head.bottom() - 0.5, egui::Stroke::new(1.0, palette.line));
    let id = ui.scope_id().with(("segments", view.id));
    let mut scroll: RowScroll = ui.data(|data| data.get_temp(id)).unwrap_or_default();
    let (area, last) = (ui.available_rect_before_wrap(), rows.len().min(MOST) as u64 - 1);
    if let Some(step) = Pane::Text.stop_ui(ui, area) {
        scroll.top = step.along(scroll.top, (area.height() / theme::ROW) as u64, last);
    }
    rows_ui(
        ui,
        &mut scroll,
        rows.len().min(MOST) as u64,
        theme::ROW,
        |_| (),
        |ui, number, rect, ()| {
            if let Some(row) = rows.get(number as usize) {
                row_ui(ui, row, row.time(snapshot), rect, number, palette);
            }
        },
    );
    ui.data_mut(|data| data.insert_temp(id, scroll));
}

fn row_ui(ui: &mut Ui, row: &SegmentRow, time: Option<Timestamp>, rect: Rect, number: u64, palette: &Palette) {
    let last = row.at + u64::from(row.span.len) - u64::from(row.span.len > 0);
    let time = time.map_or_else(|| "not known".to_owned(), Timestamp::time_of_day);
    let values =
        [row.packet.to_string(), format!("{}–{last}", row.at), row.span.at.to_string(), row.span.len.to_string()];
    let label = format!("packet {}, octets {} of the frame, file offset {}, {time}", values[0], values[1], values[2]);
    let response = ui.interact(rect, ui.scope_id().with(("segment", number)), Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Row, true, &label));
    if response.hovered() {
        ui.painter().rect_filled(rect, 0.0, palette.hover);
    } else if number % 2 == 1 {
        ui.painter().rect_filled(rect, 0.0, palette.stripe);
    }
    let y = rect.center().y;
    let font = fonts::mono(theme::SECONDARY);
    for (value, (_, right)) in values.iter().zip(COLUMNS) {
        ui.painter().text(pos2(rect.left() + right, y), Align2::RIGHT_CENTER, value, font.clone(), palette.text);
    }
    let at = pos2(rect.left() + TIME, y);
    let time = ui.painter().text(at, Align2::LEFT_CENTER, time, font, palette.text);
    if row.missing_before > 0 {
        let note = format!("{} before were not captured", count(row.missing_before, "octet"));
        let at = pos2(time.right() + 24.0, y);
        ui.painter().text(at, Align2::LEFT_CENTER, note, fonts::body(theme::SECONDARY), palette.warning);
    }
}
