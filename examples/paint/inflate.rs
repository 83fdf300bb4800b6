//! The time that opening a compressed message takes, and the work of the window's thread for it.

use std::path::Path;
use std::time::{Duration, Instant};

use framescope::base::MessageId;
use framescope::gui::command::Command;
use framescope::gui::details::Tab;
use framescope::query::{RowField, RowId, RowKind};

use crate::say;
use crate::screen::Screen;

/// Messages that are opened.
const OPENED: usize = 200;

/// Opens messages of a capture here and there: while few are inflated in the background, and when all are.
pub fn measure(path: &Path) {
    let mut screen = Screen::new();
    screen.open(path);
    screen.at_once_until(|screen| screen.opened().is_some_and(|opened| !opened.rows.is_empty()));
    screen.apply(Command::show(RowKind::Messages));
    screen.apply(Command::ShowTab(Tab::Payload));
    screen.at_once_until(|screen| screen.opened().is_some_and(|opened| !opened.state.is_growing()));
    let rows = screen.opened().map_or(0, |opened| opened.rows.len());
    println!("{rows} messages");
    screen.frames(5);
    screen.note("before");
    let judged = screen.opened().and_then(|opened| opened.state.judged);
    println!("opened when {:.0} % were inflated in the background", judged.unwrap_or(1.0) * 100.0);
    for part in [99, 60, 80, 20] {
        let took = open(&mut screen, rows * part / 100);
        say(&format!("the message at {part} % of the rows"), took);
    }
    screen.report("opening a message");
    screen.apply(Command::SortBy(RowField::Ratio));
    while screen.is_reading() {
        for delta in [-300.0, -30_000.0, 20_000.0] {
            screen.wheel(delta);
            screen.frames(5);
        }
    }
    screen.report("scrolled, sorted by what was sent, while inflated");
    let start = Instant::now();
    screen.apply(Command::SortBy(RowField::Plain));
    let is_found = |screen: &Screen| {
        screen.opened().is_some_and(|opened| opened.rows.query() == opened.query() && opened.searched().is_none())
    };
    screen.at_once_until(is_found);
    say("sorted by length without compression", start.elapsed());
    screen.apply(Command::SortBy(RowField::Number));
    screen.at_once_until(is_found);
    screen.report("sorted");
    for _ in 0..20 {
        for delta in [-300.0, -3000.0, -100_000.0] {
            screen.wheel(delta);
            screen.frames(5);
        }
    }
    screen.report("scrolled, with texts inflated in the background");
    println!("opened when all were inflated in the background");
    let mut row = 1;
    let mut took: Vec<Duration> = Vec::new();
    for _ in 0..OPENED {
        row = (row * 48_271 + 11) % rows.max(1);
        took.push(open(&mut screen, row));
    }
    took.sort();
    say("median", took[OPENED / 2]);
    say("99 %", took[OPENED * 99 / 100]);
    say("worst", took[OPENED - 1]);
    screen.report("opening a message");
}

/// From the wish to the frame that shows the text.
fn open(screen: &mut Screen, row: usize) -> Duration {
    let start = Instant::now();
    screen.apply(Command::SelectRow(RowId::Message(MessageId::from_index(row))));
    screen.at_once_until(|screen| screen.opened().is_some_and(|opened| !opened.details.is_busy()));
    start.elapsed()
}
