//! The captures in `samples/`.

use std::path::{Path, PathBuf};

/// A capture of real peers.
pub struct Sample {
    /// Its file name without the extension.
    pub name: String,
    /// The capture.
    pub path: PathBuf,
}

impl Sample {
    /// The octets of the capture.
    pub fn octets(&self) -> Vec<u8> {
        std::fs::read(&self.path).unwrap()
    }

    /// The path as the command line takes it.
    pub fn argument(&self) -> &str {
        self.path.to_str().unwrap()
    }

    /// Returns the path of the peers' own log.
    pub fn log(&self) -> PathBuf {
        self.path.with_file_name(format!("{}.peers.json", self.name))
    }
}

/// The directory of the samples.
pub fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")
}

/// Every sample, by name.
pub fn all() -> Vec<Sample> {
    let mut samples = Vec::new();
    for entry in std::fs::read_dir(directory()).unwrap() {
        let path = entry.unwrap().path();
        if matches!(path.extension().and_then(|it| it.to_str()), Some("pcap" | "pcapng")) {
            samples.push(Sample { name: path.file_stem().unwrap().to_str().unwrap().to_owned(), path });
        }
    }
    samples.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(samples.len() >= 12, "the samples are gone");
    samples
}

/// The sample of this name.
pub fn named(name: &str) -> Sample {
    all().into_iter().find(|sample| sample.name == name).unwrap_or_else(|| panic!("there is no sample {name}"))
}
