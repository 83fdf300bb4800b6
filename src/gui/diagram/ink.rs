//! Text in cells: galleys that fit, and rows of bits.

use std::sync::Arc;

use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{Align, Color32, FontId, Galley, Painter, Pos2, Rect, Stroke, pos2};

use super::layout::Layout;
use crate::gui::fonts;
use crate::gui::theme::{self, Palette};

/// `text` in at most `rows` lines of `width` points, centred; what does not fit ends in `…`.
pub(super) fn fitted(
    painter: &Painter,
    text: &str,
    font: FontId,
    color: Color32,
    width: f32,
    rows: usize,
) -> Arc<Galley> {
    let mut job = LayoutJob::single_section(text.to_owned(), TextFormat::simple(font, color));
    job.wrap =
        TextWrapping { max_width: width.max(1.0), max_rows: rows, break_anywhere: false, ..TextWrapping::default() };
    job.halign = Align::Center;
    painter.layout_job(job)
}

/// The width of `text` in one line.
pub(super) fn width_of(painter: &Painter, text: &str, font: FontId) -> f32 {
    painter.layout_no_wrap(text.to_owned(), font, Color32::PLACEHOLDER).size().x
}

/// Paints a galley made by [`fitted`] with its top centre at `top`; returns its bottom.
pub(super) fn place(painter: &Painter, galley: Arc<Galley>, top: Pos2) -> f32 {
    let bottom = top.y + galley.size().y;
    painter.galley(top, galley, Color32::PLACEHOLDER);
    bottom
}

/// The digits 0 and 1, laid out once a pass.
pub(super) struct Digits {
    zero: Arc<Galley>,
    one: Arc<Galley>,
}

impl Digits {
    pub fn new(painter: &Painter, layout: &Layout) -> Digits {
        let size = layout.scaled(theme::MONO);
        let digit = |text: &str, font| painter.layout_no_wrap(text.to_owned(), font, Color32::PLACEHOLDER);
        Digits { zero: digit("0", fonts::mono(size)), one: digit("1", fonts::mono_bold(size)) }
    }

    /// Paints the `width` low bits of `bits` over `line` from `first_column` on, one under each mark of the ruler, with ticks between them.
    pub fn paint(
        &self,
        painter: &Painter,
        layout: &Layout,
        line: Rect,
        (bits, first_column, width): (u32, u8, u8),
        ink: Color32,
        palette: &Palette,
    ) {
        // The cell is a point narrower on both sides than its bits.
        let left = line.left() - 1.0;
        for index in 0..width {
            let bit = bits >> (width - 1 - index) & 1;
            let (galley, color) = if bit == 1 { (&self.one, ink) } else { (&self.zero, palette.faint) };
            let x = left + (f32::from(index) + 0.5) * layout.bit;
            let at = pos2(x - galley.size().x / 2.0, line.center().y - galley.size().y / 2.0);
            painter.galley(at, Arc::clone(galley), color);
            if index > 0 {
                // Between octets, between halves of octets, between bits.
                let (strength, length) = match (first_column + index) % 8 {
                    0 => (0.8, 0.42),
                    4 => (0.45, 0.3),
                    _ => (0.22, 0.2),
                };
                let x = (left + f32::from(index) * layout.bit).round() + 0.5;
                let half = line.height() * length;
                let tick = Stroke::new(1.0, ink.gamma_multiply(strength));
                painter.vline(x, line.center().y - half..=line.center().y + half, tick);
            }
        }
    }
}
