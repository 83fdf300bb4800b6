//! The rows that were found in a capture, in lines that a test can spell out.
//!
//! ```text
//!   client text… "Hel"                          … : FIN is 0, more follows
//!   client continuation "lo"
//!   server binary 200000 octets
//!   server text "ab??e" 3 of 5                  ? : octets that the capture lacks
//!   client ping… "" [frame.control-fragmented]  violations and warnings; notes are asked for by themselves
//! ```

use std::sync::Arc;

use framescope::base::{Finding, FrameId, MessageId, Severity};
use framescope::capture::Source;
use framescope::dissect::{Decisions, MessageReader, Octets, Progress, ReadOptions, Session, Snapshot};
use framescope::view::{MessageState, Words, message_payload, message_row};

/// Payload octets that a line spells out.
const SPELLED: u64 = 48;

/// Reads a capture to its end.
pub fn read(capture: &[u8]) -> Snapshot {
    read_as(capture, Decisions::default()).snapshot()
}

/// Reads a capture with the user's decisions about TCP connections.
pub fn read_as(capture: &[u8], decisions: Decisions) -> Session {
    let source = Arc::new(Source::from_octets(capture.to_vec(), "capture"));
    let mut session = Session::new(source, None).with_options(ReadOptions { decisions, ..ReadOptions::default() });
    while session.step(usize::MAX).unwrap() != Progress::End {}
    session
}

/// A line for each frame.
pub fn frames(snapshot: &Snapshot) -> Vec<String> {
    (0..snapshot.frame_count()).map(|index| frame(snapshot, FrameId::from_index(index))).collect()
}

fn frame(snapshot: &Snapshot, id: FrameId) -> String {
    let frame = snapshot.frame(id).unwrap();
    let header = frame.header;
    let more = if header.fin() { "" } else { "…" };
    let octets = MessageReader::default().frame_octets(snapshot, frame, 0..SPELLED + 1).unwrap();
    let mut line = format!("{} {}{more} {}", frame.sender(), header.opcode().name(), spelled(&octets));
    let captured = snapshot.captured_len(frame);
    if captured < header.payload_len() {
        line += &format!(" {captured} of {}", header.payload_len());
    }
    let found = snapshot.findings_of_frame(id).into_iter().filter(|finding| finding.severity() > Severity::Note);
    let rules: Vec<&str> = found.map(|finding| finding.rule.id()).collect();
    if !rules.is_empty() {
        line += &format!(" [{}]", rules.join(", "));
    }
    line
}

/// A line for each message.
pub fn messages(snapshot: &Snapshot) -> Vec<String> {
    let line = |index| {
        let id = MessageId::from_index(index);
        let (message, row) =
            (snapshot.message(id).unwrap(), message_row(snapshot, &mut MessageReader::default(), id).unwrap());
        let state = match row.state {
            MessageState::Complete => "",
            MessageState::Open => " open",
            MessageState::Incomplete => " incomplete",
        };
        let octets = message_payload(snapshot, &message, SPELLED + 1).unwrap();
        format!("{} {} {}{state}", message.sender, message.opcode.name(), spelled(&octets))
    };
    (0..snapshot.message_count()).map(line).collect()
}

fn spelled(octets: &Octets) -> String {
    if octets.total > SPELLED {
        return format!("{} octets", octets.total);
    }
    let known = octets.octets.iter().enumerate().filter(|(at, _)| !octets.is_missing(*at as u64));
    let is_text = known.clone().all(|(_, octet)| matches!(octet, b' '..=b'~'));
    let octet = |at: u64| match octets.get(at) {
        Some(octet) if is_text => char::from(octet).to_string(),
        Some(octet) => format!("{octet:02x}"),
        None => "?".to_owned(),
    };
    let text: String = (0..octets.total).map(octet).collect();
    if is_text { format!("\"{text}\"") } else { text }
}

/// The ids of the findings, in the order of discovery. Most of the tests' conversations end with a bare FIN once they
/// have shown what they are about, so `close.missing` is left out: `all_findings` has it.
pub fn findings(snapshot: &Snapshot) -> Vec<&'static str> {
    all_findings(snapshot).into_iter().filter(|rule| *rule != "close.missing").collect()
}

/// The English sentence of a finding.
pub fn sentence(finding: &Finding) -> String {
    Words::english().sentence(&finding.fact)
}

/// The ids of all findings, in the order of discovery.
pub fn all_findings(snapshot: &Snapshot) -> Vec<&'static str> {
    (0..snapshot.finding_count()).map(|index| snapshot.finding(index).unwrap().rule.id()).collect()
}

/// A line for each connection: handshake, status, URL and frames of client and server.
pub fn connections(snapshot: &Snapshot) -> Vec<String> {
    let line = |connection: &framescope::dissect::Connection| {
        let status = connection.status.map_or("-".to_owned(), |status| status.to_string());
        let url = connection.url.as_deref().unwrap_or("-");
        let [client, server] = connection.frames;
        format!("{} {status} {url} {client} {server}", connection.handshake().as_str())
    };
    snapshot.connections().map(line).collect()
}
