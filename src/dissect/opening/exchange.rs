//! Requests and answers on a carrier until one of them opens a WebSocket (RFC 6455 §4), as a passive observer sees them.

use std::borrow::Cow;
use std::collections::VecDeque;

use super::cut_head::{CutRequest, UNKNOWN, report_cut};
use super::{Begin, Chunk, Decision, Opening, Reading, Scene, State, read_request};
use crate::base::{Breach, ConnectionId, Fact, Finding, PacketRef, Place, Quote, RefusalHint, Sender};
use crate::dissect::index::connection::{Connection, HeadPlace, Transport};
use crate::dissect::index::finding::Gap;
use crate::dissect::index::record::NONE;
use crate::http::{Body, Head, HttpReader, Method, Outline, StartLine, extensions, is_deflate, judge_answer};
use crate::net::Direction;
use crate::ws::Negotiated;

/// Requests that may wait for their answers at once. Real clients pipeline a few.
const MAX_OUTSTANDING: usize = 1024;

/// Octets of a URL, a subprotocol and a list of extensions that a connection keeps. RFC 9110 §4.1 asks for 8,000. The whole
/// heads are in the capture.
pub const MAX_KEPT_TEXT: usize = 8_000;

/// The requests of a carrier that wait for their answers.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    /// The direction that the client sends in.
    pub client: Option<Direction>,
    pub outstanding: VecDeque<Outstanding>,
}

/// An opened connection whose request was not seen before the 101.
#[derive(Debug)]
pub(super) struct Late {
    pub connection: ConnectionId,
    pub negotiated: Negotiated,
    /// The last Upgrade request since. The first frame decides that it is the one.
    pub request: Option<HeadPlace>,
    /// The octets that were cut off of that one.
    pub cut: Option<Gap>,
}

/// A head of requests or responses as it came.
#[derive(Debug)]
pub(super) struct Received<'a> {
    pub place: HeadPlace,
    /// Its octets, the empty line included. Of one that was cut, a head of the part that is there.
    pub octets: Cow<'a, [u8]>,
    /// The packet with its last octet.
    pub packet: PacketRef,
    /// The octets that were cut off, if its packet was stored shorter than it was.
    pub cut: Option<Gap>,
}

impl Received<'_> {
    /// Returns the same with octets of its own.
    pub fn to_owned(&self) -> Received<'static> {
        Received { octets: Cow::Owned(self.octets.to_vec()), ..*self }
    }
}

/// A request whose final answer was not seen.
#[derive(Debug)]
pub(super) struct Outstanding {
    method: Method,
    attempt: Option<Attempt>,
    /// It was cut, and what is there says nothing of a WebSocket.
    pub cut: Option<Box<CutRequest>>,
}

/// A request that wants to open a WebSocket. Its head is read again when the answer comes: many never get one.
#[derive(Debug)]
pub(super) struct Attempt {
    pub connection: ConnectionId,
    pub place: HeadPlace,
    /// The request's own body, which stands behind its head if it fails.
    pub body: Body,
    /// All that can be in force while the answer is not known.
    pub offered: Negotiated,
    /// The capture has only the start of the request.
    pub is_cut: bool,
}

impl Exchange {
    /// The attempt that waits for its answer, if the requests before it, if any, are no attempts.
    pub fn awaited(&self) -> Option<&Attempt> {
        self.outstanding.iter().find_map(|request| request.attempt.as_ref())
    }

    /// Takes the attempt that waits for its answer; the answers to the requests before it are not expected any more.
    pub fn take_awaited(&mut self) -> Option<Attempt> {
        while let Some(request) = self.outstanding.pop_front() {
            if request.attempt.is_some() {
                return request.attempt;
            }
        }
        None
    }
}

impl Opening {
    /// A request came (RFC 6455 §4.1).
    pub(super) fn request(&mut self, received: &Received<'_>, scene: &mut Scene<'_>) {
        let (place, cut) = (received.place, received.cut);
        let Some((outline, head)) = read_request(&received.octets) else { return self.not_http(place.direction) };
        if self.exchange.outstanding.len() == MAX_OUTSTANDING {
            if cut.is_none() {
                return self.not_http(place.direction);
            }
            // Answers that were cut may have gone unseen.
            self.exchange.outstanding.pop_front();
        }
        let (method, body) = (outline.method(), Body::of_request(&outline));
        let attempt = head.map(|head| self.attempt(place, &head, cut, body, scene));
        // Behind an Upgrade request or a CONNECT, what the octets are depends on the answer: the reader waits for it.
        let waits = attempt.is_some() || method == Method::Connect;
        if self.exchange.outstanding.capacity() == 0 {
            // Mostly there is never more than one.
            self.exchange.outstanding.reserve_exact(1);
        }
        // Only the last one can be what a 101 answers.
        if let Some(before) = self.exchange.outstanding.back_mut() {
            before.cut = None;
        }
        let cut = if attempt.is_none() { CutRequest::new(received) } else { None };
        self.exchange.outstanding.push_back(Outstanding { method, attempt, cut });
        if !waits {
            self.set_body(place.direction, body);
        }
    }

