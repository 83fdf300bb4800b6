//! Marks, painted as shapes: symbols of fonts differ from machine to machine, shapes do not.
//!
//! Every colour that means something is paired with one of these. Each fits a square of side `size` around `center`.

use egui::{Color32, Painter, Pos2, Rect, Response, Role, Sense, Shape, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::theme::Palette;
use crate::base::{Sender, Severity};
use crate::ws::Opcode;

/// The side of a mark in a list row.
pub const MARK: f32 = 12.0;

/// An arrow in the direction the octets went: to the right from the client, to the left from the server, both ways
/// where nothing tells.
pub fn sender(painter: &Painter, center: Pos2, size: f32, sender: Sender, palette: &Palette) {
    let color = palette.sender(sender);
    match sender {
        Sender::Client => arrow(painter, center, size, 1.0, color),
        Sender::Server => arrow(painter, center, size, -1.0, color),
        Sender::Unknown => {
            let half = size / 2.0;
            painter.line_segment(
                [center - vec2(half, 0.0), center + vec2(half, 0.0)],
                Stroke::new(stroke_width(size), color),
            );
        }
    }
}

fn stroke_width(size: f32) -> f32 {
    (size / 7.0).max(1.25)
}

/// A horizontal arrow; `way` is 1 to the right, -1 to the left.
pub fn arrow(painter: &Painter, center: Pos2, size: f32, way: f32, color: Color32) {
    let (half, head) = (size / 2.0, size * 0.3);
    let stroke = Stroke::new(stroke_width(size), color);
    let tip = center + vec2(half * way, 0.0);
    painter.line_segment([center - vec2(half * way, 0.0), tip], stroke);
    painter.line(vec![tip + vec2(-head * way, -head), tip, tip + vec2(-head * way, head)], stroke);
}

/// A vertical arrow, downwards.
pub fn arrow_down(painter: &Painter, center: Pos2, size: f32, color: Color32) {
    let (half, head) = (size / 2.0, size * 0.3);
    let stroke = Stroke::new(stroke_width(size), color);
    let tip = center + vec2(0.0, half);
    painter.line_segment([center - vec2(0.0, half), tip], stroke);
    painter.line(vec![tip + vec2(-head, -head), tip, tip + vec2(head, -head)], stroke);
}

/// A dot for a note, a triangle for a warning, a cross in a disc for a violation.
pub fn severity(painter: &Painter, center: Pos2, size: f32, severity: Severity, palette: &Palette) {
    let color = palette.severity(severity);
    let half = size / 2.0;
    match severity {
        Severity::Note => {
            painter.circle_filled(center, half * 0.6, color);
        }
        Severity::Warning => {
            let top = center - vec2(0.0, half * 0.95);
            let low = half * 0.8;
            painter.add(Shape::convex_polygon(
                vec![top, center + vec2(half, low), center + vec2(-half, low)],
                color,
                Stroke::NONE,
            ));
            let stem = Stroke::new((size / 8.0).max(1.0), palette.window);
            painter.line_segment([center - vec2(0.0, half * 0.3), center + vec2(0.0, half * 0.25)], stem);
            painter.circle_filled(center + vec2(0.0, half * 0.55), (size / 14.0).max(0.7), palette.window);
        }
        Severity::Violation => {
            painter.circle_filled(center, half, color);
            cross(painter, center, size * 0.5, palette.window);
        }
    }
}

/// A tick: as it should be.
pub fn tick(painter: &Painter, center: Pos2, size: f32, color: Color32) {
    let half = size / 2.0;
    painter.line(
        vec![
            center + vec2(-half * 0.8, half * 0.05),
            center + vec2(-half * 0.2, half * 0.65),
            center + vec2(half * 0.85, -half * 0.6),
        ],
        Stroke::new(stroke_width(size) * 1.15, color),
    );
}

/// A cross: not as it should be.
pub fn cross(painter: &Painter, center: Pos2, size: f32, color: Color32) {
    let half = size / 2.0 * 0.8;
    let stroke = Stroke::new(stroke_width(size) * 1.1, color);
    painter.line_segment([center - vec2(half, half), center + vec2(half, half)], stroke);
    painter.line_segment([center + vec2(-half, half), center + vec2(half, -half)], stroke);
}

/// ⊕, exclusive or.
pub fn xor(painter: &Painter, center: Pos2, size: f32, color: Color32) {
    let stroke = Stroke::new((size / 9.0).max(1.0), color);
    let radius = size / 2.0 - stroke.width / 2.0;
    painter.circle_stroke(center, radius, stroke);
    painter.line_segment([center - vec2(radius, 0.0), center + vec2(radius, 0.0)], stroke);
    painter.line_segment([center - vec2(0.0, radius), center + vec2(0.0, radius)], stroke);
}

/// The mark of an opcode's class: lines of text, two squares for binary, dots for a continuation, a square with a
/// cross for Close, a ring for Ping, a disc in a ring for Pong, a lozenge for a reserved opcode.
pub fn opcode(painter: &Painter, center: Pos2, size: f32, opcode: Opcode, palette: &Palette) {
    let color = palette.class(opcode);
    let half = size / 2.0;
    let stroke = Stroke::new(stroke_width(size), color);
    match opcode {
        Opcode::TEXT => {
            for (line, width) in [1.0, 0.7, 0.9].into_iter().enumerate() {
                let y = (line as f32 - 1.0) * size * 0.32;
                let left = center + vec2(-half, y);
                painter.line_segment([left, left + vec2(size * width, 0.0)], stroke);
            }
        }
        Opcode::BINARY => {
            let side = size * 0.4;
            for (x, y, filled) in [(-1.0, -1.0, true), (1.0, -1.0, false), (-1.0, 1.0, false), (1.0, 1.0, true)] {
                let at = center + vec2(x, y) * size * 0.27;
                let square = Rect::from_center_size(at, vec2(side, side));
                if filled {
                    painter.rect_filled(square, 1.0, color);
                } else {
                    let thin = Stroke::new(1.0, color);
                    painter.rect_stroke(square, 1.0, thin, egui::StrokeKind::Inside);
                }
            }
        }
        Opcode::CONTINUATION => {
            for x in [-1.0, 0.0, 1.0] {
                painter.circle_filled(center + vec2(x * size * 0.36, 0.0), size * 0.13, color);
            }
        }
        Opcode::CLOSE => {
            let square = Rect::from_center_size(center, vec2(size, size) * 0.95);
            painter.rect_stroke(square, 2.0, stroke, egui::StrokeKind::Inside);
            cross(painter, center, size * 0.48, color);
        }
        Opcode::PING => {
            painter.circle_stroke(center, half * 0.85, stroke);
        }
        Opcode::PONG => {
            painter.circle_stroke(center, half * 0.85, stroke);
            painter.circle_filled(center, half * 0.42, color);
        }
        _ => {
            let points = vec![
                center - vec2(0.0, half),
                center + vec2(half, 0.0),
                center + vec2(0.0, half),
                center - vec2(half, 0.0),
            ];
            painter.add(Shape::closed_line(points, stroke));
        }
    }
}

/// A square of `palette`'s family colour, rounded.
pub fn chip(painter: &Painter, center: Pos2, size: f32, color: Color32) {
    painter.rect_filled(Rect::from_center_size(center, vec2(size, size)), 2.0, color);
}

/// The triangle in a column's head: up where the smallest comes first, down where the largest does.
pub fn sorted(painter: &Painter, center: Pos2, size: f32, descending: bool, color: Color32) {
    let (half, tip) = (size / 2.0, size * if descending { 0.35 } else { -0.35 });
    let points = vec![center + vec2(-half, -tip), center + vec2(half, -tip), center + vec2(0.0, tip)];
    painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
}

/// Diagonal hatching over `rect`: octets that the capture lacks.
pub fn hatch(painter: &Painter, rect: Rect, color: Color32) {
    let painter = painter.with_clip_rect(rect.intersect(painter.clip_rect()));
    let (step, height) = (7.0, rect.height());
    let mut x = rect.left() - height;
    while x < rect.right() {
        painter.line_segment([pos2(x, rect.bottom()), pos2(x + height, rect.top())], Stroke::new(1.0, color));
        x += step;
    }
}

fn widget(ui: &mut Ui, label: &str, paint: impl FnOnce(&Painter, Pos2)) -> Response {
    let height = ui.spacing().interact_size.y.min(ui.available_height().max(MARK));
    let (rect, response) = ui.allocate_exact_size(vec2(MARK + 4.0, height), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, label));
    paint(ui.painter(), rect.center());
    response.on_hover_text(label)
}

