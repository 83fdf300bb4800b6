//! Places that inflating can start from.

use crate::base::{ConnectionId, FrameId, MessageId, Sender};
use crate::inflate::SlidingWindow;

/// A place in the messages of a sender that inflating can start from, made by the pass that inflates them all.
#[derive(Clone, Debug)]
pub(in crate::dissect) struct Checkpoint {
    pub connection: ConnectionId,
    pub sender: Sender,
    /// The message before, and its first frame.
    pub last: (MessageId, FrameId),
    /// Stream offset behind it.
    pub end: u64,
    /// The octets that the next message can copy from.
    pub window: SlidingWindow,
}
