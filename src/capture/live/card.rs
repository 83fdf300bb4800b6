//! An open network interface.

use std::time::Duration;

use pcap::{Active, Capture};

use super::blocks::Described;
use super::error::{LiveError, words};
use super::interfaces;
use crate::base::{LinkType, Timestamp};

/// The most octets of a packet that are captured: more than any interface has, those that join packets before they are
/// captured too.
pub const FULL_SNAP_LEN: u32 = 262_144;
/// Octets of the kernel's buffer, as long as nothing else is wanted: a burst of 20,000 large frames fits.
pub const DEFAULT_BUFFER: u32 = 64 << 20;

/// The kernel hands packets over after so long, or as soon as a part of its buffer is full. Handing over each packet for
/// itself would give each the room of the largest one: on loopback 64 KiB, and drops 30 times as early.
pub(super) const HAND_OVER: Duration = Duration::from_millis(10);
/// Packets of one reading: 16 MiB of the largest.
const BATCH: usize = 256;

/// The way in which an interface is to be sniffed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SniffOptions {
    /// The interface.
    pub interface: String,
    /// The capture filter; empty for none.
    pub filter: String,
    /// Packets for other machines too.
    pub promiscuous: bool,
    /// The most octets of a packet.
    pub snap_len: u32,
    /// Octets of the kernel's buffer.
    pub buffer: u32,
}

impl SniffOptions {
    /// All of what `interface` itself sends and receives.
    pub fn on(interface: &str) -> SniffOptions {
        SniffOptions {
            interface: interface.to_owned(),
            filter: String::new(),
            promiscuous: false,
            snap_len: FULL_SNAP_LEN,
            buffer: DEFAULT_BUFFER,
        }
    }
}

/// A packet on the card.
#[derive(Clone, Copy, Debug)]
pub struct Sniffed<'a> {
    /// When it was seen.
    pub time: Timestamp,
    /// Octets on the wire.
    pub original_len: u32,
    /// Those that were captured.
    pub octets: &'a [u8],
}

/// Packets that were not captured, since the card was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drops {
    /// By the kernel, because its buffer was full.
    pub kernel: u64,
    /// By the card or its driver.
    pub card: u64,
}

/// An open network interface.
pub struct Card {
    capture: Capture<Active>,
    described: Described,
    drops: Drops,
    /// The counters as the system told them last: they have 32 bits.
    last: [u32; 2],
}

impl Card {
    /// Opens the interface. Nothing of it waits: see [`Card::wait`].
    ///
    /// # Errors
    /// [`LiveError`]
    pub fn open(wanted: &SniffOptions) -> Result<Card, LiveError> {
        interfaces::look_for(&wanted.interface)?;
        let trouble = |error: pcap::Error| explain(wanted, &error);
        let buffer = i32::try_from(wanted.buffer).unwrap_or(i32::MAX);
        let inactive = Capture::from_device(wanted.interface.as_str())
            .map_err(trouble)?
            .promisc(wanted.promiscuous)
            .snaplen(i32::try_from(wanted.snap_len).unwrap_or(i32::MAX))
            .buffer_size(buffer)
            .timeout(HAND_OVER.as_millis() as i32)
            .precision(pcap::Precision::Nano);
        // Elsewhere the timeout begins only with the first packet, or waits for a full buffer.
        let inactive = if cfg!(target_os = "linux") { inactive } else { inactive.immediate_mode(true) };
        let mut capture = inactive.open().and_then(Capture::setnonblock).map_err(trouble)?;
        if !wanted.filter.trim().is_empty() {
            capture.filter(&wanted.filter, true).map_err(|error| LiveError::Filter { why: words(&error) })?;
        }
        let described = Described {
            name: wanted.interface.clone(),
            filter: wanted.filter.trim().to_owned(),
            link_type: link_type(capture.get_datalink().0),
            snap_len: wanted.snap_len,
        };
        Ok(Card { capture, described, drops: Drops::default(), last: [0; 2] })
    }

    /// Returns what a capture says of it.
    pub fn described(&self) -> &Described {
        &self.described
    }

