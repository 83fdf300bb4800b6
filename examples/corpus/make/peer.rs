//! One WebSocket connection being acted out.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};

use sha1::{Digest as _, Sha1};

use super::Stage;
use super::wire::End;
use crate::truth::{CLIENT, SERVER, SentFrame, hex};

/// A connection.
pub struct Peer {
    /// Its index, from 0.
    pub index: u32,
    /// Messages said so far.
    pub told: usize,
    client: End,
    server: End,
    hashes: [Sha1; 2],
    /// Octets sent so far, where frames are told one by one.
    sent: [u64; 2],
    /// Those frames.
    frames: [Vec<SentFrame>; 2],
    buffer: Vec<u8>,
}

/// A message as it is sent.
pub struct Message {
    pub sender: usize,
    pub opcode: u8,
    pub compressed: bool,
    /// Frames that it is sent in.
    pub fragments: usize,
    pub payload: Vec<u8>,
}

impl Peer {
    /// TCP and the opening handshake.
    pub fn open(index: u32, deflate: bool, stage: &mut Stage) -> io::Result<Peer> {
        let mut client = End {
            address: 0x0a00_0000 + index / 50_000,
            port: 10_000 + (index % 50_000) as u16,
            seq: index.wrapping_mul(2_654_435_761),
        };
        let mut server = End { address: 0x0a01_0001, port: 8080, seq: !index.wrapping_mul(2_246_822_519) };
        stage.wire.open(&mut client, &mut server)?;
        stage.truth.tcp_connections += 1;
        let extensions = if deflate { "Sec-WebSocket-Extensions: permessage-deflate\r\n" } else { "" };
        let request = format!(
            "GET /stream/{index} HTTP/1.1\r\nHost: bench.example:8080\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{extensions}\r\n"
        );
        let response = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n{extensions}\r\n"
        );
        stage.wire.send_whole(&mut client, &mut server, request.as_bytes())?;
        stage.wire.send_whole(&mut server, &mut client, response.as_bytes())?;
        let sent = [request.len() as u64, response.len() as u64];
        Ok(Peer {
            index,
            told: 0,
            client,
            server,
            hashes: Default::default(),
            sent,
            frames: Default::default(),
            buffer: Vec::new(),
        })
    }

    /// A message, in one frame or more.
    pub fn message(&mut self, message: &Message, stage: &mut Stage) -> io::Result<()> {
        let Message { sender, opcode, compressed, fragments, ref payload } = *message;
        stage.truth.messages += 1;
        self.told += 1;
        let size = payload.len().div_ceil(fragments).max(1);
        let count = payload.len().div_ceil(size).max(1);
        for index in 0..count {
            let part = &payload[index * size..payload.len().min((index + 1) * size)];
            let octet0 = u8::from(index + 1 == count) << 7
                | u8::from(compressed && index == 0) << 6
                | if index == 0 { opcode } else { 0 };
            self.frame(sender, octet0, part, stage)?;
        }
        Ok(())
    }

    /// One frame.
    pub fn frame(&mut self, sender: usize, octet0: u8, payload: &[u8], stage: &mut Stage) -> io::Result<()> {
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
        let (from, to) = if sender == CLIENT {
            let key = (stage.random.next() as u32 | 1).to_be_bytes();
            out.extend(key);
            // Not by the library: it would undo its own mistakes.
            out.extend(payload.iter().zip(key.iter().cycle()).map(|(octet, key)| octet ^ key));
            (&mut self.client, &mut self.server)
        } else {
            out.extend(payload);
            (&mut self.server, &mut self.client)
        };
        let header = out.len() - payload.len();
        let lost = stage.wire.send(from, to, out, header)?;

        if stage.truth.frames_sent.is_some() {
            let header = hex(&out[..header]);
            self.frames[sender].push(SentFrame { at: self.sent[sender], header, intact: lost.is_empty() });
            self.sent[sender] += out.len() as u64;
            return Ok(());
        }
        let lost_octets: usize = lost.iter().map(ExactSizeIterator::len).sum();
        stage.truth.frame(sender, octet0 & 15, payload.len() as u64, (payload.len() - lost_octets) as u64);
        let mut at = 0;
        for hole in lost {
            self.hashes[sender].update(&payload[at..hole.start - header]);
            self.hashes[sender].update(vec![0; hole.len()]);
            at = hole.end - header;
        }
        self.hashes[sender].update(&payload[at..]);
        Ok(())
    }

    /// Close, Close, FIN, FIN.
    pub fn close(mut self, stage: &mut Stage) -> io::Result<()> {
        self.frame(CLIENT, 0x88, &1000u16.to_be_bytes(), stage)?;
        self.frame(SERVER, 0x88, &1000u16.to_be_bytes(), stage)?;
        let client = SocketAddrV4::new(Ipv4Addr::from_bits(self.client.address), self.client.port);
        stage.truth.connection(client.to_string(), self.hashes, self.frames);
        stage.wire.close(&mut self.server, &mut self.client)
    }
}
