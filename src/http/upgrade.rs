//! The opening handshake (RFC 6455 §4): the client's offer, the server's answer, and the rules that they break.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha1::{Digest as _, Sha1};

use super::{Head, StartLine, permessage_deflate};
use crate::base::{Breach, Fact, HandshakeHead, Place, Quote};

/// The text that is put behind the key before hashing (RFC 6455 §1.3).
pub const ACCEPT_GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Extensions that were accepted and not offered which are named one by one.
const MAX_NAMED: usize = 16;

/// SHA-1 of key and GUID: 20 octets (RFC 6455 §4.2.2, step 5.4).
pub fn accept_hash(key: &str) -> [u8; 20] {
    Sha1::new().chain_update(key).chain_update(ACCEPT_GUID).finalize().into()
}

/// The Sec-WebSocket-Accept that belongs to a Sec-WebSocket-Key.
pub fn accept_for(key: &str) -> String {
    BASE64.encode(accept_hash(key))
}

/// The members of a comma-separated list (RFC 9110 §5.6.1), commas inside quotes left alone.
pub fn tokens(list: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    list.split(move |character| {
        quoted ^= character == '"';
        character == ',' && !quoted
    })
    .map(str::trim)
    .filter(|token| !token.is_empty())
}

/// One extension of a Sec-WebSocket-Extensions field (RFC 6455 §9.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// Its name.
    pub name: String,
    /// Its parameters in order; quotes are taken off the values.
    pub parameters: Vec<(String, Option<String>)>,
}

/// The extensions that a head offers or accepts, in order.
pub fn extensions(head: &Head) -> Vec<Extension> {
    extensions_in(&head.value("sec-websocket-extensions").unwrap_or_default())
}

/// The extensions that a Sec-WebSocket-Extensions field names, in order.
pub fn extensions_in(list: &str) -> Vec<Extension> {
    let extension = |element: &str| {
        let mut parts = element.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_owned();
        let parameters = parts.filter(|part| !part.is_empty()).map(|part| match part.split_once('=') {
            Some((name, value)) => (name.trim().to_owned(), Some(value.trim().trim_matches('"').to_owned())),
            None => (part.to_owned(), None),
        });
        Extension { name, parameters: parameters.collect() }
    };
    tokens(list).map(extension).collect()
}

fn has_token(head: &Head, field: &str, token: &str) -> bool {
    head.values(field).any(|list| tokens(list).any(|member| member.eq_ignore_ascii_case(token)))
}

/// Returns whether a field Upgrade with this value names the WebSocket protocol, with or without a version
/// (`websocket/13`).
pub(super) fn names_websocket(list: &str) -> bool {
    tokens(list)
        .any(|protocol| protocol.split('/').next().is_some_and(|name| name.trim().eq_ignore_ascii_case("websocket")))
}

/// The URL a request opens (RFC 6455 §3): of the target and Host, `None` without either.
pub fn url(request: &Head, scheme: &str) -> Option<String> {
    let StartLine::Request { target, .. } = &request.start else { return None };
    // The absolute form (RFC 9112 §3.2.2); a query may hold a URL of its own.
    if !target.starts_with('/')
        && let Some((_, rest)) = target.split_once("://")
    {
        return Some(format!("{scheme}://{rest}"));
    }
    let host = request.values("host").next()?;
    Some(format!("{scheme}://{host}{target}"))
}

/// Judges a request that wants to open a WebSocket (RFC 6455 §4.1).
pub fn judge_offer(head: &Head, mut report: impl FnMut(Breach)) {
    judge_request_line(head, &mut report);
    let mut broken = |field, fact| report(Breach { place: Place::HandshakeField(field), fact });
    if head.value("host").is_none() {
        broken("host", Fact::HostMissing);
    }
    judge_upgrade(head, HandshakeHead::Request, &mut broken);
    judge_key(head, &mut broken);
    permessage_deflate::judge_offers(head, &mut broken);
    match head.value("sec-websocket-version") {
        None => broken("sec-websocket-version", Fact::VersionMissing),
        Some(version) if version.trim() != "13" => {
            broken("sec-websocket-version", Fact::VersionUnsupported { version: Quote::new(&version) });
        }
        Some(_) => {}
    }
}

/// Judges the request line alone, where nobody knows which fields follow it.
pub fn judge_request_line(head: &Head, mut report: impl FnMut(Breach)) {
    let StartLine::Request { method, minor_version, .. } = &head.start else { return };
    let mut broken = |fact| report(Breach { place: Place::HandshakeField(""), fact });
    if method != "GET" {
        broken(Fact::MethodNotGet { method: Quote::new(method) });
    }
    if *minor_version < 1 {
        broken(Fact::HttpVersion { minor: *minor_version });
    }
}

