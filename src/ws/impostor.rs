//! Octets that stand where a frame should start and belong to another protocol: an error page of a proxy, a second
//! request, TLS on a plain port. Read as frames they break rule after rule, and none of those is the cause.

use super::{FrameHeader, Negotiated};

/// Octets that are enough to know an impostor.
pub const IMPOSTOR_PREFIX: usize = 64;

/// Printable octets in a row that no frame header starts by accident.
const PLAIN_TEXT: usize = 24;

const STARTS: [(&[u8], &str); 21] = [
    (b"HTTP/", "an HTTP response"),
    (b"GET ", "an HTTP request"),
    (b"HEAD ", "an HTTP request"),
    (b"POST ", "an HTTP request"),
    (b"PUT ", "an HTTP request"),
    (b"DELETE ", "an HTTP request"),
    (b"CONNECT ", "an HTTP request"),
    (b"OPTIONS ", "an HTTP request"),
    (b"TRACE ", "an HTTP request"),
    (b"PATCH ", "an HTTP request"),
    (b"PRI * HTTP/2", "an HTTP/2 preface"),
    (b"SSH-", "SSH"),
    (b"<!DOCTYPE", "HTML"),
    (b"<!doctype", "HTML"),
    (b"<html", "HTML"),
    (b"<HTML", "HTML"),
    (b"<?xml", "XML"),
    (b"{\"", "JSON text"),
    (b"[{\"", "JSON text"),
    (b"[\"", "JSON text"),
    (b"{\n", "JSON text"),
];

/// Which protocol `octets` are of, if they are no frame: only asked where the header that they would start breaks a rule.
pub fn impostor(octets: &[u8]) -> Option<&'static str> {
    if let Some((_, name)) = STARTS.iter().find(|(start, _)| octets.starts_with(start)) {
        return Some(name);
    }
    // A TLS record (RFC 8446 §5.1): content type, version 3.0 to 3.4, at most 2^14 + 2048 octets.
    if let [20..=23, 3, 0..=4, high, low, ..] = *octets
        && (1..=(1 << 14) + 2048).contains(&u16::from_be_bytes([high, low]))
    {
        return Some("a TLS record");
    }
    let is_text = |octet: &u8| matches!(octet, b' '..=b'~' | b'\r' | b'\n' | b'\t');
    octets.get(..PLAIN_TEXT).is_some_and(|start| start.iter().all(is_text)).then_some("plain text")
}

impl FrameHeader {
    /// Whether no peer that keeps to the rules sends such a header: then what stands here may be no frame at all.
    #[inline]
    pub fn is_doubtful(&self, negotiated: Negotiated) -> bool {
        let opcode = self.opcode();
        let [rsv1, rsv2, rsv3] = self.rsv();
        let is_compressed = rsv1 && negotiated.deflate && !opcode.is_control();
        rsv2 || rsv3 || (rsv1 && !is_compressed) || opcode.is_reserved() || (opcode.is_control() && !self.fin())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Parsed;
    use super::*;

    #[test]
    fn impostors_are_named_and_frames_are_not() {
        let cases: [(&[u8], Option<&str>); 10] = [
            (b"GET / HTTP/1.1\r\n", Some("an HTTP request")),
            (b"HTTP/1.1 400 Bad Request\r\n", Some("an HTTP response")),
            (b"\x16\x03\x01\x02\x00\x01", Some("a TLS record")),
            (b"\x16\x03\x01\xff\xff\x01", None),
            (b"SSH-2.0-OpenSSH_9.2", Some("SSH")),
            (b"{\"type\":\"hello\"}", Some("JSON text")),
            (b"<!DOCTYPE html><html>", Some("HTML")),
            (b"Too many connections for you, go away", Some("plain text")),
            (b"Too many", None),
            (b"\x81\x05Hello", None),
        ];
        for (octets, expected) in cases {
            assert_eq!(impostor(octets), expected, "{octets:02x?}");
        }
    }

    /// What starts an impostor would be a header that breaks rules, or it would never be looked at.
    #[test]
    fn impostors_start_with_doubtful_headers() {
        let text: [&[u8]; 2] = [b"Too many connections", b"\x16\x03\x01\x02\x00\x01"];
        for octets in STARTS.iter().map(|(start, _)| *start).chain(text) {
            let octets = [octets, &[0; 14]].concat();
            let Parsed::Done(header) = FrameHeader::parse(&octets) else { panic!("whole header") };
            assert!(header.is_doubtful(Negotiated::default()), "{octets:02x?}");
            assert!(header.is_doubtful(Negotiated { deflate: true, other: false }), "{octets:02x?}");
        }
    }
}
