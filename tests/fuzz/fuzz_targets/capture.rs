#![no_main]

#[path = "../../fuzzed/bodies/capture.rs"]
mod body;
mod common;
#[path = "../../answers/library.rs"]
mod library;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| body::check(octets));
