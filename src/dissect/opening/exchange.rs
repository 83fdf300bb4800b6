//! Following HTTP/1 until a WebSocket opens (RFC 6455 §4), as a passive observer.

use std::collections::VecDeque;

use crate::base::{Breach, ConnectionId, Finding, PacketRef, Place, Rule, Sender};
use crate::dissect::flow::lane::{Chunk, Side};
use crate::dissect::flow::{Context, FlowState};
use crate::dissect::index::connection::{Connection, HeadPlace, Transport};
use crate::dissect::index::record::NONE;
use crate::dissect::websocket::conversation::Conversation;
use crate::dissect::websocket::sender::FrameSide;
use crate::http::{
    self, Body, Head, HttpReader, Kind, Method, Outline, StartLine, extensions, is_deflate, judge_answer, judge_offer,
    quoted, sniff,
};
use crate::net::Direction;
use crate::ws::Negotiated;

/// Requests that may wait for their answers at once. Real clients pipeline a few.
const MAX_OUTSTANDING: usize = 1024;

/// Octets of a URL, a subprotocol and a list of extensions that a connection keeps. RFC 9110 §4.1 asks for 8,000. The whole
/// heads are in the capture.
pub const MAX_KEPT_TEXT: usize = 8_000;

/// The requests and answers of one TCP connection. What few of them have is in boxes.
#[derive(Debug, Default)]
pub(in crate::dissect) struct Exchange {
    pub(in crate::dissect) client: Option<Direction>,
    outstanding: VecDeque<Outstanding>,
    /// A 101 came, and of the client nothing yet: its request may stand later in the capture than the answer.
    pub(in crate::dissect) late: Option<Box<Late>>,
    /// An attempt that is taken for successful although the capture lacks the answer.
    pub(in crate::dissect) assumed: Option<Box<Attempt>>,
    /// Stream offset of the waiting octets that were last looked at for frames.
    pub(in crate::dissect) looked_at: Option<u64>,
    /// The connection was recognised without its handshake, and this is taken for agreed.
    pub(in crate::dissect) joined: Option<Negotiated>,
}

/// An opened connection whose request was not seen before the 101.
#[derive(Debug)]
pub(in crate::dissect) struct Late {
    pub connection: ConnectionId,
    pub negotiated: Negotiated,
    /// The last Upgrade request since. The first frame decides that it is the one.
    pub request: Option<HeadPlace>,
}

/// A request whose final answer was not seen.
#[derive(Debug)]
struct Outstanding {
    method: Method,
    attempt: Option<Attempt>,
}

/// A request that wants to open a WebSocket. Its head is read again when the answer comes: many never get one.
#[derive(Debug)]
pub(in crate::dissect) struct Attempt {
    pub connection: ConnectionId,
    place: HeadPlace,
    /// What stands behind its head if it fails.
    pub body: Body,
    /// All that can be in force while the answer is not known.
    pub offered: Negotiated,
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

    /// Whether the client, who sends in `direction`, was not heard of before the 101.
    pub fn awaits_late_request(&self, direction: Direction) -> bool {
        self.late.is_some() && self.client == Some(direction)
    }
}

impl FlowState {
    /// A whole head came.
    pub(in crate::dissect) fn head(
        &mut self,
        direction: Direction,
        at: u64,
        octets: &[u8],
        packet: PacketRef,
        context: &mut Context<'_>,
    ) {
        let len = u32::try_from(octets.len()).unwrap_or(u32::MAX);
        let place = HeadPlace { direction, at, len, time: packet.time };
        let client = self.exchange.client;
        match sniff(octets) {
            Some(Kind::Requests) if client.is_none_or(|client| client == direction) => {
                self.exchange.client = Some(direction);
                match Outline::request(octets) {
                    Ok(outline) => self.request(place, &outline, octets, context),
                    Err(_) => self.http_lost(direction),
                }
            }
            Some(Kind::Responses) if client.is_none_or(|client| client != direction) => {
                self.exchange.client = Some(direction.reverse());
                match Outline::response(octets) {
                    Ok(outline) => self.response(place, &outline, octets, packet, context),
                    Err(_) => self.http_lost(direction),
                }
            }
            _ => self.http_lost(direction),
        }
    }

