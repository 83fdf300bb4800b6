//! Rows as text, for people.

use unicode_width::UnicodeWidthChar as _;
use unicode_width::UnicodeWidthStr as _;

use super::output::{Failure, Output};
use crate::base::{ConnectionId, Finding, FrameId, MessageId};
use crate::dissect::{Inflation, MessageReader, Octets, Snapshot};
use crate::query::{
    ConnectionSource, Entry, FrameSource, MessageSource, RowField, TerminalColumn, Value, connection_value,
    frame_value, message_value,
};
use crate::view::{
    MessageState, PayloadText, Words, close_summary, connection_row, count, frame_preview, inflated_text, length,
    message_row, payload_text, printable,
};

/// Columns of a preview on a terminal; a pipe gets the whole preview.
const PREVIEW_COLUMNS: usize = 60;

/// Octets of a compressed message that are shown of it without `--payload`.
const PREVIEW_OCTETS: u64 = 160;

/// Octets of a payload in a row; a person reads no more, and `--json` has them all.
const PAYLOAD_OCTETS: u64 = 1 << 20;

/// `text` in exactly `columns` columns of a terminal: padded, or cut with `…`.
pub fn fit(text: &str, columns: usize) -> String {
    let width = text.width();
    if width <= columns {
        return format!("{text}{}", " ".repeat(columns - width));
    }
    let mut out = String::new();
    let mut used = 0;
    for character in text.chars() {
        let wide = character.width().unwrap_or(0);
        if used + wide + 1 > columns {
            break;
        }
        used += wide;
        out.push(character);
    }
    out.push('…');
    out.push_str(&" ".repeat(columns.saturating_sub(used + 1)));
    out
}

/// A row of `check`: severity, rule, place and sentence.
pub fn finding(finding: &Finding, words: &Words) -> String {
    let numbers = [
        ("connection", finding.connection.map(|id| id.number())),
        ("message", finding.message.map(|id| id.number())),
        ("frame", finding.frame.map(|id| id.number())),
    ];
    let place: Vec<String> =
        numbers.iter().filter_map(|(what, number)| number.map(|number| format!("{what} {number}"))).collect();
    let section = match finding.rule.section() {
        "" => String::new(),
        section => format!(" [{section}]"),
    };
    format!(
        "{:<9}  {:<35} {} ({}): {}{section}",
        finding.severity().as_str(),
        finding.rule.id(),
        place.join(", "),
        finding.sender,
        printable(&words.sentence(&finding.fact))
    )
}

fn preview(text: String, output: &Output) -> String {
    if output.is_terminal() { fit(&text, PREVIEW_COLUMNS).trim_end().to_owned() } else { text }
}

/// Room for a row of usual length, so that it is asked for once.
const ROW: usize = 256;

const HEX_DIGITS: [&str; 16] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "A", "B", "C", "D", "E", "F"];

/// Appends a number at the right of a column of `width`.
fn right(line: &mut String, mut number: u64, width: usize) {
    let (mut digits, mut count) = ([0; 20], 0);
    for place in digits.iter_mut().rev() {
        (*place, number, count) = ((number % 10) as u8, number / 10, count + 1);
        if number == 0 {
            break;
        }
    }
    blanks(line, width.saturating_sub(count));
    line.extend(digits.iter().skip(20 - count).map(|digit| char::from(b'0' + digit)));
}

/// Appends ASCII words at the left of a column of `width`.
fn left(line: &mut String, words: &[&str], width: usize) {
    let end = line.len() + width;
    words.iter().for_each(|word| line.push_str(word));
    blanks(line, end.saturating_sub(line.len()));
}

fn blanks(line: &mut String, mut count: usize) {
    const BLANKS: &str = "                                ";
    while count > 0 {
        let some = count.min(BLANKS.len());
        line.push_str(&BLANKS[..some]);
        count -= some;
    }
}

