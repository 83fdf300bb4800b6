//! Something loaded from the capture, which is kept as long as it is right.

use std::io;

use crate::base::FrameId;
use crate::query::RowId;

/// The row, the frame and the snapshot that something is loaded for.
#[derive(Clone, Copy)]
pub(super) struct LoadKey {
    pub row: RowId,
    pub frame: Option<FrameId>,
    pub version: u64,
    /// Nothing about it can change any more.
    pub settled: bool,
    /// Payload octets of the frame that are loaded.
    pub octets: u64,
}

/// Something loaded from the capture.
pub(super) struct Loaded<T> {
    pub key: LoadKey,
    pub value: io::Result<T>,
}

impl LoadKey {
    /// Returns whether it is about the row and the frame of `other`.
    pub fn is_about(self, other: LoadKey) -> bool {
        self.row == other.row && self.frame == other.frame
    }
}

impl<T> Loaded<T> {
    /// Returns whether it is as good as if it were loaded for `wanted` now.
    pub fn fits(&self, wanted: LoadKey) -> bool {
        let key = self.key;
        key.is_about(wanted) && key.octets >= wanted.octets && (key.settled || key.version == wanted.version)
    }
}
