#![no_main]

#[path = "../../fuzzed/bodies/capture.rs"]
mod body;
#[path = "../../answers/library.rs"]
mod library;

/// Those of the tests' common parts that write captures.
#[allow(dead_code, reason = "only a part of it is used")]
mod common {
    #[path = "../../../common/link.rs"]
    pub mod link;
    #[path = "../../../common/pcap.rs"]
    pub mod pcap;
    #[path = "../../../common/tcp.rs"]
    pub mod tcp;
}

libfuzzer_sys::fuzz_target!(|octets: &[u8]| body::check(octets));
