//! The part of a head that a capture has, where it stored the packet shorter than it was.
//!
//! The request line or the status line stands first and tells most. Of the fields some may be there, and nothing tells
//! which others were.

use super::{HttpKind, starts_request};

/// Makes a head of the start of one: of its whole lines, or of as much of a request line or a status line as there is. A
/// cut request target ends in `…`. `None` where not even method or status is whole.
pub fn head_of_start(octets: &[u8], kind: HttpKind) -> Option<Vec<u8>> {
    match (memchr::memrchr(b'\n', octets), kind) {
        (_, HttpKind::NotHttp) => None,
        (Some(end), _) => Some([&octets[..=end], b"\r\n"].concat()),
        (None, HttpKind::Requests) => head_of_request_line(octets),
        (None, HttpKind::Responses) => head_of_status_line(octets),
    }
}

fn head_of_request_line(line: &[u8]) -> Option<Vec<u8>> {
    let mut words = line.splitn(3, |octet| *octet == b' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next());
    let mark = if version.is_none() { "…" } else { "" };
    starts_request(line).then(|| [method, b" ", target, mark.as_bytes(), b" HTTP/1.1\r\n\r\n"].concat())
}

fn head_of_status_line(line: &[u8]) -> Option<Vec<u8>> {
    const STATUS: std::ops::Range<usize> = 9..12;
    let has_status = line.get(STATUS)?.iter().all(u8::is_ascii_digit);
    has_status.then(|| [line.trim_ascii_end(), b"\r\n\r\n"].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Head, sniff};

    /// Every start of a head is that head as far as it goes.
    #[test]
    fn each_start_of_a_head() {
        let request = "GET /chat?room=7 HTTP/1.1\r\nHost: example.test\r\nUpgrade: websocket\r\n\r\n";
        let response = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
        for (text, least) in [(request, "GET ".len()), (response, "HTTP/1.1 101".len())] {
            for len in 0..text.len() - 2 {
                let start = &text.as_bytes()[..len];
                let made = sniff(start).and_then(|kind| head_of_start(start, kind));
                assert_eq!(made.is_some(), len >= least, "{text}: {len}");
                let Some(octets) = made else { continue };
                let is_request = text == request;
                let head = if is_request { Head::request(&octets) } else { Head::response(&octets) }.unwrap();
                let lines = text[..len].matches('\n').count();
                assert_eq!(head.fields.len(), lines.saturating_sub(1), "{text}: {len}");
                let line = match len {
                    _ if !is_request || len > "GET /chat?room=7".len() => text[..len].lines().next().unwrap().trim(),
                    _ => &format!("{}… HTTP/1.1", &text[..len]),
                };
                let whole = "GET /chat?room=7 HTTP/1.1";
                assert_eq!(
                    head.start_line(),
                    if line.starts_with("GET /chat?room=7 ") || line == "GET /chat?room=7" { whole } else { line }
                );
            }
        }
        for (text, kind) in
            [("Get /chat", HttpKind::Requests), ("HTTP/1.1 1x1", HttpKind::Responses), ("x\r\n", HttpKind::NotHttp)]
        {
            assert_eq!(head_of_start(text.as_bytes(), kind), None, "{text}");
        }
    }
}
