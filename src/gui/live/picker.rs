//! Choosing what to sniff.

use std::time::{Duration, Instant};

use egui::{Align2, Modal, Rect, RichText, ScrollArea, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::options::{Options, options_ui};
use crate::base::Severity;
use crate::capture::live::{
    Activity, NetworkInterface, PRESETS, SniffOptions, Start, check_filter, fixes, interfaces, is_root, pkexec,
};
use crate::gui::command::Command;
use crate::gui::theme::{self, Palette};
use crate::gui::{button, explain, fonts, marks, text};
use crate::view::printable;

/// Height of an interface's row.
const ROW: f32 = 40.0;
/// Between two looks at the interfaces' counters.
const LOOK: Duration = Duration::from_millis(250);

/// The choice so far.
#[derive(Clone, Debug)]
pub struct Picker {
    interfaces: Result<Vec<NetworkInterface>, String>,
    chosen: String,
    filter: String,
    options: Options,
    activity: Activity,
    looked: Option<Instant>,
    /// Why the last start failed, and whether rights were missing.
    problem: Option<(String, bool)>,
}

impl Picker {
    /// Nothing chosen but the first interface: loopback, where there is one.
    pub fn new() -> Picker {
        let interfaces = interfaces();
        let chosen = interfaces.as_ref().ok().and_then(|all| all.first()).map(|first| first.name.clone());
        Picker {
            interfaces,
            chosen: chosen.unwrap_or_default(),
            filter: String::new(),
            options: Options::default(),
            activity: Activity::default(),
            looked: None,
            problem: None,
        }
    }

    /// Offers the same choice once more, as starting it failed: why, and whether rights were missing.
    pub fn again(mut self, start: &Start, why: String, lacks_rights: bool) -> Picker {
        self.chosen.clone_from(&start.wanted.interface);
        self.filter.clone_from(&start.wanted.filter);
        self.problem = Some((why, lacks_rights));
        self
    }

    fn interface(&self) -> Option<&NetworkInterface> {
        self.interfaces.as_ref().ok()?.iter().find(|interface| interface.name == self.chosen)
    }

    /// Why the filter cannot be used, in its compiler's words.
    fn filter_problem(&self) -> Option<String> {
        let link = self.interface().map_or(crate::base::LinkType::ETHERNET, NetworkInterface::link);
        check_filter(&self.filter, link).err()
    }

    /// Returns what is to be started, if the choice can be; `elevated` asks for a password.
    pub fn start(&self, elevated: bool) -> Option<Start> {
        let (buffer, limits) = (self.options.buffer().ok()?, self.options.limits().ok()?);
        if self.chosen.is_empty() || self.filter_problem().is_some() {
            return None;
        }
        let wanted = SniffOptions {
            filter: self.filter.trim().to_owned(),
            promiscuous: self.options.promiscuous,
            buffer,
            ..SniffOptions::on(&self.chosen)
        };
        let program = std::env::current_exe().ok()?;
        Some(Start { program, through: if elevated { pkexec() } else { None }, wanted, limits })
    }
}

impl Default for Picker {
    fn default() -> Picker {
        Picker::new()
    }
}

/// Paints the dialog; returns whether it is to be closed, and what is to be done.
pub fn picker_ui(ctx: &egui::Context, picker: &mut Picker) -> (bool, Option<Command>) {
    if picker.looked.is_none_or(|looked| looked.elapsed() >= LOOK) {
        picker.activity.look();
        picker.looked = Some(Instant::now());
    }
    ctx.request_repaint_after(LOOK);
    let style = ctx.style_of(ctx.theme());
    let frame = egui::Frame::popup(&style).inner_margin(egui::Margin::same(20));
    let response = Modal::new(egui::Id::unique("live")).frame(frame).show(ctx, |ui| dialog_ui(ui, picker));
    let (closed, command) = response.inner.clone();
    (closed || command.is_some() || response.should_close(), command)
}

fn dialog_ui(ui: &mut Ui, picker: &mut Picker) -> (bool, Option<Command>) {
    let palette = Palette::of(ui);
    let screen = ui.ctx().content_rect().size();
    ui.set_width((screen.x - 120.0).clamp(360.0, 720.0));
    ui.label(RichText::new("Sniff an interface").font(fonts::semibold(18.0)));
    ui.add_space(2.0 * theme::GRID);
    let mut command = None;
    ScrollArea::vertical().id_salt("live").max_height((screen.y - 190.0).max(180.0)).auto_shrink([false, true]).show(
        ui,
        |ui| {
            if is_root() {
                let words = "This window runs as root, which it need not: only the process that sniffs needs the right to, \
                             and gives it away at once.";
                explain::problem_ui(ui, Severity::Warning, words);
                ui.add_space(2.0 * theme::GRID);
            }
            if let Some((why, lacks_rights)) = picker.problem.clone() {
                command = problem_ui(ui, picker, &why, lacks_rights);
            }
            if interfaces_ui(ui, picker) {
                command = Some(Command::StartLive { elevated: false });
            }
            ui.add_space(3.0 * theme::GRID);
            filter_ui(ui, picker);
            ui.add_space(2.0 * theme::GRID);
            egui::CollapsingHeader::new(RichText::new("Limits and options").color(palette.secondary))
                .id_salt("options")
                .show(ui, |ui| options_ui(ui, &mut picker.options));
        },
    );
    ui.add_space(3.0 * theme::GRID);
    let mut closed = false;
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
        ui.add_enabled_ui(picker.start(false).is_some(), |ui| {
            if button::primary_ui(ui, &Command::StartLive { elevated: false }, vec2(96.0, 32.0)) {
                command = Some(Command::StartLive { elevated: false });
            }
        });
        closed = ui.add(egui::Button::new("Cancel").min_size(vec2(80.0, 32.0))).clicked();
    });
    (closed, command)
}

