//! Inflating the messages of permessage-deflate (RFC 7692 §7.2.2): a walk through DEFLATE (RFC 1951) of our own.
//!
//! ```text
//!   payload of a message ┐
//!             00 00 ff ff ├─▶ Inflater ─▶ InflatedPiece: octets, or octets that are not known
//!   window of the sender ┘       ├──────▶ the window behind the message
//!                                └──────▶ Strayed: what its sender had not agreed to
//! ```
//!
//! No inflater tells what has to be told of a message: how far each copy reaches back, which octets come from what the
//! capture lacks, and where in a message it breaks. Whether this one is right is tested against zlib. It imports nothing of
//! the program.
//!
//! # The messages
//!
//! A sender compresses message after message into one DEFLATE stream and ends each with a sync flush, of which it leaves out
//! the last four octets (RFC 7692 §7.2.1). The octets of a message are bits, the lowest of each octet first:
//!
//! ```text
//!   ┌ BFINAL ┬ BTYPE ┬ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ┬ … ┬ BFINAL ┬ BTYPE ┬ padding ┬ LEN  ┬ NLEN  ┐
//!   │   0    │  00   │ stored octets         │   │   0    │  00   │ to an   │ 0000 │ ffff  │
//!   │        │  01   │ symbols, fixed codes  │   │        │       │ octet   │      │       │
//!   │        │  10   │ codes, then symbols   │   │        │       │         │      │       │
//!   └────────┴───────┴ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ┴ … ┴────────┴───────┴─────────┴──────┴───────┘
//!     blocks (RFC 1951 §3.2.3)                     sync flush                 └ TAIL: not sent
//!
//!   symbol: an octet │ the end of the block │ a copy: 3 to 258 octets from 1 to 32,768 octets before
//! ```
//!
//! A copy may reach into the messages before, unless its sender agreed to no_context_takeover (RFC 7692 §7.1.1). So all that
//! has to be kept between two messages is the [`SlidingWindow`]: whoever has that can [resume](Inflater::resume) there. Such
//! a place is called a checkpoint.
//!
//! # An example
//!
//! The messages of RFC 7692 §7.2.3.1 and §7.2.3.2, of which the second one copies from the first:
//!
//! ```
//! use framescope::inflate::{DeflateAgreement, InflateError, InflatedPiece, Inflater, SlidingWindow};
//!
//! let mut inflater = Inflater::default();
//! inflater.resume(DeflateAgreement::default(), &SlidingWindow::default(), 1 << 20);
//! let mut texts = Vec::new();
//! for message in [&[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00][..], &[0xf2, 0x00, 0x11, 0x00, 0x00]] {
//!     let mut text = Vec::new();
//!     let mut sink = |piece: InflatedPiece<'_>| match piece {
//!         InflatedPiece::Octets(octets) => text.extend_from_slice(octets),
//!         InflatedPiece::Unknown(_) => unreachable!("nothing is missing"),
//!     };
//!     inflater.push(message, &mut sink)?;
//!     inflater.end(&mut sink)?;
//!     texts.push(text);
//! }
//! assert_eq!(texts, [b"Hello", b"Hello"]);
//! // The second message was five octets that stood there before: with the window alone it inflates again.
//! assert_eq!(inflater.window(), SlidingWindow::of(b"HelloHello"));
//! # Ok::<(), InflateError>(())
//! ```
//!
//! # What can be relied on
//!
//! - **Total**: any octets give pieces, and [`Strayed`] or an [`InflateError`]; nothing panics. Pieces that were given before an
//!   error are right.
//! - **In whatever parts** a message is pushed, it gives the same octets, the same error at the same place, and the same
//!   window.
//! - **Bounded**: an inflater takes about 200 KiB, whatever it is fed; a window takes 32 KiB
//!   or 64 KiB. A message is given away as it comes, and [`InflateError::TooLong`] ends it at the limit, to the octet.
//! - **Lenient** as far as receivers are: a copy that reaches further back than the sender's agreed window, or into the messages
//!   before, is inflated all the same and told as [`Strayed`]; a last block (BFINAL) may be followed by others (RFC 7692
//!   §7.2.3.4).
//! - **Honest about loss**: behind messages that the capture lacks the window is [lost](SlidingWindow::lost). Octets copied from
//!   it are told as [`InflatedPiece::Unknown`], and so is each copy of those, until the window holds nothing but what is known.

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
pub struct DeflateAgreement {
    /// The base-2 logarithm of its window: 8 to 15.
    pub window_bits: u8,
    /// Set if it keeps the window from message to message.
    pub takeover: bool,
}

impl Default for DeflateAgreement {
    fn default() -> DeflateAgreement {
        DeflateAgreement { window_bits: 15, takeover: true }
    }
}

/// A part of an inflated message, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InflatedPiece<'a> {
    /// The next octets of the message.
    Octets(&'a [u8]),
    /// The number of octets that come next and were copied from a part of the window that is not known.
    Unknown(u64),
}

/// The reason why a message cannot be inflated.
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

/// Inflates messages of one sender, one behind another. It can be used for another sender, or another place, by
/// [`resume`](Inflater::resume), which spares its memory.
#[derive(Debug)]
pub struct Inflater {
    agreed: DeflateAgreement,
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
        Inflater { agreed: DeflateAgreement::default(), way, began: false, taken: 0, limit: u64::MAX }
    }
}

impl Inflater {
    /// Goes on with a sender whose last message left `window`. No message may inflate to more than `limit` octets.
    pub fn resume(&mut self, agreed: DeflateAgreement, window: &SlidingWindow, limit: u64) {
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
    /// Fails where the octets are no DEFLATE data, or inflate to more than the limit. The message cannot go on then, and the
    /// window is lost; [`taken`](Inflater::taken) tells about where.
    pub fn push(&mut self, octets: &[u8], sink: &mut dyn FnMut(InflatedPiece<'_>)) -> Result<(), InflateError> {
        self.began |= !octets.is_empty();
        self.taken = octets.len();
        let pushed = either!(&mut self.way, tracer => tracer.push(octets, self.limit, sink));
        pushed.inspect_err(|_| self.taken = either!(&self.way, tracer => tracer.taken()))
    }

    /// Ends the message: takes the [`TAIL`] that its sender left out.
    ///
    /// # Errors
    /// Fails as [`push`](Inflater::push) does; also where the message ends inside a block.
    pub fn end(&mut self, sink: &mut dyn FnMut(InflatedPiece<'_>)) -> Result<Strayed, InflateError> {
        self.message(&END, 0, sink)
    }

    /// Takes all of a message, or the rest of one: the first `len` of `octets`. Behind them stand its [`TAIL`] and
    /// [`LOOKAHEAD`] octets more, which may be those of the next message. This is quicker than `push` and `end`.
    ///
    /// # Errors
    /// Fails as [`end`](Inflater::end) does.
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

    /// Returns the window behind the last message.
    pub fn window(&self) -> SlidingWindow {
        let mut window = SlidingWindow::default();
        self.leave(&mut window);
        window
    }
}
