//! A message's payload: its frames' payloads joined.

use std::io;

use crate::dissect::{Message, MessageReader, Octets, Snapshot};

/// The first `max` octets of a message's payload: unmasked, joined, not inflated. What the capture lacks is a hole, and
/// so is the rest of a frame whose end was not captured.
///
/// # Errors
/// When the capture file cannot be read.
pub fn message_payload(snapshot: &Snapshot, message: &Message, max: u64) -> io::Result<Octets> {
    MessageReader::default().message_octets(snapshot, message, max)
}
