//! Connections whose beginning the capture lacks: recognising that they carry a WebSocket.
//!
//! ```text
//!   first segment without SYN ─▶ Side::Guess: octets wait ─┬─ they start with HTTP ──▶ Side::Http
//!                                                          ├─ frames, hardly else ───▶ Side::Frames, capture.mid-stream
//!                                                          └─ anything else, or too long ▶ Side::Done
//! ```
//!
//! A flow whose SYN was captured is not guessed about: its first octets tell what it is. Only where the capture lacks the
//! answer to the SYN and those octets, too, it has no beginning.

use crate::base::{Breach, Place, Rule, Sender};
use crate::dissect::flow::lane::{Chunk, Side};
use crate::dissect::flow::{Context, FlowState};
use crate::dissect::index::connection::{HeadPlace, Recognition, TcpEnd};
use crate::dissect::opening::exchange::report;
use crate::dissect::opening::user_override::leads_to_each_start;
use crate::dissect::websocket::sender::FrameSide;
use crate::http::{HttpReader, Kind, sniff, starts_request};
use crate::net::{Direction, Segment};
use crate::ws::{Evidence, Excerpt, Negotiated, evidence};

/// Pieces of one direction that wait at most: then those that came first are given up …
const MAX_PIECES: usize = 64;
/// … until there were so many in all, gaps included, and nothing is looked for any more: a capture can begin inside a frame
/// of megabytes.
const MAX_IN_ALL: usize = 4096;
/// Pieces that are many where each stands where lengths lead to.
const LONG: usize = 16;
/// Octets of a direction that are looked at: those of as many full segments.
const MAX_LOOK: usize = 96 << 10;

/// Whether a segment of an ignored flow starts with something that opens a WebSocket: the capture began in the middle
/// of an HTTP connection, or lost a piece of it.
pub(in crate::dissect) fn wakes_up(segment: &Segment<'_>) -> bool {
    segment.pieces.first().is_some_and(|piece| starts_handshake(piece.octets))
}

/// Whether the octets of a segment are what wakes up a flow.
#[inline]
pub(in crate::dissect) fn starts_handshake(octets: &[u8]) -> bool {
    let names_websocket = |octets: &[u8]| octets.windows(14).any(|part| part.eq_ignore_ascii_case(b"sec-websocket-"));
    (octets.starts_with(b"GET ") || octets.starts_with(b"HTTP/1.1 101")) && names_websocket(octets)
}

/// How much of a flow has waited so far.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::dissect) struct Patience {
    /// Pieces in all, gaps included.
    pieces: u16,
    /// Looking again is worth it when there are so many: what waits is read for each look.
    look_at: u16,
}

/// What was found in one direction.
#[derive(Clone, Copy, Debug, Default)]
struct Found {
    /// The waiting chunk that frames start with.
    chunk: usize,
    evidence: Evidence,
}

/// What both directions look like where the client sends in a certain one.
#[derive(Clone, Copy, Debug)]
struct Guess {
    client: Direction,
    found: [Found; 2],
}

impl Guess {
    /// `octets` wait in both directions.
    fn new(client: Direction, octets: &[Excerpt; 2]) -> Guess {
        let found = [Direction::Forward, Direction::Backward].map(|direction| {
            let sender = if direction == client { Sender::Client } else { Sender::Server };
            look(&octets[direction.index()], sender)
        });
        Guess { client, found }
    }

    fn evidence(&self) -> Evidence {
        self.found[0].evidence.and(self.found[1].evidence)
    }

