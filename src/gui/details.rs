//! The lower half: everything about the selected row, in tabs.

mod bits;
mod finding;
mod segments;

use std::io;

use egui::{RichText, Sense, Ui, vec2};

use super::command::Command;
use super::diagram::DiagramState;
use super::handshake::handshake_ui;
use super::hex::HexState;
use super::opened::{Opened, RowId};
use super::payload::{PayloadState, payload_ui};
use super::theme::{self, Palette};
use super::{PaneCommand, Selection, empty, fonts, text};
use crate::base::{ConnectionId, FindingId, FrameId};
use crate::dissect::{Inflation, Snapshot};
use crate::view::{
    FrameView, HandshakeView, PayloadText, SegmentRow, TreeRow, field_tree, handshake_view, message_payload,
    payload_text, segment_rows,
};

/// Payload octets of a frame that are read at first.
const FRAME_OCTETS: u64 = 64 << 10;
/// Payload octets that are read as text, of a frame or a message.
const TEXT_OCTETS: u64 = 4 << 20;
/// Frames of a message whose payloads are read as text.
const TEXT_FRAMES: u32 = 4096;

/// A tab of the details.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// The bit diagram, the field tree and the hex dump.
    #[default]
    Bits,
    /// The payload as text.
    Payload,
    /// The opening handshake of the connection.
    Handshake,
    /// The TCP segments that brought the frame.
    Segments,
}

impl Tab {
    /// In their order.
    pub const ALL: [Tab; 4] = [Tab::Bits, Tab::Payload, Tab::Handshake, Tab::Segments];

    /// What the tab is called.
    pub fn text(self) -> &'static str {
        match self {
            Tab::Bits => "Bits and hex",
            Tab::Payload => "Payload",
            Tab::Handshake => "Handshake",
            Tab::Segments => "TCP segments",
        }
    }

    /// What it shows.
    pub fn tooltip(self) -> &'static str {
        match self {
            Tab::Bits => "Every bit of the frame, its fields and its octets",
            Tab::Payload => "The payload as text; of a message, its frames joined",
            Tab::Handshake => "The request and the response that opened the connection",
            Tab::Segments => "Which packets brought the frame, and where they are in the file",
        }
    }
}

/// What is below the diagram where both have no room beside each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Below {
    #[default]
    Fields,
    Hex,
}

/// What the details remember. The chosen tab stays when the row changes.
#[derive(Default)]
pub struct DetailsState {
    /// The tab that shows.
    pub tab: Tab,
    /// What a narrow window shows below the diagram.
    below: Below,
    selection: Selection,
    diagram: DiagramState,
    hex: HexState,
    payload: PayloadState,
    /// Where compressed messages were inflated to.
    inflation: Inflation,
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

/// What something is read for.
#[derive(Clone, Copy)]
struct Wanted {
    row: RowId,
    frame: Option<FrameId>,
    version: u64,
    /// Nothing about it can change any more.
    settled: bool,
}

/// Something read from the capture, and for what.
struct Loaded<T> {
    of: Wanted,
    octets: u64,
    value: io::Result<T>,
}

impl<T> Loaded<T> {
    fn fits(&self, wanted: Wanted) -> bool {
        let of = self.of;
        of.row == wanted.row && of.frame == wanted.frame && (of.settled || of.version == wanted.version)
    }
}

impl DetailsState {
    /// The frame that is shown.
    pub fn frame(&self) -> Option<FrameId> {
        self.at
    }

    /// Keeps nothing but the chosen tab: what was shown means something else from now on.
    pub fn forget(&mut self) {
        *self = DetailsState { tab: self.tab, below: self.below, ..DetailsState::default() };
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

    /// Follows the selected row, and reads what is shown of it.
    fn load(&mut self, snapshot: &Snapshot, version: u64, row: Option<RowId>) {
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
            self.hex.frame_changed();
            self.payload.frame_changed();
        }
        self.frame = Some(Loaded { of, octets, value });
    }

