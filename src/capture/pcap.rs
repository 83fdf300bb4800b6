//! pcap: one header, then one record after another (draft-ietf-opsawg-pcap).
//!
//! ```text
//!   file header    magic · version 2.4 · time zone · accuracy · snapshot length · network          6 × 4 octets
//!   record         seconds · fraction · captured length · original length · octets                 4 × 4 octets + octets
//! ```

use super::byte_order::ByteOrder;
use super::clock::Clock;
use super::damage::Flaw;
use super::interface::Interface;
use super::record::{MAX_CAPTURED, Parsed, RecordInfo};
use crate::base::{LinkType, Span, Timestamp};

/// The variant of the format that a magic number stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Variant {
    order: ByteOrder,
    /// Nanoseconds in one unit of a record's fraction field.
    fraction: u64,
    file_header: usize,
    record_header: usize,
}

impl Variant {
    fn recognise(octets: &[u8]) -> Option<Variant> {
        let magic = *octets.first_chunk()?;
        let [little, big] = [u32::from_le_bytes(magic), u32::from_be_bytes(magic)];
        Variant::of(little, ByteOrder::Little).or_else(|| Variant::of(big, ByteOrder::Big))
    }

    fn of(magic: u32, order: ByteOrder) -> Option<Variant> {
        let (fraction, file_header, record_header) = match magic {
            0xa1b2_c3d4 => (1_000, 24, 16),
            0xa1b2_3c4d => (1, 24, 16),
            // Alexey Kuznetzov's patch of 1999: interface index, protocol and packet type behind the four fields.
            0xa1b2_cd34 => (1_000, 24, 24),
            // Ixia "lcap", hardware and software: the size of all records behind the header
            // (https://gitlab.com/wireshark/wireshark/-/issues/14073).
            0x1c00_01ac => (1, 28, 16),
            0x1c00_01ab => (1_000, 28, 16),
            _ => return None,
        };
        Some(Variant { order, fraction, file_header, record_header })
    }
}

/// Returns whether a file that starts with `octets` is a pcap file. Four octets tell.
pub(super) fn is_pcap(octets: &[u8]) -> bool {
    Variant::recognise(octets).is_some()
}

/// All that is needed to read any record of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileHeader {
    variant: Variant,
    interface: Interface,
}

impl FileHeader {
    /// The octets of the file header that a file with these first octets has; 4 until the magic number is there.
    pub fn len(octets: &[u8]) -> usize {
        Variant::recognise(octets).map_or(4, |variant| variant.file_header)
    }

    /// Reads the file header; `None` where it is not whole.
    pub fn parse(octets: &[u8]) -> Option<FileHeader> {
        let variant = Variant::recognise(octets)?;
        let header = octets.get(..variant.file_header)?;
        let snap_len = variant.order.u32(header, 16)?;
        // The upper half of the field tells about the frame check sequence, which net finds by itself: it is behind the
        // length that IP tells.
        let network = variant.order.u32(header, 20)?;
        let link_type = LinkType((network & 0xffff) as u16);
        let interface = Interface { link_type, snap_len, name: String::new(), clock: Clock::default() };
        Some(FileHeader { variant, interface })
    }

    /// The file's one interface.
    pub fn interface(&self) -> &Interface {
        &self.interface
    }

    /// The record at file offset `at`, which starts with `octets`.
    #[inline]
    pub fn step(&self, at: u64, octets: &[u8]) -> Parsed {
        let Some(info) = self.info(at, octets) else {
            return Parsed::Need(self.variant.record_header);
        };
        let captured = info.span.len;
        if !(1..=MAX_CAPTURED).contains(&captured)
            && let Some(flaw) = flaw(&info)
        {
            return Parsed::Damaged(flaw);
        }
        // The snapshot length of the file header is not asked: it is 0 or too small in too many files.
        let len = self.variant.record_header + captured as usize;
        if octets.len() < len { Parsed::Need(len) } else { Parsed::Packet(info, len) }
    }

    /// Says what is not whole where the file ends after `there` of a record's `wanted` octets.
    pub fn cut(&self, there: u64, wanted: u64, packet: u64) -> String {
        let header = self.variant.record_header as u64;
        match (there.checked_sub(header), wanted.saturating_sub(header)) {
            (Some(there), wanted) => format!("the capture ends inside packet {packet}: {there} of {wanted} octets"),
            (None, _) => {
                format!("the capture ends inside the record header of packet {packet}: {there} of {header} octets")
            }
        }
    }

