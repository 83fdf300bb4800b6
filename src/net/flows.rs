//! Flows: the TCP connection that a segment belongs to.

use hashbrown::HashTable;

use super::endpoint_pair::{EndpointPair, Hashing};
use super::ip::Addresses;
use super::recent_flows::{Key, RecentFlows};
use super::{Direction, Flow, TcpFlags, Way};
use crate::base::FlowId;

/// All flows so far, 56 octets each and about 10 to find them.
///
/// A pair of endpoints can be used again: a SYN with another initial sequence number opens a new flow. What comes for the
/// pair from then on belongs to it, unless the SYN was stray: where nobody answers it, and the next segment does not go on
/// from its number and fits the numbers of the old flow better, that one goes on, if it has not ended. Once the new one is
/// answered, late segments of the old one count as its own too:
/// its assembler drops those that do not fit its sequence numbers.
#[derive(Clone, Debug)]
pub(super) struct FlowTable {
    flows: Vec<Entry>,
    /// The newest flow of each pair. Only ids, so that the table of a busy server stays in the processor's cache.
    newest: HashTable<FlowId>,
    hashing: Hashing,
    /// Ways of newest flows of which more than SYNs was seen.
    recent: RecentFlows,
}

/// The row of no flow.
const NO_FLOW: u32 = u32::MAX;
/// Flags that change what is known about a flow.
const NOTABLE: TcpFlags = TcpFlags(TcpFlags::SYN.0 | TcpFlags::FIN.0 | TcpFlags::RST.0);
/// The first segment of a new flow that the capture has behind its SYN starts or acknowledges fewer than so many octets
/// behind that, and so does an answer to the SYN.
const NEAR: u32 = 1 << 16;

#[derive(Clone, Copy, Debug)]
struct Entry {
    pair: EndpointPair,
    /// True where the opener comes first in the pair.
    opener_is_low: bool,
    phase: Phase,
    /// The flow of the same pair that it took the place of and that may go on, by its row; `NO_FLOW` where there was none.
    replaces: u32,
    /// Initial sequence numbers by direction, as far as a SYN or the answer to one told; else the numbers just before those
    /// of the first segment.
    isn: [u32; 2],
    isn_known: [bool; 2],
}

/// The phase that a flow has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Only segments with SYN were seen.
    Opening,
    Open,
    /// A FIN or an RST was seen.
    Ended,
}

/// The answer of the flow table about a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FlowMatch {
    pub(super) flow: FlowId,
    pub(super) direction: Direction,
    pub(super) new: bool,
}

impl FlowTable {
    pub(super) fn new() -> FlowTable {
        let hashing = Hashing::new();
        let recent = RecentFlows::new(hashing.multiplier);
        FlowTable { flows: Vec::new(), newest: HashTable::new(), hashing, recent }
    }

    pub(super) fn get(&self, id: FlowId) -> Option<Flow> {
        self.flows.get(id.index()).map(Entry::flow)
    }

    pub(super) fn len(&self) -> usize {
        self.flows.len()
    }

    /// Finds the flow of a segment, or opens one. `ports` are source and destination.
    #[inline(always)]
    pub(super) fn find(
        &mut self,
        addresses: &Addresses,
        ports: [u16; 2],
        flags: TcpFlags,
        seq: u32,
        ack: Option<u32>,
    ) -> FlowMatch {
        if !flags.syn()
            && let Some((flow, direction)) = self.recent.find(addresses, ports)
            && (!flags.intersects(NOTABLE) || self.ends_open(flow, flags))
        {
            return FlowMatch { flow, direction, new: false };
        }
        self.place_anew(addresses, ports, flags, seq, ack)
    }

    /// Returns where segments of a way go that neither begin nor end a connection, if that is known without looking it
    /// up.
    #[inline(always)]
    pub(super) fn known_flow(&self, way: Key, flags: TcpFlags) -> Option<(FlowId, Direction)> {
        if flags.intersects(NOTABLE) { None } else { self.recent.find_way(way) }
    }

    /// Returns where segments of a flow that go this way come from and go to.
    pub(super) fn way(&self, id: FlowId, direction: Direction) -> Option<Way> {
        self.flows.get(id.index()).map(|entry| entry.pair.way(entry.opener_is_low == (direction == Direction::Forward)))
    }

