//! The opening handshake: both heads, what was negotiated, and how the accept value comes about.

use egui::{Align, Frame, Label, Layout, Margin, RichText, ScrollArea, Sense, Stroke, Ui, vec2};

use super::button::button_ui;
use super::command::Command;
use super::pane::Pane;
use super::round_trips::round_trips_ui;
use super::theme::{self, FamilyColors, Palette};
use super::{deflate, explain, fonts, marks, scroll};
use crate::base::{ConnectionId, Sender, Severity};
use crate::dissect::Recognition;
use crate::view::{AcceptSteps, HandshakeView, HeadView, NegotiationRow, printable};

/// From this width on, the heads stand side by side.
const SIDE_BY_SIDE: f32 = 860.0;

/// Paints the opening handshake into the room that is left.
pub fn handshake_ui(ui: &mut Ui, connection: ConnectionId, view: &HandshakeView) -> Option<Command> {
    let mut command = None;
    // The bar has its room before it is known whether there is one: nothing moves when it comes.
    let bar = std::mem::take(&mut ui.spacing_mut().scroll.floating_allocated_width);
    let area = ui.available_rect_before_wrap();
    let step = Pane::Text.stop_ui(ui, area);
    scroll::of_shown(ui, ScrollArea::vertical(), "handshake", connection).show(ui, |ui| {
        step.into_iter().for_each(|step| ui.scroll_with_delta(step.points(area.height())));
        ui.set_max_width(ui.available_width() - bar);
        ui.spacing_mut().item_spacing.y = 6.0;
        for finding in &view.findings {
            explain::finding_ui(ui, finding);
        }
        if let Some(recognition) = view.recognition {
            command = recognition_ui(ui, connection, recognition);
        }
        let sides = [(Sender::Client, &view.request), (Sender::Server, &view.response)];
        if ui.available_width() >= SIDE_BY_SIDE {
            ui.columns(2, |columns| {
                for (ui, (sender, head)) in columns.iter_mut().zip(sides) {
                    // Columns justify their text; a head is no prose.
                    ui.with_layout(Layout::top_down(Align::Min), |ui| {
                        command = head_ui(ui, sender, head.as_ref()).or(command.take());
                    });
                }
            });
        } else {
            for (sender, head) in sides {
                command = head_ui(ui, sender, head.as_ref()).or(command.take());
            }
        }
        if !view.negotiation.is_empty() {
            section(ui, "Negotiated");
            negotiation_ui(ui, &view.negotiation);
        }
        if let Some(words) = &view.compression {
            section(ui, "Compression");
            match view.compression_grew {
                true => drop(explain::problem_ui(ui, Severity::Warning, words)),
                false => drop(ui.add(Label::new(RichText::new(words)).wrap())),
            }
            deflate::parameters_ui(ui, &view.parameters);
        }
        if !view.story.is_empty() {
            section(ui, "How it ended");
            for sentence in &view.story {
                ui.add(Label::new(RichText::new(sentence)).wrap());
            }
        }
        if let Some(trips) = &view.round_trips {
            section(ui, "Pings and pongs");
            round_trips_ui(ui, trips);
        }
        if let Some(steps) = &view.accept {
            section(ui, "Sec-WebSocket-Accept, step by step");
            accept_ui(ui, steps);
        }
        ui.add_space(4.0 * theme::GRID);
    });
    command
}

/// Asks the user about a connection whose handshake was not captured.
fn recognition_ui(ui: &mut Ui, connection: ConnectionId, recognition: Recognition) -> Option<Command> {
    let palette = Palette::of(ui);
    let mut command = None;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 2.0 * theme::GRID;
        let (confirm, reject) = (Command::Confirm(connection), Command::Reject(connection));
        match recognition {
            Recognition::Evidence => {
                if button_ui(ui, &confirm, vec2(88.0, 28.0)) {
                    command = Some(confirm);
                }
            }
            Recognition::Confirmed | Recognition::UserOverride => {
                let (rect, _) = ui.allocate_exact_size(vec2(16.0, 28.0), Sense::hover());
                marks::tick(ui.painter(), rect.center(), 11.0, palette.good);
                let words = match recognition {
                    Recognition::UserOverride => "Read as a WebSocket because you said so",
                    _ => "You confirmed that this is a WebSocket",
                };
                ui.label(RichText::new(words).color(palette.secondary));
            }
        }
        if button_ui(ui, &reject, vec2(0.0, 28.0)) {
            command = Some(reject);
        }
    });
    command
}

