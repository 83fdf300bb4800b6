//! The outline of a head: what matters to whoever steps over HTTP, that is how its body is framed, and whether it has
//! to do with a WebSocket.
//!
//! Nearly no head of a busy capture has. Its fields are not kept then, which takes a fifth of the time.

use std::mem::MaybeUninit;

use httparse::ParserConfig;

use super::head::FEW_FIELDS;
use super::upgrade::names_websocket;
use super::{Body, Head, HeadError, StartLine, body};

/// The outline of a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outline {
    start: Start,
    /// Tells whether Upgrade names the WebSocket protocol, if it is there.
    upgrades: Option<bool>,
    /// There is a field that each side of an opening handshake has for itself.
    has_key: bool,
    has_accept: bool,
    pub(super) framing: Option<Body>,
}

/// The content of its first line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    Request(Method),
    Response(u16),
}

/// A request's method, as far as it changes what its answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// A successful answer makes a tunnel of the connection (RFC 9110 §9.3.6).
    Connect,
    /// The answer has no body (RFC 9110 §9.3.2).
    Head,
    /// Any other one.
    Other,
}

impl Method {
    fn named(name: &str) -> Method {
        match name {
            "CONNECT" => Method::Connect,
            "HEAD" => Method::Head,
            _ => Method::Other,
        }
    }
}

impl Outline {
    /// Reads a whole request head, its empty line included, as [`Head::request`] does.
    ///
    /// # Errors
    /// As of [`Head::request`].
    pub fn request(octets: &[u8]) -> Result<Outline, HeadError> {
        let mut few = [const { MaybeUninit::uninit() }; FEW_FIELDS];
        let mut request = httparse::Request::new(&mut []);
        match ParserConfig::default().parse_request_with_uninit_headers(&mut request, octets, &mut few) {
            Ok(httparse::Status::Complete(_)) => {
                let method = Method::named(request.method.unwrap_or_default());
                Ok(Outline::new(Start::Request(method), request.headers.iter().map(|field| (field.name, field.value))))
            }
            // What the strict parser does not take, a folded line say, is for the one that forgives.
            _ => Head::request(octets).map(|head| Outline::of(&head)),
        }
    }

    /// Reads a whole response head, its empty line included, as [`Head::response`] does.
    ///
    /// # Errors
    /// As of [`Head::response`].
    pub fn response(octets: &[u8]) -> Result<Outline, HeadError> {
        let mut few = [const { MaybeUninit::uninit() }; FEW_FIELDS];
        let mut response = httparse::Response::new(&mut []);
        match ParserConfig::default().parse_response_with_uninit_headers(&mut response, octets, &mut few) {
            Ok(httparse::Status::Complete(_)) => {
                let start = Start::Response(response.code.unwrap_or_default());
                Ok(Outline::new(start, response.headers.iter().map(|field| (field.name, field.value))))
            }
            _ => Head::response(octets).map(|head| Outline::of(&head)),
        }
    }

    /// The outline of a head that was read.
    pub fn of(head: &Head) -> Outline {
        let start = match &head.start {
            StartLine::Request { method, .. } => Start::Request(Method::named(method)),
            StartLine::Response { status, .. } => Start::Response(*status),
        };
        Outline::new(start, head.fields.iter().map(|(name, value)| (name.as_str(), value.as_bytes())))
    }

    fn new<'a>(start: Start, fields: impl Iterator<Item = (&'a str, &'a [u8])>) -> Outline {
        let (mut upgrades, mut has_key, mut has_accept) = (None, false, false);
        let (mut codings, mut length) = (None, None);
        for (name, value) in fields {
            if is_called(name, "Content-Length") {
                length = length.or(Some(value));
            } else if is_called(name, "Transfer-Encoding") {
                // Several are one list (RFC 9110 §5.3), of which the end matters.
                codings = Some(value);
            } else if is_called(name, "Upgrade") {
                upgrades = Some(upgrades == Some(true) || names_websocket(&String::from_utf8_lossy(value)));
            }
            has_key |= is_called(name, "Sec-WebSocket-Key");
            has_accept |= is_called(name, "Sec-WebSocket-Accept");
        }
        Outline { start, upgrades, has_key, has_accept, framing: body::framing(codings, length) }
    }

    /// The method of a request; that of a response means nothing.
    pub fn method(&self) -> Method {
        match self.start {
            Start::Request(method) => method,
            Start::Response(_) => Method::Other,
        }
    }

    /// The status code of a response.
    pub fn status(&self) -> Option<u16> {
        match self.start {
            Start::Response(status) => Some(status),
            Start::Request(_) => None,
        }
    }

    /// Returns whether a request wants to open a WebSocket: it says `Upgrade: websocket`, or carries a
    /// Sec-WebSocket-Key.
    pub fn is_upgrade_request(&self) -> bool {
        matches!(self.start, Start::Request(_)) && (self.upgrades == Some(true) || self.has_key)
    }

    /// Returns whether the answer to a request that wants to open a WebSocket does: 101, and not to another protocol.
    pub fn opens(&self) -> bool {
        self.is_upgrade_response() || self.status() == Some(101) && self.upgrades.is_none()
    }

    /// Returns whether a response opens a WebSocket although nobody saw it being asked for: 101, and a WebSocket field.
    pub fn is_upgrade_response(&self) -> bool {
        self.status() == Some(101) && (self.upgrades == Some(true) || self.has_accept)
    }
}

