//! A JSON object as one line, written key by key, without a value of it in memory first.

use super::output::{Failure, Output};

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

    /// A key, which holds nothing that has to be escaped.
    fn key(&mut self, key: &'static str) {
        if !std::mem::replace(&mut self.is_empty, false) {
            self.text.push(b',');
        }
        self.text.push(b'"');
        self.text.extend_from_slice(key.as_bytes());
        self.text.extend_from_slice(b"\":");
    }

    pub fn number(&mut self, key: &'static str, number: u64) {
        self.key(key);
        push_number(&mut self.text, number);
    }

    pub fn number_or_null(&mut self, key: &'static str, number: Option<u64>) {
        match number {
            Some(number) => self.number(key, number),
            None => self.null(key),
        }
    }

    pub fn signed(&mut self, key: &'static str, number: i64) {
        self.key(key);
        if number < 0 {
            self.text.push(b'-');
        }
        push_number(&mut self.text, number.unsigned_abs());
    }

    pub fn flag(&mut self, key: &'static str, is_set: bool) {
        self.key(key);
        self.text.extend_from_slice(if is_set { b"true" } else { b"false" });
    }

    pub fn null(&mut self, key: &'static str) {
        self.key(key);
        self.text.extend_from_slice(b"null");
    }

    /// A word of the contract, in which nothing has to be escaped.
    pub fn word(&mut self, key: &'static str, word: &'static str) {
        self.key(key);
        self.text.push(b'"');
        self.text.extend_from_slice(word.as_bytes());
        self.text.push(b'"');
    }

    pub fn hex(&mut self, key: &'static str, octets: &[u8]) {
        self.key(key);
        self.text.push(b'"');
        push_hex(&mut self.text, octets);
        self.text.push(b'"');
    }

    pub fn numbers(&mut self, key: &'static str, numbers: impl IntoIterator<Item = u64>) {
        self.list(key, numbers, push_number);
    }

    /// Words of the contract, each once.
    pub fn distinct_words(&mut self, key: &'static str, words: impl IntoIterator<Item = &'static str>) {
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
    pub fn ranges(&mut self, key: &'static str, ranges: &[std::ops::Range<u64>]) {
        self.list(key, ranges, |text, range| {
            text.push(b'[');
            push_number(text, range.start);
            text.push(b',');
            push_number(text, range.end);
            text.push(b']');
        });
    }

    fn list<T>(&mut self, key: &'static str, items: impl IntoIterator<Item = T>, push: impl Fn(&mut Vec<u8>, T)) {
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

    /// Begins a string that comes piece by piece, and may be large.
    pub fn begin_string(&mut self, key: &'static str) {
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
    let mut rest = octets;
    while let Some((eight, behind)) = rest.split_first_chunk::<8>() {
        // Eight octets are taken as if they were plain, and those from the first on that is not are taken back.
        let plain = plain_octets(*eight);
        let len = text.len();
        text.extend_from_slice(eight);
        rest = behind;
        if plain < 8 {
            text.truncate(len + plain);
            match eight[plain] {
                quoted @ (b'"' | b'\\') => text.extend_from_slice(&[b'\\', quoted]),
                control => push_escape(text, control),
            }
            rest = &octets[octets.len() - behind.len() - (7 - plain)..];
        }
    }
    for octet in rest {
        match octet {
            0..0x20 | b'"' | b'\\' => push_escape(text, *octet),
            _ => text.push(*octet),
        }
    }
}

/// A bit for each octet that has to be escaped: control characters, quotation mark and backslash.
#[inline]
fn plain_octets(eight: [u8; 8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const TOPS: u64 = ONES << 7;
    let all = u64::from_le_bytes(eight);
    // The top bit of each octet that is zero, or less than a number up to 128, is set; above the lowest of those, others may be.
    let is_zero = |octets: u64| octets.wrapping_sub(ONES) & !octets & TOPS;
    let is_control = all.wrapping_sub(ONES * 0x20) & !all & TOPS;
    let found = is_control | is_zero(all ^ (ONES * u64::from(b'"'))) | is_zero(all ^ (ONES * u64::from(b'\\')));
    found.trailing_zeros() as usize / 8
}

#[cold]
fn push_escape(text: &mut Vec<u8>, octet: u8) {
    match octet {
        b'\n' => text.extend_from_slice(b"\\n"),
        b'\r' => text.extend_from_slice(b"\\r"),
        b'\t' => text.extend_from_slice(b"\\t"),
        0x08 => text.extend_from_slice(b"\\b"),
        0x0c => text.extend_from_slice(b"\\f"),
        b'"' | b'\\' => text.extend_from_slice(&[b'\\', octet]),
        _ => {
            text.extend_from_slice(b"\\u00");
            push_hex(text, &[octet]);
        }
    }
}

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
        for octet in 0..=255 {
            let at = plain_octets([0x80, 0xff, octet, b'"', 0, b'\\', octet, 0xa2]);
            assert_eq!(at, if octet < 0x20 || octet == b'"' || octet == b'\\' { 2 } else { 3 }, "{octet}");
        }
    }

    #[test]
    fn an_object_of_every_kind_of_value() {
        let mut line = JsonLine::default();
        line.begin();
        line.number("number", 5);
        line.number_or_null("none", None);
        line.signed("signed", -7);
        line.flag("flag", true);
        line.word("word", "text");
        line.hex("hex", b"\x00\xff\x5a");
        line.numbers("numbers", [1, 2]);
        line.distinct_words("words", ["a", "b", "a"]);
        line.ranges("ranges", &[1..2, 5..9]);
        let text = String::from_utf8(line.text).unwrap() + "}";
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            value,
            serde_json::json!({"number": 5, "none": null, "signed": -7, "flag": true, "word": "text", "hex": "00ff5a",
                               "numbers": [1, 2], "words": ["a", "b"], "ranges": [[1, 2], [5, 9]]})
        );
    }
}
