//! Rows as text, for people.

use unicode_width::UnicodeWidthChar as _;
use unicode_width::UnicodeWidthStr as _;

use super::output::{Failure, Output};
use crate::base::{ConnectionId, Finding, FrameId, MessageId};
use crate::dissect::{Inflation, MessageReader, Octets, Snapshot};
use crate::view::{
    MessageState, PayloadText, Words, close_summary, connection_row, count, frame_row, inflated_text, length,
    message_row, payload_text, printable,
};

/// Columns of a preview on a terminal; a pipe gets the whole preview.
const PREVIEW_COLUMNS: usize = 60;

/// Octets of a compressed message that are shown of it without `--payload`.
const PREVIEW_OCTETS: u64 = 160;

/// Octets of a payload in a row; a person reads no more, and `--json` has them all.
const PAYLOAD_OCTETS: u64 = 1 << 20;

/// The header over `frame` rows.
pub const FRAMES_HEADER: &str =
    " frame  conn  time (UTC)        sender  opcode          FIN RSV MASK      length  payload";

/// The header over `message` rows.
pub const MESSAGES_HEADER: &str = "  msg  conn  time (UTC)        sender  type    frames      length  payload";

/// The header over `connection` rows.
pub const CONNECTIONS_HEADER: &str = " conn  handshake     client ⇅ server frames  close                       url";

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

/// A row of `frames`; with `payload` the whole payload instead of its start.
pub fn frame(
    snapshot: &Snapshot,
    reader: &mut MessageReader,
    id: FrameId,
    payload: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    let Some(row) = frame_row(snapshot, reader, id) else { return Ok(()) };
    let [rsv1, rsv2, rsv3] = row.rsv.map(u8::from);
    let opcode = match row.opcode {
        opcode if opcode.is_reserved() => format!("{:X} reserved", opcode.value()),
        opcode => format!("{:X} {}", opcode.value(), opcode.name()),
    };
    let mut line = format!(
        "{:>6} {:>5}  {}  {:<6}  {opcode:<14}  {:>3} {rsv1}{rsv2}{rsv3} {:>4} {:>11}  ",
        row.id.number(),
        row.connection.number(),
        row.time.time_of_day(),
        row.sender.as_str(),
        u8::from(row.fin),
        u8::from(row.masked),
        row.payload_len,
    );
    if row.compressed {
        line.push_str("[compressed] ");
    }
    if row.captured_len < row.payload_len {
        line.push_str(&format!("[{} captured] ", count(row.captured_len, "octet")));
    }
    if row.findings > 0 {
        let rules: Vec<&str> = snapshot.finding_records_of_frame(id).iter().map(|finding| finding.rule.id()).collect();
        line.push_str(&format!("[{}] ", rules.join(", ")));
    }
    if payload && let Some(record) = snapshot.frame(id) {
        let plain = reader
            .frame_octets(snapshot, record, 0..PAYLOAD_OCTETS)
            .map_err(|error| Failure::Message(error.to_string()))?;
        line.push_str(&whole(&plain, payload_text(&plain, snapshot.data_opcode(record), row.compressed)));
    } else {
        line.push_str(&preview(row.preview.text, output));
    }
    output.line(line.trim_end())
}

/// A row of `messages`; with `payload` the whole payload instead of its start.
pub fn message(
    snapshot: &Snapshot,
    inflation: &mut Inflation,
    id: MessageId,
    payload: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    let Some(row) = message_row(snapshot, inflation.reader(), id) else { return Ok(()) };
    let mut text = preview(row.preview.text, output);
    let unreadable = |error: std::io::Error| Failure::Message(error.to_string());
    let mut ratio = None;
    if let Some(message) = snapshot.message(id).filter(|message| message.compressed) {
        let most = if payload { PAYLOAD_OCTETS } else { PREVIEW_OCTETS };
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
    } else if payload && let Some(message) = snapshot.message(id) {
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
    output.line(
        format!(
            "{:>5} {:>5}  {}  {:<6}  {:<6}  {:>6} {:>11}  {}",
            row.id,
            row.connection,
            row.time.time_of_day(),
            row.sender,
            row.opcode.name(),
            row.frames,
            row.wire_len,
            notes.join(" ")
        )
        .trim_end(),
    )
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
pub fn connection(snapshot: &Snapshot, id: ConnectionId, output: &mut Output) -> Result<(), Failure> {
    let (Some(row), Some(connection)) = (connection_row(snapshot, id), snapshot.connection(id)) else { return Ok(()) };
    let handshake = match row.status {
        Some(status) => format!("{status} {}", row.handshake.as_str()),
        None => row.handshake.as_str().to_owned(),
    };
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
    output.line(&format!(
        "{:>5}  {}  {:>10} ⇅ {:<10}  {}  {}",
        row.id,
        fit(&handshake, 16),
        row.frames[0],
        row.frames[1],
        fit(&printable(&close), 26),
        printable(&notes.join("  "))
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(fit("ab", 4), "ab  ");
        assert_eq!(fit("abcdef", 4), "abc…");
        assert_eq!(fit("你好世界", 5), "你好…");
        assert_eq!(fit("你好世界", 6), "你好… ");
    }
}
