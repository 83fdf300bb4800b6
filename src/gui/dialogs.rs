//! The dialogs: a path to open or to save at, and help; what shows others is in files of their own.

use std::path::PathBuf;

use egui::{Key, Modal, RichText, ScrollArea, Ui, vec2};

use super::command::{Command, SHORTCUTS, key_text};
use super::go_to::go_to_ui;
use super::opened::Opened;
use super::theme::{self, Palette};
use super::treat::{Treat, treat_ui};
use super::{button, fonts};
use crate::base::Severity;
use crate::query::filter_terms;
use crate::view::printable;

/// A dialog that is open over the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dialog {
    /// A box to type a path into.
    Path {
        /// The text that was typed.
        path: String,
        /// Why that cannot be opened.
        problem: Option<String>,
    },
    /// A box to type a path into, for a capture to be saved at.
    SavePath {
        /// The text that was typed.
        path: String,
        /// Why it cannot be saved there.
        problem: Option<String>,
    },
    /// A question: is what was sniffed to be deleted?
    Discard {
        /// The name of the capture.
        name: String,
    },
    /// The choice of a TCP connection to be read as a WebSocket.
    Treat(Treat),
    /// The number of a row to go to, as typed so far.
    GoTo(String),
    /// Shortcuts, filter terms and what this program is.
    Help,
}

/// Paints the dialog about the capture that is open, if one is; returns whether it is to be closed, and what is to be done.
pub fn dialog_ui(ctx: &egui::Context, dialog: &mut Dialog, opened: Option<&Opened>) -> (bool, Option<Command>) {
    let style = ctx.style_of(ctx.theme());
    let frame = egui::Frame::popup(&style).inner_margin(egui::Margin::same(20));
    // Each kind has its own: under a common one, a small dialog keeps the size of a large one before it.
    let id = egui::Id::unique(("dialog", std::mem::discriminant(&*dialog)));
    let response = Modal::new(id).frame(frame).show(ctx, |ui| match dialog {
        Dialog::Path { path, problem } => path_ui(ui, &OPEN, path, problem.as_deref()),
        Dialog::SavePath { path, problem } => path_ui(ui, &SAVE, path, problem.as_deref()),
        Dialog::Discard { name } => discard_ui(ui, name),
        Dialog::Treat(treat) => treat_ui(ui, treat, opened.map(|opened| &*opened.others)),
        Dialog::GoTo(typed) => match opened.and_then(|opened| Some((opened.query().kind, opened.snapshot.as_ref()?))) {
            Some((kind, snapshot)) => go_to_ui(ui, typed, kind, snapshot),
            None => (true, None),
        },
        Dialog::Help => help_ui(ui),
    });
    let (closed, command) = response.inner.clone();
    (closed || command.is_some() || response.should_close(), command)
}

/// The words and the command of a box for a path.
struct PathBox {
    title: &'static str,
    why: &'static str,
    wish: fn(PathBuf) -> Command,
}

const OPEN: PathBox = PathBox {
    title: "Open a capture",
    why: "Type the path of a pcap or pcapng file. Dropping the file on the window works too.",
    wish: Command::OpenPath,
};

const SAVE: PathBox = PathBox {
    title: "Save the capture",
    why: "Type the path of the file. A file that is there is not overwritten.",
    wish: Command::SaveAs,
};

/// Asks whether what was sniffed is to be deleted.
fn discard_ui(ui: &mut Ui, name: &str) -> (bool, Option<Command>) {
    let palette = Palette::of(ui);
    ui.set_width(420.0);
    ui.label(RichText::new("Discard this capture?").font(fonts::semibold(theme::HEADING)));
    ui.add_space(4.0);
    let words = format!("{} was not saved. Its packets will be deleted, and cannot be had again.", printable(name));
    ui.add(egui::Label::new(RichText::new(words).color(palette.secondary)).wrap());
    ui.add_space(12.0);
    let mut result = (false, None);
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
        let wish = Command::DiscardForGood;
        let button = egui::Button::new(RichText::new(wish.text()).color(palette.violation)).min_size(vec2(88.0, 30.0));
        if ui.add(button).on_hover_text(wish.tooltip()).clicked() {
            result.1 = Some(wish);
        }
        result.0 = ui.add(egui::Button::new("Keep it").min_size(vec2(88.0, 30.0))).clicked();
    });
    result
}

