//! Which rows are to be seen: filters over the index, applied a piece at a time so that nothing waits for them.

mod filter;
mod row_set;

pub use filter::{Filter, KEYS};
pub use row_set::{RowKind, RowSet};
