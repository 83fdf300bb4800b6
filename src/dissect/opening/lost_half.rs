//! Halves of a handshake that the capture lacks, or has in another order, and finding the place again behind them.
//!
//! Nothing is invented: behind a gap, octets are taken for a head only where a piece starts with one, and for frames
//! only where they cannot well be anything else.

use super::cut_head::report_cut;
use super::exchange::{Attempt, Late, Received, kept, read_again, report};
use super::{Begin, Chunk, Decision, Opening, Reading, Scene, State, read_request};
use crate::base::{Breach, ConnectionId, Fact, Place, Sender};
use crate::dissect::index::finding::Gap;
use crate::http::{self, Body, HttpKind, HttpReader, judge_offer, judge_request_line, sniff, starts_request};
use crate::net::Direction;
use crate::ws::{Negotiated, is_start_of_frames, looks_like_frames};

/// Octets that are looked at to tell frames from other things.
const MAX_LOOK: u32 = 1 << 16;

impl Opening {
    /// The first octets of what is taken for the client's frames are a request: the 101 was captured before the one it
    /// answers, and an earlier one was taken for that.
    pub(super) fn second_look(
        &mut self,
        direction: Direction,
        at: u64,
        octets: &[u8],
        negotiated: Negotiated,
        scene: &mut Scene<'_>,
    ) {
        if let Some(connection) = scene.connection.filter(|_| starts_request(octets)) {
            self.state = State::RequestUnseen(Box::new(Late { connection, negotiated, request: None, cut: None }));
            self.readings[direction.index()] = Reading::Heads(HttpReader::new(at));
            scene.decisions.push(Decision::NoFrames(direction));
        }
    }

    /// The client's next octets behind a 101 whose request was not seen: a request after all, frames, or neither.
    pub(super) fn behind_answer(&mut self, direction: Direction, at: u64, octets: &[u8], scene: &mut Scene<'_>) {
        let State::RequestUnseen(late) = &self.state else { return };
        let negotiated = late.negotiated;
        if let Reading::Heads(reader) = &self.readings[direction.index()] {
            if !reader.is_between() || sniff(octets) != Some(HttpKind::NotHttp) {
                return;
            }
            if looks_like_frames(octets, Sender::Client, negotiated) {
                return self.settle_request(direction, scene);
            }
            self.readings[direction.index()] = Reading::Search;
        }
        if self.finds_head(direction, at, octets) {
            return;
        }
        if self.exchange.client == Some(direction) && is_start_of_frames(octets, Sender::Client, negotiated) {
            self.settle_request(direction, scene);
            self.start_frames(direction, at, Sender::Client, negotiated, Begin::BehindGap, scene);
        }
    }

    /// A request that the 101 may have answered, which the capture has behind it.
    pub(super) fn late_request(&mut self, received: &Received<'_>, scene: &mut Scene<'_>) {
        let place = received.place;
        let read = read_request(&received.octets);
        let (State::RequestUnseen(late), Some((outline, Some(head)))) = (&mut self.state, read) else {
            return self.request(received, scene);
        };
        if let Some(connection) = scene.writer.connection(late.connection) {
            connection.request = Some(place);
            connection.url = http::url(&head, "ws").map(kept);
            connection.start = connection.start.min(place.time);
        }
        // Another request may follow, and then that one is it.
        (late.request, late.cut) = (Some(place), received.cut);
        self.set_body(place.direction, Body::of_request(&outline));
    }

    /// Takes all that the client sends from here on for frames: the request it sent last is the one that was answered;
    /// without one, the capture lacks it.
    fn settle_request(&mut self, client: Direction, scene: &mut Scene<'_>) {
        let State::RequestUnseen(late) = &self.state else { return };
        let Late { connection, negotiated, request, cut } = **late;
        match &request {
            Some(place) => {
                if let Some(gap) = cut {
                    report_cut(connection, Sender::Client, gap, scene);
                }
                if let Some(head) = read_again(place, scene) {
                    // Fields that were cut off would be taken for absent.
                    let judge = if cut.is_some() { judge_request_line } else { judge_offer };
                    judge(&head, |breach| report(scene, connection, Sender::Client, breach));
                }
            }
            None => {
                let breach = Breach { place: Place::Connection, fact: Fact::RequestNotCaptured };
                report(scene, connection, Sender::Client, breach);
            }
        }
        self.state = State::Open(negotiated);
        self.frames_behind_head(client, Sender::Client, negotiated, scene);
    }

