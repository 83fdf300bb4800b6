//! IP datagrams joined from fragments (RFC 791 §3.2, RFC 8200 §4.5), in bounded memory.

use std::collections::VecDeque;

use super::ip::{Addresses, Fragment, IpPacket};
use super::stop::Stop;
use crate::base::{Piece, Timestamp};

/// Datagrams that wait for fragments at once; for one more, the one that waited longest for its next is dropped.
pub(super) const MAX_DATAGRAMS: usize = 64;
/// Octets held at once, with [`PART_COST`] for each fragment.
pub(super) const MAX_OCTETS: usize = 4 << 20;
/// Fragments of one datagram. The smallest IPv4 path (68 octets) makes 1,366 of the largest datagram.
pub(super) const MAX_PARTS: usize = 2048;
/// The cost of holding a fragment besides its octets: its place, and an allocation.
const PART_COST: usize = 128;
/// No datagram is longer; fragments that say otherwise are an old attack.
const MAX_DATAGRAM_LEN: usize = 65_535;
/// After this long identifications come around again and foreign fragments would be joined. As Linux does.
const MAX_AGE_NANOSECONDS: i64 = 30_000_000_000;

/// A part of a datagram's payload. Parts never overlap: the first copy of an octet counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Octets of the datagram's payload before it.
    pub(super) at: usize,
    /// Octets as sent.
    pub(super) len: usize,
    /// The place of the captured ones.
    pub(super) piece: Piece,
    /// The captured ones, at most `len`.
    pub(super) octets: Vec<u8>,
}

/// The fields that fragments of one datagram have in common. IPv4 adds the protocol (RFC 791 §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key {
    addresses: Addresses,
    protocol: Option<u8>,
    id: u32,
}

/// A datagram that is, or waits to be, joined.
#[derive(Clone, Debug)]
pub(super) struct Datagram {
    key: Key,
    first_seen: Timestamp,
    /// Protocol number that the fragment at offset 0 gives.
    pub(super) protocol: u8,
    /// Length of the payload; known once the last fragment came.
    total: Option<usize>,
    /// In order.
    pub(super) parts: Vec<Part>,
}

impl Datagram {
    /// Length of the joined payload in octets, as sent.
    pub(super) fn len(&self) -> usize {
        self.parts.last().map_or(0, |part| part.at + part.len)
    }

    /// The first `out.len()` captured octets of the joined payload; how many there are before a hole.
    pub(super) fn copy_start(&self, out: &mut [u8]) -> usize {
        let mut filled = 0;
        for part in &self.parts {
            if part.at != filled {
                break;
            }
            for (to, from) in out.iter_mut().skip(filled).zip(&part.octets) {
                *to = *from;
                filled += 1;
            }
        }
        filled
    }

    fn is_complete(&self) -> bool {
        // Parts do not overlap, so when their lengths add up to the end nothing is missing.
        self.total
            .is_some_and(|total| self.len() == total && self.parts.iter().map(|part| part.len).sum::<usize>() == total)
    }

    fn cost(&self) -> usize {
        self.parts.iter().map(|part| part.octets.len() + PART_COST).sum()
    }

    /// Adds what the fragment brings and nothing before it brought.
    fn insert(&mut self, start: usize, len: usize, piece: Piece, octets: &[u8]) {
        let end = (start + len).min(self.total.unwrap_or(MAX_DATAGRAM_LEN));
        let mut at = start;
        let mut index = self.parts.partition_point(|part| part.at + part.len <= start);
        while at < end && self.parts.len() < MAX_PARTS {
            let (next_at, next_end) = self.parts.get(index).map_or((end, end), |part| (part.at, part.at + part.len));
            let free_end = next_at.min(end);
            if at < free_end {
                let (skip, len) = (at - start, free_end - at);
                let captured = octets.get(skip..).unwrap_or_default();
                let captured = captured.get(..len).unwrap_or(captured);
                let span = piece.span.skip(skip as u32).take(captured.len() as u32);
                let part = Part { at, len, piece: Piece { span, ..piece }, octets: captured.to_vec() };
                self.parts.insert(index, part);
                index += 1;
            }
            at = next_end.max(free_end);
            index += 1;
        }
    }
}

