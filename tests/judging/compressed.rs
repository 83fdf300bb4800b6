//! Messages that permessage-deflate compressed (RFC 7692): what is found about them, and what they say.

use flate2::{Compress, Compression, FlushCompress};
use framescope::base::{Fact, MessageId, Rule};
use framescope::capture::Source;
use framescope::dissect::{InflateLimit, Inflation, Progress, ReadOptions, Session, Snapshot};

use crate::common::frame::{self, BINARY, CONTINUATION, FIN, PING, TEXT};
use crate::common::tcp::{ANSWER, Client, REQUEST, Server, Talk};
use crate::{read, read_at_once};

pub const RSV1: u8 = 0x40;

/// A connection on which permessage-deflate is agreed with these parameters.
fn agreed(parameters: &str) -> Talk {
    agree(Talk::new(), parameters)
}

/// Makes the agreement between these two.
pub fn agreed_between(client: &str, server: &str, parameters: &str) -> Talk {
    agree(Talk::between(client, server), parameters)
}

fn agree(mut talk: Talk, parameters: &str) -> Talk {
    talk.connect();
    let header = format!("Sec-WebSocket-Extensions: {parameters}\r\n\r\n");
    talk.say(
        Client,
        REQUEST.replace("\r\n\r\n", "\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"),
    );
    talk.say(Server, ANSWER.replace("\r\n\r\n", &format!("\r\n{header}")));
    talk
}

pub struct Deflater(Compress);

impl Deflater {
    pub fn new() -> Deflater {
        Deflater(Compress::new(Compression::best(), false))
    }

    pub fn message(&mut self, plain: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(plain.len() + 100);
        self.0.compress_vec(plain, &mut out, FlushCompress::Sync).unwrap();
        assert_eq!(out.split_off(out.len() - 4), [0, 0, 0xff, 0xff]);
        out
    }
}

/// The rules that are broken with the frames that do, whichever way payloads are judged.
fn findings(talk: &Talk) -> (Vec<(Rule, u64)>, Snapshot) {
    let capture = talk.capture().pcap();
    let list = |snapshot: &Snapshot| {
        let findings = (0..snapshot.finding_count()).map(|index| snapshot.finding(index).unwrap());
        findings.filter_map(|finding| Some((finding.rule, finding.frame?.number()))).collect::<Vec<_>>()
    };
    let mut session = read(&capture, 3, |session| {
        session.judge(1);
    });
    while session.judge(7) {}
    let (first, at_once) = (list(&session.snapshot()), list(&read_at_once(&capture, 1).snapshot()));
    assert_eq!(first, at_once);
    (first, session.snapshot())
}

/// Returns the texts of the messages, unknown octets as `?`, in this order; the pass knows their lengths too.
fn texts(snapshot: &Snapshot, order: &[usize]) -> Vec<String> {
    let mut inflation = Inflation::default();
    let text = |index: &usize| {
        let id = MessageId::from_index(*index);
        let inflated = inflation.message(snapshot, &snapshot.message(id).unwrap(), u64::MAX).unwrap();
        assert_eq!(inflated.reached_end.then_some(inflated.plain.total), snapshot.plain_len(id), "message {index}");
        let mut octets = inflated.plain.octets;
        for hole in inflated.plain.missing {
            octets[hole.start as usize..hole.end as usize].fill(b'?');
        }
        String::from_utf8(octets).unwrap()
    };
    order.iter().map(text).collect()
}

/// Reads the capture and judges it, with a bound on what its messages inflate to.
fn read_limited(capture: &[u8], inflate_limit: InflateLimit) -> Snapshot {
    let options = ReadOptions { inflate_limit, ..ReadOptions::default() };
    let mut session = Session::new(Source::from_octets(capture.to_vec(), "capture").into(), None).with_options(options);
    while session.step(usize::MAX).unwrap() != Progress::End {}
    while session.judge(u64::MAX) {}
    session.snapshot()
}

