//! The head of a request or a response (RFC 9112 §2–§5), everything in it kept.

use std::borrow::Cow;

/// The first line of a head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartLine {
    /// `GET /chat HTTP/1.1`
    Request {
        /// The method, as sent.
        method: String,
        /// The request target, as sent.
        target: String,
        /// The minor version: 1 of HTTP/1.1.
        minor_version: u8,
    },
    /// `HTTP/1.1 101 Switching Protocols`
    Response {
        /// The status code.
        status: u16,
        /// The reason phrase; may be empty.
        reason: String,
        /// The minor version.
        minor_version: u8,
    },
}

/// A head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The first line.
    pub start: StartLine,
    /// Field names and values as sent, in order, repeated ones too. Octets that are not UTF-8 are shown as U+FFFD.
    pub fields: Vec<(String, String)>,
}

/// Why octets are not a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an HTTP/1 head")]
pub struct HeadError(#[from] httparse::Error);

/// More fields than any real head has.
const MAX_FIELDS: usize = 4096;
/// Fields for which no memory has to be asked for.
pub(super) const FEW_FIELDS: usize = 24;

/// Joins folded field lines with the ones before them, each fold a single space (RFC 9112 §5.2). A folded line behind the
/// first line belongs to no field: the parsers leave it out, as §2.2 wants it.
fn unfolded(octets: &[u8]) -> Cow<'_, [u8]> {
    let is_blank = |octet: &u8| matches!(octet, b' ' | b'\t');
    // Empty lines may stand before a head (RFC 9112 §2.2).
    let start = octets.iter().position(|octet| !matches!(octet, b'\r' | b'\n')).unwrap_or(0);
    let octets = octets.get(start..).unwrap_or_default();
    let goes_on = |end: &usize| !matches!(octets.get(..*end), Some([.., b'\n'] | [.., b'\n', b'\r']));
    let lines = memchr::memchr_iter(b'\n', octets).skip(1).take_while(goes_on);
    let mut ends = lines.filter(|end| octets.get(end + 1).is_some_and(is_blank));
    let Some(first) = ends.next() else { return Cow::Borrowed(octets) };
    let (mut joined, mut from) = (Vec::with_capacity(octets.len()), 0);
    for end in std::iter::once(first).chain(ends) {
        joined.extend_from_slice(octets.get(from..end).unwrap_or_default().trim_ascii_end());
        joined.push(b' ');
        let blanks = octets[end + 1..].iter().take_while(|octet| is_blank(octet)).count();
        from = end + 1 + blanks;
    }
    joined.extend_from_slice(octets.get(from..).unwrap_or_default());
    Cow::Owned(joined)
}

/// Returns what reads requests. Lines that are no field are left out.
fn request_parser() -> httparse::ParserConfig {
    let mut config = httparse::ParserConfig::default();
    config.ignore_invalid_headers_in_requests(true).allow_multiple_spaces_in_request_line_delimiters(true);
    config
}

/// Returns what reads responses. Lines that are no field are left out.
fn response_parser() -> httparse::ParserConfig {
    let mut config = httparse::ParserConfig::default();
    config
        .ignore_invalid_headers_in_responses(true)
        .allow_spaces_after_header_name_in_responses(true)
        .allow_multiple_spaces_in_response_status_delimiters(true);
    config
}

impl Head {
    /// Reads a whole request head, its empty line included. Lines that are no field are left out.
    ///
    /// # Errors
    /// When the first line is not a request line, a line breaks off, or the empty line is not there.
    pub fn request(octets: &[u8]) -> Result<Head, HeadError> {
        let octets = &*unfolded(octets);
        let (mut few, mut many) = ([httparse::EMPTY_HEADER; FEW_FIELDS], Vec::new());
        let mut request = httparse::Request::new(room(octets, &mut few, &mut many));
        is_whole(request_parser().parse_request(&mut request, octets)?)?;
        Ok(Head {
            start: StartLine::Request {
                method: request.method.unwrap_or_default().to_owned(),
                target: request.path.unwrap_or_default().to_owned(),
                minor_version: request.version.unwrap_or_default(),
            },
            fields: owned(request.headers),
        })
    }

    /// Reads a whole response head, its empty line included. Lines that are no field are left out.
    ///
    /// # Errors
    /// When the first line is not a status line, a line breaks off, or the empty line is not there.
    pub fn response(octets: &[u8]) -> Result<Head, HeadError> {
        let octets = &*unfolded(octets);
        let (mut few, mut many) = ([httparse::EMPTY_HEADER; FEW_FIELDS], Vec::new());
        let mut response = httparse::Response::new(room(octets, &mut few, &mut many));
        is_whole(response_parser().parse_response(&mut response, octets)?)?;
        Ok(Head {
            start: StartLine::Response {
                status: response.code.unwrap_or_default(),
                reason: response.reason.unwrap_or_default().to_owned(),
                minor_version: response.version.unwrap_or_default(),
            },
            fields: owned(response.headers),
        })
    }