    /// Notes that a flow ends, if nothing else is to be learnt about it; whether that is so.
    fn ends_open(&mut self, flow: FlowId, flags: TcpFlags) -> bool {
        let entry = self.flows.get_mut(flow.index()).filter(|entry| entry.phase != Phase::Opening);
        entry.is_some_and(|entry| {
            entry.note_end(flags);
            true
        })
    }

    /// Looks up where a segment of a way goes, and remembers it.
    fn place_anew(
        &mut self,
        addresses: &Addresses,
        ports: [u16; 2],
        flags: TcpFlags,
        seq: u32,
        ack: Option<u32>,
    ) -> FlowMatch {
        let found = self.look_up(addresses, ports, flags, seq, ack);
        // Only a SYN can open another flow, and only for a flow of SYNs there is something to learn from what follows.
        let way_back = Addresses { source: addresses.destination, destination: addresses.source, ..*addresses };
        self.recent.note(addresses, ports, (!flags.syn()).then_some((found.flow, found.direction)));
        if flags.syn() {
            self.recent.note(&way_back, [ports[1], ports[0]], None);
        }
        found
    }

    /// Looks up where a segment of a way goes, without a look at the recent flows.
    fn look_up(
        &mut self,
        addresses: &Addresses,
        ports: [u16; 2],
        flags: TcpFlags,
        seq: u32,
        ack: Option<u32>,
    ) -> FlowMatch {
        let (pair, source_is_low) = EndpointPair::new(addresses, ports);
        let hash = self.hashing.hash(&pair);
        let is_pair = |id: &FlowId| self.flows.get(id.index()).is_some_and(|entry| entry.pair == pair);
        if let Some(id) = self.newest.find(hash, is_pair).copied()
            && let Some(entry) = self.flows.get(id.index())
        {
            let direction = entry.direction(source_is_low);
            if let Some(distance) = entry.strays_by(direction, flags, seq, ack)
                && let Some(old) = self.flows.get(entry.replaces as usize)
                && old.fits_within(distance, old.direction(source_is_low), seq, ack)
            {
                return self.give_back(hash, &pair, entry.replaces, source_is_low, flags);
            }
            if let Some(entry) = self.flows.get_mut(id.index())
                && entry.admits(direction, flags, seq, ack)
            {
                return FlowMatch { flow: id, direction, new: false };
            }
        }
        self.open(pair, hash, source_is_low, flags, seq, ack)
    }

    /// The newest flow of a pair was opened by a stray SYN: the one before goes on.
    #[cold]
    fn give_back(
        &mut self,
        hash: u64,
        pair: &EndpointPair,
        replaced: u32,
        source_is_low: bool,
        flags: TcpFlags,
    ) -> FlowMatch {
        let flow = FlowId::from_index(replaced as usize);
        let FlowTable { flows, newest, .. } = self;
        if let Some(newest) = newest.find_mut(hash, |id| flows.get(id.index()).is_some_and(|entry| entry.pair == *pair))
        {
            *newest = flow;
        }
        let direction = flows.get_mut(flow.index()).map_or(Direction::Forward, |entry| {
            entry.note_end(flags);
            entry.direction(source_is_low)
        });
        FlowMatch { flow, direction, new: false }
    }

    /// Opens a flow with its first segment.
    #[cold]
    fn open(
        &mut self,
        pair: EndpointPair,
        hash: u64,
        source_is_low: bool,
        flags: TcpFlags,
        seq: u32,
        ack: Option<u32>,
    ) -> FlowMatch {
        // Who answers a SYN did not send the first one.
        let direction = if flags.syn() && ack.is_some() { Direction::Backward } else { Direction::Forward };
        let opener_is_low = source_is_low == (direction == Direction::Forward);
        let mut entry =
            Entry { pair, opener_is_low, phase: Phase::Opening, replaces: NO_FLOW, isn: [0; 2], isn_known: [false; 2] };
        entry.admits(direction, flags, seq, ack);
        let flow = FlowId::from_index(self.flows.len());
        self.flows.push(entry);
        let FlowTable { flows, newest, hashing, .. } = self;
        match newest.find_mut(hash, |id| flows.get(id.index()).is_some_and(|entry| entry.pair == pair)) {
            Some(newest) => {
                let replaced = std::mem::replace(newest, flow);
                // What only sent SYNs has nothing that could go on.
                let can_go_on = |entry: &Entry| match entry.phase {
                    Phase::Opening => entry.isn_known == [true; 2],
                    Phase::Open => true,
                    Phase::Ended => false,
                };
                let goes_on = flows.get(replaced.index()).is_some_and(can_go_on);
                if let Some(entry) = flows.last_mut().filter(|_| goes_on && flags.syn()) {
                    entry.replaces = replaced.0;
                }
            }
            None => {
                let hash_of = |id: &FlowId| flows.get(id.index()).map_or(0, |entry| hashing.hash(&entry.pair));
                newest.insert_unique(hash, flow, hash_of);
            }
        }
        FlowMatch { flow, direction, new: true }
    }
}

