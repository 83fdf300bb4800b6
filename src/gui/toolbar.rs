//! The upper edge: open, stop, filter, theme, help.

use egui::{Align, Layout, RichText, Ui, WidgetInfo, vec2};

use super::button::{Border, button_ui, icon_ui};
use super::command::Command;
use super::opened::Opened;
use super::theme::{self, Palette};
use super::{fonts, marks};
use crate::base::Severity;
use crate::query::filter_terms;
use crate::view::printable;

/// The id of the filter box, so that a command can give it the focus.
pub const FILTER: &str = "filter";

/// Paints the toolbar.
pub fn toolbar_ui(ui: &mut Ui, opened: Option<&Opened>, focus_filter: bool) -> Option<Command> {
    let mut command = None;
    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = 8.0;
        if opened.is_some() && button_ui(ui, &Command::Open, vec2(0.0, 28.0)) {
            command = Some(Command::Open);
        }
        if cfg!(feature = "live") && opened.is_some() && button_ui(ui, &Command::Live, vec2(0.0, 28.0)) {
            command = Some(Command::Live);
        }
        let Some(opened) = opened else {
            ui.label(RichText::new("Framescope").font(fonts::semibold(theme::HEADING)));
            command = right_ui(ui).or(command.take());
            return;
        };
        if opened.state.is_active() && button_ui(ui, &Command::Stop, vec2(0.0, 28.0)) {
            command = Some(Command::Stop);
        }
        ui.add_space(4.0);
        let name = RichText::new(printable(short_name(&opened.name))).font(fonts::semibold(theme::BODY));
        let wide = (ui.available_width() * 0.3).max(80.0);
        ui.scope(|ui| {
            ui.set_max_width(wide);
            ui.add(egui::Label::new(name).truncate().selectable(false)).on_hover_text(printable(&opened.name));
        });
        if cross_ui(ui, &Command::CloseCapture) {
            command = Some(Command::CloseCapture);
        }
        #[cfg(feature = "live")]
        if let Some(wish) = super::live::tools_ui(ui, opened) {
            command = Some(wish);
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            command = right_buttons_ui(ui).or(command.take());
            ui.add_space(4.0);
            if let Some(wish) = filter_ui(ui, opened, focus_filter) {
                command = Some(wish);
            }
        });
    });
    command
}

/// A file's name without its folder.
fn short_name(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().filter(|short| !short.is_empty()).unwrap_or(name)
}

fn right_ui(ui: &mut Ui) -> Option<Command> {
    ui.with_layout(Layout::right_to_left(Align::Center), right_buttons_ui).inner
}

/// From the right: help, theme.
fn right_buttons_ui(ui: &mut Ui) -> Option<Command> {
    let mut command = None;
    if button_ui(ui, &Command::Help, vec2(0.0, 28.0)) {
        command = Some(Command::Help);
    }
    if theme_ui(ui) {
        command = Some(Command::ToggleTheme);
    }
    command
}

/// Half a disc: the other theme.
fn theme_ui(ui: &mut Ui) -> bool {
    let color = Palette::of(ui).text;
    icon_ui(ui, &Command::ToggleTheme, vec2(32.0, 28.0), Border::Always, |painter, rect| {
        marks::theme(painter, rect.center(), 14.0, color);
    })
}

/// A cross behind what it closes or empties.
fn cross_ui(ui: &mut Ui, wish: &Command) -> bool {
    let color = Palette::of(ui).secondary;
    icon_ui(ui, wish, vec2(24.0, 24.0), Border::Hovered, |painter, rect| {
        marks::cross(painter, rect.center(), 11.0, color);
    })
}

/// The filter box, and behind it what is wrong with the filter, or a cross that empties it.
fn filter_ui(ui: &mut Ui, opened: &Opened, focus: bool) -> Option<Command> {
    let palette = Palette::of(ui);
    let mut command = None;
    if opened.filter_text.is_empty() {
        // The box stays where it is when the cross appears.
        ui.allocate_exact_size(vec2(24.0, 24.0), egui::Sense::hover());
    } else if cross_ui(ui, &Command::ClearFilter) {
        command = Some(Command::ClearFilter);
    }
    let wide = (ui.available_width() - 24.0).clamp(80.0, 380.0);
    let mut text = opened.filter_text.clone();
    let edit = egui::TextEdit::singleline(&mut text)
        .id(egui::Id::unique(FILTER))
        .hint_text("Filter: opcode:text  len>100  finding")
        .desired_width(wide)
        .margin(egui::Margin::symmetric(8, 6));
    let response = ui.add(edit);
    if focus {
        response.request_focus();
    }
    if response.changed() {
        command = Some(Command::FilterBy(text));
    }
    if let Some(why) = &opened.filter_error {
        let rect = response.rect;
        ui.painter().rect_stroke(rect, 4.0, egui::Stroke::new(1.5, palette.violation), egui::StrokeKind::Inside);
        let (mark, place) = ui.allocate_exact_size(vec2(16.0, 24.0), egui::Sense::hover());
        marks::severity(ui.painter(), mark.center(), 13.0, Severity::Violation, palette);
        // The list says so above its rows: a bubble from here would cover what is below.
        place.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, why));
        place.on_hover_text(why);
    }
    response.on_hover_ui(filter_help_ui);
    command
}

/// The terms of a filter, each with what it does.
pub fn filter_help_ui(ui: &mut Ui) {
    let palette = Palette::of(ui);
    ui.set_max_width(520.0);
    ui.label(RichText::new("All terms must hold").font(fonts::semibold(theme::BODY)));
    egui::Grid::new("filter terms").num_columns(2).spacing(vec2(16.0, 4.0)).show(ui, |ui| {
        for (term, what) in filter_terms() {
            ui.label(RichText::new(term).font(fonts::mono(theme::SECONDARY)));
            ui.add(egui::Label::new(RichText::new(what).size(theme::SECONDARY).color(palette.secondary)).wrap());
            ui.end_row();
        }
    });
}
