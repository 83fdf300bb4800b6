//! Places in the capture. Framescope keeps positions, not octets (DESIGN: "Records, not payloads").

use std::io;

use super::{PacketId, Timestamp};

/// A run of octets of the capture: `len` octets from octet `at` of the file (of the spool file, where the capture is
/// compressed or comes through a pipe).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// Offset of the first octet, in octets from the start of the file.
    pub at: u64,
    /// Length in octets.
    pub len: u32,
}

impl Span {
    /// `len` octets from `at`.
    pub fn new(at: u64, len: u32) -> Span {
        Span { at, len }
    }

    /// The offset just behind the last octet.
    pub fn end(self) -> u64 {
        self.at.saturating_add(u64::from(self.len))
    }

    /// The octets left after the first `n`; empty when there are not so many.
    pub fn skip(self, n: u32) -> Span {
        let n = n.min(self.len);
        Span { at: self.at + u64::from(n), len: self.len - n }
    }

    /// The first `n` octets, or all when there are fewer.
    pub fn take(self, n: u32) -> Span {
        Span { at: self.at, len: self.len.min(n) }
    }

    /// Returns whether `other` lies wholly inside.
    pub fn contains(self, other: Span) -> bool {
        self.at <= other.at && other.end() <= self.end()
    }
}

/// The packet that brought some octets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PacketRef {
    /// The packet's number in the file.
    pub id: PacketId,
    /// File offset in octets of its record (pcap) or block (pcapng). Its time can be read again from there.
    pub record_at: u64,
    /// When it was captured.
    pub time: Timestamp,
}

/// Octets of a TCP stream together with where they came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// The octets, in the file.
    pub span: Span,
    /// The packet they came in.
    pub packet: PacketRef,
}

/// Octets that can be read again by position: a capture file, a spool file that still grows, or a slice in memory.
pub trait ReadAt: Send + Sync {
    /// Reads up to `buf.len()` octets from offset `at`; returns how many were there (0 at and behind the end).
    ///
    /// # Errors
    /// Fails with the operating system's error.
    fn read_at(&self, at: u64, buf: &mut [u8]) -> io::Result<usize>;

    /// Reads the whole `span`, or what of it exists, into `out` (cleared first).
    ///
    /// # Errors
    /// Fails with the operating system's error.
    fn read_span(&self, span: Span, out: &mut Vec<u8>) -> io::Result<()> {
        out.clear();
        out.resize(span.len as usize, 0);
        let mut filled = 0;
        while filled < out.len() {
            match self.read_at(span.at + filled as u64, &mut out[filled..])? {
                0 => break,
                n => filled += n,
            }
        }
        out.truncate(filled);
        Ok(())
    }
}

/// Octets of the capture that somebody has in memory just now and lends, so that they need not be read again.
#[derive(Clone, Copy, Debug, Default)]
pub struct AtHand<'a> {
    /// File offset of the first.
    pub at: u64,
    /// The octets.
    pub octets: &'a [u8],
}

impl<'a> AtHand<'a> {
    /// The octets of `span`, if all of them are here.
    #[inline]
    pub fn get(&self, span: Span) -> Option<&'a [u8]> {
        let start = usize::try_from(span.at.checked_sub(self.at)?).ok()?;
        self.octets.get(start..)?.get(..span.len as usize)
    }
}

/// A source of which some octets are at hand.
#[derive(Clone, Copy)]
pub struct Nearby<'a> {
    /// Those.
    pub at_hand: AtHand<'a>,
    /// All of them.
    pub source: &'a dyn ReadAt,
}

impl ReadAt for Nearby<'_> {
    fn read_at(&self, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        let len = u32::try_from(buf.len()).unwrap_or(u32::MAX);
        match self.at_hand.get(Span::new(at, len)) {
            Some(octets) if octets.len() == buf.len() => {
                buf.copy_from_slice(octets);
                Ok(buf.len())
            }
            _ => self.source.read_at(at, buf),
        }
    }
}

impl ReadAt for [u8] {
    fn read_at(&self, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        let start = usize::try_from(at).unwrap_or(usize::MAX).min(self.len());
        let n = buf.len().min(self.len() - start);
        buf[..n].copy_from_slice(&self[start..start + n]);
        Ok(n)
    }
}

impl ReadAt for Vec<u8> {
    fn read_at(&self, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.as_slice().read_at(at, buf)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_cut_without_leaving_themselves() {
        let span = Span::new(10, 4);
        assert_eq!(span.skip(1), Span::new(11, 3));
        assert_eq!(span.skip(9), Span::new(14, 0));
        assert_eq!(span.take(9), span);
        assert!(span.contains(span.skip(2)) && !span.contains(Span::new(13, 2)));
    }

    #[test]
    fn octets_at_hand() {
        let here = AtHand { at: 10, octets: b"abcde" };
        assert_eq!(here.get(Span::new(11, 3)), Some(&b"bcd"[..]));
        assert_eq!(here.get(Span::new(15, 0)), Some(&b""[..]));
        for elsewhere in [Span::new(9, 2), Span::new(13, 3), Span::new(16, 0), Span::new(u64::MAX, 1)] {
            assert_eq!(here.get(elsewhere), None);
        }
    }

    #[test]
    fn reading_past_the_end_gives_what_exists() {
        let mut out = Vec::new();
        b"abc".to_vec().read_span(Span::new(1, 9), &mut out).unwrap();
        assert_eq!(out, b"bc");
        b"abc".to_vec().read_span(Span::new(u64::MAX - 9, 9), &mut out).unwrap();
        assert_eq!(out, b"");
    }

    #[test]
    fn what_is_at_hand_is_not_read_again() {
        let source = b"0123456789".to_vec();
        // Other octets than the source has, to tell which were read.
        let nearby = Nearby { at_hand: AtHand { at: 4, octets: b"efg" }, source: &source };
        let read = |at, len| {
            let mut octets = Vec::new();
            nearby.read_span(Span::new(at, len), &mut octets).unwrap();
            String::from_utf8(octets).unwrap()
        };
        assert_eq!([read(4, 3), read(5, 1), read(3, 2), read(6, 2), read(8, 9)], ["efg", "f", "34", "67", "89"]);
    }
}
