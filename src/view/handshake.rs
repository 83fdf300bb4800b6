//! The opening handshake as it is shown (RFC 6455 §1.3, §4).

use std::io;

use super::close_story::close_story;
use super::compression::{compression_saving, compression_summary, not_inflated};
use super::deflate::{DeflateParameter, deflate_parameters};
use super::round_trips::RoundTrips;
use crate::base::{ConnectionId, Finding, PacketId, Place, Rule, Severity};
use crate::dissect::{Connection, HeadPlace, Recognition, Snapshot};
use crate::http::{
    ACCEPT_GUID, DeflateParameters, Head, HttpKind, accept_for, accept_hash, extensions_in, head_of_start, is_deflate,
};

/// Pings of a connection that are plotted at most: the newest.
const MAX_PLOTTED: usize = 1 << 16;

/// The opening handshake of a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HandshakeView {
    /// The request, where it was captured.
    pub request: Option<HeadView>,
    /// The response, where it was captured.
    pub response: Option<HeadView>,
    /// The offers and the choices.
    pub negotiation: Vec<NegotiationRow>,
    /// The steps to the accept value; `None` without a key.
    pub accept: Option<AcceptSteps>,
    /// The findings about it: severity and sentence.
    pub findings: Vec<Finding>,
    /// The effect of compression on the connection, in words.
    pub compression: Option<String>,
    /// It made messages larger, all in all.
    pub compression_grew: bool,
    /// The parameters of compression, where it was agreed on.
    pub parameters: Vec<DeflateParameter>,
    /// The story of the connection's end, in sentences.
    pub story: Vec<String>,
    /// The way it was recognised, if not by its handshake.
    pub recognition: Option<Recognition>,
    /// Its pings; `None` without any.
    pub round_trips: Option<RoundTrips>,
}

/// An HTTP head.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeadView {
    /// The request line or the status line.
    pub start_line: String,
    /// Names and values, in the order they were sent.
    pub fields: Vec<(String, String)>,
    /// Offset of its first octet in the sender's TCP stream.
    pub at_in_stream: u64,
    /// The packets that brought it, in order.
    pub packets: Vec<PacketId>,
}

/// One thing that the peers agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NegotiationRow {
    /// The subject: `version`, `subprotocol`, `extension`.
    pub what: String,
    /// The client's offer; empty for nothing.
    pub offered: String,
    /// The server's choice; empty for nothing.
    pub chosen: String,
    /// The meaning of that.
    pub note: String,
    /// The severity, if it is bad.
    pub severity: Option<Severity>,
}

/// The way from `Sec-WebSocket-Key` to `Sec-WebSocket-Accept` (RFC 6455 §4.2.2 step 5.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptSteps {
    /// The request's `Sec-WebSocket-Key`.
    pub key: String,
    /// The GUID of the RFC.
    pub guid: String,
    /// Both, one behind the other.
    pub concatenated: String,
    /// The SHA-1 of that, in hexadecimal.
    pub sha1_hex: String,
    /// The SHA-1 in Base64: what the response has to say.
    pub base64: String,
    /// The value in the response; `None` if it has none or was not captured.
    pub received: Option<String>,
    /// True where the two are the same.
    pub matches: bool,
}

impl HeadView {
    /// Returns whether a header field belongs to the opening handshake, as against what any HTTP request carries.
    pub fn is_of_handshake(name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        name.starts_with("sec-websocket-") || matches!(name.as_str(), "upgrade" | "connection" | "host" | "origin")
    }
}

/// The opening handshake of a connection, read again from the capture; `None` when there is no such connection.
///
/// # Errors
/// When the capture file cannot be read.
pub fn handshake_view(snapshot: &Snapshot, id: ConnectionId) -> io::Result<Option<HandshakeView>> {
    let Some(connection) = snapshot.connection(id) else { return Ok(None) };
    let request = read_head(snapshot, connection, connection.request.as_ref(), HttpKind::Requests)?;
    let response = read_head(snapshot, connection, connection.response.as_ref(), HttpKind::Responses)?;
    let findings = snapshot
        .findings_of_connection(id, |rule| rule.id().starts_with("handshake.") || rule == Rule::CaptureMidStream);
    let severity_of = |field: &str| {
        let about = findings.iter().filter(|finding| is_about(finding, field));
        about.map(|finding| finding.severity()).max()
    };
    let heads = (request.as_ref().map(|(head, _)| head), response.as_ref().map(|(head, _)| head));
    Ok(Some(HandshakeView {
        negotiation: if heads.0.is_some() || heads.1.is_some() {
            negotiation(heads.0, heads.1, connection, &severity_of)
        } else {
            Vec::new()
        },
        accept: heads.0.and_then(|request| accept_steps(request, heads.1)),
        compression: compression_summary(snapshot, id),
        compression_grew: not_inflated(connection) == 0
            && compression_saving(connection).is_some_and(|saved| saved < 0),
        findings,
        parameters: parameters(heads.0, heads.1, connection.extensions.as_deref()),
        story: close_story(snapshot, id),
        recognition: connection.recognition,
        round_trips: RoundTrips::of(snapshot, id, MAX_PLOTTED),
        request: request.map(|(_, view)| view),
        response: response.map(|(_, view)| view),
    }))
}

