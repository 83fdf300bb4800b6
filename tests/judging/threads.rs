//! However many threads inflate, and in whatever steps, the same is found, in the same order.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use framescope::background::InflateThreads;
use framescope::base::{Fact, MessageId, Place};
use framescope::capture::Source;
use framescope::dissect::{InflatePool, Job, Progress, Session, Snapshot};
use proptest::prelude::*;

use crate::common::frame::{self, BINARY, CONTINUATION, FIN, TEXT};
use crate::common::tcp::{Client, Server, Talk};
use crate::compressed::{Deflater, RSV1, agreed_between};

/// The time after which a test that hears nothing of its helpers fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// A message: who sends it, how long it is in kilooctets, whether it repeats itself, whether it is text, and what goes wrong
/// with it.
type Message = (usize, u32, bool, bool, Option<u8>);

fn message() -> impl Strategy<Value = Message> {
    let wrong = prop::option::weighted(0.3, 0..5_u8);
    (0..6_usize, 0..90_u32, any::<bool>(), any::<bool>(), wrong)
}

/// Octets that are text; those that do not repeat themselves are hardly compressed.
fn octets(seed: u32, kilooctets: u32, repeats: bool) -> Vec<u8> {
    let line = |n: u32| if repeats { seed } else { seed.wrapping_add(n) }.wrapping_mul(2_654_435_761);
    (0..kilooctets * 100).flat_map(|n| format!("{:>10}", line(n)).into_bytes()).collect()
}

/// Three connections that take turns.
fn capture(messages: &[Message]) -> Vec<u8> {
    let mut talks: Vec<Talk> =
        (1..4).map(|n| agreed_between(&format!("10.0.0.{n}:4000"), "10.0.1.1:80", "permessage-deflate")).collect();
    let mut deflaters: Vec<Deflater> = (0..6).map(|_| Deflater::new()).collect();
    let mut all = Talk::new();
    for (seed, (sender, kilooctets, repeats, is_text, wrong)) in (0..).zip(messages) {
        let mut plain = [octets(seed, *kilooctets, *repeats), b"end".to_vec()].concat();
        if *wrong == Some(0) {
            plain.push(0xff);
        }
        let mut compressed = deflaters[*sender].message(&plain);
        let (talk, who) = (&mut talks[sender / 2], if sender % 2 == 0 { Client } else { Server });
        let frame = |octet0, payload: &[u8]| match who {
            Client => frame::client(octet0, payload),
            Server => frame::server(octet0, payload),
        };
        if let (Some(1), middle) = (wrong, compressed.len() / 2) {
            compressed[middle] ^= 0x55;
        }
        let (first, rest) = compressed.split_at(compressed.len() / 3);
        let opcode = if *is_text { TEXT } else { BINARY };
        let start = frame(RSV1 | opcode, first);
        match wrong {
            Some(2) => talk.say_in(who, 30_000, start),
            Some(3) => {
                talk.say_in(who, 30_000, start);
                talk.lose(who, frame(FIN | CONTINUATION, rest));
            }
            _ => talk.say_in(who, 30_000, [start, frame(FIN | CONTINUATION, rest)].concat()),
        }
        talks.iter_mut().for_each(|talk| all.segments.append(&mut talk.segments));
    }
    all.capture().pcap()
}

fn session(capture: &[u8], helpers: Option<usize>) -> Session {
    let mut session = Session::new(Arc::new(Source::from_octets(capture.to_vec(), "capture")), None);
    if let Some(helpers) = helpers {
        session.set_inflate_pool(Box::new(InflateThreads::new(helpers)) as Box<dyn InflatePool>);
    }
    session
}

/// All that is found, in its order, the lengths of all messages, and how much text was judged.
type Found = (Vec<(Option<u64>, Place, Fact)>, Vec<Option<u64>>, [u64; 2]);

fn found(snapshot: &Snapshot) -> Found {
    let findings = (0..snapshot.finding_count()).map(|index| snapshot.finding(index).unwrap());
    let findings = findings.map(|it| (it.frame.map(|id| id.number()), it.place, it.fact));
    let lengths = (0..snapshot.message_count()).map(|index| snapshot.plain_len(MessageId::from_index(index)));
    let totals = snapshot.totals();
    (findings.collect(), lengths.collect(), [totals.judged_messages, totals.judged_octets])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn whoever_inflates_finds_the_same(messages in prop::collection::vec(message(), 1..40), budget in 1..1_000_000_u64) {
        let capture = capture(&messages);
        let at_once = |helpers| {
            let mut session = session(&capture, helpers);
            session.judge_at_once();
            while session.step(usize::MAX).unwrap() != Progress::End {}
            found(&session.snapshot())
        };
        let later = |helpers, budget| {
            let mut session = session(&capture, helpers);
            while session.step(usize::MAX).unwrap() != Progress::End {}
            while session.judge(budget) {}
            found(&session.snapshot())
        };
        let (mut expected, mut expected_later) = (at_once(None), later(None, u64::MAX));
        for helpers in [0, 1, 3] {
            same(at_once(Some(helpers)), &expected, "at once")?;
            same(later(Some(helpers), u64::MAX), &expected_later, "later")?;
            same(later(Some(helpers), budget), &expected_later, "a little at a time")?;
        }
        // Only the order depends on when payloads are judged.
        for found in [&mut expected, &mut expected_later] {
            found.0.sort_by_key(|it| format!("{it:?}"));
        }
        same(expected_later, &expected, "at once or later")?;
    }
}

