//! One WebSocket connection being acted out, and the truth about it.

use std::io;

use flate2::{Compress, Compression, FlushCompress};
use framescope::ws::unmask;
use serde::Serialize;
use sha1::{Digest as _, Sha1};

use crate::random::Random;
use crate::wire::{End, Wire};

/// Counts that a reader has to come to.
#[derive(Default, Serialize)]
pub struct Truth {
    pub tcp_connections: u64,
    pub connections: u64,
    pub frames: u64,
    pub messages: u64,
    pub payload_octets: u64,
    /// `c1`, `s9`: sender and opcode.
    pub by_sender_and_opcode: std::collections::BTreeMap<String, u64>,
    /// By client port and address: the SHA-1 of the client's and of the server's payload octets.
    pub payload_sha1: std::collections::BTreeMap<String, [String; 2]>,
}

/// A connection.
pub struct Peer {
    pub client: End,
    pub server: End,
    hashes: [Sha1; 2],
    deflaters: Option<Box<[Compress; 2]>>,
    buffer: Vec<u8>,
}

pub const CLIENT: usize = 0;
pub const SERVER: usize = 1;

impl Peer {
    /// TCP and the opening handshake.
    pub fn open(index: u32, deflate: bool, wire: &mut Wire, truth: &mut Truth) -> io::Result<Peer> {
        let mut client = End {
            address: 0x0a00_0000 + index / 50_000,
            port: 10_000 + (index % 50_000) as u16,
            seq: index.wrapping_mul(2_654_435_761),
        };
        let mut server = End { address: 0x0a01_0001, port: 8080, seq: !index.wrapping_mul(2_246_822_519) };
        wire.open(&mut client, &mut server)?;
        truth.tcp_connections += 1;
        truth.connections += 1;
        let extensions = if deflate { "Sec-WebSocket-Extensions: permessage-deflate\r\n" } else { "" };
        let request = format!(
            "GET /stream/{index} HTTP/1.1\r\nHost: bench.example:8080\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{extensions}\r\n"
        );
        let response = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n{extensions}\r\n"
        );
        wire.send(&mut client, &mut server, request.as_bytes())?;
        wire.send(&mut server, &mut client, response.as_bytes())?;
        let deflater = || Compress::new(Compression::new(6), false);
        Ok(Peer {
            client,
            server,
            hashes: Default::default(),
            deflaters: deflate.then(|| Box::new([deflater(), deflater()])),
            buffer: Vec::new(),
        })
    }

    /// A message, in one frame or more; compressed where that was agreed.
    #[expect(clippy::too_many_arguments, reason = "one call for everything that a message is")]
    pub fn message(
        &mut self,
        sender: usize,
        opcode: u8,
        payload: &[u8],
        fragments: usize,
        random: &mut Random,
        wire: &mut Wire,
        truth: &mut Truth,
    ) -> io::Result<()> {
        truth.messages += 1;
        let Some(deflaters) = &mut self.deflaters else {
            return self.frames(sender, opcode, false, payload, fragments, random, wire, truth);
        };
        let mut packed = Vec::with_capacity(payload.len() + 64);
        let before = deflaters[sender].total_in();
        while deflaters[sender].total_in() - before < payload.len() as u64 {
            let taken = (deflaters[sender].total_in() - before) as usize;
            packed.reserve(payload.len() + 64);
            deflaters[sender]
                .compress_vec(&payload[taken..], &mut packed, FlushCompress::None)
                .map_err(io::Error::other)?;
        }
        loop {
            packed.reserve(64);
            let room = packed.capacity() - packed.len();
            let len = packed.len();
            deflaters[sender].compress_vec(&[], &mut packed, FlushCompress::Sync).map_err(io::Error::other)?;
            if packed.len() - len < room {
                break;
            }
        }
        // RFC 7692 §7.2.1: the empty block at the end is left out.
        packed.truncate(packed.len() - 4);
        self.frames(sender, opcode, true, &packed, fragments, random, wire, truth)
    }

    #[expect(clippy::too_many_arguments, reason = "one call for everything that a message is")]
    fn frames(
        &mut self,
        sender: usize,
        opcode: u8,
        compressed: bool,
        payload: &[u8],
        fragments: usize,
        random: &mut Random,
        wire: &mut Wire,
        truth: &mut Truth,
    ) -> io::Result<()> {
        let size = payload.len().div_ceil(fragments.max(1)).max(1);
        let count = payload.chunks(size).count().max(1);
        for index in 0..count {
            let part = payload.chunks(size).nth(index).unwrap_or_default();
            let octet0 = u8::from(index + 1 == count) << 7
                | u8::from(compressed && index == 0) << 6
                | if index == 0 { opcode } else { 0 };
            self.frame(sender, octet0, part, random, wire, truth)?;
        }
        Ok(())
    }

    /// One frame.
    pub fn frame(
        &mut self,
        sender: usize,
        octet0: u8,
        payload: &[u8],
        random: &mut Random,
        wire: &mut Wire,
        truth: &mut Truth,
    ) -> io::Result<()> {
        let name = if sender == CLIENT { "c" } else { "s" };
        *truth.by_sender_and_opcode.entry(format!("{name}{}", octet0 & 15)).or_default() += 1;
        truth.frames += 1;
        truth.payload_octets += payload.len() as u64;
        self.hashes[sender].update(payload);
        let out = &mut self.buffer;
        out.clear();
        out.push(octet0);
        let mask = if sender == CLIENT { 0x80 } else { 0 };
        match payload.len() {
            len @ 0..126 => out.push(mask | len as u8),
            len @ 126..65_536 => {
                out.push(mask | 126);
                out.extend((len as u16).to_be_bytes());
            }
            len => {
                out.push(mask | 127);
                out.extend((len as u64).to_be_bytes());
            }
        }
        if sender == CLIENT {
            let key = (random.next() as u32 | 1).to_be_bytes();
            out.extend(key);
            let at = out.len();
            out.extend(payload);
            unmask(key, 0, &mut out[at..]);
            wire.send(&mut self.client, &mut self.server, out)
        } else {
            out.extend(payload);
            wire.send(&mut self.server, &mut self.client, out)
        }
    }

    /// Close, Close, FIN, FIN.
    pub fn close(mut self, random: &mut Random, wire: &mut Wire, truth: &mut Truth) -> io::Result<()> {
        self.frame(CLIENT, 0x88, &1000u16.to_be_bytes(), random, wire, truth)?;
        self.frame(SERVER, 0x88, &1000u16.to_be_bytes(), random, wire, truth)?;
        let client = std::net::Ipv4Addr::from_bits(self.client.address);
        let hex = |hash: Sha1| hash.finalize().iter().map(|octet| format!("{octet:02x}")).collect::<String>();
        let [first, second] = self.hashes;
        truth.payload_sha1.insert(format!("{client}:{}", self.client.port), [hex(first), hex(second)]);
        wire.close(&mut self.server, &mut self.client)
    }
}
