//! Panes by keys: F6 from one to the next, one stop of Tab each, arrows within, a frame around the one with the focus.

mod gui_harness;

use std::path::PathBuf;

use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};
use framescope::base::ConnectionId;
use framescope::gui::command::Command;
use framescope::gui::details::Tab;
use framescope::gui::input::Input;
use framescope::gui::opened::Opened;
use framescope::gui::pane::Pane;
use framescope::query::RowKind;
use framescope::ws::FieldId;
use gui_harness::{WindowHarness, apply, open, settle};

const WIDE: [f32; 2] = [1600.0, 1000.0];

fn sample(size: [f32; 2], name: &str) -> WindowHarness {
    open(size, Input::File(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("samples").join(name)))
}

fn opened(harness: &WindowHarness) -> &Opened {
    harness.state().opened().unwrap()
}

fn press(harness: &mut WindowHarness, modifiers: Modifiers, key: Key) {
    harness.key_press_modifiers(modifiers, key);
    settle(harness);
}

fn press_all(harness: &mut WindowHarness, keys: &[Key]) {
    keys.iter().for_each(|key| press(harness, Modifiers::NONE, *key));
}

/// The name of the widget that has the focus.
fn focused(harness: &WindowHarness) -> Option<String> {
    harness.query_all_by(|node| node.is_focused()).find_map(|node| node.accesskit_node().label())
}

/// Goes to a pane by F6.
fn go_to(harness: &mut WindowHarness, pane: Pane) {
    for _ in Pane::ALL {
        press(harness, Modifiers::NONE, Key::F6);
        if Pane::focused(&harness.ctx) == Some(pane) {
            return;
        }
    }
    panic!("F6 does not lead to {pane:?}");
}

fn row(harness: &WindowHarness) -> usize {
    opened(harness).selected_row().unwrap().unwrap()
}

/// The field and the first of the selected octets.
fn selected(harness: &WindowHarness) -> Option<(FieldId, u64)> {
    opened(harness).details.selection().selected().map(|target| (target.field, target.octets.start))
}

#[test]
fn f6_goes_from_pane_to_pane() {
    let mut harness = sample(WIDE, "rfc6455-examples.pcapng");
    let mut names = |modifiers, count| {
        let mut name = || {
            press(&mut harness, modifiers, Key::F6);
            focused(&harness).unwrap_or_default()
        };
        (0..count).map(|_| name()).collect::<Vec<_>>()
    };
    // Where nothing has the focus, arrows go along the rows: the pane behind them is the next.
    let forwards =
        ["figure of the bits", "tree of the fields", "dump of the octets", "list of connections", "list of rows"];
    assert_eq!(names(Modifiers::NONE, 5), forwards);
    assert_eq!(names(Modifiers::SHIFT, 2), ["list of connections", "dump of the octets"]);
    // Out of a field that is typed into, too; and a tab without a figure has a pane of its own.
    apply(&mut harness, Command::ShowTab(Tab::Handshake));
    press(&mut harness, Modifiers::COMMAND, Key::F);
    press(&mut harness, Modifiers::NONE, Key::F6);
    assert_eq!(focused(&harness).as_deref(), Some("text of the tab"));
}

/// A narrow window shows fields or hex.
#[test]
fn panes_that_are_not_there_are_passed_over() {
    let mut harness = sample([800.0, 600.0], "rfc6455-examples.pcapng");
    let mut seen = Vec::new();
    for _ in 0..4 {
        press(&mut harness, Modifiers::NONE, Key::F6);
        seen.extend(Pane::focused(&harness.ctx));
    }
    assert_eq!(seen, [Pane::Figure, Pane::Fields, Pane::Connections, Pane::Rows]);
}

#[test]
fn tab_takes_a_pane_for_one_stop() {
    let mut harness = sample(WIDE, "rfc6455-examples.pcapng");
    let mut names = Vec::new();
    loop {
        press(&mut harness, Modifiers::NONE, Key::Tab);
        let name = focused(&harness).unwrap_or_default();
        if names.first() == Some(&name) {
            break;
        }
        names.push(name);
        assert!(names.len() < 60, "{names:#?}");
    }
    for name in
        ["figure of the bits", "tree of the fields", "dump of the octets", "list of connections", "list of rows"]
    {
        assert_eq!(names.iter().filter(|stop| *stop == name).count(), 1, "{name} in {names:#?}");
    }
    let cells = ["octet ", "frame ", "connection ", "opcode", "Masking-key", "payload octet"];
    assert!(!names.iter().any(|name| cells.iter().any(|cell| name.starts_with(cell))), "{names:#?}");
}

