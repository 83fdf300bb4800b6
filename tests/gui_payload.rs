//! The Payload tab: text and JSON, small and large.

#[path = "common/mod.rs"]
mod common;
mod gui_harness;

use common::frame::{self, FIN, TEXT};
use common::tcp::{ANSWER, Client, REQUEST, Server, Talk};
use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT, Queryable};
use framescope::gui::command::Command;
use framescope::gui::details::Tab;
use framescope::gui::input::Input;
use gui_harness::{WindowHarness, apply, open, settle};

/// A window on the one message of a connection, with its payload as text.
fn open_message(who: common::tcp::Who, payload: &[u8]) -> WindowHarness {
    let mut talk = Talk::upgraded();
    let frame = if who == Client { frame::client(FIN | TEXT, payload) } else { frame::server(FIN | TEXT, payload) };
    talk.say_in(who, 32_000, frame);
    let capture = Input::Octets { octets: talk.capture().pcap(), name: "talk".to_owned() };
    let mut harness = open([1400.0, 900.0], capture);
    apply(&mut harness, Command::ShowTab(Tab::Payload));
    apply(&mut harness, Command::ShowMessages);
    harness
}

/// The text that the tab shows.
fn shown(harness: &WindowHarness) -> String {
    let is_payload = |text: &String| text.starts_with(['{', '[']);
    let labels = harness.get_all_by(|node| node.role() == Role::Label);
    labels.filter_map(|node| node.accesskit_node().value()).find(is_payload).unwrap_or_default()
}

#[test]
fn json_is_indented_or_as_it_was_sent() {
    let mut harness = open_message(Client, br#"{"b":1.50,"b":[{}]}"#);
    assert_eq!(shown(&harness), "{\n  \"b\": 1.50,\n  \"b\": [\n    {}\n  ]\n}");
    harness.get_by_label("Text").click();
    settle(&mut harness);
    assert_eq!(shown(&harness), r#"{"b":1.50,"b":[{}]}"#);
}

/// Indented, it would take a million times a million spaces.
#[test]
fn json_of_a_million_brackets_is_shown_as_it_was_sent() {
    let half = 1 << 20;
    let payload = ["[".repeat(half), "]".repeat(half)].concat();
    let harness = open_message(Server, payload.as_bytes());
    harness.get_by_label("Shown as it was sent: indented, this JSON would be longer than 8.0 MiB.");
    harness.get_by_label("JSON");
    assert!(shown(&harness).starts_with("[[[["));
    harness.get_by_label("… 2,064,384 more octets of text");
}

/// A large text is shown a part at a time, and ends where laying it out would take too long.
#[test]
fn a_large_text_is_shown_up_to_a_limit() {
    let mut harness = open_message(Client, "[ab] ".repeat(400_000).as_bytes());
    assert_eq!(shown(&harness).len(), 32 << 10);
    for len in [128 << 10, 512 << 10] {
        harness.get_by_label("Show more").click_accesskit();
        settle(&mut harness);
        assert_eq!(shown(&harness).len(), len);
    }
    harness.get_by_label("… 1,475,712 more octets of text, which Copy text copies too");
    assert!(harness.query_by_label("Show more").is_none());
}

/// Everything that the window says: labels, values and what it asks of the window system.
fn words(harness: &WindowHarness) -> Vec<String> {
    let nodes = harness.get_all_by(|_| true);
    let said = |node: egui_kittest::Node<'_>| {
        let node = node.accesskit_node();
        [node.label(), node.value()].into_iter().flatten().collect::<Vec<_>>()
    };
    nodes.flat_map(said).chain([harness.state().title()]).collect()
}

/// Asserts that nothing that the window says moves the cursor, and that something says `shown`.
fn assert_quiet(harness: &WindowHarness, shown: &str) {
    let words = words(harness);
    for text in &words {
        let moves = |c: char| c.is_control() || c == '\u{202e}';
        assert!(!text.contains(moves), "{text:?}");
    }
    assert!(words.iter().any(|text| text.contains(shown)), "{shown}: {words:#?}");
}

/// A name that clears a terminal, begins a line and turns the text around.
const RUDE: &str = "a\u{1b}[2J\n\u{202e}b.pcap";

#[test]
fn control_characters_of_names_are_escaped() {
    let folder = tempfile::tempdir().unwrap();
    let (broken, whole) = (folder.path().join(RUDE), folder.path().join(format!("2{RUDE}")));
    std::fs::write(&broken, b"PK\x03\x04 and more of a ZIP file").unwrap();
    let mut talk = Talk::upgraded();
    talk.say(Client, frame::client(FIN | TEXT, b"Hello"));
    std::fs::write(&whole, talk.capture().pcap()).unwrap();
    // The reason why it cannot be opened, on the start screen.
    let mut harness = open([1400.0, 900.0], Input::File(broken.clone()));
    assert!(harness.state().opened().is_none());
    assert_quiet(&harness, "a·[2J··b.pcap");
    // Another capture that is open, the dialog that says why this one cannot be, and the list of recent captures.
    let ctx = harness.ctx.clone();
    harness.state_mut().open(&ctx, Input::File(whole));
    settle(&mut harness);
    assert_quiet(&harness, "2a·[2J··b.pcap — Framescope");
    harness.get_by_label("2a·[2J··b.pcap");
    apply(&mut harness, Command::CloseCapture);
    assert_quiet(&harness, "2a·[2J··b.pcap");
}

#[test]
fn control_characters_of_the_wire_are_escaped() {
    let mut talk = Talk::new();
    talk.connect();
    talk.say(
        Client,
        REQUEST.replace("/chat", "/\u{202e}chat").replace("Host", "Sec-WebSocket-Protocol: \u{202e}x\r\nHost"),
    );
    talk.say(Server, ANSWER.replace("\r\n\r\n", "\r\nSec-WebSocket-Protocol: \u{202e}y\r\n\r\n"));
    talk.say(Client, frame::client(frame::CLOSE, &frame::close(1000, RUDE)));
    let capture = Input::Octets { octets: talk.capture().pcap(), name: "talk".to_owned() };
    let mut harness = open([1400.0, 900.0], capture);
    for tab in Tab::ALL {
        apply(&mut harness, Command::ShowTab(tab));
        assert_quiet(&harness, "a·[2J··b.pcap");
    }
    apply(&mut harness, Command::ShowFindings);
    assert_quiet(&harness, "finding 1 violation");
}
