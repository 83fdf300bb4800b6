//! Rights that a machine gives to a test. A test that it does not let run says SKIPPED with the reason and does
//! nothing; with FRAMESCOPE_LIVE_TESTS=1 (as in `.ci/run`) that is a failure.

use std::sync::OnceLock;

/// Returns whether a test may open `lo`; it says so where it may not.
pub fn can_sniff() -> bool {
    static REFUSED: OnceLock<Option<String>> = OnceLock::new();
    let try_it = || {
        let ran = super::program::run(&["capture", "-i", "lo", "--duration", "10ms", "-w", "/dev/null"]);
        (ran.status != 0).then(|| ran.err.trim().to_owned())
    };
    granted(REFUSED.get_or_init(try_it).clone().map_or(Ok(()), Err)).is_some()
}

/// Returns what a test has tried to get; where it was refused with a reason, it says so.
pub fn granted<T>(tried: Result<T, String>) -> Option<T> {
    let why = match tried {
        Ok(it) => return Some(it),
        Err(why) => why,
    };
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    assert!(
        std::env::var_os("FRAMESCOPE_LIVE_TESTS").is_none_or(|wanted| wanted == "0"),
        "FRAMESCOPE_LIVE_TESTS wants {test} to run, and it cannot: {why}"
    );
    // Past the test's captured output, so that it is seen.
    let says = format!("SKIPPED {test}: {why}\n");
    _ = std::io::Write::write_all(&mut std::io::stderr(), says.as_bytes());
    None
}
