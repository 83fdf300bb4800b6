//! Octets that stand where a frame should start and belong to another protocol: an error page of a proxy, a second
//! request, TLS on a plain port. Read as frames they break rule after rule, and none of those is the cause.

use crate::base::Protocol;

/// Octets that are enough to know an impostor.
pub const IMPOSTOR_PREFIX: usize = 64;

/// Printable octets in a row that no frame header starts by accident.
const PLAIN_TEXT: usize = 24;

const STARTS: [(&[u8], Protocol); 21] = [
    (b"HTTP/", Protocol::HttpResponse),
    (b"GET ", Protocol::HttpRequest),
    (b"HEAD ", Protocol::HttpRequest),
    (b"POST ", Protocol::HttpRequest),
    (b"PUT ", Protocol::HttpRequest),
    (b"DELETE ", Protocol::HttpRequest),
    (b"CONNECT ", Protocol::HttpRequest),
    (b"OPTIONS ", Protocol::HttpRequest),
    (b"TRACE ", Protocol::HttpRequest),
    (b"PATCH ", Protocol::HttpRequest),
    (b"PRI * HTTP/2", Protocol::Http2Preface),
    (b"SSH-", Protocol::Ssh),
    (b"<!DOCTYPE", Protocol::Html),
    (b"<!doctype", Protocol::Html),
    (b"<html", Protocol::Html),
    (b"<HTML", Protocol::Html),
    (b"<?xml", Protocol::Xml),
    (b"{\"", Protocol::Json),
    (b"[{\"", Protocol::Json),
    (b"[\"", Protocol::Json),
    (b"{\n", Protocol::Json),
];

/// The protocol that `octets` are of, if they are no frame: only asked where the header that they would start breaks a rule.
pub fn impostor(octets: &[u8]) -> Option<Protocol> {
    if let Some((_, protocol)) = STARTS.iter().find(|(start, _)| octets.starts_with(start)) {
        return Some(*protocol);
    }
    // A TLS record (RFC 8446 §5.1): content type, version 3.0 to 3.4, at most 2^14 + 2048 octets.
    if let [20..=23, 3, 0..=4, high, low, ..] = *octets
        && (1..=(1 << 14) + 2048).contains(&u16::from_be_bytes([high, low]))
    {
        return Some(Protocol::TlsRecord);
    }
    let is_text = |octet: &u8| matches!(octet, b' '..=b'~' | b'\r' | b'\n' | b'\t');
    octets.get(..PLAIN_TEXT).is_some_and(|start| start.iter().all(is_text)).then_some(Protocol::PlainText)
}

#[cfg(test)]
mod tests {
    use super::super::{FrameHeader, Negotiated, Parsed};
    use super::*;
    use crate::base::Sender;

    #[test]
    fn impostors_are_named_and_frames_are_not() {
        let cases: [(&[u8], Option<Protocol>); 10] = [
            (b"GET / HTTP/1.1\r\n", Some(Protocol::HttpRequest)),
            (b"HTTP/1.1 400 Bad Request\r\n", Some(Protocol::HttpResponse)),
            (b"\x16\x03\x01\x02\x00\x01", Some(Protocol::TlsRecord)),
            (b"\x16\x03\x01\xff\xff\x01", None),
            (b"SSH-2.0-OpenSSH_9.2", Some(Protocol::Ssh)),
            (b"{\"type\":\"hello\"}", Some(Protocol::Json)),
            (b"<!DOCTYPE html><html>", Some(Protocol::Html)),
            (b"Too many connections for you, go away", Some(Protocol::PlainText)),
            (b"Too many", None),
            (b"\x81\x05Hello", None),
        ];
        for (octets, expected) in cases {
            assert_eq!(impostor(octets), expected, "{octets:02x?}");
        }
    }

    /// The start of an impostor would be a header that breaks rules, or it would never be looked at.
    #[test]
    fn impostors_start_with_doubtful_headers() {
        let text: [&[u8]; 2] = [b"Too many connections", b"\x16\x03\x01\x02\x00\x01"];
        for octets in STARTS.iter().map(|(start, _)| *start).chain(text) {
            let octets = [octets, &[0; 14]].concat();
            let Parsed::Done(header) = FrameHeader::parse(&octets) else { panic!("whole header") };
            for (sender, deflate) in
                [(Sender::Client, false), (Sender::Client, true), (Sender::Server, false), (Sender::Server, true)]
            {
                assert!(header.is_doubtful(sender, Negotiated { deflate, other: false }), "{octets:02x?}");
            }
        }
    }
}
