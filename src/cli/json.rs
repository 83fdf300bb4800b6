//! JSON lines. Keys are fixed: more may come, none is renamed or removed.

use std::io::Write as _;
use std::ops::Range;

use serde::Serialize;

use super::output::{Failure, Output};
use crate::base::{ConnectionId, FrameId, MessageId};
use crate::dissect::{FrameRecord, Inflated, Inflation, Octets, Snapshot};
use crate::view::{
    FrameView, MessageState, RoundTripSummary, RoundTrips, close_story, close_summary, message_payload, message_row,
};
use crate::ws::{FrameHeader, Opcode};

/// Payload octets that are read and printed at once.
const WINDOW: u64 = 1 << 20;

/// Writes one object as a line.
pub fn write(row: &impl Serialize, output: &mut Output) -> Result<(), Failure> {
    let line = serde_json::to_string(row).map_err(|error| Failure::Message(format!("cannot write JSON: {error}")))?;
    output.line(&line)
}

/// Writes one object, with one more key whose value `hex` writes piece by piece: a payload can be large.
fn write_with_hex(
    row: &impl Serialize,
    key: &str,
    output: &mut Output,
    hex: impl FnOnce(&mut Output) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let line = serde_json::to_string(row).map_err(|error| Failure::Message(format!("cannot write JSON: {error}")))?;
    let open = line.strip_suffix('}').unwrap_or(&line);
    write!(output, "{open},\"{key}\":\"")?;
    hex(output)?;
    output.line("\"}")
}

fn write_hex(octets: &[u8], output: &mut Output) -> Result<(), Failure> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = Vec::with_capacity(octets.len() * 2);
    for octet in octets {
        text.push(DIGITS[usize::from(octet >> 4)]);
        text.push(DIGITS[usize::from(octet & 15)]);
    }
    Ok(output.write_all(&text)?)
}

/// Octets in lower-case hex.
fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn unreadable(error: std::io::Error) -> Failure {
    Failure::Message(format!("the capture cannot be read any more: {error}"))
}

#[derive(Serialize)]
struct Frame<'a> {
    frame: u64,
    connection: Option<u64>,
    message: Option<u64>,
    time_ns: Option<u64>,
    sender: &'static str,
    fin: bool,
    rsv1: bool,
    rsv2: bool,
    rsv3: bool,
    opcode: u8,
    masked: bool,
    masking_key: Option<String>,
    header_length: u8,
    payload_length: u64,
    captured_length: u64,
    /// Of a pong: nanoseconds since its ping.
    #[serde(skip_serializing_if = "Option::is_none")]
    rtt_ns: Option<i64>,
    packets: Vec<u64>,
    findings: Vec<&'a str>,
}

impl<'a> Frame<'a> {
    fn new(number: u64, header: &FrameHeader) -> Frame<'a> {
        let [rsv1, rsv2, rsv3] = header.rsv();
        Frame {
            frame: number,
            connection: None,
            message: None,
            time_ns: None,
            sender: "unknown",
            fin: header.fin(),
            rsv1,
            rsv2,
            rsv3,
            opcode: header.opcode().value(),
            masked: header.masked(),
            masking_key: header.masking_key().map(|key| hex(&key)),
            header_length: header.header_len(),
            payload_length: header.payload_len(),
            captured_length: 0,
            rtt_ns: None,
            packets: Vec::new(),
            findings: Vec::new(),
        }
    }
}

/// A row of `frames --json`.
pub fn frame(snapshot: &Snapshot, id: FrameId, payload: bool, output: &mut Output) -> Result<(), Failure> {
    let Some(record) = snapshot.frame(id) else { return Ok(()) };
    let mut packets: Vec<u64> =
        snapshot.segments(record, usize::MAX).iter().map(|segment| segment.packet.number()).collect();
    packets.dedup();
    let row = Frame {
        connection: Some(record.connection.number()),
        message: record.message().map(MessageId::number),
        time_ns: Some(record.time.nanoseconds()),
        rtt_ns: snapshot.round_trip_ns(record),
        sender: record.sender().as_str(),
        captured_length: snapshot.captured_len(record),
        packets,
        findings: distinct(snapshot.finding_records_of_frame(id).into_iter().map(|finding| finding.rule.id())),
        ..Frame::new(id.number(), &record.header)
    };
    if !payload {
        return write(&row, output);
    }
    write_with_hex(&row, "payload_hex", output, |output| {
        for window in windows(snapshot.payload_end(record)) {
            let octets = snapshot.payload(record, window).map_err(unreadable)?;
            write_hex(&octets.unmasked(record.header.masking_key()).octets, output)?;
        }
        Ok(())
    })
}

