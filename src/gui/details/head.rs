//! The line above the panes: the tabs, and which frame of a message is shown.

use egui::{RichText, Sense, Ui, vec2};

use super::{DetailsState, Tab};
use crate::gui::button::{Border, icon_ui};
use crate::gui::command::Command;
use crate::gui::theme::{self, Palette};
use crate::gui::{fonts, marks, text};
use crate::query::RowId;

/// The tabs, and which frame of a message is shown.
pub(super) fn head_ui(ui: &mut Ui, details: &DetailsState, row: Option<RowId>, chosen: Tab) -> Option<Command> {
    let palette = Palette::of(ui);
    let mut command = None;
    let height = 34.0;
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, egui::Stroke::new(1.0, palette.line));
    let layout = egui::Layout::left_to_right(egui::Align::Center);
    text::within(ui, rect.shrink2(vec2(8.0, 0.0)), layout, |ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        for tab in Tab::ALL {
            if tab_ui(ui, tab, chosen == tab, height) {
                command = Some(Command::ShowTab(tab));
            }
        }
        let frames = details.steps;
        if let Some(RowId::Message(_)) = row
            && frames > 1
        {
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = 4.0;
                for (wish, way, enabled) in [
                    (Command::NextFrame, 1.0, details.step + 1 < frames),
                    (Command::PreviousFrame, -1.0, details.step > 0),
                ] {
                    ui.add_enabled_ui(enabled, |ui| {
                        if step_ui(ui, &wish, way) {
                            command = Some(wish);
                        }
                    });
                }
                let place = format!("Frame {} of {frames} of the message", details.step + 1);
                ui.label(RichText::new(place).size(theme::SECONDARY).color(palette.secondary));
            });
        }
    });
    command
}

fn step_ui(ui: &mut Ui, wish: &Command, way: f32) -> bool {
    let palette = Palette::of(ui);
    let color = if ui.is_enabled() { palette.text } else { palette.line_strong };
    icon_ui(ui, wish, vec2(24.0, 24.0), Border::Always, |painter, rect| {
        marks::arrow(painter, rect.center(), 11.0, way, color);
    })
}

fn tab_ui(ui: &mut Ui, tab: Tab, chosen: bool, height: f32) -> bool {
    let palette = Palette::of(ui);
    let wish = Command::ShowTab(tab);
    let font = if chosen { fonts::semibold(theme::BODY) } else { fonts::body(theme::BODY) };
    let wide = ui.painter().layout_no_wrap(wish.text().to_owned(), fonts::semibold(theme::BODY), palette.text).size().x;
    let (rect, response) = ui.allocate_exact_size(vec2(wide + 24.0, height), Sense::click());
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Tab, true, chosen, wish.text()));
    let color = if chosen || response.hovered() { palette.text } else { palette.secondary };
    ui.painter().text(rect.center(), egui::Align2::CENTER_CENTER, wish.text(), font, color);
    if chosen {
        let line = egui::Rect::from_min_max(rect.left_bottom() - vec2(-8.0, 2.0), rect.right_bottom() - vec2(8.0, 0.0));
        ui.painter().rect_filled(line, 0.0, palette.accent);
    }
    if response.has_focus() {
        ui.painter().rect_stroke(
            rect.shrink(3.0),
            4.0,
            egui::Stroke::new(1.0, palette.accent),
            egui::StrokeKind::Inside,
        );
    }
    let hint = wish.hint(ui.ctx());
    response.on_hover_text(hint).clicked()
}
