//! The forms of the dump: the octets of the frame, or those that its message inflates to; and how a selection in one form
//! marks what corresponds to it in the other.

use std::ops::Range;
use std::sync::Arc;

use egui::{RichText, Ui};

use crate::base::FrameId;
use crate::gui::command::Command;
use crate::gui::theme::{self, Palette};
use crate::gui::{Selection, explain, fonts};
use crate::view::{FrameView, HexForm, HexOctet, InflatedView, count, printable};
use crate::ws::FieldId;

/// The octets that the dump shows.
pub(super) enum Shown<'a> {
    /// A frame.
    Frame(&'a FrameView),
    /// The inflated message of this frame.
    Message(&'a FrameView, FrameId, Arc<InflatedView>),
}

impl Shown<'_> {
    /// The octets that are marked as selected.
    pub fn selected(&self, selection: &Selection) -> Range<u64> {
        match self {
            Shown::Frame(_) => selection.octets.clone().unwrap_or(0..0),
            Shown::Message(..) => {
                let octets = || self.inflated(selection.field?, selection.octets.as_ref()?);
                selection.plain.clone().or_else(octets).unwrap_or(0..0)
            }
        }
    }

    /// The octets that are marked as what the pointer is on.
    pub fn hovered(&self, selection: &Selection) -> Range<u64> {
        let target = selection.hovered();
        match self {
            Shown::Frame(_) => target.map_or(0..0, |target| target.octets.clone()),
            Shown::Message(..) => {
                let octets = || target.and_then(|target| self.inflated(target.field, &target.octets));
                selection.hovered_plain().cloned().or_else(octets).unwrap_or(0..0)
            }
        }
    }

    /// Returns what octets of the frame inflate to.
    fn inflated(&self, field: FieldId, octets: &Range<u64>) -> Option<Range<u64>> {
        let Shown::Message(view, frame, inflated) = self else { return None };
        let header = u64::from(view.header.header_len());
        let payload = octets.start.saturating_sub(header)..octets.end.saturating_sub(header);
        (field == FieldId::Payload).then(|| inflated.plain_of(*frame, &payload))
    }

    /// Returns what a screen reader says of an octet.
    pub fn label(&self, at: u64, octet: &HexOctet) -> String {
        let value = |none: &str| octet.value.map_or_else(|| none.to_owned(), |value| format!("{value:02x}"));
        match self {
            Shown::Frame(_) => format!("octet {at}, {}", value("not captured")),
            Shown::Message(..) => format!("inflated octet {at}, {}", value("unknown")),
        }
    }

    /// The octets of this frame that octet `at` is about; of an inflated octet, which octets of which frame it comes from.
    fn origin(&self, at: u64) -> Option<(FrameId, Range<u64>)> {
        let Shown::Message(view, frame, inflated) = self else { return None };
        let (from, payload) = match inflated.wire_of(at) {
            Some(origin) => origin,
            // Nothing finer is known than the whole message.
            None if inflated.inflated.parts.is_empty() => (*frame, 0..view.header.payload_len()),
            None => return None,
        };
        Some((from, payload))
    }

    fn octets_of(&self, at: u64, field: FieldId) -> Range<u64> {
        match self {
            Shown::Frame(view) if field != FieldId::Payload => view.octets_of(field),
            _ => at..at + 1,
        }
    }

    /// An octet was clicked. The frame that it comes from may be another one of the message.
    pub fn select(&self, at: u64, field: FieldId, selection: &mut Selection) -> Option<Command> {
        let octets = self.octets_of(at, field);
        let Shown::Message(view, frame, _) = self else {
            selection.select(field, octets);
            return None;
        };
        let (from, payload) = match self.origin(at) {
            Some(origin) => origin,
            None => {
                selection.select_inflated(octets, None);
                return None;
            }
        };
        if from != *frame {
            selection.select_inflated(octets.clone(), None);
            return Some(Command::ShowOctets { frame: from, payload, plain: octets });
        }
        selection.select_inflated(octets, Some(in_frame(view, &payload)));
        None
    }

    /// The pointer is on an octet.
    pub fn hover(&self, at: u64, field: FieldId, selection: &mut Selection) {
        let octets = self.octets_of(at, field);
        let Shown::Message(view, frame, _) = self else { return selection.hover(field, octets) };
        let here = self.origin(at).filter(|(from, _)| from == frame);
        selection.hover_inflated(octets, here.map(|(_, payload)| in_frame(view, &payload)));
    }

    /// Fills the tooltip of an octet.
    pub fn explain_ui(&self, ui: &mut Ui, at: u64, octet: &HexOctet) {
        match self {
            Shown::Frame(view) => {
                let index = at.checked_sub(u64::from(view.header.header_len()));
                explain::explain_ui(ui, view, octet.field, index);
            }
            Shown::Message(..) => self.explain_inflated_ui(ui, at, octet),
        }
    }

    fn explain_inflated_ui(&self, ui: &mut Ui, at: u64, octet: &HexOctet) {
        let palette = Palette::of(ui);
        ui.set_max_width(360.0);
        ui.spacing_mut().item_spacing.y = theme::GRID;
        ui.horizontal(|ui| {
            ui.label(RichText::new(format!("Octet {at} of the inflated message")).font(fonts::semibold(theme::BODY)));
            if let Some(value) = octet.value {
                ui.label(RichText::new(format!("{value:02x}")).font(fonts::mono_bold(theme::MONO)));
                if value.is_ascii_graphic() {
                    ui.label(format!("“{}”", printable(&char::from(value).to_string())));
                }
            }
        });
        let small = |words: String| RichText::new(words).size(theme::SECONDARY).color(palette.secondary);
        if octet.value.is_none() {
            let words =
                "Unknown: it is copied from an earlier message that the capture lacks or that could not be inflated.";
            ui.label(small(words.to_owned()));
        }
        let Shown::Message(_, _, inflated) = self else { return };
        let words = match self.origin(at).filter(|_| !inflated.inflated.parts.is_empty()) {
            Some((frame, payload)) => {
                let last = payload.end.saturating_sub(1);
                let octets = match payload.end - payload.start {
                    0 | 1 => format!("octet {last}"),
                    _ => format!("octets {}–{last}", payload.start),
                };
                format!("From {octets} of the payload of frame {frame}, and what came before.")
            }
            None => "Which octets of the payload it comes from cannot be told.".to_owned(),
        };
        ui.label(small(words));
    }

    /// Returns what is shown, in one line.
    pub fn summary(&self) -> Option<String> {
        let Shown::Message(view, frame, inflated) = self else { return None };
        let mut words = inflated.summary();
        if inflated.message.frames > 1 && !inflated.inflated.parts.is_empty() {
            let part = inflated.plain_of(*frame, &(0..view.header.payload_len()));
            match part.end.checked_sub(part.start + 1) {
                Some(_) => words.push_str(&format!("; frame {frame} gives {}–{}", part.start, part.end - 1)),
                None => words.push_str(&format!("; frame {frame} gives none")),
            }
        }
        Some(words)
    }

    /// Returns whether masked octets are shown, which are no text whatever they look like.
    pub fn is_readable(&self, form: HexForm) -> bool {
        match self {
            Shown::Frame(view) => form != HexForm::Wire || !view.header.masked(),
            Shown::Message(..) => true,
        }
    }
}

/// Octets of the payload as octets of the frame.
pub fn in_frame(view: &FrameView, payload: &Range<u64>) -> Range<u64> {
    let header = u64::from(view.header.header_len());
    header.saturating_add(payload.start)..header.saturating_add(payload.end)
}

/// The form that can be shown of a frame: what is chosen stays chosen for the next one.
pub(super) fn form_of(view: &FrameView, chosen: HexForm, is_compressed: bool) -> HexForm {
    match chosen {
        HexForm::Inflated if is_compressed => HexForm::Inflated,
        HexForm::Unmasked | HexForm::Inflated if view.header.masked() => HexForm::Unmasked,
        _ => HexForm::Wire,
    }
}

/// Returns what the copy button copies.
pub(super) fn copy_hint(octets: &Range<u64>) -> String {
    let words = format!("Copies {} as hexadecimal text", count(octets.end - octets.start, "octet"));
    if octets.start == 0 { words } else { format!("{words}, from octet {} on", octets.start) }
}
