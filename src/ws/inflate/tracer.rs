//! Our own walk through DEFLATE (RFC 1951), which sees every distance and knows which octets it does not know.

use super::bits::{Bits, Code};
use super::window::{UNKNOWN, WINDOW, Window};
use super::{InflateError, Piece, TAIL};

/// Octets behind the history before what is there is given away.
const ROOM: usize = 64 * 1024;

/// How far a message reached back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reach {
    /// Its longest distance.
    pub farthest: u32,
    /// A distance leads to before the message's first octet.
    pub before_message: bool,
}

/// The walk.
#[derive(Debug, Default)]
pub(super) struct Tracer {
    /// The history and what came behind it; octets, or [`UNKNOWN`].
    room: Vec<u16>,
    /// How much of `room` was given away.
    given: usize,
    /// Octets of the message before the start of `room`'s part of it.
    before: u64,
    /// Where the message starts in `room`; 0 where that has left it.
    start: usize,
    literals: Code,
    distances: Code,
    plain: Vec<u8>,
}

impl Tracer {
    /// Starts behind `window`.
    pub fn resume(&mut self, window: &Window) {
        self.room.clear();
        self.room.extend(window.each());
    }

    /// The last octets.
    pub fn window(&self) -> Window {
        Window::of_partly(&self.room)
    }

