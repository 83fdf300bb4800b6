//! HTTP/1 as far as a WebSocket needs it: heads, bodies to step over, the Upgrade.
//!
//! ```text
//!   octets ─▶ HttpReader ─▶ Outline ─▶ Body::of_request / Body::of_response ─▶ back to the reader
//!                              └──▶ Head ─▶ upgrade: offer and answer, judged (RFC 6455 §4)
//! ```

mod body;
mod cut_head;
mod head;
mod outline;
mod permessage_deflate;
mod reader;
mod upgrade;

pub use body::Body;
pub use cut_head::head_of_start;
pub use head::{Head, HeadError, StartLine};
pub use outline::{Method, Outline};
pub use permessage_deflate::{DeflateParameters, is_deflate};
pub use reader::{
    HttpKind, HttpReader, HttpStep, MAX_HEAD_LEN, can_start_head, has_request_line, sniff, starts_request,
};
pub use upgrade::{
    ACCEPT_GUID, Extension, accept_for, accept_hash, extensions, extensions_in, judge_answer, judge_offer,
    judge_request_line, tokens, url,
};
