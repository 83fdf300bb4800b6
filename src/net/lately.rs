//! Where segments of a way went lately: most packets need not be looked up any further.

use super::Direction;
use super::ip::Addresses;
use crate::base::FlowId;

/// A power of two; 384 KiB in all.
const PLACES: usize = 8_192;

/// A cache with a place for each hash, in which the last two ways with that hash stand: of two thousand ways in so many
/// places, one in nine would have to share a place for one.
#[derive(Clone, Debug)]
pub(super) struct Lately {
    places: Box<[[Known; 2]]>,
    multiplier: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Known {
    way: Key,
    to: Option<(FlowId, Direction)>,
}

/// A way of IPv4, packed: source and destination address; source and destination port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Key(u64, u32);

impl Key {
    /// The way of addresses and ports as an IPv4 header and a TCP header have them, source and destination in a row.
    #[inline(always)]
    pub(super) fn of_headers(addresses: [u8; 8], ports: [u8; 4]) -> Key {
        Key(u64::from_be_bytes(addresses), u32::from_be_bytes(ports))
    }

    #[inline]
    fn of(addresses: &Addresses, ports: [u16; 2]) -> Option<Key> {
        let packed = (addresses.source as u64) << 32 | addresses.destination as u64;
        (!addresses.is_v6).then_some(Key(packed, u32::from(ports[0]) << 16 | u32::from(ports[1])))
    }
}

impl Lately {
    /// An empty one; `multiplier` is the odd number it hashes with.
    pub(super) fn new(multiplier: u64) -> Lately {
        Lately { places: vec![Default::default(); PLACES].into(), multiplier }
    }

    /// Where this way's segments go, if that is known.
    #[inline]
    pub(super) fn find(&self, addresses: &Addresses, ports: [u16; 2]) -> Option<(FlowId, Direction)> {
        self.find_way(Key::of(addresses, ports)?)
    }

    /// The same for a way that is packed already.
    #[inline(always)]
    pub(super) fn find_way(&self, way: Key) -> Option<(FlowId, Direction)> {
        let [last, before] = self.places.get(self.place_of(way))?;
        let known = if last.way == way { last } else { before };
        known.to.filter(|_| known.way == way)
    }

    /// From now on this way's segments go there.
    pub(super) fn note(&mut self, addresses: &Addresses, ports: [u16; 2], to: Option<(FlowId, Direction)>) {
        let Some(way) = Key::of(addresses, ports) else { return };
        let place = self.place_of(way);
        let Some(known) = self.places.get_mut(place) else { return };
        match known.iter_mut().find(|known| known.way == way) {
            Some(known) => known.to = to,
            // What is to be forgotten is not there.
            None if to.is_none() => {}
            None => *known = [Known { way, to }, known[0]],
        }
    }

    #[inline]
    fn place_of(&self, Key(addresses, ports): Key) -> usize {
        let product = (addresses ^ u64::from(ports).rotate_left(17)).wrapping_mul(self.multiplier);
        (product >> (64 - PLACES.ilog2())) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_come_and_go() {
        let way = |host: u128| (Addresses { source: host, destination: 1, is_v6: false }, [1000, 80]);
        let to = |flow| Some((FlowId(flow), Direction::Forward));
        let mut lately = Lately::new(0x9e37_79b9_7f4a_7c15);
        let (addresses, ports) = way(7);
        assert_eq!(lately.find(&addresses, ports), None);
        lately.note(&addresses, ports, to(3));
        assert_eq!(lately.find(&addresses, ports), to(3));
        assert_eq!(lately.find(&addresses, [80, 1000]), None, "the other way is another");
        assert_eq!(lately.find(&Addresses { is_v6: true, ..addresses }, ports), None, "IPv6 is not kept");
        // Others that share its place must not be taken for it, and forgetting them forgets nothing else.
        for host in 8..100_000 {
            let (other, ports) = way(host);
            assert_eq!(lately.find(&other, ports), None);
            lately.note(&other, ports, None);
        }
        assert_eq!(lately.find(&addresses, ports), to(3));
        lately.note(&addresses, ports, None);
        assert_eq!(lately.find(&addresses, ports), None);
    }
}
