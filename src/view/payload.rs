//! Payload as text.

use super::Octets;
use crate::ws::Opcode;

/// What a payload was taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayloadKind {
    /// There is none.
    Empty,
    /// UTF-8 text.
    Text,
    /// Text that is a JSON object or array.
    Json,
    /// Octets that are no text.
    Binary,
    /// Compressed octets.
    Compressed,
}

/// A payload, readable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayloadText {
    /// What it was taken for.
    pub kind: PayloadKind,
    /// The text; empty for octets that are no text.
    pub text: String,
    /// The same as indented JSON, where it is JSON.
    pub pretty: Option<String>,
    /// How many octets of it are not in `text`, because it is long or not captured.
    pub not_shown: u64,
}

/// Reads unmasked payload octets as text; `opcode` is that of the message's first frame. Text that was cut inside a character
/// loses that character, and says so.
pub fn payload_text(plain: &Octets, opcode: Opcode, compressed: bool) -> PayloadText {
    text_of(plain, opcode, compressed, "not captured")
}

/// Reads octets that a message inflates to as text. Octets that it lacks are unknown.
pub fn inflated_text(plain: &Octets, opcode: Opcode) -> PayloadText {
    text_of(plain, opcode, false, "unknown")
}

fn text_of(plain: &Octets, opcode: Opcode, compressed: bool, lack: &str) -> PayloadText {
    let mut text = unformatted(plain, opcode, compressed, lack);
    if text.kind == PayloadKind::Text && plain.missing.is_empty() {
        text.pretty = pretty_json(&text.text);
        text.kind = if text.pretty.is_some() { PayloadKind::Json } else { PayloadKind::Text };
    }
    text
}

/// Reads octets as text, and does not look whether it is JSON.
pub(super) fn unformatted(plain: &Octets, opcode: Opcode, compressed: bool, lack: &str) -> PayloadText {
    let held = plain.octets.len() as u64;
    let none =
        |kind| PayloadText { kind, text: String::new(), pretty: None, not_shown: plain.total.saturating_sub(held) };
    if plain.total == 0 {
        return none(PayloadKind::Empty);
    }
    if compressed {
        return none(PayloadKind::Compressed);
    }
    // Only text has to be text; what else can be read is shown as such.
    let says_text = matches!(opcode, Opcode::TEXT | Opcode::CONTINUATION);
    if !says_text && !reads_as_text(&plain.octets) {
        return none(PayloadKind::Binary);
    }
    if !plain.missing.is_empty() {
        return with_holes(plain, lack);
    }
    let text = match std::str::from_utf8(&plain.octets) {
        Ok(text) => text.to_owned(),
        // Cut in the middle of a character by our own limit.
        Err(error) if error.error_len().is_none() && held < plain.total => {
            String::from_utf8_lossy(&plain.octets[..error.valid_up_to()]).into_owned()
        }
        Err(_) => String::from_utf8_lossy(&plain.octets).into_owned(),
    };
    let not_shown = plain.total.saturating_sub(text.len() as u64);
    PayloadText { kind: PayloadKind::Text, text, pretty: None, not_shown }
}

/// Whether a person would call `octets` text: UTF-8 (the last character may be cut) without control characters other
/// than those that lay text out.
fn reads_as_text(octets: &[u8]) -> bool {
    let text = match std::str::from_utf8(octets) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&octets[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.is_empty()
        && !text.chars().any(|character| character.is_control() && !matches!(character, '\t' | '\r' | '\n'))
}

/// Text with holes: each is told where it is, so that what stands before and behind it does not run together.
fn with_holes(plain: &Octets, lack: &str) -> PayloadText {
    let (mut text, mut at, mut lost) = (String::new(), plain.from, 0);
    let slice = |from: u64, to: u64| {
        let within = |at: u64| (at.saturating_sub(plain.from) as usize).min(plain.octets.len());
        String::from_utf8_lossy(&plain.octets[within(from)..within(to).max(within(from))]).into_owned()
    };
    for hole in plain.missing.iter().filter(|hole| hole.start < plain.end() && hole.end > plain.from) {
        text.push_str(&slice(at, hole.start));
        at = hole.end.min(plain.end());
        let len = at - hole.start.max(plain.from);
        text.push_str(&format!("[{} {lack}]", super::count(len, "octet")));
        lost += len;
    }
    text.push_str(&slice(at, plain.end()));
    let not_shown = plain.total.saturating_sub(plain.octets.len() as u64) + lost;
    PayloadText { kind: PayloadKind::Text, text, pretty: None, not_shown }
}

/// Indented JSON, if `text` is a JSON object or array. Numbers keep every digit: the text is only laid out anew.
fn pretty_json(text: &str) -> Option<String> {
    let trimmed = text.trim_start();
    if !trimmed.starts_with(['{', '[']) {
        return None;
    }
    serde_json::from_str::<serde::de::IgnoredAny>(trimmed).ok()?;
    let mut out = String::with_capacity(trimmed.len() * 2);
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    let mut characters = trimmed.chars().peekable();
    let new_line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth.min(64)));
    };
    while let Some(character) = characters.next() {
        if in_string {
            out.push(character);
            in_string = escaped || character != '"';
            escaped = character == '\\' && !escaped;
            continue;
        }
        match character {
            '"' => {
                in_string = true;
                out.push('"');
            }
            '{' | '[' => {
                out.push(character);
                while characters.next_if(|next| next.is_ascii_whitespace()).is_some() {}
                match characters.next_if(|next| matches!(next, '}' | ']')) {
                    Some(close) => out.push(close),
                    None => {
                        depth += 1;
                        new_line(&mut out, depth);
                    }
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, depth);
                out.push(character);
            }
            ',' => {
                out.push(',');
                new_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ if character.is_ascii_whitespace() => {}
            _ => out.push(character),
        }
    }
    Some(out)
}

/// One line of `text` in which nothing moves the cursor: control characters, line ends and direction overrides are
/// shown as `·`.
pub fn printable(text: &str) -> String {
    // Most text is ASCII, and none of it moves the cursor.
    if text.bytes().all(|octet| octet.is_ascii_graphic() || octet == b' ') {
        return text.to_owned();
    }
    let visible = |character: char| match character {
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' => '·',
        _ if character.is_control() => '·',
        _ => character,
    };
    text.chars().map(visible).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(octets: &[u8], total: u64) -> PayloadText {
        payload_text(&Octets { from: 0, octets: octets.to_vec(), missing: vec![], total }, Opcode::TEXT, false)
    }

    #[test]
    fn text_json_and_cuts() {
        assert_eq!(read("你好".as_bytes(), 6).text, "你好");
        let cut = read(&"你好".as_bytes()[..4], 6);
        assert_eq!((cut.text.as_str(), cut.not_shown), ("你", 3));
        let json = read(br#"{"a":[1.00,{}],"b":"x,\"{y"}"#, 28);
        assert_eq!(json.pretty.unwrap(), "{\n  \"a\": [\n    1.00,\n    {}\n  ],\n  \"b\": \"x,\\\"{y\"\n}");
        assert_eq!(read(b"{broken", 7).kind, PayloadKind::Text);
        let holes = Octets { from: 0, octets: b"ab\0\0\0fg".to_vec(), missing: Vec::from([2..5, 7..9]), total: 9 };
        let holes = payload_text(&holes, Opcode::TEXT, false);
        assert_eq!((holes.text.as_str(), holes.not_shown), ("ab[3 octets not captured]fg", 5));
    }

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(printable("a\x1b[31m\r\n\u{202e}b"), "a·[31m···b");
    }
}
