//! `check`: the findings, for people and for CI jobs.

use std::collections::BTreeSet;

use super::args::{Check, ListFile};
use super::json_line::JsonLine;
use super::output::{Failure, Output};
use super::table;
use super::walk::{Input, Moment, walk};
use crate::base::{Finding, Rule, Severity};
use crate::dissect::{ReadOptions, Snapshot};
use crate::query::{Entry, FindingSource, RowField, TakeFields, Value, write_finding};
use crate::view::Words;

/// Writes rows of `check --json`.
struct FindingRows<'a> {
    line: JsonLine,
    words: &'a Words,
    explain: bool,
}

impl FindingRows<'_> {
    /// The row of a finding.
    fn row(&mut self, snapshot: &Snapshot, number: u64, finding: &Finding, output: &mut Output) -> Result<(), Failure> {
        self.line.begin();
        write_finding(&FindingSource::new(snapshot, number, finding), &mut FindingLine { rows: self, finding })?;
        self.line.end(output)
    }
}

/// A row of a finding that is being written.
struct FindingLine<'a, 'w> {
    rows: &'a mut FindingRows<'w>,
    finding: &'a Finding,
}

impl TakeFields<FindingSource<'_>> for FindingLine<'_, '_> {
    type Error = Failure;

    fn take(
        &mut self,
        entry: &'static Entry,
        _: &FindingSource<'_>,
        read: impl FnOnce() -> Value,
    ) -> Result<(), Failure> {
        let Some(key) = entry.json.key() else { return Ok(()) };
        let FindingRows { line, words, explain } = &mut *self.rows;
        match entry.field {
            RowField::Sentence => line.text(key, &words.sentence(&self.finding.fact)),
            RowField::Explanation if *explain => line.text(key, &words.explanation(self.finding.rule)),
            _ => line.value(entry.json, read()),
        }
        Ok(())
    }
}

/// `framescope check FILE`: findings as they are found.
///
/// # Errors
/// [`Failure::Violations`] where a MUST is broken.
pub fn run(arguments: &Check, options: ReadOptions, output: &mut Output) -> Result<(), Failure> {
    let Check { list: ListFile { file, json, .. }, explain, severity } = arguments;
    let words = Words::english();
    let (mut told, mut violations) = (0, 0);
    let mut named = BTreeSet::new();
    let mut rows = FindingRows { line: JsonLine::default(), words: &words, explain: *explain };
    walk(Input::open(file, options)?, |snapshot, moment| {
        while let Some(finding) = snapshot.finding(told) {
            told += 1;
            violations += usize::from(finding.severity() == Severity::Violation);
            if finding.severity() < *severity {
                continue;
            }
            named.insert(finding.rule);
            if *json {
                rows.row(snapshot, told as u64, &finding, output)?;
            } else {
                output.line(&table::finding(&finding, &words))?;
            }
        }
        match moment {
            Moment::Waiting => output.flush(),
            Moment::Reading | Moment::Judging(_) => Ok(()),
            Moment::End if *json => Ok(()),
            Moment::End if *explain => {
                named.iter().try_for_each(|rule| output.line(&explained(*rule, &words)))?;
                output.line(&format!("\n{}", summary(&snapshot.totals().findings)))
            }
            Moment::End => output.line(&summary(&snapshot.totals().findings)),
        }
    })?;
    output.flush()?;
    if violations > 0 { Err(Failure::Violations) } else { Ok(()) }
}

/// The explanation of a rule, for people.
fn explained(rule: Rule, words: &Words) -> String {
    let section = if rule.section().is_empty() { String::new() } else { format!(" ({})", rule.section()) };
    format!("\n{rule}{section}\n  {}", words.explanation(rule))
}

/// The last line, for people.
fn summary([notes, warnings, violations]: &[u64; 3]) -> String {
    let counted = |count: u64, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    [counted(*violations, "violation"), counted(*warnings, "warning"), counted(*notes, "note")].join(", ")
}
