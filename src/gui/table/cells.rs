//! One row of the list: its values, its label for screen readers, and how it is painted.

use egui::{Align2, Rect, Response, Ui, pos2};

use super::columns::Columns;
use super::values::Values;
use crate::base::{Rule, Severity};
use crate::gui::theme::{self, Palette};
use crate::gui::{fonts, marks, text};
use crate::query::{FrameSource, MessageSource, RowField, RowKind, Value, frame_value, message_value};
use crate::view::{FrameRow, MessageRow, MessageState, Preview, count, length, ratio};

/// Rules that a tooltip names.
const NAMED: usize = 6;

/// A frame or a message, as the list shows it.
pub(super) struct Row {
    is_frame: bool,
    values: Values,
    compressed: bool,
    /// FIN, RSV1, RSV2, RSV3, MASK.
    flags: [bool; 5],
    /// Its state, if that is not as one would expect.
    state: &'static str,
    preview: Preview,
    /// It is of what a compressed message inflates to.
    is_inflated: bool,
    severity: Option<Severity>,
    findings: usize,
    /// The rules that findings are about, the worst first.
    rules: Vec<Rule>,
    /// It could not be inflated to its end.
    not_inflated: bool,
}

impl Row {
    pub(super) fn of_frame(source: &FrameSource<'_>, row: FrameRow) -> Row {
        let [rsv1, rsv2, rsv3] = row.rsv;
        let state = match (row.captured_len < row.payload_len, row.ended) {
            (true, false) => "not complete yet",
            (true, true) => "cut",
            _ => "",
        };
        Row {
            is_frame: true,
            values: Values::read(RowKind::Frames, |field| frame_value(field, source)),
            compressed: row.compressed,
            flags: [row.fin, rsv1, rsv2, rsv3, row.masked],
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
    pub(super) fn of_message(source: &MessageSource<'_>, row: MessageRow, inflated: Option<&Preview>) -> Row {
        let state = match row.state {
            MessageState::Complete => "",
            MessageState::Open => "not complete yet",
            MessageState::Incomplete => "cut",
        };
        Row {
            is_frame: false,
            values: Values::read(RowKind::Messages, |field| message_value(field, source)),
            compressed: row.compressed,
            flags: [false; 5],
            state,
            is_inflated: inflated.is_some(),
            preview: inflated.cloned().unwrap_or(row.preview),
            severity: row.severity,
            findings: row.findings,
            rules: row.rules,
            not_inflated: row.not_inflated,
        }
    }

    /// Payload octets on the wire.
    fn length(&self) -> u64 {
        self.values.of(RowField::Length).number().unwrap_or_default()
    }

    /// Octets without compression, as far as they are known.
    fn plain(&self) -> Option<u64> {
        self.values.of(RowField::Plain).number()
    }

    /// Returns the words to be said about compression, as far as no column says it; empty if there is none.
    fn compression_words(&self, columns: Option<&Columns>) -> String {
        let has = |column| columns.is_some_and(|columns| columns.has(column));
        match self.plain().filter(|_| self.compressed) {
            _ if !self.compressed => String::new(),
            None if self.not_inflated => "not inflated".to_owned(),
            None => "compressed".to_owned(),
            // Where there is no room for the other number, there is none for words.
            Some(_) if has(RowField::Ratio) => String::new(),
            Some(0) => "inflates to nothing".to_owned(),
            Some(plain) => format!("inflates to {}, sent as {}", length(plain), ratio(self.length(), plain)),
        }
    }

    /// Returns the sign for a number of inflated octets that is not known, and will not be.
    fn unknown(&self) -> &'static str {
        if self.not_inflated { "–" } else { "" }
    }

    /// Returns whether the preview is of compressed octets.
    pub(super) fn lacks_preview(&self) -> bool {
        self.compressed && !self.is_inflated
    }

    fn round_trip_words(&self) -> String {
        match self.values.of(RowField::RoundTrip) {
            Value::Duration(nanoseconds) => format!("{} after its ping", text::duration(nanoseconds)),
            _ => String::new(),
        }
    }

    /// Returns whether compression made it larger.
    fn has_grown(&self) -> bool {
        self.compressed && self.plain().is_some_and(|plain| plain < self.length())
    }

    /// Returns the words that a screen reader says: `frame 3 text client 5 octets Hello`.
    pub(super) fn label(&self) -> String {
        let what = if self.is_frame { "frame" } else { "message" };
        let [number, opcode, sender] =
            [RowField::Number, RowField::Opcode, RowField::Sender].map(|it| self.values.of(it));
        let mut label = format!("{what} {number} {opcode} {sender} {}", count(self.length(), "octet"));
        if let Some(frames) = self.values.of(RowField::Frames).number().filter(|frames| *frames > 1) {
            label.push_str(&format!(" in {frames} frames"));
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
        use RowField::{Connection, Length, Number, Opcode, Sender, Time};
        let values = self.values.line(&[Number, Connection, Time, Sender, Opcode, Length]);
        format!("{values}\t{}\t{}", self.preview.text, self.severity.map_or("", Severity::as_str))
    }

    /// Says what the mark at the end of the row means.
    pub(super) fn tooltip(&self, response: Response) {
        if self.has_grown() {
            let words = crate::view::expanded(self.length(), self.plain().unwrap_or_default()).unwrap_or_default();
            let also = self.findings_words().map_or_else(String::new, |also| format!("\n{also}"));
            response.on_hover_text_at_pointer(words + &also);
        } else if let Some(words) = self.findings_words() {
            response.on_hover_text_at_pointer(words);
        }
    }

    /// Returns the number of findings, and the rules that they are about.
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
        for (entry, cell) in columns.cells(rect) {
            match entry.field {
                RowField::Flags => self.flags(ui, cell, palette),
                RowField::Plain => self.plain_ui(ui, cell, palette),
                RowField::Ratio => self.ratio(ui, cell, palette),
                RowField::Payload => self.preview(ui, cell, columns, quiet, palette),
                RowField::Findings => {
                    if let Some(severity) = self.severity {
                        marks::severity(ui.painter(), cell.center(), 13.0, severity, palette);
                    }
                }
                _ => self.values.paint(ui, entry, cell, chosen, palette),
            }
        }
    }

    /// Octets without compression. What is not compressed is as long as it was sent: no news.
    fn plain_ui(&self, ui: &Ui, cell: Rect, palette: &Palette) {
        let color = if self.compressed { palette.text } else { palette.faint };
        let words = self.plain().map_or_else(|| self.unknown().to_owned(), text::grouped);
        ui.painter().text(cell.right_center(), Align2::RIGHT_CENTER, words, fonts::mono(theme::SECONDARY), color);
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

    /// Paints how much was sent; with a mark where that is more than there was.
    fn ratio(&self, ui: &Ui, cell: Rect, palette: &Palette) {
        let Some(plain) = self.plain().filter(|_| self.compressed) else {
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
        let (words, grown) = (ratio(self.length(), plain), self.has_grown());
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
        let round_trip = if columns.has(RowField::RoundTrip) { String::new() } else { self.round_trip_words() };
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
