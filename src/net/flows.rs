//! Which TCP connection a segment belongs to.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

use super::ip::Addresses;
use super::lately::Lately;
use super::{Direction, Endpoint, Flow, TcpFlags};
use crate::base::FlowId;

/// All flows so far, 48 octets each and about 10 to find them.
///
/// A pair of endpoints can be used again: a SYN with another initial sequence number opens a new flow. What comes for the
/// pair from then on belongs to it, unless the SYN was stray: where nobody answers it and the next segment does not go on
/// from its number, the old flow goes on. Once the new one is answered, late segments of the old one count as its own too:
/// its assembler drops those that do not fit its sequence numbers.
#[derive(Clone, Debug)]
pub(super) struct FlowTable {
    flows: Vec<Entry>,
    /// The newest flow of each pair. Only ids, so that the table of a busy server stays in the processor's cache.
    newest: HashTable<FlowId>,
    hashing: Hashing,
    /// Ways of newest flows of which more than SYNs was seen.
    lately: Lately,
}

/// The row of no flow.
const NO_FLOW: u32 = u32::MAX;
/// The first segment of a new flow that the capture has behind its SYN starts or acknowledges no more than so many octets
/// behind that.
const NEAR: u32 = 1 << 16;

#[derive(Clone, Copy, Debug)]
struct Entry {
    pair: Pair,
    /// Whether the opener comes first in the pair.
    opener_is_low: bool,
    /// Only segments with SYN were seen.
    opening: bool,
    /// The flow of the same pair that it took the place of, by its row; `NO_FLOW` where there was none.
    replaces: u32,
    /// Initial sequence numbers by direction, as far as a SYN or the answer to one told.
    isn: [u32; 2],
    isn_known: [bool; 2],
}

/// What the flow table says about a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) flow: FlowId,
    pub(super) direction: Direction,
    pub(super) new: bool,
}

impl FlowTable {
    pub(super) fn new() -> FlowTable {
        let hashing = Hashing::new();
        let lately = Lately::new(hashing.multiplier);
        FlowTable { flows: Vec::new(), newest: HashTable::new(), hashing, lately }
    }

    pub(super) fn get(&self, id: FlowId) -> Option<Flow> {
        self.flows.get(id.index()).map(Entry::flow)
    }

    pub(super) fn len(&self) -> usize {
        self.flows.len()
    }

    /// Finds the flow of a segment, or opens one. `ports` are source and destination.
    #[inline(always)]
    pub(super) fn place(
        &mut self,
        addresses: &Addresses,
        ports: [u16; 2],
        flags: TcpFlags,
        seq: u32,
        ack: Option<u32>,
    ) -> Place {
        if !flags.syn()
            && let Some((flow, direction)) = self.lately.find(addresses, ports)
        {
            return Place { flow, direction, new: false };
        }
        self.place_anew(addresses, ports, flags, seq, ack)
    }

    /// The same, and remembers it.
    fn place_anew(
        &mut self,
        addresses: &Addresses,
        ports: [u16; 2],
        flags: TcpFlags,
        seq: u32,
        ack: Option<u32>,
    ) -> Place {
        let place = self.look_up(addresses, ports, flags, seq, ack);
        // Only a SYN can open another flow, and only for a flow of SYNs there is something to learn from what follows.
        let way_back = Addresses { source: addresses.destination, destination: addresses.source, ..*addresses };
        self.lately.note(addresses, ports, (!flags.syn()).then_some((place.flow, place.direction)));
        if flags.syn() {
            self.lately.note(&way_back, [ports[1], ports[0]], None);
        }
        place
    }