/// Upgrade and Connection, which request and 101 both need.
fn judge_upgrade(fields: &Head, head: HandshakeHead, broken: &mut impl FnMut(&'static str, Fact)) {
    if !fields.values("upgrade").any(names_websocket) {
        let fact = match fields.value("upgrade") {
            Some(value) => Fact::UpgradeToOther { head, value: Quote::new(&value) },
            None => Fact::UpgradeMissing { head },
        };
        broken("upgrade", fact);
    }
    if !has_token(fields, "connection", "upgrade") {
        let fact = match fields.value("connection") {
            Some(value) => Fact::ConnectionWithoutUpgrade { head, value: Quote::new(&value) },
            None => Fact::ConnectionMissing { head },
        };
        broken("connection", fact);
    }
}

fn judge_key(head: &Head, broken: &mut impl FnMut(&'static str, Fact)) {
    const FIELD: &str = "sec-websocket-key";
    let keys: Vec<&str> = head.values(FIELD).collect();
    match keys[..] {
        [] => broken(FIELD, Fact::KeyMissing),
        [key] => match BASE64.decode(key.trim()) {
            Ok(octets) if octets.len() == 16 => {}
            Ok(octets) => broken(FIELD, Fact::KeyLength { key: Quote::new(key), octets: octets.len() as u64 }),
            Err(_) => broken(FIELD, Fact::KeyNotBase64 { key: Quote::new(key) }),
        },
        _ => broken(FIELD, Fact::KeyRepeated { times: keys.len() as u64 }),
    }
}

/// Judges a 101 (RFC 6455 §4.1, §4.2.2) against its request, where that was captured.
pub fn judge_answer(request: Option<&Head>, response: &Head, mut report: impl FnMut(Breach)) {
    let mut broken = |field, fact| report(Breach { place: Place::HandshakeField(field), fact });
    judge_upgrade(response, HandshakeHead::Response, &mut broken);
    let accept = response.value("sec-websocket-accept");
    if accept.is_none() {
        broken("sec-websocket-accept", Fact::AcceptMissing);
    }
    permessage_deflate::judge_accepted(request, response, &mut broken);
    let Some(request) = request else { return };
    if let (Some(accept), Some(key)) = (accept, request.values("sec-websocket-key").next()) {
        let expected = accept_for(key.trim());
        if accept.trim() != expected {
            let [accept, key, expected] = [&accept, key, &expected].map(Quote::new);
            broken("sec-websocket-accept", Fact::AcceptMismatch { accept, key, expected });
        }
    }
    judge_subprotocol(request, response, &mut broken);
    judge_extensions(request, response, &mut broken);
}

fn judge_extensions(request: &Head, response: &Head, broken: &mut impl FnMut(&'static str, Fact)) {
    const FIELD: &str = "sec-websocket-extensions";
    let name = |extension: &Extension| extension.name.to_ascii_lowercase();
    // Either list can have tens of thousands.
    let offered: HashSet<String> = extensions(request).iter().map(name).collect();
    let mut unknown = extensions(response).into_iter().filter(|chosen| !offered.contains(&name(chosen)));
    for chosen in unknown.by_ref().take(MAX_NAMED) {
        broken(FIELD, Fact::ExtensionNotOffered { name: Quote::new(&chosen.name) });
    }
    match unknown.count() as u64 {
        0 => {}
        count => broken(FIELD, Fact::ExtensionsNotOffered { count }),
    }
}

fn judge_subprotocol(request: &Head, response: &Head, broken: &mut impl FnMut(&'static str, Fact)) {
    const FIELD: &str = "sec-websocket-protocol";
    let chosen: Vec<&str> = response.values(FIELD).flat_map(tokens).collect();
    let offered: Vec<&str> = request.values(FIELD).flat_map(tokens).collect();
    let fact = match chosen[..] {
        [] => return,
        // Subprotocol names are compared as they are (RFC 6455 §11.5: no case folding).
        [one] if offered.contains(&one) => return,
        [one] if offered.is_empty() => Fact::SubprotocolUnasked { chosen: Quote::new(one) },
        [one] => Fact::SubprotocolNotOffered { chosen: Quote::new(one), offered: Quote::new(&offered.join(", ")) },
        _ => Fact::SubprotocolsChosen { count: chosen.len() as u64, chosen: Quote::new(&chosen.join(", ")) },
    };
    broken(FIELD, fact);
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: &str = "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\
                         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: chat, superchat\r\n\
                         Sec-WebSocket-Extensions: a; x=\"1,2\", permessage-deflate\r\nSec-WebSocket-Version: 13\r\n\r\n";
    const ANSWER: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                          Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n";

    fn offer(from: &str, to: &str) -> Vec<&'static str> {
        let mut rules = Vec::new();
        judge_offer(&Head::request(OFFER.replace(from, to).as_bytes()).unwrap(), |breach| {
            rules.push(breach.rule().id())
        });
        rules
    }

    fn answer(from: &str, to: &str) -> Vec<&'static str> {
        let mut rules = Vec::new();
        let request = Head::request(OFFER.as_bytes()).unwrap();
        let response = Head::response(ANSWER.replace(from, to).as_bytes()).unwrap();
        judge_answer(Some(&request), &response, |breach| rules.push(breach.rule().id()));
        rules
    }

    #[test]
    fn the_rfcs_example() {
        assert_eq!(accept_for("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!((offer("", ""), answer("", "")), (vec![], vec![]));
        let head = Head::request(OFFER.as_bytes()).unwrap();
        assert_eq!(url(&head, "ws").as_deref(), Some("ws://server.example.com/chat"));
        let of = |target: &str| url(&Head::request(OFFER.replace("/chat", target).as_bytes()).unwrap(), "ws");
        assert_eq!(of("http://x/chat").as_deref(), Some("ws://x/chat"));
        assert_eq!(of("/chat?to=http://x/").as_deref(), Some("ws://server.example.com/chat?to=http://x/"));
        assert_eq!(extensions(&head)[0].parameters, [("x".to_owned(), Some("1,2".to_owned()))]);
    }

    #[test]
    fn every_rule_is_broken_once() {
        for (from, to, rule) in [
            ("GET", "POST", "handshake.method-not-get"),
            ("HTTP/1.1", "HTTP/1.0", "handshake.http-version"),
            ("Host: server.example.com\r\n", "", "handshake.host-missing"),
            ("keep-alive, Upgrade", "keep-alive", "handshake.connection-missing"),
            ("Upgrade: websocket\r\n", "", "handshake.upgrade-missing"),
            ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "", "handshake.key-missing"),
            ("dGhlIHNhbXBsZSBub25jZQ==", "c2hvcnQ=", "handshake.key-invalid"),
            ("dGhlIHNhbXBsZSBub25jZQ==", "?", "handshake.key-invalid"),
            ("Sec-WebSocket-Version: 13\r\n", "", "handshake.version-missing"),
            ("Version: 13", "Version: 8", "handshake.version-unsupported"),
        ] {
            assert_eq!(offer(from, to), [rule]);
        }
        for (from, to, rule) in [
            ("Upgrade: websocket\r\n", "", "handshake.upgrade-missing"),
            ("Connection: Upgrade\r\n", "", "handshake.connection-missing"),
            ("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", "", "handshake.accept-missing"),
            ("s3pP", "S3pP", "handshake.accept-mismatch"),
            ("Protocol: chat", "Protocol: Chat", "handshake.subprotocol-not-offered"),
            ("Protocol: chat", "Protocol: chat, superchat", "handshake.subprotocol-not-offered"),
            ("\r\n\r\n", "\r\nSec-WebSocket-Extensions: x-other\r\n\r\n", "handshake.extension-not-offered"),
            (
                "\r\n\r\n",
                "\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=9\r\n\r\n",
                "handshake.extension-parameter",
            ),
        ] {
            assert_eq!(answer(from, to), [rule]);
        }
    }

    #[test]
    fn long_fields_and_lists_make_no_long_findings() {
        let list = (0..9_000).map(|n| format!("x{n},")).collect::<String>();
        let request = Head::request(OFFER.replace("Key: ", &format!("Key: {list}")).as_bytes()).unwrap();
        let more = format!("\r\nSec-WebSocket-Extensions: {list}a\r\nSec-WebSocket-Protocol: {list}\r\n\r\n");
        let response = Head::response(ANSWER.replace("\r\n\r\n", &more).as_bytes()).unwrap();
        let mut facts = Vec::new();
        judge_offer(&request, |breach| facts.push(breach.fact));
        judge_answer(Some(&request), &response, |breach| facts.push(breach.fact));
        assert_eq!(facts.len(), 1 + 2 + MAX_NAMED + 1, "key, accept, subprotocols, extensions and how many more");
        assert!(facts.iter().all(|fact| format!("{fact:?}").len() < 3 * Quote::MAX), "{facts:?}");
        assert_eq!(facts.last(), Some(&Fact::ExtensionsNotOffered { count: 8984 }));
    }

    #[test]
    fn what_real_peers_send_is_accepted() {
        assert_eq!(offer("Upgrade: websocket", "Upgrade: websocket, h2c"), [""; 0]);
        assert_eq!(answer("Upgrade: websocket", "upgrade: WebSocket"), [""; 0]);
        assert_eq!(answer("101 Switching Protocols", "101 "), [""; 0]);
    }
}