impl Entry {
    fn flow(&self) -> Flow {
        let [low, high] = self.pair.endpoints();
        if self.opener_is_low { Flow { opener: low, peer: high } } else { Flow { opener: high, peer: low } }
    }

    fn direction(&self, source_is_low: bool) -> Direction {
        if source_is_low == self.opener_is_low { Direction::Forward } else { Direction::Backward }
    }

    /// Returns whether a segment can belong to this flow; learns from it if so.
    #[inline]
    fn admits(&mut self, direction: Direction, flags: TcpFlags, seq: u32, ack: Option<u32>) -> bool {
        if flags.syn() {
            return self.admits_syn(direction, seq, ack);
        }
        if self.phase == Phase::Opening {
            self.phase = Phase::Open;
            for (side, number) in [(direction.index(), Some(seq)), (direction.reverse().index(), ack)] {
                if let Some(number) = number.filter(|_| !self.isn_known[side]) {
                    self.isn[side] = number.wrapping_sub(1);
                }
            }
        }
        self.note_end(flags);
        true
    }

    fn note_end(&mut self, flags: TcpFlags) {
        if flags.intersects(TcpFlags(TcpFlags::FIN.0 | TcpFlags::RST.0)) {
            self.phase = Phase::Ended;
        }
    }

    /// By how much a segment goes on with neither what the SYN began that opened this flow, nor what an answer that the
    /// capture lacks would have; `None` where somebody has answered it, or the segment does go on.
    fn strays_by(&self, direction: Direction, flags: TcpFlags, seq: u32, ack: Option<u32>) -> Option<u32> {
        if self.replaces == NO_FLOW || self.phase != Phase::Opening || flags.syn() || self.isn_known == [true; 2] {
            return None;
        }
        let own = direction.index();
        let (number, isn) = if self.isn_known[own] { (seq, self.isn[own]) } else { (ack?, self.isn[1 - own]) };
        (number.wrapping_sub(isn).wrapping_sub(1) >= NEAR).then(|| distance(number, isn))
    }

    /// Returns whether the numbers of a segment are nearer than `most` to those that this flow began with.
    fn fits_within(&self, most: u32, direction: Direction, seq: u32, ack: Option<u32>) -> bool {
        let (own, peer) = (direction.index(), direction.reverse().index());
        distance(seq, self.isn[own]) < most && ack.is_none_or(|ack| distance(ack, self.isn[peer]) < most)
    }