/// The columns of a kind of rows, from the left, with the measures of their fields.
pub struct Columns(Vec<(&'static Entry, TerminalColumn)>);

impl Columns {
    /// Returns the columns that entries of the row-field table name.
    pub fn of(entries: &'static [Entry]) -> Columns {
        let mut columns: Vec<_> = entries.iter().filter_map(|entry| Some((entry, entry.terminal?))).collect();
        columns.sort_by_key(|(_, column)| column.place);
        Columns(columns)
    }

    /// Returns the line over the rows. The heading of a number stands over its last digits.
    pub fn header(&self) -> String {
        let mut line = String::new();
        for (entry, TerminalColumn { heading, width, gap, .. }) in &self.0 {
            blanks(&mut line, *gap);
            let room = width.saturating_sub(heading.width());
            if entry.measure.is_number() {
                blanks(&mut line, room);
                line.push_str(heading);
            } else {
                line.push_str(heading);
                blanks(&mut line, room);
            }
        }
        line
    }

    /// Appends a row up to its last column, which follows. `other` appends what is no value, in so many characters.
    fn cells(&self, line: &mut String, read: impl Fn(RowField) -> Value, other: impl Fn(RowField, &mut String)) {
        for (entry, TerminalColumn { width, gap, .. }) in &self.0 {
            let value = read(entry.field);
            blanks(line, *gap);
            match value {
                Value::None => other(entry.field, line),
                Value::Number(number) => right(line, number, *width),
                Value::Time(time) => left(line, &[&time.time_of_day()], *width),
                Value::Sender(sender) => left(line, &[sender.as_str()], *width),
                Value::Word(word) => left(line, &[word], *width),
                Value::Opcode(opcode) => {
                    let name = if opcode.is_reserved() { "reserved" } else { opcode.name() };
                    left(line, &[HEX_DIGITS[usize::from(opcode.value() & 15)], " ", name], *width);
                }
                Value::Severity(severity) => left(line, &[severity.as_str()], *width),
                Value::Rule(rule) => left(line, &[rule.id()], *width),
                Value::Flag(is_set) => left(line, &[bit(is_set)], *width),
                Value::Key(key) => key.iter().for_each(|octet| line.push_str(&format!("{octet:02x}"))),
                Value::Ratio { part, whole } => right(line, part.saturating_mul(100) / whole.max(1), *width),
                Value::Duration(nanoseconds) => right(line, nanoseconds.unsigned_abs(), *width),
            }
        }
    }
}

fn bit(is_set: bool) -> &'static str {
    if is_set { "1" } else { "0" }
}

/// A row of `frames`; with `payload` the whole payload instead of its start.
pub fn frame(
    columns: &Columns,
    snapshot: &Snapshot,
    reader: &mut MessageReader,
    id: FrameId,
    payload: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    let Some(record) = snapshot.frame(id) else { return Ok(()) };
    let header = &record.header;
    let mut line = String::with_capacity(ROW);
    let flags = |field, line: &mut String| {
        if field == RowField::Flags {
            let [rsv1, rsv2, rsv3] = header.rsv().map(bit);
            let parts = ["  ", bit(header.fin()), " ", rsv1, rsv2, rsv3, "    ", bit(header.masked())];
            parts.iter().for_each(|part| line.push_str(part));
        }
    };
    let source = FrameSource::of(snapshot, id, record);
    columns.cells(&mut line, |field| frame_value(field, &source), flags);
    if record.is_compressed() {
        line.push_str("[compressed] ");
    }
    let captured = snapshot.captured_len(record);
    if captured < header.payload_len() {
        line.push_str(&format!("[{} captured] ", count(captured, "octet")));
    }
    if record.has_findings() {
        let rules: Vec<&str> = snapshot.finding_records_of_frame(id).iter().map(|finding| finding.rule.id()).collect();
        line.push_str(&format!("[{}] ", rules.join(", ")));
    }
    if payload {
        let plain = reader
            .frame_octets(snapshot, record, 0..PAYLOAD_OCTETS)
            .map_err(|error| Failure::Message(error.to_string()))?;
        line.push_str(&whole(&plain, payload_text(&plain, snapshot.data_opcode(record), record.is_compressed())));
    } else {
        line.push_str(&preview(frame_preview(snapshot, reader, record).text, output));
    }
    output.line(line.trim_end())
}

/// Returns how many octets of what a compressed message inflates to a row takes.
pub fn most_inflated(payload: bool) -> u64 {
    if payload { PAYLOAD_OCTETS } else { PREVIEW_OCTETS }
}

/// A row of `messages`; with `payload` the whole payload instead of its start.
pub fn message(
    columns: &Columns,
    snapshot: &Snapshot,
    inflation: &mut Inflation,
    id: MessageId,
    payload: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    let Some(message) = snapshot.message(id) else { return Ok(()) };
    let Some(source) = MessageSource::new(snapshot, &message) else { return Ok(()) };
    let Some(row) = message_row(snapshot, inflation.reader(), id) else { return Ok(()) };
    let mut text = preview(row.preview.text, output);
    let unreadable = |error: std::io::Error| Failure::Message(error.to_string());
    let mut ratio = None;
    if message.compressed {
        let most = most_inflated(payload);
        let inflated = inflation.message(snapshot, &message, most).map_err(unreadable)?;
        ratio = Some(match inflated.is_complete() {
            _ if !message.is_understood => "[another extension is in force too: its meaning is not known]".to_owned(),
            true => format!("[inflates to {}]", length(inflated.plain.total)),
            false => "[not all of it can be inflated]".to_owned(),
        });
        text = whole(&inflated.plain, inflated_text(&inflated.plain, row.opcode));
        if !payload {
            if inflated.plain.total > most {
                text.push('…');
            }
            text = preview(text, output);
        }
    } else if payload {
        let octets = inflation.reader().message_octets(snapshot, &message, PAYLOAD_OCTETS).map_err(unreadable)?;
        text = whole(&octets, payload_text(&octets, row.opcode, false));
    }
    let mut notes = Vec::from_iter(ratio);
    match row.state {
        MessageState::Complete => {}
        MessageState::Open => notes.push("[open]".to_owned()),
        MessageState::Incomplete => notes.push("[incomplete]".to_owned()),
    }
    notes.push(text);
    let mut line = String::with_capacity(ROW);
    columns.cells(&mut line, |field| message_value(field, &source), |_, _| {});
    line.push_str(&notes.join(" "));
    output.line(line.trim_end())
}

/// A payload in one line: text with its line ends shown as `·`, else hex.
fn whole(plain: &Octets, text: PayloadText) -> String {
    let mut line = if text.text.is_empty() {
        plain.octets.iter().map(|octet| format!("{octet:02x}")).collect()
    } else {
        printable(&text.text)
    };
    if plain.total > PAYLOAD_OCTETS {
        line.push_str(&format!("… of {}, --json shows all that were captured", count(plain.total, "octet")));
    }
    line
}

/// A row of `connections`.
pub fn connection(
    columns: &Columns,
    snapshot: &Snapshot,
    id: ConnectionId,
    output: &mut Output,
) -> Result<(), Failure> {
    let (Some(row), Some(source)) = (connection_row(snapshot, id), ConnectionSource::new(snapshot, id)) else {
        return Ok(());
    };
    let connection = source.connection;
    let (close, reason) = match close_summary(connection) {
        Some(close) => {
            let code = close.code.map_or("no code".to_owned(), |code| code.to_string());
            (format!("{code} by {}{}", close.by, if close.clean { "" } else { ", not clean" }), close.reason)
        }
        None if connection.opened => ("open".to_owned(), String::new()),
        None => Default::default(),
    };
    let mut notes = vec![match row.url {
        Some(url) => format!("{url} from {}", row.client),
        None => format!("{} → {}", row.client, row.server),
    }];
    if !reason.is_empty() {
        notes.push(format!("closed: “{reason}”"));
    }
    notes.extend(row.subprotocol.map(|subprotocol| format!("subprotocol {subprotocol}")));
    notes.extend(row.extensions);
    let [client, server] = row.payload;
    notes.push(format!("{} ⇅ {}", length(client), length(server)));
    let rules: Vec<&str> = connection.rules.iter().map(|(rule, _)| rule.id()).collect();
    if !rules.is_empty() {
        notes.push(format!("[{}]", rules.join(", ")));
    }
    let handshake = match row.status {
        Some(status) => format!("{status} {}", row.handshake.as_str()),
        None => row.handshake.as_str().to_owned(),
    };
    let [client, server] = row.frames;
    let frames = format!("{client:>10} ⇅ {server}");
    let mut line = String::with_capacity(ROW);
    // Only the number stands in its column as it is.
    let value = |field| Some(connection_value(field, &source)).filter(|_| field == RowField::Connection);
    let room = |field| columns.0.iter().find(|(entry, _)| entry.field == field).map_or(0, |(_, column)| column.width);
    columns.cells(
        &mut line,
        |field| value(field).unwrap_or(Value::None),
        |field, line| {
            let text = match field {
                RowField::Handshake => &handshake,
                RowField::Frames => &frames,
                RowField::Close => &printable(&close),
                _ => return,
            };
            line.push_str(&fit(text, room(field)));
        },
    );
    line.push_str(&printable(&notes.join("  ")));
    output.line(&line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_they_are_told_to_be() {
        for number in [0, 7, 10, 99, 100, 12_345, u64::MAX] {
            for width in [0, 1, 5, 40] {
                let mut line = "x".to_owned();
                right(&mut line, number, width);
                assert_eq!(line, format!("x{number:>width$}"));
                left(&mut line, &["a", " b"], width);
                assert_eq!(line, format!("x{number:>width$}{:<width$}", "a b"));
            }
        }
    }

    /// Numbers as large as they come stay apart from what stands before them.
    #[test]
    fn columns_do_not_run_together() {
        for kind in crate::query::RowKind::ALL {
            let columns = Columns::of(crate::query::entries(kind));
            let mut line = String::new();
            columns.cells(&mut line, |_| Value::Number(u64::MAX), |_, _| {});
            assert!(line.split_whitespace().all(|number| number == u64::MAX.to_string()), "{line}");
        }
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(fit("ab", 4), "ab  ");
        assert_eq!(fit("abcdef", 4), "abc…");
        assert_eq!(fit("你好世界", 5), "你好…");
        assert_eq!(fit("你好世界", 6), "你好… ");
    }
}
