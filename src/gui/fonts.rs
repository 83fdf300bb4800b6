//! The fonts: Inter for the interface, JetBrains Mono for octets, Droid Sans Fallback for Chinese, Japanese and Korean.
//!
//! The order in which a character is looked for:
//!
//! ```text
//!   Inter / JetBrains Mono → Droid Sans Fallback → the system's fonts (colour emoji, Arabic …) → monochrome emoji
//! ```
//!
//! The last step is ours, so that an emoji is readable on a machine that has no font for it.

use std::sync::Arc;

use egui::epaint::text::{FallbackRequest, FontInsert};
use egui::{FontData, FontDefinitions, FontFamily, FontId, FontTweak};

const INTER: &[u8] = include_bytes!("../../assets/fonts/inter/Inter-Regular.otf");
const INTER_SEMIBOLD: &[u8] = include_bytes!("../../assets/fonts/inter/Inter-SemiBold.otf");
const MONO: &[u8] = include_bytes!("../../assets/fonts/jetbrains-mono/JetBrainsMono-Regular.ttf");
const MONO_BOLD: &[u8] = include_bytes!("../../assets/fonts/jetbrains-mono/JetBrainsMono-Bold.ttf");
const CJK: &[u8] = include_bytes!("../../assets/fonts/droid-sans-fallback/DroidSansFallback.ttf");

/// Inter, semi-bold: names and headings.
pub fn semibold(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name("semibold".into()))
}

/// JetBrains Mono, bold: bits and octets that matter.
pub fn mono_bold(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name("mono-bold".into()))
}

/// Inter, regular.
pub fn body(size: f32) -> FontId {
    FontId::proportional(size)
}

/// JetBrains Mono, regular.
pub fn mono(size: f32) -> FontId {
    FontId::monospace(size)
}

/// Gives `ctx` the fonts.
pub fn install(ctx: &egui::Context) {
    ctx.set_fonts(definitions());
    ctx.add_font_provider(Arc::new(monochrome_emoji));
}

fn definitions() -> FontDefinitions {
    let mut fonts = FontDefinitions::empty();
    for (name, octets) in
        [("Inter", INTER), ("Inter SemiBold", INTER_SEMIBOLD), ("Mono", MONO), ("Mono Bold", MONO_BOLD)]
    {
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_owned(without_substitutions(octets))));
    }
    fonts.font_data.insert("CJK".to_owned(), Arc::new(FontData::from_static(CJK)));
    let mut family = |family, names: &[&str]| {
        fonts.families.insert(family, names.iter().map(|name| (*name).to_owned()).collect());
    };
    // Each falls back to the other for symbols that only one of them has.
    family(FontFamily::Proportional, &["Inter", "CJK", "Mono"]);
    family(FontFamily::Monospace, &["Mono", "CJK", "Inter"]);
    family(FontFamily::Name("semibold".into()), &["Inter SemiBold", "CJK", "Mono Bold"]);
    family(FontFamily::Name("mono-bold".into()), &["Mono Bold", "CJK", "Inter SemiBold"]);
    fonts
}

/// A font whose glyphs stand for one character each. Inter turns `0x1` into `0×1` and JetBrains Mono joins `==` and
/// `//`; who looks at octets wants to see what is there. The substitution table is hidden by renaming it, to a name that
/// keeps the table directory sorted.
fn without_substitutions(font: &[u8]) -> Vec<u8> {
    let mut font = font.to_vec();
    let tables = font.get(4..6).map_or(0, |count| usize::from(u16::from_be_bytes([count[0], count[1]])));
    for table in 0..tables {
        if let Some(tag) = font.get_mut(12 + 16 * table..16 + 16 * table).filter(|tag| tag.starts_with(b"GSUB")) {
            tag.copy_from_slice(b"GSUA");
        }
    }
    font
}

/// The emoji fonts egui carries, one after the other, for what no font before them has.
fn monochrome_emoji(request: &FallbackRequest<'_>) -> Option<FontInsert> {
    let character = u32::from(request.cluster.chars().next()?);
    // Asked only for what can be an emoji or a symbol: a font that lacks the character is refused with a log line.
    let (name, octets, scale) = match character {
        0x2190..=0x2bff | 0x1f000..=0x1faff if !ONLY_ICONS.contains(&character) => {
            ("NotoEmoji", epaint_default_fonts::NOTO_EMOJI_REGULAR, 0.81)
        }
        _ if ONLY_ICONS.contains(&character) => ("EmojiIcons", epaint_default_fonts::EMOJI_ICON, 0.9),
        _ => return None,
    };
    let data = FontData::from_static(octets).tweak(FontTweak { scale, ..FontTweak::default() });
    Some(FontInsert::new(name, data, Vec::new()))
}

/// Symbols that `emoji-icon-font` has and Noto Emoji lacks.
const ONLY_ICONS: [u32; 8] = [0x2318, 0x2325, 0x2387, 0x23ce, 0x2713, 0x2717, 0x25b4, 0x25be];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_shows_what_is_there() {
        let ctx = egui::Context::default();
        install(&ctx);
        let mut output = ctx.run_ui(egui::RawInput::default(), |ui| {
            ui.fonts_mut(|fonts| {
                for font in [body(13.0), semibold(13.0), mono(13.0), mono_bold(13.0)] {
                    // A ligature leaves glyphs without ink behind.
                    let galley = fonts.layout_no_wrap("0x1 == // ->".to_owned(), font.clone(), egui::Color32::WHITE);
                    let ink = galley.rows[0].row.glyphs.iter().filter(|glyph| !glyph.uv_rect.is_nothing()).count();
                    assert_eq!(ink, 9, "{font:?}");
                    assert!(
                        fonts.has_glyphs(&font, "你好，世界 こんにちは カタカナ 한국어 é ß д ⊕ → … ✓ 😀 🎉 ❤"),
                        "{font:?}"
                    );
                }
            });
        });
        output.textures_delta.clear();
    }
}
