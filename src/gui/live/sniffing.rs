//! The window's part in sniffing: the dialog, the process, and the captures that it leaves.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::{Picker, Recording, Unsaved, folder, left_over};
use crate::base::Timestamp;
use crate::capture::live::Start;
use crate::dissect::{InflateLimit, ReadOptions};
use crate::gui::MISTAKE;
use crate::gui::ask::{self, Awaited};
use crate::gui::command::Command;
use crate::gui::dialogs::Dialog;
use crate::gui::input::Input;
use crate::gui::opened::Opened;

/// The window's part in sniffing.
pub struct Sniffing {
    /// The dialog, if it is open.
    pub picker: Option<Picker>,
    /// The folder of captures that nobody has saved.
    pub folder: PathBuf,
    /// The program that sniffs: this one, except in tests.
    pub program: Option<PathBuf>,
    /// The bound on the length that compressed messages inflate to.
    pub inflate_limit: InflateLimit,
    /// The captures that an earlier window left, with sizes in octets.
    left_over: Option<Vec<(PathBuf, u64)>>,
    asked: Option<Awaited<Option<PathBuf>>>,
    copying: Option<Awaited<Result<PathBuf, String>>>,
}

impl Default for Sniffing {
    fn default() -> Sniffing {
        Sniffing {
            picker: None,
            folder: folder(),
            program: None,
            inflate_limit: InflateLimit::default(),
            left_over: None,
            asked: None,
            copying: None,
        }
    }
}

/// A change of the window that a look at the threads brings.
pub enum News {
    /// Another dialog.
    Dialog(Dialog),
    /// The open capture is to be saved there.
    Saved(PathBuf),
    /// The process could not start: what is open is to be closed.
    Failed,
}

impl Sniffing {
    /// Captures that an earlier window left.
    pub fn left_over(&mut self) -> &[(PathBuf, u64)] {
        let Sniffing { folder, left_over: known, .. } = self;
        known.get_or_insert_with(|| left_over(folder))
    }

    /// They may have become others.
    pub fn forget_left_over(&mut self) {
        self.left_over = None;
    }

    /// Starts what was chosen.
    pub fn start(&mut self, ctx: &egui::Context, elevated: bool) -> Option<Opened> {
        let picker = self.picker.clone()?;
        let start = picker.start(elevated)?;
        self.start_again(ctx, start, picker)
    }

    /// Starts the same once more.
    pub fn restart(&mut self, ctx: &egui::Context, start: Start) -> Option<Opened> {
        self.start_again(ctx, start, Picker::new())
    }

