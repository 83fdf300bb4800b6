//! Words in place of what is not there: the reason, and what to do.

use egui::{Align, Layout, RichText, Ui};

use super::theme::{self, Palette};
use super::{fonts, marks};
use crate::base::Severity;
use crate::view::printable;

/// One quiet line in the middle.
pub fn hint_ui(ui: &mut Ui, text: &str) {
    let palette = Palette::of(ui);
    ui.centered_and_justified(|ui| ui.label(RichText::new(text).color(palette.secondary)));
}

/// A heading and lines below it, in the middle of the room.
pub fn message_ui(ui: &mut Ui, heading: &str, lines: &[String]) {
    let palette = Palette::of(ui);
    let text_height = 28.0 + 22.0 * lines.len() as f32;
    ui.add_space(((ui.available_height() - text_height) * 0.4).max(16.0));
    ui.with_layout(Layout::top_down(Align::Center), |ui| {
        ui.label(RichText::new(heading).font(fonts::semibold(theme::HEADING)));
        ui.add_space(theme::GRID);
        ui.set_max_width(ui.available_width().min(620.0));
        for line in lines {
            ui.add(egui::Label::new(RichText::new(printable(line)).color(palette.secondary)).wrap());
        }
    });
}

/// Something went wrong: what, and what the system says about it.
pub fn problem_ui(ui: &mut Ui, heading: &str, what: &str) {
    let palette = Palette::of(ui);
    ui.add_space((ui.available_height() * 0.3).clamp(16.0, 160.0));
    ui.with_layout(Layout::top_down(Align::Center), |ui| {
        let (rect, _) = ui.allocate_exact_size(egui::vec2(28.0, 28.0), egui::Sense::hover());
        marks::severity(ui.painter(), rect.center(), 24.0, Severity::Violation, palette);
        ui.label(RichText::new(heading).font(fonts::semibold(theme::HEADING)));
        ui.set_max_width(ui.available_width().min(680.0));
        ui.add(egui::Label::new(RichText::new(printable(what)).color(palette.secondary)).wrap());
    });
}