/// Why it could not start, and ways out.
fn problem_ui(ui: &mut Ui, picker: &Picker, why: &str, lacks_rights: bool) -> Option<Command> {
    let palette = Palette::of(ui);
    let mut command = None;
    explain::problem_ui(ui, Severity::Violation, why);
    if lacks_rights {
        ui.add_space(theme::GRID);
        if pkexec().is_some() {
            let wish = Command::StartLive { elevated: true };
            if ui.button(wish.text()).on_hover_text(wish.tooltip()).clicked() {
                command = Some(wish);
            }
            ui.add_space(theme::GRID);
        }
        for fix in fixes(picker.options.promiscuous) {
            ui.label(RichText::new(&fix.what).size(theme::SECONDARY).color(palette.secondary));
            ui.horizontal(|ui| {
                if ui.small_button("Copy").on_hover_text("Copy this line").clicked() {
                    ui.ctx().copy_text(fix.command.clone());
                }
                let line = RichText::new(&fix.command).font(fonts::mono(theme::SECONDARY));
                ui.add(egui::Label::new(line).wrap());
            });
            ui.add_space(theme::GRID);
        }
    }
    ui.add_space(2.0 * theme::GRID);
    command
}

/// A row for each interface; whether one was clicked twice.
fn interfaces_ui(ui: &mut Ui, picker: &mut Picker) -> bool {
    let palette = Palette::of(ui);
    let interfaces = match &picker.interfaces {
        Ok(interfaces) if !interfaces.is_empty() => interfaces.clone(),
        Ok(_) => {
            explain::problem_ui(ui, Severity::Violation, "There is no interface that could be sniffed.");
            return false;
        }
        Err(why) => {
            explain::problem_ui(ui, Severity::Violation, why);
            return false;
        }
    };
    ui.spacing_mut().item_spacing.y = 0.0;
    let mut started = false;
    let tall = (interfaces.len() as f32 * ROW).min(5.5 * ROW);
    ScrollArea::vertical().id_salt("interfaces").max_height(tall).auto_shrink([false, true]).show(ui, |ui| {
        for interface in &interfaces {
            let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::CLICK);
            let chosen = picker.chosen == interface.name;
            response.widget_info(|| WidgetInfo::selected(egui::Role::ListItem, true, chosen, label(interface)));
            if response.clicked() || response.double_clicked() {
                picker.chosen.clone_from(&interface.name);
            }
            started |= response.double_clicked();
            let ground = match (chosen, response.hovered()) {
                (true, _) => Some(palette.selected),
                (_, true) => Some(palette.hover),
                _ => None,
            };
            if let Some(color) = ground {
                ui.painter().rect_filled(rect, f32::from(theme::RADIUS), color);
            }
            interface_ui(ui, rect.shrink2(vec2(12.0, 4.0)), interface, &picker.activity, palette);
            response.on_hover_text(label(interface));
        }
    });
    ui.spacing_mut().item_spacing.y = theme::GRID;
    started
}

