//! The rows of a query against a naive model: pick what passes, sort it stably. However the capture grows, and however
//! small the steps are, the rows are the same in the end.

#[path = "../common/mod.rs"]
mod common;

use std::cmp::Ordering;
use std::sync::Arc;

use common::frame::{self, CLOSE, CONTINUATION, FIN, PING, PONG, TEXT};
use common::link::{self, Link};
use common::samples;
use common::tcp::{Client, Server, Talk, Who};
use framescope::base::{FindingId, FrameId, MessageId};
use framescope::capture::Source;
use framescope::dissect::{MessageReader, Progress, Session, Snapshot};
use framescope::query::{Filter, Order, Query, RowField, RowKind, RowSearch, RowSet, entries};
use framescope::view::{frame_row, message_row};
use proptest::prelude::*;

/// Every field that rows of some kind are sorted by.
fn keys() -> Vec<RowField> {
    let mut keys: Vec<RowField> = Vec::new();
    for entry in RowKind::ALL.into_iter().flat_map(entries).filter(|entry| entry.sorts) {
        if !keys.contains(&entry.field) {
            keys.push(entry.field);
        }
    }
    keys
}

const FILTERS: [&str; 9] = [
    "",
    "finding",
    "-finding:violation",
    "opcode:text",
    "len>100 sender:client",
    "conn:2",
    "plain>60",
    "-ratio<90",
    "rtt<400ms",
];

fn query(kind: RowKind, filter: &str, key: RowField, descending: bool) -> Query {
    Query { kind, filter: Filter::parse(filter).unwrap(), order: Order { key, descending } }
}

fn session(octets: &[u8]) -> Session {
    Session::new(Arc::new(Source::from_octets(octets.to_vec(), "capture")), None)
}

/// Returns what is compared of a row, read from what the list shows.
fn shown(snapshot: &Snapshot, kind: RowKind, id: u32, key: RowField) -> i128 {
    if kind == RowKind::Findings {
        return shown_of_finding(snapshot, FindingId(id), key);
    }
    let (connection, time, delta, sender, opcode, frames, length) = match kind {
        RowKind::Frames => {
            let row = frame_row(snapshot, &mut MessageReader::default(), FrameId(id)).unwrap();
            (row.connection, row.time, row.delta_ns, row.sender, row.opcode, 1, row.payload_len)
        }
        RowKind::Messages => {
            let row = message_row(snapshot, &mut MessageReader::default(), MessageId(id)).unwrap();
            (row.connection, row.time, row.delta_ns, row.sender, row.opcode, row.frames, row.wire_len)
        }
        RowKind::Findings => unreachable!(),
    };
    match key {
        RowField::Number => i128::from(id),
        RowField::Connection => i128::from(connection.number()),
        RowField::Time => i128::from(time.0),
        RowField::Delta => delta.map_or(i128::MIN, i128::from),
        RowField::Sender => sender as i128,
        RowField::Opcode => i128::from(opcode.value()),
        RowField::Frames => i128::from(frames),
        RowField::Length => i128::from(length),
        RowField::Plain | RowField::Ratio => {
            let Some(row) = (kind == RowKind::Messages)
                .then(|| message_row(snapshot, &mut MessageReader::default(), MessageId(id)).unwrap())
            else {
                return 0;
            };
            let plain = if row.compressed { row.plain_len } else { Some(row.wire_len) };
            match key {
                RowField::Plain => plain.map_or(-1, i128::from),
                _ => row.plain_len.map_or(-1, |plain| i128::from(row.wire_len) * 1_000_000 / i128::from(plain.max(1))),
            }
        }
        RowField::RoundTrip => {
            let frame = (kind == RowKind::Frames)
                .then(|| frame_row(snapshot, &mut MessageReader::default(), FrameId(id)).unwrap());
            frame.and_then(|row| row.round_trip_ns).map_or(i128::MIN, i128::from)
        }
        _ => 0,
    }
}

fn shown_of_finding(snapshot: &Snapshot, id: FindingId, key: RowField) -> i128 {
    let finding = snapshot.finding(id.index()).unwrap();
    match key {
        RowField::Number => i128::from(id.0),
        RowField::Connection => finding.connection.map_or(0, |id| i128::from(id.number())),
        RowField::Sender => finding.sender as i128,
        RowField::Severity => finding.severity() as i128,
        RowField::Rule => finding.rule as i128,
        RowField::Frame => finding.frame.map_or(-1, |id| i128::from(id.0)),
        RowField::Time => finding
            .frame
            .map_or(-1, |id| i128::from(frame_row(snapshot, &mut MessageReader::default(), id).unwrap().time.0)),
        _ => 0,
    }
}

fn naive(snapshot: &Snapshot, query: &Query) -> Vec<u32> {
    let mut ids: Vec<u32> = (0..query.kind.total(snapshot) as u32).filter(|id| query.passes(snapshot, *id)).collect();
    let key = |id: &u32| shown(snapshot, query.kind, *id, query.order.key);
    let direction = |order: Ordering| if query.order.descending { order.reverse() } else { order };
    ids.sort_by(|a, b| direction(key(a).cmp(&key(b))));
    ids
}

