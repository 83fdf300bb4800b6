//! Conversations of two peers with permessage-deflate (RFC 7692).

use std::io;

use flate2::{Compress, Compression, FlushCompress};

use super::peer::Message;
use super::random::Random;

/// A conversation, compressed with context takeover both ways; it grows as it is told.
pub struct Story {
    deflaters: [Compress; 2],
    messages: Vec<Message>,
}

impl Story {
    pub fn new() -> Story {
        // The level that zlib and with it most servers use where nobody says another.
        let deflater = || Compress::new(Compression::new(6), false);
        Story { deflaters: [deflater(), deflater()], messages: Vec::new() }
    }

    /// Message `index`.
    pub fn part(&mut self, index: usize, random: &mut Random) -> io::Result<&Message> {
        while self.messages.len() <= index {
            let plain = random.orders();
            let payload = deflate(&mut self.deflaters[plain.sender], &plain.payload)?;
            self.messages.push(Message { compressed: true, payload, ..plain });
        }
        Ok(&self.messages[index])
    }
}

/// RFC 7692 §7.2.1: a flush at the end, whose last four octets are left out.
fn deflate(deflater: &mut Compress, payload: &[u8]) -> io::Result<Vec<u8>> {
    let mut packed = Vec::with_capacity(payload.len() + 64);
    let before = deflater.total_in();
    loop {
        let taken = (deflater.total_in() - before) as usize;
        deflater.compress_vec(&payload[taken..], &mut packed, FlushCompress::Sync).map_err(io::Error::other)?;
        // Room that is left over says that everything was written.
        if packed.len() < packed.capacity() {
            break;
        }
        packed.reserve(payload.len() + 64);
    }
    packed.truncate(packed.len() - 4);
    packed.shrink_to_fit();
    Ok(packed)
}
