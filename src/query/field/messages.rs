//! The fields of a message's row. Time, opcode and bits are those of its first frame.

use super::entry::{Column, Entry, Json, RowField, Shown, TakeFields, TerminalColumn, fields, key};
use super::frames::{FrameSource, frame_value};
use super::shared::{
    CONNECTION, DELTA, FINDINGS, LENGTH, NUMBER, PAYLOAD, SENDER, TERMINAL_CONNECTION, TERMINAL_LENGTH,
    TERMINAL_PAYLOAD, TERMINAL_SENDER, TERMINAL_TIME, TIME,
};
use super::value::{Measure, Value};
use crate::dissect::{FrameRecord, Message, Snapshot};
use crate::ws::Opcode;

/// A message whose fields are read.
#[derive(Clone, Copy)]
pub struct MessageSource<'a> {
    /// The index that holds it.
    pub snapshot: &'a Snapshot,
    /// The message.
    pub message: &'a Message,
    /// Its first frame.
    pub first: &'a FrameRecord,
}

impl<'a> MessageSource<'a> {
    /// The source of a message.
    #[inline]
    pub fn new(snapshot: &'a Snapshot, message: &'a Message) -> Option<MessageSource<'a>> {
        Some(MessageSource { snapshot, message, first: snapshot.frame(message.first)? })
    }

    /// Reads a field of the first frame.
    fn of_first(&self, field: RowField) -> Value {
        frame_value(field, &FrameSource::of(self.snapshot, self.message.first, self.first))
    }
}

fields! {
    MessageSource, message_value, write_message;

    Number {
        measure: Measure::Ordinal,
        json: Json::Always(key!("message")),
        sorts: true,
        column: Some(NUMBER),
        terminal: Some(TerminalColumn { place: 0, heading: "msg", width: 5, gap: 0 }),
    } = |it| Value::Number(it.message.id.number());
    Connection {
        measure: Measure::Ordinal,
        json: Json::Always(key!("connection")),
        sorts: true,
        column: Some(CONNECTION),
        terminal: Some(TERMINAL_CONNECTION),
    } = |it| Value::Number(it.message.connection.number());
    Sender {
        json: Json::Always(key!("sender")),
        sorts: true,
        column: Some(SENDER),
        terminal: Some(TERMINAL_SENDER),
    } = |it| Value::Sender(it.message.sender);
    Type {
        json: Json::Always(key!("type")),
        terminal: Some(TerminalColumn { place: 4, heading: "type", width: 6, gap: 2 }),
    } = |it| Value::Word(if it.message.opcode == Opcode::TEXT { "text" } else { "binary" });
    Opcode {
        sorts: true,
        column: Some(Column::at(50, "Opcode", 84.0, "What kind of frame it is")),
    } = |it| Value::Opcode(it.message.opcode);
    Frames {
        measure: Measure::Count,
        json: Json::Always(key!("frames")),
        sorts: true,
        column: Some(Column::at(60, "Frames", 58.0, "How many frames the message was sent in").gives_way(3)),
        terminal: Some(TerminalColumn { place: 5, heading: "frames", width: 6, gap: 2 }),
    } = |it| Value::Number(it.message.frames.into());
    Time {
        measure: Measure::Moment,
        json: Json::Always(key!("time_ns")),
        sorts: true,
        column: Some(TIME),
        terminal: Some(TERMINAL_TIME),
    } = |it| Value::Time(it.first.time);
    EndTime {
        measure: Measure::Moment,
        json: Json::Always(key!("end_time_ns")),
    } = |_| Value::None;
    Delta {
        measure: Measure::Duration,
        sorts: true,
        column: Some(DELTA),
    } = |it| it.of_first(RowField::Delta);
    Compressed {
        measure: Measure::Bit,
        json: Json::Always(key!("compressed")),
    } = |it| Value::Flag(it.message.compressed);
    Length {
        measure: Measure::Octets,
        json: Json::Always(key!("wire_length")),
        sorts: true,
        column: Some(LENGTH),
        terminal: Some(TERMINAL_LENGTH),
    } = |it| Value::Number(it.message.wire_len);
    Plain {
        measure: Measure::Octets,
        json: Json::Always(key!("length")),
        sorts: true,
        column: Some(
            Column::at(80, "Plain", 76.0, "Octets of the message without compression: what it inflates to")
                .spoken("Octets without compression")
                .shown(Shown::WithCompression)
                .gives_way(4),
        ),
    } = |it| Value::number_or_none(it.snapshot.plain_len_of(it.message));
    Ratio {
        measure: Measure::PerCent,
        sorts: true,
        column: Some(
            Column::at(
                85,
                "Sent",
                70.0,
                "How much of a compressed message's octets was sent: above 100 % compression made it larger",
            )
            .spoken("Sent of them")
            .shown(Shown::WithCompression)
            .gives_way(8),
        ),
    } = |it| {
        let plain = it.snapshot.plain_len(it.message.id);
        plain.map_or(Value::None, |whole| Value::Ratio { part: it.message.wire_len, whole })
    };
    Complete {
        measure: Measure::Bit,
        json: Json::Always(key!("complete")),
    } = |_| Value::None;
    Findings {
        json: Json::Always(key!("findings")),
        column: Some(FINDINGS),
    } = |_| Value::None;
    Missing {
        measure: Measure::Octets,
        json: Json::IfAny(key!("missing")),
    } = |_| Value::None;
    Text {
        json: Json::IfAny(key!("text")),
    } = |_| Value::None;
    Payload {
        json: Json::IfAny(key!("payload_hex")),
        column: Some(PAYLOAD),
        terminal: Some(TERMINAL_PAYLOAD),
    } = |_| Value::None;
    TextIfDeflate {
        json: Json::IfAny(key!("text_if_deflate")),
    } = |_| Value::None;
    Fin { measure: Measure::Bit } = |it| it.of_first(RowField::Fin);
    Rsv1 { measure: Measure::Bit } = |it| it.of_first(RowField::Rsv1);
    Rsv2 { measure: Measure::Bit } = |it| it.of_first(RowField::Rsv2);
    Rsv3 { measure: Measure::Bit } = |it| it.of_first(RowField::Rsv3);
    Masked { measure: Measure::Bit } = |it| it.of_first(RowField::Masked);
    RoundTrip { measure: Measure::Duration } = |it| it.of_first(RowField::RoundTrip);
}
