//! From a packet to the TCP segment in it: link layer, IP with fragments joined, TCP header, flow.

use etherparse::TcpHeaderSlice;
use etherparse::err::tcp::HeaderSliceError;

use super::flows::FlowTable;
use super::fragments::{Datagram, FragmentPool};
use super::ip::{self, Addresses, IpPacket, IpPayload};
use super::link;
use super::plain::Plain;
use super::segment::Way;
use super::stop::{Layer, Malformed, Stop};
use super::{Direction, Flow, NetStats, Outcome, Pieces, Segment, SegmentPiece, TcpFlags, WholeSegment};
use crate::base::{FlowId, LinkType, PacketRef, Piece, Span};

/// Octets at the start of a joined datagram in which extension headers and the TCP header must end.
const MAX_HEADERS: usize = 512;

/// Finds the TCP segments in packets.
///
/// Checksums are not looked at: a capture made on the sending host has wrong ones all over (offload), and the peers
/// judged them already.
#[derive(Clone, Debug)]
pub struct Decoder {
    flows: FlowTable,
    fragments: FragmentPool,
    /// The datagram that the segment handed out last was joined from.
    joined: Option<Datagram>,
    stats: NetStats,
}

impl Default for Decoder {
    fn default() -> Decoder {
        Decoder::new()
    }
}

impl Decoder {
    /// One that has seen nothing.
    pub fn new() -> Decoder {
        Decoder {
            flows: FlowTable::new(),
            fragments: FragmentPool::default(),
            joined: None,
            stats: NetStats::default(),
        }
    }

    /// Looks into a packet. `octets` are those the capture holds, at `span` of the file; `original_len` is how many
    /// were on the wire.
    #[inline]
    pub fn push<'a>(
        &'a mut self,
        link: LinkType,
        packet: PacketRef,
        span: Span,
        original_len: u32,
        octets: &'a [u8],
    ) -> Outcome<'a> {
        match self.push_plain(link, packet, span, octets) {
            Some(segment) => Outcome::Segment(segment),
            None => {
                // A capture that says less was sent than it holds is wrong about what was sent.
                let sent_len = (original_len as usize).max(octets.len());
                self.push_other(link, Piece { span, packet }, sent_len, octets)
            }
        }
    }

    /// The short way of [`push`](Decoder::push), for a packet of IPv4 that holds one segment, with which all is well.
    /// Nearly every packet is such a one. `None` for others, of which nothing is noted.
    #[inline(always)]
    pub fn push_plain<'a>(
        &mut self,
        link: LinkType,
        packet: PacketRef,
        span: Span,
        octets: &'a [u8],
    ) -> Option<Segment<'a>> {
        let at = link::ip_header_at(link, octets).ok()?;
        let Plain { addresses, header, payload, .. } = Plain::parse(octets.get(at..)?)?;
        let pieces = one_piece(Piece { span, packet }, at + payload.at, 0, payload.captured);
        self.stats.count_segment(payload.captured.len() < payload.sent_len);
        Some(segment(&mut self.flows, addresses, header, payload.sent_len, pieces, packet))
    }

    /// The shortest way of [`push`](Decoder::push), for a packet that holds one [`WholeSegment`]. It is not counted: that is
    /// for [`count_segments`](Decoder::count_segments). `None` for others, of which nothing is noted.
    #[inline(always)]
    pub fn push_whole<'a>(
        &self,
        link: LinkType,
        packet: PacketRef,
        span_at: u64,
        octets: &'a [u8],
    ) -> Option<WholeSegment<'a>> {
        let ip_at = link::ip_header_at(link, octets).ok()?;
        let Plain { header, payload, way, .. } = Plain::parse(octets.get(ip_at..)?)?;
        let flow = self.flows.known_flow(way, header.flags)?;
        let at = span_at + (ip_at + payload.at) as u64;
        let numbers = (header.seq, header.ack, header.flags);
        let is_whole = payload.captured.len() == payload.sent_len;
        is_whole.then_some(WholeSegment::new(packet, flow, numbers, (payload.captured, at)))
    }

    /// Counts segments that [`push_whole`](Decoder::push_whole) found.
    #[inline]
    pub fn count_segments(&mut self, segments: usize) {
        self.stats.count_segments(segments as u64);
    }

    /// Returns where segments of a flow come from and go to that travel this way.
    pub fn way(&self, flow: FlowId, direction: Direction) -> Way {
        self.flows.way(flow, direction).unwrap_or_default()
    }

    /// A packet that is more, or less, than a segment.
    fn push_other<'a>(&'a mut self, link: LinkType, whole: Piece, sent_len: usize, octets: &'a [u8]) -> Outcome<'a> {
        let Decoder { flows, fragments, joined, stats } = self;
        let outcome = decode(flows, fragments, joined, link, whole, sent_len, octets).unwrap_or_else(Outcome::from);
        stats.count(&outcome, sent_len > octets.len());
        stats.datagrams_joined = fragments.joined;
        stats.datagrams_dropped = fragments.dropped;
        outcome
    }

    /// Returns what became of the packets so far.
    pub fn stats(&self) -> &NetStats {
        &self.stats
    }

    /// The endpoints of a flow.
    pub fn flow(&self, id: FlowId) -> Option<Flow> {
        self.flows.get(id)
    }

    /// Returns how many flows there are; their ids count from 0.
    pub fn flow_count(&self) -> usize {
        self.flows.len()
    }
}

