//! Doc comments are sentences that stand alone.

/// Beginnings that make half a sentence of a doc comment, which only whoever reads the item can complete.
const HALF: [&str; 7] = ["What", "Who", "Where", "Whether", "Which", "How", "The same"];

/// Returns the doc comments of a file's `text` that begin with half a sentence, or a paragraph of which does.
pub fn halves(name: &str, text: &str) -> Vec<String> {
    let begins = text.lines().scan("", |before, line| {
        let begins = doc_comment(before).is_none_or(|it| it.is_empty() || it.starts_with('#'));
        *before = line;
        Some((line, begins))
    });
    let halves = begins.enumerate().filter(|(_, (line, begins))| *begins && doc_comment(line).is_some_and(is_half));
    halves.map(|(index, (line, _))| format!("{name}:{}: half a sentence: {}", index + 1, line.trim())).collect()
}

/// Returns the text of a line that is a doc comment.
fn doc_comment(line: &str) -> Option<&str> {
    Some(line.trim_start().strip_prefix("//")?.strip_prefix(['/', '!'])?.trim())
}

fn is_half(comment: &str) -> bool {
    let behind = HALF.iter().find_map(|word| comment.strip_prefix(word));
    behind.is_some_and(|behind| !behind.starts_with(char::is_alphanumeric))
}

#[test]
fn half_a_sentence_is_found() {
    let text = "
        //! What it is.
        /// Returns what it is.
        // What is no doc comment.
        /// Whatever it is, this is a sentence.
        /// What goes on in a second sentence is none of its own.
        ///
        ///   The same, further down.
        /// # Errors
        /// Which one, nobody knows.
        fn f() {}
    ";
    let found = halves("a.rs", text);
    let lines: Vec<&str> = found.iter().filter_map(|it| it.split(':').nth(1)).collect();
    assert_eq!(lines, ["2", "8", "10"]);
}
