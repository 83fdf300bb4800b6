//! The form of the row-field table: what an entry says of a field.

use super::value::{Measure, Value};

/// A thing that rows of some kind hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RowField {
    /// The row's own number, from 1.
    #[default]
    Number,
    /// The number of its connection.
    Connection,
    /// The number of the frame that it is about.
    Frame,
    /// The number of its message.
    Message,
    /// When its first octet was captured.
    Time,
    /// When its last octet was captured.
    EndTime,
    /// The time since the frame before of the same connection.
    Delta,
    /// The peer that sent it, or broke the rule.
    Sender,
    /// FIN of the first frame.
    Fin,
    /// RSV1 of the first frame.
    Rsv1,
    /// RSV2 of the first frame.
    Rsv2,
    /// RSV3 of the first frame.
    Rsv3,
    /// The opcode of the first frame.
    Opcode,
    /// The type of a message: text or binary.
    Type,
    /// MASK of the first frame.
    Masked,
    /// FIN, RSV1, RSV2, RSV3 and MASK side by side.
    Flags,
    /// The masking-key.
    MaskingKey,
    /// Octets of the header.
    HeaderLength,
    /// Payload octets on the wire, as declared.
    Length,
    /// Payload octets that the capture holds.
    CapturedLength,
    /// The time from a ping to its pong.
    RoundTrip,
    /// The packets that brought it.
    Packets,
    /// The frames of a message.
    Frames,
    /// Tells that a message is compressed.
    Compressed,
    /// Octets of the message without compression.
    Plain,
    /// The share of a compressed message's octets that was sent.
    Ratio,
    /// Tells that every octet of a message is known.
    Complete,
    /// The rules of the findings about it.
    Findings,
    /// The octets of the payload that are not known.
    Missing,
    /// The payload as text.
    Text,
    /// The payload as octets, or how it begins.
    Payload,
    /// The text that a payload would be if permessage-deflate were all that is in force.
    TextIfDeflate,
    /// The severity of a finding.
    Severity,
    /// The rule of a finding.
    Rule,
    /// The RFC and the section that state the rule.
    Section,
    /// The finding in a sentence.
    Sentence,
    /// The rule in two sentences.
    Explanation,
    /// The client's address and port.
    Client,
    /// The server's address and port.
    Server,
    /// The protocol that carries a connection.
    Transport,
    /// The URL that was asked for.
    Url,
    /// The status of the response.
    Status,
    /// The subprotocol that was chosen.
    Subprotocol,
    /// The extensions that were accepted.
    Extensions,
    /// The outcome of the opening handshake.
    Handshake,
    /// The way in which a connection was recognised, if not by its handshake.
    Recognised,
    /// The number of the client's frames.
    ClientFrames,
    /// The number of the server's frames.
    ServerFrames,
    /// The number of the client's messages.
    ClientMessages,
    /// The number of the server's messages.
    ServerMessages,
    /// Octets of the client's payloads on the wire.
    ClientPayload,
    /// Octets of the server's payloads on the wire.
    ServerPayload,
    /// The code, the reason and the author of the close.
    Close,
    /// The pings of a connection, and how long their pongs took.
    RoundTrips,
    /// The story of a connection's end, in sentences.
    Story,
}

/// A key of JSON lines, in one piece with the signs around it: it is written millions of times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(&'static str);

impl Key {
    /// The key in this text: a comma, the name in quotation marks, a colon.
    pub const fn new(signs_and_name: &'static str) -> Key {
        Key(signs_and_name)
    }

    /// The name alone.
    pub fn name(self) -> &'static str {
        self.0.trim_matches([',', ':', '"'])
    }

    /// The name and the signs around it, without the comma in front of the first key of a line.
    #[inline]
    pub fn octets(self, is_first: bool) -> &'static [u8] {
        self.0.as_bytes().get(usize::from(is_first)..).unwrap_or_default()
    }
}

/// Makes the [`Key`] of a name.
macro_rules! key {
    ($name:literal) => {
        $crate::query::Key::new(concat!(",\"", $name, "\":"))
    };
}
pub(super) use key;

/// The place of a field in JSON lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Json {
    /// It stands in no line.
    No,
    /// It stands in every line, if need be as `null`.
    Always(Key),
    /// It is left out where there is no such thing, or was not asked for.
    IfAny(Key),
}

impl Json {
    /// The key, if it stands in any line.
    pub const fn key(self) -> Option<Key> {
        match self {
            Json::No => None,
            Json::Always(key) | Json::IfAny(key) => Some(key),
        }
    }
}

