//! Panes: parts of the window that keys lead to as one.
//!
//! F6 goes from one to the next, and Tab takes each for one stop. Arrows go about within the one that has the focus; where
//! nothing has it, they go along the rows.

use egui::{
    Context, EventFilter, Id, Key, LayerId, Modifiers, Rect, Role, Sense, StrokeKind, Ui, Vec2, WidgetInfo, vec2,
};

use super::theme::{self, Palette};

/// A part of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pane {
    /// The list of connections.
    Connections,
    /// The list of frames, messages or findings.
    Rows,
    /// The figure of the frame's bits.
    Figure,
    /// The tree of the frame's fields.
    Fields,
    /// The hex dump.
    Hex,
    /// The payload, the handshake or the segments.
    Text,
}

/// A step that an arrow key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// To the left.
    Left,
    /// To the right.
    Right,
    /// Up.
    Up,
    /// Down.
    Down,
    /// As much up as is in sight.
    PageUp,
    /// As much down as is in sight.
    PageDown,
    /// To the start.
    First,
    /// To the end.
    Last,
}

/// The key of each step.
const STEPS: [(Key, Step); 8] = [
    (Key::ArrowLeft, Step::Left),
    (Key::ArrowRight, Step::Right),
    (Key::ArrowUp, Step::Up),
    (Key::ArrowDown, Step::Down),
    (Key::PageUp, Step::PageUp),
    (Key::PageDown, Step::PageDown),
    (Key::Home, Step::First),
    (Key::End, Step::Last),
];

impl Pane {
    /// All of them, in the order of F6.
    pub const ALL: [Pane; 6] = [Pane::Connections, Pane::Rows, Pane::Figure, Pane::Fields, Pane::Hex, Pane::Text];

    /// Returns the name that a screen reader says.
    pub fn name(self) -> &'static str {
        match self {
            Pane::Connections => "list of connections",
            Pane::Rows => "list of rows",
            Pane::Figure => "figure of the bits",
            Pane::Fields => "tree of the fields",
            Pane::Hex => "dump of the octets",
            Pane::Text => "text of the tab",
        }
    }

    fn id(self) -> Id {
        Id::unique(("pane", self))
    }

    /// Returns the room that it takes up, where it is painted. To ask for its response would take the focus from it when
    /// something in it is pressed.
    fn rect(self, ctx: &Context) -> Option<Rect> {
        ctx.viewport(|viewport| {
            let passes = [&viewport.this_pass.widgets, &viewport.prev_pass.widgets];
            passes.into_iter().find_map(|widgets| widgets.get(self.id())).map(|widget| widget.rect)
        })
    }

    /// Returns the pane that has the focus, if one has.
    pub fn focused(ctx: &Context) -> Option<Pane> {
        let focused = ctx.memory(|memory| memory.focused())?;
        Pane::ALL.into_iter().find(|pane| pane.id() == focused)
    }

    /// Gives the focus to the next pane in sight, or to the one before.
    pub fn focus_next(ctx: &Context, is_forwards: bool) {
        let is_in_sight = |pane: &Pane| pane.rect(ctx).is_some();
        let shown: Vec<Pane> = Pane::ALL.into_iter().filter(is_in_sight).collect();
        let from = Pane::focused(ctx).unwrap_or(Pane::Rows);
        let at = shown.iter().position(|pane| *pane == from).unwrap_or_default();
        let step = if is_forwards { 1 } else { shown.len().saturating_sub(1) };
        if let Some(next) = shown.get((at + step) % shown.len().max(1)) {
            ctx.memory_mut(|memory| memory.request_focus(next.id()));
        }
    }

    /// Makes the pane, which takes up `rect`, a stop of the Tab key. A press in it gives it the focus. Returns the step that
    /// the user asks for in it.
    pub fn stop_ui(self, ui: &Ui, rect: Rect) -> Option<Step> {
        let response = ui.interact(rect, self.id(), Sense::focusable_noninteractive());
        response.widget_info(|| WidgetInfo::labeled(Role::Group, true, self.name()));
        let is_touched = ui.input(|input| input.pointer.any_pressed() || input.pointer.any_click());
        if is_touched && ui.rect_contains_pointer(rect) {
            response.request_focus();
        }
        if !response.has_focus() {
            return None;
        }
        let keys = EventFilter { horizontal_arrows: true, vertical_arrows: true, escape: true, tab: false };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(self.id(), keys));
        ui.input_mut(|input| STEPS.into_iter().find(|(key, _)| input.consume_key(Modifiers::NONE, *key)))
            .map(|(_, step)| step)
    }

    /// Returns whether the pane has its own use for a key.
    pub fn uses(self, key: Key) -> bool {
        let is_step = STEPS.iter().any(|(step, _)| *step == key);
        self != Pane::Rows && (is_step || matches!(key, Key::Enter | Key::Space))
    }

    /// Paints a frame around the pane that has the focus.
    pub fn paint_focus(ctx: &Context, palette: &Palette) {
        let Some(rect) = Pane::focused(ctx).and_then(|pane| pane.rect(ctx)) else { return };
        let painter = ctx.layer_painter(LayerId::background());
        painter.rect_stroke(rect, theme::RADIUS, palette.selected_stroke(), StrokeKind::Inside);
    }
}

impl Step {
    /// Returns the place in a list that it leads to from `at`; `page` places are in sight, and `last` is the last one.
    pub fn along(self, at: u64, page: u64, last: u64) -> u64 {
        let to = match self {
            Step::Left | Step::Right => at,
            Step::Up => at.saturating_sub(1),
            Step::Down => at.saturating_add(1),
            Step::PageUp => at.saturating_sub(page),
            Step::PageDown => at.saturating_add(page),
            Step::First => 0,
            Step::Last => last,
        };
        to.min(last)
    }

    /// Returns by how many points it moves a text of which `page` points are in sight.
    pub fn points(self, page: f32) -> Vec2 {
        let line = 2.0 * theme::ROW;
        match self {
            Step::Left => vec2(line, 0.0),
            Step::Right => vec2(-line, 0.0),
            Step::Up => vec2(0.0, line),
            Step::Down => vec2(0.0, -line),
            Step::PageUp => vec2(0.0, page - line),
            Step::PageDown => vec2(0.0, line - page),
            Step::First => vec2(0.0, 1e9),
            Step::Last => vec2(0.0, -1e9),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_end_where_a_list_ends() {
        let from = |at: u64| STEPS.map(|(_, step)| step.along(at, 10, 99));
        assert_eq!(from(50), [50, 50, 49, 51, 40, 60, 0, 99]);
        assert_eq!(from(0), [0, 0, 0, 1, 0, 10, 0, 99]);
        assert_eq!(from(99), [99, 99, 98, 99, 89, 99, 0, 99]);
    }
}
