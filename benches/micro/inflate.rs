//! Inflating chat messages with context takeover (RFC 7692).

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use framescope::inflate::{DeflateAgreement, InflatedPiece, Inflater, LOOKAHEAD, SlidingWindow, TAIL};

use super::random::Random;

/// Messages of one sender: as compressed, with the four octets at the end that are not sent; and how long they are in all,
/// and the longest of them, before that.
fn conversation(messages: usize) -> (Vec<Vec<u8>>, usize, usize) {
    let (mut random, mut deflater) = (Random(1), Compress::new(Compression::new(6), false));
    let (mut total, mut longest) = (0, 0);
    let deflate = |_| {
        let plain = random.message(2500, true).into_bytes();
        total += plain.len();
        longest = longest.max(plain.len());
        let mut packed = Vec::with_capacity(plain.len() + 64);
        assert!(deflater.compress_vec(&plain, &mut packed, FlushCompress::Sync).is_ok());
        packed
    };
    ((0..messages).map(deflate).collect(), total, longest)
}

/// With flate2 alone: all messages of one sender, or one message of each sender in turn. What is counted are octets after
/// inflating.
#[divan::bench(args = [1, 200])]
fn inflate(bencher: Bencher, senders: usize) {
    // As much in all.
    let (messages, total, longest) = conversation(4000 / senders);
    let mut streams: Vec<Decompress> = (0..senders).map(|_| Decompress::new(false)).collect();
    let mut plain = vec![0; longest];
    bencher.counter(BytesCount::new(total * senders)).bench_local(|| {
        streams.iter_mut().for_each(|stream| stream.reset(false));
        for packed in black_box(&messages) {
            for stream in &mut streams {
                assert!(stream.decompress(packed, &mut plain, FlushDecompress::Sync).is_ok());
            }
        }
    });
}

/// Inflates the same messages as the program does: gathered into one stretch a sender, each going on behind the window
/// that the one before left.
#[divan::bench(args = [1, 200])]
fn inflate_stretches(bencher: Bencher, senders: usize) {
    let (messages, total, _) = conversation(4000 / senders);
    let stretch = [messages.concat(), vec![0; LOOKAHEAD]].concat();
    let (mut inflater, mut window) = (Inflater::default(), SlidingWindow::default());
    bencher.counter(BytesCount::new(total * senders)).bench_local(|| {
        let mut came = 0;
        let mut count = |piece: InflatedPiece<'_>| {
            if let InflatedPiece::Octets(octets) = piece {
                came += octets.len();
            }
        };
        for _ in 0..senders {
            inflater.resume(DeflateAgreement::default(), &SlidingWindow::default(), u64::MAX);
            let mut rest = &black_box(&stretch)[..];
            for packed in &messages {
                assert!(inflater.message(rest, packed.len() - TAIL.len(), &mut count).is_ok());
                rest = &rest[packed.len()..];
            }
            window = inflater.window();
        }
        assert_eq!(came, total * senders);
    });
    drop(window);
}
