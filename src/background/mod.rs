//! Everything that takes long, beside whoever waits for it.
//!
//! ```text
//!   asker ◂─ questions, answers ─▸ Desk ─▸ Work: a piece at a time, on a thread or by ticks
//!   Session ── jobs ──▸ InflateThreads: several at once, taken back in their order
//! ```
//!
//! Threads are started here, and by the live capture; every other layer is a plain value. A [`Desk`] is for every question
//! that takes longer than painting may: reading a capture, searching its rows, inflating and laying out a payload, asking
//! the user for a file.

mod desk;
mod errands;
mod inflate_pool;
mod spooling;

pub use desk::{Desk, Mistake, Next, Turn, Work};
pub use errands::{Errand, Errands};
pub use inflate_pool::InflateThreads;
pub use spooling::{Spooling, Trouble};
