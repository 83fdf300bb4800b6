//! The architecture, held by reading `src/`: who may import whom, that no files do so in circles, where a type has its
//! methods, what only one place may touch, how long a file may be, and where nothing may panic. And that doc comments stand
//! alone.
//!
//! The checkers take text and give complaints, so that small wrong programs prove that they can fail.

mod circles;
mod comments;
mod layers;
mod places;
mod source;

use std::path::{Path, PathBuf};

use source::SourceFile;

/// The most lines of a file: half as many are usual, and what has more holds more than one idea.
const MAX_LINES: usize = 700;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// Every Rust file below `directory`, which may not exist; not those that building fuzz targets makes.
fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(directory) else { return found };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("fuzz/target") {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The files of `src/`, with those that are compiled for tests alone marked.
fn sources() -> Vec<SourceFile> {
    let directory = root().join("src");
    let files = rust_files(&directory).into_iter().map(|path| {
        let name = path.strip_prefix(&directory).unwrap().to_str().unwrap().replace('\\', "/");
        SourceFile::new(&name, &std::fs::read_to_string(&path).unwrap())
    });
    let mut files: Vec<SourceFile> = files.collect();
    source::mark_test_files(&mut files);
    assert!(files.len() > 50, "src/ was read");
    files
}

#[track_caller]
fn none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn layers_import_only_what_lies_below() {
    none(sources().iter().flat_map(layers::breaches).collect());
}

#[test]
fn no_files_import_each_other_in_circles() {
    none(circles::Imports::of(&sources()).circles());
}

#[test]
fn a_type_s_methods_stand_where_it_is_defined() {
    none(circles::strangers(&sources()));
}

#[test]
fn what_only_one_place_may_touch() {
    none(sources().iter().flat_map(places::breaches).collect());
}

#[test]
fn nothing_panics_where_octets_of_the_wire_are_read() {
    none(sources().iter().flat_map(places::panics).collect());
}

/// Every Rust file of ours.
fn all_files() -> Vec<PathBuf> {
    let directories = ["src", "tests", "benches", "examples"].map(|name| root().join(name));
    directories.iter().flat_map(|directory| rust_files(directory)).collect()
}

#[test]
fn doc_comments_stand_alone() {
    let halves =
        |path: PathBuf| comments::halves(&path.display().to_string(), &std::fs::read_to_string(&path).unwrap());
    // What proves that the checker can fail is half a sentence itself.
    let files = all_files().into_iter().filter(|path| !path.ends_with("architecture/comments.rs"));
    none(files.flat_map(halves).collect());
}

#[test]
fn files_hold_one_idea_each() {
    let too_long = all_files().into_iter().filter_map(|path| {
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        (lines > MAX_LINES).then(|| format!("{}: {lines} lines; {MAX_LINES} are the most", path.display()))
    });
    none(too_long.collect());
}