    /// Why it is read as a WebSocket, in words; `is_refused` says that there is an opening handshake and it failed.
    fn story(&self, recognition: Recognition, is_refused: bool) -> String {
        let Evidence { frames, masked, texts, .. } = self.evidence();
        let chain = format!(
            "MASK bits and lengths chain over {frames} frames, {masked} of them masked, {texts} with text in UTF-8"
        );
        let confidence = self.evidence().confidence();
        let handshake = match recognition {
            _ if is_refused => "The server refused the opening handshake",
            Recognition::Evidence | Recognition::Confirmed => "The capture lacks the opening handshake",
            Recognition::Forced => "There is no opening handshake",
        };
        match recognition {
            Recognition::Evidence => format!("{handshake}, and a WebSocket is {confidence}: {chain}."),
            Recognition::Confirmed => {
                format!("{handshake}. The user confirms that this is a WebSocket, which is {confidence}: {chain}.")
            }
            Recognition::Forced if frames == 0 => format!(
                "{handshake}. This is read as a WebSocket because the user says that it is one; nothing else speaks for it."
            ),
            Recognition::Forced => format!(
                "{handshake}. This is read as a WebSocket because the user says that it is one; {chain}, which alone would \
                 not be enough."
            ),
        }
    }
}

impl FlowState {
    fn is_guessed_about(&self) -> bool {
        self.lanes.iter().any(|lane| matches!(lane.side, Side::Guess))
    }

    /// Another chunk came: looks whether it is clear by now what the flow carries. That the user says what it carries changes
    /// nothing about how long is looked: less would be found.
    pub(in crate::dissect) fn guess(&mut self, context: &mut Context<'_>) {
        self.patience.pieces = self.patience.pieces.saturating_add(1);
        let in_all = usize::from(self.patience.pieces);
        let is_full = self.lanes.iter().any(|lane| lane.waiting.len() > MAX_PIECES);
        if is_full && in_all >= MAX_IN_ALL {
            return self.conclude_guess(context);
        }
        let is_worth_it = match in_all {
            0..MAX_PIECES => in_all.is_power_of_two(),
            _ => self.patience.pieces >= self.patience.look_at,
        };
        if is_worth_it {
            self.patience.look_at = self.patience.pieces.saturating_add(self.patience.pieces / 4);
            if self.try_guess(context) {
                return;
            }
        }
        if is_full {
            for lane in &mut self.lanes {
                lane.waiting.drain(..lane.waiting.len().saturating_sub(MAX_PIECES));
            }
        }
    }

    /// Nothing more is waited for.
    pub(in crate::dissect) fn conclude_guess(&mut self, context: &mut Context<'_>) {
        if self.is_guessed_about() && !self.try_guess(context) && !self.force(context) {
            for lane in &mut self.lanes {
                lane.side = Side::Done;
                lane.waiting.clear();
            }
        }
    }

    /// Whether no handshake is looked for, because the user says that there are frames.
    fn is_forced_now(&self) -> bool {
        self.forced.as_ref().is_some_and(|forced| forced.is_due)
    }

    /// Whether frames are read because the user says that there are some: from the first octet on that can be one of theirs,
    /// whatever was passed over in the meantime.
    fn force(&mut self, context: &mut Context<'_>) -> bool {
        let Some(forced) = self.forced.as_mut().filter(|forced| !forced.kept.is_empty()) else { return false };
        let client = forced.client;
        self.lanes.iter_mut().for_each(|lane| lane.waiting.clear());
        for (direction, chunk) in std::mem::take(&mut forced.kept) {
            self.lanes[direction.index()].waiting.push_back(chunk);
        }
        let octets = [Direction::Forward, Direction::Backward].map(|direction| self.waiting_octets(direction, context));
        self.join(&Guess::new(client, &octets), &octets, Recognition::Forced, context);
        true
    }

