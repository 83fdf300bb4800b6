//! Why decoding a packet ends before a TCP segment is reached.

use std::fmt;

use crate::base::LinkType;

/// Why a packet cannot be looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsupported {
    /// The link type is unknown.
    LinkType(LinkType),
    /// More VLAN tags, MPLS labels or IPv6 extension headers than anything real carries.
    TooManyHeaders,
}

/// The header that does not hold together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Layer {
    /// Ethernet, cooked, loopback, PPP, VLAN, MPLS, LLC.
    Link,
    /// IPv4 (RFC 791).
    Ipv4,
    /// IPv6 (RFC 8200) or one of its extension headers.
    Ipv6,
    /// TCP (RFC 9293).
    Tcp,
}

/// A header that does not hold together, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The layer of the header.
    pub layer: Layer,
    /// Octets from the start of the packet to the header (of the joined datagram's payload, for TCP in fragments).
    pub at: usize,
    /// The thing that is wrong with it.
    pub problem: Problem,
}

/// A thing that is wrong with a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// It ends too early.
    Short {
        /// Octets it needs.
        needs: usize,
        /// Octets there are.
        has: usize,
    },
    /// A field holds what it must not.
    Value(&'static str),
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Layer::Link => "link",
            Layer::Ipv4 => "IPv4",
            Layer::Ipv6 => "IPv6",
            Layer::Tcp => "TCP",
        })
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Malformed { layer, at, problem } = self;
        match problem {
            Problem::Short { needs, has } => {
                write!(f, "{layer} header at octet {at} needs {needs} octets and has {has}")
            }
            Problem::Value(what) => write!(f, "{layer} header at octet {at}: {what}"),
        }
    }
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unsupported::LinkType(link) => write!(f, "link type {} ({}) is not supported", link.0, link.name()),
            Unsupported::TooManyHeaders => f.write_str("too many headers inside one another"),
        }
    }
}

/// Why decoding a packet ends before a segment is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    NotTcp,
    Unsupported(Unsupported),
    Malformed(Malformed),
}

impl Stop {
    pub(super) fn short(layer: Layer, at: usize, needs: usize, has: usize) -> Stop {
        Stop::Malformed(Malformed { layer, at, problem: Problem::Short { needs, has } })
    }

    pub(super) fn value(layer: Layer, at: usize, what: &'static str) -> Stop {
        Stop::Malformed(Malformed { layer, at, problem: Problem::Value(what) })
    }
}
