//! The bodies of the fuzz targets, called on inputs that are the same in every run; and on each that fuzzing found.
//!
//! `tests/fuzz` calls them on inputs that libFuzzer makes, guided by what code they reach.

#[path = "../common/mod.rs"]
mod common;
#[path = "../answers/library.rs"]
mod library;

mod bodies;
mod seeds;

use std::path::Path;

use bodies::{capture, capture_file, deframer, http_heads, inflate};

/// Calls a body on its seeds, what becomes of them by chance, and what fuzzing found. With FRAMESCOPE_FUZZ_SEEDS=1 it writes
/// the seeds to where fuzzing begins with them.
#[allow(clippy::disallowed_methods, reason = "what fuzzing finds are small files")]
fn run(name: &str, seeds: Vec<Vec<u8>>, times: usize, body: impl Fn(&[u8])) {
    if std::env::var_os("FRAMESCOPE_FUZZ_SEEDS").is_some() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(name);
        std::fs::create_dir_all(&corpus).unwrap();
        for (number, seed) in seeds.iter().enumerate() {
            std::fs::write(corpus.join(format!("seed-{number}")), seed).unwrap();
        }
    }
    let found = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzzed/found").join(name);
    let mut found: Vec<_> = std::fs::read_dir(found).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found.iter().for_each(|path| body(&std::fs::read(path).unwrap()));
    seeds.iter().for_each(|seed| body(seed));
    seeds::changed(&seeds, times).for_each(|input| body(&input));
}

#[test]
fn inflating_and_zlib_agree() {
    run("inflate", seeds::inflate(), 2_000, inflate::check);
}

#[test]
fn a_deframer_tells_the_same_of_any_pieces() {
    run("deframer", seeds::frames(), 2_000, deframer::check);
}

#[test]
fn http_heads_are_the_same_in_any_pieces() {
    run("http_heads", seeds::heads(), 2_000, http_heads::check);
}

#[test]
fn capture_files_are_read_to_where_they_break() {
    run("capture_file", seeds::capture_files(), 300, capture_file::check);
}

#[test]
fn captures_have_one_answer() {
    run("capture", seeds::conversations(), 150, capture::check);
}
