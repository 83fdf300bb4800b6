//! JSON lines. Keys are fixed: more may come, none is renamed or removed.

use serde::Serialize;

use super::json_line::JsonLine;
use super::output::{Failure, Output};
use crate::base::{ConnectionId, FrameId};
use crate::dissect::{FrameRecord, MessageReader, Snapshot};
use crate::query::{
    ConnectionSource, Entry, FrameSource, Indexed, RowField, TakeFields, Value, write_connection, write_frame,
};
use crate::view::{CloseSummary, FrameView, RoundTripSummary, RoundTrips, close_story, close_summary};

/// Writes one object as a line.
pub fn write(row: &impl Serialize, output: &mut Output) -> Result<(), Failure> {
    let line = serde_json::to_string(row).map_err(|error| Failure::Message(format!("cannot write JSON: {error}")))?;
    output.line(&line)
}

pub(super) fn unreadable(error: std::io::Error) -> Failure {
    Failure::Message(format!("the capture cannot be read any more: {error}"))
}

/// Writes rows of `frames --json`.
#[derive(Debug, Default)]
pub struct FrameRows {
    line: JsonLine,
    reader: MessageReader,
    packets: Vec<u64>,
}

impl FrameRows {
    /// The row of a frame.
    pub fn row(&mut self, snapshot: &Snapshot, id: FrameId, payload: bool, output: &mut Output) -> Result<(), Failure> {
        let Some(source) = FrameSource::new(snapshot, id) else { return Ok(()) };
        self.line.begin();
        write_frame(&source, &mut FrameLine { rows: self, payload, output })?;
        self.line.end(output)
    }
}

/// A row of a frame that is being written.
struct FrameLine<'a> {
    rows: &'a mut FrameRows,
    payload: bool,
    output: &'a mut Output,
}

impl TakeFields<FrameSource<'_>> for FrameLine<'_> {
    type Error = Failure;

    #[inline(always)]
    fn take(
        &mut self,
        entry: &'static Entry,
        source: &FrameSource<'_>,
        read: impl FnOnce() -> Value,
    ) -> Result<(), Failure> {
        let (Some(key), Some(Indexed { snapshot, id, record })) = (entry.json.key(), source.indexed) else {
            return Ok(());
        };
        let FrameRows { line, reader, packets } = &mut *self.rows;
        match entry.field {
            RowField::Packets => {
                packets.clear();
                reader.trace(snapshot, record, |segment| packets.push(segment.packet.number()));
                packets.dedup();
                line.numbers(key, packets.iter().copied());
            }
            RowField::Findings => line.distinct_words(key, rules(snapshot, id)),
            RowField::Payload if self.payload => {
                line.begin_string(key);
                let (mut end, mut written) = (0, Ok(()));
                let mut write = |octets: &[u8]| line.piece_of_hex(octets, self.output);
                let read = reader.frame(snapshot, record, 0..u64::MAX, |at, octets| {
                    written = zeros(at - end, &mut write).and_then(|()| write(octets));
                    end = at + octets.len() as u64;
                    written.is_ok()
                });
                written?;
                read.map_err(unreadable)?;
                line.end_string();
            }
            _ => line.value(entry.json, read()),
        }
        Ok(())
    }
}

/// The rules of the findings about a frame, in the order of discovery.
pub(super) fn rules(snapshot: &Snapshot, id: FrameId) -> impl Iterator<Item = &'static str> {
    let has_findings = snapshot.frame(id).is_some_and(FrameRecord::has_findings);
    let findings = has_findings.then(|| snapshot.finding_records_of_frame(id));
    findings.into_iter().flatten().map(|finding| finding.rule.id())
}

/// Writes zeros for octets that are not known, without memory for them.
pub(super) fn zeros(mut octets: u64, mut write: impl FnMut(&[u8]) -> Result<(), Failure>) -> Result<(), Failure> {
    const ZEROS: [u8; 4096] = [0; 4096];
    while octets > 0 {
        let part = octets.min(ZEROS.len() as u64);
        write(&ZEROS[..part as usize])?;
        octets -= part;
    }
    Ok(())
}

/// A row of `decode --json`: the same object for pasted octets.
pub fn pasted(number: u64, view: &FrameView, payload: bool, output: &mut Output) -> Result<(), Failure> {
    let mut line = JsonLine::default();
    line.begin();
    let source = FrameSource { number, header: &view.header, indexed: None };
    write_frame(&source, &mut PastedLine { line: &mut line, view, payload })?;
    line.end(output)
}

/// A row of pasted octets that is being written.
struct PastedLine<'a> {
    line: &'a mut JsonLine,
    view: &'a FrameView,
    payload: bool,
}

impl TakeFields<FrameSource<'_>> for PastedLine<'_> {
    type Error = Failure;

    fn take(
        &mut self,
        entry: &'static Entry,
        _: &FrameSource<'_>,
        read: impl FnOnce() -> Value,
    ) -> Result<(), Failure> {
        let Some(key) = entry.json.key() else { return Ok(()) };
        match entry.field {
            RowField::CapturedLength => self.line.number(key, self.view.captured_len),
            RowField::Packets => self.line.numbers(key, []),
            RowField::Findings => {
                self.line.distinct_words(key, self.view.findings.iter().map(|finding| finding.rule.id()));
            }
            RowField::Payload if self.payload => self.line.hex(key, &self.view.plain().octets),
            _ => self.line.value(entry.json, read()),
        }
        Ok(())
    }
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
    let Some(source) = ConnectionSource::new(snapshot, id) else { return Ok(()) };
    let mut line = JsonLine::default();
    line.begin();
    write_connection(&source, &mut ConnectionLine(&mut line))?;
    line.end(output)
}

/// A row of a connection that is being written.
struct ConnectionLine<'a>(&'a mut JsonLine);

impl TakeFields<ConnectionSource<'_>> for ConnectionLine<'_> {
    type Error = Failure;

    fn take(
        &mut self,
        entry: &'static Entry,
        source: &ConnectionSource<'_>,
        read: impl FnOnce() -> Value,
    ) -> Result<(), Failure> {
        let Some(key) = entry.json.key() else { return Ok(()) };
        let ConnectionSource { connection, snapshot } = *source;
        let line = &mut *self.0;
        match entry.field {
            RowField::Client => line.text(key, &connection.client.to_string()),
            RowField::Server => line.text(key, &connection.server.to_string()),
            RowField::Url => line.text_or_null(key, connection.url.as_deref()),
            RowField::Subprotocol => line.text_or_null(key, connection.subprotocol.as_deref()),
            RowField::Extensions => line.text_or_null(key, connection.extensions.as_deref()),
            RowField::Close => line.object_or_null(key, close_summary(connection).map(Close::from).as_ref())?,
            RowField::RoundTrips => {
                if let Some(times) = RoundTripTimes::of(snapshot, connection.id) {
                    line.object_or_null(key, Some(&times))?;
                }
            }
            RowField::Story => line.text(key, &close_story(snapshot, connection.id).join(" ")),
            RowField::Findings => line.distinct_words(key, connection.rules.iter().map(|(rule, _)| rule.id())),
            _ => line.value(entry.json, read()),
        }
        Ok(())
    }
}

impl From<CloseSummary> for Close {
    fn from(close: CloseSummary) -> Close {
        Close { code: close.code, reason: close.reason, by: close.by.as_str(), clean: close.clean }
    }
}
