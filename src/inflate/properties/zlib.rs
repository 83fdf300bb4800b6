//! The judgement of zlib about a message. Fuzzing (`tests/fuzzed`) asks it too.

use flate2::{Decompress, FlushDecompress, Status};

/// Returns what zlib makes of a message behind `window`: the octets that it and the tail inflate to, if that is right.
pub fn inflated(compressed: &[u8], window: &[u8]) -> Option<Vec<u8>> {
    let started = |history: &[u8]| {
        let mut zlib = Decompress::new(false);
        zlib.set_dictionary(&history[history.len().saturating_sub(1 << 15)..]).unwrap();
        zlib
    };
    let mut history = window.to_vec();
    let mut zlib = started(&history);
    let mut room = vec![0; 1 << 16];
    let mut feed = |zlib: &mut Decompress, mut octets: &[u8], history: &mut Vec<u8>| loop {
        let (before_in, before_out) = (zlib.total_in(), zlib.total_out());
        let status = zlib.decompress(octets, &mut room, FlushDecompress::Sync).ok()?;
        octets = &octets[(zlib.total_in() - before_in) as usize..];
        let given = (zlib.total_out() - before_out) as usize;
        history.extend_from_slice(&room[..given]);
        if status == Status::StreamEnd {
            if octets.is_empty() {
                return Some(true);
            }
            *zlib = started(history);
        } else if octets.is_empty() && given < room.len() {
            return Some(false);
        }
    };
    // The tail is the end of a block with nothing in it, or there is none for it to be the end of. What comes then comes out.
    let ended = feed(&mut zlib, compressed, &mut history)?;
    let len = history.len();
    if !ended {
        let stored = [0, 3, 0, !3, !0, 0xa5, 0x5a, 0x17];
        let more = feed(&mut zlib, &[&[0, 0, 0xff, 0xff][..], &stored].concat(), &mut history)?;
        if more || history.len() != len + 3 || !history.ends_with(&stored[5..]) {
            return None;
        }
    }
    history.truncate(len);
    Some(history.split_off(window.len()))
}
