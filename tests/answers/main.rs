//! One answer about one message (DESIGN decision 16): however its octets come, whenever it is asked for, and whoever asks.

#[path = "../common/mod.rs"]
mod common;
mod inputs;
mod library;
mod program;

use proptest::prelude::*;

use inputs::Input;

/// Conversations that were found by hand to be answered in several ways.
#[test]
fn conversations_that_were_answered_in_several_ways() {
    for Input { name, capture, expected } in inputs::all() {
        library::compare(&name, &capture, &[1, 7, 61]);
        let rows = program::compare(&name, &capture);
        for (message, (key, value)) in expected {
            assert_eq!(rows[message - 1][key], value, "{name}: message {message}: {}", rows[message - 1]);
        }
    }
}

#[test]
fn samples() {
    for sample in common::samples::all() {
        library::compare(&sample.name, &sample.octets(), &[97, 1500]);
        program::compare(&sample.name, &sample.octets());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_conversation(
        steps in prop::collection::vec(inputs::step(), 1..40),
        extensions in prop::sample::select(&inputs::EXTENSIONS[..]),
        pieces in prop::collection::vec(1..400_usize, 1..6),
    ) {
        library::compare("any conversation", &inputs::conversation(extensions, &steps), &pieces);
    }
}