    fn request(&mut self, place: HeadPlace, outline: &Outline, octets: &[u8], context: &mut Context<'_>) {
        // The fields are wanted only where a WebSocket may open.
        let head = outline.is_upgrade_request().then(|| Head::request(octets).ok()).flatten();
        if let Some(head) = head.as_ref().filter(|_| self.exchange.late.is_some()) {
            return self.late_request(place, head, context);
        }
        if self.exchange.outstanding.len() == MAX_OUTSTANDING {
            return self.http_lost(place.direction);
        }
        let (method, body) = (outline.method(), Body::of_request(outline));
        let attempt = head.map(|head| {
            let connection = self.open_connection(place, true, context);
            if let Some(row) = context.writer.connection(connection) {
                row.url = http::url(&head, "ws").map(kept);
            }
            judge_offer(&head, |breach| report(context, connection, Sender::Client, breach));
            Attempt { connection, place, body, offered: negotiated(&head) }
        });
        // Behind an Upgrade request or a CONNECT, what the octets are depends on the answer: the reader waits for it.
        let waits = attempt.is_some() || method == Method::Connect;
        if self.exchange.outstanding.capacity() == 0 {
            // Mostly there is never more than one.
            self.exchange.outstanding.reserve_exact(1);
        }
        self.exchange.outstanding.push_back(Outstanding { method, attempt });
        if !waits {
            self.set_body(place.direction, body);
        }
    }

    fn response(
        &mut self,
        place: HeadPlace,
        outline: &Outline,
        octets: &[u8],
        packet: PacketRef,
        context: &mut Context<'_>,
    ) {
        let status = outline.status().unwrap_or_default();
        if (100..200).contains(&status) && status != 101 {
            // An interim answer (RFC 9110 §15.2): the final one follows.
            return self.set_body(place.direction, Body::Length(0));
        }
        let is_awaited = self.exchange.outstanding.front().is_some_and(|request| request.attempt.is_some());
        if !is_awaited && !outline.is_upgrade_response() {
            let request = self.exchange.outstanding.pop_front();
            return self.answered_otherwise(place.direction, outline, request.map(|request| request.method), context);
        }
        match Head::response(octets) {
            Ok(head) => self.answer(place, outline, &head, packet, context),
            Err(_) => self.http_lost(place.direction),
        }
    }

    /// An answer to a request that wants to open a WebSocket, or one that opens one.
    fn answer(
        &mut self,
        place: HeadPlace,
        outline: &Outline,
        head: &Head,
        packet: PacketRef,
        context: &mut Context<'_>,
    ) {
        loop {
            if outline.is_upgrade_response() {
                // It answers the attempt, even if answers before it are not in the capture.
                let assumed = self.exchange.assumed.take().map(|attempt| *attempt);
                let attempt = assumed.or_else(|| self.exchange.take_awaited());
                self.exchange.outstanding.push_front(Outstanding { method: Method::Other, attempt });
            }
            let request = self.exchange.outstanding.pop_front();
            let method = request.as_ref().map(|request| request.method);
            match request.and_then(|request| request.attempt) {
                Some(attempt) if outline.opens() && self.request_waits(place.direction.reverse(), context) => {
                    // Who sends another request was refused before: this answers a later one. A loop, because a hostile
                    // client can send more of them than a stack has room for.
                    self.answer_not_captured(&attempt, context);
                    continue;
                }
                Some(attempt) if outline.opens() => self.answered(&attempt, place, head, packet, context),
                Some(attempt) => {
                    self.refused(&attempt, place, head, context);
                    self.set_body(place.direction, Body::of_response(outline, method));
                    self.set_body(place.direction.reverse(), attempt.body);
                    self.resume(place.direction.reverse(), context);
                }
                None if outline.is_upgrade_response() => self.answered_without_request(place, head, context),
                None => self.answered_otherwise(place.direction, outline, method, context),
            }
            return;
        }
    }

    /// An answer that has nothing to do with a WebSocket.
    fn answered_otherwise(
        &mut self,
        server: Direction,
        outline: &Outline,
        method: Option<Method>,
        context: &mut Context<'_>,
    ) {
        if method == Some(Method::Connect) && matches!(outline.status(), Some(200..300)) {
            return self.tunnel(server, context);
        }
        self.set_body(server, Body::of_response(outline, method));
        if method == Some(Method::Connect) {
            self.set_body(server.reverse(), Body::Length(0));
            self.resume(server.reverse(), context);
        }
    }

