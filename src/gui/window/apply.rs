//! The effect of each command.

use super::Window;
use crate::dissect::UserDecision;
use crate::gui::ask;
use crate::gui::command::Command;
use crate::gui::dialogs::Dialog;
use crate::gui::input::{Input, refused};
use crate::gui::opened::Opened;
use crate::gui::pane::Pane;
use crate::gui::samples::SAMPLES;
use crate::gui::treat::Treat;
use crate::gui::words::words;
use crate::net::Flow;
use crate::query::RowKind;

impl Window {
    /// Does what the user asks for: the only place where a [`Command`] has an effect.
    pub fn apply(&mut self, ctx: &egui::Context, command: Command) {
        match &command {
            Command::Open => {
                if self.asked.is_none() {
                    let ctx = ctx.clone();
                    self.asked = Some(ask::ask_for_file(move || ctx.request_repaint()));
                }
            }
            // What is open is not given up for a path that is wrong.
            Command::OpenPath(path) => match refused(path).filter(|_| self.opened.is_some()) {
                Some(problem) => {
                    self.dialog = Some(Dialog::Path { path: path.display().to_string(), problem: Some(problem) });
                }
                None => self.open(ctx, Input::File(path.clone())),
            },
            Command::OpenSample(index) => {
                if let Some(sample) = SAMPLES.get(*index) {
                    self.open(ctx, Input::Octets { octets: sample.octets.to_vec(), name: sample.name.to_owned() });
                }
            }
            Command::CloseCapture => {
                self.opened = None;
                #[cfg(feature = "live")]
                self.live.forget_left_over();
            }
            #[cfg(feature = "live")]
            Command::Live
            | Command::StartLive { .. }
            | Command::RestartLive
            | Command::Save
            | Command::SaveAs(_)
            | Command::Discard
            | Command::DiscardForGood => {
                self.dialog = self.live.apply(ctx, &mut self.opened, &command);
            }
            #[cfg(feature = "live")]
            Command::Recover(path) => match self.live.recover(ctx, path) {
                Ok(opened) => self.opened = Some(opened),
                Err(why) => self.problem = Some(why),
            },
            Command::ToggleTheme => self.settings.toggle_theme(ctx),
            Command::Help => self.dialog = Some(Dialog::Help),
            Command::Treat => {
                if self.opened.is_some() {
                    self.dialog = Some(Dialog::Treat(Treat::default()));
                }
            }
            Command::Quit => ctx.send_viewport_cmd(egui::ViewportCommand::Close),
            Command::ZoomIn => egui::gui_zoom::zoom_in(ctx),
            Command::ZoomOut => egui::gui_zoom::zoom_out(ctx),
            Command::ZoomReset => ctx.set_zoom_factor(1.0),
            Command::NextPane => Pane::focus_next(ctx, true),
            Command::PreviousPane => Pane::focus_next(ctx, false),
            Command::FocusFilter => self.focus_filter = self.opened.is_some(),
            Command::GoTo => {
                if self.opened.is_some() {
                    self.dialog = Some(Dialog::GoTo(String::new()));
                }
            }
            _ => {
                if let Some(opened) = &mut self.opened {
                    let is_step = command.is_step();
                    apply_to(opened, ctx, command);
                    opened.note_selected(is_step);
                }
            }
        }
    }
}

/// Does what concerns the open capture alone.
fn apply_to(opened: &mut Opened, ctx: &egui::Context, command: Command) {
    let page = isize::try_from(opened.table.page.saturating_sub(1).max(1)).unwrap_or(isize::MAX);
    match command {
        Command::Stop => opened.stop(),
        Command::ShowFrames => opened.show_kind(RowKind::Frames),
        Command::ShowMessages => opened.show_kind(RowKind::Messages),
        Command::ShowFindings => opened.show_kind(RowKind::Findings),
        Command::SortBy(key) => opened.sort_by(key),
        Command::Cross => {
            let other = match opened.query().kind {
                RowKind::Frames => RowKind::Messages,
                RowKind::Messages | RowKind::Findings => RowKind::Frames,
            };
            if opened.counterpart(other).is_some() {
                opened.show_kind(other);
            }
        }
        Command::SelectConnection(connection) => opened.select_connection(connection),
        Command::Decide(ends, decision) => decide(opened, ctx, ends, decision),
        Command::Confirm(id) | Command::Reject(id) => {
            let connection = opened.snapshot.as_ref().and_then(|snapshot| snapshot.connection(id));
            if let Some((ends, client)) = connection.map(|connection| (connection.ends(), connection.client)) {
                let decision = match command {
                    Command::Confirm(_) => UserDecision::WebSocket { client, deflate: None },
                    _ => UserDecision::NotWebSocket,
                };
                decide(opened, ctx, ends, decision);
            }
        }
        Command::SelectRow(id) => opened.go_to(id),
        Command::NextRow => opened.move_selection(1),
        Command::PreviousRow => opened.move_selection(-1),
        Command::PageDown => opened.move_selection(page),
        Command::PageUp => opened.move_selection(-page),
        Command::FirstRow => opened.select_row(0),
        Command::LastRow => opened.select_last(),
        Command::FollowNewest => opened.follow(),
        Command::Back => opened.back(),
        Command::Forward => opened.forward(),
        Command::FilterBy(text) => opened.filter_by(text),
        Command::ClearFilter => opened.filter_by(String::new()),
        Command::CopyRow => {
            if let Some(line) = opened.selected_line(&words(ctx)) {
                ctx.copy_text(line);
            }
        }
        command => {
            if let Some(snapshot) = &opened.snapshot {
                opened.details.apply(snapshot, command);
            }
        }
    }
}

/// The user says something about TCP connections.
fn decide(opened: &mut Opened, ctx: &egui::Context, ends: Flow, decision: UserDecision) {
    let ctx = ctx.clone();
    opened.decide(ends, decision, move || ctx.request_repaint());
}
