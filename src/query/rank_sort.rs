//! Sorting ten million places: an octet of the rank in each pass, the lowest first, so that no two places are compared.

/// Bits of a place that come before its rank.
const ID_BITS: u32 = 32;

/// Sorts places that are in the order of their ids by rank. Where ranks are equal the order of ids stays.
#[derive(Default)]
pub(super) struct RankSort {
    places: Vec<u64>,
    /// Bits of the rank that were looked at.
    bits: u32,
}

impl RankSort {
    /// Takes another place, whose id is larger than those before.
    pub(super) fn push(&mut self, place: u64) {
        self.places.push(place);
    }

    /// Makes a pass, and returns whether more are needed.
    pub(super) fn pass(&mut self) -> bool {
        let shift = ID_BITS + self.bits;
        let octet = |place: &u64| (place >> shift) as usize & 0xff;
        self.bits += 8;
        let mut next = [0; 256];
        self.places.iter().for_each(|place| next[octet(place)] += 1);
        // Ranks of small numbers differ in few octets: passes that change nothing are left out.
        if next.iter().all(|count| *count < self.places.len()) {
            let mut sum = 0;
            for count in &mut next {
                sum += std::mem::replace(count, sum);
            }
            let mut sorted = vec![0; self.places.len()];
            for place in &self.places {
                let at = &mut next[octet(place)];
                sorted[*at] = *place;
                *at += 1;
            }
            self.places = sorted;
        }
        shift + 8 < u64::BITS
    }

    /// The sorted places; what is taken next is sorted anew.
    pub(super) fn take(&mut self) -> Vec<u64> {
        self.bits = 0;
        std::mem::take(&mut self.places)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sorts_as_comparing_does(ranks in prop::collection::vec((any::<u32>(), 0u32..32), 0..300)) {
            let mut sort = RankSort::default();
            let places = ranks.iter().enumerate().map(|(id, (rank, shift))| u64::from(rank >> shift) << 32 | id as u64);
            let mut expected: Vec<u64> = places.clone().collect();
            expected.sort_unstable();
            places.for_each(|place| sort.push(place));
            while sort.pass() {}
            prop_assert_eq!(sort.take(), expected);
        }
    }
}
