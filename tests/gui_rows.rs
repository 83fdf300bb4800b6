//! The rows of a capture that grows while the user clicks, and the ways back to rows that were looked at.

#[path = "common/mod.rs"]
mod common;

use std::io::{PipeWriter, Write};
use std::time::{Duration, Instant};

use common::frame::{self, FIN, TEXT};
use common::tcp::{Server, Talk};
use egui::accesskit::Role;
use egui::{Event, Key, Modifiers, PointerButton, Pos2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use framescope::base::FrameId;
use framescope::gui::command::Command;
use framescope::gui::details::Tab;
use framescope::gui::input::Input;
use framescope::gui::opened::Opened;
use framescope::gui::settings::Settings;
use framescope::gui::window::Window;
use framescope::gui::{self};
use framescope::query::{RowField, RowId, RowKind};

type WindowHarness = Harness<'static, Window>;

fn window() -> WindowHarness {
    Harness::builder()
        .with_size([1400.0, 900.0])
        .with_max_steps(64)
        .allow_missing_glyphs()
        .with_context_setup(gui::install)
        .build_ui_state(
            |ui, window: &mut Window| window.ui(ui),
            Window::new(Settings { dark: Some(true), ..Settings::default() }),
        )
}

fn opened(harness: &WindowHarness) -> &Opened {
    harness.state().opened().unwrap()
}

fn apply(harness: &mut WindowHarness, command: Command) {
    let ctx = harness.ctx.clone();
    harness.state_mut().apply(&ctx, command);
    harness.step();
}

/// Paints until it happens.
#[track_caller]
fn until(harness: &mut WindowHarness, what: &str, happens: impl Fn(&Opened) -> bool) {
    let start = Instant::now();
    while !happens(opened(harness)) {
        assert!(start.elapsed() < Duration::from_secs(20), "it never happens that {what}");
        harness.step();
        std::thread::sleep(Duration::from_millis(2));
    }
    harness.step();
}

/// The octets of a capture, which come through a pipe a few frames at a time.
struct Feed {
    file: Vec<u8>,
    /// The place in the file where each frame's packet ends.
    ends: Vec<usize>,
    frames: usize,
    fed: usize,
    pipe: PipeWriter,
}

impl Feed {
    /// Lets so many frames more come.
    fn more(&mut self, frames: usize) {
        self.frames += frames;
        let end = self.ends[self.frames - 1];
        self.pipe.write_all(&self.file[self.fed..end]).unwrap();
        self.fed = end;
    }
}

/// A window on a capture of a thousand frames, none of which has come yet.
fn growing() -> (WindowHarness, Feed) {
    let mut talk = Talk::upgraded();
    let before = talk.segments.len();
    (1..=1000).for_each(|number| talk.say(Server, frame::server(FIN | TEXT, format!("number {number}").as_bytes())));
    let capture = talk.capture();
    // The heads of the file and of a packet in it.
    let mut end = 24;
    let ends = capture.packets.iter().map(|packet| {
        end += 16 + packet.octets.len();
        end
    });
    let ends = ends.skip(before).collect();
    let (reader, pipe) = std::io::pipe().unwrap();
    let (source, mut filler) = framescope::capture::open_stream(Box::new(reader), "pipe").unwrap();
    let pump = move || while filler.pump().unwrap_or(false) {};
    std::thread::Builder::new().name("pipe".to_owned()).spawn(pump).unwrap();
    let mut harness = window();
    let ctx = harness.ctx.clone();
    harness.state_mut().open(&ctx, Input::Growing { source, name: "pipe".to_owned() });
    (harness, Feed { file: capture.pcap(), ends, frames: 0, fed: 0, pipe })
}

/// The frames in sight, from top to bottom, and the middles of their rows.
fn in_sight(harness: &WindowHarness) -> Vec<(RowId, Pos2)> {
    let rows = harness.query_all_by(|node| node.role() == Role::Row);
    let mut rows: Vec<(RowId, Pos2)> = rows
        .filter_map(|row| {
            let label = row.accesskit_node().label()?;
            let number = label.strip_prefix("frame ")?.split(' ').next()?.replace(',', "").parse().ok()?;
            Some((RowId::Frame(FrameId::from_number(number)?), row.rect().center()))
        })
        .collect();
    rows.sort_by(|a, b| a.1.y.total_cmp(&b.1.y));
    rows
}

fn button(pos: Pos2, pressed: bool) -> Event {
    Event::PointerButton { pos, button: PointerButton::Primary, pressed, modifiers: Modifiers::NONE }
}

/// Clicks on the row in this place while the list grows by more rows than are in sight, before the button goes down, and again
/// before it comes up; returns the row that was there, and the one that is selected then.
fn click_while_rows_come(harness: &mut WindowHarness, feed: &mut Feed, place: usize) -> (RowId, Option<RowId>) {
    let rows = in_sight(harness);
    let (row, at) = rows[place];
    let page = rows.len() + 2;
    harness.hover_at(at);
    harness.step();
    assert!(in_sight(harness).contains(&(row, at)), "it is still there");
    feed.more(page);
    // They are read meanwhile, and painted first in the pass in which the button goes down.
    std::thread::sleep(Duration::from_millis(250));
    harness.event(button(at, true));
    harness.step();
    feed.more(page);
    let all = feed.frames;
    until(harness, "all rows come", |opened| opened.rows.len() == all);
    harness.event(button(at, false));
    harness.step();
    harness.step();
    (row, opened(harness).selected)
}

#[test]
fn a_click_while_rows_arrive_selects_what_was_under_the_pointer() {
    let (mut harness, mut feed) = growing();
    feed.more(100);
    until(&mut harness, "all rows come", |opened| opened.rows.len() == 100);
    for place in [0, 2, 4, 5] {
        apply(&mut harness, Command::FollowNewest);
        harness.step();
        let newest = RowId::Frame(FrameId::from_number(feed.frames as u64).unwrap());
        assert_eq!(in_sight(&harness).last().map(|row| row.0), Some(newest), "the newest row is in sight");
        let (row, selected) = click_while_rows_come(&mut harness, &mut feed, place);
        assert_eq!(selected, Some(row), "place {place}");
        // Pressing on a row ended the following, and the row is still where it was clicked.
        assert!(!opened(&harness).table.follow);
        assert_eq!(in_sight(&harness).get(place).map(|row| row.0), Some(row));
    }
}

#[test]
fn end_follows_the_newest_row_again() {
    let (mut harness, mut feed) = growing();
    feed.more(100);
    until(&mut harness, "all rows come", |opened| opened.rows.len() == 100);
    assert!(opened(&harness).table.follow, "a capture that comes through a pipe is followed");
    harness.key_press(Key::Home);
    harness.step();
    assert!(!opened(&harness).table.follow);
    harness.key_press(Key::End);
    harness.step();
    feed.more(50);
    until(&mut harness, "more rows come", |opened| opened.rows.len() == 150);
    assert_eq!(in_sight(&harness).last().map(|row| row.0), frame(150));
    assert_eq!(opened(&harness).selected, frame(100), "the selection stays on its row");
}

/// In other orders rows come in between, or at the top.
#[test]
fn a_click_in_a_list_of_the_newest_first_selects_what_was_under_the_pointer() {
    let (mut harness, mut feed) = growing();
    feed.more(100);
    until(&mut harness, "all rows come", |opened| opened.rows.len() == 100);
    apply(&mut harness, Command::SortBy(RowField::Number));
    harness.step();
    assert_eq!(in_sight(&harness)[0].0, RowId::Frame(FrameId(99)));
    for place in [0, 4] {
        let (row, selected) = click_while_rows_come(&mut harness, &mut feed, place);
        assert_eq!(selected, Some(row), "place {place}");
    }
}

/// A window on a sample, read to its end.
fn sample(name: &str) -> WindowHarness {
    let mut harness = window();
    let ctx = harness.ctx.clone();
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name);
    harness.state_mut().open(&ctx, Input::File(path));
    until(&mut harness, "it is read to its end", |opened| !opened.state.is_active());
    harness.run();
    harness
}