    /// The answer opens the WebSocket: frames follow both heads.
    fn answered(
        &mut self,
        attempt: &Attempt,
        place: HeadPlace,
        head: &Head,
        packet: PacketRef,
        context: &mut Context<'_>,
    ) {
        let connection = attempt.connection;
        let request = self.read_request(&attempt.place, context);
        judge_answer(request.as_ref(), head, |breach| report(context, connection, Sender::Server, breach));
        self.judge_early_data(connection, place, packet, context);
        self.note_answer(connection, place, head, true, context);
        self.start_frames(place.direction, negotiated(head), context);
    }

    /// A 101 whose request the capture lacks.
    fn answered_without_request(&mut self, place: HeadPlace, head: &Head, context: &mut Context<'_>) {
        let connection = self.open_connection(place, false, context);
        judge_answer(None, head, |breach| report(context, connection, Sender::Server, breach));
        self.note_answer(connection, place, head, true, context);
        let negotiated = negotiated(head);
        self.start_side(place.direction, Sender::Server, negotiated);
        self.exchange.late = Some(Box::new(Late { connection, negotiated, request: None }));
    }

    fn note_answer(
        &mut self,
        id: ConnectionId,
        place: HeadPlace,
        head: &Head,
        opened: bool,
        context: &mut Context<'_>,
    ) {
        let Some(connection) = context.writer.connection(id) else { return };
        connection.response = Some(place);
        connection.status = head.status();
        connection.opened = opened;
        if opened {
            connection.subprotocol = head.value("sec-websocket-protocol").map(|value| kept(value.into_owned()));
            connection.extensions = head.value("sec-websocket-extensions").map(|value| kept(value.into_owned()));
        } else {
            context.writer.end_connection(id, place.time);
        }
    }

    fn refused(&mut self, attempt: &Attempt, place: HeadPlace, head: &Head, context: &mut Context<'_>) {
        self.note_answer(attempt.connection, place, head, false, context);
        let text = format!("The server refused with “{}”{}.", quoted(&status_line(head)), refusal_detail(head));
        let breach = Breach { rule: Rule::HandshakeRefused, place: Place::Connection, text };
        report(context, attempt.connection, Sender::Server, breach);
    }

    /// A request's head, read again; `None` where the file cannot be read any more.
    pub(in crate::dissect) fn read_request(&self, place: &HeadPlace, context: &Context<'_>) -> Option<Head> {
        let (mut octets, mut part) = (Vec::new(), Vec::new());
        for piece in self.lanes[place.direction.index()].stream.spans(place.at..place.at + u64::from(place.len)) {
            context.source.read_span(piece.span, &mut part).ok()?;
            octets.extend_from_slice(&part);
        }
        Head::request(&octets).ok()
    }

    /// Behind a successful CONNECT (RFC 9110 §9.3.6) both directions start anew.
    fn tunnel(&mut self, server: Direction, context: &mut Context<'_>) {
        self.exchange = Exchange::default();
        for direction in [server, server.reverse()] {
            if let Side::Http(reader) = &self.lanes[direction.index()].side {
                self.lanes[direction.index()].side = Side::Http(HttpReader::new(reader.at()));
            }
        }
        self.resume(server.reverse(), context);
    }

    /// Octets that the client sent behind its request and before it heard of the answer (RFC 6455 §4.1: it has to wait).
    fn judge_early_data(
        &mut self,
        connection: ConnectionId,
        answer: HeadPlace,
        packet: PacketRef,
        context: &mut Context<'_>,
    ) {
        // What was acknowledged tells for certain; else the order of the capture has to do.
        let is_early = |heard: Option<u64>, id| heard.map_or(id < packet.id, |heard| heard <= answer.at);
        let early = self.lanes[answer.direction.reverse().index()].waiting.iter().filter_map(|chunk| match chunk {
            Chunk::Data { at, piece, heard } if is_early(*heard, piece.packet.id) => {
                Some((*at, u64::from(piece.span.len)))
            }
            _ => None,
        });
        let (mut first, mut sum) = (None, 0);
        for (at, len) in early {
            first.get_or_insert(at);
            sum += len;
        }
        let Some(at) = first else { return };
        let text = format!(
            "The client sent {sum} octets behind its request without waiting for the 101 in packet {}.",
            packet.id
        );
        let place = Place::StreamOctets { at, len: sum };
        report(context, connection, Sender::Client, Breach { rule: Rule::HandshakeDataBefore101, place, text });
    }

