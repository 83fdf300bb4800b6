//! The interface that captured packets: pcapng's Interface Description Block (draft-ietf-opsawg-pcapng §4.2).

use super::byte_order::ByteOrder;
use super::clock::Clock;
use super::damage::Flaw;
use crate::base::LinkType;

/// An interface of the capture; a pcap file has exactly one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// The kind of header that its packets begin with.
    pub link_type: LinkType,
    /// The most octets of a packet that were to be captured; 0 where there is no limit. Some writers lie.
    pub snap_len: u32,
    /// Its name as the file tells it, such as `eth0`, or its description; empty where it tells neither.
    pub name: String,
    /// The unit of its timestamps.
    pub(super) clock: Clock,
}

/// The longest name that is kept, in octets. Operating systems allow 16 or 256.
const MAX_NAME: usize = 1024;

/// Options (draft-ietf-opsawg-pcapng §3.5, §4.2).
mod option {
    pub const END: u16 = 0;
    pub const IF_NAME: u16 = 2;
    pub const IF_DESCRIPTION: u16 = 3;
    pub const IF_TSRESOL: u16 = 9;
    pub const IF_TSOFFSET: u16 = 14;
}

impl Interface {
    /// Reads a whole Interface Description Block: type, length, link type, reserved, snapshot length, options, length.
    pub(super) fn parse(order: ByteOrder, block: &[u8]) -> Result<Interface, Flaw> {
        let fields = || {
            let options = block.get(16..block.len().checked_sub(4)?)?;
            Some((LinkType(order.u16(block, 8)?), order.u32(block, 12)?, options))
        };
        let Some((link_type, snap_len, options)) = fields() else {
            return Err(Flaw::InterfaceTooShort(block.len()));
        };
        let mut interface = Interface { link_type, snap_len, name: String::new(), clock: Clock::default() };
        interface.read_options(order, options)?;
        Ok(interface)
    }

    fn read_options(&mut self, order: ByteOrder, mut options: &[u8]) -> Result<(), Flaw> {
        while let (Some(code), Some(len)) = (order.u16(options, 0), order.u16(options, 2)) {
            let len = usize::from(len);
            let Some(value) = options.get(4..4 + len) else {
                return Err(Flaw::OptionTooLong { code, len });
            };
            match (code, value) {
                (option::END, _) => break,
                (option::IF_NAME, _) => self.name = text(value),
                (option::IF_DESCRIPTION, _) if self.name.is_empty() => self.name = text(value),
                (option::IF_TSRESOL, &[resolution]) => self.clock = self.clock.with_resolution(resolution),
                (option::IF_TSOFFSET, _) if len == 8 => {
                    self.clock = self.clock.with_offset(order.i64(value, 0).unwrap_or(0));
                }
                // A wrong clock would be worse than none.
                (option::IF_TSRESOL | option::IF_TSOFFSET, _) => return Err(Flaw::ClockOption { code, len }),
                _ => {}
            }
            options = options.get(4 + len.next_multiple_of(4)..).unwrap_or_default();
        }
        Ok(())
    }
}

/// A name, cut with a mark where it is no name.
fn text(value: &[u8]) -> String {
    let mut name = String::from_utf8_lossy(&value[..value.len().min(MAX_NAME)]).into_owned();
    if value.len() > MAX_NAME {
        name.push('…');
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Timestamp;

    fn parse(options: &[u8]) -> Result<Interface, Flaw> {
        let head = [0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 64];
        Interface::parse(ByteOrder::Big, &[&head[..], options, &[0; 4]].concat())
    }

    #[test]
    fn reads_what_it_needs_and_skips_the_rest() {
        let interface =
            parse(b"\0\x01\0\x05hello\0\0\0\0\x02\0\x03lo0\0\0\x03\0\x04long\0\x09\0\x01\x09\0\0\0\0\0\0\0").unwrap();
        assert_eq!((interface.link_type, interface.snap_len), (LinkType::ETHERNET, 64));
        assert_eq!(interface.name, "lo0");
        assert_eq!(interface.clock.time(17), Timestamp(17));
        // No end of options, and an offset of two seconds.
        let interface = parse(b"\0\x03\0\x04long\0\x0e\0\x08\0\0\0\0\0\0\0\x02").unwrap();
        assert_eq!(interface.name, "long");
        assert_eq!(interface.clock.time(17), Timestamp(2_000_017_000));
    }

    #[test]
    fn wrong_lengths() {
        assert!(parse(b"\0\x01\0\x05hell") == Err(Flaw::OptionTooLong { code: 1, len: 5 }));
        assert!(parse(b"\0\x09\0\x02\x09\x09\0\0") == Err(Flaw::ClockOption { code: 9, len: 2 }));
        assert!(Interface::parse(ByteOrder::Big, &[0; 16]).is_err());
        assert!(Interface::parse(ByteOrder::Big, &[]).is_err());
        let long = [&b"\0\x02\x10\0"[..], &[b'x'; 4096]].concat();
        assert_eq!(parse(&long).unwrap().name.len(), MAX_NAME + '…'.len_utf8());
    }
}