fn frame(number: u64) -> Option<RowId> {
    FrameId::from_number(number).map(RowId::Frame)
}

#[track_caller]
fn press(harness: &mut WindowHarness, modifiers: Modifiers, key: Key) -> Option<RowId> {
    harness.key_press_modifiers(modifiers, key);
    let start = Instant::now();
    loop {
        harness.run_ok();
        let opened = opened(harness);
        if opened.searched().is_none() && opened.rows.query() == opened.query() {
            return opened.selected;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "the rows are not found");
    }
}

#[test]
fn alt_and_arrows_go_back_and_forward_through_what_was_selected() {
    let mut harness = sample("chat-unicode.pcapng");
    for number in [2, 6] {
        harness.get_by_label_contains(&format!("frame {number} ")).click();
        harness.run();
    }
    // A walk along the list is one step back.
    for _ in 0..3 {
        press(&mut harness, Modifiers::NONE, Key::ArrowDown);
    }
    assert_eq!(opened(&harness).selected, frame(9));
    // The message of the frame, and from there to the frame that was selected, in its list.
    let message = press(&mut harness, Modifiers::NONE, Key::Enter);
    assert!(matches!(message, Some(RowId::Message(_))));
    assert_eq!(press(&mut harness, Modifiers::ALT, Key::ArrowLeft), frame(9));
    assert_eq!(opened(&harness).query().kind, RowKind::Frames);
    assert_eq!(press(&mut harness, Modifiers::ALT, Key::ArrowLeft), frame(6));
    assert_eq!(press(&mut harness, Modifiers::ALT, Key::ArrowLeft), frame(2));
    assert_eq!(press(&mut harness, Modifiers::ALT, Key::ArrowLeft), frame(1), "which was selected at first");
    assert_eq!(press(&mut harness, Modifiers::ALT, Key::ArrowLeft), frame(1));
    for row in [frame(2), frame(6), frame(9), message, message] {
        assert_eq!(press(&mut harness, Modifiers::ALT, Key::ArrowRight), row);
    }
    // What a filter hides is shown again.
    let ctx = harness.ctx.clone();
    press(&mut harness, Modifiers::COMMAND, Key::F);
    harness.event(Event::Text("opcode:ping".to_owned()));
    harness.run();
    // Keys that are typed into a text field do nothing else.
    assert_eq!(press(&mut harness, Modifiers::ALT, Key::ArrowLeft), message);
    ctx.memory_mut(|memory| memory.stop_text_input());
    assert_eq!(press(&mut harness, Modifiers::ALT, Key::ArrowLeft), frame(9));
    assert_eq!(opened(&harness).filter_text, "");
    assert!(in_sight(&harness).iter().any(|(row, _)| Some(*row) == frame(9)));
}

