//! Whatever a compressor makes comes out again; whatever else comes in, the inflater ends.

mod blocks;
mod zlib;

use flate2::{Compress, Compression, FlushCompress};
use proptest::prelude::*;

use super::*;

const LIMIT: u64 = 1 << 24;

/// A sender: flate2's compressor, the way RFC 7692 §7.2.1 wants it.
struct Sender {
    compress: Compress,
    takeover: bool,
}

impl Sender {
    fn new(bits: u8, level: u32, takeover: bool) -> Sender {
        Sender { compress: Compress::new_with_window_bits(Compression::new(level), false, bits.max(9)), takeover }
    }

    fn message(&mut self, plain: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(plain.len() * 2 + 200);
        self.compress.compress_vec(plain, &mut out, FlushCompress::Sync).unwrap();
        if out.is_empty() {
            // A second flush of nothing gives nothing; an empty message is this (RFC 7692 §7.2.3.6).
            return vec![0];
        }
        assert!(out.ends_with(&TAIL), "{out:x?}");
        out.truncate(out.len() - TAIL.len());
        if !self.takeover {
            self.compress.reset();
        }
        out
    }
}

/// Inflates a message that comes in parts of `part` octets; unknown octets are `?`.
fn inflate(inflater: &mut Inflater, compressed: &[u8], part: usize) -> Result<(Vec<u8>, Strayed), InflateError> {
    let mut plain = Vec::new();
    let mut sink = |piece: InflatedPiece<'_>| match piece {
        InflatedPiece::Octets(octets) => plain.extend_from_slice(octets),
        InflatedPiece::Unknown(len) => plain.resize(plain.len() + len as usize, b'?'),
    };
    for part in compressed.chunks(part) {
        inflater.push(part, &mut sink)?;
    }
    let strayed = inflater.end(&mut sink)?;
    Ok((plain, strayed))
}

/// Inflates a message of which the first octets come in parts, and the rest at once, with `ahead` behind it.
fn inflate_rest(
    inflater: &mut Inflater,
    compressed: &[u8],
    part: usize,
    ahead: u8,
) -> Result<(Vec<u8>, Strayed), InflateError> {
    let mut plain = Vec::new();
    let mut sink = |piece: InflatedPiece<'_>| match piece {
        InflatedPiece::Octets(octets) => plain.extend_from_slice(octets),
        InflatedPiece::Unknown(len) => plain.resize(plain.len() + len as usize, b'?'),
    };
    let (first, rest) = compressed.split_at(compressed.len() / part.max(1) * part.saturating_sub(1));
    for part in first.chunks(part.max(1)) {
        inflater.push(part, &mut sink)?;
    }
    let octets = [rest, &TAIL, &[ahead; LOOKAHEAD]].concat();
    let strayed = inflater.message(&octets, rest.len(), &mut sink)?;
    Ok((plain, strayed))
}

fn resumed(agreed: DeflateAgreement, window: &SlidingWindow) -> Inflater {
    let mut inflater = Inflater::default();
    inflater.resume(agreed, window, LIMIT);
    inflater
}

/// Text that repeats itself near and far.
fn plain() -> impl Strategy<Value = Vec<u8>> {
    let word = prop::sample::select(vec!["price", "{\"id\":", "☃", "0", "aaaaaaaaaaaaaaaaaaaa", "\u{7f}x", "Hello, "]);
    prop_oneof![
        4 => prop::collection::vec((word, 0..60_usize, any::<u8>()), 0..200).prop_map(|words| {
            words.iter().flat_map(|(word, times, extra)| [word.repeat(*times).as_bytes(), &[*extra]].concat()).collect()
        }),
        1 => prop::collection::vec(any::<u8>(), 0..3000),
    ]
}

