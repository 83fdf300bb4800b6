//! The panes of one frame: found by label, linked by the selection, and what they look like.

mod gui_frames;

use egui_kittest::Harness;
use framescope::gui::diagram::{DiagramState, diagram_ui};
use framescope::gui::{self, Selection};
use framescope::view::FrameView;

#[derive(Default)]
struct Panes {
    diagram: DiagramState,
    selection: Selection,
}

fn harness(view: FrameView, dark: bool, size: [f32; 2]) -> Harness<'static, Panes> {
    let theme = if dark { egui::Theme::Dark } else { egui::Theme::Light };
    Harness::builder().with_size(size).with_theme(theme).with_context_setup(gui::install).build_ui_state(
        move |ui, panes: &mut Panes| {
            panes.selection.begin_pass(ui.ctx());
            diagram_ui(ui, &view, &mut panes.diagram, &mut panes.selection);
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
    for (name, view) in gui_frames::all() {
        for dark in [true, false] {
            for (width, height) in [(1000.0, 560.0), (700.0, 560.0)] {
                let mut harness = harness(view.clone(), dark, [width, height]);
                harness.run();
                let theme = if dark { "dark" } else { "light" };
                let path = folder.join(format!("bits-{name}-{theme}-{width}.png"));
                harness.render().unwrap().save(path).unwrap();
            }
        }
    }
}
