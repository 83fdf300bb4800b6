//! IPv4 (RFC 791) and IPv6 (RFC 8200): addresses, how long the payload is, whether it is a fragment.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use etherparse::err::{ipv4, ipv6};
use etherparse::{Ipv4HeaderSlice, Ipv6FragmentHeaderSlice, Ipv6HeaderSlice};

use super::stop::{Layer, Stop, Unsupported};

/// The protocol number of TCP (RFC 9293 §3.1).
pub(super) const TCP: u8 = 6;
const FRAGMENT: u8 = 44;
const AUTHENTICATION: u8 = 51;
/// IPv6 extension headers in a chain. RFC 8200 §4.1 lists seven; more than this is an attack.
const MAX_EXTENSION_HEADERS: usize = 16;
const IPV6_HEADER_LEN: usize = 40;

/// The content of an IP header (with the extension headers behind it).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct IpPacket {
    pub(super) addresses: Addresses,
    pub(super) payload: IpPayload,
    /// Present where the payload is part of a larger one.
    pub(super) fragment: Option<Fragment>,
}

/// The source and the destination of a packet: numbers, because comparing and hashing them happens for every packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Addresses {
    pub(super) source: u128,
    pub(super) destination: u128,
    /// Keeps IPv4 addresses apart from the IPv6 ones with the same number.
    pub(super) is_v6: bool,
}

impl Addresses {
    /// The address that a number of this packet stands for.
    pub(super) fn address(&self, number: u128) -> IpAddr {
        if self.is_v6 { Ipv6Addr::from_bits(number).into() } else { Ipv4Addr::from_bits(number as u32).into() }
    }

    /// The layer to blame for what is wrong with the packet.
    pub(super) fn layer(&self) -> Layer {
        if self.is_v6 { Layer::Ipv6 } else { Layer::Ipv4 }
    }
}

/// The payload of an IP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct IpPayload {
    /// Protocol number; for a fragment of IPv6 possibly that of an extension header.
    pub(super) protocol: u8,
    /// Octets from the start of the IP header to its first one.
    pub(super) at: usize,
    /// Octets as sent. The capture may hold fewer (snap length) or more (Ethernet padding).
    pub(super) len: usize,
}

/// The part of a datagram that a fragment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fragment {
    /// Identification: what the fragments of one datagram share.
    pub(super) id: u32,
    /// Octets of the datagram's payload before this fragment; a multiple of 8.
    pub(super) offset: usize,
    /// True where another fragment follows.
    pub(super) more: bool,
}

/// Reads the IP header at the start of `octets`, of which `sent_len` were on the wire.
#[inline(always)]
pub(super) fn parse(octets: &[u8], sent_len: usize) -> Result<IpPacket, Stop> {
    match octets.first().map(|first| first >> 4) {
        Some(4) => parse_v4(octets, sent_len),
        Some(6) => parse_v6(octets, sent_len),
        Some(_) => Err(Stop::value(Layer::Ipv4, 0, "the version is neither 4 nor 6")),
        None => Err(Stop::short(Layer::Ipv4, 0, 1, 0)),
    }
}

#[inline(always)]
fn parse_v4(octets: &[u8], sent_len: usize) -> Result<IpPacket, Stop> {
    let header = Ipv4HeaderSlice::from_slice(octets).map_err(|error| match error {
        ipv4::HeaderSliceError::Len(len) => Stop::short(Layer::Ipv4, 0, len.required_len, len.len),
        ipv4::HeaderSliceError::Content(_) => Stop::value(Layer::Ipv4, 0, "IHL is below 5"),
    })?;
    let header_len = header.slice().len();
    let total_len = match usize::from(header.total_len()) {
        // Segmentation offload fills the field in later than the capture looks.
        0 => sent_len,
        len => len,
    };
    let len = total_len
        .checked_sub(header_len)
        .ok_or_else(|| Stop::value(Layer::Ipv4, 0, "the total length is below the header's length"))?;
    let fragment = header.is_fragmenting_payload().then(|| Fragment {
        id: u32::from(header.identification()),
        offset: usize::from(header.fragments_offset().value()) * 8,
        more: header.more_fragments(),
    });
    let payload = IpPayload { protocol: header.protocol().0, at: header_len, len };
    // An authentication header is the one extension IPv4 has; in a fragment it is looked for once the datagram is joined.
    let payload = if payload.protocol == AUTHENTICATION && fragment.is_none() {
        skip_extensions(octets, payload, Layer::Ipv4)?.0
    } else {
        payload
    };
    let [source, destination] = [header.source(), header.destination()].map(|octets| u32::from_be_bytes(octets).into());
    Ok(IpPacket { addresses: Addresses { source, destination, is_v6: false }, payload, fragment })
}

