//! However a capture arrives, the same is found in it: the whole file at once, packet by packet, through a pipe, as a
//! file that grows, compressed, as pcap and as pcapng. And what a snapshot showed once, it shows for ever.

#[path = "../common/mod.rs"]
mod common;

use std::io::{self, Read, Write};
use std::sync::Arc;

use common::dump::{assert_same, dump};
use common::frame::{self, BINARY, FIN, TEXT};
use common::pcap::Capture;
use common::rows;
use common::samples;
use common::tcp::{Client, Server, Talk};
use framescope::capture::{Source, follow};
use framescope::dissect::{Progress, Session, Snapshot};

/// Every sample, and captures that lack what the samples have all of: name and octets of the file.
fn captures() -> Vec<(String, Vec<u8>)> {
    let mut captures: Vec<_> = samples::all().into_iter().map(|it| (it.name.clone(), it.octets())).collect();
    let mut talk = Talk::upgraded();
    for round in 0..40 {
        let text = format!("frame {round} of a conversation that loses some of its octets");
        talk.say(Client, frame::client(FIN | TEXT, text.as_bytes()));
        talk.say(Server, frame::server(BINARY * u8::from(round % 4 == 0), text.as_bytes()));
        if round % 9 == 5 {
            talk.lose(Server, [&frame::header(FIN, 40, None)[..], b"the start of a final fragment"].concat());
            talk.say(Server, b"and its end");
        }
    }
    captures.push(("lost".into(), talk.capture().pcap()));
    talk.segments.chunks_mut(5).for_each(<[_]>::reverse);
    talk.finish(Client);
    captures.push(("lost and reordered".into(), talk.capture().pcap()));
    captures.push(("cut".into(), talk.capture().snap(150).pcap()));
    captures
}

fn session(octets: &[u8]) -> Session {
    Session::new(Arc::new(Source::from_octets(octets.to_vec(), "capture")), None)
}

/// Reads to the end, `packets` at a time, with a look after each step.
fn read_in_steps(mut session: Session, packets: usize, mut look: impl FnMut(Snapshot)) -> Snapshot {
    loop {
        match session.step(packets).unwrap() {
            Progress::More => look(session.snapshot()),
            Progress::Pending => {
                look(session.snapshot());
                session.pump().unwrap();
            }
            Progress::End => return session.snapshot(),
        }
    }
}

/// Numbers that look random and are the same in every run (a linear congruential generator, Knuth's MMIX).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }

    /// A size that is small mostly, and large now and then.
    fn size(&mut self) -> usize {
        let most = [3, 40, 700, 5000][self.roll(4)];
        1 + self.roll(most)
    }
}

/// A pipe that gives what it likes at a time.
struct Trickle {
    octets: Vec<u8>,
    at: usize,
    dice: Dice,
}

impl Read for Trickle {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let wanted = self.dice.size().min(out.len());
        let part = &self.octets[self.at..(self.at + wanted).min(self.octets.len())];
        out[..part.len()].copy_from_slice(part);
        self.at += part.len();
        Ok(part.len())
    }
}

fn trickle(octets: &[u8], seed: u64) -> Session {
    let pipe = Trickle { octets: octets.to_vec(), at: 0, dice: Dice(seed) };
    Session::open_stream(Box::new(pipe), "pipe").unwrap()
}

#[test]
fn packet_by_packet() {
    for (name, octets) in captures() {
        let whole = dump(&rows::read(&octets));
        for packets in [1, 2, 7] {
            let mut looks = 0;
            let last = read_in_steps(session(&octets), packets, |_| looks += 1);
            assert_same(&name, &whole, &dump(&last));
            assert!(looks > 0, "{name}");
        }
    }
}

/// Looking must not change what is found: without any look in between it is the same.
#[test]
fn looking_changes_nothing() {
    for (name, octets) in captures() {
        let mut unseen = session(&octets);
        while unseen.step(1).unwrap() != Progress::End {}
        assert_same(&name, &dump(&rows::read(&octets)), &dump(&unseen.snapshot()));
    }
}

