//! Plain packets, which nearly all are: IPv4 without options, not fragmented, and TCP.
//!
//! The general way through [`super::ip`] and the TCP header answers every packet, and takes four times as long, which is
//! a quarter of all the time that a packet takes. Whatever is not plain goes there, wrong lengths above all.

use super::TcpFlags;
use super::decoder::TcpHeader;
use super::ip::{self, Addresses};
use super::recent_flows::Key;

/// IPv4 with a header of 20 octets (RFC 791 §3.1): version and IHL.
const VERSION_4_IHL_5: u8 = 0x45;
/// "More fragments" and the fragment offset.
const FRAGMENT: u16 = 0x3fff;

/// The headers and the payload of a plain packet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plain<'a> {
    pub(super) addresses: Addresses,
    pub(super) header: TcpHeader,
    pub(super) payload: Payload<'a>,
    /// Addresses and ports, packed.
    pub(super) way: Key,
}

/// The octets behind both headers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Payload<'a> {
    /// Octets from the start of the IP header.
    pub(super) at: usize,
    /// Octets as sent, by the IP length.
    pub(super) sent_len: usize,
    /// The ones of them that the capture holds.
    pub(super) captured: &'a [u8],
}

impl<'a> Plain<'a> {
    /// Reads a packet that starts with its IP header; `None` where it is not plain, or its headers are not whole.
    #[inline(always)]
    pub(super) fn parse(octets: &'a [u8]) -> Option<Plain<'a>> {
        let head: &[u8; 40] = octets.first_chunk()?;
        let u16_at = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
        let u32_at = |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        if head[0] != VERSION_4_IHL_5 || head[9] != ip::TCP || u16_at(6) & FRAGMENT != 0 {
            return None;
        }
        let total_len = usize::from(u16_at(2));
        let len = usize::from(head[32] >> 4) * 4;
        let at = 20 + len;
        if len < 20 || total_len < at {
            return None;
        }
        // What stands behind the total length is Ethernet's padding.
        let captured = octets.get(at..total_len.min(octets.len()))?;
        let flags = TcpFlags(head[33]);
        Some(Plain {
            addresses: Addresses { source: u32_at(12).into(), destination: u32_at(16).into(), is_v6: false },
            header: TcpHeader {
                ports: [u16_at(20), u16_at(22)],
                seq: u32_at(24),
                ack: flags.ack().then(|| u32_at(28)),
                flags,
                len,
            },
            payload: Payload { at, sent_len: total_len - at, captured },
            way: Key::of_headers(
                [head[12], head[13], head[14], head[15], head[16], head[17], head[18], head[19]],
                [head[20], head[21], head[22], head[23]],
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Octets in which the fields that matter are now plain, now not.
    fn packets() -> impl Strategy<Value = Vec<u8>> {
        let first = prop_oneof![9 => Just(0x45), 1 => any::<u8>()];
        let total_len = prop_oneof![9 => 38..70u16, 1 => any::<u16>()];
        let fragment = prop_oneof![9 => prop_oneof![Just(0), Just(0x4000)], 1 => any::<u16>()];
        let protocol = prop_oneof![9 => Just(ip::TCP), 1 => any::<u8>()];
        let offset = prop_oneof![9 => 4..8u8, 1 => 0..16u8];
        let rest = prop::collection::vec(any::<u8>(), 64);
        (first, total_len, fragment, protocol, offset, rest, 0..65usize).prop_map(
            |(first, total_len, fragment, protocol, offset, mut octets, captured)| {
                octets[0] = first;
                octets[2..4].copy_from_slice(&total_len.to_be_bytes());
                octets[6..8].copy_from_slice(&fragment.to_be_bytes());
                octets[9] = protocol;
                octets[32] = offset << 4;
                octets.truncate(captured);
                octets
            },
        )
    }

    proptest! {
        /// A plain packet says the same as it says in the general way.
        #[test]
        fn agrees_with_the_general_way(octets in packets()) {
            let Some(Plain { addresses, header, payload, .. }) = Plain::parse(&octets) else { return Ok(()) };
            let ip = ip::parse(&octets, octets.len()).unwrap();
            prop_assert_eq!((ip.addresses, ip.payload.protocol, ip.fragment), (addresses, ip::TCP, None));
            let sent_len = ip.payload.len;
            let captured = &octets[ip.payload.at..(ip.payload.at + sent_len).min(octets.len())];
            let general = TcpHeader::parse(captured, sent_len).unwrap();
            prop_assert_eq!(
                (general.ports, general.seq, general.ack, general.flags, general.len),
                (header.ports, header.seq, header.ack, header.flags, header.len)
            );
            prop_assert_eq!(ip.payload.at + general.len, payload.at);
            prop_assert_eq!(sent_len - general.len, payload.sent_len);
            prop_assert_eq!(&captured[general.len..], payload.captured);
        }
    }

    #[test]
    fn most_packets_are_plain() {
        let mut octets = [0; 44];
        (octets[0], octets[3], octets[9], octets[32]) = (0x45, 41, ip::TCP, 0x50);
        let plain = Plain::parse(&octets).unwrap();
        assert_eq!((plain.payload.sent_len, plain.payload.captured.len()), (1, 1), "padding is not payload");
        for (at, value) in [(0, 0x46), (3, 39), (6, 0x20), (7, 1), (9, 17), (32, 0x40)] {
            let mut other = octets;
            other[at] = value;
            assert!(Plain::parse(&other).is_none(), "octet {at}");
        }
        assert!(Plain::parse(&octets[..39]).is_none());
    }
}
