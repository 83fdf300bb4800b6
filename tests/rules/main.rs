//! Every rule with a capture that breaks it and one that keeps it, through the whole program. The table beside this file
//! is made from these cases: `UPDATE_GOLDEN=1 cargo test --test rules` writes it anew.

mod closing;
#[path = "../common/mod.rs"]
mod common;
mod compression;
mod frames;
mod handshakes;
mod traffic;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use common::tcp::Talk;
use framescope::base::Rule;
use framescope::capture::Source;
use framescope::dissect::{Progress, Session};

/// A rule, what breaks it and what keeps it: in words and as a conversation.
struct Case {
    rule: &'static str,
    breaching: (&'static str, fn() -> Talk),
    keeping: (&'static str, fn() -> Talk),
}

/// A case in one line.
const fn case(
    rule: &'static str,
    breaching: (&'static str, fn() -> Talk),
    keeping: (&'static str, fn() -> Talk),
) -> Case {
    Case { rule, breaching, keeping }
}

fn cases() -> Vec<&'static Case> {
    [handshakes::CASES, frames::CASES, closing::CASES, compression::CASES, traffic::CASES]
        .into_iter()
        .flatten()
        .collect()
}

/// The rules that are broken in a conversation of which packets are stored up to so many octets.
fn broken(talk: &Talk, snap_len: usize) -> BTreeSet<&'static str> {
    let octets = talk.capture().snap(snap_len).pcap();
    let mut session = Session::new(Arc::new(Source::from_octets(octets, "capture")), None);
    session.judge_at_once();
    while session.step(usize::MAX).unwrap() != Progress::End {}
    while session.judge(u64::MAX) {}
    let snapshot = session.snapshot();
    (0..snapshot.finding_count()).filter_map(|index| snapshot.finding(index)).map(|finding| finding.rule.id()).collect()
}

#[test]
fn every_rule_is_broken_by_one_capture_and_kept_by_another() {
    let mut wrong = Vec::new();
    for Case { rule, breaching, keeping } in cases() {
        let snap_len = if *rule == "capture.packets-cut" { 300 } else { usize::MAX };
        let (breaks, keeps) = (broken(&breaching.1(), snap_len), broken(&keeping.1(), usize::MAX));
        if !breaks.contains(rule) {
            wrong.push(format!("{rule} is not broken by “{}”: {breaks:?}", breaching.0));
        }
        if keeps.contains(rule) {
            wrong.push(format!("{rule} is broken by “{}”", keeping.0));
        }
        // What keeps a rule breaks no other MUST by accident.
        let violations = |id: &&&str| Rule::from_id(id).unwrap().severity() == framescope::base::Severity::Violation;
        if let Some(other) = keeps.iter().find(violations) {
            wrong.push(format!("“{}”, which keeps {rule}, breaks {other}", keeping.0));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_rule_is_without_its_cases() {
    let tested: BTreeSet<&str> = cases().into_iter().map(|case| case.rule).collect();
    let judged: BTreeSet<&str> = Rule::ALL.iter().map(|rule| rule.id()).collect();
    assert_eq!(tested, judged);
}

#[test]
fn the_table_is_that_of_the_cases() {
    let mut table =
        "# The rules and their cases\n\nMade by `UPDATE_GOLDEN=1 cargo test --no-default-features --test rules` from \
                     the cases beside this file; every line is checked through the whole program.\n\n\
                     | rule | severity | section | broken by | kept by |\n|---|---|---|---|---|\n"
            .to_owned();
    for rule in Rule::ALL {
        for Case { breaching, keeping, .. } in cases().into_iter().filter(|case| case.rule == rule.id()) {
            let (severity, section) = (rule.severity().as_str(), rule.section());
            let section = if section.is_empty() { "–" } else { section };
            writeln!(table, "| {rule} | {severity} | {section} | {} | {} |", breaching.0, keeping.0).unwrap();
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules/TABLE.md");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &table).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), table);
}
