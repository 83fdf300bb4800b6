#![no_main]

#[path = "../../fuzzed/bodies/deframer.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| body::check(octets));
