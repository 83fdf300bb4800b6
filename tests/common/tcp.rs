//! A TCP conversation as segments, which a test may lose, repeat, swap and cut before they become packets.

use std::net::{IpAddr, SocketAddr};

use super::link::{self, Link};
use super::pcap::Capture;

pub const FIN: u8 = 0x01;
pub const SYN: u8 = 0x02;
pub const RST: u8 = 0x04;
pub const ACK: u8 = 0x10;

/// A request that opens a WebSocket: that of RFC 6455 §1.3.
pub const REQUEST: &str = "GET /chat HTTP/1.1\r\nHost: example.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                           Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
/// The answer to [`REQUEST`].
pub const ANSWER: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                          Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// A peer that sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Client,
    Server,
}

pub use Who::{Client, Server};

impl Who {
    fn index(self) -> usize {
        usize::from(self == Server)
    }

    fn peer(self) -> Who {
        if self == Client { Server } else { Client }
    }
}

/// A segment.
#[derive(Clone, Debug)]
pub struct Segment {
    pub who: Who,
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub flags: u8,
    pub seq: u32,
    pub ack: u32,
    pub payload: Vec<u8>,
}

impl Segment {
    /// The IP packet that carries it. Checksums are left at 0, as a capture of a sending host has them anyway.
    pub fn ip_packet(&self) -> Vec<u8> {
        let mut tcp = Vec::new();
        tcp.extend(self.from.port().to_be_bytes());
        tcp.extend(self.to.port().to_be_bytes());
        tcp.extend(self.seq.to_be_bytes());
        tcp.extend(self.ack.to_be_bytes());
        tcp.extend([0x50, self.flags, 0xff, 0xff, 0, 0, 0, 0]);
        tcp.extend(&self.payload);
        let len = tcp.len() as u16;
        let header = match (self.from.ip(), self.to.ip()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                let total = (len + 20).to_be_bytes();
                let fields = [0x45, 0, total[0], total[1], 0, 7, 0, 0, 64, 6, 0, 0];
                [&fields[..], &from.octets(), &to.octets()].concat()
            }
            (IpAddr::V6(from), IpAddr::V6(to)) => {
                let len = len.to_be_bytes();
                [&[0x60, 0, 0, 0, len[0], len[1], 6, 64][..], &from.octets(), &to.octets()].concat()
            }
            _ => panic!("both ends speak the same IP"),
        };
        [header, tcp].concat()
    }
}

/// Two peers who talk, and what was captured of it.
#[derive(Clone, Debug)]
pub struct Talk {
    ends: [SocketAddr; 2],
    /// Sequence numbers of the SYNs.
    isn: [u32; 2],
    /// Stream offsets of the next octets to send.
    next: [u32; 2],
    /// The segments that were captured.
    pub segments: Vec<Segment>,
}

impl Talk {
    /// One over IPv4 that has not begun.
    pub fn new() -> Talk {
        Talk::between("10.0.0.1:50000", "10.0.0.2:80")
    }

    /// One between these sockets that has not begun.
    pub fn between(client: &str, server: &str) -> Talk {
        let ends = [client.parse().unwrap(), server.parse().unwrap()];
        Talk { ends, isn: [1000, 900_000], next: [0, 0], segments: Vec::new() }
    }

    /// Gives it other initial sequence numbers.
    pub fn numbered(mut self, client: u32, server: u32) -> Talk {
        self.isn = [client, server];
        self
    }

    /// A conversation that is past its opening handshake.
    pub fn upgraded() -> Talk {
        let mut talk = Talk::new();
        talk.connect();
        talk.upgrade();
        talk
    }

    /// TCP's three-way handshake.
    pub fn connect(&mut self) {
        self.push(Client, SYN, self.isn[0], Vec::new());
        self.push(Server, SYN | ACK, self.isn[1], Vec::new());
        self.ack(Client);
    }

    /// The opening handshake.
    pub fn upgrade(&mut self) {
        self.say(Client, REQUEST);
        self.say(Server, ANSWER);
    }

    /// `who` sends the next octets.
    pub fn say(&mut self, who: Who, octets: impl AsRef<[u8]>) {
        self.put(who, self.next[who.index()], octets.as_ref());
        self.next[who.index()] += octets.as_ref().len() as u32;
    }

    /// `who` sends the next octets in segments of at most `size`.
    pub fn say_in(&mut self, who: Who, size: usize, octets: impl AsRef<[u8]>) {
        octets.as_ref().chunks(size).for_each(|part| self.say(who, part));
    }

    /// `who` sends the next octets, and they are not captured.
    pub fn lose(&mut self, who: Who, octets: impl AsRef<[u8]>) {
        self.next[who.index()] += octets.as_ref().len() as u32;
    }

    /// `who` sends octets that belong at stream offset `at`, which may have been sent before.
    pub fn put(&mut self, who: Who, at: u32, octets: &[u8]) {
        let seq = self.isn[who.index()].wrapping_add(1).wrapping_add(at);
        self.push(who, ACK, seq, octets.to_vec());
    }

    /// `who` acknowledges everything.
    pub fn ack(&mut self, who: Who) {
        self.put(who, self.next[who.index()], b"");
    }

    /// Returns where in `who`'s stream the next octet goes.
    pub fn at(&self, who: Who) -> u32 {
        self.next[who.index()]
    }

    /// Both ends close: `who` first.
    pub fn finish(&mut self, who: Who) {
        for who in [who, who.peer()] {
            self.ack(who);
            self.last().flags |= FIN;
            self.next[who.index()] += 1;
        }
        self.ack(who);
    }

    /// The segment captured last.
    pub fn last(&mut self) -> &mut Segment {
        self.segments.last_mut().unwrap()
    }

    fn push(&mut self, who: Who, flags: u8, seq: u32, payload: Vec<u8>) {
        let peer = who.peer();
        let ack = if flags & ACK == 0 {
            0
        } else {
            self.isn[peer.index()].wrapping_add(1).wrapping_add(self.next[peer.index()])
        };
        let (from, to) = (self.ends[who.index()], self.ends[peer.index()]);
        self.segments.push(Segment { who, from, to, flags, seq, ack, payload });
    }

    /// The IP packets.
    pub fn ip_packets(&self) -> Vec<Vec<u8>> {
        self.segments.iter().map(Segment::ip_packet).collect()
    }

    /// The capture, on Ethernet.
    pub fn capture(&self) -> Capture {
        link::capture(Link::Ethernet, self.ip_packets())
    }
}
