//! pcapng: blocks, one behind another (draft-ietf-opsawg-pcapng).
//!
//! ```text
//!   block          type · length · body · length again                       lengths in octets, multiples of 4
//!   section        byte order, version; interfaces count from 0 again        0x0a0d0d0a
//!   interface      link type, snapshot length, clock                         1
//!   packet         enhanced (6): interface, time, lengths, octets
//!                  simple (3): original length, octets                       of interface 0, without a time
//!                  obsolete (2): interface, drops, time, lengths, octets
//!   anything else  skipped by its length
//! ```

use super::byte_order::ByteOrder;
use super::interface::Interface;
use super::record::{MAX_CAPTURED, Parsed, RecordInfo};
use crate::base::Span;

/// Block types (draft-ietf-opsawg-pcapng §4, appendix A).
mod kind {
    pub const SECTION: u32 = 0x0a0d_0d0a;
    pub const INTERFACE: u32 = 1;
    pub const OBSOLETE_PACKET: u32 = 2;
    pub const SIMPLE_PACKET: u32 = 3;
    pub const ENHANCED_PACKET: u32 = 6;
}

/// The largest block that is read as a whole: a packet and 1 MiB of options. Blocks that are skipped may have any size.
const MAX_BLOCK: u32 = MAX_CAPTURED + (1 << 20);
/// Sections and interfaces of one file, so that a file of nothing else does not fill the memory.
const MAX_SECTIONS: usize = 1 << 16;
const MAX_INTERFACES: usize = 1 << 16;

/// Octets at the start of a block that say all about a packet.
pub(super) const PACKET_HEAD: usize = 28;

/// All that is needed to read any packet of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sections {
    sections: Vec<Section>,
    /// Those of all sections, one section behind another.
    interfaces: Vec<Interface>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Section {
    /// Where it starts: file offset in octets.
    at: u64,
    order: ByteOrder,
    /// Where its interfaces start in the common list.
    first_interface: usize,
}

/// Type and length of a block.
#[derive(Clone, Copy)]
struct Head {
    kind: u32,
    len: u32,
    order: ByteOrder,
}

/// Whether a file that starts with `octets` is a pcapng file. Four octets tell.
pub(super) fn is_pcapng(octets: &[u8]) -> bool {
    octets.starts_with(&kind::SECTION.to_be_bytes())
}

impl Sections {
    /// The interfaces of all sections.
    pub fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    /// The block at file offset `at`, behind all that was learnt, which starts with `octets`.
    #[inline]
    pub fn step(&self, at: u64, octets: &[u8]) -> Parsed {
        let head = match self.head(octets) {
            Ok(head) => head,
            Err(parsed) => return parsed,
        };
        let len = head.len as usize;
        if head.len < 12 || head.len % 4 != 0 {
            return Parsed::Damaged(format!(
                "a block {len} octets long, which must be a multiple of 4 and at least 12"
            ));
        }
        let reads = head.is_packet() || matches!(head.kind, kind::SECTION | kind::INTERFACE);
        if !reads {
            return match octets.get(4..8).and_then(|length| length.try_into().ok()) {
                Some(trailer) => Parsed::Other { len: head.len, trailer },
                None => Parsed::Need(8),
            };
        }
        if head.len > MAX_BLOCK {
            return Parsed::Damaged(format!("{} of {len} octets, more than any capture holds", head.name()));
        }
        let Some(block) = octets.get(..len) else {
            return Parsed::Need(len);
        };
        if block[4..8] != block[len - 4..] {
            let again = head.order.u32(block, len - 4).unwrap_or_default();
            return Parsed::Damaged(format!("{} is {len} octets long, its end says {again}", head.name()));
        }
        if !head.is_packet() {
            return Parsed::Description(len);
        }
        match self.packet(self.sections.len().wrapping_sub(1), at, head, block) {
            Ok(info) => Parsed::Packet(info, len),
            Err(what) => Parsed::Damaged(what),
        }
    }

