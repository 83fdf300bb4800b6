//! The panes of one frame: found by label, linked by the selection, and what they look like.

mod gui_frames;

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use framescope::gui::diagram::{DiagramState, diagram_ui};
use framescope::gui::handshake::handshake_ui;
use framescope::gui::hex::{HexSource, HexState, hex_ui};
use framescope::gui::payload::{PayloadState, payload_ui};
use framescope::gui::tree::tree_ui;
use framescope::gui::{self, PaneCommand, Selection};
use framescope::view::{FrameView, HexForm, field_tree, payload_text};
use framescope::ws::FieldId;

#[derive(Clone, Copy, PartialEq)]
enum Pane {
    Diagram,
    Tree,
    Hex,
    Payload,
    Handshake,
    All,
}

#[derive(Default)]
struct Panes {
    diagram: DiagramState,
    hex: HexState,
    payload: PayloadState,
    selection: Selection,
    command: Option<PaneCommand>,
}

fn pane_ui(ui: &mut egui::Ui, view: &FrameView, pane: Pane, panes: &mut Panes) {
    let command = match pane {
        Pane::Diagram => diagram_ui(ui, view, &mut panes.diagram, &mut panes.selection),
        Pane::Tree => tree_ui(ui, view, &mut panes.selection),
        Pane::Hex => {
            let mut read = |_| view.payload.clone();
            let source = HexSource { view, payload_end: view.payload.end(), read: &mut read };
            hex_ui(ui, source, &mut panes.hex, &mut panes.selection)
        }
        Pane::Payload => {
            let text = payload_text(&view.plain(), view.header.opcode(), view.compressed);
            let close: Vec<_> = field_tree(view).into_iter().filter(|row| row.depth == 1).collect();
            payload_ui(ui, &text, &close, &mut panes.payload)
        }
        Pane::Handshake => handshake_ui(ui, &gui_frames::handshake(true)),
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

/// Paints every pane into `$LOOK` for people to look at: `LOOK=/tmp/look cargo test … -- --ignored look`.
#[test]
#[ignore = "writes pictures for people"]
fn look() {
    let Some(folder) = std::env::var_os("LOOK").map(std::path::PathBuf::from) else { return };
    std::fs::create_dir_all(&folder).unwrap();
    let panes = [
        ("bits", Pane::Diagram, 560.0),
        ("tree", Pane::Tree, 400.0),
        ("hex", Pane::Hex, 320.0),
        ("payload", Pane::Payload, 320.0),
        ("handshake", Pane::Handshake, 1100.0),
    ];
    let save = |mut harness: Harness<'_, Panes>, name: String| {
        harness.run();
        harness.render().unwrap().save(folder.join(name)).unwrap();
    };
    for (name, view) in gui_frames::all() {
        for (theme, dark) in [("dark", true), ("light", false)] {
            for (title, pane, height) in panes {
                if pane == Pane::Handshake && name != "hello" {
                    continue;
                }
                for width in [1000.0, 700.0, 480.0] {
                    let harness = harness(view.clone(), pane, dark, [width, height]);
                    save(harness, format!("{title}-{name}-{theme}-{width}.png"));
                }
            }
            let mut harness = harness(view.clone(), Pane::All, dark, [1600.0, 1000.0]);
            harness.state_mut().hex.form = HexForm::Unmasked;
            harness.run();
            if let Some(octet) = harness.query_by_label_contains("payload octet 1,") {
                octet.click();
            }
            harness.run();
            harness.get_by_label_contains("opcode, bits 4–7").hover();
            harness.run_steps(40);
            save(harness, format!("all-{name}-{theme}.png"));
        }
    }
}

#[test]
fn clicking_a_cell_selects_its_field() {
    let mut harness = harness(gui_frames::hello(), Pane::All, true, [1600.0, 1000.0]);
    harness.run();
    harness.get_by_label("opcode, bits 4–7, 0001, text").click();
    harness.run();
    assert_eq!(harness.state().selection.field, Some(FieldId::Opcode));
    assert_eq!(harness.state().selection.octets, Some(0..1));
}