    /// Both sides carry frames from where their readers stand.
    fn start_frames(&mut self, server: Direction, negotiated: Negotiated, context: &mut Context<'_>) {
        self.start_side(server, Sender::Server, negotiated);
        self.start_side(server.reverse(), Sender::Client, negotiated);
        self.exchange.outstanding.shrink_to_fit();
        self.resume(server.reverse(), context);
    }

    pub(in crate::dissect) fn start_side(&mut self, direction: Direction, sender: Sender, negotiated: Negotiated) {
        if let Side::Http(reader) = &self.lanes[direction.index()].side {
            let side = FrameSide::new(reader.at(), sender, negotiated);
            self.lanes[direction.index()].side = Side::Frames(side);
        }
    }

    /// The octets of this direction are not HTTP.
    pub(in crate::dissect) fn http_lost(&mut self, direction: Direction) {
        self.note_http_end(direction);
        self.lanes[direction.index()].side = Side::Done;
    }

    pub(in crate::dissect) fn set_body(&mut self, direction: Direction, body: Body) {
        if let Side::Http(reader) = &mut self.lanes[direction.index()].side {
            reader.body(body);
        }
    }

    /// Adds a connection for an attempt, whose request (or, where that is missing, whose answer) stands at `place`.
    pub(in crate::dissect) fn open_connection(
        &mut self,
        place: HeadPlace,
        is_request: bool,
        context: &mut Context<'_>,
    ) -> ConnectionId {
        self.publish_connection(context.writer);
        let client = if is_request { place.direction } else { place.direction.reverse() };
        let id = context.writer.next_connection();
        let connection = Connection {
            id,
            flow: self.id,
            client: self.ends.sender(client),
            server: self.ends.sender(client.reverse()),
            client_direction: client,
            transport: Transport::Tcp,
            request: is_request.then_some(place),
            response: None,
            response_lost: false,
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
        context.writer.add_connection(connection, self.connection);
        (self.connection, self.conversation) = (Some(id), Conversation::default());
        id
    }
}

/// The text as it is kept for as long as the connection: cut with a mark where it is long.
pub(in crate::dissect) fn kept(mut text: String) -> Box<str> {
    if text.len() > MAX_KEPT_TEXT {
        text.truncate(text.floor_char_boundary(MAX_KEPT_TEXT));
        text.push('…');
    }
    text.into_boxed_str()
}

/// What a head offers or accepts, as far as frame headers are concerned.
fn negotiated(head: &Head) -> Negotiated {
    let named = extensions(head);
    Negotiated { deflate: named.iter().any(is_deflate), other: named.iter().any(|extension| !is_deflate(extension)) }
}

fn status_line(head: &Head) -> String {
    match &head.start {
        StartLine::Response { status, reason, .. } => format!("{status} {reason}").trim_end().to_owned(),
        StartLine::Request { .. } => String::new(),
    }
}

/// What the server says about why, in the fields that are made for it.
fn refusal_detail(head: &Head) -> String {
    let (field, what) = match head.status() {
        Some(426 | 400) => ("sec-websocket-version", "it speaks version"),
        Some(401 | 407) => ("www-authenticate", "it asks for"),
        Some(300..=399) => ("location", "it points to"),
        _ => return String::new(),
    };
    head.value(field).map_or(String::new(), |value| format!("; {what} {}", quoted(&value)))
}

pub(in crate::dissect) fn report(context: &mut Context<'_>, connection: ConnectionId, sender: Sender, breach: Breach) {
    context.writer.report(Finding {
        rule: breach.rule,
        connection: Some(connection),
        frame: None,
        message: None,
        sender,
        place: breach.place,
        text: breach.text,
    });
}