    /// Reads frames of a connection that the user says is a WebSocket, if there are some in each direction with any octets, or
    /// if for a while each piece has been where lengths lead to, as what nobody would recognise can be frames, too.
    pub(in crate::dissect) fn force_if_clear(&mut self, context: &mut Context<'_>) {
        let Some(forced) = self.forced.as_ref().filter(|_| self.is_guessed_about()) else { return };
        let octets = [Direction::Forward, Direction::Backward].map(|direction| self.waiting_octets(direction, context));
        let found = Guess::new(forced.client, &octets).found;
        let is_long = usize::from(self.patience.pieces) >= LONG;
        let is_clear = |(found, excerpt): (&Found, &Excerpt)| {
            found.evidence.frames > 0
                || excerpt.octets.is_empty()
                || is_long && leads_to_each_start(&excerpt.octets, &excerpt.starts)
        };
        if found.iter().zip(&octets).all(is_clear) {
            self.conclude_guess(context);
        }
    }

    /// Whether it is clear what the flow carries.
    fn try_guess(&mut self, context: &mut Context<'_>) -> bool {
        let both = [Direction::Forward, Direction::Backward];
        let octets = both.map(|direction| self.waiting_octets(direction, context));
        let heads = octets.each_ref().map(|it| it.starts.iter().position(|at| is_head(&it.octets[*at..])));
        if heads.iter().any(Option::is_some) && !self.is_forced_now() {
            for direction in both {
                // What stands before a head is the end of a body.
                if let Some(chunk) = heads[direction.index()] {
                    self.lanes[direction.index()].waiting.drain(..chunk);
                }
                let first = self.first_waiting_at(direction);
                let lane = &mut self.lanes[direction.index()];
                lane.side = match heads[direction.index()] {
                    None if !lane.waiting.is_empty() => Side::Search,
                    _ => Side::Http(HttpReader::new(first)),
                };
            }
            self.resume_both(context);
            return true;
        }
        let client = self.forced.as_ref().map(|forced| forced.client);
        let guesses = both.into_iter().filter(|direction| client.is_none_or(|client| client == *direction));
        let Some(guess) = guesses.map(|client| Guess::new(client, &octets)).max_by_key(|guess| guess.evidence().bits)
        else {
            return false;
        };
        if guess.evidence().is_convincing() {
            let recognition = if client.is_some() { Recognition::Confirmed } else { Recognition::Evidence };
            self.join(&guess, &octets, recognition, context);
        }
        guess.evidence().is_convincing()
    }

    /// Reads frames from where they were found.
    fn join(&mut self, guess: &Guess, octets: &[Excerpt; 2], recognition: Recognition, context: &mut Context<'_>) {
        let Guess { client, found } = *guess;
        let both = [Direction::Forward, Direction::Backward];
        let times = both.into_iter().filter_map(|direction| {
            self.lanes[direction.index()].waiting.iter().find_map(|chunk| match chunk {
                Chunk::Data { piece, .. } => Some(piece.packet.time),
                Chunk::Gap { .. } => None,
            })
        });
        let time = times.min().unwrap_or(self.last_packet.time);
        let place = HeadPlace { direction: client, at: 0, len: 0, time };
        let is_refused = self.is_refused(context);
        let connection = self.open_connection(place, true, context);
        if let Some(row) = context.writer.connection(connection) {
            (row.request, row.opened, row.recognition) = (None, true, Some(recognition));
            row.tcp_end = self.first_end.map(|(direction, how, packet)| TcpEnd {
                by: if direction == client { Sender::Client } else { Sender::Server },
                how,
                time: packet.time,
                packet: packet.id,
            });
        }
        // Which extensions were agreed on is not known, so no reserved bit can be judged; RSV1 hardly ever says anything but
        // "compressed".
        let unknown = Negotiated { deflate: true, other: true };
        let negotiated = self.forced.as_ref().map_or(unknown, |forced| forced.negotiated());
        self.exchange.client = Some(client);
        self.exchange.joined = Some(negotiated);
        let mut before = 0;
        for direction in both {
            let Found { chunk, evidence } = found[direction.index()];
            let sender = if direction == client { Sender::Client } else { Sender::Server };
            self.conversation.gap(sender);
            if evidence.frames == 0 {
                self.lanes[direction.index()].side = match recognition {
                    Recognition::Forced => {
                        let octets = &octets[direction.index()];
                        self.forced_side(direction, sender, negotiated, octets)
                    }
                    Recognition::Evidence | Recognition::Confirmed => Side::Search,
                };
                continue;
            }
            self.lanes[direction.index()].waiting.drain(..chunk);
            let at = self.first_waiting_at(direction);
            before += at;
            self.lanes[direction.index()].side = Side::Frames(FrameSide::behind_gap(at, sender, negotiated));
        }
        let skipped = match before {
            0 => String::new(),
            n => format!(" {n} octets before are passed over: most likely they belong to frames that began earlier."),
        };
        let text = format!("{}{skipped}", guess.story(recognition, is_refused));
        let breach = Breach { rule: Rule::CaptureMidStream, place: Place::Connection, text };
        report(context, connection, Sender::Unknown, breach);
        self.resume_both(context);
    }

