//! Messages that judging inflates, kept for whoever prints them next: so each is inflated once.
//!
//! ```text
//!   Payloads ─▶ Job ─▶ Inflater ─┬▶ Outcome
//!                                └▶ KeptMessages ── take ──▶ Inflation, which else would inflate anew
//! ```

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::base::MessageId;
use crate::dissect::index::inflated_room::{InflatedRoom, InflatedStore};

/// Octets of the longest message that is kept. Longer ones are inflated again.
const LONGEST: usize = 4 << 20;
/// The cost of a message besides its octets, in octets.
const MESSAGE_COST: usize = 64;

/// The octets that messages inflated to, by message, until they are taken out. Clones share them.
#[derive(Clone, Debug)]
pub struct KeptMessages {
    /// Octets that are wanted of each message.
    most: u64,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    messages: HashMap<MessageId, KeptMessage>,
    store: InflatedStore,
}

/// The beginning of what a message inflated to.
#[derive(Debug, Default)]
pub(super) struct KeptMessage {
    /// Its first octets, all of which are known.
    pub octets: Vec<u8>,
    /// The number of octets in all.
    pub total: u64,
}

impl KeptMessages {
    /// Keeps the first `most` octets of each message, as long as there is room for them.
    pub fn new(most: u64, room: &InflatedRoom) -> KeptMessages {
        let shared = Shared { messages: HashMap::new(), store: room.store() };
        KeptMessages { most, shared: Arc::new(Mutex::new(shared)) }
    }

    /// Adds octets to the end of a message; returns whether it can still be kept.
    #[inline]
    pub(super) fn extend(&self, message: &mut KeptMessage, octets: &[u8]) -> bool {
        let wanted = self.most.saturating_sub(message.total).min(octets.len() as u64) as usize;
        message.total += octets.len() as u64;
        message.octets.extend_from_slice(&octets[..wanted]);
        message.octets.len() <= LONGEST
    }

    /// Keeps a message, if there is room for it.
    pub(super) fn put(&self, id: MessageId, message: KeptMessage) {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let size = MESSAGE_COST + message.octets.capacity();
        if shared.store.take(size) {
            shared.messages.insert(id, message);
        }
    }

    /// Takes out a message of which `most` octets are wanted; `None` where it is not kept, or less of it.
    pub(super) fn take(&self, id: MessageId, most: u64) -> Option<KeptMessage> {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let mut message = shared.messages.remove(&id)?;
        shared.store.give_back(MESSAGE_COST + message.octets.capacity());
        let wanted = message.total.min(most);
        message.octets.truncate(usize::try_from(wanted).unwrap_or(usize::MAX));
        (message.octets.len() as u64 == wanted).then_some(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kept: &KeptMessages, pieces: &[&[u8]]) -> Option<KeptMessage> {
        let mut message = KeptMessage::default();
        pieces.iter().all(|piece| kept.extend(&mut message, piece)).then_some(message)
    }

    #[test]
    fn what_is_wanted_is_kept_once_and_no_more_than_there_is_room_for() {
        let kept = KeptMessages::new(5, &InflatedRoom::new(4 * (MESSAGE_COST + 8)));
        for id in 0..4 {
            kept.put(MessageId(id), message(&kept, &[b"abc", b"defg", b"h"]).unwrap());
        }
        let taken = |id, most| kept.take(MessageId(id), most).map(|it| (it.octets, it.total));
        assert_eq!(taken(0, 2), Some((b"ab".to_vec(), 8)));
        assert_eq!(taken(0, 2), None, "it was taken");
        assert_eq!(taken(1, 5), Some((b"abcde".to_vec(), 8)));
        assert_eq!(taken(2, 6), None, "more is wanted than was kept");
        assert_eq!(taken(3, 0), None, "there was no room");
        assert_eq!(kept.shared.lock().unwrap().store.own(), 0);
    }

    #[test]
    fn what_is_too_long_is_not_kept() {
        let (octets, room) = (vec![7; LONGEST], InflatedRoom::default());
        assert!(message(&KeptMessages::new(u64::MAX, &room), &[&octets]).is_some());
        assert!(message(&KeptMessages::new(u64::MAX, &room), &[&octets, b"x"]).is_none());
        assert!(message(&KeptMessages::new(10, &room), &[&octets, b"x"]).is_some(), "little of it is wanted");
    }
}
