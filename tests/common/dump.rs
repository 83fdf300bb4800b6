//! Everything that a snapshot holds, as text: two snapshots with the same text are the same.

use std::fmt::Write as _;

use framescope::base::{FrameId, MessageId};
use framescope::dissect::{MessageReader, Snapshot};
use framescope::view::message_payload;
use sha1::{Digest as _, Sha1};

/// Totals, connections, frames, messages and findings with every value but file offsets, which differ between formats.
pub fn dump(snapshot: &Snapshot) -> String {
    let mut text = format!("{:?}\n", snapshot.totals());
    for connection in snapshot.connections() {
        _ = writeln!(text, "{connection:?}");
        for head in [&connection.request, &connection.response].into_iter().flatten() {
            let octets = snapshot.head(connection.id, head).unwrap();
            _ = writeln!(text, "  head {} {:?}", octets.octets.escape_ascii(), octets.missing);
        }
    }
    for index in 0..snapshot.frame_count() {
        let id = FrameId::from_index(index);
        let frame = snapshot.frame(id).unwrap();
        let octets = MessageReader::default().sent_octets(snapshot, frame, 0..u64::MAX).unwrap();
        let (captured, end) = (snapshot.captured_len(frame), snapshot.end_time(frame));
        _ = writeln!(text, "{frame:?}");
        _ = writeln!(text, "  {captured} to {end} {} {:?}", hash(&octets.octets), octets.missing);
        for segment in snapshot.segments(frame, usize::MAX) {
            _ = writeln!(text, "  at {}: {} octets of packet {}", segment.at, segment.len, segment.packet);
        }
        for finding in snapshot.findings_of_frame(id) {
            _ = writeln!(text, "  {}", finding.rule);
        }
    }
    for index in 0..snapshot.message_count() {
        let message = snapshot.message(MessageId::from_index(index)).unwrap();
        let frames: Vec<u64> = snapshot.message_frames(&message).iter().map(|id| id.number()).collect();
        let octets = message_payload(snapshot, &message, u64::MAX).unwrap();
        _ = writeln!(text, "{message:?} {frames:?} {} {:?}", hash(&octets.octets), octets.missing);
    }
    for index in 0..snapshot.finding_count() {
        _ = writeln!(text, "{:?}", snapshot.finding(index).unwrap());
    }
    text
}

/// SHA-1 in hex.
pub fn hash(octets: &[u8]) -> String {
    Sha1::digest(octets).iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Says where two texts part, instead of printing both.
#[track_caller]
pub fn assert_same(what: &str, expected: &str, found: &str) {
    if expected == found {
        return;
    }
    let (mut expected_lines, mut found_lines) = (expected.lines(), found.lines());
    for number in 1.. {
        let (expected, found) = (expected_lines.next(), found_lines.next());
        if expected != found {
            let shown = |line: Option<&str>| line.unwrap_or("(nothing)").to_owned();
            panic!("{what}: line {number} differs\nexpected: {}\nfound:    {}", shown(expected), shown(found));
        }
        assert!(expected.is_some(), "{what}: the texts differ in their line ends");
    }
}
