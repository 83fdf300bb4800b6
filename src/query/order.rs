//! In which order rows are listed.
//!
//! A row's place is one number, so that ten million rows are sorted by comparing numbers, and cost 8 octets each:
//!
//! ```text
//!   63                        32 31                 0
//!   │ rank: the key in 32 bits  │ id: of equal keys, the earlier row comes first │
//! ```
//!
//! A rank keeps 26 significant bits of the distance between the key and the column's origin. Nearly always that is the
//! whole key; where it is not, rows of one rank are told apart by their keys, which are read from the snapshot again.

use std::cmp::Ordering;

use super::field::{
    FindingSource, FrameSource, Measure, MessageSource, RowField, Value, entry, finding_value, frame_value,
    message_value, signed,
};
use super::row::RowKind;
use crate::base::{FindingId, FrameId, MessageId};
use crate::dissect::{Message, Snapshot};

/// An order of rows. Rows that are equal in it stay in the order of the capture, whichever the direction. The default is
/// the order of the capture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// The field that they are ordered by.
    pub key: RowField,
    /// The largest first.
    pub descending: bool,
}

impl Order {
    /// Returns whether rows of this kind can be in this order.
    pub fn is_of(self, kind: RowKind) -> bool {
        entry(kind, self.key).is_some_and(|entry| entry.sorts)
    }

    /// Returns whether rows are listed as they were captured.
    pub fn is_of_capture(self) -> bool {
        self == Order::default()
    }

    /// The order after a click on a column's head: ascending, then descending, then that of the capture. Findings come
    /// worst first at once.
    pub fn clicked(self, key: RowField) -> Order {
        let first = Order { key, descending: key == RowField::Severity };
        match self {
            now if now == first => Order { key, descending: !first.descending },
            Order { key: now, .. } if now == key => Order::default(),
            _ => first,
        }
    }
}

/// The middle of the ranks: that of the origin.
const ORIGIN: u32 = 1 << 31;
/// Bits of a distance that a rank keeps.
const BITS: u32 = 26;

/// `key` in 32 bits, never decreasing with it.
fn rank(key: u64, origin: u64) -> u32 {
    let distance = key.abs_diff(origin);
    let shift = (u64::BITS - distance.leading_zeros()).saturating_sub(BITS);
    // Where a bit is dropped the topmost one stands for itself: each shift starts where the one before ends.
    let distance = (shift << (BITS - 1)) + (distance >> shift) as u32;
    if key >= origin { ORIGIN + distance } else { ORIGIN - distance }
}

/// Returns whether all keys of this rank are equal.
fn is_exact(rank: u32) -> bool {
    rank.abs_diff(ORIGIN) < 1 << BITS
}

/// Tells rows' places in an order.
pub(super) struct Ranking<'a> {
    snapshot: &'a Snapshot,
    kind: RowKind,
    order: Order,
    /// Set where rows of this kind have what they are ordered by.
    is_ordered: bool,
    origin: u64,
}

