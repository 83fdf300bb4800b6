//! Round trips: the time that each ping of a connection waited for its pong (RFC 6455 §5.5.2, §5.5.3).

use super::meaning::{count, duration};
use crate::base::{ConnectionId, FrameId, Rule, Sender, Timestamp};
use crate::dissect::Snapshot;

/// The answer to a ping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Its pong was captured so many nanoseconds later.
    After(i64),
    /// Nobody answered it: there is a finding that says so.
    Never,
    /// It still waits, a later ping's pong answers it too, or the capture lacks octets.
    Open,
}

/// A ping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PingView {
    /// Its frame.
    pub ping: FrameId,
    /// The sender.
    pub sender: Sender,
    /// When it was captured.
    pub time: Timestamp,
    /// The answer to it.
    pub answer: Answer,
}

/// The pings of one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoundTrips {
    /// In the order they were captured. Never empty.
    pub pings: Vec<PingView>,
    /// There are more, before these.
    pub is_cut: bool,
    /// When the connection began and ended.
    pub span: (Timestamp, Timestamp),
}

/// A few numbers about the answers to pings, all in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoundTripSummary {
    /// Pings with a pong.
    pub answered: usize,
    /// Pings that nobody answered.
    pub unanswered: usize,
    /// Half of the round trips took no longer; `None` without any.
    pub median: Option<i64>,
    /// The time of the longest, in nanoseconds.
    pub longest: Option<i64>,
}

/// The middle of sorted numbers; of an even count, half-way between the two in the middle.
fn median(sorted: &[i64]) -> Option<i64> {
    let high = *sorted.get(sorted.len() / 2)?;
    let low = *sorted.get(sorted.len().saturating_sub(1) / 2)?;
    Some(low + (high - low) / 2)
}

impl RoundTrips {
    /// The newest pings of a connection, up to `limit` of them; `None` where there are none.
    pub fn of(snapshot: &Snapshot, id: ConnectionId, limit: usize) -> Option<RoundTrips> {
        let connection = snapshot.connection(id)?;
        let mut newest = snapshot.pings(id);
        let mut pings: Vec<PingView> = newest
            .by_ref()
            .take(limit)
            .map(|(id, frame)| {
                let pong = frame.counterpart().and_then(|pong| snapshot.frame(pong));
                let is_unanswered = || {
                    let findings = snapshot.finding_records_of_frame(id);
                    findings.iter().any(|finding| finding.rule == Rule::PingUnanswered)
                };
                let answer = match pong.and_then(|pong| snapshot.round_trip_ns(pong)) {
                    Some(took) => Answer::After(took),
                    None if is_unanswered() => Answer::Never,
                    None => Answer::Open,
                };
                PingView { ping: id, sender: frame.sender(), time: frame.time, answer }
            })
            .collect();
        pings.reverse();
        let is_cut = newest.next().is_some();
        let span = (connection.start, connection.end.max(pings.last()?.time));
        Some(RoundTrips { pings, is_cut, span })
    }

    /// The numbers.
    pub fn summary(&self) -> RoundTripSummary {
        let mut took: Vec<i64> = self.pings.iter().filter_map(|ping| ping.answer.took()).collect();
        took.sort_unstable();
        RoundTripSummary {
            answered: took.len(),
            unanswered: self.pings.iter().filter(|ping| ping.answer == Answer::Never).count(),
            median: median(&took),
            longest: took.last().copied(),
        }
    }

    /// The numbers in words: `12 round trips: median 1.20 ms, longest 48.0 ms, 1 unanswered`.
    pub fn in_words(&self) -> String {
        let RoundTripSummary { answered, unanswered, median, longest } = self.summary();
        let open = self.pings.len() - answered - unanswered;
        let mut facts = Vec::new();
        match (answered, median, longest) {
            (1, Some(only), _) => facts.push(duration(only)),
            (_, Some(median), Some(longest)) => {
                facts.push(format!("median {}", duration(median)));
                facts.push(format!("longest {}", duration(longest)));
            }
            _ => {}
        }
        if unanswered > 0 {
            facts.push(format!("{unanswered} unanswered"));
        }
        if open > 0 {
            facts.push(format!("{open} without a pong of {} own", if open == 1 { "its" } else { "their" }));
        }
        let trips = match (answered, self.is_cut) {
            (0, false) => "No round trip".to_owned(),
            (0, true) => format!("No round trip among the newest {}", count(self.pings.len() as u64, "ping")),
            (_, false) => count(answered as u64, "round trip"),
            (_, true) => format!("The newest {}", count(answered as u64, "round trip")),
        };
        format!("{trips}: {}", facts.join(", "))
    }

