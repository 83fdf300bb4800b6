//! The window in a window system: eframe around [`Window`].

use std::path::{Path, PathBuf};

use super::input::Input;
use super::settings::Settings;
use super::window::Window;
use crate::dissect::ReadOptions;

/// The name of the folder that the storage of eframe keeps the settings in.
const APP_ID: &str = "framescope";
/// The key of our settings in that storage.
const SETTINGS: &str = "settings";

/// Opens the window, on `file` if there is one (`-` is standard input), with the user's options; returns when it is closed.
///
/// # Errors
/// One line that says why there can be no window, and what to do instead.
pub fn run(file: Option<PathBuf>, options: ReadOptions) -> Result<(), String> {
    let viewport = egui::ViewportBuilder::default()
        .with_app_id(APP_ID)
        .with_title("Framescope")
        .with_inner_size([1440.0, 900.0])
        .with_min_inner_size([720.0, 480.0])
        .with_drag_and_drop(true);
    // A picture that cannot be read is no reason to open no window.
    let viewport = match eframe::icon_data::from_png_bytes(include_bytes!("../../assets/icon.png")) {
        Ok(icon) => viewport.with_icon(icon),
        Err(_) => viewport,
    };
    let native = eframe::NativeOptions { viewport, centered: true, ..eframe::NativeOptions::default() };
    let input = file.map(|path| if path == Path::new("-") { Input::Stdin } else { Input::File(path) });
    let create = move |context: &eframe::CreationContext<'_>| {
        super::install(&context.egui_ctx);
        let text = context.storage.and_then(|storage| storage.get_string(SETTINGS)).unwrap_or_default();
        let ReadOptions { decisions, inflate_limit } = options;
        let mut window = Window::new(Settings::from_text(&text)).with_inflate_limit(inflate_limit);
        if let Some(input) = input {
            window.open_as(&context.egui_ctx, input, decisions);
        }
        Ok(Box::new(App { window, title: String::new() }) as Box<dyn eframe::App>)
    };
    eframe::run_native(APP_ID, native, Box::new(create)).map_err(|error| {
        let error = error.to_string();
        // winit's words begin with a place in its source; what people can use comes last.
        let why = error.rsplit(": ").next().unwrap_or(&error).trim_end_matches('.');
        format!(
            "there can be no window: {why}; on the command line: framescope frames FILE \
             (framescope --help lists the other commands)"
        )
    })
}

struct App {
    window: Window,
    title: String,
}

impl eframe::App for App {
    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.window.ui(ui);
        let title = self.window.title();
        if title != self.title {
            ui.ctx().send_viewport_cmd(egui::ViewportCommand::Title(title.clone()));
            self.title = title;
        }
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        storage.set_string(SETTINGS, self.window.settings.to_text());
    }
}
