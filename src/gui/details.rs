//! The lower half: everything about the selected row, in tabs.

mod bits;
mod finding;
mod head;
mod loading;
mod segments;

use std::io;
use std::ops::Range;

use egui::{RichText, Ui};

pub use self::head::Tab;
use self::head::head_ui;
use self::loading::{Loaded, Wanted};
use super::command::Command;
use super::diagram::DiagramState;
use super::handshake::handshake_ui;
use super::hex::{HexState, doing_ui, notices_ui};
use super::inflating::{Doing, Inflating};
use super::opened::Opened;
use super::payload::{PayloadState, nothing_inflated_ui, payload_ui};
use super::theme::{self, Palette};
use super::{PaneCommand, Selection, empty, marks};
use crate::base::{ConnectionId, FrameId, Severity};
use crate::dissect::{Message, Snapshot};
use crate::query::RowId;
use crate::view::{FrameView, HandshakeView, HexForm, PayloadText, SegmentRow, TreeRow, handshake_view, segment_rows};

/// What is below the diagram where both have no room beside each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Below {
    #[default]
    Fields,
    Hex,
}

/// What the details remember. The chosen tab stays when the row changes.
pub struct DetailsState {
    /// The tab that shows.
    pub tab: Tab,
    /// What a narrow window shows below the diagram.
    below: Below,
    selection: Selection,
    diagram: DiagramState,
    hex: HexState,
    payload: PayloadState,
    /// Inflates compressed messages.
    inflating: Inflating,
    /// What is selected as soon as another frame of the message shows: octets of its payload, and what they inflate to.
    to_select: Option<(Range<u64>, Range<u64>)>,
    shown: Option<RowId>,
    /// The selected frame, or one of the selected message.
    at: Option<FrameId>,
    /// Which one of the message's frames that is, from 0, and how many it has.
    step: u32,
    steps: u32,
    frame: Option<Loaded<Option<FrameView>>>,
    text: Option<Loaded<(PayloadText, Vec<TreeRow>)>>,
    segments: Option<Loaded<Vec<SegmentRow>>>,
    /// Of which connection, and from which snapshot.
    handshake: Option<(ConnectionId, u64, io::Result<Option<HandshakeView>>)>,
}

impl DetailsState {
    /// Of nothing yet; `wake` is called from another thread whenever there is something new.
    pub fn new(wake: impl Fn() + Send + 'static) -> DetailsState {
        DetailsState {
            tab: Tab::default(),
            below: Below::default(),
            selection: Selection::default(),
            diagram: DiagramState::default(),
            hex: HexState::default(),
            payload: PayloadState::default(),
            inflating: Inflating::start(wake),
            to_select: None,
            shown: None,
            at: None,
            step: 0,
            steps: 0,
            frame: None,
            text: None,
            segments: None,
            handshake: None,
        }
    }

    /// Whether something is being inflated for what is shown.
    pub fn is_inflating(&self) -> bool {
        self.inflating.is_busy()
    }

    /// The frame that is shown.
    pub fn frame(&self) -> Option<FrameId> {
        self.at
    }

    /// Keeps nothing but the chosen tab: what was shown means something else from now on.
    pub fn forget(&mut self, wake: impl Fn() + Send + 'static) {
        *self = DetailsState { tab: self.tab, below: self.below, ..DetailsState::new(wake) };
    }

