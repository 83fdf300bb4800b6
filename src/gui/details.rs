//! The lower half: everything about the selected row, in tabs.

mod bits;
mod finding;
mod head;
mod loaded;
mod loading;
mod segments;
mod state;
mod tab;
mod text;

use std::io;

use egui::{RichText, Ui};

use self::head::head_ui;
use self::loaded::{LoadKey, Loaded};
pub use self::state::DetailsState;
pub use self::tab::Tab;
use super::command::Command;
use super::handshake::handshake_ui;
use super::hex::{QUIET, doing_ui, notices_ui};
use super::inflating::Doing;
use super::payload::{nothing_inflated_ui, payload_ui};
use super::theme::{self, Palette};
use super::{empty, marks};
use crate::base::{ConnectionId, Severity};
use crate::dissect::{Message, Snapshot};
use crate::query::RowId;
use crate::view::{FrameView, handshake_view, segment_rows};

/// Paints the details of the selected row; of a connection without rows, its handshake. `version` is that of the snapshot.
pub fn details_ui(
    ui: &mut Ui,
    snapshot: &Snapshot,
    version: u64,
    row: Option<RowId>,
    connection: Option<ConnectionId>,
    details: &mut DetailsState,
) -> Option<Command> {
    details.load(snapshot, version, row);
    let spacing = std::mem::take(&mut ui.spacing_mut().item_spacing.y);
    let finding = match row {
        Some(RowId::Finding(id)) => snapshot.finding(id.index()),
        _ => None,
    };
    // Of a connection without frames, and of a finding about none, there is only the handshake; the chosen tab comes back
    // with the next row.
    let tab = if details.at.is_some() { details.tab } else { Tab::Handshake };
    let command = head_ui(ui, details, row, tab);
    if let Some(finding) = &finding {
        finding::finding_banner_ui(ui, finding);
    }
    ui.spacing_mut().item_spacing.y = spacing;
    let frame = details.frame.take();
    let asked = match (tab, &frame) {
        (_, Some(Loaded { value: Err(error), .. })) => {
            unreadable_ui(ui, error);
            None
        }
        (Tab::Bits, Some(Loaded { value: Ok(Some(view)), .. })) => bits::bits_ui(ui, snapshot, version, view, details),
        (Tab::Payload, Some(Loaded { key, value: Ok(Some(view)) })) => {
            payload_tab_ui(ui, snapshot, *key, view, details)
        }
        (Tab::Segments, Some(Loaded { key, value: Ok(Some(view)) })) => {
            segments_tab_ui(ui, snapshot, *key, view, details);
            None
        }
        (Tab::Handshake, frame) => {
            let of_frame = frame.as_ref().and_then(|loaded| loaded.value.as_ref().ok()?.as_ref()?.connection);
            let of_finding = finding.as_ref().and_then(|finding| finding.connection);
            let connection = of_frame.or(of_finding).or(connection);
            connection.and_then(|connection| handshake_tab_ui(ui, snapshot, version, connection, details))
        }
        _ => None,
    };
    details.frame = frame;
    asked.or(command)
}

fn unreadable_ui(ui: &mut Ui, error: &io::Error) {
    empty::problem_ui(ui, "The capture file cannot be read any more", &error.to_string());
}

fn payload_tab_ui(
    ui: &mut Ui,
    snapshot: &Snapshot,
    key: LoadKey,
    view: &FrameView,
    details: &mut DetailsState,
) -> Option<Command> {
    if let Some(message) = compressed_message(snapshot, view) {
        return padded(ui, |ui| inflated_ui(ui, snapshot, key.version, &message, details));
    }
    if let Some(read) = details.text.want(snapshot, key, view) {
        return match read {
            Ok((text, close)) => padded(ui, |ui| payload_ui(ui, text, close, &mut details.payload)),
            Err(error) => {
                unreadable_ui(ui, error);
                None
            }
        };
    }
    match details.text.busy_for() {
        Some(time) if time < QUIET => ui.ctx().request_repaint_after(QUIET - time),
        _ => empty::hint_ui(ui, "Reading the payload…"),
    }
    None
}

/// Paints the text that a compressed message inflates to.
fn inflated_ui(
    ui: &mut Ui,
    snapshot: &Snapshot,
    version: u64,
    message: &Message,
    details: &mut DetailsState,
) -> Option<Command> {
    let told = details.inflating.want(snapshot, version, message, 0..1);
    let known = told.view.filter(|view| view.text.is_some());
    let Some((view, text)) = known.as_ref().and_then(|view| Some((view, view.text.as_ref()?))) else {
        return doing_ui(ui, &told.state);
    };
    let doing = doing_ui(ui, &told.state);
    if told.state == Doing::Nothing {
        let mut words = view.summary();
        if let (Some(RowId::Frame(_) | RowId::Finding(_)), 2..) = (details.shown, message.frames) {
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
        None => payload_ui(ui, text, &[], &mut details.payload),
    };
    asked.or(noticed).or(doing)
}

fn segments_tab_ui(ui: &mut Ui, snapshot: &Snapshot, key: LoadKey, view: &FrameView, details: &mut DetailsState) {
    if !details.segments.as_ref().is_some_and(|loaded| loaded.fits(key)) {
        let Some(id) = view.id else { return };
        // One more tells that there are more.
        let rows = segment_rows(snapshot, id, segments::MOST + 1);
        details.segments = Some(Loaded { key, value: Ok(rows) });
    }
    if let Some(Loaded { value: Ok(rows), .. }) = &details.segments {
        segments::segments_ui(ui, snapshot, view, rows);
    }
}

fn handshake_tab_ui(
    ui: &mut Ui,
    snapshot: &Snapshot,
    version: u64,
    connection: ConnectionId,
    details: &mut DetailsState,
) -> Option<Command> {
    if details.handshake.as_ref().is_none_or(|(id, read_from, _)| (*id, *read_from) != (connection, version)) {
        details.handshake = Some((connection, version, handshake_view(snapshot, connection)));
    }
    match &details.handshake.as_ref()?.2 {
        Ok(Some(handshake)) => padded(ui, |ui| handshake_ui(ui, connection, handshake)),
        Ok(None) => None,
        Err(error) => {
            unreadable_ui(ui, error);
            None
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
