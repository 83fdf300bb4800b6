//! The right to sniff: how to get it, and how to give it away.

use std::io;
use std::path::PathBuf;

/// A way to get the right to sniff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// The effect of the command.
    pub what: String,
    /// A line to copy into a terminal.
    pub command: String,
}

/// Ways to get the right to sniff on this system, the best one first.
pub fn fixes(promiscuous: bool) -> Vec<Fix> {
    let program = program();
    let fix = |what: &str, command: String| Fix { what: what.to_owned(), command };
    if cfg!(target_os = "linux") {
        let capabilities = if promiscuous { "cap_net_raw,cap_net_admin=ep" } else { "cap_net_raw=ep" };
        let mut fixes = vec![
            fix(
                "Let this program sniff, whoever of this machine's users starts it",
                format!("sudo setcap {capabilities} {program}"),
            ),
            fix(
                "Let a group sniff, and nobody else",
                format!(
                    "sudo groupadd -f sniffers && sudo usermod -aG sniffers \"$USER\" && sudo chgrp sniffers {program} && \
                     sudo chmod 750 {program} && sudo setcap {capabilities} {program}"
                ),
            ),
            fix(
                "Sniff as root once, and open the file here",
                format!("sudo {program} capture -i lo -w capture.pcapng"),
            ),
        ];
        if is_in_container() {
            fixes.push(fix("In a container: start it with the right to sniff", format!("docker run {CONTAINER} …")));
        }
        fixes
    } else if cfg!(target_os = "macos") {
        vec![
            fix("Let your user sniff until the next start", "sudo chown \"$USER\" /dev/bpf*".to_owned()),
            fix(
                "Sniff as root once, and open the file here",
                format!("sudo {program} capture -i lo0 -w capture.pcapng"),
            ),
        ]
    } else {
        vec![fix("Sniff as an administrator", format!("{program} capture -i NAME -w capture.pcapng"))]
    }
}

/// The option that gives a container the right.
const CONTAINER: &str = "--cap-add=NET_RAW";

fn is_in_container() -> bool {
    cfg!(target_os = "linux")
        && ["/.dockerenv", "/run/.containerenv"].iter().any(|mark| std::path::Path::new(mark).exists())
}

/// The best way in one line.
pub(super) fn advice(promiscuous: bool) -> String {
    let best = fixes(promiscuous).into_iter().next().map(|fix| fix.command).unwrap_or_default();
    let or = if is_in_container() { format!("; the container needs {CONTAINER}") } else { String::new() };
    format!("to give this program the right: {best} (or run it with sudo){or}")
}

/// The path of this program, as a shell takes it.
fn program() -> String {
    let path = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("framescope")).display().to_string();
    let plain = |it: char| it.is_ascii_alphanumeric() || "/._-+".contains(it);
    if path.chars().all(plain) { path } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

/// The program that asks for a password and then runs a command as root, where the desktop has one.
pub fn pkexec() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join("pkexec")).find(|program| program.is_file())
}

/// Returns whether this process is root's.
pub fn is_root() -> bool {
    #[cfg(unix)]
    return rustix::process::geteuid().is_root();
    #[cfg(not(unix))]
    return false;
}

/// Gives every right away for good that this process has beyond those of the user who started it: capabilities, and root
/// where `sudo` or `pkexec` made it root's for a user. To be called while there is one thread.
///
/// # Errors
/// Fails with the operating system's error; rights may be left then.
pub fn forgo_rights() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    linux::forgo()?;
    Ok(())
}

/// Returns whether [`forgo_rights`] makes another user of root.
pub(super) fn has_a_user_behind() -> bool {
    #[cfg(target_os = "linux")]
    return linux::user_behind().is_some();
    #[cfg(not(target_os = "linux"))]
    return false;
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io;

    use rustix::process::{Gid, Uid, getegid, geteuid, getuid};
    use rustix::thread::{
        CapabilitySet, CapabilitySets, clear_ambient_capability_set, set_capabilities, set_no_new_privs,
        set_thread_groups, set_thread_res_gid, set_thread_res_uid,
    };

    /// Returns who made a root's process of this one, if somebody did.
    pub fn user_behind() -> Option<(Uid, Gid)> {
        let number = |name: &str| std::env::var(name).ok()?.parse::<u32>().ok();
        if !getuid().is_root() && geteuid().is_root() {
            return Some((getuid(), rustix::process::getgid()));
        }
        if !geteuid().is_root() {
            return None;
        }
        let (user, group) = match number("PKEXEC_UID") {
            // pkexec does not tell the group; the user's own has it in /etc/passwd.
            Some(user) => (user, primary_group(user)?),
            None => (number("SUDO_UID")?, number("SUDO_GID")?),
        };
        (user != 0).then(|| (Uid::from_raw(user), Gid::from_raw(group)))
    }

    fn primary_group(user: u32) -> Option<u32> {
        let accounts = std::fs::read_to_string("/etc/passwd").ok()?;
        let fields = accounts.lines().map(|line| line.split(':').collect::<Vec<_>>());
        let account = fields.into_iter().find(|fields| fields.get(2).is_some_and(|id| *id == user.to_string()))?;
        account.get(3)?.parse().ok()
    }

    pub fn forgo() -> io::Result<()> {
        if let Some((user, group)) = user_behind() {
            set_thread_groups(&[group])?;
            set_thread_res_gid(Some(group), Some(group), Some(group))?;
            set_thread_res_uid(Some(user), Some(user), Some(user))?;
        } else {
            // A program that is set-group-ID: the group is a right too.
            let own = rustix::process::getgid();
            if getegid() != own {
                set_thread_res_gid(Some(own), Some(own), Some(own))?;
            }
        }
        // Without ambient capabilities in the kernel there are none to clear.
        _ = clear_ambient_capability_set();
        let none = CapabilitySet::empty();
        set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })?;
        Ok(())
    }

    /// No program that is started from here on gets more rights than this one has.
    pub fn forgo_new() -> io::Result<()> {
        Ok(set_no_new_privs(true)?)
    }
}

/// As [`forgo_rights`], and no program that is started from here on gets any by a mark on its file.
///
/// # Errors
/// Fails with the operating system's error.
pub(super) fn forgo_rights_for_good() -> io::Result<()> {
    forgo_rights()?;
    #[cfg(target_os = "linux")]
    linux::forgo_new()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fix_is_a_line_to_copy() {
        for promiscuous in [false, true] {
            let fixes = fixes(promiscuous);
            assert!(!fixes.is_empty());
            assert!(fixes.iter().all(|fix| !fix.command.contains('\n') && !fix.what.is_empty()));
            assert!(advice(promiscuous).contains(&fixes[0].command));
        }
    }
}
