//! Link layers: where in a packet the IP header starts.

use super::stop::{Layer, Stop, Unsupported};
use crate::base::LinkType;

/// Tags, labels and other headers between the link header and IP. Real ones stay below five.
const MAX_HEADERS: usize = 8;

const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
/// VLAN tags: IEEE 802.1Q, 802.1ad (QinQ) and what came before it.
const VLAN: [u16; 3] = [0x8100, 0x88a8, 0x9100];
const MPLS: [u16; 2] = [0x8847, 0x8848];
const PPPOE_SESSION: u16 = 0x8864;
/// Up to here the EtherType field is the length of an 802.2 frame (IEEE 802.3 §3.2.6).
const MAX_802_3_LENGTH: u16 = 1500;
/// LLC for SNAP, unnumbered, with the organisation code that makes an EtherType follow (RFC 1042).
const SNAP: [u8; 6] = [0xaa, 0xaa, 0x03, 0, 0, 0];

/// Returns where the IP header starts: octets from the start of the packet.
///
/// The version that EtherType or address family says is not kept: the header repeats it.
#[inline(always)]
pub(super) fn ip_header_at(link: LinkType, octets: &[u8]) -> Result<usize, Stop> {
    // Nearly always.
    if link == LinkType::ETHERNET && matches!(u16_at(octets, 12), Ok(IPV4 | IPV6)) {
        return Ok(14);
    }
    ip_header_behind(link, octets)
}

#[inline(never)]
fn ip_header_behind(link: LinkType, octets: &[u8]) -> Result<usize, Stop> {
    match link {
        LinkType::ETHERNET => after_ether_type(octets, 12, 14),
        LinkType::RAW | LinkType::DLT_RAW_12 | LinkType::DLT_RAW_14 | LinkType::IPV4 | LinkType::IPV6 => Ok(0),
        LinkType::NULL => {
            // The family is in the capturing host's byte order, which nothing tells; all families are below 65,536.
            let family = u32_at(octets, 0)?;
            address_family(if family > 0xffff { family.swap_bytes() } else { family })
        }
        LinkType::LOOP => address_family(u32_at(octets, 0)?),
        LinkType::LINUX_SLL => after_ether_type(octets, 14, 16),
        LinkType::LINUX_SLL2 => after_ether_type(octets, 0, 20),
        LinkType::C_HDLC => after_ether_type(octets, 2, 4),
        LinkType::PPP_ETHER => after_ppp(octets, 6),
        LinkType::PPP | LinkType::PPP_HDLC => {
            // HDLC-like framing puts address and control octets first, unless the peers agreed to leave them out (RFC 1662 §3.1).
            let framed = octets.starts_with(&[0xff, 0x03]);
            after_ppp(octets, if framed { 2 } else { 0 })
        }
        unknown => Err(Stop::Unsupported(Unsupported::LinkType(unknown))),
    }
}

/// The header of a BSD loopback packet is the address family alone: 2 is IPv4 everywhere, IPv6 differs by system
/// (NetBSD and OpenBSD 24, FreeBSD 28, macOS 30, Linux 10).
fn address_family(family: u32) -> Result<usize, Stop> {
    match family {
        2 | 10 | 24 | 28 | 30 => Ok(4),
        _ => Err(Stop::NotTcp),
    }
}

/// Follows the EtherType field at `type_at`, whose payload starts at `payload_at`, through tags to IP.
fn after_ether_type(octets: &[u8], type_at: usize, payload_at: usize) -> Result<usize, Stop> {
    let (mut ether_type, mut at) = (u16_at(octets, type_at)?, payload_at);
    for _ in 0..MAX_HEADERS {
        match ether_type {
            IPV4 | IPV6 => return Ok(at),
            tag if VLAN.contains(&tag) => {
                ether_type = u16_at(octets, at + 2)?;
                at += 4;
            }
            label if MPLS.contains(&label) => return after_mpls(octets, at),
            PPPOE_SESSION => return after_ppp(octets, at + 6),
            0..=MAX_802_3_LENGTH if octets.get(at..).is_some_and(|llc| llc.starts_with(&SNAP)) => {
                ether_type = u16_at(octets, at + 6)?;
                at += 8;
            }
            _ => return Err(Stop::NotTcp),
        }
    }
    Err(Stop::Unsupported(Unsupported::TooManyHeaders))
}

/// Skips MPLS labels (RFC 3032 §2.1). Nothing says what follows the last one; an IP version is the usual guess, and
/// what looks like neither (Ethernet over MPLS) is left alone.
fn after_mpls(octets: &[u8], mut at: usize) -> Result<usize, Stop> {
    for _ in 0..MAX_HEADERS {
        let label = u32_at(octets, at)?;
        at += 4;
        let bottom_of_stack = label & 0x100 != 0;
        if bottom_of_stack {
            let version = octets.get(at).map(|first| first >> 4);
            return if matches!(version, Some(4 | 6)) { Ok(at) } else { Err(Stop::NotTcp) };
        }
    }
    Err(Stop::Unsupported(Unsupported::TooManyHeaders))
}