    /// Shows the next frame of the message, or the one before.
    pub fn step(&mut self, snapshot: &Snapshot, forwards: bool) {
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
    fn open_frame(&mut self, snapshot: &Snapshot, frame: FrameId, payload: Range<u64>, plain: Range<u64>) {
        let Some(RowId::Message(id)) = self.shown else { return };
        let frames = snapshot.message(id).map_or_else(Vec::new, |message| snapshot.message_frames(&message));
        if let Ok(step) = frames.binary_search(&frame) {
            (self.at, self.step) = (Some(frame), step as u32);
            self.to_select = Some((payload, plain));
        }
    }

    /// Fulfils what a pane of the shown frame asks for.
    fn fulfil(&mut self, snapshot: &Snapshot, wish: PaneCommand) {
        match wish {
            PaneCommand::OpenFrame { frame, payload, plain } => self.open_frame(snapshot, frame, payload, plain),
            PaneCommand::StopInflating => self.inflating.stop(),
            PaneCommand::GoOnInflating => self.inflating.go_on(),
            PaneCommand::InflateFurther => {
                let shown = self.at.and_then(|id| snapshot.frame(id)?.message());
                shown.into_iter().for_each(|message| self.inflating.raise(message));
            }
            PaneCommand::OpenHex | PaneCommand::OpenWire => {
                self.tab = Tab::Bits;
                self.below = Below::Hex;
                if wish == PaneCommand::OpenWire {
                    self.hex.form = HexForm::Wire;
                }
            }
            PaneCommand::ReadPayload(octets) => {
                if let Some(loaded) = &mut self.frame {
                    loaded.octets = loaded.octets.max(octets);
                    (loaded.of.settled, loaded.of.version) = (false, 0);
                }
            }
            PaneCommand::OpenPacket(_) => self.tab = Tab::Segments,
            // The window does that.
            PaneCommand::Confirm | PaneCommand::Reject => {}
        }
    }
}

/// Paints the details of the selected row; of a connection without rows, its handshake.
pub fn details_ui(ui: &mut Ui, opened: &mut Opened) -> Option<Command> {
    // Without contents the panel would shrink, and keep that height.
    ui.set_min_size(ui.available_size());
    let Some(snapshot) = opened.snapshot.clone().filter(|_| opened.selected.is_some() || opened.connection.is_some())
    else {
        empty::hint_ui(ui, "Select a row to see its bits.");
        return None;
    };
    let (row, version) = (opened.selected, opened.version);
    let details = &mut opened.details;
    details.load(&snapshot, version, row);
    let spacing = std::mem::take(&mut ui.spacing_mut().item_spacing.y);
    let finding = match row {
        Some(RowId::Finding(id)) => snapshot.finding(id.index()),
        _ => None,
    };
    // Of a connection without frames, and of a finding about none, there is only the handshake; the chosen tab comes back
    // with the next row.
    let tab = if details.at.is_some() { details.tab } else { Tab::Handshake };
    let mut command = head_ui(ui, details, row, tab);
    if let Some(finding) = &finding {
        finding::finding_banner_ui(ui, finding);
    }
    ui.spacing_mut().item_spacing.y = spacing;
    let frame = details.frame.take();
    let view = frame.as_ref().and_then(|loaded| loaded.value.as_ref().ok()?.as_ref());
    let of = frame.as_ref().map(|loaded| loaded.of);
    let wish = match (tab, of, view) {
        _ if let Some(Err(error)) = frame.as_ref().map(|loaded| &loaded.value) => {
            unreadable_ui(ui, error);
            None
        }
        (Tab::Handshake, _, view) => {
            let of_finding = finding.as_ref().and_then(|finding| finding.connection);
            let connection = view.and_then(|view| view.connection).or(of_finding).or(opened.connection);
            let wish = connection.and_then(|connection| details.handshake_ui(ui, &snapshot, version, connection));
            match (&wish, connection) {
                (Some(PaneCommand::Confirm), Some(connection)) => command = Some(Command::Confirm(connection)),
                (Some(PaneCommand::Reject), Some(connection)) => command = Some(Command::Reject(connection)),
                _ => {}
            }
            wish
        }
        (Tab::Bits, _, Some(view)) => bits::bits_ui(ui, &snapshot, version, view, details),
        (Tab::Payload, Some(of), Some(view)) => details.payload_ui(ui, &snapshot, of, view),
        (Tab::Segments, Some(of), Some(view)) => details.segments_ui(ui, &snapshot, of, view),
        _ => None,
    };
    details.frame = frame;
    if let Some(wish) = wish {
        details.fulfil(&snapshot, wish);
        ui.ctx().request_repaint();
    }
    command
}

fn unreadable_ui(ui: &mut Ui, error: &io::Error) {
    empty::problem_ui(ui, "The capture file cannot be read any more", &error.to_string());
}

impl DetailsState {
    fn payload_ui(&mut self, ui: &mut Ui, snapshot: &Snapshot, of: Wanted, view: &FrameView) -> Option<PaneCommand> {
        if let Some(message) = compressed_message(snapshot, view) {
            return padded(ui, |ui| self.inflated_ui(ui, snapshot, of.version, &message));
        }
        self.load_text(snapshot, of, view);
        match &self.text.as_ref()?.value {
            Ok((text, close)) => padded(ui, |ui| payload_ui(ui, text, close, &mut self.payload)),
            Err(error) => {
                unreadable_ui(ui, error);
                None
            }
        }
    }

