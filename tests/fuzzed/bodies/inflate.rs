//! Inflating: in whatever pieces a message comes, the same comes of it; and what zlib makes of it.

#[path = "../../../src/inflate/properties/zlib.rs"]
mod zlib;

use framescope::inflate::{DeflateAgreement, InflateError, InflatedPiece, Inflater, LOOKAHEAD, SlidingWindow, TAIL};

/// Octets that an input may inflate to: a bomb of a few octets would take all the time there is.
const LIMIT: u64 = 1 << 20;

type Plain = Result<Vec<u8>, InflateError>;

/// Takes the agreement, the size of pieces, octets of the window, and the message.
pub fn check(input: &[u8]) {
    let [agreement, piece, window_len, rest @ ..] = input else { return };
    let agreement = DeflateAgreement { window_bits: 8 + agreement % 8, takeover: agreement & 8 == 0 };
    let (window, message) = rest.split_at(rest.len().min(usize::from(*window_len)));
    let piece = 1 + usize::from(*piece);
    let known = SlidingWindow::of(window);
    let whole = at_once(agreement, &known, message);
    assert_eq!(whole, in_pieces(agreement, &known, message, piece), "pieces of {piece}");
    // A window that is lost: the same octets, as far as they are known, and the same end.
    let lost = in_pieces(agreement, &SlidingWindow::lost(), message, piece);
    assert_eq!(lost, at_once(agreement, &SlidingWindow::lost(), message));
    if lost.is_err() {
        assert_eq!(whole.is_err(), lost.is_err(), "all distances lead into a lost window");
    }
    // A message of no octets is no DEFLATE data, and is taken for an empty one.
    if !message.is_empty() && !matches!(whole, Err(InflateError::TooLong)) {
        assert_eq!(whole.ok(), zlib::inflated(message, window), "zlib");
    }
}

fn at_once(agreement: DeflateAgreement, window: &SlidingWindow, message: &[u8]) -> Plain {
    let mut inflater = Inflater::default();
    inflater.resume(agreement, window, LIMIT);
    let mut plain = Vec::new();
    let octets = [message, &TAIL, &[0xa5; LOOKAHEAD]].concat();
    inflater.message(&octets, message.len(), &mut |piece| take(&mut plain, piece))?;
    Ok(plain)
}

fn in_pieces(agreement: DeflateAgreement, window: &SlidingWindow, message: &[u8], piece: usize) -> Plain {
    let mut inflater = Inflater::default();
    inflater.resume(agreement, window, LIMIT);
    let mut plain = Vec::new();
    for octets in message.chunks(piece) {
        inflater.push(octets, &mut |piece| take(&mut plain, piece))?;
    }
    inflater.end(&mut |piece| take(&mut plain, piece))?;
    Ok(plain)
}

fn take(plain: &mut Vec<u8>, piece: InflatedPiece<'_>) {
    match piece {
        InflatedPiece::Octets(octets) => plain.extend_from_slice(octets),
        InflatedPiece::Unknown(len) => plain.resize(plain.len() + len as usize, b'?'),
    }
    assert!(plain.len() as u64 <= LIMIT);
}
