//! Everything that takes long, beside whoever waits for it.
//!
//! ```text
//!   Session ── jobs ──▸ InflateThreads: several at once, taken back in their order
//! ```
//!
//! Threads are started here, and by the live capture; every other layer is a plain value.

mod inflate_pool;

pub use inflate_pool::InflateThreads;