    /// The same without knowing where the way's segments went lately.
    fn look_up(
        &mut self,
        addresses: &Addresses,
        ports: [u16; 2],
        flags: TcpFlags,
        seq: u32,
        ack: Option<u32>,
    ) -> Place {
        let (pair, source_is_low) = Pair::new(addresses, ports);
        let hash = self.hashing.hash(&pair);
        let is_pair = |id: &FlowId| self.flows.get(id.index()).is_some_and(|entry| entry.pair == pair);
        if let Some(id) = self.newest.find(hash, is_pair).copied()
            && let Some(entry) = self.flows.get_mut(id.index())
        {
            let direction = if source_is_low == entry.opener_is_low { Direction::Forward } else { Direction::Backward };
            let (is_stray, replaced) = (entry.is_stray(direction, flags, seq, ack), entry.replaces);
            if !is_stray && entry.admits(direction, flags, seq, ack) {
                return Place { flow: id, direction, new: false };
            }
            if is_stray {
                return self.give_back(hash, &pair, replaced, source_is_low);
            }
        }
        self.open(pair, hash, source_is_low, flags, seq, ack)
    }

    /// The newest flow of a pair was opened by a stray SYN: the one before goes on.
    #[cold]
    fn give_back(&mut self, hash: u64, pair: &Pair, replaced: u32, source_is_low: bool) -> Place {
        let flow = FlowId::from_index(replaced as usize);
        let FlowTable { flows, newest, .. } = self;
        if let Some(newest) = newest.find_mut(hash, |id| flows.get(id.index()).is_some_and(|entry| entry.pair == *pair))
        {
            *newest = flow;
        }
        let opener_is_low = flows.get(flow.index()).is_some_and(|entry| entry.opener_is_low);
        let direction = if source_is_low == opener_is_low { Direction::Forward } else { Direction::Backward };
        Place { flow, direction, new: false }
    }

    /// Opens a flow with its first segment.
    #[cold]
    fn open(
        &mut self,
        pair: Pair,
        hash: u64,
        source_is_low: bool,
        flags: TcpFlags,
        seq: u32,
        ack: Option<u32>,
    ) -> Place {
        // Who answers a SYN did not send the first one.
        let direction = if flags.syn() && ack.is_some() { Direction::Backward } else { Direction::Forward };
        let opener_is_low = source_is_low == (direction == Direction::Forward);
        let mut entry =
            Entry { pair, opener_is_low, opening: true, replaces: NO_FLOW, isn: [0; 2], isn_known: [false; 2] };
        entry.admits(direction, flags, seq, ack);
        let flow = FlowId::from_index(self.flows.len());
        self.flows.push(entry);
        let FlowTable { flows, newest, hashing, .. } = self;
        match newest.find_mut(hash, |id| flows.get(id.index()).is_some_and(|entry| entry.pair == pair)) {
            Some(newest) => {
                let replaced = std::mem::replace(newest, flow);
                // What only sent SYNs has nothing that could go on.
                let began = |entry: &Entry| !entry.opening || entry.isn_known == [true; 2];
                let goes_on = flows.get(replaced.index()).is_some_and(began);
                if let Some(entry) = flows.last_mut().filter(|_| goes_on && flags.syn()) {
                    entry.replaces = replaced.0;
                }
            }
            None => {
                let hash_of = |id: &FlowId| flows.get(id.index()).map_or(0, |entry| hashing.hash(&entry.pair));
                newest.insert_unique(hash, flow, hash_of);
            }
        }
        Place { flow, direction, new: true }
    }
}

impl Entry {
    fn flow(&self) -> Flow {
        let [low, high] = self.pair.endpoints();
        if self.opener_is_low { Flow { opener: low, peer: high } } else { Flow { opener: high, peer: low } }
    }

    /// Whether a segment can belong to this flow; learns from it if so.
    #[inline]
    fn admits(&mut self, direction: Direction, flags: TcpFlags, seq: u32, ack: Option<u32>) -> bool {
        if !flags.syn() {
            self.opening = false;
            return true;
        }
        self.admits_syn(direction, seq, ack)
    }

