//! The start screen: a place to drop a file, recent captures, samples.

use std::path::{Path, PathBuf};

use egui::{Align, Align2, Layout, Rect, RichText, ScrollArea, Sense, Stroke, Ui, UiBuilder, WidgetInfo, pos2, vec2};

use super::command::Command;
use super::samples::{SAMPLES, Sample};
use super::theme::{self, Palette};
use super::{button, fonts, marks, text};
use crate::view::{length, printable};

/// Width of the column in the middle.
const WIDTH: f32 = 960.0;
/// Height of a sample's card.
const CARD: f32 = 76.0;
/// Room between cards.
const GAP: f32 = 12.0;
/// Recent captures that are listed.
const RECENT: usize = 4;

/// Paints the start screen. `unsaved` are captures that were sniffed and not saved, with their sizes in octets; `problem` is
/// why the last capture could not be opened.
pub fn start_ui(ui: &mut Ui, recent: &[PathBuf], unsaved: &[(PathBuf, u64)], problem: Option<&str>) -> Option<Command> {
    let mut command = None;
    ScrollArea::vertical().id_salt("start").auto_shrink(false).show(ui, |ui| {
        let room = ui.available_width();
        let width = (room - 48.0).clamp(280.0, WIDTH);
        let left = ((room - width) / 2.0).max(0.0);
        let columns = ((width + GAP) / (280.0 + GAP)).floor().clamp(1.0, 3.0) as usize;
        let rows = SAMPLES.len().div_ceil(columns) as f32;
        let tall = 60.0
            + 132.0
            + 44.0
            + rows * (CARD + GAP)
            + if unsaved.is_empty() { 0.0 } else { 44.0 + RECENT.min(unsaved.len()) as f32 * theme::ROW }
            + if recent.is_empty() { 0.0 } else { 44.0 + RECENT.min(recent.len()) as f32 * theme::ROW };
        ui.add_space(((ui.available_height() - tall) * 0.4).clamp(16.0, 120.0));
        let rect = Rect::from_min_size(pos2(ui.max_rect().left() + left, ui.cursor().top()), vec2(width, 0.0));
        let builder = UiBuilder::new().max_rect(rect).layout(Layout::top_down(Align::Min));
        ui.scope_builder(builder, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            ui.label(RichText::new("Every bit of every WebSocket frame").font(fonts::semibold(24.0)));
            ui.add_space(20.0);
            let wish = drop_ui(ui, problem);
            command = wish.or(command.take());
            if !unsaved.is_empty() {
                heading_ui(ui, "Unsaved captures");
                for (path, len) in unsaved.iter().take(RECENT) {
                    if recent_ui(ui, path, &length(*len)) {
                        command = Some(Command::Recover(path.clone()));
                    }
                }
                let more = unsaved.len().saturating_sub(RECENT);
                if let (1.., Some(folder)) = (more, unsaved.first().and_then(|(path, _)| path.parent())) {
                    let palette = Palette::of(ui);
                    let words = format!("and {more} more in {}", text::path_text(folder));
                    ui.label(RichText::new(words).size(theme::SECONDARY).color(palette.secondary));
                }
            }
            if !recent.is_empty() {
                heading_ui(ui, "Recent captures");
                for path in recent.iter().take(RECENT) {
                    let folder = path.parent().map_or_else(String::new, text::path_text);
                    if recent_ui(ui, path, &folder) {
                        command = Some(Command::OpenPath(path.clone()));
                    }
                }
            }
            heading_ui(ui, "Try a sample");
            if let Some(index) = samples_ui(ui, columns) {
                command = Some(Command::OpenSample(index));
            }
            ui.add_space(24.0);
        });
    });
    command
}

fn heading_ui(ui: &mut Ui, text: &str) {
    ui.add_space(24.0);
    ui.label(RichText::new(text).font(fonts::semibold(theme::HEADING)));
    ui.add_space(8.0);
}

