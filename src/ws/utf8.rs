//! UTF-8 in text (RFC 6455 §8.1, RFC 3629), judged piece by piece.

use std::str::from_utf8;

/// Returns whether `octets` are UTF-8 from their first to their last.
#[inline]
pub fn is_utf8(octets: &[u8]) -> bool {
    simdutf8::basic::from_utf8(octets).is_ok()
}

/// Judges text that comes in pieces, which may cut its characters anywhere.
///
/// ```text
///   pieces   "sm\xc3" "\xb8r" …      judged  "sm" ─ carry c3 ─▶ "ø" "r"
/// ```
///
/// Whole characters are judged where they lie; of the one that a piece cuts, at most 3 octets are carried over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Utf8 {
    /// Octets judged so far, those carried over included.
    at: u64,
    carry: [u8; 3],
    carried: u8,
}

/// Octets that are no UTF-8, whatever follows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidUtf8 {
    /// Octets of the text before them, all of which are UTF-8.
    pub at: u64,
    /// The text ends inside a character, which these octets begin; else they are part of none.
    pub unfinished: bool,
    octets: [u8; 3],
    len: u8,
}

impl InvalidUtf8 {
    /// The octets: 1 to 3.
    pub fn octets(&self) -> &[u8] {
        &self.octets[..usize::from(self.len)]
    }

    fn new(at: u64, octets: &[u8], unfinished: bool) -> InvalidUtf8 {
        let mut kept = [0; 3];
        let len = octets.len().min(3);
        kept[..len].copy_from_slice(&octets[..len]);
        InvalidUtf8 { at, unfinished, octets: kept, len: len as u8 }
    }
}

impl Utf8 {
    /// Octets judged so far.
    pub fn len(&self) -> u64 {
        self.at
    }

    /// Returns whether nothing was judged.
    pub fn is_empty(&self) -> bool {
        self.at == 0
    }

    /// Judges the next octets. Behind an error nothing more can be told.
    ///
    /// # Errors
    /// The first octets that no continuation makes UTF-8.
    #[inline]
    pub fn push(&mut self, mut octets: &[u8]) -> Result<(), InvalidUtf8> {
        if self.carried > 0 {
            octets = self.complete(octets)?;
        }
        let at = self.at;
        self.at += octets.len() as u64;
        if is_utf8(octets) {
            return Ok(());
        }
        // Which octets are wrong, or cut, is asked again.
        let Err(error) = from_utf8(octets) else { return Ok(()) };
        let valid = error.valid_up_to();
        match error.error_len() {
            Some(len) => Err(InvalidUtf8::new(at + valid as u64, &octets[valid..valid + len], false)),
            None => {
                self.carry_over(&octets[valid..]);
                Ok(())
            }
        }
    }