    /// Whether a segment shows that a stray SYN opened this flow: nobody has answered it, and this goes on with neither what
    /// the SYN began nor what an answer that the capture lacks would have.
    fn is_stray(&self, direction: Direction, flags: TcpFlags, seq: u32, ack: Option<u32>) -> bool {
        if self.replaces == NO_FLOW || !self.opening || flags.syn() || self.isn_known == [true; 2] {
            return false;
        }
        let own = direction.index();
        let number =
            if self.isn_known[own] { Some((seq, self.isn[own])) } else { ack.map(|ack| (ack, self.isn[1 - own])) };
        number.is_some_and(|(number, isn)| number.wrapping_sub(isn).wrapping_sub(1) >= NEAR)
    }

    fn admits_syn(&mut self, direction: Direction, seq: u32, ack: Option<u32>) -> bool {
        let (own, peer) = (direction.index(), direction.reverse().index());
        let answered = ack.map(|ack| ack.wrapping_sub(1));
        let isn = |side: usize| self.isn_known[side].then_some(self.isn[side]);
        // A retransmitted SYN repeats its number. Where the number is not known yet, a SYN fits only while nothing but
        // SYNs passed (its answer came first, or both ends open at once: RFC 9293 §3.5); an answer fits what it answers.
        let fits = match (isn(own), answered) {
            (Some(isn), _) if isn == seq => true,
            (_, Some(answered)) if isn(peer) == Some(answered) => true,
            (Some(_), _) => false,
            (None, Some(_)) => isn(peer).is_none(),
            (None, None) => self.opening,
        };
        if fits {
            for (side, number) in [(own, Some(seq)), (peer, answered)] {
                if let Some(number) = number.filter(|_| !self.isn_known[side]) {
                    (self.isn[side], self.isn_known[side]) = (number, true);
                }
            }
        }
        fits
    }
}

/// The two endpoints of a connection, whichever way the segment goes: the lower one first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pair {
    addresses: [[u64; 2]; 2],
    ports: [u16; 2],
    is_v6: bool,
}

impl Pair {
    /// The pair, and whether the source is the first of it.
    #[inline]
    fn new(addresses: &Addresses, ports: [u16; 2]) -> (Pair, bool) {
        let [source_port, destination_port] = ports;
        let (source, destination) = ((addresses.source, source_port), (addresses.destination, destination_port));
        let source_is_low = source <= destination;
        let (low, high) = if source_is_low { (source, destination) } else { (destination, source) };
        let addresses_of = |address: u128| [(address >> 64) as u64, address as u64];
        let pair = Pair {
            addresses: [addresses_of(low.0), addresses_of(high.0)],
            ports: [low.1, high.1],
            is_v6: addresses.is_v6,
        };
        (pair, source_is_low)
    }

    fn endpoints(&self) -> [Endpoint; 2] {
        let [low, high] = self.addresses.map(|[upper, lower]| u128::from(upper) << 64 | u128::from(lower));
        let addresses = Addresses { source: low, destination: high, is_v6: self.is_v6 };
        [(low, self.ports[0]), (high, self.ports[1])]
            .map(|(address, port)| Endpoint { address: addresses.address(address), port })
    }
}

/// Hashes pairs by multiplying and folding (as wyhash and foldhash do), with seeds that differ from run to run, so that
/// no capture can be made to collide. The standard library's SipHash costs several times as much per packet.
#[derive(Clone, Debug)]
struct Hashing {
    seed: u64,
    multiplier: u64,
}

impl Hashing {
    fn new() -> Hashing {
        let random = || RandomState::new().hash_one(0u8);
        Hashing { seed: random(), multiplier: random() | 1 }
    }

    #[inline]
    fn hash(&self, pair: &Pair) -> u64 {
        let [[low_upper, low], [high_upper, high]] = pair.addresses;
        let ports = u64::from(pair.ports[0]) << 16 | u64::from(pair.ports[1]);
        if !pair.is_v6 {
            return self.mix(self.mix(self.seed, low << 32 | high), ports);
        }
        [low_upper, low, high_upper, high, ports | 1 << 32]
            .into_iter()
            .fold(self.seed, |state, word| self.mix(state, word))
    }

