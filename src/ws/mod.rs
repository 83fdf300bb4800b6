//! WebSocket: frame headers, masking, messages and the rules of RFC 6455.
//!
//! Views over octets make no judgement; meaning is a second step (`judge`).

mod close;
mod fields;
mod header;
mod mask;
mod opcode;

pub use close::{CloseBody, close_code_name};
pub use fields::{FIELDS, FieldId, HeaderField, field};
pub use header::{FrameHeader, MAX_HEADER_LEN, Parsed};
pub use mask::{masking_octet, unmask};
pub use opcode::Opcode;
