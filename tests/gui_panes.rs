//! The panes of one frame: found by label, linked by the selection, and what they look like.

mod gui_frames;

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use framescope::base::{ConnectionId, PacketId};
use framescope::gui::command::Command;
use framescope::gui::diagram::{DiagramState, diagram_ui};
use framescope::gui::handshake::handshake_ui;
use framescope::gui::hex::{HexSource, HexState, hex_ui};
use framescope::gui::payload::{PayloadState, payload_ui};
use framescope::gui::tree::tree_ui;
use framescope::gui::{self, Selection};
use framescope::view::{FrameView, HandshakeView, HexForm, field_tree, payload_text};
use framescope::ws::FieldId;

#[derive(Clone, Copy, PartialEq)]
enum Pane {
    Diagram,
    Tree,
    Hex,
    Payload,
    Handshake,
    Pings,
    All,
}

#[derive(Default)]
struct Panes {
    diagram: DiagramState,
    hex: HexState,
    payload: PayloadState,
    selection: Selection,
    command: Option<Command>,
}

fn pane_ui(ui: &mut egui::Ui, view: &FrameView, pane: Pane, panes: &mut Panes) {
    let command = match pane {
        Pane::Diagram => diagram_ui(ui, view, &mut panes.diagram, &mut panes.selection),
        Pane::Tree => {
            tree_ui(ui, view, &mut panes.selection);
            None
        }
        Pane::Hex => {
            let mut read = |_| view.payload.clone();
            let source = HexSource { view, payload_end: view.payload.end(), read: &mut read, inflated: None };
            hex_ui(ui, source, &mut panes.hex, &mut panes.selection)
        }
        Pane::Payload => {
            let text = payload_text(&view.plain(), view.header.opcode(), view.compressed).with_indented();
            let close: Vec<_> = field_tree(view).into_iter().filter(|row| row.depth == 1).collect();
            payload_ui(ui, &text, &close, &mut panes.payload)
        }
        Pane::Handshake => handshake_ui(ui, ConnectionId(0), &gui_frames::handshake(true)),
        Pane::Pings => {
            let handshake = gui_frames::handshake(true);
            handshake_ui(
                ui,
                ConnectionId(0),
                &HandshakeView { round_trips: Some(gui_frames::round_trips()), ..handshake },
            )
        }
        Pane::All => {
            egui::Panel::right("tree").default_size(520.0).show(ui, |ui| pane_ui(ui, view, Pane::Tree, panes));
            egui::Panel::bottom("hex").default_size(300.0).show(ui, |ui| pane_ui(ui, view, Pane::Hex, panes));
            egui::CentralPanel::default().show(ui, |ui| pane_ui(ui, view, Pane::Diagram, panes));
            None
        }
    };
    panes.command = command.or(panes.command.take());
}

fn harness(view: FrameView, pane: Pane, dark: bool, size: [f32; 2]) -> Harness<'static, Panes> {
    let theme = if dark { egui::Theme::Dark } else { egui::Theme::Light };
    Harness::builder().with_size(size).with_theme(theme).with_context_setup(gui::install).build_ui_state(
        move |ui, panes: &mut Panes| {
            panes.selection.begin_pass(ui.ctx());
            egui::CentralPanel::default().show(ui, |ui| pane_ui(ui, &view, pane, panes));
        },
        Panes::default(),
    )
}

fn all(view: FrameView) -> Harness<'static, Panes> {
    let mut harness = harness(view, Pane::All, true, [1600.0, 1000.0]);
    harness.run();
    harness
}

#[test]
fn clicking_a_cell_selects_its_field() {
    let mut harness = all(gui_frames::hello());
    harness.get_by_label("opcode, bits 4–7, 0001, text").click();
    harness.run();
    assert_eq!(harness.state().selection.field, Some(FieldId::Opcode));
    assert_eq!(harness.state().selection.octets, Some(0..1));
    harness.get_by_label("payload octet 1, 9f masked with fa is 65, e").click();
    harness.run();
    assert_eq!(harness.state().selection.field, Some(FieldId::Payload));
    assert_eq!(harness.state().selection.octets, Some(7..8));
}

#[test]
fn clicking_in_the_tree_or_the_dump_selects_the_same() {
    let mut harness = all(gui_frames::hello());
    harness.get_by_label("Masking-key 37 fa 21 3d XORed with the payload").click();
    harness.run();
    assert_eq!(harness.state().selection.octets, Some(2..6));
    harness.get_by_label("octet 10, 58").click();
    harness.run();
    assert_eq!(
        (harness.state().selection.field, harness.state().selection.octets.clone()),
        (Some(FieldId::Payload), Some(10..11))
    );
    harness.get_by_label("octet 1, 85").click();
    harness.run();
    assert_eq!(harness.state().selection.field, Some(FieldId::PayloadLen));
}

#[test]
fn hovering_marks_a_field_in_every_pane_and_selects_nothing() {
    let mut harness = all(gui_frames::hello());
    harness.get_by_label_contains("Masking-key (continued)").hover();
    harness.run_steps(3);
    let hovered = harness.state().selection.hovered().map(|target| (target.field, target.octets.clone()));
    assert_eq!(hovered, Some((FieldId::MaskingKey, 2..6)));
    assert_eq!(harness.state().selection.field, None);
}

