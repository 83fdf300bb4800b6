//! A capture with as many rows in as few octets as possible: WebSocket frames of a few octets, packets full of them.

use std::fs::File;
use std::io::{self, BufWriter, Write};

const CONNECTIONS: u32 = 1000;
/// Octets of frames in a packet, about.
const FULL: usize = 1400;
const CLIENT: usize = 0;
const SERVER: usize = 1;

/// A connection between its clients' sockets and the server: sequence numbers of both ends.
struct Peer {
    port: u16,
    seq: [u32; 2],
}

/// The capture being written.
struct Wire {
    out: BufWriter<File>,
    time: u64,
    dice: u64,
}

/// Writes a capture of about so many frames: three in ten of the client, nearly all of them text.
pub fn write(frames: u64, file: &File) -> io::Result<()> {
    let mut wire = Wire {
        out: BufWriter::with_capacity(1 << 20, file.try_clone()?),
        time: 1_700_000_000_000_000_000,
        dice: 0x9e37_79b9_7f4a_7c15,
    };
    // Nanoseconds, version 2.4, Ethernet.
    for word in [0xa1b2_3c4d_u32, 0x0004_0002, 0, 0, 262_144, 1] {
        wire.out.write_all(&word.to_le_bytes())?;
    }
    let mut peers: Vec<Peer> =
        (0..CONNECTIONS).map(|index| Peer { port: 10_000 + index as u16, seq: [1000, 9000] }).collect();
    for (index, peer) in peers.iter_mut().enumerate() {
        let request = format!(
            "GET /stream/{index} HTTP/1.1\r\nHost: dense.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        );
        let response = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
        wire.packet(peer, CLIENT, request.as_bytes())?;
        wire.packet(peer, SERVER, response.as_bytes())?;
    }
    let mut written = 0;
    let mut payload = Vec::new();
    while written < frames {
        let sender = if wire.below(10) < 3 { CLIENT } else { SERVER };
        payload.clear();
        while payload.len() < FULL && written < frames {
            wire.frame(sender, &mut payload);
            written += 1;
        }
        let peer = wire.below(u64::from(CONNECTIONS)) as usize;
        wire.packet(&mut peers[peer], sender, &payload)?;
    }
    wire.out.flush()
}

impl Wire {
    /// A number below `most` (a linear congruential generator, Knuth's MMIX).
    fn below(&mut self, most: u64) -> u64 {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.dice >> 33) % most
    }

    fn frame(&mut self, sender: usize, out: &mut Vec<u8>) {
        let opcode = match self.below(200) {
            0 => 0x8a,
            1..20 => 0x82,
            _ => 0x81,
        };
        let len = self.below(20) as u8;
        let masked = sender == CLIENT;
        out.extend([opcode, len | u8::from(masked) << 7]);
        let key = (self.below(1 << 31) as u32 | 1).to_be_bytes();
        if masked {
            out.extend(key);
        }
        let plain = b"{\"n\":123456789012}\r\n";
        let key = if masked { key } else { [0; 4] };
        out.extend(plain.iter().zip(key.iter().cycle()).take(len.into()).map(|(octet, key)| octet ^ key));
    }

    fn packet(&mut self, peer: &mut Peer, sender: usize, payload: &[u8]) -> io::Result<()> {
        self.time += 200 + self.below(20_000);
        let len = (14 + 20 + 20 + payload.len()) as u32;
        let mut record = Vec::with_capacity(16 + len as usize);
        for word in [(self.time / 1_000_000_000) as u32, (self.time % 1_000_000_000) as u32, len, len] {
            record.extend(word.to_le_bytes());
        }
        record.extend([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0]);
        record.extend((len as u16 - 14).to_be_bytes());
        record.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
        let ends = [([10, 0, 0, 1], peer.port), ([10, 0, 0, 2], 80)];
        let (from, to) = (ends[sender], ends[1 - sender]);
        record.extend(from.0.into_iter().chain(to.0));
        record.extend(from.1.to_be_bytes().into_iter().chain(to.1.to_be_bytes()));
        record.extend(peer.seq[sender].to_be_bytes().into_iter().chain(peer.seq[1 - sender].to_be_bytes()));
        record.extend([0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0]);
        record.extend(payload);
        peer.seq[sender] = peer.seq[sender].wrapping_add(payload.len() as u32);
        self.out.write_all(&record)
    }
}
