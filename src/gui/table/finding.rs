//! One row of the list of findings.

use egui::{Rect, Ui};

use super::columns::Columns;
use super::values::Values;
use crate::base::FindingId;
use crate::dissect::Snapshot;
use crate::gui::theme::{self, Palette};
use crate::gui::{fonts, text};
use crate::query::{FindingSource, RowField, RowKind, Value, finding_value};
use crate::view::{Words, printable};

/// A finding, as the list shows it.
pub(super) struct FindingLine {
    values: Values,
    sentence: String,
}

impl FindingLine {
    pub(super) fn of(snapshot: &Snapshot, id: FindingId, words: &Words) -> Option<FindingLine> {
        let finding = snapshot.finding(id.index())?;
        let source = FindingSource::new(snapshot, id.number(), &finding);
        let values = Values::read(RowKind::Findings, |field| finding_value(field, &source));
        Some(FindingLine { values, sentence: printable(&words.sentence(&finding.fact)) })
    }

    /// The words of a screen reader: `finding 3 violation frame.client-unmasked frame 7 client …`.
    pub(super) fn label(&self) -> String {
        use RowField::{Frame, Number, Rule, Sender, Severity};
        let [number, severity, rule, sender] = [Number, Severity, Rule, Sender].map(|field| self.values.of(field));
        let frame = match self.values.of(Frame) {
            Value::None => String::new(),
            frame => format!(" frame {frame}"),
        };
        format!("finding {number} {severity} {rule}{frame} {sender} {}", self.sentence)
    }

    /// The row as text, columns separated by tabs.
    pub(super) fn line(&self) -> String {
        use RowField::{Connection, Frame, Number, Rule, Sender, Severity};
        format!("{}\t{}", self.values.line(&[Number, Severity, Connection, Frame, Sender, Rule]), self.sentence)
    }

    pub(super) fn paint(&self, ui: &Ui, rect: Rect, columns: &Columns, chosen: bool, palette: &Palette) {
        for (entry, cell) in columns.cells(rect) {
            match entry.field {
                RowField::Sentence => {
                    text::elided(ui, cell, &self.sentence, fonts::body(theme::BODY), palette.text);
                }
                _ => self.values.paint(ui, entry, cell, chosen, palette),
            }
        }
    }
}
