//! The fields of a frame's row.

use super::entry::{Column, Entry, Json, RowField, Shown, TakeFields, Term, TerminalColumn, fields, key};
use super::shared::{
    CONNECTION, DELTA, FINDINGS, LENGTH, NUMBER, PAYLOAD, SENDER, TERMINAL_CONNECTION, TERMINAL_LENGTH,
    TERMINAL_PAYLOAD, TERMINAL_SENDER, TERMINAL_TIME, TIME,
};
use super::value::{Measure, Value};
use crate::base::{FrameId, Sender};
use crate::dissect::{FrameRecord, Message, Snapshot};
use crate::ws::FrameHeader;

/// A frame whose fields are read.
#[derive(Clone, Copy)]
pub struct FrameSource<'a> {
    /// Its number.
    pub number: u64,
    /// Its header.
    pub header: &'a FrameHeader,
    /// Its record; pasted octets have none.
    pub indexed: Option<Indexed<'a>>,
}

/// A frame of a capture.
#[derive(Clone, Copy)]
pub struct Indexed<'a> {
    /// The index that holds it.
    pub snapshot: &'a Snapshot,
    /// Its id.
    pub id: FrameId,
    /// Its record.
    pub record: &'a FrameRecord,
}

impl<'a> FrameSource<'a> {
    /// The frame with this id.
    #[inline]
    pub fn new(snapshot: &'a Snapshot, id: FrameId) -> Option<FrameSource<'a>> {
        Some(FrameSource::of(snapshot, id, snapshot.frame(id)?))
    }

    /// The frame with this id and record.
    #[inline]
    pub fn of(snapshot: &'a Snapshot, id: FrameId, record: &'a FrameRecord) -> FrameSource<'a> {
        FrameSource { number: id.number(), header: &record.header, indexed: Some(Indexed { snapshot, id, record }) }
    }

    /// Reads what only a frame of a capture has.
    #[inline(always)]
    fn indexed(&self, read: impl FnOnce(&Indexed<'a>) -> Value) -> Value {
        self.indexed.as_ref().map_or(Value::None, read)
    }

    fn bit(&self, index: usize) -> Value {
        Value::Flag(self.header.rsv()[index])
    }
}

impl Indexed<'_> {
    /// The message that the frame belongs to.
    fn message(&self) -> Option<Message> {
        self.record.message().and_then(|id| self.snapshot.message(id))
    }

    /// The time since the frame before of the same connection.
    pub(super) fn delta(&self) -> Value {
        let previous = self.record.previous().and_then(|previous| self.snapshot.frame(previous));
        Value::duration_or_none(previous.map(|previous| self.record.time.since(previous.time)))
    }
}

