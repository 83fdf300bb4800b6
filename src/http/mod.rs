//! HTTP/1 as far as a WebSocket needs it: heads, bodies to step over, the Upgrade.
//!
//! ```text
//!   octets ─▶ HttpReader ─▶ Head ─▶ Body::of_request / Body::of_response ─▶ back to the reader
//!                             └──▶ upgrade: offer and answer, judged (RFC 6455 §4)
//! ```

mod body;
mod head;
mod reader;
mod upgrade;

pub use body::Body;
pub use head::{Head, HeadError, StartLine};
pub use reader::{HttpReader, HttpStep, Kind, MAX_HEAD_LEN, sniff, starts_request};
pub use upgrade::{
    ACCEPT_GUID, Extension, accept_for, accept_hash, extensions, is_upgrade_request, is_upgrade_response, judge_answer,
    judge_offer, quoted, tokens, url,
};
