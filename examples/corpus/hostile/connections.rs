//! Connections without number, most of which never finish.

use std::io;

use super::conversation::{Client, Conversation, Server, client_frame, server_frame};
use super::packets::Packets;

pub fn syn(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    packets.begin()?;
    (0..count).try_for_each(|index| Conversation::new(index).syn(packets))
}

pub fn reuse(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    packets.begin()?;
    (0..count).try_for_each(|index| {
        let mut it = Conversation::new(0);
        it.lose(Client, index as u32 * 1_000);
        it.syn(packets)
    })
}

/// Half a request: a field without an end.
pub fn head(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    let half = format!("GET / HTTP/1.1\r\nCookie: {}", "x".repeat(976));
    packets.begin()?;
    (0..count).try_for_each(|index| {
        let mut it = Conversation::new(index);
        it.connect(packets)?;
        it.send(Client, half.as_bytes(), packets)
    })
}

pub fn upgrade(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    packets.begin()?;
    (0..count).try_for_each(|index| {
        let mut it = Conversation::new(index);
        it.connect(packets)?;
        it.request(packets)
    })
}

/// Octets that are neither frames nor HTTP, so that nothing but the answer tells what they are.
pub fn early(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    packets.begin()?;
    let mut all = Vec::new();
    for index in 0..count {
        let mut it = Conversation::new(index);
        it.connect(packets)?;
        it.request(packets)?;
        all.push(it);
    }
    for _ in 0..64 {
        all.iter_mut().try_for_each(|it| it.send(Client, &[0xff; 4], packets))?;
    }
    Ok(())
}

pub fn open(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    packets.begin()?;
    (0..count).try_for_each(|index| {
        packets.truth.frames += 1;
        packets.truth.messages += 1;
        Conversation::upgraded(index, packets)?.send(Server, &server_frame(0x81, b"hello"), packets)
    })
}

/// An octet of DEFLATE that is no end of anything.
pub fn begun(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    packets.begin()?;
    (0..count).try_for_each(|index| {
        packets.truth.frames += 1;
        packets.truth.messages += 1;
        Conversation::compressing(index, packets)?.send(Server, &server_frame(0x41, b"\xf2"), packets)
    })
}

/// Nothing of these is worth remembering.
pub fn answered(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    packets.begin()?;
    (0..count).try_for_each(|index| {
        let mut it = Conversation::new(index);
        it.connect(packets)?;
        it.send(Client, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", packets)?;
        it.send(Server, b"HTTP/1.1 204 No Content\r\n\r\n", packets)?;
        it.close(packets)
    })
}

pub fn closed(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    packets.begin()?;
    (0..count).try_for_each(|index| {
        packets.truth.frames += 2;
        let mut it = Conversation::upgraded(index, packets)?;
        it.send(Client, &client_frame(0x88, index), packets)?;
        it.send(Server, &server_frame(0x88, b""), packets)?;
        it.close(packets)
    })
}
