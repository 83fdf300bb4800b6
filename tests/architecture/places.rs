//! Things that only one place may touch, and layers in which nothing may panic.

use super::source::{SourceFile, line_of};

/// A name that only some places may use.
struct Reserved {
    /// The name as code has it.
    name: &'static str,
    /// Files, or directories with a slash at the end.
    places: &'static [&'static str],
    why: &'static str,
}

/// Threads are started here and nowhere else.
const WORKERS: &[&str] = &["background/", "capture/live.rs", "capture/live/"];

const RESERVED: [Reserved; 10] = [
    Reserved { name: "egui", places: &["gui/"], why: "only the window paints" },
    Reserved { name: "eframe", places: &["gui/"], why: "only the window paints" },
    Reserved { name: "rfd", places: &["gui/"], why: "only the window asks for files" },
    Reserved { name: "hex_color", places: THEME, why: A_COLOUR },
    Reserved { name: "Rgba", places: THEME, why: A_COLOUR },
    Reserved { name: "Hsva", places: THEME, why: A_COLOUR },
    Reserved { name: "std::thread", places: WORKERS, why: "the core is a plain value without threads" },
    Reserved { name: "thread::spawn", places: WORKERS, why: "the core is a plain value without threads" },
    Reserved { name: "thread::Builder", places: WORKERS, why: "the core is a plain value without threads" },
    Reserved { name: "thread::scope", places: WORKERS, why: "the core is a plain value without threads" },
];

const THEME: &[&str] = &["gui/theme.rs"];
const A_COLOUR: &str = "a colour is made in the theme, where both palettes are";

/// Layers that read octets of the wire or of a file: nothing there may take the program down.
const NEVER_PANIC: [&str; 8] = ["base", "capture", "net", "tls", "http", "ws", "inflate", "dissect"];
const PANICS: [&str; 6] = [".unwrap()", ".expect(", "panic!", "unreachable!", "todo!", "unimplemented!"];

/// Returns where `name` stands in `code` as a name of its own, not as a part of a longer one.
fn uses(code: &str, name: &str) -> Vec<usize> {
    let is_name = |it: char| it.is_alphanumeric() || it == '_';
    let goes_on = |at: usize| {
        let (before, after) = (&code[..at], &code[at + name.len()..]);
        name.starts_with(is_name) && before.ends_with(is_name) || name.ends_with(is_name) && after.starts_with(is_name)
    };
    code.match_indices(name).map(|(at, _)| at).filter(|at| !goes_on(*at)).collect()
}

fn is_in(file: &SourceFile, places: &[&str]) -> bool {
    places.iter().any(|place| file.name == *place || (place.ends_with('/') && file.name.starts_with(place)))
}

/// The uses of reserved names elsewhere.
pub fn breaches(file: &SourceFile) -> Vec<String> {
    let mut breaches = Vec::new();
    let mut complain = |at: usize, name: &str, why: &str| {
        breaches.push(format!("src/{}:{}: {name}: {why}", file.name, line_of(&file.code, at)));
    };
    for reserved in RESERVED.iter().filter(|reserved| !file.is_test && !is_in(file, reserved.places)) {
        uses(&file.code, reserved.name).into_iter().for_each(|at| complain(at, reserved.name, reserved.why));
    }
    if !file.is_test && !is_in(file, THEME) {
        made_colours(&file.code).into_iter().for_each(|at| complain(at, "Color32", A_COLOUR));
    }
    if !is_in(file, &["capture/live.rs", "capture/live/"]) {
        uses_of_pcap(&file.code).into_iter().for_each(|at| complain(at, "pcap", "only live capture knows libpcap"));
    }
    breaches
}

/// Returns where a colour is made: `Color32::RED`, `Color32::from_rgb(…)`. The type itself may go anywhere, and so may
/// the two values that are no colours.
fn made_colours(code: &str) -> Vec<usize> {
    const NO_COLOURS: [&str; 2] = ["PLACEHOLDER", "TRANSPARENT"];
    let is_made = |at: &usize| {
        let made = code[at + "Color32".len()..].strip_prefix("::");
        made.is_some_and(|value| !NO_COLOURS.iter().any(|name| value.starts_with(name)))
    };
    uses(code, "Color32").into_iter().filter(is_made).collect()
}

