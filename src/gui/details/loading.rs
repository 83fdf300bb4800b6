//! What the details show is read from the capture here, and kept as long as it is right.

use std::io;

use super::DetailsState;
use crate::base::{FindingId, FrameId};
use crate::dissect::Snapshot;
use crate::gui::hex::in_frame;
use crate::query::RowId;
use crate::view::{FrameView, PayloadText, TreeRow, field_tree, message_payload, payload_text};

/// Payload octets of a frame that are read at first.
const FRAME_OCTETS: u64 = 64 << 10;
/// Payload octets that are read as text, of a frame or a message.
const TEXT_OCTETS: u64 = 4 << 20;
/// Frames of a message whose payloads are read as text.
const TEXT_FRAMES: u32 = 4096;

/// What something is read for.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    pub row: RowId,
    pub frame: Option<FrameId>,
    pub version: u64,
    /// Nothing about it can change any more.
    pub settled: bool,
}

/// Something read from the capture, and for what.
pub(super) struct Loaded<T> {
    pub of: Wanted,
    pub octets: u64,
    pub value: io::Result<T>,
}

impl<T> Loaded<T> {
    pub fn fits(&self, wanted: Wanted) -> bool {
        let of = self.of;
        of.row == wanted.row && of.frame == wanted.frame && (of.settled || of.version == wanted.version)
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
        if self.shown != row {
            (self.shown, self.at, self.step) = (row, first, 0);
        }
        let (Some(row), Some(frame)) = (row, self.at) else {
            self.frame = None;
            return;
        };
        let of = Wanted { row, frame: Some(frame), version, settled };
        if self.frame.as_ref().is_some_and(|loaded| loaded.fits(of)) {
            return;
        }
        self.read(snapshot, of, frame);
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

    fn read(&mut self, snapshot: &Snapshot, of: Wanted, frame: FrameId) {
        let same = self.frame.as_ref().filter(|loaded| loaded.of.frame == Some(frame));
        let octets = same.map_or(FRAME_OCTETS, |loaded| loaded.octets);
        let (changed, value) = (same.is_none(), FrameView::load(snapshot, frame, octets));
        if let (true, Ok(Some(view))) = (changed, &value) {
            self.selection.frame_changed(view);
            self.diagram.frame_changed();
            self.hex.frame_changed(view.message);
            self.payload.frame_changed();
            if let Some((payload, plain)) = self.to_select.take() {
                self.selection.select_inflated(plain, Some(in_frame(view, &payload)));
            }
        }
        self.frame = Some(Loaded { of, octets, value });
    }

    /// The payload of what is selected as text: a frame's, or a whole message's.
    pub(super) fn load_text(&mut self, snapshot: &Snapshot, mut of: Wanted, view: &FrameView) {
        if let RowId::Message(_) = of.row {
            of.frame = None;
        }
        if !self.text.as_ref().is_some_and(|loaded| loaded.fits(of)) {
            let value = read_text(snapshot, of.row, view);
            self.text = Some(Loaded { of, octets: TEXT_OCTETS, value });
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
        Some(frame) => snapshot.payload(frame, 0..TEXT_OCTETS)?.unmasked(view.header.masking_key()),
        None => view.plain(),
    };
    Ok((payload_text(&plain, view.data_opcode, view.compressed), close))
}
