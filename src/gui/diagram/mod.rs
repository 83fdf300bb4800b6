//! The bit diagram: the RFC 6455 §5.2 figure with one frame's bits in it.
//!
//! ```text
//!   mod          the pane: title and zoom, scrolling, what is in sight, the pointer
//!   layout       where everything is
//!   ruler        bit numbers on top, octet offsets at the left, segment starts
//!   header_cell  a field's name, value and bits
//!   keys         arrows from cell to cell
//!   octet_cell   a payload octet: wire ⊕ key = plain, and its character
//! ```

mod header_cell;
mod ink;
mod keys;
mod layout;
mod octet_cell;
mod ruler;

use egui::{
    Color32, Painter, Pos2, Rect, Response, RichText, Role, ScrollArea, Sense, Ui, UiBuilder, Vec2, WidgetInfo, pos2,
    vec2,
};

use self::ink::Digits;
use self::layout::Layout;
use super::button::button_ui;
use super::command::Command;
use super::pane::Pane;
use super::theme::{self, Palette};
use super::{Selection, explain, fonts, marks, scroll};
use crate::base::Severity;
use crate::view::{BitGrid, Cell, Content, FrameView, Glyph, count, frame_title, printable};

/// Payload octets that are shown at first.
const FIRST_LIMIT: usize = 64;
/// Payload octets that are shown at most: behind them the hex dump is the better tool.
const LAST_LIMIT: usize = 4096;

/// The memory of the diagram.
#[derive(Clone, Debug, PartialEq)]
pub struct DiagramState {
    /// 0.5–3.
    pub zoom: f32,
    /// The number of payload octets that are shown.
    pub limit: usize,
    seen: Option<u64>,
}

impl Default for DiagramState {
    fn default() -> Self {
        DiagramState { zoom: 1.0, limit: FIRST_LIMIT, seen: None }
    }
}

impl DiagramState {
    /// Another frame is shown: a raised limit belonged to the old one.
    pub fn frame_changed(&mut self) {
        self.limit = FIRST_LIMIT;
        self.seen = None;
    }
}

/// Paints the bit diagram of `view` into the room that is left.
pub fn diagram_ui(
    ui: &mut Ui,
    view: &FrameView,
    state: &mut DiagramState,
    selection: &mut Selection,
) -> Option<Command> {
    head_ui(ui, view, state);
    let grid = BitGrid::new(view, state.limit);
    let area = ui.available_rect_before_wrap();
    if ui.rect_contains_pointer(area) {
        let zoom = ui.input(egui::InputState::zoom_delta);
        state.zoom = (state.zoom * zoom).clamp(0.5, 3.0);
    }
    let step = Pane::Figure.stop_ui(ui, area);
    let layout = Layout::new(&grid, view.header.masked(), area.width() - 12.0, state.zoom);
    let mut command = None;
    scroll::of_shown(ui, ScrollArea::both(), "bit diagram", view.id).show_viewport(ui, |ui, viewport| {
        ui.set_min_size(layout.size());
        let diagram =
            Diagram { view, grid: &grid, layout: &layout, palette: Palette::of(ui), origin: ui.min_rect().min };
        if let Some(cell) =
            step.and_then(|step| keys::cell_behind(&grid, |cell| diagram.is_selected(cell, selection), step))
        {
            selection.select(cell.field, diagram.octets(cell));
        }
        diagram.follow(ui, selection, &mut state.seen);
        command = diagram.rows_ui(ui, viewport, selection);
        if let Some(wish) = diagram.tail_ui(ui, state) {
            command = Some(wish);
        }
        ruler::paint(ui.painter(), &layout, diagram.origin, viewport, diagram.palette);
    });
    command
}

/// Paints the title of the frame, and the zoom.
fn head_ui(ui: &mut Ui, view: &FrameView, state: &mut DiagramState) {
    let palette = Palette::of(ui);
    let height = vec2(ui.available_width(), theme::ROW);
    ui.allocate_ui_with_layout(height, egui::Layout::right_to_left(egui::Align::Center), |ui| {
        zoom_ui(ui, state);
        ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
            marks::opcode_ui(ui, view.header.opcode());
            let title = match view.id {
                Some(id) => format!("Frame {id}: {}", frame_title(view)),
                None => frame_title(view),
            };
            ui.add(egui::Label::new(RichText::new(title).color(palette.secondary)).truncate());
        });
    });
    ui.add_space(theme::GRID);
}

/// The zoom, from the right: larger, how large, smaller.
fn zoom_ui(ui: &mut Ui, state: &mut DiagramState) {
    ui.spacing_mut().item_spacing.x = theme::GRID;
    let step = |ui: &mut Ui, text: &str, hint: &str| {
        let button = ui.add(egui::Button::new(text).min_size(vec2(theme::ROW, theme::ROW)));
        button.on_hover_text(hint).clicked()
    };
    if step(ui, "+", "Larger (Ctrl + wheel)") {
        state.zoom = (state.zoom * 1.25).min(3.0);
    }
    let percent = format!("{:.0} %", state.zoom * 100.0);
    if ui.add(egui::Button::new(percent).frame(false)).on_hover_text("Back to 100 %").clicked() {
        state.zoom = 1.0;
    }
    if step(ui, "−", "Smaller (Ctrl + wheel)") {
        state.zoom = (state.zoom / 1.25).max(0.5);
    }
}

