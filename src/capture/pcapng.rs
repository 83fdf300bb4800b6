//! pcapng: blocks, one behind another (draft-ietf-opsawg-pcapng).
//!
//! ```text
//!   block          type · length · body · length again            lengths in octets, multiples of 4
//!   section        byte order, version; interfaces count from 0 again        type 0x0a0d0d0a
//!   interface      link type, snapshot length, clock                         type 1
//!   packet         see `packet_block`                                        types 2, 3 and 6
//!   anything else  passed over by its length
//! ```

use super::byte_order::ByteOrder;
use super::damage::Flaw;
use super::interface::Interface;
use super::packet_block::{self, PacketBlock};
use super::record::{MAX_CAPTURED, Parsed, RecordInfo};

/// The type of a Section Header Block, a palindrome so that it reads the same in both byte orders.
const SECTION: u32 = 0x0a0d_0d0a;
/// The type of an Interface Description Block.
const INTERFACE: u32 = 1;

/// The largest block that is read as a whole: a packet and 1 MiB of options. Blocks that are passed over may have any size.
const MAX_BLOCK: u32 = MAX_CAPTURED + (1 << 20);
/// The most sections, and the most interfaces, of one file: a file of nothing else must not fill the memory.
const MAX_DESCRIPTIONS: usize = 1 << 16;

/// All that is needed to read any packet of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sections {
    sections: Vec<Section>,
    /// Those of all sections, one section behind another.
    interfaces: Vec<Interface>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Section {
    /// File offset of its first octet.
    at: u64,
    order: ByteOrder,
    /// Its interfaces in the common list: from the first to before the last.
    interfaces: (usize, usize),
}

/// The start of a block.
#[derive(Clone, Copy)]
struct Head {
    order: ByteOrder,
    kind: u32,
    len: u32,
}

/// Returns whether a file that starts with `octets` is a pcapng file. Four octets tell.
#[inline]
pub(super) fn is_pcapng(octets: &[u8]) -> bool {
    octets.starts_with(&SECTION.to_be_bytes())
}

impl Sections {
    /// The interfaces of all sections.
    pub fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    /// The block at file offset `at`, behind all that was learnt, which starts with `octets`.
    #[inline]
    pub fn step(&self, at: u64, octets: &[u8]) -> Parsed {
        let (head, len) = match self.head(octets) {
            Ok(head) => (head, head.len as usize),
            Err(parsed) => return parsed,
        };
        if head.len < 12 || !head.len.is_multiple_of(4) {
            return Parsed::Damaged(Flaw::BlockLength(head.len));
        }
        let is_packet = packet_block::is_packet(head.kind);
        if !is_packet && head.kind != SECTION && head.kind != INTERFACE {
            return Parsed::Other { len: head.len, trailer: head.order.u32_octets(head.len) };
        }
        if head.len > MAX_BLOCK {
            return Parsed::Damaged(Flaw::BlockTooLarge { kind: head.kind, len: head.len });
        }
        let Some(block) = octets.get(..len) else {
            return Parsed::Need(len);
        };
        if head.order.u32(block, len - 4) != Some(head.len) {
            return Parsed::Damaged(Flaw::BlockEnd(head.len));
        }
        if !is_packet {
            return Parsed::Description(len);
        }
        match self.sections.last().ok_or(Flaw::NoSection).and_then(|section| self.packet(section, at, head, block)) {
            Ok(info) => Parsed::Packet(info, len),
            Err(flaw) => Parsed::Damaged(flaw),
        }
    }

    /// The packet in the block at file offset `at`, which was passed before and starts with `octets`.
    pub fn info(&self, at: u64, octets: &[u8]) -> Option<RecordInfo> {
        let section = self.sections.partition_point(|section| section.at <= at).checked_sub(1)?;
        let section = self.sections.get(section)?;
        let order = section.order;
        let head = Head { order, kind: order.u32(octets, 0)?, len: order.u32(octets, 4)? };
        packet_block::is_packet(head.kind).then(|| self.packet(section, at, head, octets).ok())?
    }

