//! Whether this machine lets a test sniff. Where it does not, a test says so and does nothing; with FRAMESCOPE_LIVE_TESTS=1
//! (as in `.ci/run`) that is a failure.

use std::process::Command;
use std::sync::OnceLock;

/// What a test needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// To open `lo`.
    Sniff,
    /// To make network namespaces, mounts and other users' processes.
    #[allow(dead_code, reason = "tests of the window do not need it")]
    Root,
}

/// Whether the test can run. It says so where it cannot.
pub fn has(need: Need) -> bool {
    let lacking = match need {
        Need::Sniff => sniffing(),
        Need::Root => sniffing().or_else(root),
    };
    let Some(why) = lacking else { return true };
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    assert!(
        std::env::var_os("FRAMESCOPE_LIVE_TESTS").is_none_or(|wanted| wanted == "0"),
        "FRAMESCOPE_LIVE_TESTS wants {test} to run, and it cannot: {why}"
    );
    // Past the test's captured output, so that it is seen.
    let says = format!("SKIPPED {test}: {why}\n");
    _ = std::io::Write::write_all(&mut std::io::stderr(), says.as_bytes());
    false
}

fn sniffing() -> Option<String> {
    static LACKING: OnceLock<Option<String>> = OnceLock::new();
    let try_it = || {
        let ran = crate::common::program::run(&["capture", "-i", "lo", "--duration", "10ms", "-w", "/dev/null"]);
        (ran.status != 0).then(|| ran.err.trim().to_owned())
    };
    LACKING.get_or_init(try_it).clone()
}

fn root() -> Option<String> {
    static LACKING: OnceLock<Option<String>> = OnceLock::new();
    let try_it = || {
        let works = |program: &str, arguments: &[&str]| {
            Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
        };
        let wanted = [
            ("unshare", &["--net", "--mount", "true"][..], "no network namespaces and mounts without root (unshare)"),
            ("ip", &["-V"], "no `ip` (Debian: iproute2)"),
            ("setpriv", &["--version"], "no `setpriv` (Debian: util-linux)"),
        ];
        wanted.iter().find(|(program, arguments, _)| !works(program, arguments)).map(|(.., why)| (*why).to_owned())
    };
    LACKING.get_or_init(try_it).clone()
}
