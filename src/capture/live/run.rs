//! The order in which a process that sniffs does dangerous things: the card, then its rights, then anything else.

use super::card::{Card, SniffOptions};
use super::error::LiveError;
use super::rights::{forgo_rights_for_good, has_a_user_behind};
use super::sink::Sink;

/// Opens the card, gives all rights away, and then makes the capture: it belongs to the user who started this, and no
/// right of root's chooses what it overwrites. To be called while there is one thread.
///
/// If root itself started this, the capture is made first: that user may write where the process later may not.
///
/// # Errors
/// [`LiveError`]
pub fn open_and_forgo<T>(
    wanted: &SniffOptions,
    sink: impl FnOnce() -> Result<(T, Sink), LiveError>,
) -> Result<(Card, T, Sink), LiveError> {
    let card = Card::open(wanted)?;
    if has_a_user_behind() {
        forgo_rights_for_good().map_err(LiveError::Kept)?;
        let (with, sink) = sink()?;
        Ok((card, with, sink))
    } else {
        let (with, sink) = sink()?;
        forgo_rights_for_good().map_err(LiveError::Kept)?;
        Ok((card, with, sink))
    }
}
