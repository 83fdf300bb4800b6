//! The body of a Close frame (RFC 6455 §5.5.1, §7.4).

/// Octets that are looked at of a Close frame's body. No legal one has more than 125.
pub const MAX_CLOSE_BODY: usize = 1024;

/// The meaning of a Close frame's body.
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
        /// These are all of them.
        is_whole: bool,
    },
}

impl CloseBody<'_> {
    /// Reads the start of an unmasked body of `len` octets; `None` where the code is not known.
    pub fn parse(start: &[u8], len: u64) -> Option<CloseBody<'_>> {
        let start = start.get(..MAX_CLOSE_BODY).unwrap_or(start);
        let is_whole = start.len() as u64 >= len;
        match start {
            [] => is_whole.then_some(CloseBody::Empty),
            [octet] => is_whole.then_some(CloseBody::OneOctet(*octet)),
            [high, low, reason @ ..] => {
                Some(CloseBody::Code { code: u16::from_be_bytes([*high, *low]), reason, is_whole })
            }
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

    /// The reason as text, with U+FFFD for what is not UTF-8, and `…` where its end is not known.
    pub fn reason(&self) -> String {
        let CloseBody::Code { reason, is_whole, .. } = self else { return String::new() };
        if *is_whole {
            return String::from_utf8_lossy(reason).into_owned();
        }
        let (mut text, mut behind) = (String::new(), reason.len());
        for chunk in reason.utf8_chunks() {
            let (valid, invalid) = (chunk.valid(), chunk.invalid());
            text.push_str(valid);
            behind -= valid.len() + invalid.len();
            // A character that is cut is not one that is wrong.
            let is_right = invalid.is_empty() || behind == 0 && is_cut(invalid);
            if !is_right {
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        text.push('…');
        text
    }
}

/// Returns whether octets that are no UTF-8 are the start of a character.
fn is_cut(octets: &[u8]) -> bool {
    std::str::from_utf8(octets).is_err_and(|error| error.error_len().is_none())
}

/// The name of a close code, from the IANA "WebSocket Close Code Number Registry" (RFC 6455 §11.7) and the ranges of
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
        let whole = |body: &'static [u8]| CloseBody::parse(body, body.len() as u64).unwrap();
        assert_eq!((whole(b"").code(), whole(b"").reason()), (Some(1005), String::new()));
        assert_eq!(whole(b"x").code(), None);
        assert_eq!(whole(b"\x03\xe8bye"), CloseBody::Code { code: 1000, reason: b"bye", is_whole: true });
        assert_eq!(whole(b"\x03\xe8b\xffy\xe2\x82").reason(), "b\u{fffd}y\u{fffd}");
    }

    #[test]
    fn starts_of_bodies() {
        let start = |body: &'static [u8]| CloseBody::parse(body, 200);
        assert_eq!((start(b""), start(b"\x03")), (None, None));
        let reasons = [b"\x03\xe8".as_slice(), b"\x03\xe8bye", b"\x03\xe8b\xffy\xe2\x82", b"\x03\xe8b\xe2\x82\xff"];
        let reasons = reasons.map(|body| start(body).unwrap().reason());
        assert_eq!(reasons, ["…", "bye…", "b\u{fffd}y…", "b\u{fffd}\u{fffd}…"]);
        let long = [b"\x03\xe8".as_slice(), &[b'x'; 4000]].concat();
        assert_eq!(CloseBody::parse(&long, 4002).unwrap().reason().len(), MAX_CLOSE_BODY - 2 + "…".len());
    }
}