    /// A response came (RFC 6455 §4.2.2).
    pub(super) fn response(&mut self, received: &Received<'_>, scene: &mut Scene<'_>) {
        let (server, octets) = (received.place.direction, &*received.octets);
        let Ok(outline) = Outline::response(octets) else { return self.not_http(server) };
        let status = outline.status().unwrap_or_default();
        if (100..200).contains(&status) && status != 101 {
            // An interim answer (RFC 9110 §15.2): the final one follows.
            return self.set_body(server, Body::Length(0));
        }
        let is_awaited = self.exchange.outstanding.front().is_some_and(|request| request.attempt.is_some());
        if !is_awaited && !may_open(&outline, received) {
            let request = self.exchange.outstanding.pop_front();
            return self.answered_otherwise(server, &outline, request.map(|request| request.method), scene);
        }
        match Head::response(octets) {
            Ok(head) => self.answer(received, &outline, &head, scene),
            Err(_) => self.not_http(server),
        }
    }

    /// An answer to a request that wants to open a WebSocket, or one that opens one.
    fn answer(&mut self, received: &Received<'_>, outline: &Outline, head: &Head, scene: &mut Scene<'_>) {
        let (place, may_open) = (received.place, may_open(outline, received));
        let cut_request = if may_open { self.last_cut_request() } else { None };
        loop {
            if may_open {
                // It answers the attempt, even if answers before it are not in the capture.
                let attempt = self.take_unseen().or_else(|| self.exchange.take_awaited());
                self.exchange.outstanding.push_front(Outstanding { method: Method::Other, attempt, cut: None });
            }
            let request = self.exchange.outstanding.pop_front();
            let method = request.as_ref().map(|request| request.method);
            match request.and_then(|request| request.attempt) {
                Some(attempt) if outline.opens() && self.request_waits(place.direction.reverse(), scene) => {
                    // Who sends another request was refused before: this answers a later one. A loop, because a hostile
                    // client can send more of them than a stack has room for.
                    self.answer_not_captured(&attempt, scene);
                    continue;
                }
                Some(attempt) if outline.opens() => self.answered(&attempt, received, head, scene),
                Some(attempt) => {
                    refused(&attempt, received, head, scene);
                    self.set_body(place.direction, Body::of_response(outline, method));
                    self.set_body(place.direction.reverse(), attempt.body);
                    scene.decisions.push(Decision::Resume(place.direction.reverse()));
                }
                None if let Some(request) = cut_request => {
                    if let Some(attempt) = self.attempt_of_cut(request, received, outline, scene) {
                        self.answered(&attempt, received, head, scene);
                    }
                }
                None if outline.is_upgrade_response() => self.answered_without_request(received, head, scene),
                None => self.answered_otherwise(place.direction, outline, method, scene),
            }
            return;
        }
    }

    /// The attempt that was taken for successful without its answer, if there is one: that comes now.
    fn take_unseen(&mut self) -> Option<Attempt> {
        match std::mem::replace(&mut self.state, State::Exchange) {
            State::AnswerUnseen(attempt) => Some(*attempt),
            state => {
                self.state = state;
                None
            }
        }
    }

    /// An answer that has nothing to do with a WebSocket.
    fn answered_otherwise(
        &mut self,
        server: Direction,
        outline: &Outline,
        method: Option<Method>,
        scene: &mut Scene<'_>,
    ) {
        if method == Some(Method::Connect) && matches!(outline.status(), Some(200..300)) {
            return self.tunnel(server, scene);
        }
        self.set_body(server, Body::of_response(outline, method));
        if method == Some(Method::Connect) {
            self.set_body(server.reverse(), Body::Length(0));
            scene.decisions.push(Decision::Resume(server.reverse()));
        }
    }

