//! The one selection that diagram, tree and hex dump share, and what the pointer is on.

use std::ops::Range;

use crate::ws::FieldId;

/// A field, or octets of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The field.
    pub field: FieldId,
    /// Octets of the frame (0 is the first of its header): the field's own, or a part of the payload.
    pub octets: Range<u64>,
}

impl Target {
    /// Returns whether it is this very field, or payload octets that hold octet `at` of the frame.
    pub fn covers(&self, field: FieldId, at: u64) -> bool {
        self.field == field && (field != FieldId::Payload || self.octets.contains(&at))
    }
}

/// The selected field or octets, and those under the pointer. Hovering frames and never scrolls; a click selects.
///
/// The panes of one pass are painted one after the other, so what one of them finds hovered shows in all of them in
/// the next pass: call [`Selection::begin_pass`] once before the panes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// The selected field.
    pub field: Option<FieldId>,
    /// The selected octets of the frame.
    pub octets: Option<Range<u64>>,
    /// The selected octets of what the message inflates to, where they were selected there: `octets` is what they come from,
    /// as far as it is in this frame.
    pub plain: Option<Range<u64>>,
    hovered: Option<Target>,
    hovered_next: Option<Target>,
    hovered_plain: Option<Range<u64>>,
    hovered_plain_next: Option<Range<u64>>,
    scroll_to: Option<u64>,
}

impl Selection {
    /// Makes what the panes found hovered in the last pass count in this one.
    pub fn begin_pass(&mut self, ctx: &egui::Context) {
        let next = (self.hovered_next.take(), self.hovered_plain_next.take());
        if next != (self.hovered.take(), self.hovered_plain.take()) {
            ctx.request_repaint();
        }
        (self.hovered, self.hovered_plain) = next;
    }

    /// Another frame is shown. The selected field stays (the panes then show it where the new frame has it); selected
    /// payload octets do not.
    pub fn frame_changed(&mut self, view: &crate::view::FrameView) {
        (self.hovered, self.hovered_next, self.scroll_to) = (None, None, None);
        (self.plain, self.hovered_plain, self.hovered_plain_next) = (None, None, None);
        self.octets = self.field.map(|field| view.octets_of(field)).filter(|octets| !octets.is_empty());
        if self.octets.is_none() {
            self.field = None;
        }
    }

    /// The pointer is on this.
    pub fn hover(&mut self, field: FieldId, octets: Range<u64>) {
        self.hovered_next = Some(Target { field, octets });
        self.hovered_plain_next = None;
    }

    /// The pointer is on inflated octets, which come from these octets of the frame, if from any.
    pub fn hover_inflated(&mut self, plain: Range<u64>, octets: Option<Range<u64>>) {
        self.hovered_next = octets.map(|octets| Target { field: FieldId::Payload, octets });
        self.hovered_plain_next = Some(plain);
    }

    /// This was clicked. Other panes scroll to it if it is out of sight.
    pub fn select(&mut self, field: FieldId, octets: Range<u64>) {
        self.scroll_to = Some(octets.start);
        self.field = Some(field);
        self.octets = Some(octets);
        self.plain = None;
    }

    /// Inflated octets were clicked, which come from these octets of the frame, if from any.
    pub fn select_inflated(&mut self, plain: Range<u64>, octets: Option<Range<u64>>) {
        self.scroll_to = octets.as_ref().map(|octets| octets.start);
        self.field = octets.as_ref().map(|_| FieldId::Payload);
        (self.octets, self.plain) = (octets, Some(plain));
    }

    /// Nothing is selected any more.
    pub fn clear(&mut self) {
        (self.field, self.octets, self.plain) = (None, None, None);
    }

    /// Returns what is selected.
    pub fn selected(&self) -> Option<Target> {
        Some(Target { field: self.field?, octets: self.octets.clone()? })
    }

    /// Returns what the pointer is on.
    pub fn hovered(&self) -> Option<&Target> {
        self.hovered.as_ref()
    }

    /// The inflated octets that the pointer is on.
    pub fn hovered_plain(&self) -> Option<&Range<u64>> {
        self.hovered_plain.as_ref()
    }

    /// Returns whether `field` (for the payload: its octet at `at` of the frame) is selected.
    pub fn is_selected(&self, field: FieldId, at: u64) -> bool {
        self.field == Some(field)
            && (field != FieldId::Payload || self.octets.as_ref().is_some_and(|octets| octets.contains(&at)))
    }

    /// Returns whether the pointer is on `field` (for the payload: on its octet at `at` of the frame).
    pub fn is_hovered(&self, field: FieldId, at: u64) -> bool {
        self.hovered.as_ref().is_some_and(|target| target.covers(field, at))
    }

    /// The octet of the frame that was selected in another pane since this pane last asked. `seen` is the pane's own
    /// memory of it.
    pub fn scroll_target(&self, seen: &mut Option<u64>) -> Option<u64> {
        if *seen == self.scroll_to {
            return None;
        }
        *seen = self.scroll_to;
        self.scroll_to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payload_octets_are_selected_one_by_one() {
        let mut selection = Selection::default();
        selection.select(FieldId::Payload, 6..8);
        assert!(selection.is_selected(FieldId::Payload, 7) && !selection.is_selected(FieldId::Payload, 8));
        selection.select(FieldId::Opcode, 0..1);
        assert!(selection.is_selected(FieldId::Opcode, 0) && !selection.is_selected(FieldId::Fin, 0));
    }

    #[test]
    fn a_hover_lasts_one_pass() {
        let ctx = egui::Context::default();
        let mut selection = Selection::default();
        selection.hover(FieldId::Fin, 0..1);
        assert!(!selection.is_hovered(FieldId::Fin, 0));
        selection.begin_pass(&ctx);
        assert!(selection.is_hovered(FieldId::Fin, 0));
        selection.begin_pass(&ctx);
        assert!(!selection.is_hovered(FieldId::Fin, 0));
    }
}
