//! A message's payload: its frames' payloads joined.

use std::io;

use crate::dissect::{Message, Octets, Snapshot};

/// The first `max` octets of a message's payload: unmasked, joined, not inflated. What the capture lacks is a hole, and
/// so is the rest of a frame whose end was not captured.
///
/// # Errors
/// When the capture file cannot be read.
pub fn message_payload(snapshot: &Snapshot, message: &Message, max: u64) -> io::Result<Octets> {
    let mut joined = Octets { total: message.wire_len, ..Octets::default() };
    let mut end = 0u64;
    for frame in snapshot.message_frames(message).into_iter().filter_map(|id| snapshot.frame(id)) {
        let room = max.saturating_sub(end);
        if room == 0 {
            break;
        }
        let start = end;
        let part = snapshot.payload(frame, 0..room)?.unmasked(frame.header.masking_key());
        if start > joined.octets.len() as u64 && !part.octets.is_empty() {
            // The frame before broke off: what is known goes on behind the hole, which is no longer than `max`.
            let hole = joined.octets.len() as u64..start;
            let Ok(len) = usize::try_from(start) else { break };
            joined.missing.push(hole);
            joined.octets.resize(len, 0);
        }
        joined.missing.extend(part.missing.iter().map(|hole| start + hole.start..start + hole.end));
        joined.octets.extend_from_slice(&part.octets);
        end = start.saturating_add(frame.header.payload_len());
    }
    Ok(joined)
}