/// Reads the PPP protocol field (RFC 1661 §2); an odd first octet is a field compressed to one octet (§6.5).
fn after_ppp(octets: &[u8], at: usize) -> Result<usize, Stop> {
    let first = *octets.get(at).ok_or_else(|| short(octets, at, 1))?;
    let (protocol, ip_at) = if first & 1 == 1 { (u16::from(first), at + 1) } else { (u16_at(octets, at)?, at + 2) };
    match protocol {
        0x0021 | 0x0057 => Ok(ip_at),
        _ => Err(Stop::NotTcp),
    }
}

fn short(octets: &[u8], at: usize, len: usize) -> Stop {
    Stop::short(Layer::Link, 0, at + len, octets.len())
}

#[inline(always)]
fn u16_at(octets: &[u8], at: usize) -> Result<u16, Stop> {
    let field = octets.get(at..).and_then(|rest| rest.first_chunk());
    field.map(|field| u16::from_be_bytes(*field)).ok_or_else(|| short(octets, at, 2))
}

fn u32_at(octets: &[u8], at: usize) -> Result<u32, Stop> {
    let field = octets.get(at..).and_then(|rest| rest.first_chunk());
    field.map(|field| u32::from_be_bytes(*field)).ok_or_else(|| short(octets, at, 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Octets from hexadecimal text with spaces.
    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u32> = text.chars().filter_map(|digit| digit.to_digit(16)).collect();
        digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect()
    }

    const MACS: &str = "ffffffffffff 020000000001";

    #[test]
    fn ip_is_found_behind_every_link_header() {
        let ethernet = |rest: &str| hex(&format!("{MACS} {rest} 45"));
        let sll = "0000 0304 0006 000000000000 0000";
        for (name, link, octets) in [
            ("plain", LinkType::ETHERNET, ethernet("0800")),
            ("IPv6", LinkType::ETHERNET, ethernet("86dd")),
            ("802.1Q", LinkType::ETHERNET, ethernet("8100 0064 0800")),
            ("QinQ", LinkType::ETHERNET, ethernet("88a8 0064 8100 0001 86dd")),
            ("old QinQ", LinkType::ETHERNET, ethernet("9100 0064 8100 0001 0800")),
            ("SNAP", LinkType::ETHERNET, ethernet("0030 aaaa03 000000 0800")),
            ("MPLS, two labels", LinkType::ETHERNET, ethernet("8847 00010040 00020140")),
            ("VLAN, PPPoE", LinkType::ETHERNET, ethernet("8100 0001 8864 1100 0001 0020 0021")),
            ("raw", LinkType::RAW, hex("45")),
            ("null, little endian", LinkType::NULL, hex("02000000 45")),
            ("null, big endian, macOS IPv6", LinkType::NULL, hex("0000001e 60")),
            ("loop, OpenBSD IPv6", LinkType::LOOP, hex("00000018 60")),
            ("cooked on lo", LinkType::LINUX_SLL, hex(&format!("{sll} 0800 45"))),
            ("cooked with VLAN", LinkType::LINUX_SLL, hex(&format!("{sll} 8100 0064 86dd 60"))),
            ("cooked v2", LinkType::LINUX_SLL2, hex("0800 0000 00000001 0304 00 06 0000000000000000 45")),
            ("Cisco HDLC", LinkType::C_HDLC, hex("0f00 0800 45")),
            ("PPPoE session", LinkType::PPP_ETHER, hex("1100 0001 0020 0021 45")),
            ("PPP", LinkType::PPP, hex("0021 45")),
            ("PPP framed", LinkType::PPP, hex("ff03 0057 60")),
            ("PPP compressed", LinkType::PPP, hex("21 45")),
        ] {
            assert_eq!(ip_header_at(link, &octets), Ok(octets.len() - 1), "{name}");
        }
    }

    #[test]
    fn other_protocols_are_not_tcp() {
        for (link, octets) in [
            (LinkType::ETHERNET, hex(&format!("{MACS} 0806 0001"))),
            (LinkType::ETHERNET, hex(&format!("{MACS} 0026 424203 0000"))),
            (LinkType::ETHERNET, hex(&format!("{MACS} 8847 00010140 00"))),
            (LinkType::NULL, hex("07000000")),
            (LinkType::PPP, hex("c021 01")),
        ] {
            assert_eq!(ip_header_at(link, &octets), Err(Stop::NotTcp), "{octets:x?}");
        }
    }

    #[test]
    fn endless_tags_and_unknown_links_are_unsupported() {
        let tags = hex(&format!("{MACS} {}", "8100 0001".repeat(20)));
        let labels = hex(&format!("{MACS} 8847 {}", "00010040".repeat(20)));
        let too_many = Err(Stop::Unsupported(Unsupported::TooManyHeaders));
        assert_eq!(ip_header_at(LinkType::ETHERNET, &tags), too_many);
        assert_eq!(ip_header_at(LinkType::ETHERNET, &labels), too_many);
        let unknown = Err(Stop::Unsupported(Unsupported::LinkType(LinkType(147))));
        assert_eq!(ip_header_at(LinkType(147), &[]), unknown);
    }

    #[test]
    fn short_headers_say_what_they_need() {
        let short = |needs, has| Err(Stop::short(Layer::Link, 0, needs, has));
        assert_eq!(ip_header_at(LinkType::ETHERNET, &[0; 13]), short(14, 13));
        assert_eq!(ip_header_at(LinkType::ETHERNET, &hex(&format!("{MACS} 8100 00"))), short(18, 15));
        assert_eq!(ip_header_at(LinkType::PPP, &[]), short(1, 0));
    }
}