#[test]
fn arrows_in_the_figure_go_from_cell_to_cell() {
    let mut harness = sample(WIDE, "rfc6455-examples.pcapng");
    press_all(&mut harness, &[Key::ArrowDown]);
    assert_eq!(row(&harness), 1);
    go_to(&mut harness, Pane::Figure);
    press_all(&mut harness, &[Key::ArrowRight]);
    assert_eq!(selected(&harness), Some((FieldId::Fin, 0)));
    press_all(&mut harness, &[Key::ArrowRight, Key::ArrowRight, Key::ArrowRight, Key::ArrowRight]);
    assert_eq!(selected(&harness), Some((FieldId::Opcode, 0)));
    // The key begins in the first line and goes on in the second, where the payload begins.
    press_all(&mut harness, &[Key::End]);
    let last = selected(&harness).unwrap();
    assert_eq!(last, (FieldId::Payload, 10));
    press_all(&mut harness, &[Key::ArrowUp]);
    assert_eq!(selected(&harness), Some((FieldId::Payload, 6)));
    press_all(&mut harness, &[Key::ArrowUp]);
    assert_eq!(selected(&harness), Some((FieldId::MaskingKey, 2)));
    press_all(&mut harness, &[Key::ArrowLeft]);
    assert_eq!(selected(&harness), Some((FieldId::PayloadLen, 1)));
    press_all(&mut harness, &[Key::Home, Key::ArrowLeft]);
    assert_eq!(selected(&harness), Some((FieldId::Fin, 0)));
    // Neither the rows nor the list notice any of that; and what has its own key still has.
    press_all(&mut harness, &[Key::Enter]);
    assert_eq!((row(&harness), opened(&harness).query().kind), (1, RowKind::Frames));
    press_all(&mut harness, &[Key::Escape]);
    assert_eq!((selected(&harness), Pane::focused(&harness.ctx)), (None, Some(Pane::Figure)));
}

#[test]
fn arrows_in_the_tree_and_in_the_dump() {
    let mut harness = sample(WIDE, "rfc6455-examples.pcapng");
    press_all(&mut harness, &[Key::ArrowDown]);
    go_to(&mut harness, Pane::Fields);
    press_all(&mut harness, &[Key::ArrowDown, Key::ArrowDown]);
    assert_eq!(selected(&harness), Some((FieldId::Rsv1, 0)));
    press_all(&mut harness, &[Key::End, Key::ArrowDown]);
    assert_eq!(selected(&harness), Some((FieldId::Payload, 6)));
    go_to(&mut harness, Pane::Hex);
    press_all(&mut harness, &[Key::Home]);
    let first = selected(&harness).unwrap();
    assert_eq!(first.1, 0);
    press_all(&mut harness, &[Key::ArrowRight, Key::ArrowRight]);
    assert_eq!(selected(&harness), Some((FieldId::MaskingKey, 2)));
    press_all(&mut harness, &[Key::ArrowRight, Key::ArrowRight]);
    assert_eq!(selected(&harness), Some((FieldId::Payload, 7)));
    press_all(&mut harness, &[Key::End, Key::ArrowRight, Key::ArrowDown]);
    assert_eq!(selected(&harness), Some((FieldId::Payload, 10)));
    assert_eq!(row(&harness), 1);
}

#[test]
fn arrows_choose_a_connection() {
    let mut harness = sample(WIDE, "many-connections.pcapng");
    go_to(&mut harness, Pane::Connections);
    let connection = |harness: &WindowHarness| opened(harness).connection.map(ConnectionId::number);
    press_all(&mut harness, &[Key::ArrowDown, Key::ArrowDown]);
    assert_eq!(connection(&harness), Some(2));
    press_all(&mut harness, &[Key::Home]);
    assert_eq!(connection(&harness), None);
    press_all(&mut harness, &[Key::End]);
    let last = opened(&harness).snapshot.as_ref().unwrap().connection_count() as u64;
    assert_eq!(connection(&harness), Some(last));
}

/// Enter goes from a frame to its message in the list alone, with the focus on it or on nothing.
#[test]
fn rows_keep_their_keys_with_the_focus() {
    let mut harness = sample(WIDE, "rfc6455-examples.pcapng");
    go_to(&mut harness, Pane::Rows);
    press_all(&mut harness, &[Key::ArrowDown, Key::Enter]);
    assert_eq!(opened(&harness).query().kind, RowKind::Messages);
}

#[test]
fn arrows_scroll_a_text() {
    let mut harness = sample([1000.0, 600.0], "many-connections.pcapng");
    apply(&mut harness, Command::ShowTab(Tab::Handshake));
    go_to(&mut harness, Pane::Text);
    let top = |harness: &WindowHarness| harness.get_by_label("Request").rect().top();
    let before = top(&harness);
    press_all(&mut harness, &[Key::ArrowDown]);
    let after = top(&harness);
    assert!(after < before, "{after} {before}");
    press_all(&mut harness, &[Key::Home]);
    assert_eq!(top(&harness), before);
}

/// The focused pane has a frame around it; a press in a pane gives it the focus.
#[test]
fn the_focus_is_seen() {
    let mut harness = sample(WIDE, "rfc6455-examples.pcapng");
    let frames = |harness: &WindowHarness, name: &str| {
        let rect = harness.get_by_label(name).rect();
        let is_frame = |shape: &egui::epaint::ClippedShape| match &shape.shape {
            egui::Shape::Rect(shape) => {
                shape.rect.distance_to_pos(rect.center()) == 0.0
                    && (shape.rect.size() - rect.size()).length() < 1.0
                    && shape.stroke.width > 0.0
            }
            _ => false,
        };
        harness.output().shapes.iter().filter(|shape| is_frame(shape)).count()
    };
    assert_eq!(frames(&harness, "dump of the octets"), 0);
    go_to(&mut harness, Pane::Hex);
    assert_eq!((frames(&harness, "dump of the octets"), frames(&harness, "list of rows")), (1, 0));
    harness.get_by_label_contains("opcode, bits 4–7").click();
    settle(&mut harness);
    assert_eq!((frames(&harness, "dump of the octets"), Pane::focused(&harness.ctx)), (0, Some(Pane::Figure)));
    press_all(&mut harness, &[Key::ArrowLeft]);
    assert_eq!(selected(&harness), Some((FieldId::Rsv3, 0)));
}
