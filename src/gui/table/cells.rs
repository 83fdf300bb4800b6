//! One row of the list: its values, its label for screen readers, and how it is painted.

use egui::{Align2, FontId, Rect, Response, Ui, pos2, vec2};

use super::columns::{Column, Columns};
use crate::base::{Rule, Sender, Severity, Timestamp};
use crate::gui::theme::{self, Palette};
use crate::gui::{fonts, marks, text};
use crate::view::{FrameRow, MessageRow, MessageState, Preview, count, length, ratio};
use crate::ws::Opcode;

/// Side of a mark.
const MARK: f32 = 11.0;
/// Rules that a tooltip names.
const NAMED: usize = 6;

/// A frame or a message, as the list shows it.
pub(super) struct Row {
    is_frame: bool,
    number: u64,
    connection: u64,
    time: Timestamp,
    delta_ns: Option<i64>,
    sender: Sender,
    opcode: Opcode,
    compressed: bool,
    /// Octets without compression, as far as they are known.
    plain: Option<u64>,
    /// FIN, RSV1, RSV2, RSV3, MASK.
    flags: [bool; 5],
    frames: u32,
    length: u64,
    /// Of a pong, how long it took, in nanoseconds.
    round_trip: Option<i64>,
    /// What is not as one would expect of it.
    state: &'static str,
    preview: Preview,
    /// It is of what a compressed message inflates to.
    is_inflated: bool,
    severity: Option<Severity>,
    findings: usize,
    /// What the findings are about, the worst first.
    rules: Vec<Rule>,
    /// It could not be inflated to its end.
    not_inflated: bool,
}

impl Row {
    pub(super) fn of_frame(row: FrameRow) -> Row {
        let [rsv1, rsv2, rsv3] = row.rsv;
        let state = match (row.captured_len < row.payload_len, row.ended) {
            (true, false) => "not complete yet",
            (true, true) => "cut",
            _ => "",
        };
        Row {
            is_frame: true,
            number: row.id.number(),
            connection: row.connection.number(),
            time: row.time,
            delta_ns: row.delta_ns,
            sender: row.sender,
            opcode: row.opcode,
            compressed: row.compressed,
            plain: None,
            flags: [row.fin, rsv1, rsv2, rsv3, row.masked],
            frames: 1,
            length: row.payload_len,
            round_trip: row.round_trip_ns,
            state,
            is_inflated: false,
            preview: row.preview,
            severity: row.severity,
            findings: row.findings,
            rules: row.rules,
            not_inflated: false,
        }
    }

    /// `inflated` is how a compressed message begins, where that is known.
    pub(super) fn of_message(row: MessageRow, inflated: Option<&Preview>) -> Row {
        let state = match row.state {
            MessageState::Complete => "",
            MessageState::Open => "not complete yet",
            MessageState::Incomplete => "cut",
        };
        Row {
            is_frame: false,
            number: row.id.number(),
            connection: row.connection.number(),
            time: row.time,
            delta_ns: row.delta_ns,
            sender: row.sender,
            opcode: row.opcode,
            compressed: row.compressed,
            plain: if row.compressed { row.plain_len } else { Some(row.wire_len) },
            flags: [false; 5],
            frames: row.frames,
            length: row.wire_len,
            round_trip: None,
            state,
            is_inflated: inflated.is_some(),
            preview: inflated.cloned().unwrap_or(row.preview),
            severity: row.severity,
            findings: row.findings,
            rules: row.rules,
            not_inflated: row.not_inflated,
        }
    }

    /// What is to be said about compression, as far as no column says it; empty where there is none.
    fn compression_words(&self, columns: Option<&Columns>) -> String {
        let has = |column| columns.is_some_and(|columns| columns.has(column));
        match self.plain.filter(|_| self.compressed) {
            _ if !self.compressed => String::new(),
            None if self.not_inflated => "not inflated".to_owned(),
            None => "compressed".to_owned(),
            // Where there is no room for the other number, there is none for words.
            Some(_) if has(Column::Ratio) => String::new(),
            Some(0) => "inflates to nothing".to_owned(),
            Some(plain) => format!("inflates to {}, sent as {}", length(plain), ratio(self.length, plain)),
        }
    }

