//! Values of rows' fields, typed, so that they can be compared, sorted, written and painted.

use std::fmt;

use crate::base::{Rule, Sender, Severity, Timestamp};
use crate::ws::Opcode;

/// The kind of a field's values: how they are compared in filters and aligned in lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// A word, a mark, or text.
    Name,
    /// A number that names a row.
    Ordinal,
    /// The number of stages.
    Count,
    /// Octets.
    Octets,
    /// A part of something, in per cent.
    PerCent,
    /// Nanoseconds from one moment to another.
    Duration,
    /// A moment.
    Moment,
    /// A single bit of the header.
    Bit,
}

impl Measure {
    /// Tells that its values are numbers, which stand below one another at their right ends.
    pub fn is_number(self) -> bool {
        match self {
            Measure::Ordinal | Measure::Count | Measure::Octets | Measure::PerCent | Measure::Duration => true,
            Measure::Name | Measure::Moment | Measure::Bit => false,
        }
    }
}

/// The value of a field in one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// There is none, or it is not known.
    None,
    /// A number.
    Number(u64),
    /// Nanoseconds.
    Duration(i64),
    /// A moment.
    Time(Timestamp),
    /// So many of so many.
    Ratio {
        /// The part.
        part: u64,
        /// The whole.
        whole: u64,
    },
    /// Yes or no.
    Flag(bool),
    /// A masking-key.
    Key([u8; 4]),
    /// A word of the contract.
    Word(&'static str),
    /// A sender.
    Sender(Sender),
    /// An opcode.
    Opcode(Opcode),
    /// A severity.
    Severity(Severity),
    /// A rule.
    Rule(Rule),
}

impl Value {
    /// The value as a number of the same order. No value is less than any; the two largest numbers there are count as equal.
    pub(in crate::query) fn sort_key(self) -> u64 {
        match self {
            Value::None => 0,
            Value::Number(number) => number.saturating_add(1),
            Value::Duration(nanoseconds) => signed(nanoseconds),
            Value::Time(time) => time.0.saturating_add(1),
            Value::Ratio { part, whole } => {
                let millionths = u128::from(part) * 1_000_000 / u128::from(whole.max(1)) + 1;
                u64::try_from(millionths).unwrap_or(u64::MAX)
            }
            Value::Flag(is_set) => u64::from(is_set),
            Value::Key(key) => u32::from_be_bytes(key).into(),
            Value::Word(_) => 0,
            Value::Sender(sender) => sender as u64,
            Value::Opcode(opcode) => opcode.value().into(),
            Value::Severity(severity) => severity as u64,
            Value::Rule(rule) => rule as u64,
        }
    }

    /// The value if it is a number that is not below 0.
    pub fn number(self) -> Option<u64> {
        match self {
            Value::Number(number) => Some(number),
            Value::Duration(nanoseconds) => u64::try_from(nanoseconds).ok(),
            _ => None,
        }
    }

    pub(super) fn number_or_none(number: Option<u64>) -> Value {
        number.map_or(Value::None, Value::Number)
    }

    pub(super) fn duration_or_none(nanoseconds: Option<i64>) -> Value {
        nanoseconds.map_or(Value::None, Value::Duration)
    }
}

/// The value as plain text: numbers in digits, durations in nanoseconds, moments in UTC.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::None => Ok(()),
            Value::Number(number) => write!(f, "{number}"),
            Value::Duration(nanoseconds) => write!(f, "{nanoseconds}"),
            Value::Time(time) => write!(f, "{time}"),
            Value::Ratio { part, whole } => write!(f, "{part}/{whole}"),
            Value::Flag(is_set) => write!(f, "{}", u8::from(*is_set)),
            Value::Key(key) => key.iter().try_for_each(|octet| write!(f, "{octet:02x}")),
            Value::Word(word) => f.write_str(word),
            Value::Sender(sender) => f.write_str(sender.as_str()),
            Value::Opcode(opcode) => f.write_str(opcode.name()),
            Value::Severity(severity) => f.write_str(severity.as_str()),
            Value::Rule(rule) => f.write_str(rule.id()),
        }
    }
}

/// A number that may be below 0, so that its order is kept.
pub(in crate::query) fn signed(number: i64) -> u64 {
    number as u64 ^ 1 << 63
}