    /// Hands out what is there, at most `most` packets, and says how many that were.
    ///
    /// # Errors
    /// Why the interface can be sniffed no longer.
    pub fn read(&mut self, most: u64, mut each: impl FnMut(Sniffed<'_>)) -> Result<usize, String> {
        let most = BATCH.min(usize::try_from(most).unwrap_or(BATCH));
        let read = self.capture.dispatch(Some(most), |packet| {
            // With nanosecond precision the field of microseconds holds nanoseconds.
            let (seconds, fraction) = (packet.header.ts.tv_sec, packet.header.ts.tv_usec);
            let time = u64::try_from(i128::from(seconds) * 1_000_000_000 + i128::from(fraction)).unwrap_or(0);
            each(Sniffed { time: Timestamp(time), original_len: packet.header.len, octets: packet.data });
        });
        match read {
            Ok(packets) => Ok(packets),
            Err(pcap::Error::TimeoutExpired | pcap::Error::NoMorePackets) => Ok(0),
            Err(error) => Err(words(&error)),
        }
    }

    /// Waits until there is something to read, or for so long; a signal ends it too. With `or` it also waits for that to
    /// have something, or to end, and returns whether it does.
    #[cfg(unix)]
    pub fn wait(&self, or: Option<&std::io::Stdin>, at_most: Duration) -> bool {
        use std::os::fd::AsFd;

        use rustix::event::{PollFd, PollFlags, Timespec, poll};

        let ready = PollFlags::IN;
        let mut waited_for = vec![PollFd::from_borrowed_fd(self.capture.as_fd(), ready)];
        waited_for.extend(or.map(|other| PollFd::from_borrowed_fd(other.as_fd(), ready)));
        let at_most = Timespec::try_from(at_most).ok();
        // Interrupted by a signal, it has no answers; whoever asks looks again.
        poll(&mut waited_for, at_most.as_ref())
            .is_ok_and(|_| waited_for.get(1).is_some_and(|it| !it.revents().is_empty()))
    }

    /// Waits for a moment.
    #[cfg(not(unix))]
    pub fn wait(&self, _or: Option<&std::io::Stdin>, at_most: Duration) -> bool {
        std::thread::sleep(at_most.min(HAND_OVER));
        false
    }

    /// Why nothing more can come, if so. It takes a look at all interfaces: to be asked now and then.
    pub fn trouble(&self) -> Option<String> {
        interfaces::trouble(&self.described.name)
    }

    /// Returns what was not captured so far.
    pub fn drops(&mut self) -> Drops {
        // A card that has gone away has no counters any more: the last ones stay.
        if let Ok(now) = self.capture.stats() {
            let now = [now.dropped, now.if_dropped];
            self.drops.kernel += u64::from(now[0].wrapping_sub(self.last[0]));
            self.drops.card += u64::from(now[1].wrapping_sub(self.last[1]));
            self.last = now;
        }
        self.drops
    }
}

/// The value that files have for what libpcap calls it: the two differ for raw IP.
fn link_type(datalink: i32) -> LinkType {
    match datalink {
        12 | 14 => LinkType::RAW,
        other => LinkType(u16::try_from(other).unwrap_or(u16::MAX)),
    }
}

fn explain(wanted: &SniffOptions, error: &pcap::Error) -> LiveError {
    let (interface, why) = (wanted.interface.clone(), words(error));
    let says = |text: &str| why.to_ascii_lowercase().contains(text);
    if says("permi") {
        LiveError::Rights { interface, promiscuous: wanted.promiscuous }
    } else if says("not up") || says("is down") {
        LiveError::Down { interface }
    } else {
        LiveError::Card { interface, why }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libpcap_s_words_become_ours() {
        let wanted = SniffOptions::on("eth0");
        let explained = |why: &str| explain(&wanted, &pcap::Error::PcapError(why.to_owned()));
        let rights = explained("eth0: You don't have permission (socket: Operation not permitted)");
        assert!(rights.lacks_rights() && rights.to_string().starts_with("eth0: this user may not sniff; "));
        assert!(matches!(explained("That device is not up"), LiveError::Down { .. }));
        assert_eq!(explained("strange").to_string(), "eth0: strange");
    }
}