/// Inflates a message in all ways there are, and compares them with zlib where that knows the window.
fn same_end(
    compressed: &[u8],
    window: &SlidingWindow,
    part: usize,
    parts: usize,
    ahead: u8,
) -> Result<(), TestCaseError> {
    let octets = |found: Result<(Vec<u8>, Strayed), InflateError>| found.map(|(octets, _)| octets);
    let usual = DeflateAgreement::default();
    let expected = octets(inflate(&mut resumed(usual, window), compressed, part));
    for agreed in [usual, DeflateAgreement { takeover: false, ..usual }, DeflateAgreement { window_bits: 9, ..usual }] {
        for parts in [0, parts] {
            let found = octets(inflate_rest(&mut resumed(agreed, window), compressed, parts, ahead));
            prop_assert_eq!(&found, &expected, "{:?}, in {} parts", agreed, parts);
        }
    }
    if window.is_known() {
        prop_assert_eq!(expected.ok(), zlib::inflated(compressed, window.octets()), "zlib");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn what_was_compressed_comes_out(
        messages in prop::collection::vec(plain(), 1..6),
        bits in 9..=15_u8, level in 0..=9_u32, takeover: bool, part in 1..4000_usize, checkpoint in 0..6_usize,
        parts in 0..3_usize, ahead: u8,
    ) {
        let agreed = DeflateAgreement { window_bits: bits, takeover };
        let mut sender = Sender::new(bits, level, takeover);
        let [mut inflater, mut at_once] = [(); 2].map(|()| resumed(agreed, &SlidingWindow::default()));
        for (index, message) in messages.iter().enumerate() {
            if index == checkpoint {
                // A checkpoint is all that has to be kept.
                inflater = resumed(agreed, &at_once.window());
            }
            let compressed = sender.message(message);
            let (found, strayed) = inflate(&mut inflater, &compressed, part).unwrap();
            prop_assert_eq!(&found, message);
            prop_assert_eq!(strayed, Strayed::default());
            let (found, strayed) = inflate_rest(&mut at_once, &compressed, parts, ahead).unwrap();
            prop_assert_eq!(&found, message);
            prop_assert_eq!(strayed, Strayed::default());
        }
    }

    /// All ways of inflating say the same about octets that nobody compressed.
    #[test]
    fn noise_ends_the_same_way(
        compressed in prop::collection::vec(any::<u8>(), 1..300), part in 1..300_usize, parts in 0..4_usize, ahead: u8,
    ) {
        same_end(&compressed, &SlidingWindow::default(), part, parts, ahead)?;
    }

    /// A damaged message is wrong in whatever way it is inflated, and never panics, whatever the window.
    #[test]
    fn damage(
        plain in plain(), at: prop::sample::Index, bit in 0..8_u32,
        part in 1..300_usize, parts in 0..4_usize, ahead: u8,
    ) {
        let mut compressed = Sender::new(15, 6, true).message(&plain);
        let at = at.index(compressed.len());
        compressed[at] ^= 1 << bit;
        same_end(&compressed, &SlidingWindow::default(), part, parts, ahead)?;
        same_end(&compressed, &SlidingWindow::of(&[b'w'; 700]), part, parts, ahead)?;
        same_end(&compressed, &SlidingWindow::lost(), part, parts, ahead)?;
    }

    /// Behind a loss, what does not come from the window is known, and is right.
    #[test]
    fn a_lost_window(first in plain(), second in plain()) {
        let mut sender = Sender::new(15, 6, true);
        sender.message(&first);
        let compressed = sender.message(&second);
        let mut inflater = resumed(DeflateAgreement::default(), &SlidingWindow::lost());
        let mut found = Vec::new();
        let mut sink = |piece: InflatedPiece<'_>| match piece {
            InflatedPiece::Octets(octets) => found.extend(octets.iter().copied().map(Some)),
            InflatedPiece::Unknown(len) => found.extend((0..len).map(|_| None)),
        };
        inflater.push(&compressed, &mut sink).unwrap();
        inflater.end(&mut sink).unwrap();
        prop_assert_eq!(found.len(), second.len());
        for (found, sent) in found.iter().zip(&second) {
            prop_assert!(found.is_none_or(|found| found == *sent));
        }
    }
}

/// Whatever came since it was lost before.
#[test]
fn a_window_that_is_lost_again() {
    let mut inflater = resumed(DeflateAgreement::default(), &SlidingWindow::lost());
    for len in [0, 5, 1000, 40_000, 70_000] {
        inflate(&mut inflater, &Sender::new(15, 6, true).message(&vec![b'x'; len]), 99).unwrap();
        inflater.resume(DeflateAgreement::default(), &SlidingWindow::lost(), LIMIT);
        // "Hel", and five octets from five before, of which all but those three are lost.
        let (found, _) = inflate(&mut inflater, &[0xf2, 0x48, 0xcd, 0x01, 0x13, 0x00, 0x00], 9).unwrap();
        assert_eq!(found, b"Hel??Hel", "behind {len} octets");
        inflater.resume(DeflateAgreement::default(), &SlidingWindow::lost(), LIMIT);
    }
}