    /// Walks through a message, the tail with it.
    pub fn message(
        &mut self,
        compressed: &[u8],
        limit: u64,
        sink: &mut dyn FnMut(Piece<'_>),
    ) -> Result<Reach, InflateError> {
        let excess = self.room.len().saturating_sub(WINDOW);
        self.room.drain(..excess);
        (self.start, self.given, self.before) = (self.room.len(), self.room.len(), 0);
        let mut bits = Bits::new(compressed);
        let mut reach = Reach::default();
        let done = loop {
            let (left, len) = (bits.octets_left(), self.len());
            let is_last = match self.block(&mut bits, limit, &mut reach, sink) {
                Ok(is_last) => is_last,
                Err(error) => break Err(error),
            };
            match (is_last, bits.octets_left()) {
                // Where the last octets were those of a last block there is none that the tail could belong to.
                (true, left) if left == TAIL.len() => break Ok(()),
                (true, left) if left > TAIL.len() => bits.align(),
                // The tail is the end of a block with nothing in it.
                (_, 0) if (TAIL.len()..=TAIL.len() + 1).contains(&left) && len == self.len() => break Ok(()),
                (false, 1..) => {}
                _ => break Err(InflateError::Invalid),
            }
        };
        self.give(sink);
        done.map(|()| reach)
    }

    /// Octets of the message so far.
    fn len(&self) -> u64 {
        self.before + (self.room.len() - self.start) as u64
    }

    /// One block; whether it says that it is the last.
    fn block(
        &mut self,
        bits: &mut Bits<'_>,
        limit: u64,
        reach: &mut Reach,
        sink: &mut dyn FnMut(Piece<'_>),
    ) -> Result<bool, InflateError> {
        let is_last = bits.take(1)? == 1;
        match bits.take(2)? {
            0 => {
                bits.align();
                let (len, check) = (bits.take(16)?, bits.take(16)?);
                if len != !check & 0xffff {
                    return Err(InflateError::Invalid);
                }
                for _ in 0..len {
                    let octet = bits.take(8)? as u16;
                    self.add(octet, limit, sink)?;
                }
            }
            1 => {
                self.set_fixed()?;
                self.compressed_block(bits, limit, reach, sink)?;
            }
            2 => {
                self.read_codes(bits)?;
                self.compressed_block(bits, limit, reach, sink)?;
            }
            _ => return Err(InflateError::Invalid),
        }
        Ok(is_last)
    }

    /// The codes of RFC 1951 §3.2.6.
    fn set_fixed(&mut self) -> Result<(), InflateError> {
        let mut lengths = [8; 288];
        lengths[144..256].fill(9);
        lengths[256..280].fill(7);
        self.literals.set(&lengths)?;
        self.distances.set(&[5; 32])
    }

    /// The codes of a block (RFC 1951 §3.2.7).
    fn read_codes(&mut self, bits: &mut Bits<'_>) -> Result<(), InflateError> {
        const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
        let literals = bits.take(5)? as usize + 257;
        let distances = bits.take(5)? as usize + 1;
        let codes = bits.take(4)? as usize + 4;
        if literals > 286 || distances > 30 {
            return Err(InflateError::Invalid);
        }
        let mut lengths = [0; 19];
        for place in &ORDER[..codes] {
            lengths[*place] = bits.take(3)? as u8;
        }
        let mut code = Code::default();
        code.set(&lengths)?;
        let mut lengths = [0u8; 286 + 30];
        let (all, mut at) = (literals + distances, 0);
        while at < all {
            let symbol = code.symbol(bits)?;
            let (len, times) = match symbol {
                0..=15 => (symbol as u8, 1),
                16 if at == 0 => return Err(InflateError::Invalid),
                16 => (lengths[at - 1], 3 + bits.take(2)? as usize),
                17 => (0, 3 + bits.take(3)? as usize),
                _ => (0, 11 + bits.take(7)? as usize),
            };
            let part = lengths[..all].get_mut(at..at + times).ok_or(InflateError::Invalid)?;
            part.fill(len);
            at += times;
        }
        // Without an end no block ends.
        if lengths[256] == 0 {
            return Err(InflateError::Invalid);
        }
        self.literals.set(&lengths[..literals])?;
        self.distances.set(&lengths[literals..all])
    }

    fn compressed_block(
        &mut self,
        bits: &mut Bits<'_>,
        limit: u64,
        reach: &mut Reach,
        sink: &mut dyn FnMut(Piece<'_>),
    ) -> Result<(), InflateError> {
        loop {
            match self.literals.symbol(bits)? {
                octet @ 0..=255 => self.add(octet, limit, sink)?,
                256 => return Ok(()),
                symbol => {
                    let len = match symbol - 257 {
                        short @ 0..8 => 3 + usize::from(short),
                        28 => 258,
                        code @ 8..28 => {
                            let extra = u32::from(code) / 4 - 1;
                            3 + ((4 + usize::from(code) % 4) << extra) + bits.take(extra)? as usize
                        }
                        _ => return Err(InflateError::Invalid),
                    };
                    let distance = match self.distances.symbol(bits)? {
                        short @ 0..4 => 1 + usize::from(short),
                        code @ 4..30 => {
                            let extra = u32::from(code) / 2 - 1;
                            1 + ((2 + usize::from(code) % 2) << extra) + bits.take(extra)? as usize
                        }
                        _ => return Err(InflateError::Invalid),
                    };
                    self.copy(distance, len, limit, reach, sink)?;
                }
            }
        }
    }

    #[inline]
    fn add(&mut self, octet: u16, limit: u64, sink: &mut dyn FnMut(Piece<'_>)) -> Result<(), InflateError> {
        if self.room.len() >= WINDOW + ROOM {
            self.make_room(limit, sink)?;
        }
        if self.len() >= limit {
            return Err(InflateError::TooLong);
        }
        self.room.push(octet);
        Ok(())
    }

    fn copy(
        &mut self,
        distance: usize,
        len: usize,
        limit: u64,
        reach: &mut Reach,
        sink: &mut dyn FnMut(Piece<'_>),
    ) -> Result<(), InflateError> {
        if distance > self.room.len() {
            return Err(InflateError::Invalid);
        }
        reach.farthest = reach.farthest.max(distance as u32);
        reach.before_message |= self.len() < distance as u64;
        for _ in 0..len {
            // Making room moves everything alike.
            let octet = self.room.get(self.room.len() - distance).copied().ok_or(InflateError::Invalid)?;
            self.add(octet, limit, sink)?;
        }
        Ok(())
    }

    /// Gives away what is there, and keeps the history.
    #[cold]
    fn make_room(&mut self, limit: u64, sink: &mut dyn FnMut(Piece<'_>)) -> Result<(), InflateError> {
        self.give(sink);
        let gone = self.room.len() - WINDOW;
        self.before += gone.saturating_sub(self.start) as u64;
        self.start = self.start.saturating_sub(gone);
        self.room.drain(..gone);
        self.given = WINDOW;
        if self.before > limit { Err(InflateError::TooLong) } else { Ok(()) }
    }

    fn give(&mut self, sink: &mut dyn FnMut(Piece<'_>)) {
        for run in self.room[self.given..].chunk_by(|a, b| (*a == UNKNOWN) == (*b == UNKNOWN)) {
            if run[0] == UNKNOWN {
                sink(Piece::Unknown(run.len() as u64));
            } else {
                self.plain.clear();
                self.plain.extend(run.iter().map(|octet| *octet as u8));
                sink(Piece::Octets(&self.plain));
            }
        }
        self.given = self.room.len();
    }
}
