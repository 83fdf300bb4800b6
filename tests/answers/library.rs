//! The answers of the library: to the window and to the command line.

use std::io::{self, Read};
use std::sync::Arc;

use framescope::base::{FrameId, MessageId};
use framescope::capture::Source;
use framescope::dissect::{InflatedRoom, Inflation, KeptMessages, MessageReader, Octets, Progress, Session, Snapshot};
use framescope::view::{InflatedView, MessageState, frame_row, message_payload, message_row};

/// A pipe that brings so many octets at once, in turn.
struct Pipe {
    octets: Vec<u8>,
    at: usize,
    pieces: Vec<usize>,
    turn: usize,
}

impl Read for Pipe {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let len = self.pieces[self.turn % self.pieces.len()].min(out.len()).min(self.octets.len() - self.at);
        out[..len].copy_from_slice(&self.octets[self.at..self.at + len]);
        (self.at, self.turn) = (self.at + len, self.turn + 1);
        Ok(len)
    }
}

/// When payloads are judged.
#[derive(Clone, Copy, Debug)]
enum When {
    AtOnce,
    Between,
    AtTheEnd,
}

fn file(capture: &[u8], when: When) -> Snapshot {
    read(Session::new(Arc::new(Source::from_octets(capture.to_vec(), "file")), None), when)
}

fn pipe(capture: &[u8], pieces: &[usize], when: When) -> Snapshot {
    let pipe = Pipe { octets: capture.to_vec(), at: 0, pieces: pieces.to_vec(), turn: 0 };
    read(Session::open_stream(Box::new(pipe), "pipe").unwrap(), when)
}

fn read(mut session: Session, when: When) -> Snapshot {
    if let When::AtOnce = when {
        session.judge_at_once();
    }
    loop {
        match session.step(3).unwrap() {
            Progress::More => {}
            Progress::Pending => {
                // Whoever waits for rows looks at what is there.
                session.snapshot();
                session.pump().unwrap();
            }
            Progress::End => break,
        }
        if let When::Between = when {
            session.judge(50);
        }
    }
    while session.judge(1 << 20) {}
    session.snapshot()
}

/// All that is told of a capture, as text.
#[derive(PartialEq, Eq)]
struct Answers {
    frames: Vec<String>,
    messages: Vec<String>,
    findings: Vec<String>,
    totals: String,
}

/// An octet that is not known.
fn spelled(octets: &Octets) -> Vec<Option<u8>> {
    (octets.from..octets.end()).map(|at| octets.get(at)).collect()
}

fn answers(snapshot: &Snapshot) -> Answers {
    // In order with one reader, and each by itself with a new one: in the order of rows, and in no order at all.
    let mut inflation = Inflation::default();
    let frames = (0..snapshot.frame_count()).map(|index| {
        let id = FrameId::from_index(index);
        let row = frame_row(snapshot, inflation.reader(), id).unwrap();
        assert_eq!(row, frame_row(snapshot, &mut MessageReader::default(), id).unwrap());
        let record = snapshot.frame(id).unwrap();
        let octets = inflation.reader().frame_octets(snapshot, record, 0..u64::MAX).unwrap();
        assert_eq!(
            octets,
            MessageReader::default()
                .sent_octets(snapshot, record, 0..u64::MAX)
                .unwrap()
                .unmasked(record.header.masking_key())
        );
        let mut packets = Vec::new();
        inflation.reader().trace(snapshot, record, |segment| packets.push(segment));
        assert_eq!(packets, snapshot.segments(record, usize::MAX));
        format!("{row:?} {packets:?} {:?}", spelled(&octets))
    });
    let frames = frames.collect();
    let mut backwards: Vec<_> =
        (0..snapshot.message_count()).rev().map(|index| message(snapshot, index, None)).collect();
    backwards.reverse();
    let messages: Vec<_> =
        (0..snapshot.message_count()).map(|index| message(snapshot, index, Some(&mut inflation))).collect();
    assert_eq!(messages, backwards);
    let findings = (0..snapshot.finding_count()).map(|index| snapshot.finding(index).unwrap());
    let mut findings: Vec<_> = findings.map(|finding| format!("{finding:?}")).collect();
    findings.sort();
    let deflated: Vec<_> = snapshot.connections().map(|connection| connection.deflated()).collect();
    Answers { frames, messages, findings, totals: format!("{:?} {deflated:?}", snapshot.totals()) }
}

