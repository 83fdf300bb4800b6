//! The values of a row's columns, and how each kind of value is painted.

use egui::{Align2, Color32, Rect, Ui, pos2, vec2};

use crate::gui::theme::{self, Palette};
use crate::gui::{fonts, marks, text};
use crate::query::{Entry, Measure, RowField, RowKind, Value, entries};

/// Side of a mark.
const MARK: f32 = 11.0;

/// The values of the fields that have a column.
pub(super) struct Values(Vec<(RowField, Value)>);

impl Values {
    /// Reads them.
    pub(super) fn read(kind: RowKind, read: impl Fn(RowField) -> Value) -> Values {
        let shown = entries(kind).iter().filter(|entry| entry.column.is_some());
        Values(shown.map(|entry| (entry.field, read(entry.field))).collect())
    }

    /// The value of a field; none where it has no column.
    pub(super) fn of(&self, field: RowField) -> Value {
        self.0.iter().find(|(of, _)| *of == field).map_or(Value::None, |(_, value)| *value)
    }

    /// The values of these fields as text, separated by tabs.
    pub(super) fn line(&self, fields: &[RowField]) -> String {
        let words: Vec<String> = fields.iter().map(|field| self.of(*field).to_string()).collect();
        words.join("\t")
    }

    /// Paints the value of a field into its cell.
    pub(super) fn paint(&self, ui: &Ui, entry: &Entry, cell: Rect, chosen: bool, palette: &Palette) {
        let quiet = if chosen { palette.text } else { palette.secondary };
        let mark = pos2(cell.left() + MARK / 2.0, cell.center().y);
        let beside = Rect::from_min_max(cell.min + vec2(MARK + 6.0, 0.0), cell.max);
        let mono = |words: &str, color: Color32| {
            let (anchor, at) = match entry.measure.is_number() {
                true => (Align2::RIGHT_CENTER, cell.right_center()),
                false => (Align2::LEFT_CENTER, cell.left_center()),
            };
            ui.painter().text(at, anchor, words, fonts::mono(theme::SECONDARY), color);
        };
        let name = |words: &str, size: f32, color: Color32| {
            ui.painter().text(beside.left_center(), Align2::LEFT_CENTER, words, fonts::body(size), color);
        };
        // Numbers that only say where a row is stand back behind those that say what it is.
        let is_place = matches!(entry.measure, Measure::Ordinal | Measure::Moment) || entry.field == RowField::Delta;
        let color = if is_place { quiet } else { palette.text };
        match self.of(entry.field) {
            Value::None => {}
            Value::Number(number) => mono(&text::grouped(number), color),
            Value::Duration(nanoseconds) => mono(&text::duration(nanoseconds), color),
            Value::Time(time) => mono(&time.time_of_day(), color),
            Value::Sender(sender) => {
                marks::sender(ui.painter(), mark, MARK, sender, palette);
                name(sender.as_str(), theme::SECONDARY, if chosen { palette.text } else { palette.sender(sender) });
            }
            Value::Opcode(opcode) => {
                marks::opcode(ui.painter(), mark, MARK, opcode, palette);
                // Data or control: the number's first bit tells, and the column has no room for it.
                let word = if opcode.is_reserved() { "reserved" } else { opcode.name() };
                name(word, theme::BODY, palette.text);
            }
            Value::Severity(severity) => {
                marks::severity(ui.painter(), mark, MARK + 2.0, severity, palette);
                let font = fonts::body(theme::SECONDARY);
                text::elided(ui, beside, severity.as_str(), font, palette.severity(severity));
            }
            Value::Rule(rule) => drop(text::elided(ui, cell, rule.id(), fonts::mono(theme::SECONDARY), palette.text)),
            value @ (Value::Ratio { .. } | Value::Flag(_) | Value::Key(_) | Value::Word(_)) => {
                mono(&value.to_string(), color)
            }
        }
    }
}
