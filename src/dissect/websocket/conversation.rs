//! What both sides of an open WebSocket have to do with each other: pings and their pongs (RFC 6455 §5.5.2, §5.5.3),
//! Close frames and their echoes (§5.5.1), and how it ended.
//!
//! Rules about something absent are judged only where the capture lacks nothing.

use std::collections::VecDeque;

use crate::base::{Breach, ConnectionId, Finding, FrameId, Place, Rule, Sender, Timestamp};
use crate::dissect::flow::lane::Side;
use crate::dissect::flow::{Context, FlowState};
use crate::dissect::index::Writer;
use crate::dissect::index::connection::{End, side};
use crate::ws::{FrameBreach, PING_PATIENCE_SECONDS};

/// Nanoseconds after which a ping counts as unanswered.
const PATIENCE: u64 = PING_PATIENCE_SECONDS * SECOND;
const SECOND: u64 = 1_000_000_000;
/// Pings of one sender that wait for their pongs at most. Those before are not judged.
const MAX_OUTSTANDING: usize = 1024;
/// Seconds after which proxies and load balancers commonly close a connection that is idle.
const PROXY_TIMEOUTS: [u64; 6] = [30, 60, 100, 120, 300, 350];

/// What is shared by the two sides of a connection.
#[derive(Debug, Default)]
pub(in crate::dissect) struct Conversation {
    /// The last frame, in either direction.
    pub last_frame: Option<FrameId>,
    /// Pings of client and server without a pong so far, in order. Most connections have none at all.
    pings: Option<Box<[VecDeque<Ping>; 2]>>,
    /// Whether the capture lacks octets of client and server.
    lacks: [bool; 2],
    /// The sender of the packet being handled may have heard more of the peer than was read so far.
    pub peer_is_behind: bool,
    /// The end was judged.
    is_over: bool,
}

#[derive(Debug)]
struct Ping {
    frame: FrameId,
    time: Timestamp,
    body: Box<[u8]>,
}

/// A ping or a pong that came whole.
pub(in crate::dissect) struct Heartbeat<'a> {
    pub sender: Sender,
    pub frame: FrameId,
    pub time: Timestamp,
    /// The payload, unmasked.
    pub body: &'a [u8],
}

impl Conversation {
    /// A ping came.
    pub fn ping(&mut self, ping: &Heartbeat<'_>, writer: &mut Writer) {
        self.judge_late(ping.time, writer);
        writer.add_ping(ping.frame);
        let outstanding = &mut self.pings.get_or_insert_default()[side(ping.sender)];
        if outstanding.len() == MAX_OUTSTANDING {
            outstanding.pop_front();
        }
        outstanding.push_back(Ping { frame: ping.frame, time: ping.time, body: ping.body.into() });
    }

    /// A pong came: it answers the first ping with its body, and the ones before that (RFC 6455 §5.5.3).
    pub fn pong(&mut self, pong: &Heartbeat<'_>, writer: &mut Writer) {
        self.judge_late(pong.time, writer);
        let outstanding = self.pings.as_mut().map(|pings| &mut pings[side(pong.sender.peer())]);
        let answered = outstanding.and_then(|pings| {
            let answered = pings.iter().position(|ping| *ping.body == *pong.body)?;
            pings.drain(..=answered).next_back()
        });
        if let Some(ping) = &answered {
            writer.pair(ping.frame, pong.frame);
        }
        if answered.is_none() && !self.peer_is_behind && !self.lacks[side(pong.sender.peer())] {
            writer.report_frame(pong.frame, FrameBreach::PongUnsolicited);
        }
    }

    /// Octets of `sender` are missing: any pong or ping may have been among them.
    pub fn gap(&mut self, sender: Sender) {
        self.lacks[side(sender)] = true;
        if let Some(pings) = &mut self.pings {
            pings[side(sender.peer())].clear();
        }
    }

    /// Says which pings nobody answered for 30 seconds before `now`.
    fn judge_late(&mut self, now: Timestamp, writer: &mut Writer) {
        for sender in [Sender::Client, Sender::Server] {
            let Some(pings) = self.pings.as_mut().map(|pings| &mut pings[side(sender)]) else { return };
            while let Some(ping) = pings.pop_front_if(|ping| now.0.saturating_sub(ping.time.0) > PATIENCE) {
                writer.report_frame(ping.frame, FrameBreach::PingUnanswered { late: true });
            }
        }
    }

    /// Says which pings nobody answered until the connection ended.
    fn judge_unanswered(&mut self, writer: &mut Writer) {
        for ping in self.pings.take().into_iter().flat_map(|pings| *pings).flatten() {
            writer.report_frame(ping.frame, FrameBreach::PingUnanswered { late: false });
        }
    }
}

impl FlowState {
    /// The connection has ended, or the capture has: judges what never came. Called again, it does nothing.
    pub(in crate::dissect) fn judge_end(&mut self, context: &mut Context<'_>) {
        let Some(connection) = self.connection else { return };
        let [Side::Frames(one), Side::Frames(other)] = self.lanes.each_ref().map(|lane| &lane.side) else { return };
        if std::mem::replace(&mut self.conversation.is_over, true) || one.lacks_octets() || other.lacks_octets() {
            return;
        }
        let fins = self.lanes.each_ref().map(|lane| lane.ended.is_some());
        let last = self.conversation.last_frame.and_then(|id| context.writer.frame(id)).map(|frame| frame.time);
        let Some(row) = context.writer.connection(connection) else { return };
        let (tcp_end, began) = (row.tcp_end, row.start);
        let closes = row.closes.each_ref().map(|close| close.as_ref().map(|close| close.frame));
        let ended =
            |sender: Sender| tcp_end.is_some_and(|end| end.how == End::Reset) || fins[row.direction(sender).index()];

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
            ([Some(close), None], _) if ended(Sender::Server) => Some(not_echoed(Sender::Server, close)),
            ([None, Some(close)], _) if ended(Sender::Client) => Some(not_echoed(Sender::Client, close)),
            _ => None,
        };
        match tcp_end {
            Some(_) => self.conversation.judge_unanswered(context.writer),
            // Where the capture just stops, the answer may be a packet away.
            None => self.conversation.judge_late(self.last_packet.time, context.writer),
        }
        if let Some((rule, sender, frame, text)) = missing {
            report(context.writer, connection, sender, frame, Breach { rule, place: Place::Connection, text });
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