fn parse_v6(octets: &[u8], sent_len: usize) -> Result<IpPacket, Stop> {
    let header = Ipv6HeaderSlice::from_slice(octets).map_err(|error| match error {
        ipv6::HeaderSliceError::Len(len) => Stop::short(Layer::Ipv6, 0, len.required_len, len.len),
        ipv6::HeaderSliceError::Content(_) => Stop::value(Layer::Ipv6, 0, "the version is not 6"),
    })?;
    let len = match usize::from(header.payload_length()) {
        // A jumbogram (RFC 2675), or segmentation offload.
        0 => sent_len.saturating_sub(IPV6_HEADER_LEN),
        len => len,
    };
    let payload = IpPayload { protocol: header.next_header().0, at: IPV6_HEADER_LEN, len };
    let (payload, fragment) = skip_extensions(octets, payload, Layer::Ipv6)?;
    let [source, destination] = [header.source(), header.destination()].map(u128::from_be_bytes);
    Ok(IpPacket { addresses: Addresses { source, destination, is_v6: true }, payload, fragment })
}

/// Walks over extension headers (RFC 8200 §4) to the payload that is none, or to a fragment of it.
///
/// `octets` are what `payload.at` counts from.
pub(super) fn skip_extensions(
    octets: &[u8],
    mut payload: IpPayload,
    layer: Layer,
) -> Result<(IpPayload, Option<Fragment>), Stop> {
    for _ in 0..MAX_EXTENSION_HEADERS {
        if !is_extension(payload.protocol) {
            return Ok((payload, None));
        }
        let at = payload.at;
        let short = |needs| Stop::short(layer, at, needs, octets.len().saturating_sub(at));
        let rest = octets.get(at..).unwrap_or_default();
        let Some([next_header, length, ..]) = rest.first_chunk::<8>().copied() else { return Err(short(8)) };
        let mut fragment = None;
        let header_len = match payload.protocol {
            FRAGMENT => {
                let header = Ipv6FragmentHeaderSlice::from_slice(rest).map_err(|_| short(8))?;
                // A fragment that is the whole datagram is no fragment (RFC 6946).
                fragment = header.is_fragmenting_payload().then(|| Fragment {
                    id: header.identification(),
                    offset: usize::from(header.fragment_offset().value()) * 8,
                    more: header.more_fragments(),
                });
                8
            }
            // RFC 4302 §2.2: in 4-octet units, minus 2.
            AUTHENTICATION => (usize::from(length) + 2) * 4,
            _ => (usize::from(length) + 1) * 8,
        };
        let left = payload
            .len
            .checked_sub(header_len)
            .ok_or_else(|| Stop::value(layer, at, "an extension header is longer than the packet"))?;
        payload = IpPayload { protocol: next_header, at: at + header_len, len: left };
        if fragment.is_some() {
            return Ok((payload, fragment));
        }
    }
    Err(Stop::Unsupported(Unsupported::TooManyHeaders))
}

