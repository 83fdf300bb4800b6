//! The sniffing in the window: buttons in the toolbar, numbers in the line of status.

use std::time::Instant;

use egui::{RichText, Sense, Ui, vec2};

use super::Recording;
use crate::base::Severity;
use crate::capture::live::{Ended, State, Statistics};
use crate::gui::button::button_ui;
use crate::gui::command::Command;
use crate::gui::opened::Opened;
use crate::gui::theme::{self, Palette};
use crate::gui::{marks, text};
use crate::view::{count, length, printable};

/// From so many octets on that are captured and not shown yet, the display says how far behind it is.
const BEHIND: u64 = 1 << 20;

/// Buttons behind the capture's name: start again, save, discard.
pub fn tools_ui(ui: &mut Ui, opened: &Opened) -> Option<Command> {
    let running = opened.recording.as_ref().is_some_and(Recording::is_running);
    let mut wishes = Vec::new();
    if opened.recording.is_some() && !running {
        wishes.push(Command::RestartLive);
    }
    if opened.unsaved.is_some() && !running {
        wishes.extend([Command::Save, Command::Discard]);
    }
    let mut command = None;
    for wish in wishes {
        if button_ui(ui, &wish, vec2(0.0, 28.0)) {
            command = Some(wish);
        }
    }
    command
}

/// Paints the numbers of the sniffing into the line of status.
pub fn recording_ui(ui: &mut Ui, opened: &Opened) {
    let palette = Palette::of(ui);
    let Some(recording) = &opened.recording else { return };
    let State { started, statistics, ended, .. } = recording.state();
    let small = |ui: &mut Ui, words: &str, color| {
        ui.add(egui::Label::new(RichText::new(words).size(theme::SECONDARY).color(color)).selectable(false))
    };
    match (&ended, started) {
        (None, None) => drop(small(ui, "Opening the interface…", palette.text)),
        (None, Some(started)) => {
            ui.scope(|ui| {
                ui.spacing_mut().item_spacing.x = 6.0;
                let (rect, _) = ui.allocate_exact_size(vec2(10.0, 16.0), Sense::hover());
                ui.painter().circle_filled(rect.center(), 4.0, palette.violation);
                small(ui, &format!("Sniffing {}", numbers(&statistics, Some(started))), palette.text);
            });
            // The clock goes on without packets.
            ui.ctx().request_repaint_after(std::time::Duration::from_millis(500));
        }
        (Some(ended), _) => {
            let (words, color) = why(ended, palette);
            let hint =
                "What was captured is complete up to there. Save keeps it; until then it is offered at every start.";
            small(ui, &printable(&format!("{words}, {}", numbers(&statistics, None))), color).on_hover_text(hint);
        }
    }
    if statistics.dropped + statistics.dropped_by_card > 0 {
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.x = 5.0;
            let (rect, _) = ui.allocate_exact_size(vec2(13.0, 16.0), Sense::hover());
            marks::severity(ui.painter(), rect.center(), 12.0, Severity::Violation, palette);
            let by_card = statistics.dropped_by_card;
            let words = match by_card {
                0 => format!("{} dropped by the kernel", count(statistics.dropped, "packet")),
                _ => format!("{} dropped by the kernel, {by_card} by the card", count(statistics.dropped, "packet")),
            };
            let hint = "More came than could be taken. A capture filter or a larger buffer helps.";
            small(ui, &words, palette.violation).on_hover_text(hint);
        });
    }
    let behind = opened.state.len.saturating_sub(opened.state.position);
    if behind > BEHIND && opened.state.is_growing() {
        let hint = "Nothing is lost: everything is captured first, and shown as fast as it can be.";
        small(ui, &format!("display {} behind", length(behind)), palette.warning).on_hover_text(hint);
    }
}

/// `on for 1 m 5 s, 1,204 packets, 96.1 KiB`
fn numbers(statistics: &Statistics, started: Option<Instant>) -> String {
    let elapsed = started.map_or(u128::from(statistics.elapsed_ns), |started| started.elapsed().as_nanos());
    let seconds = i64::try_from(elapsed / 1_000_000_000).unwrap_or(i64::MAX / 1_000_000_000);
    let elapsed = text::duration(seconds * 1_000_000_000);
    format!("{elapsed}, {}, {}", count(statistics.packets, "packet"), length(statistics.octets))
}

fn why(ended: &Ended, palette: &Palette) -> (String, egui::Color32) {
    match ended {
        Ended::Asked => ("Stopped".to_owned(), palette.secondary),
        Ended::Packets(most) => (format!("Ended at the limit of {}", count(*most, "packet")), palette.text),
        Ended::Duration(most) => {
            let most = text::duration(i64::try_from(*most).unwrap_or(i64::MAX));
            (format!("Ended at the limit of {most}"), palette.text)
        }
        Ended::Size(most) => (format!("Ended at the limit of {}", length(*most)), palette.text),
        Ended::Interface(why) => (format!("Sniffing ended: {why}"), palette.warning),
        Ended::File(why) => (format!("The capture cannot be written further: {why}"), palette.violation),
        Ended::Died(how) => (format!("The process that sniffed has gone ({how})"), palette.violation),
    }
}
