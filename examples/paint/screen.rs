//! A window that nobody sees, painted sixty times a second, with a clock beside it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use egui::{Event, Key, Modifiers, MouseWheelSource, MouseWheelUnit, RawInput, Rect, TouchPhase, pos2, vec2};
use framescope::gui::command::Command;
use framescope::gui::opened::Opened;
use framescope::gui::settings::Settings;
use framescope::gui::{self, Window, input::Input};

/// Between two frames at sixty a second.
const PERIOD: Duration = Duration::from_nanos(16_666_667);

/// The cost of a frame to the window's thread.
#[derive(Clone, Copy)]
struct Took {
    /// On the wall's clock: what else runs on the machine is in it.
    passed: Duration,
    /// On the thread's own clock: it waited for nothing.
    worked: Duration,
}

impl Took {
    fn by(work: impl FnOnce()) -> Took {
        let (start, worked) = (Instant::now(), thread_clock());
        work();
        Took { passed: start.elapsed(), worked: thread_clock() - worked }
    }
}

/// Returns for how long this thread has been running on a core.
#[cfg(target_os = "linux")]
fn thread_clock() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Elsewhere there is the wall's clock alone.
#[cfg(not(target_os = "linux"))]
fn thread_clock() -> Duration {
    Duration::ZERO
}

/// The window and what its frames took.
pub struct Screen {
    ctx: egui::Context,
    window: Window,
    events: Vec<Event>,
    start: Instant,
    next: Instant,
    woken: Receiver<()>,
    /// The costs of the frames since the last note.
    took: Vec<Took>,
    noted: BTreeMap<&'static str, Vec<Took>>,
}

impl Screen {
    pub fn new() -> Screen {
        let ctx = egui::Context::default();
        gui::install(&ctx);
        let (wake, woken) = mpsc::channel();
        ctx.set_request_repaint_callback(move |_| {
            // Nobody waits any more when the screen is gone.
            let _ = wake.send(());
        });
        let now = Instant::now();
        let mut screen = Screen {
            ctx,
            window: Window::new(Settings { dark: Some(true), ..Settings::default() }),
            events: vec![Event::PointerMoved(pos2(900.0, 300.0))],
            start: now,
            next: now,
            woken,
            took: Vec::new(),
            noted: BTreeMap::new(),
        };
        // The first frames make the fonts' atlas.
        screen.frames(10);
        screen.took.clear();
        screen
    }

    pub fn opened(&self) -> Option<&Opened> {
        self.window.opened()
    }

    pub fn is_reading(&self) -> bool {
        self.opened().is_some_and(|opened| opened.state.is_active())
    }

    /// Opens a capture. What the thread does for it counts as a frame, as what a command does.
    pub fn open(&mut self, path: &Path) {
        let took = Took::by(|| self.window.open(&self.ctx, Input::File(path.to_owned())));
        self.took.push(took);
    }

    pub fn apply(&mut self, command: Command) {
        let took = Took::by(|| self.window.apply(&self.ctx, command));
        self.took.push(took);
    }

    /// Types a filter, in place of the one before.
    pub fn filter(&mut self, text: &str) {
        self.apply(Command::ClearFilter);
        if !text.is_empty() {
            self.apply(Command::FocusFilter);
            self.frames(1);
            self.events.push(Event::Text(text.to_owned()));
            self.frames(1);
            // Or keys would go into the box.
            self.ctx.memory_mut(|memory| memory.stop_text_input());
            self.frames(1);
        }
    }

    pub fn press(&mut self, key: Key) {
        for pressed in [true, false] {
            self.events.push(Event::Key {
                key,
                physical_key: None,
                pressed,
                repeat: false,
                modifiers: Modifiers::NONE,
            });
        }
    }

    pub fn wheel(&mut self, points: f32) {
        self.events.push(Event::MouseWheel {
            unit: MouseWheelUnit::Point,
            delta: vec2(0.0, points),
            phase: TouchPhase::Move,
            source: MouseWheelSource::Wheel,
            modifiers: Modifiers::NONE,
        });
    }

    /// Paints so many frames, each in its time.
    pub fn frames(&mut self, number: usize) {
        for _ in 0..number {
            let now = Instant::now();
            std::thread::sleep(self.next.saturating_duration_since(now));
            self.next = (self.next + PERIOD).max(now);
            self.paint();
        }
    }

    /// Paints whenever something is new, until it shows what is wanted.
    pub fn at_once_until(&mut self, shows: impl Fn(&Screen) -> bool) {
        self.paint();
        while !shows(self) {
            // A wake that came while painting counts.
            let _ = self.woken.recv_timeout(PERIOD);
            while self.woken.try_recv().is_ok() {}
            self.paint();
        }
        self.next = Instant::now() + PERIOD;
    }

    fn paint(&mut self) {
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(pos2(0.0, 0.0), vec2(1440.0, 900.0))),
            time: Some(self.start.elapsed().as_secs_f64()),
            events: std::mem::take(&mut self.events),
            focused: true,
            ..RawInput::default()
        };
        let took = Took::by(|| {
            let mut output = self.ctx.run_ui(input, |ui| self.window.ui(ui));
            let shapes = std::mem::take(&mut output.shapes);
            drop(self.ctx.tessellate(shapes, output.pixels_per_point));
            output.drop_without_applying_deltas();
        });
        self.took.push(took);
    }

    /// Keeps what was measured since the last time under a name.
    pub fn note(&mut self, what: &'static str) {
        self.noted.entry(what).or_default().append(&mut self.took);
    }

    /// Prints what was measured under a name (or since the last note), and forgets it.
    pub fn report(&mut self, what: &'static str) {
        let took = self.noted.remove(what).unwrap_or_else(|| std::mem::take(&mut self.took));
        println!("{what:<44} {:>6} frames", took.len());
        let worked: Vec<Duration> = took.iter().map(|took| took.worked).collect();
        let passed: Vec<Duration> = took.iter().map(|took| took.passed).collect();
        for (clock, mut times) in [("  work", worked), ("  passed", passed)] {
            times.sort();
            let part = |thousandths: usize| {
                let at = (times.len() * thousandths / 1000).min(times.len().saturating_sub(1));
                times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1e3)
            };
            let (median, most, worst) = (part(500), part(990), part(1000));
            println!("{clock:<44} median {median:>6.2} ms, 99 % {most:>6.2} ms, worst {worst:>6.2} ms");
        }
    }
}