/// A severity as a widget with its name.
pub fn severity_ui(ui: &mut Ui, severity: Severity) -> Response {
    let palette = Palette::of(ui);
    widget(ui, severity.as_str(), |painter, center| self::severity(painter, center, MARK, severity, palette))
}

/// A sender as a widget with its name.
pub fn sender_ui(ui: &mut Ui, sender: Sender) -> Response {
    let palette = Palette::of(ui);
    let label = match sender {
        Sender::Client => "client to server",
        Sender::Server => "server to client",
        Sender::Unknown => "direction unknown",
    };
    widget(ui, label, |painter, center| self::sender(painter, center, MARK, sender, palette))
}

/// An opcode as a widget with its name.
pub fn opcode_ui(ui: &mut Ui, opcode: Opcode) -> Response {
    let palette = Palette::of(ui);
    widget(ui, opcode.name(), |painter, center| self::opcode(painter, center, MARK, opcode, palette))
}

/// A disc, half of it filled: dark and light.
pub fn theme(painter: &Painter, center: Pos2, size: f32, color: Color32) {
    let radius = size / 2.0 - 0.75;
    let arc = |step: usize| {
        let angle = std::f32::consts::PI * (step as f32 / 16.0 - 0.5);
        center - vec2(angle.cos(), angle.sin()) * radius
    };
    painter.add(Shape::convex_polygon((0..=16).map(arc).collect(), color, Stroke::NONE));
    painter.circle_stroke(center, radius, Stroke::new(1.5, color));
}
