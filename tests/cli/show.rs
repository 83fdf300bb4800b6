//! `framescope show`: one frame, bit by bit; and `connections`, with how each ended.

use crate::common::program::run;
use crate::common::samples;

#[test]
fn every_frame_of_every_sample_can_be_shown() {
    for sample in samples::all() {
        let rows = run(&["frames", "--json", "--payload", sample.argument()]).quiet().json();
        // A few of each are enough: the first ones, the last one.
        for row in rows.iter().take(6).chain(rows.last()) {
            let number = row["frame"].to_string();
            let shown = run(&["show", sample.argument(), "--frame", &number]).quiet().out;
            assert!(shown.starts_with(&format!("Frame {number}: ")), "{} {number}: {shown}", sample.name);
            // Numbers are grouped for people: 65,536; 75 1f 56 90.
            let ungrouped: String = shown.chars().filter(|it| !matches!(it, ',' | ' ')).collect();
            assert!(ungrouped.contains(&row["payload_length"].to_string()), "{} {number}: {shown}", sample.name);
            assert!(ungrouped.contains(row["masking_key"].as_str().unwrap_or("")), "{} {number}: {shown}", sample.name);
            for rule in row["findings"].as_array().unwrap() {
                assert!(shown.contains(rule.as_str().unwrap()), "{} {number}: {rule}", sample.name);
            }
            let json = run(&["show", sample.argument(), "--frame", &number, "--json", "--payload"]).quiet().json();
            assert_eq!((json.len(), &json[0]), (1, row), "the same object as in the list");
        }
    }
}

#[test]
fn the_diagram_is_that_of_the_rfc() {
    let sample = samples::named("rfc6455-examples");
    let rows = run(&["frames", "--json", "--payload", sample.argument()]).quiet().json();
    let hello = rows.iter().find(|row| row["masking_key"] == "37fa213d" && row["payload_hex"] == "48656c6c6f").unwrap();
    let shown = run(&["show", sample.argument(), "--frame", &hello["frame"].to_string()]).quiet().out;
    for part in [
        "        0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1\n",
        "|F|R|R|R|opcode |M| Payload len |",
        "|1|0|0|0|0 0 0 1|1|0 0 0 0 1 0 1|0 0 1 1 0 1 1 1 1 1 1 1 1 0 1 0|",
        "7f^37=48 'H'",
        "§5.2",
        "Hello",
    ] {
        assert!(shown.contains(part), "{part} in\n{shown}");
    }
}

#[test]
fn a_frame_that_does_not_exist() {
    let sample = samples::named("ipv6");
    let frames = run(&["frames", "--json", sample.argument()]).quiet().json().len() as u64;
    for number in [frames + 1, 4_294_967_296, 4_294_967_297, u64::MAX] {
        let ran = run(&["show", sample.argument(), "--frame", &number.to_string()]);
        let why = ran.refused();
        assert!(why.contains(&number.to_string()) && why.contains(&format!("1 to {frames}")), "{why}");
    }
}

/// The story that the window and JSON tell stands below the row, where it is asked for.
#[test]
fn connections_tell_how_they_ended() {
    let sample = samples::named("many-connections");
    let rows = run(&["connections", sample.argument()]).out;
    let told = run(&["connections", "--story", sample.argument()]).out;
    assert!(rows.lines().count() > 5 && rows.lines().all(|row| told.contains(row)));
    for row in run(&["connections", "--json", sample.argument()]).json() {
        let story: String = row["story"].as_str().unwrap().into();
        assert!(told.lines().any(|line| line.starts_with("      ") && story.contains(line.trim())), "{story}");
    }
    assert!(told.contains("\n      Neither side sent a Close frame.\n"), "{told}");
}
