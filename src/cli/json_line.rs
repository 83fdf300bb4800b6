//! A JSON object as one line, written key by key, without a value of it in memory first.

use serde::Serialize;

use super::output::{Failure, Output};
use crate::query::{Json, Key, Value};

/// An object that is being written. Its room serves one line after another.
#[derive(Debug, Default)]
pub struct JsonLine {
    text: Vec<u8>,
    is_empty: bool,
}

impl JsonLine {
    /// Begins an object.
    pub fn begin(&mut self) {
        self.text.clear();
        self.text.push(b'{');
        self.is_empty = true;
    }

    fn key(&mut self, key: Key) {
        let is_first = std::mem::replace(&mut self.is_empty, false);
        self.text.extend_from_slice(key.octets(is_first));
    }

    /// A value of a row's field, as its entry says.
    #[inline(always)]
    pub fn value(&mut self, json: Json, value: Value) {
        let key = match json {
            Json::No => return,
            Json::IfAny(_) if value == Value::None => return,
            Json::Always(key) | Json::IfAny(key) => key,
        };
        match value {
            Value::None => self.null(key),
            Value::Number(number) => self.number(key, number),
            Value::Duration(nanoseconds) => self.signed(key, nanoseconds),
            Value::Time(time) => self.number(key, time.nanoseconds()),
            Value::Ratio { part, whole } => self.number(key, part.saturating_mul(100) / whole.max(1)),
            Value::Flag(is_set) => self.flag(key, is_set),
            Value::Key(octets) => self.hex(key, &octets),
            Value::Word(word) => self.word(key, word),
            Value::Sender(sender) => self.word(key, sender.as_str()),
            Value::Opcode(opcode) => self.number(key, opcode.value().into()),
            Value::Severity(severity) => self.word(key, severity.as_str()),
            Value::Rule(rule) => self.word(key, rule.id()),
        }
    }

    pub fn number(&mut self, key: Key, number: u64) {
        self.key(key);
        push_number(&mut self.text, number);
    }

    pub fn number_or_null(&mut self, key: Key, number: Option<u64>) {
        match number {
            Some(number) => self.number(key, number),
            None => self.null(key),
        }
    }

    pub fn signed(&mut self, key: Key, number: i64) {
        self.key(key);
        if number < 0 {
            self.text.push(b'-');
        }
        push_number(&mut self.text, number.unsigned_abs());
    }

    pub fn flag(&mut self, key: Key, is_set: bool) {
        self.key(key);
        self.text.extend_from_slice(if is_set { b"true" } else { b"false" });
    }

    pub fn null(&mut self, key: Key) {
        self.key(key);
        self.text.extend_from_slice(b"null");
    }

    /// A word of the contract, in which nothing has to be escaped.
    pub fn word(&mut self, key: Key, word: &'static str) {
        self.key(key);
        self.text.push(b'"');
        self.text.extend_from_slice(word.as_bytes());
        self.text.push(b'"');
    }

    pub fn hex(&mut self, key: Key, octets: &[u8]) {
        self.key(key);
        self.text.push(b'"');
        push_hex(&mut self.text, octets);
        self.text.push(b'"');
    }

    pub fn numbers(&mut self, key: Key, numbers: impl IntoIterator<Item = u64>) {
        self.list(key, numbers, push_number);
    }

    /// Words of the contract, each once.
    pub fn distinct_words(&mut self, key: Key, words: impl IntoIterator<Item = &'static str>) {
        let mut told: Vec<&str> = Vec::new();
        let is_new = |word: &&'static str| {
            let is_new = !told.contains(word);
            told.extend(is_new.then_some(*word));
            is_new
        };
        self.list(key, words.into_iter().filter(is_new), |text, word: &str| {
            text.push(b'"');
            text.extend_from_slice(word.as_bytes());
            text.push(b'"');
        });
    }

    /// Pairs of numbers.
    pub fn ranges(&mut self, key: Key, ranges: &[std::ops::Range<u64>]) {
        self.list(key, ranges, |text, range| {
            text.push(b'[');
            push_number(text, range.start);
            text.push(b',');
            push_number(text, range.end);
            text.push(b']');
        });
    }

    fn list<T>(&mut self, key: Key, items: impl IntoIterator<Item = T>, push: impl Fn(&mut Vec<u8>, T)) {
        self.key(key);
        self.text.push(b'[');
        let mut is_first = true;
        for item in items {
            if !std::mem::replace(&mut is_first, false) {
                self.text.push(b',');
            }
            push(&mut self.text, item);
        }
        self.text.push(b']');
    }

    pub fn text(&mut self, key: Key, text: &str) {
        self.begin_string(key);
        push_escaped(&mut self.text, text.as_bytes());
        self.end_string();
    }

    pub fn text_or_null(&mut self, key: Key, text: Option<&str>) {
        match text {
            Some(text) => self.text(key, text),
            None => self.null(key),
        }
    }

    /// An object of its own.
    pub fn object_or_null(&mut self, key: Key, object: Option<&impl Serialize>) -> Result<(), Failure> {
        self.key(key);
        let written = serde_json::to_writer(&mut self.text, &object);
        written.map_err(|error| Failure::Message(format!("cannot write JSON: {error}")))
    }

    /// Begins a string that comes piece by piece, and may be large.
    pub fn begin_string(&mut self, key: Key) {
        self.key(key);
        self.text.push(b'"');
    }

    /// A piece of a string that is UTF-8 as a whole.
    pub fn piece_of_text(&mut self, octets: &[u8], output: &mut Output) -> Result<(), Failure> {
        push_escaped(&mut self.text, octets);
        self.make_room(output)
    }

    /// A piece of a string of hexadecimal digits.
    pub fn piece_of_hex(&mut self, octets: &[u8], output: &mut Output) -> Result<(), Failure> {
        push_hex(&mut self.text, octets);
        self.make_room(output)
    }

    /// Ends a string.
    pub fn end_string(&mut self) {
        self.text.push(b'"');
    }

    /// Writes out what there is of a long line.
    fn make_room(&mut self, output: &mut Output) -> Result<(), Failure> {
        const ENOUGH: usize = 256 * 1024;
        if self.text.len() >= ENOUGH {
            output.octets(&self.text)?;
            self.text.clear();
        }
        Ok(())
    }

    /// Ends the object and its line.
    pub fn end(&mut self, output: &mut Output) -> Result<(), Failure> {
        self.text.extend_from_slice(b"}\n");
        output.octets(&self.text)
    }
}

