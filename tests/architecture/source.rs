//! A Rust file with everything taken out that is not code: comments, strings, characters, tests.

/// A file of `src/`.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Its path below `src/`, with slashes.
    pub name: String,
    /// Its code; line numbers are those of the file. What `#[cfg(test)]` stands before is left out.
    pub code: String,
    /// The code with the tests.
    pub code_with_tests: String,
    /// Modules that are declared behind `#[cfg(test)]` and live in files of their own.
    test_modules: Vec<String>,
    /// The whole file is compiled for tests alone.
    pub is_test: bool,
}

impl SourceFile {
    pub fn new(name: &str, text: &str) -> SourceFile {
        let code_with_tests = without_words(text);
        let (code, test_modules) = without_tests(&code_with_tests);
        SourceFile { name: name.to_owned(), code, code_with_tests, test_modules, is_test: false }
    }

    /// The modules that lead to it: `net::assembler` for `net/assembler.rs`, and for `net/assembler/mod.rs`.
    pub fn module(&self) -> Vec<&str> {
        let path = self.name.trim_end_matches(".rs");
        let mut parts: Vec<&str> = path.split('/').collect();
        if matches!(parts.last(), Some(&("mod" | "lib" | "main"))) {
            parts.pop();
        }
        parts
    }

    /// The layer it belongs to: its first module; empty for `lib.rs` and `main.rs`.
    pub fn layer(&self) -> &str {
        self.module().first().copied().unwrap_or_default()
    }
}

/// Marks the files of the modules that were declared behind `#[cfg(test)]`, and those below them.
pub fn mark_test_files(files: &mut [SourceFile]) {
    let mut test_modules = Vec::new();
    for file in files.iter() {
        let parent = file.module().join("/");
        test_modules.extend(file.test_modules.iter().map(|module| format!("{parent}/{module}")));
    }
    for file in files {
        let path = file.module().join("/");
        file.is_test = test_modules.iter().any(|test| path == *test || path.starts_with(&format!("{test}/")));
    }
}

/// The line, counted from 1, of an octet of a text.
pub fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// Blanks comments, strings and characters; line ends stay.
fn without_words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let len = word_len(rest, out.chars().next_back());
        if len == 0 {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            out.extend(rest[..len].chars().map(|it| if it == '\n' { '\n' } else { ' ' }));
            rest = &rest[len..];
        }
    }
    out
}

/// Returns how many octets of `text` are a comment, a string or a character at its start; 0 where it starts with code.
fn word_len(text: &str, before: Option<char>) -> usize {
    let until = |end: &str, from: usize| text[from..].find(end).map_or(text.len(), |at| from + at + end.len());
    let in_name = before.is_some_and(|it| it.is_alphanumeric() || it == '_');
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if text.starts_with("/*") {
        return until("*/", 2);
    }
    let raw = text.trim_start_matches(['b', 'c']);
    if !in_name && raw.starts_with('r') && text.len() - raw.len() < 2 {
        let hashes = raw[1..].len() - raw[1..].trim_start_matches('#').len();
        if raw[1 + hashes..].starts_with('"') {
            let start = text.len() - raw.len() + hashes + 2;
            return until(&format!("\"{}", "#".repeat(hashes)), start);
        }
    }
    if text.starts_with('"') {
        return quoted_len(text, '"');
    }
    // 'a' and '\n' are characters, 'a alone is a lifetime.
    let mut characters = text.chars();
    if characters.next() == Some('\'') {
        let (first, second) = (characters.next(), characters.next());
        if first == Some('\\') || second == Some('\'') {
            return quoted_len(text, '\'');
        }
    }
    0
}

fn quoted_len(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Blanks every item that `#[cfg(test)]` stands before; and names those that are modules in other files.
fn without_tests(code: &str) -> (String, Vec<String>) {
    const MARK: &str = "#[cfg(test)]";
    let (mut out, mut modules) = (code.to_owned(), Vec::new());
    let mut from = 0;
    while let Some(at) = out[from..].find(MARK).map(|at| from + at) {
        let item = at + MARK.len();
        let end = item_end(&out[item..]) + item;
        let declared = out[item..end].trim().trim_start_matches("pub(super) ").trim_start_matches("pub ");
        if let Some(module) = declared.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')) {
            modules.push(module.trim().to_owned());
        }
        let blank: String = out[at..end].chars().map(|it| if it == '\n' { '\n' } else { ' ' }).collect();
        out.replace_range(at..end, &blank);
        from = at + blank.len();
    }
    (out, modules)
}

/// Returns where an item ends: behind its `;`, or behind the brace that closes it.
fn item_end(code: &str) -> usize {
    let mut depth = 0i32;
    for (at, character) in code.char_indices() {
        match character {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => {
                depth -= 1;
                if depth <= 0 && character == '}' {
                    return at + 1;
                }
            }
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_taken_out_and_lines_stay() {
        let code = without_words("let a = \"crate::gui\"; // crate::gui\n/* crate\n::gui */ let b: &'a str = 'x';\n");
        assert_eq!(code.lines().count(), 3);
        assert!(!code.contains("gui") && code.contains("let b: &'a str =    ;"), "{code}");
        let code = without_words(r####"f(r#"x.unwrap() " "#, b"\"panic!", br"\", '\'', '"'); for_r("y")"####);
        assert!(!code.contains("unwrap") && !code.contains("panic") && code.contains("; for_r("), "{code}");
    }

    #[test]
    fn tests_are_taken_out() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { x.unwrap() }\n}\n#[cfg(test)]\nmod testing;\nfn c() {}\n";
        let file = SourceFile::new("net/a.rs", text);
        assert!(file.code.contains("fn a") && file.code.contains("fn c") && !file.code.contains("unwrap"));
        assert_eq!((file.test_modules, file.code.lines().count()), (vec!["testing".to_owned()], 8));
    }

    #[test]
    fn files_of_tests_are_known() {
        let file = |name: &str, text: &str| SourceFile::new(name, text);
        let mut files =
            [file("net/mod.rs", "#[cfg(test)] mod tests;"), file("net/tests.rs", ""), file("net/tests/more.rs", "")];
        mark_test_files(&mut files);
        assert_eq!(files.map(|file| file.is_test), [false, true, true]);
    }

    #[test]
    fn modules_and_layers() {
        for (name, module, layer) in [
            ("net/assembler/tests.rs", &["net", "assembler", "tests"][..], "net"),
            ("net/mod.rs", &["net"], "net"),
            ("lib.rs", &[], ""),
        ] {
            let file = SourceFile::new(name, "");
            assert_eq!((file.module(), file.layer()), (module.to_vec(), layer));
        }
    }
}