    /// The packet in the block at file offset `at`, in a section passed before, which starts with `octets`.
    pub fn info(&self, at: u64, octets: &[u8]) -> Option<RecordInfo> {
        let section = self.sections.partition_point(|section| section.at <= at).checked_sub(1)?;
        let order = self.sections.get(section)?.order;
        let head = Head { kind: order.u32(octets, 0)?, len: order.u32(octets, 4)?, order };
        if !head.is_packet() {
            return None;
        }
        self.packet(section, at, head, octets).ok()
    }

    /// Learns from a whole section header or interface description at file offset `at`.
    pub fn learn(&mut self, at: u64, block: &[u8]) -> Result<(), String> {
        let Ok(head) = self.head(block) else {
            return Err("a block without a head".into());
        };
        if head.kind == kind::SECTION {
            // The section's length is not asked: it is -1 in most files and wrong in some.
            match head.order.u16(block, 12) {
                Some(1) if block.len() >= 28 => {}
                Some(1) => return Err(format!("a section header of {} octets, which takes 28 at least", block.len())),
                major => return Err(format!("a section of pcapng version {}; only 1 is known", major.unwrap_or(0))),
            }
            if self.sections.len() == MAX_SECTIONS {
                return Err(format!("more than {MAX_SECTIONS} sections"));
            }
            self.sections.push(Section { at, order: head.order, first_interface: self.interfaces.len() });
        } else {
            if self.interfaces.len() == MAX_INTERFACES {
                return Err(format!("more than {MAX_INTERFACES} interfaces"));
            }
            self.interfaces.push(Interface::parse(head.order, block)?);
        }
        Ok(())
    }

    /// Says what is not whole where the file ends after `octets`, which has `there` of `wanted` octets.
    pub fn cut(&self, octets: &[u8], there: u64, wanted: u64, packet: u64) -> String {
        match self.head(octets) {
            Ok(head) if head.is_packet() => {
                format!("the capture ends inside packet {packet}: {there} of its block's {wanted} octets")
            }
            Ok(head) => format!("the capture ends inside {}: {there} of {wanted} octets", head.name()),
            Err(_) => format!("the capture ends inside the head of a block: {there} of {wanted} octets"),
        }
    }

    /// The head of the next block: what more it needs, or what is wrong with it, otherwise.
    #[inline]
    fn head(&self, octets: &[u8]) -> Result<Head, Parsed> {
        let order = if is_pcapng(octets) {
            match octets.get(8..12) {
                Some([0x4d, 0x3c, 0x2b, 0x1a]) => ByteOrder::Little,
                Some([0x1a, 0x2b, 0x3c, 0x4d]) => ByteOrder::Big,
                None => return Err(Parsed::Need(12)),
                Some(magic) => {
                    let what = format!("a section whose byte-order magic is {magic:02x?}, not 1a2b3c4d");
                    return Err(Parsed::Damaged(what));
                }
            }
        } else {
            self.sections.last().map_or(ByteOrder::Little, |section| section.order)
        };
        match (order.u32(octets, 0), order.u32(octets, 4)) {
            (Some(kind), Some(len)) => Ok(Head { kind, len, order }),
            _ => Err(Parsed::Need(8)),
        }
    }

    /// The packet in `block`, of which only the first octets have to be there.
    #[inline]
    fn packet(&self, section: usize, at: u64, head: Head, block: &[u8]) -> Result<RecordInfo, String> {
        let Some(fields) = PacketFields::read(head, block) else {
            return Err(format!("a packet block of {} octets, too few for its fields", head.len));
        };
        let interfaces = self.interfaces_of(section);
        let Some(interface) = interfaces.get(fields.interface) else {
            let (wanted, count) = (fields.interface, interfaces.len());
            return Err(format!("a packet of interface {wanted}; the section has described {count} so far"));
        };
        let captured = match fields.captured {
            Some(captured) => captured,
            None if interface.snap_len == 0 => fields.original,
            None => fields.original.min(interface.snap_len),
        };
        let room = head.len - fields.overhead;
        if captured > room {
            return Err(format!("a packet of {captured} octets in a block with room for {room}"));
        }
        if captured > MAX_CAPTURED {
            return Err(format!("a packet of {captured} octets, more than any capture holds"));
        }
        Ok(RecordInfo {
            time: fields.ticks.map(|ticks| interface.clock.time(ticks)),
            span: Span::new(at.saturating_add(u64::from(fields.data_at)), captured),
            original_len: fields.original,
            link_type: interface.link_type,
            interface: self.sections.get(section).map_or(0, |section| section.first_interface) + fields.interface,
        })
    }

