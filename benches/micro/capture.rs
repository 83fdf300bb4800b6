//! Walking over the packets of a capture.

use std::sync::Arc;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use framescope::capture::{Reader, Source, Step};

/// Octets of the capture.
const SIZE: usize = 16 << 20;

/// Packets of so many octets, in memory: what the reader itself costs, without a disk.
#[divan::bench(args = [66, 200, 1514])]
fn walk(bencher: Bencher, packet: u32) {
    let mut file = Vec::with_capacity(SIZE + 4096);
    // Little-endian, nanoseconds, version 2.4, snapshot length 262,144, Ethernet.
    for word in [0xa1b2_3c4d_u32, 0x0004_0002, 0, 0, 262_144, 1] {
        file.extend(word.to_le_bytes());
    }
    let mut packets = 0u32;
    while file.len() < SIZE {
        packets += 1;
        for word in [1_700_000_000, packets, packet, packet] {
            file.extend(word.to_le_bytes());
        }
        file.resize(file.len() + packet as usize, 0);
    }
    let len = file.len();
    let source = Arc::new(Source::from_octets(file, "in memory"));
    bencher.counter(BytesCount::new(len)).counter(ItemsCount::new(packets)).bench_local(|| {
        let mut reader = Reader::new(source.clone());
        while let Ok(Step::Packet(..)) = reader.next() {}
        assert_eq!(reader.packets(), u64::from(packets));
    });
}