fn section(ui: &mut Ui, title: &str) {
    ui.add_space(3.0 * theme::GRID);
    ui.label(RichText::new(title).font(fonts::semibold(theme::HEADING)));
}

/// One head: its start line, its fields, those of the handshake in bold.
fn head_ui(ui: &mut Ui, sender: Sender, head: Option<&HeadView>) -> Option<Command> {
    let palette = Palette::of(ui);
    let mut command = None;
    ui.add_space(theme::GRID);
    ui.horizontal(|ui| {
        marks::sender_ui(ui, sender);
        let title = if sender == Sender::Client { "Request" } else { "Response" };
        ui.label(RichText::new(title).font(fonts::semibold(theme::HEADING)));
        let Some(head) = head else { return };
        for packet in head.packets.iter().take(3) {
            let link = egui::Link::new(RichText::new(format!("packet {packet}")).size(theme::SECONDARY));
            let wish = Command::ShowPacket(*packet);
            if ui.add(link).on_hover_text(wish.tooltip()).clicked() {
                command = Some(wish);
            }
        }
        if head.packets.len() > 3 {
            let more = format!("and {} more", head.packets.len() - 3);
            ui.label(RichText::new(more).size(theme::SECONDARY).color(palette.secondary));
        }
    });
    let Some(head) = head else {
        let words = "Not captured: the capture starts later, or these packets were lost.";
        ui.label(RichText::new(words).color(palette.secondary));
        return None;
    };
    let frame = Frame::new().fill(palette.sunken).corner_radius(6.0).inner_margin(Margin::same(12));
    frame.show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 4.0;
        let start = RichText::new(printable(&head.start_line)).font(fonts::mono_bold(theme::MONO));
        ui.add(Label::new(start).selectable(true).wrap());
        for (name, value) in &head.fields {
            let ours = HeadView::is_of_handshake(name);
            field_ui(ui, name, value, ours, palette);
        }
    });
    command
}

fn field_ui(ui: &mut Ui, name: &str, value: &str, ours: bool, palette: &Palette) {
    let mut job = egui::text::LayoutJob::default();
    let (name_font, name_ink, value_ink) = if ours {
        (fonts::mono_bold(theme::MONO - 0.5), palette.flag.text, palette.text)
    } else {
        (fonts::mono(theme::MONO - 0.5), palette.secondary, palette.secondary)
    };
    job.append(&printable(name), 0.0, egui::TextFormat::simple(name_font, name_ink));
    job.append(": ", 0.0, egui::TextFormat::simple(fonts::mono(theme::MONO - 0.5), palette.secondary));
    job.append(&printable(value), 0.0, egui::TextFormat::simple(fonts::mono(theme::MONO - 0.5), value_ink));
    ui.add(Label::new(job).selectable(true).wrap());
}

/// Offered → chosen.
fn negotiation_ui(ui: &mut Ui, rows: &[NegotiationRow]) {
    let palette = Palette::of(ui);
    let (what, arrow) = (104.0, 20.0);
    let part = (ui.available_width().min(1100.0) - what - arrow - 4.0 * 12.0) / 3.0;
    let line = |ui: &mut Ui, cells: &mut dyn FnMut(&mut Ui, usize)| {
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing = vec2(12.0, 2.0);
            for (index, width) in [what, part, arrow, part, part].into_iter().enumerate() {
                ui.allocate_ui_with_layout(vec2(width, 18.0), Layout::top_down(Align::Min), |ui| {
                    ui.set_width(width);
                    cells(ui, index);
                });
            }
        });
    };
    line(ui, &mut |ui, index| {
        let title = ["", "Offered", "", "Chosen", ""][index];
        ui.label(RichText::new(title).size(theme::SECONDARY).color(palette.secondary));
    });
    for row in rows {
        ui.painter().hline(ui.max_rect().x_range(), ui.cursor().top() - 2.0, Stroke::new(1.0, palette.line));
        let value = |ui: &mut Ui, text: &str| {
            let (text, ink) = match text {
                "" => ("nothing".to_owned(), palette.faint),
                _ => (printable(text), palette.text),
            };
            let text = RichText::new(text).font(fonts::mono(theme::SECONDARY)).color(ink);
            ui.add(Label::new(text).selectable(true).wrap());
        };
        line(ui, &mut |ui, index| match (index, row.severity) {
            (0, _) => drop(ui.label(RichText::new(&row.what).font(fonts::semibold(theme::BODY - 0.5)))),
            (1, _) => value(ui, &row.offered),
            (2, _) => {
                let (rect, _) = ui.allocate_exact_size(vec2(16.0, 16.0), Sense::hover());
                marks::arrow(ui.painter(), rect.center(), 12.0, 1.0, palette.faint);
            }
            (3, _) => value(ui, &row.chosen),
            (_, Some(severity)) => drop(explain::problem_ui(ui, severity, &row.note)),
            (_, None) => {
                let note = RichText::new(printable(&row.note)).size(theme::SECONDARY).color(palette.secondary);
                ui.add(Label::new(note).wrap());
            }
        });
    }
}

