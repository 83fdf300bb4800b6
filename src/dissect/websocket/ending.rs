//! The end of a WebSocket (RFC 6455 §7): Close frames and their echoes, and TCP that ended without them.
//!
//! These rules are about something absent, so they are judged only where the capture lacks nothing.

use super::sender::{report, stream_end};
use super::{Ended, WebSocket};
use crate::base::{Breach, ConnectionId, Fact, FrameId, Nanoseconds, Place, Sender, SilentSince};
use crate::dissect::index::Writer;
use crate::net::End;

const SECOND: u64 = 1_000_000_000;
/// Seconds after which proxies and load balancers commonly close a connection that is idle.
const PROXY_TIMEOUTS: [u64; 6] = [30, 60, 100, 120, 300, 350];

impl WebSocket {
    /// Judges what never came: the connection has ended, or the capture has. Called again, it does nothing.
    pub fn judge_end(&mut self, connection: ConnectionId, ended: &Ended, writer: &mut Writer) {
        let [Some(one), Some(other)] = &self.streams else { return };
        if std::mem::replace(&mut self.end_is_judged, true) || one.lacks_octets() || other.lacks_octets() {
            return;
        }
        let Some(row) = writer.connection(connection) else { return };
        let (tcp_end, began) = (row.tcp_end, row.start);
        let closes = row.closes.each_ref().map(|close| close.as_ref().map(|close| close.frame));
        let is_reset = tcp_end.is_some_and(|end| end.how == End::Reset);
        let [client_ended, server_ended] =
            [Sender::Client, Sender::Server].map(|sender| is_reset || ended.directions[row.direction(sender).index()]);

        // A Close that was sent after the peer had ended TCP reached nobody.
        let closes = closes.map(|close| {
            close.filter(|id| {
                let ended = tcp_end.zip(writer.index.frames.get(id.index())).filter(|(end, it)| end.by != it.sender());
                ended.is_none_or(|(end, frame)| frame.time <= end.time)
            })
        });
        let missing = match (closes, tcp_end) {
            ([None, None], Some(end)) => {
                let mut times = self.frames_backwards(writer).map(|(_, frame)| frame.time);
                let last = times.find(|time| *time <= end.time);
                let idle = end.time.0.saturating_sub(last.unwrap_or(began).0);
                let (sender, how) = (end.by, stream_end(Some(end.how)));
                let since = if last.is_some() { SilentSince::Frame } else { SilentSince::Opening };
                let timeout = common_timeout(idle).unwrap_or_default();
                let idle = Nanoseconds(idle);
                Some((sender, None, Fact::CloseMissing { sender, end: how, idle, since, timeout }))
            }
            ([Some(close), None], _) if server_ended => Some(not_echoed(Sender::Server, close)),
            ([None, Some(close)], _) if client_ended => Some(not_echoed(Sender::Client, close)),
            _ => None,
        };
        match tcp_end {
            Some(end) => self.conversation.judge_unanswered(end.by, end.time, writer),
            // Where the capture just stops, the answer may be a packet away.
            None => self.conversation.judge_late(ended.last_packet, writer),
        }
        if let Some((sender, frame, fact)) = missing {
            let breach = Breach { place: Place::Connection, fact };
            report(writer, connection, sender, frame, None, breach);
        }
    }
}

fn not_echoed(silent: Sender, close: FrameId) -> (Sender, Option<FrameId>, Fact) {
    (silent, Some(close), Fact::CloseNotEchoed { sender: silent })
}

/// The common time-out of proxies and load balancers, in seconds, that a connection idle for so many nanoseconds may have
/// met: with half a second to spare.
pub fn common_timeout(idle: u64) -> Option<u64> {
    PROXY_TIMEOUTS.into_iter().find(|timeout| idle.abs_diff(timeout * SECOND) <= SECOND / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_met_with_half_a_second_to_spare() {
        assert_eq!(common_timeout(60_300_000_000), Some(60));
        assert_eq!(common_timeout(61_000_000_000), None);
    }
}
