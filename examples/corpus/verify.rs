//! Reads a corpus through the library, as the program does, and compares what is found with the truth beside it.

use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};
use std::error::Error;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use framescope::base::{FrameId, Sender};
use framescope::dissect::{FrameRecord, MessageReader, Progress, Session, Snapshot};
use serde_json::Value;
use sha1::{Digest as _, Sha1};

use crate::truth::{CLIENT, SERVER, SentFrame, Truth, differences, hex, truth_path};

/// Payload octets that are read at once.
const WINDOW: u64 = 1 << 20;
/// Payload octets of one frame that are hashed at most: hostile headers claim more than anybody has time for.
const MOST: u64 = 1 << 30;

/// Frames in a thousand of those that are whole in the file that have to be found where others are missing.
const LEAST_FOUND: usize = 998;

/// Frames of which all octets are in the file, and how many of those were found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Intact {
    pub sent: usize,
    pub found: usize,
}

/// The result of verifying a corpus.
pub struct Verdict {
    /// The differences between what the library finds and the truth; none, if all is well.
    pub differences: Vec<String>,
    /// The frames that are whole in the file, if some may be missing from it.
    pub intact: Option<Intact>,
}

/// Compares what the library finds in `corpus` with the truth.
pub fn verify(corpus: &Path) -> Result<Verdict, Box<dyn Error>> {
    let path = truth_path(corpus);
    let file = File::open(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut truth: Value = serde_json::from_reader(BufReader::new(file))?;
    let (snapshot, found, mut complaints) = read(corpus)?;
    let frames_sent = truth.as_object_mut().and_then(|truth| truth.remove("frames_sent"));
    let intact = match frames_sent {
        None => None,
        Some(sent) => {
            let (intact, differences) = compare_frames(serde_json::from_value(sent)?, &snapshot);
            complaints.extend(differences);
            let counted = ["packets", "octets", "tcp_connections", "connections", "violations"];
            truth.as_object_mut().into_iter().for_each(|truth| truth.retain(|key, _| counted.contains(&key.as_str())));
            Some(intact)
        }
    };
    complaints.extend(differences(&truth, &serde_json::to_value(found)?));
    Ok(Verdict { differences: complaints, intact })
}

/// Compares the frames that were found with all that were sent, one by one.
fn compare_frames(sent: BTreeMap<String, [Vec<SentFrame>; 2]>, snapshot: &Snapshot) -> (Intact, Vec<String>) {
    let clients: Vec<String> = snapshot.connections().map(|row| row.client.to_string()).collect();
    let mut found = BTreeSet::new();
    let mut complaints = Vec::new();
    for frame in (0..snapshot.frame_count()).filter_map(|index| snapshot.frame(FrameId::from_index(index))) {
        let (client, sender) = (&clients[frame.connection.index()], sender(frame));
        let header = hex(&frame.header.octets());
        if !found.insert((client.clone(), sender, frame.at, header.clone())) {
            complaints.push(format!("{client}: the frame {header} at {} of sender {sender} was found twice", frame.at));
        }
    }
    let mut intact = Intact::default();
    for (client, senders) in sent {
        for (sender, frames) in senders.into_iter().enumerate() {
            for SentFrame { at, header, intact: is_intact } in frames {
                let is_found = found.remove(&(client.clone(), sender, at, header));
                if is_intact {
                    intact.sent += 1;
                    intact.found += usize::from(is_found);
                }
            }
        }
    }
    let invented = found.into_iter().map(|(client, sender, at, header)| {
        format!("{client}: the frame {header} at {at} of sender {sender} was never sent")
    });
    complaints.extend(invented);
    let Intact { sent, found } = intact;
    if found * 1000 < sent * LEAST_FOUND {
        complaints.push(format!("of {sent} frames that are whole in the file, {found} were found"));
    }
    (intact, complaints)
}

fn sender(frame: &FrameRecord) -> usize {
    if frame.sender() == Sender::Client { CLIENT } else { SERVER }
}

/// Returns what the library finds, and where it contradicts itself.
fn read(corpus: &Path) -> Result<(Snapshot, Truth, Vec<String>), Box<dyn Error>> {
    let mut session = Session::open(corpus)?;
    loop {
        match session.step(usize::MAX)? {
            Progress::More => {}
            Progress::Pending => session.pump()?,
            Progress::End => break,
        }
    }
    let snapshot = session.snapshot();
    let mut found = count(&snapshot)?;
    let totals = snapshot.totals();
    (found.packets, found.octets, found.tcp_connections) = (totals.packets, totals.octets, totals.tcp_connections);
    [_, found.warnings, found.violations] = totals.findings;
    found.messages = snapshot.message_count() as u64;

    let mut complaints = Vec::new();
    if let Some(damage) = session.damage() {
        complaints.push(format!("the file is damaged: {damage}"));
    }
    let mut same = |what: &str, index: u64, rows: u64| {
        if index != rows {
            complaints.push(format!("{what}: the index says {index}, its rows add up to {rows}"));
        }
    };
    same("packets not understood", totals.undecoded, 0);
    same("frames", totals.frames.iter().sum(), found.frames);
    same("frames by opcode", totals.opcodes.iter().sum(), found.frames);
    same("payload octets", totals.payload_octets, found.payload_octets);
    same("frames of connections", snapshot.connections().flat_map(|it| it.frames).sum(), found.frames);
    same("messages of connections", snapshot.connections().flat_map(|it| it.messages).sum(), found.messages);
    same("payload of connections", snapshot.connections().flat_map(|it| it.payload).sum(), found.payload_octets);
    Ok((snapshot, found, complaints))
}

/// Counts and hashes every frame.
fn count(snapshot: &Snapshot) -> io::Result<Truth> {
    let mut found = Truth::default();
    let mut hashes: Vec<[Sha1; 2]> = vec![Default::default(); snapshot.connection_count()];
    for frame in (0..snapshot.frame_count()).filter_map(|index| snapshot.frame(FrameId::from_index(index))) {
        let sender = sender(frame);
        let header = frame.header;
        found.frame(sender, header.opcode().value(), header.payload_len(), snapshot.captured_len(frame));
        hash_payload(snapshot, frame, &mut hashes[frame.connection.index()][sender])?;
    }
    for (connection, hashes) in snapshot.connections().zip(hashes) {
        let mut client = connection.client.to_string();
        if let Entry::Occupied(twice) = found.payload_sha1.entry(client.clone()) {
            client = format!("{} once more", twice.key());
        }
        found.connection(client, hashes, Default::default());
    }
    Ok(found)
}

/// Hashes a frame's payload, unmasked, with zeros where octets are missing.
fn hash_payload(snapshot: &Snapshot, frame: &FrameRecord, hash: &mut Sha1) -> io::Result<()> {
    const ZEROS: [u8; 4096] = [0; 4096];
    let len = frame.header.payload_len().min(MOST);
    let mut at = 0;
    while at < len {
        let end = len.min(at + WINDOW);
        let octets = MessageReader::default().frame_octets(snapshot, frame, at..end)?;
        hash.update(&octets.octets);
        // Nothing is read behind the last octet that was captured.
        at = at.max(octets.end());
        while at < end {
            let zeros = ZEROS.len().min((end - at) as usize);
            hash.update(&ZEROS[..zeros]);
            at += zeros as u64;
        }
    }
    Ok(())
}