impl<'a> Ranking<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, kind: RowKind, order: Order) -> Ranking<'a> {
        let origin = match entry(kind, order.key).map(|entry| entry.measure) {
            // There may be findings before there is a frame, and an origin must never change.
            Some(Measure::Moment) if kind != RowKind::Findings => {
                snapshot.frame(FrameId(0)).map_or(0, |first| first.time.0)
            }
            Some(Measure::Duration) => signed(0),
            _ => 0,
        };
        // Rows of equal keys are in the order of their numbers.
        let is_ordered = order.key != RowField::Number && order.is_of(kind);
        Ranking { snapshot, kind, order, is_ordered, origin }
    }

    /// The place of a row.
    pub(super) fn place(&self, id: u32) -> u64 {
        self.place_by(self.key(id), id)
    }

    /// The place of a message's row.
    pub(super) fn place_of(&self, message: &Message) -> u64 {
        self.place_by(self.key_of_message(message), message.id.0)
    }

    fn place_by(&self, key: u64, id: u32) -> u64 {
        u64::from(self.turned(rank(key, self.origin))) << 32 | u64::from(id)
    }

    /// Compares two places: which of them comes first.
    pub(super) fn compare(&self, a: u64, b: u64) -> Ordering {
        if (a ^ b) >> 32 != 0 || self.is_exact(a) {
            return a.cmp(&b);
        }
        let keys = self.key(a as u32).cmp(&self.key(b as u32));
        if self.order.descending { keys.reverse() } else { keys }.then(a.cmp(&b))
    }

    /// Sorts places that are in the order of their ranks: those of one rank by their keys.
    pub(super) fn sort_within_ranks(&self, places: &mut [u64]) {
        for same in places.chunk_by_mut(|a, b| (a ^ b) >> 32 == 0) {
            if same.len() > 1 && !self.is_exact(same[0]) && !same.is_sorted_by(|a, b| self.compare(*a, *b).is_lt()) {
                same.sort_by_cached_key(|place| {
                    let key = self.key(*place as u32);
                    (if self.order.descending { !key } else { key }, *place)
                });
            }
        }
    }

    /// Returns whether all rows of this place's rank have the same key.
    pub(super) fn is_exact(&self, place: u64) -> bool {
        is_exact(self.turned((place >> 32) as u32))
    }

    /// A rank as it is in a place, and back.
    fn turned(&self, rank: u32) -> u32 {
        if self.order.descending { !rank } else { rank }
    }

    fn key(&self, id: u32) -> u64 {
        if !self.is_ordered {
            return 0;
        }
        let value = match self.kind {
            RowKind::Frames => {
                FrameSource::new(self.snapshot, FrameId(id)).map(|frame| frame_value(self.order.key, &frame))
            }
            RowKind::Messages => {
                return self.snapshot.message(MessageId(id)).map_or(0, |message| self.key_of_message(&message));
            }
            RowKind::Findings => self.snapshot.finding_record(FindingId(id).index()).map(|record| {
                let finding = FindingSource::of(self.snapshot, FindingId(id).number(), record);
                finding_value(self.order.key, &finding)
            }),
        };
        value.map_or(0, Value::sort_key)
    }

    fn key_of_message(&self, message: &Message) -> u64 {
        match MessageSource::new(self.snapshot, message) {
            Some(source) if self.is_ordered => message_value(self.order.key, &source).sort_key(),
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_column_s_head_is_clicked() {
        let clicks = |key| {
            let mut order = Order::default();
            [(); 3].map(|()| {
                order = order.clicked(key);
                (order.key, order.descending)
            })
        };
        let none = (RowField::Number, false);
        assert_eq!(clicks(RowField::Length), [(RowField::Length, false), (RowField::Length, true), none]);
        assert_eq!(
            clicks(RowField::Severity),
            [(RowField::Severity, true), (RowField::Severity, false), none],
            "worst first"
        );
    }

    #[test]
    fn a_head_is_clicked_three_times() {
        let click = |order: Order| order.clicked(RowField::Length);
        let first = click(Order { key: RowField::Opcode, descending: true });
        assert_eq!(first, Order { key: RowField::Length, descending: false });
        assert_eq!(click(first), Order { key: RowField::Length, descending: true });
        assert_eq!(click(click(first)), Order::default());
        // The rows are in ascending order of their numbers already.
        assert_eq!(Order::default().clicked(RowField::Number), Order { key: RowField::Number, descending: true });
    }

    #[test]
    fn ranks_of_extremes() {
        assert_eq!(rank(7, 0), ORIGIN + 7);
        assert_eq!(rank(7, 9), ORIGIN - 2);
        assert!(rank(u64::MAX, 0) > rank(1 << 62, 0) && rank(0, u64::MAX) < rank(1 << 63, u64::MAX));
        assert!(is_exact(rank((1 << BITS) - 1, 0)) && !is_exact(rank(1 << BITS, 0)));
        let near = [-70_000_000, -1, 0, 1, 70_000_000].map(|number| rank(signed(number), signed(0)));
        assert!(near.is_sorted() && near.map(is_exact) == [false, true, true, true, false]);
    }

    proptest! {
        #[test]
        fn ranks_keep_the_order_of_keys(a: u64, b: u64, origin: u64, shift in 0u32..64) {
            let (a, b) = (a >> shift, b >> shift);
            for origin in [0, origin, origin >> shift] {
                let ranks = rank(a, origin).cmp(&rank(b, origin));
                prop_assert!(ranks == a.cmp(&b) || ranks.is_eq() && !is_exact(rank(a, origin)));
            }
        }
    }
}
