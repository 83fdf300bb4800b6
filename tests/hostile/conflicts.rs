//! Octets that were sent twice: the same, which is TCP's way, and not the same, which is not.

use framescope::base::{Finding, Place, Rule};

use super::common::frame::{self, FIN, TEXT};
use super::common::rows::{self, sentence};
use super::common::tcp::Talk;
use super::common::tcp::Who::{Client, Server};

const SHOWN: &[u8] = b"the octets that are shown";
const OTHER: &[u8] = b"the OCTETS that are shown";

/// Returns what is shown of the server's message, and the conflicts found; `talk` gets the stream offset of the
/// server's frame.
fn told(talk: impl FnOnce(&mut Talk, u32)) -> (Vec<String>, Vec<Finding>) {
    let mut conversation = Talk::upgraded();
    let at = conversation.at(Server);
    talk(&mut conversation, at);
    conversation.ack(Client);
    conversation.say(Client, frame::client(FIN | TEXT, b"heard"));
    let snapshot = rows::read(&conversation.capture().pcap());
    let findings = (0..snapshot.finding_count()).filter_map(|index| snapshot.finding(index));
    (rows::messages(&snapshot), findings.filter(|finding| finding.rule == Rule::CaptureOverlapConflict).collect())
}

fn text(payload: &[u8]) -> Vec<u8> {
    frame::server(FIN | TEXT, payload)
}

#[test]
fn a_retransmission_with_other_octets() {
    let (messages, findings) = told(|talk, at| {
        talk.say(Server, text(SHOWN));
        talk.put(Server, at, &text(OTHER));
    });
    assert_eq!(messages[0], "server text \"the octets that are shown\"", "the first copy counts");
    let [finding] = &findings[..] else { panic!("one conflict: {findings:?}") };
    assert_eq!(finding.place, Place::PayloadOctets { at: 4, len: 6 });
    assert_eq!(
        sentence(finding),
        "6 octets of the server's stream were sent again with other values: packet 6 has the copy that is shown, packet 7 \
         the other, and the client may have read either."
    );
    assert_eq!(finding.frame.map(|id| id.number()), Some(1));
}

/// The second copy comes while the first one waits behind a hole.
#[test]
fn a_conflict_behind_a_hole() {
    let (messages, findings) = told(|talk, at| {
        let (first, other) = (text(SHOWN), text(OTHER));
        talk.put(Server, at + 3, &first[3..]);
        talk.put(Server, at + 3, &other[3..]);
        talk.say(Server, &first[..3]);
        talk.lose(Server, &first[3..]);
    });
    assert_eq!(messages[0], "server text \"the octets that are shown\"");
    assert_eq!(
        findings.iter().map(|finding| finding.place).collect::<Vec<_>>(),
        [Place::PayloadOctets { at: 4, len: 6 }]
    );
}

#[test]
fn a_header_can_differ_too() {
    let (messages, findings) = told(|talk, at| {
        talk.say(Server, text(SHOWN));
        talk.put(Server, at, &[0x82]);
        // One octet before what is already acknowledged is a keep-alive, whatever it holds.
        let end = talk.at(Server);
        talk.put(Server, end - 1, b"?");
    });
    assert!(messages[0].starts_with("server text"));
    assert_eq!(findings.len(), 1);
    assert!(matches!(findings[0].place, Place::StreamOctets { len: 1, .. }), "{findings:?}");
}

#[test]
fn what_tcp_does_is_no_conflict() {
    let same: [fn(&mut Talk, u32); 4] = [
        // The same again, whole, in parts, and with new octets behind.
        |talk, at| {
            talk.say(Server, text(SHOWN));
            talk.put(Server, at, &text(SHOWN));
        },
        |talk, at| {
            talk.say(Server, text(SHOWN));
            talk.put(Server, at + 5, &text(SHOWN)[5..9]);
        },
        |talk, at| {
            let both = [text(SHOWN), text(OTHER)].concat();
            talk.say(Server, &both[..20]);
            talk.put(Server, at, &both);
            talk.lose(Server, &both[20..]);
        },
        // A first copy that was captured in part has no other octets.
        |talk, at| {
            let shown = text(SHOWN);
            talk.say(Server, &shown[..10]);
            talk.lose(Server, &shown[10..15]);
            talk.say(Server, &shown[15..]);
            talk.ack(Client);
            (0..80).for_each(|_| talk.ack(Client));
            talk.put(Server, at, &shown);
        },
    ];
    for (number, talk) in same.into_iter().enumerate() {
        assert_eq!(told(talk).1, [], "case {number}");
    }
}