/// Two captures that are open at once need not have the same bound: it is theirs, not the program's.
#[test]
fn each_capture_has_its_own_bound_on_what_a_message_inflates_to() {
    let mut talk = agreed("permessage-deflate");
    talk.say(Client, frame::client(FIN | RSV1 | TEXT, &Deflater::new().message(&vec![b'a'; (1 << 20) + 1])));
    let capture = talk.capture().pcap();
    let bounds = [InflateLimit::mebibytes(1), InflateLimit::default(), InflateLimit(5)];
    let snapshots = bounds.map(|bound| read_limited(&capture, bound));
    for (snapshot, bound) in snapshots.iter().zip(bounds) {
        let is_limited = bound != InflateLimit::default();
        let findings = (0..snapshot.finding_count()).filter_map(|index| snapshot.finding(index));
        assert_eq!(findings.filter(|finding| finding.rule == Rule::LimitInflate).count(), usize::from(is_limited));
        let message = snapshot.message(MessageId::from_index(0)).unwrap();
        let inflated = Inflation::default().message(snapshot, &message, u64::MAX).unwrap();
        assert_eq!((inflated.reached_end, snapshot.inflate_limit()), (!is_limited, bound));
        assert_eq!(inflated.plain.total, if is_limited { bound.0 } else { (1 << 20) + 1 });
    }
}

const ORDER: &str = r#"{"op":"order","symbol":"600519","side":"buy"}"#;

#[test]
fn fragments_with_pings_between_and_messages_that_are_not_compressed() {
    let (mut talk, mut deflater) = (agreed("permessage-deflate"), Deflater::new());
    let messages: Vec<String> = (0..4).map(|n| format!("{ORDER}{n}")).collect();
    for message in &messages {
        let compressed = deflater.message(message.as_bytes());
        let (first, rest) = compressed.split_at(compressed.len() / 2);
        let frames = [
            frame::client(RSV1 | TEXT, first),
            frame::client(FIN | PING, b"\xff"),
            frame::client(CONTINUATION, b""),
            frame::client(FIN | CONTINUATION, rest),
            // This one leaves the window alone.
            frame::client(FIN | BINARY, b"plain"),
        ];
        talk.say_in(Client, 11, frames.concat());
    }
    let (found, snapshot) = findings(&talk);
    let silent = |rule: &Rule| *rule == Rule::PingUnanswered || *rule == Rule::CloseMissing;
    assert_eq!(found.iter().filter(|(rule, _)| !silent(rule)).count(), 0, "{found:?}");
    for order in [[0, 2, 4, 6], [6, 4, 2, 0], [4, 0, 6, 2]] {
        let expected: Vec<String> = order.iter().map(|index| messages[index / 2].clone()).collect();
        assert_eq!(texts(&snapshot, &order), expected);
    }
    let connection = snapshot.connections().next().unwrap();
    assert_eq!((connection.deflated()[0].messages, connection.deflated()[0].plain), (4, 4 * (ORDER.len() as u64 + 1)));
}

#[test]
fn data_that_is_not_valid_names_its_frame_and_leaves_an_unknown_window() {
    let (mut talk, mut deflater) = (agreed("permessage-deflate"), Deflater::new());
    talk.say(Server, frame::server(FIN | RSV1 | TEXT, &deflater.message(ORDER.as_bytes())));
    deflater.message(b"what the capture spoils");
    talk.say(Server, frame::server(FIN | RSV1 | TEXT, b"\xff\xff\xff"));
    let text = format!("{ORDER} and more");
    talk.say(Server, frame::server(FIN | RSV1 | TEXT, &deflater.message(text.as_bytes())));
    let (found, snapshot) = findings(&talk);
    assert!(
        found.contains(&(Rule::DeflateInvalidData, 2)) && found.contains(&(Rule::DeflateContextLost, 3)),
        "{found:?}"
    );
    let text = &texts(&snapshot, &[2])[0];
    assert!(text.contains("????") && text.ends_with("and more"), "{text}");
}