    /// What stands where a number of inflated octets is not known, and will not be.
    fn unknown(&self) -> &'static str {
        if self.not_inflated { "–" } else { "" }
    }

    /// Whether the preview is of compressed octets.
    pub(super) fn lacks_preview(&self) -> bool {
        self.compressed && !self.is_inflated
    }

    fn round_trip_words(&self) -> String {
        self.round_trip.map_or_else(String::new, |ns| format!("{} after its ping", text::duration(ns)))
    }

    /// Whether compression made it larger.
    fn has_grown(&self) -> bool {
        self.compressed && self.plain.is_some_and(|plain| plain < self.length)
    }

    /// What a screen reader says: `frame 3 text client 5 octets Hello`.
    pub(super) fn label(&self) -> String {
        let what = if self.is_frame { "frame" } else { "message" };
        let mut label =
            format!("{what} {} {} {} {}", self.number, self.opcode, self.sender, count(self.length, "octet"));
        if self.frames > 1 {
            label.push_str(&format!(" in {} frames", self.frames));
        }
        let (compression, round_trip) = (self.compression_words(None), self.round_trip_words());
        let grown = if self.has_grown() { "larger by compression" } else { "" };
        for part in [
            compression.as_str(),
            grown,
            round_trip.as_str(),
            self.state,
            self.preview.text.as_str(),
            self.severity.map_or("", Severity::as_str),
        ] {
            if !part.is_empty() {
                label.push(' ');
                label.push_str(part);
            }
        }
        label
    }

    /// The row as text, columns separated by tabs.
    pub(super) fn line(&self) -> String {
        let severity = self.severity.map_or("", Severity::as_str);
        format!(
            "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{severity}",
            self.number, self.connection, self.time, self.sender, self.opcode, self.length, self.preview.text
        )
    }

    /// Says what the mark at the end of the row means.
    pub(super) fn tooltip(&self, response: Response) {
        if self.has_grown() {
            let words = crate::view::expanded(self.length, self.plain.unwrap_or_default()).unwrap_or_default();
            let also = self.findings_words().map_or_else(String::new, |also| format!("\n{also}"));
            response.on_hover_text_at_pointer(words + &also);
        } else if let Some(words) = self.findings_words() {
            response.on_hover_text_at_pointer(words);
        }
    }

    /// How many findings there are, and the rules that they are about.
    fn findings_words(&self) -> Option<String> {
        let severity = self.severity?;
        if let (1, [rule]) = (self.findings, self.rules.as_slice()) {
            return Some(format!("{} here, {}; its field is marked in the diagram", one(severity), rule.id()));
        }
        let mut words = format!("{} here:", count(self.findings as u64, "finding"));
        for rule in self.rules.iter().take(NAMED) {
            words.push_str(&format!("\n{} ({})", rule.id(), rule.severity().as_str()));
        }
        match self.rules.len().saturating_sub(NAMED) {
            0 => {}
            more => words.push_str(&format!("\nand {}", count(more as u64, "more rule"))),
        }
        Some(words)
    }

    pub(super) fn paint(&self, ui: &Ui, rect: Rect, columns: &Columns, chosen: bool, palette: &Palette) {
        let quiet = if chosen { palette.text } else { palette.secondary };
        let mono = fonts::mono(theme::SECONDARY);
        for (column, cell) in columns.cells(rect) {
            let value = |value: &str, font: FontId, color| {
                let (anchor, at) = match column.is_right() {
                    true => (Align2::RIGHT_CENTER, cell.right_center()),
                    false => (Align2::LEFT_CENTER, cell.left_center()),
                };
                ui.painter().text(at, anchor, value, font, color);
            };
            match column {
                Column::Number => value(&text::grouped(self.number), mono.clone(), quiet),
                Column::Connection => value(&text::grouped(self.connection), mono.clone(), quiet),
                Column::Time => value(&self.time.time_of_day(), mono.clone(), quiet),
                Column::Delta => value(&self.delta_ns.map_or_else(String::new, text::duration), mono.clone(), quiet),
                Column::Frames => value(&text::grouped(u64::from(self.frames)), mono.clone(), palette.text),
                Column::Length => value(&text::grouped(self.length), mono.clone(), palette.text),
                Column::Sender => {
                    let mark = pos2(cell.left() + MARK / 2.0, cell.center().y);
                    marks::sender(ui.painter(), mark, MARK, self.sender, palette);
                    let at = cell.left_center() + vec2(MARK + 6.0, 0.0);
                    let color = if chosen { palette.text } else { palette.sender(self.sender) };
                    let font = fonts::body(theme::SECONDARY);
                    ui.painter().text(at, Align2::LEFT_CENTER, self.sender.as_str(), font, color);
                }
                Column::Opcode => {
                    let mark = pos2(cell.left() + MARK / 2.0, cell.center().y);
                    marks::opcode(ui.painter(), mark, MARK, self.opcode, palette);
                    let at = cell.left_center() + vec2(MARK + 6.0, 0.0);
                    let font = fonts::body(theme::BODY);
                    // Data or control: the number's first bit tells, and the column has no room for it.
                    let name = if self.opcode.is_reserved() { "reserved" } else { self.opcode.name() };
                    ui.painter().text(at, Align2::LEFT_CENTER, name, font, palette.text);
                }
                Column::Flags => self.flags(ui, cell, palette),
                Column::Plain => {
                    // What is not compressed is as long as it was sent: no news.
                    let color = if self.compressed { palette.text } else { palette.faint };
                    let words = self.plain.map_or_else(|| self.unknown().to_owned(), text::grouped);
                    value(&words, mono.clone(), color);
                }
                Column::Ratio => self.ratio(ui, cell, palette),
                Column::RoundTrip => {
                    let words = self.round_trip.map_or_else(String::new, text::duration);
                    value(&words, mono.clone(), palette.text);
                }
                Column::Preview => self.preview(ui, cell, columns, quiet, palette),
                Column::Severity | Column::Frame | Column::Rule | Column::Finding => {}
                Column::Findings => {
                    if let Some(severity) = self.severity {
                        marks::severity(ui.painter(), cell.center(), 13.0, severity, palette);
                    }
                }
            }
        }
    }

    fn flags(&self, ui: &Ui, cell: Rect, palette: &Palette) {
        for (index, (set, letter)) in self.flags.iter().zip(["F", "1", "2", "3", "M"]).enumerate() {
            let at = pos2(cell.left() + 6.0 + index as f32 * 12.0, cell.center().y);
            if *set {
                let font = fonts::mono_bold(theme::SECONDARY);
                ui.painter().text(at, Align2::CENTER_CENTER, letter, font, palette.flag.text);
            } else {
                ui.painter().circle_filled(at, 1.0, palette.faint);
            }
        }
    }

    /// How much was sent; where that is more than there was, with a mark.
    fn ratio(&self, ui: &Ui, cell: Rect, palette: &Palette) {
        let Some(plain) = self.plain.filter(|_| self.compressed) else {
            let at = cell.right_center();
            ui.painter().text(
                at,
                Align2::RIGHT_CENTER,
                self.unknown(),
                fonts::mono(theme::SECONDARY),
                palette.secondary,
            );
            return;
        };
        let (words, grown) = (ratio(self.length, plain), self.has_grown());
        let color = if grown { palette.warning } else { palette.text };
        let font = fonts::mono(theme::SECONDARY);
        let place = ui.painter().text(cell.right_center(), Align2::RIGHT_CENTER, words, font, color);
        if grown {
            let mark = pos2(place.left() - 8.0, cell.center().y);
            marks::severity(ui.painter(), mark, 9.0, Severity::Warning, palette);
        }
    }

    fn preview(&self, ui: &Ui, cell: Rect, columns: &Columns, quiet: egui::Color32, palette: &Palette) {
        let compression = self.compression_words(Some(columns));
        let round_trip = if columns.has(Column::RoundTrip) { String::new() } else { self.round_trip_words() };
        let mut left = cell.left();
        for (word, color) in [
            (compression.as_str(), palette.flag.text),
            (round_trip.as_str(), palette.secondary),
            (self.state, palette.warning),
        ] {
            if !word.is_empty() {
                let at = pos2(left, cell.center().y);
                let place = ui.painter().text(at, Align2::LEFT_CENTER, word, fonts::body(theme::SECONDARY), color);
                left = place.right() + 8.0;
            }
        }
        if left < cell.right() - 16.0 {
            let (font, color) = match self.preview.is_octets {
                true => (fonts::mono(theme::SECONDARY), quiet),
                false => (fonts::body(theme::BODY), palette.text),
            };
            let room = Rect::from_min_max(pos2(left, cell.top()), cell.max);
            text::elided(ui, room, &self.preview.text, font, color);
        }
    }
}

fn one(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "A note",
        Severity::Warning => "A warning",
        Severity::Violation => "A violation",
    }
}