    #[inline]
    fn mix(&self, state: u64, word: u64) -> u64 {
        let product = u128::from(state ^ word) * u128::from(self.multiplier);
        // Adding the word keeps a product of zero from forgetting everything before.
        (product as u64 ^ (product >> 64) as u64).wrapping_add(word.rotate_left(32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sender's host, flags, sequence number, acknowledgment number.
    type Sent = (u8, TcpFlags, u32, u32);
    /// Name, segments, and of each the flow, F or B for its direction, `+` where it opens the flow.
    type Case = (&'static str, &'static [Sent], &'static [&'static str]);

    const SYN: TcpFlags = TcpFlags::SYN;
    const ACK: TcpFlags = TcpFlags::ACK;
    const SYN_ACK: TcpFlags = TcpFlags(0x12);

    /// From host 1, port 1000 to host 2, port 80, or back.
    fn way(from_one: bool) -> (Addresses, [u16; 2]) {
        let (source, destination) = if from_one { (1, 2) } else { (2, 1) };
        (Addresses { source, destination, is_v6: false }, if from_one { [1000, 80] } else { [80, 1000] })
    }

    /// Places segments between the two hosts.
    fn place_all(segments: &[Sent]) -> Vec<String> {
        let mut table = FlowTable::new();
        let place = |&(host, flags, seq, ack): &Sent| {
            let (addresses, ports) = way(host == 1);
            let place = table.place(&addresses, ports, flags, seq, flags.ack().then_some(ack));
            let direction = if place.direction == Direction::Forward { "F" } else { "B" };
            format!("{}{direction}{}", place.flow.0, if place.new { "+" } else { "" })
        };
        segments.iter().map(place).collect()
    }

    #[test]
    fn forward_is_who_opened_the_connection() {
        let cases: &[Case] = &[
            ("handshake", &[(1, SYN, 9, 0), (2, SYN_ACK, 5, 10), (1, ACK, 10, 6)], &["0F+", "0B", "0F"]),
            ("the answer first", &[(2, SYN_ACK, 5, 10), (1, SYN, 9, 0), (1, ACK, 10, 6)], &["0B+", "0F", "0F"]),
            ("mid-stream", &[(2, ACK, 70, 3), (1, ACK, 3, 70)], &["0F+", "0B"]),
            ("both open at once", &[(1, SYN, 9, 0), (2, SYN, 5, 0), (1, SYN_ACK, 9, 6)], &["0F+", "0B", "0F"]),
        ];
        for (name, segments, expected) in cases {
            assert_eq!(place_all(segments), *expected, "{name}");
        }
    }

    #[test]
    fn a_pair_is_used_again() {
        let cases: &[Case] = &[
            ("SYN retransmitted", &[(1, SYN, 9, 0), (1, SYN, 9, 0), (2, SYN_ACK, 5, 10)], &["0F+", "0F", "0B"]),
            ("another SYN", &[(1, SYN, 9, 0), (2, SYN_ACK, 5, 10), (1, SYN, 77, 0)], &["0F+", "0B", "1F+"]),
            ("another SYN before data", &[(1, SYN, 9, 0), (1, SYN, 77, 0)], &["0F+", "1F+"]),
            ("the other end opens", &[(1, SYN, 9, 0), (1, ACK, 10, 0), (2, SYN, 5, 0)], &["0F+", "0F", "1F+"]),
            ("mid-stream, then a SYN", &[(2, ACK, 70, 3), (1, SYN, 9, 0)], &["0F+", "1F+"]),
            ("another cookie", &[(1, SYN, 9, 0), (2, SYN_ACK, 5, 10), (2, SYN_ACK, 6, 10)], &["0F+", "0B", "0B"]),
            (
                "a stray SYN",
                &[(1, SYN, 9, 0), (1, ACK, 10, 5), (1, SYN, 99_999, 0), (2, ACK, 5, 20), (1, ACK, 20, 6)],
                &["0F+", "0F", "1F+", "0B", "0F"],
            ),
            (
                "one more",
                &[(2, ACK, 70, 3), (2, SYN, 99_999, 0), (2, ACK, 80, 3), (2, SYN, 999_999, 0), (1, ACK, 3, 90)],
                &["0F+", "1F+", "0F", "2F+", "0B"],
            ),
            (
                "answered after all",
                &[
                    (1, SYN, 9, 0),
                    (2, SYN_ACK, 5, 10),
                    (1, SYN, 99_999, 0),
                    (1, ACK, 10, 6),
                    (2, SYN_ACK, 7, 100_000),
                    (1, ACK, 100_000, 8),
                ],
                &["0F+", "0B", "1F+", "0F", "2B+", "2F"],
            ),
            (
                "its answer lost",
                &[(2, ACK, 70, 3), (1, SYN, 99_999, 0), (2, ACK, 6, 100_000), (1, ACK, 3, 6)],
                &["0F+", "1F+", "1B", "1F"],
            ),
            (
                "its answer and more lost",
                &[(2, ACK, 70, 3), (1, SYN, 99_999, 0), (1, ACK, 101_000, 70)],
                &["0F+", "1F+", "1F"],
            ),
            ("answers only", &[(2, SYN_ACK, 5, 10), (2, ACK, 6, 20), (2, SYN_ACK, 500, 99)], &["0B+", "0B", "1B+"]),
        ];
        for (name, segments, expected) in cases {
            assert_eq!(place_all(segments), *expected, "{name}");
        }
    }

    #[test]
    fn ipv4_and_ipv6_numbers_do_not_meet() {
        let (addresses, ports) = way(true);
        let (back, back_ports) = way(false);
        let (pair, _) = Pair::new(&addresses, ports);
        assert_eq!(Pair::new(&back, back_ports), (pair, false));
        assert_ne!(Pair::new(&Addresses { is_v6: true, ..addresses }, ports), (pair, true));
    }

    /// A capture could be made to collide if the seeds were known; and what counts up must not collide by itself.
    #[test]
    fn each_table_has_seeds_of_its_own() {
        let pair = |address: u32, port: u16| {
            let addresses = Addresses { source: address.into(), destination: 0x0a00_0001, is_v6: false };
            Pair::new(&addresses, [port, 443]).0
        };
        let tables = [(); 8].map(|()| FlowTable::new());
        for pair in [pair(0, 0), pair(0x0a00_0002, 50_000)] {
            let mut hashes = tables.each_ref().map(|table| table.hashing.hash(&pair));
            hashes.sort_unstable();
            assert!(hashes.windows(2).all(|two| two[0] != two[1]), "{hashes:x?}");
        }
        for pair_of in [|n: u32| (0x0b00_0000, n as u16), |n| (0x0b00_0000 + n, 1), |n| (n << 16, n as u16)] {
            let mut buckets = vec![0u8; 1 << 16];
            for (address, port) in (0..1 << 16).map(pair_of) {
                buckets[tables[0].hashing.hash(&pair(address, port)) as usize & 0xffff] += 1;
            }
            // At random the fullest of 65,536 has 8 or 9.
            assert!(buckets.iter().all(|count| *count < 32));
        }
    }

    proptest::proptest! {
        /// Knowing where the way's segments went lately changes nothing.
        #[test]
        fn what_was_lately_is_what_is_looked_up(
            segments in proptest::collection::vec((0..4u8, 0..5u8, 0..3u32, 0..3u32), 0..60),
        ) {
            let (mut table, mut naive) = (FlowTable::new(), FlowTable::new());
            for (way_number, kind, seq, ack) in segments {
                let (addresses, mut ports) = way(way_number % 2 == 0);
                ports.iter_mut().for_each(|port| *port += u16::from(way_number / 2));
                let flags = [ACK, ACK, ACK, SYN, SYN_ACK][usize::from(kind)];
                let ack = flags.ack().then_some(ack);
                let place = table.place(&addresses, ports, flags, seq, ack);
                proptest::prop_assert_eq!(place, naive.look_up(&addresses, ports, flags, seq, ack));
            }
        }
    }
}
