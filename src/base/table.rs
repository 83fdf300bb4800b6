//! Append-only tables whose snapshots cost next to nothing.

use std::ops::Range;
use std::sync::Arc;

/// Rows in one chunk. A snapshot copies at most this many rows; everything before is shared.
const CHUNK: usize = 1024;

/// A growing table of small rows. `clone` is a snapshot: full chunks are shared, only the last, partly filled chunk is
/// copied.
///
/// ```text
///   full:  [Arc ▸ 1024 rows][Arc ▸ 1024 rows] …   shared by the writer and every snapshot
///   tail:  [rows so far]                          owned by each
/// ```
#[derive(Clone, Debug)]
pub struct Table<T> {
    full: Vec<Arc<Vec<T>>>,
    tail: Vec<T>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table { full: Vec::new(), tail: Vec::new() }
    }
}

impl<T: Clone> Table<T> {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.full.len() * CHUNK + self.tail.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.full.is_empty() && self.tail.is_empty()
    }

    /// Appends a row.
    pub fn push(&mut self, row: T) {
        self.tail.push(row);
        if self.tail.len() == CHUNK {
            // The next tail starts small: a table of few rows must not cost a whole chunk.
            let full = std::mem::replace(&mut self.tail, Vec::with_capacity(16));
            self.full.push(Arc::new(full));
        }
    }

    /// Row `index`, if there is one.
    pub fn get(&self, index: usize) -> Option<&T> {
        match self.full.get(index / CHUNK) {
            Some(chunk) => chunk.get(index % CHUNK),
            None => self.tail.get(index.checked_sub(self.full.len() * CHUNK)?),
        }
    }

    /// Row `index`, to change it. A chunk that a snapshot shares is copied first, so snapshots never change.
    pub fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        let full_rows = self.full.len() * CHUNK;
        match self.full.get_mut(index / CHUNK) {
            Some(chunk) => Arc::make_mut(chunk).get_mut(index % CHUNK),
            None => self.tail.get_mut(index.checked_sub(full_rows)?),
        }
    }

    /// The last row.
    pub fn last(&self) -> Option<&T> {
        self.tail.last().or_else(|| self.full.last().and_then(|chunk| chunk.last()))
    }

    /// The rows in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.range(0..self.len())
    }

    /// The rows of `range` (cut to what exists) in order.
    pub fn range(&self, range: Range<usize>) -> impl Iterator<Item = &T> {
        (range.start..range.end.min(self.len())).map_while(|index| self.get(index))
    }

    /// The first row for which `before` is false, where it is true for a prefix of the table: a binary search.
    pub fn partition_point(&self, mut before: impl FnMut(&T) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.get(middle) {
                Some(row) if before(row) => low = middle + 1,
                _ => high = middle,
            }
        }
        low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behaves_like_a_vector() {
        let mut table = Table::default();
        let rows: Vec<u32> = (0..CHUNK as u32 * 3 + 7).collect();
        for (index, row) in rows.iter().enumerate() {
            assert_eq!(table.len(), index);
            table.push(*row);
            assert_eq!(table.last(), Some(row));
        }
        assert!(table.iter().eq(&rows));
        assert!(table.range(1000..2050).eq(&rows[1000..2050]));
        assert_eq!(table.get(rows.len()), None);
        for wanted in [0, 1, 1023, 1024, 1025, 3078, 3079, 9999] {
            assert_eq!(table.partition_point(|row| *row < wanted), rows.partition_point(|row| *row < wanted));
        }
    }

    #[test]
    fn a_snapshot_never_changes() {
        let mut table = Table::default();
        (0..2000u32).for_each(|row| table.push(row));
        let snapshot = table.clone();
        *table.get_mut(3).unwrap() = 77;
        *table.get_mut(1999).unwrap() = 78;
        table.push(79);
        assert!(snapshot.iter().copied().eq(0..2000));
        assert_eq!((table.get(3), table.get(1999), table.get(2000)), (Some(&77), Some(&78), Some(&79)));
    }
}
