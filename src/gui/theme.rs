//! The design tokens, dark and light: every colour and size of the window is named here, and nowhere else.
//!
//! Hues start from the Okabe–Ito palette, which people with colour vision deficiencies can tell apart, and are moved in
//! lightness until text reaches a contrast of 4.5 (WCAG AA) on what it stands on; a test computes it. The payload has
//! the palette's neutral: most of a frame is payload, and its characters are what should stand out.

use egui::style::{Selection as SelectionVisuals, WidgetVisuals, Widgets};
use egui::{Color32, CornerRadius, FontFamily, FontId, Margin, Shadow, Stroke, TextStyle, Vec2, Visuals, vec2};

use crate::base::{FieldFamily, Sender, Severity};
use crate::ws::{FieldId, Opcode, field};

/// The grid: distances are multiples of it.
pub const GRID: f32 = 4.0;
/// Corner radius of cells, chips and buttons.
pub const RADIUS: u8 = 4;
/// Height of a list row.
pub const ROW: f32 = 24.0;
/// Text that is read.
pub const BODY: f32 = 13.5;
/// Text that is glanced at: units, hints, column heads.
pub const SECONDARY: f32 = 12.0;
/// The smallest text: labels inside the diagram.
pub const SMALL: f32 = 11.0;
/// Octets and bits.
pub const MONO: f32 = 13.0;
/// The head of a section.
pub const HEADING: f32 = 15.0;

/// The colours of a field family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FamilyColors {
    /// Chips, the top edge of a cell, underlines.
    pub edge: Color32,
    /// Names on the tint or on the window.
    pub text: Color32,
    /// The surface of a cell.
    pub tint: Color32,
    /// The surface of a cell that is hovered or selected.
    pub tint_strong: Color32,
}

/// All colours of one theme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Palette {
    /// True where it is the dark one.
    pub dark: bool,
    /// The window and its panels.
    pub window: Color32,
    /// The colour of things that lie on the window: cards, tooltips, menus.
    pub raised: Color32,
    /// The colour of things that are sunk into it: text fields, gutters, the ruler.
    pub sunken: Color32,
    /// Every other row of a list.
    pub stripe: Color32,
    /// Separators.
    pub line: Color32,
    /// Outlines of things that can be operated.
    pub line_strong: Color32,
    /// Text that is read.
    pub text: Color32,
    /// Secondary text.
    pub secondary: Color32,
    /// Hints, and zero bits.
    pub faint: Color32,
    /// Links, the primary button, focus.
    pub accent: Color32,
    /// Text on the accent.
    pub on_accent: Color32,
    /// The surface under the pointer.
    pub hover: Color32,
    /// The surface of what is selected.
    pub selected: Color32,
    /// Single bits.
    pub flag: FamilyColors,
    /// The opcode.
    pub opcode: FamilyColors,
    /// Payload lengths.
    pub length: FamilyColors,
    /// The masking-key.
    pub key: FamilyColors,
    /// The payload.
    pub payload: FamilyColors,
    /// Sent by the client.
    pub client: Color32,
    /// Sent by the server.
    pub server: Color32,
    /// Worth knowing.
    pub note: Color32,
    /// Likely a mistake.
    pub warning: Color32,
    /// Against a MUST.
    pub violation: Color32,
    /// As it should be.
    pub good: Color32,
    /// Text frames.
    pub class_text: Color32,
    /// Binary frames.
    pub class_binary: Color32,
    /// Continuation frames.
    pub class_continuation: Color32,
    /// Close frames.
    pub class_close: Color32,
    /// Ping and Pong frames.
    pub class_ping: Color32,
}

