//! The unit in which a pcapng interface counts time: its if_tsresol and if_tsoffset options.

use crate::base::Timestamp;

/// Turns an interface's ticks into nanoseconds since 1970-01-01 UTC
/// (draft-ietf-opsawg-pcapng §4.2, options if_tsresol and if_tsoffset).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    tick: Tick,
    /// Added to every time, in nanoseconds.
    offset: i128,
}

/// The length of a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tick {
    /// So many nanoseconds.
    Nanoseconds(u64),
    /// One so-many-th of a nanosecond.
    Fraction(u128),
    /// 2 to the power of minus so many seconds.
    BinarySecond(u32),
}

const SECOND: u64 = 1_000_000_000;

/// Microseconds, as an interface that says nothing counts.
impl Default for Clock {
    fn default() -> Clock {
        Clock { tick: Tick::Nanoseconds(1_000), offset: 0 }
    }
}

impl Clock {
    /// The clock that if_tsresol describes: bit 7 chooses 2 or 10 as the base, the other bits are the negative exponent.
    pub fn with_resolution(self, if_tsresol: u8) -> Clock {
        let exponent = u32::from(if_tsresol & 0x7f);
        let tick = match (if_tsresol & 0x80 != 0, exponent) {
            (true, _) => Tick::BinarySecond(exponent),
            (false, 0..=9) => Tick::Nanoseconds(10u64.pow(9 - exponent)),
            // What does not fit is finer than any 64-bit count of ticks could make a nanosecond of.
            (false, _) => Tick::Fraction(10u128.checked_pow(exponent - 9).unwrap_or(u128::MAX)),
        };
        Clock { tick, ..self }
    }

    /// Returns this clock with if_tsoffset, in seconds.
    pub fn with_offset(self, if_tsoffset: i64) -> Clock {
        Clock { offset: i128::from(if_tsoffset) * i128::from(SECOND), ..self }
    }

    /// The moment at `ticks`. What is before 1970 becomes 1970, what is behind the year 2554 the last moment there is.
    #[inline]
    pub fn time(self, ticks: u64) -> Timestamp {
        // No product overflows: 64 bits of ticks and 64 of nanoseconds are 128, and 10^9 needs 30.
        let nanoseconds = match self.tick {
            Tick::Nanoseconds(n) => u128::from(ticks) * u128::from(n),
            Tick::Fraction(parts) => u128::from(ticks) / parts,
            Tick::BinarySecond(exponent) => (u128::from(ticks) * u128::from(SECOND)) >> exponent,
        };
        let moment = i128::try_from(nanoseconds).unwrap_or(i128::MAX).saturating_add(self.offset);
        Timestamp(moment.clamp(0, i128::from(u64::MAX)) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nanoseconds(if_tsresol: u8, ticks: u64) -> u64 {
        Clock::default().with_resolution(if_tsresol).time(ticks).0
    }

    #[test]
    fn decimal_resolutions() {
        assert_eq!(Clock::default().time(1_700_000_000_123_456), Timestamp(1_700_000_000_123_456_000));
        assert_eq!(nanoseconds(0, 17), 17 * SECOND);
        assert_eq!(nanoseconds(3, 17), 17_000_000);
        assert_eq!(nanoseconds(9, 1_700_000_000_123_456_789), 1_700_000_000_123_456_789);
        assert_eq!(nanoseconds(12, 1_999), 1);
        assert_eq!(nanoseconds(28, u64::MAX), 1);
        assert_eq!(nanoseconds(127, u64::MAX), 0);
    }

    #[test]
    fn binary_resolutions() {
        assert_eq!(nanoseconds(0x80, 17), 17 * SECOND);
        assert_eq!(nanoseconds(0x81, 3), 1_500_000_000);
        assert_eq!(nanoseconds(0x80 | 20, 1 << 20), SECOND);
        assert_eq!(nanoseconds(0x80 | 64, u64::MAX), SECOND - 1);
        assert_eq!(nanoseconds(0xff, u64::MAX), 0);
    }

    #[test]
    fn extremes_saturate() {
        assert_eq!(nanoseconds(0, u64::MAX), u64::MAX);
        let clock = Clock::default();
        assert_eq!(clock.with_offset(-5).time(7_000_000), Timestamp(2 * SECOND));
        assert_eq!(clock.with_offset(-9).time(7_000_000), Timestamp(0));
        assert_eq!(clock.with_offset(i64::MIN).time(u64::MAX), Timestamp(0));
        assert_eq!(clock.with_resolution(0).with_offset(i64::MAX).time(u64::MAX), Timestamp(u64::MAX));
    }
}
