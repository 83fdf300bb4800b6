//! WebSocket: frame headers, masking, messages and the rules of RFC 6455.
//!
//! Views over octets make no judgement; meaning is a second step (`judge`, `breach`).

mod breach;
mod close;
mod cut;
mod deframer;
mod evidence;
mod fields;
mod header;
mod impostor;
mod judge;
mod legal;
mod mask;
mod message;
mod opcode;
mod plausible;
mod utf8;

pub use breach::{CloseCodeBreach, FrameBreach, PING_PATIENCE_SECONDS, judge_close};
pub use close::{CloseBody, MAX_CLOSE_BODY, close_code_name};
pub use cut::CutHeader;
pub use deframer::{Deframer, MAX_CONTROL_PAYLOAD, Step};
pub use evidence::{Evidence, Excerpt, evidence};
pub use fields::{FIELDS, FieldId, HeaderField, field};
pub use header::{FrameHeader, HeaderOctets, MAX_HEADER_LEN, Parsed};
pub use impostor::{IMPOSTOR_PREFIX, impostor};
pub use judge::{HeaderRule, judge_header};
pub use legal::Negotiated;
pub use mask::{masking_octet, unmask};
pub use message::{Joined, Joiner};
pub use opcode::Opcode;
pub use plausible::{Chain, follow, is_start_of_frames, looks_like_frames};
pub use utf8::{InvalidUtf8, Utf8, is_utf8};