    /// A gap hides where this direction's next head is.
    pub(super) fn head_missing(&mut self, direction: Direction, gap: Gap, scene: &mut Scene<'_>) {
        self.readings[direction.index()] = Reading::Search;
        let is_client = self.exchange.client == Some(direction);
        let hides_request = matches!(self.state, State::RequestUnseen(_)) && is_client;
        if !hides_request && (is_client || self.exchange.awaited().is_none()) {
            return;
        }
        let Some(sender) = scene.row().map(|row| row.sender(direction)) else { return };
        let Some(connection) = *scene.connection else { return };
        scene.writer.count_missing(connection, sender, gap.len);
        scene.writer.report_gap(connection, sender, None, gap);
    }

    /// Looks whether a piece starts with a head; whether heads are read again.
    fn finds_head(&mut self, direction: Direction, at: u64, octets: &[u8]) -> bool {
        let client = self.exchange.client;
        let is_head = match sniff(octets) {
            Some(HttpKind::Requests) => client != Some(direction.reverse()) && starts_request(octets),
            Some(HttpKind::Responses) => client != Some(direction),
            Some(HttpKind::NotHttp) | None => false,
        };
        if is_head {
            self.readings[direction.index()] = Reading::Heads(HttpReader::new(at));
        }
        is_head
    }

    /// Looks whether a piece starts with a head, or with the frames of a server whose answer is lost.
    pub(super) fn search(&mut self, direction: Direction, at: u64, octets: &[u8], scene: &mut Scene<'_>) {
        let is_server = self.exchange.client == Some(direction.reverse());
        if self.finds_head(direction, at, octets) || !is_server {
            return;
        }
        let attempt = match &self.state {
            State::AnswerUnseen(attempt) => Some(&**attempt),
            _ => self.exchange.awaited(),
        };
        let Some(offered) = attempt.map(|attempt| attempt.offered) else { return };
        if is_start_of_frames(octets, Sender::Server, offered.for_recognising()) {
            while self.request_waits(direction.reverse(), scene)
                && let Some(attempt) = self.exchange.take_awaited()
            {
                self.answer_not_captured(&attempt, scene);
            }
            self.assume_open(true, scene);
            let negotiated = Negotiated { other: true, ..offered };
            self.start_frames(direction, at, Sender::Server, negotiated, Begin::BehindGap, scene);
        }
    }

    /// Looks whether a piece starts with frames, where the other direction's are read.
    pub(super) fn join_other(
        &mut self,
        direction: Direction,
        at: u64,
        octets: &[u8],
        negotiated: Negotiated,
        scene: &mut Scene<'_>,
    ) {
        let sender = if self.exchange.client == Some(direction) { Sender::Client } else { Sender::Server };
        if is_start_of_frames(octets, sender, negotiated.for_recognising()) {
            self.start_frames(direction, at, sender, negotiated, Begin::BehindGap, scene);
        }
    }

    /// Takes an attempt for successful whose answer may be lost, where the client goes on with what can only be frames.
    pub(super) fn meet_silence(&mut self, scene: &mut Scene<'_>) {
        let Some(client) = self.exchange.client else { return };
        if !matches!(self.readings[client.reverse().index()], Reading::Search) {
            return;
        }
        // The chunk that waits first is looked at once.
        let first = self.waiting(client).front().map(Chunk::at);
        if first.is_some()
            && std::mem::replace(&mut self.looked_at, first) != first
            && self.client_goes_on(client, scene)
        {
            self.assume_open(true, scene);
        }
    }

    /// Returns whether frames wait behind the client's request.
    fn client_goes_on(&self, client: Direction, scene: &Scene<'_>) -> bool {
        let Some(offered) = self.exchange.awaited().map(|attempt| attempt.offered) else { return false };
        let octets = self.first_waiting(client, MAX_LOOK, scene);
        !octets.is_empty() && looks_like_frames(&octets, Sender::Client, offered)
    }

