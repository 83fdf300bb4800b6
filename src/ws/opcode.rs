//! Opcodes (RFC 6455 §5.2, §11.8).

use std::fmt;

/// The 4-bit opcode of a frame. All sixteen values are values; the reserved ones too.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Opcode(u8);

impl Opcode {
    /// A continuation frame.
    pub const CONTINUATION: Opcode = Opcode(0);
    /// The first frame of a text message.
    pub const TEXT: Opcode = Opcode(1);
    /// The first frame of a binary message.
    pub const BINARY: Opcode = Opcode(2);
    /// A Close frame.
    pub const CLOSE: Opcode = Opcode(8);
    /// A Ping frame.
    pub const PING: Opcode = Opcode(9);
    /// A Pong frame.
    pub const PONG: Opcode = Opcode(10);

    /// The opcode in the low four bits of a frame's first octet.
    pub const fn of(octet0: u8) -> Opcode {
        Opcode(octet0 & 0x0f)
    }

    /// 0–15.
    pub fn value(self) -> u8 {
        self.0
    }

    /// Returns whether it is a control frame's: the most significant bit is set (§5.5), reserved ones included.
    pub const fn is_control(self) -> bool {
        self.0 & 0x8 != 0
    }

    /// Returns whether it is reserved for further frames: 3–7 and 0xB–0xF.
    pub const fn is_reserved(self) -> bool {
        !matches!(self.0, 0..=2 | 8..=10)
    }

    /// The RFC's word for it.
    pub fn name(self) -> &'static str {
        match self.0 {
            0 => "continuation",
            1 => "text",
            2 => "binary",
            8 => "close",
            9 => "ping",
            10 => "pong",
            3..=7 => "reserved data",
            _ => "reserved control",
        }
    }
}

impl fmt::Display for Opcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Debug for Opcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.0, self.name())
    }
}
