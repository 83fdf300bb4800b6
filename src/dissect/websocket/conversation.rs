//! The conversation of both sides of an open WebSocket: pings and their pongs (RFC 6455 §5.5.2, §5.5.3), and which of
//! them nobody answered. A rule about something absent is judged only if the capture lacks nothing.

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
    /// Pings of client, of server were forgotten that a pong may still answer.
    forgot_pings: [bool; 2],
    /// Frames of client, of server are looked for behind a gap: what came of them is not known yet.
    seeks: [bool; 2],
    /// The frame that comes was passed over, and the peer's behind it were read before.
    pub is_read_again: bool,
    /// The sender of the packet being handled may have heard more of the peer than was read so far.
    pub peer_is_behind: bool,
}

/// The senders whose pings are kept, in that order.
const SENDERS: [Sender; 2] = [Sender::Client, Sender::Server];

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
        if self.is_read_again {
            // Its pong may have been read already.
            return;
        }
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
            // A pong that is read again does not answer what came behind it.
            let may_answer = |ping: &Ping| !self.is_read_again || ping.time <= pong.time;
            let answered = pings.iter().position(|ping| *ping.body == *pong.body && may_answer(ping))?;
            pings.drain(..=answered).next_back()
        });
        if let Some(ping) = &answered {
            writer.pair(ping.frame, pong.frame);
        }
        let peer = side(pong.sender.peer());
        if answered.is_none() && !self.peer_is_behind && !self.lacks[peer] && !self.forgot_pings[peer] {
            writer.report_frame(pong.frame, FrameBreach::PongUnsolicited);
        }
    }

    /// Octets of `sender` are missing: any pong or ping may have been among them.
    pub fn gap(&mut self, sender: Sender) {
        let peer = side(sender.peer());
        self.lacks[side(sender)] = true;
        if let Some(pings) = &mut self.pings {
            // Which of them a pong behind the gap answers is not known any more.
            self.forgot_pings[peer] |= !pings[peer].is_empty();
            pings[peer].clear();
        }
    }

    /// Notes whether frames of `sender` are looked for: until they are found, nobody knows which pings they answer.
    pub fn seek(&mut self, sender: Sender, seeks: bool) {
        self.seeks[side(sender)] = seeks;
    }

    /// Says which pings nobody answered for 30 seconds before `now`.
    pub fn judge_late(&mut self, now: Timestamp, writer: &mut Writer) {
        if self.peer_is_behind {
            // An answer may be among what was not read so far.
            return;
        }
        for sender in [Sender::Client, Sender::Server] {
            if self.seeks[side(sender.peer())] {
                continue;
            }
            let Some(pings) = self.pings.as_mut().map(|pings| &mut pings[side(sender)]) else { return };
            while let Some(ping) = pings.pop_front_if(|ping| now.0.saturating_sub(ping.time.0) > PATIENCE) {
                writer.report_frame(ping.frame, FrameBreach::PingUnanswered { late: true });
            }
        }
    }

    /// Says which pings nobody answered until the connection ended, `by` a peer at `time`. It cannot answer what came then.
    pub fn judge_unanswered(&mut self, by: Sender, time: Timestamp, writer: &mut Writer) {
        for (sender, pings) in SENDERS.into_iter().zip(self.pings.take().into_iter().flat_map(|pings| *pings)) {
            for ping in pings.iter().filter(|ping| sender == by || ping.time <= time) {
                writer.report_frame(ping.frame, FrameBreach::PingUnanswered { late: false });
            }
        }
    }
}
