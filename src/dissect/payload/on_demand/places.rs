//! The windows that senders' messages left, as many as there is room for.

use std::collections::HashMap;

use crate::base::{ConnectionId, FrameId, MessageId, Sender};
use crate::inflate::Window;

/// Octets that all places take at most: 2,000 senders whose windows are full, many more where they are not.
const ROOM: usize = 64 << 20;
/// The cost of a place besides the octets of its window, about.
const PLACE_COST: usize = 160;

/// The state that a sender's messages left.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub connection: ConnectionId,
    pub sender: Sender,
    /// The message that was inflated last, and its first frame.
    pub last: Option<(MessageId, FrameId)>,
    /// Stream offset behind it.
    pub end: u64,
    pub window: Window,
}

impl Place {
    fn size(&self) -> usize {
        PLACE_COST + self.window.size()
    }
}

/// Places by connection and sender.
///
/// If there is no room for more, any of them is forgotten, not the one that was used least recently: with a few senders
/// too many that take turns, that would always be the very one that is wanted next.
#[derive(Debug)]
pub(super) struct Places {
    room: usize,
    places: Vec<Place>,
    /// The index of each in `places`.
    index: HashMap<(ConnectionId, Sender), usize>,
    /// The octets of memory that they take.
    size: usize,
    /// The number of places that were forgotten.
    forgotten: u64,
}

impl Default for Places {
    fn default() -> Places {
        Places::with_room(ROOM)
    }
}

impl Places {
    fn with_room(room: usize) -> Places {
        Places { room, places: Vec::new(), index: HashMap::new(), size: 0, forgotten: 0 }
    }

    /// Takes out what is known of a sender.
    pub fn take(&mut self, connection: ConnectionId, sender: Sender) -> Option<Place> {
        let at = *self.index.get(&(connection, sender))?;
        self.remove(at)
    }

    /// Remembers a place, instead of what was known of its sender.
    pub fn put(&mut self, place: Place) {
        self.take(place.connection, place.sender);
        while !self.places.is_empty() && self.size + place.size() > self.room {
            self.forgotten += 1;
            // Any of them: the upper half of a product with an odd number looks like chance.
            let chance = self.forgotten.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
            self.remove(chance as usize % self.places.len());
        }
        self.size += place.size();
        self.index.insert((place.connection, place.sender), self.places.len());
        self.places.push(place);
    }

    fn remove(&mut self, at: usize) -> Option<Place> {
        if at >= self.places.len() {
            return None;
        }
        let place = self.places.swap_remove(at);
        self.index.remove(&(place.connection, place.sender));
        if let Some(moved) = self.places.get(at) {
            self.index.insert((moved.connection, moved.sender), at);
        }
        self.size -= place.size();
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(connection: usize, end: u64) -> Place {
        let connection = ConnectionId::from_index(connection);
        Place { connection, sender: Sender::Server, last: None, end, window: Window::of(&[1; 1000]) }
    }

    /// Returns how many of ten turns of so many senders find what they left, in percent.
    fn found(senders: usize, places: &mut Places) -> u64 {
        let mut found = 0;
        for turn in 0..11 {
            for sender in 0..senders {
                if let Some(known) = places.take(ConnectionId::from_index(sender), Sender::Server) {
                    assert_eq!((known.connection.index(), known.end), (sender, turn - 1));
                    found += 1;
                }
                places.put(place(sender, turn));
                assert!(places.size <= places.room && places.index.len() == places.places.len());
            }
        }
        found * 10 / senders as u64
    }

    /// A few senders too many cost a few places, not all.
    #[test]
    fn those_that_take_turns_are_remembered_as_far_as_there_is_room() {
        let new = || Places::with_room(500 * (PLACE_COST + 1000));
        assert_eq!(found(500, &mut new()), 100);
        assert!(found(550, &mut new()) > 75);
        assert!(found(1000, &mut new()) > 15);
        // What is there already makes way for others.
        let mut places = new();
        (1000..1500).for_each(|sender| places.put(place(sender, 0)));
        assert!(found(400, &mut places) > 75);
    }
}