    #[inline]
    fn interfaces_of(&self, section: usize) -> &[Interface] {
        let Some(first) = self.sections.get(section).map(|section| section.first_interface) else {
            return &[];
        };
        let end = self.sections.get(section + 1).map_or(self.interfaces.len(), |next| next.first_interface);
        self.interfaces.get(first..end).unwrap_or_default()
    }
}

impl Head {
    #[inline]
    fn is_packet(self) -> bool {
        matches!(self.kind, kind::ENHANCED_PACKET | kind::SIMPLE_PACKET | kind::OBSOLETE_PACKET)
    }

    /// With its article.
    fn name(self) -> String {
        match self.kind {
            kind::SECTION => "a section header".into(),
            kind::INTERFACE => "an interface description".into(),
            kind::ENHANCED_PACKET | kind::SIMPLE_PACKET | kind::OBSOLETE_PACKET => "a packet block".into(),
            other => format!("a block of type 0x{other:08x}"),
        }
    }
}

/// The fields of the three packet blocks.
struct PacketFields {
    /// In its section, from 0.
    interface: usize,
    ticks: Option<u64>,
    /// `None` in a simple packet block, which only lets one guess.
    captured: Option<u32>,
    original: u32,
    /// Where the packet's octets start in the block.
    data_at: u32,
    /// Octets of the block that are not the packet's.
    overhead: u32,
}

impl PacketFields {
    /// `None` where the block is too short for them.
    #[inline]
    fn read(head: Head, block: &[u8]) -> Option<PacketFields> {
        let order = head.order;
        let simple = head.kind == kind::SIMPLE_PACKET;
        let (data_at, overhead) = if simple { (12, 16) } else { (PACKET_HEAD as u32, 32) };
        if head.len < overhead {
            return None;
        }
        if simple {
            let original = order.u32(block, 8)?;
            return Some(PacketFields { interface: 0, ticks: None, captured: None, original, data_at, overhead });
        }
        let interface = match head.kind {
            kind::ENHANCED_PACKET => order.u32(block, 8)? as usize,
            _ => usize::from(order.u16(block, 8)?),
        };
        let ticks = u64::from(order.u32(block, 12)?) << 32 | u64::from(order.u32(block, 16)?);
        let (captured, original) = (order.u32(block, 20)?, order.u32(block, 24)?);
        Some(PacketFields { interface, ticks: Some(ticks), captured: Some(captured), original, data_at, overhead })
    }
}

#[cfg(test)]
mod tests {
    use super::super::byte_order::ByteOrder::{Big, Little};
    use super::super::testing::{Writer, Written, packet, read};

    /// A section with one interface that counts nanoseconds.
    fn file() -> Writer {
        let mut file = Writer::new(Little);
        file.section();
        file.interface(1, 4, 9);
        file
    }

    fn damage(file: &Writer) -> String {
        read(&file.octets).unwrap().damage()
    }

