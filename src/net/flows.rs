//! Which TCP connection a segment belongs to.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::IpAddr;

use super::{Direction, Endpoint, Flow, TcpFlags};
use crate::base::FlowId;

/// All flows so far.
///
/// A pair of endpoints can be used again: a SYN with another initial sequence number opens a new flow, and what comes
/// for the pair from then on belongs to it, late segments of the old one too (its assembler finds them implausible).
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
    /// Initial sequence numbers by direction, as far as a SYN or the answer to one told.
    isn: [Option<u32>; 2],
    /// Only segments with SYN were seen.
    opening: bool,
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
        FlowTable { flows: Vec::new(), newest: HashMap::with_hasher(PairHashing::new()), last: None }
    }

    pub(super) fn get(&self, id: FlowId) -> Option<&Flow> {
        self.flows.get(id.index()).map(|entry| &entry.flow)
    }

    pub(super) fn len(&self) -> usize {
        self.flows.len()
    }

    /// Finds the flow of a segment, or opens one.
    pub(super) fn place(
        &mut self,
        source: Endpoint,
        destination: Endpoint,
        flags: TcpFlags,
        seq: u32,
        ack: Option<u32>,
    ) -> Place {
        let pair = Pair::new(source, destination);
        let known = match self.last {
            Some((last, id)) if last == pair => Some(id),
            _ => self.newest.get(&pair).copied(),
        };
        if let Some(id) = known
            && let Some(entry) = self.flows.get_mut(id.index())
        {
            let direction = if source == entry.flow.opener { Direction::Forward } else { Direction::Backward };
            if entry.admits(direction, flags, seq, ack) {
                self.last = Some((pair, id));
                return Place { flow: id, direction, new: false };
            }
        }
        self.open(pair, source, destination, flags, seq, ack)
    }

    fn open(
        &mut self,
        pair: Pair,
        source: Endpoint,
        destination: Endpoint,
        flags: TcpFlags,
        seq: u32,
        ack: Option<u32>,
    ) -> Place {
        // Who answers a SYN did not send the first one.
        let direction = if flags.syn() && ack.is_some() { Direction::Backward } else { Direction::Forward };
        let flow = match direction {
            Direction::Forward => Flow { opener: source, peer: destination },
            Direction::Backward => Flow { opener: destination, peer: source },
        };
        let mut entry = Entry { flow, isn: [None; 2], opening: true };
        entry.admits(direction, flags, seq, ack);
        let id = FlowId::from_index(self.flows.len());
        self.flows.push(entry);
        self.newest.insert(pair, id);
        self.last = Some((pair, id));
        Place { flow: id, direction, new: true }
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

/// The two endpoints of a connection, whichever way the segment goes: numbers, so that hashing and comparing is quick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pair {
    addresses: [u128; 2],
    /// Both ports, and a bit that keeps IPv4 addresses apart from the IPv6 ones with the same number.
    ports: u64,
}

impl Pair {
    fn new(one: Endpoint, other: Endpoint) -> Pair {
        let number = |endpoint: Endpoint| match endpoint.address {
            IpAddr::V4(address) => (u128::from(address.to_bits()), endpoint.port),
            IpAddr::V6(address) => (address.to_bits(), endpoint.port),
        };
        let (one_number, other_number) = (number(one), number(other));
        let (low, high) = (one_number.min(other_number), one_number.max(other_number));
        let version = u64::from(one.address.is_ipv6()) << 32;
        Pair { addresses: [low.0, high.0], ports: version | u64::from(low.1) << 16 | u64::from(high.1) }
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

    const SYN: TcpFlags = TcpFlags::SYN;
    const ACK: TcpFlags = TcpFlags::ACK;
    const SYN_ACK: TcpFlags = TcpFlags(0x12);

    fn endpoint(host: u8, port: u16) -> Endpoint {
        Endpoint { address: IpAddr::from([10, 0, 0, host]), port }
    }

    /// Places segments between 10.0.0.1:1000 and 10.0.0.2:80: (sender's host, flags, seq, ack) → flow, F or B, `+` if new.
    fn place_all(segments: &[(u8, TcpFlags, u32, u32)]) -> Vec<String> {
        let mut table = FlowTable::new();
        let (one, two) = (endpoint(1, 1000), endpoint(2, 80));
        let place = |&(host, flags, seq, ack): &(u8, TcpFlags, u32, u32)| {
            let (source, destination) = if host == 1 { (one, two) } else { (two, one) };
            let place = table.place(source, destination, flags, seq, flags.ack().then_some(ack));
            let direction = if place.direction == Direction::Forward { "F" } else { "B" };
            format!("{}{direction}{}", place.flow.0, if place.new { "+" } else { "" })
        };
        segments.iter().map(place).collect()
    }

    #[test]
    fn forward_is_who_opened_the_connection() {
        let cases: &[(&str, &[(u8, TcpFlags, u32, u32)], &[&str])] = &[
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
        let cases: &[(&str, &[(u8, TcpFlags, u32, u32)], &[&str])] = &[
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
        let four = endpoint(1, 80);
        let six = Endpoint { address: "::10.0.0.1".parse().unwrap(), port: 80 };
        assert_ne!(Pair::new(four, four), Pair::new(six, six));
        assert_eq!(Pair::new(four, endpoint(1, 81)), Pair::new(endpoint(1, 81), four));
    }
}
