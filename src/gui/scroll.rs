//! Scroll positions, which belong to what is shown.

use std::fmt::Debug;
use std::hash::Hash;

use egui::{Id, ScrollArea, Ui, Vec2};

/// The area `area`, called `name`, which starts at its top whenever it shows something else than before. What it showed is not
/// kept over a restart: then everything starts at its top.
pub fn of_shown(ui: &Ui, area: ScrollArea, name: &str, shown: impl Hash + Debug) -> ScrollArea {
    let (key, shown) = (ui.scope_id().with((name, "shown")), Id::unique(shown));
    let before = ui.data_mut(|data| data.get_temp_mut_or_insert_with(key, || None).replace(shown));
    let area = area.id_salt(name).auto_shrink(false);
    if before == Some(shown) { area } else { area.scroll_offset(Vec2::ZERO) }
}