#[test]
fn the_examples_of_the_rfc() {
    for agreed in [DeflateAgreement::default(), DeflateAgreement { takeover: false, ..DeflateAgreement::default() }] {
        let mut inflater = resumed(agreed, &SlidingWindow::default());
        let mut hello = |compressed: &[u8]| inflate(&mut inflater, compressed, 3).unwrap().0;
        // RFC 7692 §7.2.3.1, §7.2.3.3 (no compression), §7.2.3.4 (BFINAL), §7.2.3.5 (two blocks), §7.2.3.6 (empty).
        assert_eq!(hello(&[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]), b"Hello");
        assert_eq!(hello(&[0, 5, 0, 0xfa, 0xff, b'H', b'e', b'l', b'l', b'o', 0]), b"Hello");
        assert_eq!(hello(&[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00]), b"Hello");
        assert_eq!(hello(&[0xf2, 0x48, 0x05, 0, 0, 0, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00]), b"Hello");
        assert_eq!(hello(&[0]), b"");
        assert_eq!(hello(&[]), b"");
        // BFINAL without the octet that should follow; the window goes on all the same.
        assert_eq!(hello(&[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]), b"Hello");
        assert_eq!(hello(&[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]), b"Hello");
    }
    // §7.2.3.2: the second message copies from the first.
    let mut inflater = resumed(DeflateAgreement::default(), &SlidingWindow::default());
    assert_eq!(inflate(&mut inflater, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00], 9).unwrap().0, b"Hello");
    assert_eq!(inflate(&mut inflater, &[0xf2, 0x00, 0x11, 0x00, 0x00], 9).unwrap().0, b"Hello");
}

#[test]
fn a_final_block_keeps_the_window() {
    let mut sender = Sender::new(15, 6, true);
    let mut inflater = resumed(DeflateAgreement::default(), &SlidingWindow::default());
    let first = sender.message(b"a window that is long enough to be worth a copy");
    inflate(&mut inflater, &first, 9).unwrap();
    // BFINAL in a block of its own, in between.
    assert_eq!(inflate(&mut inflater, &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00], 9).unwrap().0, b"Hello");
    let window = inflater.window();
    assert_eq!(window, SlidingWindow::of(b"a window that is long enough to be worth a copyHello"));
}

#[test]
fn who_strays_is_found_and_understood() {
    let text: Vec<u8> = (0..3000_u32).flat_map(|n| (n.wrapping_mul(2_654_435_761) >> 7).to_le_bytes()).collect();
    let again = [&text[..2000], &text[..2000]].concat();
    // A context that was not to be kept.
    let mut sender = Sender::new(15, 6, true);
    let mut inflater = resumed(DeflateAgreement { window_bits: 15, takeover: false }, &SlidingWindow::default());
    let (first, second) = (sender.message(&again), sender.message(&again));
    assert_eq!(inflate(&mut inflater, &first, 999).unwrap(), (again.clone(), Strayed::default()));
    let strayed = Strayed { beyond_window: 0, kept_context: true };
    assert_eq!(inflate(&mut inflater, &second, 999).unwrap(), (again.clone(), strayed));
    // A distance of 2,000 in a window of 2^9.
    let mut inflater = resumed(DeflateAgreement { window_bits: 9, takeover: true }, &SlidingWindow::default());
    let (found, strayed) = inflate(&mut inflater, &first, 999).unwrap();
    assert_eq!((found, strayed), (again, Strayed { beyond_window: 2000, kept_context: false }));
}

#[test]
fn a_bomb_stops_at_the_limit() {
    let bomb = Sender::new(15, 9, true).message(&vec![0; 20_000_000]);
    assert!(bomb.len() < 40_000);
    for takeover in [true, false] {
        let mut inflater = Inflater::default();
        inflater.resume(DeflateAgreement { window_bits: 15, takeover }, &SlidingWindow::default(), 1_000_000);
        let mut given = 0;
        let mut sink = |piece: InflatedPiece<'_>| match piece {
            InflatedPiece::Octets(octets) => given += octets.len() as u64,
            InflatedPiece::Unknown(_) => panic!("nothing was lost"),
        };
        let pushed = inflater.push(&bomb, &mut sink).and_then(|()| inflater.end(&mut sink).map(drop));
        assert_eq!(pushed, Err(InflateError::TooLong));
        assert!(given <= 1_000_000 && given > 900_000, "{given}");
    }
}

#[test]
fn the_limit_holds_to_the_octet() {
    let plain: Vec<u8> = (0..150_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8 % 40).collect();
    // Stored blocks, literals, and nearly nothing but copies.
    for (level, plain) in [(0, &plain[..]), (1, &plain[..]), (9, &[7; 150_000][..])] {
        let compressed = Sender::new(15, level, true).message(plain);
        for (limit, parts) in [(0, 0), (0, 3), (1, 0), (1, 3)].map(|(less, parts)| (plain.len() - less, parts)) {
            let mut inflater = Inflater::default();
            inflater.resume(DeflateAgreement::default(), &SlidingWindow::default(), limit as u64);
            let found = inflate_rest(&mut inflater, &compressed, parts, 0).map(|(octets, _)| octets);
            assert!(found == if limit == plain.len() { Ok(plain.to_vec()) } else { Err(InflateError::TooLong) });
        }
    }
}

