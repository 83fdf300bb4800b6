//! Payload as text.

use std::io::{self, Write};

use super::Octets;
use crate::ws::Opcode;

/// Octets that indented JSON has at most. A bracket costs two octets for each one that is open around it: without a limit,
/// 4 MiB of them would fill the memory.
pub const MAX_INDENTED: usize = 8 << 20;

/// The kind of payload that octets were taken for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PayloadKind {
    /// There is none.
    #[default]
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PayloadText {
    /// The kind that it was taken for.
    pub kind: PayloadKind,
    /// The text; empty for octets that are no text.
    pub text: String,
    /// JSON indented, where [that was asked for](PayloadText::with_indented); nothing where it is longer than
    /// [`MAX_INDENTED`].
    pub indented: Option<String>,
    /// The number of its octets that are not in `text`, because it is long or not captured.
    pub not_shown: u64,
}

impl PayloadText {
    /// Indents it, if it is JSON.
    pub fn with_indented(mut self) -> PayloadText {
        if self.kind == PayloadKind::Json {
            self.indented = indented(&self.text, MAX_INDENTED);
        }
        self
    }
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
        text.kind = if is_json(&text.text) { PayloadKind::Json } else { PayloadKind::Text };
    }
    text
}

/// Reads octets as text, and does not look whether it is JSON.
pub(super) fn unformatted(plain: &Octets, opcode: Opcode, compressed: bool, lack: &str) -> PayloadText {
    let held = plain.octets.len() as u64;
    let none =
        |kind| PayloadText { kind, text: String::new(), indented: None, not_shown: plain.total.saturating_sub(held) };
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
    PayloadText { kind: PayloadKind::Text, text, indented: None, not_shown }
}

/// Returns whether a person would call `octets` text: UTF-8 (the last character may be cut) without control characters
/// other than those that lay text out.
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
    PayloadText { kind: PayloadKind::Text, text, indented: None, not_shown }
}

/// Returns whether `text` is a JSON object or array.
fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// Indents JSON, which only moves white space: numbers keep every digit, and repeated keys stay. Returns nothing where the
/// result is longer than `most` octets.
fn indented(json: &str, most: usize) -> Option<String> {
    let mut out = Bounded { octets: Vec::with_capacity(json.len().min(most)), most };
    jsonxf::Formatter::pretty_printer().format_buf(json.as_bytes(), &mut out).ok()?;
    String::from_utf8(out.octets).ok()
}

/// Keeps what is written to it, and refuses what goes beyond a limit.
struct Bounded {
    octets: Vec<u8>,
    most: usize,
}

impl Write for Bounded {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        if self.octets.len() + octets.len() > self.most {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.octets.extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One line of `text` in which nothing moves the cursor: control characters, line ends and direction overrides are
/// shown as `·`.
pub fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = first_suspicious(rest.as_bytes()) {
        let (plain, behind) = rest.split_at(at);
        shown.push_str(plain);
        let mut characters = behind.chars();
        shown.extend(characters.next().map(|character| if moves_cursor(character) { '·' } else { character }));
        rest = characters.as_str();
    }
    shown.push_str(rest);
    shown
}

fn moves_cursor(character: char) -> bool {
    matches!(
        character,
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}'
    ) || character.is_control()
}

/// The place of the first octet with which a character can begin that moves the cursor: C0 controls and DEL are one octet, C1
/// controls begin with C2 in UTF-8, and everything else that does with E2.
fn first_suspicious(octets: &[u8]) -> Option<usize> {
    let is_suspicious = |octet: &u8| matches!(octet, 0..0x20 | 0x7f | 0xc2 | 0xe2);
    // Without a way out of the middle, many octets are looked at in one go.
    let has_none = |octets: &&[u8]| !octets.iter().fold(false, |found, octet| found | is_suspicious(octet));
    let plain = octets.chunks(64).take_while(has_none).map(<[u8]>::len).sum();
    let rest = octets.get(plain..).unwrap_or_default();
    rest.iter().position(is_suspicious).map(|at| plain + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(octets: &[u8], total: u64) -> PayloadText {
        let octets = Octets { from: 0, octets: octets.to_vec(), missing: vec![], total };
        payload_text(&octets, Opcode::TEXT, false).with_indented()
    }

    #[test]
    fn text_json_and_cuts() {
        assert_eq!(read("你好".as_bytes(), 6).text, "你好");
        let cut = read(&"你好".as_bytes()[..4], 6);
        assert_eq!((cut.text.as_str(), cut.not_shown), ("你", 3));
        let json = read(br#"{"a":[1.00,{}],"b":"x,\"{y"}"#, 28);
        assert_eq!(json.indented.unwrap(), "{\n  \"a\": [\n    1.00,\n    {}\n  ],\n  \"b\": \"x,\\\"{y\"\n}");
        assert_eq!(read(b"{broken", 7).kind, PayloadKind::Text);
        let holes = Octets { from: 0, octets: b"ab\0\0\0fg".to_vec(), missing: Vec::from([2..5, 7..9]), total: 9 };
        let holes = payload_text(&holes, Opcode::TEXT, false);
        assert_eq!((holes.text.as_str(), holes.not_shown), ("ab[3 octets not captured]fg", 5));
    }

    #[test]
    fn indenting_moves_white_space_alone() {
        let text = " {\t\"a\":1e400,\"a\" : -0.10,\r\n\"\\u0000 , :\":[ ] , \"好[\":[[],{\"\\\\\":null}]} \n";
        let expected = r#"{
  "a": 1e400,
  "a": -0.10,
  "\u0000 , :": [],
  "好[": [
    [],
    {
      "\\": null
    }
  ]
}"#;
        assert_eq!(read(text.as_bytes(), text.len() as u64).indented.unwrap(), expected);
        for json in ["[]", "{}", "[[[]]]", "[1]", "{\"a\":{}}"] {
            let indented = read(json.as_bytes(), json.len() as u64).indented.unwrap();
            assert_eq!(indented.split_whitespace().collect::<String>(), json);
        }
    }

    /// Of 4 MiB of brackets, or of numbers, indented JSON would be many times as long.
    #[test]
    fn indented_json_has_a_limit() {
        let half = 2 << 20;
        let deep = ["[".repeat(half), "]".repeat(half)].concat();
        let wide = format!("[{}0]", "0,".repeat(half));
        for text in [deep, wide] {
            let read = read(text.as_bytes(), text.len() as u64);
            assert_eq!((read.kind, read.indented, read.not_shown), (PayloadKind::Json, None, 0));
            assert!(read.text == text);
        }
        let text = "[1,2]";
        let len = indented(text, 100).unwrap().len();
        assert!(indented(text, len).is_some() && indented(text, len - 1).is_none());
    }

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(printable("a\x1b[31m\r\n\u{202e}b"), "a·[31m···b");
    }

    /// Each character by itself, between others, and behind many.
    #[test]
    fn only_what_moves_the_cursor_is_replaced() {
        for character in '\0'..=char::MAX {
            let shown = if moves_cursor(character) { '·' } else { character };
            assert_eq!(printable(&character.to_string()), shown.to_string());
            if (character as u32).is_multiple_of(61) || character < '\u{2100}' {
                let before = "茶a".repeat(20 + character as usize % 3);
                assert_eq!(printable(&format!("{before}{character}“b")), format!("{before}{shown}“b"));
            }
        }
        assert_eq!(printable("é“…”\u{85}\u{7f}\u{2029}"), "é“…”···");
    }
}