/// A row of `decode --json`: the same object for pasted octets.
pub fn pasted(number: u64, view: &FrameView, payload: bool, output: &mut Output) -> Result<(), Failure> {
    let findings = distinct(view.findings.iter().map(|finding| finding.rule.id()));
    let row = Frame { captured_length: view.captured_len, findings, ..Frame::new(number, &view.header) };
    if !payload {
        return write(&row, output);
    }
    write_with_hex(&row, "payload_hex", output, |output| write_hex(&view.plain().octets, output))
}

fn windows(end: u64) -> impl Iterator<Item = Range<u64>> {
    (0..end.div_ceil(WINDOW)).map(move |window| window * WINDOW..end.min((window + 1) * WINDOW))
}

fn distinct<'a>(rules: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut found = Vec::new();
    for rule in rules {
        if !found.contains(&rule) {
            found.push(rule);
        }
    }
    found
}

#[derive(Serialize)]
struct Message<'a> {
    message: u64,
    connection: u64,
    sender: &'static str,
    r#type: &'static str,
    frames: Vec<u64>,
    time_ns: u64,
    end_time_ns: u64,
    compressed: bool,
    wire_length: u64,
    length: Option<u64>,
    complete: bool,
    findings: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<Vec<[u64; 2]>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

/// A row of `messages --json`.
pub fn message(
    snapshot: &Snapshot,
    inflation: &mut Inflation,
    id: MessageId,
    payload: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    let (Some(message), Some(facts)) = (snapshot.message(id), message_row(snapshot, id)) else { return Ok(()) };
    let frames = snapshot.message_frames(&message);
    let records: Vec<&FrameRecord> = frames.iter().filter_map(|id| snapshot.frame(*id)).collect();
    let findings = frames.iter().flat_map(|id| snapshot.finding_records_of_frame(*id)).map(|finding| finding.rule.id());
    let mut row = Message {
        message: id.number(),
        connection: message.connection.number(),
        sender: message.sender.as_str(),
        r#type: if message.opcode == Opcode::TEXT { "text" } else { "binary" },
        frames: frames.iter().map(|id| id.number()).collect(),
        time_ns: facts.time.nanoseconds(),
        end_time_ns: records.last().map_or(facts.time, |last| snapshot.end_time(last)).nanoseconds(),
        compressed: message.compressed,
        wire_length: message.wire_len,
        length: Some(message.wire_len),
        complete: facts.state == MessageState::Complete,
        findings: distinct(findings),
        missing: None,
        text: None,
    };
    if message.compressed {
        let max = if payload { u64::MAX } else { 0 };
        let inflated = inflation.message(snapshot, &message, max).map_err(unreadable)?;
        return compressed_message(row, &message, inflated, payload, output);
    }
    if !payload {
        return write(&row, output);
    }
    let (missing, known_end) = message_holes(snapshot, &records);
    if missing.is_empty() && message.opcode == Opcode::TEXT {
        let octets = message_payload(snapshot, &message, u64::MAX).map_err(unreadable)?.octets;
        return match String::from_utf8(octets) {
            Ok(text) => write(&Message { text: Some(text), ..row }, output),
            Err(error) => write_with_hex(&row, "payload_hex", output, |output| write_hex(error.as_bytes(), output)),
        };
    }
    row.missing = Some(missing).filter(|missing| !missing.is_empty());
    write_with_hex(&row, "payload_hex", output, |output| write_message(snapshot, &records, known_end, output))
}

/// The row of a compressed message, with what it inflates to.
fn compressed_message(
    mut row: Message<'_>,
    message: &crate::dissect::Message,
    inflated: Inflated,
    payload: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    row.length = inflated.reached_end.then_some(inflated.plain.total);
    row.complete = inflated.is_complete();
    if !payload {
        return write(&row, output);
    }
    let Octets { mut octets, missing, .. } = inflated.plain;
    if row.complete && message.opcode == Opcode::TEXT {
        return match String::from_utf8(octets) {
            Ok(text) => write(&Message { text: Some(text), ..row }, output),
            Err(error) => write_with_hex(&row, "payload_hex", output, |output| write_hex(error.as_bytes(), output)),
        };
    }
    let end = octets.len() as u64;
    let known_end = missing.last().filter(|hole| hole.end >= end).map_or(end, |hole| hole.start);
    octets.truncate(known_end as usize);
    row.missing =
        Some(missing.iter().map(|hole| [hole.start, hole.end]).collect()).filter(|it: &Vec<_>| !it.is_empty());
    write_with_hex(&row, "payload_hex", output, |output| write_hex(&octets, output))
}