/// Returns where the crate `pcap` is used. `capture` has a module of the same name: a file that declares or imports
/// that one means it, unless the path starts with `::`.
fn uses_of_pcap(code: &str) -> Vec<usize> {
    let own = ["mod pcap;", "super::pcap", "super::{pcap", "capture::pcap"].iter().any(|module| code.contains(module));
    let is_crate = |at: &usize| {
        let before = code[..*at].trim_end();
        let (root, absolute) = match before.strip_suffix("::") {
            Some(path) => (false, !path.ends_with(|it: char| it.is_alphanumeric() || it == '_' || it == '>')),
            None => (true, false),
        };
        let path = code[*at + 4..].starts_with("::") || before.ends_with("use") || before.ends_with("extern crate");
        path && (absolute || (root && !own))
    };
    uses(code, "pcap").into_iter().filter(is_crate).collect()
}

/// Returns what can panic in a layer where nothing may.
pub fn panics(file: &SourceFile) -> Vec<String> {
    if file.is_test || !NEVER_PANIC.contains(&file.layer()) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for name in PANICS {
        for at in uses(&file.code, name) {
            found.push(format!("src/{}:{}: {name} in “{}”", file.name, line_of(&file.code, at), file.layer()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(name: &str, text: &str) -> Vec<String> {
        breaches(&SourceFile::new(name, text))
    }

    #[test]
    fn reserved_names_in_their_places() {
        for (name, text) in [
            ("gui/theme.rs", "use egui::Color32; Color32::RED"),
            ("gui/marks.rs", "fn ink(colour: Color32) { paint(Color32::TRANSPARENT) }"),
            ("gui/a/b.rs", "eframe::run_native(); egui::Ui"),
            ("background/desk.rs", "use std::thread; thread::spawn(f)"),
            ("capture/live.rs", "pcap::Device::list(); std::thread::Builder::new()"),
            ("capture/layout.rs", "use super::pcap::{self, FileHeader}; pcap::is_pcap(x)"),
            ("capture/mod.rs", "mod pcap;\n"),
            (
                "cli/args.rs",
                "/// egui, pcap:: and std::thread\nlet is_pcap = \"pcap::\"; my_egui_like(); pcapng::read()",
            ),
        ] {
            assert_eq!(places(name, text), [""; 0], "{name}: {text}");
        }
    }

    #[test]
    fn reserved_names_elsewhere() {
        for (name, text, place) in [
            ("view/rows.rs", "\nuse egui::Ui;", "src/view/rows.rs:2: egui: "),
            ("gui/tree.rs", "let red = Color32::RED;", "src/gui/tree.rs:1: Color32: "),
            ("gui/tree.rs", "egui::Color32::from_rgb(1, 2, 3)", "src/gui/tree.rs:1: Color32: "),
            ("dissect/session.rs", "use std::thread;", "src/dissect/session.rs:1: std::thread: "),
            ("cli/walk.rs", "thread::spawn(|| ())", "src/cli/walk.rs:1: thread::spawn: "),
            ("cli/rows.rs", "use pcap::Device;", "src/cli/rows.rs:1: pcap: "),
            ("net/link.rs", "let list = ::pcap::Device::list();", "src/net/link.rs:1: pcap: "),
            ("capture/open.rs", "use super::pcap; fn a() { ::pcap::b() }", "src/capture/open.rs:1: pcap: "),
        ] {
            let found = places(name, text);
            assert!(found.len() == 1 && found[0].starts_with(place), "{text}: {found:?}");
        }
    }

    #[test]
    fn panics_are_seen_and_tests_may() {
        let panics = |name: &str, text: &str| panics(&SourceFile::new(name, text));
        for text in ["a.unwrap()", "a\n.expect(\"b\")", "panic!(\"no\")", "unreachable!()", "_ => todo!(),"] {
            assert_eq!(panics("ws/a.rs", text).len(), 1, "{text}");
            assert_eq!(panics("view/a.rs", text).len(), 0, "{text}");
            assert_eq!(
                panics("ws/a.rs", &format!("#[cfg(test)]\nmod tests {{ fn a() {{ {text} }} }}")).len(),
                0,
                "{text}"
            );
        }
        for text in ["a.unwrap_or(b)", "a.unwrap_or_default()", "#[expect(dead_code)]", "// panic!", "debug_assert!(a)"]
        {
            assert_eq!(panics("ws/a.rs", text), [""; 0], "{text}");
        }
    }
}
