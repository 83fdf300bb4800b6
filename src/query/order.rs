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

use super::RowKind;
use crate::base::{FindingId, FrameId, MessageId, Sender};
use crate::dissect::{FindingRecord, FrameRecord, Message, Snapshot};

/// What rows are ordered by. Of a message, time, difference and opcode are those of its first frame; of a finding, its
/// time is that of the frame that it is about, and before any where it is about none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SortKey {
    /// The row's number.
    #[default]
    Number,
    /// The connection's number.
    Connection,
    /// When the first octet was captured.
    Time,
    /// The time since the frame before of the same connection; where there is none, less than any.
    Delta,
    /// The client's before the server's.
    Sender,
    /// The opcode's value.
    Opcode,
    /// How many frames a message has.
    Frames,
    /// Payload octets, as declared.
    Length,
    /// Octets of a message without compression; where they are not known, less than any.
    PlainLength,
    /// How much of a compressed message's octets was sent; of one that is not compressed, less than any.
    Ratio,
    /// How long after its ping a pong came; where there is none, less than any.
    RoundTrip,
    /// How bad a finding is, the worst being the largest.
    Severity,
    /// The rule of a finding, in the order of the RFC's chapters.
    Rule,
    /// The frame that a finding is about.
    Frame,
}

impl SortKey {
    /// Whether rows of this kind have it.
    pub fn is_of(self, kind: RowKind) -> bool {
        match self {
            SortKey::Number | SortKey::Connection | SortKey::Time | SortKey::Sender => true,
            SortKey::Delta | SortKey::Opcode | SortKey::Length => kind != RowKind::Findings,
            SortKey::Frames | SortKey::PlainLength | SortKey::Ratio => kind == RowKind::Messages,
            SortKey::RoundTrip => kind == RowKind::Frames,
            SortKey::Severity | SortKey::Rule | SortKey::Frame => kind == RowKind::Findings,
        }
    }
}

/// An order of rows. Rows that are equal in it stay in the order of the capture, whichever the direction. The default is
/// the order of the capture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// What they are ordered by.
    pub key: SortKey,
    /// The largest first.
    pub descending: bool,
}

impl Order {
    /// Whether rows are listed as they were captured.
    pub fn is_of_capture(self) -> bool {
        self == Order::default()
    }

    /// The order after a click on a column's head: ascending, then descending, then that of the capture. Findings come
    /// worst first at once.
    pub fn clicked(self, key: SortKey) -> Order {
        let first = Order { key, descending: key == SortKey::Severity };
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

/// Whether all keys of this rank are equal.
fn is_exact(rank: u32) -> bool {
    rank.abs_diff(ORIGIN) < 1 << BITS
}

/// Tells rows' places in an order.
pub(super) struct Ranking<'a> {
    snapshot: &'a Snapshot,
    kind: RowKind,
    order: Order,
    origin: u64,
}

impl<'a> Ranking<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, kind: RowKind, order: Order) -> Ranking<'a> {
        let origin = match order.key {
            // There may be findings before there is a frame, and an origin must never change.
            SortKey::Time if kind != RowKind::Findings => snapshot.frame(FrameId(0)).map_or(0, |first| first.time.0),
            SortKey::Delta | SortKey::RoundTrip => signed(0),
            _ => 0,
        };
        Ranking { snapshot, kind, order, origin }
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

    /// Which of two places comes first.
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

    /// Whether all rows of this place's rank have the same key.
    pub(super) fn is_exact(&self, place: u64) -> bool {
        is_exact(self.turned((place >> 32) as u32))
    }

    /// A rank as it is in a place, and back.
    fn turned(&self, rank: u32) -> u32 {
        if self.order.descending { !rank } else { rank }
    }

    fn key(&self, id: u32) -> u64 {
        match self.kind {
            _ if self.order.key == SortKey::Number => 0,
            RowKind::Frames => self.snapshot.frame(FrameId(id)).map_or(0, |frame| self.key_of_frame(frame)),
            RowKind::Messages => self.snapshot.message(MessageId(id)).map_or(0, |it| self.key_of_message(&it)),
            RowKind::Findings => {
                self.snapshot.finding_record(FindingId(id).index()).map_or(0, |finding| self.key_of_finding(finding))
            }
        }
    }

