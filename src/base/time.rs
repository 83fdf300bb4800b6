//! Time as captures keep it.

use std::fmt;

/// A moment: nanoseconds since 1970-01-01 00:00:00 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(pub u64);

const SECOND: u64 = 1_000_000_000;

impl Timestamp {
    /// Nanoseconds since 1970-01-01 UTC.
    pub fn nanoseconds(self) -> u64 {
        self.0
    }

    /// Nanoseconds from `earlier` to here; negative when the capture's clock stepped back.
    pub fn since(self, earlier: Timestamp) -> i64 {
        i64::try_from(i128::from(self.0) - i128::from(earlier.0)).unwrap_or(i64::MAX)
    }

    /// Year, month, day, hour, minute, second and nanosecond in UTC (proleptic Gregorian calendar).
    pub fn civil(self) -> (i64, u32, u32, u32, u32, u32, u32) {
        let seconds = self.0 / SECOND;
        let (days, rest) = (seconds / 86_400, (seconds % 86_400) as u32);
        // Days to civil date, after Howard Hinnant's "chrono-compatible low-level date algorithms".
        let z = days as i64 + 719_468;
        let era = z.div_euclid(146_097);
        let day_of_era = z.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = (day_of_year - (153 * month_from_march + 2) / 5 + 1) as u32;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 } as u32;
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        (year, month, day, rest / 3_600, rest / 60 % 60, rest % 60, (self.0 % SECOND) as u32)
    }

    /// The time of day with microseconds, `14:03:07.000125`.
    pub fn time_of_day(self) -> String {
        let (seconds, microseconds) = (self.0 / SECOND % 86_400, self.0 % SECOND / 1_000);
        let mut text = *b"00:00:00.000000";
        let mut put = |end: usize, digits: usize, mut number: u64| {
            for at in (end - digits..end).rev() {
                text[at] = b'0' + (number % 10) as u8;
                number /= 10;
            }
        };
        put(2, 2, seconds / 3_600);
        put(5, 2, seconds / 60 % 60);
        put(8, 2, seconds % 60);
        put(15, 6, microseconds);
        String::from_utf8(text.to_vec()).unwrap_or_default()
    }
}

/// RFC 3339 with nanoseconds, in UTC.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day, h, m, s, ns) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}.{ns:09}Z")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments() {
        assert_eq!(Timestamp(0).to_string(), "1970-01-01T00:00:00.000000000Z");
        assert_eq!(Timestamp(951_782_399 * SECOND + 5).to_string(), "2000-02-28T23:59:59.000000005Z");
        assert_eq!(Timestamp(951_782_400 * SECOND).to_string(), "2000-02-29T00:00:00.000000000Z");
        assert_eq!(Timestamp(1_700_000_000_123_456_789).to_string(), "2023-11-14T22:13:20.123456789Z");
        assert_eq!(Timestamp(u64::MAX).to_string(), "2554-07-21T23:34:33.709551615Z");
    }

    #[test]
    fn times_of_day() {
        assert_eq!(Timestamp(0).time_of_day(), "00:00:00.000000");
        assert_eq!(Timestamp(86_399 * SECOND + 999_999_999).time_of_day(), "23:59:59.999999");
        assert_eq!(Timestamp(1_700_000_000_123_456_789).time_of_day(), "22:13:20.123456");
    }

    #[test]
    fn differences_may_be_negative() {
        assert_eq!(Timestamp(5).since(Timestamp(9)), -4);
        assert_eq!(Timestamp(u64::MAX).since(Timestamp(0)), i64::MAX);
    }
}