/// It breaks at its end, in whatever parts it comes, and be it in the middle of what stands before a block.
#[test]
fn a_message_that_ends_inside_a_block_is_wrong() {
    let whole = Sender::new(15, 6, true).message(&b"no end in sight, none at all, and no sight of an end".repeat(3));
    for (len, takeover) in [(whole.len() / 2, true), (whole.len() / 2, false), (9, true)] {
        let compressed = &whole[..len];
        let agreed = DeflateAgreement { window_bits: 15, takeover };
        let mut inflater = resumed(agreed, &SlidingWindow::default());
        assert_eq!(inflate(&mut inflater, compressed, 9), Err(InflateError::Invalid));
        assert_eq!(inflater.taken(), 0, "nothing is left to be taken");
        let mut inflater = resumed(agreed, &SlidingWindow::default());
        assert_eq!(inflate_rest(&mut inflater, compressed, 0, 0), Err(InflateError::Invalid));
        assert_eq!(inflater.taken(), len);
    }
}

/// If the tail is taken for data, the message has no end; that it is the end of a last block is fine.
#[test]
fn last_blocks_and_the_tail() {
    for (compressed, expected) in [(&[107, 0][..], Err(InflateError::Invalid)), (&[145], Ok(Vec::new()))] {
        for takeover in [true, false] {
            let agreed = DeflateAgreement { window_bits: 15, takeover };
            let in_parts = inflate(&mut resumed(agreed, &SlidingWindow::default()), compressed, 1);
            let at_once = inflate_rest(&mut resumed(agreed, &SlidingWindow::default()), compressed, 0, 0xaa);
            assert_eq!((in_parts.map(|it| it.0), at_once.map(|it| it.0)), (expected.clone(), expected.clone()));
        }
    }
}

/// Inflated octets are given away as they come, by whatever way a message is inflated: nothing is kept until its end.
#[test]
fn an_open_message_is_not_kept() {
    let plain: Vec<u8> = (0..400_000_u32).flat_map(|n| (n.wrapping_mul(2_654_435_761) >> 5).to_le_bytes()).collect();
    for bits in [9, 15] {
        let compressed = Sender::new(bits, 1, true).message(&plain);
        for (agreed, window) in [
            (DeflateAgreement { window_bits: bits, takeover: true }, SlidingWindow::default()),
            (DeflateAgreement { window_bits: 15, takeover: false }, SlidingWindow::default()),
            (DeflateAgreement::default(), SlidingWindow::lost()),
        ] {
            let mut inflater = resumed(agreed, &window);
            let mut given = Vec::new();
            for (count, part) in (1..).zip(compressed.chunks(10_000)) {
                let sink = &mut |piece: InflatedPiece<'_>| match piece {
                    InflatedPiece::Octets(octets) => given.extend_from_slice(octets),
                    InflatedPiece::Unknown(_) => panic!("nothing was lost"),
                };
                inflater.push(part, sink).unwrap();
                assert!(count < 10 || given.len() > count * 5000, "{} of {count} parts", given.len());
            }
            inflater.end(&mut |piece| assert!(matches!(piece, InflatedPiece::Octets(_)))).unwrap();
            assert!(given.len() + 100 > plain.len() && plain.starts_with(&given));
        }
    }
}

/// The place where a message breaks does not depend on the parts that it comes in.
#[test]
fn a_message_breaks_where_it_breaks() {
    let text: Vec<u8> = (0..9000_u32).flat_map(|n| (n.wrapping_mul(2_654_435_761) >> 7).to_le_bytes()).collect();
    let mut compressed = Sender::new(15, 1, true).message(&text);
    compressed.extend(TAIL);
    let whole = compressed.len();
    // A block of a kind that there is not.
    compressed.extend([0xff; 40]);
    let mut found = Vec::new();
    for part in [1, 7, 1000, compressed.len()] {
        let mut inflater = resumed(DeflateAgreement { window_bits: 15, takeover: false }, &SlidingWindow::default());
        let broken = compressed.chunks(part).enumerate().find_map(|(index, octets)| {
            inflater.push(octets, &mut |_| {}).err().map(|_| index * part + inflater.taken())
        });
        found.push(broken.unwrap());
    }
    assert_eq!(found, [whole + 1; 4]);
}

