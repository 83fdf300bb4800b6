//! One row each: connections, frames, messages.

use std::io;

use super::compression::{compression_saving, compression_summary, not_inflated, stops_inflating};
use super::payload::{PayloadKind, PayloadText, inflated_text, printable, unformatted};
use crate::base::{ConnectionId, FrameId, MessageId, Rule, Sender, Severity, Timestamp};
use crate::dissect::{
    Connection, FindingRecord, FrameRecord, HandshakeState, InflateWish, Inflation, Message, MessageReader, Octets,
    Recognition, Snapshot,
};
use crate::ws::{CloseBody, Opcode, close_code_name};

/// Payload octets that are read for a preview.
const PREVIEW_OCTETS: u64 = 160;
/// Frames of a message that are read for a preview.
const PREVIEW_FRAMES: u32 = 64;
/// Frames of a message whose findings are looked at for its row.
const JUDGED_FRAMES: u32 = 1024;

/// The beginning of a payload in one line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preview {
    /// Text of the payload, words about it, or octets as pairs of hexadecimal digits.
    pub text: String,
    /// Set where it is octets.
    pub is_octets: bool,
}

impl Preview {
    /// A preview that can be read.
    pub fn words(text: String) -> Preview {
        Preview { text, is_octets: false }
    }

    /// Tells why there is none: the capture file cannot be read.
    pub fn unreadable(error: &io::Error) -> Preview {
        Preview::words(printable(&format!("cannot be read: {error}")))
    }

    fn octets(octets: &[u8]) -> Preview {
        let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or_default();
        let pairs = octets.iter().flat_map(|octet| [' ', digit(octet >> 4), digit(octet & 15)]);
        Preview { text: pairs.skip(1).collect(), is_octets: true }
    }
}

/// A frame in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct FrameRow {
    /// Its id.
    pub id: FrameId,
    /// Its connection.
    pub connection: ConnectionId,
    /// The message it belongs to.
    pub message: Option<MessageId>,
    /// When its first octet was captured.
    pub time: Timestamp,
    /// Nanoseconds since the frame before of the same connection.
    pub delta_ns: Option<i64>,
    /// Of a pong, nanoseconds since the ping that it answers.
    pub round_trip_ns: Option<i64>,
    /// The peer that sent it.
    pub sender: Sender,
    /// Its opcode.
    pub opcode: Opcode,
    /// FIN.
    pub fin: bool,
    /// RSV1, RSV2, RSV3.
    pub rsv: [bool; 3],
    /// MASK.
    pub masked: bool,
    /// Payload octets as declared.
    pub payload_len: u64,
    /// Payload octets that the capture holds.
    pub captured_len: u64,
    /// The beginning of the payload.
    pub preview: Preview,
    /// Set if it belongs to a compressed message.
    pub compressed: bool,
    /// Set if nothing more of it will come.
    pub ended: bool,
    /// The severity of the worst finding about it.
    pub severity: Option<Severity>,
    /// The number of findings about it.
    pub findings: usize,
    /// Their rules, the worst first.
    pub rules: Vec<Rule>,
}

/// The rules of findings, each once, the worst first.
fn rules_of(findings: &[&FindingRecord]) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for finding in findings {
        if !rules.contains(&finding.rule) {
            rules.push(finding.rule);
        }
    }
    rules.sort_by_key(|rule| std::cmp::Reverse(rule.severity()));
    rules
}

/// The row of a frame. A `reader` that goes from row to row reads least.
pub fn frame_row(snapshot: &Snapshot, reader: &mut MessageReader, id: FrameId) -> Option<FrameRow> {
    let frame = snapshot.frame(id)?;
    let findings = snapshot.finding_records_of_frame(id);
    let previous = frame.previous().and_then(|previous| snapshot.frame(previous));
    Some(FrameRow {
        id,
        connection: frame.connection,
        message: frame.message(),
        time: frame.time,
        delta_ns: previous.map(|previous| frame.time.since(previous.time)),
        round_trip_ns: snapshot.round_trip_ns(frame),
        sender: frame.sender(),
        opcode: frame.header.opcode(),
        fin: frame.header.fin(),
        rsv: frame.header.rsv(),
        masked: frame.header.masked(),
        payload_len: frame.header.payload_len(),
        captured_len: snapshot.captured_len(frame),
        preview: frame_preview(snapshot, reader, frame),
        compressed: frame.is_compressed(),
        ended: frame.is_ended(),
        severity: findings.iter().map(|finding| finding.severity()).max(),
        findings: findings.len(),
        rules: rules_of(&findings),
    })
}

