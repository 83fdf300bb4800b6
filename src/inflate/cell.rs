//! Cells of a history: octets, or octets of which some are not known.

use super::InflatedPiece;
use super::window::{SlidingWindow, UNKNOWN, WINDOW};

/// An octet of a history.
pub(super) trait Cell: Copy + Default + From<u8> + std::fmt::Debug {
    /// The number of cells that there is room for: the history, and what comes out before that is given away.
    const ROOM: usize = 192 * 1024 / size_of::<Self>();

    /// Puts a window's octets, of which there are at most [`WINDOW`], at the start of a room; how many those are.
    fn put(window: &SlidingWindow, room: &mut [Self]) -> usize;

    /// Makes `window` the one behind `history`.
    fn leave(history: &[Self], window: &mut SlidingWindow);

    /// Gives octets away, with room to make them in.
    fn give(octets: &[Self], plain: &mut Vec<u8>, sink: &mut dyn FnMut(InflatedPiece<'_>));
}

/// All of them are known.
impl Cell for u8 {
    fn put(window: &SlidingWindow, room: &mut [u8]) -> usize {
        let octets = window.octets();
        room[..octets.len()].copy_from_slice(octets);
        octets.len()
    }

    fn leave(history: &[u8], window: &mut SlidingWindow) {
        window.refill(history);
    }

    fn give(octets: &[u8], _: &mut Vec<u8>, sink: &mut dyn FnMut(InflatedPiece<'_>)) {
        if !octets.is_empty() {
            sink(InflatedPiece::Octets(octets));
        }
    }
}

/// [`UNKNOWN`] is among them.
impl Cell for u16 {
    fn put(window: &SlidingWindow, room: &mut [u16]) -> usize {
        if window.is_lost() {
            room[..WINDOW].fill(UNKNOWN);
            return WINDOW;
        }
        room.iter_mut().take(WINDOW).zip(window.each()).map(|(place, octet)| *place = octet).count()
    }

    fn leave(history: &[u16], window: &mut SlidingWindow) {
        *window = SlidingWindow::of_partly(history);
    }

    fn give(octets: &[u16], plain: &mut Vec<u8>, sink: &mut dyn FnMut(InflatedPiece<'_>)) {
        for run in octets.chunk_by(|a, b| (*a == UNKNOWN) == (*b == UNKNOWN)) {
            if run[0] == UNKNOWN {
                sink(InflatedPiece::Unknown(run.len() as u64));
            } else {
                plain.clear();
                plain.extend(run.iter().map(|octet| *octet as u8));
                sink(InflatedPiece::Octets(plain));
            }
        }
    }
}
