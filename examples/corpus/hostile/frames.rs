//! Frames: as many as fit, and lengths that lie.

use std::io;

use super::conversation::{Client, Conversation, SEGMENT, Server, client_frame, server_frame};
use super::packets::Packets;

/// So many of the server's frames back to back in full segments; `frame` makes number `n`.
fn stream<const LEN: usize>(packets: &mut Packets<'_>, count: u64, frame: impl Fn(u64) -> [u8; LEN]) -> io::Result<()> {
    packets.begin()?;
    let it = Conversation::upgraded(0, packets)?;
    stream_in(it, packets, count, frame)
}

fn stream_in<const LEN: usize>(
    mut it: Conversation,
    packets: &mut Packets<'_>,
    count: u64,
    frame: impl Fn(u64) -> [u8; LEN],
) -> io::Result<()> {
    packets.truth.frames += count;
    let mut segment = Vec::with_capacity(SEGMENT);
    for n in 0..count {
        segment.extend(frame(n));
        if segment.len() + LEN > SEGMENT || n + 1 == count {
            it.send(Server, &segment, packets)?;
            it.ack(Client, packets)?;
            segment.clear();
        }
    }
    Ok(())
}

pub fn tiny(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    packets.truth.messages = count;
    stream(packets, count, |_| [0x81, 0])
}

/// Compressed messages that are all the same.
fn compressed<const LEN: usize>(packets: &mut Packets<'_>, count: u64, message: [u8; LEN]) -> io::Result<()> {
    packets.begin()?;
    packets.truth.messages = count;
    let it = Conversation::compressing(0, packets)?;
    stream_in(it, packets, count, |_| message)
}

/// "Hello", and a block of a kind that there is not.
pub fn broken(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    compressed(packets, count, [0xc2, 7, 0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x06])
}

/// A block with codes of which the end's is 14 bits long, and without an end: whatever stands behind it are octets.
pub fn unending(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    let message = [
        0xc2, 21, 0x04, 0xe0, 0x01, 0x82, 0x24, 0x49, 0x92, 0x24, 0x49, 0x02, 0x12, 0x8b, 0x9a, 0x47, 0x56, 0xcf, 0xdd,
        0xff, 0x9f, 0xbb, 0x00,
    ];
    compressed(packets, count, message)
}

/// Twelve blocks with fixed codes and nothing in them, and an end.
pub fn hollow(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    // Ten bits each: 0, 10, 0000000.
    const FOUR: [u8; 5] = [0x02, 0x08, 0x20, 0x80, 0x00];
    let mut message = [0; 2 + 3 * FOUR.len() + 1];
    (message[0], message[1]) = (0xc2, 16);
    message[2..17].copy_from_slice(&[FOUR; 3].concat());
    compressed(packets, count, message)
}

/// A control frame without FIN, with a reserved opcode and reserved bits.
pub fn forbidden(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    stream(packets, count, |_| [0x7b, 0])
}

/// A Close frame whose code nobody may send; all but the first behind a Close frame.
pub fn closes(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    stream(packets, count, |n| [0x88, 2, (n % 4) as u8, 0])
}

/// Pings of which each packet brings as many as are waited for, and none is answered in time.
pub fn pings(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    packets.tick = 31_000_000_000;
    stream(packets, count, |_| [0x89, 0])
}

/// Pongs that nobody asked for.
pub fn pongs(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    stream(packets, count, |_| [0x8a, 0])
}

pub fn fragments(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    packets.truth.messages = 1;
    stream(packets, count, |n| {
        let opcode = u8::from(n == 0);
        [if n + 1 == count { 0x80 | opcode } else { opcode }, 0]
    })
}

/// Each half of one message, so that the messages of both sides lie inside one another.
pub fn turns(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    packets.begin()?;
    let mut it = Conversation::upgraded(0, packets)?;
    for n in 0..count {
        let octet0 = if n / 2 % 2 == 0 { 1 } else { 0x80 };
        match n % 2 {
            0 => it.send(Client, &client_frame(octet0, n), packets)?,
            _ => it.send(Server, &server_frame(octet0, b""), packets)?,
        }
        packets.truth.frames += 1;
        packets.truth.messages += u64::from(octet0 == 1);
    }
    Ok(())
}

pub fn claim(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    packets.begin()?;
    let mut it = Conversation::upgraded(0, packets)?;
    packets.truth.frames += 1;
    packets.truth.messages += 1;
    it.send(Server, &[0x82, 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], packets)?;
    for _ in 0..count {
        it.send(Server, &[0x82; 100], packets)?;
        it.ack(Client, packets)?;
    }
    Ok(())
}

pub fn octets(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    packets.begin()?;
    let mut it = Conversation::upgraded(0, packets)?;
    let frame = server_frame(0x81, &[b'a'; 126]);
    let whole = count / frame.len() as u64;
    packets.truth.frames += whole;
    packets.truth.messages += whole;
    (0..whole).try_for_each(|_| frame.iter().try_for_each(|octet| it.send(Server, &[*octet], packets)))
}
