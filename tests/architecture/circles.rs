//! Files that import each other in a loop, and methods that are given to a type from elsewhere.
//!
//! ```text
//!   no three files of src/ import each other in a loop, and no two of different folders
//! ```
//!
//! A name that a module re-exports counts as a name of the file that defines it. A module and its own children are one
//! family: what they import of each other makes no loop. What unit tests import does not count.

use std::collections::{BTreeMap, BTreeSet};

use super::source::SourceFile;

type Module = Vec<String>;

/// The files of `src/` by their modules, with what each imports.
pub struct Imports {
    /// The file that each name of a module stands for: its re-exports.
    reexports: BTreeMap<(Module, String), Vec<String>>,
    /// The modules that each file imports names of.
    imported: BTreeMap<Module, BTreeSet<Module>>,
    names: BTreeMap<Module, String>,
}

impl Imports {
    pub fn of(files: &[SourceFile]) -> Imports {
        let is_read = |file: &&SourceFile| !file.is_test && file.name != "main.rs";
        let files: Vec<&SourceFile> = files.iter().filter(is_read).collect();
        let module = |file: &SourceFile| -> Module { file.module().into_iter().map(str::to_owned).collect() };
        let names = files.iter().map(|file| (module(file), file.name.clone())).collect();
        let mut imports = Imports { reexports: BTreeMap::new(), imported: BTreeMap::new(), names };
        for file in &files {
            for path in uses(&file.code).into_iter().filter(|it| it.is_public).flat_map(|it| it.paths) {
                if let Some(name) = path.last().cloned() {
                    imports.reexports.insert((module(file), name), path);
                }
            }
        }
        for file in files {
            let from = module(file);
            let paths = uses(&file.code).into_iter().flat_map(|it| it.paths).chain(qualified(&file.code));
            let found = paths.filter_map(|path| imports.file_of(&from, &path, 0));
            let is_family = |one: &Module, other: &Module| one.starts_with(other) || other.starts_with(one);
            let found: BTreeSet<Module> = found.filter(|to| !is_family(&from, to)).collect();
            imports.imported.insert(from, found);
        }
        imports
    }

    /// The file that defines what a path names, seen from a module; `None` where that is none of ours.
    fn file_of(&self, from: &[String], path: &[String], hops: usize) -> Option<Module> {
        const MOST_HOPS: usize = 8;
        let (first, _) = path.split_first().filter(|_| hops < MOST_HOPS)?;
        let mut at = from.to_vec();
        let mut rest = path;
        match first.as_str() {
            "crate" => (at, rest) = (Vec::new(), &path[1..]),
            "self" | "super" => {
                while let Some((step @ ("self" | "super"), behind)) =
                    rest.split_first().map(|(it, to)| (it.as_str(), to))
                {
                    if step == "super" {
                        at.pop();
                    }
                    rest = behind;
                }
            }
            child if self.names.contains_key(&[from, &[child.to_owned()]].concat()) => {}
            _ => return None,
        }
        while let Some((name, behind)) = rest.split_first() {
            let child = [&at[..], std::slice::from_ref(name)].concat();
            if self.names.contains_key(&child) {
                (at, rest) = (child, behind);
            } else if let Some(path) = self.reexports.get(&(at.clone(), name.clone())).filter(|_| at != from) {
                return self.file_of(&at, path, hops + 1).or(Some(at));
            } else {
                break;
            }
        }
        // An inline module and what is out of reach are not files.
        self.names.contains_key(&at).then_some(at)
    }

    /// The loops of three files and more, and of two in different folders, one line each.
    pub fn circles(&self) -> Vec<String> {
        let reached: BTreeMap<&Module, BTreeSet<&Module>> =
            self.imported.keys().map(|module| (module, self.reached(module))).collect();
        let mut left: BTreeSet<&Module> = self.imported.keys().collect();
        let mut circles = Vec::new();
        while let Some(module) = left.pop_first() {
            let circle: Vec<&Module> =
                reached[module].iter().copied().filter(|it| reached[it].contains(module)).collect();
            left.retain(|it| !circle.contains(it));
            let folders: BTreeSet<&[String]> =
                circle.iter().map(|it| it.split_last().map_or(&[][..], |(_, folder)| folder)).collect();
            if circle.len() > 2 || circle.len() == 2 && folders.len() > 1 {
                let names: Vec<String> = circle.iter().map(|it| format!("src/{}", self.names[*it])).collect();
                circles.push(format!("{} import each other in a loop", names.join(", ")));
            }
        }
        circles
    }

    /// Everything that a file imports, directly or through others.
    fn reached<'a>(&'a self, module: &'a Module) -> BTreeSet<&'a Module> {
        let (mut reached, mut next) = (BTreeSet::new(), vec![module]);
        while let Some(module) = next.pop() {
            for to in self.imported.get(module).into_iter().flatten() {
                if reached.insert(to) {
                    next.push(to);
                }
            }
        }
        reached
    }
}