fn label(interface: &NetworkInterface) -> String {
    let mut words = vec![interface.name.clone()];
    words.extend(interface.description.clone());
    words.extend(interface.addresses.iter().cloned());
    words.push(if interface.up { "up" } else { "down" }.to_owned());
    words.extend(interface.loopback.then(|| "loopback".to_owned()));
    words.extend(interface.link_name.map(str::to_owned));
    printable(&words.join(", "))
}

fn interface_ui(ui: &Ui, room: Rect, interface: &NetworkInterface, activity: &Activity, palette: &Palette) {
    let (spark, state) = (150.0, 64.0);
    let words = room.with_max_x(room.right() - spark - state - 16.0);
    let color = if interface.up { palette.text } else { palette.secondary };
    let upper = words.with_max_y(words.center().y);
    let name = text::elided(ui, upper, &interface.name, fonts::semibold(theme::BODY), color);
    if let Some(description) = &interface.description {
        let beside = upper.with_min_x(name.right() + 10.0);
        text::elided(ui, beside, description, fonts::body(theme::SECONDARY), palette.secondary);
    }
    let mut below = interface.addresses.join(", ");
    if below.is_empty() {
        below = interface.link_name.unwrap_or("no address").to_owned();
    }
    text::elided(ui, words.with_min_y(words.center().y), &below, fonts::mono(theme::SMALL), palette.secondary);
    // The state in words beside its mark: nothing is told by colour alone.
    let at = pos2(words.right() + 12.0, room.center().y);
    let state = if interface.up { "up" } else { "down" };
    if interface.up {
        marks::tick(ui.painter(), at, 10.0, palette.good);
    } else {
        marks::cross(ui.painter(), at, 9.0, palette.faint);
    }
    let font = fonts::body(theme::SECONDARY);
    ui.painter().text(at + vec2(10.0, 0.0), Align2::LEFT_CENTER, state, font, palette.secondary);
    sparkline(ui, room.with_min_x(room.right() - spark), interface, activity, palette);
}

/// Packets lately, the newest to the right, and the octets a second now.
fn sparkline(ui: &Ui, room: Rect, interface: &NetworkInterface, activity: &Activity, palette: &Palette) {
    let lately: Vec<u64> = activity.of(&interface.name).map(|traffic| traffic.packets).collect();
    let plot = room.with_max_y(room.bottom() - 2.0);
    ui.painter().hline(plot.x_range(), plot.bottom(), Stroke::new(1.0, palette.line));
    let most = lately.iter().copied().max().unwrap_or(0).max(10) as f32;
    let step = plot.width() / 32.0;
    for (place, packets) in lately.iter().rev().enumerate().filter(|(_, packets)| **packets > 0) {
        let tall = (*packets as f32 / most * plot.height()).max(2.0);
        let right = plot.right() - place as f32 * step;
        let bar = Rect::from_min_max(pos2(right - step + 1.0, plot.bottom() - tall), pos2(right, plot.bottom()));
        ui.painter().rect_filled(bar, 0.0, palette.accent);
    }
}

/// The capture filter, checked as it is typed.
fn filter_ui(ui: &mut Ui, picker: &mut Picker) {
    let palette = Palette::of(ui);
    ui.label(RichText::new("Capture filter").font(fonts::semibold(theme::BODY)));
    let edit = egui::TextEdit::singleline(&mut picker.filter)
        .hint_text("All packets. For example: tcp port 8080")
        .font(fonts::mono(theme::MONO))
        .desired_width(f32::INFINITY)
        .margin(egui::Margin::symmetric(8, 6));
    let response = ui.add(edit);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::TextInput, true, "Capture filter"));
    match picker.filter_problem() {
        Some(why) => drop(explain::problem_ui(ui, Severity::Violation, &why)),
        None => {
            let words = if picker.filter.trim().is_empty() { "Everything is captured." } else { "This is a filter." };
            ui.label(RichText::new(words).size(theme::SECONDARY).color(palette.secondary));
        }
    }
    let own = picker.interface().and_then(NetworkInterface::own_traffic);
    ui.horizontal_wrapped(|ui| {
        for preset in PRESETS {
            if ui.small_button(preset.text).on_hover_text(preset.filter).clicked() {
                picker.filter = preset.filter.to_owned();
            }
        }
        if let Some(own) = own
            && ui.small_button("This host").on_hover_text(&own).clicked()
        {
            picker.filter = own;
        }
    });
}