/// The parameters of permessage-deflate; of a connection without its handshake, those that are assumed.
fn parameters(request: Option<&Head>, response: Option<&Head>, assumed: Option<&str>) -> Vec<DeflateParameter> {
    let field = "sec-websocket-extensions";
    let offered = request.map(|head| head.value(field).map(|value| value.into_owned()).unwrap_or_default());
    let accepted = response.and_then(|head| head.value(field)).map(|value| value.into_owned());
    deflate_parameters(offered.as_deref(), accepted.as_deref().or(assumed).unwrap_or_default())
}

/// Returns whether a finding is about this header field.
fn is_about(finding: &Finding, field: &str) -> bool {
    matches!(finding.place, Place::HandshakeField(name) if name == field)
}

fn read_head(
    snapshot: &Snapshot,
    connection: &Connection,
    place: Option<&HeadPlace>,
    kind: HttpKind,
) -> io::Result<Option<(Head, HeadView)>> {
    let Some(place) = place else { return Ok(None) };
    let octets = snapshot.head(connection.id, place)?;
    let parse = |octets: &[u8]| match kind {
        HttpKind::Responses => Head::response(octets).ok(),
        HttpKind::Requests | HttpKind::NotHttp => Head::request(octets).ok(),
    };
    let start = || head_of_start(&octets.octets, kind).and_then(|octets| parse(&octets));
    let Some(head) = parse(&octets.octets).or_else(start) else { return Ok(None) };
    let view = HeadView {
        start_line: head.start_line(),
        fields: head.fields.clone(),
        at_in_stream: place.at,
        packets: snapshot.head_packets(connection.id, place),
    };
    Ok(Some((head, view)))
}

/// Offered → chosen, for everything that client and server agree on.
fn negotiation(
    request: Option<&Head>,
    response: Option<&Head>,
    connection: &Connection,
    severity_of: &impl Fn(&str) -> Option<Severity>,
) -> Vec<NegotiationRow> {
    let value = |head: Option<&Head>, field: &str| {
        head.and_then(|head| head.value(field)).map(|value| value.into_owned()).unwrap_or_default()
    };
    let unknown = match (request, response) {
        (None, _) => Some("the request was not captured"),
        (_, None) => Some("the answer was not captured"),
        _ if !connection.opened => Some("refused: nothing was agreed"),
        _ if connection.heads_cut => Some("the capture does not have all of the handshake"),
        _ => None,
    };
    let row = |what: &str, field: &str, note: &dyn Fn(&str, &str) -> String| {
        let (offered, chosen) = (value(request, field), value(response, field));
        let note = unknown.map_or_else(|| note(&offered, &chosen), str::to_owned);
        NegotiationRow { what: what.to_owned(), offered, chosen, note, severity: severity_of(field) }
    };
    // A server does not name the version: answering with 101 accepts it.
    let version = |offered: &str, _: &str| match offered {
        "13" => "the version of RFC 6455, accepted by the 101".to_owned(),
        other => format!("not 13, the version of RFC 6455: {other}"),
    };
    let subprotocol = |offered: &str, chosen: &str| match (offered, chosen) {
        ("", "") => "none: the messages' format is the application's own matter".to_owned(),
        (_, "") => "the server chose none of them".to_owned(),
        (_, chosen) => format!("both speak {chosen}"),
    };
    let extension = |offered: &str, chosen: &str| match (offered, chosen) {
        ("", "") => "none: frames are as RFC 6455 has them".to_owned(),
        (_, "") => "the server accepted none".to_owned(),
        (_, chosen) if chosen.to_ascii_lowercase().contains("permessage-deflate") => compression(chosen),
        _ => "it may give reserved bits and opcodes a meaning".to_owned(),
    };
    let mut version = row("Version", "sec-websocket-version", &version);
    if connection.opened && version.chosen.is_empty() {
        version.chosen.clone_from(&version.offered);
    }
    vec![
        version,
        row("Subprotocol", "sec-websocket-protocol", &subprotocol),
        row("Extensions", "sec-websocket-extensions", &extension),
    ]
}

/// Returns what was agreed on about compression, in words (RFC 7692 §7.1).
fn compression(accepted: &str) -> String {
    let extensions = extensions_in(accepted);
    let said = extensions.iter().find(|it| is_deflate(it)).and_then(|it| DeflateParameters::read(it, false).ok());
    let mut words = "messages may be compressed; RSV1 marks those that are".to_owned();
    let Some(said) = said else { return words };
    words.push_str(match (said.client_no_context_takeover, said.server_no_context_takeover) {
        (false, false) => "; both sides copy from their earlier messages",
        (true, false) => "; only the server copies from its earlier messages",
        (false, true) => "; only the client copies from its earlier messages",
        (true, true) => "; each message stands for itself",
    });
    let bits = [said.client_max_window_bits.flatten(), said.server_max_window_bits].map(|bits| bits.unwrap_or(15));
    if bits != [15, 15] {
        words.push_str(&format!(", client no more than {} octets back, server {}", 1 << bits[0], 1 << bits[1]));
    }
    words
}

fn accept_steps(request: &Head, response: Option<&Head>) -> Option<AcceptSteps> {
    let key = request.values("sec-websocket-key").next()?.trim().to_owned();
    let base64 = accept_for(&key);
    let received = response.and_then(|head| head.value("sec-websocket-accept")).map(|value| value.into_owned());
    Some(AcceptSteps {
        guid: ACCEPT_GUID.to_owned(),
        concatenated: format!("{key}{ACCEPT_GUID}"),
        sha1_hex: accept_hash(&key).iter().map(|octet| format!("{octet:02x}")).collect(),
        matches: received.as_deref().map(str::trim) == Some(base64.as_str()),
        base64,
        received,
        key,
    })
}