/// The octets of a message that the capture lacks, `[from, to]` with `to` excluded, and where the last known one ends.
fn message_holes(snapshot: &Snapshot, frames: &[&FrameRecord]) -> (Vec<[u64; 2]>, u64) {
    let mut holes: Vec<[u64; 2]> = Vec::new();
    let (mut start, mut known_end) = (0u64, 0);
    for frame in frames {
        let reached = snapshot.payload_end(frame);
        if reached > 0 {
            known_end = start + reached;
        }
        for hole in snapshot.missing(frame) {
            let (from, to) = (start.saturating_add(hole.start), start.saturating_add(hole.end));
            match holes.last_mut() {
                Some(last) if last[1] == from => last[1] = to,
                _ => holes.push([from, to]),
            }
        }
        start = start.saturating_add(frame.header.payload_len());
    }
    (holes, known_end)
}

/// Writes a message's payload in hex, window by window: what is missing are zeros, and no memory.
fn write_message(
    snapshot: &Snapshot,
    frames: &[&FrameRecord],
    known_end: u64,
    output: &mut Output,
) -> Result<(), Failure> {
    let mut start = 0u64;
    for frame in frames {
        let end = start.saturating_add(frame.header.payload_len());
        for window in windows(end.min(known_end).saturating_sub(start)) {
            let mut octets = snapshot.payload(frame, window.clone()).map_err(unreadable)?;
            octets = octets.unmasked(frame.header.masking_key());
            octets.octets.resize((window.end - window.start) as usize, 0);
            write_hex(&octets.octets, output)?;
        }
        start = end;
    }
    Ok(())
}

#[derive(Serialize)]
struct Connection<'a> {
    connection: u64,
    client: String,
    server: String,
    transport: &'static str,
    url: Option<&'a str>,
    status: Option<u16>,
    subprotocol: Option<&'a str>,
    extensions: Option<&'a str>,
    handshake: &'static str,
    /// How it was recognised, if not by its handshake.
    #[serde(skip_serializing_if = "Option::is_none")]
    recognised: Option<&'static str>,
    frames_client: u64,
    frames_server: u64,
    messages_client: u64,
    messages_server: u64,
    payload_client: u64,
    payload_server: u64,
    start_ns: u64,
    end_ns: u64,
    close: Option<Close>,
    /// Its pings, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    rtt: Option<RoundTripTimes>,
    /// How it ended, in sentences.
    story: String,
    findings: Vec<&'static str>,
}

/// Pings and how long their pongs took.
#[derive(Serialize)]
struct RoundTripTimes {
    pings: usize,
    answered: usize,
    unanswered: usize,
    median_ns: Option<i64>,
    longest_ns: Option<i64>,
}

impl RoundTripTimes {
    fn of(snapshot: &Snapshot, id: ConnectionId) -> Option<RoundTripTimes> {
        let trips = RoundTrips::of(snapshot, id, usize::MAX)?;
        let RoundTripSummary { answered, unanswered, median, longest } = trips.summary();
        let pings = trips.pings.len();
        Some(RoundTripTimes { pings, answered, unanswered, median_ns: median, longest_ns: longest })
    }
}

#[derive(Serialize)]
struct Close {
    code: Option<u16>,
    reason: String,
    by: &'static str,
    clean: bool,
}

/// A row of `connections --json`.
pub fn connection(snapshot: &Snapshot, id: ConnectionId, output: &mut Output) -> Result<(), Failure> {
    let Some(connection) = snapshot.connection(id) else { return Ok(()) };
    let [frames_client, frames_server] = connection.frames;
    let [messages_client, messages_server] = connection.messages;
    let [payload_client, payload_server] = connection.payload;
    write(
        &Connection {
            connection: id.number(),
            client: connection.client.to_string(),
            server: connection.server.to_string(),
            transport: connection.transport.as_str(),
            url: connection.url.as_deref(),
            status: connection.status,
            subprotocol: connection.subprotocol.as_deref(),
            extensions: connection.extensions.as_deref(),
            handshake: connection.handshake().as_str(),
            recognised: connection.recognition.map(|how| how.as_str()),
            frames_client,
            frames_server,
            messages_client,
            messages_server,
            payload_client,
            payload_server,
            start_ns: connection.start.nanoseconds(),
            end_ns: connection.end.nanoseconds(),
            close: close_summary(connection).map(|close| Close {
                code: close.code,
                reason: close.reason,
                by: close.by.as_str(),
                clean: close.clean,
            }),
            rtt: RoundTripTimes::of(snapshot, id),
            story: close_story(snapshot, id).join(" "),
            findings: connection.rules.iter().map(|(rule, _)| rule.id()).collect(),
        },
        output,
    )
}