    /// Returns the marks to paint over `columns` places from the start of the connection to its end: of each sender the
    /// longest round trip in each place, and whether a ping there was never answered. In the order of places.
    pub fn marks(&self, columns: usize) -> Vec<(usize, PingView)> {
        let mut marks: Vec<(usize, PingView)> = Vec::new();
        for ping in self.pings.iter().filter(|ping| ping.answer != Answer::Open) {
            let place = self.place(ping.time, columns);
            // Times may step back, so not only the last place is looked at; near it is where it will be.
            let is_same = |(at, mark): &(usize, PingView)| {
                *at == place
                    && mark.sender == ping.sender
                    && mark.answer.took().is_some() == ping.answer.took().is_some()
            };
            match marks.iter_mut().rev().take(8).find(|mark| is_same(mark)) {
                Some((_, mark)) if mark.answer.took() < ping.answer.took() => *mark = *ping,
                Some(_) => {}
                None => marks.push((place, *ping)),
            }
        }
        marks.sort_by_key(|(place, _)| *place);
        marks
    }

    /// Returns which of `columns` places a moment has.
    fn place(&self, time: Timestamp, columns: usize) -> usize {
        let (start, end) = self.span;
        let all = end.0.saturating_sub(start.0).max(1);
        let part = time.0.saturating_sub(start.0).min(all) as f64 / all as f64;
        (part * columns.saturating_sub(1) as f64).round() as usize
    }

    /// The axis that fits all round trips: logarithmic where one took so long that the others would all lie on the ground.
    pub fn axis(&self) -> TimeAxis {
        let mut took: Vec<i64> = self.pings.iter().filter_map(|ping| ping.answer.took()).collect();
        took.sort_unstable();
        let positive = took.iter().copied().find(|took| *took > 0).unwrap_or(1_000_000);
        let longest = took.last().copied().unwrap_or(0).max(positive);
        let median = median(&took).unwrap_or(longest);
        if longest / OUTLIER > median.max(1) {
            let from = power_of_ten(positive);
            let mut to = power_of_ten(longest);
            if to < longest {
                to = to.saturating_mul(10);
            }
            return TimeAxis { from, to };
        }
        let unit = power_of_ten(longest);
        let to = [1, 2, 5, 10].map(|times| unit.saturating_mul(times)).into_iter().find(|end| *end >= longest);
        TimeAxis { from: 0, to: to.unwrap_or(i64::MAX) }
    }
}

/// The number of times the median the longest round trip may take before the axis becomes logarithmic.
const OUTLIER: i64 = 8;

/// The greatest power of ten that is not above a positive number.
fn power_of_ten(number: i64) -> i64 {
    10_i64.saturating_pow(number.max(1).ilog10())
}

/// The axis of round-trip times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeAxis {
    /// Its lower end, in nanoseconds: 0 where the axis is linear, a power of ten where it is logarithmic.
    pub from: i64,
    /// Its upper end, in nanoseconds.
    pub to: i64,
}

impl TimeAxis {
    /// Returns whether each step up is ten times as long.
    pub fn is_logarithmic(&self) -> bool {
        self.from > 0
    }

    /// Returns how high a round trip stands, from 0 to 1.
    pub fn height(&self, took: i64) -> f32 {
        let part = match self.is_logarithmic() {
            true => (took.max(1) as f64 / self.from as f64).ln() / (self.to as f64 / self.from as f64).ln(),
            false => took as f64 / self.to as f64,
        };
        part.clamp(0.0, 1.0) as f32
    }

    /// The values that have a line and a label, from below.
    pub fn ticks(&self) -> Vec<i64> {
        if !self.is_logarithmic() {
            return vec![0, self.to / 2, self.to];
        }
        let decades = self.to.ilog10() - self.from.ilog10();
        let step = 10_i64.saturating_pow(decades.div_ceil(4).max(1));
        std::iter::successors(Some(self.from), |tick| tick.checked_mul(step))
            .take_while(|tick| *tick <= self.to)
            .collect()
    }
}

impl Answer {
    /// Returns how long the pong took, in nanoseconds.
    pub fn took(self) -> Option<i64> {
        match self {
            Answer::After(took) => Some(took),
            Answer::Never | Answer::Open => None,
        }
    }
}

