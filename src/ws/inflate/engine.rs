//! zlib-rs with what a WebSocket needs around it: the history, messages that end, blocks that say they are the last, a
//! limit.

use std::fmt;

use zlib_rs::{Inflate, InflateFlush, Status};

use super::window::WINDOW;
use super::{InflateError, LOOKAHEAD, Piece, TAIL};

/// Octets that are inflated behind the history before it is moved to the front again.
const ROOM: usize = 128 * 1024;
/// With less room than that the inflater works octet by octet.
const SPARE: usize = 4096;
/// Calls in which nothing came in and nothing went out, one behind another, at most: the ends of blocks, out of octets
/// that were taken before.
const STALLS: u32 = 16;

/// An inflater, and the last octets it gave.
pub(super) struct Engine {
    inflate: Inflate,
    /// `room[..end]` ends with the history.
    room: Vec<u8>,
    end: usize,
    /// A block said that it is the last: what follows is a stream of its own, with the same window.
    ended: bool,
    /// Octets that the message gave so far.
    given: u64,
    /// Octets that were taken of those handed over last.
    taken: usize,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("end", &self.end).field("ended", &self.ended).finish_non_exhaustive()
    }
}

impl Default for Engine {
    fn default() -> Engine {
        // Any window is one of 15 bits too: zlib knows no raw stream of 8.
        Engine { inflate: Inflate::new(false, 15), room: Vec::new(), end: 0, ended: false, given: 0, taken: 0 }
    }
}

impl Engine {
    /// Starts behind `window`.
    pub fn resume(&mut self, window: &[u8]) {
        self.room.resize(WINDOW + ROOM, 0);
        let window = &window[window.len().saturating_sub(WINDOW)..];
        self.room[..window.len()].copy_from_slice(window);
        (self.end, self.given) = (window.len(), 0);
        // The history is given to the inflater when the first octet comes.
        self.ended = true;
    }

    /// The last octets: the history behind everything.
    pub fn history(&self) -> &[u8] {
        &self.room[self.end.saturating_sub(WINDOW)..self.end]
    }

    /// How many octets were taken of those handed over last: up to where it broke, if it did.
    pub fn taken(&self) -> usize {
        self.taken
    }

    /// Inflates the next octets of a message.
    pub fn push(&mut self, octets: &[u8], limit: u64, sink: &mut dyn FnMut(Piece<'_>)) -> Result<(), InflateError> {
        self.taken = 0;
        while self.taken < octets.len() {
            self.restart()?;
            loop {
                let (consumed, produced, status) =
                    self.step(&octets[self.taken..], InflateFlush::SyncFlush, limit, sink)?;
                self.taken += consumed;
                if status == Status::StreamEnd {
                    self.ended = true;
                    break;
                }
                // With room left, everything that can be told of these octets was.
                if self.taken == octets.len() && self.end < self.room.len() {
                    break;
                }
                if consumed == 0 && produced == 0 {
                    return Err(InflateError::Invalid);
                }
            }
        }
        Ok(())
    }

    /// Inflates the rest of a message, of which there was at least one octet: the first `len` of `octets`, behind which
    /// stand the tail and [`LOOKAHEAD`] octets that mean nothing. With those, the inflater needs not work octet by octet
    /// where the message ends.
    pub fn message(
        &mut self,
        octets: &[u8],
        len: usize,
        limit: u64,
        sink: &mut dyn FnMut(Piece<'_>),
    ) -> Result<(), InflateError> {
        let end = len + TAIL.len();
        debug_assert!(octets.len() >= end + LOOKAHEAD);
        let (mut at, mut stalls) = (0, 0);
        self.taken = 0;
        // Where the last octets were those of a last block, there is none that the tail could belong to.
        while at < len || at < end && !self.ended {
            self.restart()?;
            let (consumed, produced, status) = self.step(&octets[at..], InflateFlush::Block, limit, sink)?;
            let start = at;
            at += consumed;
            self.taken = at.min(len);
            stalls = if consumed == 0 && produced == 0 { stalls + 1 } else { 0 };
            self.ended = status == Status::StreamEnd;
            // It stands at the end of a block. The tail is the end of one with nothing in it.
            let is_tail = at == end && !self.ended && produced == 0 && consumed >= TAIL.len() && start + 1 >= len;
            if stalls > STALLS || at > end || at > len && self.ended || at == end && !is_tail {
                return Err(InflateError::Invalid);
            }
        }
        self.given = 0;
        Ok(())
    }

    /// Behind a last block, starts a stream with the same window.
    #[inline]
    fn restart(&mut self) -> Result<(), InflateError> {
        if !std::mem::take(&mut self.ended) {
            return Ok(());
        }
        self.inflate.reset(false);
        let history = self.end.saturating_sub(WINDOW)..self.end;
        if history.is_empty() {
            return Ok(());
        }
        self.inflate.set_dictionary(&self.room[history]).map(drop).map_err(|_| InflateError::Invalid)
    }

    /// One call of the inflater: octets it took, octets it gave.
    #[inline]
    fn step(
        &mut self,
        octets: &[u8],
        flush: InflateFlush,
        limit: u64,
        sink: &mut dyn FnMut(Piece<'_>),
    ) -> Result<(usize, usize, Status), InflateError> {
        if self.room.len() - self.end < SPARE {
            self.room.copy_within(self.end - WINDOW..self.end, 0);
            self.end = WINDOW;
        }
        let (before_in, before_out) = (self.inflate.total_in(), self.inflate.total_out());
        // One octet more than is wanted tells that the message is too long.
        let most = (limit - self.given).saturating_add(1).min((self.room.len() - self.end) as u64) as usize;
        let status = self.inflate.decompress(octets, &mut self.room[self.end..self.end + most], flush);
        let consumed = (self.inflate.total_in() - before_in) as usize;
        let produced = (self.inflate.total_out() - before_out) as usize;
        let wanted = produced.min((limit - self.given) as usize);
        if wanted > 0 {
            sink(Piece::Octets(&self.room[self.end..self.end + wanted]));
        }
        self.end += produced;
        self.given += wanted as u64;
        match status {
            Ok(status) if wanted == produced => Ok((consumed, produced, status)),
            Ok(_) | Err(_) => {
                self.taken += consumed;
                Err(if status.is_ok() { InflateError::TooLong } else { InflateError::Invalid })
            }
        }
    }
}
