//! Frames each way over time, in a bounded number of bins.

use crate::base::{FrameId, Sender, Timestamp};
use crate::dissect::Snapshot;

/// Bins there are at most. When the capture grows out of them, each holds twice the time from then on.
const BINS: usize = 512;
/// Nanoseconds of a bin at first.
const FIRST_BIN_NS: u64 = 1_000;

/// Frames of client and server over the time of the capture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    bins: Vec<Bin>,
    /// When the first bin begins: never later than the earliest frame, and earlier than 1970 where a bin is longer than that.
    start_ns: i128,
    bin_ns: u64,
    /// The earliest frame's time and the latest one's, which need not be those of the first and the last frame: a capture's
    /// clock may step back.
    range: Option<(Timestamp, Timestamp)>,
    counted: usize,
}

/// The frames of a part of the time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bin {
    /// Their number from the client, and from the server.
    pub frames: [u32; 2],
    /// The first of them in the capture.
    pub first: Option<FrameId>,
}

impl Bin {
    fn and(self, other: Bin) -> Bin {
        let sum = |index: usize| self.frames[index].saturating_add(other.frames[index]);
        Bin { frames: [sum(0), sum(1)], first: self.first.into_iter().chain(other.first).min() }
    }
}

impl Timeline {
    /// Counts the frames that `snapshot` has more.
    pub fn extend(&mut self, snapshot: &Snapshot) {
        let end = snapshot.frame_count();
        for id in (self.counted..end).map(FrameId::from_index) {
            if let Some(frame) = snapshot.frame(id) {
                self.add(id, frame.time, frame.sender());
            }
        }
        self.counted = end;
    }

    /// The bins from the earliest frame to the latest.
    pub fn bins(&self) -> &[Bin] {
        &self.bins
    }

    /// The moment at which a bin begins.
    pub fn time_of(&self, bin: usize) -> Timestamp {
        let ns = self.start_ns + i128::from(self.bin_ns) * bin as i128;
        Timestamp(u64::try_from(ns.max(0)).unwrap_or(u64::MAX))
    }

    /// The bin that a moment is in; of one before the earliest frame, the first.
    pub fn bin_of(&self, time: Timestamp) -> usize {
        let at = u64::try_from((i128::from(time.0) - self.start_ns).max(0)).unwrap_or(u64::MAX);
        usize::try_from(at / self.bin_ns.max(1)).unwrap_or(usize::MAX)
    }

    /// The first frame in this bin; where it has none, in the next one that has.
    pub fn first_frame(&self, bin: usize) -> Option<FrameId> {
        self.bins.get(bin..)?.iter().find_map(|bin| bin.first)
    }

    /// Nanoseconds from the earliest frame to the latest.
    pub fn duration_ns(&self) -> Option<i64> {
        self.range.map(|(earliest, latest)| latest.since(earliest))
    }

    fn add(&mut self, id: FrameId, time: Timestamp, sender: Sender) {
        let ns = i128::from(time.0);
        if self.bins.is_empty() {
            (self.start_ns, self.bin_ns) = (ns, FIRST_BIN_NS);
        }
        let (earliest, latest) = self.range.unwrap_or((time, time));
        self.range = Some((earliest.min(time), latest.max(time)));
        if ns < self.start_ns {
            self.reach_back(ns);
        }
        let mut bin = self.bin_of(time);
        while bin >= BINS {
            self.widen();
            bin = self.bin_of(time);
        }
        if self.bins.len() <= bin {
            self.bins.resize(bin + 1, Bin::default());
        }
        let frames = match sender {
            Sender::Server => [0, 1],
            Sender::Client | Sender::Unknown => [1, 0],
        };
        self.bins[bin] = self.bins[bin].and(Bin { frames, first: Some(id) });
    }

    /// Puts bins in front, so that the first one does not begin later than at `ns`, which is before all of them.
    fn reach_back(&mut self, ns: i128) {
        loop {
            let bin_ns = i128::from(self.bin_ns);
            let lacking = (self.start_ns - ns + bin_ns - 1) / bin_ns;
            match usize::try_from(lacking) {
                Ok(bins) if self.bins.len() + bins <= BINS => {
                    self.bins.splice(0..0, std::iter::repeat_n(Bin::default(), bins));
                    self.start_ns -= bin_ns * lacking;
                    return;
                }
                _ => self.widen(),
            }
        }
    }

    fn widen(&mut self) {
        self.bins =
            self.bins.chunks(2).map(|pair| pair.iter().fold(Bin::default(), |sum, bin| sum.and(*bin))).collect();
        self.bin_ns = self.bin_ns.saturating_mul(2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(timeline: &Timeline) -> [u32; 2] {
        timeline.bins.iter().fold(Bin::default(), |sum, bin| sum.and(*bin)).frames
    }

    #[test]
    fn no_frame_is_lost_and_the_bins_stay_few() {
        let mut timeline = Timeline::default();
        let mut time = 1_700_000_000_000_000_000;
        for step in 0..3000u64 {
            let sender = if step % 3 == 0 { Sender::Server } else { Sender::Client };
            timeline.add(FrameId(step as u32), Timestamp(time), sender);
            time += step * step * 7;
            assert!(timeline.bins.len() <= BINS);
        }
        assert_eq!(sums(&timeline), [2000, 1000]);
        assert!(timeline.bins.len() > BINS / 4);
        timeline.add(FrameId(3000), Timestamp(5), Sender::Client);
        timeline.add(FrameId(3001), Timestamp(u64::MAX), Sender::Client);
        assert!(timeline.bins.len() <= BINS && sums(&timeline) == [2002, 1000]);
        assert_eq!(timeline.first_frame(0), Some(FrameId(3000)));
        assert_eq!(timeline.first_frame(timeline.bin_of(Timestamp(u64::MAX))), Some(FrameId(3001)));
    }

    /// The clock of the capture steps back by a minute after its first frame.
    #[test]
    fn it_begins_at_the_earliest_frame_and_knows_the_first_of_each_moment() {
        let mut timeline = Timeline::default();
        let (second, start) = (1_000_000_000, 1_700_000_000_000_000_000);
        for (index, at) in [60, 0, 1, 30, 30, 61].into_iter().enumerate() {
            timeline.add(FrameId(index as u32), Timestamp(start + at * second), Sender::Server);
        }
        assert_eq!(timeline.duration_ns(), Some(61 * second as i64));
        let first = timeline.time_of(0).0;
        assert!(first <= start && first + timeline.bin_ns > start, "{first}");
        let frame_at = |at| timeline.first_frame(timeline.bin_of(Timestamp(start + at * second)));
        assert_eq!([0, 1, 30, 60].map(frame_at), [1, 2, 3, 0].map(|index| Some(FrameId(index))));
        assert_eq!(frame_at(10), Some(FrameId(3)), "the next one that there is");
        let mut mark = timeline.bin_of(Timestamp(start));
        assert_eq!((timeline.bins[mark].frames, timeline.bins[0].frames), ([0, 1], [0, 1]));
        mark = timeline.bin_of(Timestamp(0));
        assert_eq!(mark, 0, "a moment before all frames");
    }
}
