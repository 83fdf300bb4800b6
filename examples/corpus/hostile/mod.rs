//! Captures that are made to hurt: as much to remember, or as much to do, for as few octets as possible.
//!
//! ```sh
//! cargo run --release --no-default-features --example corpus -- hostile syn 1000000 /tmp/syn.pcap
//! ```
//!
//! Each kind has a count, so that twice as much shows what grows faster than the capture does. Beside `OUT` stands
//! `OUT.truth.json` with what a reader has to count. The tests read the same captures at small counts.

mod connections;
mod conversation;
mod files;
mod frames;
mod http;
mod order;
mod packets;

use std::io::{self, Write};

use packets::Packets;
use serde::Serialize;

/// Counts that a reader has to come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Truth {
    pub packets: u64,
    pub tcp_connections: u64,
    /// WebSocket connections and attempts to open one.
    pub connections: u64,
    pub frames: u64,
    pub messages: u64,
}

/// A kind of hostile capture.
pub struct Kind {
    pub name: &'static str,
    /// The thing that is counted.
    pub count_of: &'static str,
    play: fn(&mut Packets<'_>, u64) -> io::Result<()>,
}

/// Every kind.
pub const KINDS: &[Kind] = &[
    kind("syn", "connections of a SYN each", connections::syn),
    kind("reuse", "SYNs with new numbers between the same two sockets", connections::reuse),
    kind("head", "connections with half a request of 1,000 octets each", connections::head),
    kind("upgrade", "connections with an Upgrade request that nobody answers", connections::upgrade),
    kind("early", "connections with an unanswered Upgrade request and 64 segments behind it", connections::early),
    kind("open", "WebSockets with one frame each that never close", connections::open),
    kind("begun", "WebSockets with the begin of a compressed message each", connections::begun),
    kind("answered", "connections with a request, its answer and an end", connections::answered),
    kind("closed", "WebSockets with an opening and a closing handshake", connections::closed),
    kind("holes", "WebSockets with a lost segment each and 64 segments behind it, at once", order::holes),
    kind("unacked", "segments behind a hole in the only direction that was captured", order::unacked),
    kind("descending", "segments of one octet, each before the one before", order::descending),
    kind("inward", "segments of one octet, each in the middle of those before", order::inward),
    kind("copies", "copies of 3,000 octets that are held octet by octet", order::copies),
    kind("bursts", "WebSockets, one behind another, with 4,000 segments behind a hole that is filled", order::bursts),
    kind("jumps", "segments with an acknowledged hole before each", order::jumps),
    kind("tiny", "frames of 2 octets in full segments", frames::tiny),
    kind("forbidden", "frames of 2 octets that break three rules each", frames::forbidden),
    kind("closes", "Close frames with a code outside the range", frames::closes),
    kind("pings", "pings that nobody answers for 31 seconds", frames::pings),
    kind("pongs", "pongs that nobody asked for", frames::pongs),
    kind("fragments", "frames of one message", frames::fragments),
    kind("broken", "compressed messages that break behind five octets", frames::broken),
    kind("unending", "compressed messages whose block has no end", frames::unending),
    kind("hollow", "compressed messages of twelve blocks with nothing in them", frames::hollow),
    kind("turns", "frames that client and server send by turns", frames::turns),
    kind("claim", "segments behind a frame header that claims 2^63-1 octets", frames::claim),
    kind("octets", "segments of one octet that carry frames of 130", frames::octets),
    kind("refused", "Upgrade requests on one connection, each refused", http::refused),
    kind("pipelined", "Upgrade requests behind one another before the only answer", http::pipelined),
    kind("giant", "Upgrade requests in packets of 16 MB, refused in packets of 16 MB", http::giant),
    kind("lengths", "requests with a body of 2 octets", http::lengths),
    kind("chunked", "chunks of one octet in one answer", http::chunked),
    kind("endless", "octets of a head without an end, behind a refused Upgrade request", http::endless),
    kind("lists", "opening handshakes with lists of 60,000 octets", http::lists),
    kind("urls", "Upgrade requests with a target of 60,000 octets, refused", http::urls),
    kind("datagrams", "IP fragments of a datagram each", files::datagrams),
    kind("parts", "IP fragments of 8 octets of datagrams with a hole", files::parts),
    kind("interfaces", "pcapng interfaces with a packet each", files::interfaces),
    kind("sections", "pcapng sections", files::sections),
    kind("blocks", "pcapng blocks that nobody knows", files::blocks),
    kind("bomb", "megabytes of zeros behind a pcap header, compressed with gzip", files::bomb),
];

const fn kind(name: &'static str, count_of: &'static str, play: fn(&mut Packets<'_>, u64) -> io::Result<()>) -> Kind {
    Kind { name, count_of, play }
}

/// Writes a capture with so many of what `kind` counts.
pub fn write(kind: &Kind, count: u64, out: &mut dyn Write) -> io::Result<Truth> {
    let mut packets = Packets::new(out);
    (kind.play)(&mut packets, count)?;
    Ok(packets.truth)
}

/// The kind with this name.
pub fn find(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}