    #[test]
    fn every_packet_block_in_sections_of_both_orders() {
        let packets = [packet(11, b"enhanced"), packet(12, b"obsolete"), packet(13, b"simp"), packet(14, b"other")];
        let mut all = Vec::new();
        for order in [Little, Big] {
            let mut file = Writer::new(order);
            file.section();
            file.interface(113, 4, 9);
            file.enhanced(0, 11, &packets[0], b"a comment");
            file.block(0x0bad, b"nobody knows");
            file.interface(1, 0, 6);
            file.obsolete(0, 12, &packets[1]);
            file.simple(&Written { time: 0, octets: b"simp".to_vec(), original_len: 9 });
            file.enhanced(1, 14, &packets[3], b"");
            all.extend(file.octets);
        }
        let whole = read(&all).unwrap();
        assert_eq!(
            (whole.damage(), whole.layout.format(), whole.layout.interfaces().len()),
            (String::new(), "pcapng", 4)
        );
        for (index, (packet, octets)) in whole.packets.iter().enumerate() {
            let (time, cut) = [(11, 0), (12, 0), (12, 5), (14_000, 0)][index % 4];
            assert_eq!(octets, &packets[index % 4].octets);
            assert_eq!(packet.reference.time.0, time);
            assert_eq!(packet.original_len, octets.len() as u32 + cut);
            assert_eq!(packet.link_type.0, if index % 4 == 3 { 1 } else { 113 });
            let info = whole.layout.packet_at(&all, packet.reference.record_at).unwrap().unwrap();
            assert_eq!(info.interface, [0, 0, 0, 1, 2, 2, 2, 3][index]);
            assert_eq!(info.time.is_none(), index % 4 == 2);
            // Between two packets is none.
            assert_eq!(whole.layout.packet_at(&all, packet.reference.record_at + 4).unwrap(), None);
        }
        assert_eq!(whole.packets.len(), 8);
    }

    #[test]
    fn lengths_that_lie() {
        let mut wrong_end = file();
        wrong_end.enhanced(0, 1, &packet(0, b"abcd"), b"");
        let end = wrong_end.octets.len() - 4;
        wrong_end.octets[end] ^= 8;
        assert_eq!(
            damage(&wrong_end),
            "at octet 68, before the first packet: a packet block is 36 octets long, its end says 44"
        );
        wrong_end.octets[68] = 0x99;
        assert!(damage(&wrong_end).contains("a block of 36 octets that do not end with its length"));
        for len in [0, 8, 13] {
            let mut file = file();
            file.words(&[6, len, 0, 0]);
            assert!(damage(&file).contains(&format!("a block {len} octets long")), "{}", damage(&file));
        }
        let mut huge = file();
        huge.words(&[6, 70_000_000, 0, 0]);
        assert!(damage(&huge).contains("a packet block of 70000000 octets, more than any capture holds"));
        let mut small = file();
        small.block(6, b"12345678");
        assert!(damage(&small).contains("a packet block of 20 octets, too few for its fields"));
        let mut no_room = file();
        no_room.block(6, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 9, 0, 0, 0, 1, 2, 3, 4]);
        assert!(damage(&no_room).contains("a packet of 9 octets in a block with room for 4"));
    }

    #[test]
    fn sections_and_interfaces_that_are_wrong() {
        let mut file = file();
        file.enhanced(1, 1, &packet(0, b"abcd"), b"");
        assert!(damage(&file).contains("a packet of interface 1; the section has described 1 so far"));
        // A section's interfaces are its own.
        let mut file = self::file();
        file.section();
        file.enhanced(0, 1, &packet(0, b"abcd"), b"");
        assert!(damage(&file).contains("a packet of interface 0; the section has described 0 so far"));
        let mut version = self::file();
        version.octets[12] = 2;
        assert!(damage(&version).contains("a section of pcapng version 2; only 1 is known"));
        let mut magic = self::file();
        magic.octets[8] = 0;
        assert!(damage(&magic).contains("byte-order magic is [00, 3c, 2b, 1a]"));
        let mut short = Writer::new(Big);
        short.block(0x0a0d_0d0a, &[0x1a, 0x2b, 0x3c, 0x4d, 0, 1, 0, 0]);
        assert!(damage(&short).contains("a section header of 20 octets, which takes 28 at least"));
    }
}