#[test]
fn what_is_cut_says_so_and_can_be_shown() {
    let frames = gui_frames::all();
    let long = frames.into_iter().find(|(name, _)| *name == "length64").unwrap().1;
    let mut harness = harness(long, Pane::Diagram, false, [1000.0, 4000.0]);
    harness.run();
    harness.get_by_label("… 65,472 more octets of payload");
    harness.get_by_label("Show more").click();
    harness.run_steps(8);
    assert_eq!(harness.state().diagram.limit, 256);
    assert!(harness.query_by_label_contains("payload octet 70,").is_some());
}

#[test]
fn only_what_is_in_sight_is_painted() {
    let frames = gui_frames::all();
    let long = frames.into_iter().find(|(name, _)| *name == "length64").unwrap().1;
    let mut harness = harness(long, Pane::Diagram, false, [1000.0, 600.0]);
    harness.state_mut().diagram.limit = 4096;
    harness.run();
    assert!(harness.query_all_by_label_contains("payload octet").count() < 40);
}

#[test]
fn a_segment_tag_opens_its_packet() {
    let mut harness = all(gui_frames::segments());
    harness.get_by_label("packet 12").click();
    harness.run();
    assert_eq!(harness.state().command, Some(Command::ShowPacket(PacketId(11))));
}

#[test]
fn a_close_frame_is_told_in_words() {
    let frames = gui_frames::all();
    let close = frames.into_iter().find(|(name, _)| *name == "close").unwrap().1;
    let mut harness = harness(close, Pane::Payload, true, [700.0, 400.0]);
    harness.run();
    harness.get_by_label("Normal Closure");
    harness.get_by_label("good bye");
}

/// The looks of the panes. `UPDATE_SNAPSHOTS=1` paints the pictures anew, to be looked at before they are kept.
#[test]
fn the_diagram_looks_like_its_pictures() {
    let mut results = egui_kittest::SnapshotResults::new();
    for (name, view, dark) in [
        ("diagram_hello_dark", gui_frames::hello(), true),
        ("diagram_hello_light", gui_frames::hello(), false),
        ("diagram_broken_dark", gui_frames::broken(), true),
        ("diagram_segments_light", gui_frames::segments(), false),
    ] {
        let mut harness = harness(view, Pane::Diagram, dark, [900.0, 420.0]);
        harness.run();
        harness.snapshot(name);
        results.extend_harness(&mut harness);
    }
}

#[test]
fn the_dump_shows_either_form() {
    let mut harness = all(gui_frames::hello());
    harness.get_by_label("octet 10, 58");
    harness.state_mut().hex.form = HexForm::Unmasked;
    harness.run();
    harness.get_by_label("octet 10, 6f");
}

#[test]
fn the_handshake_pane_computes_the_accept_value() {
    let mut harness = harness(gui_frames::hello(), Pane::Handshake, true, [1100.0, 1200.0]);
    harness.run();
    // Once as computed, once as received.
    assert!(harness.query_all_by_label_contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=").count() >= 2);
    assert!(harness.query_all_by_label_contains("258EAFA5-E914-47DA-95CA-C5AB0DC85B11").count() >= 1);
}

#[test]
fn the_handshake_pane_plots_round_trips() {
    let size = [1100.0, 1400.0];
    let mut with = harness(gui_frames::hello(), Pane::Pings, false, size);
    with.run();
    let plot = "round-trip times: 3 round trips: median 2.00 ms, longest 90.0 ms, 1 unanswered";
    let rect = with.get_by_label(plot).rect();
    with.get_by_label("2 pings of the client");
    with.get_by_label("1 ping of the server");
    with.get_by_label("1 ping of the server, unanswered");
    with.get_by_label("logarithmic scale");
    // The last ping, and the longest: under the end of the upper line.
    with.hover_at(egui::pos2(rect.right() - 7.0, rect.top() + 24.0));
    with.run_steps(30);
    with.get_by_label("Ping of the client, frame 9, 60.0 s after the start: its pong came 90.0 ms later.");

    let mut without = harness(gui_frames::hello(), Pane::Handshake, false, size);
    without.run();
    assert_eq!(without.query_all_by_label_contains("round").count(), 0, "no pings, no plot");
}

/// Every text that is cut with a mark, as painted.
fn cut_texts(harness: &Harness<'static, Panes>) -> Vec<String> {
    fn of(shape: &egui::Shape, cut: &mut Vec<String>) {
        match shape {
            egui::Shape::Vec(shapes) => shapes.iter().for_each(|shape| of(shape, cut)),
            egui::Shape::Text(text) if text.galley.elided => cut.push(text.galley.text().to_owned()),
            _ => {}
        }
    }
    let mut cut = Vec::new();
    harness.output().shapes.iter().for_each(|clipped| of(&clipped.shape, &mut cut));
    cut
}

/// The cell of the 7 bits says that the length follows in 64 bits, at every width that the figure has.
#[test]
fn the_words_of_a_long_length_are_not_cut() {
    for width in [600.0, 640.0, 700.0, 760.0, 830.0, 900.0, 1100.0, 1500.0] {
        let mut octets = vec![0x82, 0xff];
        octets.extend(65536_u64.to_be_bytes());
        octets.extend([0x37, 0xfa, 0x21, 0x3d]);
        octets.extend([0; 32]);
        let (view, _) = FrameView::from_octets(&octets).unwrap();
        let mut harness = harness(view, Pane::Diagram, true, [width, 700.0]);
        harness.run();
        let cut = cut_texts(&harness);
        assert!(!cut.iter().any(|text| text.contains("127") || text.contains("follows in")), "{width}: {cut:?}");
    }
}
