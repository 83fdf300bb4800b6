//! Messages that permessage-deflate compressed (RFC 7692 §7.2.2).
//!
//! ```text
//!   payload of a message ┐
//!             00 00 ff ff ├─▶ Inflater ─▶ InflatedPiece: octets, or octets that are not known;  the window behind the message
//!   window of the sender ┘       └ what its sender had not agreed to: Strayed
//! ```
//!
//! Between two messages all that has to be kept is the [`SlidingWindow`]: a checkpoint.
//!
//! This is a walk through DEFLATE (RFC 1951) of our own. What has to be told of a message no inflater tells: how far each
//! copy reaches back, which octets come from what the capture lacks, and where in a message it breaks. Whether it is right is
//! tested against zlib.

mod bits;
mod cell;
mod code;
#[cfg(test)]
mod properties;
mod tracer;
mod window;

use self::tracer::Tracer;
pub use self::window::SlidingWindow;

/// The end of the sync flush, which a sender leaves out (RFC 7692 §7.2.1).
pub const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];
/// Octets that have to stand behind a message and its tail for [`Inflater::message`], whatever they are.
pub const LOOKAHEAD: usize = 16;
/// The tail, and what has to stand behind it.
const END: [u8; TAIL.len() + LOOKAHEAD] = {
    let mut end = [0; TAIL.len() + LOOKAHEAD];
    (end[2], end[3]) = (TAIL[2], TAIL[3]);
    end
};

/// The parameters of one sender's compression, as agreed in the opening handshake (RFC 7692 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// The base-2 logarithm of its window: 8 to 15.
    pub window_bits: u8,
    /// Set if it keeps the window from message to message.
    pub takeover: bool,
}

impl Default for Agreed {
    fn default() -> Agreed {
        Agreed { window_bits: 15, takeover: true }
    }
}

/// A part of a message, inflated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InflatedPiece<'a> {
    /// These octets.
    Octets(&'a [u8]),
    /// So many octets, copied from a part of the window that is not known.
    Unknown(u64),
}

/// Why a message cannot be inflated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InflateError {
    /// It is no DEFLATE data, or copies from before the window's start.
    #[error("the data is not valid DEFLATE")]
    Invalid,
    /// It inflates to more octets than are wanted of a message.
    #[error("the message inflates to more octets than the limit")]
    TooLong,
}

/// The things that a message did and its sender had not agreed to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Strayed {
    /// The farthest distance that is longer than the window agreed on; 0 where none is.
    pub beyond_window: u32,
    /// It copies from the messages before, although the window was not to be kept.
    pub kept_context: bool,
}

/// Inflates messages of one sender, one behind another.
#[derive(Debug)]
pub struct Inflater {
    agreed: Agreed,
    way: Walk,
    /// Something of the message came.
    began: bool,
    /// Octets that were taken of those handed over last.
    taken: usize,
    limit: u64,
}

/// The cells that the window is made of.
#[derive(Debug)]
enum Walk {
    Octets(Tracer<u8>),
    /// Some of them are not known, which takes twice the memory.
    Partly(Tracer<u16>),
}

/// Does the same either way.
macro_rules! either {
    ($way:expr, $tracer:ident => $does:expr) => {
        match $way {
            Walk::Octets($tracer) => $does,
            Walk::Partly($tracer) => $does,
        }
    };
}

impl Default for Inflater {
    fn default() -> Inflater {
        let way = Walk::Octets(Tracer::default());
        Inflater { agreed: Agreed::default(), way, began: false, taken: 0, limit: u64::MAX }
    }
}

impl Inflater {
    /// Goes on with a sender whose last message left `window`. No message may inflate to more than `limit` octets.
    pub fn resume(&mut self, agreed: Agreed, window: &SlidingWindow, limit: u64) {
        (self.agreed, self.limit) = (agreed, limit);
        self.began = false;
        match (&self.way, window.is_known()) {
            (Walk::Octets(_), false) => self.way = Walk::Partly(Tracer::default()),
            (Walk::Partly(_), true) => self.way = Walk::Octets(Tracer::default()),
            _ => {}
        }
        either!(&mut self.way, tracer => tracer.resume(agreed, window));
    }

    /// Takes the next compressed octets of a message, and gives what they inflate to.
    ///
    /// # Errors
    /// Behind an error the message cannot go on, and the window is lost.
    pub fn push(&mut self, octets: &[u8], sink: &mut dyn FnMut(InflatedPiece<'_>)) -> Result<(), InflateError> {
        self.began |= !octets.is_empty();
        self.taken = octets.len();
        let pushed = either!(&mut self.way, tracer => tracer.push(octets, self.limit, sink));
        pushed.inspect_err(|_| self.taken = either!(&self.way, tracer => tracer.taken()))
    }

    /// Ends the message.
    ///
    /// # Errors
    /// As with `push`; also where the message ends inside a block.
    pub fn end(&mut self, sink: &mut dyn FnMut(InflatedPiece<'_>)) -> Result<Strayed, InflateError> {
        self.message(&END, 0, sink)
    }

    /// Takes all of a message, or the rest of one: the first `len` of `octets`. Behind them stand its [`TAIL`] and
    /// [`LOOKAHEAD`] octets more, which may be those of the next message. This is quicker than `push` and `end`.
    ///
    /// # Errors
    /// As with `end`.
    pub fn message(
        &mut self,
        octets: &[u8],
        len: usize,
        sink: &mut dyn FnMut(InflatedPiece<'_>),
    ) -> Result<Strayed, InflateError> {
        self.taken = len;
        // An empty message is one octet, 00 (RFC 7692 §7.2.3.6); one of none cannot mean anything else.
        if !std::mem::take(&mut self.began) && len == 0 {
            return Ok(Strayed::default());
        }
        let walked = either!(&mut self.way, tracer => tracer.message(octets, len + TAIL.len(), self.limit, sink));
        let reach = walked.inspect_err(|_| self.taken = either!(&self.way, tracer => tracer.taken()).min(len))?;
        let window = 1 << self.agreed.window_bits;
        Ok(Strayed {
            beyond_window: if reach.farthest > window { reach.farthest } else { 0 },
            kept_context: reach.before_message && !self.agreed.takeover,
        })
    }

    /// Returns the number of octets that were taken of those handed over last: behind an error, about up to where the
    /// message broke.
    pub fn taken(&self) -> usize {
        self.taken
    }

    /// Makes `window` the one behind the last message.
    pub fn leave(&self, window: &mut SlidingWindow) {
        either!(&self.way, tracer => tracer.leave(window));
    }

    /// The window behind the last message.
    pub fn window(&self) -> SlidingWindow {
        let mut window = SlidingWindow::default();
        self.leave(&mut window);
        window
    }
}