const HEX: [[u8; 2]; 256] = {
    let (digits, mut table, mut octet) = (b"0123456789abcdef", [[0; 2]; 256], 0);
    while octet < 256 {
        table[octet] = [digits[octet >> 4], digits[octet & 15]];
        octet += 1;
    }
    table
};

fn push_hex(text: &mut Vec<u8>, octets: &[u8]) {
    text.extend(octets.iter().flat_map(|octet| HEX[usize::from(*octet)]));
}

/// A number in decimal digits, two at a time.
fn push_number(text: &mut Vec<u8>, mut number: u64) {
    let (mut digits, mut at) = ([0; 20], 20);
    while number >= 10 {
        at -= 2;
        let pair = (number % 100) as u8;
        (digits[at], digits[at + 1]) = (b'0' + pair / 10, b'0' + pair % 10);
        number /= 100;
    }
    if number > 0 || at == 20 {
        at -= 1;
        digits[at] = b'0' + number as u8;
    }
    text.extend_from_slice(&digits[at..]);
}

/// Text as it stands in a JSON string. All that has to be escaped is ASCII, so a piece may begin and end inside a character.
fn push_escaped(text: &mut Vec<u8>, octets: &[u8]) {
    let (mut out, mut len, mut rest) = ([0; ROOM], 0, octets);
    while let Some(blocks) = rest.first_chunk() {
        push_block(blocks, BLOCK, &mut out, &mut len);
        rest = &rest[BLOCK..];
        if len > ROOM - 2 * ESCAPED {
            text.extend_from_slice(&out[..len]);
            len = 0;
        }
    }
    while !rest.is_empty() {
        let (last, behind) = rest.split_at(rest.len().min(BLOCK));
        let mut blocks = [0; 2 * BLOCK];
        blocks[..last.len()].copy_from_slice(last);
        push_block(&blocks, last.len(), &mut out, &mut len);
        text.extend_from_slice(&out[..len]);
        (rest, len) = (behind, 0);
    }
}

/// Octets that are looked at in one go.
const BLOCK: usize = 16;
/// Octets that a block takes if each is escaped, and what is copied beyond their end.
const ESCAPED: usize = 6 * BLOCK + BLOCK;
/// Octets that are escaped before they are appended.
const ROOM: usize = 2048;

/// Appends the first `len` octets of the first block. JSON in JSON is full of quotation marks, so that there is one step for
/// each octet that has to be escaped, which copies a whole block and asks nothing:
///
/// ```text
///   blocks  a b c " d e f g …        copy 16, go on behind c
///   out     a b c " d e f g …        write \ ", copy 16 from d on …
///           a b c \ " d e f g …
/// ```
#[inline]
fn push_block(blocks: &[u8; 2 * BLOCK], len: usize, out: &mut [u8; ROOM], end: &mut usize) {
    let Some(block) = blocks.first_chunk() else { return };
    let (mut from, mut marks) = (0, marks(block) & u32::MAX.unbounded_shr((32 - len) as u32));
    loop {
        out[*end..*end + BLOCK].copy_from_slice(&blocks[from..from + BLOCK]);
        if marks == 0 {
            *end += len - from;
            return;
        }
        let at = marks.trailing_zeros() as usize;
        *end += at - from;
        let escape = ESCAPES[usize::from(blocks[at] & 0x7f)];
        out[*end..*end + 8].copy_from_slice(&escape);
        *end += usize::from(escape[7]);
        from = at + 1;
        marks &= marks - 1;
    }
}