#[test]
fn snapshots_never_change() {
    for (name, octets) in captures() {
        let mut taken = Vec::new();
        // A pipe, because there the file under the snapshots grows too.
        let last = read_in_steps(trickle(&octets, 7), 1, |snapshot| {
            // Each dump reads everything again, so of long captures the beginning has to do.
            if taken.len() < 150 {
                taken.push((dump(&snapshot), snapshot));
            }
        });
        for (number, (text, snapshot)) in taken.iter().enumerate() {
            assert_same(&format!("{name}, snapshot {number}"), text, &dump(snapshot));
        }
        assert_same(&name, &dump(&rows::read(&octets)), &dump(&last));
    }
}

/// Everything that a snapshot tells of frames is true later on: headers stay, and more is only added at the end.
#[test]
fn frames_keep_their_numbers() {
    for (name, octets) in captures() {
        let headers = |snapshot: &Snapshot| -> Vec<_> {
            let frame = |index| snapshot.frame(framescope::base::FrameId::from_index(index)).unwrap();
            (0..snapshot.frame_count()).map(frame).map(|frame| (frame.header, frame.at, frame.message())).collect()
        };
        let mut before = Vec::new();
        read_in_steps(session(&octets), 1, |snapshot| {
            let now = headers(&snapshot);
            assert_eq!(now[..before.len()], before, "{name}");
            before = now;
        });
    }
}

#[test]
fn through_a_pipe() {
    for (name, octets) in captures() {
        let whole = dump(&rows::read(&octets));
        for seed in 0..4 {
            let last = read_in_steps(trickle(&octets, seed), 3, drop);
            assert_same(&format!("{name}, seed {seed}"), &whole, &dump(&last));
        }
    }
}

#[test]
fn a_file_that_grows() {
    for (name, octets) in captures() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("growing.pcap");
        let mut file = std::fs::File::create(&path).unwrap();
        let source = follow(&path).unwrap();
        let mut session = Session::new(source.clone(), None);
        let mut dice = Dice(3);
        let mut rest = &octets[..];
        while !rest.is_empty() {
            // There may be nothing at all at first, and any part of a record later.
            while session.step(5).unwrap() == Progress::More {}
            session.snapshot();
            let (part, behind) = rest.split_at(dice.size().min(rest.len()));
            file.write_all(part).unwrap();
            rest = behind;
        }
        while session.step(5).unwrap() == Progress::More {}
        assert_eq!(session.step(5).unwrap(), Progress::Pending, "{name}: more could come");
        source.set_complete();
        while session.step(5).unwrap() != Progress::End {}
        assert!(session.damage().is_none());
        assert_same(&name, &dump(&rows::read(&octets)), &dump(&session.snapshot()));
    }
}

#[test]
fn pcap_and_pcapng() {
    for (name, octets) in captures() {
        let capture = Capture::read(&octets);
        let whole = dump(&rows::read(&octets));
        assert_same(&format!("{name} as pcap"), &whole, &dump(&rows::read(&capture.pcap())));
        assert_same(&format!("{name} as pcapng"), &whole, &dump(&rows::read(&capture.pcapng())));
    }
}

#[test]
fn compressed() {
    for (name, octets) in captures() {
        let whole = dump(&rows::read(&octets));
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(&octets).unwrap();
        let gzip = encoder.finish().unwrap();
        let zstd = ruzstd::encoding::compress_to_vec(&octets[..], ruzstd::encoding::CompressionLevel::Fastest);
        let directory = tempfile::tempdir().unwrap();
        for (extension, packed) in [("gz", gzip), ("zst", zstd)] {
            let path = directory.path().join(format!("capture.{extension}"));
            std::fs::write(&path, &packed).unwrap();
            let last = read_in_steps(Session::open(&path).unwrap(), 100, drop);
            assert_same(&format!("{name}.{extension}"), &whole, &dump(&last));
            let last = read_in_steps(trickle(&packed, 11), 100, drop);
            assert_same(&format!("{name}.{extension} through a pipe"), &whole, &dump(&last));
        }
    }
}
