//! Choices besides the interface and the filter.

use egui::{RichText, Ui, vec2};

use crate::capture::live::{DEFAULT_BUFFER, Limits, parse_duration, parse_size};
use crate::gui::theme::{self, Palette};

/// The options as they were typed. Empty is "as usual".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    pub promiscuous: bool,
    buffer: String,
    duration: String,
    packets: String,
    size: String,
}

impl Options {
    /// Octets of the kernel's buffer.
    pub fn buffer(&self) -> Result<u32, String> {
        let wanted = typed(&self.buffer, parse_size)?.unwrap_or(u64::from(DEFAULT_BUFFER));
        u32::try_from(wanted).map_err(|_| "the buffer can have 4 GB at most".to_owned())
    }

    /// When sniffing ends by itself.
    pub fn limits(&self) -> Result<Limits, String> {
        let number = |text: &str| {
            let number = text.replace([',', ' '], "").parse::<u64>().ok().filter(|number| *number > 0);
            number.ok_or_else(|| "the packets are a number, for example 10000".to_owned())
        };
        Ok(Limits {
            packets: typed(&self.packets, number)?,
            duration: typed(&self.duration, parse_duration)?,
            size: typed(&self.size, parse_size)?,
        })
    }

    /// Why what was typed cannot be used.
    pub fn problem(&self) -> Option<String> {
        self.buffer().err().or_else(|| self.limits().err())
    }
}

fn typed<T>(text: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, String> {
    if text.trim().is_empty() { Ok(None) } else { parse(text.trim()).map(Some) }
}

/// Paints the options.
pub fn options_ui(ui: &mut Ui, options: &mut Options) {
    let palette = Palette::of(ui);
    ui.checkbox(&mut options.promiscuous, "Packets for other machines too (promiscuous mode)");
    ui.add_space(theme::GRID);
    egui::Grid::new("limits").num_columns(4).spacing(vec2(12.0, 6.0)).show(ui, |ui| {
        let field = |ui: &mut Ui, name: &str, hint: &str, text: &mut String| {
            ui.label(RichText::new(name).color(palette.secondary));
            let edit = egui::TextEdit::singleline(text).hint_text(hint);
            let response = ui.add_sized(vec2(130.0, theme::ROW), edit);
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, name));
        };
        field(ui, "Stop after", "5m, 1h …", &mut options.duration);
        field(ui, "packets", "10000 …", &mut options.packets);
        ui.end_row();
        field(ui, "Stop at", "100MB …", &mut options.size);
        field(ui, "Kernel's buffer", "64MiB", &mut options.buffer);
        ui.end_row();
    });
    if let Some(problem) = options.problem() {
        ui.label(RichText::new(problem).size(theme::SECONDARY).color(palette.violation));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed() {
        let mut options = Options::default();
        assert_eq!((options.limits(), options.buffer()), (Ok(Limits::default()), Ok(DEFAULT_BUFFER)));
        (options.packets, options.size, options.buffer) = ("10,000".into(), " 5MB ".into(), "1MiB".into());
        let limits = options.limits().unwrap();
        assert_eq!((limits.packets, limits.size, options.buffer()), (Some(10_000), Some(5_000_000), Ok(1 << 20)));
        options.duration = "soon".into();
        assert!(options.problem().unwrap().contains("30s"));
        (options.duration, options.buffer) = (String::new(), "5GB".into());
        assert!(options.problem().unwrap().contains("4 GB"));
    }
}