    fn start_again(&mut self, ctx: &egui::Context, mut start: Start, picker: Picker) -> Option<Opened> {
        if let Some(program) = &self.program {
            start.program.clone_from(program);
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = Timestamp(u64::try_from(now.as_nanos()).unwrap_or(u64::MAX));
        let (waking, wake) = (ctx.clone(), ctx.clone());
        match Recording::start(start.clone(), &self.folder, now, move || waking.request_repaint()) {
            Ok((recording, unsaved, input)) => {
                let name = match &input {
                    Input::Growing { name, .. } => name.clone(),
                    _ => String::new(),
                };
                let mut opened = Opened::new(input, name, self.options(), move || wake.request_repaint());
                (opened.recording, opened.unsaved) = (Some(recording), Some(unsaved));
                self.picker = None;
                Some(opened)
            }
            Err(why) => {
                self.picker = Some(picker.again(&start, why, false));
                None
            }
        }
    }

    /// Opens a capture that an earlier window left.
    ///
    /// # Errors
    /// Why not.
    pub fn recover(&mut self, ctx: &egui::Context, path: &Path) -> Result<Opened, String> {
        self.forget_left_over();
        let unsaved = Unsaved::hold(path.to_owned()).map_err(|error| format!("{}: {error}", path.display()))?;
        let wake = ctx.clone();
        let mut opened = Opened::new(Input::File(path.to_owned()), unsaved.name(), self.options(), move || {
            wake.request_repaint();
        });
        opened.unsaved = Some(unsaved);
        Ok(opened)
    }

    fn options(&self) -> ReadOptions {
        ReadOptions { inflate_limit: self.inflate_limit, ..ReadOptions::default() }
    }

    /// Asks where to save.
    pub fn ask(&mut self, ctx: &egui::Context, opened: &Opened) {
        if let Some(unsaved) = opened.unsaved.as_ref().filter(|_| self.asked.is_none() && self.copying.is_none()) {
            let ctx = ctx.clone();
            self.asked = Some(ask::ask_where_to_save(unsaved.name(), move || ctx.request_repaint()));
        }
    }

    /// Saves at `path`; or says why not there.
    pub fn save(&mut self, ctx: &egui::Context, opened: &Opened, path: &Path, chosen: bool) -> Option<Dialog> {
        let unsaved = opened.unsaved.as_ref()?;
        // The desktop's dialog has asked about that already.
        if !chosen && path.exists() {
            let problem = Some(format!("{}: there is such a file", path.display()));
            return Some(Dialog::SavePath { path: path.display().to_string(), problem });
        }
        let ctx = ctx.clone();
        self.copying = Some(ask::copy(unsaved.path().to_owned(), path.to_owned(), move || ctx.request_repaint()));
        None
    }

    /// Takes what the threads and the process have for us.
    pub fn poll(&mut self, ctx: &egui::Context, opened: Option<&Opened>) -> Option<News> {
        if let Some(recording) = opened.and_then(|opened| opened.recording.as_ref())
            && let Some((why, lacks_rights)) = recording.state().failed
        {
            let picker = self.picker.take().unwrap_or_default();
            self.picker = Some(picker.again(&recording.start, why, lacks_rights));
            return Some(News::Failed);
        }
        if let Some(answer) = self.asked.as_mut().and_then(Awaited::take) {
            self.asked = None;
            match answer.unwrap_or_default() {
                Some(path) => {
                    if let Some(opened) = opened {
                        return self.save(ctx, opened, &path, true).map(News::Dialog);
                    }
                }
                // Cancelled, or this desktop has no dialog: which of the two cannot be told.
                None => {
                    let name = opened.and_then(|opened| opened.unsaved.as_ref()).map(Unsaved::name).unwrap_or_default();
                    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
                    let path = home.join(name).display().to_string();
                    return Some(News::Dialog(Dialog::SavePath { path, problem: None }));
                }
            }
        }
        let saved = self.copying.as_mut()?.take()?;
        self.copying = None;
        Some(match saved.unwrap_or_else(|_| Err(MISTAKE.to_owned())) {
            Ok(path) => News::Saved(path),
            Err(why) => News::Dialog(Dialog::SavePath { path: String::new(), problem: Some(why) }),
        })
    }

    /// Does what the user wants with sniffing; what is open may become something else. Gives back a dialog to open.
    pub fn apply(&mut self, ctx: &egui::Context, opened: &mut Option<Opened>, command: &Command) -> Option<Dialog> {
        match command {
            Command::Live => self.picker = Some(Picker::new()),
            Command::StartLive { elevated } => {
                if let Some(started) = self.start(ctx, *elevated) {
                    *opened = Some(started);
                }
            }
            Command::RestartLive => {
                let start = opened.as_ref().and_then(|opened| Some(opened.recording.as_ref()?.start.clone()));
                if let Some(started) = start.and_then(|start| self.restart(ctx, start)) {
                    *opened = Some(started);
                }
            }
            Command::Save => {
                if let Some(opened) = opened {
                    self.ask(ctx, opened);
                }
            }
            Command::SaveAs(path) => return self.save(ctx, opened.as_ref()?, path, false),
            Command::Discard => {
                let name = opened.as_ref()?.unsaved.as_ref()?.name();
                return Some(Dialog::Discard { name });
            }
            Command::DiscardForGood => {
                if let Some(unsaved) = opened.take().and_then(|mut opened| opened.unsaved.take()) {
                    // Where it cannot be deleted, it is offered again.
                    _ = unsaved.discard();
                }
                self.forget_left_over();
            }
            _ => {}
        }
        None
    }
}
