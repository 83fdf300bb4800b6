//! Recognised connections confirmed and rejected in the window, and TCP connections read as WebSockets by force.

#[path = "common/mod.rs"]
mod common;

use std::time::{Duration, Instant};

use common::frame::{self, BINARY, FIN, TEXT};
use common::link::{self, Link};
use common::running::ended;
use common::tcp::Talk;
use common::tcp::Who::{Client, Server};
use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use framescope::gui::command::Command;
use framescope::gui::input::Input;
use framescope::gui::reading::Phase;
use framescope::gui::settings::Settings;
use framescope::gui::window::Window;
use framescope::gui::{self};

type WindowHarness = Harness<'static, Window>;

fn open(input: Input) -> WindowHarness {
    let settings = Settings { dark: Some(true), ..Settings::default() };
    let mut harness: WindowHarness = Harness::builder()
        .with_size([1400.0, 900.0])
        .with_max_steps(64)
        .allow_missing_glyphs()
        .with_context_setup(gui::install)
        .build_ui_state(|ui, window: &mut Window| window.ui(ui), Window::new(settings));
    let ctx = harness.ctx.clone();
    harness.state_mut().open(&ctx, input);
    settle(&mut harness);
    harness
}

fn open_packets(packets: Vec<Vec<u8>>) -> WindowHarness {
    let octets = link::capture(Link::Ethernet, packets).pcap();
    open(Input::Octets { octets, name: "capture".to_owned() })
}

/// Runs until everything there is was read and shows.
fn settle(harness: &mut WindowHarness) {
    let start = Instant::now();
    loop {
        harness.run_ok();
        let is_settled = harness.state().opened().is_none_or(|opened| {
            let is_read = !opened.state.is_active() || opened.state.phase == Phase::Waiting;
            is_read && opened.searched().is_none() && opened.rows.query() == opened.query()
        });
        if is_settled {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "the capture is not read to its end");
        std::thread::sleep(Duration::from_millis(2));
    }
    harness.run_ok();
}

/// A chat of which the capture lacks the handshake.
fn chat() -> Talk {
    let mut talk = Talk::new();
    for text in ["how do you do?", "good to hear", "see you then"] {
        talk.say(Client, frame::client(FIN | TEXT, text.as_bytes()));
        talk.say(Server, frame::server(FIN | TEXT, format!("you said: {text}").as_bytes()));
    }
    talk
}

/// One frame each way: too little to recognise.
fn short() -> Talk {
    let mut talk = Talk::between("10.0.0.7:50007", "10.0.0.2:8080");
    talk.say(Client, frame::client(FIN | BINARY, b"\x01\x02"));
    talk.say(Server, frame::server(FIN | BINARY, b"\x03"));
    talk
}

fn frames(harness: &WindowHarness) -> usize {
    harness.state().opened().unwrap().rows.len()
}

fn show_handshake(harness: &mut WindowHarness) {
    harness.get_by(|node| node.role() == Role::Tab && node.label().as_deref() == Some("Handshake")).click();
    harness.run();
}

#[test]
fn what_was_recognised_is_confirmed_and_rejected_and_taken_back() {
    let mut harness = open_packets(chat().ip_packets());
    harness.get_by_label_contains("recognised by its frames");
    show_handshake(&mut harness);
    // The evidence, and what the user can say to it.
    harness.get_by_label_contains("MASK bits and lengths chain over 4 frames");
    harness.get_by_label("Confirm").click();
    settle(&mut harness);
    harness.get_by_label("You confirmed that this is a WebSocket");
    harness.get_by_label_contains("The user confirms that this is a WebSocket");
    assert!(harness.query_by_label("Confirm").is_none());
    assert_eq!((frames(&harness), harness.state().opened().unwrap().connection.map(|id| id.0)), (6, Some(0)));

    harness.get_by_label("Not a WebSocket").click();
    settle(&mut harness);
    harness.get_by_label("No WebSocket in this capture");
    assert_eq!(frames(&harness), 0);

    harness.get_by_label("Treat a TCP connection as WebSocket…").click();
    harness.run();
    harness.get_by_label_contains("10.0.0.1:50000 ⇄ 10.0.0.2:80, you said: no WebSocket").click();
    harness.run();
    harness.get_by_label("Treat as WebSocket").click();
    settle(&mut harness);
    assert_eq!(frames(&harness), 6);
    harness.get_by_label_contains("confirmed by you");
}

