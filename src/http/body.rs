//! The framing of a message's body (RFC 9112 §6), and stepping over it.

use super::{Method, Outline};

/// The body that stands behind a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// So many octets.
    Length(u64),
    /// Chunks; the state of reading them.
    Chunked(Chunk),
    /// Everything until the connection ends.
    UntilClose,
}

/// The state of reading a chunked body (RFC 9112 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunk {
    /// In the line with the size; digits so far, and whether an extension began.
    Size(u64, bool),
    /// In the data: octets left, the line end behind it included.
    Data(u64),
    /// In the trailer; octets of the line so far.
    Trailer(u32),
}

impl Body {
    /// The body of a request (RFC 9112 §6.3).
    pub fn of_request(head: &Outline) -> Body {
        head.framing.unwrap_or(Body::Length(0))
    }

    /// The body of a response to a request with `method`.
    pub fn of_response(head: &Outline, method: Option<Method>) -> Body {
        match (head.status().unwrap_or_default(), method) {
            (_, Some(Method::Head)) | (100..=199 | 204 | 304, _) => Body::Length(0),
            _ => head.framing.unwrap_or(Body::UntilClose),
        }
    }

    /// Takes octets of the body off the front of `octets`; whether the body is complete. Octets that are no chunk
    /// size make the rest unreadable: the body then lasts until the connection ends.
    pub fn take(&mut self, octets: &mut &[u8]) -> bool {
        loop {
            match self {
                Body::Length(left) => {
                    *left -= step(octets, *left);
                    return *left == 0;
                }
                Body::UntilClose => {
                    *octets = &[];
                    return false;
                }
                Body::Chunked(Chunk::Data(left)) => {
                    *left -= step(octets, *left);
                    if *left > 0 {
                        return false;
                    }
                    *self = Body::Chunked(Chunk::Size(0, false));
                }
                Body::Chunked(chunk) => {
                    let Some((octet, rest)) = octets.split_first() else { return false };
                    *octets = rest;
                    match line(*chunk, *octet) {
                        Some(Line::Next(next)) => *chunk = next,
                        Some(Line::End) => return true,
                        None => *self = Body::UntilClose,
                    }
                }
            }
        }
    }

    /// Returns whether the next `len` octets belong to it, whatever they are.
    #[inline]
    pub fn covers(&self, len: u64) -> bool {
        match self {
            Body::Length(left) | Body::Chunked(Chunk::Data(left)) => len <= *left,
            Body::UntilClose => true,
            Body::Chunked(_) => len == 0,
        }
    }

    /// Steps over `len` octets that the capture lacks; whether the place in the body is still known.
    pub fn skip(&mut self, len: &mut u64) -> bool {
        match self {
            Body::Length(left) | Body::Chunked(Chunk::Data(left)) => {
                let here = (*left).min(*len);
                *left -= here;
                *len -= here;
                *len == 0
            }
            Body::UntilClose => {
                *len = 0;
                true
            }
            Body::Chunked(_) => *len == 0,
        }
    }
}

enum Line {
    Next(Chunk),
    End,
}

/// One octet of a size line or of the trailer.
fn line(chunk: Chunk, octet: u8) -> Option<Line> {
    Some(Line::Next(match (chunk, octet) {
        (Chunk::Size(0, _), b'\n') => Chunk::Trailer(0),
        // The data's own CR LF is stepped over with it.
        (Chunk::Size(size, _), b'\n') => Chunk::Data(size.checked_add(2)?),
        (Chunk::Size(size, _), b'\r') => Chunk::Size(size, true),
        (Chunk::Size(size, false), b';' | b' ' | b'\t') => Chunk::Size(size, true),
        (Chunk::Size(size, true), _) => Chunk::Size(size, true),
        (Chunk::Size(size, false), _) => {
            let digit = char::from(octet).to_digit(16)?;
            Chunk::Size(size.checked_mul(16)?.checked_add(u64::from(digit))?, false)
        }
        (Chunk::Trailer(0), b'\n') => return Some(Line::End),
        (Chunk::Trailer(_), b'\n') => Chunk::Trailer(0),
        (Chunk::Trailer(len), b'\r') => Chunk::Trailer(len),
        (Chunk::Trailer(len), _) => Chunk::Trailer(len.saturating_add(1)),
        (Chunk::Data(_), _) => return None,
    }))
}

fn step(octets: &mut &[u8], left: u64) -> u64 {
    let here = usize::try_from(left).map_or(octets.len(), |left| left.min(octets.len()));
    *octets = &octets[here..];
    here as u64
}

/// The framing that the last Transfer-Encoding and the first Content-Length tell, where there are such; chunked wins over a
/// length (RFC 9112 §6.3).
pub(super) fn framing(codings: Option<&[u8]>, length: Option<&[u8]>) -> Option<Body> {
    if let Some(codings) = codings.map(String::from_utf8_lossy) {
        let last = codings.rsplit(',').next().unwrap_or_default().trim();
        return Some(if last.eq_ignore_ascii_case("chunked") {
            Body::Chunked(Chunk::Size(0, false))
        } else {
            Body::UntilClose
        });
    }
    let length = length?;
    short_number(length).or_else(|| first_number(&String::from_utf8_lossy(length))).map(Body::Length)
}

/// A field that is nothing but a few digits, as nearly every Content-Length is.
fn short_number(value: &[u8]) -> Option<u64> {
    if !(1..=18).contains(&value.len()) {
        return None;
    }
    value.iter().try_fold(0, |number, octet| {
        let digit = octet.wrapping_sub(b'0');
        (digit < 10).then_some(10 * number + u64::from(digit))
    })
}

/// The first member of a list of numbers.
fn first_number(list: &str) -> Option<u64> {
    list.split(',').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rest(body: Body, octets: &'static [u8], chunk: usize) -> Option<usize> {
        let (mut body, mut taken) = (body, 0);
        for part in octets.chunks(chunk) {
            let mut left = part;
            let done = body.take(&mut left);
            taken += part.len() - left.len();
            if done {
                return Some(octets.len() - taken);
            }
        }
        None
    }

    #[test]
    fn bodies_end_where_they_end() {
        let chunked = b"5;x=\"y\"\r\nHello\r\n1A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\nT: v\r\n\r\nGET";
        for size in [1, 2, 3, 7, 100] {
            assert_eq!(rest(Body::Chunked(Chunk::Size(0, false)), chunked, size), Some(3));
            assert_eq!(rest(Body::Length(4), b"bodyGET", size), Some(3));
            assert_eq!(rest(Body::UntilClose, b"bodyGET", size), None);
            assert_eq!(rest(Body::Chunked(Chunk::Size(0, false)), b"zz\r\n", size), None);
            assert_eq!(rest(Body::Chunked(Chunk::Size(0, false)), b"fffffffffffffffff\r\n", size), None);
        }
    }

    #[test]
    fn framing_follows_method_and_status() {
        let head = |text: &str| Outline::response(text.as_bytes()).unwrap();
        let of = |text: &str, method| Body::of_response(&head(text), Some(method));
        assert_eq!(of("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", Method::Head), Body::Length(0));
        assert_eq!(of("HTTP/1.1 304 x\r\nContent-Length: 5\r\n\r\n", Method::Other), Body::Length(0));
        assert_eq!(of("HTTP/1.1 401 x\r\nContent-Length: 5\r\n\r\n", Method::Other), Body::Length(5));
        assert_eq!(of("HTTP/1.1 200 OK\r\n\r\n", Method::Other), Body::UntilClose);
        let both = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n";
        assert_eq!(of(both, Method::Other), Body::Chunked(Chunk::Size(0, false)));
    }
}
