//! The program's whole output for every sample, compared with the text in `expected/`.
//!
//! `UPDATE_GOLDEN=1 cargo test --test golden` writes the texts anew: read the difference before you commit it.

#[path = "../common/mod.rs"]
mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use common::dump::{assert_same, hash};
use common::program::run;
use common::samples::{self, Sample};

/// A payload in hex longer than this stands in the golden as its hash.
const LONGEST_HEX: usize = 2 * 1024;

/// Frames whose diagrams are kept, by sample: each is there for what is rare about it.
const SHOWN: [(&str, &[u64]); 14] = [
    // Unmasked where it must be masked; a needlessly long length; text that is not UTF-8; a Close body that says 1005.
    ("broken", &[3, 28, 61, 71]),
    // JSON with characters of three octets over three segments; an empty frame; a reason with an emoji.
    ("chat-unicode", &[6, 17, 29]),
    // Compressed, and left uncompressed on the same connection.
    ("deflate", &[1, 11]),
    // A compressed Hello of JSON; an empty message; fragments with nothing in them; a window of 512 octets.
    ("deflate-parameters", &[1, 11, 16, 65]),
    // A fragment that ends in a block's boundary, and one that is the boundary alone.
    ("deflate-websockets", &[1, 12]),
    // A character cut by a fragment's end; an empty final fragment; a ping between.
    ("fragments-ping", &[1, 4, 7]),
    ("http-then-upgrade", &[1, 5]),
    ("ipv6", &[2, 3]),
    // The 16-bit length, and the 64-bit one over many segments.
    ("large-binary", &[10, 14]),
    // A Close without a body, and one with a code of the application's own.
    ("many-connections", &[35, 37]),
    ("refused", &[2]),
    // The unmasked and the masked Hello, its first fragment, the three forms of length.
    ("rfc6455-examples", &[1, 2, 3, 7, 8]),
    // Retransmitted and overlapping segments.
    ("tcp-trouble", &[6, 20]),
    ("wrong-accept", &[4]),
];

fn expected() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/expected")
}

fn updating() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some()
}

/// The outputs of a sample: file name and text.
fn outputs(sample: &Sample) -> Vec<(String, String)> {
    let file = sample.argument();
    let out = |arguments: &[&str]| run(arguments).quiet().out;
    let mut outputs = vec![
        ("connections.txt".to_owned(), out(&["connections", file])),
        ("connections.jsonl".to_owned(), out(&["connections", "--json", file])),
        ("frames.txt".to_owned(), out(&["frames", file])),
        ("frames.jsonl".to_owned(), without_long_hex(&out(&["frames", "--payload", "--json", file]))),
        ("check.txt".to_owned(), run(&["check", file]).out),
        ("check.jsonl".to_owned(), run(&["check", "--json", file]).out),
        ("messages.txt".to_owned(), out(&["messages", file])),
        ("messages.jsonl".to_owned(), without_long_hex(&out(&["messages", "--payload", "--json", file]))),
    ];
    let shown = SHOWN.iter().find(|(name, _)| *name == sample.name).map_or(&[][..], |(_, frames)| frames);
    assert!(!shown.is_empty(), "choose frames of {} to show", sample.name);
    for frame in shown {
        outputs.push((format!("show-{frame}.txt"), out(&["show", file, "--frame", &frame.to_string()])));
    }
    outputs
}

/// Puts the hash of a long payload in its place.
fn without_long_hex(rows: &str) -> String {
    const KEY: &str = "\"payload_hex\":\"";
    let mut out = String::new();
    let mut rest = rows;
    while let Some(at) = rest.find(KEY).map(|at| at + KEY.len()) {
        let len = rest[at..].find('"').unwrap();
        let hex = &rest[at..at + len];
        out.push_str(&rest[..at]);
        if len > LONGEST_HEX {
            out.push_str(&format!("{} octets with SHA-1 {}", len / 2, hash(hex.as_bytes())));
        } else {
            out.push_str(hex);
        }
        rest = &rest[at + len..];
    }
    out + rest
}

#[test]
fn every_sample_gives_its_golden() {
    for sample in samples::all() {
        let directory = expected().join(&sample.name);
        let mut names = BTreeSet::new();
        for (name, found) in outputs(&sample) {
            let path = directory.join(&name);
            if updating() {
                fs::create_dir_all(&directory).unwrap();
                fs::write(&path, &found).unwrap();
            }
            let golden = fs::read_to_string(&path).unwrap_or_else(|error| {
                panic!("{}: {error}; UPDATE_GOLDEN=1 writes it: read it before you commit it", path.display())
            });
            assert_same(&format!("{} {name}", sample.name), &golden, &found);
            names.insert(name);
        }
        for entry in fs::read_dir(&directory).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if !names.contains(&name) {
                assert!(updating(), "{}: nothing gives this any more", entry.path().display());
                fs::remove_file(entry.path()).unwrap();
            }
        }
    }
    every_golden_has_its_sample();
}

fn every_golden_has_its_sample() {
    let names: BTreeSet<String> = samples::all().into_iter().map(|sample| sample.name).collect();
    for entry in fs::read_dir(expected()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(names.contains(&name), "tests/golden/expected/{name} has no sample");
    }
    assert!(SHOWN.iter().all(|(name, _)| names.contains(*name)));
}

#[test]
fn long_payloads_become_hashes_and_short_ones_stay() {
    let row = |hex: &str| format!("{{\"frame\":1,\"payload_hex\":\"{hex}\"}}\n");
    let short = row("00ff") + &row("");
    assert_eq!(without_long_hex(&short), short);
    let long = without_long_hex(&(row(&"ab".repeat(1025)) + &short));
    assert!(
        long.starts_with("{\"frame\":1,\"payload_hex\":\"1025 octets with SHA-1 ") && long.ends_with(&short),
        "{long}"
    );
}
