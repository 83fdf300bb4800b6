//! Loading what the details show from the capture, and keeping it as long as it is right.

use std::io;

use super::state::DetailsState;
use crate::base::{FindingId, FrameId};
use crate::dissect::{MessageReader, Snapshot};
use crate::gui::hex::in_frame;
use crate::query::RowId;
use crate::view::{FrameView, PayloadText, TreeRow, field_tree, message_payload, payload_text};

/// Payload octets of a frame that are read at first.
const FRAME_OCTETS: u64 = 64 << 10;
/// Payload octets that are read as text, of a frame or a message.
const TEXT_OCTETS: u64 = 4 << 20;
/// Frames of a message whose payloads are read as text.
const TEXT_FRAMES: u32 = 4096;

/// The row, the frame and the snapshot that something is loaded for.
#[derive(Clone, Copy)]
pub(super) struct LoadKey {
    pub row: RowId,
    pub frame: Option<FrameId>,
    pub version: u64,
    /// Nothing about it can change any more.
    pub settled: bool,
    /// Payload octets of the frame that are loaded.
    pub octets: u64,
}

/// Something loaded from the capture.
pub(super) struct Loaded<T> {
    pub key: LoadKey,
    pub value: io::Result<T>,
}

impl<T> Loaded<T> {
    /// Returns whether it is as good as if it were loaded for `wanted` now.
    pub fn fits(&self, wanted: LoadKey) -> bool {
        let key = self.key;
        let is_same = key.row == wanted.row && key.frame == wanted.frame && key.octets >= wanted.octets;
        is_same && (key.settled || key.version == wanted.version)
    }
}

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

    /// Loads the payload of what is selected as text: a frame's, or a whole message's.
    pub(super) fn load_text(&mut self, snapshot: &Snapshot, mut key: LoadKey, view: &FrameView) {
        if let RowId::Message(_) = key.row {
            key.frame = None;
        }
        if !self.text.as_ref().is_some_and(|loaded| loaded.fits(key)) {
            let value = read_text(snapshot, key.row, view);
            self.text = Some(Loaded { key, value });
        }
    }
}

fn read_text(snapshot: &Snapshot, row: RowId, view: &FrameView) -> io::Result<(PayloadText, Vec<TreeRow>)> {
    if let RowId::Message(id) = row
        && let Some(message) = snapshot.message(id)
    {
        let plain = message_payload(snapshot, &snapshot.start_of(&message, TEXT_FRAMES), TEXT_OCTETS)?;
        return Ok((payload_text(&plain, message.opcode, false), Vec::new()));
    }
    let close = field_tree(view).into_iter().filter(|row| row.depth > 0).collect();
    let plain = match view.id.and_then(|id| snapshot.frame(id)) {
        Some(frame) => MessageReader::default().frame_octets(snapshot, frame, 0..TEXT_OCTETS)?,
        None => view.plain(),
    };
    Ok((payload_text(&plain, view.data_opcode, view.compressed), close))
}
