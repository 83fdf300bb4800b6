//! How a WebSocket begins: the Upgrade exchange (RFC 6455 §4), its lost halves, what the user decides, and recognition
//! without a handshake.

pub(in crate::dissect) mod decisions;
pub(in crate::dissect) mod encrypted;
pub(in crate::dissect) mod exchange;
pub(in crate::dissect) mod lost_half;
pub(in crate::dissect) mod recognition;
pub(in crate::dissect) mod user_override;
