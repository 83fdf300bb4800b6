//! Writes pcapng: the blocks of a live capture (draft-ietf-opsawg-pcapng §4).
//!
//! ```text
//!   section · interface · packet · packet · … · statistics
//! ```
//!
//! Little-endian, one section, one interface, nanoseconds. Sections can follow one another, so captures can be joined with
//! `cat`.

use super::report::Statistics;
use crate::base::{LinkType, Timestamp};

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const STATISTICS: u32 = 5;
const PACKET: u32 = 6;

/// Options (§3.5, §4.1, §4.2, §4.6).
mod option {
    pub const END: u16 = 0;
    pub const SHB_USERAPPL: u16 = 4;
    pub const IF_NAME: u16 = 2;
    pub const IF_TSRESOL: u16 = 9;
    pub const IF_FILTER: u16 = 11;
    pub const ISB_STARTTIME: u16 = 2;
    pub const ISB_ENDTIME: u16 = 3;
    pub const ISB_IFRECV: u16 = 4;
    pub const ISB_IFDROP: u16 = 5;
    pub const ISB_OSDROP: u16 = 7;
    pub const ISB_USRDELIV: u16 = 8;
}

/// The description of its interface that a capture carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Its name.
    pub name: String,
    /// The capture filter; empty for none.
    pub filter: String,
    /// The kind of header that its packets begin with.
    pub link_type: LinkType,
    /// The most octets of a packet that are captured.
    pub snap_len: u32,
}

/// Appends a section header and the description of its one interface.
pub fn write_head(out: &mut Vec<u8>, interface: &Described) {
    block(out, SECTION, |out| {
        words(out, &[0x1a2b_3c4d]);
        out.extend([1, 0, 0, 0]);
        // The length is not known while packets come.
        words(out, &[u32::MAX, u32::MAX]);
        option(out, option::SHB_USERAPPL, concat!("Framescope ", env!("CARGO_PKG_VERSION")).as_bytes());
        option(out, option::END, &[]);
    });
    block(out, INTERFACE, |out| {
        out.extend(interface.link_type.0.to_le_bytes());
        out.extend([0, 0]);
        words(out, &[interface.snap_len]);
        option(out, option::IF_NAME, interface.name.as_bytes());
        if !interface.filter.is_empty() {
            // 0: a filter as libpcap reads it.
            option(out, option::IF_FILTER, &[&[0], interface.filter.as_bytes()].concat());
        }
        option(out, option::IF_TSRESOL, &[9]);
        option(out, option::END, &[]);
    });
}

/// Appends a packet, of which `octets` were captured and `original_len` were on the wire.
pub fn write_packet(out: &mut Vec<u8>, time: Timestamp, original_len: u32, octets: &[u8]) {
    block(out, PACKET, |out| {
        let [high, low] = halves(time.nanoseconds());
        words(out, &[0, high, low, u32::try_from(octets.len()).unwrap_or(u32::MAX), original_len]);
        out.extend_from_slice(octets);
        pad(out, octets.len());
    });
}

/// Appends what the system counted from `start` to `end`.
pub fn write_statistics(out: &mut Vec<u8>, start: Timestamp, end: Timestamp, statistics: &Statistics) {
    let number = |out: &mut Vec<u8>, code, number: u64| option(out, code, &number.to_le_bytes());
    let time = |out: &mut Vec<u8>, code, time: Timestamp| {
        let octets: Vec<u8> = halves(time.nanoseconds()).iter().flat_map(|half| half.to_le_bytes()).collect();
        option(out, code, &octets);
    };
    block(out, STATISTICS, |out| {
        let [high, low] = halves(end.nanoseconds());
        words(out, &[0, high, low]);
        time(out, option::ISB_STARTTIME, start);
        time(out, option::ISB_ENDTIME, end);
        number(out, option::ISB_IFRECV, statistics.packets + statistics.dropped + statistics.dropped_by_card);
        number(out, option::ISB_IFDROP, statistics.dropped_by_card);
        number(out, option::ISB_OSDROP, statistics.dropped);
        number(out, option::ISB_USRDELIV, statistics.packets);
        option(out, option::END, &[]);
    });
}

