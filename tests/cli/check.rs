//! `check`: findings, and an exit status for CI jobs.

use crate::common::program::{run, run_with};
use crate::common::samples;

#[test]
fn the_exit_status_tells_of_violations_alone() {
    let status = |sample: &str| run(&["check", samples::named(sample).argument()]).status;
    assert_eq!(status("broken"), 1);
    assert_eq!(status("wrong-accept"), 1);
    assert_eq!(status("refused"), 1, "a version nobody speaks");
    assert_eq!(status("tcp-trouble"), 0, "what the capture lacks is nobody's fault");
    assert_eq!(status("fragments-ping"), 0);
    assert!(run(&["check", "/no/such/capture.pcap"]).refused().contains("there is no such file"));
}

#[test]
fn every_finding_is_a_row_with_its_place() {
    let sample = samples::named("broken");
    let rows = run(&["check", "--json", sample.argument()]).json();
    let frames = run(&["frames", "--json", sample.argument()]).json();
    assert!(rows.len() > 5);
    for row in &rows {
        assert!(!row["text"].as_str().unwrap().is_empty() && row["connection"].is_u64(), "{row}");
        if let Some(frame) = row["frame"].as_u64() {
            let named = &frames[frame as usize - 1]["findings"];
            assert!(named.as_array().unwrap().contains(&row["rule"]), "{row} {named}");
        }
    }
    let text = run(&["check", sample.argument()]).out;
    assert_eq!(text.lines().count(), rows.len() + 1, "and a summary");
    let piped = run_with(&["check", "--json", "-"], &sample.octets());
    assert_eq!((piped.json(), piped.status), (rows, 1));
}

#[test]
fn what_is_less_severe_is_counted_and_not_printed() {
    let sample = samples::named("deflate");
    let rows = |least: &str| run(&["check", "--json", "--severity", least, sample.argument()]).json();
    let all = run(&["check", "--json", sample.argument()]).json();
    assert!(!all.is_empty() && all == rows("note"));
    for (least, kept) in [("warning", &["warning", "violation"][..]), ("violation", &["violation"])] {
        let expected: Vec<_> = all.iter().filter(|row| kept.contains(&row["severity"].as_str().unwrap())).collect();
        assert!(expected.len() < all.len() && rows(least).iter().eq(expected), "{least}");
    }
    let summary =
        |least: &str| run(&["check", "--severity", least, sample.argument()]).out.lines().last().map(str::to_owned);
    assert_eq!(summary("note"), summary("violation"));
    // A MUST that is broken is told by the status all the same.
    assert_eq!(run(&["check", "--severity", "violation", samples::named("broken").argument()]).status, 1);
}

#[test]
fn each_rule_is_explained_once() {
    let sample = samples::named("broken");
    let text = run(&["check", "--explain", sample.argument()]).out;
    assert_eq!(text.matches("\nframe.opcode-reserved (RFC 6455 §5.2)\n  Opcodes 3 to 7").count(), 1);
    assert!(text.trim_end().ends_with("0 notes"), "{text}");
    let rows = run(&["check", "--explain", "--json", sample.argument()]).json();
    assert!(rows.iter().all(|row| row["explanation"].as_str().is_some_and(|text| text.ends_with('.'))));
}
