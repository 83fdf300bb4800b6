//! Close frames of more than 125 octets: they break a rule, and say all the same why a connection was closed.

use framescope::base::FrameId;
use framescope::dissect::{MessageReader, Snapshot};
use framescope::view::{FrameView, close_story, close_summary, field_tree, frame_row};

use super::common::frame::{self, CLOSE, PING};
use super::common::rows;
use super::common::tcp::Talk;
use super::common::tcp::Who::{self, Client, Server};

/// Octets of a reason that are kept of a longer one.
const KEPT: usize = 1022;

/// The words of each part of the program about a Close that `who` sent first.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    preview: String,
    code: Option<u16>,
    reason: String,
    story: String,
    fields: Vec<(String, String)>,
}

fn told(snapshot: &Snapshot) -> Told {
    let row = frame_row(snapshot, &mut MessageReader::default(), FrameId::from_index(0)).unwrap();
    let connection = snapshot.connections().next().unwrap();
    let summary = close_summary(connection).unwrap();
    let view = FrameView::load(snapshot, FrameId::from_index(0), 1 << 20).unwrap().unwrap();
    let fields = field_tree(&view).into_iter().filter(|row| row.depth == 1).map(|row| (row.label, row.value));
    Told {
        preview: row.preview.text,
        code: summary.code,
        reason: summary.reason,
        story: close_story(snapshot, connection.id).remove(0),
        fields: fields.collect(),
    }
}

/// A Close frame of `who` with this body, of which the capture lacks `hole`; then a short Close of the peer.
fn closed(who: Who, body: &[u8], hole: std::ops::Range<usize>) -> Snapshot {
    let (octets, answer) = match who {
        Client => (frame::client(CLOSE, body), frame::server(CLOSE, b"")),
        Server => (frame::server(CLOSE, body), frame::client(CLOSE, b"")),
    };
    let header = octets.len() - body.len();
    let hole = if hole.is_empty() { 0..0 } else { header + hole.start..header + hole.end };
    let mut talk = Talk::upgraded();
    talk.say_in(who, 700, &octets[..hole.start]);
    talk.lose(who, &octets[hole.clone()]);
    talk.say_in(who, 700, &octets[hole.end..]);
    talk.say(if who == Client { Server } else { Client }, answer);
    talk.finish(who);
    rows::read(&talk.capture().pcap())
}

fn body(len: usize) -> Vec<u8> {
    let reason = "the backend went away, and took its time to say so; ".chars().cycle().take(len - 2);
    frame::close(1001, &reason.collect::<String>())
}

#[test]
fn the_code_and_the_reason_are_told() {
    for who in [Client, Server] {
        for len in [126, 127, 1023, 1024, 1025, 65_536, 100_000] {
            let body = body(len);
            let snapshot = closed(who, &body, 0..0);
            let reason = str::from_utf8(&body[2..]).unwrap();
            let cut = |kept: usize| match reason.get(..kept) {
                Some(start) if kept < reason.len() => format!("{start}…"),
                _ => reason.to_owned(),
            };
            let told = told(&snapshot);
            assert_eq!((told.code, told.reason), (Some(1001), cut(KEPT)), "{who:?} {len}");
            assert_eq!(told.preview, format!("1001 Going Away: {}", cut(158)), "{who:?} {len}");
            assert!(told.story.contains(&format!("1001 Going Away, “{}”", cut(KEPT))), "{}", told.story);
            let fields = [("Status code", "1001".to_owned()), ("Reason", cut(KEPT))];
            assert_eq!(told.fields, fields.map(|(label, value)| (label.to_owned(), value)), "{who:?} {len}");
            assert_eq!(rows::findings(&snapshot), ["frame.control-too-long"], "{who:?} {len}");
        }
    }
}

/// Of a reason with a hole, what stands before it is told.
#[test]
fn octets_are_missing_inside() {
    for who in [Client, Server] {
        for len in [100, 126, 65_536] {
            let body = body(len);
            let told = told(&closed(who, &body, 40..60));
            let reason = format!("{}…", str::from_utf8(&body[2..40]).unwrap());
            assert_eq!((told.code, &told.reason), (Some(1001), &reason), "{who:?} {len}");
            assert_eq!(told.preview, format!("1001 Going Away: {reason}"), "{who:?} {len}");
            assert_eq!(told.fields[1], ("Reason".to_owned(), reason), "{who:?} {len}");
        }
    }
}

/// If the code is missing, none is told, nor that there is none.
#[test]
fn the_code_is_missing() {
    for hole in [0..1, 1..2, 0..2, 0..60] {
        let told = told(&closed(Server, &body(126), hole));
        assert_eq!((told.code, told.reason.as_str(), told.fields), (None, "", Vec::new()));
        assert!(told.story.ends_with("with a body of which the code is missing."), "{}", told.story);
    }
}

/// A character that the bound cuts is not one that is no UTF-8; one before it is.
#[test]
fn characters_at_the_bound() {
    for before in 0..4 {
        let reason = "x".repeat(before) + &"🎉".repeat(1000);
        let snapshot = closed(Server, &frame::close(1001, &reason), 0..0);
        let kept = before + (KEPT - before) / 4 * 4;
        assert_eq!(told(&snapshot).reason, format!("{}…", &reason[..kept]));
        assert_eq!(rows::findings(&snapshot), ["frame.control-too-long"]);
    }
    let mut wrong = body(2000);
    wrong[500] = 0xff;
    let rules = ["frame.control-too-long", "close.reason-invalid-utf8"];
    assert_eq!(rows::findings(&closed(Server, &wrong, 0..0)), rules);
}

/// A ping of more than 125 octets is not looked into, and nothing is said about its pong.
#[test]
fn pings_that_are_too_long() {
    let mut talk = Talk::upgraded();
    let body = [b'p'; 126];
    talk.say(Server, frame::server(PING, &body));
    talk.say(Client, frame::client(0x8a, &body));
    talk.finish(Client);
    let findings = rows::findings(&rows::read(&talk.capture().pcap()));
    assert!(findings.iter().all(|rule| !rule.starts_with("p")), "{findings:?}");
}