#[test]
fn text_is_judged_when_it_is_inflated() {
    let (mut talk, mut deflater) = (agreed("permessage-deflate"), Deflater::new());
    talk.say(Client, frame::client(FIN | RSV1 | TEXT, &deflater.message("水".as_bytes())));
    talk.say(Client, frame::client(FIN | RSV1 | TEXT, &deflater.message(b"ab\xffcd")));
    talk.say(Client, frame::client(FIN | RSV1 | BINARY, &deflater.message(b"ab\xffcd")));
    let (found, _) = findings(&talk);
    let wrong: Vec<_> = found.iter().filter(|(rule, _)| *rule == Rule::MessageInvalidUtf8).collect();
    assert_eq!(wrong, [&(Rule::MessageInvalidUtf8, 2)]);
}

#[test]
fn a_window_that_was_not_agreed_on() {
    let noise: Vec<u8> = (0..600_u32).flat_map(|n| (n.wrapping_mul(2_654_435_761) >> 7).to_le_bytes()).collect();
    let (mut talk, mut deflater) =
        (agreed("permessage-deflate; client_max_window_bits=\"9\"; server_no_context_takeover"), Deflater::new());
    talk.say(Client, frame::client(FIN | RSV1 | BINARY, &deflater.message(&[&noise[..], &noise].concat())));
    let mut deflater = Deflater::new();
    talk.say(Server, frame::server(FIN | RSV1 | TEXT, &deflater.message(ORDER.as_bytes())));
    talk.say(Server, frame::server(FIN | RSV1 | TEXT, &deflater.message(ORDER.as_bytes())));
    let (found, snapshot) = findings(&talk);
    assert!(
        found.contains(&(Rule::DeflateWindowExceeded, 1)) && found.contains(&(Rule::DeflateContextKept, 3)),
        "{found:?}"
    );
    assert_eq!(texts(&snapshot, &[1, 2]), [ORDER, ORDER], "it is understood all the same");
}

#[test]
fn a_bomb_is_stopped_and_says_so() {
    let (mut talk, mut deflater) = (agreed("permessage-deflate"), Deflater::new());
    let bomb = deflater.message(&vec![b' '; 200_000_000]);
    assert!(bomb.len() < 210_000);
    talk.say_in(Server, 1448, frame::server(FIN | RSV1 | TEXT, &bomb));
    let snapshot = read_at_once(&talk.capture().pcap(), usize::MAX).snapshot();
    let mut findings = (0..snapshot.finding_count()).filter_map(|index| snapshot.finding(index));
    let finding = findings.find(|finding| finding.rule == Rule::LimitInflate).unwrap();
    assert_eq!(finding.fact, Fact::InflateLimit { mebibytes: 64 });
    assert_eq!(snapshot.plain_len(MessageId(0)), None);
}

/// A sender so talkative that there are checkpoints: each message opens alone, wherever it is.
#[test]
fn any_message_of_a_long_conversation() {
    let (mut talk, mut deflater) = (agreed("permessage-deflate"), Deflater::new());
    let message = |n: u32| format!("{n} {}", format!("{ORDER}{} ", n.wrapping_mul(2_654_435_761)).repeat(800));
    for n in 0..400 {
        talk.say_in(Server, 1448, frame::server(FIN | RSV1 | TEXT, &deflater.message(message(n).as_bytes())));
    }
    let capture = talk.capture().pcap();
    let mut session = read(&capture, 5, |session| {
        session.judge(u64::MAX);
    });
    while session.judge(u64::MAX) {}
    let snapshot = session.snapshot();
    assert!(snapshot.checkpoints() >= 2, "{}", snapshot.checkpoints());
    for n in [399, 0, 1, 150, 149, 398, 200, 399] {
        // Nobody remembers anything: only checkpoints help.
        assert_eq!(texts(&snapshot, &[n as usize]), [message(n)]);
    }
}