const fn rgb(hex: u32) -> Color32 {
    Color32::from_rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

/// `percent` of `over` on `under`, opaque.
const fn mix(over: u32, under: u32, percent: u32) -> Color32 {
    const fn channel(over: u32, under: u32, percent: u32, shift: u32) -> u8 {
        (((over >> shift & 0xff) * percent + (under >> shift & 0xff) * (100 - percent)) / 100) as u8
    }
    Color32::from_rgb(
        channel(over, under, percent, 16),
        channel(over, under, percent, 8),
        channel(over, under, percent, 0),
    )
}

const fn family(edge: u32, text: u32, window: u32, percent: u32) -> FamilyColors {
    FamilyColors {
        edge: rgb(edge),
        text: rgb(text),
        tint: mix(edge, window, percent),
        tint_strong: mix(edge, window, percent + 13),
    }
}

const DARK_WINDOW: u32 = 0x16191e;
const LIGHT_WINDOW: u32 = 0xfbfcfd;

/// The dark theme.
pub const DARK: Palette = Palette {
    dark: true,
    window: rgb(DARK_WINDOW),
    raised: rgb(0x20242b),
    sunken: rgb(0x101317),
    stripe: rgb(0x1a1d23),
    line: rgb(0x2c313a),
    line_strong: rgb(0x454d59),
    text: rgb(0xe8ebf0),
    secondary: rgb(0xa9b1be),
    faint: rgb(0x949dab),
    accent: rgb(0x6cb6ff),
    on_accent: rgb(0x0a1522),
    hover: rgb(0x262b33),
    selected: rgb(0x1f3a57),
    flag: family(0x56b4e9, 0x8fd0f5, DARK_WINDOW, 16),
    opcode: family(0xcc79a7, 0xeaafce, DARK_WINDOW, 18),
    length: family(0x22b486, 0x74dcb9, DARK_WINDOW, 16),
    key: family(0xe69f00, 0xf5c055, DARK_WINDOW, 15),
    payload: family(0x8a95a5, 0xc5ccd6, DARK_WINDOW, 13),
    client: rgb(0x6cb6ff),
    server: rgb(0xf0a35e),
    note: rgb(0x7fc4f0),
    warning: rgb(0xf0d442),
    violation: rgb(0xff8562),
    good: rgb(0x4fd0a3),
    class_text: rgb(0x7fc4f0),
    class_binary: rgb(0xe39fc4),
    class_continuation: rgb(0xa9b1be),
    class_close: rgb(0xff8562),
    class_ping: rgb(0x5fd3ab),
};

/// The light theme.
pub const LIGHT: Palette = Palette {
    dark: false,
    window: rgb(LIGHT_WINDOW),
    raised: rgb(0xffffff),
    sunken: rgb(0xf0f2f5),
    stripe: rgb(0xf5f7f9),
    line: rgb(0xdfe3e8),
    line_strong: rgb(0xb6bec8),
    text: rgb(0x191d22),
    secondary: rgb(0x4f5864),
    faint: rgb(0x616a76),
    accent: rgb(0x0062a8),
    on_accent: rgb(0xffffff),
    hover: rgb(0xe9edf1),
    selected: rgb(0xcfe4f7),
    flag: family(0x0078ba, 0x005487, LIGHT_WINDOW, 11),
    opcode: family(0xb2548a, 0x862c62, LIGHT_WINDOW, 11),
    length: family(0x009e73, 0x005f46, LIGHT_WINDOW, 12),
    key: family(0xc07d00, 0x744800, LIGHT_WINDOW, 14),
    payload: family(0x6b7683, 0x434c57, LIGHT_WINDOW, 9),
    client: rgb(0x0062a8),
    server: rgb(0xa34a00),
    note: rgb(0x00639f),
    warning: rgb(0x7a6000),
    violation: rgb(0xb5380b),
    good: rgb(0x00714f),
    class_text: rgb(0x00639f),
    class_binary: rgb(0x953a70),
    class_continuation: rgb(0x4f5864),
    class_close: rgb(0xb5380b),
    class_ping: rgb(0x006c4f),
};

impl Palette {
    /// The palette of the theme that `ui` is painted in.
    pub fn of(ui: &egui::Ui) -> &'static Palette {
        Palette::in_theme(ui.visuals().dark_mode)
    }

    /// The dark or the light palette.
    pub fn in_theme(dark: bool) -> &'static Palette {
        if dark { &DARK } else { &LIGHT }
    }

    /// The colours of a field family.
    pub fn family(&self, family: FieldFamily) -> &FamilyColors {
        match family {
            FieldFamily::Flag => &self.flag,
            FieldFamily::Opcode => &self.opcode,
            FieldFamily::Length => &self.length,
            FieldFamily::MaskingKey => &self.key,
            FieldFamily::Payload => &self.payload,
        }
    }

    /// The colours of the family that a field belongs to.
    pub fn field(&self, id: FieldId) -> &FamilyColors {
        self.family(field(id).family)
    }

    /// The colour of a severity; pair it with `marks::severity`.
    pub fn severity(&self, severity: Severity) -> Color32 {
        match severity {
            Severity::Note => self.note,
            Severity::Warning => self.warning,
            Severity::Violation => self.violation,
        }
    }

    /// The colour of a sender; pair it with `marks::sender`.
    pub fn sender(&self, sender: Sender) -> Color32 {
        match sender {
            Sender::Client => self.client,
            Sender::Server => self.server,
            Sender::Unknown => self.secondary,
        }
    }

    /// The colour of an opcode's class; pair it with `marks::opcode`.
    pub fn class(&self, opcode: Opcode) -> Color32 {
        match opcode {
            Opcode::TEXT => self.class_text,
            Opcode::BINARY => self.class_binary,
            Opcode::CONTINUATION => self.class_continuation,
            Opcode::CLOSE => self.class_close,
            Opcode::PING | Opcode::PONG => self.class_ping,
            _ => self.violation,
        }
    }

    /// The frame of a field that the pointer is on.
    pub fn hover_stroke(&self) -> Stroke {
        Stroke::new(1.5, self.secondary)
    }

    /// The frame of a selected field.
    pub fn selected_stroke(&self) -> Stroke {
        Stroke::new(2.0, self.accent)
    }
}