/// One pass over the diagram.
struct Diagram<'a> {
    view: &'a FrameView,
    grid: &'a BitGrid,
    layout: &'a Layout,
    palette: &'static Palette,
    origin: Pos2,
}

impl Diagram<'_> {
    /// Scrolls to what another pane selected, if it is out of sight.
    fn follow(&self, ui: &Ui, selection: &Selection, seen: &mut Option<u64>) {
        let Some(octet) = selection.scroll_target(seen) else { return };
        let row = (octet / 4) as usize;
        if row < self.grid.rows.len() {
            let mut rect = self.layout.row(self.origin, row);
            rect.min.y -= self.layout.ruler;
            rect.max.x = rect.min.x;
            if !ui.clip_rect().contains_rect(rect) {
                ui.scroll_to_rect(rect, None);
            }
        }
    }

    fn rows_ui(&self, ui: &mut Ui, viewport: Rect, selection: &mut Selection) -> Option<Command> {
        let painter = ui.painter().clone();
        let digits = Digits::new(&painter, self.layout);
        let rows = self.layout.visible(viewport.top() + self.layout.ruler, viewport.bottom());
        // Cells under the ruler are not to be hit.
        let mut sight = ui.clip_rect();
        sight.min.y = sight.min.y.max(self.origin.y + viewport.top() + self.layout.ruler);
        let (mut frames, mut faults) = (Vec::new(), Vec::new());
        let mut command = None;
        for index in rows.clone() {
            let row = &self.grid.rows[index];
            for (number, cell) in row.cells.iter().enumerate() {
                let rect = self.layout.cell(self.origin, index, row, cell.column, cell.width);
                let hit = rect.expand(1.0).intersect(sight);
                let response = ui.interact(hit, ui.scope_id().with(("cell", index, number)), Sense::CLICK);
                self.cell_ui(response, cell, selection);
                self.paint(&painter, &digits, cell, rect, selection);
                frames.extend(self.frame(cell, rect, selection));
                faults.extend(cell.severity.map(|severity| (severity, cell.width, rect)));
            }
            ruler::offsets(&painter, self.layout, self.origin, row, index, self.palette);
            if let Some(packet) = ruler::boundaries_ui(ui, self.layout, self.origin, row, index, sight) {
                command = Some(Command::ShowPacket(packet));
            }
        }
        for (rect, stroke) in frames {
            painter.rect_stroke(rect, theme::RADIUS, stroke, egui::StrokeKind::Middle);
        }
        // Above the frames: what several octets share must not be cut by the frame around one of them.
        for index in rows {
            octet_cell::characters(&painter, self.layout, self.origin, self.grid, index, self.palette);
        }
        for (severity, width, rect) in faults {
            self.severity(&painter, severity, width, rect);
        }
        command
    }

    /// The octets of the frame that a click on the cell selects.
    fn octets(&self, cell: &Cell) -> std::ops::Range<u64> {
        match cell.content {
            Content::Header { .. } => self.view.octets_of(cell.field),
            Content::Octet { index, .. } => {
                let at = u64::from(self.view.header.header_len()) + index;
                at..at + 1
            }
        }
    }

    fn is_selected(&self, cell: &Cell, selection: &Selection) -> bool {
        selection.is_selected(cell.field, self.octets(cell).start)
    }

    fn cell_ui(&self, response: Response, cell: &Cell, selection: &mut Selection) {
        let octets = self.octets(cell);
        let selected = self.is_selected(cell, selection);
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, selected, self.label(cell)));
        if response.clicked() {
            selection.select(cell.field, octets.clone());
        }
        if response.hovered() {
            selection.hover(cell.field, octets);
        }
        let index = match cell.content {
            Content::Octet { index, .. } => Some(index),
            Content::Header { .. } => None,
        };
        response.on_hover_ui(|ui| explain::explain_ui(ui, self.view, cell.field, index));
    }

    /// Returns what a screen reader says: `opcode, bits 4–7, 0001, text`.
    fn label(&self, cell: &Cell) -> String {
        match &cell.content {
            Content::Header { name, bits, meaning, .. } => format!(
                "{name}, {}, {bits:0width$b}, {meaning}",
                explain::place_text(self.view, cell.field),
                width = usize::from(cell.width)
            ),
            Content::Octet { index, wire: Some(wire), key, plain, glyph } => {
                let mut label = format!("payload octet {index}, {wire:02x}");
                if let (Some(key), Some(plain)) = (key, plain) {
                    label.push_str(&format!(" masked with {key:02x} is {plain:02x}"));
                }
                if let Glyph::Char(character, _) = glyph {
                    label.push_str(&format!(", {}", printable(&character.to_string())));
                }
                label
            }
            Content::Octet { index, .. } => format!("payload octet {index}, not captured"),
        }
    }

    fn paint(&self, painter: &Painter, digits: &Digits, cell: &Cell, rect: Rect, selection: &Selection) {
        let at = self.octets(cell).start;
        let strong = selection.is_selected(cell.field, at) || selection.is_hovered(cell.field, at);
        header_cell::ground(painter, cell, rect, self.palette.family(cell.family()), strong);
        match &cell.content {
            Content::Header { name, short_name, bits, value, meaning } => {
                let words = header_cell::Words {
                    name,
                    short_name,
                    bits: *bits,
                    value,
                    meaning,
                    opcode: self.view.header.opcode(),
                };
                header_cell::words(painter, self.layout, digits, cell, rect, &words, self.palette);
            }
            Content::Octet { wire, key, plain, .. } => {
                let values = octet_cell::Values { wire: *wire, key: *key, plain: *plain };
                octet_cell::values(painter, self.layout, digits, rect, values, self.palette);
            }
        }
    }

    /// The mark of a cell at fault: in its corner; below a single bit, whose letters need the room.
    fn severity(&self, painter: &Painter, severity: Severity, width: u8, rect: Rect) {
        let size = self.layout.scaled(11.0);
        let center = if width == 1 {
            pos2(rect.center().x, rect.bottom() + 1.0)
        } else {
            pos2(rect.right() - size * 0.5 - 4.0, rect.top() + size * 0.5 + 6.0)
        };
        painter.circle_filled(
            center,
            size * 0.5 + 1.5,
            if width == 1 { self.palette.window } else { Color32::TRANSPARENT },
        );
        marks::severity(painter, center, size, severity, self.palette);
    }

    /// The frame around a cell that is selected, hovered or at fault.
    fn frame(&self, cell: &Cell, rect: Rect, selection: &Selection) -> Option<(Rect, egui::Stroke)> {
        let at = self.octets(cell).start;
        if selection.is_selected(cell.field, at) {
            Some((rect, self.palette.selected_stroke()))
        } else if selection.is_hovered(cell.field, at) {
            Some((rect, self.palette.hover_stroke()))
        } else {
            let width = |severity| if severity == Severity::Note { 1.0 } else { 1.5 };
            let stroke = |severity| egui::Stroke::new(width(severity), self.palette.severity(severity));
            cell.severity.map(|severity| (rect.shrink(0.5), stroke(severity)))
        }
    }

    /// The box that says how much of the payload is not shown, and what can be done about it.
    fn tail_ui(&self, ui: &mut Ui, state: &mut DiagramState) -> Option<Command> {
        if self.grid.cut == 0 {
            return None;
        }
        let rect = self.layout.tail(self.origin).intersect(ui.clip_rect());
        if !rect.is_positive() {
            return None;
        }
        let shown = self.view.header.payload_len() - self.grid.cut;
        let unread = holds_unread(self.view);
        let captured = unread || self.view.payload.end() > shown;
        let words = if captured {
            format!("… {} of payload", count(self.grid.cut, "more octet"))
        } else {
            format!("… {} that the capture lacks", count(self.grid.cut, "octet"))
        };
        dashed_box(ui.painter(), rect, self.palette);
        let mut command = None;
        let builder = UiBuilder::new().max_rect(rect.shrink2(vec2(12.0, 6.0)));
        ui.scope_builder(builder.layout(egui::Layout::left_to_right(egui::Align::Center)), |ui| {
            ui.label(RichText::new(words).font(fonts::body(theme::BODY)).color(self.palette.secondary));
            if captured && state.limit < LAST_LIMIT && ui.button("Show more").clicked() {
                state.limit = (state.limit * 4).min(LAST_LIMIT);
                if unread && state.limit as u64 > self.view.payload.end() {
                    command = Some(Command::ReadPayload(state.limit as u64));
                }
            }
            if captured && button_ui(ui, &Command::ShowHex, Vec2::ZERO) {
                command = Some(Command::ShowHex);
            }
        });
        command
    }
}

/// Returns whether the capture holds payload octets that were not read yet.
fn holds_unread(view: &FrameView) -> bool {
    let end = view.payload.end();
    let missing: u64 = view.payload.missing.iter().map(|hole| hole.end.min(end).saturating_sub(hole.start)).sum();
    view.captured_len > end.saturating_sub(missing)
}

fn dashed_box(painter: &Painter, rect: Rect, palette: &Palette) {
    let corners = [rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom(), rect.left_top()];
    let stroke = egui::Stroke::new(1.0, palette.line_strong);
    painter.extend(egui::Shape::dashed_line(&corners, stroke, 4.0, 4.0));
}
