//! The layers and the imports between them: the table in the rustdoc of `src/lib.rs`, with those that are to come.
//!
//! ```text
//!   gui   cli
//!     view   query   export
//!       background
//!         dissect
//!   capture  net  tls  http  ws  apps  inflate    no layer imports one beside it, and none imports one above
//!             base                                `inflate` imports none at all
//! ```

use super::source::{SourceFile, line_of};

const LAYERS: [&[&str]; 6] = [
    &["base"],
    &["capture", "net", "tls", "http", "ws", "apps", "inflate"],
    &["dissect"],
    &["background"],
    &["view", "query", "export"],
    &["gui", "cli"],
];

/// The layer that could be a crate of its own: it imports nothing of the program, not even `base`.
const ALONE: &str = "inflate";

/// Imports that the table does not have: file, layer, why.
const EXCEPTIONS: [(&str, &str, &str); 1] =
    [("cli/mod.rs", "gui", "the program without a subcommand opens the window")];

fn height(layer: &str) -> Option<usize> {
    LAYERS.iter().position(|row| row.contains(&layer))
}

/// The imports of a file that the table forbids.
pub fn breaches(file: &SourceFile) -> Vec<String> {
    let own = file.layer();
    if own.is_empty() {
        // lib.rs and main.rs name everything.
        return Vec::new();
    }
    let Some(own_height) = height(own) else {
        return vec![format!("src/{}: “{own}” is in no layer; put it into the table", file.name)];
    };
    let mut breaches = Vec::new();
    for (at, layer) in imports(file) {
        let allowed = layer == own
            || own != ALONE && height(&layer).is_none_or(|height| height < own_height)
            || EXCEPTIONS.iter().any(|(name, to, _)| *name == file.name && *to == layer);
        if !allowed {
            let line = line_of(&file.code_with_tests, at);
            breaches.push(format!("src/{}:{line}: {own} imports {layer}", file.name));
        }
    }
    breaches
}

/// The layers that a file names, with the place: `crate::a`, `crate::{a, b::{c, d}}`, and `super::…` that climbs out of
/// its layer. Its tests count too: they could import anything, and should not.
fn imports(file: &SourceFile) -> Vec<(usize, String)> {
    let code = &file.code_with_tests;
    let mut found = Vec::new();
    for (at, path) in paths(code, "crate") {
        found.extend(heads(path).into_iter().map(|head| (at, head)));
    }
    let depth = file.module().len();
    for (at, mut path) in paths(code, "super") {
        // One `super` leads out of an inline module first.
        let mut climbed = 1;
        while let Some(rest) = path.trim_start().strip_prefix("super") {
            let Some(rest) = rest.trim_start().strip_prefix("::") else { break };
            (path, climbed) = (rest, climbed + 1);
        }
        if climbed == depth + inline_modules(&code[..at]) {
            found.extend(heads(path).into_iter().map(|head| (at, head)));
        }
    }
    found.retain(|(_, layer)| !layer.is_empty());
    found
}

/// Returns what follows `word::` wherever it starts a path, with the place of the word.
fn paths<'a>(code: &'a str, word: &str) -> Vec<(usize, &'a str)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices(word) {
        let before = code[..at].trim_end_matches(' ');
        let starts = !code[..at].ends_with(|it: char| it.is_alphanumeric() || it == '_') && !before.ends_with("::");
        if starts && let Some(rest) = code[at + word.len()..].trim_start().strip_prefix("::") {
            found.push((at, rest));
        }
    }
    found
}

/// The first names of a path or of a group of paths in braces.
fn heads(path: &str) -> Vec<String> {
    let name = |text: &str| text.trim_start().chars().take_while(|it| it.is_alphanumeric() || *it == '_').collect();
    let Some(group) = path.trim_start().strip_prefix('{') else { return vec![name(path)] };
    let (mut heads, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' if depth == 0 => {
                heads.push(name(&group[start..at]));
                start = at + 1;
            }
            '}' => {
                heads.push(name(&group[start..at]));
                break;
            }
            _ => {}
        }
    }
    heads
}

