//! The whole window without a window system: opened, found by label, driven by mouse and keys.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use egui::accesskit::{Role, SortDirection};
use egui::{Key, Modifiers};
use egui_kittest::{
    Harness, Node,
    kittest::{NodeT, Queryable},
};
use framescope::gui::command::Command;
use framescope::gui::details::Tab;
use framescope::gui::input::Input;
use framescope::gui::opened::Opened;
use framescope::gui::settings::Settings;
use framescope::gui::window::Window;
use framescope::gui::{self};

type WindowHarness = Harness<'static, Window>;

fn sample(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("samples").join(name)
}

fn harness(size: [f32; 2]) -> WindowHarness {
    #[cfg_attr(not(feature = "live"), expect(unused_mut))]
    let mut window = Window::new(Settings { dark: Some(true), ..Settings::default() });
    // What somebody sniffed on this machine and has not saved is not to be seen.
    #[cfg(feature = "live")]
    {
        window.live.folder = PathBuf::from("/nowhere");
    }
    Harness::builder()
        .with_size(size)
        .with_max_steps(64)
        // Emoji that egui's own font lacks come from the system's, which a test machine need not have.
        .allow_missing_glyphs()
        .with_context_setup(gui::install)
        .build_ui_state(|ui, window: &mut Window| window.ui(ui), window)
}

fn open(input: Input) -> WindowHarness {
    let mut harness = harness([1400.0, 900.0]);
    let ctx = harness.ctx.clone();
    harness.state_mut().open(&ctx, input);
    settle(&mut harness);
    harness
}

fn open_sample(name: &str) -> WindowHarness {
    open(Input::File(sample(name)))
}

/// Runs until everything is read and found that was asked for, and nothing is to be painted again.
fn settle(harness: &mut WindowHarness) {
    let is_settled = |opened: &Opened| {
        !opened.state.is_active()
            && opened.searched().is_none()
            && opened.rows.query() == opened.query()
            && !opened.details.is_busy()
    };
    let start = Instant::now();
    loop {
        harness.run_ok();
        if harness.state().opened().is_none_or(is_settled) {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "the capture is not read to its end");
        std::thread::sleep(Duration::from_millis(2));
    }
    harness.run_ok();
}

fn type_filter(harness: &mut WindowHarness, text: &str) {
    let ctx = harness.ctx.clone();
    harness.state_mut().apply(&ctx, Command::ClearFilter);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::F);
    harness.run();
    harness.event(egui::Event::Text(text.to_owned()));
    settle(harness);
}

fn selected_row(harness: &WindowHarness) -> usize {
    harness.state().opened().unwrap().selected_row().unwrap().unwrap()
}

#[test]
fn rows_are_found_by_label_and_open_their_bits() {
    let mut harness = open_sample("rfc6455-examples.pcapng");
    harness.get_by_label_contains("frame 2 text client 5 octets Hello").click();
    harness.run();
    assert_eq!(selected_row(&harness), 1);
    // The masked "Hello" of RFC 6455 §5.7 in the diagram: its opcode, and its first payload octet.
    harness.get_by_label_contains("opcode, bits 4–7, 0001, text");
    harness.get_by_label_contains("payload octet 0, 7f masked with 37 is 48");
}

#[test]
fn findings_are_listed_explained_and_lead_to_their_place() {
    let mut harness = open_sample("broken.pcap");
    harness.get_by_label_contains("15 violations").click();
    settle(&mut harness);
    harness.get_by_label_contains("finding 3 violation frame.opcode-reserved frame 15 client").click();
    harness.run();
    // What was found, what the rule is for, and the field that breaks it, selected.
    harness.get_by_label_contains("are kept for later versions. A receiver must fail the connection");
    let field = harness.get_by_label_contains("opcode 0x3");
    assert_eq!(field.accesskit_node().toggled(), Some(egui::accesskit::Toggled::True));
    harness.key_press(Key::Enter);
    settle(&mut harness);
    harness.get_by_label_contains("frame 15 ");
    assert_eq!(selected_row(&harness), 14);
    // And back: the frame's finding.
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Num3);
    settle(&mut harness);
    assert_eq!(selected_row(&harness), 2);
    type_filter(&mut harness, "finding:utf8");
    assert_eq!(harness.state().opened().unwrap().rows.len(), 1);
}

