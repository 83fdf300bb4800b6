//! Remembers where the segments of recent flows went: most packets need not be looked up any further.

use super::Direction;
use super::ip::Addresses;
use crate::base::FlowId;

/// A power of two; 512 KiB in all.
const PLACES: usize = 8_192;
/// Ways that one place can hold.
const WAYS: usize = 4;

/// A cache with a place for each hash, in which the last four ways with that hash stand. With two, of two thousand ways in so
/// many places, fifty would drive each other out all the time.
#[derive(Clone, Debug)]
pub(super) struct RecentFlows {
    places: Box<[[Known; WAYS]]>,
    multiplier: u64,
}

/// A way and where it leads: its addresses; its ports, and in the lower half [`packed`]. Numbers, because an allocation of
/// zeros costs nothing until they are looked at.
type Known = [u64; 2];

/// A way of IPv4, packed: source and destination address; source and destination port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

    #[inline(always)]
    fn is_of(self, known: &Known) -> bool {
        known[0] == self.0 && (known[1] >> 32) as u32 == self.1
    }
}

/// Flow and direction as a number that is not 0; 0 where there is none, or its id is too large.
fn packed(to: Option<(FlowId, Direction)>) -> u32 {
    let packed = |(flow, direction): (FlowId, Direction)| {
        flow.0.checked_mul(2)?.checked_add(1 + u32::from(direction == Direction::Backward))
    };
    to.and_then(packed).unwrap_or(0)
}

#[inline(always)]
fn unpacked(packed: u32) -> Option<(FlowId, Direction)> {
    let number = packed.checked_sub(1)?;
    let direction = if number & 1 == 0 { Direction::Forward } else { Direction::Backward };
    Some((FlowId(number >> 1), direction))
}

impl RecentFlows {
    /// An empty one; `multiplier` is the odd number it hashes with.
    pub(super) fn new(multiplier: u64) -> RecentFlows {
        RecentFlows { places: vec![[[0; 2]; WAYS]; PLACES].into(), multiplier }
    }

    /// Returns where this way's segments go, if that is known.
    #[inline]
    pub(super) fn find(&self, addresses: &Addresses, ports: [u16; 2]) -> Option<(FlowId, Direction)> {
        self.find_way(Key::of(addresses, ports)?)
    }

    /// Returns where segments of a way that is packed already go, if that is known.
    #[inline(always)]
    pub(super) fn find_way(&self, way: Key) -> Option<(FlowId, Direction)> {
        let place = self.places.get(self.place_of(way))?;
        let known = place.iter().find(|known| way.is_of(known))?;
        unpacked(known[1] as u32)
    }

    /// From now on this way's segments go there.
    pub(super) fn note(&mut self, addresses: &Addresses, ports: [u16; 2], to: Option<(FlowId, Direction)>) {
        let Some(way) = Key::of(addresses, ports) else { return };
        let place = self.place_of(way);
        let Some(place) = self.places.get_mut(place) else { return };
        let noted = [way.0, u64::from(way.1) << 32 | u64::from(packed(to))];
        match place.iter_mut().find(|known| way.is_of(known)) {
            Some(known) => *known = noted,
            // What is to be forgotten is not there.
            None if to.is_none() => {}
            None => {
                place.rotate_right(1);
                place[0] = noted;
            }
        }
    }

    #[inline(always)]
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
        let mut recent = RecentFlows::new(0x9e37_79b9_7f4a_7c15);
        let (addresses, ports) = way(7);
        assert_eq!(recent.find(&addresses, ports), None);
        recent.note(&addresses, ports, to(3));
        assert_eq!(recent.find(&addresses, ports), to(3));
        assert_eq!(recent.find(&addresses, [80, 1000]), None, "the other way is another");
        assert_eq!(recent.find(&Addresses { is_v6: true, ..addresses }, ports), None, "IPv6 is not kept");
        // Others that share its place must not be taken for it, and forgetting them forgets nothing else.
        for host in 8..100_000 {
            let (other, ports) = way(host);
            assert_eq!(recent.find(&other, ports), None);
            recent.note(&other, ports, None);
        }
        assert_eq!(recent.find(&addresses, ports), to(3));
        recent.note(&addresses, ports, None);
        assert_eq!(recent.find(&addresses, ports), None);
        // An id that has no room beside its direction is not kept.
        recent.note(&addresses, ports, to(1 << 31));
        assert_eq!(recent.find(&addresses, ports), None);
        recent.note(&addresses, ports, Some((FlowId(u32::MAX / 2 - 1), Direction::Backward)));
        assert_eq!(recent.find(&addresses, ports), Some((FlowId(u32::MAX / 2 - 1), Direction::Backward)));
    }

    #[test]
    fn four_ways_can_have_the_same_place() {
        // All with the same hash.
        let mut recent = RecentFlows::new(0);
        let way = |host: u128| (Addresses { source: host, destination: 1, is_v6: false }, [1000, 80]);
        for host in 0..5u32 {
            let (addresses, ports) = way(host.into());
            recent.note(&addresses, ports, Some((FlowId(host), Direction::Forward)));
        }
        let found = [0, 1, 2, 3, 4].map(|host| {
            let (addresses, ports) = way(host);
            recent.find(&addresses, ports).map(|(flow, _)| flow.0)
        });
        assert_eq!(found, [None, Some(1), Some(2), Some(3), Some(4)], "the oldest made room");
    }
}
