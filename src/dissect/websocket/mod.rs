//! An open WebSocket: its two senders, from octets to frames and messages, and their conversation (RFC 6455 §5 to §7).

pub(in crate::dissect) mod conversation;
pub(in crate::dissect) mod cut_header;
pub(in crate::dissect) mod in_doubt;
pub(in crate::dissect) mod seek;
pub(in crate::dissect) mod sender;
