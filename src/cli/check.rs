//! `check`: what breaks the rules, for people and for CI jobs.

use serde::Serialize;

use super::args::ListFile;
use super::output::{Failure, Output};
use super::walk::{Moment, walk};
use super::{json, table};
use crate::base::{Finding, Severity};

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
    text: &'a str,
}

impl<'a> Row<'a> {
    fn new(finding: &'a Finding) -> Row<'a> {
        Row {
            rule: finding.rule.id(),
            severity: finding.severity().as_str(),
            section: finding.rule.section(),
            connection: finding.connection.map(|id| id.number()),
            frame: finding.frame.map(|id| id.number()),
            message: finding.message.map(|id| id.number()),
            sender: finding.sender.as_str(),
            text: &finding.text,
        }
    }
}

/// `framescope check FILE`: findings as they are found.
///
/// # Errors
/// [`Failure::Violations`] where a MUST is broken.
pub fn run(arguments: &ListFile, output: &mut Output) -> Result<(), Failure> {
    let (mut told, mut violations) = (0, 0);
    walk(&arguments.file, |snapshot, moment| {
        while let Some(finding) = snapshot.finding(told) {
            told += 1;
            violations += usize::from(finding.severity() == Severity::Violation);
            if arguments.json {
                json::write(&Row::new(&finding), output)?;
            } else {
                output.line(&table::finding(&finding))?;
            }
        }
        match moment {
            Moment::Waiting => output.flush(),
            Moment::Reading => Ok(()),
            Moment::End if arguments.json => Ok(()),
            Moment::End => output.line(&summary(&snapshot.totals().findings)),
        }
    })?;
    output.flush()?;
    if violations > 0 { Err(Failure::Violations) } else { Ok(()) }
}

/// The last line, for people.
fn summary([notes, warnings, violations]: &[u64; 3]) -> String {
    let counted = |count: u64, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    [counted(*violations, "violation"), counted(*warnings, "warning"), counted(*notes, "note")].join(", ")
}