    /// The values of every field called `name` (in any case), in order.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The values of every field called `name` joined with `, `, which means the same (RFC 9110 §5.3); `None` when
    /// there is no such field.
    pub fn value(&self, name: &str) -> Option<Cow<'_, str>> {
        let first = self.fields.iter().position(|(field, _)| field.eq_ignore_ascii_case(name))?;
        let mut joined = Cow::Borrowed(self.fields[first].1.as_str());
        for (field, value) in &self.fields[first + 1..] {
            if field.eq_ignore_ascii_case(name) {
                joined.to_mut().push_str(", ");
                joined.to_mut().push_str(value);
            }
        }
        Some(joined)
    }

    /// The status code of a response.
    pub fn status(&self) -> Option<u16> {
        match self.start {
            StartLine::Response { status, .. } => Some(status),
            StartLine::Request { .. } => None,
        }
    }

    /// The method of a request.
    pub fn method(&self) -> Option<&str> {
        match &self.start {
            StartLine::Request { method, .. } => Some(method),
            StartLine::Response { .. } => None,
        }
    }

    /// The first line as text.
    pub fn start_line(&self) -> String {
        match &self.start {
            StartLine::Request { method, target, minor_version } => format!("{method} {target} HTTP/1.{minor_version}"),
            StartLine::Response { status, reason, minor_version } => {
                format!("HTTP/1.{minor_version} {status} {reason}").trim_end().to_owned()
            }
        }
    }
}

/// Fails where a head has no end.
fn is_whole(parsed: httparse::Status<usize>) -> Result<(), HeadError> {
    match parsed {
        httparse::Status::Complete(_) => Ok(()),
        httparse::Status::Partial => Err(HeadError(httparse::Error::NewLine)),
    }
}

/// Room for as many fields as there are lines, within reason: in `few` where that is enough, else in `many`.
fn room<'r, 'o>(
    octets: &[u8],
    few: &'r mut [httparse::Header<'o>],
    many: &'r mut Vec<httparse::Header<'o>>,
) -> &'r mut [httparse::Header<'o>] {
    let lines = memchr::memchr_iter(b'\n', octets).count();
    if lines <= few.len() {
        return few;
    }
    many.resize(lines.min(MAX_FIELDS), httparse::EMPTY_HEADER);
    many
}

fn owned(fields: &[httparse::Header<'_>]) -> Vec<(String, String)> {
    fields.iter().map(|field| (field.name.to_owned(), String::from_utf8_lossy(field.value).into_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_world_heads() {
        let head = Head::response(b"HTTP/1.1 101 \r\nUpgrade: WebSocket\r\nA:1\r\na: 2\r\n\r\n").unwrap();
        assert_eq!((head.status(), head.start_line().as_str()), (Some(101), "HTTP/1.1 101"));
        assert_eq!((head.value("A").as_deref(), head.value("upgrade").as_deref()), (Some("1, 2"), Some("WebSocket")));
        assert!(Head::response(b"HTTP/1.1 101\r\n\r\n").is_ok());
        let head = Head::request(b"GET /\xc3\xa9 HTTP/1.0\r\nno field at all\r\nHost: x\r\n\r\n").unwrap();
        assert_eq!((head.method(), head.value("host").as_deref()), (Some("GET"), Some("x")));
        assert!(Head::request(b"GET / HTTP/1.1\r\nHost: x\r\n").is_err() && Head::response(b"HTTP/1.1 101").is_err());
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(300));
        assert_eq!(Head::request(many.as_bytes()).unwrap().fields.len(), 300);
    }

    #[test]
    fn a_folded_line_belongs_to_the_field_before() {
        let fields = "Upgrade:\r\n websocket\r\nConnection: keep-alive, \r\n\t  Upgrade\n  \r\nA: b\r\n \r\n c\r\nno field\r\n at all\r\n\r\n";
        let expected = [("Upgrade", "websocket"), ("Connection", "keep-alive, Upgrade"), ("A", "b  c")];
        for (head, is_request) in
            [("GET / HTTP/1.1\r\n", true), ("HTTP/1.1 101 x\r\n", false), ("GET / HTTP/1.1\r\n X: y\r\n", true)]
        {
            let octets = [head, fields].concat().into_bytes();
            let read = if is_request { Head::request(&octets) } else { Head::response(&octets) };
            let fields = read.unwrap().fields;
            let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            assert_eq!(fields, expected, "{head}");
        }
    }
}