/// Returns everything that is told of a message.
fn message(snapshot: &Snapshot, index: usize, inflation: Option<&mut Inflation>) -> String {
    let (mut alone, id) = (Inflation::default(), MessageId::from_index(index));
    let inflation = inflation.unwrap_or(&mut alone);
    let message = snapshot.message(id).unwrap();
    let mut row = message_row(snapshot, inflation.reader(), id).unwrap();
    // Rules come in the order of discovery.
    row.rules.sort();
    let octets = inflation.reader().message_octets(snapshot, &message, u64::MAX).unwrap();
    assert_eq!(octets, message_payload(snapshot, &message, u64::MAX).unwrap());
    let is_whole = octets.missing.is_empty() && octets.end() == message.wire_len && message.final_seen;
    assert_eq!(row.state == MessageState::Complete, is_whole && message.is_understood, "{row:?} {octets:?}");
    if !message.compressed {
        return format!("{row:?} {:?}", spelled(&octets));
    }
    let inflated = inflation.message(snapshot, &message, u64::MAX).unwrap();
    let view = InflatedView::load(&mut Inflation::default(), snapshot, &message, (0, u64::MAX), &mut |_| true);
    let view = view.unwrap().unwrap();
    assert_eq!(view.inflated.plain, inflated.plain);
    assert_eq!((view.inflated.reached_end, view.inflated.error), (inflated.reached_end, inflated.error));
    // What was inflated in the background is what is inflated now, and nothing is where nobody knows what it means.
    let expected = Some(inflated.plain.total).filter(|_| inflated.reached_end && message.is_understood);
    assert_eq!(snapshot.plain_len(id), expected, "{row:?}");
    format!("{row:?} {:?} {:?}", spelled(&inflated.plain), inflated.error)
}

/// Returns what is told of the messages of a file that is judged behind being read, of each as soon as it is judged.
/// Messages that were inflated then are kept, as far as there is `room`.
fn messages_when_judged(capture: &[u8], (budget, room): (u64, usize)) -> Vec<String> {
    let kept = KeptMessages::new(u64::MAX, &InflatedRoom::new(room));
    let mut inflation = Inflation::default().with_kept(kept.clone());
    let mut session = Session::new(Arc::new(Source::from_octets(capture.to_vec(), "file")), None);
    session.judge_later(kept);
    while session.step(usize::MAX).unwrap() != Progress::End {}
    let mut told = Vec::new();
    loop {
        let is_left = session.judge(budget);
        let snapshot = session.snapshot();
        let judged = if is_left { session.judged_messages() } else { snapshot.message_count() };
        told.extend((told.len()..judged).map(|index| message(&snapshot, index, Some(&mut inflation))));
        if !is_left {
            return told;
        }
    }
}

/// Compares the answers about a capture that comes in every way there is.
pub fn compare(name: &str, capture: &[u8], pieces: &[usize]) {
    let expected = answers(&file(capture, When::AtOnce));
    let ways = [
        ("a file, judged later", file(capture, When::AtTheEnd)),
        ("a file, judged meanwhile", file(capture, When::Between)),
        ("a slow pipe", pipe(capture, pieces, When::AtOnce)),
        ("a slow pipe, judged later", pipe(capture, pieces, When::AtTheEnd)),
        ("a slow pipe, judged meanwhile", pipe(capture, pieces, When::Between)),
        ("a quick pipe", pipe(capture, &[usize::MAX], When::AtOnce)),
    ];
    for (way, snapshot) in ways {
        let found = answers(&snapshot);
        assert_eq!(found.findings, expected.findings, "{name}: {way}");
        assert_eq!(found.frames, expected.frames, "{name}: {way}");
        assert_eq!(found.messages, expected.messages, "{name}: {way}");
        assert_eq!(found.totals, expected.totals, "{name}: {way}");
    }
    for way in [(1, usize::MAX), (50, usize::MAX), (300, 500), (u64::MAX, usize::MAX)] {
        assert_eq!(messages_when_judged(capture, way), expected.messages, "{name}: told when judged, {way:?}");
    }
}