    /// Returns whether another request waits behind the client's Upgrade request.
    pub(super) fn request_waits(&self, client: Direction, scene: &Scene<'_>) -> bool {
        sniff(&self.first_waiting(client, MAX_LOOK, scene)) == Some(HttpKind::Requests)
    }

    /// The octets that wait first in a direction, at most `most` and up to a gap.
    fn first_waiting(&self, direction: Direction, most: u32, scene: &Scene<'_>) -> Vec<u8> {
        let mut octets = Vec::new();
        if let Some(Chunk::Data { at, .. }) = self.waiting(direction).front() {
            scene.brought.read(direction, *at, most, &mut octets);
        }
        octets
    }

    /// An attempt whose answer the capture lacks, and which failed: the client went on with another request.
    pub(super) fn answer_not_captured(&mut self, attempt: &Attempt, scene: &mut Scene<'_>) {
        answer_lost(attempt.connection, scene);
        if let Some(client) = self.exchange.client {
            self.set_body(client, attempt.body);
            self.read_heads_waiting(client, scene);
        }
    }

    /// No 101 was seen: what the client sends from here on is taken for frames. `lost` says that the capture lacks
    /// octets where the answer should be.
    fn assume_open(&mut self, lost: bool, scene: &mut Scene<'_>) {
        let Some(client) = self.exchange.client else { return };
        let Some(attempt) = self.exchange.take_awaited() else { return };
        if let Some(row) = scene.writer.connection(attempt.connection) {
            row.opened = true;
        }
        if lost {
            answer_lost(attempt.connection, scene);
        }
        // Which extensions were accepted is not known, so no reserved bit can be judged.
        self.frames_behind_head(client, Sender::Client, Negotiated { other: true, ..attempt.offered }, scene);
        self.state = State::AnswerUnseen(Box::new(attempt));
        scene.decisions.push(Decision::Resume(client));
    }

    /// The answer that chunks wait for will not come.
    pub(super) fn give_up_answer(&mut self, scene: &mut Scene<'_>) {
        let Some(client) = self.exchange.client else { return };
        self.settle_request(client, scene);
        let lost = matches!(self.readings[client.reverse().index()], Reading::Search);
        if self.client_goes_on(client, scene) {
            return self.assume_open(lost, scene);
        }
        if let Some(connection) = self.exchange.awaited().filter(|_| lost).map(|attempt| attempt.connection) {
            answer_lost(connection, scene);
        }
        if !self.waiting(client).is_empty() {
            self.readings[client.index()] = Reading::Nothing;
            scene.decisions.push(Decision::Resume(client));
        }
    }

    /// Reads the heads that wait in a direction, until one waits for its answer.
    fn read_heads_waiting(&mut self, direction: Direction, scene: &mut Scene<'_>) {
        let mut octets = Vec::new();
        while matches!(&self.readings[direction.index()], Reading::Heads(reader) if !reader.is_waiting())
            && let Some(chunk) = self.waiting_mut(direction).pop_front()
        {
            match chunk {
                Chunk::Gap(gap) => self.gap(direction, gap, scene),
                Chunk::Data { at, len, packet, heard } => {
                    scene.brought.read(direction, at, len.min(super::WINDOW), &mut octets);
                    let taken = self.feed(direction, at, &octets, packet, scene) as u32;
                    if taken < len && !octets.is_empty() && self.wants_rest(direction) {
                        let rest = Chunk::Data { at: at + u64::from(taken), len: len - taken, packet, heard };
                        self.waiting_mut(direction).push_front(rest);
                    }
                }
            }
        }
    }
}

/// Says that the capture lacks the answer.
fn answer_lost(connection: ConnectionId, scene: &mut Scene<'_>) {
    if let Some(row) = scene.writer.connection(connection) {
        row.response_lost = true;
    }
    let breach = Breach { place: Place::Connection, fact: Fact::ResponseNotCaptured };
    report(scene, connection, Sender::Server, breach);
}
