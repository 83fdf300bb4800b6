//! Segments: the contribution of one packet to a TCP connection.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::ops::{BitOr, Deref};

use super::ip::Addresses;
use crate::base::{FlowId, PacketId, PacketRef, Piece, Span, Timestamp};

/// One end of a TCP connection: a socket, as RFC 9293 §3.3.1 calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint {
    /// The IP address.
    pub address: IpAddr,
    /// The TCP port.
    pub port: u16,
}

impl fmt::Display for Endpoint {
    /// `10.0.0.1:50000`, `[2001:db8::1]:80`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        SocketAddr::new(self.address, self.port).fmt(f)
    }
}

/// The direction that a segment travels in within its flow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    /// From the endpoint that opened the connection (sent the SYN); where no SYN was captured, from the endpoint that
    /// was seen sending first.
    #[default]
    Forward,
    /// Towards it.
    Backward,
}

impl Direction {
    /// The other way.
    pub fn reverse(self) -> Direction {
        match self {
            Direction::Forward => Direction::Backward,
            Direction::Backward => Direction::Forward,
        }
    }

    /// 0 for forward, 1 for backward: the place in a pair.
    pub fn index(self) -> usize {
        match self {
            Direction::Forward => 0,
            Direction::Backward => 1,
        }
    }
}

/// The two ends of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Flow {
    /// The source of forward segments.
    pub opener: Endpoint,
    /// Their destination.
    pub peer: Endpoint,
}

impl Flow {
    /// The endpoint that sends segments of this direction.
    pub fn sender(&self, direction: Direction) -> Endpoint {
        match direction {
            Direction::Forward => self.opener,
            Direction::Backward => self.peer,
        }
    }
}

/// The control bits of a TCP header (RFC 9293 §3.1).
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct TcpFlags(pub u8);

impl TcpFlags {
    /// No more data from the sender.
    pub const FIN: TcpFlags = TcpFlags(0x01);
    /// Synchronise sequence numbers.
    pub const SYN: TcpFlags = TcpFlags(0x02);
    /// Reset the connection.
    pub const RST: TcpFlags = TcpFlags(0x04);
    /// Push function.
    pub const PSH: TcpFlags = TcpFlags(0x08);
    /// The acknowledgment field counts.
    pub const ACK: TcpFlags = TcpFlags(0x10);
    /// The urgent pointer counts.
    pub const URG: TcpFlags = TcpFlags(0x20);
    /// Congestion was experienced (RFC 3168).
    pub const ECE: TcpFlags = TcpFlags(0x40);
    /// The congestion window was reduced (RFC 3168).
    pub const CWR: TcpFlags = TcpFlags(0x80);

    const NAMES: [(TcpFlags, &'static str); 8] = [
        (TcpFlags::FIN, "FIN"),
        (TcpFlags::SYN, "SYN"),
        (TcpFlags::RST, "RST"),
        (TcpFlags::PSH, "PSH"),
        (TcpFlags::ACK, "ACK"),
        (TcpFlags::URG, "URG"),
        (TcpFlags::ECE, "ECE"),
        (TcpFlags::CWR, "CWR"),
    ];

    /// Returns whether every bit of `other` is set.
    pub fn contains(self, other: TcpFlags) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns whether any bit of `other` is set.
    pub fn intersects(self, other: TcpFlags) -> bool {
        self.0 & other.0 != 0
    }

    /// SYN is set.
    pub fn syn(self) -> bool {
        self.contains(TcpFlags::SYN)
    }

    /// ACK is set.
    pub fn ack(self) -> bool {
        self.contains(TcpFlags::ACK)
    }

    /// FIN is set.
    pub fn fin(self) -> bool {
        self.contains(TcpFlags::FIN)
    }

    /// RST is set.
    pub fn rst(self) -> bool {
        self.contains(TcpFlags::RST)
    }

    /// PSH is set.
    pub fn psh(self) -> bool {
        self.contains(TcpFlags::PSH)
    }
}

impl BitOr for TcpFlags {
    type Output = TcpFlags;

