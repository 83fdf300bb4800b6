//! The truth about a corpus. The generator writes it down; whoever reads the corpus has to come to the same.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha1::{Digest as _, Sha1};

/// The first of a pair of things that both senders have.
pub const CLIENT: usize = 0;
/// The second.
pub const SERVER: usize = 1;

/// Counts and hashes.
#[derive(Default, Serialize)]
pub struct Truth {
    /// Packets in the file.
    pub packets: u64,
    /// Octets of those packets, without what the file format adds.
    pub octets: u64,
    pub tcp_connections: u64,
    /// WebSocket connections.
    pub connections: u64,
    pub frames: u64,
    pub messages: u64,
    /// Payload octets as the frames' headers declare them.
    pub payload_octets: u64,
    /// Those of them that are in the file; the others were lost on the way to it.
    pub captured_octets: u64,
    /// Findings that no corpus may give: the peers break no rule.
    pub violations: u64,
    pub warnings: u64,
    /// Frames by sender and opcode: `c1`, `s9`.
    pub by_sender_and_opcode: BTreeMap<String, u64>,
    /// By the client's address and port, for client and server: SHA-1 of the payload octets in the order of the stream, as
    /// sent but unmasked. Octets that are not in the file are hashed as 0.
    pub payload_sha1: BTreeMap<String, [String; 2]>,
    /// Every frame, where any may be missing from the file: by the client's address and port, for client and server. Then
    /// nothing is counted but packets and connections.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frames_sent: Option<BTreeMap<String, [Vec<SentFrame>; 2]>>,
}

/// A frame that was sent.
#[derive(Deserialize, Serialize)]
pub struct SentFrame {
    /// Stream offset of its first octet.
    pub at: u64,
    /// Its header in hexadecimal.
    pub header: String,
    /// All of it is in the file.
    pub intact: bool,
}

impl Truth {
    /// Counts a frame.
    pub fn frame(&mut self, sender: usize, opcode: u8, payload_octets: u64, captured_octets: u64) {
        let sender = if sender == CLIENT { "c" } else { "s" };
        *self.by_sender_and_opcode.entry(format!("{sender}{opcode}")).or_default() += 1;
        self.frames += 1;
        self.payload_octets += payload_octets;
        self.captured_octets += captured_octets;
    }

    /// Counts a WebSocket connection, all frames of which were hashed, or are told.
    pub fn connection(&mut self, client: String, hashes: [Sha1; 2], frames: [Vec<SentFrame>; 2]) {
        self.connections += 1;
        match &mut self.frames_sent {
            Some(sent) => drop(sent.insert(client, frames)),
            None => drop(self.payload_sha1.insert(client, hashes.map(|hash| hex(&hash.finalize())))),
        }
    }
}

/// `octets` in hexadecimal.
pub fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Returns the path of the truth about `corpus`.
pub fn truth_path(corpus: &Path) -> PathBuf {
    let mut path = corpus.as_os_str().to_owned();
    path.push(".truth.json");
    path.into()
}

/// Puts the truth beside `corpus`.
pub fn write_truth(truth: &impl Serialize, corpus: &Path) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(truth_path(corpus))?);
    serde_json::to_writer(&mut file, truth)?;
    file.write_all(b"\n")?;
    file.flush()
}

/// Returns how `found` differs from `truth`, both being a [`Truth`] as JSON. Counts that `truth` lacks (an older
/// generator wrote it) are not compared.
pub fn differences(truth: &Value, found: &Value) -> Vec<String> {
    let empty = serde_json::Map::new();
    let [truth, found] = [truth, found].map(|it| it.as_object().unwrap_or(&empty));
    let mut all = Vec::new();
    for (key, truth) in truth {
        match (truth, found.get(key)) {
            (Value::Object(truth), Some(Value::Object(found))) => {
                let missing = truth.iter().filter(|(name, _)| !found.contains_key(*name));
                all.extend(missing.map(|(name, truth)| difference(&format!("{key} {name}"), Some(truth), None)));
                let other = found.iter().filter(|(name, found)| truth.get(*name) != Some(found));
                all.extend(other.map(|(name, it)| difference(&format!("{key} {name}"), truth.get(name), Some(it))));
            }
            (truth, found) if found == Some(truth) => {}
            (truth, found) => all.push(difference(key, Some(truth), found)),
        }
    }
    all
}

fn difference(what: &str, truth: Option<&Value>, found: Option<&Value>) -> String {
    let show = |value: Option<&Value>| value.map_or("nothing".to_owned(), Value::to_string);
    format!("{what}: {} was sent, {} was found", show(truth), show(found))
}
