//! Inflating chat messages with context takeover (RFC 7692).

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};

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

/// All messages of one sender, or one message of each sender in turn. What is counted are octets after inflating.
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