/// Gives `ctx` both themes; which one shows is `ctx.set_theme`'s business.
pub fn apply(ctx: &egui::Context) {
    for theme in [egui::Theme::Dark, egui::Theme::Light] {
        let palette = Palette::in_theme(theme == egui::Theme::Dark);
        ctx.style_mut_of(theme, |style| {
            style.visuals = visuals(palette);
            style.text_styles = [
                (TextStyle::Heading, super::fonts::semibold(HEADING)),
                (TextStyle::Body, FontId::new(BODY, FontFamily::Proportional)),
                (TextStyle::Button, FontId::new(BODY, FontFamily::Proportional)),
                (TextStyle::Small, FontId::new(SECONDARY, FontFamily::Proportional)),
                (TextStyle::Monospace, FontId::new(MONO, FontFamily::Monospace)),
            ]
            .into();
            spacing(&mut style.spacing);
            style.interaction.tooltip_delay = 0.25;
            style.animation_time = 0.0;
        });
    }
}

fn spacing(spacing: &mut egui::style::Spacing) {
    spacing.item_spacing = vec2(2.0 * GRID, GRID);
    spacing.button_padding = vec2(2.0 * GRID, GRID);
    spacing.interact_size = vec2(8.0 * GRID, ROW);
    spacing.window_margin = Margin::same(12);
    spacing.menu_margin = Margin::same(8);
    spacing.tooltip_width = 380.0;
    spacing.scroll.floating = true;
    spacing.scroll.bar_width = 10.0;
    spacing.scroll.floating_width = 6.0;
    spacing.scroll.floating_allocated_width = 8.0;
    spacing.scroll.dormant_handle_opacity = 0.5;
    spacing.scroll.active_handle_opacity = 0.7;
}