fields! {
    FrameSource, frame_value, write_frame;

    Number {
        measure: Measure::Ordinal,
        json: Json::Always(key!("frame")),
        sorts: true,
        column: Some(NUMBER),
        terminal: Some(TerminalColumn { place: 0, heading: "frame", width: 6, gap: 0 }),
    } = |it| Value::Number(it.number);
    Connection {
        measure: Measure::Ordinal,
        json: Json::Always(key!("connection")),
        term: Some(Term { keys: &["conn", "connection"], example: "conn:2", what: "one connection, by its number" }),
        sorts: true,
        column: Some(CONNECTION),
        terminal: Some(TERMINAL_CONNECTION),
    } = |it| it.indexed(|it| Value::Number(it.record.connection.number()));
    Message {
        measure: Measure::Ordinal,
        json: Json::Always(key!("message")),
    } = |it| it.indexed(|it| Value::number_or_none(it.record.message().map(|id| id.number())));
    Time {
        measure: Measure::Moment,
        json: Json::Always(key!("time_ns")),
        sorts: true,
        column: Some(TIME),
        terminal: Some(TERMINAL_TIME),
    } = |it| it.indexed(|it| Value::Time(it.record.time));
    Delta {
        measure: Measure::Duration,
        sorts: true,
        column: Some(DELTA),
    } = |it| it.indexed(|it| it.delta());
    Sender {
        json: Json::Always(key!("sender")),
        term: Some(Term {
            keys: &["sender", "from"],
            example: "sender:client",
            what: "what the client (or the server) sent",
        }),
        sorts: true,
        column: Some(SENDER),
        terminal: Some(TERMINAL_SENDER),
    } = |it| Value::Sender(it.indexed.map_or(Sender::Unknown, |it| it.record.sender()));
    Fin {
        measure: Measure::Bit,
        json: Json::Always(key!("fin")),
        term: Some(Term {
            keys: &["fin"],
            example: "fin:0",
            what: "a single bit of the header: fin, rsv1, rsv2, rsv3, masked",
        }),
    } = |it| Value::Flag(it.header.fin());
    Rsv1 {
        measure: Measure::Bit,
        json: Json::Always(key!("rsv1")),
        term: Some(Term { keys: &["rsv1"], example: "rsv1:1", what: "" }),
    } = |it| it.bit(0);
    Rsv2 {
        measure: Measure::Bit,
        json: Json::Always(key!("rsv2")),
        term: Some(Term { keys: &["rsv2"], example: "rsv2:1", what: "" }),
    } = |it| it.bit(1);
    Rsv3 {
        measure: Measure::Bit,
        json: Json::Always(key!("rsv3")),
        term: Some(Term { keys: &["rsv3"], example: "rsv3:1", what: "" }),
    } = |it| it.bit(2);
    Opcode {
        json: Json::Always(key!("opcode")),
        term: Some(Term {
            keys: &["opcode"],
            example: "opcode:text",
            what: "frames of this opcode: text, binary, close, ping, pong, continuation or a number; several with commas",
        }),
        sorts: true,
        column: Some(Column::at(50, "Opcode", 112.0, "What kind of frame it is")),
        terminal: Some(TerminalColumn { place: 4, heading: "opcode", width: 14, gap: 2 }),
    } = |it| Value::Opcode(it.header.opcode());
    Masked {
        measure: Measure::Bit,
        json: Json::Always(key!("masked")),
        term: Some(Term { keys: &["masked", "mask"], example: "masked:0", what: "" }),
    } = |it| Value::Flag(it.header.masked());
    Flags {
        column: Some(
            Column::at(
                60,
                "Flags",
                72.0,
                "FIN, RSV1, RSV2, RSV3 and MASK: a letter or digit where the bit is set, a dot where not",
            )
            .gives_way(6),
        ),
        terminal: Some(TerminalColumn { place: 5, heading: "FIN RSV MASK", width: 12, gap: 2 }),
    } = |_| Value::None;
    MaskingKey {
        json: Json::Always(key!("masking_key")),
    } = |it| it.header.masking_key().map_or(Value::None, Value::Key);
    HeaderLength {
        measure: Measure::Octets,
        json: Json::Always(key!("header_length")),
    } = |it| Value::Number(it.header.header_len().into());
    Length {
        measure: Measure::Octets,
        json: Json::Always(key!("payload_length")),
        term: Some(Term { keys: &["len"], example: "len>100", what: "payload octets; also <, >=, <= and =" }),
        sorts: true,
        column: Some(LENGTH),
        terminal: Some(TERMINAL_LENGTH),
    } = |it| Value::Number(it.header.payload_len());
    CapturedLength {
        measure: Measure::Octets,
        json: Json::Always(key!("captured_length")),
    } = |it| it.indexed(|it| Value::Number(it.snapshot.captured_len(it.record)));
    Plain {
        measure: Measure::Octets,
        term: Some(Term { keys: &["plain"], example: "plain>100", what: "octets of the message without compression" }),
    } = |it| it.indexed(|it| {
        Value::number_or_none(it.message().and_then(|message| it.snapshot.plain_len_of(&message)))
    });
    Ratio {
        measure: Measure::PerCent,
        term: Some(Term {
            keys: &["ratio"],
            example: "ratio>100",
            what: "how much of a compressed message's octets was sent, in per cent: more than 100 grew",
        }),
    } = |it| it.indexed(|it| {
        let message = it.message();
        let plain = message.as_ref().and_then(|message| it.snapshot.plain_len(message.id));
        let part = message.map_or(0, |message| message.wire_len);
        plain.map_or(Value::None, |whole| Value::Ratio { part, whole })
    });
    RoundTrip {
        measure: Measure::Duration,
        json: Json::IfAny(key!("rtt_ns")),
        term: Some(Term {
            keys: &["rtt"],
            example: "rtt>50",
            what: "pongs that came so long after their ping, in milliseconds; also rtt>2s, rtt<300µs",
        }),
        sorts: true,
        column: Some(
            Column::at(
                80,
                "Round trip",
                84.0,
                "Of a pong, how long it came after the ping that it answers, seen from where it was captured",
            )
            .shown(Shown::WithPongs)
            .gives_way(1),
        ),
    } = |it| it.indexed(|it| Value::duration_or_none(it.snapshot.round_trip_ns(it.record)));
    Packets {
        measure: Measure::Ordinal,
        json: Json::Always(key!("packets")),
    } = |_| Value::None;
    Findings {
        json: Json::Always(key!("findings")),
        term: Some(Term {
            keys: &["finding", "findings"],
            example: "finding",
            what: "with any finding; finding:violation, finding:masked for a severity or a part of a rule's name",
        }),
        column: Some(FINDINGS),
    } = |_| Value::None;
    Payload {
        json: Json::IfAny(key!("payload_hex")),
        column: Some(PAYLOAD),
        terminal: Some(TERMINAL_PAYLOAD),
    } = |_| Value::None;
}
