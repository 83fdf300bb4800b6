//! Loads what the details show from the capture.

use super::loaded::{LoadKey, Loaded};
use super::state::DetailsState;
use crate::base::{FindingId, FrameId};
use crate::dissect::Snapshot;
use crate::gui::hex::in_frame;
use crate::query::RowId;
use crate::view::FrameView;

/// Payload octets of a frame that are read at first.
const FRAME_OCTETS: u64 = 64 << 10;

impl DetailsState {
    /// Follows the selected row, and reads what is shown of it.
    pub(super) fn load(&mut self, snapshot: &Snapshot, version: u64, row: Option<RowId>) {
        let (first, steps, settled) = match row {
            Some(RowId::Frame(id)) => (Some(id), 1, snapshot.frame(id).is_some_and(|frame| frame.is_ended())),
            Some(RowId::Message(id)) => match snapshot.message(id) {
                Some(message) => (Some(message.first), message.frames, message.ended),
                None => (None, 0, false),
            },
            Some(RowId::Finding(id)) => {
                let about = snapshot.finding_record(id.index()).and_then(|record| {
                    record.frame().or_else(|| snapshot.message(record.message()?).map(|message| message.first))
                });
                (about, 1, about.and_then(|id| snapshot.frame(id)).is_some_and(|frame| frame.is_ended()))
            }
            None => (None, 0, false),
        };
        self.steps = steps;
        let is_new = self.shown != row;
        if is_new {
            (self.shown, self.at, self.step) = (row, first, 0);
        }
        let (Some(row), Some(frame)) = (row, self.at) else {
            self.frame = None;
            return;
        };
        let is_same_frame = self.frame.as_ref().is_some_and(|loaded| loaded.key.frame == Some(frame));
        if !is_same_frame {
            self.frame_octets = FRAME_OCTETS;
        }
        let key = LoadKey { row, frame: Some(frame), version, settled, octets: self.frame_octets };
        if self.frame.as_ref().is_some_and(|loaded| loaded.fits(key)) {
            return;
        }
        self.read(snapshot, key, frame, !is_same_frame);
        if let (true, RowId::Finding(id)) = (is_new, row) {
            self.point_at(snapshot, id);
        }
    }

    /// Selects what a finding is about.
    fn point_at(&mut self, snapshot: &Snapshot, id: FindingId) {
        let view = self.frame.as_ref().and_then(|loaded| loaded.value.as_ref().ok()?.as_ref());
        let place = snapshot.finding(id.index()).map(|finding| finding.place);
        if let Some((field, octets)) = view.zip(place).and_then(|(view, place)| view.target_of(place)) {
            self.selection.select(field, octets);
        }
    }

    fn read(&mut self, snapshot: &Snapshot, key: LoadKey, frame: FrameId, is_another: bool) {
        let value = FrameView::load(snapshot, frame, key.octets);
        if let (true, Ok(Some(view))) = (is_another, &value) {
            self.selection.frame_changed(view);
            self.diagram.frame_changed();
            self.hex.frame_changed(view.message);
            self.payload.frame_changed();
            if let Some((payload, plain)) = self.to_select.take() {
                self.selection.select_inflated(plain, Some(in_frame(view, &payload)));
            }
        }
        self.frame = Some(Loaded { key, value });
    }
}