#[test]
fn a_finding_about_no_frame_shows_the_handshake() {
    let mut harness = open_sample("refused.pcap");
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Num3);
    settle(&mut harness);
    harness.get_by_label_contains("finding 3 note handshake.refused").click();
    harness.run();
    harness.get_by_label_contains("HTTP/1.1 404 Not Found");
    assert_eq!(harness.state().tab(), Some(Tab::Bits), "the chosen tab comes back with the next frame");
}

#[test]
fn chinese_is_no_squares() {
    let mut harness = open_sample("chat-unicode.pcapng");
    let font = egui::FontId::proportional(13.0);
    assert!(harness.ctx.fonts_mut(|fonts| fonts.has_glyphs(&font, "你好小林茶館おすすめ안녕")));
    harness.get_by_label_contains("你好").click();
    harness.run();
    harness.get_by_label_contains("/chat/茶");
}

#[test]
fn keys_move_the_selection() {
    let mut harness = open_sample("chat-unicode.pcapng");
    let mut after = |key| {
        harness.key_press(key);
        harness.run();
        selected_row(&harness)
    };
    assert_eq!([after(Key::ArrowDown), after(Key::ArrowDown), after(Key::ArrowUp)], [1, 2, 1]);
    let last = after(Key::End);
    assert_eq!(last, 29);
    assert_eq!(after(Key::ArrowDown), last);
    assert!(after(Key::PageUp) < last);
    assert_eq!(after(Key::Home), 0);
    // From a frame to its message.
    harness.key_press(Key::Enter);
    harness.run();
    harness.get_by_label_contains("message 1 text client");
}

#[test]
fn the_tab_stays_when_the_row_changes() {
    let mut harness = open_sample("chat-unicode.pcapng");
    for (name, tab, seen) in [
        ("Payload", Tab::Payload, "小林さくら"),
        ("Handshake", Tab::Handshake, "Sec-WebSocket-Accept"),
        ("TCP segments", Tab::Segments, "packet "),
    ] {
        harness
            .get_by(|node| node.role() == egui::accesskit::Role::Tab && node.label().as_deref() == Some(name))
            .click();
        settle(&mut harness);
        assert_eq!(harness.state().tab(), Some(tab));
        assert!(harness.query_all_by_label_contains(seen).next().is_some(), "{name}");
        harness.key_press(Key::ArrowDown);
        harness.run();
        assert_eq!(harness.state().tab(), Some(tab));
        harness.key_press(Key::Home);
        harness.run();
    }
}

#[test]
fn a_connection_is_chosen_and_all_come_back() {
    let mut harness = open_sample("many-connections.pcapng");
    let all = harness.state().opened().unwrap().rows.len();
    harness.get_by_label_contains("connection 2 ").click();
    settle(&mut harness);
    let of_one = harness.state().opened().unwrap().rows.len();
    assert!(0 < of_one && of_one < all);
    harness.get_by_label("All connections").click();
    settle(&mut harness);
    assert_eq!(harness.state().opened().unwrap().rows.len(), all);
}

#[test]
fn a_refused_connection_shows_its_handshake() {
    let mut harness = open_sample("refused.pcap");
    harness.get_by_label_contains("refused with 403").click();
    settle(&mut harness);
    harness.get_by_label_contains("No frame was sent");
    harness.get_by_label_contains("HTTP/1.1 403");
}

