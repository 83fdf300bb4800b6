//! Heads whose packets were stored shorter than they were: their first lines are enough to follow the frames.
//!
//! ```text
//!   request, cut ─┐  101 ──▶ either head names websocket ─────────────────────▶ Open: frames from the next piece on
//!                 ├──────▶ neither does ─▶ Supposed ── a piece that is frames ─▶ Open
//!   101, cut ─────┘                           └─────── one that is not ───────▶ Foreign
//! ```
//!
//! Nothing that such a cut may hide is held against anybody: neither fields that are not there nor values that do not fit
//! each other. Which extensions were agreed on is not known either.

use super::exchange::{Attempt, Received, kept, negotiated, open_connection, report};
use super::{Begin, Opening, Reading, Scene, State};
use crate::base::{Breach, ConnectionId, Fact, Place, Sender};
use crate::dissect::index::connection::HeadPlace;
use crate::dissect::index::finding::Gap;
use crate::http::{self, Body, Head, Outline, StartLine, head_of_start, judge_offer, judge_request_line, sniff};
use crate::net::Direction;
use crate::ws::{Negotiated, follow, looks_like_frames};

/// The start of a request that says nothing of a WebSocket, whose answer may.
#[derive(Debug)]
pub(super) struct CutRequest {
    place: HeadPlace,
    gap: Gap,
    head: Head,
}

/// A 101 that says nothing of a WebSocket, nor does the start of its request: the rest of either was cut off.
#[derive(Debug)]
pub(super) struct Supposed {
    request: Box<CutRequest>,
    answer: Received<'static>,
}

/// The assumption about extensions if a head was cut.
pub(super) const UNKNOWN: Negotiated = Negotiated { deflate: true, other: true };

impl Opening {
    /// A gap cuts off the rest of a head, of which `octets` stand at stream offset `at`.
    pub(super) fn head_cut(&mut self, direction: Direction, at: u64, octets: &[u8], gap: Gap, scene: &mut Scene<'_>) {
        let kind = sniff(octets);
        match kind.and_then(|kind| head_of_start(octets, kind)) {
            Some(head) => {
                self.readings[direction.index()] = Reading::Search;
                let (packet, len) = (self.began[direction.index()], u32::try_from(octets.len()).unwrap_or(u32::MAX));
                let place = HeadPlace { direction, at, len, time: packet.time };
                let received = Received { place, octets: head.into(), packet, cut: Some(gap) };
                self.head(received, kind, scene);
            }
            None => self.head_missing(direction, gap, scene),
        }
    }

    /// Opens the connection that a request asks for.
    pub(super) fn attempt(
        &mut self,
        place: HeadPlace,
        head: &Head,
        cut: Option<Gap>,
        body: Body,
        scene: &mut Scene<'_>,
    ) -> Attempt {
        let connection = open_connection(place, true, scene);
        if let Some(row) = scene.writer.connection(connection) {
            let path = match &head.start {
                StartLine::Request { target, .. } if cut.is_some() => Some(format!("ws://…{target}")),
                _ => None,
            };
            row.url = http::url(head, "ws").or(path).map(kept);
        }
        let tell = |breach| report(scene, connection, Sender::Client, breach);
        match cut {
            Some(_) => judge_request_line(head, tell),
            None => judge_offer(head, tell),
        }
        if let Some(gap) = cut {
            report_cut(connection, Sender::Client, gap, scene);
        }
        let offered = if cut.is_some() { UNKNOWN } else { negotiated(head) };
        Attempt { connection, place, body, offered, is_cut: cut.is_some() }
    }

    /// The last request, if it was cut: it may have asked for what a 101 opens.
    pub(super) fn last_cut_request(&mut self) -> Option<Box<CutRequest>> {
        self.exchange.outstanding.back_mut().and_then(|request| request.cut.take())
    }

    /// A 101 came, and of its request only the start: returns the attempt, if it is clear that this asked for a WebSocket;
    /// else what follows tells that.
    pub(super) fn attempt_of_cut(
        &mut self,
        request: Box<CutRequest>,
        answer: &Received<'_>,
        outline: &Outline,
        scene: &mut Scene<'_>,
    ) -> Option<Attempt> {
        if outline.is_upgrade_response() {
            return Some(self.attempt(request.place, &request.head, Some(request.gap), Body::UntilClose, scene));
        }
        let answer = answer.to_owned();
        self.state = State::Supposed(Box::new(Supposed { request, answer }));
        None
    }

    /// The first piece behind a 101 that may have opened a WebSocket: frames, or something else. The head may go on in it.
    pub(super) fn settle_supposed(&mut self, direction: Direction, at: u64, octets: &[u8], scene: &mut Scene<'_>) {
        let sender = if self.exchange.client == Some(direction) { Sender::Client } else { Sender::Server };
        let has_frame = follow(octets, false, sender, Negotiated { deflate: true, other: false })
            .is_some_and(|chain| chain.next > 0);
        match (std::mem::replace(&mut self.state, State::Foreign), has_frame) {
            (State::Supposed(supposed), true) => {
                let Supposed { request, answer } = *supposed;
                let attempt = self.attempt(request.place, &request.head, Some(request.gap), Body::UntilClose, scene);
                if let Ok(head) = Head::response(&answer.octets) {
                    self.answered(&attempt, &answer, &head, scene);
                    self.begin_behind_cut(direction, at, octets, scene);
                }
            }
            (state, _) if is_field_text(octets) => self.state = state,
            _ => self.readings = [Reading::Nothing, Reading::Nothing],
        }
    }

    /// Reads frames of a direction in which the end of the last head was cut off, from the next piece on.
    pub(super) fn frames_behind_cut(&mut self, direction: Direction, sender: Sender, negotiated: Negotiated) {
        self.readings[direction.index()] = Reading::BehindCut { sender, negotiated };
    }

    /// Reads frames from the first piece behind a head whose end was cut off: this is where they begin, if it looks like
    /// it. Frames that stood in the part that was cut off may go on in it.
    pub(super) fn begin_behind_cut(&mut self, direction: Direction, at: u64, octets: &[u8], scene: &mut Scene<'_>) {
        let Reading::BehindCut { sender, negotiated } = self.readings[direction.index()] else { return };
        let begin = match looks_like_frames(octets, sender, negotiated.for_recognising()) {
            true => Begin::BehindGap,
            false if is_field_text(octets) => return,
            false => Begin::Somewhere,
        };
        self.start_frames(direction, at, sender, negotiated, begin, scene);
    }
}

impl CutRequest {
    /// The start of a request.
    pub fn new(received: &Received<'_>) -> Option<Box<CutRequest>> {
        let (place, gap) = (received.place, received.cut?);
        Some(Box::new(CutRequest { place, gap, head: Head::request(&received.octets).ok()? }))
    }
}

/// Returns whether octets may be the rest of a head, whose start was in an earlier packet. Frames hardly may: all but a few
/// start with an octet that is no ASCII.
fn is_field_text(octets: &[u8]) -> bool {
    octets.iter().all(|octet| matches!(octet, b' '..=b'~' | b'\r' | b'\n' | b'\t'))
}

/// Says that the rest of a sender's head was cut off.
pub(super) fn report_cut(connection: ConnectionId, sender: Sender, gap: Gap, scene: &mut Scene<'_>) {
    scene.writer.count_missing(connection, sender, gap.len);
    if let Some(row) = scene.writer.connection(connection) {
        row.heads_cut = true;
    }
    let fact = Fact::HeadCut { octets: gap.len, sender, packet: gap.packet };
    report(scene, connection, sender, Breach { place: Place::StreamOctets { at: gap.at, len: gap.len }, fact });
}
