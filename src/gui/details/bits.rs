//! The first tab: bit diagram and hex dump on the left, field tree on the right, one selection.

use egui::{Margin, Panel, Ui};

use super::DetailsState;
use crate::dissect::{Octets, Snapshot};
use crate::gui::PaneCommand;
use crate::gui::diagram::diagram_ui;
use crate::gui::hex::{HexSource, hex_ui};
use crate::gui::tree::tree_ui;
use crate::view::FrameView;

/// Paints the three panes; their borders can be dragged.
pub(super) fn bits_ui(
    ui: &mut Ui,
    snapshot: &Snapshot,
    view: &FrameView,
    details: &mut DetailsState,
) -> Option<PaneCommand> {
    details.selection.begin_pass(ui.ctx());
    let room = ui.available_size();
    let mut wish = None;
    let frame = egui::Frame::new().inner_margin(Margin { left: 12, right: 8, top: 8, bottom: 4 });
    Panel::right("fields")
        .default_size((room.x * 0.4).clamp(280.0, 560.0))
        .size_range(220.0..=(room.x * 0.65).max(240.0))
        .frame(frame)
        .show(ui, |ui| wish = tree_ui(ui, view, &mut details.selection));
    Panel::bottom("hex")
        .default_size((room.y * 0.3).max(80.0))
        .size_range(64.0..=(room.y - 96.0).max(80.0))
        .resizable(true)
        .frame(frame)
        .show(ui, |ui| {
            let record = view.id.and_then(|id| snapshot.frame(id));
            let payload_end = record.map_or(view.payload.end(), |record| snapshot.payload_end(record));
            let mut read = |range| match record {
                // A file that can no longer be read shows as missing octets; the diagram says why.
                Some(record) => snapshot.payload(record, range).unwrap_or_default(),
                None => Octets::default(),
            };
            let source = HexSource { view, payload_end, read: &mut read };
            if let Some(asked) = hex_ui(ui, source, &mut details.hex, &mut details.selection) {
                wish = Some(asked);
            }
        });
    egui::CentralPanel::default().frame(frame).show(ui, |ui| {
        if let Some(asked) = diagram_ui(ui, view, &mut details.diagram, &mut details.selection) {
            wish = Some(asked);
        }
    });
    wish
}
