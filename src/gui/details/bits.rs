//! The first tab: bit diagram, hex dump and field tree with one selection.
//!
//! ```text
//!   wide   ┌ bits ─────┬ fields ┐      narrow   ┌ bits ─────────────────┐
//!          ├ hex ──────┤        │               ├ fields │ hex: a switch │
//!          └───────────┴────────┘               └───────────────────────┘
//! ```

use egui::{Margin, Panel, Ui};

use super::state::Below;
use super::{DetailsState, compressed_message};
use crate::dissect::{MessageReader, Octets, Snapshot};
use crate::gui::command::Command;
use crate::gui::diagram::diagram_ui;
use crate::gui::hex::{HexSource, InflatedSource, hex_ui};
use crate::gui::tree::tree_ui;
use crate::view::FrameView;

/// Less than this is narrow.
const WIDE: f32 = 1040.0;

/// Paints the three panes; their borders can be dragged.
pub(super) fn bits_ui(
    ui: &mut Ui,
    snapshot: &Snapshot,
    version: u64,
    view: &FrameView,
    details: &mut DetailsState,
) -> Option<Command> {
    details.selection.begin_pass(ui.ctx());
    let room = ui.available_size();
    let frame = egui::Frame::new().inner_margin(Margin { left: 12, right: 8, top: 8, bottom: 4 });
    let mut wish = None;
    if room.x >= WIDE {
        Panel::right("fields")
            .default_size((room.x * 0.38).clamp(320.0, 620.0))
            .size_range(220.0..=(room.x * 0.65).max(240.0))
            .frame(frame)
            .show(ui, |ui| tree_ui(ui, view, &mut details.selection));
        below(ui, "hex", 0.3).frame(frame).show(ui, |ui| wish = dump_ui(ui, snapshot, version, view, details));
    } else {
        below(ui, "fields or hex", 0.45).frame(frame).show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.selectable_value(&mut details.below, Below::Fields, "Fields");
                ui.selectable_value(&mut details.below, Below::Hex, "Hex");
            });
            match details.below {
                Below::Fields => tree_ui(ui, view, &mut details.selection),
                Below::Hex => wish = dump_ui(ui, snapshot, version, view, details),
            }
        });
    }
    egui::CentralPanel::default().frame(frame).show(ui, |ui| {
        if let Some(asked) = diagram_ui(ui, view, &mut details.diagram, &mut details.selection) {
            wish = Some(asked);
        }
    });
    wish
}

/// A part below that can be made larger. Its size is remembered for each height of the whole: what was right while
/// something else took some of the room (the progress of reading) would stay wrong afterwards.
fn below(ui: &Ui, name: &'static str, part: f32) -> Panel {
    let height = ui.available_height();
    Panel::bottom(egui::IdSalt::new((name, height as u32)))
        .default_size((height * part).max(80.0))
        .size_range(64.0..=(height - 96.0).max(80.0))
        .resizable(true)
}

fn dump_ui(
    ui: &mut Ui,
    snapshot: &Snapshot,
    version: u64,
    view: &FrameView,
    details: &mut DetailsState,
) -> Option<Command> {
    let record = view.id.and_then(|id| snapshot.frame(id));
    let payload_end = record.map_or(view.payload.end(), |record| snapshot.payload_end(record));
    let mut read = |range| match record {
        // A file that can no longer be read shows as missing octets; the other tabs say why.
        Some(record) => MessageReader::default().sent_octets(snapshot, record, range).unwrap_or_default(),
        None => Octets::default(),
    };
    let DetailsState { inflating, hex, selection, .. } = details;
    let message = compressed_message(snapshot, view);
    let mut ask = message.map(|message| move |octets| inflating.want(snapshot, version, &message, octets));
    let inflated = view.id.zip(ask.as_mut()).map(|(frame, ask)| InflatedSource { frame, ask });
    let source = HexSource { view, payload_end, read: &mut read, inflated };
    hex_ui(ui, source, hex, selection)
}
