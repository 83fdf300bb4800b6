//! The language of the window.

use std::sync::Arc;

use egui::{Context, Id};

use crate::view::Words;

/// Returns the messages of the language that the window speaks. They are kept with the window's own state.
pub fn words(context: &Context) -> Arc<Words> {
    context
        .data_mut(|data| data.get_temp_mut_or_insert_with(Id::unique("words"), || Arc::new(Words::english())).clone())
}
