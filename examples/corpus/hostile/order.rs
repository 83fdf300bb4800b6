//! TCP out of order: holes that are never filled, and segments in the order that costs most.

use std::io;

use super::conversation::{ANSWER, Client, Conversation, Server, server_frame};
use super::packets::Packets;

/// Segments behind each hole of `holes`.
const BEHIND: usize = 64;
/// Octets that are held before they are delivered; fewer than [`framescope::net::MAX_QUEUED_PIECES`].
const HELD: u32 = 4_000;

/// A frame whose payload is lost but for its first octets.
fn frame_with_hole(it: &mut Conversation, packets: &mut Packets<'_>) -> io::Result<()> {
    let frame = server_frame(0x82, &[0; 500]);
    it.send(Server, &frame[..10], packets)?;
    it.lose(Server, frame.len() as u32 - 10);
    count_frames(packets, 1);
    Ok(())
}

fn count_frames(packets: &mut Packets<'_>, frames: u64) {
    packets.truth.frames += frames;
    packets.truth.messages += frames;
}

/// The holes are all open at the same time, and never acknowledged, so that each is waited for.
pub fn holes(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    packets.begin()?;
    let mut all = Vec::new();
    for index in 0..count {
        let mut it = Conversation::upgraded(index, packets)?;
        frame_with_hole(&mut it, packets)?;
        all.push(it);
    }
    for _ in 0..BEHIND {
        all.iter_mut().try_for_each(|it| it.send(Server, &server_frame(0x81, b"tick"), packets))?;
    }
    count_frames(packets, count * BEHIND as u64);
    Ok(())
}

/// Only the server is heard: nobody acknowledges anything of it.
pub fn unacked(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    packets.begin()?;
    packets.truth.tcp_connections = 1;
    packets.truth.connections = 1;
    let mut it = Conversation::new(0);
    it.send(Server, ANSWER.as_bytes(), packets)?;
    frame_with_hole(&mut it, packets)?;
    count_frames(packets, count);
    (0..count).try_for_each(|_| it.send(Server, &server_frame(0x81, b"tick"), packets))
}

/// One frame after another, each of whose octets come in an order of their own.
fn shuffled(packets: &mut Packets<'_>, count: u64, place: fn(u32, u32) -> u32) -> io::Result<()> {
    packets.begin()?;
    let mut it = Conversation::upgraded(0, packets)?;
    let mut left = count;
    while left > 0 {
        let len = HELD.min(left as u32);
        let frame = server_frame(0x81, &vec![0; len as usize]);
        let header = frame.len() as u32 - len;
        count_frames(packets, 1);
        for index in 0..len {
            it.ahead(Server, header + place(index, len), &[0], packets)?;
        }
        it.ahead(Server, 0, &frame[..header as usize], packets)?;
        it.lose(Server, frame.len() as u32);
        it.ack(Client, packets)?;
        left -= u64::from(len);
    }
    Ok(())
}

pub fn descending(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    shuffled(packets, count, |index, len| len - 1 - index)
}

/// First, last, second, last but one, …
pub fn inward(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    shuffled(packets, count, |index, len| if index % 2 == 0 { index / 2 } else { len - 1 - index / 2 })
}

pub fn copies(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    const LEN: u32 = 3_000;
    packets.begin()?;
    let it = Conversation::upgraded(0, packets)?;
    count_frames(packets, 1);
    let frame = server_frame(0x82, &[0; LEN as usize]);
    let header = frame.len() as u32 - LEN;
    (0..LEN).try_for_each(|at| it.ahead(Server, header + at, &[0], packets))?;
    (0..count).try_for_each(|_| it.ahead(Server, header, &frame[header as usize..], packets))?;
    it.ahead(Server, 0, &frame[..header as usize], packets)
}

/// Holds octets back and lets them go again; only what is kept of their room can add up.
pub fn bursts(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    packets.begin()?;
    (0..count).try_for_each(|index| {
        let it = Conversation::upgraded(index, packets)?;
        count_frames(packets, u64::from(HELD));
        let frame = server_frame(0x81, b"t");
        let len = frame.len() as u32;
        (1..HELD).try_for_each(|n| it.ahead(Server, n * len, &frame, packets))?;
        it.ahead(Server, 0, &frame, packets)
    })
}

/// All within the payload of one frame, which claims to be long enough.
pub fn jumps(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    packets.begin()?;
    let mut it = Conversation::upgraded(0, packets)?;
    count_frames(packets, 1);
    it.send(Server, &[0x82, 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], packets)?;
    for _ in 0..count {
        it.lose(Server, 1_000);
        it.send(Server, &[0], packets)?;
        it.ack(Client, packets)?;
    }
    Ok(())
}
