//! Frame headers.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use framescope::ws::{FrameHeader, Parsed};

use super::random::Random;

/// Headers of 2 to 14 octets in random order, most of them short as on real connections.
#[divan::bench]
fn parse_header(bencher: Bencher) {
    const HEADERS: usize = 4096;
    let mut random = Random(1);
    let octets: Vec<[u8; 14]> = (0..HEADERS)
        .map(|_| {
            let mask = (random.below(2) as u8) << 7;
            let len = [125, 20, 100, 7, 90, 126, 126, 127][random.below(8) as usize];
            let mut octets = [0x81, mask | len, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4];
            octets[2] = u8::from(len == 126);
            octets
        })
        .collect();
    bencher.counter(ItemsCount::new(HEADERS)).bench_local(|| {
        let lengths = black_box(&octets).iter().map(|octets| match FrameHeader::parse(octets) {
            Parsed::Done(header) => header.payload_len(),
            Parsed::Need(_) => 0,
        });
        lengths.fold(0, u64::wrapping_add)
    });
}