/// A `use` declaration.
struct Use {
    is_public: bool,
    /// The paths that it names.
    paths: Vec<Vec<String>>,
}

fn uses(code: &str) -> Vec<Use> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("use ") {
        let before = code[..at].trim_end();
        let starts = before.is_empty() || before.ends_with([';', '}', '{', ']', ')']) || before.ends_with("pub");
        if let (true, Some(end)) = (starts, code[at..].find(';')) {
            let is_public = before.ends_with("pub") || before.ends_with(')');
            found.push(Use { is_public, paths: leaves(&code[at + 4..at + end]) });
        }
    }
    found
}

/// The paths of a tree: `a::{b, c::{d, e as f}}` has `a::b`, `a::c::d` and `a::c::e`.
fn leaves(tree: &str) -> Vec<Vec<String>> {
    let names = |path: &str| -> Vec<String> {
        path.split("::").map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
    };
    let tree = tree.trim();
    let Some(open) = tree.find('{') else {
        return vec![names(tree.split(" as ").next().unwrap_or_default())];
    };
    let head = names(&tree[..open]);
    let inner = &tree[open + 1..tree.rfind('}').unwrap_or(tree.len())];
    let (mut paths, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, character) in inner.char_indices().chain([(inner.len(), ',')]) {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let part = &inner[start..at];
                if !part.trim().is_empty() {
                    paths.extend(leaves(part).into_iter().map(|leaf| [&head[..], &leaf].concat()));
                }
                start = at + 1;
            }
            _ => {}
        }
    }
    paths
}

/// Paths in the code itself: `crate::a::b(…)`, `super::c`.
fn qualified(code: &str) -> Vec<Vec<String>> {
    let is_name = |it: char| it.is_alphanumeric() || it == '_';
    let mut found = Vec::new();
    for word in ["crate::", "super::"] {
        for (at, _) in code.match_indices(word) {
            if !code[..at].ends_with(|it: char| is_name(it) || it == ':') {
                let end = code[at..].find(|it: char| !is_name(it) && it != ':').map_or(code.len(), |end| at + end);
                found.push(code[at..end].split("::").filter(|it| !it.is_empty()).map(str::to_owned).collect());
            }
        }
    }
    found
}

/// Methods that a type gets outside of the folder in which it is defined, one line each.
pub fn strangers(files: &[SourceFile]) -> Vec<String> {
    let files: Vec<&SourceFile> = files.iter().filter(|file| !file.is_test).collect();
    let mut homes: BTreeMap<&str, BTreeSet<Vec<&str>>> = BTreeMap::new();
    for file in &files {
        for kind in ["struct ", "enum ", "union "] {
            for name in names_behind(&file.code, kind) {
                homes.entry(name).or_default().insert(folder(file));
            }
        }
    }
    let mut found = Vec::new();
    for file in files {
        for name in names_behind(&file.code, "impl") {
            let own = folder(file);
            let is_home = |home: &Vec<&str>| own.starts_with(home);
            if homes.get(name).is_some_and(|homes| !homes.iter().any(is_home)) {
                found.push(format!("src/{}: methods of {name}, which is defined elsewhere", file.name));
            }
        }
    }
    found
}

/// The folder that a file's types are at home in: that of its module, which its children lie in too.
fn folder(file: &SourceFile) -> Vec<&str> {
    let mut folder: Vec<&str> = file.name.split('/').collect();
    folder.pop();
    folder
}

/// The names that follow a word: the type that a declaration or an inherent `impl` is about.
fn names_behind<'a>(code: &'a str, word: &str) -> Vec<&'a str> {
    let is_name = |it: char| it.is_alphanumeric() || it == '_';
    let mut found = Vec::new();
    for (at, _) in code.match_indices(word) {
        let before = code[..at].chars().next_back();
        let mut rest = &code[at + word.len()..];
        if before.is_some_and(is_name) {
            continue;
        }
        if word == "impl" {
            // Of an item alone: `fn a() -> impl B` has a name before it.
            if !code[..at].trim_end().ends_with(['}', ';', ']', '{']) && !code[..at].trim().is_empty() {
                continue;
            }
            let head = &rest[..rest.find('{').unwrap_or(0)];
            if head.contains(" for ") {
                continue;
            }
            rest = behind_generics(rest).trim_start();
            let path = &rest[..rest.find(|it: char| !is_name(it) && it != ':').unwrap_or(rest.len())];
            rest = &rest[path.rfind("::").map_or(0, |at| at + 2)..];
        }
        let end = rest.find(|it: char| !is_name(it)).unwrap_or(rest.len());
        if end > 0 {
            found.push(&rest[..end]);
        }
    }
    found
}

