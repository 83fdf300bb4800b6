//! The backlog: octets that flows keep because something is missing, bounded over all of them.
//!
//! Each flow has bounds of its own ([`crate::net::MAX_QUEUED_PIECES`] and the like), and a capture can have millions of
//! flows. When all together keep too much, the one that has waited longest gives up waiting: what it waits for comes
//! hardly any more, and whoever began just now only has two packets in another order.

use std::collections::{BTreeMap, HashMap};

use crate::base::FlowId;

/// Octets of memory that all flows together may take, about, for what waits: segments behind a hole, octets behind an
/// Upgrade request without an answer, and heads that are not whole.
pub const MAX_BACKLOG: usize = 64 << 20;

/// Octets of the smallest queue, which has room for four.
const LEAST: usize = 256;
/// Octets of memory of a segment behind a hole.
pub(in crate::dissect) const QUEUED: usize = 64;

/// Octets of memory that a queue of `len` entries of `each` octets takes, about.
pub(in crate::dissect) fn queue(len: usize, each: usize) -> usize {
    if len == 0 { 0 } else { LEAST + len * each }
}

/// The flows that keep something, in the order in which they began to.
#[derive(Debug)]
pub(in crate::dissect) struct Backlog {
    /// Octets that all together may keep.
    most: usize,
    flows: HashMap<FlowId, Kept>,
    order: BTreeMap<u64, FlowId>,
    /// The place in the order of the next flow.
    next: u64,
    octets: usize,
}

#[derive(Clone, Copy, Debug)]
struct Kept {
    place: u64,
    octets: usize,
}

impl Backlog {
    /// One that may grow to `most` octets.
    pub fn new(most: usize) -> Backlog {
        Backlog { most, flows: HashMap::new(), order: BTreeMap::new(), next: 0, octets: 0 }
    }

    /// Octets that all flows keep.
    pub fn octets(&self) -> usize {
        self.octets
    }

    /// A flow keeps `octets` now.
    pub fn note(&mut self, flow: FlowId, octets: usize) {
        if octets == 0 {
            return self.forget(flow);
        }
        let next = self.next;
        let kept = self.flows.entry(flow).or_insert(Kept { place: next, octets: 0 });
        if kept.place == next {
            self.order.insert(next, flow);
            self.next += 1;
        }
        self.octets = self.octets - kept.octets + octets;
        kept.octets = octets;
    }

    fn forget(&mut self, flow: FlowId) {
        if let Some(Kept { place, octets }) = self.flows.remove(&flow) {
            self.order.remove(&place);
            self.octets -= octets;
        }
    }

    /// Takes out the flow that has waited longest, if all together keep too much.
    pub fn too_much(&mut self) -> Option<FlowId> {
        if self.octets <= self.most {
            return None;
        }
        let flow = *self.order.first_key_value()?.1;
        self.forget(flow);
        Some(flow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waited_longest_gives_up_first() {
        let mut backlog = Backlog::new(1000);
        let flow = FlowId;
        backlog.note(flow(7), 500);
        backlog.note(flow(3), 100);
        backlog.note(flow(5), 100);
        backlog.note(flow(3), 0);
        assert_eq!((backlog.too_much(), backlog.octets()), (None, 600));
        // More of the same does not change since when it waits.
        backlog.note(flow(3), 500);
        backlog.note(flow(7), 1000);
        assert_eq!((backlog.too_much(), backlog.too_much()), (Some(flow(7)), None));
        backlog.note(flow(7), 1000);
        assert_eq!((backlog.too_much(), backlog.too_much(), backlog.too_much()), (Some(flow(5)), Some(flow(3)), None));
        assert_eq!((backlog.octets(), backlog.order.len(), backlog.flows.len()), (1000, 1, 1));
    }
}