#[test]
fn the_filter_narrows_the_rows_and_says_what_it_does_not_understand() {
    let mut harness = open_sample("fragments-ping.pcap");
    type_filter(&mut harness, "opcode:ping");
    let opened = harness.state().opened().unwrap();
    assert!(!opened.rows.is_empty() && opened.rows.len() < opened.rows.total());
    let rows = harness.query_all_by(|node| node.role() == egui::accesskit::Role::Row);
    assert!(rows.count() > 1);
    assert_eq!(harness.query_all_by_label_contains("frame 1 ").count(), 0);
    type_filter(&mut harness, "colour:red");
    assert!(harness.state().opened().unwrap().filter_error.is_some());
    // What was typed is no filter, and its beginning is none either: `opcode:text` is what `text` alone means.
    type_filter(&mut harness, "text");
    assert!(harness.state().opened().unwrap().rows.len() < harness.state().opened().unwrap().rows.total());
    harness.event(egui::Event::Text(":abc".to_owned()));
    settle(&mut harness);
    let opened = harness.state().opened().unwrap();
    assert_eq!((opened.filter_text.as_str(), opened.rows.len()), ("text:abc", opened.rows.total()));
    let said = harness.get_by_label_contains("Not filtered: ").rect();
    for head in harness.query_all_by_role(egui::accesskit::Role::ColumnHeader) {
        assert!(!head.rect().intersects(said), "{:?} {said:?}", head.rect());
    }
    type_filter(&mut harness, "len>999999");
    harness.get_by_label("No row passes the filter");
    harness.get_by_label_contains("not in the payload");
    harness.get_all_by_label("Show all rows").last().unwrap().click();
    settle(&mut harness);
    let opened = harness.state().opened().unwrap();
    assert_eq!(opened.rows.len(), opened.rows.total());
}

/// Its payload is judged behind the rows; the row, the field list and the diagram tell it all the same.
#[test]
fn text_that_is_not_utf8_is_told_on_its_row() {
    let mut harness = open_sample("broken.pcap");
    assert!(harness.state().opened().unwrap().state.judged.is_none());
    let (ctx, frame) = (harness.ctx.clone(), framescope::base::FrameId::from_number(61).unwrap());
    harness.state_mut().apply(&ctx, Command::SelectRow(framescope::query::RowId::Frame(frame)));
    harness.run();
    harness.get_by(|node| {
        node.label().is_some_and(|label| label.starts_with("frame 61 text server") && label.ends_with("violation"))
    });
    harness.get_by_label_contains("The text is not UTF-8 from octet 9 of the message on: c0 is no character.");
}

fn head<'a>(harness: &'a WindowHarness, name: &'a str) -> Node<'a> {
    harness.get_by(move |node| node.role() == Role::ColumnHeader && node.label().as_deref() == Some(name))
}

fn sorted(harness: &WindowHarness, name: &str) -> Option<SortDirection> {
    head(harness, name).accesskit_node().sort_direction()
}

/// Payload octets and numbers of the frames in sight, from top to bottom, as their labels say.
fn rows_in_sight(harness: &WindowHarness) -> Vec<(u64, u64)> {
    let rows = harness.query_all_by(|node| node.role() == Role::Row);
    let mut rows: Vec<(f32, String)> =
        rows.map(|row| (row.rect().top(), row.accesskit_node().label().unwrap())).collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let number = |word: Option<&str>| word.unwrap().replace(',', "").parse().unwrap();
    let words = |(_, label): &(f32, String)| {
        let mut words = label.split(' ');
        let id = number(words.nth(1));
        (number(words.nth(2)), id)
    };
    rows.iter().map(words).collect()
}

