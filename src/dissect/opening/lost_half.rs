//! Halves of a handshake that the capture lacks, or has in another order, and finding the place again behind them.
//!
//! Nothing is invented: behind a gap, octets are taken for a head only where a segment starts with one, and for frames
//! only where they cannot well be anything else.

use crate::base::{Breach, ConnectionId, Place, Rule, Sender};
use crate::dissect::flow::lane::{Chunk, Side};
use crate::dissect::flow::{Context, FlowState};
use crate::dissect::index::connection::HeadPlace;
use crate::dissect::opening::exchange::{Attempt, Late, kept, report};
use crate::dissect::websocket::sender::FrameSide;
use crate::http::{self, Body, Head, HttpReader, Kind, Outline, judge_offer, sniff, starts_request};
use crate::net::Direction;
use crate::ws::{Negotiated, is_start_of_frames, looks_like_frames};

/// Octets that are looked at to tell frames from other things.
const MAX_LOOK: u32 = 1 << 16;

impl FlowState {
    /// The client's next octets behind a 101 whose request was not seen: a request after all, frames, or neither.
    pub(in crate::dissect) fn meet_late_request(
        &mut self,
        direction: Direction,
        at: u64,
        octets: &[u8],
        context: &mut Context<'_>,
    ) {
        if let Side::Frames(side) = &self.lanes[direction.index()].side
            && let Some(negotiated) = side.untouched_client()
            && let Some(connection) = self.connection.filter(|_| starts_request(octets))
        {
            // The 101 was captured before the request it answers, and an earlier one was taken for that.
            self.exchange.late = Some(Box::new(Late { connection, negotiated, request: None }));
            self.lanes[direction.index()].side = Side::Http(HttpReader::new(at));
            return;
        }
        let Some(late) = self.exchange.late.as_ref().filter(|_| self.exchange.awaits_late_request(direction)) else {
            return;
        };
        if !matches!(&self.lanes[direction.index()].side, Side::Http(reader) if reader.is_between())
            || sniff(octets) == Some(Kind::Requests)
        {
            return;
        }
        if looks_like_frames(octets, Sender::Client, late.negotiated) {
            self.settle_request(direction, context);
        } else {
            self.lanes[direction.index()].side = Side::Search;
        }
    }

    /// A request that the 101 may have answered, which the capture has behind it.
    pub(in crate::dissect) fn late_request(&mut self, place: HeadPlace, head: &Head, context: &mut Context<'_>) {
        let Some(late) = &mut self.exchange.late else { return };
        if let Some(connection) = context.writer.connection(late.connection) {
            connection.request = Some(place);
            connection.url = http::url(head, "ws").map(kept);
            connection.start = connection.start.min(place.time);
        }
        // Another request may follow, and then that one is it.
        late.request = Some(place);
        self.set_body(place.direction, Body::of_request(&Outline::of(head)));
    }

    /// What the client sends from here on are frames: the request it sent last is the one that was answered; without
    /// one, the capture lacks it.
    pub(in crate::dissect) fn settle_request(&mut self, client: Direction, context: &mut Context<'_>) {
        let Some(late) = self.exchange.late.take() else { return };
        match &late.request {
            Some(place) => {
                if let Some(head) = self.read_request(place, context) {
                    judge_offer(&head, |breach| report(context, late.connection, Sender::Client, breach));
                }
            }
            None => {
                let text = "The capture has the 101 and not the request it answers.".to_owned();
                let breach = Breach { rule: Rule::HandshakeRequestNotCaptured, place: Place::Connection, text };
                report(context, late.connection, Sender::Client, breach);
            }
        }
        self.start_side(client, Sender::Client, late.negotiated);
    }

    /// A gap hides where this direction's next head is.
    pub(in crate::dissect) fn http_gap(&mut self, direction: Direction, chunk: Chunk, context: &mut Context<'_>) {
        self.lanes[direction.index()].side = Side::Search;
        let is_client = self.exchange.client == Some(direction);
        if self.exchange.awaits_late_request(direction) || !is_client && self.exchange.awaited().is_some() {
            self.gap(direction, chunk, None, false, context);
        }
    }

    /// Looks whether a segment starts with a head, or with the frames that are expected.
    pub(in crate::dissect) fn search(
        &mut self,
        direction: Direction,
        at: u64,
        octets: &[u8],
        context: &mut Context<'_>,
    ) {
        let client = self.exchange.client;
        if let Some(negotiated) = self.exchange.joined {
            let sender = if client == Some(direction) { Sender::Client } else { Sender::Server };
            if is_start_of_frames(octets, sender, Negotiated { deflate: true, other: false }) {
                self.start_behind_gap(direction, at, sender, negotiated);
            }
            return;
        }
        let is_head = match sniff(octets) {
            Some(Kind::Requests) => client != Some(direction.reverse()) && starts_request(octets),
            Some(Kind::Responses) => client != Some(direction),
            Some(Kind::NotHttp) | None => false,
        };
        if is_head {
            self.lanes[direction.index()].side = Side::Http(HttpReader::new(at));
        } else if let Some(late) = self.exchange.late.as_ref().filter(|_| client == Some(direction)) {
            let negotiated = late.negotiated;
            if is_start_of_frames(octets, Sender::Client, negotiated) {
                self.settle_request(direction, context);
                self.start_behind_gap(direction, at, Sender::Client, negotiated);
            }
        } else if client == Some(direction.reverse()) {
            let attempt = self.exchange.assumed.as_deref().or_else(|| self.exchange.awaited());
            let Some(offered) = attempt.map(|attempt| attempt.offered) else { return };
            if is_start_of_frames(octets, Sender::Server, offered) {
                while self.request_waits(direction.reverse(), context)
                    && let Some(attempt) = self.exchange.take_awaited()
                {
                    self.answer_not_captured(&attempt, context);
                }
                self.assume_open(true, context);
                self.start_behind_gap(direction, at, Sender::Server, Negotiated { other: true, ..offered });
            }
        }
    }

