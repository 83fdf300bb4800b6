//! Measures how long the window's thread works for a painted frame, with ten million rows, while they are read, scrolled,
//! sorted and filtered: laying out, painting and tessellating, sixty times a second, without a display.
//!
//! ```sh
//! cargo run --release --example paint              # ten million frames, made up
//! cargo run --release --example paint -- 1000000   # or so many
//! cargo run --release --example paint -- FILE      # or those of a capture
//! cargo run --release --example paint -- inflate FILE      # opening compressed messages of a capture
//! ```
//!
//! It needs a core for itself besides the one that reads. What the graphics card does is not in it.

mod dense;
mod inflate;
mod screen;

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use egui::Key;
use framescope::gui::command::Command;
use framescope::gui::details::Tab;
use framescope::query::{RowField, RowKind};

use screen::Screen;

fn main() -> io::Result<()> {
    let argument = std::env::args().nth(1).unwrap_or_else(|| "10000000".to_owned());
    if let ("inflate", Some(file)) = (argument.as_str(), std::env::args().nth(2)) {
        inflate::measure(Path::new(&file));
        return Ok(());
    }
    let mut made = None;
    let path = match argument.parse() {
        Ok(frames) => {
            println!("Writing a capture of {frames} frames …");
            let file = made.insert(tempfile::NamedTempFile::new()?);
            dense::write(frames, file.as_file())?;
            file.path().to_owned()
        }
        Err(_) => PathBuf::from(argument),
    };
    let mut screen = Screen::new();
    open(&mut screen, &path, "first row");
    while_read(&mut screen);
    all_read(&mut screen);
    let start = Instant::now();
    screen.apply(Command::CloseCapture);
    say("closed", start.elapsed());
    open(&mut screen, &path, "first row, opened again");
    cancelled(&mut screen);
    Ok(())
}

/// A line about how long something took from the user's wish to the frame that shows it.
fn say(what: &str, took: Duration) {
    println!("{what:<44} {:>9.1} ms", took.as_secs_f64() * 1e3);
}

fn open(screen: &mut Screen, path: &Path, what: &str) {
    let start = Instant::now();
    screen.open(path);
    screen.at_once_until(|screen| screen.opened().is_some_and(|opened| !opened.rows.is_empty()));
    say(what, start.elapsed());
    screen.report("opening");
}

/// Does what users do while the capture is being read, again and again.
fn while_read(screen: &mut Screen) {
    let start = Instant::now();
    while screen.is_reading() {
        screen.apply(Command::FollowNewest);
        screen.frames(20);
        scroll(screen, 3);
        screen.note("being read: scrolled");
        for key in [RowField::Length, RowField::Opcode] {
            screen.apply(Command::SortBy(key));
            screen.frames(30);
            scroll(screen, 1);
            screen.note("being read: sorted");
        }
        for filter in ["opcode:text", "len>15 sender:client", ""] {
            screen.filter(filter);
            screen.frames(20);
            scroll(screen, 1);
            screen.note("being read: filtered and sorted");
        }
        screen.apply(Command::SortBy(RowField::Number));
        screen.apply(Command::SortBy(RowField::Number));
    }
    let rows = screen.opened().map_or(0, |opened| opened.rows.total());
    println!("{rows} rows");
    say("all read", start.elapsed());
    screen.frames(30);
    screen.note("being read: its end");
    for phase in
        ["being read: scrolled", "being read: sorted", "being read: filtered and sorted", "being read: its end"]
    {
        screen.report(phase);
    }
}

fn scroll(screen: &mut Screen, times: usize) {
    for _ in 0..times {
        for key in [Key::PageDown, Key::PageDown, Key::ArrowDown, Key::End, Key::PageUp, Key::ArrowUp, Key::Home] {
            screen.press(key);
            screen.frames(2);
        }
        for delta in [-300.0, -3000.0, 2000.0] {
            screen.wheel(delta);
            screen.frames(3);
        }
    }
}

/// Does what users do when all rows are there, and tells of each wish how long its answer takes.
fn all_read(screen: &mut Screen) {
    scroll(screen, 10);
    screen.note("all read: scrolled");
    screen.report("all read: scrolled");
    for tab in [Tab::Payload, Tab::Segments, Tab::Handshake, Tab::Bits] {
        screen.apply(Command::ShowTab(tab));
        for _ in 0..20 {
            screen.press(Key::ArrowDown);
            screen.frames(2);
        }
    }
    screen.report("all read: other tabs");
    for (key, what) in [
        (RowField::Number, "from the end"),
        (RowField::Length, "sorted by length"),
        (RowField::Opcode, "sorted by opcode"),
        (RowField::Sender, "sorted by sender"),
        (RowField::Connection, "sorted by connection"),
        (RowField::Time, "sorted by time"),
        (RowField::Delta, "sorted by difference of time"),
    ] {
        wish(screen, what, |screen| screen.apply(Command::SortBy(key)));
        if key != RowField::Number {
            wish(screen, "  … from the largest", |screen| screen.apply(Command::SortBy(key)));
        }
    }
    screen.report("all read: sorted");
    for filter in ["opcode:ping", "len>10 sender:client", "stream", "-finding:violation", ""] {
        let what = format!("filtered by “{filter}”, largest difference first");
        wish(screen, &what, |screen| screen.filter(filter));
    }
    wish(screen, "in the order of the capture", |screen| screen.apply(Command::SortBy(RowField::Delta)));
    for filter in ["opcode:ping", "len>10 sender:client", "stream", "-finding:violation", ""] {
        wish(screen, &format!("filtered by “{filter}”"), |screen| screen.filter(filter));
    }
    let connection = screen.opened().and_then(|opened| Some(opened.snapshot.as_ref()?.connections().last()?.id));
    wish(screen, "rows of the last connection", |screen| screen.apply(Command::SelectConnection(connection)));
    wish(screen, "rows of all connections", |screen| screen.apply(Command::SelectConnection(None)));
    screen.report("all read: sorted");
    wish(screen, "messages", |screen| screen.apply(Command::show(RowKind::Messages)));
    wish(screen, "messages sorted by length", |screen| screen.apply(Command::SortBy(RowField::Length)));
    wish(screen, "frames", |screen| screen.apply(Command::show(RowKind::Frames)));
    screen.report("all read: sorted");
}

/// Measures the time from a wish to the frame that shows its answer.
fn wish(screen: &mut Screen, what: &str, wish: impl FnOnce(&mut Screen)) {
    let start = Instant::now();
    wish(screen);
    screen.at_once_until(|screen| {
        screen.opened().is_some_and(|opened| opened.rows.query() == opened.query() && opened.searched().is_none())
    });
    say(what, start.elapsed());
    screen.frames(5);
    screen.note("all read: sorted");
}

fn cancelled(screen: &mut Screen) {
    screen.frames(30);
    let start = Instant::now();
    screen.apply(Command::Stop);
    screen.at_once_until(|screen| !screen.is_reading());
    say("stopped", start.elapsed());
    let start = Instant::now();
    screen.apply(Command::CloseCapture);
    screen.frames(1);
    say("closed", start.elapsed());
}
