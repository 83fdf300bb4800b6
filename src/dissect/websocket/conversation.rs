//! What both sides of an open WebSocket have to do with each other: pings and their pongs (RFC 6455 §5.5.2, §5.5.3),
//! and which of them nobody answered. A rule about something absent is judged only where the capture lacks nothing.

use std::collections::VecDeque;

use crate::base::{FrameId, Sender, Timestamp};
use crate::dissect::index::Writer;
use crate::dissect::index::connection::side;
use crate::ws::{FrameBreach, PING_PATIENCE_SECONDS};

/// Nanoseconds after which a ping counts as unanswered.
const PATIENCE: u64 = PING_PATIENCE_SECONDS * 1_000_000_000;
/// Pings of one sender that wait for their pongs at most. Those before are not judged.
const MAX_OUTSTANDING: usize = 1024;

/// The business that the two senders of a connection have with each other.
#[derive(Debug, Default)]
pub(in crate::dissect) struct Conversation {
    /// The last frame, in either direction.
    pub last_frame: Option<FrameId>,
    /// Pings of client and server without a pong so far, in order. Most connections have none at all.
    pings: Option<Box<[VecDeque<Ping>; 2]>>,
    /// The capture lacks octets of client, of server.
    lacks: [bool; 2],
    /// The sender of the packet being handled may have heard more of the peer than was read so far.
    pub peer_is_behind: bool,
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
    pub fn judge_late(&mut self, now: Timestamp, writer: &mut Writer) {
        for sender in [Sender::Client, Sender::Server] {
            let Some(pings) = self.pings.as_mut().map(|pings| &mut pings[side(sender)]) else { return };
            while let Some(ping) = pings.pop_front_if(|ping| now.0.saturating_sub(ping.time.0) > PATIENCE) {
                writer.report_frame(ping.frame, FrameBreach::PingUnanswered { late: true });
            }
        }
    }

    /// Says which pings nobody answered until the connection ended.
    pub fn judge_unanswered(&mut self, writer: &mut Writer) {
        for ping in self.pings.take().into_iter().flat_map(|pings| *pings).flatten() {
            writer.report_frame(ping.frame, FrameBreach::PingUnanswered { late: false });
        }
    }
}
