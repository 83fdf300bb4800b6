//! One direction of an HTTP/1 connection: heads are handed out, bodies are stepped over.

use std::borrow::Cow;

use super::Body;

/// The longest head that is read, in octets. What is longer is not HTTP that opens a WebSocket.
pub const MAX_HEAD_LEN: usize = 64 * 1024;

/// The use of one direction, by its first octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpKind {
    /// Requests: the sender is the client.
    Requests,
    /// Responses: the sender is the server.
    Responses,
    /// Something else.
    NotHttp,
}

/// The first octets of a response.
const VERSION: &[u8] = b"HTTP/";
/// Octets of a method that are looked at. The longest registered one has 17.
const MAX_METHOD_LEN: usize = 24;
/// Octets of a request line that are looked at, where its method alone proves nothing. RFC 9112 §3 asks for 8,000.
const MAX_REQUEST_LINE_LEN: usize = 8_000;

/// Tells requests from responses from anything else by the first octets of a stream; `None` while they are too few.
/// A request begins with a method of upper-case letters and a space, or its whole first line is a request line; a server
/// may send a line end before (RFC 9112 §2.2).
pub fn sniff(octets: &[u8]) -> Option<HttpKind> {
    let start = octets.iter().position(|octet| !matches!(octet, b'\r' | b'\n'))?;
    let octets = &octets[start..];
    if start > 4 {
        return Some(HttpKind::NotHttp);
    }
    if octets.starts_with(VERSION) {
        return Some(HttpKind::Responses);
    }
    let method = octets.iter().take_while(|octet| matches!(octet, b'A'..=b'Z' | b'-' | b'_')).count();
    match octets.get(method) {
        None if VERSION.starts_with(octets) || method < MAX_METHOD_LEN => None,
        Some(b' ') if (1..MAX_METHOD_LEN).contains(&method) => Some(HttpKind::Requests),
        _ => has_request_line(octets).map(|has| if has { HttpKind::Requests } else { HttpKind::NotHttp }),
    }
}

/// Tells whether octets start with a whole request line (RFC 9112 §3), whatever its method is; `None` while they are too
/// few.
pub fn has_request_line(octets: &[u8]) -> Option<bool> {
    let method = octets.iter().take(MAX_METHOD_LEN).take_while(|octet| is_in_token(**octet)).count();
    match octets.get(method) {
        None => return None,
        Some(b' ') if method > 0 => {}
        Some(_) => return Some(false),
    }
    let line = &octets[..octets.len().min(MAX_REQUEST_LINE_LEN)];
    match line.iter().position(u8::is_ascii_control) {
        Some(end) => {
            let is_version = line[..end].ends_with(b" HTTP/1.1") || line[..end].ends_with(b" HTTP/1.0");
            Some(is_version && matches!(line[end], b'\r' | b'\n'))
        }
        None if line.len() < MAX_REQUEST_LINE_LEN => None,
        None => Some(false),
    }
}

/// Returns whether octets can start with a head. This is asked of all that is not read, nearly none of which is HTTP and has
/// a blank where a method or a version ends (RFC 9112 §2.1).
#[inline]
pub fn can_start_head(octets: &[u8]) -> bool {
    let start = octets.first_chunk::<MAX_METHOD_LEN>();
    start.is_some_and(|start| start.iter().fold(false, |has_blank, octet| has_blank | (*octet == b' ')))
}

/// Returns whether an octet may stand in a token (RFC 9110 §5.6.2), as a method is.
fn is_in_token(octet: u8) -> bool {
    matches!(octet, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'0'..=b'9' | b'A'..=b'Z' | b'^'..=b'z' | b'|' | b'~')
}

/// Returns whether octets behind a gap start with a request: unlike at the start of a stream, a few letters and a space
/// prove nothing there, so the method has to be a registered one (RFC 9110 §9.1, RFC 5789), or the whole request line is
/// there.
pub fn starts_request(octets: &[u8]) -> bool {
    const METHODS: [&str; 9] =
        ["GET ", "HEAD ", "POST ", "PUT ", "DELETE ", "CONNECT ", "OPTIONS ", "TRACE ", "PATCH "];
    METHODS.iter().any(|method| octets.starts_with(method.as_bytes())) || has_request_line(octets) == Some(true)
}

