//! The last octets that a sender's messages inflated to.

/// Octets that a distance reaches back at most (RFC 1951 §2).
pub(super) const WINDOW: usize = 32 * 1024;
/// An octet that is not known.
pub(super) const UNKNOWN: u16 = 256;

/// The last octets of a sender's messages, which the next message may copy from: at most 32 KiB, and twice that while
/// some of them are not known; nothing where none of them is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlidingWindow {
    octets: Vec<u8>,
    /// The octets with [`UNKNOWN`] among them; empty if everything is known, or nothing.
    partly: Vec<u16>,
    /// Nothing of it is known, which takes no memory.
    is_lost: bool,
}

impl SlidingWindow {
    /// Returns a window of which nothing is known: there were messages before, and the capture lacks them. It takes no memory.
    pub fn lost() -> SlidingWindow {
        SlidingWindow { is_lost: true, ..SlidingWindow::default() }
    }

    /// Returns the window behind messages that inflated to `octets`: the last 32 KiB of them.
    pub fn of(octets: &[u8]) -> SlidingWindow {
        let mut window = SlidingWindow::default();
        window.refill(octets);
        window
    }

    /// Becomes the window behind `octets`, where it is: in the room that it has, which grows to 32 KiB at most.
    pub(super) fn refill(&mut self, octets: &[u8]) {
        let octets = &octets[octets.len().saturating_sub(WINDOW)..];
        (self.partly, self.is_lost) = (Vec::new(), false);
        self.octets.clear();
        // One that grows will go on doing so; a new one may be kept as it is.
        if (1..octets.len()).contains(&self.octets.capacity()) {
            self.octets.reserve_exact((2 * octets.len()).min(WINDOW));
        }
        self.octets.reserve_exact(octets.len());
        self.octets.extend_from_slice(octets);
    }

    /// The window behind octets of which some are [`UNKNOWN`].
    pub(super) fn of_partly(octets: &[u16]) -> SlidingWindow {
        let octets = &octets[octets.len().saturating_sub(WINDOW)..];
        if octets.contains(&UNKNOWN) {
            let is_lost = octets.len() == WINDOW && octets.iter().all(|octet| *octet == UNKNOWN);
            return if is_lost {
                SlidingWindow::lost()
            } else {
                SlidingWindow { partly: octets.to_vec(), ..SlidingWindow::default() }
            };
        }
        SlidingWindow { octets: octets.iter().map(|octet| *octet as u8).collect(), ..SlidingWindow::default() }
    }

    /// Returns whether every octet of it is known.
    pub fn is_known(&self) -> bool {
        self.partly.is_empty() && !self.is_lost
    }

    /// Returns whether it is there, and nothing of it is known.
    pub(super) fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// Returns the number of octets of memory that it takes.
    pub fn size(&self) -> usize {
        self.octets.capacity() + 2 * self.partly.capacity()
    }

    /// The octets, where all are known.
    pub(super) fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// The octets, [`UNKNOWN`] among them.
    pub(super) fn each(&self) -> impl Iterator<Item = u16> + '_ {
        let unknown = std::iter::repeat_n(UNKNOWN, if self.is_lost { WINDOW } else { 0 });
        self.octets.iter().map(|octet| u16::from(*octet)).chain(self.partly.iter().copied()).chain(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Many senders keep one.
    #[test]
    fn a_window_that_grows_takes_no_more_than_its_octets_can() {
        let mut window = SlidingWindow::default();
        for len in [9_000, 17_000, 20_000, 33_000, WINDOW + 1, 5] {
            window.refill(&vec![7; len]);
            assert_eq!(window, SlidingWindow::of(&vec![7; len]));
            assert!(window.size() <= WINDOW, "{} for {len}", window.size());
        }
        assert_eq!(SlidingWindow::of(&[7; 1000]).size(), 1000, "a new one");
    }

    /// Many senders may have lost theirs.
    #[test]
    fn a_window_of_nothing_takes_nothing() {
        let lost = SlidingWindow::of_partly(&[UNKNOWN; WINDOW + 5]);
        assert_eq!((&lost, lost.size(), lost.is_known()), (&SlidingWindow::lost(), 0, false));
        assert!(lost.each().eq([UNKNOWN; WINDOW]));
        let mut octets = vec![UNKNOWN; WINDOW - 1];
        assert!(SlidingWindow::of_partly(&octets).each().eq(octets.iter().copied()), "a short one stays short");
        octets.push(7);
        let partly = SlidingWindow::of_partly(&octets);
        assert!(!partly.is_known() && partly.size() == 2 * WINDOW && partly.each().eq(octets));
    }
}
