//! `broken.pcap`: every defect gives the finding that RULES.md names for it, at the frame that has it, and no other
//! frame of any sample breaks a rule.

use framescope::base::{Rule, Severity};
use serde_json::Value;

use super::log::Log;
use super::{Found, all, samples};

/// The rule about a defect that the peers logged.
fn rule_about(defect: &str) -> &'static str {
    match defect {
        "client frame without mask" => "frame.client-unmasked",
        "server frame with mask" => "frame.server-masked",
        "reserved data opcode 3" | "reserved control opcode 11" => "frame.opcode-reserved",
        "RSV2 set without extension" => "frame.rsv-without-extension",
        "length 5 in the 16-bit form" | "length 200 in the 64-bit form" => "frame.length-not-minimal",
        "control frame with FIN=0" => "frame.control-fragmented",
        "control frame of 126 octets" => "frame.control-too-long",
        "continuation without a started message" => "message.continuation-without-start",
        "new data frame while a fragmented message is open" => "message.interleaved",
        "text that is not UTF-8" => "message.invalid-utf8",
        "close body of 1 octet" => "close.body-one-octet",
        "close code 1005" => "close.code-not-on-wire",
        "masking key 00000000" => "frame.masking-key-zero",
        other => panic!("no rule is known for the defect “{other}”"),
    }
}

fn rules(row: &Value) -> Vec<Rule> {
    let id = |id: &Value| Rule::from_id(id.as_str().unwrap()).unwrap_or_else(|| panic!("{id} is no rule"));
    row["findings"].as_array().unwrap().iter().map(id).collect()
}

#[test]
fn every_defect_is_found_where_it_is() {
    let broken = samples::named("broken");
    let (log, found) = (Log::read(&broken.log()), Found::of(&broken));
    let mut defects = 0;
    for connection in &log.connections {
        for (sender, logged) in connection.frames() {
            let rows = Found::sent_by(&found.frames, connection.client_port, sender);
            for (logged, row) in logged.iter().zip(rows) {
                let Some(defect) = &logged.defect else { continue };
                defects += 1;
                let rule = Rule::from_id(rule_about(defect)).unwrap();
                assert_eq!(rules(row), [rule], "{} {sender}: {defect}", connection.path);
                let summary = found.connections[&connection.client_port].last().unwrap();
                assert!(rules(summary).contains(&rule), "{}: the connection's row tells it too", connection.path);
            }
        }
    }
    assert!(defects >= 15, "the log names its defects");
}

#[test]
fn no_other_frame_breaks_a_rule() {
    for (sample, log, found) in all() {
        for connection in &log.connections {
            for (sender, logged) in connection.frames() {
                let rows = Found::sent_by(&found.frames, connection.client_port, sender);
                let mut interleaved = false;
                let mut previous_key = None;
                for (logged, row) in logged.iter().zip(rows) {
                    interleaved |= rules(row).contains(&Rule::MessageInterleaved);
                    let key = logged.masking_key.as_ref();
                    let reused = key.is_some() && std::mem::replace(&mut previous_key, key) == key;
                    if logged.defect.is_some() {
                        continue;
                    }
                    let broken = rules(row).into_iter().filter(|rule| rule.severity() > Severity::Note);
                    let broken: Vec<&str> = broken.map(Rule::id).collect();
                    // The message that was interrupted has ended, so what its sender meant for its rest continues
                    // nothing (RULES.md, message.interleaved).
                    let orphan = interleaved && logged.opcode == 0;
                    // The RFC's own examples repeat one key.
                    let expected =
                        [(orphan, Rule::MessageContinuationWithoutStart), (reused, Rule::FrameMaskingKeyReused)];
                    let expected: Vec<&str> =
                        expected.iter().filter(|(holds, _)| *holds).map(|(_, rule)| rule.id()).collect();
                    let what = format!("{} {} {sender}: opcode {}", sample.name, connection.path, logged.opcode);
                    assert_eq!(broken, expected, "{what}");
                }
            }
        }
    }
}
