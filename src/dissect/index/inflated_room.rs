//! The room for inflated octets that are kept: one bound for all stores of a capture together.
//!
//! ```text
//!   KeptMessages ────┐
//!   resume points ───┼─ take, give_back ─▶ InflatedRoom: octets in use ≤ MAX_KEPT_INFLATED
//!   window's views ──┘
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Octets that all stores of inflated octets of a capture keep together, about.
pub const MAX_KEPT_INFLATED: usize = 64 << 20;

/// A bound, in octets, that stores of inflated octets share. Clones are the same room.
#[derive(Clone, Debug)]
pub struct InflatedRoom {
    bound: usize,
    used: Arc<AtomicUsize>,
}

impl Default for InflatedRoom {
    fn default() -> InflatedRoom {
        InflatedRoom::new(MAX_KEPT_INFLATED)
    }
}

impl InflatedRoom {
    /// Returns an empty room of `bound` octets.
    pub fn new(bound: usize) -> InflatedRoom {
        InflatedRoom { bound, used: Arc::default() }
    }

    /// Returns the octets that all its stores use.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// Returns an account for another store.
    pub fn store(&self) -> InflatedStore {
        InflatedStore { room: self.clone(), own: 0 }
    }
}

/// The account of one store in an [`InflatedRoom`]. Dropping it gives back all that it took.
#[derive(Debug)]
pub struct InflatedStore {
    room: InflatedRoom,
    own: usize,
}

impl InflatedStore {
    /// Takes `octets` of the room and returns whether they were free. A store gets three quarters of the room at most, so
    /// that others can go on beside it.
    #[must_use]
    pub fn take(&mut self, octets: usize) -> bool {
        let bound = self.room.bound;
        let own = self.own.saturating_add(octets);
        let add = |used: usize| used.checked_add(octets).filter(|sum| *sum <= bound);
        let is_taken =
            own <= bound - bound / 4 && self.room.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).is_ok();
        if is_taken {
            self.own = own;
        }
        is_taken
    }

    /// Takes `octets`, be they free or not: of the one thing that is being worked with. Others then find less room.
    pub fn take_anyway(&mut self, octets: usize) {
        self.room.used.fetch_add(octets, Ordering::Relaxed);
        self.own += octets;
    }

    /// Gives back `octets` of those that it took.
    pub fn give_back(&mut self, octets: usize) {
        let octets = octets.min(self.own);
        self.room.used.fetch_sub(octets, Ordering::Relaxed);
        self.own -= octets;
    }

    /// Returns the octets that this store uses.
    pub fn own(&self) -> usize {
        self.own
    }
}

impl Drop for InflatedStore {
    fn drop(&mut self) {
        self.give_back(self.own);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stores_share_the_room_and_leave_some_to_each_other() {
        let room = InflatedRoom::new(100);
        let (mut one, mut other) = (room.store(), room.store());
        assert!(one.take(75) && !one.take(1), "three quarters");
        assert!(other.take(25) && !other.take(1), "the room is full");
        other.take_anyway(10);
        assert_eq!((one.own(), other.own(), room.used()), (75, 35, 110));
        one.give_back(20);
        assert!(other.take(10) && !other.take(1));
        drop(one);
        assert_eq!(room.used(), 45);
        assert!(other.take(30));
        assert!(!other.take(usize::MAX));
        drop(other);
        assert_eq!(room.used(), 0);
    }
}
