//! Files and arguments that cannot be used: status 2, and one line on standard error that says why and what to do.

use std::path::Path;

use crate::common::program::{program, run, run_with};
use crate::common::running::Running;
use crate::common::samples;

const LISTS: [&[&str]; 4] = [&["connections"], &["frames"], &["messages"], &["show", "--frame", "1"]];

#[track_caller]
fn all_refuse(file: &str, why: &str) {
    for list in LISTS {
        let ran = run(&[list, &[file]].concat());
        assert!(ran.refused().contains(why), "{list:?}: {}", ran.err);
        assert!(ran.err.starts_with("framescope: "), "{}", ran.err);
    }
}

#[test]
fn files_that_cannot_be_read() {
    all_refuse("/no/such/capture.pcap", "there is no such file");
    let directory = tempfile::tempdir().unwrap();
    all_refuse(directory.path().to_str().unwrap(), "directory");
}

#[test]
fn files_that_are_no_captures() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, octets: &[u8]| {
        let path = directory.path().join(name);
        std::fs::write(&path, octets).unwrap();
        path.to_str().unwrap().to_owned()
    };
    all_refuse(&file("empty.pcap", b""), "empty");
    all_refuse(&file("notes.txt", b"Dear diary"), "not a capture");
    all_refuse(&file("archive.zip", b"PK\x03\x04\x14\0"), "ZIP");
    all_refuse(&file("short.pcap", b"\xd4\xc3"), "not a capture");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, b"text that somebody has packed").unwrap();
    all_refuse(&file("notes.txt.gz", &packed.finish().unwrap()), "not a capture");
    all_refuse(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml").to_str().unwrap(), "not a capture");
}

#[test]
fn pipes_that_are_no_captures() {
    for (input, why) in [(&b""[..], "empty"), (b"GET / HTTP/1.1\r\n\r\n", "not a capture"), (b"\x0a", "not a capture")]
    {
        let ran = run_with(&["frames", "-"], input);
        assert!(ran.refused().contains(why), "{ran:?}");
        assert!(ran.err.contains("standard input"), "{ran:?}");
    }
}

#[test]
fn command_lines_that_mean_nothing() {
    let sample = samples::named("ipv6");
    for arguments in [
        &["frames"][..],
        &["frames", sample.argument(), "--no-such-option"],
        &["frames", sample.argument(), "another"],
        &["show", sample.argument()],
        &["show", sample.argument(), "--frame", "none"],
        &["show", sample.argument(), "--frame", "0"],
        &["show", sample.argument(), "--frame", "-1"],
        &["show", sample.argument(), "--frame", "18446744073709551616"],
    ] {
        let ran = run(arguments);
        assert!(ran.refused().contains("--help"), "{arguments:?}");
    }
}

/// Without the window there is nothing to open.
#[cfg(not(feature = "gui"))]
#[test]
fn a_build_without_a_window_says_so() {
    assert!(run(&[]).refused().contains("--help"));
    assert!(run(&[samples::named("ipv6").argument()]).refused().contains("framescope frames FILE"));
}

#[test]
fn what_stands_at_the_wrong_place_is_named() {
    let sample = samples::named("ipv6");
    assert!(run(&["statz", sample.argument()]).refused().contains("no subcommand statz;"));
    assert!(run(&[sample.argument(), "frames", sample.argument()]).refused().contains("before the subcommand"));
    // Options may stand anywhere.
    let rows = run(&["frames", "--json", "--inflate-limit", "9", sample.argument()]).json();
    assert_eq!(run(&["--inflate-limit", "9", "frames", "--json", sample.argument()]).json(), rows);
}

/// An option is offered only where it does something.
#[test]
fn what_reads_no_capture_takes_no_option_of_captures() {
    let ends = "10.0.0.1:50000-10.0.0.2:80";
    let options = [["--inflate-limit", "9"], ["--as-websocket", ends], ["--not-websocket", ends]];
    let mut commands = vec![vec!["decode", "8100"]];
    if cfg!(feature = "live") {
        commands.push(vec!["interfaces"]);
        commands.push(vec!["capture", "-i", "any", "-w", "-"]);
    }
    for command in commands {
        let help = run(&[command[0], "--help"]).quiet().out;
        for option in options {
            let [before, behind] = [[&option[..], &command].concat(), [&command, &option[..]].concat()];
            for arguments in [before, behind] {
                assert!(run(&arguments).refused().contains(option[0]), "{arguments:?}");
            }
            assert_eq!(help.contains(option[0]), command[0] == "capture", "{command:?}: {help}");
        }
    }
    for command in ["connections", "frames", "messages", "check", "show", "stats"] {
        let help = run(&[command, "--help"]).quiet().out;
        assert!(options.iter().all(|option| help.contains(option[0])), "{command}: {help}");
    }
}

/// An option before the subcommand and one behind it count together; of a number the one behind it counts.
#[test]
fn options_before_and_behind_the_subcommand_count_together() {
    let sample = samples::named("deflate");
    let limit = |before: &str, behind: &str| {
        run(&["--inflate-limit", before, "check", "--json", sample.argument(), "--inflate-limit", behind]).out
    };
    assert!(limit("9", "0").contains("limit.inflate") && !limit("0", "9").contains("limit.inflate"));
    let [one, two] = ["10.9.9.1:1-10.9.9.2:2", "10.9.9.3:3-10.9.9.4:4"];
    let ran = run(&["--as-websocket", one, "stats", sample.argument(), "--not-websocket", two]);
    assert!(ran.status == 0 && ran.err.contains("10.9.9.1:1") && ran.err.contains("10.9.9.3:3"), "{ran:?}");
}