/// The IP header of a packet, and where its payload starts: octets from the start of the packet.
#[inline(always)]
fn ip_packet(link: LinkType, octets: &[u8], sent_len: usize) -> Result<(IpPacket, usize), Stop> {
    let ip_at = link::ip_header_at(link, octets)?;
    let in_ip = octets.get(ip_at..).unwrap_or_default();
    let ip = ip::parse(in_ip, sent_len.saturating_sub(ip_at)).map_err(|stop| moved(stop, ip_at))?;
    Ok((ip, ip_at + ip.payload.at))
}

/// Returns what the capture holds of `len` octets from octet `at` of a packet on.
#[inline(always)]
fn cut(octets: &[u8], at: usize, len: usize) -> &[u8] {
    let rest = octets.get(at..).unwrap_or_default();
    rest.get(..len).unwrap_or(rest)
}

/// The payload behind a TCP header of `header_len` octets that starts at octet `at` of the packet `whole`; `captured` are
/// the captured octets of both.
#[inline(always)]
fn one_piece<'a>(whole: Piece, at: usize, header_len: usize, captured: &'a [u8]) -> Pieces<'a> {
    match captured.get(header_len..) {
        Some(octets) if !octets.is_empty() => {
            let span = whole.span.skip((at + header_len) as u32).take(octets.len() as u32);
            Pieces::One([SegmentPiece { at: 0, piece: Piece { span, ..whole }, octets }])
        }
        _ => Pieces::None,
    }
}

fn decode<'a>(
    flows: &mut FlowTable,
    fragments: &mut FragmentPool,
    joined: &'a mut Option<Datagram>,
    link: LinkType,
    whole: Piece,
    sent_len: usize,
    octets: &'a [u8],
) -> Result<Outcome<'a>, Stop> {
    let (ip, at) = ip_packet(link, octets, sent_len)?;
    let captured = cut(octets, at, ip.payload.len);
    let Some(fragment) = ip.fragment else {
        if ip.payload.protocol != ip::TCP {
            return Err(Stop::NotTcp);
        }
        let header = TcpHeader::parse(captured, ip.payload.len).map_err(|stop| moved(stop, at))?;
        let pieces = one_piece(whole, at, header.len, captured);
        let len = ip.payload.len - header.len;
        return Ok(Outcome::Segment(segment(flows, ip.addresses, header, len, pieces, whole.packet)));
    };
    if ip.payload.protocol != ip::TCP && !ip::is_extension(ip.payload.protocol) {
        return Err(Stop::NotTcp);
    }
    let piece = Piece { span: whole.span.skip(at as u32).take(captured.len() as u32), ..whole };
    match fragments.push(&ip, fragment, piece, captured)? {
        None => Ok(Outcome::Fragment),
        Some(datagram) => from_datagram(flows, &ip, joined.insert(datagram), whole.packet).map(Outcome::Segment),
    }
}