    fn bitor(self, other: TcpFlags) -> TcpFlags {
        TcpFlags(self.0 | other.0)
    }
}

impl fmt::Display for TcpFlags {
    /// `SYN ACK`; nothing where no bit is set.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> =
            TcpFlags::NAMES.iter().filter(|(flag, _)| self.contains(*flag)).map(|(_, name)| *name).collect();
        f.pad(&names.join(" "))
    }
}

impl fmt::Debug for TcpFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TcpFlags({self})")
    }
}

/// A run of captured payload octets of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentPiece<'a> {
    /// Octets of the segment's payload before this piece.
    pub at: u32,
    /// The place of the octets in the file, and the packet that brought them: with IP fragments, each its own.
    pub piece: Piece,
    /// The octets themselves; as many as `piece.span.len` says.
    pub octets: &'a [u8],
}

/// The captured payload of a segment, in payload order, without overlaps. Holes are octets that the snap length cut.
///
/// Nearly every segment has one piece or none, so those need no allocation; a datagram joined from IP fragments has several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pieces<'a> {
    /// Nothing was captured, or nothing was sent.
    None,
    /// One run.
    One([SegmentPiece<'a>; 1]),
    /// Several, from IP fragments.
    Several(Vec<SegmentPiece<'a>>),
}

impl<'a> Deref for Pieces<'a> {
    type Target = [SegmentPiece<'a>];

    fn deref(&self) -> &[SegmentPiece<'a>] {
        match self {
            Pieces::None => &[],
            Pieces::One(one) => one,
            Pieces::Several(several) => several,
        }
    }
}

/// The contribution of a packet to a TCP connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment<'a> {
    /// The connection.
    pub flow: FlowId,
    /// The direction that it travels in.
    pub direction: Direction,
    /// True where this is the first segment of its flow.
    pub new_flow: bool,
    /// Its source and its destination.
    pub way: Way,
    /// The sequence number (RFC 9293 §3.4) of the first payload octet, or of the SYN.
    pub seq: u32,
    /// The acknowledgment number, where the ACK bit is set.
    pub ack: Option<u32>,
    /// The control bits.
    pub flags: TcpFlags,
    /// Payload octets as sent, by the IP length; the capture may hold fewer.
    pub payload_len: u32,
    /// The payload octets the capture holds.
    pub pieces: Pieces<'a>,
    /// The packet; for a datagram joined from IP fragments the packet that completed it.
    pub packet: PacketRef,
}

/// A segment that neither begins nor ends a connection, of a flow that is known, in one piece that was captured whole.
/// Nearly every segment is such a one, and a few of them are kept for a moment: it has the size of a cache line.
///
/// The numbers that tell of its packet do not lie together: it is written number by number, and who reads two numbers
/// that were just written as if they were one waits until they have left the processor.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct WholeSegment<'a> {
    id: PacketId,
    /// The connection.
    pub flow: FlowId,
    /// The sequence number of the first payload octet.
    pub seq: u32,
    record_at: u64,
    /// The acknowledgment number; it counts where the ACK bit is set.
    ack: u32,
    /// The control bits.
    pub flags: TcpFlags,
    /// The direction that it travels in.
    pub direction: Direction,
    time: Timestamp,
    /// The payload.
    pub octets: &'a [u8],
    /// File offset in octets of the payload.
    pub at: u64,
}

impl<'a> WholeSegment<'a> {
    /// One whose payload is `octets` at offset `at` of the file.
    #[inline(always)]
    pub(super) fn new(
        packet: PacketRef,
        (flow, direction): (FlowId, Direction),
        (seq, ack, flags): (u32, Option<u32>, TcpFlags),
        (octets, at): (&'a [u8], u64),
    ) -> WholeSegment<'a> {
        let PacketRef { id, record_at, time } = packet;
        WholeSegment { id, flow, seq, record_at, ack: ack.unwrap_or_default(), flags, direction, time, octets, at }
    }

    /// The packet.
    #[inline(always)]
    pub fn packet(&self) -> PacketRef {
        PacketRef { id: self.id, record_at: self.record_at, time: self.time }
    }

    /// When its packet was captured.
    #[inline(always)]
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// The acknowledgment number, where the ACK bit is set.
    #[inline(always)]
    pub fn ack(&self) -> Option<u32> {
        self.flags.ack().then_some(self.ack)
    }

    /// The place of the payload.
    #[inline(always)]
    pub fn piece(&self) -> Piece {
        Piece { span: Span::new(self.at, self.octets.len() as u32), packet: self.packet() }
    }

    /// Returns it as a segment like any other; `way` is its source and its destination.
    pub fn to_segment(&self, way: Way) -> Segment<'a> {
        let WholeSegment { octets, flow, seq, flags, direction, .. } = *self;
        let packet = self.packet();
        let pieces = match octets {
            [] => Pieces::None,
            _ => Pieces::One([SegmentPiece { at: 0, piece: self.piece(), octets }]),
        };
        let payload_len = octets.len() as u32;
        Segment { flow, direction, new_flow: false, way, seq, ack: self.ack(), flags, payload_len, pieces, packet }
    }
}