#[test]
fn brackets_step_through_the_frames_of_a_message() {
    let mut harness = sample("fragments-ping.pcap");
    press(&mut harness, Modifiers::COMMAND, Key::Num2);
    harness.get_all_by_label_contains(" in ").next().unwrap().click();
    harness.run();
    harness.get_by_label_contains("Frame 1 of ");
    press(&mut harness, Modifiers::NONE, Key::CloseBracket);
    harness.get_by_label_contains("Frame 2 of ");
    press(&mut harness, Modifiers::NONE, Key::OpenBracket);
    harness.get_by_label_contains("Frame 1 of ");
}

#[test]
fn ctrl_g_goes_to_a_row_by_its_number() {
    let mut harness = sample("chat-unicode.pcapng");
    let go_to = |harness: &mut WindowHarness, words: &str| {
        harness.key_press_modifiers(Modifiers::COMMAND, Key::G);
        harness.run_ok();
        harness.get_by_role_and_label(Role::TextInput, "Number of a row");
        harness.event(Event::Text(words.to_owned()));
        harness.run_ok();
    };
    go_to(&mut harness, "17");
    assert_eq!(press(&mut harness, Modifiers::NONE, Key::Enter), frame(17));
    go_to(&mut harness, "message 3");
    let message = press(&mut harness, Modifiers::NONE, Key::Enter);
    assert_eq!(message, Some(RowId::Message(framescope::base::MessageId(2))));
    go_to(&mut harness, "frame 99");
    harness.get_by_label("There are 30 frames, with numbers from 1.");
    assert_eq!(press(&mut harness, Modifiers::NONE, Key::Escape), message);
    assert!(harness.query_by_label_contains("There are 30 frames").is_none());
}

