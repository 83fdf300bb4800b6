//! Faults: processes are killed, disks are full, the kernel drops packets.

use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use crate::common::program::run;
use crate::common::rights::{can_sniff, granted};
use crate::common::running::{Running, until};
use crate::sniffer::Sniffer;
use crate::talk::talk;
use crate::{Place, ends_with_statistics, numbers, peers};

fn len(file: &str) -> u64 {
    std::fs::metadata(file).map_or(0, |metadata| metadata.len())
}

/// Everything up to then is there, and it is no damaged capture.
#[test]
fn the_sniffing_process_is_killed() {
    if !can_sniff() {
        return;
    }
    let (place, (listening, filter)) = (Place::new(), peers());
    let file = place.path("capture.pcapng");
    let sniffer = Sniffer::start(&["-i", "lo", "-w", &file, "--filter", &filter]);
    let (mut server, client) = talk(listening);
    server.send_for(5_000, Duration::from_millis(300)).unwrap();
    let at_least = server.sent * 42;
    until("what was sent is written", || len(&file) > at_least);
    sniffer.signal(Signal::KILL);
    assert_eq!(sniffer.end().status, -1);
    let kept = numbers(&file);
    assert!(!kept.is_empty());
    assert_eq!(kept, (0..kept.len() as u64).collect::<Vec<_>>());
    drop(server);
    client.join().unwrap();
}

/// The window holds the other end of standard input. It ends with the window, however that ends.
#[test]
fn the_window_is_killed() {
    if !can_sniff() {
        return;
    }
    let (place, (listening, filter)) = (Place::new(), peers());
    let file = place.path("capture.pcapng");
    let mut sniffer = Sniffer::start(&["-i", "lo", "--reports", "-w", &file, "--filter", &filter]);
    assert_eq!(sniffer.row()["event"], "started");
    let (mut server, client) = talk(listening);
    (0..100).for_each(|_| server.send().unwrap());
    // What the client has received was on the wire, on a busy machine too.
    drop(server);
    client.join().unwrap();
    sniffer.close_input();
    let ran = sniffer.end();
    let last: serde_json::Value = serde_json::from_str(ran.out.lines().last().unwrap()).unwrap();
    assert_eq!((ran.status, &last["event"], &last["why"]), (0, &"ended".into(), &"asked".into()));
    assert!(ends_with_statistics(&file));
    assert_eq!(numbers(&file), (0..100).collect::<Vec<_>>());
}

/// A small disk, unmounted at the end.
struct Disk(Place);

impl Disk {
    fn new(size: &str) -> Result<Disk, String> {
        let place = Place::new();
        let options = format!("size={size}");
        mount("mount", &["-t", "tmpfs", "-o", &options, "none", &place.path("")])?;
        Ok(Disk(place))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        mount("umount", &[&self.0.path("")]).unwrap();
    }
}

/// Runs `mount` or `umount`.
///
/// # Errors
/// When there is none, or it may not do what it is to do.
fn mount(program: &str, arguments: &[&str]) -> Result<(), String> {
    let running = Running::try_start(Command::new(program).args(arguments));
    let ran = running.map_err(|error| format!("{program} (Debian: mount): {error}"))?.finish();
    if ran.status == 0 { Ok(()) } else { Err(format!("{program}: {}", ran.err.trim())) }
}

#[test]
fn the_disk_is_full() {
    if !can_sniff() {
        return;
    }
    let Some(disk) = granted(Disk::new("256k")) else { return };
    let (listening, filter) = peers();
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
    if !can_sniff() {
        return;
    }
    let (place, (listening, filter)) = (Place::new(), peers());
    let file = place.path("capture.pcapng");
    let sniffer = Sniffer::start(&["-i", "lo", "-w", &file, "--json", "--buffer", "256k", "--filter", &filter]);
    let (mut server, client) = talk(listening);
    sniffer.signal(Signal::STOP);
    until("it stands still", || sniffer.status().contains("State:\tT"));
    (0..20_000).for_each(|_| server.send().unwrap());
    sniffer.signal(Signal::CONT);
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

/// Whoever may not sniff is told how to get the right.
#[test]
fn without_rights() {
    let Some(place) = granted(for_all_users()) else { return };
    let copy = place.path("framescope");
    std::fs::copy(env!("CARGO_BIN_EXE_framescope"), &copy).unwrap();
    let mut command = Command::new(&copy);
    let ran =
        Running::start(command.args(["capture", "-i", "lo", "--duration", "10ms"]).uid(NOBODY).gid(NOBODY)).finish();
    let said = ran.refused();
    assert!(said.contains("lo: this user may not sniff") && said.contains("sudo setcap cap_net_raw=ep "), "{said}");
    assert!(said.contains(&copy), "{said}");
}

/// A user without any rights.
pub const NOBODY: u32 = 65_534;

/// Returns a place that other users may enter.
///
/// # Errors
/// When this user may do nothing as another one.
pub fn for_all_users() -> Result<Place, String> {
    use std::os::unix::fs::{PermissionsExt as _, chown};
    let place = Place::new();
    let file = place.path("nobodys");
    std::fs::write(&file, "")
        .and_then(|()| chown(&file, Some(NOBODY), Some(NOBODY)))
        .map_err(|error| format!("what belongs to another user takes root's rights: {error}"))?;
    std::fs::set_permissions(place.path(""), std::fs::Permissions::from_mode(0o755)).unwrap();
    Ok(place)
}

/// A reader that stops ends the sniffing quietly, even if no other frame ever comes.
#[test]
fn nobody_reads_the_rows_any_more() {
    if !can_sniff() {
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
