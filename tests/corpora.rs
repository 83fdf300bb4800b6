//! Framescope finds in a small corpus of each kind exactly what was sent: every count, and every payload octet by its hash.
//!
//! `examples/corpus` makes and verifies them; with `cargo run --release --example corpus` the same goes for gigabytes.

#[path = "../examples/corpus/make/mod.rs"]
mod make;
#[path = "../examples/corpus/truth.rs"]
mod truth;
#[path = "../examples/corpus/verify.rs"]
mod verify;

use std::fs::File;
use std::path::{Path, PathBuf};

use make::{Kind, corpus};
use serde_json::{Value, json};
use truth::truth_path;
use verify::{Intact, verify};

/// A corpus of some megabytes, in `directory`.
fn made(kind: Kind, seed: u64, directory: &Path) -> PathBuf {
    let megabytes = if kind == Kind::Large { 8 } else { 4 };
    let path = directory.join(format!("{}-{seed}.pcap", kind.name()));
    corpus(kind, megabytes * 1_000_000, seed, &path).unwrap();
    path
}

fn read_truth(corpus: &Path) -> Value {
    serde_json::from_reader(File::open(truth_path(corpus)).unwrap()).unwrap()
}

#[track_caller]
fn everything_is_found(kind: Kind) -> Value {
    let directory = tempfile::tempdir().unwrap();
    let path = made(kind, 1, directory.path());
    assert_eq!(verify(&path).unwrap().differences, [""; 0]);
    read_truth(&path)
}

#[test]
fn large_messages() {
    let truth = everything_is_found(Kind::Large);
    assert!(truth["payload_octets"].as_u64() > Some(4_000_000), "{truth}");
}

#[test]
fn small_messages() {
    let truth = everything_is_found(Kind::Small);
    assert!(truth["frames"].as_u64() > Some(10_000), "{truth}");
}

#[test]
fn compressed_messages() {
    let truth = everything_is_found(Kind::Deflate);
    assert!(truth["by_sender_and_opcode"]["c0"].as_u64() > Some(100), "{truth}");
}

#[test]
fn a_few_websockets_among_other_connections() {
    let truth = everything_is_found(Kind::Mixed);
    assert!(truth["tcp_connections"].as_u64() > Some(200) && truth["connections"].as_u64() < Some(10), "{truth}");
}

#[test]
fn loss_and_reordering() {
    let truth = everything_is_found(Kind::Trouble);
    let [sent, captured] = ["payload_octets", "captured_octets"].map(|key| truth[key].as_u64().unwrap());
    assert!(captured < sent, "{truth}");
}

/// Frames of which nothing is missing are found however much is missing around them, and none that was never sent.
#[test]
fn whole_frames_among_holes() {
    let directory = tempfile::tempdir().unwrap();
    for seed in 1..4 {
        let path = made(Kind::Holes, seed, directory.path());
        let verdict = verify(&path).unwrap();
        assert_eq!(verdict.differences, [""; 0]);
        assert!(matches!(verdict.intact, Some(Intact { sent: 2_000.., .. })), "{:?}", verdict.intact);
    }
}

#[test]
fn what_is_wrong_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = made(Kind::Trouble, 1, directory.path());
    let mut truth = read_truth(&path);
    let frames = truth["frames"].as_u64().unwrap();
    truth["frames"] = json!(frames + 1);
    truth["by_sender_and_opcode"]["s10"] = json!(1);
    truth["payload_sha1"].as_object_mut().unwrap().remove("10.0.0.0:10007");
    truth["payload_sha1"]["10.0.0.0:10009"][1] = json!("another");
    // What an older generator did not tell is not asked for.
    truth.as_object_mut().unwrap().remove("captured_octets");
    serde_json::to_writer(File::create(truth_path(&path)).unwrap(), &truth).unwrap();

    let told = verify(&path).unwrap().differences;
    let starts = [
        "by_sender_and_opcode s10: 1 was sent, nothing was found",
        &format!("frames: {} was sent, {frames} was found", frames + 1),
        "payload_sha1 10.0.0.0:10007: nothing was sent, [",
        "payload_sha1 10.0.0.0:10009: [",
    ];
    assert_eq!(told.len(), starts.len(), "{told:#?}");
    for (told, start) in told.iter().zip(starts) {
        assert!(told.starts_with(start), "{told}");
    }
}

#[test]
fn a_seed_decides_every_octet() {
    let directory = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    for kind in Kind::ALL {
        let octets = |path: PathBuf| std::fs::read_to_string(truth_path(&path)).unwrap();
        let [first, again] = [&directory, &other].map(|it| octets(made(kind, 1, it.path())));
        assert!(first == again && first != octets(made(kind, 2, other.path())), "{kind:?}");
    }
}
