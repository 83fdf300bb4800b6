//! Segments that a capture has later than the network had them: octets behind an acknowledged end, and segments behind
//! a stray SYN.

use super::common::frame::{self, FIN, TEXT};
use super::common::rows;
use super::common::tcp::{Client, RST, SYN, Segment, Server, Talk, Who};
use framescope::dissect::{Snapshot, Totals};

fn text(who: Who, text: &str) -> Vec<u8> {
    match who {
        Who::Client => frame::client(FIN | TEXT, text.as_bytes()),
        Who::Server => frame::server(FIN | TEXT, text.as_bytes()),
    }
}

/// A conversation that ends, as its segments were sent.
fn conversation() -> Talk {
    let mut talk = Talk::upgraded();
    talk.say(Client, text(Client, "one"));
    talk.say(Server, text(Server, "two"));
    talk.say(Client, text(Client, "three"));
    talk.finish(Client);
    talk
}

const SAID: [&str; 3] = ["client text \"one\"", "client text \"three\"", "server text \"two\""];

fn sorted_frames(snapshot: &Snapshot) -> Vec<String> {
    let mut frames = rows::frames(snapshot);
    frames.sort();
    frames
}

/// A capture from several queues has data behind the acknowledgment of the FIN that follows them: nothing is lost by that.
#[test]
fn octets_behind_an_acknowledged_fin() {
    let talk = conversation();
    // The handshake is left in its order; every segment behind it is captured last.
    for late in 5..talk.segments.len() {
        let mut talk = talk.clone();
        let segment: Segment = talk.segments.remove(late);
        talk.segments.push(segment);
        let snapshot = rows::read(&talk.capture().pcap());
        assert_eq!(sorted_frames(&snapshot), SAID, "segment {late} comes last");
        assert!(!rows::findings(&snapshot).contains(&"capture.gap"), "segment {late} comes last");
        assert!(snapshot.connections().next().unwrap().tcp_end.is_some());
    }
    // All of one side's behind everything else.
    for who in [Client, Server] {
        let mut talk = talk.clone();
        let is_late =
            |segment: &Segment| segment.who == who && segment.seq.abs_diff(1000) > 200 && segment.seq != 900_001;
        let (late, mut early): (Vec<_>, Vec<_>) = talk.segments.drain(..).partition(is_late);
        early.extend(late);
        talk.segments = early;
        assert_eq!(sorted_frames(&rows::read(&talk.capture().pcap())), SAID, "{who:?}");
    }
}

/// Octets that never come are a gap all the same, and the end is told.
#[test]
fn octets_that_never_come() {
    let mut talk = conversation();
    let lost = talk.segments.iter().position(|segment| segment.payload == text(Client, "one")).unwrap();
    talk.segments.remove(lost);
    let snapshot = rows::read(&talk.capture().pcap());
    assert!(rows::findings(&snapshot).contains(&"capture.gap"));
    let connection = snapshot.connections().next().unwrap();
    assert_eq!((connection.is_over, connection.tcp_end.is_some()), (true, true));
}

/// A SYN that belongs to nobody (a scan from the same port, an attack) does not end the connection it hits.
#[test]
fn a_stray_syn_in_the_middle() {
    let totals = |snapshot: &Snapshot| -> Totals { snapshot.totals() };
    for (who, answer) in [(Client, None), (Server, None), (Client, Some("challenge")), (Client, Some("reset"))] {
        let mut talk = conversation();
        let mut stray = talk.segments[0].clone();
        if who == Server {
            (stray.who, stray.from, stray.to) = (Server, stray.to, stray.from);
        }
        (stray.flags, stray.seq, stray.ack) = (SYN, 3_000_000_000, 0);
        let mut behind = vec![stray.clone()];
        match answer {
            // RFC 5961 §4: the receiver acknowledges what it has.
            Some("challenge") => {
                let mut ack = talk.segments[4].clone();
                ack.payload.clear();
                (ack.seq, ack.ack) = (talk.segments[6].seq, talk.segments[5].seq);
                behind.push(ack);
            }
            // An RST for the SYN is none for the connection, whose numbers are others.
            Some(_) => {
                let mut reset = talk.segments[4].clone();
                reset.payload.clear();
                (reset.flags, reset.seq, reset.ack) = (RST | 0x10, 0, 3_000_000_001);
                behind.push(reset);
            }
            None => {}
        }
        talk.segments.splice(6..6, behind);
        let snapshot = rows::read(&talk.capture().pcap());
        if answer == Some("reset") {
            // Whoever answers so knows of no connection: what follows cannot be its.
            assert_eq!(totals(&snapshot).tcp_connections, 2);
            continue;
        }
        assert_eq!(sorted_frames(&snapshot), SAID, "{who:?} {answer:?}");
        assert_eq!((snapshot.connection_count(), totals(&snapshot).tcp_connections), (1, 2));
        assert!(!rows::findings(&snapshot).contains(&"capture.gap"));
    }
}

/// A connection with the ends of one that is over, or not: of its beginning the capture has no more than the SYN.
#[test]
fn the_same_ends_again_and_nearly_all_of_the_beginning_lost() {
    for end in ["FIN", "RST", "none"] {
        for lost in [100, 70_000, 200_000] {
            let mut first = Talk::upgraded();
            first.say(Client, text(Client, "one"));
            match end {
                "FIN" => first.finish(Server),
                "RST" => {
                    first.ack(Client);
                    first.last().flags |= RST;
                }
                _ => {}
            }
            let mut again = Talk::new().numbered(5_000_000, 77_000_000);
            again.connect();
            again.segments.truncate(1);
            again.lose(Client, vec![0; lost]);
            again.lose(Server, vec![0; lost]);
            for number in 0..20 {
                again.say(Client, text(Client, &format!("hello {number}")));
                again.say(Server, text(Server, &format!("world {number}")));
            }
            first.segments.extend(again.segments);
            let snapshot = rows::read(&first.capture().pcap());
            assert_eq!((snapshot.connection_count(), snapshot.totals().tcp_connections), (2, 2), "{end}, {lost} lost");
            let frames = sorted_frames(&snapshot);
            assert_eq!(frames.len(), 41, "{end}, {lost} lost: {frames:?}");
            assert!(frames.contains(&"server text \"world 19\"".to_owned()), "{frames:?}");
        }
    }
}