/// A dialog is as large as its contents, whichever was open before.
#[test]
fn a_small_dialog_is_small_after_a_large_one() {
    let mut harness = sample("chat-unicode.pcapng");
    for key in [Key::F1, Key::Escape] {
        harness.key_press(key);
        harness.run_ok();
    }
    harness.key_press_modifiers(Modifiers::COMMAND, Key::G);
    harness.run_ok();
    let field = harness.get_by_role_and_label(Role::TextInput, "Number of a row").rect();
    let button = harness.get_by_label("Cancel").rect();
    assert!(button.bottom() - field.bottom() < 80.0, "{field:?} {button:?}");
}

/// Escape is the way back, and ends no reading.
#[test]
fn escape_takes_back_what_is_selected_in_the_frame() {
    let mut harness = sample("chat-unicode.pcapng");
    harness.get_by_label_contains("opcode, bits 4–7, 0001, text").click();
    harness.run();
    assert!(opened(&harness).details.selection().selected().is_some());
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(opened(&harness).details.selection().selected().is_none());
    let (mut harness, mut feed) = growing();
    feed.more(10);
    until(&mut harness, "rows come", |opened| opened.rows.len() == 10);
    harness.key_press(Key::Escape);
    harness.step();
    feed.more(10);
    until(&mut harness, "more rows come", |opened| opened.rows.len() == 20);
}

/// The scroll position of a pane belongs to what it shows.
#[test]
fn another_connection_starts_at_the_top_of_its_handshake() {
    let mut harness = sample("many-connections.pcapng");
    apply(&mut harness, Command::ShowTab(Tab::Handshake));
    harness.get_by_label_contains("connection 1 ").click();
    press(&mut harness, Modifiers::NONE, Key::Home);
    let title = |harness: &WindowHarness| harness.get_by_label("Response").rect();
    let top = title(&harness);
    let scroll = |harness: &mut WindowHarness| {
        harness.hover_at(top.center() + egui::vec2(0.0, 120.0));
        harness.event(Event::MouseWheel {
            unit: egui::MouseWheelUnit::Point,
            delta: egui::vec2(0.0, -80.0),
            phase: egui::TouchPhase::Move,
            modifiers: Modifiers::NONE,
            source: egui::MouseWheelSource::Wheel,
        });
        harness.run();
        harness.run();
    };
    scroll(&mut harness);
    let scrolled = title(&harness);
    assert!(scrolled.top() < top.top() - 20.0, "{scrolled:?} {top:?}");
    // Another frame of the same connection has the same handshake.
    press(&mut harness, Modifiers::NONE, Key::ArrowDown);
    let of_first = opened(&harness).details.frame();
    assert_eq!(title(&harness), scrolled);
    harness.get_by_label_contains("connection 3 ").click();
    harness.step();
    until(&mut harness, "its rows are found", |opened| opened.rows.query() == opened.query());
    press(&mut harness, Modifiers::NONE, Key::Home);
    assert_ne!(opened(&harness).details.frame(), of_first);
    assert_eq!(title(&harness).top(), top.top());
}
