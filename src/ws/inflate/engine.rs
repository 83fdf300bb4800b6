//! flate2 with what a WebSocket needs around it: the history, blocks that say they are the last, a limit.

use flate2::{Decompress, FlushDecompress, Status};

use super::window::WINDOW;
use super::{InflateError, Piece, TAIL};

/// Octets that are inflated behind the history before it is moved to the front again.
const ROOM: usize = 64 * 1024;

/// An inflater, and the last octets it gave.
#[derive(Debug)]
pub(super) struct Engine {
    inflate: Decompress,
    /// `room[..end]` ends with the history.
    room: Vec<u8>,
    end: usize,
    /// A block said that it is the last: what follows is a stream of its own, with the same window.
    ended: bool,
    /// Octets that the message gave so far.
    given: u64,
}

impl Default for Engine {
    fn default() -> Engine {
        Engine { inflate: raw(), room: Vec::new(), end: 0, ended: false, given: 0 }
    }
}

/// Any window is one of 15 bits too: zlib knows no raw stream of 8.
fn raw() -> Decompress {
    Decompress::new_with_window_bits(false, 15)
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

    /// Inflates the next octets of a message.
    pub fn push(&mut self, mut octets: &[u8], limit: u64, sink: &mut dyn FnMut(Piece<'_>)) -> Result<(), InflateError> {
        while !octets.is_empty() {
            if std::mem::take(&mut self.ended) {
                self.restart()?;
            }
            loop {
                let (consumed, produced, status) = self.step(octets)?;
                octets = &octets[consumed..];
                let given = &self.room[self.end - produced..self.end];
                self.given += produced as u64;
                if self.given > limit {
                    return Err(InflateError::TooLong);
                }
                if produced > 0 {
                    sink(Piece::Octets(given));
                }
                if status == Status::StreamEnd {
                    self.ended = true;
                    break;
                }
                // With room left, everything that can be told of these octets was.
                if octets.is_empty() && self.end < self.room.len() {
                    break;
                }
                if consumed == 0 && produced == 0 {
                    return Err(InflateError::Invalid);
                }
            }
        }
        Ok(())
    }

    /// Ends a message of at least one octet.
    pub fn end(&mut self, limit: u64, sink: &mut dyn FnMut(Piece<'_>)) -> Result<(), InflateError> {
        // Where the last octets were those of a last block there is none that the tail could belong to.
        if !self.ended {
            let before = self.given;
            self.push(&TAIL, limit, sink)?;
            if self.given != before || self.ended {
                // Inside a block, the tail was taken for data.
                return Err(InflateError::Invalid);
            }
        }
        self.given = 0;
        Ok(())
    }

    fn restart(&mut self) -> Result<(), InflateError> {
        self.inflate.reset(false);
        if self.end == 0 {
            return Ok(());
        }
        let from = self.end.saturating_sub(WINDOW);
        self.inflate.set_dictionary(&self.room[from..self.end]).map(drop).map_err(|_| InflateError::Invalid)
    }

    /// One call of the inflater: octets it took, octets it gave.
    fn step(&mut self, octets: &[u8]) -> Result<(usize, usize, Status), InflateError> {
        if self.end == self.room.len() {
            self.room.copy_within(self.end - WINDOW.., 0);
            self.end = WINDOW;
        }
        let (before_in, before_out) = (self.inflate.total_in(), self.inflate.total_out());
        let status = self.inflate.decompress(octets, &mut self.room[self.end..], FlushDecompress::Sync);
        let consumed = (self.inflate.total_in() - before_in) as usize;
        let produced = (self.inflate.total_out() - before_out) as usize;
        self.end += produced;
        match status {
            Ok(status) => Ok((consumed, produced, status)),
            Err(_) => Err(InflateError::Invalid),
        }
    }
}