/// Hop-by-hop options, routing, fragment, authentication, destination options, mobility, HIP, shim6
/// (IANA "IPv6 Extension Header Types", without ESP, whose payload is encrypted, and the experimental ones).
pub(super) fn is_extension(protocol: u8) -> bool {
    matches!(protocol, 0 | 43 | FRAGMENT | AUTHENTICATION | 60 | 135 | 139 | 140)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An IPv4 header; `total_len` and the fragment word as given.
    fn v4(total_len: u16, fragment_word: u16, protocol: u8) -> Vec<u8> {
        let mut header = vec![0x45, 0];
        header.extend(total_len.to_be_bytes());
        header.extend([0x12, 0x34]);
        header.extend(fragment_word.to_be_bytes());
        header.extend([64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        header
    }

    fn v6(payload_len: u16, next_header: u8, rest: &[u8]) -> Vec<u8> {
        let mut header = vec![0x60, 0, 0, 0];
        header.extend(payload_len.to_be_bytes());
        header.extend([next_header, 64]);
        header.extend([0x20; 32]);
        header.extend(rest);
        header
    }

    #[test]
    fn the_ip_length_counts_not_the_captured_one() {
        let payload = |total_len, sent_len| parse(&v4(total_len, 0, TCP), sent_len).map(|ip| ip.payload);
        assert_eq!(payload(60, 1000), Ok(IpPayload { protocol: TCP, at: 20, len: 40 }), "padding is not payload");
        assert_eq!(payload(0, 3020), Ok(IpPayload { protocol: TCP, at: 20, len: 3000 }), "segmentation offload");
        assert!(matches!(payload(19, 60), Err(Stop::Malformed(_))));
        assert_eq!(parse(&v6(0, TCP, &[]), 1040).unwrap().payload.len, 1000);
    }

    #[test]
    fn fragments_are_told() {
        let fragment = |word| parse(&v4(60, word, TCP), 60).unwrap().fragment;
        assert_eq!(fragment(0x4000), None, "don't fragment");
        assert_eq!(fragment(0x2000), Some(Fragment { id: 0x1234, offset: 0, more: true }));
        assert_eq!(fragment(0x0003), Some(Fragment { id: 0x1234, offset: 24, more: false }));
    }

    #[test]
    fn extension_headers_are_skipped() {
        let chain = [
            &[43, 0, 0, 0, 0, 0, 0, 0][..],                     // hop-by-hop, then routing
            &[51, 0, 0, 0, 0, 0, 0, 0],                         // routing, then authentication
            &[60, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], // authentication of 16 octets, then destination
            &[TCP, 0, 0, 0, 0, 0, 0, 0],                        // destination options, then TCP
        ]
        .concat();
        let ip = parse(&v6(60, 0, &chain), 100).unwrap();
        assert_eq!((ip.payload, ip.fragment), (IpPayload { protocol: TCP, at: 80, len: 20 }, None));
    }

    #[test]
    fn the_walk_stops_at_a_fragment() {
        // Behind a later fragment's header stand payload octets that only look like a header.
        let ip = parse(&v6(24, FRAGMENT, &[60, 0, 0, 0x08, 0, 0, 0, 9, 60, 200, 0, 0]), 64).unwrap();
        assert_eq!(ip.fragment, Some(Fragment { id: 9, offset: 8, more: false }));
        assert_eq!(ip.payload, IpPayload { protocol: 60, at: 48, len: 16 });
        let atomic = parse(&v6(28, FRAGMENT, &[TCP, 0, 0, 0, 0, 0, 0, 9]), 68).unwrap();
        assert_eq!((atomic.payload.protocol, atomic.fragment), (TCP, None));
    }

    #[test]
    fn what_does_not_hold_together_says_why() {
        let endless = v6(0xffff, 60, &[60, 0, 0, 0, 0, 0, 0, 0].repeat(40));
        assert_eq!(parse(&endless, 9999), Err(Stop::Unsupported(Unsupported::TooManyHeaders)));
        assert!(matches!(parse(&v6(16, 60, &[6, 4, 0, 0, 0, 0, 0, 0]), 56), Err(Stop::Malformed(_))));
        assert_eq!(parse(&[0x45; 19], 19), Err(Stop::short(Layer::Ipv4, 0, 20, 19)));
        assert_eq!(parse(&v6(8, 60, &[6]), 48), Err(Stop::short(Layer::Ipv6, 40, 8, 1)));
        assert!(matches!(parse(&[0x44; 20], 20), Err(Stop::Malformed(_))));
        assert!(matches!(parse(&[0x20], 1), Err(Stop::Malformed(_))));
    }
}