/// Key + GUID → SHA-1 → Base64 → compare, one below the other.
fn accept_ui(ui: &mut Ui, steps: &AcceptSteps) {
    let palette = Palette::of(ui);
    let step = |ui: &mut Ui, title: &str, colors: &FamilyColors, paint: &dyn Fn(&mut Ui)| {
        let frame = Frame::new().fill(colors.tint).corner_radius(6.0).inner_margin(Margin::symmetric(12, 8));
        let response = frame.show(ui, |ui| {
            ui.set_min_width(ui.available_width().min(620.0));
            ui.spacing_mut().item_spacing.y = 2.0;
            ui.label(RichText::new(title).size(theme::SECONDARY).color(colors.text));
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing.x = 0.0;
                paint(ui);
            });
        });
        let rect = response.response.rect;
        let bar = egui::Rect::from_min_max(rect.min, egui::pos2(rect.left() + 3.0, rect.bottom()));
        ui.painter().rect_filled(bar, 1.0, colors.edge);
    };
    let mono = |text: &str, ink| RichText::new(printable(text)).font(fonts::mono(theme::MONO)).color(ink);
    step(ui, "Sec-WebSocket-Key of the request, then the GUID of RFC 6455", &palette.flag, &|ui| {
        ui.label(mono(&steps.key, palette.flag.text));
        ui.label(mono(&steps.guid, palette.payload.text));
    });
    flow_arrow(ui, "SHA-1");
    step(ui, "20 octets", &palette.length, &|ui| {
        ui.label(mono(&spaced(&steps.sha1_hex), palette.text));
    });
    flow_arrow(ui, "Base64");
    step(ui, "What the server has to answer", &palette.opcode, &|ui| {
        ui.label(mono(&steps.base64, palette.text));
    });
    flow_arrow(ui, "compare with Sec-WebSocket-Accept of the response");
    verdict_ui(ui, steps);
}

/// `b3 7a 4f …`: octets apart.
fn spaced(hex: &str) -> String {
    let octets: Vec<&str> = (0..hex.len()).step_by(2).filter_map(|at| hex.get(at..at + 2)).collect();
    octets.join(" ")
}

fn flow_arrow(ui: &mut Ui, by: &str) {
    let palette = Palette::of(ui);
    ui.horizontal(|ui| {
        ui.add_space(theme::GRID * 3.0);
        let (rect, _) = ui.allocate_exact_size(vec2(16.0, 22.0), Sense::hover());
        marks::arrow_down(ui.painter(), rect.center(), 16.0, palette.secondary);
        ui.label(RichText::new(by).size(theme::SECONDARY).color(palette.secondary));
    });
}

fn verdict_ui(ui: &mut Ui, steps: &AcceptSteps) {
    let palette = Palette::of(ui);
    let (ink, words) = match (&steps.received, steps.matches) {
        (None, _) => (palette.secondary, "the response has none, or was not captured"),
        (Some(_), true) => (palette.good, "the same: this server speaks WebSocket and read this request"),
        (Some(_), false) => (palette.violation, "not the same: the client must fail the connection (RFC 6455 §4.1)"),
    };
    let stroke = Stroke::new(1.5, ink);
    let frame = Frame::new().stroke(stroke).corner_radius(6.0).inner_margin(Margin::symmetric(12, 8));
    frame.show(ui, |ui| {
        // As wide as the steps above it, line and all.
        ui.set_min_width(ui.available_width().min(620.0 - 2.0 * stroke.width));
        ui.horizontal(|ui| {
            let (rect, _) = ui.allocate_exact_size(vec2(18.0, 18.0), Sense::hover());
            match (&steps.received, steps.matches) {
                (None, _) => {}
                (_, true) => marks::tick(ui.painter(), rect.center(), 15.0, ink),
                (_, false) => marks::cross(ui.painter(), rect.center(), 14.0, ink),
            }
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                if let Some(received) = &steps.received {
                    let text = RichText::new(printable(received)).font(fonts::mono(theme::MONO));
                    ui.add(Label::new(text).selectable(true));
                }
                ui.label(RichText::new(words).size(theme::SECONDARY).color(ink));
            });
        });
    });
}
