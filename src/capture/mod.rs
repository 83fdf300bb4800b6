//! Capture files: packets out of pcap and pcapng, plain, compressed or through a pipe.
//!
//! ```text
//!   file ───────────────▸ Source ──▸ Reader ──▸ Step::Packet(Packet, octets)
//!   pipe, .gz, .zst ─▸ Filler ─┘ (spool)  │
//!                                         └──▸ Layout: reads a packet's record again, at random
//! ```
//!
//! A capture that grows (a pipe, a live capture) and one that is finished go the same way: where a finished one says
//! [`Step::End`], a growing one says [`Step::Pending`] and nothing is lost. There are no threads in here: whoever holds the
//! [`Filler`] pumps it, between two steps of the [`Reader`] or on a thread of its own.
//!
//! Everything is read with plain positioned reads (DESIGN decision 3). A damaged file gives everything up to the damage, and
//! then says where and what it is ([`Damage`]); a search for packets behind the damage would invent some.

mod buffer;
mod byte_order;
mod clock;
mod damage;
mod filler;
mod gunzip;
mod interface;
mod layout;
#[cfg(feature = "live")]
pub mod live;
mod look_alike;
mod open;
mod packet_block;
mod packing;
mod pcap;
mod pcapng;
mod reader;
mod record;
mod source;
mod unpack;
mod unzstd;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod testing;

pub use damage::Damage;
pub use filler::{Filler, MAX_UNPACKED, MAX_UNPACKED_RATIO};
pub use interface::Interface;
pub use layout::Layout;
pub use open::{OpenError, follow, open, open_stream};
pub use reader::{PacketsAtHand, ReadError, Reader, Step};
pub use record::{Packet, RecordInfo};
pub use source::Source;
