//! The lower edge: the timeline of the capture, how far it was read, what is displayed, and what went wrong.

use egui::{Align, Color32, Layout, Rect, RichText, Sense, Stroke, Ui, pos2, vec2};

use super::command::Command;
use super::opened::Opened;
use super::reading::Phase;
use super::table::count_text;
use super::theme::{self, Palette};
use super::{fonts, marks, text};
use crate::base::{Severity, Timestamp};
use crate::dissect::Snapshot;
use crate::query::RowId;
use crate::view::{count, length, printable};

/// Height of the timeline.
const TIMELINE: f32 = 40.0;

/// Paints the timeline and the line of status below it.
pub fn status_ui(ui: &mut Ui, opened: &Opened) -> Option<Command> {
    let palette = Palette::of(ui);
    ui.spacing_mut().item_spacing.y = 0.0;
    let mut command = None;
    let tall = if ui.ctx().content_rect().height() < 800.0 { 30.0 } else { TIMELINE };
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), tall), Sense::CLICK);
    ui.painter().rect_filled(rect, 0.0, palette.sunken);
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, palette.line));
    if let Some(snapshot) = &opened.snapshot
        && !opened.timeline.bins().is_empty()
    {
        command = timeline_ui(ui, opened, snapshot, (rect, response), palette);
    }
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 26.0), Sense::hover());
    text::within(ui, rect.shrink2(vec2(12.0, 0.0)), Layout::left_to_right(Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = 16.0;
        #[cfg(feature = "live")]
        super::live::recording_ui(ui, opened);
        #[cfg(feature = "live")]
        let is_sniffing = opened.recording.as_ref().is_some_and(super::live::Recording::is_running);
        #[cfg(not(feature = "live"))]
        let is_sniffing = false;
        if !is_sniffing {
            reading_ui(ui, opened, palette);
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 16.0;
            small(ui, &count_text(&opened.rows, opened.connection.is_some() || opened.is_filtered()), palette.text);
            if let Some(snapshot) = &opened.snapshot {
                command = findings_ui(ui, snapshot, palette).or(command.take());
            }
            troubles_ui(ui, opened, palette);
        });
    });
    command
}

fn small(ui: &mut Ui, words: &str, color: Color32) -> egui::Response {
    let label = egui::Label::new(RichText::new(words).size(theme::SECONDARY).color(color));
    ui.add(label.selectable(false).truncate())
}

/// Paints the progress of the reading.
fn reading_ui(ui: &mut Ui, opened: &Opened, palette: &Palette) {
    let state = &opened.state;
    let packets = opened.snapshot.as_ref().map_or(0, |snapshot| snapshot.totals().packets);
    let mut amount = format!("{}, {}", count(packets, "packet"), length(state.position));
    if let Some(duration) = opened.timeline.duration_ns() {
        amount.push_str(&format!(", {} of frames", text::duration(duration)));
    }
    match &state.phase {
        Phase::Opening => drop(small(ui, "Opening…", palette.secondary)),
        Phase::Reading => {
            let part = if state.len == 0 { 0.0 } else { state.position as f32 / state.len as f32 };
            let (rect, response) = ui.allocate_exact_size(vec2(140.0, 8.0), Sense::hover());
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ProgressIndicator, true, "read"));
            ui.painter().rect_filled(rect, 4.0, palette.line);
            let done = Rect::from_min_size(rect.min, vec2(rect.width() * part.clamp(0.0, 1.0), rect.height()));
            ui.painter().rect_filled(done, 4.0, palette.accent);
            small(
                ui,
                &format!("Reading, {:.0} % of {}, {}", part * 100.0, length(state.len), count(packets, "packet")),
                palette.text,
            );
        }
        Phase::Waiting => drop(small(ui, &format!("Waiting for more, {amount} so far"), palette.text)),
        Phase::Judging => drop(small(ui, &amount, palette.text)),
        Phase::Stopped if state.position < state.len => {
            let left = length(state.len - state.position);
            small(ui, &format!("Stopped after {amount}; {left} were not read"), palette.warning);
        }
        Phase::Stopped | Phase::Finished | Phase::Failed(_) => drop(small(ui, &amount, palette.secondary)),
    }
    if let Some(part) = state.judged {
        judging_ui(ui, part, state.phase == Phase::Stopped, palette);
    }
}

/// Paints the progress of judging payloads.
fn judging_ui(ui: &mut Ui, part: f32, stopped: bool, palette: &Palette) {
    let percent = (part * 100.0).floor();
    let (words, color) = match stopped {
        false => (format!("judging payloads {percent:.0} %"), palette.text),
        true => (format!("payloads judged {percent:.0} %"), palette.warning),
    };
    small(ui, &words, color)
        .on_hover_text("Whether text is UTF-8 takes every octet of it; the rows do not wait for that.");
}

/// Paints the number of findings of each severity. A click lists them.
fn findings_ui(ui: &mut Ui, snapshot: &Snapshot, palette: &Palette) -> Option<Command> {
    let totals = snapshot.totals().findings;
    let wish = Command::ShowFindings;
    let mut command = None;
    for (severity, number) in [Severity::Note, Severity::Warning, Severity::Violation].into_iter().zip(totals) {
        if number > 0 {
            ui.scope(|ui| {
                ui.spacing_mut().item_spacing.x = 5.0;
                let words = RichText::new(count(number, severity.as_str())).size(theme::SECONDARY).color(palette.text);
                let button = egui::Button::new(words).frame_when_inactive(false).small();
                if ui.add(button).on_hover_text(wish.hint(ui.ctx())).clicked() {
                    command = Some(wish.clone());
                }
                let (rect, _) = ui.allocate_exact_size(vec2(12.0, 16.0), Sense::hover());
                marks::severity(ui.painter(), rect.center(), 11.0, severity, palette);
            });
        }
    }
    command
}

