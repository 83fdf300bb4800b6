//! The window as a value, which needs no window system, so that tests drive it.
//!
//! ```text
//!   mod      what is open, and a pass over it: news of the threads, keys, panels, dialogs
//!   panels   how its parts are laid out
//!   apply    the one function that does what a command says
//! ```

mod apply;
mod panels;

use std::path::PathBuf;

use egui::Ui;

use super::ask::Awaited;
use super::command::Command;
use super::details::Tab;
use super::dialogs::{Dialog, dialog_ui};
use super::input::Input;
use super::opened::Opened;
use super::pane::Pane;
use super::settings::Settings;
use super::theme::Palette;
use crate::dissect::{Decisions, InflateLimit, ReadOptions};
use crate::view::printable;

/// The window's state.
#[derive(Default)]
pub struct Window {
    /// The settings that are kept from one run to the next.
    pub settings: Settings,
    /// The bound on the length that compressed messages inflate to.
    inflate_limit: InflateLimit,
    opened: Option<Opened>,
    /// Why the last capture could not be opened.
    problem: Option<String>,
    dialog: Option<Dialog>,
    /// Sniffing.
    #[cfg(feature = "live")]
    pub live: super::live::Sniffing,
    asked: Option<Awaited<Option<PathBuf>>>,
    focus_filter: bool,
}

impl Window {
    /// A window with nothing open.
    pub fn new(settings: Settings) -> Window {
        Window { settings, ..Window::default() }
    }

    /// Returns the window with a bound on the length that compressed messages inflate to, instead of the usual one.
    pub fn with_inflate_limit(mut self, limit: InflateLimit) -> Window {
        self.inflate_limit = limit;
        #[cfg(feature = "live")]
        {
            self.live.inflate_limit = limit;
        }
        self
    }

    /// Returns the capture that is open.
    pub fn opened(&self) -> Option<&Opened> {
        self.opened.as_ref()
    }

    /// Returns the words of the title bar.
    pub fn title(&self) -> String {
        match &self.opened {
            Some(opened) => format!("{} — Framescope", printable(&opened.name)),
            None => "Framescope".to_owned(),
        }
    }

    /// Opens a capture; what was open before is closed.
    pub fn open(&mut self, ctx: &egui::Context, input: Input) {
        self.open_as(ctx, input, Decisions::default());
    }

    /// Opens a capture, of whose TCP connections the user says something.
    pub fn open_as(&mut self, ctx: &egui::Context, input: Input, decisions: Decisions) {
        let name = match &input {
            Input::File(path) => {
                self.settings.remember(path);
                path.display().to_string()
            }
            Input::Stdin => "standard input".to_owned(),
            Input::Octets { name, .. } | Input::Growing { name, .. } => name.clone(),
        };
        self.problem = None;
        self.dialog = None;
        let ctx = ctx.clone();
        let options = ReadOptions { decisions, inflate_limit: self.inflate_limit };
        self.opened = Some(Opened::new(input, name, options, move || ctx.request_repaint()));
    }

    /// Paints everything, and does what the user asked for.
    pub fn ui(&mut self, ui: &mut Ui) {
        let ctx = ui.ctx().clone();
        self.settings.apply(&ctx);
        self.poll(&ctx);
        if let Some(command) = self.dropped(&ctx) {
            self.apply(&ctx, command);
        }
        // A dialog takes the keys for itself.
        if self.dialog.is_none()
            && !self.is_picking()
            && let Some(command) = Command::pressed(&ctx)
        {
            self.apply(&ctx, command);
        }
        // What lies behind a dialog knows of no pointer: a tooltip that was open there would lie above the dialog.
        let is_behind = self.dialog.is_some() || self.is_picking();
        let pointer = is_behind.then(|| ctx.input_mut(|input| std::mem::take(&mut input.pointer)));
        let command = self.panels_ui(ui);
        Pane::paint_focus(&ctx, Palette::of(ui));
        if let Some(pointer) = pointer {
            ctx.input_mut(|input| input.pointer = pointer);
        }
        if let Some(command) = command {
            self.apply(&ctx, command);
            ctx.request_repaint();
        }
        #[cfg(feature = "live")]
        if let Some(picker) = &mut self.live.picker {
            let (closed, command) = super::live::picker_ui(&ctx, picker);
            if let Some(command) = command {
                self.apply(&ctx, command);
                ctx.request_repaint();
            } else if closed {
                self.live.picker = None;
            }
        }
        if let Some(dialog) = &mut self.dialog {
            let (closed, command) = dialog_ui(&ctx, dialog, self.opened.as_ref());
            if closed {
                self.dialog = None;
            }
            if let Some(command) = command {
                self.apply(&ctx, command);
                ctx.request_repaint();
            }
        }
    }

    /// Returns whether the dialog for sniffing is open.
    fn is_picking(&self) -> bool {
        #[cfg(feature = "live")]
        return self.live.picker.is_some();
        #[cfg(not(feature = "live"))]
        return false;
    }

    /// Takes what the process that sniffs has for us.
    #[cfg(feature = "live")]
    fn poll_live(&mut self, ctx: &egui::Context) {
        use super::live::News;

        match self.live.poll(ctx, self.opened.as_ref()) {
            Some(News::Dialog(dialog)) => self.dialog = Some(dialog),
            Some(News::Saved(path)) => {
                self.settings.remember(&path);
                if let Some(opened) = &mut self.opened {
                    opened.name = path.display().to_string();
                    if let Some(unsaved) = opened.unsaved.take() {
                        // The copy is there; what cannot be deleted is offered again.
                        _ = unsaved.discard();
                    }
                }
            }
            Some(News::Failed) => {
                if let Some(unsaved) = self.opened.take().and_then(|mut opened| opened.unsaved.take()) {
                    _ = unsaved.discard();
                }
            }
            None => {}
        }
    }

    /// Takes what the threads have for us.
    fn poll(&mut self, ctx: &egui::Context) {
        #[cfg(feature = "live")]
        self.poll_live(ctx);
        if let Some(opened) = &mut self.opened {
            opened.poll();
            // Nothing of it can be shown: the start screen says why.
            if opened.snapshot.as_ref().is_none_or(|snapshot| snapshot.totals().packets == 0)
                && let Some(why) = opened.failure()
            {
                self.problem = Some(why.to_owned());
                if let Some(path) =
                    self.settings.recent.first().filter(|path| path.display().to_string() == opened.name)
                {
                    let path = path.clone();
                    self.settings.forget(&path);
                }
                self.opened = None;
            }
        }
        let Some(answer) = self.asked.as_mut().and_then(Awaited::take) else { return };
        self.asked = None;
        match answer.unwrap_or_default() {
            Some(path) => self.open(ctx, Input::File(path)),
            // Cancelled, or this desktop has no dialog: which of the two cannot be told.
            None => self.dialog = Some(Dialog::Path { path: String::new(), problem: None }),
        }
    }

    fn dropped(&self, ctx: &egui::Context) -> Option<Command> {
        let path = ctx.input(|input| input.raw.dropped_files.first().map(|file| file.path().to_owned()))?;
        (!path.as_os_str().is_empty()).then_some(Command::OpenPath(path))
    }

    /// The tab of the details that shows, for tests.
    pub fn tab(&self) -> Option<Tab> {
        self.opened.as_ref().map(|opened| opened.details.tab)
    }
}
