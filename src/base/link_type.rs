//! Link types: the kind of header that a packet begins with.

use std::fmt;

/// A LINKTYPE_ value (<https://www.tcpdump.org/linktypes.html>): it tells what header a captured packet starts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkType(pub u16);

macro_rules! link_types {
    ($($constant:ident = $value:literal, $name:literal;)*) => {
        impl LinkType {
            $(#[doc = $name] pub const $constant: LinkType = LinkType($value);)*

            /// The name that people know it by; `"unknown"` for what is not in this table.
            pub fn name(self) -> &'static str {
                match self.0 {
                    $($value => $name,)*
                    _ => "unknown",
                }
            }
        }
    };
}

// The first block is what `net` may look into; the second is only named, so that "no WebSocket found" can say why.
link_types! {
    NULL = 0, "BSD loopback";
    ETHERNET = 1, "Ethernet";
    PPP = 9, "PPP";
    DLT_RAW_12 = 12, "raw IP";
    DLT_RAW_14 = 14, "raw IP";
    PPP_HDLC = 50, "PPP in HDLC framing";
    RAW = 101, "raw IP";
    LOOP = 108, "OpenBSD loopback";
    LINUX_SLL = 113, "Linux cooked v1";
    IPV4 = 228, "IPv4";
    IPV6 = 229, "IPv6";
    LINUX_SLL2 = 276, "Linux cooked v2";

    TOKEN_RING = 6, "Token Ring";
    FDDI = 10, "FDDI";
    PPP_ETHER = 51, "PPPoE session";
    C_HDLC = 104, "Cisco HDLC";
    IEEE802_11 = 105, "IEEE 802.11 (Wi-Fi)";
    FRELAY = 107, "Frame Relay";
    PFLOG = 117, "OpenBSD pflog";
    IEEE802_11_PRISM = 119, "IEEE 802.11 with Prism header";
    IEEE802_11_RADIOTAP = 127, "IEEE 802.11 with radiotap header";
    IEEE802_11_AVS = 163, "IEEE 802.11 with AVS header";
    USER0 = 147, "private use 0";
    USER15 = 162, "private use 15";
    PPI = 192, "Per-Packet Information";
    BLUETOOTH_HCI_H4 = 187, "Bluetooth HCI";
    USB_LINUX = 189, "USB with Linux header";
    BLUETOOTH_HCI_H4_WITH_PHDR = 201, "Bluetooth HCI with direction";
    USB_LINUX_MMAPPED = 220, "USB with padded Linux header";
    CAN_SOCKETCAN = 227, "CAN";
    NFLOG = 239, "Linux netfilter log";
    NETANALYZER = 240, "netANALYZER";
    IPNET = 226, "Solaris IPNET";
    USBPCAP = 249, "USBPcap";
    RTAC_SERIAL = 250, "RTAC serial";
    UPPER_PDU = 252, "Wireshark upper PDU";
    NETLINK = 253, "Linux netlink";
    PKTAP = 258, "Apple pktap";
    BLUETOOTH_LINUX_MONITOR = 254, "Bluetooth Linux monitor";
    VSOCK = 271, "Linux vsock";
}

/// The name and the value: `Ethernet (1)`.
impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_a_name() {
        assert_eq!(LinkType::ETHERNET.name(), "Ethernet");
        assert_eq!(LinkType::LINUX_SLL2.to_string(), "Linux cooked v2 (276)");
        assert_eq!(LinkType(65_535).to_string(), "unknown (65535)");
    }
}