/// The segment in a datagram joined from fragments. Only their first octets are put in a row, to read the headers.
fn from_datagram<'a>(
    flows: &mut FlowTable,
    ip: &IpPacket,
    datagram: &'a Datagram,
    packet: PacketRef,
) -> Result<Segment<'a>, Stop> {
    let mut start = [0; MAX_HEADERS];
    let copied = datagram.copy_start(&mut start);
    let start = start.get(..copied).unwrap_or_default();

    let payload = IpPayload { protocol: datagram.protocol, at: 0, len: datagram.len() };
    let (payload, inner_fragment) = ip::skip_extensions(start, payload, ip.addresses.layer())?;
    if payload.protocol != ip::TCP || inner_fragment.is_some() {
        return Err(Stop::NotTcp);
    }
    let header = TcpHeader::parse(start.get(payload.at..).unwrap_or_default(), payload.len)
        .map_err(|stop| moved(stop, payload.at))?;

    let data_at = payload.at + header.len;
    let pieces = datagram.parts.iter().filter_map(|part| {
        let skip = data_at.saturating_sub(part.at);
        let octets = part.octets.get(skip..).filter(|octets| !octets.is_empty())?;
        let piece = Piece { span: part.piece.span.skip(skip as u32), ..part.piece };
        Some(SegmentPiece { at: (part.at + skip - data_at) as u32, piece, octets })
    });
    let pieces = Pieces::Several(pieces.collect());
    Ok(segment(flows, ip.addresses, header, payload.len - header.len, pieces, packet))
}

/// Puts a segment together; `len` are the octets of payload as sent.
#[inline(always)]
fn segment<'a>(
    flows: &mut FlowTable,
    addresses: Addresses,
    header: TcpHeader,
    len: usize,
    pieces: Pieces<'a>,
    packet: PacketRef,
) -> Segment<'a> {
    let TcpHeader { ports, seq, ack, flags, .. } = header;
    let found = flows.find(&addresses, ports, flags, seq, ack);
    Segment {
        flow: found.flow,
        direction: found.direction,
        new_flow: found.new,
        way: Way { addresses, ports },
        seq,
        ack,
        flags,
        payload_len: u32::try_from(len).unwrap_or(u32::MAX),
        pieces,
        packet,
    }
}

/// The fields of a TCP header (RFC 9293 §3.1) that matter here.
#[derive(Clone, Copy, Debug)]
pub(super) struct TcpHeader {
    /// Source and destination.
    pub(super) ports: [u16; 2],
    pub(super) seq: u32,
    pub(super) ack: Option<u32>,
    pub(super) flags: TcpFlags,
    /// Length of the header with its options, in octets.
    pub(super) len: usize,
}

impl TcpHeader {
    /// Reads the header at the start of `octets`, the captured ones of `sent_len`.
    #[inline(always)]
    pub(super) fn parse(octets: &[u8], sent_len: usize) -> Result<TcpHeader, Stop> {
        let header = TcpHeaderSlice::from_slice(octets).map_err(|error| match error {
            HeaderSliceError::Len(len) => Stop::short(Layer::Tcp, 0, len.required_len, len.len),
            HeaderSliceError::Content(_) => Stop::value(Layer::Tcp, 0, "the data offset is below 5"),
        })?;
        let len = header.slice().len();
        if len > sent_len {
            return Err(Stop::value(Layer::Tcp, 0, "the data offset points behind the packet"));
        }
        // The octet of the control bits (RFC 9293 figure 1, with RFC 3168's two).
        let flags = TcpFlags(header.slice().get(13).copied().unwrap_or_default());
        Ok(TcpHeader {
            ports: [header.source_port(), header.destination_port()],
            seq: header.sequence_number(),
            ack: flags.ack().then(|| header.acknowledgment_number()),
            flags,
            len,
        })
    }
}

/// Returns the stop with its place counted from `by` octets before.
fn moved(stop: Stop, by: usize) -> Stop {
    match stop {
        Stop::Malformed(what) => Stop::Malformed(Malformed { at: what.at + by, ..what }),
        other => other,
    }
}

#[cfg(test)]
mod tests;
