//! Rights are given away as soon as the card is open.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use rustix::fs::{XattrFlags, setxattr};

use crate::common::program::program;
use crate::common::rights::{can_sniff, granted};
use crate::common::running::{Running, until};
use crate::faults::{NOBODY, for_all_users};
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
    let Some(place) = can_sniff().then(for_all_users).and_then(granted) else { return };
    let sniffer = Sniffer::start(&["-i", "lo", "-w", &place.path("a.pcapng")]);
    has_no_rights(&sniffer.status());
    let printing = Sniffer::start(&["-i", "lo"]);
    has_no_rights(&printing.status());
    assert_eq!((sniffer.interrupt().status, printing.interrupt().status), (0, 0));
}

/// With sudo and pkexec the process becomes the user's again, and so does the file.
#[test]
fn sudo_goes_back_to_the_user() {
    let Some(place) = can_sniff().then(for_all_users).and_then(granted) else { return };
    let (own, roots) = (place.path("users"), place.path("roots"));
    for (directory, owner) in [(&own, NOBODY), (&roots, 0)] {
        std::fs::create_dir(directory).unwrap();
        std::os::unix::fs::chown(directory, Some(owner), Some(owner)).unwrap();
    }
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
    assert_eq!(std::fs::metadata(&file).unwrap().uid(), NOBODY);
    // Root's right to write anywhere is not the user's.
    let refused = started(&format!("{roots}/capture.pcapng")).end();
    assert!(refused.refused().contains("Permission denied"), "{refused:?}");
}

/// Marks a program as `setcap cap_net_raw=ep` does: a `vfs_cap_data` of revision 2, see capabilities(7).
///
/// # Errors
/// When this user may not, or the file system keeps no such marks.
fn mark(program: &str) -> Result<(), String> {
    const REVISION_2_AND_EFFECTIVE: u32 = 0x0200_0001;
    const CAP_NET_RAW: u32 = 1 << 13;
    let words = [REVISION_2_AND_EFFECTIVE, CAP_NET_RAW, 0, 0, 0];
    setxattr(program, "security.capability", &words.map(u32::to_le_bytes).concat(), XattrFlags::empty())
        .map_err(|error| format!("a file cannot be marked with a right: {error}"))
}

/// The mark gives the right to sniff to whoever starts the program; the window has none of it.
#[test]
fn a_mark_on_the_file_is_enough_and_only_for_sniffing() {
    let Some(place) = can_sniff().then(for_all_users).and_then(granted) else { return };
    let copy = place.path("framescope");
    std::fs::copy(env!("CARGO_BIN_EXE_framescope"), &copy).unwrap();
    if granted(mark(&copy)).is_none() {
        return;
    }
    let as_nobody = |arguments: &[&str]| {
        let mut command = Command::new(&copy);
        command.args(arguments).uid(NOBODY).gid(NOBODY);
        command
    };
    let sniffer = Sniffer::run(as_nobody(&["capture", "-i", "lo"]));
    has_no_rights(&sniffer.status());
    assert_eq!(sniffer.interrupt().status, 0);
    let other = Running::start(&mut as_nobody(&["frames", "-"]));
    until("it has no rights", || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", other.id())).unwrap();
        // It has the right of its file until it gives it away.
        field(&status, "CapPrm") == ["0000000000000000"]
    });
    assert!(other.finish().refused().contains("empty"));
}
