//! Sniffing from the window: the dialog, frames that come, stopping, saving, discarding, and what a crash leaves.

#[path = "common/mod.rs"]
mod common;
#[path = "../examples/live/talk.rs"]
#[allow(dead_code, reason = "the measurement uses more of it")]
mod talk;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::rights::can_sniff;
use egui_kittest::kittest::Queryable;
use egui_kittest::{Harness, Node};
use framescope::gui::command::Command;
use framescope::gui::opened::Opened;
use framescope::gui::settings::Settings;
use framescope::gui::window::Window;
use framescope::gui::{self};
use talk::{Listening, talk};

type WindowHarness = Harness<'static, Window>;

/// A window that keeps its captures in `folder` and sniffs with `program`.
fn window(folder: &Path, program: &Path) -> WindowHarness {
    let mut window = Window::new(Settings { dark: Some(true), ..Settings::default() });
    window.live.folder = folder.to_owned();
    window.live.program = Some(program.to_owned());
    Harness::builder()
        .with_size([1400.0, 900.0])
        .with_max_steps(8)
        .allow_missing_glyphs()
        .with_context_setup(gui::install)
        .build_ui_state(|ui, window: &mut Window| window.ui(ui), window)
}

fn this_program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_framescope"))
}

#[track_caller]
fn until(harness: &mut WindowHarness, what: &str, happens: impl Fn(&WindowHarness) -> bool) {
    let start = Instant::now();
    while !happens(harness) {
        assert!(start.elapsed() < Duration::from_secs(20), "it never happens that {what}");
        // A window with a clock in it is never at rest.
        harness.step();
        std::thread::sleep(Duration::from_millis(2));
    }
    harness.step();
}

fn opened(harness: &WindowHarness) -> Option<&Opened> {
    harness.state().opened()
}

fn rows(harness: &WindowHarness) -> usize {
    opened(harness).map_or(0, |opened| opened.rows.len())
}

fn is_sniffing(harness: &WindowHarness) -> bool {
    let recording = opened(harness).and_then(|opened| opened.recording.as_ref());
    recording.is_some_and(|recording| recording.state().started.is_some() && recording.is_running())
}

fn click(harness: &mut WindowHarness, find: impl for<'a> Fn(&'a WindowHarness) -> Node<'a>) {
    // A dialog takes some frames to find its size and place.
    harness.run_steps(6);
    find(harness).click();
    harness.run_steps(6);
}

/// Live…, Start, and a frame that comes: three clicks to its bits.
#[test]
fn three_clicks_to_the_bits_of_a_live_frame() {
    if !can_sniff() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut harness = window(folder.path(), &this_program());
    harness.step();
    click(&mut harness, |harness| harness.get_by_label("Live…"));
    click(&mut harness, |harness| harness.get_by_label("Start"));
    until(&mut harness, "the card is open", is_sniffing);
    let (mut server, client) = talk(Listening::on("127.0.0.1:0").unwrap());
    server.send().unwrap();
    until(&mut harness, "a frame is a row", |harness| rows(harness) > 0);
    click(&mut harness, |harness| harness.get_all_by_label_contains("text server 40 octets").next().unwrap());
    harness.get_by_label_contains("opcode, bits 4–7, 0001, text");

    // What is selected stays while rows come, and what was captured is complete when it is stopped.
    let selected = opened(&harness).unwrap().selected;
    (0..500).for_each(|_| server.send().unwrap());
    until(&mut harness, "all frames are rows", |harness| rows(harness) >= 501);
    assert_eq!(opened(&harness).unwrap().selected, selected);
    click(&mut harness, |harness| harness.get_by_label("Stop"));
    until(&mut harness, "it is read to its end", |harness| {
        opened(harness).is_some_and(|opened| !opened.state.is_active())
    });
    drop(server);
    client.join().unwrap();
    harness.get_by_label_contains("Stopped, ");

    // Saved as a file that the command line reads.
    let saved = folder.path().join("saved.pcapng");
    let ctx = harness.ctx.clone();
    harness.state_mut().apply(&ctx, Command::SaveAs(saved.clone()));
    until(&mut harness, "it is saved", |harness| opened(harness).unwrap().unsaved.is_none());
    let stats = common::program::run(&["stats", "--json", saved.to_str().unwrap()]).quiet().json();
    assert!(stats[0]["frames"].as_u64().unwrap() >= 501);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "the unsaved one is gone");
}