fn same(found: Found, expected: &Found, how: &str) -> Result<(), TestCaseError> {
    let differs =
        |(index, finding)| (expected.0.get(index) != Some(finding)).then_some((finding, expected.0.get(index)));
    let first = found.0.iter().enumerate().find_map(differs);
    prop_assert!(first.is_none() && found.0.len() == expected.0.len(), "{}: {:?}", how, first);
    prop_assert_eq!((&found.1, found.2), (&expected.1, expected.2), "{}", how);
    Ok(())
}

/// Tells how many jobs they got, and how many were left when they were closed.
#[derive(Debug)]
struct Told(InflateThreads, mpsc::Sender<usize>);

impl InflatePool for Told {
    fn start(&mut self, jobs: Vec<Job>) {
        let _ = self.1.send(jobs.len());
        self.0.start(jobs);
    }

    fn finish(&mut self, budget: &mut u64) -> Option<Vec<Job>> {
        self.0.finish(budget)
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        let _ = self.1.send(self.0.stop());
    }
}

/// A session with sixty messages of six senders, just when so many helpers have got their jobs; and what they tell.
fn just_begun(helpers: usize) -> (Session, mpsc::Receiver<usize>) {
    let messages: Vec<Message> = (0..60).map(|n| (n % 6, 80, false, true, None)).collect();
    let mut session = session(&capture(&messages), None);
    let (tell, told) = mpsc::channel();
    session.set_inflate_pool(Box::new(Told(InflateThreads::new(helpers), tell)));
    while session.step(usize::MAX).unwrap() != Progress::End {}
    loop {
        assert!(session.judge(1 << 14), "not all of it was inflated");
        if told.try_recv().is_ok_and(|jobs| jobs > 0) {
            return (session, told);
        }
    }
}

/// Nobody does what is left when a capture is closed. A helper that is at work stops too.
#[test]
fn closing_a_capture_does_not_wait_for_what_is_left() {
    for helpers in [0, 1] {
        let (session, told) = just_begun(helpers);
        drop(session);
        let left = told.recv_timeout(PATIENCE).unwrap();
        // One that helps may just have been done.
        assert!(helpers > 0 || left > 0);
    }
}

/// The threads that inflate may change at any time, and no message is lost with those that did so before.
#[test]
fn others_go_on_where_some_began() {
    for helpers in [0, 1] {
        let (mut session, told) = just_begun(helpers);
        session.set_inflate_pool(Box::new(InflateThreads::new(0)));
        assert_eq!(told.recv_timeout(PATIENCE), Ok(0), "they are done");
        while session.judge(1 << 20) {}
        assert_eq!(session.snapshot().totals().judged_messages, 60);
        assert!(session.damage().is_none());
    }
}

/// Somebody who does the jobs of others, and dies of the first one.
#[derive(Debug)]
struct Dying {
    others: InflateThreads,
    has_died: bool,
}

impl InflatePool for Dying {
    fn start(&mut self, mut jobs: Vec<Job>) {
        if !std::mem::replace(&mut self.has_died, true) {
            jobs.remove(0);
        }
        self.others.start(jobs);
    }

    fn finish(&mut self, budget: &mut u64) -> Option<Vec<Job>> {
        self.others.finish(budget)
    }
}

/// Whoever reads hears of a job that was lost, at once or later, and the reading ends.
#[test]
fn a_helper_that_dies_is_no_secret() {
    let messages: Vec<Message> = (0..60).map(|n| (n % 6, 80, false, true, None)).collect();
    let capture = capture(&messages);
    for at_once in [true, false] {
        let mut session = session(&capture, None);
        session.set_inflate_pool(Box::new(Dying { others: InflateThreads::new(1), has_died: false }));
        if at_once {
            session.judge_at_once();
        }
        while session.step(100).unwrap() != Progress::End {}
        while session.judge(1 << 20) {}
        let damage = session.damage().expect("it is told").to_string();
        assert!(damage.contains("has died"), "{damage}");
        let judged = session.snapshot().totals().judged_messages;
        assert!(0 < judged && judged < 60, "{judged}");
    }
}
