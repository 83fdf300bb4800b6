//! Rights are given away as soon as the card is open.

use std::process::Command;

use crate::Place;
use crate::common::program::program;
use crate::faults::open_to_all;
use crate::rights::{Need, has};
use crate::sniffer::Sniffer;

/// A line of proc_pid_status(5).
fn field<'a>(status: &'a str, name: &str) -> Vec<&'a str> {
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.unwrap_or_default().split_whitespace().collect()
}

#[track_caller]
fn has_no_rights(status: &str) {
    for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        assert_eq!(field(status, set), ["0000000000000000"], "{set}: {status}");
    }
    assert_eq!(field(status, "NoNewPrivs"), ["1"]);
}

#[test]
fn root_keeps_nothing_but_its_name() {
    if has(Need::Root) {
        let place = Place::new();
        let sniffer = Sniffer::start(&["-i", "lo", "-w", &place.path("a.pcapng")]);
        has_no_rights(&sniffer.status());
        let printing = Sniffer::start(&["-i", "lo"]);
        has_no_rights(&printing.status());
        assert_eq!((sniffer.interrupt().status, printing.interrupt().status), (0, 0));
    }
}

/// With sudo and pkexec the process becomes the user's again, and so does the file.
#[test]
fn sudo_goes_back_to_the_user() {
    if !has(Need::Root) {
        return;
    }
    let place = Place::new();
    let (own, roots) = (place.path("users"), place.path("roots"));
    for (directory, owner) in [(&own, 65_534), (&roots, 0)] {
        std::fs::create_dir(directory).unwrap();
        std::os::unix::fs::chown(directory, Some(owner), Some(owner)).unwrap();
    }
    open_to_all(&place);
    let started = |file: &str| {
        let mut command = program();
        command.args(["capture", "-i", "lo", "-w", file]).env("SUDO_UID", "65534").env("SUDO_GID", "65534");
        Sniffer::run(command)
    };
    let file = format!("{own}/capture.pcapng");
    let sniffer = started(&file);
    let status = sniffer.status();
    has_no_rights(&status);
    assert_eq!((field(&status, "Uid"), field(&status, "Gid")), (vec!["65534"; 4], vec!["65534"; 4]));
    assert_eq!(field(&status, "Groups"), ["65534"]);
    assert_eq!(sniffer.interrupt().status, 0);
    use std::os::unix::fs::MetadataExt;
    assert_eq!(std::fs::metadata(&file).unwrap().uid(), 65_534);
    // Root's right to write anywhere is not the user's.
    let refused = started(&format!("{roots}/capture.pcapng")).end();
    assert!(refused.refused().contains("Permission denied"), "{refused:?}");
}

/// `setcap` gives the right to sniff to whoever starts the program; the window has none of it.
#[test]
fn a_mark_on_the_file_is_enough_and_only_for_sniffing() {
    if !has(Need::Root) {
        return;
    }
    let place = Place::new();
    let copy = place.path("framescope");
    std::fs::copy(env!("CARGO_BIN_EXE_framescope"), &copy).unwrap();
    open_to_all(&place);
    let marked = Command::new("setcap").args(["cap_net_raw=ep", &copy]).status();
    if !marked.is_ok_and(|status| status.success()) {
        _ = std::io::Write::write_all(
            &mut std::io::stderr(),
            b"SKIPPED the mark on the file: no setcap (Debian: libcap2-bin), or a file system without marks\n",
        );
        return;
    }
    let as_nobody = |arguments: &[&str]| {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", &copy]).args(arguments);
        command
    };
    let sniffer = Sniffer::run(as_nobody(&["capture", "-i", "lo"]));
    has_no_rights(&sniffer.status());
    assert_eq!(sniffer.interrupt().status, 0);
    let mut other = as_nobody(&["frames", "-"]).stdin(std::process::Stdio::piped()).spawn().unwrap();
    crate::sniffer::until("it has no rights", || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", other.id())).unwrap();
        // First it is setpriv, then the program with the right of its file.
        field(&status, "Name") == ["framescope"] && field(&status, "CapPrm") == ["0000000000000000"]
    });
    drop(other.stdin.take());
    _ = other.wait();
}
