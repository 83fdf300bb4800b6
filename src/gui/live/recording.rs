//! The process that sniffs, in numbers.

use std::io;
use std::path::Path;
use std::time::Instant;

use egui::{RichText, Sense, Ui, vec2};

use super::Unsaved;
use crate::base::{Severity, Timestamp};
use crate::capture::live::{Child, Ended, Start, State, Statistics};
use crate::gui::command::Command;
use crate::gui::opened::Opened;
use crate::gui::theme::{self, Palette};
use crate::gui::worker::Input;
use crate::gui::{marks, text};
use crate::view::{count, length};

/// From so many octets on that are captured and not shown yet, the display says how far behind it is.
const BEHIND: u64 = 1 << 20;

/// The process that sniffs what is shown.
#[derive(Debug)]
pub struct Recording {
    child: Child,
    /// How it was started.
    pub start: Start,
}

impl Recording {
    /// Starts to sniff into a new unsaved capture.
    ///
    /// # Errors
    /// One line that says why not.
    pub fn start(
        start: Start,
        folder: &Path,
        now: Timestamp,
        wake: impl Fn() + Send + 'static,
    ) -> Result<(Recording, Unsaved, Input), String> {
        let say = |error: io::Error| format!("{}: the capture cannot be written: {error}", folder.display());
        let unsaved = Unsaved::create(folder, &start.wanted.interface, now).map_err(say)?;
        let child = Child::start(&start, unsaved.path(), wake).map_err(|error| error.to_string())?;
        let input =
            Input::Growing { source: child.source().clone(), name: format!("{} (live)", start.wanted.interface) };
        Ok((Recording { child, start }, unsaved, input))
    }

    /// What is known of it.
    pub fn state(&self) -> State {
        self.child.state()
    }

    /// Whether it sniffs, or is about to.
    pub fn is_running(&self) -> bool {
        self.state().is_running()
    }

    /// Asks it to end.
    pub fn stop(&mut self) {
        self.child.stop();
    }
}

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
        let hint = wish.hint(ui.ctx());
        if ui.add(egui::Button::new(wish.text()).min_size(vec2(0.0, 28.0))).on_hover_text(hint).clicked() {
            command = Some(wish);
        }
    }
    command
}

/// How it goes, in the line of status.
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
            small(ui, &format!("{words}, {}", numbers(&statistics, None)), color).on_hover_text(hint);
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