/// A search over what the capture is every `packets` packets, in steps of `most`; payloads are judged where there is nothing
/// to read, as in the window.
fn grown(octets: &[u8], query: &Query, packets: usize, most: usize) -> (RowSet, Snapshot) {
    let mut session = session(octets);
    let mut search = RowSearch::new(query.clone());
    loop {
        let progress = session.step(packets).unwrap();
        let judging = progress != Progress::More && session.judge(512);
        let snapshot = session.snapshot();
        while search.step(&snapshot, most) {
            if search.is_in_order() {
                let rows = search.rows(&snapshot);
                assert!((1..rows.len()).all(|row| rows.id(row - 1) != rows.id(row)));
            }
        }
        if progress == Progress::End && !judging {
            return (search.rows(&snapshot), snapshot);
        }
    }
}

/// The index keeps of a message what going through its frames tells.
#[track_caller]
fn check_messages(octets: &[u8]) {
    let mut session = session(octets);
    loop {
        let progress = session.step(5).unwrap();
        let snapshot = session.snapshot();
        for message in (0..snapshot.message_count()).filter_map(|id| snapshot.message(MessageId::from_index(id))) {
            let ids = snapshot.message_frames(&message);
            let frames: Vec<_> = ids.iter().map(|id| snapshot.frame(*id).unwrap()).collect();
            assert_eq!(message.frames as usize, frames.len());
            assert!(frames.iter().filter(|frame| frame.is_ended()).all(|frame| frame.is_whole()) == message.whole);
            let findings = ids.iter().flat_map(|id| snapshot.finding_records_of_frame(*id));
            assert_eq!(snapshot.message_severity(&message), findings.map(|finding| finding.severity()).max());
            for pair in ids.windows(2) {
                assert_eq!(snapshot.next_frame(&message, pair[0]), Some(pair[1]));
                assert_eq!(snapshot.previous_frame(&message, pair[1]), Some(pair[0]));
            }
            assert_eq!(snapshot.next_frame(&message, message.last), None);
            assert_eq!(snapshot.previous_frame(&message, message.first), None);
            for most in 1..4 {
                let start = snapshot.start_of(&message, most);
                assert_eq!(snapshot.message_frames(&start), ids[..ids.len().min(most as usize)]);
            }
        }
        if progress == Progress::End {
            return;
        }
    }
}

#[track_caller]
fn check(octets: &[u8], query: &Query, packets: usize, most: usize) -> usize {
    let (rows, snapshot) = grown(octets, query, packets, most);
    let expected = naive(&snapshot, query);
    let same = |rows: &RowSet| {
        let ids: Vec<u32> = (0..rows.len()).map(|row| rows.id(row).unwrap()).collect();
        assert_eq!(ids, expected, "{query:?}, {packets} packets and {most} ids a step");
        assert!(ids.iter().enumerate().all(|(row, id)| rows.row(*id) == Ok(row)), "{query:?}");
        assert_eq!((rows.id(ids.len()), rows.total()), (None, query.kind.total(&snapshot)));
        for id in (0..rows.total() as u32).filter(|id| !query.passes(&snapshot, *id)) {
            assert!(rows.row(id).is_err_and(|row| row <= ids.len()), "{query:?}");
        }
    };
    same(&rows);
    if !query.needs_search() {
        same(&RowSet::all(query.clone(), &snapshot));
    }
    expected.len()
}

#[test]
fn samples_in_every_order() {
    for sample in samples::all() {
        let octets = sample.octets();
        check_messages(&octets);
        let mut most = 0;
        for kind in [RowKind::Frames, RowKind::Messages, RowKind::Findings] {
            for filter in FILTERS {
                most = most.max(check(&octets, &query(kind, filter, RowField::Number, false), 3, 5));
            }
            for key in keys() {
                check(&octets, &query(kind, "", key, true), 7, 3);
                check(&octets, &query(kind, "-opcode:ping", key, false), usize::MAX, usize::MAX);
            }
        }
        assert!(most > 0 || sample.name.contains("refused"), "{}", sample.name);
    }
}

#[test]
fn a_message_that_grows_moves_to_its_place() {
    let mut talk = Talk::upgraded();
    talk.say(Server, frame::server(TEXT, b"short"));
    talk.say(Client, frame::client(FIN | TEXT, b"of middle length"));
    talk.say(Server, frame::server(CONTINUATION, b" and longer"));
    talk.say(Server, frame::server(FIN | CONTINUATION, b" and longest"));
    let octets = talk.capture().pcap();
    let (rows, _) = grown(&octets, &query(RowKind::Messages, "len>5", RowField::Length, false), 1, 9);
    assert_eq!((rows.len(), rows.id(0), rows.id(1)), (2, Some(1), Some(0)));
}

