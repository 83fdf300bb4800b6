//! Plays the conversations of each corpus.

mod peer;
mod random;
mod story;
mod wire;

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::Path;

use self::peer::{Message, Peer};
use self::random::Random;
use self::story::Story;
use self::wire::{End, Trouble, Wire};
use crate::truth::{CLIENT, SERVER, Truth, write_truth};

/// A kind of corpus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Large,
    Small,
    Deflate,
    Mixed,
    Trouble,
    Holes,
}

impl Kind {
    pub const ALL: [Kind; 6] = [Kind::Large, Kind::Small, Kind::Deflate, Kind::Mixed, Kind::Trouble, Kind::Holes];

    pub fn name(self) -> &'static str {
        match self {
            Kind::Large => "large",
            Kind::Small => "small",
            Kind::Deflate => "deflate",
            Kind::Mixed => "mixed",
            Kind::Trouble => "trouble",
            Kind::Holes => "holes",
        }
    }
}

/// Makes a corpus of about `size` octets in `path`, and its truth beside it.
pub fn corpus(kind: Kind, size: u64, seed: u64, path: &Path) -> io::Result<()> {
    let trouble = match kind {
        Kind::Trouble => Trouble { lost: 10, late: 20, never: 3, spares_headers: true },
        Kind::Holes => Trouble { never: 10, ..Trouble::default() },
        _ => Trouble::default(),
    };
    let wire = Wire::new(File::create(path)?, seed, trouble)?;
    let mut stage = Stage { wire, random: Random::new(seed), truth: Truth::default() };
    if kind == Kind::Holes {
        stage.truth.frames_sent = Some(BTreeMap::new());
    }
    match kind {
        Kind::Large => stage.websockets(8, size, false, Stage::large_message)?,
        Kind::Small => stage.websockets(1000, size, false, Stage::small_message)?,
        Kind::Deflate => stage.deflate(size)?,
        Kind::Trouble => stage.websockets(100, size, false, Stage::chat_message)?,
        Kind::Mixed => stage.mixed(size)?,
        Kind::Holes => stage.websockets(100, size, false, Stage::any_message)?,
    }
    let Stage { wire, mut truth, .. } = stage;
    (truth.packets, truth.octets) = wire.finish()?;
    write_truth(&truth, path)
}

/// The stage on which a corpus is played.
struct Stage {
    wire: Wire,
    random: Random,
    truth: Truth,
}

impl Stage {
    /// So many connections, of which a random one says something until the file is large enough.
    fn websockets(
        &mut self,
        connections: u32,
        size: u64,
        deflate: bool,
        mut say: impl FnMut(&mut Stage, &mut Peer) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut peers = Vec::new();
        for index in 0..connections {
            peers.push(Peer::open(index, deflate, self)?);
        }
        while self.wire.written < size {
            let index = self.random.below(u64::from(connections)) as usize;
            say(self, &mut peers[index])?;
        }
        peers.into_iter().try_for_each(|peer| peer.close(self))
    }

    fn large_message(&mut self, peer: &mut Peer) -> io::Result<()> {
        let len = 16_384 << self.random.below(9);
        let sender = self.random.sender(500);
        let is_text = self.random.chance(500);
        let mut payload = vec![0; len];
        if is_text {
            let line = self.random.json();
            payload = line.as_bytes().iter().copied().cycle().take(len).collect();
            // The last line may be cut inside a character.
            let whole = payload.len() - len % line.len();
            payload[whole..].fill(b' ');
        } else {
            self.random.fill(&mut payload);
        }
        let opcode = if is_text { 1 } else { 2 };
        peer.message(&Message { sender, opcode, compressed: false, fragments: 1, payload }, self)
    }

    fn small_message(&mut self, peer: &mut Peer) -> io::Result<()> {
        let sender = self.random.sender(300);
        if self.random.chance(5) {
            peer.frame(SERVER, 0x89, b"ping", self)?;
            return peer.frame(CLIENT, 0x8a, b"ping", self);
        }
        let payload = self.random.json().into_bytes();
        peer.message(&Message { sender, opcode: 1, compressed: false, fragments: 1, payload }, self)
    }

    fn chat_message(&mut self, peer: &mut Peer) -> io::Result<()> {
        let message = self.random.chat();
        peer.message(&message, self)
    }

    /// As often one as the other: a line by itself or a ping, or a message of many lines.
    fn any_message(&mut self, peer: &mut Peer) -> io::Result<()> {
        if self.random.chance(500) { self.small_message(peer) } else { self.chat_message(peer) }
    }

    /// 200 connections with permessage-deflate. Twenty of them each tell the same story, each at its own pace: octets are
    /// compressed once for twenty times that they are inflated.
    fn deflate(&mut self, size: u64) -> io::Result<()> {
        const STORIES: u32 = 10;
        let mut stories: Vec<Story> = (0..STORIES).map(|_| Story::new()).collect();
        self.websockets(200, size, true, |stage, peer| {
            let story = &mut stories[(peer.index % STORIES) as usize];
            peer.message(story.part(peer.told, &mut stage.random)?, stage)
        })
    }

    /// 20,000 connections, one in fifty a WebSocket; the others HTTP with bodies, and octets that mean nothing. Fewer where
    /// nothing would be left for each to say.
    fn mixed(&mut self, size: u64) -> io::Result<()> {
        const CONNECTIONS: u64 = 20_000;
        const SHARE: u64 = 15_000;
        let connections = CONNECTIONS.min(size / SHARE);
        for index in 0..connections as u32 {
            let until = self.wire.written + size / connections;
            if index.is_multiple_of(50) {
                let mut peer = Peer::open(index, false, self)?;
                while self.wire.written < until {
                    self.small_message(&mut peer)?;
                }
                peer.close(self)?;
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
                self.wire.send_whole(&mut client, &mut server, request.as_bytes())?;
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
                self.wire.send_whole(&mut server, &mut client, &[head.as_bytes(), &body].concat())?;
            } else {
                let record = [&[0x17, 3, 3, 16, 0][..], &body].concat();
                self.wire.send_whole(&mut client, &mut server, &record[..517])?;
                self.wire.send_whole(&mut server, &mut client, &record)?;
            }
        }
        self.wire.close(&mut client, &mut server)
    }
}