/// A reader's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HttpStep<'a> {
    /// A whole head. The reader takes no more octets until it is told what follows ([`HttpReader::body`]).
    Head {
        /// Stream offset of its first octet.
        at: u64,
        /// The head's octets, the empty line included.
        octets: Cow<'a, [u8]>,
        /// Its kind by its first octets; `None` where they are too few to tell.
        kind: Option<HttpKind>,
    },
    /// The octets are not HTTP/1, or a head is longer than 64 KiB, or a gap hid where the next one starts.
    Lost,
}

#[derive(Clone, Debug)]
enum State {
    Head,
    /// A head was handed out; nothing is taken until its body is known.
    Waiting,
    Body(Body),
    /// HTTP ended at this stream offset.
    Lost(u64),
}

/// Finds heads in one direction of a stream.
#[derive(Clone, Debug)]
pub struct HttpReader {
    state: State,
    at: u64,
    /// The head so far, and how much of it was searched for its end.
    head: Vec<u8>,
    /// The last head was a response.
    answers: bool,
}

impl HttpReader {
    /// A reader for a stream whose next head starts at stream offset `at`.
    pub fn new(at: u64) -> HttpReader {
        HttpReader { state: State::Head, at, head: Vec::new(), answers: false }
    }

    /// Takes octets off the front of `octets` until something is to be told; `None` when all were taken, or when the
    /// reader waits. In whatever pieces a stream comes, the same is told of it.
    pub fn next<'a>(&mut self, octets: &mut &'a [u8]) -> Option<HttpStep<'a>> {
        loop {
            match &mut self.state {
                State::Waiting => return None,
                State::Lost(_) => {
                    self.take(octets, octets.len());
                    return None;
                }
                State::Body(body) => {
                    let before = octets.len();
                    let is_over = body.take(octets);
                    self.at += (before - octets.len()) as u64;
                    if !is_over {
                        return None;
                    }
                    self.state = State::Head;
                }
                State::Head => {
                    let &octet = octets.first()?;
                    if !self.head.is_empty() || !matches!(octet, b'\r' | b'\n') {
                        return self.head(octets);
                    }
                    self.take(octets, 1);
                }
            }
        }
    }

    /// Takes octets of a head, of which there are some.
    fn head<'a>(&mut self, octets: &mut &'a [u8]) -> Option<HttpStep<'a>> {
        let known = self.head.len();
        let start = self.at - known as u64;
        let room = MAX_HEAD_LEN - known;
        let more = &octets[..octets.len().min(room)];
        if known > 0 {
            self.head.extend_from_slice(more);
        }
        // Nearly always a head is whole where it starts.
        let so_far = if known > 0 { &self.head } else { more };
        // Asked before its end is looked for: an empty line makes no head of what is no HTTP.
        // Who answers does not ask.
        let can_be_answer = || so_far.starts_with(VERSION) || VERSION.starts_with(so_far);
        let kind = if self.answers && !can_be_answer() { Some(HttpKind::NotHttp) } else { sniff(so_far) };
        let is_http = kind != Some(HttpKind::NotHttp);
        let end = if is_http { head_end(so_far, known.saturating_sub(3)) } else { None };
        if let Some(end) = end {
            let head = match known {
                0 => Cow::Borrowed(&more[..end]),
                _ => {
                    self.head.truncate(end);
                    Cow::Owned(std::mem::take(&mut self.head))
                }
            };
            self.take(octets, end - known);
            self.state = State::Waiting;
            self.answers = kind == Some(HttpKind::Responses);
            return Some(HttpStep::Head { at: start, octets: head, kind });
        }
        self.take(octets, more.len());
        if !is_http || more.len() == room {
            self.state = State::Lost(start);
            self.head = Vec::new();
            return Some(HttpStep::Lost);
        }
        if known == 0 {
            self.head.extend_from_slice(more);
        }
        None
    }

    fn take(&mut self, octets: &mut &[u8], len: usize) {
        *octets = &octets[len..];
        self.at += len as u64;
    }

    /// Tells what stands behind the head that was handed out.
    pub fn body(&mut self, body: Body) {
        self.state = State::Body(body);
    }

    /// Steps over `len` octets that the capture lacks: inside a body of known length its end is still known.
    pub fn skip(&mut self, len: u64) -> Option<HttpStep<'static>> {
        let mut left = len;
        let known = match &mut self.state {
            State::Body(body) => body.skip(&mut left),
            State::Lost(_) => return None,
            State::Head | State::Waiting => false,
        };
        self.at += len;
        if known {
            return None;
        }
        self.state = State::Lost(self.at);
        self.head = Vec::new();
        Some(HttpStep::Lost)
    }

    /// Returns whether the next `len` octets belong to a body, whatever they are: then they can be
    /// [passed](HttpReader::pass).
    #[inline]
    pub fn is_in_body(&self, len: u32) -> bool {
        matches!(&self.state, State::Body(body) if body.covers(u64::from(len)))
    }

    /// Steps over `len` octets of a body without looking at them.
    #[inline]
    pub fn pass(&mut self, len: u32) {
        if let State::Body(body) = &mut self.state {
            body.skip(&mut u64::from(len));
            self.at += u64::from(len);
        }
    }

    /// Stream offset of the next octet.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// Stream offset of the head that is not whole yet.
    pub fn partial_head(&self) -> Option<u64> {
        (!self.head.is_empty()).then(|| self.at - self.head.len() as u64)
    }

    /// Gives up the head that is not whole yet, if there is one: its stream offset, and its octets so far.
    pub fn take_partial_head(&mut self) -> Option<(u64, Vec<u8>)> {
        let at = self.partial_head()?;
        Some((at, std::mem::take(&mut self.head)))
    }

    /// Stream offset behind the last head or body; inside a body, `None`.
    pub fn http_end(&self) -> Option<u64> {
        match self.state {
            State::Head => Some(self.at - self.head.len() as u64),
            State::Lost(at) => Some(at),
            State::Waiting => Some(self.at),
            State::Body(body) => (body == Body::Length(0)).then_some(self.at),
        }
    }

    /// Octets of that head that are kept.
    pub fn head_len(&self) -> usize {
        self.head.len()
    }

    /// Returns whether the next octet is the first of a head.
    pub fn is_between(&self) -> bool {
        match self.state {
            State::Head => self.head.is_empty(),
            State::Body(body) => body == Body::Length(0),
            State::Waiting | State::Lost(_) => false,
        }
    }

    /// Returns whether a head was handed out and the reader waits to be told what follows.
    pub fn is_waiting(&self) -> bool {
        matches!(self.state, State::Waiting)
    }
}