    /// What a compressed message inflates to, as text.
    fn inflated_ui(
        &mut self,
        ui: &mut Ui,
        snapshot: &Snapshot,
        version: u64,
        message: &Message,
    ) -> Option<PaneCommand> {
        let told = self.inflating.want(snapshot, version, message, 0..1);
        let known = told.view.filter(|view| view.text.is_some());
        let Some((view, text)) = known.as_ref().and_then(|view| Some((view, view.text.as_ref()?))) else {
            return doing_ui(ui, &told.state);
        };
        let doing = doing_ui(ui, &told.state);
        if told.state == Doing::Nothing {
            let mut words = view.summary();
            if let (Some(RowId::Frame(_) | RowId::Finding(_)), 2..) = (self.shown, message.frames) {
                words.push_str(&format!(": the whole message, of {} frames", message.frames));
            }
            let palette = Palette::of(ui);
            ui.horizontal(|ui| {
                let color = if view.has_grown() { palette.warning } else { palette.secondary };
                if view.has_grown() {
                    marks::severity_ui(ui, Severity::Warning);
                }
                ui.add(egui::Label::new(RichText::new(words).size(theme::SECONDARY).color(color)).truncate());
            });
        }
        let noticed = notices_ui(ui, view);
        let asked = match view.why_empty() {
            Some(why) => nothing_inflated_ui(ui, &why),
            None => payload_ui(ui, text, &[], &mut self.payload),
        };
        asked.or(noticed).or(doing)
    }

    fn segments_ui(&mut self, ui: &mut Ui, snapshot: &Snapshot, of: Wanted, view: &FrameView) -> Option<PaneCommand> {
        if !self.segments.as_ref().is_some_and(|loaded| loaded.fits(of)) {
            // One more tells that there are more.
            let rows = segment_rows(snapshot, view.id?, segments::MOST + 1);
            self.segments = Some(Loaded { of, octets: 0, value: Ok(rows) });
        }
        let rows = self.segments.as_ref()?.value.as_ref().ok()?;
        segments::segments_ui(ui, snapshot, view, rows)
    }

    fn handshake_ui(
        &mut self,
        ui: &mut Ui,
        snapshot: &Snapshot,
        version: u64,
        connection: ConnectionId,
    ) -> Option<PaneCommand> {
        if self.handshake.as_ref().is_none_or(|(id, read_from, _)| (*id, *read_from) != (connection, version)) {
            self.handshake = Some((connection, version, handshake_view(snapshot, connection)));
        }
        match &self.handshake.as_ref()?.2 {
            Ok(Some(handshake)) => padded(ui, |ui| handshake_ui(ui, handshake)),
            Ok(None) => None,
            Err(error) => {
                unreadable_ui(ui, error);
                None
            }
        }
    }
}

/// The message of a frame, if it is compressed.
fn compressed_message(snapshot: &Snapshot, view: &FrameView) -> Option<Message> {
    view.message.filter(|_| view.compressed).and_then(|id| snapshot.message(id))
}

fn padded<R>(ui: &mut Ui, contents: impl FnOnce(&mut Ui) -> R) -> R {
    egui::Frame::new().inner_margin(egui::Margin::symmetric(12, 8)).show(ui, contents).inner
}