/// The code behind the generic parameters that it starts with, if it does.
fn behind_generics(code: &str) -> &str {
    if !code.starts_with('<') {
        return code;
    }
    let mut depth = 0;
    for (at, character) in code.char_indices() {
        match character {
            '<' => depth += 1,
            '>' if !code[..at].ends_with('-') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &code[at + 1..];
        }
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(texts: &[(&str, &str)]) -> Vec<SourceFile> {
        texts.iter().map(|(name, text)| SourceFile::new(name, text)).collect()
    }

    fn circles(texts: &[(&str, &str)]) -> Vec<String> {
        let mut files = files(texts);
        for folder in ["net", "gui", "cli"] {
            let name = format!("{folder}/mod.rs");
            if !files.iter().any(|file| file.name == name) {
                files.push(SourceFile::new(&name, ""));
            }
        }
        Imports::of(&files).circles()
    }

    #[test]
    fn what_is_no_circle() {
        for texts in [
            // Two of one folder may; a module and its children are one family.
            &[("net/mod.rs", ""), ("net/a.rs", "use super::b::B;"), ("net/b.rs", "use super::a::{A, self};")][..],
            &[("net/mod.rs", "mod a; use a::A;"), ("net/a.rs", "use super::B; use super::c::C;"), ("net/c.rs", "")],
            // Tests may import anything, and words may say anything.
            &[
                ("net/a.rs", "use super::b::B; #[cfg(test)] mod tests { use super::super::c::C; }"),
                ("net/b.rs", "/// use super::c::C;\nconst WORDS: &str = \"use super::c::C;\";"),
                ("net/c.rs", "use super::a::A; use std::b::C; use other::a;"),
            ],
            // Down and down again.
            &[
                ("gui/a.rs", "use crate::view::A;"),
                ("view/mod.rs", "pub use b::A;"),
                ("view/b.rs", "use crate::base::A;"),
                ("base/mod.rs", ""),
            ],
        ] {
            assert_eq!(circles(texts), [""; 0], "{texts:?}");
        }
    }

    #[test]
    fn every_circle_is_seen() {
        for texts in [
            &[
                ("net/a.rs", "use super::b::B;"),
                ("net/b.rs", "use crate::net::c;"),
                ("net/c.rs", "fn c() { super::a::a() }"),
            ][..],
            // Two of different folders, and through names that others re-export.
            &[("gui/a.rs", "use crate::cli::b::{x, B};"), ("cli/b.rs", "pub(crate) use crate::gui::a::{y, A as C};")],
            &[
                ("net/mod.rs", "pub use a::A; pub use self::b::{B, c::C};"),
                ("net/a.rs", "use super::{x::y, B};"),
                ("net/b.rs", "use super::d::D;"),
                ("net/d.rs", "use crate::net::A;"),
            ],
            &[
                ("net/mod.rs", "pub mod deep;"),
                ("net/deep/mod.rs", "pub(super) use leaf::L;"),
                ("net/deep/leaf.rs", "use crate::net::one::One;"),
                ("net/one.rs", "use super::deep::L;"),
            ],
        ] {
            assert_eq!(circles(texts).len(), 1, "{texts:?}: {:?}", circles(texts));
        }
    }

    #[test]
    fn a_circle_is_told_with_its_files_alone() {
        let texts = [
            ("net/a.rs", "use super::b::B;"),
            ("net/b.rs", "use super::c::C; use super::e::E;"),
            ("net/c.rs", "use super::a::A;"),
            ("net/d.rs", "use super::a::A;"),
            ("net/e.rs", ""),
        ];
        assert_eq!(circles(&texts), ["src/net/a.rs, src/net/b.rs, src/net/c.rs import each other in a loop"]);
    }

    #[test]
    fn methods_of_strangers() {
        let of = |texts: &[(&str, &str)]| strangers(&files(texts));
        let home = ("net/flow/mod.rs", "pub struct Flow<'a> { a: u8 } enum Side { A }");
        for (name, text) in [
            ("net/flow/more.rs", "impl<'a> super::Flow<'a> { }"),
            ("net/flow/deep/more.rs", "use x; impl Side {}"),
            ("view/a.rs", "impl fmt::Display for Flow<'_> { } fn a() -> impl Flow { } struct A; impl A {}"),
            ("view/a.rs", "#[cfg(test)] mod tests { impl Flow<'_> {} }"),
        ] {
            assert_eq!(of(&[home, (name, text)]), [""; 0], "{text}");
        }
        for (name, text) in [
            ("view/a.rs", "impl Flow<'_> { fn a() {} }"),
            ("net/a.rs", "use crate::net::flow::Side;\n\nimpl<T: Fn() -> u8> crate::net::flow::Side { }"),
        ] {
            assert_eq!(of(&[home, (name, text)]).len(), 1, "{text}");
        }
    }
}
