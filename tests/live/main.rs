//! Sniffing for real: on loopback and between network namespaces, with real peers, and with everything going wrong that can.

#![expect(clippy::disallowed_methods, reason = "these captures are small")]

#[path = "../common/mod.rs"]
mod common;
mod faults;
#[cfg(target_os = "linux")]
mod namespaces;
mod privileges;
mod sniffer;
#[path = "../../examples/live/talk.rs"]
#[allow(dead_code, reason = "the measurement uses more of it")]
mod talk;

use common::program::run;
use common::rights::can_sniff;
use common::running::Running;
use rustix::process::Signal;
use serde_json::Value;
use sniffer::Sniffer;
use talk::{Listening, talk};

/// A place for a capture.
pub(crate) struct Place(tempfile::TempDir);

impl Place {
    pub(crate) fn new() -> Place {
        Place(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }
}

/// Peers on loopback, and the filter for them alone.
pub(crate) fn peers() -> (Listening, String) {
    let listening = Listening::on("127.0.0.1:0").unwrap();
    let filter = format!("tcp port {}", listening.address().port());
    (listening, filter)
}

/// The numbers of the frames that the server sent and the capture has whole. A capture may end within a segment's frame.
pub(crate) fn numbers(capture: &str) -> Vec<u64> {
    numbers_of(&run(&["frames", "--json", "--payload", capture]).quiet().json())
}

pub(crate) fn numbers_of(rows: &[Value]) -> Vec<u64> {
    let number = |row: &Value| {
        let hex = row["payload_hex"].as_str().unwrap();
        let text: String = hex.as_bytes().chunks(2).map(|pair| char::from(pair[1])).collect();
        text[21..40].parse().unwrap()
    };
    rows.iter().filter(|row| row["captured_length"] == row["payload_length"]).map(number).collect()
}

/// Returns those numbers if the opening handshake is not in the capture: by what the payloads look like.
fn numbers_in(octets: &[u8]) -> Vec<u64> {
    let text = |octets: &[u8]| Some(std::str::from_utf8(octets).ok()?.split_once(' ')?.1.to_owned());
    let starts = octets.windows(2).enumerate().filter(|(_, two)| *two == [0x81, talk::PAYLOAD as u8]);
    starts.filter_map(|(at, _)| text(octets.get(at + 2..at + 2 + talk::PAYLOAD)?)?.parse().ok()).collect()
}

fn summary(err: &str) -> Value {
    serde_json::from_str(err.lines().last().unwrap()).unwrap_or_else(|error| panic!("{error}: {err}"))
}

#[test]
fn interfaces_are_listed() {
    let table = run(&["interfaces"]).quiet().out;
    assert!(table.starts_with("name "), "{table}");
    for row in run(&["interfaces", "--json"]).quiet().json() {
        let keys = ["name", "description", "addresses", "up", "loopback", "link_type", "link_name"];
        assert!(keys.iter().all(|key| row.get(key).is_some()), "{row}");
        assert!(table.contains(row["name"].as_str().unwrap()));
    }
}

#[test]
fn mistakes_say_what_to_do() {
    for (arguments, why) in [
        (&["-i", "nonesuch0"][..], "there is no such interface; there are: "),
        (&["-i", "lo", "-w", "x", "--payload"], "cannot be used with"),
        (&["-i", "lo", "--ring-size", "1MB"], "--write"),
        (&["-i", "lo", "--duration", "soon"], "30s, 5m or 1h"),
        (&["-i", "lo", "--snap-len", "0"], "1..=262144"),
        (&[], "--interface"),
    ] {
        let ran = run(&[&["capture"], arguments].concat());
        assert!(ran.refused().contains(why), "{ran:?}");
    }
    if can_sniff() {
        let bad = run(&["capture", "-i", "lo", "--filter", "tcp prt 80"]);
        assert!(bad.refused().contains("the capture filter cannot be used: "), "{bad:?}");
        let nowhere = run(&["capture", "-i", "lo", "-w", "/no/such/directory/file"]);
        assert!(nowhere.refused().contains("/no/such/directory/file: the capture cannot be written"), "{nowhere:?}");
    }
}

/// A row for every frame, while the connection is open, before the next frame is sent.
#[test]
fn every_frame_is_a_row_at_once() {
    if !can_sniff() {
        return;
    }
    let (listening, filter) = peers();
    let mut sniffer = Sniffer::start(&["-i", "lo", "--filter", &filter, "--json", "--payload"]);
    let (mut server, client) = talk(listening);
    for number in 0..50 {
        server.send().unwrap();
        let row = sniffer.row();
        assert_eq!((numbers_of(std::slice::from_ref(&row)), &row["sender"]), (vec![number], &"server".into()), "{row}");
    }
    drop(server);
    assert_eq!(client.join().unwrap(), 50);
    let ran = sniffer.interrupt();
    assert_eq!((ran.status, ran.out.as_str()), (0, ""));
    let summary = summary(&ran.err);
    assert!(summary["packets"].as_u64().unwrap() > 53 && summary["ended"] == "asked", "{summary}");
    assert_eq!((&summary["dropped"], &summary["interface"]), (&0.into(), &"lo".into()));
}

/// The file holds what was sent, to the last frame before Ctrl-C, and tells what was dropped.
#[test]
fn a_file_has_every_frame() {
    if !can_sniff() {
        return;
    }
    for ending in [Signal::INT, Signal::TERM] {
        let (place, (listening, filter)) = (Place::new(), peers());
        let file = place.path("capture.pcapng");
        let sniffer = Sniffer::start(&["-i", "lo", "-w", &file, "--filter", &filter]);
        let (mut server, client) = talk(listening);
        server.send_for(10_000, std::time::Duration::from_millis(500)).unwrap();
        sniffer.signal(ending);
        let ran = sniffer.end();
        assert_eq!((ran.status, ran.out.as_str()), (0, ""), "{ran:?}");
        assert!(ran.err.contains(" packets, ") && ran.err.contains("on lo; none dropped"), "{ran:?}");
        assert_eq!(numbers(&file), (0..server.sent).collect::<Vec<_>>());
        assert!(ends_with_statistics(&file));
        drop(server);
        client.join().unwrap();
    }
}

/// Returns whether the last block of a capture is that of the statistics.
pub(crate) fn ends_with_statistics(file: &str) -> bool {
    let octets = std::fs::read(file).unwrap();
    let len = u32::from_le_bytes(octets[octets.len() - 4..].try_into().unwrap()) as usize;
    octets[octets.len() - len..].starts_with(&5u32.to_le_bytes())
}

#[test]
fn limits_act_and_say_so() {
    if !can_sniff() {
        return;
    }
    let (place, (listening, filter)) = (Place::new(), peers());
    let file = |name: &str| place.path(name);
    let (by_packets, by_size, by_time, ring) =
        (file("packets.pcapng"), file("size.pcapng"), file("time.pcapng"), file("ring.pcapng"));
    let start = |options: &[&str]| Sniffer::start(&[&["-i", "lo", "--filter", &filter][..], options].concat());
    let packets = start(&["-w", &by_packets, "--packets", "7"]);
    let size = start(&["-w", &by_size, "--size", "5k"]);
    let time = start(&["-w", &by_time, "--duration", "300ms"]);
    let turning = start(&["-w", &ring, "--ring-size", "20k"]);
    let (mut server, client) = talk(listening);
    for _ in 0..500 {
        server.send().unwrap();
    }
    let ran = packets.end();
    assert!(ran.err.contains("ended after 7 packets (--packets)") && ran.status == 0, "{ran:?}");
    assert_eq!(run(&["stats", "--json", &by_packets]).quiet().json()[0]["packets"], 7);
    let ran = size.end();
    assert!(ran.err.contains("(--size)") && ran.status == 0, "{ran:?}");
    let last = 200;
    assert!((4_700..5_000 + last).contains(&std::fs::metadata(&by_size).unwrap().len()));
    let ran = time.end();
    assert!(ran.err.contains("ended after 0.3 s (--duration)") && ran.status == 0, "{ran:?}");
    assert!(ends_with_statistics(&by_time) && run(&["frames", &by_time]).status == 0);

    let ran = turning.interrupt();
    assert!(ran.err.contains("the ring of 19.5 KiB is full (--ring-size)") && ran.status == 0, "{ran:?}");
    let halves = [ring.clone(), place.path("ring.2.pcapng")];
    // How many frames share a segment is TCP's choice, and one that is larger than a half is in it all the same.
    assert!(halves.iter().map(|half| std::fs::metadata(half).unwrap().len()).sum::<u64>() <= 40_000);
    // Each half is a whole capture, which starts late. Together they hold the newest frames.
    assert!(halves.iter().all(|half| run(&["stats", half]).quiet().status == 0));
    let mut kept: Vec<u64> = halves.iter().flat_map(|half| numbers_in(&std::fs::read(half).unwrap())).collect();
    kept.sort_unstable();
    assert!(kept.len() > 10 && kept.last() == Some(&499), "{kept:?}");
    assert_eq!(kept, (500 - kept.len() as u64..500).collect::<Vec<_>>());
    drop(server);
    client.join().unwrap();
}

/// `framescope capture -w - | framescope frames -`
#[test]
fn a_capture_goes_through_a_pipe() {
    if !can_sniff() {
        return;
    }
    let (listening, filter) = peers();
    let mut sniffer = Sniffer::start(&["-i", "lo", "-w", "-", "--packets", "40", "--filter", &filter]);
    let mut command = common::program::program();
    let reader = Running::behind(sniffer.take_output(), command.args(["frames", "--json", "--payload", "-"]));
    let (mut server, client) = talk(listening);
    (0..40).for_each(|_| server.send().unwrap());
    let rows = reader.end().quiet().json();
    let ran = sniffer.leave();
    assert!(ran.err.contains("ended after 40 packets"), "{ran:?}");
    drop(server);
    client.join().unwrap();
    assert!(!rows.is_empty() && numbers_of(&rows).is_sorted());
}

/// The measurement that `examples/live` does for minutes, for a moment: nothing is lost, and memory is as the frames
/// are.
#[test]
fn a_steady_rate_costs_memory_per_frame() {
    if !can_sniff() {
        return;
    }
    let (listening, filter) = peers();
    let sniffer = Sniffer::start(&["-i", "lo", "--filter", &filter, "--packets", "1000000"]);
    let status = std::path::PathBuf::from(format!("/proc/{}/status", sniffer.id()));
    let memory = || {
        let status = std::fs::read_to_string(&status).unwrap();
        let line = status.lines().find(|line| line.starts_with("RssAnon")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    };
    let reader = {
        let mut sniffer = sniffer;
        std::thread::Builder::new().name("rows".into()).spawn(move || {
            let mut rows = 0;
            while rows < 40_001 && !sniffer.line().is_empty() {
                rows += 1;
            }
            (rows, sniffer)
        })
    }
    .unwrap();
    let (mut server, client) = talk(listening);
    let mut seen = Vec::new();
    while server.sent < 40_000 {
        for _ in 0..200 {
            server.send().unwrap();
        }
        if server.sent % 10_000 == 0 {
            seen.push(memory());
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    drop(server);
    client.join().unwrap();
    let (rows, sniffer) = reader.join().unwrap();
    assert_eq!(rows, 40_001, "a heading and every frame");
    let ran = sniffer.interrupt();
    assert!(ran.err.contains("none dropped"), "{ran:?}");
    // Far more than the 60 octets or so that it takes, and far less than the 200 octets of each captured packet.
    let each = seen[3].saturating_sub(seen[1]) / 20_000;
    assert!(each < 150, "{each} octets a frame: {seen:?}");
}