/// A bit for each octet that has to be escaped: control characters, quotation mark and backslash.
#[inline]
fn marks(block: &[u8; BLOCK]) -> u32 {
    const ONES: u64 = u64::MAX / 255;
    const LOW: u64 = ONES * 0x7f;
    // The top bit of each octet that is zero.
    let zeros = |octets: u64| !(((octets & LOW) + LOW) | octets | LOW);
    let (eights, _) = block.as_chunks();
    eights.iter().rev().fold(0, |marks, eight| {
        let all = u64::from_le_bytes(*eight);
        let quotes = zeros(all ^ (ONES * u64::from(b'"'))) | zeros(all ^ (ONES * u64::from(b'\\')));
        let found = quotes | zeros(all & (ONES * 0xe0));
        // The product puts the eight bits side by side.
        marks << 8 | ((found >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u32
    })
}

/// The escape of each ASCII character in a string, with its length behind it.
static ESCAPES: [[u8; 8]; 128] = {
    let (mut escapes, mut octet) = ([[0; 8]; 128], 0);
    while octet < 128 {
        let short = match octet as u8 {
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x08 => b'b',
            0x0c => b'f',
            other => other,
        };
        let [high, low] = HEX[octet];
        escapes[octet] = match short {
            0..0x20 => [b'\\', b'u', b'0', b'0', high, low, 0, 6],
            _ => [b'\\', short, 0, 0, 0, 0, 0, 2],
        };
        octet += 1;
    }
    escapes
};

#[cfg(test)]
mod tests {
    use super::*;

    fn pushed(push: impl Fn(&mut Vec<u8>)) -> String {
        let mut text = Vec::new();
        push(&mut text);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn numbers_of_every_length() {
        let mut numbers = vec![0, 7, 10, 99, 100, 101, u64::MAX];
        numbers.extend((1..20).flat_map(|digits| [10_u64.pow(digits) - 1, 10_u64.pow(digits)]));
        for number in numbers {
            assert_eq!(pushed(|text| push_number(text, number)), number.to_string());
        }
    }

    #[test]
    fn strings_are_escaped_as_any_parser_reads_them() {
        let all: String = (0..0x180).filter_map(char::from_u32).chain("茶🫖\u{2028}".chars()).collect();
        let escaped = pushed(|text| push_escaped(text, all.as_bytes()));
        assert_eq!(format!("\"{escaped}\""), serde_json::to_string(&all).unwrap());
        for len in 1..20 {
            let pieces = pushed(|text| all.as_bytes().chunks(len).for_each(|octets| push_escaped(text, octets)));
            assert_eq!(pieces, escaped);
        }
    }

    #[test]
    fn a_block_is_looked_at_as_each_octet_is() {
        for seed in 0..=255u8 {
            let block: [u8; BLOCK] =
                std::array::from_fn(|at| seed.wrapping_mul(31).wrapping_add((at as u8).wrapping_mul(57)));
            let is_marked = |octet: &u8| matches!(octet, 0..0x20 | b'"' | b'\\');
            let expected = (0..BLOCK).filter(|at| is_marked(&block[*at])).map(|at| 1 << at).sum::<u32>();
            assert_eq!(marks(&block), expected, "{block:?}");
        }
    }

    #[test]
    fn text_of_any_length_is_escaped() {
        let text = "\"\\\u{1}é\n茶 plain text".repeat(200);
        for len in (0..200).chain([ROOM - 1, ROOM, ROOM + 1, text.len()]) {
            let Some(part) = text.get(..len) else { continue };
            let escaped = pushed(|text| push_escaped(text, part.as_bytes()));
            assert_eq!(format!("\"{escaped}\""), serde_json::to_string(part).unwrap());
        }
        let worst = "\u{1}".repeat(ROOM + 5);
        assert_eq!(pushed(|text| push_escaped(text, worst.as_bytes())), "\\u0001".repeat(ROOM + 5));
    }

    #[test]
    fn an_object_of_every_kind_of_value() {
        let mut line = JsonLine::default();
        line.begin();
        line.number(Key::new(",\"number\":"), 5);
        line.number_or_null(Key::new(",\"none\":"), None);
        line.signed(Key::new(",\"signed\":"), -7);
        line.flag(Key::new(",\"flag\":"), true);
        line.word(Key::new(",\"word\":"), "text");
        line.hex(Key::new(",\"hex\":"), b"\x00\xff\x5a");
        line.numbers(Key::new(",\"numbers\":"), [1, 2]);
        line.distinct_words(Key::new(",\"words\":"), ["a", "b", "a"]);
        line.ranges(Key::new(",\"ranges\":"), &[1..2, 5..9]);
        let text = String::from_utf8(line.text).unwrap() + "}";
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            value,
            serde_json::json!({"number": 5, "none": null, "signed": -7, "flag": true, "word": "text", "hex": "00ff5a",
                               "numbers": [1, 2], "words": ["a", "b"], "ranges": [[1, 2], [5, 9]]})
        );
    }
}