#[test]
fn frames_of_a_message_that_grows_pass_by_its_length() {
    let mut talk = Talk::upgraded();
    talk.say(Server, frame::server(TEXT, b"short"));
    talk.say(Client, frame::client(FIN | TEXT, b"of middle length"));
    talk.say(Server, frame::server(FIN | CONTINUATION, b" and longer"));
    let octets = talk.capture().pcap();
    let filter = query(RowKind::Frames, "plain>5 sender:server", RowField::Number, false);
    assert_eq!(check(&octets, &filter, 1, 1), 2);
}

#[test]
fn a_finding_that_comes_later_concerns_an_earlier_row() {
    let mut talk = Talk::upgraded();
    talk.say(Server, [&frame::header(FIN | TEXT, 9, None)[..], b"half"].concat());
    talk.say(Client, frame::client(FIN | TEXT, b"whole"));
    talk.finish(Server);
    let octets = talk.capture().pcap();
    for (filter, rows) in [("finding:truncated", 1), ("-finding:truncated", 1), ("finding opcode:binary", 0)] {
        for kind in [RowKind::Frames, RowKind::Messages] {
            for key in [RowField::Number, RowField::Length] {
                assert_eq!(check(&octets, &query(kind, filter, key, true), 1, 1), rows, "{filter} {kind:?}");
            }
        }
    }
}

#[test]
fn findings_are_filtered_by_what_they_say_and_by_their_frame() {
    let mut talk = Talk::upgraded();
    talk.say(Client, frame::server(FIN | TEXT, b"not masked"));
    talk.say(Server, frame::header(PING, 200, None));
    talk.finish(Server);
    let octets = talk.capture().pcap();
    for (filter, rows) in [
        ("", 4),
        ("finding:unmasked", 1),
        ("finding:violation", 2),
        ("sender:client", 1),
        ("opcode:text", 1),
        ("-opcode:text", 3),
        ("len>100", 2),
        ("close.missing", 1),
        ("chat", 4),
        ("conn:2", 0),
    ] {
        assert_eq!(check(&octets, &query(RowKind::Findings, filter, RowField::Severity, true), 1, 1), rows, "{filter}");
    }
}

/// The octets that one side sends in one packet.
#[derive(Clone, Debug)]
struct Said {
    connection: usize,
    who: Who,
    octet0: u8,
    len: usize,
    masked: bool,
    after_ns: i64,
}

fn said() -> impl Strategy<Value = Said> {
    let octet0 = prop::sample::select(vec![FIN | TEXT, FIN | 2, TEXT, CONTINUATION, FIN, PING, PONG, CLOSE, FIN | 3]);
    let len = prop_oneof![0usize..4, 100usize..140];
    let after = prop_oneof![Just(0i64), -9i64..9, -90_000_000i64..900_000_000, -1i64 << 40..1 << 42];
    (0usize..3, any::<bool>(), octet0, len, any::<bool>(), after).prop_map(
        |(connection, by_client, octet0, len, masked, after_ns)| {
            let who = if by_client { Client } else { Server };
            Said { connection, who, octet0, len, masked, after_ns }
        },
    )
}

/// A capture of what is said on three connections; at last everyone claims a frame of some huge length.
fn capture(said: &[Said], claims: &[u64]) -> Vec<u8> {
    let mut talks: Vec<Talk> =
        (0..3).map(|index| Talk::between(&format!("10.0.0.1:{}", 50_000 + index), "10.0.0.2:80")).collect();
    let mut packets = Vec::new();
    let mut take = |talk: &mut Talk| {
        packets.extend(talk.ip_packets());
        talk.segments.clear();
    };
    for talk in &mut talks {
        talk.connect();
        talk.upgrade();
        take(talk);
    }
    for Said { connection, who, octet0, len, masked, .. } in said {
        let payload = vec![b'a'; *len];
        let octets = if *masked { frame::client(*octet0, &payload) } else { frame::server(*octet0, &payload) };
        talks[*connection].say(*who, octets);
        take(&mut talks[*connection]);
    }
    for (index, claim) in claims.iter().enumerate() {
        let who = if index < 3 { Client } else { Server };
        let talk = &mut talks[index % 3];
        talk.say(who, frame::header(FIN | 2, *claim, None));
        take(talk);
    }
    let mut capture = link::capture(Link::Ethernet, packets);
    let mut time = capture.packets[0].time_ns;
    let after = said.iter().map(|said| said.after_ns).chain(std::iter::repeat(7));
    // The handshakes come before.
    for (packet, after) in capture.packets.iter_mut().skip(15).zip(after) {
        time = time.saturating_add_signed(after);
        packet.time_ns = time;
    }
    capture.pcap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_rows_in_any_order(
        said in prop::collection::vec(said(), 0..120),
        claims in prop::collection::vec((17u32..64, 0u64..4).prop_map(|(bit, more)| (1 << bit) + more), 0..6),
        filter in prop::sample::select(FILTERS.to_vec()),
        (packets, most) in (1usize..40, 1usize..50),
    ) {
        let octets = capture(&said, &claims);
        check_messages(&octets);
        for kind in [RowKind::Frames, RowKind::Messages, RowKind::Findings] {
            for key in keys() {
                check(&octets, &query(kind, filter, key, most % 2 == 0), packets, most);
            }
        }
    }
}
