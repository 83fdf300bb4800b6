//! One row of the list of findings.

use egui::{Align2, Rect, Ui, pos2, vec2};

use super::columns::{Column, Columns};
use crate::base::{Finding, FindingId, Severity};
use crate::dissect::Snapshot;
use crate::gui::theme::{self, Palette};
use crate::gui::{fonts, marks, text};
use crate::view::{Words, frame_numbers};

/// Side of a mark.
const MARK: f32 = 11.0;

/// A finding, as the list shows it.
pub(super) struct FindingLine {
    number: u64,
    /// The frame's number; empty where it is about none.
    frame: String,
    finding: Finding,
    sentence: String,
}

impl FindingLine {
    pub(super) fn of(snapshot: &Snapshot, id: FindingId, words: &Words) -> Option<FindingLine> {
        let finding = snapshot.finding(id.index())?;
        let sentence = words.sentence(&finding.fact);
        Some(FindingLine { number: id.number(), frame: frame_numbers(&finding), finding, sentence })
    }

    fn severity(&self) -> Severity {
        self.finding.severity()
    }

    /// The words of a screen reader: `finding 3 violation frame.client-unmasked frame 7 client …`.
    pub(super) fn label(&self) -> String {
        let Finding { rule, sender, .. } = &self.finding;
        let frame = if self.frame.is_empty() { String::new() } else { format!(" frame {}", self.frame) };
        format!("finding {} {} {rule}{frame} {sender} {}", self.number, self.severity().as_str(), self.sentence)
    }

    /// The row as text, columns separated by tabs.
    pub(super) fn line(&self) -> String {
        let Finding { rule, connection, sender, .. } = &self.finding;
        let connection = connection.map_or_else(String::new, |id| id.to_string());
        let (severity, frame, sentence) = (self.severity().as_str(), &self.frame, &self.sentence);
        format!("{}\t{severity}\t{connection}\t{frame}\t{sender}\t{rule}\t{sentence}", self.number)
    }

    pub(super) fn paint(&self, ui: &Ui, rect: Rect, columns: &Columns, chosen: bool, palette: &Palette) {
        let quiet = if chosen { palette.text } else { palette.secondary };
        let mono = fonts::mono(theme::SECONDARY);
        for (column, cell) in columns.cells(rect) {
            let number = |value: &str| {
                ui.painter().text(cell.right_center(), Align2::RIGHT_CENTER, value, mono.clone(), quiet);
            };
            let mark = pos2(cell.left() + MARK / 2.0, cell.center().y);
            let beside = Rect::from_min_max(cell.min + vec2(MARK + 6.0, 0.0), cell.max);
            match column {
                Column::Number => number(&text::grouped(self.number)),
                Column::Connection => number(&self.finding.connection.map_or_else(String::new, |id| id.to_string())),
                Column::Frame => number(&self.frame),
                Column::Severity => {
                    marks::severity(ui.painter(), mark, MARK + 2.0, self.severity(), palette);
                    let font = fonts::body(theme::SECONDARY);
                    text::elided(ui, beside, self.severity().as_str(), font, palette.severity(self.severity()));
                }
                Column::Sender => {
                    let sender = self.finding.sender;
                    marks::sender(ui.painter(), mark, MARK, sender, palette);
                    let color = if chosen { palette.text } else { palette.sender(sender) };
                    text::elided(ui, beside, sender.as_str(), fonts::body(theme::SECONDARY), color);
                }
                Column::Rule => drop(text::elided(ui, cell, self.finding.rule.id(), mono.clone(), palette.text)),
                Column::Finding => {
                    text::elided(ui, cell, &self.sentence, fonts::body(theme::BODY), palette.text);
                }
                _ => {}
            }
        }
    }
}
