//! Activity of interfaces: the counters that the system keeps of each. Reading them needs no rights.

use std::collections::{HashMap, VecDeque};

/// Looks that are remembered.
const KEPT: usize = 32;

/// The traffic of an interface between one look and the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Packets in and out.
    pub packets: u64,
    /// Octets in and out.
    pub octets: u64,
}

/// The traffic of every interface between the last looks.
#[derive(Clone, Debug, Default)]
pub struct Activity {
    interfaces: HashMap<String, RecentTraffic>,
}

#[derive(Clone, Debug, Default)]
struct RecentTraffic {
    total: Traffic,
    since: VecDeque<Traffic>,
}

impl Activity {
    /// Looks at the counters. To be called at equal intervals. Where the system has no such counters, nothing is known.
    pub fn look(&mut self) {
        // Nothing to read is nothing to show.
        if let Ok(text) = std::fs::read_to_string("/proc/net/dev") {
            self.take(&text);
        }
    }

    fn take(&mut self, text: &str) {
        let mut all = Traffic::default();
        for (name, now) in counters(text) {
            let seen = self.interfaces.contains_key(name);
            let recent = self
                .interfaces
                .entry(name.to_owned())
                .or_insert_with(|| RecentTraffic { total: now, ..RecentTraffic::default() });
            if seen {
                // An interface that was made anew counts from 0 again.
                let since = Traffic {
                    packets: now.packets.saturating_sub(recent.total.packets),
                    octets: now.octets.saturating_sub(recent.total.octets),
                };
                recent.push(since);
                (all.packets, all.octets) = (all.packets + since.packets, all.octets + since.octets);
            }
            recent.total = now;
        }
        self.interfaces.entry("any".to_owned()).or_default().push(all);
    }

    /// Returns what went over an interface between the last looks, the newest last, at most 32.
    pub fn of(&self, interface: &str) -> impl ExactSizeIterator<Item = Traffic> {
        const NONE: &VecDeque<Traffic> = &VecDeque::new();
        self.interfaces.get(interface).map_or(NONE, |recent| &recent.since).iter().copied()
    }
}

impl RecentTraffic {
    fn push(&mut self, since: Traffic) {
        if self.since.len() == KEPT {
            self.since.pop_front();
        }
        self.since.push_back(since);
    }
}

/// The interfaces of `/proc/net/dev`, with what was received and sent (proc_pid_net(5)).
fn counters(text: &str) -> impl Iterator<Item = (&str, Traffic)> {
    text.lines().skip(2).filter_map(|line| {
        let (name, numbers) = line.split_once(':')?;
        let numbers: Vec<u64> = numbers.split_whitespace().filter_map(|number| number.parse().ok()).collect();
        let sum = |received: usize, sent: usize| Some(numbers.get(received)?.saturating_add(*numbers.get(sent)?));
        Some((name.trim(), Traffic { octets: sum(0, 8)?, packets: sum(1, 9)? }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(packets: u64) -> String {
        let line = |name: &str, packets: u64| {
            format!("{name:>6}: {} {packets} 0 0 0 0 0 0 {} {packets} 0 0 0 0 0 0\n", packets * 100, packets * 100)
        };
        format!("Inter-|   Receive\n face |bytes\n{}{}", line("lo", packets), line("eth0", 2 * packets))
    }

    #[test]
    fn what_went_between_two_looks() {
        let mut activity = Activity::default();
        assert_eq!(activity.of("lo").len(), 0);
        [5, 8, 8].iter().for_each(|packets| activity.take(&text(*packets)));
        let packets = |name: &str| activity.of(name).map(|traffic| traffic.packets).collect::<Vec<_>>();
        assert_eq!((packets("lo"), packets("eth0"), packets("any")), (vec![6, 0], vec![12, 0], vec![0, 18, 0]));
        assert_eq!(activity.of("lo").next(), Some(Traffic { packets: 6, octets: 600 }));
        // Made anew.
        activity.take(&text(1));
        assert_eq!(activity.of("lo").last(), Some(Traffic::default()));
        (0..100).for_each(|_| activity.take(&text(1)));
        assert_eq!(activity.of("lo").len(), KEPT);
        activity.take("nonsense\n\n\n:::\nlo: x\n");
    }
}
