//! The parameters of permessage-deflate: offered, accepted, and what holds because of that.

use egui::{Align, Label, Layout, RichText, Sense, Stroke, Ui, vec2};

use super::theme::{self, Palette};
use super::{fonts, marks};
use crate::view::DeflateParameter;

/// Widths of the names, of what was offered, of the arrow, of what was accepted.
const WIDTHS: [f32; 4] = [212.0, 92.0, 16.0, 64.0];
const GAP: f32 = 12.0;
/// Lines longer than this are hard to read.
const MEANING: f32 = 620.0;

/// Paints the parameters, a row each.
pub fn parameters_ui(ui: &mut Ui, parameters: &[DeflateParameter]) {
    let palette = Palette::of(ui);
    let fixed = WIDTHS.iter().sum::<f32>() + 4.0 * GAP;
    let meaning = (ui.available_width() - fixed - GAP).clamp(160.0, MEANING);
    let line = |ui: &mut Ui, cells: &mut dyn FnMut(&mut Ui, usize)| {
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing = vec2(GAP, 2.0);
            for (index, width) in WIDTHS.into_iter().chain([meaning]).enumerate() {
                ui.allocate_ui_with_layout(vec2(width, 18.0), Layout::top_down(Align::Min), |ui| {
                    ui.set_width(width);
                    cells(ui, index);
                });
            }
        });
    };
    let small = |words: &str, ink| RichText::new(words).size(theme::SECONDARY).color(ink);
    line(ui, &mut |ui, index| {
        ui.label(small(["Parameter", "Offered", "", "Accepted", "What that means"][index], palette.secondary));
    });
    for row in parameters {
        ui.painter().hline(ui.max_rect().x_range(), ui.cursor().top() - 2.0, Stroke::new(1.0, palette.line));
        let value = |ui: &mut Ui, text: &str| {
            let (text, ink) = if text.is_empty() { ("no", palette.faint) } else { (text, palette.text) };
            let text = RichText::new(text).font(fonts::mono(theme::SECONDARY)).color(ink);
            ui.add(Label::new(text).selectable(true).wrap());
        };
        line(ui, &mut |ui, index| match index {
            0 => {
                let name = RichText::new(&row.name).font(fonts::mono_bold(theme::SECONDARY));
                ui.add(Label::new(name).selectable(true).wrap());
                ui.label(small(row.section, palette.accent));
            }
            1 => value(ui, &row.offered),
            2 => {
                let (rect, _) = ui.allocate_exact_size(vec2(16.0, 16.0), Sense::hover());
                marks::arrow(ui.painter(), rect.center(), 12.0, 1.0, palette.faint);
            }
            3 => value(ui, &row.accepted),
            _ => drop(ui.add(Label::new(small(&row.meaning, palette.text)).wrap())),
        });
    }
}
