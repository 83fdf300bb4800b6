//! Below TCP: IP fragments, and the capture file itself.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::conversation::{Client, Conversation};
use super::packets::Packets;

/// More fragments follow.
const MORE: u16 = 0x2000;

pub fn datagrams(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    packets.begin()?;
    (0..count).try_for_each(|n| {
        let header = Conversation::new(n / 50_000).any_header(Client);
        packets.fragment(&header, n as u16, MORE | 1, &[0; 1_400])
    })
}

/// Every second place of a datagram is left out, and none has an end: 4,096 parts would fit into each.
pub fn parts(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    packets.begin()?;
    (0..count).try_for_each(|n| {
        let header = Conversation::new(0).any_header(Client);
        packets.fragment(&header, (n / 4_095) as u16, MORE | (n % 4_095 * 2 + 1) as u16, &[0; 8])
    })
}

fn block(packets: &mut Packets<'_>, kind: u32, body: &[u32]) -> io::Result<()> {
    let len = 12 + 4 * body.len() as u32;
    packets.words(&[kind, len])?;
    packets.words(body)?;
    packets.words(&[len])
}

fn section(packets: &mut Packets<'_>) -> io::Result<()> {
    block(packets, 0x0a0d_0d0a, &[0x1a2b_3c4d, 1, u32::MAX, u32::MAX])
}

/// Each has a name of 1,000 octets.
pub fn interfaces(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    section(packets)?;
    let mut description = vec![101, 0, 1_000 << 16 | 2];
    description.extend([0x6161_6161; 250]);
    (0..count as u32).try_for_each(|n| {
        block(packets, 1, &description)?;
        packets.truth.packets += 1;
        block(packets, 6, &[n, 0, n, 4, 4, 0])
    })
}

pub fn sections(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    (0..count).try_for_each(|_| section(packets))
}

pub fn blocks(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    section(packets)?;
    (0..count).try_for_each(|_| block(packets, 0x0bad, &[]))
}

/// Zeros are no packets, however many they are.
pub fn bomb(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    let mut packed = GzEncoder::new(&mut *packets.out, Compression::best());
    Packets::new(&mut packed).begin()?;
    let megabyte = vec![0; 1_000_000];
    (0..count).try_for_each(|_| packed.write_all(&megabyte))?;
    packed.finish()?;
    Ok(())
}
