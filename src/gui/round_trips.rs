//! The round trips of a connection's pings over the time of the capture: a small plot.

use egui::{Align2, Painter, Pos2, Rect, RichText, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::theme::{self, Palette};
use super::{fonts, marks};
use crate::base::{Sender, Timestamp};
use crate::view::{Answer, PingView, RoundTrips, TimeAxis, axis_label, count, duration};

const HEIGHT: f32 = 148.0;
const WIDTH: f32 = 620.0;
/// Room for the labels of the axis.
const LABELS: f32 = 64.0;
/// The strip above the plot for pings that nobody answered, and the one below it for the time.
const STRIP: f32 = 20.0;
const MARK: f32 = 7.0;
/// The distance at which the pointer is on a mark.
const NEAR: f32 = 14.0;

/// Paints the plot, what it comes to in words, and which mark means what.
pub fn round_trips_ui(ui: &mut Ui, trips: &RoundTrips) {
    let palette = Palette::of(ui);
    let words = trips.in_words();
    ui.label(&words);
    let size = vec2(ui.available_width().min(WIDTH), HEIGHT);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, format!("round-trip times: {words}")));
    let plot = Rect::from_min_max(rect.min + vec2(LABELS, STRIP), rect.max - vec2(MARK, STRIP));
    let painter = ui.painter();
    let axis = trips.axis();
    axes(painter, plot, &axis, trips.span, palette);
    let columns = (plot.width() / 2.0) as usize;
    let placed: Vec<(Pos2, PingView)> = trips
        .marks(columns)
        .into_iter()
        .map(|(place, ping)| {
            let x = plot.left() + plot.width() * place as f32 / columns.saturating_sub(1).max(1) as f32;
            let y = match ping.answer {
                Answer::After(took) => plot.bottom() - plot.height() * axis.height(took),
                Answer::Never | Answer::Open => plot.top() - STRIP / 2.0,
            };
            (pos2(x, y), ping)
        })
        .collect();
    let under = response.hover_pos().and_then(|pointer| {
        let nearest = placed.iter().min_by(|(a, _), (b, _)| a.distance(pointer).total_cmp(&b.distance(pointer)));
        nearest.filter(|(at, _)| at.distance(pointer) <= NEAR)
    });
    for (at, ping) in &placed {
        mark(painter, *at, MARK, ping, palette);
    }
    if let Some((at, ping)) = under {
        painter.circle_stroke(*at, MARK, palette.hover_stroke());
        response.on_hover_text_at_pointer(told(ping, trips.span.0));
    }
    legend_ui(ui, trips);
}

/// `Ping of the server, frame 18, 12.3 s after the start: its pong came 1.20 ms later.`
fn told(ping: &PingView, start: Timestamp) -> String {
    let what = match ping.answer {
        Answer::After(took) => format!("its pong came {} later", duration(took)),
        Answer::Never | Answer::Open => "nobody answered it".to_owned(),
    };
    let at = duration(ping.time.since(start));
    format!("Ping of the {}, frame {}, {at} after the start: {what}.", ping.sender, ping.ping.number())
}

/// Lines with their round-trip times, and the time from the connection's start to its end.
fn axes(painter: &Painter, plot: Rect, axis: &TimeAxis, (start, end): (Timestamp, Timestamp), palette: &Palette) {
    let font = || fonts::body(theme::SMALL);
    for (index, tick) in axis.ticks().into_iter().enumerate() {
        let y = (plot.bottom() - plot.height() * axis.height(tick)).round() + 0.5;
        let ink = if index == 0 { palette.line_strong } else { palette.line };
        painter.hline(plot.x_range(), y, Stroke::new(1.0, ink));
        let at = pos2(plot.left() - 8.0, y);
        painter.text(at, Align2::RIGHT_CENTER, axis_label(tick), font(), palette.secondary);
    }
    let whole = end.since(start);
    for (part, align) in [(0, Align2::LEFT_TOP), (1, Align2::CENTER_TOP), (2, Align2::RIGHT_TOP)] {
        let label = if part == 0 { "0 s".to_owned() } else { duration(whole / 2 * part) };
        let at = pos2(plot.left() + plot.width() * part as f32 / 2.0, plot.bottom() + 5.0);
        painter.text(at, align, label, font(), palette.secondary);
    }
}

/// A disc for a ping of the client, a square for one of the server, a cross for one that nobody answered.
fn mark(painter: &Painter, at: Pos2, size: f32, ping: &PingView, palette: &Palette) {
    let color = palette.sender(ping.sender);
    match (ping.answer, ping.sender) {
        (Answer::After(_), Sender::Server) => {
            let square = Rect::from_center_size(at, vec2(size * 0.9, size * 0.9));
            painter.rect_filled(square, 0.0, color);
        }
        (Answer::After(_), _) => drop(painter.circle_filled(at, size / 2.0, color)),
        (Answer::Never | Answer::Open, _) => marks::cross(painter, at, size * 1.3, color),
    }
}

/// Explains the marks, as far as they are there.
fn legend_ui(ui: &mut Ui, trips: &RoundTrips) {
    let palette = Palette::of(ui);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        for sender in [Sender::Client, Sender::Server] {
            for is_answered in [true, false] {
                let is_it = |ping: &&PingView| {
                    ping.sender == sender && ping.answer != Answer::Open && ping.answer.took().is_some() == is_answered
                };
                let number = trips.pings.iter().filter(is_it).count();
                let Some(sample) = trips.pings.iter().find(is_it) else { continue };
                let (rect, _) = ui.allocate_exact_size(vec2(MARK * 1.5, theme::ROW), Sense::hover());
                mark(ui.painter(), rect.center(), MARK, sample, palette);
                let what = if is_answered { "" } else { ", unanswered" };
                let label = format!("{} of the {sender}{what}", count(number as u64, "ping"));
                ui.label(RichText::new(label).size(theme::SECONDARY).color(palette.secondary));
                ui.add_space(2.0 * theme::GRID);
            }
        }
        if trips.axis().is_logarithmic() {
            ui.label(RichText::new("logarithmic scale").size(theme::SECONDARY).color(palette.faint));
        }
    });
}
