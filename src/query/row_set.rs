//! The rows that answer a query.

use super::order::Ranking;
use super::{Query, RowField, RowKind};
use crate::base::Table;
use crate::dissect::Snapshot;

/// The id in each row. A clone costs next to nothing and never changes.
#[derive(Clone, Default)]
pub struct RowSet {
    query: Query,
    total: usize,
    listed: Option<Listed>,
}

/// Rows that are listed one by one.
#[derive(Clone)]
struct Listed {
    places: Table<u64>,
    /// The snapshot that they were told from.
    snapshot: Snapshot,
}

impl RowSet {
    /// All rows of a snapshot, for a query that needs no search.
    pub fn all(query: Query, snapshot: &Snapshot) -> RowSet {
        RowSet { total: query.kind.total(snapshot), query, listed: None }
    }

    /// The rows in these places of a snapshot.
    pub(super) fn listed(query: Query, places: Table<u64>, snapshot: &Snapshot) -> RowSet {
        let listed = Some(Listed { places, snapshot: snapshot.clone() });
        RowSet { total: query.kind.total(snapshot), query, listed }
    }

    /// Returns what they are the answer to.
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// Returns what the rows are.
    pub fn kind(&self) -> RowKind {
        self.query.kind
    }

    /// Returns how many rows there are.
    pub fn len(&self) -> usize {
        self.listed.as_ref().map_or(self.total, |listed| listed.places.len())
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns how many ids there are, whether they pass or not.
    pub fn total(&self) -> usize {
        self.total
    }

    /// The id in row `row`.
    pub fn id(&self, row: usize) -> Option<u32> {
        let last = self.len().checked_sub(1)?;
        let row = if self.is_mirrored() { last.checked_sub(row)? } else { row };
        match &self.listed {
            Some(listed) => listed.places.get(row).map(|place| *place as u32),
            None => u32::try_from(row).ok().filter(|_| row <= last),
        }
    }

    /// The row of `id`; where it is not among them, the row in which it would be.
    pub fn row(&self, id: u32) -> Result<usize, usize> {
        let row = match &self.listed {
            Some(listed) => {
                let ranking = Ranking::new(&listed.snapshot, self.query.kind, self.query.order);
                let place = ranking.place(id);
                let row = listed.places.partition_point(|other| ranking.compare(*other, place).is_lt());
                if listed.places.get(row) == Some(&place) { Ok(row) } else { Err(row) }
            }
            None if (id as usize) < self.total => Ok(id as usize),
            None => Err(self.total),
        };
        match (row, self.is_mirrored()) {
            (Ok(row), true) => Ok(self.len() - 1 - row),
            (Err(row), true) => Err(self.len() - row),
            (row, false) => row,
        }
    }

    /// Returns whether they are listed as they were captured, from the end: the list itself is not turned round.
    fn is_mirrored(&self) -> bool {
        self.query.order.key == RowField::Number && self.query.order.descending
    }
}