    /// The answer opens the WebSocket: frames follow both heads.
    pub(super) fn answered(&mut self, attempt: &Attempt, received: &Received<'_>, head: &Head, scene: &mut Scene<'_>) {
        let (connection, server) = (attempt.connection, received.place.direction);
        if received.cut.is_none() {
            let request = if attempt.is_cut { None } else { read_again(&attempt.place, scene) };
            judge_answer(request.as_ref(), head, |breach| report(scene, connection, Sender::Server, breach));
        }
        self.judge_early_data(connection, received.place, received.packet, scene);
        note_answer(connection, received, head, true, scene);
        let negotiated = match received.cut {
            None => negotiated(head),
            Some(_) => Negotiated { other: true, ..attempt.offered },
        };
        self.frames_behind_head(server, Sender::Server, negotiated, scene);
        if received.cut.is_some() {
            self.frames_behind_cut(server, Sender::Server, negotiated);
        }
        self.frames_behind_head(server.reverse(), Sender::Client, negotiated, scene);
        if attempt.is_cut {
            self.frames_behind_cut(server.reverse(), Sender::Client, negotiated);
        }
        self.exchange.outstanding.shrink_to_fit();
        self.state = State::Open(negotiated);
        scene.decisions.push(Decision::Resume(server.reverse()));
    }

    /// A 101 whose request the capture lacks.
    fn answered_without_request(&mut self, received: &Received<'_>, head: &Head, scene: &mut Scene<'_>) {
        let server = received.place.direction;
        let connection = open_connection(received.place, false, scene);
        if received.cut.is_none() {
            judge_answer(None, head, |breach| report(scene, connection, Sender::Server, breach));
        }
        note_answer(connection, received, head, true, scene);
        let negotiated = if received.cut.is_none() { negotiated(head) } else { UNKNOWN };
        self.frames_behind_head(server, Sender::Server, negotiated, scene);
        if received.cut.is_some() {
            self.frames_behind_cut(server, Sender::Server, negotiated);
        }
        self.state = State::RequestUnseen(Box::new(Late { connection, negotiated, request: None, cut: None }));
    }

    /// Behind a successful CONNECT (RFC 9110 §9.3.6) both directions start anew.
    fn tunnel(&mut self, server: Direction, scene: &mut Scene<'_>) {
        (self.exchange, self.state, self.looked_at) = (Exchange::default(), State::Exchange, None);
        for reading in &mut self.readings {
            if let Reading::Heads(reader) = reading {
                *reader = HttpReader::new(reader.at());
            }
        }
        scene.decisions.push(Decision::Resume(server.reverse()));
    }

    /// Octets that the client sent behind its request and before it heard of the answer (RFC 6455 §4.1: it has to wait).
    fn judge_early_data(
        &mut self,
        connection: ConnectionId,
        answer: HeadPlace,
        packet: PacketRef,
        scene: &mut Scene<'_>,
    ) {
        // What was acknowledged tells for certain; else the order of the capture has to do.
        let is_early = |heard: Option<u64>, id| heard.map_or(id < packet.id, |heard| heard <= answer.at);
        let early = self.waiting(answer.direction.reverse()).iter().filter_map(|chunk| match chunk {
            Chunk::Data { at, len, packet, heard } if is_early(*heard, packet.id) => Some((*at, u64::from(*len))),
            _ => None,
        });
        let (mut first, mut sum) = (None, 0);
        for (at, len) in early {
            first.get_or_insert(at);
            sum += len;
        }
        let Some(at) = first else { return };
        let (place, fact) =
            (Place::StreamOctets { at, len: sum }, Fact::DataBefore101 { octets: sum, packet: packet.id });
        report(scene, connection, Sender::Client, Breach { place, fact });
    }

    /// Takes what stands behind a direction's last head for frames, if heads were read there.
    pub(super) fn frames_behind_head(
        &mut self,
        direction: Direction,
        sender: Sender,
        negotiated: Negotiated,
        scene: &mut Scene<'_>,
    ) {
        if let Reading::Heads(reader) = &self.readings[direction.index()] {
            let at = reader.at();
            self.start_frames(direction, at, sender, negotiated, Begin::Frame, scene);
        }
    }

    /// Says what stands behind a direction's last head.
    pub(super) fn set_body(&mut self, direction: Direction, body: Body) {
        if let Reading::Heads(reader) = &mut self.readings[direction.index()] {
            reader.body(body);
        }
    }
}

/// Returns whether a response may open a WebSocket although nobody saw it being asked for.
fn may_open(outline: &Outline, received: &Received<'_>) -> bool {
    outline.is_upgrade_response() || received.cut.is_some() && outline.opens()
}