/// A term of filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// Its names; the first one is told.
    pub keys: &'static [&'static str],
    /// An example.
    pub example: &'static str,
    /// The rows that pass.
    pub what: &'static str,
}

/// When a column is there, room given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// In every list.
    Always,
    /// In lists of rows of several connections.
    OfSeveralConnections,
    /// In lists with compressed messages.
    WithCompression,
    /// In lists with pongs.
    WithPongs,
}

/// A column of the window's list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Column {
    /// Orders the columns, from the left.
    pub place: u8,
    /// The words of its head.
    pub heading: &'static str,
    /// The name that a screen reader says, where the head is too short for that.
    pub spoken: &'static str,
    /// One sentence about what stands in it.
    pub hint: &'static str,
    /// Points; 0 for the one that takes what is left.
    pub width: f32,
    /// When it is there.
    pub shown: Shown,
    /// Orders the columns that give way where there is no room, the first one first: a row says in words what they do.
    pub gives_way: Option<u8>,
}

impl Column {
    /// A column that every list has, whatever the room.
    pub(super) const fn at(place: u8, heading: &'static str, width: f32, hint: &'static str) -> Column {
        Column { place, heading, spoken: heading, hint, width, shown: Shown::Always, gives_way: None }
    }

    pub(super) const fn spoken(self, spoken: &'static str) -> Column {
        Column { spoken, ..self }
    }

    pub(super) const fn shown(self, shown: Shown) -> Column {
        Column { shown, ..self }
    }

    pub(super) const fn gives_way(self, turn: u8) -> Column {
        Column { gives_way: Some(turn), ..self }
    }
}

/// A column on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalColumn {
    /// Orders the columns, from the left.
    pub place: u8,
    /// The words over it.
    pub heading: &'static str,
    /// Characters; 0 for the last one, which takes what is left.
    pub width: usize,
    /// Blanks before it.
    pub gap: usize,
}

/// A line of the row-field table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    /// The field.
    pub field: RowField,
    /// The kind of its values, and so how they are compared and aligned.
    pub measure: Measure,
    /// Its place in JSON lines.
    pub json: Json,
    /// Its term in filters.
    pub term: Option<Term>,
    /// Set where rows are sorted by it.
    pub sorts: bool,
    /// Its column in the window.
    pub column: Option<Column>,
    /// Its column on a terminal.
    pub terminal: Option<TerminalColumn>,
}

impl Entry {
    /// A field that is shown nowhere.
    pub(super) const fn of(field: RowField) -> Entry {
        Entry { field, measure: Measure::Name, json: Json::No, term: None, sorts: false, column: None, terminal: None }
    }
}

/// Takes the fields of a row that stand in its JSON line, one by one.
pub trait TakeFields<S> {
    /// Why no more can be taken.
    type Error;

    /// Takes the next field. `read` tells its value, unless more than the index is needed for that, as for a payload.
    ///
    /// # Errors
    /// When no more can be taken.
    fn take(&mut self, entry: &'static Entry, source: &S, read: impl FnOnce() -> Value) -> Result<(), Self::Error>;
}

/// Makes the entries of a kind of rows, the function that reads a field of one, and the one that takes all fields that stand
/// in JSON lines: that is spelled out field by field, because it is done for millions of rows.
macro_rules! fields {
    ($source:ident, $value:ident, $write:ident; $($field:ident { $($name:ident: $setting:expr),* $(,)? } = $read:expr;)*) => {
        /// Calls a function of the table.
        #[inline(always)]
        fn read<'a>(source: &$source<'a>, read: impl FnOnce(&$source<'a>) -> Value) -> Value {
            read(source)
        }

        pub(super) static ENTRIES: &[Entry] = &[$(Entry { $($name: $setting,)* ..Entry::of(RowField::$field) }),*];

        /// Reads a field of a row. Nothing where rows of this kind do not have it, or it takes more than the index to tell.
        pub fn $value<'a>(field: RowField, source: &$source<'a>) -> Value {
            match field {
                $(RowField::$field => read(source, $read),)*
                _ => Value::None,
            }
        }

        /// Hands over the fields that stand in the JSON line of a row, in order.
        ///
        /// # Errors
        /// When no more are taken.
        #[inline(always)]
        pub fn $write<'a, T: TakeFields<$source<'a>>>(source: &$source<'a>, to: &mut T) -> Result<(), T::Error> {
            $({
                const ENTRY: &Entry = &Entry { $($name: $setting,)* ..Entry::of(RowField::$field) };
                if const { ENTRY.json.key().is_some() } {
                    to.take(ENTRY, source, || read(source, $read))?;
                }
            })*
            Ok(())
        }
    };
}
pub(super) use fields;
