//! Payload octets as they were before the sender masked them.

use std::io;

use crate::base::Nearby;
use crate::dissect::carrier::{OctetReader, Run, Stream};
use crate::ws::unmask;

/// Octets that are unmasked in one go: they stay in the processor's nearest cache.
const PLAIN: usize = 16 * 1024;

/// Reads the octets of a carrier's streams, and has room to unmask them in.
#[derive(Debug, Default)]
pub(super) struct PlainReader {
    reader: OctetReader,
    plain: Vec<u8>,
}

impl PlainReader {
    /// The first octets of a run of payload octets, unmasked: at least one, or none where they cannot be had. `first` is
    /// the place of the first in its payload.
    ///
    /// # Errors
    /// When the capture file cannot be read.
    #[inline]
    pub fn plain<'a>(
        &'a mut self,
        stream: &Stream<'_>,
        run: Run,
        key: Option<[u8; 4]>,
        first: u64,
        nearby: Nearby<'a>,
    ) -> io::Result<&'a [u8]> {
        let Some(key) = key else { return self.reader.octets(stream, run, nearby) };
        let octets = self.reader.octets(stream, run.take(PLAIN as u32), nearby)?;
        self.plain.clear();
        self.plain.extend_from_slice(octets);
        unmask(key, first, &mut self.plain);
        Ok(&self.plain)
    }

    /// The first octets of a run as they were sent.
    ///
    /// # Errors
    /// When the capture file cannot be read.
    #[inline]
    pub fn wire<'a>(&'a mut self, stream: &Stream<'_>, run: Run, nearby: Nearby<'a>) -> io::Result<&'a [u8]> {
        self.reader.octets(stream, run, nearby)
    }

    /// Offset in the file behind the furthest octet that was looked at.
    pub fn position(&self) -> u64 {
        self.reader.position()
    }
}
