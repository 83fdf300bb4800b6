//! The fields of a connection's row.

use super::entry::{Entry, Json, RowField, TakeFields, TerminalColumn, fields, key};
use super::value::{Measure, Value};
use crate::base::ConnectionId;
use crate::dissect::{Connection, Snapshot};

/// A connection whose fields are read.
#[derive(Clone, Copy)]
pub struct ConnectionSource<'a> {
    /// The connection.
    pub connection: &'a Connection,
    /// The snapshot that it is read from.
    pub snapshot: &'a Snapshot,
}

impl<'a> ConnectionSource<'a> {
    /// The connection with this id, if there is one.
    pub fn new(snapshot: &'a Snapshot, id: ConnectionId) -> Option<ConnectionSource<'a>> {
        Some(ConnectionSource { connection: snapshot.connection(id)?, snapshot })
    }
}

fields! {
    ConnectionSource, connection_value, write_connection;

    Connection {
        measure: Measure::Ordinal,
        json: Json::Always(key!("connection")),
        terminal: Some(TerminalColumn { place: 0, heading: "conn", width: 5, gap: 0 }),
    } = |it| Value::Number(it.connection.id.number());
    Client { json: Json::Always(key!("client")) } = |_| Value::None;
    Server { json: Json::Always(key!("server")) } = |_| Value::None;
    Transport { json: Json::Always(key!("transport")) } = |it| Value::Word(it.connection.transport.as_str());
    Url {
        json: Json::Always(key!("url")),
        terminal: Some(TerminalColumn { place: 4, heading: "url", width: 0, gap: 2 }),
    } = |_| Value::None;
    Status { json: Json::Always(key!("status")) } = |it| Value::number_or_none(it.connection.status.map(u64::from));
    Subprotocol { json: Json::Always(key!("subprotocol")) } = |_| Value::None;
    Extensions { json: Json::Always(key!("extensions")) } = |_| Value::None;
    Handshake {
        json: Json::Always(key!("handshake")),
        terminal: Some(TerminalColumn { place: 1, heading: "handshake", width: 16, gap: 2 }),
    } = |it| Value::Word(it.connection.handshake().as_str());
    Recognised {
        json: Json::IfAny(key!("recognised")),
    } = |it| it.connection.recognition.map_or(Value::None, |how| Value::Word(how.as_str()));
    ClientFrames {
        measure: Measure::Count,
        json: Json::Always(key!("frames_client")),
    } = |it| Value::Number(it.connection.frames[0]);
    ServerFrames {
        measure: Measure::Count,
        json: Json::Always(key!("frames_server")),
    } = |it| Value::Number(it.connection.frames[1]);
    Frames {
        terminal: Some(TerminalColumn { place: 2, heading: "    client ⇅ server frames", width: 26, gap: 2 }),
    } = |_| Value::None;
    ClientMessages {
        measure: Measure::Count,
        json: Json::Always(key!("messages_client")),
    } = |it| Value::Number(it.connection.messages[0]);
    ServerMessages {
        measure: Measure::Count,
        json: Json::Always(key!("messages_server")),
    } = |it| Value::Number(it.connection.messages[1]);
    ClientPayload {
        measure: Measure::Octets,
        json: Json::Always(key!("payload_client")),
    } = |it| Value::Number(it.connection.payload[0]);
    ServerPayload {
        measure: Measure::Octets,
        json: Json::Always(key!("payload_server")),
    } = |it| Value::Number(it.connection.payload[1]);
    Time {
        measure: Measure::Moment,
        json: Json::Always(key!("start_ns")),
    } = |it| Value::Time(it.connection.start);
    EndTime {
        measure: Measure::Moment,
        json: Json::Always(key!("end_ns")),
    } = |it| Value::Time(it.connection.end);
    Close {
        json: Json::Always(key!("close")),
        terminal: Some(TerminalColumn { place: 3, heading: "close", width: 26, gap: 2 }),
    } = |_| Value::None;
    RoundTrips { json: Json::IfAny(key!("rtt")) } = |_| Value::None;
    Story { json: Json::Always(key!("story")) } = |_| Value::None;
    Findings { json: Json::Always(key!("findings")) } = |_| Value::None;
}