/// The beginning of a frame's payload. A `reader` that goes from frame to frame reads least.
pub fn frame_preview(snapshot: &Snapshot, reader: &mut MessageReader, frame: &FrameRecord) -> Preview {
    match reader.frame_octets(snapshot, frame, 0..PREVIEW_OCTETS) {
        Ok(octets) => preview(&octets, snapshot.data_opcode(frame), frame.is_compressed()),
        Err(error) => Preview::unreadable(&error),
    }
}

/// The start of an unmasked payload in one line.
fn preview(plain: &Octets, opcode: Opcode, compressed: bool) -> Preview {
    if opcode == Opcode::CLOSE
        && let Some(body) = CloseBody::parse(plain.before_holes(), plain.total)
    {
        return match body {
            CloseBody::Empty => Preview::default(),
            CloseBody::OneOctet(octet) => Preview::octets(&[octet]),
            CloseBody::Code { code, .. } => {
                let reason = printable(&body.reason());
                let name = close_code_name(code);
                let colon = if reason.is_empty() { "" } else { ": " };
                Preview::words(format!("{code} {name}{colon}{reason}"))
            }
        };
    }
    preview_of(plain, &unformatted(plain, opcode, compressed, "not captured"))
}

/// The start of a payload; `…` where it is not all of it.
fn preview_of(plain: &Octets, text: &PayloadText) -> Preview {
    let (mut start, shown) = match text.kind {
        PayloadKind::Empty => (Preview::default(), 0),
        // The middle of a character is better told as octets than as replacement characters.
        PayloadKind::Text | PayloadKind::Json if text.text.chars().any(|character| character != '\u{fffd}') => {
            (Preview::words(printable(&text.text)), plain.octets.len())
        }
        _ => {
            let shown = plain.octets.len().min(24);
            (Preview::octets(&plain.octets[..shown]), shown)
        }
    };
    if (shown as u64) < plain.total {
        start.text.push('…');
    }
    start
}

/// The state that a message has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageState {
    /// The final frame was seen, every octet was captured, and it is known what they mean.
    Complete,
    /// More of it may come.
    Open,
    /// It ended without its final frame, octets of it are missing, or nobody knows what they mean.
    Incomplete,
}

/// A message in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageRow {
    /// Its id.
    pub id: MessageId,
    /// Its connection.
    pub connection: ConnectionId,
    /// The peer that sent it.
    pub sender: Sender,
    /// Text or binary.
    pub opcode: Opcode,
    /// Set if it is compressed.
    pub compressed: bool,
    /// Octets it inflates to, as far as messages were inflated in the background.
    pub plain_len: Option<u64>,
    /// The number of its frames.
    pub frames: u32,
    /// Its first frame.
    pub first: FrameId,
    /// When its first octet was captured.
    pub time: Timestamp,
    /// Nanoseconds since the frame before of the same connection.
    pub delta_ns: Option<i64>,
    /// Payload octets as sent.
    pub wire_len: u64,
    /// The state that it has come to.
    pub state: MessageState,
    /// The beginning of the payload.
    pub preview: Preview,
    /// The severity of the worst finding about its frames.
    pub severity: Option<Severity>,
    /// The number of findings about its first frames.
    pub findings: usize,
    /// Their rules, the worst first.
    pub rules: Vec<Rule>,
    /// It could not be inflated to its end: it is too long, or is not valid.
    pub not_inflated: bool,
}

/// Returns the state that `message` has come to. One whose payload nobody understands is not complete.
pub fn message_state(message: &Message) -> MessageState {
    match (message.ended, message.final_seen && message.whole && message.is_understood) {
        (false, _) => MessageState::Open,
        (true, true) => MessageState::Complete,
        (true, false) => MessageState::Incomplete,
    }
}

