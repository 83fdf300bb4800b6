//! `connections --others`: the TCP connections that are not read as WebSockets.

use serde::Serialize;

use super::args::ListFile;
use super::json;
use super::output::{Failure, Output, complain};
use super::walk::read_through;
use crate::dissect::{Other, ReadOptions};
use crate::view::length;

/// More are not listed.
const MOST: usize = 10_000;

#[derive(Serialize)]
struct Row {
    opener: String,
    peer: String,
    octets_opener: u32,
    octets_peer: u32,
    /// The user says that it is no WebSocket.
    rejected: bool,
}

/// `framescope connections FILE --others`
pub fn run(arguments: &ListFile, options: ReadOptions, output: &mut Output) -> Result<(), Failure> {
    let session = read_through(&arguments.file, options, false)?;
    let others = session.others(MOST);
    if !arguments.json {
        output.line("TCP connection, and the octets of its ends")?;
    }
    for other in &others.rows {
        let Other { ends, octets: [opener, peer], is_rejected } = *other;
        if arguments.json {
            let (octets_opener, octets_peer) = (opener, peer);
            let (opener, peer) = (ends.opener.to_string(), ends.peer.to_string());
            json::write(&Row { opener, peer, octets_opener, octets_peer, rejected: is_rejected }, output)?;
        } else {
            let said = if is_rejected { "  rejected" } else { "" };
            let (opener, peer) = (length(opener.into()), length(peer.into()));
            output.line(&format!("{}-{}  {opener} ⇅ {peer}{said}", ends.opener, ends.peer))?;
        }
    }
    output.flush()?;
    if others.total > MOST {
        complain(&format!("warning: these are the {MOST} largest of {} TCP connections", others.total));
    }
    Ok(())
}
