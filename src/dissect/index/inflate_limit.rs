//! The bound on the length that compressed messages are inflated to.

/// Octets that a message may inflate to, unless the user says otherwise.
pub const MAX_INFLATED: u64 = 64 << 20;

/// A bound, in octets, on the length that a compressed message may inflate to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InflateLimit(pub u64);

impl Default for InflateLimit {
    fn default() -> InflateLimit {
        InflateLimit(MAX_INFLATED)
    }
}

impl InflateLimit {
    /// Returns the bound of so many MiB.
    pub fn mebibytes(mebibytes: u32) -> InflateLimit {
        InflateLimit(u64::from(mebibytes) << 20)
    }
}
