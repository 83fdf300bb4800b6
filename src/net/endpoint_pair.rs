//! The ends of a TCP connection whichever way a segment goes, and finding them in a table.

use std::hash::{BuildHasher, RandomState};

use super::ip::Addresses;
use super::{Endpoint, Way};

/// The two endpoints of a connection, whichever way the segment goes: the lower one first.
#[derive(Clone, Copy, Debug, Eq)]
pub(super) struct EndpointPair {
    addresses: [[u64; 2]; 2],
    ports: [u16; 2],
    is_v6: bool,
}

impl EndpointPair {
    /// The pair, and whether the source is the first of it.
    #[inline]
    pub(super) fn new(addresses: &Addresses, ports: [u16; 2]) -> (EndpointPair, bool) {
        let [source_port, destination_port] = ports;
        let (source, destination) = ((addresses.source, source_port), (addresses.destination, destination_port));
        // Numbers of 64 bits: to compare longer ones that were just written would wait for memory.
        let number = |(address, port): (u128, u16)| (address as u64) << 16 | u64::from(port);
        let source_is_low = if addresses.is_v6 { source <= destination } else { number(source) <= number(destination) };
        let (low, high) = if source_is_low { (source, destination) } else { (destination, source) };
        let addresses_of = |address: u128| [(address >> 64) as u64, address as u64];
        let pair = EndpointPair {
            addresses: [addresses_of(low.0), addresses_of(high.0)],
            ports: [low.1, high.1],
            is_v6: addresses.is_v6,
        };
        (pair, source_is_low)
    }

    /// Returns what a segment between them has in its headers, from the lower one or to it.
    pub(super) fn way(&self, source_is_low: bool) -> Way {
        let [low, high] = self.numbers();
        let (source, destination) = if source_is_low { (low, high) } else { (high, low) };
        let [low, high] = self.ports;
        let ports = if source_is_low { [low, high] } else { [high, low] };
        Way { addresses: Addresses { source, destination, is_v6: self.is_v6 }, ports }
    }

    fn numbers(&self) -> [u128; 2] {
        self.addresses.map(|[upper, lower]| u128::from(upper) << 64 | u128::from(lower))
    }

    pub(super) fn endpoints(&self) -> [Endpoint; 2] {
        let [low, high] = self.numbers();
        let addresses = Addresses { source: low, destination: high, is_v6: self.is_v6 };
        [(low, self.ports[0]), (high, self.ports[1])]
            .map(|(address, port)| Endpoint { address: addresses.address(address), port })
    }
}

impl PartialEq for EndpointPair {
    /// Word by word, and of IPv4 only those that there are: a pair is compared just after it was put together, and what was
    /// written in other pieces than it is read in has to be waited for.
    #[inline]
    fn eq(&self, other: &EndpointPair) -> bool {
        let [[low_upper, low], [high_upper, high]] = self.addresses;
        let [[other_low_upper, other_low], [other_high_upper, other_high]] = other.addresses;
        let is_v6 = self.is_v6;
        low == other_low
            && high == other_high
            && self.ports == other.ports
            && is_v6 == other.is_v6
            && (!is_v6 || low_upper == other_low_upper && high_upper == other_high_upper)
    }
}

/// Hashes pairs by multiplying and folding (as wyhash and foldhash do), with seeds that differ from run to run, so that
/// no capture can be made to collide. The standard library's SipHash costs several times as much per packet.
#[derive(Clone, Debug)]
pub(super) struct Hashing {
    seed: u64,
    /// Odd.
    pub(super) multiplier: u64,
}

impl Hashing {
    pub(super) fn new() -> Hashing {
        let random = || RandomState::new().hash_one(0u8);
        Hashing { seed: random(), multiplier: random() | 1 }
    }

    #[inline]
    pub(super) fn hash(&self, pair: &EndpointPair) -> u64 {
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

    #[test]
    fn ipv4_and_ipv6_numbers_do_not_meet() {
        let (addresses, ports) = (Addresses { source: 1, destination: 2, is_v6: false }, [1000, 80]);
        let (back, back_ports) = (Addresses { source: 2, destination: 1, is_v6: false }, [80, 1000]);
        let (pair, _) = EndpointPair::new(&addresses, ports);
        assert_eq!(EndpointPair::new(&back, back_ports), (pair, false));
        assert_ne!(EndpointPair::new(&Addresses { is_v6: true, ..addresses }, ports), (pair, true));
    }

    /// A capture could be made to collide if the seeds were known; and what counts up must not collide by itself.
    #[test]
    fn each_table_has_seeds_of_its_own() {
        let pair = |address: u32, port: u16| {
            let addresses = Addresses { source: address.into(), destination: 0x0a00_0001, is_v6: false };
            EndpointPair::new(&addresses, [port, 443]).0
        };
        let tables = [(); 8].map(|()| Hashing::new());
        for pair in [pair(0, 0), pair(0x0a00_0002, 50_000)] {
            let mut hashes = tables.each_ref().map(|table| table.hash(&pair));
            hashes.sort_unstable();
            assert!(hashes.windows(2).all(|two| two[0] != two[1]), "{hashes:x?}");
        }
        for pair_of in [|n: u32| (0x0b00_0000, n as u16), |n| (0x0b00_0000 + n, 1), |n| (n << 16, n as u16)] {
            let mut buckets = vec![0u8; 1 << 16];
            for (address, port) in (0..1 << 16).map(pair_of) {
                buckets[tables[0].hash(&pair(address, port)) as usize & 0xffff] += 1;
            }
            // At random the fullest of 65,536 has 8 or 9.
            assert!(buckets.iter().all(|count| *count < 32));
        }
    }
}