/// Returns how many of `blocks` are in its first `len` octets, whole: their octets.
pub fn whole_blocks(blocks: &[u8], len: usize) -> usize {
    let mut whole = 0;
    while let Some(field) = blocks.get(whole + 4..whole + 8).and_then(|field| <[u8; 4]>::try_from(field).ok()) {
        let next = whole.saturating_add(u32::from_le_bytes(field) as usize);
        if next > len || next == whole {
            break;
        }
        whole = next;
    }
    whole
}

/// Returns how many packets whole blocks hold, and how many octets those have.
pub fn packets_in(mut blocks: &[u8]) -> (u64, u64) {
    let word = |octets: &[u8], at: usize| {
        octets.get(at..at + 4).and_then(|word| word.try_into().ok()).map_or(0, u32::from_le_bytes)
    };
    let (mut packets, mut octets) = (0, 0);
    while !blocks.is_empty() {
        if word(blocks, 0) == PACKET {
            (packets, octets) = (packets + 1, octets + u64::from(word(blocks, 20)));
        }
        // No block has fewer octets than its two lengths and its type.
        blocks = blocks.get((word(blocks, 4) as usize).max(12)..).unwrap_or_default();
    }
    (packets, octets)
}

/// The upper and the lower half of a time.
fn halves(nanoseconds: u64) -> [u32; 2] {
    [(nanoseconds >> 32) as u32, nanoseconds as u32]
}

fn words(out: &mut Vec<u8>, words: &[u32]) {
    out.extend(words.iter().flat_map(|word| word.to_le_bytes()));
}

fn pad(out: &mut Vec<u8>, len: usize) {
    out.extend(std::iter::repeat_n(0, len.next_multiple_of(4) - len));
}

/// A value of 64 KiB or more cannot be told; it is cut.
fn option(out: &mut Vec<u8>, code: u16, value: &[u8]) {
    let len = u16::try_from(value.len()).unwrap_or(u16::MAX);
    out.extend(code.to_le_bytes());
    out.extend(len.to_le_bytes());
    out.extend_from_slice(&value[..usize::from(len)]);
    pad(out, usize::from(len));
}

fn block(out: &mut Vec<u8>, kind: u32, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    words(out, &[kind, 0]);
    body(out);
    // The largest packet has 256 KiB.
    let len = u32::try_from(out.len() - start + 4).unwrap_or(u32::MAX).to_le_bytes();
    out.extend(len);
    out[start + 4..start + 8].copy_from_slice(&len);
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::read;
    use super::*;

    fn described() -> Described {
        Described {
            name: "veth0".to_owned(),
            filter: "tcp port 80".to_owned(),
            link_type: LinkType::ETHERNET,
            snap_len: 262_144,
        }
    }

    #[test]
    fn the_reader_reads_what_is_written() {
        let mut out = Vec::new();
        write_head(&mut out, &described());
        for (time, octets) in [(1_700_000_000_123_456_789, &b"first"[..]), (1_700_000_001_000_000_000, b"second!!")] {
            write_packet(&mut out, Timestamp(time), 1500, octets);
        }
        let statistics = Statistics { packets: 2, dropped: 3, ..Statistics::default() };
        write_statistics(&mut out, Timestamp(1), Timestamp(2), &statistics);
        // Captures can be joined.
        let twice = read(&[&out[..], &out[..]].concat()).unwrap();
        assert_eq!((twice.packets.len(), twice.damage()), (4, String::new()));
        let (packet, octets) = &twice.packets[2];
        assert_eq!(octets, b"first");
        assert_eq!((packet.reference.time, packet.original_len), (Timestamp(1_700_000_000_123_456_789), 1500));
        assert_eq!(packet.link_type, LinkType::ETHERNET);
    }

    #[test]
    fn the_whole_blocks_of_a_part() {
        let mut out = Vec::new();
        write_packet(&mut out, Timestamp(1), 5, b"first");
        let first = out.len();
        write_packet(&mut out, Timestamp(2), 5, b"again");
        let cuts = [0, first - 1, first, first + 1, out.len() - 1, out.len()];
        assert_eq!(cuts.map(|len| whole_blocks(&out, len)), [0, 0, first, first, first, out.len()]);
        assert_eq!(whole_blocks(&[0; 40], 40), 0);
        write_head(&mut out, &described());
        assert_eq!((packets_in(&out), packets_in(&[]), packets_in(&[0; 5])), ((2, 10), (0, 0), (0, 0)));
    }
}