#[test]
fn a_capture_without_websockets_is_no_mistake() {
    let capture = crate::common::tcp::Talk::new().capture().pcap();
    for list in ["connections", "frames", "messages"] {
        let ran = run_with(&[list, "-"], &capture).quiet();
        assert_eq!(ran.out.lines().count(), 1, "the heading alone: {}", ran.out);
        assert_eq!(run_with(&[list, "--json", "-"], &capture).quiet().out, "");
    }
    assert!(run_with(&["show", "-", "--frame", "1"], &capture).refused().contains("no WebSocket frames"));
}

#[test]
fn a_cut_capture_gives_the_rows_before_the_cut() {
    let sample = samples::named("chat-unicode");
    let octets = sample.octets();
    let whole = run(&["frames", "--json", "--payload", sample.argument()]).quiet().out;
    let mut seen = 0;
    for len in (1000..octets.len()).step_by(997) {
        let ran = run_with(&["frames", "--json", "--payload", "-"], &octets[..len]);
        assert_eq!(ran.status, 0, "cut at {len}: {}", ran.err);
        if !ran.err.is_empty() {
            assert_eq!(ran.err.lines().count(), 1, "cut at {len}: {}", ran.err);
            assert!(ran.err.starts_with("framescope: warning: standard input: "), "cut at {len}: {}", ran.err);
        }
        // The last frame may be cut itself.
        let rows = ran.out.lines().count().saturating_sub(1);
        assert!(whole.lines().zip(ran.out.lines().take(rows)).all(|(whole, row)| whole == row), "cut at {len}");
        assert!(rows + 1 >= seen, "cut at {len}: never fewer rows of more octets");
        seen = rows;
    }
    assert!(seen > 20);
}

#[test]
fn a_damaged_capture_gives_the_rows_before_the_damage() {
    let sample = samples::named("fragments-ping");
    let mut octets = sample.octets();
    let whole = run(&["frames", "--json", sample.argument()]).quiet().out;
    // The length of a record in the middle becomes absurd.
    let record = record_starts(&octets)[30];
    octets[record + 8..record + 12].fill(0xff);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("damaged.pcap");
    std::fs::write(&path, &octets).unwrap();
    let ran = run(&["frames", "--json", path.to_str().unwrap()]);
    assert_eq!((ran.status, ran.err.lines().count()), (0, 1), "{}", ran.err);
    assert!(ran.err.contains("warning") && ran.err.contains("packet 30"), "it names the packet before: {}", ran.err);
    assert!(ran.out.lines().count() > 5 && whole.starts_with(&ran.out), "{}", ran.out);

    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, &sample.octets()).unwrap();
    let packed = packed.finish().unwrap();
    let ran = run_with(&["frames", "--json", "-"], &packed[..packed.len() - 2]);
    assert_eq!((ran.status, ran.err.lines().count()), (0, 1), "{}", ran.err);
    assert_eq!(ran.out, whole, "all octets are there, only the checksum is not");
}

/// File offsets of the records of a little-endian pcap file.
fn record_starts(pcap: &[u8]) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut at = 24;
    while at < pcap.len() {
        starts.push(at);
        at += 16 + u32::from_le_bytes(pcap[at + 8..at + 12].try_into().unwrap()) as usize;
    }
    starts
}

#[test]
fn names_are_taken_as_they_are() {
    let directory = tempfile::tempdir().unwrap();
    let sample = samples::named("ipv6");
    let expected = run(&["frames", sample.argument()]).quiet().out;
    for name in ["with spaces and 中文.pcap", "no-extension", "-starts-with-a-dash.pcap", "sample.PCAP.gz"] {
        std::fs::copy(&sample.path, directory.path().join(name)).unwrap();
        let mut command = program();
        command.current_dir(directory.path()).args(["frames", "--", name]);
        let found = Running::start(&mut command).finish().quiet().out;
        assert_eq!(found, expected, "{name}: what counts is what is inside");
    }
}

/// A name may hold anything, and moves no cursor; what is said stays one line.
#[test]
#[cfg(unix)]
fn names_are_written_without_their_control_characters() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let shown = "a·[31m··b·c.pcap";
    let name = path("a\x1b[31m\r\nb\u{202e}c.pcap");
    all_refuse(&name, &format!("{shown}: there is no such file"));
    std::fs::write(&name, b"\x1b[2J").unwrap();
    all_refuse(&name, &format!("{shown}: not a capture: starts with '\\x1b[2J'"));
    let octets = samples::named("ipv6").octets();
    std::fs::write(&name, &octets[..octets.len() - 1]).unwrap();
    let ran = run(&["frames", &name]);
    assert!(ran.err.contains(shown) && ran.err.lines().count() == 1 && ran.status == 0, "{ran:?}");
}

/// A library's words about a stream help nobody: it is told in our words.
#[test]
fn compressed_captures_that_cannot_be_unpacked() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.pcap.zst");
    // A frame header that announces dictionary 7 (RFC 8878 §3.1.1.1), and an empty last block; and one that is cut.
    for (octets, what) in [
        (&b"\x28\xb5\x2f\xfd\x21\x07\x00\x01\x00\x00"[..], "the zstd stream was compressed with a dictionary; "),
        (b"\x28\xb5\x2f\xfd\x20\x07\x39", "the zstd stream ends too early"),
    ] {
        std::fs::write(&path, octets).unwrap();
        let ran = run(&["frames", path.to_str().unwrap()]);
        let said = ran.err.strip_prefix(&format!("framescope: warning: {}: ", path.display())).unwrap();
        assert!(said.contains(what) && ran.err.lines().count() == 1 && ran.status == 0, "{ran:?}");
    }
}
