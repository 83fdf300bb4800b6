//! How a WebSocket ended (RFC 6455 §7): Close frames and their echoes, and TCP that ended without them.
//!
//! These rules are about something absent, so they are judged only where the capture lacks nothing.

use super::{Ended, WebSocket};
use crate::base::{Breach, ConnectionId, Finding, FrameId, Place, Rule, Sender};
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
        let last = self.conversation.last_frame.and_then(|id| writer.frame(id)).map(|frame| frame.time);
        let Some(row) = writer.connection(connection) else { return };
        let (tcp_end, began) = (row.tcp_end, row.start);
        let closes = row.closes.each_ref().map(|close| close.as_ref().map(|close| close.frame));
        let has_ended = |sender: Sender| {
            tcp_end.is_some_and(|end| end.how == End::Reset) || ended.directions[row.direction(sender).index()]
        };

        let missing = match (closes, tcp_end) {
            ([None, None], Some(end)) => {
                let idle = end.time.0.saturating_sub(last.unwrap_or(began).0);
                let how = if end.how == End::Reset { "reset TCP (RST)" } else { "ended TCP (FIN)" };
                let since = if last.is_some() { "the last frame" } else { "the opening handshake, without a frame" };
                let text = format!(
                    "The {} {how} {} after {since}, and neither side had sent a Close frame: both see 1006.{}",
                    end.by,
                    seconds(idle),
                    proxy_hint(idle)
                );
                Some((Rule::CloseMissing, end.by, None, text))
            }
            ([Some(close), None], _) if has_ended(Sender::Server) => Some(not_echoed(Sender::Server, close)),
            ([None, Some(close)], _) if has_ended(Sender::Client) => Some(not_echoed(Sender::Client, close)),
            _ => None,
        };
        match tcp_end {
            Some(_) => self.conversation.judge_unanswered(writer),
            // Where the capture just stops, the answer may be a packet away.
            None => self.conversation.judge_late(ended.last_packet, writer),
        }
        if let Some((rule, sender, frame, text)) = missing {
            report(writer, connection, sender, frame, Breach { rule, place: Place::Connection, text });
        }
    }
}

fn not_echoed(silent: Sender, close: FrameId) -> (Rule, Sender, Option<FrameId>, String) {
    let text = format!("The {silent} never answered this Close frame with its own, and the connection has ended.");
    (Rule::CloseNotEchoed, silent, Some(close), text)
}

/// A time a person reads.
fn seconds(nanoseconds: u64) -> String {
    match nanoseconds {
        0..SECOND => format!("{} ms", nanoseconds / 1_000_000),
        _ => format!("{:.1} s", nanoseconds as f64 / SECOND as f64),
    }
}

/// The common time-out of proxies and load balancers, in seconds, that a connection idle for so many nanoseconds may have
/// met: with half a second to spare.
pub fn common_timeout(idle: u64) -> Option<u64> {
    PROXY_TIMEOUTS.into_iter().find(|timeout| idle.abs_diff(timeout * SECOND) <= SECOND / 2)
}

/// A hint where the idle time fits a common time-out, with half a second to spare.
fn proxy_hint(idle: u64) -> String {
    common_timeout(idle).map_or(String::new(), |timeout| {
        format!(" {timeout} s is a common time-out of proxies and load balancers for idle connections.")
    })
}

fn report(writer: &mut Writer, connection: ConnectionId, sender: Sender, frame: Option<FrameId>, breach: Breach) {
    let Breach { rule, place, text } = breach;
    writer.report(Finding { rule, connection: Some(connection), frame, message: None, sender, place, text });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_by_people_and_hints_fit() {
        assert_eq!((seconds(20_000_000), seconds(61_250_000_000)), ("20 ms".to_owned(), "61.2 s".to_owned()));
        assert!(proxy_hint(60_300_000_000).contains(" 60 s is"));
        assert_eq!(proxy_hint(61_000_000_000), "");
    }
}