    fn key_of_frame(&self, frame: &FrameRecord) -> u64 {
        match self.order.key {
            // Rows of equal keys are in the order of their numbers.
            SortKey::Number | SortKey::Frames | SortKey::PlainLength | SortKey::Ratio => 0,
            SortKey::Severity | SortKey::Rule | SortKey::Frame => 0,
            SortKey::RoundTrip => self.snapshot.round_trip_ns(frame).map_or(0, signed),
            SortKey::Connection => u64::from(frame.connection.0),
            SortKey::Time => frame.time.0,
            SortKey::Delta => {
                let previous = frame.previous().and_then(|previous| self.snapshot.frame(previous));
                previous.map_or(0, |previous| signed(frame.time.since(previous.time)))
            }
            SortKey::Sender => u64::from(frame.sender() == Sender::Server),
            SortKey::Opcode => u64::from(frame.header.opcode().value()),
            SortKey::Length => frame.header.payload_len(),
        }
    }

    fn key_of_message(&self, message: &Message) -> u64 {
        match self.order.key {
            SortKey::Number => 0,
            SortKey::Frames => u64::from(message.frames),
            SortKey::Length => message.wire_len,
            SortKey::PlainLength => self.snapshot.plain_len_of(message).map_or(0, |len| len.saturating_add(1)),
            SortKey::Ratio => {
                self.snapshot.plain_len(message.id).map_or(0, |plain| millionths(message.wire_len, plain))
            }
            SortKey::Connection => u64::from(message.connection.0),
            _ => self.snapshot.frame(message.first).map_or(0, |frame| self.key_of_frame(frame)),
        }
    }

    fn key_of_finding(&self, finding: &FindingRecord) -> u64 {
        match self.order.key {
            SortKey::Number => 0,
            SortKey::Connection => finding.connection().map_or(0, |id| id.number()),
            SortKey::Sender => finding.sender as u64,
            SortKey::Severity => finding.severity() as u64,
            SortKey::Rule => finding.rule as u64,
            SortKey::Frame => finding.frame().map_or(0, |id| id.number()),
            SortKey::Time => finding.frame().and_then(|id| self.snapshot.frame(id)).map_or(0, |frame| frame.time.0),
            SortKey::Delta | SortKey::Opcode | SortKey::Frames | SortKey::Length => 0,
            SortKey::PlainLength | SortKey::Ratio | SortKey::RoundTrip => 0,
        }
    }
}

/// One more than how many millionths of `plain` octets were sent.
fn millionths(wire: u64, plain: u64) -> u64 {
    let part = u128::from(wire) * 1_000_000 / u128::from(plain.max(1)) + 1;
    u64::try_from(part).unwrap_or(u64::MAX)
}

/// A number that may be below 0, so that its order is kept.
fn signed(number: i64) -> u64 {
    number as u64 ^ 1 << 63
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
        let none = (SortKey::Number, false);
        assert_eq!(clicks(SortKey::Length), [(SortKey::Length, false), (SortKey::Length, true), none]);
        assert_eq!(
            clicks(SortKey::Severity),
            [(SortKey::Severity, true), (SortKey::Severity, false), none],
            "worst first"
        );
    }

    #[test]
    fn a_head_is_clicked_three_times() {
        let click = |order: Order| order.clicked(SortKey::Length);
        let first = click(Order { key: SortKey::Opcode, descending: true });
        assert_eq!(first, Order { key: SortKey::Length, descending: false });
        assert_eq!(click(first), Order { key: SortKey::Length, descending: true });
        assert_eq!(click(click(first)), Order::default());
        // The rows are in ascending order of their numbers already.
        assert_eq!(Order::default().clicked(SortKey::Number), Order { key: SortKey::Number, descending: true });
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
