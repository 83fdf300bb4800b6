//! Things that the test crates share. Each includes them by path and uses a part of them.
#![allow(dead_code, reason = "every test crate compiles this anew and uses only a part of it")]
#![allow(clippy::disallowed_methods, reason = "tests read whole small files, and one thread fills a pipe")]

pub mod dump;
pub mod frame;
pub mod link;
pub mod pcap;
pub mod program;
pub mod rights;
pub mod rows;
pub mod running;
pub mod samples;
pub mod tcp;
