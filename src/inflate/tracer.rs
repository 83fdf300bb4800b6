//! The walk through DEFLATE (RFC 1951), which sees every distance and knows which octets it does not know.
//!
//! ```text
//!   blocks: header ─▶ codes ─▶ symbols ─▶ …        room: │ history │ this message │ … │
//!                                ├ run: as long as there is plenty     start┘     end┘
//!                                └ symbol: one by one, where octets or room end, and what must not be
//! ```

mod run;

use self::run::STEP_ROOM;
use super::bits::Bits;
use super::cell::Cell;
use super::code::{Codes, FIXED, LengthCode};
use super::window::{SlidingWindow, WINDOW};
use super::{DeflateAgreement, InflateError, InflatedPiece, LOOKAHEAD, TAIL};

/// Octets that it walks through at once, behind what was left before.
const STEP: usize = 16 * 1024;
/// The longest copy (RFC 1951 §3.2.5).
const MOST: usize = 258;

/// The distance that a message reached back, in octets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reach {
    /// Its longest distance.
    pub farthest: u32,
    /// A distance leads to before the message's first octet.
    pub before_message: bool,
}

impl Reach {
    /// A copy from `distance` before octet `at` of the message, or of as much of it as is at hand.
    fn note(&mut self, distance: usize, at: usize) {
        self.farthest = self.farthest.max(distance as u32);
        self.before_message |= distance > at;
    }
}

/// The place in the message that the walk has come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Between two messages.
    #[default]
    Message,
    /// Before a block.
    Block,
    /// In a block without compression, so many octets before its end.
    Stored(u16),
    /// In a compressed block.
    Compressed,
    /// Behind a block.
    BlockEnd,
}

/// The walk. It can stop behind any octet of a message, and go on with the next.
#[derive(Debug, Default)]
pub(super) struct Tracer<C> {
    agreed: DeflateAgreement,
    /// Up to `end`, the history and what came behind it.
    room: Vec<C>,
    end: usize,
    /// A lost window stands at the start of `room`.
    begins_lost: bool,
    /// The number of cells of `room` that were given away.
    given: usize,
    /// Octets of the message before the start of `room`'s part of it.
    before: u64,
    /// The index in `room` at which the message starts; 0 if it has left it.
    start: usize,
    state: State,
    reach: Reach,
    block: Block,
    /// The end of a block was sought in what does not count: each symbol has to be looked at.
    is_careful: bool,
    /// The number of compressed octets of the message that came.
    came: u64,
    /// The last of them, which say nothing without those that follow, and how many bits of the first are done with.
    left: Vec<u8>,
    done_bits: u32,
    /// Octets that were taken of those handed over last.
    taken: usize,
    lengths: LengthCode,
    codes: Codes,
    plain: Vec<u8>,
}

/// A block, as far as it is known.
#[derive(Clone, Copy, Debug, Default)]
struct Block {
    /// It says that it is the last.
    is_last: bool,
    /// It is compressed with [`FIXED`] codes.
    is_fixed: bool,
    /// The first compressed octet of the message of which nothing was taken before the block.
    at: u64,
    /// Octets that the message had given before it.
    len: u64,
}

/// A symbol in a compressed block.
enum Symbol {
    Octet(u8),
    Copy { distance: usize, len: usize },
    End,
}

impl<C: Cell> Tracer<C> {
    /// Starts behind `window`.
    pub fn resume(&mut self, agreed: DeflateAgreement, window: &SlidingWindow) {
        self.agreed = agreed;
        self.room.resize(C::ROOM, C::default());
        // Where message after message breaks it is there already.
        let is_there = std::mem::replace(&mut self.begins_lost, window.is_lost()) && window.is_lost();
        self.end = if is_there { WINDOW } else { C::put(window, &mut self.room) };
        self.state = State::Message;
    }

    /// Makes `window` the one behind the last octets.
    pub fn leave(&self, window: &mut SlidingWindow) {
        C::leave(&self.room[..self.end], window);
    }