fn note_answer(id: ConnectionId, received: &Received<'_>, head: &Head, opened: bool, scene: &mut Scene<'_>) {
    if let Some(gap) = received.cut {
        report_cut(id, Sender::Server, gap, scene);
    }
    let Some(connection) = scene.writer.connection(id) else { return };
    connection.response = Some(received.place);
    connection.status = head.status();
    connection.opened = opened;
    if opened {
        connection.subprotocol = head.value("sec-websocket-protocol").map(|value| kept(value.into_owned()));
        connection.extensions = head.value("sec-websocket-extensions").map(|value| kept(value.into_owned()));
    } else {
        scene.writer.end_connection(id, received.place.time);
    }
}

fn refused(attempt: &Attempt, received: &Received<'_>, head: &Head, scene: &mut Scene<'_>) {
    note_answer(attempt.connection, received, head, false, scene);
    let breach = Breach { place: Place::Connection, fact: refusal(head) };
    report(scene, attempt.connection, Sender::Server, breach);
}

/// A request's head, read again; `None` where the file cannot be read any more.
pub(super) fn read_again(place: &HeadPlace, scene: &Scene<'_>) -> Option<Head> {
    let mut octets = Vec::new();
    scene.brought.read(place.direction, place.at, place.len, &mut octets);
    Head::request(&octets).ok()
}

/// Adds a connection for an attempt, whose request (or, where that is missing, whose answer) stands at `place`.
pub(super) fn open_connection(place: HeadPlace, is_request: bool, scene: &mut Scene<'_>) -> ConnectionId {
    if let Some(before) = *scene.connection {
        scene.writer.publish(before, (scene.tally)());
    }
    let client = if is_request { place.direction } else { place.direction.reverse() };
    let id = scene.writer.next_connection();
    let carrier = scene.brought.facts();
    let connection = Connection {
        id,
        flow: carrier.flow,
        client: carrier.ends.sender(client),
        server: carrier.ends.sender(client.reverse()),
        client_direction: client,
        transport: Transport::Tcp,
        request: is_request.then_some(place),
        response: None,
        response_lost: false,
        heads_cut: false,
        url: None,
        status: None,
        subprotocol: None,
        extensions: None,
        opened: false,
        recognition: None,
        frames: [0; 2],
        messages: [0; 2],
        payload: [0; 2],
        missing: [0; 2],
        start: place.time,
        end: place.time,
        closes: [None, None],
        tcp_end: None,
        is_over: false,
        last_frame: None,
        rules: Vec::new(),
        deflated: None,
        last_finding: NONE,
        last_ping: NONE,
    };
    scene.writer.add_connection(connection, *scene.connection);
    *scene.connection = Some(id);
    id
}

/// The text as it is kept for as long as the connection: cut with a mark where it is long.
pub(super) fn kept(mut text: String) -> Box<str> {
    if text.len() > MAX_KEPT_TEXT {
        text.truncate(text.floor_char_boundary(MAX_KEPT_TEXT));
        text.push('…');
    }
    text.into_boxed_str()
}

/// Returns what a head offers or accepts, as far as frame headers are concerned.
pub(super) fn negotiated(head: &Head) -> Negotiated {
    let named = extensions(head);
    Negotiated { deflate: named.iter().any(is_deflate), other: named.iter().any(|extension| !is_deflate(extension)) }
}

fn status_line(head: &Head) -> String {
    match &head.start {
        StartLine::Response { status, reason, .. } => format!("{status} {reason}").trim_end().to_owned(),
        StartLine::Request { .. } => String::new(),
    }
}

/// A refusal with the server's reason, where the field that is made for it tells one.
fn refusal(head: &Head) -> Fact {
    let field = match head.status() {
        Some(426 | 400) => Some(("sec-websocket-version", RefusalHint::Version)),
        Some(401 | 407) => Some(("www-authenticate", RefusalHint::Credentials)),
        Some(300..=399) => Some(("location", RefusalHint::Location)),
        _ => None,
    };
    let told = field.and_then(|(field, hint)| Some((hint, head.value(field)?)));
    let (hint, value) = told.unwrap_or((RefusalHint::Silent, "".into()));
    Fact::Refused { status: Quote::new(&status_line(head)), hint, value: Quote::new(&value) }
}

pub(super) fn report(scene: &mut Scene<'_>, connection: ConnectionId, sender: Sender, breach: Breach) {
    scene.writer.report(Finding {
        rule: breach.rule(),
        connection: Some(connection),
        frame: None,
        message: None,
        sender,
        place: breach.place,
        fact: breach.fact,
    });
}