/// The position behind the empty line that ends a head, searched from `from`. A bare LF ends a line too (RFC 9112
/// §2.2).
fn head_end(head: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    // Lines are short: eight octets at once find their ends faster than a search for each.
    while let Some(eight) = head.get(at..).and_then(|rest| rest.first_chunk()) {
        let mut ends = line_ends(u64::from_le_bytes(*eight));
        while ends != 0 {
            let line = at + ends.trailing_zeros() as usize / 8 + 1;
            if let Some(len) = empty_line(head.get(line..)?) {
                return Some(line + len);
            }
            ends &= ends - 1;
        }
        at += 8;
    }
    let is_end = |line: &usize| head.get(line - 1) == Some(&b'\n');
    (at + 1..head.len()).filter(is_end).find_map(|line| empty_line(head.get(line..)?).map(|len| line + len))
}

/// The highest bit of each octet that is a LF, of eight.
#[inline]
fn line_ends(octets: u64) -> u64 {
    const LOW_BITS: u64 = u64::from_ne_bytes([0x7f; 8]);
    // Octets that are zero now are those; adding to the others sets their highest bit, if it is not set already.
    let rest = octets ^ u64::from_ne_bytes([b'\n'; 8]);
    !(((rest & LOW_BITS) + LOW_BITS) | rest | LOW_BITS)
}

