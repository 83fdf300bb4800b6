//! The memory of the details, and the commands that change it.

use std::io;
use std::ops::Range;

use super::Tab;
use super::loaded::Loaded;
use super::text::PayloadReading;
use crate::base::{ConnectionId, FrameId};
use crate::dissect::Snapshot;
use crate::gui::Selection;
use crate::gui::command::Command;
use crate::gui::diagram::DiagramState;
use crate::gui::hex::HexState;
use crate::gui::inflating::Inflating;
use crate::gui::payload::PayloadState;
use crate::query::RowId;
use crate::view::{FrameView, HandshakeView, HexForm, SegmentRow};

/// The pane below the diagram where there is no room for both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Below {
    #[default]
    Fields,
    Hex,
}

/// The memory of the details. The chosen tab stays when the row changes.
pub struct DetailsState {
    /// The tab that shows.
    pub tab: Tab,
    /// The pane that a narrow window shows below the diagram.
    pub(super) below: Below,
    pub(super) selection: Selection,
    pub(super) diagram: DiagramState,
    pub(super) hex: HexState,
    pub(super) payload: PayloadState,
    /// Inflates compressed messages.
    pub(super) inflating: Inflating,
    /// Octets of the payload, and the octets that they inflate to, which are selected as soon as another frame of the message
    /// shows.
    pub(super) to_select: Option<(Range<u64>, Range<u64>)>,
    pub(super) shown: Option<RowId>,
    /// The selected frame, or one of the selected message.
    pub(super) at: Option<FrameId>,
    /// The place of that frame among those of the message, from 0, and their number.
    pub(super) step: u32,
    pub(super) steps: u32,
    /// Payload octets of the frame that are wanted for its diagram.
    pub(super) frame_octets: u64,
    pub(super) frame: Option<Loaded<Option<FrameView>>>,
    /// Reads payloads as text.
    pub(super) text: PayloadReading,
    pub(super) segments: Option<Loaded<Vec<SegmentRow>>>,
    /// Of which connection, and from which snapshot.
    pub(super) handshake: Option<(ConnectionId, u64, io::Result<Option<HandshakeView>>)>,
}

impl DetailsState {
    /// Makes details of nothing; `wake` is called from other threads whenever there is something new.
    pub fn new(wake: impl Fn() + Clone + Send + 'static) -> DetailsState {
        DetailsState {
            tab: Tab::default(),
            below: Below::default(),
            selection: Selection::default(),
            diagram: DiagramState::default(),
            hex: HexState::default(),
            payload: PayloadState::default(),
            inflating: Inflating::start(wake.clone()),
            to_select: None,
            shown: None,
            at: None,
            step: 0,
            steps: 0,
            frame_octets: 0,
            frame: None,
            text: PayloadReading::start(wake),
            segments: None,
            handshake: None,
        }
    }

    /// Returns whether something is being read or inflated for what is shown.
    pub fn is_busy(&self) -> bool {
        self.text.is_busy() || self.inflating.is_busy()
    }

    /// The frame that is shown.
    pub fn frame(&self) -> Option<FrameId> {
        self.at
    }

    /// The field and the octets that are selected.
    pub fn selection(&self) -> &Selection {
        &self.selection
    }

    /// Keeps nothing but the chosen tab: what was shown means something else from now on.
    pub fn forget(&mut self, wake: impl Fn() + Clone + Send + 'static) {
        *self = DetailsState { tab: self.tab, below: self.below, ..DetailsState::new(wake) };
    }

    /// Does what concerns the details alone.
    pub fn apply(&mut self, snapshot: &Snapshot, command: Command) {
        match command {
            Command::ShowTab(tab) => self.tab = tab,
            Command::NextFrame => self.step(snapshot, true),
            Command::PreviousFrame => self.step(snapshot, false),
            Command::ShowHex => self.show_hex(),
            Command::ShowWire => {
                self.show_hex();
                self.hex.form = HexForm::Wire;
            }
            Command::ShowPacket(_) => self.tab = Tab::Segments,
            Command::ReadPayload(octets) => self.frame_octets = self.frame_octets.max(octets),
            Command::ShowOctets { frame, payload, plain } => self.show_octets(snapshot, frame, payload, plain),
            Command::StopInflating => self.inflating.stop(),
            Command::Inflate => self.inflating.go_on(),
            Command::InflateFurther => {
                let shown = self.at.and_then(|id| snapshot.frame(id)?.message());
                shown.into_iter().for_each(|message| self.inflating.raise(snapshot, message));
            }
            Command::Deselect => self.selection.clear(),
            _ => {}
        }
    }

    fn show_hex(&mut self) {
        (self.tab, self.below) = (Tab::Bits, Below::Hex);
    }

    /// Shows the next frame of the message, or the one before.
    fn step(&mut self, snapshot: &Snapshot, forwards: bool) {
        let (Some(RowId::Message(id)), Some(at)) = (self.shown, self.at) else { return };
        let Some(message) = snapshot.message(id) else { return };
        let (to, step) = match forwards {
            true => (snapshot.next_frame(&message, at), self.step.saturating_add(1)),
            false => (snapshot.previous_frame(&message, at), self.step.saturating_sub(1)),
        };
        if let Some(to) = to {
            (self.at, self.step) = (Some(to), step);
        }
    }

    /// Shows another frame of the selected message with octets of its payload selected. Where a frame is selected, it stays.
    fn show_octets(&mut self, snapshot: &Snapshot, frame: FrameId, payload: Range<u64>, plain: Range<u64>) {
        let Some(RowId::Message(id)) = self.shown else { return };
        let frames = snapshot.message(id).map_or_else(Vec::new, |message| snapshot.message_frames(&message));
        if let Ok(step) = frames.binary_search(&frame) {
            (self.at, self.step) = (Some(frame), step as u32);
            self.to_select = Some((payload, plain));
        }
    }
}