    fn start_behind_gap(&mut self, direction: Direction, at: u64, sender: Sender, negotiated: Negotiated) {
        self.lanes[direction.index()].side = Side::Frames(FrameSide::behind_gap(at, sender, negotiated));
        self.conversation.gap(sender);
    }

    /// Where the answer to an attempt may be lost, and the client goes on with what can only be frames, it got one.
    pub(in crate::dissect) fn meet_silence(&mut self, context: &mut Context<'_>) {
        let Some(client) = self.exchange.client else { return };
        if !matches!(self.lanes[client.reverse().index()].side, Side::Search) {
            return;
        }
        // What stands first is looked at once.
        let first = self.lanes[client.index()].waiting.front().map(|chunk| match chunk {
            Chunk::Data { at, .. } | Chunk::Gap { at, .. } => *at,
        });
        if first.is_some()
            && std::mem::replace(&mut self.exchange.looked_at, first) != first
            && self.client_goes_on(client, context)
        {
            self.assume_open(true, context);
        }
    }

    /// Whether frames wait behind the client's request.
    fn client_goes_on(&self, client: Direction, context: &Context<'_>) -> bool {
        let Some(offered) = self.exchange.awaited().map(|attempt| attempt.offered) else { return false };
        let octets = self.first_waiting(client, MAX_LOOK, context);
        !octets.is_empty() && looks_like_frames(&octets, Sender::Client, offered)
    }

    /// Whether another request waits behind the client's Upgrade request.
    pub(in crate::dissect) fn request_waits(&self, client: Direction, context: &Context<'_>) -> bool {
        sniff(&self.first_waiting(client, 64, context)) == Some(Kind::Requests)
    }

    /// The octets that wait first in a direction, at most `most` and up to a gap.
    fn first_waiting(&self, direction: Direction, most: u32, context: &Context<'_>) -> Vec<u8> {
        let (mut octets, mut part) = (Vec::new(), Vec::new());
        for chunk in &self.lanes[direction.index()].waiting {
            let left = most.saturating_sub(octets.len() as u32);
            let Chunk::Data { piece, .. } = chunk else { break };
            if left == 0 || context.source.read_span(piece.span.take(left), &mut part).is_err() {
                break;
            }
            octets.extend_from_slice(&part);
        }
        octets
    }

    /// An attempt whose answer the capture lacks, and which failed: the client went on with another request.
    pub(in crate::dissect) fn answer_not_captured(&mut self, attempt: &Attempt, context: &mut Context<'_>) {
        answer_lost(attempt.connection, context);
        if let Some(client) = self.exchange.client {
            self.set_body(client, attempt.body);
            self.resume(client, context);
        }
    }

    /// No 101 was seen: what the client sends from here on is taken for frames. `lost` says that the capture lacks
    /// octets where the answer should be.
    fn assume_open(&mut self, lost: bool, context: &mut Context<'_>) {
        let Some(client) = self.exchange.client else { return };
        let Some(attempt) = self.exchange.take_awaited() else { return };
        if let Some(row) = context.writer.connection(attempt.connection) {
            row.opened = true;
        }
        if lost {
            answer_lost(attempt.connection, context);
        }
        // Which extensions were accepted is not known, so no reserved bit can be judged.
        self.start_side(client, Sender::Client, Negotiated { other: true, ..attempt.offered });
        self.exchange.assumed = Some(Box::new(attempt));
        self.resume(client, context);
    }

    /// The answer that chunks wait for will not come.
    pub(in crate::dissect) fn give_up_waiting(&mut self, context: &mut Context<'_>) {
        let Some(client) = self.exchange.client else { return };
        self.settle_request(client, context);
        let lost = matches!(self.lanes[client.reverse().index()].side, Side::Search);
        if self.client_goes_on(client, context) {
            return self.assume_open(lost, context);
        }
        if let Some(connection) = self.exchange.awaited().filter(|_| lost).map(|attempt| attempt.connection) {
            answer_lost(connection, context);
        }
        if !self.lanes[client.index()].waiting.is_empty() {
            self.lanes[client.index()].side = Side::Done;
            self.drain(client, context);
        }
    }
}

/// Says that the capture lacks the answer.
fn answer_lost(connection: ConnectionId, context: &mut Context<'_>) {
    if let Some(row) = context.writer.connection(connection) {
        row.response_lost = true;
    }
    let text = "The capture lacks octets where the answer to the request should be.".to_owned();
    let breach = Breach { rule: Rule::HandshakeResponseNotCaptured, place: Place::Connection, text };
    report(context, connection, Sender::Server, breach);
}