#[test]
fn a_click_on_a_head_sorts_and_the_selection_stays_on_its_row() {
    let mut harness = open_sample("chat-unicode.pcapng");
    let captured = rows_in_sight(&harness);
    assert_eq!(sorted(&harness, "Number"), Some(SortDirection::Ascending));
    harness.get_by_label_contains("frame 5 ").click();
    harness.run();
    let selected = harness.state().opened().unwrap().selected;
    let mut click = |name| {
        head(&harness, name).click();
        settle(&mut harness);
        let opened = harness.state().opened().unwrap();
        assert_eq!(opened.selected, selected);
        assert_eq!(opened.row_id(selected_row(&harness)), selected);
        (rows_in_sight(&harness), sorted(&harness, name))
    };
    let (rows, direction) = click("Octets");
    assert!(rows.is_sorted() && rows != captured && direction == Some(SortDirection::Ascending));
    let (rows, direction) = click("Octets");
    let falling = |rows: &[(u64, u64)]| rows.is_sorted_by_key(|(octets, number)| (u64::MAX - octets, *number));
    assert!(falling(&rows) && rows[0].0 > 100 && direction == Some(SortDirection::Descending));
    assert_eq!(click("Octets"), (captured.clone(), None));
    let (rows, direction) = click("Number");
    assert!(rows.is_sorted_by_key(|(_, number)| u64::MAX - number) && direction == Some(SortDirection::Descending));
    // Another head sorts by itself, from the smallest.
    assert_eq!(click("From").1, Some(SortDirection::Ascending));
    assert_eq!(click("Opcode").1, Some(SortDirection::Ascending));
}

#[test]
fn heads_are_reached_by_keys_and_sort_what_the_filter_lets_pass() {
    let mut harness = open_sample("fragments-ping.pcap");
    type_filter(&mut harness, "sender:client");
    let filtered = harness.state().opened().unwrap().rows.len();
    head(&harness, "Octets").focus();
    harness.run();
    for direction in [Some(SortDirection::Ascending), Some(SortDirection::Descending), None] {
        harness.key_press(Key::Enter);
        settle(&mut harness);
        assert_eq!(sorted(&harness, "Octets"), direction);
        assert_eq!(harness.state().opened().unwrap().rows.len(), filtered);
        assert!(direction != Some(SortDirection::Ascending) || rows_in_sight(&harness).is_sorted());
    }
    harness.key_press(Key::Enter);
    harness.run();
    type_filter(&mut harness, "sender:client fin:0");
    let rows = rows_in_sight(&harness);
    assert!(rows.is_sorted() && !rows.is_empty() && rows.len() < filtered);
    // Messages have no fewer columns to sort by.
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Num2);
    settle(&mut harness);
    head(&harness, "Frames").click();
    settle(&mut harness);
    assert_eq!(sorted(&harness, "Frames"), Some(SortDirection::Ascending));
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Num1);
    settle(&mut harness);
    assert_eq!(sorted(&harness, "Number"), Some(SortDirection::Ascending));
}

#[test]
fn what_a_small_window_has_no_room_for_a_large_one_has_again() {
    let mut harness = open_sample("chat-unicode.pcapng");
    let edges = |harness: &WindowHarness| {
        ["width of the connections", "height of the details"].map(|name| harness.get_by_label(name).rect().center())
    };
    let before = edges(&harness);
    for size in [[720.0, 480.0], [1400.0, 500.0], [720.0, 900.0], [1400.0, 900.0]] {
        harness.set_size(size.into());
        harness.run();
    }
    assert_eq!(edges(&harness), before);
    // Where the user puts them they are after that, too.
    let from = before[1];
    let to = from - egui::vec2(0.0, 100.0);
    harness.drag_at(from);
    harness.run();
    harness.hover_at(to);
    harness.run();
    harness.drop_at(to);
    harness.run();
    let moved = edges(&harness);
    assert!((moved[1].y - to.y).abs() < 2.0, "{moved:?}");
    for size in [[720.0, 480.0], [1400.0, 900.0]] {
        harness.set_size(size.into());
        harness.run();
    }
    assert_eq!(edges(&harness), moved);
}

#[test]
fn a_message_of_fragments_is_joined_and_stepped_through() {
    let mut harness = open_sample("fragments-ping.pcap");
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Num2);
    harness.run();
    let label = harness.get_all_by_label_contains(" in ").next().unwrap();
    label.click();
    harness.run();
    harness.get_by_label_contains("Frame 1 of ");
    harness.get_by_label("Next frame of the message").click();
    harness.run();
    harness.get_by_label_contains("Frame 2 of ");
}

