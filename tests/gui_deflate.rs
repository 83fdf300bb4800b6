//! The window with compressed messages: the third form of the dump, columns, texts, limits, the handshake.

#[path = "common/mod.rs"]
mod common;
#[path = "gui_deflate/not_inflated.rs"]
mod not_inflated;

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::frame::{self, CONTINUATION, FIN, PING, PONG, TEXT};
use common::link::{self, Link};
use common::tcp::{ANSWER, Client, REQUEST, Server, Talk};
use egui::accesskit::{Role, Toggled};
use egui::{Key, Modifiers};
use egui_kittest::{
    Harness,
    kittest::{NodeT, Queryable},
};
use flate2::{Compress, Compression, FlushCompress};
use framescope::base::MessageId;
use framescope::capture::Source;
use framescope::dissect::{InflateLimit, Inflation, MessageReader, Progress, Session, UserDecision};
use framescope::gui::command::Command;
use framescope::gui::details::Tab;
use framescope::gui::hex::{HexSource, HexState, InflatedSource, hex_ui};
use framescope::gui::inflating::{Doing, Told};
use framescope::gui::input::Input;
use framescope::gui::opened::Opened;
use framescope::gui::settings::Settings;
use framescope::gui::window::Window;
use framescope::gui::{self, Selection};
use framescope::query::{RowId, RowKind};
use framescope::view::{FrameView, HexForm, InflatedView};

const RSV1: u8 = 0x40;
const WIDE: [f32; 2] = [1600.0, 1000.0];
const SMALL: [f32; 2] = [1024.0, 700.0];

type WindowHarness = Harness<'static, Window>;

/// The wheel over `at`, as far down as it goes.
fn scroll_down<S>(harness: &mut Harness<'_, S>, at: egui::Pos2) {
    harness.event(egui::Event::PointerMoved(at));
    harness.event(egui::Event::MouseWheel {
        unit: egui::MouseWheelUnit::Point,
        delta: egui::vec2(0.0, -1e8),
        phase: egui::TouchPhase::Move,
        source: egui::MouseWheelSource::Wheel,
        modifiers: Modifiers::NONE,
    });
}

fn open(size: [f32; 2], input: Input) -> WindowHarness {
    open_limited(size, input, InflateLimit::default())
}

fn open_limited(size: [f32; 2], input: Input, limit: InflateLimit) -> WindowHarness {
    let settings = Settings { dark: Some(true), ..Settings::default() };
    let mut harness = Harness::builder()
        .with_size(size)
        .with_max_steps(64)
        .allow_missing_glyphs()
        .with_context_setup(gui::install)
        .build_ui_state(|ui, window: &mut Window| window.ui(ui), Window::new(settings).with_inflate_limit(limit));
    let ctx = harness.ctx.clone();
    harness.state_mut().open(&ctx, input);
    settle(&mut harness);
    harness
}

fn open_sample(size: [f32; 2], name: &str) -> WindowHarness {
    open(size, Input::File(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("samples").join(name)))
}

fn open_talk(talk: &Talk) -> WindowHarness {
    open_talk_limited(talk, InflateLimit::default())
}

fn open_talk_limited(talk: &Talk, limit: InflateLimit) -> WindowHarness {
    open_limited(WIDE, Input::Octets { octets: talk.capture().pcap(), name: "talk".to_owned() }, limit)
}

/// Runs until every thread has said what it has to say.
fn settle(harness: &mut WindowHarness) {
    let is_settled = |opened: &Opened| {
        !opened.state.is_active()
            && opened.searched().is_none()
            && opened.rows.query() == opened.query()
            && !opened.details.is_busy()
            && !opened.previews.is_busy()
    };
    until(harness, |harness| harness.state().opened().is_none_or(is_settled));
    harness.run_ok();
}

