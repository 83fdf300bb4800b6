//! Append-only tables whose snapshots cost next to nothing.

use std::ops::Range;
use std::sync::Arc;

/// Rows in one chunk. A snapshot copies at most this many rows; everything before is shared.
const CHUNK: usize = 1024;
/// Chunks in one block.
const BLOCK: usize = 256;

/// A growing table of small rows. `clone` is a snapshot: full chunks are shared, only the last, partly filled chunk is
/// copied. For ten million rows that is forty pointers and less than a chunk.
///
/// ```text
///   blocks:  [Arc ▸ [Arc ▸ 1024 rows] × 256] …   shared by the writer and every snapshot
///   tail:    [rows so far]                       owned by each
/// ```
#[derive(Clone, Debug)]
pub struct Table<T> {
    /// All full but the last.
    blocks: Vec<Arc<Block<T>>>,
    /// Rows in blocks.
    shared: usize,
    tail: Vec<T>,
}

type Block<T> = Vec<Arc<Vec<T>>>;

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table { blocks: Vec::new(), shared: 0, tail: Vec::new() }
    }
}

impl<T: Clone> Table<T> {
    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.shared + self.tail.len()
    }

    /// Returns whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends a row.
    #[inline]
    pub fn push(&mut self, row: T) {
        self.tail.push(row);
        if self.tail.len() == CHUNK {
            self.turn_chunk();
        }
    }

    #[cold]
    fn turn_chunk(&mut self) {
        // What filled one chunk may well fill another. The first one grows: a table of few rows must not cost a chunk.
        let chunk = Arc::new(std::mem::replace(&mut self.tail, Vec::with_capacity(CHUNK)));
        self.shared += CHUNK;
        match self.blocks.last_mut().filter(|block| block.len() < BLOCK) {
            // Where a snapshot shares the block, its pointers are copied.
            Some(block) => Arc::make_mut(block).push(chunk),
            None => self.blocks.push(Arc::new(vec![chunk])),
        }
    }

    /// Row `index`, if there is one.
    pub fn get(&self, index: usize) -> Option<&T> {
        match index.checked_sub(self.shared) {
            None => self.chunk(index)?.get(index % CHUNK),
            Some(index) => self.tail.get(index),
        }
    }

    /// The chunk of a row that is not in the tail.
    fn chunk(&self, index: usize) -> Option<&[T]> {
        let chunk = index / CHUNK;
        self.blocks.get(chunk / BLOCK)?.get(chunk % BLOCK).map(|chunk| chunk.as_slice())
    }

    /// Row `index`, to change it. A chunk that a snapshot shares is copied first, so snapshots never change.
    pub fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        if let Some(index) = index.checked_sub(self.shared) {
            return self.tail.get_mut(index);
        }
        let chunk = index / CHUNK;
        let block = Arc::make_mut(self.blocks.get_mut(chunk / BLOCK)?);
        Arc::make_mut(block.get_mut(chunk % BLOCK)?).get_mut(index % CHUNK)
    }

    /// The last row.
    pub fn last(&self) -> Option<&T> {
        self.get(self.len().checked_sub(1)?)
    }

    /// The rows in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.range(0..self.len())
    }

    /// The rows of `range` (cut to what exists) in order.
    pub fn range(&self, range: Range<usize>) -> impl Iterator<Item = &T> {
        let end = range.end.min(self.len());
        let mut at = range.start.min(end);
        let pieces = std::iter::from_fn(move || {
            let (chunk, start) = match at < self.shared {
                true => (self.chunk(at)?, at % CHUNK),
                false => (self.tail.as_slice(), at - self.shared),
            };
            let piece = chunk.get(start..chunk.len().min(start + (end - at)))?;
            at += piece.len();
            Some(piece).filter(|piece| !piece.is_empty())
        });
        pieces.flatten()
    }

    /// The first row for which `before` is false, where it is true for a prefix of the table: a binary search.
    pub fn partition_point(&self, before: impl FnMut(&T) -> bool) -> usize {
        self.search(0, self.len(), before)
    }

    /// Returns the partition point for a row that is likely to be near the end: looks there first, in steps that
    /// double.
    pub fn partition_point_near_end(&self, mut before: impl FnMut(&T) -> bool) -> usize {
        let (mut high, mut step) = (self.len(), 1);
        while high > 0 {
            let probe = high.saturating_sub(step);
            match self.get(probe) {
                Some(row) if before(row) => return self.search(probe + 1, high, before),
                _ => (high, step) = (probe, 2 * step),
            }
        }
        0
    }

    fn search(&self, mut low: usize, mut high: usize, mut before: impl FnMut(&T) -> bool) -> usize {
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
        let rows: Vec<u32> = (0..(CHUNK * (BLOCK + 3) + 7) as u32).collect();
        for (index, row) in rows.iter().enumerate() {
            assert_eq!(table.len(), index);
            table.push(*row);
            assert_eq!(table.last(), Some(row));
        }
        assert!(table.iter().eq(&rows));
        let (full, last) = (CHUNK * BLOCK, rows.len());
        for range in [0..0, 1000..2050, full - 1..full + 1, last - 9..last, last - 5000..last - 2, 1024..2048] {
            assert!(table.range(range.clone()).eq(&rows[range]));
        }
        assert_eq!((table.range(last - 2..last + 9).count(), table.range(last + 1..last + 9).count()), (2, 0));
        assert_eq!(table.get(rows.len()), None);
        for wanted in [0, 1, 1023, 1024, 1025, 3078, 3079, 9999] {
            assert_eq!(table.partition_point(|row| *row < wanted), rows.partition_point(|row| *row < wanted));
        }
        for wanted in [0, 1, 2, 9999, rows.len() - 3, rows.len() - 2, rows.len() - 1, rows.len(), rows.len() + 9] {
            assert_eq!(table.partition_point_near_end(|row| (*row as usize) < wanted), wanted.min(rows.len()));
        }
    }

    #[test]
    fn a_snapshot_never_changes() {
        let mut table = Table::default();
        (0..2000u32).for_each(|row| table.push(row));
        let snapshot = table.clone();
        *table.get_mut(3).unwrap() = 77;
        *table.get_mut(1999).unwrap() = 78;
        // The next chunk goes into a block that the snapshot shares.
        (2000..4000).for_each(|row| table.push(row));
        assert!(snapshot.iter().copied().eq(0..2000));
        assert_eq!((table.get(3), table.get(1999), table.get(2000)), (Some(&77), Some(&78), Some(&2000)));
        assert_eq!((table.len(), table.iter().count(), table.get_mut(4000)), (4000, 4000, None));
    }
}