#[test]
fn a_tcp_connection_is_read_as_frames_beside_others() {
    let mut harness = open_packets([chat().ip_packets(), short().ip_packets()].concat());
    assert_eq!(harness.state().opened().unwrap().snapshot.as_ref().unwrap().connection_count(), 1);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::R);
    harness.run();
    // Nothing is chosen yet, so nothing can be done.
    assert!(harness.get_by_label("Treat as WebSocket").accesskit_node().is_disabled());
    harness.get_by_label("10.0.0.7:50007 ⇄ 10.0.0.2:8080, 8 B ⇄ 3 B").click();
    harness.run();
    harness.get_by_label("in force").click();
    harness.get_by_label("10.0.0.2:8080").click();
    harness.run();
    harness.get_by_label("10.0.0.7:50007").click();
    harness.run();
    harness.get_by_label("Treat as WebSocket").click();
    settle(&mut harness);
    // It is chosen at once, and its frames show.
    let opened = harness.state().opened().unwrap();
    assert_eq!((opened.rows.len(), opened.connection.map(|id| id.0)), (2, Some(1)));
    assert!(opened.others.rows.is_empty());
    harness.get_by_label_contains("frame 7 binary client 2 octets");
    harness.get_by_label_contains("read as you said");
}

/// With nothing to choose, the dialog does not speak of what is not there.
#[test]
fn without_other_tcp_connections_the_dialog_says_only_that() {
    let mut harness = open_packets(chat().ip_packets());
    let ctx = harness.ctx.clone();
    harness.state_mut().apply(&ctx, Command::Treat);
    harness.run();
    harness.get_by_label_contains("there is no other TCP connection to choose");
    assert!(harness.query_by_label_contains("These TCP connections").is_none());
    assert!(harness.get_by_label("Treat as WebSocket").accesskit_node().is_disabled());
}

#[test]
fn the_list_of_tcp_connections_is_bounded_and_says_so() {
    let packets = (0..1100u16).flat_map(|number| {
        let mut talk = Talk::between(&format!("10.1.0.1:{}", 2000 + number), "10.1.0.2:22");
        talk.connect();
        talk.say(Client, vec![b'x'; 4 + usize::from(number)]);
        talk.ip_packets()
    });
    let mut harness = open_packets(packets.collect());
    let others = harness.state().opened().unwrap().others.clone();
    assert_eq!((others.rows.len(), others.total), (1000, 1100));
    harness.get_by_label("Treat a TCP connection as WebSocket…").click();
    harness.run();
    harness.get_by_label_contains("The 1,000 with the most octets, of 1,100");
    // Only rows in sight cost anything, and the box finds the others.
    assert!(harness.query_all_by_label_contains("10.1.0.2:22").count() < 40);
    harness.get_by_role_and_label(Role::TextInput, "Find an address or a port").focus();
    harness.run();
    harness.event(egui::Event::Text(":3099 ".to_owned()));
    harness.run();
    harness.get_by_label_contains("10.1.0.1:3099 ⇄ 10.1.0.2:22").click();
    harness.run();
    harness.get_by_label("Cancel").click();
    harness.run();
    assert!(harness.query_by_label("Cancel").is_none());
}

/// A capture that still grows is read again from its start, and goes on growing.
#[test]
fn a_capture_that_grows_is_read_again() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let (source, mut filler) = framescope::capture::open_stream(Box::new(reader), "pipe").unwrap();
    let mut talk = short();
    let ip = talk.ip_packets();
    let whole = {
        talk.say(Client, frame::client(FIN | BINARY, b"\x04"));
        link::capture(Link::Ethernet, talk.ip_packets()).pcap()
    };
    let first = link::capture(Link::Ethernet, ip).pcap().len();
    let pump = move || while filler.pump().unwrap() {};
    let filling = std::thread::Builder::new().name("pipe".to_owned()).spawn(pump).unwrap();
    let mut feed = |octets: &[u8]| std::io::Write::write_all(&mut writer, octets).unwrap();
    feed(&whole[..first]);
    let mut harness = open(Input::Growing { source, name: "pipe".to_owned() });
    let until = |harness: &mut WindowHarness, frames: usize| {
        let start = Instant::now();
        while harness.state().opened().unwrap().rows.len() != frames {
            assert!(start.elapsed() < Duration::from_secs(20), "{frames} frames do not come");
            harness.run_ok();
            std::thread::sleep(Duration::from_millis(2));
        }
    };
    let start = Instant::now();
    while harness.state().opened().unwrap().others.rows.is_empty() {
        assert!(start.elapsed() < Duration::from_secs(20), "the connection is not listed");
        harness.run_ok();
    }
    let ends = harness.state().opened().unwrap().others.rows[0].ends;
    let decision = framescope::dissect::UserDecision::WebSocket { client: ends.opener, deflate: None };
    let ctx = harness.ctx.clone();
    harness.state_mut().apply(&ctx, Command::Decide(ends, decision));
    feed(&whole[first..]);
    until(&mut harness, 3);
    drop(writer);
    ended(filling);
    let start = Instant::now();
    while harness.state().opened().unwrap().state.phase != Phase::Finished {
        assert!(start.elapsed() < Duration::from_secs(20), "the end is not seen");
        harness.run_ok();
    }
    assert_eq!(frames(&harness), 3);
}