/// A label of the axis, as short as it can be: `0.2 ms`, `50 ms`, `2 s`.
pub fn axis_label(nanoseconds: i64) -> String {
    let (value, unit) =
        if nanoseconds < 1_000_000_000 { (nanoseconds as f64 / 1e6, "ms") } else { (nanoseconds as f64 / 1e9, "s") };
    format!("{value} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ping(number: u64, sender: Sender, at: u64, answer: Answer) -> PingView {
        PingView { ping: FrameId::from_number(number).unwrap(), sender, time: Timestamp(at), answer }
    }

    fn trips(pings: Vec<PingView>) -> RoundTrips {
        RoundTrips { pings, is_cut: false, span: (Timestamp(1000), Timestamp(2000)) }
    }

    #[test]
    fn words() {
        use Answer::{After, Never, Open};
        use Sender::{Client, Server};
        let words = |answers: &[Answer]| {
            trips(answers.iter().map(|answer| ping(1, Client, 1000, *answer)).collect()).in_words()
        };
        assert_eq!(words(&[After(1_200_000)]), "1 round trip: 1.20 ms");
        assert_eq!(
            words(&[After(48_000_000), After(900_000), Never, After(1_200_000)]),
            "3 round trips: median 1.20 ms, longest 48.0 ms, 1 unanswered"
        );
        assert_eq!(words(&[Never, Never]), "No round trip: 2 unanswered");
        assert_eq!(words(&[After(5), Open]), "1 round trip: 5 ns, 1 without a pong of its own");
        assert_eq!(words(&[Open, Open]), "No round trip: 2 without a pong of their own");
        let cut =
            RoundTrips { is_cut: true, ..trips(vec![ping(1, Server, 1, After(7)), ping(2, Server, 2, After(9))]) };
        assert_eq!(cut.in_words(), "The newest 2 round trips: median 8 ns, longest 9 ns");
    }

    /// If many pings share a place, the longest of each sender stands for them, and an unanswered one is never hidden.
    #[test]
    fn marks_of_many() {
        use Answer::{After, Never, Open};
        use Sender::{Client, Server};
        let trips = trips(vec![
            ping(1, Client, 1000, After(5)),
            ping(2, Client, 1010, After(9)),
            ping(3, Client, 1020, After(7)),
            ping(4, Server, 1020, After(1)),
            ping(5, Client, 1021, Never),
            ping(6, Client, 1022, Open),
            ping(7, Client, 1990, After(3)),
        ]);
        let marks: Vec<(usize, u64)> =
            trips.marks(11).into_iter().map(|(place, mark)| (place, mark.ping.number())).collect();
        assert_eq!(marks, [(0, 2), (0, 4), (0, 5), (10, 7)]);
        let marks: Vec<usize> = trips.marks(1001).into_iter().map(|(place, _)| place).collect();
        assert_eq!(marks, [0, 10, 20, 20, 21, 990]);
        assert_eq!(trips.marks(1).len(), 3, "the longest of each sender, and the unanswered one");
    }

    #[test]
    fn an_axis_that_is_read_easily() {
        let axis = |took: &[i64]| {
            trips(took.iter().map(|took| ping(1, Sender::Client, 1000, Answer::After(*took))).collect()).axis()
        };
        for (longest, to, label) in [
            (48_000_000, 50_000_000, "50 ms"),
            (50_000_000, 50_000_000, "50 ms"),
            (50_000_001, 100_000_000, "100 ms"),
            (150_000, 200_000, "0.2 ms"),
            (1_400_000_000, 2_000_000_000, "2 s"),
        ] {
            assert_eq!(axis(&[longest, longest / 3]), TimeAxis { from: 0, to });
            assert_eq!(axis_label(to), label);
        }
        let linear = axis(&[40_000_000]);
        assert_eq!(linear.ticks(), [0, 25_000_000, 50_000_000]);
        assert_eq!([0, 25_000_000, 50_000_000, -4].map(|took| linear.height(took)), [0.0, 0.5, 1.0, 0.0]);

        // One outlier, and the others would lie on the ground.
        let logarithmic = axis(&[1_200_000, 1_300_000, 700_000, 48_000_000]);
        assert_eq!(logarithmic, TimeAxis { from: 100_000, to: 100_000_000 });
        assert_eq!(
            logarithmic.ticks().into_iter().map(axis_label).collect::<Vec<_>>(),
            ["0.1 ms", "1 ms", "10 ms", "100 ms"]
        );
        assert!((logarithmic.height(10_000_000) - 2.0 / 3.0).abs() < 1e-6);
        assert_eq!((logarithmic.height(0), logarithmic.height(i64::MAX)), (0.0, 1.0));
        let wide = axis(&[1, 1, 1, 3_000_000_000]);
        assert!(wide.ticks().len() <= 5, "{:?}", wide.ticks());

        // Nothing to measure, a clock that stepped back, and the longest there is.
        assert_eq!(
            trips(vec![ping(1, Sender::Client, 1000, Answer::Never)]).axis(),
            TimeAxis { from: 0, to: 1_000_000 }
        );
        assert_eq!(axis(&[-3]).height(-3), 0.0);
        assert_eq!(axis(&[i64::MAX]).to, i64::MAX);
        assert!(axis(&[1, 1, i64::MAX]).ticks().len() <= 6);
    }
}