    /// Returns the number of octets that were taken of those handed over last: up to where the message broke, if it
    /// did.
    pub fn taken(&self) -> usize {
        self.taken
    }

    /// Walks through the next octets of a message.
    pub fn push(
        &mut self,
        octets: &[u8],
        limit: u64,
        sink: &mut dyn FnMut(InflatedPiece<'_>),
    ) -> Result<(), InflateError> {
        self.walk(octets, octets.len(), false, limit, sink)
    }

    /// Walks through a message, or the rest of one: the first `len` of `octets`, the tail with them. What stands behind those
    /// means nothing, but saves looking whether there is something.
    pub fn message(
        &mut self,
        octets: &[u8],
        len: usize,
        limit: u64,
        sink: &mut dyn FnMut(InflatedPiece<'_>),
    ) -> Result<Reach, InflateError> {
        // Without that, a block that has no end would be sought through all of the messages behind it.
        let octets = &octets[..octets.len().min(len + LOOKAHEAD)];
        let walked = self.walk(octets, len.min(octets.len()), true, limit, sink);
        self.state = State::Message;
        walked.map(|()| self.reach)
    }

    fn begin(&mut self) {
        (self.start, self.given, self.before) = (self.end, self.end, 0);
        (self.state, self.reach, self.came, self.done_bits) = (State::Block, Reach::default(), 0, 0);
        self.is_careful = false;
        self.left.clear();
    }

    /// Walks as far as the first `len` octets go; `ends` says that nothing follows them.
    fn walk(
        &mut self,
        octets: &[u8],
        len: usize,
        ends: bool,
        limit: u64,
        sink: &mut dyn FnMut(InflatedPiece<'_>),
    ) -> Result<(), InflateError> {
        if self.state == State::Message {
            self.begin();
        }
        let (mut at, start) = (0, self.came);
        let mut left = std::mem::take(&mut self.left);
        let walked = loop {
            // The tail comes in one piece: it tells what it is the end of.
            let step = if !left.is_empty() && len - at > STEP + TAIL.len() { STEP } else { len - at };
            let now = &octets[at..at + step];
            let before = left.len();
            if before > 0 {
                left.extend_from_slice(now);
            }
            let mut bits = match before {
                0 => Bits::new(&octets[at..], step, self.done_bits),
                _ => Bits::new(&left, left.len(), self.done_bits),
            };
            at += step;
            self.came += step as u64;
            let walked = self.blocks(&mut bits, ends && at == len, limit, sink);
            let bits_left = bits.bits_left();
            // Where more is wanted than comes, it breaks at its end.
            let behind = if walked.is_err() && bits.ran_out() { 0 } else { bits_left / 8 };
            self.taken = (self.came - behind).saturating_sub(start) as usize;
            let done = before + step - bits_left.div_ceil(8) as usize;
            self.done_bits = (8 - bits_left % 8) as u32 % 8;
            if before > 0 {
                left.drain(..done);
            } else {
                left.extend_from_slice(&now[done..]);
            }
            if walked.is_err() || at == len {
                break walked;
            }
        };
        self.left = left;
        self.give(sink);
        walked
    }

    /// Octets of the message so far.
    fn len(&self) -> u64 {
        self.before + (self.end - self.start) as u64
    }

    /// Walks from block to block, as far as there are bits, and not past what needs more of them. `ends` says that the tail
    /// is the end of them.
    fn blocks(
        &mut self,
        bits: &mut Bits<'_>,
        ends: bool,
        limit: u64,
        sink: &mut dyn FnMut(InflatedPiece<'_>),
    ) -> Result<(), InflateError> {
        loop {
            let walked = match self.state {
                State::Message | State::Block => {
                    let before = *bits;
                    self.block.at = self.came - bits.octets_left() as u64;
                    self.block.len = self.len();
                    self.block_header(bits).inspect_err(|_| {
                        if bits.ran_out() {
                            bits.rewind(before);
                        }
                    })
                }
                State::Stored(0) => {
                    self.state = State::BlockEnd;
                    Ok(())
                }
                State::Stored(len) => self.stored(len, bits, limit, sink),
                State::Compressed => self.symbols(bits, limit, sink),
                State::BlockEnd if ends => {
                    let left = bits.octets_left();
                    let is_tail = (TAIL.len() as u64..=TAIL.len() as u64 + 1).contains(&(self.came - self.block.at));
                    match (self.block.is_last, left) {
                        // Where the last octets were those of a last block there is none that the tail could belong to.
                        (true, left) if left == TAIL.len() => return Ok(()),
                        (true, left) if left > TAIL.len() => {
                            bits.align();
                            self.state = State::Block;
                        }
                        // The tail is the end of a block with nothing in it.
                        (_, 0) if is_tail && self.block.len == self.len() => return Ok(()),
                        (false, 1..) => self.state = State::Block,
                        _ => return Err(InflateError::Invalid),
                    }
                    Ok(())
                }
                State::BlockEnd => {
                    if self.block.is_last {
                        // Only what follows tells whether that is more than the tail.
                        if bits.octets_left() == 0 {
                            return Ok(());
                        }
                        bits.align();
                    }
                    self.state = State::Block;
                    Ok(())
                }
            };
            match walked {
                Err(_) if bits.ran_out() && !ends => return Ok(()),
                walked => walked?,
            }
        }
    }

    /// Reads the bits before the contents of a block.
    fn block_header(&mut self, bits: &mut Bits<'_>) -> Result<(), InflateError> {
        self.block.is_last = bits.take(1)? == 1;
        self.state = match bits.take(2)? {
            0 => {
                bits.align();
                let (len, check) = (bits.take(16)?, bits.take(16)?);
                if len != !check & 0xffff {
                    return Err(InflateError::Invalid);
                }
                State::Stored(len as u16)
            }
            1 => {
                self.block.is_fixed = true;
                State::Compressed
            }
            2 => {
                self.block.is_fixed = false;
                self.read_codes(bits)?;
                State::Compressed
            }
            _ => return Err(InflateError::Invalid),
        };
        Ok(())
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
        self.lengths.set(&lengths)?;
        let mut lengths = [0u8; 286 + 30];
        let (all, mut at) = (literals + distances, 0);
        while at < all {
            let (symbol, with_more) = self.lengths.symbol(bits)?;
            let times = (with_more - symbol.value()) as usize;
            let (len, times) = match symbol.value() {
                16 if at == 0 => return Err(InflateError::Invalid),
                16 => (lengths[at - 1], 3 + times),
                17 => (0, 3 + times),
                18 => (0, 11 + times),
                len => (len as u8, 1),
            };
            let part = lengths[..all].get_mut(at..at + times).ok_or(InflateError::Invalid)?;
            part.fill(len);
            at += times;
        }
        // Without an end no block ends.
        if lengths[256] == 0 {
            return Err(InflateError::Invalid);
        }
        self.codes.literals.set(&lengths[..literals])?;
        self.codes.distances.set(&lengths[literals..all])
    }

    /// The octets of a block without compression, as far as they are there: `len` are left.
    fn stored(
        &mut self,
        len: u16,
        bits: &mut Bits<'_>,
        limit: u64,
        sink: &mut dyn FnMut(InflatedPiece<'_>),
    ) -> Result<(), InflateError> {
        let octets = bits.octets(usize::from(len));
        if octets.is_empty() {
            return bits.need(8);
        }
        self.state = State::Stored(len - octets.len() as u16);
        self.add(octets, limit, sink)
    }

    /// The symbols of a compressed block, as far as they are there.
    fn symbols(
        &mut self,
        bits: &mut Bits<'_>,
        limit: u64,
        sink: &mut dyn FnMut(InflatedPiece<'_>),
    ) -> Result<(), InflateError> {
        loop {
            if self.room.len() - self.end <= STEP_ROOM {
                self.make_room(limit, sink)?;
            }
            if !self.is_careful && run::run(self, bits, limit.saturating_sub(self.len())) {
                return Ok(());
            }
            // One by one: the last ones there are, and what must not be.
            let before = *bits;
            match self.symbol(bits) {
                Ok(Symbol::Octet(octet)) => self.add(&[octet], limit, sink)?,
                Ok(Symbol::Copy { distance, len }) => self.copy(distance, len, limit, sink)?,
                Ok(Symbol::End) => {
                    self.state = State::BlockEnd;
                    return Ok(());
                }
                Err(error) => {
                    if bits.ran_out() {
                        bits.rewind(before);
                    }
                    return Err(error);
                }
            }
        }
    }

    fn symbol(&self, bits: &mut Bits<'_>) -> Result<Symbol, InflateError> {
        let codes = if self.block.is_fixed { &*FIXED } else { &self.codes };
        let (symbol, value) = codes.literals.symbol(bits)?;
        if symbol.is_octet() {
            return Ok(Symbol::Octet(value as u8));
        }
        if symbol.is_end() {
            return Ok(Symbol::End);
        }
        let (_, distance) = codes.distances.symbol(bits)?;
        let (distance, len) = (distance as usize, value as usize);
        Ok(Symbol::Copy { distance, len })
    }

    fn add(
        &mut self,
        mut octets: &[u8],
        limit: u64,
        sink: &mut dyn FnMut(InflatedPiece<'_>),
    ) -> Result<(), InflateError> {
        while !octets.is_empty() {
            if self.end >= self.room.len() {
                self.make_room(limit, sink)?;
            }
            let wanted = usize::try_from(limit.saturating_sub(self.len())).unwrap_or(usize::MAX);
            if wanted == 0 {
                return Err(InflateError::TooLong);
            }
            let (now, rest) = octets.split_at(octets.len().min(self.room.len() - self.end).min(wanted));
            for (place, octet) in self.room[self.end..].iter_mut().zip(now) {
                *place = C::from(*octet);
            }
            self.end += now.len();
            octets = rest;
        }
        Ok(())
    }

    #[inline]
    fn add_cell(&mut self, octet: C, limit: u64, sink: &mut dyn FnMut(InflatedPiece<'_>)) -> Result<(), InflateError> {
        if self.end >= self.room.len() {
            self.make_room(limit, sink)?;
        }
        if self.len() >= limit {
            return Err(InflateError::TooLong);
        }
        self.room[self.end] = octet;
        self.end += 1;
        Ok(())
    }

    fn copy(
        &mut self,
        distance: usize,
        len: usize,
        limit: u64,
        sink: &mut dyn FnMut(InflatedPiece<'_>),
    ) -> Result<(), InflateError> {
        if distance > self.end {
            return Err(InflateError::Invalid);
        }
        self.reach.note(distance, self.end - self.start);
        for _ in 0..len {
            // Making room moves everything alike.
            let octet = self.end.checked_sub(distance).and_then(|from| self.room.get(from)).copied();
            self.add_cell(octet.ok_or(InflateError::Invalid)?, limit, sink)?;
        }
        Ok(())
    }

    /// Gives away what is there, and keeps the history.
    #[cold]
    fn make_room(&mut self, limit: u64, sink: &mut dyn FnMut(InflatedPiece<'_>)) -> Result<(), InflateError> {
        self.give(sink);
        let gone = self.end - WINDOW;
        self.before += gone.saturating_sub(self.start) as u64;
        self.start = self.start.saturating_sub(gone);
        self.room.copy_within(gone..self.end, 0);
        (self.end, self.given, self.begins_lost) = (WINDOW, WINDOW, false);
        if self.before > limit { Err(InflateError::TooLong) } else { Ok(()) }
    }

    fn give(&mut self, sink: &mut dyn FnMut(InflatedPiece<'_>)) {
        C::give(&self.room[self.given..self.end], &mut self.plain, sink);
        self.given = self.end;
    }
}
