//! The lines between parts of the window, which can be dragged.

use egui::{CursorIcon, Pos2, Rangef, Rect, Role, Sense, Stroke, Ui, WidgetInfo};

use super::theme::{self, Palette};

/// A line between two parts.
pub struct Edge {
    at: f32,
    range: Rangef,
    is_upright: bool,
}

impl Edge {
    /// The one to the right of a part.
    pub fn right_of(part: Rect) -> Edge {
        Edge { at: part.right(), range: part.y_range(), is_upright: true }
    }

    /// The one above a part.
    pub fn above(part: Rect) -> Edge {
        Edge { at: part.top(), range: part.x_range(), is_upright: false }
    }

    fn grip(&self) -> Rect {
        let across = Rangef::point(self.at).expand(theme::GRID);
        match self.is_upright {
            true => Rect::from_x_y_ranges(across, self.range),
            false => Rect::from_x_y_ranges(self.range, across),
        }
    }
}

/// Lets the line be dragged, and returns where to. The caller keeps the wish: a small window that cannot fulfil it must
/// not change it.
pub fn split_ui(ui: &Ui, name: &str, edge: Edge) -> Option<Pos2> {
    let response = ui.interact(edge.grip(), ui.scope_id().with(name), Sense::DRAG);
    response.widget_info(|| WidgetInfo::labeled(Role::Splitter, true, name));
    if response.hovered() || response.dragged() {
        let palette = Palette::of(ui);
        let color = if response.dragged() { palette.accent } else { palette.line_strong };
        let stroke = Stroke::new(2.0, color);
        if edge.is_upright {
            ui.painter().vline(edge.at, edge.range, stroke);
        } else {
            ui.painter().hline(edge.range, edge.at, stroke);
        }
        let cursor = if edge.is_upright { CursorIcon::ResizeHorizontal } else { CursorIcon::ResizeVertical };
        ui.ctx().set_cursor_icon(cursor);
    }
    response.interact_pointer_pos().filter(|_| response.dragged())
}