/// Damage of the file and packets that could not be looked into.
fn troubles_ui(ui: &mut Ui, opened: &Opened, palette: &Palette) {
    let mut troubles = Vec::new();
    if let Phase::Failed(why) = &opened.state.phase {
        troubles.push(("Reading failed".to_owned(), why.clone()));
    }
    if let Some(damage) = &opened.state.damage {
        troubles.push((
            format!("Capture damaged at octet {}", text::grouped(damage.at)),
            format!("Reading ended {damage}."),
        ));
    }
    troubles.extend(net_troubles(opened));
    for (words, hint) in troubles {
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.x = 5.0;
            small(ui, &words, palette.warning).on_hover_text(printable(&hint));
            let (rect, _) = ui.allocate_exact_size(vec2(13.0, 16.0), Sense::hover());
            marks::severity(ui.painter(), rect.center(), 12.0, Severity::Warning, palette);
        });
    }
}

/// Tells in words, short and long, what could not be looked into.
pub fn net_troubles(opened: &Opened) -> Option<(String, String)> {
    let net = &opened.state.net;
    let undecoded = net.unsupported + net.malformed;
    if undecoded == 0 {
        return None;
    }
    let mut reasons = Vec::new();
    for (link, packets) in &net.unknown_link_types {
        reasons.push(format!(
            "{} of link type {} ({}), which is not supported",
            count(*packets, "packet"),
            link.0,
            link.name()
        ));
    }
    if net.malformed > 0 {
        reasons.push(format!("{} with headers that do not hold together", count(net.malformed, "packet")));
    }
    Some((format!("{} not decoded", count(undecoded, "packet")), reasons.join("; ")))
}

/// Frames of the client above the line, of the server below it. A click selects the first frame at that time.
fn timeline_ui(
    ui: &mut Ui,
    opened: &Opened,
    snapshot: &Snapshot,
    (rect, response): (Rect, egui::Response),
    palette: &Palette,
) -> Option<Command> {
    let timeline = &opened.timeline;
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, "frames over time"));
    let painter = ui.painter();
    let plot = rect.shrink2(vec2(12.0, 3.0));
    // The sum of so many bins is shown that a bar has room; as many in each bar, or there would be a pattern.
    let bins = timeline.bins();
    let shared = bins.len().div_ceil((plot.width() / 3.0).max(1.0) as usize);
    let column_of = |bin: usize| bin / shared;
    let mut sums = vec![[0u64; 2]; bins.len().div_ceil(shared)];
    for (index, bin) in bins.iter().enumerate() {
        let sum = &mut sums[column_of(index)];
        sum[0] += u64::from(bin.frames[0]);
        sum[1] += u64::from(bin.frames[1]);
    }
    let most = sums.iter().flatten().copied().max().unwrap_or(1).max(1) as f32;
    let middle = plot.center().y.round();
    let step = plot.width() * shared as f32 / bins.len() as f32;
    painter.hline(plot.x_range(), middle, Stroke::new(1.0, palette.line));
    for (column, sum) in sums.iter().enumerate() {
        let left = plot.left() + column as f32 * step;
        for (number, color, way) in [(sum[0], palette.client, -1.0), (sum[1], palette.server, 1.0)] {
            if number > 0 {
                // A root lets a single frame be seen beside thousands.
                let tall = ((number as f32 / most).sqrt() * (plot.height() / 2.0 - 1.0)).max(2.0);
                let right = left + (step - 1.0).clamp(1.0, 4.0);
                let bar = Rect::from_two_pos(pos2(left, middle), pos2(right, middle + way * tall));
                painter.rect_filled(bar, 0.0, color);
            }
        }
    }
    let mark = |time: Timestamp, color| {
        let x = plot.left() + column_of(timeline.bin_of(time).min(bins.len() - 1)) as f32 * step + 1.0;
        painter.vline(x, rect.y_range(), Stroke::new(1.0, color));
    };
    let selected = match opened.selected {
        Some(RowId::Frame(id)) => Some(id),
        Some(RowId::Message(_) | RowId::Finding(_)) => opened.details.frame(),
        None => None,
    };
    if let Some(frame) = selected.and_then(|id| snapshot.frame(id)) {
        mark(frame.time, palette.accent);
    }
    let at = response.hover_pos().map(|pos| ((pos.x - plot.left()) / plot.width()).clamp(0.0, 0.9999));
    let bin = (at? * bins.len() as f32) as usize;
    let column = column_of(bin);
    let bin = column * shared;
    let time = timeline.time_of(bin);
    let clicked = response.clicked();
    response.on_hover_ui_at_pointer(|ui| {
        let [client, server] = sums[column];
        ui.label(RichText::new(time.time_of_day()).font(fonts::mono(theme::SECONDARY)));
        ui.label(format!("{} from the client, {} from the server", count(client, "frame"), text::grouped(server)));
    });
    timeline.first_frame(bin).filter(|_| clicked).map(|id| Command::SelectRow(RowId::Frame(id)))
}