/// The datagrams that wait for fragments, in the order of their last ones.
#[derive(Clone, Debug, Default)]
pub(super) struct FragmentPool {
    waiting: VecDeque<Datagram>,
    octets: usize,
    /// Datagrams joined.
    pub(super) joined: u64,
    /// Datagrams given up.
    pub(super) dropped: u64,
}

impl FragmentPool {
    /// Takes a fragment: `octets` are the captured ones of `piece`. Gives the datagram if this completes it.
    pub(super) fn push(
        &mut self,
        ip: &IpPacket,
        fragment: Fragment,
        piece: Piece,
        octets: &[u8],
    ) -> Result<Option<Datagram>, Stop> {
        let layer = ip.addresses.layer();
        let (offset, len) = (fragment.offset, ip.payload.len);
        if len == 0 || (fragment.more && len % 8 != 0) {
            return Err(Stop::value(layer, 0, "a fragment's length is zero or no multiple of 8"));
        }
        if offset + len > MAX_DATAGRAM_LEN {
            return Err(Stop::value(layer, 0, "a fragment ends behind the longest datagram"));
        }
        self.drop_old(piece.packet.time);

        let protocol = (!ip.addresses.is_v6).then_some(ip.payload.protocol);
        let key = Key { addresses: ip.addresses, protocol, id: fragment.id };
        let mut datagram = match self.waiting.iter().position(|waiting| waiting.key == key) {
            Some(index) => self.remove(index),
            None => None,
        }
        .unwrap_or_else(|| Datagram {
            key,
            first_seen: piece.packet.time,
            protocol: ip.payload.protocol,
            total: None,
            parts: Vec::new(),
        });
        if offset == 0 {
            datagram.protocol = ip.payload.protocol;
        }
        if !fragment.more && datagram.total.is_none() {
            let total = offset + len;
            datagram.total = Some(total);
            // Parts that reach behind the end contradict it; what lies behind is not part of the datagram.
            datagram.parts.retain(|part| part.at + part.len <= total);
        }
        datagram.insert(offset, len, piece, octets);

        if datagram.is_complete() {
            self.joined += 1;
            return Ok(Some(datagram));
        }
        self.octets += datagram.cost();
        self.waiting.push_back(datagram);
        while self.waiting.len() > MAX_DATAGRAMS || self.octets > MAX_OCTETS {
            self.drop_first();
        }
        Ok(None)
    }

    fn remove(&mut self, index: usize) -> Option<Datagram> {
        let datagram = self.waiting.remove(index)?;
        self.octets -= datagram.cost();
        Some(datagram)
    }

    fn drop_first(&mut self) {
        if self.remove(0).is_some() {
            self.dropped += 1;
        }
    }

