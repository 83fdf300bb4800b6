//! Outcomes: the result of decoding a packet, and the number of packets with each.

use super::segment::Segment;
use super::stop::{Malformed, Problem, Stop, Unsupported};
use crate::base::LinkType;

/// The result of decoding one packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// It belongs to a TCP connection.
    Segment(Segment<'a>),
    /// It is understood and carries something else: ARP, UDP, ICMP, a protocol nobody asked for.
    NotTcp,
    /// It is a fragment of an IP datagram; held until the others come.
    Fragment,
    /// Nothing here knows how to look into it.
    Unsupported(Unsupported),
    /// A header does not hold together.
    Malformed(Malformed),
}

impl From<Stop> for Outcome<'_> {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::NotTcp => Outcome::NotTcp,
            Stop::Unsupported(why) => Outcome::Unsupported(why),
            Stop::Malformed(why) => Outcome::Malformed(why),
        }
    }
}

/// Distinct unknown link types that are counted by name. A capture has a handful; a hostile one could list 65,536.
const MAX_LINK_TYPES: usize = 64;

/// The numbers of packets with each outcome so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetStats {
    /// Packets looked at: the sum of the six counts that follow.
    pub packets: u64,
    /// Packets that gave a TCP segment.
    pub segments: u64,
    /// Packets that carry something else.
    pub not_tcp: u64,
    /// Packets that are IP fragments and did not complete a datagram.
    pub fragments: u64,
    /// Packets nothing here can look into.
    pub unsupported: u64,
    /// Packets with a header that does not hold together.
    pub malformed: u64,
    /// Packets whose headers the capture cut off (its snap length), so nothing is wrong with them.
    pub headers_cut: u64,
    /// Unknown link types and how many packets have them; at most 64 distinct ones are listed.
    pub unknown_link_types: Vec<(LinkType, u64)>,
    /// IP datagrams joined from fragments.
    pub datagrams_joined: u64,
    /// IP datagrams given up before their last fragment came: too old, or too many at once.
    pub datagrams_dropped: u64,
    /// TCP segments whose payload the capture cut.
    pub payloads_cut: u64,
}

impl NetStats {
    /// Counts a packet that gave a segment. `cut` says that the capture holds fewer octets of it than were on the wire.
    #[inline]
    pub(super) fn count_segment(&mut self, cut: bool) {
        self.packets += 1;
        self.segments += 1;
        self.payloads_cut += u64::from(cut);
    }

    /// Counts packets that held one whole segment each.
    pub(super) fn count_segments(&mut self, segments: u64) {
        self.packets += segments;
        self.segments += segments;
    }

    /// Counts what became of a packet. `cut` says that the capture holds fewer octets than were on the wire.
    pub(super) fn count(&mut self, outcome: &Outcome<'_>, cut: bool) {
        self.packets += 1;
        match outcome {
            Outcome::Segment(segment) => {
                self.segments += 1;
                let captured: u64 = segment.pieces.iter().map(|piece| u64::from(piece.piece.span.len)).sum();
                self.payloads_cut += u64::from(captured < u64::from(segment.payload_len));
            }
            Outcome::NotTcp => self.not_tcp += 1,
            Outcome::Fragment => self.fragments += 1,
            Outcome::Unsupported(why) => {
                self.unsupported += 1;
                if let Unsupported::LinkType(link) = why {
                    self.count_link_type(*link);
                }
            }
            Outcome::Malformed(Malformed { problem: Problem::Short { .. }, .. }) if cut => self.headers_cut += 1,
            Outcome::Malformed(_) => self.malformed += 1,
        }
    }

    fn count_link_type(&mut self, link: LinkType) {
        let room = self.unknown_link_types.len() < MAX_LINK_TYPES;
        match self.unknown_link_types.iter_mut().find(|(known, _)| *known == link) {
            Some((_, count)) => *count += 1,
            None if room => self.unknown_link_types.push((link, 1)),
            None => {}
        }
    }
}
