//! The fields of a finding's row.

use super::entry::{Column, Entry, Json, RowField, TakeFields, fields, key};
use super::shared::{CONNECTION, NUMBER, SENDER};
use super::value::{Measure, Value};
use crate::base::{ConnectionId, Finding, FrameId, MessageId, Rule, Sender};
use crate::dissect::{FindingRecord, FrameRecord, Snapshot};

/// A finding whose fields are read.
#[derive(Clone, Copy)]
pub struct FindingSource<'a> {
    /// Its number.
    pub number: u64,
    /// The rule.
    pub rule: Rule,
    /// The connection that it is about.
    pub connection: Option<ConnectionId>,
    /// The frame that it is about.
    pub frame: Option<FrameId>,
    /// The message that it is about.
    pub message: Option<MessageId>,
    /// Whose doing it is.
    pub sender: Sender,
    /// The record of that frame.
    pub about: Option<&'a FrameRecord>,
}

impl<'a> FindingSource<'a> {
    /// The finding with this number.
    pub fn new(snapshot: &'a Snapshot, number: u64, finding: &Finding) -> FindingSource<'a> {
        let Finding { rule, connection, frame, message, sender, .. } = *finding;
        let about = frame.and_then(|id| snapshot.frame(id));
        FindingSource { number, rule, connection, frame, message, sender, about }
    }

    /// The finding with this number, by its record.
    pub fn of(snapshot: &'a Snapshot, number: u64, record: &FindingRecord) -> FindingSource<'a> {
        let (connection, frame, message) = (record.connection(), record.frame(), record.message());
        let about = frame.and_then(|id| snapshot.frame(id));
        FindingSource { number, rule: record.rule, connection, frame, message, sender: record.sender, about }
    }
}

fields! {
    FindingSource, finding_value, write_finding;

    Number {
        measure: Measure::Ordinal,
        sorts: true,
        column: Some(NUMBER),
    } = |it| Value::Number(it.number);
    Rule {
        json: Json::Always(key!("rule")),
        sorts: true,
        column: Some(Column::at(50, "Rule", 232.0, "Which rule, by its stable name")),
    } = |it| Value::Rule(it.rule);
    Severity {
        json: Json::Always(key!("severity")),
        sorts: true,
        column: Some(Column::at(
            20,
            "Severity",
            94.0,
            "A violation breaks a MUST, a warning a SHOULD; a note is nobody's fault",
        )),
    } = |it| Value::Severity(it.rule.severity());
    Section { json: Json::Always(key!("section")) } = |it| Value::Word(it.rule.section());
    Connection {
        measure: Measure::Ordinal,
        json: Json::Always(key!("connection")),
        sorts: true,
        column: Some(Column { gives_way: None, ..CONNECTION }),
    } = |it| Value::number_or_none(it.connection.map(|id| id.number()));
    Frame {
        measure: Measure::Ordinal,
        json: Json::Always(key!("frame")),
        sorts: true,
        column: Some(Column::at(30, "Frame", 72.0, "The frame that it is about")),
    } = |it| Value::number_or_none(it.frame.map(|id| id.number()));
    Message {
        measure: Measure::Ordinal,
        json: Json::Always(key!("message")),
    } = |it| Value::number_or_none(it.message.map(|id| id.number()));
    Sender {
        json: Json::Always(key!("sender")),
        sorts: true,
        column: Some(SENDER),
    } = |it| Value::Sender(it.sender);
    Sentence {
        json: Json::Always(key!("text")),
        column: Some(Column::at(60, "Finding", 0.0, "What was found, with the values; select it to see where")),
    } = |_| Value::None;
    Explanation { json: Json::IfAny(key!("explanation")) } = |_| Value::None;
    Time {
        measure: Measure::Moment,
        sorts: true,
    } = |it| it.about.map_or(Value::None, |frame| Value::Time(frame.time));
}
