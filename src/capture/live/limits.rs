//! When sniffing ends by itself.

use std::time::Duration;

use super::report::{Ended, Statistics};

/// When sniffing ends by itself; `None` is never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// After so many packets.
    pub packets: Option<u64>,
    /// After so long.
    pub duration: Option<Duration>,
    /// When the capture has so many octets.
    pub size: Option<u64>,
}

impl Limits {
    /// The limit that is reached by now, if any; the capture has `size` octets.
    pub fn reached(&self, statistics: &Statistics, size: u64) -> Option<Ended> {
        let elapsed = Duration::from_nanos(statistics.elapsed_ns);
        if let Some(most) = self.packets.filter(|most| statistics.packets >= *most) {
            return Some(Ended::Packets(most));
        }
        if let Some(most) = self.size.filter(|most| size >= *most) {
            return Some(Ended::Size(most));
        }
        let most = self.duration.filter(|most| elapsed >= *most)?;
        Some(Ended::Duration(nanoseconds(most)))
    }
}

/// A duration in nanoseconds, at most 584 years.
pub fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Reads a size in octets: `1500`, `64k`, `100MB`, `1.5GiB`.
///
/// # Errors
/// Fails by saying what a size looks like.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text);
    let lower = unit.to_ascii_lowercase();
    let factor = match lower.strip_suffix('b').unwrap_or(&lower) {
        "" => 1,
        "k" => 1_000,
        "m" => 1_000_000,
        "g" => 1_000_000_000,
        "ki" => 1 << 10,
        "mi" => 1 << 20,
        "gi" => 1 << 30,
        _ => 0,
    };
    scaled(number, factor).ok_or_else(|| "a size is a number of octets, for example 500k, 100MB or 2GiB".to_owned())
}

/// Reads a duration: `30` or `30s`, `5m`, `1.5h`, `200ms`.
///
/// # Errors
/// Fails by saying what a duration looks like.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = split(text);
    let factor = match unit {
        "ms" => 1_000_000,
        "" | "s" => 1_000_000_000,
        "m" | "min" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => 0,
    };
    let nanoseconds = scaled(number, factor);
    nanoseconds.map(Duration::from_nanos).ok_or_else(|| "a duration is for example 30s, 5m or 1h".to_owned())
}

fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let unit = text.find(|it: char| !it.is_ascii_digit() && it != '.').unwrap_or(text.len());
    (&text[..unit], text[unit..].trim_start())
}

/// `number` times `factor`, where that is at least 1.
fn scaled(number: &str, factor: u64) -> Option<u64> {
    let value = number.parse::<f64>().ok()? * factor as f64;
    (1.0..u64::MAX as f64).contains(&value).then_some(value as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_durations() {
        let sizes = ["1500", "64k", "100MB", "1.5 GiB", "2ki", "7b"].map(|text| parse_size(text).unwrap());
        assert_eq!(sizes, [1500, 64_000, 100_000_000, 3 << 29, 2048, 7]);
        for wrong in ["", "k", "-1", "1 t", "0", "1e3", "99999999999999999999"] {
            assert!(parse_size(wrong).is_err(), "{wrong}");
        }
        let durations = ["30", "1.5s", "2m", "1 h", "200ms"].map(|text| parse_duration(text).unwrap().as_millis());
        assert_eq!(durations, [30_000, 1_500, 120_000, 3_600_000, 200]);
        assert!(parse_duration("soon").is_err() && parse_duration("0").is_err());
    }

    #[test]
    fn the_limit_that_is_reached_is_told() {
        let limits = Limits { packets: Some(3), duration: Some(Duration::from_secs(1)), size: Some(100) };
        let counted = |packets, elapsed_ns| Statistics { packets, elapsed_ns, ..Statistics::default() };
        assert_eq!(limits.reached(&counted(2, 999_999_999), 99), None);
        assert_eq!(limits.reached(&counted(3, 0), 0), Some(Ended::Packets(3)));
        assert_eq!(limits.reached(&counted(0, 1_000_000_000), 0), Some(Ended::Duration(1_000_000_000)));
        assert_eq!(limits.reached(&counted(0, 0), 100), Some(Ended::Size(100)));
        assert_eq!(Limits::default().reached(&counted(u64::MAX, u64::MAX), u64::MAX), None);
    }
}