/// The length of the empty line that octets start with.
#[inline]
fn empty_line(octets: &[u8]) -> Option<usize> {
    match octets {
        [b'\n', ..] => Some(1),
        [b'\r', b'\n', ..] => Some(2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sniffing() {
        assert_eq!(sniff(b""), None);
        assert_eq!(sniff(b"GE"), None);
        assert_eq!(sniff(b"GET /"), Some(HttpKind::Requests));
        assert_eq!(sniff(b"\r\nM-SEARCH *"), Some(HttpKind::Requests));
        assert_eq!(sniff(b"HT"), None);
        assert_eq!(sniff(b"HTTP/1.1 "), Some(HttpKind::Responses));
        assert_eq!(sniff(b"SSH-2.0"), None);
        assert_eq!(sniff(b"SSH-2.0-x\r\n"), Some(HttpKind::NotHttp));
        assert_eq!(sniff(b"\x16\x03"), Some(HttpKind::NotHttp));
        assert_eq!(sniff(&[b'A'; 40]), Some(HttpKind::NotHttp));
    }

    #[test]
    fn any_method_makes_a_request_line() {
        for line in ["Get /chat HTTP/1.1\r\n", "get / HTTP/1.0\n", "\r\n$~ * HTTP/1.1\r", "X1 /a b\u{e9} HTTP/1.1\n"] {
            assert_eq!(sniff(line.as_bytes()), Some(HttpKind::Requests), "{line}");
            let start = line.trim_start().as_bytes();
            assert!(starts_request(start), "{line}");
            for len in 0..start.len() - 1 {
                let is_known = sniff(&start[..len]).is_some() || starts_request(&start[..len]);
                assert!(!is_known || start[len] == b'\n', "{line}: {len}");
            }
        }
        for text in [
            "Get /chat HTTP/1.1\t\r\n",
            "Get /chat SIP/2.0\r\n",
            "Get / http/1.1\r\n",
            " / HTTP/1.1\r\n",
            "G(t / HTTP/1.1\r\n",
            "Hello, it is no HTTP/1.1\u{0}\r\n",
            "a method that is too long for one\n",
            "abcdefghijklmnopqrstuvwxyz / HTTP/1.1\r\n",
            "+OK POP3 HTTP/1.1 server ready\r\n",
            "x \u{1}",
        ] {
            assert_eq!(
                (sniff(text.as_bytes()), starts_request(text.as_bytes())),
                (Some(HttpKind::NotHttp), false),
                "{text}"
            );
        }
        let long = format!("get /{} HTTP/1.1\r\n", "x".repeat(MAX_REQUEST_LINE_LEN));
        assert_eq!(sniff(long.as_bytes()), Some(HttpKind::NotHttp));
    }

    #[test]
    fn heads_split_anywhere_and_bodies_between() {
        let stream = b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc\r\nGET /chat HTTP/1.1\nHost: x\n\nrest";
        for size in 1..stream.len() {
            let mut reader = HttpReader::new(10);
            let (mut heads, mut taken) = (Vec::new(), 0);
            'stream: for chunk in stream.chunks(size) {
                let mut octets = chunk;
                while let Some(step) = reader.next(&mut octets) {
                    let HttpStep::Head { at, octets: head, .. } = step else { panic!("lost") };
                    heads.push((at, head.len()));
                    if heads.len() == 2 {
                        taken += chunk.len() - octets.len();
                        break 'stream;
                    }
                    reader.body(Body::Length(3));
                }
                taken += chunk.len() - octets.len();
            }
            assert_eq!(heads, [(10, 38), (53, 28)], "{size}");
            assert_eq!((&stream[taken..], reader.at(), reader.is_waiting()), (&b"rest"[..], 10 + taken as u64, true));
        }
    }

    #[test]
    fn bodies_are_passed_unseen_as_far_as_they_are_known() {
        let mut reader = HttpReader::new(0);
        let mut octets = &b"HTTP/1.1 200 OK\r\n\r\n"[..];
        assert!(reader.next(&mut octets).is_some() && !reader.is_in_body(1), "nobody said yet what follows");
        reader.body(Body::Length(10));
        assert_eq!((reader.is_in_body(10), reader.is_in_body(11)), (true, false));
        reader.pass(4);
        reader.pass(6);
        assert_eq!((reader.at(), reader.is_between(), reader.is_in_body(1)), (29, true, false));
        assert!(reader.next(&mut &b"HTTP/1.1 204 \n\n"[..]).is_some());
        reader.body(Body::Chunked(super::super::body::Chunk::Size(0, false)));
        assert!(!reader.is_in_body(1), "a size has to be read");
        assert_eq!(reader.next(&mut &b"5\r\nabc"[..]), None);
        assert_eq!((reader.is_in_body(4), reader.is_in_body(5)), (true, false));
        reader.pass(4);
        assert_eq!((reader.next(&mut &b"0\r\n\r\n"[..]), reader.is_between()), (None, true));
        reader.body(Body::UntilClose);
        assert!(reader.is_in_body(u32::MAX));
    }

    /// Everything that a reader tells of a stream that comes in such pieces, and where it then is.
    fn told(pieces: Vec<&[u8]>, bodies: &[Body]) -> impl PartialEq + std::fmt::Debug + use<> {
        let (mut reader, mut steps, mut bodies) = (HttpReader::new(10), Vec::new(), bodies.iter().cycle());
        for mut octets in pieces {
            while let Some(step) = reader.next(&mut octets) {
                steps.push(match step {
                    HttpStep::Head { at, octets, kind } => Some((at, octets.into_owned(), kind)),
                    HttpStep::Lost => None,
                });
                if let (true, Some(body)) = (reader.is_waiting(), bodies.next()) {
                    reader.body(*body);
                }
            }
        }
        (steps, reader.at(), reader.http_end(), reader.partial_head(), reader.is_between())
    }

    proptest! {
        #[test]
        fn the_pieces_of_a_stream_make_no_difference(
            words in prop::collection::vec(prop::sample::select(vec![
                "GET / HTTP/1.1", "get / HTTP/1.1\r\n", "HTTP/1.1 200 OK", "GE", "HT", "a: b", "a b", "\r\n", "\n", "\n\n", "\r\n\r\n", "\r", " ", "\x16\x03",
                "5\r\nabcde\r\n", "0\r\n\r\n", "ABCDEFGHIJKLM",
            ]), 0..30),
            sizes in prop::collection::vec(1..8usize, 1..6),
            bodies in prop::collection::vec(prop::sample::select(vec![
                Body::Length(0), Body::Length(3), Body::Chunked(super::super::body::Chunk::Size(0, false)), Body::UntilClose,
            ]), 1..4),
        ) {
            let stream = words.concat().into_bytes();
            let whole = told(vec![&stream], &bodies);
            let (mut rest, mut sizes) = (&stream[..], sizes.iter().cycle());
            let pieces = std::iter::from_fn(|| {
                let (piece, behind) = rest.split_at(rest.len().min(*sizes.next()?));
                rest = behind;
                (!piece.is_empty()).then_some(piece)
            });
            prop_assert_eq!(whole, told(pieces.collect(), &bodies));
        }
    }

    proptest! {
        #[test]
        fn an_empty_line_is_found_where_it_is(octets in prop::collection::vec(prop::sample::select(b"\r\n\n\x8a\x0babc".to_vec()), 0..40), from in 0..40usize) {
            let by_lines = || {
                let lines = (from + 1..=octets.len()).filter(|line| octets[line - 1] == b'\n');
                lines.into_iter().find_map(|line| match &octets[line..] {
                    [b'\n', ..] => Some(line + 1),
                    [b'\r', b'\n', ..] => Some(line + 2),
                    _ => None,
                })
            };
            prop_assert_eq!(head_end(&octets, from), by_lines());
        }
    }

    #[test]
    fn what_is_not_http_or_endless_is_given_up() {
        let mut reader = HttpReader::new(0);
        assert_eq!(reader.next(&mut &b"\x16\x03\x01"[..]), Some(HttpStep::Lost));
        let mut octets = &b"\x16\x03\x01 with an empty line\n\n in it"[..];
        let mut reader = HttpReader::new(0);
        assert_eq!((reader.next(&mut octets), octets), (Some(HttpStep::Lost), &b""[..]));
        let mut reader = HttpReader::new(0);
        let endless = [b"GET / HTTP/1.1\r\n".to_vec(), vec![b'x'; MAX_HEAD_LEN]].concat();
        assert_eq!(reader.next(&mut &endless[..]), Some(HttpStep::Lost));
    }

    #[test]
    fn a_gap_in_a_body_is_no_harm() {
        let mut reader = HttpReader::new(0);
        reader.body(Body::Length(10));
        assert_eq!(reader.skip(10), None);
        assert_eq!(reader.skip(1), Some(HttpStep::Lost));
    }
}
