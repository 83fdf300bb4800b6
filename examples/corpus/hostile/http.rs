//! HTTP: requests without number, heads without end, lists without sense.

use std::io;

use super::conversation::{ANSWER, Client, Conversation, REQUEST, SEGMENT, Server};
use super::packets::Packets;

const REFUSAL: &str = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";

fn begin(packets: &mut Packets<'_>) -> io::Result<Conversation> {
    packets.begin()?;
    let mut it = Conversation::new(0);
    it.connect(packets)?;
    Ok(it)
}

pub fn refused(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    let mut it = begin(packets)?;
    (0..count).try_for_each(|_| {
        it.request(packets)?;
        it.send(Server, REFUSAL.as_bytes(), packets)
    })
}

/// The client does not wait, and the server answers once.
pub fn pipelined(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    let mut it = begin(packets)?;
    packets.truth.connections = count;
    let requests = REQUEST.repeat(count as usize);
    requests.as_bytes().chunks(SEGMENT).try_for_each(|segment| it.send(Client, segment, packets))?;
    it.send(Server, ANSWER.as_bytes(), packets)
}

pub fn giant(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    const LARGEST: usize = (16 << 20) - 100;
    let mut it = begin(packets)?;
    packets.truth.connections = count;
    for (who, text) in [(Client, REQUEST), (Server, REFUSAL)] {
        let all = text.repeat(count as usize);
        all.as_bytes().chunks(LARGEST).try_for_each(|segment| it.send(who, segment, packets))?;
    }
    Ok(())
}

pub fn lengths(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    let mut it = begin(packets)?;
    (0..count).try_for_each(|_| {
        it.send(Client, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab", packets)?;
        it.send(Server, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", packets)
    })
}

pub fn chunked(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    let mut it = begin(packets)?;
    it.send(Client, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", packets)?;
    it.send(Server, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", packets)?;
    let segment = b"1\r\nx\r\n".repeat(SEGMENT / 6);
    let mut left = count as usize * 6;
    while left > 0 {
        let len = segment.len().min(left);
        it.send(Server, &segment[..len], packets)?;
        left -= len;
    }
    Ok(())
}

/// A refused attempt keeps the connection watched.
pub fn endless(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    let mut it = begin(packets)?;
    it.request(packets)?;
    it.send(Server, REFUSAL.as_bytes(), packets)?;
    it.send(Client, b"GET / HTTP/1.1\r\n", packets)?;
    let segment = b"A: b\r\n".repeat(SEGMENT / 6);
    (0..count / segment.len() as u64).try_for_each(|_| it.send(Client, &segment, packets))
}

/// Extensions and subprotocols, all offered and all chosen, none the same.
pub fn lists(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    packets.begin()?;
    let list = |prefix: char| (0..8_000).map(|n| format!("{prefix}{n:x},")).collect::<String>();
    let (offered, chosen) = (list('o'), list('c'));
    let extend =
        |head: &str, list: &str| head.replace("\r\n\r\n", &format!("\r\nSec-WebSocket-Extensions: {list}\r\n\r\n"));
    let (request, answer) = (extend(REQUEST, &offered), extend(ANSWER, &chosen));
    packets.truth.connections = count;
    (0..count).try_for_each(|index| {
        let mut it = Conversation::new(index);
        it.connect(packets)?;
        it.send(Client, request.as_bytes(), packets)?;
        it.send(Server, answer.as_bytes(), packets)
    })
}

pub fn urls(packets: &mut Packets<'_>, count: u64) -> io::Result<()> {
    let mut it = begin(packets)?;
    let request = REQUEST.replace("/chat", &format!("/{}", "x".repeat(60_000)));
    packets.truth.connections = count;
    (0..count).try_for_each(|_| {
        it.send(Client, request.as_bytes(), packets)?;
        it.send(Server, REFUSAL.as_bytes(), packets)
    })
}
