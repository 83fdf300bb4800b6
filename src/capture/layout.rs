//! The layout of a capture: what its headers say about its records, shared by the reader and every snapshot.

use std::io;
use std::sync::Arc;

use super::damage::Flaw;
use super::interface::Interface;
use super::packet_block;
use super::pcap::{self, FileHeader};
use super::pcapng::{self, Sections};
use super::record::{MAX_CAPTURED, Parsed, RecordInfo};
use crate::base::ReadAt;

/// All that is needed to read a packet's record again: byte order, resolution and interfaces. A clone costs nothing and
/// never changes; it knows the records that the reader had passed when it was taken.
#[derive(Clone, Debug, Default)]
pub struct Layout(Arc<Format>);

#[derive(Clone, Debug, Default)]
enum Format {
    /// The first octets have not been seen yet.
    #[default]
    Unknown,
    Pcap(FileHeader),
    Pcapng(Sections),
}

/// The octets at the start of a file are no capture's.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotACapture;

/// Octets of the magic number of either format.
pub(super) const MAGIC: usize = 4;

/// Returns whether a file that starts with `octets` is a capture.
pub(super) fn is_capture(octets: &[u8]) -> bool {
    pcap::is_pcap(octets) || pcapng::is_pcapng(octets)
}

impl Layout {
    /// The capture's interfaces, as far as the reader has come. [`RecordInfo::interface`] counts in them.
    pub fn interfaces(&self) -> &[Interface] {
        match &*self.0 {
            Format::Unknown => &[],
            Format::Pcap(header) => std::slice::from_ref(header.interface()),
            Format::Pcapng(sections) => sections.interfaces(),
        }
    }

    /// The name of the file format; empty until it is known.
    pub fn format(&self) -> &'static str {
        match &*self.0 {
            Format::Unknown => "",
            Format::Pcap(_) => "pcap",
            Format::Pcapng(_) => "pcapng",
        }
    }

    /// Reads the packet record at file offset `record_at` again; `None` where no packet's record is. One short read.
    ///
    /// # Errors
    /// Fails with the operating system's error.
    pub fn packet_at(&self, source: &dyn ReadAt, record_at: u64) -> io::Result<Option<RecordInfo>> {
        let mut octets = [0; packet_block::FIELDS];
        let mut there = 0;
        while there < octets.len() {
            match source.read_at(record_at.saturating_add(there as u64), &mut octets[there..])? {
                0 => break,
                n => there += n,
            }
        }
        let octets = &octets[..there];
        Ok(match &*self.0 {
            Format::Unknown => None,
            Format::Pcap(header) => header.info(record_at, octets).filter(|info| info.span.len <= MAX_CAPTURED),
            Format::Pcapng(sections) => sections.info(record_at, octets),
        })
    }

    /// The file's header, where it is a pcap file.
    pub(super) fn pcap(&self) -> Option<&FileHeader> {
        match &*self.0 {
            Format::Pcap(header) => Some(header),
            Format::Unknown | Format::Pcapng(_) => None,
        }
    }

    /// Returns what is at file offset `at`, which starts with `octets`.
    #[inline]
    pub(super) fn step(&self, at: u64, octets: &[u8]) -> Result<Parsed, NotACapture> {
        match &*self.0 {
            Format::Pcap(header) => Ok(header.step(at, octets)),
            Format::Pcapng(sections) => Ok(sections.step(at, octets)),
            Format::Unknown => first_step(octets),
        }
    }

    /// Learns from a description, which is what `octets` at file offset `at` are; or tells what is wrong with it.
    pub(super) fn learn(&mut self, at: u64, octets: &[u8]) -> Result<(), Flaw> {
        let format = Arc::make_mut(&mut self.0);
        if let Format::Unknown = format {
            *format = match FileHeader::parse(octets) {
                Some(header) => Format::Pcap(header),
                None => Format::Pcapng(Sections::default()),
            };
        }
        match format {
            Format::Pcapng(sections) => sections.learn(at, octets),
            Format::Unknown | Format::Pcap(_) => Ok(()),
        }
    }

    /// Says what is not whole where the file ends after `octets`: `there` of `wanted` octets of something, where the next
    /// packet would have been number `packet`.
    pub(super) fn cut(&self, octets: &[u8], there: u64, wanted: u64, packet: u64) -> String {
        match &*self.0 {
            Format::Unknown => format!("the capture ends inside the file header: {there} of {wanted} octets"),
            Format::Pcap(header) => header.cut(there, wanted, packet),
            Format::Pcapng(sections) => sections.cut(octets, there, wanted, packet),
        }
    }
}

/// Returns what a file starts with.
fn first_step(octets: &[u8]) -> Result<Parsed, NotACapture> {
    if octets.len() < MAGIC {
        return Ok(Parsed::Need(MAGIC));
    }
    if pcapng::is_pcapng(octets) {
        return Ok(Sections::default().step(0, octets));
    }
    if !pcap::is_pcap(octets) {
        return Err(NotACapture);
    }
    let len = FileHeader::len(octets);
    Ok(if octets.len() < len { Parsed::Need(len) } else { Parsed::Description(len) })
}
