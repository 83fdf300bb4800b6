//! `check`: the findings, for people and for CI jobs.

use std::collections::BTreeSet;

use serde::Serialize;

use super::args::{Check, ListFile};
use super::output::{Failure, Output};
use super::walk::{Input, Moment, walk};
use super::{json, table};
use crate::base::{Finding, Rule, Severity};
use crate::dissect::Decisions;
use crate::view::Words;

/// A row of `check --json`.
#[derive(Debug, Serialize)]
struct Row<'a> {
    rule: &'a str,
    severity: &'a str,
    section: &'a str,
    connection: Option<u64>,
    frame: Option<u64>,
    message: Option<u64>,
    sender: &'a str,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<String>,
}

impl<'a> Row<'a> {
    fn new(finding: &'a Finding, explain: bool, words: &Words) -> Row<'a> {
        Row {
            rule: finding.rule.id(),
            severity: finding.severity().as_str(),
            section: finding.rule.section(),
            connection: finding.connection.map(|id| id.number()),
            frame: finding.frame.map(|id| id.number()),
            message: finding.message.map(|id| id.number()),
            sender: finding.sender.as_str(),
            text: words.sentence(&finding.fact),
            explanation: explain.then(|| words.explanation(finding.rule)),
        }
    }
}

/// `framescope check FILE`: findings as they are found.
///
/// # Errors
/// [`Failure::Violations`] where a MUST is broken.
pub fn run(arguments: &Check, decisions: Decisions, output: &mut Output) -> Result<(), Failure> {
    let Check { list: ListFile { file, json }, explain, severity } = arguments;
    let words = Words::english();
    let (mut told, mut violations) = (0, 0);
    let mut named = BTreeSet::new();
    walk(Input::open(file, decisions)?, |snapshot, moment| {
        while let Some(finding) = snapshot.finding(told) {
            told += 1;
            violations += usize::from(finding.severity() == Severity::Violation);
            if finding.severity() < *severity {
                continue;
            }
            named.insert(finding.rule);
            if *json {
                json::write(&Row::new(&finding, *explain, &words), output)?;
            } else {
                output.line(&table::finding(&finding, &words))?;
            }
        }
        match moment {
            Moment::Waiting => output.flush(),
            Moment::Reading => Ok(()),
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
