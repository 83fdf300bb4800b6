//! The command line as a stranger uses it: docs, mistakes, pipes, exit statuses and JSON keys.

mod check;
#[path = "../common/mod.rs"]
mod common;
mod decisions;
mod decode;
mod keys;
mod mistakes;
mod pipes;
mod show;
mod shrinking;

use common::program::run;

#[test]
fn help_names_every_subcommand_and_its_options() {
    let help = run(&["--help"]).quiet().out;
    for word in ["connections", "frames", "messages", "show", "decode", "[FILE]", "Exit status", "pcapng"] {
        assert!(help.contains(word), "{word}: {help}");
    }
    for (subcommand, options) in [
        ("connections", &["--json", "<FILE>"][..]),
        ("frames", &["--json", "--payload", "<FILE>"]),
        ("messages", &["--json", "--payload", "<FILE>"]),
        ("show", &["--frame", "<FILE>"]),
        ("decode", &["--json", "[HEX]"]),
    ] {
        let help = run(&[subcommand, "--help"]).quiet().out;
        assert!(options.iter().all(|option| help.contains(option)), "{subcommand}: {help}");
    }
    assert_eq!(run(&["--version"]).quiet().out, format!("framescope {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn tables_have_a_heading_and_a_line_for_each_row() {
    let sample = common::samples::named("chat-unicode");
    for list in ["connections", "frames", "messages"] {
        let rows = run(&[list, "--json", sample.argument()]).quiet().json().len();
        for options in [&[list, sample.argument()][..], &[list, sample.argument(), "--payload"]] {
            if list == "connections" && options.len() == 3 {
                continue;
            }
            let table = run(options).quiet().out;
            assert_eq!(table.lines().count(), 1 + rows, "{options:?}");
            assert!(!table.chars().any(|it| it.is_control() && it != '\n'), "nothing moves the cursor: {options:?}");
        }
    }
}

/// A row of dots tells nobody what octets there are.
#[test]
fn binary_octets_that_are_no_letters_are_shown_in_hex() {
    use common::frame::{BINARY, FIN, server};
    use common::tcp::{Server, Talk};
    let mut talk = Talk::upgraded();
    talk.say(Server, server(FIN | BINARY, &[1, 2, 3]));
    for list in ["frames", "messages"] {
        for options in [&[list, "-"][..], &[list, "--payload", "-"]] {
            let out = common::program::run_with(options, &talk.capture().pcap()).quiet().out;
            assert!(out.contains("01 02 03") || out.contains("010203"), "{options:?}: {out}");
        }
    }
}