fn path_ui(ui: &mut Ui, kind: &PathBox, path: &mut String, problem: Option<&str>) -> (bool, Option<Command>) {
    let palette = Palette::of(ui);
    ui.set_width(520.0);
    ui.label(RichText::new(kind.title).font(fonts::semibold(theme::HEADING)));
    ui.add_space(4.0);
    ui.label(RichText::new(kind.why).color(palette.secondary));
    ui.add_space(8.0);
    let edit = egui::TextEdit::singleline(path)
        .hint_text("/path/to/capture.pcapng")
        .desired_width(f32::INFINITY)
        .margin(egui::Margin::symmetric(8, 6));
    let response = ui.add(edit);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Path of a capture"));
    if !response.has_focus() && !response.lost_focus() {
        response.request_focus();
    }
    if let Some(problem) = problem {
        ui.add_space(8.0);
        super::explain::problem_ui(ui, Severity::Violation, problem);
    }
    let entered = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    ui.add_space(12.0);
    let given = !path.trim().is_empty();
    let wish = (kind.wish)(PathBuf::from(path.trim()));
    let mut result = (false, (entered && given).then(|| wish.clone()));
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
        ui.add_enabled_ui(given, |ui| {
            if button::primary_ui(ui, &wish, vec2(88.0, 30.0)) {
                result.1 = Some(wish);
            }
        });
        result.0 = ui.add(egui::Button::new("Cancel").min_size(vec2(72.0, 30.0))).clicked();
    });
    result
}

fn help_ui(ui: &mut Ui) -> (bool, Option<Command>) {
    let palette = Palette::of(ui);
    let screen = ui.ctx().content_rect().size();
    ui.set_width((screen.x - 120.0).clamp(320.0, 840.0));
    ui.label(RichText::new(concat!("Framescope ", env!("CARGO_PKG_VERSION"))).font(fonts::semibold(18.0)));
    let about = "Shows every bit of every WebSocket frame in a capture, as RFC 6455 draws it. \
                 The same answers on the command line: framescope --help";
    ui.add(egui::Label::new(RichText::new(about).color(palette.secondary)).wrap());
    ui.add_space(12.0);
    ScrollArea::vertical().max_height((screen.y - 260.0).max(160.0)).auto_shrink([false, true]).show(ui, |ui| {
        ui.label(RichText::new("Keys").font(fonts::semibold(theme::HEADING)));
        ui.add_space(4.0);
        let half = SHORTCUTS.len().div_ceil(2);
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 40.0;
            for (name, part) in ["keys left", "keys right"].iter().zip(SHORTCUTS.chunks(half)) {
                egui::Grid::new(name).num_columns(2).spacing(vec2(16.0, 2.0)).show(ui, |ui| {
                    for (command, shortcut) in part {
                        let key = key_text(ui.ctx(), shortcut);
                        ui.label(RichText::new(key).font(fonts::mono(theme::SECONDARY)));
                        ui.label(RichText::new(command.text()).color(palette.secondary))
                            .on_hover_text(command.tooltip());
                        ui.end_row();
                    }
                });
            }
        });
        ui.add_space(16.0);
        ui.label(RichText::new("Filter").font(fonts::semibold(theme::HEADING)));
        ui.add_space(4.0);
        egui::Grid::new("filter help").num_columns(2).spacing(vec2(16.0, 2.0)).show(ui, |ui| {
            for (term, what) in filter_terms() {
                ui.label(RichText::new(term).font(fonts::mono(theme::SECONDARY)));
                ui.label(RichText::new(what).color(palette.secondary));
                ui.end_row();
            }
        });
    });
    ui.add_space(12.0);
    let closed = ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
        ui.add(egui::Button::new("Close").min_size(vec2(88.0, 30.0))).clicked()
    });
    (closed.inner, None)
}