    /// Learns from a whole section header or interface description at file offset `at`.
    pub fn learn(&mut self, at: u64, block: &[u8]) -> Result<(), Flaw> {
        let Ok(Head { order, kind, len }) = self.head(block) else {
            return Err(Flaw::NoSection);
        };
        if self.sections.len().max(self.interfaces.len()) == MAX_DESCRIPTIONS {
            return Err(Flaw::TooManyDescriptions(MAX_DESCRIPTIONS));
        }
        if kind == SECTION {
            // The section's length is not asked: it is -1 in most files and wrong in some.
            match order.u16(block, 12) {
                Some(1) if len >= 28 => {}
                Some(1) | None => return Err(Flaw::SectionTooShort(len)),
                Some(version) => return Err(Flaw::SectionVersion(version)),
            }
            let next = self.interfaces.len();
            self.sections.push(Section { at, order, interfaces: (next, next) });
        } else {
            self.interfaces.push(Interface::parse(order, block)?);
            self.sections.last_mut().ok_or(Flaw::NoSection)?.interfaces.1 = self.interfaces.len();
        }
        Ok(())
    }

    /// Says what is not whole where the file ends after `octets`, which has `there` of `wanted` octets.
    pub fn cut(&self, octets: &[u8], there: u64, wanted: u64, packet: u64) -> String {
        let what = match self.head(octets) {
            Ok(head) if packet_block::is_packet(head.kind) => format!("the block of packet {packet}"),
            Ok(head) => format!("a block of type {:#x}", head.kind),
            Err(_) => "the head of a block".to_owned(),
        };
        format!("the capture ends inside {what}: {there} of {wanted} octets")
    }

    /// The start of the next block; what it needs, or what is wrong with it, otherwise.
    #[inline]
    fn head(&self, octets: &[u8]) -> Result<Head, Parsed> {
        let order = match self.sections.last() {
            Some(section) if !is_pcapng(octets) => section.order,
            // A section brings its own byte order, behind its length.
            _ => match octets.get(8..).and_then(<[u8]>::first_chunk) {
                Some([0x4d, 0x3c, 0x2b, 0x1a]) => ByteOrder::Little,
                Some([0x1a, 0x2b, 0x3c, 0x4d]) => ByteOrder::Big,
                Some(magic) => return Err(Parsed::Damaged(Flaw::ByteOrderMagic(*magic))),
                None => return Err(Parsed::Need(12)),
            },
        };
        match (order.u32(octets, 0), order.u32(octets, 4)) {
            (Some(kind), Some(len)) => Ok(Head { order, kind, len }),
            _ => Err(Parsed::Need(8)),
        }
    }

    /// The packet in `block`, of which only the first octets have to be there.
    #[inline]
    fn packet(&self, section: &Section, at: u64, head: Head, block: &[u8]) -> Result<RecordInfo, Flaw> {
        let (first, end) = section.interfaces;
        let interfaces = self.interfaces.get(first..end).unwrap_or_default();
        let packet = PacketBlock::read(head.order, head.kind, head.len, block)?;
        match interfaces.get(packet.interface as usize) {
            Some(interface) => packet.info(at, interface, first as u32 + packet.interface),
            None => Err(Flaw::NoSuchInterface { wanted: packet.interface, described: interfaces.len() }),
        }
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
            "at octet 68, before the first packet: a block of 36 octets that do not end with its length"
        );
        wrong_end.octets[68] = 0x99;
        assert!(damage(&wrong_end).contains("a block of 36 octets that do not end with its length"));
        for len in [0, 8, 13] {
            let mut file = file();
            file.words(&[6, len, 0, 0]);
            assert!(damage(&file).contains(&format!("a block of {len} octets; their")), "{}", damage(&file));
        }
        let mut huge = file();
        huge.words(&[6, 70_000_000, 0, 0]);
        assert!(damage(&huge).contains("a block of 70000000 octets of type 0x6, larger than any capture holds"));
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