/// The drop area, with the one primary button.
fn drop_ui(ui: &mut Ui, problem: Option<&str>) -> Option<Command> {
    let palette = Palette::of(ui);
    let hovering = ui.input(|input| !input.raw.hovered_files.is_empty());
    let height = if problem.is_some() { 148.0 } else { 112.0 };
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    ui.painter().rect_filled(rect, 8.0, if hovering { palette.selected } else { palette.sunken });
    let corners = [rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom(), rect.left_top()];
    let color = if hovering { palette.accent } else { palette.line_strong };
    ui.painter().extend(egui::Shape::dashed_line(&corners, Stroke::new(1.5, color), 6.0, 5.0));
    let mut command = None;
    text::within(ui, rect.shrink2(vec2(24.0, 16.0)), Layout::top_down(Align::Min), |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        if let Some(problem) = problem {
            problem_ui(ui, problem, palette);
            ui.add_space(10.0);
        }
        let line = ui.available_rect_before_wrap();
        text::within(ui, line, Layout::right_to_left(Align::Center), |ui| {
            if button::primary_ui(ui, &Command::Open, vec2(120.0, 36.0)) {
                command = Some(Command::Open);
            }
            ui.add_space(8.0);
            if cfg!(feature = "live") && button::button_ui(ui, &Command::Live, vec2(96.0, 36.0)) {
                command = Some(Command::Live);
            }
        });
        let words = line.with_max_x(line.right() - if cfg!(feature = "live") { 252.0 } else { 140.0 });
        let font = fonts::semibold(theme::HEADING);
        let above = words.with_min_y(words.center().y - 26.0).with_max_y(words.center().y);
        let below = words.with_min_y(words.center().y).with_max_y(words.center().y + 26.0);
        text::elided(ui, above, "Drop a capture here, open one, or sniff live", font, palette.text);
        let formats =
            "pcap or pcapng, plain or compressed with gzip or zstd. From a pipe: tcpdump -U -w - | framescope -";
        text::elided(ui, below, formats, fonts::body(theme::BODY), palette.secondary);
    });
    command
}

fn problem_ui(ui: &mut Ui, problem: &str, palette: &Palette) {
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 8.0;
        let (rect, _) = ui.allocate_exact_size(vec2(16.0, 18.0), Sense::hover());
        marks::severity(ui.painter(), rect.center(), 14.0, crate::base::Severity::Violation, palette);
        ui.add(egui::Label::new(RichText::new(printable(problem)).color(palette.violation)).wrap());
    });
}

fn recent_ui(ui: &mut Ui, path: &Path, beside: &str) -> bool {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), theme::ROW), Sense::click());
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, format!("Open {}", text::path_text(path))));
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect.expand2(vec2(8.0, 0.0)), 4.0, palette.hover);
    }
    let place = text::elided(ui, rect, &name, fonts::body(theme::BODY), palette.accent);
    let rest = rect.with_min_x(place.right() + 12.0);
    text::elided(ui, rest, beside, fonts::body(theme::SECONDARY), palette.secondary);
    response.on_hover_text(text::path_text(path)).clicked()
}

fn samples_ui(ui: &mut Ui, columns: usize) -> Option<usize> {
    let width = (ui.available_width() - GAP * (columns as f32 - 1.0)) / columns as f32;
    let rows = SAMPLES.len().div_ceil(columns);
    let tall = rows as f32 * (CARD + GAP) - GAP;
    let (area, _) = ui.allocate_exact_size(vec2(ui.available_width(), tall), Sense::hover());
    let mut chosen = None;
    for (index, sample) in SAMPLES.iter().enumerate() {
        let (row, column) = ((index / columns) as f32, (index % columns) as f32);
        let at = area.min + vec2(column * (width + GAP), row * (CARD + GAP));
        if card_ui(ui, Rect::from_min_size(at, vec2(width, CARD)), sample) {
            chosen = Some(index);
        }
    }
    chosen
}

fn card_ui(ui: &mut Ui, rect: Rect, sample: &Sample) -> bool {
    let palette = Palette::of(ui);
    let response = ui.interact(rect, ui.scope_id().with(sample.name), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, format!("Sample: {}", sample.title)));
    let lively = response.hovered() || response.has_focus();
    let line = if lively { palette.accent } else { palette.line };
    ui.painter().rect(
        rect,
        6.0,
        if lively { palette.hover } else { palette.raised },
        Stroke::new(1.0, line),
        egui::StrokeKind::Inside,
    );
    let room = rect.shrink2(vec2(14.0, 11.0));
    let title =
        ui.painter().text(room.left_top(), Align2::LEFT_TOP, sample.title, fonts::semibold(theme::BODY), palette.text);
    let galley =
        ui.painter().layout(sample.about.to_owned(), fonts::body(theme::SECONDARY), palette.secondary, room.width());
    ui.painter().galley(pos2(room.left(), title.bottom() + 3.0), galley, palette.secondary);
    response.on_hover_text(sample.name).clicked()
}
