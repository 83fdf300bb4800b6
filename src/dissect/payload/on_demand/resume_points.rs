//! The windows that senders' messages left, as many as there is room for.

use std::collections::HashMap;

use crate::base::{ConnectionId, FrameId, MessageId, Sender};
use crate::dissect::index::inflated_room::{InflatedRoom, InflatedStore};
use crate::inflate::SlidingWindow;

/// The cost of a point besides the octets of its window, about.
const POINT_COST: usize = 160;

/// The state that a sender's messages left.
#[derive(Clone, Debug)]
pub(super) struct ResumePoint {
    pub connection: ConnectionId,
    pub sender: Sender,
    /// The message that was inflated last, and its first frame.
    pub last: Option<(MessageId, FrameId)>,
    /// Stream offset behind it.
    pub end: u64,
    pub window: SlidingWindow,
}

impl ResumePoint {
    fn size(&self) -> usize {
        POINT_COST + self.window.size()
    }
}

/// Resume points by connection and sender.
///
/// If there is no room for more, any of them is forgotten, not the one that was used least recently: with a few senders
/// too many that take turns, that would always be the very one that is wanted next.
#[derive(Debug)]
pub(super) struct ResumePoints {
    store: InflatedStore,
    points: Vec<ResumePoint>,
    /// The index of each in `points`.
    index: HashMap<(ConnectionId, Sender), usize>,
    /// The number of points that were forgotten.
    forgotten: u64,
}

impl ResumePoints {
    pub fn new(room: &InflatedRoom) -> ResumePoints {
        ResumePoints { store: room.store(), points: Vec::new(), index: HashMap::new(), forgotten: 0 }
    }

    /// Takes out what is known of a sender.
    pub fn take(&mut self, connection: ConnectionId, sender: Sender) -> Option<ResumePoint> {
        let at = *self.index.get(&(connection, sender))?;
        self.remove(at)
    }

    /// Remembers a point, instead of what was known of its sender.
    pub fn put(&mut self, point: ResumePoint) {
        self.take(point.connection, point.sender);
        while !self.store.take(point.size()) {
            if self.points.is_empty() {
                self.store.take_anyway(point.size());
                break;
            }
            self.forgotten += 1;
            // Any of them: the upper half of a product with an odd number looks like chance.
            let chance = self.forgotten.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
            self.remove(chance as usize % self.points.len());
        }
        self.index.insert((point.connection, point.sender), self.points.len());
        self.points.push(point);
    }

    fn remove(&mut self, at: usize) -> Option<ResumePoint> {
        if at >= self.points.len() {
            return None;
        }
        let point = self.points.swap_remove(at);
        self.index.remove(&(point.connection, point.sender));
        if let Some(moved) = self.points.get(at) {
            self.index.insert((moved.connection, moved.sender), at);
        }
        self.store.give_back(point.size());
        Some(point)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::payload::kept::{KeptMessage, KeptMessages};

    fn point(connection: usize, end: u64) -> ResumePoint {
        let connection = ConnectionId::from_index(connection);
        ResumePoint { connection, sender: Sender::Server, last: None, end, window: SlidingWindow::of(&[1; 1000]) }
    }

    /// Returns how many of ten turns of so many senders find what they left, in percent.
    fn found(senders: usize, points: &mut ResumePoints) -> u64 {
        let mut found = 0;
        for turn in 0..11 {
            for sender in 0..senders {
                if let Some(known) = points.take(ConnectionId::from_index(sender), Sender::Server) {
                    assert_eq!((known.connection.index(), known.end), (sender, turn - 1));
                    found += 1;
                }
                points.put(point(sender, turn));
                let size: usize = points.points.iter().map(ResumePoint::size).sum();
                assert_eq!((points.store.own(), points.index.len()), (size, points.points.len()));
                assert!(size <= 500 * (POINT_COST + 1000));
            }
        }
        found * 10 / senders as u64
    }

    /// A few senders too many cost a few points, not all.
    #[test]
    fn those_that_take_turns_are_remembered_as_far_as_there_is_room() {
        // A store gets three quarters of the room.
        let new = || ResumePoints::new(&InflatedRoom::new(500 * (POINT_COST + 1000) / 3 * 4 + 4));
        assert_eq!(found(500, &mut new()), 100);
        assert!(found(550, &mut new()) > 75);
        assert!(found(1000, &mut new()) > 15);
        // What is there already makes way for others.
        let mut points = new();
        (1000..1500).for_each(|sender| points.put(point(sender, 0)));
        assert!(found(400, &mut points) > 75);
    }

    /// Messages that are kept leave room for the points of those that are not.
    #[test]
    fn they_share_the_room_with_kept_messages() {
        let room = InflatedRoom::new(8 * (POINT_COST + 1000));
        let kept = KeptMessages::new(u64::MAX, &room);
        for id in 0..100 {
            let mut message = KeptMessage::default();
            assert!(kept.extend(&mut message, &[7; 500]));
            kept.put(MessageId(id), message);
        }
        let mut points = ResumePoints::new(&room);
        (0..10).for_each(|sender| points.put(point(sender, 0)));
        assert!(points.points.len() >= 2 && room.used() <= 8 * (POINT_COST + 1000), "{}", points.points.len());
        assert_eq!(points.take(ConnectionId::from_index(9), Sender::Server).map(|known| known.end), Some(0));
        drop(kept);
        (0..4).for_each(|sender| points.put(point(sender, 1)));
        assert!((0..4).all(|sender| points.take(ConnectionId::from_index(sender), Sender::Server).is_some()));
    }
}