    fn admits_syn(&mut self, direction: Direction, seq: u32, ack: Option<u32>) -> bool {
        let (own, peer) = (direction.index(), direction.reverse().index());
        let answered = ack.map(|ack| ack.wrapping_sub(1));
        let isn = |side: usize| self.isn_known[side].then_some(self.isn[side]);
        // A retransmitted SYN repeats its number. Where the number is not known yet, a SYN fits only while nothing but
        // SYNs passed (its answer came first, or both ends open at once: RFC 9293 §3.5); an answer fits what it answers,
        // and may acknowledge octets that the SYN carried (RFC 7413 §4.2.2).
        let fits = match (isn(own), answered) {
            (Some(isn), _) if isn == seq => true,
            (_, Some(answered)) if isn(peer) == Some(answered) => true,
            (Some(_), _) => false,
            (None, Some(answered)) => isn(peer).is_none_or(|isn| answered.wrapping_sub(isn) < NEAR),
            (None, None) => self.phase == Phase::Opening,
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

/// Returns how far apart two sequence numbers are, whichever comes first.
fn distance(one: u32, other: u32) -> u32 {
    (one.wrapping_sub(other) as i32).unsigned_abs()
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
    const FIN: TcpFlags = TcpFlags(0x11);
    const RST: TcpFlags = TcpFlags(0x14);

    /// From host 1, port 1000 to host 2, port 80, or back.
    fn way(from_one: bool) -> (Addresses, [u16; 2]) {
        let (source, destination) = if from_one { (1, 2) } else { (2, 1) };
        (Addresses { source, destination, is_v6: false }, if from_one { [1000, 80] } else { [80, 1000] })
    }

    /// Places segments between the two hosts.
    fn place_all(segments: &[Sent]) -> Vec<String> {
        let mut table = FlowTable::new();
        let described = |&(host, flags, seq, ack): &Sent| {
            let (addresses, ports) = way(host == 1);
            let found = table.find(&addresses, ports, flags, seq, flags.ack().then_some(ack));
            let direction = if found.direction == Direction::Forward { "F" } else { "B" };
            format!("{}{direction}{}", found.flow.0, if found.new { "+" } else { "" })
        };
        segments.iter().map(described).collect()
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
            (
                "octets in the SYN",
                &[(1, SYN, 9, 0), (2, SYN_ACK, 5, 110), (2, SYN_ACK, 5, 110), (1, ACK, 110, 6)],
                &["0F+", "0B", "0B", "0F"],
            ),
            ("an answer to another", &[(1, SYN, 9, 0), (2, SYN_ACK, 5, 100_000)], &["0F+", "1B+"]),
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
            (
                "its answer and very much lost",
                &[
                    (2, ACK, 70, 3),
                    (1, SYN, 5_000_000, 0),
                    (1, ACK, 5_100_000, 7_000_000),
                    (2, ACK, 7_000_000, 5_100_010),
                ],
                &["0F+", "1F+", "1F", "1B"],
            ),
            (
                "behind a FIN",
                &[(1, SYN, 9, 0), (1, ACK, 10, 5), (1, FIN, 20, 6), (1, SYN, 99_999, 0), (1, ACK, 20, 6)],
                &["0F+", "0F", "0F", "1F+", "1F"],
            ),
            (
                "behind an RST",
                &[(2, ACK, 70, 3), (1, ACK, 3, 80), (2, RST, 80, 3), (1, SYN, 99_999, 0), (1, ACK, 299_999, 3)],
                &["0F+", "0B", "0F", "1F+", "1F"],
            ),
            (
                "given back, and ended then",
                &[(2, ACK, 70, 3), (1, SYN, 99_999, 0), (2, FIN, 80, 3), (1, SYN, 999_999, 0), (1, ACK, 3, 81)],
                &["0F+", "1F+", "0F", "2F+", "2F"],
            ),
            ("answers only", &[(2, SYN_ACK, 5, 10), (2, ACK, 6, 20), (2, SYN_ACK, 500, 99)], &["0B+", "0B", "1B+"]),
        ];
        for (name, segments, expected) in cases {
            assert_eq!(place_all(segments), *expected, "{name}");
        }
    }

    #[test]
    fn a_flow_takes_as_little_as_is_said() {
        assert_eq!(size_of::<Entry>(), 56);
    }

    proptest::proptest! {
        /// A look at the recent flows changes nothing.
        #[test]
        fn what_is_remembered_is_what_is_looked_up(
            segments in proptest::collection::vec((0..4u8, 0..7u8, 0..3u32, 0..3u32), 0..60),
        ) {
            let (mut table, mut naive) = (FlowTable::new(), FlowTable::new());
            for (way_number, kind, seq, ack) in segments {
                let (addresses, mut ports) = way(way_number % 2 == 0);
                ports.iter_mut().for_each(|port| *port += u16::from(way_number / 2));
                let flags = [ACK, ACK, ACK, SYN, SYN_ACK, FIN, RST][usize::from(kind)];
                let ack = flags.ack().then_some(ack);
                let found = table.find(&addresses, ports, flags, seq, ack);
                proptest::prop_assert_eq!(found, naive.look_up(&addresses, ports, flags, seq, ack));
            }
        }
    }
}
