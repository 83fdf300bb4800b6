//! The work for every payload octet that is looked at: unmasking, and the check that text is UTF-8.

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use framescope::ws;

use super::random::Random;

/// In the first and second level of the cache, and in memory. In the cache it has to pass 15 GB/s.
#[divan::bench(args = [4 << 10, 256 << 10, 64 << 20])]
fn unmask(bencher: Bencher, len: usize) {
    let mut octets = vec![0x55; len];
    bencher
        .counter(BytesCount::new(len))
        .bench_local(|| ws::unmask(black_box([0x37, 0xfa, 0x21, 0x3d]), black_box(3), black_box(&mut octets)));
}

#[divan::bench]
fn utf8_ascii(bencher: Bencher) {
    utf8(bencher, false);
}

#[divan::bench]
fn utf8_mixed(bencher: Bencher) {
    utf8(bencher, true);
}

fn utf8(bencher: Bencher, mixed: bool) {
    let text = Random(1).message(64 << 10, mixed).into_bytes();
    bencher.counter(BytesCount::new(text.len())).bench_local(|| std::str::from_utf8(black_box(&text)).is_ok());
}
