//! The body of a Close frame (RFC 6455 §5.5.1, §7.4).

/// What a Close frame's body says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseBody<'a> {
    /// No body: the peer reports 1005, "no status received" (§7.1.5).
    Empty,
    /// A single octet, which is no code.
    OneOctet(u8),
    /// A code and a reason, which should be UTF-8.
    Code {
        /// The status code (§7.4).
        code: u16,
        /// The octets of the reason that are known.
        reason: &'a [u8],
    },
}

impl CloseBody<'_> {
    /// Reads an unmasked body.
    pub fn parse(body: &[u8]) -> CloseBody<'_> {
        match body {
            [] => CloseBody::Empty,
            [octet] => CloseBody::OneOctet(*octet),
            [high, low, reason @ ..] => CloseBody::Code { code: u16::from_be_bytes([*high, *low]), reason },
        }
    }

    /// The code that an application is told: 1005 for an empty body, `None` for a single octet.
    pub fn code(&self) -> Option<u16> {
        match self {
            CloseBody::Empty => Some(1005),
            CloseBody::OneOctet(_) => None,
            CloseBody::Code { code, .. } => Some(*code),
        }
    }
}

/// What a close code means, from the IANA "WebSocket Close Code Number Registry" (RFC 6455 §11.7) and the ranges of
/// §7.4.2.
pub fn close_code_name(code: u16) -> &'static str {
    match code {
        1000 => "Normal Closure",
        1001 => "Going Away",
        1002 => "Protocol error",
        1003 => "Unsupported Data",
        1004 => "Reserved",
        1005 => "No Status Rcvd",
        1006 => "Abnormal Closure",
        1007 => "Invalid frame payload data",
        1008 => "Policy Violation",
        1009 => "Message Too Big",
        1010 => "Mandatory Ext.",
        1011 => "Internal Error",
        1012 => "Service Restart",
        1013 => "Try Again Later",
        1014 => "Bad Gateway",
        1015 => "TLS handshake",
        3000 => "Unauthorized",
        3003 => "Forbidden",
        3008 => "Timeout",
        0..=999 => "not used",
        1016..=2999 => "unassigned",
        3001..=3999 => "registered by a library or framework",
        4000..=4999 => "private use",
        5000.. => "out of range",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies() {
        assert_eq!(CloseBody::parse(b"").code(), Some(1005));
        assert_eq!(CloseBody::parse(b"x").code(), None);
        assert_eq!(CloseBody::parse(b"\x03\xe8bye"), CloseBody::Code { code: 1000, reason: b"bye" });
    }
}