fn visuals(palette: &Palette) -> Visuals {
    let mut visuals = if palette.dark { Visuals::dark() } else { Visuals::light() };
    let widget = |fill: Color32, outline: Color32, text: Color32| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::new(1.0, outline),
        corner_radius: CornerRadius::same(RADIUS),
        fg_stroke: Stroke::new(1.0, text),
        expansion: 0.0,
    };
    visuals.widgets = Widgets {
        noninteractive: widget(palette.window, palette.line, palette.text),
        inactive: widget(palette.raised, palette.line, palette.text),
        hovered: widget(palette.hover, palette.line_strong, palette.text),
        active: widget(palette.selected, palette.accent, palette.text),
        open: widget(palette.hover, palette.line_strong, palette.text),
    };
    visuals.selection = SelectionVisuals { bg_fill: palette.selected, stroke: Stroke::new(1.0, palette.text) };
    visuals.weak_text_color = Some(palette.secondary);
    visuals.hyperlink_color = palette.accent;
    visuals.faint_bg_color = palette.stripe;
    visuals.extreme_bg_color = palette.sunken;
    visuals.code_bg_color = palette.sunken;
    visuals.warn_fg_color = palette.warning;
    visuals.error_fg_color = palette.violation;
    visuals.window_fill = palette.raised;
    visuals.panel_fill = palette.window;
    visuals.window_stroke = Stroke::new(1.0, palette.line_strong);
    visuals.window_corner_radius = CornerRadius::same(8);
    visuals.menu_corner_radius = CornerRadius::same(6);
    let shade = Color32::from_black_alpha(if palette.dark { 110 } else { 40 });
    visuals.popup_shadow = Shadow { offset: [0, 4], blur: 16, spread: 0, color: shade };
    visuals.window_shadow = Shadow { offset: [0, 8], blur: 28, spread: 0, color: shade };
    visuals
}

/// A size of `width` × the height of a row.
pub fn row_size(width: f32) -> Vec2 {
    vec2(width, ROW)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2: relative luminance.
    fn luminance(color: Color32) -> f64 {
        let linear = |channel: u8| {
            let c = f64::from(channel) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(color.r()) + 0.7152 * linear(color.g()) + 0.0722 * linear(color.b())
    }

    fn contrast(a: Color32, b: Color32) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_is_readable_on_what_it_stands_on() {
        for palette in [&DARK, &LIGHT] {
            let check = |what: &str, text: Color32, ground: Color32, least: f64| {
                let ratio = contrast(text, ground);
                assert!(ratio >= least, "{what}, dark {}: {ratio:.2} < {least}", palette.dark);
            };
            let surfaces = [palette.window, palette.raised, palette.sunken, palette.stripe, palette.hover];
            let inks = [
                ("text", palette.text),
                ("secondary", palette.secondary),
                ("faint", palette.faint),
                ("accent", palette.accent),
                ("client", palette.client),
                ("server", palette.server),
                ("note", palette.note),
                ("warning", palette.warning),
                ("violation", palette.violation),
                ("good", palette.good),
                ("text frames", palette.class_text),
                ("binary frames", palette.class_binary),
                ("continuation frames", palette.class_continuation),
                ("close frames", palette.class_close),
                ("ping frames", palette.class_ping),
            ];
            for ground in surfaces {
                for (what, ink) in inks {
                    check(what, ink, ground, 4.5);
                }
            }
            for (what, ink) in &inks[..2] {
                check(what, *ink, palette.selected, 4.5);
            }
            check("on accent", palette.on_accent, palette.accent, 4.5);
            for family in [&palette.flag, &palette.opcode, &palette.length, &palette.key, &palette.payload] {
                for ground in [family.tint, family.tint_strong, palette.raised, palette.window] {
                    check("family text", family.text, ground, 4.5);
                }
                for ground in [family.tint, family.tint_strong] {
                    check("text on a tint", palette.text, ground, 7.0);
                    check("secondary text on a tint", palette.secondary, ground, 4.5);
                }
                check("zero bits", palette.faint, family.tint, 4.5);
                // An edge is no text: 3 is what WCAG asks of shapes.
                check("edge", family.edge, palette.window, 3.0);
            }
        }
    }
}
