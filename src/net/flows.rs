//! Which TCP connection a segment belongs to.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

use super::ip::Addresses;
use super::{Direction, Endpoint, Flow, TcpFlags};
use crate::base::FlowId;

/// All flows so far.
///
/// A pair of endpoints can be used again: a SYN with another initial sequence number opens a new flow, and what comes
/// for the pair from then on belongs to it, late segments of the old one too: the new flow's assembler drops those that
/// do not fit its sequence numbers.
#[derive(Clone, Debug)]
pub(super) struct FlowTable {
    flows: Vec<Entry>,
    /// The newest flow of each pair.
    newest: HashMap<Pair, FlowId, PairHashing>,
    /// The answer before: packets of one flow tend to come in rows.
    last: Option<(Pair, FlowId)>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    flow: Flow,
    /// Whether the opener comes first in the [`Pair`].
    opener_is_low: bool,
    /// Initial sequence numbers by direction, as far as a SYN or the answer to one told.
    isn: [Option<u32>; 2],
    /// Only segments with SYN were seen.
    opening: bool,
}

/// What the flow table says about a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) flow: FlowId,
    pub(super) ends: Flow,
    pub(super) direction: Direction,
    pub(super) new: bool,
}

impl FlowTable {
    pub(super) fn new() -> FlowTable {
        FlowTable { flows: Vec::new(), newest: HashMap::with_hasher(PairHashing::new()), last: None }
    }

    pub(super) fn get(&self, id: FlowId) -> Option<&Flow> {
        self.flows.get(id.index()).map(|entry| &entry.flow)
    }

    pub(super) fn len(&self) -> usize {
        self.flows.len()
    }

    /// Finds the flow of a segment, or opens one. `ports` are source and destination.
    pub(super) fn place(
        &mut self,
        addresses: &Addresses,
        ports: [u16; 2],
        flags: TcpFlags,
        seq: u32,
        ack: Option<u32>,
    ) -> Place {
        let (pair, source_is_low) = Pair::new(addresses, ports);
        let known = match self.last {
            Some((last, id)) if last == pair => Some(id),
            _ => self.newest.get(&pair).copied(),
        };
        if let Some(id) = known
            && let Some(entry) = self.flows.get_mut(id.index())
        {
            let direction = if source_is_low == entry.opener_is_low { Direction::Forward } else { Direction::Backward };
            if entry.admits(direction, flags, seq, ack) {
                self.last = Some((pair, id));
                return Place { flow: id, ends: entry.flow, direction, new: false };
            }
        }

        // Who answers a SYN did not send the first one.
        let direction = if flags.syn() && ack.is_some() { Direction::Backward } else { Direction::Forward };
        let [source_port, destination_port] = ports;
        let source = Endpoint { address: addresses.address(addresses.source), port: source_port };
        let destination = Endpoint { address: addresses.address(addresses.destination), port: destination_port };
        let (flow, opener_is_low) = match direction {
            Direction::Forward => (Flow { opener: source, peer: destination }, source_is_low),
            Direction::Backward => (Flow { opener: destination, peer: source }, !source_is_low),
        };
        let mut entry = Entry { flow, opener_is_low, isn: [None; 2], opening: true };
        entry.admits(direction, flags, seq, ack);
        let id = FlowId::from_index(self.flows.len());
        self.flows.push(entry);
        self.newest.insert(pair, id);
        self.last = Some((pair, id));
        Place { flow: id, ends: flow, direction, new: true }
    }
}

impl Entry {
    /// Whether a segment can belong to this flow; learns from it if so.
    fn admits(&mut self, direction: Direction, flags: TcpFlags, seq: u32, ack: Option<u32>) -> bool {
        if !flags.syn() {
            self.opening = false;
            return true;
        }
        let (own, peer) = (direction.index(), direction.reverse().index());
        let answered = ack.map(|ack| ack.wrapping_sub(1));
        // A retransmitted SYN repeats its number. Where the number is not known yet, a SYN fits only while nothing but
        // SYNs passed (its answer came first, or both ends open at once: RFC 9293 §3.5); an answer fits what it answers.
        let fits = match (self.isn[own], answered) {
            (Some(isn), _) if isn == seq => true,
            (_, Some(answered)) if self.isn[peer] == Some(answered) => true,
            (Some(_), _) => false,
            (None, Some(_)) => self.isn[peer].is_none(),
            (None, None) => self.opening,
        };
        if fits {
            self.isn[own].get_or_insert(seq);
            if let Some(answered) = answered {
                self.isn[peer].get_or_insert(answered);
            }
        }
        fits
    }
}

/// The two endpoints of a connection, whichever way the segment goes: the lower one first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pair {
    addresses: [u128; 2],
    /// Both ports, and a bit for IPv6.
    ports: u64,
}

impl Pair {
    /// The pair, and whether the source is the first of it.
    fn new(addresses: &Addresses, ports: [u16; 2]) -> (Pair, bool) {
        let [source_port, destination_port] = ports;
        let (source, destination) = ((addresses.source, source_port), (addresses.destination, destination_port));
        let source_is_low = source <= destination;
        let (low, high) = if source_is_low { (source, destination) } else { (destination, source) };
        let ports = u64::from(addresses.is_v6) << 32 | u64::from(low.1) << 16 | u64::from(high.1);
        (Pair { addresses: [low.0, high.0], ports }, source_is_low)
    }
}

impl std::hash::Hash for Pair {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for address in self.addresses {
            state.write_u64(address as u64);
            state.write_u64((address >> 64) as u64);
        }
        state.write_u64(self.ports);
    }
}

/// Hashes pairs by multiplying and folding (as wyhash and foldhash do), with seeds that differ from run to run, so that
/// no capture can be made to collide. The standard library's SipHash costs several times as much per packet.
#[derive(Clone, Debug)]
struct PairHashing {
    seeds: [u64; 2],
}

impl PairHashing {
    fn new() -> PairHashing {
        let random = || RandomState::new().hash_one(0u8);
        PairHashing { seeds: [random(), random() | 1] }
    }
}

impl BuildHasher for PairHashing {
    type Hasher = PairHasher;

    fn build_hasher(&self) -> PairHasher {
        PairHasher { state: self.seeds[0], multiplier: self.seeds[1] }
    }
}

struct PairHasher {
    state: u64,
    multiplier: u64,
}

impl Hasher for PairHasher {
    fn write_u64(&mut self, word: u64) {
        let product = u128::from(self.state ^ word) * u128::from(self.multiplier);
        // Adding the word keeps a product of zero from forgetting everything before.
        self.state = (product as u64 ^ (product >> 64) as u64).wrapping_add(word.rotate_left(32));
    }

    fn write(&mut self, octets: &[u8]) {
        octets.iter().for_each(|octet| self.write_u64(u64::from(*octet)));
    }

    fn finish(&self) -> u64 {
        self.state
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
}