    /// Reads the record at file offset `at`, which starts with `octets`; `None` where its header is not whole.
    #[inline]
    pub fn info(&self, at: u64, octets: &[u8]) -> Option<RecordInfo> {
        let Variant { order, fraction, record_header, .. } = self.variant;
        let header = octets.get(..record_header)?.first_chunk()?;
        let [seconds, fractions, captured, original_len] = order.four_u32(header);
        // 2^32 seconds and 2^32 microseconds are less than 2^63 nanoseconds.
        let time = u64::from(seconds) * 1_000_000_000 + u64::from(fractions) * fraction;
        Some(RecordInfo {
            time: Some(Timestamp(time)),
            span: Span::new(at.saturating_add(record_header as u64), captured),
            original_len,
            link_type: self.interface.link_type,
            interface: 0,
        })
    }
}

/// Says what cannot be in a record that claims no octets, or very many. A packet may have been cut to nothing; one that had
/// no octets on the wire, at no time, is a part of a file that was never written.
#[cold]
fn flaw(info: &RecordInfo) -> Option<Flaw> {
    match info.span.len {
        0 => (info.original_len == 0 && info.time == Some(Timestamp(0))).then_some(Flaw::NothingButZeros),
        captured => Some(Flaw::PacketTooLarge(captured)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(order: ByteOrder, words: &[u32]) -> Vec<u8> {
        let octets = |word: &u32| match order {
            ByteOrder::Little => word.to_le_bytes(),
            ByteOrder::Big => word.to_be_bytes(),
        };
        words.iter().flat_map(octets).collect()
    }

    fn header(order: ByteOrder, magic: u32, network: u32) -> FileHeader {
        let version = if order == ByteOrder::Little { 0x0004_0002 } else { 0x0002_0004 };
        FileHeader::parse(&words(order, &[magic, version, 0, 0, 65_535, network, 0])).unwrap()
    }

    #[test]
    fn every_magic_number_in_both_orders() {
        for order in [ByteOrder::Little, ByteOrder::Big] {
            for (magic, fraction, record_header) in [
                (0xa1b2_c3d4, 1_000, 16),
                (0xa1b2_3c4d, 1, 16),
                (0xa1b2_cd34, 1_000, 24),
                (0x1c00_01ac, 1, 16),
                (0x1c00_01ab, 1_000, 16),
            ] {
                let header = header(order, magic, 1);
                assert_eq!(header.interface().link_type, LinkType::ETHERNET);
                assert_eq!(header.interface().snap_len, 65_535);
                let mut record = words(order, &[1_700_000_000, 999_999, 3, 60, 0, 0]);
                record.truncate(record_header);
                record.extend(b"abc");
                let info = RecordInfo {
                    time: Some(Timestamp(1_700_000_000_000_000_000 + 999_999 * fraction)),
                    span: Span::new(100 + record_header as u64, 3),
                    original_len: 60,
                    link_type: LinkType::ETHERNET,
                    interface: 0,
                };
                assert_eq!(header.step(100, &record), Parsed::Packet(info, record_header + 3));
                assert_eq!(header.step(100, &record[..record_header + 1]), Parsed::Need(record_header + 3));
                assert_eq!(header.step(100, &record[..9]), Parsed::Need(record_header));
            }
        }
    }

    #[test]
    fn the_upper_half_of_the_network_field_is_no_link_type() {
        assert_eq!(header(ByteOrder::Big, 0xa1b2_c3d4, 0x2400_0071).interface().link_type, LinkType::LINUX_SLL);
    }

    #[test]
    fn lengths_that_nobody_believes() {
        let header = header(ByteOrder::Little, 0xa1b2_c3d4, 1);
        let record = words(ByteOrder::Little, &[0, 0, MAX_CAPTURED + 1, 60]);
        assert!(matches!(header.step(24, &record), Parsed::Damaged(_)));
        // More captured than there was: some writers pad.
        let record = words(ByteOrder::Little, &[0, 0, 4, 2, 0]);
        assert!(matches!(header.step(24, &record), Parsed::Packet(info, 20) if info.original_len == 2));
        // No moment overflows.
        let record = words(ByteOrder::Little, &[u32::MAX; 4]);
        assert_eq!(header.info(u64::MAX, &record).unwrap().time, Some(Timestamp(4_294_971_589_967_295_000)));
    }

    #[test]
    fn a_header_that_is_not_whole() {
        assert_eq!(FileHeader::len(&[0xd4, 0xc3]), 4);
        assert_eq!(FileHeader::len(&[0xd4, 0xc3, 0xb2, 0xa1, 2]), 24);
        assert_eq!(FileHeader::parse(&[0xd4, 0xc3, 0xb2, 0xa1, 2]), None);
        assert!(!is_pcap(b"PK\x03\x04"));
    }
}
