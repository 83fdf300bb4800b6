//! Reports of the process that sniffs: one JSON object a line, for whoever started it.

use serde::{Deserialize, Serialize};

/// Numbers that were counted since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statistics {
    /// Packets that were captured.
    pub packets: u64,
    /// Their octets, as captured.
    pub octets: u64,
    /// Packets that the system's kernel dropped because its buffer was full.
    pub dropped: u64,
    /// Packets that the network card or its driver dropped.
    pub dropped_by_card: u64,
    /// Nanoseconds since the start.
    pub elapsed_ns: u64,
    /// The number of times that a ring overwrote its older half.
    pub turns: u64,
}

/// Why sniffing ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// Whoever started it wanted it so: Ctrl-C, SIGTERM, Stop, or it has gone.
    Asked,
    /// As many packets as wanted.
    Packets(u64),
    /// As long as wanted: nanoseconds.
    Duration(u64),
    /// As large as wanted: octets.
    Size(u64),
    /// The interface can be sniffed no longer: why.
    Interface(String),
    /// The file can be written no longer: why. What is in it is whole.
    File(String),
    /// The process that sniffed has gone without a word: how.
    Died(String),
}

impl Ended {
    /// Returns whether something went wrong.
    pub fn is_trouble(&self) -> bool {
        matches!(self, Ended::Interface(_) | Ended::File(_) | Ended::Died(_))
    }
}

/// A line of the process that sniffs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Report {
    /// The card is open, and rights are given away.
    Started {
        /// The interface.
        interface: String,
        /// LINKTYPE_ value.
        link_type: u16,
    },
    /// Numbers that were counted so far.
    Statistics(Statistics),
    /// The end.
    Ended {
        /// Why.
        why: Ended,
        /// The numbers at the end.
        statistics: Statistics,
    },
    /// It could not start.
    Failed {
        /// Why, and what to do, in one line.
        why: String,
        /// True where it lacked rights.
        lacks_rights: bool,
    },
}

impl Report {
    /// The line, without its end.
    pub fn to_line(&self) -> String {
        // Strings and numbers: nothing that JSON cannot hold.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads a line; `None` for what is none of ours.
    pub fn from_line(line: &str) -> Option<Report> {
        serde_json::from_str(line).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_comes_back() {
        let statistics = Statistics { packets: 1, octets: 2, dropped: 3, ..Statistics::default() };
        for report in [
            Report::Started { interface: "lo".to_owned(), link_type: 1 },
            Report::Statistics(statistics),
            Report::Ended { why: Ended::Interface("it went \"down\"\n".to_owned()), statistics },
            Report::Ended { why: Ended::Packets(5), statistics },
            Report::Failed { why: "no".to_owned(), lacks_rights: true },
        ] {
            let line = report.to_line();
            assert!(!line.contains('\n'), "{line}");
            assert_eq!(Report::from_line(&line), Some(report));
        }
        assert_eq!(Report::from_line("hello"), None);
    }
}