#[test]
fn discarding_asks_first() {
    if !can_sniff() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut harness = window(folder.path(), &this_program());
    let ctx = harness.ctx.clone();
    harness.step();
    harness.state_mut().apply(&ctx, Command::Live);
    harness.state_mut().apply(&ctx, Command::StartLive { elevated: false });
    until(&mut harness, "the card is open", is_sniffing);
    harness.state_mut().apply(&ctx, Command::Stop);
    until(&mut harness, "it ends", |harness| opened(harness).is_some_and(|opened| !opened.state.is_active()));
    click(&mut harness, |harness| harness.get_by_label("Discard…"));
    click(&mut harness, |harness| harness.get_by_label("Keep it"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    click(&mut harness, |harness| harness.get_by_label("Discard…"));
    click(&mut harness, |harness| harness.get_by_label("Discard"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    assert!(opened(&harness).is_none());
}

/// The words of the process that sniffs become those of the dialog, with lines to copy.
#[test]
#[cfg(unix)]
fn without_rights_the_dialog_tells_how_to_get_them() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("refused");
    let says = r#"{"event":"failed","why":"lo: this user may not sniff","lacks_rights":true}"#;
    std::fs::write(&program, format!("#!/bin/sh\necho '{says}'\nexit 2\n")).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut harness = window(&folder.path().join("captures"), &program);
    let ctx = harness.ctx.clone();
    harness.step();
    harness.state_mut().apply(&ctx, Command::Live);
    harness.state_mut().apply(&ctx, Command::StartLive { elevated: false });
    until(&mut harness, "the dialog is back", |harness| harness.query_by_label("Start").is_some());
    harness.get_by_label("lo: this user may not sniff");
    assert!(harness.get_all_by_label_contains("sudo setcap cap_net_raw=ep").next().is_some());
    assert!(opened(&harness).is_none());
    assert_eq!(std::fs::read_dir(folder.path().join("captures")).unwrap().count(), 0, "nothing is left of it");
}

#[test]
fn a_filter_is_judged_as_it_is_typed() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = window(folder.path(), &this_program());
    let ctx = harness.ctx.clone();
    harness.step();
    harness.state_mut().apply(&ctx, Command::Live);
    harness.step();
    harness.step();
    harness.get_by_label("Everything is captured.");
    click(&mut harness, |harness| harness.get_by_label("TCP port …"));
    harness.get_by_label("This is a filter.");
    harness.get_by_role_and_label(egui::accesskit::Role::TextInput, "Capture filter").focus();
    harness.step();
    harness.event(egui::Event::Text(" nonsense (".to_owned()));
    harness.step();
    harness.step();
    assert!(harness.query_by_label("This is a filter.").is_none());
    harness.get_by_label_contains("syntax error");
}

#[test]
fn what_a_crash_left_is_offered() {
    let folder = tempfile::tempdir().unwrap();
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/chat-unicode.pcapng");
    let left = folder.path().join("lo 2026-01-01T00.00.00.pcapng");
    std::fs::copy(sample, &left).unwrap();
    let mut harness = window(folder.path(), &this_program());
    harness.step();
    harness.get_by_label("Unsaved captures");
    click(&mut harness, |harness| harness.get_by_label_contains("lo 2026-01-01T00.00.00.pcapng"));
    until(&mut harness, "it is read", |harness| rows(harness) == 30);
    harness.get_by_label("Save…");
    // Another window does not offer what this one shows.
    assert!(framescope::gui::live::left_over(folder.path()).is_empty());
    let ctx = harness.ctx.clone();
    harness.state_mut().apply(&ctx, Command::CloseCapture);
    harness.step();
    harness.get_by_label("Unsaved captures");
    assert!(left.exists());
}