/// Long messages go through more memory than there is, and what is special about them may come late.
#[test]
fn long_messages() {
    let number = |n: u32| n.wrapping_mul(2_654_435_761) >> 9;
    let text: Vec<u8> = (0..150_000).flat_map(|n| format!("{:x},", number(n)).into_bytes()).collect();
    let (near, far) = text.split_at(text.len() / 2);
    let mut sender = Sender::new(15, 6, true);
    let [first, second] = [near, far].map(|plain| sender.message(plain));
    // A last block at the end, and one in between.
    let hello = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    let ended = [&second[..], &TAIL, &hello].concat();
    let between = [&ended[..], &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]].concat();
    for (compressed, end) in [(&second, &b""[..]), (&ended, b"Hello"), (&between, b"HelloHello")] {
        for parts in [0, 3, 1000] {
            let mut inflater = resumed(DeflateAgreement::default(), &SlidingWindow::default());
            assert!(inflate_rest(&mut inflater, &first, parts, 0xaa).unwrap().0 == near);
            assert_eq!(inflater.window(), SlidingWindow::of(near));
            let found = inflate_rest(&mut inflater, compressed, parts, 0).unwrap().0;
            assert!(found == [far, end].concat() && Some(found) == zlib::inflated(compressed, near));
        }
    }
    // Where it breaks does not depend on the parts it comes in, nor what came before, nor how far it may go.
    let mut broken = second.clone();
    let at = broken.len() - 1000;
    broken.splice(at.., [0xff; 1000]);
    for limit in [LIMIT, far.len() as u64 - 1, 200_000] {
        let found = [0, 1].map(|in_parts| {
            let mut inflater = Inflater::default();
            inflater.resume(DeflateAgreement::default(), &SlidingWindow::of(near), limit);
            let mut plain = Vec::new();
            let mut sink = |piece: InflatedPiece<'_>| match piece {
                InflatedPiece::Octets(octets) => plain.extend_from_slice(octets),
                InflatedPiece::Unknown(_) => panic!("nothing was lost"),
            };
            let octets = [&broken[..], &TAIL, &[0xaa; LOOKAHEAD]].concat();
            let mut taken = 0;
            let error = match in_parts {
                0 => inflater.message(&octets, broken.len(), &mut sink).unwrap_err(),
                _ => {
                    let pushed = broken.chunks(777).find_map(|part| {
                        let pushed = inflater.push(part, &mut sink).err();
                        taken += if pushed.is_none() { part.len() } else { 0 };
                        pushed
                    });
                    pushed.unwrap_or_else(|| inflater.end(&mut sink).unwrap_err())
                }
            };
            assert!(plain.len() > 150_000 && far.starts_with(&plain[..150_000]) && plain.len() as u64 <= limit);
            (error, taken + inflater.taken(), plain)
        });
        assert!(found[0] == found[1], "{:?}", found.map(|(error, taken, plain)| (error, taken, plain.len())));
    }
}

/// Symbols that have codes, but must not be used (RFC 1951 §3.2.6).
#[test]
fn symbols_that_must_not_be() {
    // A block with the fixed codes: 286 (1100 0110), then an end, the tail's block, and the rest of the octet.
    for symbol in [0b1100_0110_u8, 0b1100_0111] {
        let mut bits = vec![0, 1, 0];
        bits.extend((0..8).rev().map(|bit| symbol >> bit & 1));
        bits.extend([0; 7 + 3 + 3]);
        let compressed: Vec<u8> =
            bits.chunks(8).map(|bits| bits.iter().rev().fold(0, |octet, bit| octet << 1 | bit)).collect();
        same_end(&compressed, &SlidingWindow::of(&[b'w'; 700]), 1, 0, 0).unwrap();
        let mut inflater = resumed(DeflateAgreement::default(), &SlidingWindow::of(&[b'w'; 700]));
        assert_eq!(inflate(&mut inflater, &compressed, 9), Err(InflateError::Invalid));
    }
}

/// A message that breaks in the middle is not gone through again and again.
#[test]
fn a_long_message_without_an_end() {
    let mut compressed =
        Sender::new(15, 1, true).message(&(0..400_000_u32).flat_map(u32::to_le_bytes).collect::<Vec<_>>());
    assert!(compressed.len() > 300_000);
    compressed.truncate(compressed.len() - 9);
    let mut inflater = resumed(DeflateAgreement::default(), &SlidingWindow::default());
    assert_eq!(inflate_rest(&mut inflater, &compressed, 0, 0), Err(InflateError::Invalid));
}