    /// Fulfils what a pane of the shown frame asks for.
    fn fulfil(&mut self, wish: PaneCommand) {
        match wish {
            PaneCommand::OpenHex => {
                self.tab = Tab::Bits;
                self.below = Below::Hex;
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

    /// The payload of what is selected as text: a frame's, or a whole message's.
    fn load_text(&mut self, snapshot: &Snapshot, mut of: Wanted, view: &FrameView) {
        if let RowId::Message(_) = of.row {
            of.frame = None;
        }
        if !self.text.as_ref().is_some_and(|loaded| loaded.fits(of)) {
            let value = read_text(snapshot, &mut self.inflation, of.row, view);
            self.text = Some(Loaded { of, octets: TEXT_OCTETS, value });
        }
    }
}

fn read_text(
    snapshot: &Snapshot,
    inflation: &mut Inflation,
    row: RowId,
    view: &FrameView,
) -> io::Result<(PayloadText, Vec<TreeRow>)> {
    if let RowId::Message(id) = row
        && let Some(message) = snapshot.message(id)
    {
        if message.compressed {
            let inflated = inflation.message(snapshot, &message, TEXT_OCTETS)?;
            // Nothing but what cannot be inflated at all is shown as compressed.
            let is_closed = inflated.plain.total == 0 && !inflated.reached_end;
            return Ok((payload_text(&inflated.plain, message.opcode, is_closed), Vec::new()));
        }
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
        (Tab::Bits, _, Some(view)) => bits::bits_ui(ui, &snapshot, view, details),
        (Tab::Payload, Some(of), Some(view)) => details.payload_ui(ui, &snapshot, of, view),
        (Tab::Segments, Some(of), Some(view)) => details.segments_ui(ui, &snapshot, of, view),
        _ => None,
    };
    details.frame = frame;
    if let Some(wish) = wish {
        details.fulfil(wish);
        ui.ctx().request_repaint();
    }
    command
}

fn unreadable_ui(ui: &mut Ui, error: &io::Error) {
    empty::problem_ui(ui, "The capture file cannot be read any more", &error.to_string());
}

impl DetailsState {
    fn payload_ui(&mut self, ui: &mut Ui, snapshot: &Snapshot, of: Wanted, view: &FrameView) -> Option<PaneCommand> {
        self.load_text(snapshot, of, view);
        match &self.text.as_ref()?.value {
            Ok((text, close)) => padded(ui, |ui| payload_ui(ui, text, close, &mut self.payload)),
            Err(error) => {
                unreadable_ui(ui, error);
                None
            }
        }
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

fn padded<R>(ui: &mut Ui, contents: impl FnOnce(&mut Ui) -> R) -> R {
    egui::Frame::new().inner_margin(egui::Margin::symmetric(12, 8)).show(ui, contents).inner
}

/// The tabs, and which frame of a message is shown.
fn head_ui(ui: &mut Ui, details: &DetailsState, row: Option<RowId>, chosen: Tab) -> Option<Command> {
    let palette = Palette::of(ui);
    let mut command = None;
    let height = 34.0;
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, egui::Stroke::new(1.0, palette.line));
    let layout = egui::Layout::left_to_right(egui::Align::Center);
    text::within(ui, rect.shrink2(vec2(8.0, 0.0)), layout, |ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        for tab in Tab::ALL {
            if tab_ui(ui, tab, chosen == tab, height) {
                command = Some(Command::ShowTab(tab));
            }
        }
        let frames = details.steps;
        if let Some(RowId::Message(_)) = row
            && frames > 1
        {
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = 4.0;
                for (wish, way, enabled) in [
                    (Command::NextFrame, 1.0, details.step + 1 < frames),
                    (Command::PreviousFrame, -1.0, details.step > 0),
                ] {
                    if step_ui(ui, &wish, way, enabled) {
                        command = Some(wish);
                    }
                }
                let place = format!("Frame {} of {frames} of the message", details.step + 1);
                ui.label(RichText::new(place).size(theme::SECONDARY).color(palette.secondary));
            });
        }
    });
    command
}

fn step_ui(ui: &mut Ui, wish: &Command, way: f32, enabled: bool) -> bool {
    let palette = Palette::of(ui);
    let response = ui.add_enabled(enabled, egui::Button::new("").min_size(vec2(24.0, 24.0)));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, enabled, wish.text()));
    let color = if enabled { palette.text } else { palette.line_strong };
    super::marks::arrow(ui.painter(), response.rect.center(), 11.0, way, color);
    let hint = wish.hint(ui.ctx());
    response.on_hover_text(hint).clicked()
}

fn tab_ui(ui: &mut Ui, tab: Tab, chosen: bool, height: f32) -> bool {
    let palette = Palette::of(ui);
    let font = if chosen { fonts::semibold(theme::BODY) } else { fonts::body(theme::BODY) };
    let wide = ui.painter().layout_no_wrap(tab.text().to_owned(), fonts::semibold(theme::BODY), palette.text).size().x;
    let (rect, response) = ui.allocate_exact_size(vec2(wide + 24.0, height), Sense::click());
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Tab, true, chosen, tab.text()));
    let color = if chosen || response.hovered() { palette.text } else { palette.secondary };
    ui.painter().text(rect.center(), egui::Align2::CENTER_CENTER, tab.text(), font, color);
    if chosen {
        let line = egui::Rect::from_min_max(rect.left_bottom() - vec2(-8.0, 2.0), rect.right_bottom() - vec2(8.0, 0.0));
        ui.painter().rect_filled(line, 0.0, palette.accent);
    }
    if response.has_focus() {
        ui.painter().rect_stroke(
            rect.shrink(3.0),
            4.0,
            egui::Stroke::new(1.0, palette.accent),
            egui::StrokeKind::Inside,
        );
    }
    let hint = Command::ShowTab(tab).hint(ui.ctx());
    response.on_hover_text(hint).clicked()
}
