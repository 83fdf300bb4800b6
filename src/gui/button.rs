//! Buttons that stand for a command: its words, its tooltip, its key.

use egui::{Painter, Rect, RichText, Ui, Vec2, WidgetInfo};

use super::command::Command;
use super::fonts;
use super::theme::{self, Palette};

/// A button with the command's words.
pub fn button_ui(ui: &mut Ui, wish: &Command, size: Vec2) -> bool {
    let hint = wish.hint(ui.ctx());
    ui.add(egui::Button::new(wish.text()).min_size(size)).on_hover_text(hint).clicked()
}

/// The one button of a screen that stands out.
pub fn primary_ui(ui: &mut Ui, wish: &Command, size: Vec2) -> bool {
    let palette = Palette::of(ui);
    let hint = wish.hint(ui.ctx());
    let text = RichText::new(wish.text()).font(fonts::semibold(theme::BODY)).color(palette.on_accent);
    let button = egui::Button::new(text).fill(palette.accent).min_size(size);
    ui.add(button).on_hover_text(hint).clicked()
}

/// A frame around an icon: always, or only under the pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Border {
    /// Always.
    Always,
    /// Only under the pointer.
    Hovered,
}

/// A button that shows a painted shape instead of words; `paint` learns where.
pub fn icon_ui(ui: &mut Ui, wish: &Command, size: Vec2, border: Border, paint: impl FnOnce(&Painter, Rect)) -> bool {
    let enabled = ui.is_enabled();
    let button = egui::Button::new("").frame_when_inactive(border == Border::Always).min_size(size);
    let response = ui.add(button);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, enabled, wish.text()));
    paint(ui.painter(), response.rect);
    let hint = wish.hint(ui.ctx());
    response.on_hover_text(hint).clicked()
}
