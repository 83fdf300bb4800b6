//! What goes wrong: processes are killed, disks are full, the kernel drops packets.

use std::process::Command;
use std::time::Duration;

use crate::common::program::run;
use crate::rights::{Need, has};
use crate::sniffer::{Sniffer, until};
use crate::talk::talk;
use crate::{Place, ends_with_statistics, numbers, peers};

fn len(file: &str) -> u64 {
    std::fs::metadata(file).map_or(0, |metadata| metadata.len())
}

/// Everything up to then is there, and it is no damaged capture.
#[test]
fn the_sniffing_process_is_killed() {
    if !has(Need::Sniff) {
        return;
    }
    let (place, (listening, filter)) = (Place::new(), peers());
    let file = place.path("capture.pcapng");
    let sniffer = Sniffer::start(&["-i", "lo", "-w", &file, "--filter", &filter]);
    let (mut server, client) = talk(listening);
    server.send_for(5_000, Duration::from_millis(300)).unwrap();
    let at_least = server.sent * 42;
    until("what was sent is written", || len(&file) > at_least);
    sniffer.signal("KILL");
    assert_eq!(sniffer.end().status, -1);
    let kept = numbers(&file);
    assert!(!kept.is_empty());
    assert_eq!(kept, (0..kept.len() as u64).collect::<Vec<_>>());
    drop(server);
    client.join().unwrap();
}

/// What the window holds is the other end of standard input. It ends with the window, however that ends.
#[test]
fn the_window_is_killed() {
    if !has(Need::Sniff) {
        return;
    }
    let (place, (listening, filter)) = (Place::new(), peers());
    let file = place.path("capture.pcapng");
    let mut sniffer = Sniffer::start(&["-i", "lo", "--reports", "-w", &file, "--filter", &filter]);
    assert_eq!(sniffer.row()["event"], "started");
    let (mut server, client) = talk(listening);
    (0..100).for_each(|_| server.send().unwrap());
    drop(sniffer.stdin.take());
    let ran = sniffer.end();
    let last: serde_json::Value = serde_json::from_str(ran.out.lines().last().unwrap()).unwrap();
    assert_eq!((ran.status, &last["event"], &last["why"]), (0, &"ended".into(), &"asked".into()));
    assert!(ends_with_statistics(&file));
    assert_eq!(numbers(&file), (0..100).collect::<Vec<_>>());
    drop(server);
    client.join().unwrap();
}

/// A small disk, unmounted at the end.
struct Disk(Place);

impl Disk {
    fn new(size: &str) -> Disk {
        let place = Place::new();
        let options = format!("size={size}");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "none", &place.path("")]).status();
        assert!(mounted.unwrap().success(), "a tmpfs can be mounted");
        Disk(place)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        _ = Command::new("umount").arg(self.0.path("")).status();
    }
}

#[test]
fn the_disk_is_full() {
    if !has(Need::Root) {
        return;
    }
    let (disk, (listening, filter)) = (Disk::new("256k"), peers());
    let file = disk.0.path("capture.pcapng");
    let sniffer = Sniffer::start(&["-i", "lo", "-w", &file, "--filter", &filter]);
    let (mut server, client) = talk(listening);
    until("the disk is full", || {
        (0..500).for_each(|_| server.send().unwrap());
        sniffer.status().contains("State:\tZ")
    });
    let ran = sniffer.end();
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("No space left") && ran.err.contains("what is in it is whole"), "{ran:?}");
    // `numbers` would complain about a packet that is cut.
    let kept = numbers(&file);
    assert!(kept.len() > 500 && (kept.len() as u64) < server.sent, "{}", kept.len());
    assert_eq!(kept, (0..kept.len() as u64).collect::<Vec<_>>());
    let packets = run(&["stats", "--json", &file]).quiet().json()[0]["packets"].as_u64().unwrap();
    let said = ran.err.replace(',', "");
    assert!(said.contains(&format!("framescope: {packets} packets ")), "{packets}: {ran:?}");
    drop(server);
    client.join().unwrap();
}

/// The process stands still while more comes than the kernel's buffer holds.
#[test]
fn what_the_kernel_drops_is_told() {
    if !has(Need::Sniff) {
        return;
    }
    let (place, (listening, filter)) = (Place::new(), peers());
    let file = place.path("capture.pcapng");
    let sniffer = Sniffer::start(&["-i", "lo", "-w", &file, "--json", "--buffer", "256k", "--filter", &filter]);
    let (mut server, client) = talk(listening);
    sniffer.signal("STOP");
    until("it stands still", || sniffer.status().contains("State:\tT"));
    (0..20_000).for_each(|_| server.send().unwrap());
    sniffer.signal("CONT");
    drop(server);
    client.join().unwrap();
    let ran = sniffer.interrupt();
    let summary: serde_json::Value = serde_json::from_str(ran.err.lines().last().unwrap()).unwrap();
    let (packets, dropped) = (summary["packets"].as_u64().unwrap(), summary["dropped"].as_u64().unwrap());
    // How many segments 20,000 frames make is TCP's choice.
    assert!(dropped > 100 && packets > 0, "{summary}");
    // The capture says it too: isb_osdrop.
    let octets = std::fs::read(&file).unwrap();
    assert!(ends_with_statistics(&file));
    let option = [&7u16.to_le_bytes()[..], &8u16.to_le_bytes(), &dropped.to_le_bytes()].concat();
    assert!(octets[octets.len() - 150..].windows(option.len()).any(|part| part == option));
}

/// Who may not sniff is told how to get the right.
#[test]
fn without_rights() {
    if !has(Need::Root) {
        return;
    }
    let place = Place::new();
    // Where another user may start it.
    let copy = place.path("framescope");
    std::fs::copy(env!("CARGO_BIN_EXE_framescope"), &copy).unwrap();
    open_to_all(&place);
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"]);
    command.args([&copy, "capture", "-i", "lo", "--duration", "10ms"]);
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), said.lines().count()), (Some(2), 1), "{said}");
    assert!(said.contains("lo: this user may not sniff") && said.contains("sudo setcap cap_net_raw=ep "), "{said}");
    assert!(said.contains(&copy), "{said}");
}

pub fn open_to_all(place: &Place) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(place.path(""), std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// A reader that stops ends the sniffing quietly, even if no other frame ever comes.
#[test]
fn nobody_reads_the_rows_any_more() {
    if !has(Need::Sniff) {
        return;
    }
    let (listening, filter) = peers();
    let mut sniffer = Sniffer::start(&["-i", "lo", "--json", "--filter", &filter]);
    let (mut server, client) = talk(listening);
    server.send().unwrap();
    assert_eq!(sniffer.row()["frame"], 1);
    let ran = sniffer.leave();
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    drop(server);
    client.join().unwrap();
}
