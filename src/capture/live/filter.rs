//! Capture filters (BPF): whether a text is one, and some to begin with.

use super::error::words;
use crate::base::LinkType;

/// A capture filter to begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// The words on its button.
    pub text: &'static str,
    /// The filter. `PORT` stands for a number that the user types.
    pub filter: &'static str,
}

/// Capture filters to begin with.
pub const PRESETS: &[Preset] = &[
    Preset { text: "TCP", filter: "tcp" },
    Preset { text: "TCP port …", filter: "tcp port 8080" },
    Preset { text: "HTTP and alternatives", filter: "tcp port 80 or tcp port 3000 or tcp port 8000 or tcp port 8080" },
    Preset { text: "Not SSH", filter: "tcp and not port 22" },
];

/// Returns whether `filter` is a capture filter for packets of this link type. Needs no rights and no card.
///
/// # Errors
/// Fails with the words of its compiler.
pub fn check_filter(filter: &str, link_type: LinkType) -> Result<(), String> {
    if filter.trim().is_empty() {
        return Ok(());
    }
    let dead = pcap::Capture::dead(pcap::Linktype(i32::from(link_type.0))).map_err(|error| words(&error))?;
    dead.compile(filter, true).map(drop).map_err(|error| words(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiler_s_word() {
        let check = |filter| check_filter(filter, LinkType::ETHERNET);
        assert_eq!((check(""), check("tcp port 8080"), check("  ")), (Ok(()), Ok(()), Ok(())));
        for preset in PRESETS {
            assert_eq!(check(preset.filter), Ok(()), "{}", preset.text);
        }
        for wrong in ["tcp prt 80", "port", "host 1.2.3.4.5.6", "tcp and (", "port 8080\0"] {
            assert!(!check(wrong).unwrap_err().is_empty(), "{wrong}");
        }
        // What a packet starts with decides.
        assert!(check("ether host 00:00:00:00:00:01").is_ok());
        assert!(check_filter("wlan type mgt", LinkType::RAW).is_err());
    }
}