/// The source and the destination of a packet, as they stand in its headers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Way {
    pub(super) addresses: Addresses,
    /// Source and destination.
    pub(super) ports: [u16; 2],
}

impl<'a> Segment<'a> {
    /// Returns it as a whole segment, if it is one.
    #[inline]
    pub fn whole(&self) -> Option<WholeSegment<'a>> {
        let (octets, at): (&[u8], u64) = match &self.pieces {
            Pieces::None => (&[], 0),
            Pieces::One([SegmentPiece { piece, octets, .. }]) => (octets, piece.span.at),
            Pieces::Several(_) => return None,
        };
        let Segment { flow, direction, seq, flags, packet, .. } = *self;
        let is_whole = octets.len() == self.payload_len as usize
            && !flags.intersects(TcpFlags::SYN | TcpFlags::FIN | TcpFlags::RST);
        is_whole.then_some(WholeSegment::new(packet, (flow, direction), (seq, self.ack, flags), (octets, at)))
    }

    /// The two ends of the connection.
    pub fn ends(&self) -> Flow {
        let Way { addresses, ports: [source_port, destination_port] } = self.way;
        let source = Endpoint { address: addresses.address(addresses.source), port: source_port };
        let destination = Endpoint { address: addresses.address(addresses.destination), port: destination_port };
        match self.direction {
            Direction::Forward => Flow { opener: source, peer: destination },
            Direction::Backward => Flow { opener: destination, peer: source },
        }
    }

    /// The octets at `span` of the file, where this segment brought them. Spans that this segment did not bring (they
    /// were held from earlier packets) give `None`: read them from the capture.
    pub fn octets_at(&self, span: Span) -> Option<&'a [u8]> {
        let holder = self.pieces.iter().find(|piece| piece.piece.span.contains(span))?;
        let start = usize::try_from(span.at - holder.piece.span.at).ok()?;
        holder.octets.get(start..)?.get(..span.len as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_segment_is_as_large_as_a_cache_line() {
        assert_eq!(size_of::<WholeSegment<'_>>(), 64);
    }

    #[test]
    fn endpoints_print_as_sockets() {
        let endpoint = |address: &str, port| Endpoint { address: address.parse().unwrap(), port }.to_string();
        assert_eq!(endpoint("10.0.0.1", 50_000), "10.0.0.1:50000");
        assert_eq!(endpoint("2001:db8::1", 80), "[2001:db8::1]:80");
    }

    #[test]
    fn flags_print_in_header_order_from_the_low_bit() {
        assert_eq!((TcpFlags::ACK | TcpFlags::SYN).to_string(), "SYN ACK");
        assert_eq!(TcpFlags(0).to_string(), "");
    }

    #[test]
    fn a_segment_finds_its_own_octets() {
        let piece = |at, file_at, octets: &'static [u8]| SegmentPiece {
            at,
            piece: Piece { span: Span::new(file_at, octets.len() as u32), packet: PacketRef::default() },
            octets,
        };
        let segment = Segment {
            flow: FlowId(0),
            direction: Direction::Forward,
            new_flow: true,
            way: Way::default(),
            seq: 1,
            ack: None,
            flags: TcpFlags::ACK,
            payload_len: 6,
            pieces: Pieces::Several(vec![piece(0, 100, b"abc"), piece(3, 200, b"def")]),
            packet: PacketRef::default(),
        };
        assert_eq!(segment.octets_at(Span::new(201, 2)), Some(&b"ef"[..]));
        assert_eq!(segment.octets_at(Span::new(102, 2)), None);
    }
}