    /// What waits in both directions is read in the order of the capture.
    fn resume_both(&mut self, context: &mut Context<'_>) {
        let next = |flow: &FlowState, direction: Direction| match flow.lanes[direction.index()].waiting.front()? {
            _ if flow.waits(direction) => None,
            Chunk::Data { piece, .. } => Some((piece.packet.id, direction)),
            Chunk::Gap { packet, .. } => Some((packet.id, direction)),
        };
        let both = [Direction::Forward, Direction::Backward];
        while let Some((_, direction)) =
            both.into_iter().filter_map(|direction| next(self, direction)).min_by_key(|(packet, _)| *packet)
        {
            self.drain_one(direction, context);
        }
        both.into_iter().for_each(|direction| self.resume(direction, context));
    }

    /// Stream offset of what waits first in a direction.
    pub(in crate::dissect) fn first_waiting_at(&self, direction: Direction) -> u64 {
        match self.lanes[direction.index()].waiting.front() {
            Some(Chunk::Data { at, .. } | Chunk::Gap { at, .. }) => *at,
            None => self.lanes[direction.index()].stream.end(),
        }
    }

    /// What waits in a direction, as far as it is looked at. Its starts are those of the waiting chunks.
    fn waiting_octets(&self, direction: Direction, context: &Context<'_>) -> Excerpt {
        let mut excerpt = Excerpt { starts: vec![0], ..Excerpt::default() };
        let mut part = Vec::new();
        for chunk in &self.lanes[direction.index()].waiting {
            let here = excerpt.octets.len();
            let left = MAX_LOOK - here;
            let len = match chunk {
                Chunk::Data { piece, .. } => {
                    let wanted = piece.span.take(u32::try_from(left).unwrap_or(0));
                    if left == 0 || context.source.read_span(wanted, &mut part).is_err() {
                        break;
                    }
                    excerpt.octets.extend_from_slice(&part);
                    u64::from(piece.span.len)
                }
                Chunk::Gap { len, .. } => {
                    let shown = usize::try_from(*len).unwrap_or(usize::MAX).min(left);
                    excerpt.octets.resize(here + shown, 0);
                    excerpt.holes.push(here..here + shown);
                    *len
                }
            };
            if len > left as u64 {
                break;
            }
            excerpt.starts.push(excerpt.octets.len());
        }
        excerpt
    }
}

/// Whether a segment that starts with `octets` starts with an HTTP head.
fn is_head(octets: &[u8]) -> bool {
    match sniff(octets) {
        Some(Kind::Requests) => starts_request(octets),
        Some(Kind::Responses) => true,
        Some(Kind::NotHttp) | None => false,
    }
}

/// The best place for frames to start at.
fn look(excerpt: &Excerpt, sender: Sender) -> Found {
    let mut best = Found::default();
    for (chunk, start) in excerpt.starts.iter().enumerate() {
        let evidence = evidence(excerpt, *start, sender);
        if evidence.bits > best.evidence.bits {
            best = Found { chunk, evidence };
        }
    }
    best
}