/// The row of a message. A `reader` that goes from row to row reads least.
pub fn message_row(snapshot: &Snapshot, reader: &mut MessageReader, id: MessageId) -> Option<MessageRow> {
    let message = snapshot.message(id)?;
    let first = snapshot.frame(message.first)?;
    let previous = first.previous().and_then(|previous| snapshot.frame(previous));
    let start = snapshot.start_of(&message, PREVIEW_FRAMES);
    let plain = reader.message_octets(snapshot, &start, PREVIEW_OCTETS);
    let severity = snapshot.message_severity(&message);
    let findings = severity.map_or_else(Vec::new, |_| {
        let judged = snapshot.start_of(&message, JUDGED_FRAMES);
        let frames = snapshot.message_frames(&judged);
        frames.into_iter().flat_map(|id| snapshot.finding_records_of_frame(id)).collect()
    });
    let rules = rules_of(&findings);
    Some(MessageRow {
        id,
        connection: message.connection,
        sender: message.sender,
        opcode: message.opcode,
        compressed: message.compressed,
        plain_len: snapshot.plain_len(id),
        frames: message.frames,
        first: message.first,
        time: first.time,
        delta_ns: previous.map(|previous| first.time.since(previous.time)),
        wire_len: message.wire_len,
        state: message_state(&message),
        preview: match plain {
            Ok(plain) => preview(&plain, message.opcode, message.compressed),
            Err(error) => Preview::unreadable(&error),
        },
        severity,
        findings: findings.len(),
        not_inflated: message.compressed && rules.iter().any(|rule| stops_inflating(*rule)),
        rules,
    })
}

/// Returns the beginning of a compressed message, as one line of text; nothing if `watch` ended that.
///
/// # Errors
/// When the capture file cannot be read.
pub fn inflated_preview(
    inflation: &mut Inflation,
    snapshot: &Snapshot,
    message: &Message,
    watch: &mut dyn FnMut(f32) -> bool,
) -> io::Result<Option<Preview>> {
    let wish = InflateWish { keep: 0..PREVIEW_OCTETS, limit: snapshot.inflate_limit().0, parts: false };
    let inflated = inflation.watched(snapshot, message, &wish, watch)?;
    Ok(inflated.map(|inflated| preview_of(&inflated.plain, &inflated_text(&inflated.plain, message.opcode))))
}

/// The close of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseSummary {
    /// 1005 for an empty Close body, 1006 where no Close frame was seen; `None` for a body that holds no code.
    pub code: Option<u16>,
    /// The meaning of the code.
    pub name: &'static str,
    /// The reason; empty where none was given.
    pub reason: String,
    /// The peer that sent Close first; if nobody did, the one that ended TCP.
    pub by: Sender,
    /// Set if both sides sent Close.
    pub clean: bool,
}

/// Returns the close of `connection`; `None` while it is open, and if it never was.
pub fn close_summary(connection: &Connection) -> Option<CloseSummary> {
    if !connection.opened {
        return None;
    }
    if let Some((by, close)) = connection.first_close() {
        return Some(CloseSummary {
            code: close.code,
            name: close.code.map_or("no code", close_code_name),
            reason: close.reason.clone(),
            by,
            clean: connection.closes.iter().all(Option::is_some),
        });
    }
    let end = connection.tcp_end?;
    Some(CloseSummary {
        code: Some(1006),
        name: close_code_name(1006),
        reason: String::new(),
        by: end.by,
        clean: false,
    })
}

