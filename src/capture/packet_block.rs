//! The three blocks of pcapng that hold packets (draft-ietf-opsawg-pcapng §4.3, §4.4, appendix A).
//!
//! ```text
//!   enhanced (6)   interface (32) · ticks, upper and lower half · captured length · original length · octets · options
//!   obsolete (2)   interface (16) · drops (16) · the same
//!   simple (3)     original length · octets                   of interface 0, cut to its snapshot length, without a time
//! ```

use super::byte_order::ByteOrder;
use super::damage::Flaw;
use super::interface::Interface;
use super::record::{MAX_CAPTURED, RecordInfo};
use crate::base::Span;

const OBSOLETE: u32 = 2;
const SIMPLE: u32 = 3;
const ENHANCED: u32 = 6;

/// Octets from the start of a block that hold all its fields.
pub(super) const FIELDS: usize = 28;

/// Returns whether a block of this type holds a packet.
#[inline]
pub(super) fn is_packet(kind: u32) -> bool {
    matches!(kind, OBSOLETE | SIMPLE | ENHANCED)
}

/// The fields, before the interface says what they mean.
#[derive(Clone, Copy, Debug)]
pub(super) struct PacketBlock {
    /// The interface of its section that captured it, from 0.
    pub interface: u32,
    ticks: Option<u64>,
    /// A simple packet's is for the interface to tell.
    captured: Option<u32>,
    original: u32,
    /// Octets from the start of the block to the packet's first one.
    data_at: u32,
    /// The octets that could be the packet's.
    room: u32,
}

impl PacketBlock {
    /// Reads the fields of a block of this type and length, of which the first [`FIELDS`] octets are enough.
    #[inline]
    pub fn read(order: ByteOrder, kind: u32, len: u32, block: &[u8]) -> Result<PacketBlock, Flaw> {
        let fields = if kind == SIMPLE { simple(order, len, block) } else { timed(order, kind, len, block) };
        fields.ok_or(Flaw::PacketBlockTooShort(len))
    }

    /// Returns what the block at file offset `at` says about its packet. `index` is the interface's in the whole file.
    #[inline]
    pub fn info(self, at: u64, interface: &Interface, index: u32) -> Result<RecordInfo, Flaw> {
        let captured = match (self.captured, interface.snap_len) {
            (Some(captured), _) => captured,
            (None, 0) => self.original,
            (None, snap_len) => self.original.min(snap_len),
        };
        if captured > self.room {
            return Err(Flaw::PacketWithoutRoom { captured, room: self.room });
        }
        if captured > MAX_CAPTURED {
            return Err(Flaw::PacketTooLarge(captured));
        }
        Ok(RecordInfo {
            time: self.ticks.map(|ticks| interface.clock.time(ticks)),
            span: Span::new(at.saturating_add(u64::from(self.data_at)), captured),
            original_len: self.original,
            link_type: interface.link_type,
            interface: index,
        })
    }
}

/// The fields of an enhanced or obsolete packet block.
#[inline]
fn timed(order: ByteOrder, kind: u32, len: u32, block: &[u8]) -> Option<PacketBlock> {
    let fields: &[u8; FIELDS] = block.first_chunk()?;
    let interface = match kind {
        OBSOLETE => u32::from(order.u16(fields, 8)?),
        _ => order.u32(fields, 8)?,
    };
    let [high, low] = [order.u32(fields, 12)?, order.u32(fields, 16)?];
    Some(PacketBlock {
        interface,
        ticks: Some(u64::from(high) << 32 | u64::from(low)),
        captured: order.u32(fields, 20),
        original: order.u32(fields, 24)?,
        data_at: FIELDS as u32,
        room: len.checked_sub(FIELDS as u32 + 4)?,
    })
}

/// The fields of a simple packet block.
fn simple(order: ByteOrder, len: u32, block: &[u8]) -> Option<PacketBlock> {
    let original = order.u32(block, 8)?;
    let room = len.checked_sub(16)?;
    Some(PacketBlock { interface: 0, ticks: None, captured: None, original, data_at: 12, room })
}

#[cfg(test)]
mod tests {
    use super::super::clock::Clock;
    use super::*;
    use crate::base::{LinkType, Timestamp};

    fn interface(snap_len: u32) -> Interface {
        Interface { link_type: LinkType::RAW, snap_len, name: String::new(), clock: Clock::default() }
    }

    #[test]
    fn a_simple_packet_is_cut_at_the_snapshot_length() {
        let block = [0, 0, 0, 3, 0, 0, 0, 24, 0, 0, 0, 7];
        let info = |snap_len| PacketBlock::read(ByteOrder::Big, SIMPLE, 24, &block)?.info(100, &interface(snap_len), 3);
        let expected =
            RecordInfo { time: None, span: Span::new(112, 7), original_len: 7, link_type: LinkType::RAW, interface: 3 };
        assert_eq!(info(0), Ok(expected));
        assert_eq!(info(65_535), Ok(expected));
        assert_eq!(info(5), Ok(RecordInfo { span: Span::new(112, 5), ..expected }));
        let room = PacketBlock::read(ByteOrder::Big, SIMPLE, 20, &block).unwrap().info(0, &interface(0), 0);
        assert_eq!(room, Err(Flaw::PacketWithoutRoom { captured: 7, room: 4 }));
    }

    #[test]
    fn an_obsolete_packet_counts_drops_beside_its_interface() {
        let words = [2u32, 40, 0x0001_ffff, 1, 2, 3, 9];
        let block: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        let packet = PacketBlock::read(ByteOrder::Big, OBSOLETE, 40, &block).unwrap();
        assert_eq!((packet.interface, packet.captured, packet.original), (1, Some(3), 9));
        assert_eq!(packet.info(0, &interface(0), 0).unwrap().time, Some(Timestamp(((1 << 32) + 2) * 1_000)));
        assert_eq!(PacketBlock::read(ByteOrder::Big, OBSOLETE, 28, &block).unwrap_err(), Flaw::PacketBlockTooShort(28));
    }
}
