//! What is played in each corpus.

use std::fs::File;
use std::io;

use crate::peer::{CLIENT, Peer, SERVER, Truth};
use crate::random::Random;
use crate::wire::{End, Trouble, Wire};

/// Which corpus.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Large,
    Small,
    Deflate,
    Mixed,
    Trouble,
}

impl Kind {
    pub fn from_name(name: &str) -> Option<Kind> {
        Some(match name {
            "large" => Kind::Large,
            "small" => Kind::Small,
            "deflate" => Kind::Deflate,
            "mixed" => Kind::Mixed,
            "trouble" => Kind::Trouble,
            _ => return None,
        })
    }
}

/// A corpus being written.
pub struct Corpus {
    kind: Kind,
    size: u64,
    wire: Wire,
    random: Random,
    truth: Truth,
}

impl Corpus {
    /// About `size` octets of `kind` into `file`.
    pub fn new(kind: Kind, size: u64, file: File) -> io::Result<Corpus> {
        let trouble = match kind {
            Kind::Trouble => Trouble { lost: 10, late: 20 },
            _ => Trouble::default(),
        };
        Ok(Corpus { kind, size, wire: Wire::new(file, trouble)?, random: Random::new(1), truth: Truth::default() })
    }

    pub fn write(mut self) -> io::Result<Truth> {
        match self.kind {
            Kind::Large => self.websockets(8, false, Corpus::large_message)?,
            Kind::Small => self.websockets(1000, false, Corpus::small_message)?,
            Kind::Deflate => self.websockets(200, true, Corpus::chat_message)?,
            Kind::Trouble => self.websockets(100, false, Corpus::chat_message)?,
            Kind::Mixed => self.mixed()?,
        }
        self.wire.finish()?;
        Ok(self.truth)
    }

    /// So many connections, of which a random one says something until the file is large enough.
    fn websockets(
        &mut self,
        connections: u32,
        deflate: bool,
        say: fn(&mut Corpus, &mut Peer) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut peers = Vec::new();
        for index in 0..connections {
            peers.push(Peer::open(index, deflate, &mut self.wire, &mut self.truth)?);
        }
        while self.wire.written < self.size {
            let index = self.random.below(u64::from(connections)) as usize;
            say(self, &mut peers[index])?;
        }
        peers.into_iter().try_for_each(|peer| peer.close(&mut self.random, &mut self.wire, &mut self.truth))
    }

    fn message(
        &mut self,
        peer: &mut Peer,
        sender: usize,
        opcode: u8,
        payload: &[u8],
        fragments: usize,
    ) -> io::Result<()> {
        peer.message(sender, opcode, payload, fragments, &mut self.random, &mut self.wire, &mut self.truth)
    }

    fn large_message(&mut self, peer: &mut Peer) -> io::Result<()> {
        let len = 16_384 << self.random.below(9);
        let sender = if self.random.chance(500) { CLIENT } else { SERVER };
        let is_text = self.random.chance(500);
        let mut payload = vec![0; len];
        if is_text {
            let line = self.json();
            payload = line.as_bytes().iter().copied().cycle().take(len).collect();
        } else {
            self.random.fill(&mut payload);
        }
        self.message(peer, sender, if is_text { 1 } else { 2 }, &payload, 1)
    }

    fn small_message(&mut self, peer: &mut Peer) -> io::Result<()> {
        let sender = if self.random.chance(300) { CLIENT } else { SERVER };
        if self.random.chance(5) {
            peer.frame(SERVER, 0x89, b"ping", &mut self.random, &mut self.wire, &mut self.truth)?;
            return peer.frame(CLIENT, 0x8a, b"ping", &mut self.random, &mut self.wire, &mut self.truth);
        }
        let payload = self.json();
        self.message(peer, sender, 1, payload.as_bytes(), 1)
    }

    fn chat_message(&mut self, peer: &mut Peer) -> io::Result<()> {
        let sender = if self.random.chance(300) { CLIENT } else { SERVER };
        let mut payload = String::new();
        for _ in 0..1 + self.random.below(40) {
            payload.push_str(&self.json());
        }
        let fragments = if self.random.chance(100) { 3 } else { 1 };
        self.message(peer, sender, 1, payload.as_bytes(), fragments)
    }

    fn json(&mut self) -> String {
        const WORDS: [&str; 8] = ["alpha", "bravo", "charlie", "delta", "échange", "消息", "golf", "hotel 🎉"];
        let (id, price) = (self.random.below(1_000_000), self.random.below(100_000));
        let (word, other) = (WORDS[self.random.below(8) as usize], WORDS[self.random.below(8) as usize]);
        format!(
            "{{\"id\":{id},\"event\":\"trade\",\"symbol\":\"{word}\",\"price\":{price}.25,\"venue\":\"{other}\",\"flags\":[1,2,3],\"live\":true}}"
        )
    }

    /// 20,000 connections, one in fifty a WebSocket; the others HTTP with bodies, and octets that mean nothing.
    fn mixed(&mut self) -> io::Result<()> {
        const CONNECTIONS: u32 = 20_000;
        let share = self.size / u64::from(CONNECTIONS);
        for index in 0..CONNECTIONS {
            let until = self.wire.written + share;
            if index.is_multiple_of(50) {
                let mut peer = Peer::open(index, false, &mut self.wire, &mut self.truth)?;
                while self.wire.written < until {
                    self.small_message(&mut peer)?;
                }
                peer.close(&mut self.random, &mut self.wire, &mut self.truth)?;
            } else {
                self.other(index, until)?;
            }
        }
        Ok(())
    }

    fn other(&mut self, index: u32, until: u64) -> io::Result<()> {
        let mut client =
            End { address: 0x0a02_0000 + index / 50_000, port: 10_000 + (index % 50_000) as u16, seq: index };
        let mut server =
            End { address: 0x0a03_0001, port: if index.is_multiple_of(2) { 80 } else { 443 }, seq: !index };
        self.wire.open(&mut client, &mut server)?;
        self.truth.tcp_connections += 1;
        let mut body = vec![0; 4096];
        self.random.fill(&mut body);
        while self.wire.written < until {
            if index.is_multiple_of(2) {
                let request = format!("GET /item/{index} HTTP/1.1\r\nHost: bench.example\r\n\r\n");
                self.wire.send(&mut client, &mut server, request.as_bytes())?;
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
                self.wire.send(&mut server, &mut client, &[head.as_bytes(), &body].concat())?;
            } else {
                let record = [&[0x17, 3, 3, 16, 0][..], &body].concat();
                self.wire.send(&mut client, &mut server, &record[..517])?;
                self.wire.send(&mut server, &mut client, &record)?;
            }
        }
        self.wire.close(&mut client, &mut server)
    }
}