    fn drop_old(&mut self, now: Timestamp) {
        let old = |datagram: &Datagram| now.since(datagram.first_seen) > MAX_AGE_NANOSECONDS;
        while let Some(index) = self.waiting.iter().position(old) {
            self.remove(index);
            self.dropped += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{PacketRef, Span};
    use crate::net::ip::IpPayload;

    /// A fragment of datagram `id`, whose octets count up from `first`; it lies at file offset 1000 × `first`.
    fn push(pool: &mut FragmentPool, id: u32, offset: usize, len: usize, more: bool, first: u8) -> Option<Datagram> {
        let addresses = Addresses { source: 1, destination: 2, is_v6: false };
        let payload = IpPayload { protocol: 6, at: 20, len };
        let fragment = Fragment { id, offset, more };
        let ip = IpPacket { addresses, payload, fragment: Some(fragment) };
        let octets: Vec<u8> = (0..len).map(|n| first.wrapping_add(n as u8)).collect();
        let span = Span::new(1000 * u64::from(first), len as u32);
        pool.push(&ip, fragment, Piece { span, packet: PacketRef::default() }, &octets).unwrap()
    }

    /// Offset, length and file offset of each part.
    fn parts(datagram: Option<Datagram>) -> Vec<(usize, usize, u64)> {
        let parts = datagram.map(|datagram| datagram.parts).unwrap_or_default();
        parts.iter().map(|part| (part.at, part.len, part.piece.span.at)).collect()
    }

    #[test]
    fn fragments_join_in_any_order() {
        let mut pool = FragmentPool::default();
        assert!(push(&mut pool, 1, 16, 5, false, 3).is_none());
        assert!(push(&mut pool, 2, 0, 8, true, 9).is_none(), "of another datagram");
        assert!(push(&mut pool, 1, 0, 8, true, 1).is_none());
        assert!(push(&mut pool, 1, 0, 8, true, 7).is_none(), "a copy");
        let whole = push(&mut pool, 1, 8, 8, true, 2);
        assert_eq!(parts(whole), [(0, 8, 1000), (8, 8, 2000), (16, 5, 3000)]);
        assert_eq!((pool.joined, pool.waiting.len()), (1, 1));
    }

    #[test]
    fn the_first_copy_of_an_octet_counts() {
        let mut pool = FragmentPool::default();
        push(&mut pool, 1, 8, 8, true, 2);
        push(&mut pool, 1, 0, 24, true, 1);
        let whole = push(&mut pool, 1, 16, 16, false, 3).unwrap();
        let mut start = [0; 64];
        assert_eq!(whole.copy_start(&mut start), 32);
        assert_eq!((start[7], start[8], start[15], start[16], start[31]), (8, 2, 9, 17, 18));
        assert_eq!(parts(Some(whole)), [(0, 8, 1000), (8, 8, 2000), (16, 8, 1016), (24, 8, 3008)]);
    }

    #[test]
    fn contradictions_do_not_complete_a_datagram_wrongly() {
        let mut pool = FragmentPool::default();
        assert!(push(&mut pool, 1, 32, 8, true, 1).is_none());
        assert!(push(&mut pool, 1, 8, 8, false, 2).is_none(), "ends before what is known");
        assert!(push(&mut pool, 1, 64, 8, false, 3).is_none(), "another end");
        assert_eq!(parts(push(&mut pool, 1, 0, 8, true, 4)), [(0, 8, 4000), (8, 8, 2000)]);
    }

    #[test]
    fn impossible_fragments_are_malformed() {
        let mut pool = FragmentPool::default();
        let mut reject = |offset, len, more| {
            let fragment = Fragment { id: 1, offset, more };
            let payload = IpPayload { protocol: 6, at: 20, len };
            let addresses = Addresses { source: 1, destination: 2, is_v6: false };
            let ip = IpPacket { addresses, payload, fragment: Some(fragment) };
            pool.push(&ip, fragment, Piece::default(), &[]).is_err()
        };
        assert!(reject(0, 9, true) && reject(8, 0, false) && reject(65_528, 8, false));
        assert!(!reject(65_528, 7, false));
    }

    #[test]
    fn the_pool_is_bounded_and_forgets_the_old() {
        let mut pool = FragmentPool::default();
        for id in 0..500 {
            push(&mut pool, id, 8, 8, true, 1);
            assert!(pool.waiting.len() <= MAX_DATAGRAMS);
        }
        assert_eq!(pool.dropped, 500 - MAX_DATAGRAMS as u64);
        for id in 0..60 {
            push(&mut pool, 1000 + id, 8, 65_520, true, 1);
        }
        for n in 0..4000 {
            push(&mut pool, 9999, 16 * (n % 4000) + 8, 8, true, 1);
            assert!(pool.octets <= MAX_OCTETS);
        }
        assert!(pool.waiting.iter().all(|datagram| datagram.parts.len() <= MAX_PARTS));
        pool.drop_old(Timestamp(30_000_000_001));
        assert_eq!((pool.waiting.len(), pool.octets), (0, 0));
    }
}
