//! The whole window without a window system, as tests drive it.

use std::time::{Duration, Instant};

use egui_kittest::Harness;
use framescope::gui;
use framescope::gui::command::Command;
use framescope::gui::input::Input;
use framescope::gui::opened::Opened;
use framescope::gui::settings::Settings;
use framescope::gui::window::Window;

pub type WindowHarness = Harness<'static, Window>;

/// A window of this size on `input`.
pub fn open(size: [f32; 2], input: Input) -> WindowHarness {
    let settings = Settings { dark: Some(true), ..Settings::default() };
    let mut harness = Harness::builder()
        .with_size(size)
        .with_max_steps(64)
        // Emoji that egui's own font lacks come from the system's, which a test machine need not have.
        .allow_missing_glyphs()
        .with_context_setup(gui::install)
        .build_ui_state(|ui, window: &mut Window| window.ui(ui), Window::new(settings));
    let ctx = harness.ctx.clone();
    harness.state_mut().open(&ctx, input);
    settle(&mut harness);
    harness
}

/// Runs until everything is read and found that was asked for, and nothing is to be painted again.
pub fn settle(harness: &mut WindowHarness) {
    let is_settled = |opened: &Opened| {
        !opened.state.is_active()
            && opened.searched().is_none()
            && opened.rows.query() == opened.query()
            && !opened.details.is_busy()
    };
    let start = Instant::now();
    loop {
        harness.run_ok();
        if harness.state().opened().is_none_or(is_settled) {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "the capture is not read to its end");
        std::thread::sleep(Duration::from_millis(2));
    }
    harness.run_ok();
}

/// Lets the window do what a command says.
pub fn apply(harness: &mut WindowHarness, command: Command) {
    let ctx = harness.ctx.clone();
    harness.state_mut().apply(&ctx, command);
    settle(harness);
}
