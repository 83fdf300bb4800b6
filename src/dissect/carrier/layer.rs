//! Protocols between TCP and WebSockets, as the driver writes them.
//!
//! ```text
//!   TCP's data, gaps ─▶ Layer ─▶ Borne: the same of each stream that it bears, told apart by number
//!                         └──── stream(number), keep(number): what readers see of it
//! ```
//!
//! TLS bears one stream, its plaintext; HTTP/2 bears one for each of its own.

use std::fmt::Debug;
use std::sync::Arc;

use super::{Carrier, Stream};
use crate::net::Direction;

/// A part of a stream that a layer finds in one of its directions.
#[derive(Debug)]
pub(in crate::dissect) struct Borne {
    /// The number of the stream: 0 for the first that was found.
    pub stream: usize,
    /// Stream offset of the first octet.
    pub at: u64,
    pub len: u64,
    /// The octets; `None` where they are not known.
    pub octets: Option<Vec<u8>>,
}

/// A protocol that bears streams over TCP. It keeps where their octets are, and no octets but those of a record that is not
/// whole.
pub(in crate::dissect) trait Layer: Debug + Send {
    /// Takes the next octets of a direction; `borne` gets what they bring.
    fn data(&mut self, direction: Direction, at: u64, octets: &[u8], borne: &mut Vec<Borne>);

    /// Takes that the capture lacks `len` octets from stream offset `at` on.
    fn gap(&mut self, direction: Direction, at: u64, len: u64, borne: &mut Vec<Borne>);

    /// One direction of a stream as it is now, `lower` being that direction of TCP.
    fn stream<'a>(&'a self, number: usize, direction: Direction, lower: Stream<'a>) -> Stream<'a>;

    /// A stream as it is now, to be kept; `lower` is TCP as it is now.
    fn keep(&self, number: usize, lower: Arc<Carrier>) -> Carrier;
}