/// A connection in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectionRow {
    /// Its id.
    pub id: ConnectionId,
    /// The client's socket.
    pub client: String,
    /// The server's socket.
    pub server: String,
    /// The URL, if the request was captured.
    pub url: Option<String>,
    /// Host and port of the URL; the server's socket where there is none.
    pub host: String,
    /// Path and query of the URL, percent-encoded text decoded; empty where there is none.
    pub path: String,
    /// The final status.
    pub status: Option<u16>,
    /// The outcome of the opening handshake.
    pub handshake: HandshakeState,
    /// The way it was recognised, if not by its handshake.
    pub recognition: Option<Recognition>,
    /// The chosen subprotocol.
    pub subprotocol: Option<String>,
    /// The accepted extensions.
    pub extensions: Option<String>,
    /// The effect of compression, in words.
    pub compression: Option<String>,
    /// The share of the octets of messages that it saved, in per cent; less than 0 if it made them larger.
    pub saved: Option<i64>,
    /// Messages that this leaves out because they could not be inflated to their end.
    pub not_inflated: u64,
    /// Frames of client and server.
    pub frames: [u64; 2],
    /// Payload octets of client and server.
    pub payload: [u64; 2],
    /// Its close.
    pub close: Option<CloseSummary>,
    /// The severity of the worst finding.
    pub severity: Option<Severity>,
    /// When it began.
    pub start: Timestamp,
    /// When the last packet of it came.
    pub end: Timestamp,
}

/// A path with its percent-encoded UTF-8 as text; unchanged where it is no UTF-8 or would hide a control character.
fn readable_path(path: &str) -> String {
    let mut octets = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, behind @ ..] = rest {
        let digits = behind.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        // ASCII stays encoded: %2F is not the / that separates segments.
        match digits.filter(|_| *first == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(octet) if octet >= 0x80 => {
                octets.push(octet);
                rest = &behind[2..];
            }
            _ => {
                octets.push(*first);
                rest = behind;
            }
        }
    }
    match String::from_utf8(octets) {
        Ok(text) if printable(&text) == text => text,
        _ => path.to_owned(),
    }
}

/// The row of a connection.
pub fn connection_row(snapshot: &Snapshot, id: ConnectionId) -> Option<ConnectionRow> {
    let connection = snapshot.connection(id)?;
    let server = connection.server.to_string();
    let address = connection.url.as_deref().and_then(|url| url.split_once("://")).map(|(_, rest)| rest);
    let (host, path) = match address {
        Some(address) => address.split_at(address.find(['/', '?']).unwrap_or(address.len())),
        None => (server.as_str(), ""),
    };
    Some(ConnectionRow {
        id,
        client: connection.client.to_string(),
        url: connection.url.as_deref().map(str::to_owned),
        host: host.to_owned(),
        path: readable_path(path),
        status: connection.status,
        handshake: connection.handshake(),
        recognition: connection.recognition,
        subprotocol: connection.subprotocol.as_deref().map(str::to_owned),
        extensions: connection.extensions.as_deref().map(str::to_owned),
        compression: compression_summary(snapshot, id),
        saved: compression_saving(connection),
        not_inflated: not_inflated(connection),
        frames: connection.frames,
        payload: connection.payload,
        close: close_summary(connection),
        severity: connection.severity(),
        start: connection.start,
        end: connection.end,
        server,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Text that reads like octets is text all the same, and octets that are cut short are octets.
    #[test]
    fn a_preview_knows_whether_it_is_octets() {
        let of = |octets: &[u8], opcode, compressed| {
            let (octets, total) = (octets.to_vec(), octets.len() as u64);
            preview(&Octets { octets, total, ..Octets::default() }, opcode, compressed)
        };
        assert_eq!(of(b"de ad be ef", Opcode::TEXT, false), Preview::words("de ad be ef".to_owned()));
        assert_eq!(of(&[0xfe, 0xad], Opcode::BINARY, false), Preview::octets(&[0xfe, 0xad]));
        assert_eq!(of(b"", Opcode::TEXT, false), Preview::default());
        let long = of(&[0xff; 99], Opcode::BINARY, false);
        assert!(long.is_octets && long.text.ends_with("ff…"), "{long:?}");
        assert!(of(b"text", Opcode::TEXT, true).is_octets, "compressed");
        assert!(!of(b"\x03\xe8", Opcode::CLOSE, false).is_octets && of(b"\x03", Opcode::CLOSE, false).is_octets);
    }

    #[test]
    fn paths_are_readable_and_honest() {
        assert_eq!(readable_path("/chat/%E8%8C%B6?a=%2F"), "/chat/茶?a=%2F");
        for unchanged in ["/a%ff", "/a%0a", "/%e2%80%ae", "/%", "/%c", "/%c3"] {
            assert_eq!(readable_path(unchanged), unchanged);
        }
    }
}