/// Returns how many inline modules are open at the end of `code`.
fn inline_modules(code: &str) -> usize {
    let (mut braces, mut start) = (Vec::new(), 0);
    for (at, character) in code.char_indices() {
        match character {
            '{' => {
                let mut words = code[start..at].split_whitespace().rev();
                braces.push(words.next().is_some() && words.next() == Some("mod"));
                start = at + 1;
            }
            '}' => {
                braces.pop();
                start = at + 1;
            }
            ';' => start = at + 1,
            _ => {}
        }
    }
    braces.into_iter().filter(|is_module| *is_module).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, text: &str) -> Vec<String> {
        breaches(&SourceFile::new(name, text))
    }

    #[test]
    fn imports_downwards_are_fine() {
        for (name, text) in [
            ("net/a.rs", "use crate::base::Span; use super::flows::Flow; use std::io;"),
            ("dissect/a.rs", "use crate::{base::{Span, Finding}, net, ws::{self, Step}};"),
            ("gui/b/c.rs", "use crate::view::FrameRow; use super::super::theme;"),
            ("cli/mod.rs", "crate::gui::run(file)"),
            ("base/a.rs", "#[cfg(test)] mod tests { use super::super::id::FrameId; use super::*; }"),
            ("lib.rs", "pub use crate::gui::App;"),
            (
                "capture/a.rs",
                "// crate::net::Segment\nlet a = \"crate::net\"; pub(crate) fn b() {} my_crate::net::c();",
            ),
        ] {
            assert_eq!(check(name, text), [""; 0], "{name}: {text}");
        }
    }

    #[test]
    fn every_breach_is_seen() {
        for (name, text, breach) in [
            ("net/a.rs", "use crate::ws::Step;", "src/net/a.rs:1: net imports ws"),
            ("net/a.rs", "\nfn b() { crate :: dissect::c() }", "src/net/a.rs:2: net imports dissect"),
            ("http/a.rs", "use crate::{base::{Rule, ws}, net::Flow};", "src/http/a.rs:1: http imports net"),
            ("base/a.rs", "use super::super::view::Row;", "src/base/a.rs:1: base imports view"),
            ("base/mod.rs", "use super::view::Row;", "src/base/mod.rs:1: base imports view"),
            ("ws/a.rs", "mod b { use super::super::super::{net}; }", "src/ws/a.rs:1: ws imports net"),
            ("dissect/a.rs", "pub(in crate::cli) fn a() {}", "src/dissect/a.rs:1: dissect imports cli"),
            ("view/a.rs", "use crate::query::Filter;", "src/view/a.rs:1: view imports query"),
            ("gui/a.rs", "use crate::cli::table;", "src/gui/a.rs:1: gui imports cli"),
            ("background/a.rs", "use crate::view::Row;", "src/background/a.rs:1: background imports view"),
            ("export/a.rs", "use crate::{background::Desk, view::Row};", "src/export/a.rs:1: export imports view"),
            ("apps/mqtt.rs", "use crate::ws::Step;", "src/apps/mqtt.rs:1: apps imports ws"),
            ("cli/rows.rs", "use crate::gui::run;", "src/cli/rows.rs:1: cli imports gui"),
            ("net/a.rs", "#[cfg(test)] mod tests { use crate::ws::Step; }", "src/net/a.rs:1: net imports ws"),
            ("ws/a.rs", "use crate::inflate::SlidingWindow;", "src/ws/a.rs:1: ws imports inflate"),
            ("inflate/a.rs", "use crate::base::Rule;", "src/inflate/a.rs:1: inflate imports base"),
        ] {
            assert_eq!(check(name, text), [breach]);
        }
        assert!(check("toolbox/a.rs", "")[0].contains("in no layer"));
    }
}
