#![no_main]

#[path = "../../fuzzed/bodies/http_heads.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| body::check(octets));
