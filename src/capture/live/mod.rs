//! Sniffing: packets from a network interface into a capture that grows. The only module that knows libpcap.
//!
//! ```text
//!   interfaces  filter  rights      what there is to sniff, whether a filter is one, and what to do without rights
//!
//!   card ──▸ sniff ──▸ Sink: a file, a ring of two, or a spool        blocks: pcapng
//!   run                │
//!                      └─ Report ──▸ child: what the window sees of the process that sniffs
//! ```
//!
//! A live capture is a file that grows (DESIGN decision 1): sniffing only appends packets, and the reader that reads
//! everything else follows the file. So the process that sniffs may die and leaves all it wrote, and so may the one that
//! shows. Only the process that sniffs opens a card, and it gives every right away before it looks at a packet.

mod activity;
mod aside;
mod blocks;
mod card;
mod child;
mod error;
mod filter;
mod interfaces;
mod limits;
mod report;
mod rights;
mod ring;
mod run;
mod sink;
mod sniff;

pub use activity::{Activity, Traffic};
pub use aside::Aside;
pub use card::{Card, DEFAULT_BUFFER, FULL_SNAP_LEN, SniffOptions};
pub use child::{Child, Start, State};
pub use error::LiveError;
pub use filter::{PRESETS, Preset, check_filter};
pub use interfaces::{NetworkInterface, interfaces};
pub use limits::{Limits, parse_duration, parse_size};
pub use report::{Ended, Report, Statistics};
pub use rights::{Fix, fixes, forgo_rights, is_root, pkexec};
pub use run::open_and_forgo;

pub use sink::Sink;
pub use sniff::{StopSignal, sniff};
