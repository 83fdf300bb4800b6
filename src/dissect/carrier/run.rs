//! Octets of a carrier's stream, and where they come from.

use crate::base::{PacketId, Span};
use crate::net::StreamSpan;

/// Known octets of a stream, one behind another.
#[derive(Clone, Copy, Debug)]
pub(in crate::dissect) struct Run {
    /// Stream offset of the first.
    pub at: u64,
    /// Their count: at least one.
    pub len: u32,
    /// The source of the octets.
    pub(super) home: Home,
}

/// The source of the octets of a run.
#[derive(Clone, Copy, Debug)]
pub(super) enum Home {
    /// The file.
    File(Span),
    /// A record, behind its first `skip` octets.
    Record { number: usize, skip: u32 },
}

impl Run {
    /// Stream offset behind the last octet.
    #[inline]
    pub fn end(&self) -> u64 {
        self.at + u64::from(self.len)
    }

    /// Its first `len` octets, or all where there are fewer.
    #[inline]
    pub fn take(self, len: u32) -> Run {
        let home = match self.home {
            Home::File(span) => Home::File(span.take(len)),
            record @ Home::Record { .. } => record,
        };
        Run { len: self.len.min(len), home, ..self }
    }

    /// Its octets out of those of the record in which it begins behind `skip`.
    pub(super) fn within<'a>(&self, record: &'a [u8], skip: u32) -> &'a [u8] {
        let octets = record.get(skip as usize..).unwrap_or_default();
        octets.get(..self.len as usize).unwrap_or(octets)
    }

    #[inline]
    pub(super) fn of_tcp(found: StreamSpan) -> Run {
        Run { at: found.at, len: found.span.len, home: Home::File(found.span) }
    }
}

/// Octets of a stream, and octets of the file that brought them.
///
/// If a record had to be decrypted, every octet of it comes from all octets that carried it: then several of these have
/// the same `at` and `len`, one for each packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dissect) struct Traced {
    /// Stream offset of the first octet.
    pub at: u64,
    /// The number of these octets of the stream.
    pub len: u32,
    /// The octets of the file.
    pub span: Span,
    /// The packet.
    pub packet: PacketId,
    /// The start of the packet's record: file offset in octets.
    pub record_at: u64,
}

impl Traced {
    #[inline]
    pub(super) fn of_tcp(found: StreamSpan) -> Traced {
        let StreamSpan { at, span, packet, record_at } = found;
        Traced { at, len: span.len, span, packet, record_at }
    }
}