    /// Completes the character that is carried over; what is left of `octets` behind it.
    fn complete<'a>(&mut self, octets: &'a [u8]) -> Result<&'a [u8], InvalidUtf8> {
        let (carried, start) = (usize::from(self.carried), self.at - u64::from(self.carried));
        let mut character = [0; 4];
        character[..carried].copy_from_slice(&self.carry[..carried]);
        for (taken, octet) in (1..).zip(octets) {
            let len = carried + taken;
            character[len - 1] = *octet;
            self.at += 1;
            match from_utf8(&character[..len]) {
                Ok(_) => {
                    self.carried = 0;
                    return Ok(&octets[taken..]);
                }
                Err(error) => match error.error_len() {
                    Some(wrong) => return Err(InvalidUtf8::new(start, &character[..wrong], false)),
                    // No character is longer than 4 octets, and 4 that are not wrong are one.
                    None => self.carry_over(&character[..len]),
                },
            }
        }
        Ok(&[])
    }

    fn carry_over(&mut self, octets: &[u8]) {
        let len = octets.len().min(self.carry.len());
        self.carry[..len].copy_from_slice(&octets[..len]);
        self.carried = len as u8;
    }

    /// Judges the end of the text, where no character may be unfinished.
    ///
    /// # Errors
    /// The octets that begin the unfinished character.
    #[inline]
    pub fn finish(&self) -> Result<(), InvalidUtf8> {
        let carried = &self.carry[..usize::from(self.carried)];
        if carried.is_empty() {
            return Ok(());
        }
        Err(InvalidUtf8::new(self.at - carried.len() as u64, carried, true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Returns the fault of a text that is pushed in pieces: where, which octets, whether they are an unfinished
    /// character.
    fn judge<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Option<(u64, Vec<u8>, bool)> {
        let mut text = Utf8::default();
        let result = pieces.into_iter().try_for_each(|piece| text.push(piece)).and_then(|()| text.finish());
        result.err().map(|wrong| (wrong.at, wrong.octets().to_vec(), wrong.unfinished))
    }

    /// Returns what the standard library says about the whole.
    fn model(text: &[u8]) -> Option<(u64, Vec<u8>, bool)> {
        let error = from_utf8(text).err()?;
        let wrong = &text[error.valid_up_to()..];
        let len = error.error_len().unwrap_or(wrong.len());
        Some((error.valid_up_to() as u64, wrong[..len].to_vec(), error.error_len().is_none()))
    }

    #[test]
    fn characters_cut_anywhere() {
        let text = "aß水𝄞".as_bytes();
        for first in 0..=text.len() {
            for second in first..=text.len() {
                assert_eq!(judge([&text[..first], &text[first..second], &text[second..]]), None, "{first} {second}");
            }
        }
        assert_eq!(judge(text.chunks(1)), None);
    }

    /// Each way to be wrong, octet by octet and at once.
    #[test]
    fn what_is_wrong_and_where() {
        let cases: [(&[u8], u64, &[u8], bool); 9] = [
            (b"ab\xff", 2, b"\xff", false),
            (b"a\x80b", 1, b"\x80", false),
            (b"a\xc3(", 1, b"\xc3", false),
            (b"\xc0\xaf", 0, b"\xc0", false),
            (b"\xed\xa0\x80", 0, b"\xed", false),
            (b"xy\xe6\xb0!", 2, b"\xe6\xb0", false),
            (b"\xf0\x9d\x84!", 0, b"\xf0\x9d\x84", false),
            (b"\xf4\x90\x80\x80", 0, b"\xf4", false),
            (b"end\xe6\xb0", 3, b"\xe6\xb0", true),
        ];
        for (text, at, octets, unfinished) in cases {
            let expected = Some((at, octets.to_vec(), unfinished));
            assert_eq!(judge([text]), expected, "{text:02x?}");
            assert_eq!(judge(text.chunks(1)), expected, "{text:02x?}");
        }
    }

    /// Octets that are nearly UTF-8: characters of all lengths with a wrong octet now and then.
    fn nearly_text() -> impl Strategy<Value = Vec<u8>> {
        let character = prop_oneof![
            8 => any::<char>().prop_map(|character| character.to_string().into_bytes()),
            8 => "[ -~]{0,40}".prop_map(String::into_bytes),
            1 => any::<u8>().prop_map(|octet| vec![octet]),
        ];
        prop::collection::vec(character, 0..12).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(text in nearly_text(), mut cuts in prop::collection::vec(0..400usize, 0..12)) {
            cuts.iter_mut().for_each(|cut| *cut = (*cut).min(text.len()));
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let pieces = cuts.windows(2).map(|pair| &text[pair[0]..pair[1]]);
            prop_assert_eq!(judge(pieces), model(&text));
        }

        #[test]
        fn any_octets(text in prop::collection::vec(any::<u8>(), 0..12), cut in 0..12usize) {
            let cut = cut.min(text.len());
            prop_assert_eq!(judge([&text[..cut], &text[cut..]]), model(&text));
            prop_assert_eq!(judge(text.chunks(1)), model(&text));
        }
    }
}