fn until(harness: &mut WindowHarness, is_so: impl Fn(&WindowHarness) -> bool) {
    let start = Instant::now();
    loop {
        harness.run_ok();
        if is_so(harness) {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "it does not come to that");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn apply(harness: &mut WindowHarness, command: Command) {
    let ctx = harness.ctx.clone();
    harness.state_mut().apply(&ctx, command);
    settle(harness);
}

fn click(harness: &mut WindowHarness, label: &str) {
    harness.get_by_label(label).click();
    harness.run_ok();
    settle(harness);
}

fn is_selected(harness: &WindowHarness, label: &str) -> bool {
    harness.get_by_label(label).accesskit_node().toggled() == Some(Toggled::True)
}

/// A connection with permessage-deflate, and what compresses for the server.
fn talk() -> (Talk, Compress) {
    agreed(Talk::new())
}

fn agreed(mut talk: Talk) -> (Talk, Compress) {
    talk.connect();
    let extension = "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
    talk.say(Client, REQUEST.replace("\r\n\r\n", extension));
    talk.say(Server, ANSWER.replace("\r\n\r\n", extension));
    (talk, Compress::new(Compression::best(), false))
}

fn deflate(compress: &mut Compress, plain: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(plain.len() + 100);
    compress.compress_vec(plain, &mut out, FlushCompress::Sync).unwrap();
    out.truncate(out.len() - 4);
    out
}

#[test]
fn an_inflated_octet_and_what_it_comes_from_are_one_selection() {
    let mut harness = open_sample(WIDE, "deflate.pcap");
    apply(&mut harness, Command::show(RowKind::Messages));
    click(&mut harness, "Inflated");
    harness.get_by_label_contains("48 octets inflated from 49, 102 %: made larger");
    click(&mut harness, "inflated octet 2, 6f");
    assert!(is_selected(&harness, "inflated octet 2, 6f") && !is_selected(&harness, "inflated octet 3, 70"));
    // The same on the wire, marked as selected: some of it, and not all.
    click(&mut harness, "Wire");
    let marked = |harness: &WindowHarness, form: &str| {
        let octets = harness.query_all_by_label_contains(form);
        octets.filter(|node| node.accesskit_node().toggled() == Some(Toggled::True)).count()
    };
    assert!((1..6).contains(&marked(&harness, "octet ")), "{}", marked(&harness, "octet "));
    // And from the wire to what it inflates to.
    harness.get_by_label_contains("Payload Data 49 octets").click();
    settle(&mut harness);
    click(&mut harness, "Inflated");
    assert!(is_selected(&harness, "inflated octet 0, 7b") && is_selected(&harness, "inflated octet 31, 30"));
    // A field of the header inflates to nothing.
    harness.get_by_label_contains("opcode 0x1").click();
    settle(&mut harness);
    assert_eq!(marked(&harness, "inflated octet"), 0);
}

#[test]
fn an_octet_of_another_frame_brings_that_frame() {
    let (mut talk, mut compress) = talk();
    let text = "多个帧 🙂 and the rest, which the second frame brings: 你好";
    let compressed = deflate(&mut compress, text.as_bytes());
    let (first, rest) = compressed.split_at(20);
    talk.say(Server, frame::server(RSV1 | TEXT, first));
    talk.say(Client, frame::client(FIN | PING, b"between"));
    talk.say(Server, frame::server(FIN | CONTINUATION, rest));
    let mut harness = open_talk(&talk);
    apply(&mut harness, Command::show(RowKind::Messages));
    harness.get_by_label("Frame 1 of 2 of the message");
    click(&mut harness, "Inflated");
    harness.get_by_label_contains("; frame 1 gives 0–");
    click(&mut harness, "inflated octet 40, 65");
    harness.get_by_label("Frame 2 of 2 of the message");
    assert!(is_selected(&harness, "inflated octet 40, 65"));
    harness.get_by_label_contains("; frame 3 gives ");
    // In the text, and also where the frame and not the message is selected.
    apply(&mut harness, Command::ShowTab(Tab::Payload));
    harness.get_by_label(text);
    apply(&mut harness, Command::show(RowKind::Frames));
    harness.get_by_label(text);
    harness.get_by_label_contains("the whole message, of 2 frames");
}

#[test]
fn what_is_copied_from_a_lost_message_is_unknown() {
    let (mut talk, mut compress) = talk();
    let lost = deflate(&mut compress, b"what the capture lacks");
    talk.say(Server, frame::header(FIN | RSV1 | TEXT, lost.len() as u64, None));
    talk.lose(Server, lost);
    let next = deflate(&mut compress, b"known: what the capture lacks");
    talk.say(Server, frame::server(FIN | RSV1 | TEXT, &next));
    talk.finish(Server);
    let mut harness = open_talk(&talk);
    apply(&mut harness, Command::show(RowKind::Messages));
    harness.key_press(Key::ArrowDown);
    settle(&mut harness);
    click(&mut harness, "Inflated");
    harness.get_by_label_contains("Some octets are unknown: they are copied from earlier messages");
    harness.get_by_label("inflated octet 0, 6b");
    harness.get_by_label("inflated octet 20, unknown");
    harness.get_by_label_contains("octets unknown]");
    // Which octets gave which cannot be told here: all of them are marked.
    click(&mut harness, "inflated octet 20, unknown");
    click(&mut harness, "Wire");
    assert!(is_selected(&harness, &format!("octet 2, {:02x}", next[0])));
    assert!(is_selected(&harness, &format!("octet 3, {:02x}", next[1])));
}

/// The limit says so where it acts, and can be raised; what is far behind is inflated when it is scrolled to.
#[test]
fn a_long_message_is_shown_a_window_at_a_time_up_to_the_limit() {
    let (mut talk, mut compress) = talk();
    let text: String = (0..600_000).map(|line| format!("{line:09}\n")).collect();
    talk.say_in(Server, 1400, frame::server(FIN | RSV1 | TEXT, &deflate(&mut compress, text.as_bytes())));
    let mut harness = open_talk_limited(&talk, InflateLimit::mebibytes(1));
    apply(&mut harness, Command::show(RowKind::Messages));
    click(&mut harness, "Inflated");
    harness.get_by_label_contains("Inflated to the limit of 1.0 MiB and no further");
    assert!(harness.query_all_by_label_contains("--inflate-limit").count() > 0);
    click(&mut harness, "Inflate further");
    harness.get_by_label_contains("6,000,000 octets inflated from");
    assert!(harness.query_by_label_contains("Inflated to the limit").is_none());
    let at = harness.get_by_label("inflated octet 20, 30").rect().center();
    scroll_down(&mut harness, at);
    until(&mut harness, |harness| harness.query_by_label("inflated octet 5999999, 0a").is_some());
    harness.get_by_label("inflated octet 5999998, 39");
}

#[test]
fn messages_have_columns_for_what_compression_did() {
    let mut harness = open_sample(WIDE, "deflate.pcap");
    apply(&mut harness, Command::show(RowKind::Messages));
    // The list shows text, and not what was sent.
    let label = r#"sent as 102 % larger by compression {"op":"subscribe","symbols":["600519","002594"]}"#;
    harness.get_by_label_contains(label);
    harness.get_by_role_and_label(Role::ColumnHeader, "Sent of them").click();
    settle(&mut harness);
    harness.get_by_role_and_label(Role::ColumnHeader, "Sent of them").click();
    settle(&mut harness);
    let opened = harness.state().opened().unwrap();
    let (snapshot, rows) = (opened.snapshot.as_ref().unwrap(), &opened.rows);
    let ratios = (0..rows.len()).map(|row| {
        let row = framescope::view::message_row(
            snapshot,
            &mut MessageReader::default(),
            framescope::base::MessageId(rows.id(row).unwrap()),
        )
        .unwrap();
        row.plain_len.map_or(0.0, |plain| row.wire_len as f64 / plain as f64)
    });
    let ratios: Vec<f64> = ratios.collect();
    assert!(ratios.is_sorted_by(|a, b| a >= b) && ratios[0] > 1.0 && ratios.last() == Some(&0.0), "{ratios:?}");
    // The connection's card.
    harness.get_by_label_contains("deflate −");
}

#[test]
fn pongs_tell_their_round_trip() {
    let mut talk = Talk::upgraded();
    talk.say(Client, frame::client(FIN | PING, b"1"));
    talk.say(Server, frame::server(FIN | PONG, b"1"));
    let mut harness = open_talk(&talk);
    harness.get_by_role_and_label(Role::ColumnHeader, "Round trip").click();
    settle(&mut harness);
    harness.get_by_label_contains("after its ping");
    let order = harness.state().opened().unwrap().query().order;
    assert_eq!(order.key, framescope::query::RowField::RoundTrip);
}

/// In a small window the lesser columns give way, and none is outside.
#[test]
fn columns_fit_a_small_window() {
    for (kind, wanted) in [(RowKind::Messages, "Sent of them"), (RowKind::Frames, "Octets")] {
        let mut harness = open_sample(SMALL, "deflate-parameters.pcapng");
        apply(&mut harness, Command::show(kind));
        harness.get_by_role_and_label(Role::ColumnHeader, wanted);
        for head in harness.query_all_by_role(Role::ColumnHeader) {
            assert!(head.rect().right() <= SMALL[0], "{:?}", head.accesskit_node().label());
        }
    }
}

#[test]
fn the_handshake_explains_each_parameter() {
    let mut harness = open_sample([1600.0, 1600.0], "deflate-parameters.pcapng");
    apply(&mut harness, Command::ShowTab(Tab::Handshake));
    harness.get_by_label_contains("permessage-deflate saved ");
    harness.get_by_label("server_no_context_takeover");
    harness.get_by_label_contains("Context takeover: the server keeps its window from message to message");
    // Another connection, another agreement.
    harness.get_by_label_contains("connection 2 ").click();
    settle(&mut harness);
    harness.get_by_label_contains("The client starts each message with an empty window");
    harness.get_by_label_contains("connection 3 ").click();
    settle(&mut harness);
    harness.get_by_label_contains("The server refers back at most 2^9 = 512 octets (1/64 of what DEFLATE can)");
}

/// A message of 4 GiB in 4 MiB: to inflate that takes long anywhere.
fn long_talk() -> Talk {
    let (mut talk, mut compress) = talk();
    let zeros = vec![b'0'; 1 << 20];
    let mut deflated = |zeros: &[u8]| {
        let mut octets = deflate(&mut compress, zeros);
        octets.extend([0, 0, 0xff, 0xff]);
        octets
    };
    let first = deflated(&zeros);
    // From the second one on each begins with the same window, and comes to the same octets.
    let again = deflated(&zeros);
    let mut all = first;
    (1..4096).for_each(|_| all.extend(&again));
    talk.say_in(Server, 60_000, frame::server(FIN | RSV1 | TEXT, &all));
    talk
}

/// Long work shows how far it is, can be cancelled, and done after all.
#[test]
fn long_work_shows_progress_and_can_be_cancelled() {
    let mut harness = open_talk_limited(&long_talk(), InflateLimit::mebibytes(1));
    apply(&mut harness, Command::show(RowKind::Messages));
    click(&mut harness, "Inflated");
    // 16 MiB, 256 MiB, 4 GiB: the limit is gone, and so much is not there at once.
    for _ in 0..2 {
        click(&mut harness, "Inflate further");
    }
    harness.get_by_label_contains("Inflated to the limit of 256.0 MiB and no further");
    let press = |harness: &mut WindowHarness, label: &str| {
        harness.get_by_label(label).click();
        harness.run_ok();
    };
    let shows = |label: &'static str| move |harness: &WindowHarness| harness.query_by_label(label).is_some();
    press(&mut harness, "Inflate further");
    until(&mut harness, shows("Cancel"));
    harness.get_by_label_contains("Inflating, ");
    assert!(harness.state().opened().unwrap().details.is_busy());
    press(&mut harness, "Cancel");
    harness.get_by_label("The message is not inflated.");
    assert!(!harness.state().opened().unwrap().details.is_busy());
    // What was there stays, and nothing is done until somebody wants it.
    harness.get_by_label("inflated octet 20, 30");
    harness.run_steps(10);
    harness.get_by_label("The message is not inflated.");
    press(&mut harness, "Inflate");
    until(&mut harness, shows("Cancel"));
    assert!(harness.query_by_label("The message is not inflated.").is_none());
    // Another tab is another wish, and the octets of the beginning are the same ones.
    press(&mut harness, "Cancel");
    apply(&mut harness, Command::ShowTab(Tab::Payload));
    harness.get_by_label("The message is not inflated.");
}

/// A window that does nothing does not paint: not while the thread works, nor when it was cancelled or has failed.
#[test]
fn octets_that_are_not_there_are_not_waited_for_by_painting() {
    let (mut talk, mut compress) = talk();
    let text: String = (0..600_000).map(|line| format!("{line:09}\n")).collect();
    talk.say_in(Server, 1400, frame::server(FIN | RSV1 | TEXT, &deflate(&mut compress, text.as_bytes())));
    let source = Arc::new(Source::from_octets(talk.capture().pcap(), "talk"));
    let mut session = Session::new(source, None);
    while session.step(usize::MAX).unwrap() != Progress::End {}
    let snapshot = session.snapshot();
    let message = snapshot.message(MessageId::from_index(0)).unwrap();
    let (frame, view) = (message.first, FrameView::load(&snapshot, message.first, 1 << 10).unwrap().unwrap());
    let loaded = InflatedView::load(&mut Inflation::default(), &snapshot, &message, (0, u64::MAX), &mut |_| true);
    let loaded = Arc::new(loaded.unwrap().unwrap());
    let states =
        [Doing::Inflating(0.43, Duration::from_secs(1)), Doing::Stopped, Doing::Failed("the file is gone".to_owned())];
    for doing in states {
        let (shown, view) = (Told { view: Some(loaded.clone()), state: doing.clone() }, view.clone());
        let mut hex = HexState::default();
        hex.form = HexForm::Inflated;
        let mut selection = Selection::default();
        let mut harness = Harness::builder()
            .with_size([900.0, 400.0])
            .with_max_steps(64)
            .with_context_setup(gui::install)
            .build_ui_state(
                move |ui, asked: &mut Range<u64>| {
                    let mut ask = |octets| {
                        *asked = octets;
                        shown.clone()
                    };
                    let inflated = Some(InflatedSource { frame, ask: &mut ask });
                    let read = &mut |_| view.payload.clone();
                    hex_ui(ui, HexSource { view: &view, payload_end: 0, read, inflated }, &mut hex, &mut selection);
                },
                0..0,
            );
        let at = harness.get_by_label("inflated octet 20, 30").rect().center();
        scroll_down(&mut harness, at);
        assert!(harness.try_run().is_ok(), "painted for ever: {doing:?}");
        // It was asked for what is in sight, though.
        assert!(harness.state().end >= 6_000_000, "{doing:?}: {:?}", harness.state());
    }
}

/// The user says that a connection is no WebSocket: messages have other numbers from then on, and other texts.
#[test]
fn after_a_decision_texts_are_those_of_the_new_numbers() {
    let mut packets = Vec::new();
    for (client, text) in [("10.0.0.1:50000", "the first one speaks"), ("10.0.0.1:50001", "and the second answers")] {
        let (mut talk, mut compress) = agreed(Talk::between(client, "10.0.0.2:80"));
        for _ in 0..2 {
            talk.say(Server, frame::server(FIN | RSV1 | TEXT, &deflate(&mut compress, text.as_bytes())));
        }
        packets.extend(talk.ip_packets());
    }
    let octets = link::capture(Link::Ethernet, packets).pcap();
    let mut harness = open(WIDE, Input::Octets { octets, name: "two".to_owned() });
    apply(&mut harness, Command::show(RowKind::Messages));
    apply(&mut harness, Command::ShowTab(Tab::Payload));
    apply(&mut harness, Command::SelectRow(RowId::Message(MessageId(1))));
    harness.get_by_label("the first one speaks");
    let snapshot = harness.state().opened().unwrap().snapshot.clone().unwrap();
    let ends = snapshot.connections().next().unwrap().ends();
    apply(&mut harness, Command::Decide(ends, UserDecision::NotWebSocket));
    apply(&mut harness, Command::SelectRow(RowId::Message(MessageId(1))));
    assert_eq!(harness.state().opened().unwrap().rows.len(), 2);
    harness.get_by_label("and the second answers");
    harness.get_by_label_contains("message 2 text server 5 octets");
    assert!(harness.query_by_label_contains("the first one").is_none());
}

/// Work can be left: the next message is inflated although the one before was not.
#[test]
fn messages_are_left_for_others() {
    let mut harness = open_sample(WIDE, "deflate-parameters.pcapng");
    apply(&mut harness, Command::show(RowKind::Messages));
    apply(&mut harness, Command::ShowTab(Tab::Payload));
    for _ in 0..60 {
        harness.key_press(Key::ArrowDown);
        harness.step();
    }
    settle(&mut harness);
    let opened = harness.state().opened().unwrap();
    assert_eq!(opened.selected_row(), Some(Ok(60)));
    harness.get_by_label_contains("octets inflated from");
}