/// Returns whether a field has this name, in any case; mostly it is spelt so.
#[inline(always)]
fn is_called(field: &str, name: &str) -> bool {
    field == name || field.eq_ignore_ascii_case(name)
}

#[cfg(test)]
mod tests {
    use super::super::body::Chunk;
    use super::*;
    use proptest::prelude::*;

    /// Lines of heads, good and bad.
    const LINES: [&str; 25] = [
        "Upgrade: websocket",
        "upgrade: h2c, \"a,b\" , WebSocket/13",
        "Upgrade: \u{2003}websocket\u{2003}",
        "UPGRADE:h2c",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "sec-websocket-accept:",
        "Content-Length: 5",
        "Content-Length: +7, 8",
        "content-length: \u{fffd}",
        "Content-Length: 18446744073709551616",
        "Content-Length: 18446744073709551615",
        "Content-Length:",
        "Transfer-Encoding: gzip, Chunked",
        "Transfer-encoding: chunked,",
        "Transfer-Encoding: identity",
        "transfer-encoding:",
        "Host: x",
        "no field at all",
        " folded",
        "\tfolded",
        ": no name",
        "Name : x",
        "X: a\rb",
        "X: \u{e9}\u{0}",
        "",
    ];

    /// Returns the framing that the fields' whole values tell.
    fn framing_by_values(head: &Head) -> Option<Body> {
        if let Some(codings) = head.value("transfer-encoding") {
            let last = codings.rsplit(',').next().unwrap_or_default().trim().to_lowercase();
            return Some(if last == "chunked" { Body::Chunked(Chunk::Size(0, false)) } else { Body::UntilClose });
        }
        let length = head.values("content-length").next()?;
        length.split(',').next()?.trim().parse().ok().map(Body::Length)
    }

    proptest! {
        /// It says the same as the whole head, and fails where that does.
        #[test]
        fn says_what_the_head_says(
            first in prop::sample::select(vec![
                "GET / HTTP/1.1", "CONNECT x:1 HTTP/1.1", "HEAD  / HTTP/1.0", "GET /", "HTTP/1.1 101", "HTTP/1.1 200 OK",
                "HTTP/1.1 204 ", "HTTP/1.1  101 \u{e9}", "HTTP/1.1 20",
            ]),
            lines in prop::collection::vec((prop::sample::select(LINES.to_vec()), prop::bool::ANY), 0..40),
        ) {
            let mut octets = format!("{first}\r\n").into_bytes();
            for (line, is_bare) in lines {
                octets.extend_from_slice(line.as_bytes());
                octets.extend_from_slice(if is_bare { b"\n" } else { b"\r\n" });
            }
            octets.extend_from_slice(b"\r\n");
            let of = |head: Result<Head, HeadError>| head.map(|head| Outline::of(&head));
            prop_assert_eq!(Outline::request(&octets), of(Head::request(&octets)));
            prop_assert_eq!(Outline::response(&octets), of(Head::response(&octets)));
            for head in [Head::request(&octets), Head::response(&octets)].into_iter().flatten() {
                let outline = Outline::of(&head);
                let upgrades = head.values("upgrade").any(names_websocket);
                let is_request = head.method().is_some();
                prop_assert_eq!(outline.framing, framing_by_values(&head));
                prop_assert_eq!(
                    outline.is_upgrade_request(),
                    is_request && (upgrades || head.value("sec-websocket-key").is_some())
                );
                let is_101 = head.status() == Some(101);
                let has_upgrade = head.value("upgrade").is_some();
                let is_response = is_101 && (upgrades || head.value("sec-websocket-accept").is_some());
                prop_assert_eq!(outline.is_upgrade_response(), is_response);
                prop_assert_eq!(outline.opens(), is_response || is_101 && !has_upgrade);
            }
        }
    }

    #[test]
    fn a_method_is_told_where_it_matters() {
        let method = |name: &str| Outline::request(format!("{name} / HTTP/1.1\r\n\r\n").as_bytes()).unwrap().method();
        assert_eq!(
            ["CONNECT", "HEAD", "GET", "head"].map(method),
            [Method::Connect, Method::Head, Method::Other, Method::Other]
        );
    }
}
