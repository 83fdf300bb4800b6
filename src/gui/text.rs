//! Numbers and durations as people read them, text that is cut where its room ends, and contents put into a place.

use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{Color32, FontId, Galley, Layout, Rect, Ui, UiBuilder, vec2};
use std::path::Path;
use std::sync::Arc;

use crate::view::printable;

/// `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

pub use crate::view::duration;

/// Lays `contents` out in `room`, without a word about it to the layout around.
pub fn within<R>(ui: &mut Ui, room: Rect, layout: Layout, contents: impl FnOnce(&mut Ui) -> R) -> R {
    contents(&mut ui.new_child(UiBuilder::new().max_rect(room).layout(layout)))
}

/// Returns a path as people read it: no character of it moves the cursor.
pub fn path_text(path: &Path) -> String {
    printable(&path.display().to_string())
}

/// Lays out one line of text, which ends with … where it is wider than `width`. No character of it moves the cursor.
pub fn line(ui: &Ui, text: &str, font: FontId, color: Color32, width: f32) -> Arc<Galley> {
    let mut job = LayoutJob::single_section(printable(text), TextFormat::simple(font, color));
    job.wrap =
        TextWrapping { max_width: width.max(0.0), max_rows: 1, break_anywhere: true, overflow_character: Some('…') };
    ui.painter().layout_job(job)
}

/// Paints one line of text into `room`, in the middle of its height; what does not fit is cut with ….
pub fn elided(ui: &Ui, room: Rect, text: &str, font: FontId, color: Color32) -> Rect {
    let galley = line(ui, text, font, color, room.width());
    let at = room.left_center() - vec2(0.0, galley.size().y / 2.0);
    let place = Rect::from_min_size(at, galley.size());
    ui.painter().galley(at, galley, color);
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_line() {
        assert_eq!(path_text(Path::new("/a\u{1b}[2J\n\u{202e}b")), "/a·[2J··b");
    }

    #[test]
    fn durations_have_three_digits() {
        let cases = [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_234, "1.23 µs"),
            (-12_345, "-12.3 µs"),
            (123_456_789, "123 ms"),
            (4_050_000_000, "4.05 s"),
            (180_000_000_000, "3.00 min"),
        ];
        for (ns, text) in cases {
            assert_eq!(duration(ns), text);
        }
        assert_eq!((grouped(0), grouped(1_000), grouped(123_456)), ("0".into(), "1,000".into(), "123,456".into()));
    }
}
