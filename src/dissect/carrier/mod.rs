//! A carrier is the pair of ordered octet streams in which a WebSocket's octets came, as readers see it.
//!
//! ```text
//!                         ┌ Tcp       its octets are octets of the file
//!   Carrier ── Stream ────┤
//!     a pair   one way    └ Records   its octets are made of another stream's, record by record:
//!                                     TLS (decrypted), a stream of HTTP/2 (picked out), and one over the other
//!
//!   Stream ── runs(range)  ─▶ Run: octets that are known, one behind another; between two runs is a hole
//!         ├── trace(range) ─▶ Traced: which octets of the file, of which packet, brought them
//!         └── read(range)  ─▶ Octets, with holes
//!   Cursor ── the same from place to place in rising order, without a search for each
//!   OctetReader ── a Run's octets, with few reads of the file
//! ```
//!
//! A stream offset is a place in a carrier's stream and nothing else. Nobody outside of this folder takes it for a place
//! in the file.
//!
//! A new kind of carrier brings a [`Layer`], which takes what TCP brings and tells what its own streams do. It appends to a
//! [`RecordLog`] of each of their directions, and an [`Opener`] turns the octets that carry a record into the record's own.
//! Every reader works on it then.

mod cursor;
mod layer;
mod octets;
mod reader;
mod records;
mod run;
mod stream;

use std::sync::Arc;

pub(in crate::dissect) use self::cursor::Cursor;
pub(in crate::dissect) use self::layer::{Borne, Layer};
pub use self::octets::Octets;
pub(in crate::dissect) use self::reader::OctetReader;
pub(in crate::dissect) use self::records::{Opener, RecordLog};
pub(in crate::dissect) use self::run::Traced;
pub(in crate::dissect) use self::stream::Stream;
use crate::net::{Direction, KeptStream};

/// The pair of streams of a connection as it was at one moment. It never changes.
#[derive(Debug)]
pub(in crate::dissect) enum Carrier {
    /// TCP itself.
    Tcp([KeptStream; 2]),
    /// Records in another carrier.
    #[cfg_attr(not(test), expect(dead_code, reason = "made by what decrypts TLS and takes HTTP/2 apart, and by tests"))]
    Records { lower: Arc<Carrier>, logs: [RecordLog; 2], opener: Arc<dyn Opener> },
}

impl Carrier {
    /// The stream of one direction.
    #[inline]
    pub fn stream(&self, direction: Direction) -> Stream<'_> {
        match self {
            Carrier::Tcp(streams) => Stream::Tcp(streams[direction.index()].view()),
            Carrier::Records { lower, logs, opener } => {
                Stream::of_records(&logs[direction.index()], &**opener, direction, lower.stream(direction))
            }
        }
    }
}

#[cfg(test)]
mod tests;
