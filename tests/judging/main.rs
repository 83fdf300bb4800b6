//! Payloads that are judged (RFC 6455 §8.1): however a message is cut, and whenever it is judged, the same is found.

#[path = "../common/mod.rs"]
mod common;
mod compressed;
mod lists;
mod loss;
mod random;
mod text;
mod threads;

use std::sync::Arc;

use common::rows::sentence;
use common::tcp::Talk;
use framescope::base::{Place, Rule};
use framescope::capture::Source;
use framescope::dissect::{Progress, Session, Snapshot};

/// Reads a capture to its end with what `each` does after each step of so many packets.
fn read(capture: &[u8], packets: usize, mut each: impl FnMut(&mut Session)) -> Session {
    let mut session = Session::new(Arc::new(Source::from_octets(capture.to_vec(), "capture")), None);
    while session.step(packets).unwrap() != Progress::End {
        each(&mut session);
    }
    session
}

fn read_at_once(capture: &[u8], packets: usize) -> Session {
    let mut session = Session::new(Arc::new(Source::from_octets(capture.to_vec(), "capture")), None);
    session.judge_at_once();
    while session.step(packets).unwrap() != Progress::End {}
    session
}

/// Messages and octets that were judged, and what is wrong with text: frame, place in its payload, sentence.
#[derive(Debug, PartialEq, Eq)]
struct Judged {
    messages: u64,
    octets: u64,
    wrong: Vec<(u64, u64, u64, String)>,
}

fn judged(snapshot: &Snapshot) -> Judged {
    let findings = (0..snapshot.finding_count()).map(|index| snapshot.finding(index).unwrap());
    let mut wrong = Vec::new();
    for finding in findings.filter(|finding| finding.rule == Rule::MessageInvalidUtf8) {
        let Place::PayloadOctets { at, len } = finding.place else { panic!("{finding:?}") };
        let id = finding.frame.unwrap();
        let frame = snapshot.frame(id).unwrap();
        assert_eq!(Some(frame.connection), finding.connection);
        assert_eq!((frame.sender(), frame.message()), (finding.sender, finding.message));
        assert!(len > 0 && at + len <= frame.header.payload_len(), "{finding:?}");
        assert!(snapshot.findings_of_frame(id).iter().any(|it| it.rule == finding.rule));
        let connection = snapshot.connection(frame.connection).unwrap();
        assert!(connection.rules.iter().any(|(rule, _)| *rule == finding.rule), "the connection tells it too");
        wrong.push((id.number(), at, len, sentence(&finding)));
    }
    // In which order findings are discovered depends on when payloads are judged.
    wrong.sort();
    let totals = snapshot.totals();
    Judged { messages: totals.judged_messages, octets: totals.judged_octets, wrong }
}

/// Judges a capture in every way there is, which must make no difference.
#[track_caller]
fn judge(capture: &[u8]) -> Judged {
    let mut session = read_at_once(capture, usize::MAX);
    let expected = judged(&session.snapshot());
    assert!(!session.judge(u64::MAX), "nothing is left");
    let again = |session: &mut Session| {
        while session.judge(40) {}
    };
    let ways = [
        ("packet by packet", read_at_once(capture, 1)),
        ("at the end", read(capture, usize::MAX, |_| {})),
        ("between the packets", read(capture, 1, |session| _ = session.judge(u64::MAX))),
        ("a little between the packets", read(capture, 2, |session| _ = session.judge(1))),
        ("as far as it goes between the packets", read(capture, 3, again)),
    ];
    for (way, mut session) in ways {
        again(&mut session);
        assert_eq!(judged(&session.snapshot()), expected, "{way}");
    }
    expected
}

/// Returns what is wrong with the text in a conversation.
#[track_caller]
fn wrong(talk: &Talk) -> Vec<(u64, u64, u64, String)> {
    judge(&talk.capture().pcap()).wrong
}
