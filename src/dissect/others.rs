//! The TCP connections of a capture that are not read as WebSockets, for a user who knows better.

use std::cmp::Reverse;

use super::table::FlowEntry;
use crate::base::FlowId;
use crate::net::{Decoder, Flow};

/// A TCP connection that is not read as a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Other {
    /// Its ends.
    pub ends: Flow,
    /// Octets that were sent from its opener on, and those that came back; about, where segments were repeated or lost. No
    /// more than 2^32 - 1 are counted.
    pub octets: [u32; 2],
    /// The user says that it carries no WebSocket.
    pub is_rejected: bool,
}

/// Some of those connections: the ones with the most octets, in the order of the capture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Others {
    /// Each pair of ends once, whichever opened the connection; the opener is that of the first of them.
    pub rows: Vec<Other>,
    /// The number of connections with any octet.
    pub total: usize,
}

impl Others {
    /// Those among `entries`, at most `most`.
    pub(super) fn of(entries: &[FlowEntry], decoder: &Decoder, most: usize) -> Others {
        let octets = |entry: &FlowEntry| match entry {
            FlowEntry::Ignored(octets) => Some((*octets, false)),
            FlowEntry::Rejected(octets) => Some((*octets, true)),
            FlowEntry::Followed(flow) => flow.connections().next().is_none().then(|| (flow.flow.octets(), false)),
            FlowEntry::Opening(_) | FlowEntry::Over(_) => None,
        };
        let sum = |[one, other]: [u32; 2]| u64::from(one) + u64::from(other);
        let mut found = Vec::new();
        let mut total = 0;
        for (index, entry) in entries.iter().enumerate() {
            let Some((octets, is_rejected)) = octets(entry).filter(|(octets, _)| sum(*octets) > 0) else { continue };
            total += 1;
            found.push((index, octets, is_rejected));
            if found.len() >= 2 * most.max(1) {
                keep_largest(&mut found, most, |(_, octets, _)| sum(*octets));
            }
        }
        keep_largest(&mut found, most, |(_, octets, _)| sum(*octets));
        found.sort_unstable_by_key(|(index, ..)| *index);
        let mut rows: Vec<Other> = Vec::new();
        let mut places = std::collections::HashMap::new();
        for (index, octets, is_rejected) in found {
            let Some(ends) = decoder.flow(FlowId::from_index(index)) else { continue };
            // A decision is about both ends, whichever opened the connection.
            let back = Flow { opener: ends.peer, peer: ends.opener };
            let place = places.get(&ends).or_else(|| places.get(&back));
            match place.and_then(|place: &usize| rows.get_mut(*place)) {
                Some(row) => {
                    let [forward, backward] = octets;
                    let more = if row.ends == ends { [forward, backward] } else { [backward, forward] };
                    for (sum, more) in row.octets.iter_mut().zip(more) {
                        *sum = sum.saturating_add(more);
                    }
                }
                None => {
                    places.insert(ends, rows.len());
                    rows.push(Other { ends, octets, is_rejected });
                }
            }
        }
        Others { rows, total }
    }
}

/// Keeps the `most` largest; of those of a size, the first ones.
fn keep_largest<T>(found: &mut Vec<(usize, T, bool)>, most: usize, size: impl Fn(&(usize, T, bool)) -> u64) {
    if found.len() > most {
        found.sort_by_key(|entry| (Reverse(size(entry)), entry.0));
        found.truncate(most);
    }
}
