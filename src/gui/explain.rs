//! The tooltip of a field or of a payload octet, the same in the diagram, the tree and the hex dump.

use egui::{Response, RichText, Ui, vec2};

use super::theme::{self, Palette};
use super::words::words;
use super::{fonts, marks};
use crate::base::{Finding, Place, Severity};
use crate::view::{FrameView, meaning, printable, value_text};
use crate::ws::{FieldId, field};

/// `bit 0`, `bits 4–7` of the frame; for the payload its octets.
pub fn place_text(view: &FrameView, id: FieldId) -> String {
    match view.header.field(id) {
        Some(part) if part.bits == 1 => format!("bit {}", part.at),
        Some(part) => format!("bits {}–{}", part.at, u16::from(part.at) + u16::from(part.bits) - 1),
        None => format!("from octet {}", view.header.header_len()),
    }
}

/// Fills a tooltip with what is to be said about `id`; with `index`, about that payload octet first.
pub fn explain_ui(ui: &mut Ui, view: &FrameView, id: FieldId, index: Option<u64>) {
    let palette = Palette::of(ui);
    let table = field(id);
    ui.set_max_width(360.0);
    ui.spacing_mut().item_spacing = vec2(6.0, 4.0);
    ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(10.0, 16.0), egui::Sense::hover());
        marks::chip(ui.painter(), rect.center(), 9.0, palette.field(id).edge);
        ui.label(RichText::new(table.label).font(fonts::semibold(theme::BODY)).color(palette.field(id).text));
        ui.label(RichText::new(place_text(view, id)).size(theme::SECONDARY).color(palette.secondary));
    });
    if let Some(index) = index {
        octet_ui(ui, view, index);
    }
    let (value, meaning) = (value_text(view, id), meaning(view, id));
    ui.horizontal_wrapped(|ui| {
        // `5` and `5 octets`: the meaning says it all.
        if !meaning.starts_with(&value) {
            ui.label(RichText::new(value).font(fonts::mono_bold(theme::MONO)));
        }
        ui.label(meaning);
    });
    ui.label(RichText::new(table.explanation).size(theme::SECONDARY).color(palette.secondary));
    ui.label(RichText::new(table.section).size(theme::SECONDARY).color(palette.accent));
    for finding in findings(view, id, index) {
        finding_ui(ui, finding);
    }
}

/// One payload octet: what was sent, the key octet, what it is.
fn octet_ui(ui: &mut Ui, view: &FrameView, index: u64) {
    let palette = Palette::of(ui);
    ui.horizontal_wrapped(|ui| {
        ui.label(format!("Octet {index}"));
        let (Some(wire), Some(plain)) = (view.wire_octet(index), view.plain_octet(index)) else {
            ui.label("was not captured");
            return;
        };
        let hex = |octet: u8| RichText::new(format!("{octet:02x}")).font(fonts::mono_bold(theme::MONO));
        if let Some(key) = view.key_octet(index) {
            ui.label(hex(wire).color(palette.payload.text));
            ui.label("⊕");
            ui.label(hex(key).color(palette.key.text));
            ui.label(RichText::new(format!("(key octet {})", index % 4)).color(palette.secondary));
            ui.label("=");
        }
        ui.label(hex(plain));
        if plain.is_ascii_graphic() {
            ui.label(RichText::new(format!("“{}”", char::from(plain))).strong());
        }
    });
}

/// The findings about a field; with `index`, those about that payload octet.
fn findings(view: &FrameView, id: FieldId, index: Option<u64>) -> Vec<&Finding> {
    let touches = |place: Place| match (index, place) {
        (Some(index), Place::PayloadOctets { at, len }) => at <= index && index - at < len,
        _ => true,
    };
    let mut findings: Vec<_> = view.findings_of(id).filter(|finding| touches(finding.place)).collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity()));
    findings
}

/// A finding in one line: its mark and its sentence. The tooltip tells what the rule is for.
pub fn finding_ui(ui: &mut Ui, finding: &Finding) {
    let (words, rule) = (words(ui.ctx()), finding.rule);
    problem_ui(ui, rule.severity(), &words.sentence(&finding.fact)).on_hover_ui(|ui| {
        let palette = Palette::of(ui);
        ui.set_max_width(420.0);
        ui.label(RichText::new(rule.id()).font(fonts::mono_bold(theme::SECONDARY)));
        ui.label(RichText::new(words.explanation(rule)).size(theme::SECONDARY));
        ui.label(RichText::new(rule.section()).size(theme::SECONDARY).color(palette.accent));
    });
}

/// Something that is wrong in one line: its mark and its sentence.
pub fn problem_ui(ui: &mut Ui, severity: Severity, text: &str) -> Response {
    let palette = Palette::of(ui);
    let text = RichText::new(printable(text)).size(theme::SECONDARY).color(palette.severity(severity));
    let shown = ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let (rect, _) = ui.allocate_exact_size(vec2(12.0, 16.0), egui::Sense::hover());
        marks::severity(ui.painter(), rect.center(), 11.0, severity, palette);
        ui.add(egui::Label::new(text).wrap());
    });
    shown.response
}
