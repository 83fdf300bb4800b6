//! The content of findings: their places and sentences are made when they are asked for, so each kind is asked once.

use framescope::base::{Finding, Place, Rule, Sender};
use framescope::dissect::Snapshot;

use crate::common::frame::{self, BINARY, CLOSE, CONTINUATION, FIN, TEXT};
use crate::common::rows::{self, sentence};
use crate::common::tcp::{ANSWER, Client, REQUEST, Server, Talk};

/// A conversation with at least one finding of each kind.
fn troubled() -> Snapshot {
    let mut talk = Talk::new();
    talk.connect();
    talk.say(Client, REQUEST.replace("Host: example.test\r\n", ""));
    talk.say(Server, ANSWER);
    // Frame 1 breaks three rules of headers.
    talk.say(Client, [&[FIN | BINARY | 0x40, 0xfe, 0, 5, 0, 0, 0, 0][..], b"hello"].concat());
    // Frames 2 to 4: the server continues nothing, and leaves its message 2 unfinished.
    talk.say(Server, frame::server(FIN | CONTINUATION, b"?"));
    talk.say(Server, frame::server(TEXT, b"begun"));
    talk.say(Server, frame::server(FIN | BINARY, b"another"));
    // Frames 5 and 6: after its Close, the client sends data.
    talk.say(Client, frame::client(CLOSE, &frame::close(1005, "")));
    talk.say(Client, frame::client(FIN | TEXT, b"late"));
    // Frames 7 and 8: the capture lacks 4 of 10 octets, then the stream ends within 10.
    talk.say(Server, [&[FIN | BINARY, 10][..], b"abc"].concat());
    talk.lose(Server, b"defg");
    talk.say(Server, [b"hij", &[FIN | BINARY, 10][..], b"abc"].concat());
    talk.finish(Client);
    rows::read(&talk.capture().pcap())
}

/// Frame number (0 for none), message number, sender, place and sentence.
fn line(finding: &Finding) -> String {
    let number = |number: Option<u64>| number.unwrap_or(0);
    let place = match finding.place {
        Place::Connection => "connection".to_owned(),
        Place::HeaderBits { at, len } => format!("bits {at}+{len}"),
        Place::PayloadOctets { at, len } => format!("payload {at}+{len}"),
        Place::StreamOctets { len, .. } => format!("stream {len}"),
        Place::HandshakeField(name) => name.to_owned(),
    };
    let (frame, message) = (finding.frame.map(|id| id.number()), finding.message.map(|id| id.number()));
    format!("{}.{} {} {place}: {}", number(frame), number(message), finding.sender, sentence(finding))
}

#[test]
fn every_kind_has_its_place_and_sentence() {
    let snapshot = troubled();
    let findings: Vec<Finding> = (0..snapshot.finding_count()).map(|at| snapshot.finding(at).unwrap()).collect();
    let lines: Vec<String> = findings.iter().map(line).collect();
    assert_eq!(
        lines,
        [
            "0.0 client host: The request has no Host.",
            "1.1 client bits 1+1: RSV1 is set, and no negotiated extension gives it a meaning.",
            "1.1 client bits 16+16: A length of 5 takes 16 bits, which are for 126 and more; 7 bits are enough.",
            "1.1 client bits 32+32: The masking-key is 00000000, which masks nothing.",
            "2.0 server bits 4+4: A continuation frame, and no message is open.",
            "4.3 server bits 4+4: A new binary message starts while message 2 waits for its final frame.",
            "5.0 client payload 0+2: Close code 1005 (No Status Rcvd) is for reports inside a peer and never sent.",
            "6.4 client bits 4+4: The client sent a data frame after its Close frame.",
            "7.5 server payload 3+4: The capture lacks 4 of the frame's 10 payload octets, from octet 3 on.",
            "7.5 server stream 4: 4 octets of the server's stream are missing: between packets 12 and 16.",
            "8.6 server payload 3+7: The sender ended TCP after 3 of 10 payload octets.",
        ]
    );
    let connection = framescope::base::ConnectionId(0);
    for (index, finding) in findings.iter().enumerate() {
        let record = snapshot.finding_record(index).unwrap();
        assert_eq!((record.rule, record.severity(), record.sender), (finding.rule, finding.severity(), finding.sender));
        assert_eq!((record.connection(), record.connection()), (Some(connection), finding.connection));
        assert_eq!((record.frame(), record.message()), (finding.frame, finding.message));
    }
}

#[test]
fn they_are_found_by_frame_and_by_connection() {
    let snapshot = troubled();
    let all: Vec<Finding> = (0..snapshot.finding_count()).map(|at| snapshot.finding(at).unwrap()).collect();
    for index in 0..snapshot.frame_count() {
        let id = framescope::base::FrameId::from_index(index);
        let found = snapshot.findings_of_frame(id);
        assert!(found.iter().eq(all.iter().filter(|finding| finding.frame == Some(id))), "frame {id}");
        assert_eq!(snapshot.finding_records_of_frame(id).len(), found.len());
    }
    let connection = snapshot.connections().next().unwrap().id;
    let of_connection = |wanted: fn(Rule) -> bool| snapshot.findings_of_connection(connection, wanted);
    assert_eq!(of_connection(|_| true), all);
    assert_eq!(of_connection(|rule| rule == Rule::HandshakeHostMissing), all[..1]);
    assert_eq!(of_connection(|rule| rule == Rule::CaptureGap), all[9..10]);
    assert_eq!(of_connection(|_| false), []);
    assert_eq!(all.iter().filter(|finding| finding.sender == Sender::Client).count(), 6);
}
