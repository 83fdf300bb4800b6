#![no_main]

#[path = "../../fuzzed/bodies/capture_file.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| body::check(octets));