#[test]
fn samples_open_from_the_start_screen_and_close_again() {
    let mut harness = harness([1100.0, 760.0]);
    harness.run();
    harness.get_by_label("Sample: Broken on purpose").click();
    harness.run_ok();
    settle(&mut harness);
    assert!(harness.query_all_by_label_contains("violation").count() > 2);
    harness.get_by_label("Close capture").click();
    harness.run();
    harness.get_by_label("Sample: Broken on purpose");
}

#[test]
fn what_is_no_capture_says_so_on_the_start_screen() {
    let mut harness =
        open(Input::Octets { octets: b"PK\x03\x04 and more of a ZIP file".to_vec(), name: "a.zip".into() });
    settle(&mut harness);
    assert!(harness.state().opened().is_none());
    harness.get_by_label_contains("ZIP");
    harness.get_by_label("Open…");
}

#[test]
fn a_capture_without_websocket_says_what_it_holds() {
    // A pcap header and no packet.
    let octets = [&[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0][..], &[0; 8], &[0, 0, 4, 0, 1, 0, 0, 0]].concat();
    let harness = open(Input::Octets { octets, name: "empty.pcap".into() });
    harness.get_by_label("No WebSocket in this capture");
    harness.get_by_label_contains("0 packets and 0 TCP connections");
}

#[test]
fn the_theme_toggles_and_is_remembered() {
    let mut harness = open_sample("chat-unicode.pcapng");
    assert!(harness.ctx.global_style().visuals.dark_mode);
    harness.get_by_label("Dark or light").click();
    harness.run_ok();
    assert!(!harness.ctx.global_style().visuals.dark_mode);
    assert_eq!(harness.state().settings.dark, Some(false));
}

#[test]
fn help_opens_and_escape_closes_it() {
    let mut harness = open_sample("chat-unicode.pcapng");
    harness.key_press(Key::F1);
    harness.run_ok();
    harness.get_by_label_contains("Framescope 0");
    harness.key_press(Key::Escape);
    harness.run_ok();
    assert!(harness.query_by_label_contains("Framescope 0").is_none());
}

/// A text that is longer than its pane gets a scroll bar, and does not move for it.
#[test]
fn a_handshake_is_where_it_stays() {
    let mut harness = open_sample("many-connections.pcapng");
    let ctx = harness.ctx.clone();
    harness.state_mut().apply(&ctx, Command::ShowTab(Tab::Handshake));
    harness.step();
    let place = |harness: &WindowHarness| harness.get_by_label("Response").rect();
    let before = place(&harness);
    harness.run_ok();
    assert_eq!(place(&harness), before);
}

#[test]
fn what_a_capture_looks_like() {
    open_sample("chat-unicode.pcapng").snapshot("window_chat_dark");
}

#[test]
fn what_the_start_looks_like() {
    let mut harness = harness([1024.0, 700.0]);
    harness.state_mut().settings.dark = Some(false);
    harness.run();
    harness.snapshot("window_start_light");
}

/// A tooltip of what lies behind a dialog does not lie above it.
#[test]
fn a_dialog_hides_the_tooltips_of_what_is_behind() {
    let mut harness = open_sample("fragments-ping.pcap");
    let tooltip = framescope::ws::field(framescope::ws::FieldId::Opcode).explanation;
    harness.get_all_by_label_contains("opcode, bits 4–7").next().unwrap().hover();
    harness.run_steps(8);
    harness.get_by_label(tooltip);
    // The pointer stays where it is.
    harness.key_press(Key::F1);
    harness.run_steps(8);
    harness.get_by_label("Close");
    assert!(harness.query_by_label(tooltip).is_none());
    harness.key_press(Key::Escape);
    harness.run_steps(8);
    harness.get_by_label(tooltip);
}
