//! The tests' common parts that write captures.
#![allow(dead_code, reason = "only a part of it is used")]

#[path = "../../common/link.rs"]
pub mod link;
#[path = "../../common/pcap.rs"]
pub mod pcap;
#[path = "../../common/tcp.rs"]
pub mod tcp;
