//! Why sniffing cannot start or go on: one line that says what is wrong and what to do.

use std::io;

use super::rights;

/// Why sniffing cannot start.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// The user may not sniff.
    #[error("{interface}: this user may not sniff; {}", rights::advice(*.promiscuous))]
    Rights {
        /// The interface.
        interface: String,
        /// True where packets for other machines were wanted too.
        promiscuous: bool,
    },
    /// There is no such interface.
    #[error("{interface}: there is no such interface; there are: {known}")]
    NoInterface {
        /// The interface that was asked for.
        interface: String,
        /// Those that there are.
        known: String,
    },
    /// The interface is there, and is not up.
    #[error("{interface}: the interface is down; on Linux, sudo ip link set {interface} up turns it on")]
    Down {
        /// The interface.
        interface: String,
    },
    /// The capture filter is none.
    #[error("the capture filter cannot be used: {why}")]
    Filter {
        /// The words of its compiler.
        why: String,
    },
    /// Something else.
    #[error("{interface}: {why}")]
    Card {
        /// The interface.
        interface: String,
        /// The words of libpcap.
        why: String,
    },
    /// The capture file cannot be made.
    #[error("{path}: the capture cannot be written: {error}")]
    File {
        /// Its path.
        path: String,
        /// The error of the operating system.
        error: io::Error,
    },
    /// Rights cannot be given away, so nothing is done with them.
    #[error("this program cannot give away its rights, so it does not go on with them: {0}")]
    Kept(io::Error),
    /// No process, no thread, no pipe.
    #[error("sniffing cannot start: {0}")]
    System(io::Error),
}

impl LiveError {
    /// Returns whether rights are what is missing.
    pub fn lacks_rights(&self) -> bool {
        matches!(self, LiveError::Rights { .. })
    }
}

/// Returns what libpcap says, without its own name before it.
pub fn words(error: &pcap::Error) -> String {
    match error {
        pcap::Error::PcapError(why) => why.clone(),
        other => other.to_string(),
    }
}
