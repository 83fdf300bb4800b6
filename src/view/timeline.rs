//! Frames each way over time, in a bounded number of bins.

use crate::base::{FrameId, Sender, Timestamp};
use crate::dissect::Snapshot;

/// Bins there are at most. When the capture grows out of them, each holds twice the time from then on.
const BINS: usize = 512;

/// Frames of client and server over the time of the capture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    bins: Vec<[u32; 2]>,
    start: Timestamp,
    bin_ns: u64,
    last: Timestamp,
    counted: usize,
}

impl Timeline {
    /// Counts the frames that `snapshot` has more.
    pub fn extend(&mut self, snapshot: &Snapshot) {
        let end = snapshot.frame_count();
        for index in self.counted..end {
            if let Some(frame) = snapshot.frame(FrameId::from_index(index)) {
                self.add(frame.time, frame.sender());
            }
        }
        self.counted = end;
    }

    /// The bins from the first frame to the last: frames of client and server.
    pub fn bins(&self) -> &[[u32; 2]] {
        &self.bins
    }

    /// When a bin begins.
    pub fn time_of(&self, bin: usize) -> Timestamp {
        Timestamp(self.start.0.saturating_add(self.bin_ns.saturating_mul(bin as u64)))
    }

    /// Which bin a moment is in.
    pub fn bin_of(&self, time: Timestamp) -> usize {
        let at = time.0.saturating_sub(self.start.0) / self.bin_ns.max(1);
        usize::try_from(at).unwrap_or(usize::MAX)
    }

    /// Nanoseconds from the first frame to the latest.
    pub fn duration_ns(&self) -> Option<i64> {
        (!self.bins.is_empty()).then(|| self.last.since(self.start))
    }

    /// A frame from before the first one (the capture's clock stepped back) counts in the first bin.
    fn add(&mut self, time: Timestamp, sender: Sender) {
        if self.bins.is_empty() {
            self.start = time;
            self.bin_ns = 1_000;
        }
        self.last = self.last.max(time);
        while self.bin_of(time) >= BINS {
            self.widen();
        }
        let bin = self.bin_of(time);
        if self.bins.len() <= bin {
            self.bins.resize(bin + 1, [0; 2]);
        }
        let count = &mut self.bins[bin][usize::from(sender == Sender::Server)];
        *count = count.saturating_add(1);
    }

    fn widen(&mut self) {
        let sum = |pair: &[[u32; 2]]| {
            pair.iter().fold([0u32; 2], |sum, bin| [sum[0].saturating_add(bin[0]), sum[1].saturating_add(bin[1])])
        };
        self.bins = self.bins.chunks(2).map(sum).collect();
        self.bin_ns = self.bin_ns.saturating_mul(2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_frame_is_lost_and_the_bins_stay_few() {
        let mut timeline = Timeline::default();
        let mut time = 1_700_000_000_000_000_000;
        for step in 0..3000u64 {
            let sender = if step % 3 == 0 { Sender::Server } else { Sender::Client };
            timeline.add(Timestamp(time), sender);
            time += step * step * 7;
            assert!(timeline.bins.len() <= BINS);
        }
        let total = timeline.bins.iter().fold([0, 0], |sum, bin| [sum[0] + bin[0], sum[1] + bin[1]]);
        assert_eq!(total, [2000, 1000]);
        assert!(timeline.bins.len() > BINS / 4);
        timeline.add(Timestamp(5), Sender::Client);
        timeline.add(Timestamp(u64::MAX), Sender::Client);
        assert!(timeline.bins.len() <= BINS && timeline.bins.iter().flatten().sum::<u32>() == 3002);
    }
}
