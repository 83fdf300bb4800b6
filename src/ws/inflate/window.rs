//! The last octets that a sender's messages inflated to.

/// Octets that a distance reaches back at most (RFC 1951 §2).
pub(super) const WINDOW: usize = 32 * 1024;
/// An octet that is not known.
pub(super) const UNKNOWN: u16 = 256;

/// The last octets of a sender's messages, which the next message may copy from: at most 32 KiB, and twice that while
/// some of them are not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Window {
    octets: Vec<u8>,
    /// The same with [`UNKNOWN`] where it is; empty where everything is known.
    partly: Vec<u16>,
}

impl Window {
    /// A window that is there and of which nothing is known: octets before were not captured.
    pub fn lost() -> Window {
        Window { octets: Vec::new(), partly: vec![UNKNOWN; WINDOW] }
    }

    /// The window behind `octets`.
    pub fn of(octets: &[u8]) -> Window {
        Window { octets: octets[octets.len().saturating_sub(WINDOW)..].to_vec(), partly: Vec::new() }
    }

    /// The window behind octets of which some are [`UNKNOWN`].
    pub(super) fn of_partly(octets: &[u16]) -> Window {
        let octets = &octets[octets.len().saturating_sub(WINDOW)..];
        if octets.contains(&UNKNOWN) {
            return Window { octets: Vec::new(), partly: octets.to_vec() };
        }
        Window { octets: octets.iter().map(|octet| *octet as u8).collect(), partly: Vec::new() }
    }

    /// Whether every octet of it is known.
    pub fn is_known(&self) -> bool {
        self.partly.is_empty()
    }

    /// How many octets of memory it takes.
    pub fn size(&self) -> usize {
        self.octets.capacity() + 2 * self.partly.capacity()
    }

    /// The octets, where all are known.
    pub(super) fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// The octets, [`UNKNOWN`] among them.
    pub(super) fn each(&self) -> impl Iterator<Item = u16> + '_ {
        self.octets.iter().map(|octet| u16::from(*octet)).chain(self.partly.iter().copied())
    }
}
