//! The selected finding: its sentence, and the explanation of its rule.

use egui::{Align, Frame, Label, Layout, Margin, RichText, Stroke, Ui};

use crate::base::Finding;
use crate::gui::theme::{self, Palette};
use crate::gui::words::words;
use crate::gui::{fonts, marks};
use crate::view::printable;

/// Paints the finding above what it is about.
pub(super) fn finding_banner_ui(ui: &mut Ui, finding: &Finding) {
    let (palette, words) = (Palette::of(ui), words(ui.ctx()));
    let small = |text: &str, color| RichText::new(text).size(theme::SECONDARY).color(color);
    let shown = Frame::new().fill(palette.sunken).inner_margin(Margin::symmetric(12, 8)).show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = theme::GRID;
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 2.0 * theme::GRID;
            marks::severity_ui(ui, finding.severity());
            ui.label(RichText::new(finding.rule.id()).font(fonts::mono_bold(theme::MONO)));
            ui.label(small(finding.severity().as_str(), palette.severity(finding.severity())));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.label(small(finding.rule.section(), palette.accent));
            });
        });
        ui.add(Label::new(RichText::new(printable(&words.sentence(&finding.fact)))).wrap());
        ui.add(Label::new(small(&words.explanation(finding.rule), palette.secondary)).wrap());
    });
    let rect = shown.response.rect;
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, palette.line));
}
