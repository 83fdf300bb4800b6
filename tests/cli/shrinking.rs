//! A capture that loses its end while it is read.

use std::fs::File;

use crate::common::frame::{self, BINARY, FIN, TEXT};
use crate::common::program::program;
use crate::common::running::Running;
use crate::common::tcp::{Client, Talk};

const MESSAGES: usize = 400;
const OCTETS: usize = 2_000;

/// Octets that the file has no more are unknown: a message of them is not complete, and no zeros are its text.
#[test]
fn octets_that_a_file_has_lost_are_unknown() {
    let mut talk = Talk::upgraded();
    let payload = [b'a'; OCTETS];
    for number in 0..MESSAGES {
        let opcode = if number % 2 == 0 { TEXT } else { BINARY };
        talk.say(Client, frame::client(FIN | opcode, &payload));
    }
    let octets = talk.capture().pcap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("shrinks.pcap");
    std::fs::write(&path, &octets).unwrap();
    let mut running = Running::start(program().args(["messages", "--json", "--payload"]).arg(&path));
    // The file is read to its end before the first row, and the rows are more than a pipe holds: the program waits.
    let first = running.line();
    File::options().write(true).open(&path).unwrap().set_len(octets.len() as u64 / 2).unwrap();
    let ran = running.finish();
    let rows: Vec<serde_json::Value> =
        std::iter::once(first.as_str()).chain(ran.out.lines()).map(|row| serde_json::from_str(row).unwrap()).collect();
    assert_eq!((rows.len(), ran.status), (MESSAGES, 0), "{}", ran.err);
    let (text, hex) = ("a".repeat(OCTETS), "61".repeat(OCTETS));
    let mut lost = 0;
    for row in &rows {
        if row["complete"] == true {
            assert!(row["text"] == text.as_str() || row["payload_hex"] == hex.as_str(), "{row}");
            continue;
        }
        lost += 1;
        let missing = row["missing"][0].as_array().unwrap();
        let known = missing[0].as_u64().unwrap() as usize;
        assert_eq!(
            (missing[1].as_u64(), &row["payload_hex"]),
            (Some(OCTETS as u64), &"61".repeat(known).into()),
            "{row}"
        );
    }
    assert!((MESSAGES / 4..=MESSAGES / 2 + 1).contains(&lost), "{lost}");
}
