//! One TCP connection being acted out.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};

use super::packets::{ACK, FIN, Header, Packets, SYN};

pub const REQUEST: &str = "GET /chat HTTP/1.1\r\nHost: hostile.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                           Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
pub const ANSWER: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                          Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// Payload octets of a full segment.
pub const SEGMENT: usize = 1460;

/// A peer that sends; also its place in a pair.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Client = 0,
    Server = 1,
}

pub use Who::{Client, Server};

/// A connection between a client of its own and one server.
#[derive(Clone, Copy)]
pub struct Conversation {
    client: SocketAddrV4,
    /// Sequence numbers of the next octets.
    pub next: [u32; 2],
}

const SERVER: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 255, 0, 1), 80);

impl Conversation {
    /// The connection number `index`, which has not begun.
    pub fn new(index: u64) -> Conversation {
        let address = Ipv4Addr::from_bits(0x0a00_0000 + (index / 50_000) as u32);
        let client = SocketAddrV4::new(address, 10_000 + (index % 50_000) as u16);
        let seq = (index as u32).wrapping_mul(2_654_435_761);
        Conversation { client, next: [seq, !seq] }
    }

    /// One that is past both handshakes.
    pub fn upgraded(index: u64, packets: &mut Packets<'_>) -> io::Result<Conversation> {
        let mut it = Conversation::new(index);
        it.connect(packets)?;
        it.request(packets)?;
        it.send(Server, ANSWER.as_bytes(), packets)?;
        Ok(it)
    }

    /// Makes such a conversation with permessage-deflate.
    pub fn compressing(index: u64, packets: &mut Packets<'_>) -> io::Result<Conversation> {
        let agreed = |head: &str| head.replace("\r\n\r\n", "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n");
        packets.truth.connections += 1;
        let mut it = Conversation::new(index);
        it.connect(packets)?;
        it.send(Client, agreed(REQUEST).as_bytes(), packets)?;
        it.send(Server, agreed(ANSWER).as_bytes(), packets)?;
        Ok(it)
    }

    fn header(&self, who: Who, flags: u8, at: u32) -> Header {
        let (from, to, peer) = match who {
            Client => (self.client, SERVER, self.next[1]),
            Server => (SERVER, self.client, self.next[0]),
        };
        Header { from, to, flags, seq: at, ack: if flags & ACK == 0 { 0 } else { peer } }
    }

    /// The first packet.
    pub fn syn(&mut self, packets: &mut Packets<'_>) -> io::Result<()> {
        packets.truth.tcp_connections += 1;
        self.put(Client, SYN, self.next[0], &[], packets)?;
        self.next[0] = self.next[0].wrapping_add(1);
        Ok(())
    }

    /// TCP's three-way handshake.
    pub fn connect(&mut self, packets: &mut Packets<'_>) -> io::Result<()> {
        self.syn(packets)?;
        self.put(Server, SYN | ACK, self.next[1], &[], packets)?;
        self.next[1] = self.next[1].wrapping_add(1);
        self.ack(Client, packets)
    }

    /// The client asks for a WebSocket.
    pub fn request(&mut self, packets: &mut Packets<'_>) -> io::Result<()> {
        packets.truth.connections += 1;
        self.send(Client, REQUEST.as_bytes(), packets)
    }

    /// The next octets, in one packet.
    pub fn send(&mut self, who: Who, octets: &[u8], packets: &mut Packets<'_>) -> io::Result<()> {
        self.put(who, ACK, self.next[who as usize], octets, packets)?;
        self.lose(who, octets.len() as u32);
        Ok(())
    }

    /// The next octets, which the capture lacks.
    pub fn lose(&mut self, who: Who, len: u32) {
        self.next[who as usize] = self.next[who as usize].wrapping_add(len);
    }

    /// Octets that stand `ahead` octets behind the next ones.
    pub fn ahead(&self, who: Who, ahead: u32, octets: &[u8], packets: &mut Packets<'_>) -> io::Result<()> {
        self.put(who, ACK, self.next[who as usize].wrapping_add(ahead), octets, packets)
    }

    /// An acknowledgment of everything that was sent.
    pub fn ack(&self, who: Who, packets: &mut Packets<'_>) -> io::Result<()> {
        self.put(who, ACK, self.next[who as usize], &[], packets)
    }

    /// Ends both ways.
    pub fn close(&mut self, packets: &mut Packets<'_>) -> io::Result<()> {
        for who in [Client, Server] {
            self.put(who, FIN | ACK, self.next[who as usize], &[], packets)?;
            self.lose(who, 1);
        }
        self.ack(Client, packets)
    }

    fn put(&self, who: Who, flags: u8, at: u32, octets: &[u8], packets: &mut Packets<'_>) -> io::Result<()> {
        packets.tcp(&self.header(who, flags, at), octets)
    }

    /// The header of a packet of `who`, for those who make their own.
    pub fn any_header(&self, who: Who) -> Header {
        self.header(who, ACK, self.next[who as usize])
    }
}

/// A frame of the server: not masked.
pub fn server_frame(octet0: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![octet0];
    match payload.len() {
        len @ 0..126 => frame.push(len as u8),
        len => {
            frame.push(126);
            frame.extend((len as u16).to_be_bytes());
        }
    }
    frame.extend(payload);
    frame
}

/// An empty frame of the client; `n` makes the key.
pub fn client_frame(octet0: u8, n: u64) -> [u8; 6] {
    let [a, b, c, d] = ((n as u32).wrapping_mul(2_654_435_761) | 1).to_be_bytes();
    [octet0, 0x80, a, b, c, d]
}
