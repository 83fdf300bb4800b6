//! Settings that are kept from one run to the next.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Recent captures that are kept.
const RECENT: usize = 10;

/// The settings that are kept from one run to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Dark, light, or what the system has.
    pub dark: Option<bool>,
    /// Captures that were opened, the latest first.
    pub recent: Vec<PathBuf>,
    /// The width that the list of connections was given, in points.
    pub connections: Option<u16>,
    /// The height that the details were given, in thousandths of the room that they share with the list of rows.
    pub details: Option<u16>,
}

impl Settings {
    /// Reads what an earlier run kept; what cannot be read is forgotten.
    pub fn from_text(text: &str) -> Settings {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// Returns what is to be kept.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Puts a capture first among the recent ones.
    pub fn remember(&mut self, path: &Path) {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        self.forget(&path);
        self.recent.insert(0, path);
        self.recent.truncate(RECENT);
    }

    /// Removes a capture from the recent ones.
    pub fn forget(&mut self, path: &Path) {
        self.recent.retain(|known| known != path);
    }

    /// Returns how wide the list of connections is in a window of this width, in points.
    pub fn connections_width(&self, window: f32) -> f32 {
        let wanted = self.connections.map_or((window * 0.24).clamp(220.0, 320.0), f32::from);
        wanted.min(window * 0.45).max(180.0)
    }

    /// Returns how high the details are where they share this height with the list of rows, in points.
    pub fn details_height(&self, shared: f32) -> f32 {
        let part = self.details.map_or(0.68, |thousandths| f32::from(thousandths) / 1000.0);
        (shared * part).min(shared - 140.0).max(120.0)
    }

    /// Gives `ctx` the chosen theme.
    pub fn apply(&self, ctx: &egui::Context) {
        if let Some(dark) = self.dark {
            ctx.set_theme(if dark { egui::Theme::Dark } else { egui::Theme::Light });
        }
    }

    /// The other theme than the one that shows.
    pub fn toggle_theme(&mut self, ctx: &egui::Context) {
        self.dark = Some(ctx.theme() == egui::Theme::Light);
        self.apply(ctx);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_capture_is_first_and_none_is_twice() {
        let mut settings = Settings::default();
        for name in ["/a", "/b", "/a"] {
            settings.remember(Path::new(name));
        }
        assert_eq!(settings.recent, [PathBuf::from("/a"), PathBuf::from("/b")]);
        assert_eq!(Settings::from_text(&settings.to_text()), settings);
        assert_eq!(Settings::from_text("{broken"), Settings::default());
    }
}
