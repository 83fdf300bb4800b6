//! Carriers whose beginning the capture lacks: recognising that they bear a WebSocket.
//!
//! ```text
//!   first segment without SYN ─▶ octets are held ─┬─ they start with HTTP ──▶ heads
//!                                                 ├─ frames, hardly else ───▶ frames, capture.mid-stream
//!                                                 └─ anything else, or too long ▶ nothing
//! ```
//!
//! A connection whose SYN was captured is not guessed about: its first octets tell what it is. Only where the capture lacks
//! the answer to the SYN and those octets, too, it has no beginning.

use super::exchange::{open_connection, report};
use super::user_override::leads_to_each_start;
use super::{BOTH, Begin, Chunk, Decision, Opening, Reading, Scene, State};
use crate::base::{Breach, Fact, OpeningHandshake, Place, RecognisedBy, Sender};
use crate::dissect::index::connection::{HeadPlace, Recognition, TcpEnd};
use crate::dissect::index::finding::Gap;
use crate::http::{HttpKind, HttpReader, can_start_head, has_request_line, sniff, starts_request};
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

/// Returns whether a segment of an ignored flow starts with something that opens a WebSocket: the capture began in the
/// middle of an HTTP connection, or lost a piece of it.
pub(in crate::dissect) fn wakes_up(segment: &Segment<'_>) -> bool {
    segment.pieces.first().is_some_and(|piece| starts_handshake(piece.octets))
}

/// Returns whether the octets of a segment are what wakes up a flow.
#[inline]
pub(in crate::dissect) fn starts_handshake(octets: &[u8]) -> bool {
    can_start_head(octets) && is_start_of_handshake(octets)
}

fn is_start_of_handshake(octets: &[u8]) -> bool {
    let names_websocket = |octets: &[u8]| octets.windows(14).any(|part| part.eq_ignore_ascii_case(b"sec-websocket-"));
    let starts_head = |octets: &[u8]| {
        octets.starts_with(b"HTTP/1.1 101") || octets.starts_with(b"GET ") || has_request_line(octets) == Some(true)
    };
    starts_head(octets) && names_websocket(octets)
}

/// Counts what has waited so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Patience {
    /// Pieces in all, gaps included.
    pieces: u16,
    /// Looking again is worth it when there are so many: what waits is read for each look.
    look_at: u16,
}

/// The place of frames in one direction.
#[derive(Clone, Copy, Debug, Default)]
struct Found {
    /// The waiting chunk that frames start with.
    chunk: usize,
    evidence: Evidence,
}

/// The evidence of both directions where the client sends in a certain one.
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

    /// The reason why it is read as a WebSocket from behind `before` octets on; `is_refused` says that there is an opening
    /// handshake and it failed.
    fn fact(&self, recognition: Recognition, is_refused: bool, before: u64) -> Fact {
        let Evidence { frames, masked, texts, .. } = self.evidence();
        let by = match recognition {
            Recognition::Evidence => RecognisedBy::Evidence,
            Recognition::Confirmed => RecognisedBy::Confirmed,
            Recognition::UserOverride => RecognisedBy::User,
        };
        let opening = match recognition {
            _ if is_refused => OpeningHandshake::Refused,
            Recognition::Evidence | Recognition::Confirmed => OpeningHandshake::NotCaptured,
            Recognition::UserOverride => OpeningHandshake::Absent,
        };
        let confidence = self.evidence().confidence();
        Fact::Recognised { by, opening, confidence, frames, masked, texts, before }
    }
}

impl Opening {
    /// Another chunk is held: looks whether it is clear by now what the carrier bears. That the user says so changes nothing
    /// about how long is looked: less would be found.
    pub(super) fn recognise(&mut self, scene: &mut Scene<'_>) {
        let State::Unrecognised(patience) = &mut self.state else { return };
        patience.pieces = patience.pieces.saturating_add(1);
        let in_all = usize::from(patience.pieces);
        let is_full = self.waiting.iter().any(|waiting| waiting.len() > MAX_PIECES);
        if is_full && in_all >= MAX_IN_ALL {
            return self.conclude(scene);
        }
        let is_worth_it = match in_all {
            0..MAX_PIECES => in_all.is_power_of_two(),
            _ => patience.pieces >= patience.look_at,
        };
        if is_worth_it {
            patience.look_at = patience.pieces.saturating_add(patience.pieces / 4);
            if self.is_recognised(scene) {
                return;
            }
        }
        if is_full {
            for waiting in &mut self.waiting {
                waiting.drain(..waiting.len().saturating_sub(MAX_PIECES));
            }
        }
    }

    /// Nothing more is waited for.
    pub(super) fn conclude(&mut self, scene: &mut Scene<'_>) {
        if !self.is_recognised(scene) && !self.read_as_told(scene) {
            self.readings = [Reading::Nothing, Reading::Nothing];
            self.waiting.iter_mut().for_each(|waiting| waiting.clear());
            self.state = State::Foreign;
        }
    }

    /// Returns whether nothing but a handshake counts as HTTP any more, because the user says that there are frames.
    fn is_overridden_now(&self) -> bool {
        self.user_override.as_ref().is_some_and(|told| told.is_due)
    }

    /// Returns whether frames are read because the user says that there are some: from the first octet on that can be
    /// one of theirs, whatever was passed over in the meantime.
    fn read_as_told(&mut self, scene: &mut Scene<'_>) -> bool {
        let Some(told) = self.user_override.as_mut().filter(|told| !told.kept.is_empty()) else { return false };
        let client = told.client;
        self.waiting.iter_mut().for_each(|waiting| waiting.clear());
        for (direction, chunk) in std::mem::take(&mut told.kept) {
            self.waiting[direction.index()].push_back(chunk);
        }
        let octets = BOTH.map(|direction| self.excerpt(direction, scene));
        self.join(&Guess::new(client, &octets), &octets, Recognition::UserOverride, scene);
        true
    }

    /// Reads frames of a carrier that the user says bears a WebSocket, if there are some in each direction with any octets, or
    /// if for a while each piece has been where lengths lead to, as what nobody would recognise can be frames, too.
    pub fn conclude_if_clear(&mut self, scene: &mut Scene<'_>) {
        let (State::Unrecognised(patience), Some(told)) = (&self.state, &self.user_override) else { return };
        let octets = BOTH.map(|direction| self.excerpt(direction, scene));
        let found = Guess::new(told.client, &octets).found;
        let is_long = usize::from(patience.pieces) >= LONG;
        let is_clear = |(found, excerpt): (&Found, &Excerpt)| {
            found.evidence.frames > 0
                || excerpt.octets.is_empty()
                || is_long && leads_to_each_start(&excerpt.octets, &excerpt.starts)
        };
        if found.iter().zip(&octets).all(is_clear) {
            self.conclude_held(scene);
        }
    }

    /// Looks whether it is clear what the carrier bears.
    fn is_recognised(&mut self, scene: &mut Scene<'_>) -> bool {
        let octets = BOTH.map(|direction| self.excerpt(direction, scene));
        let heads = octets.each_ref().map(|it| it.pieces().position(is_head));
        // Where the user says that there are frames, and what was read is no HTTP, only a handshake counts.
        let is_wanted = || !self.is_overridden_now() || octets.iter().any(|it| it.pieces().any(starts_handshake));
        if heads.iter().any(Option::is_some) && is_wanted() {
            for direction in BOTH {
                let own = direction.index();
                // What stands before a head is the end of a body.
                if let Some(chunk) = heads[own] {
                    self.waiting[own].drain(..chunk);
                }
                self.readings[own] = match heads[own] {
                    None if !self.waiting[own].is_empty() => Reading::Search,
                    _ => Reading::Heads(HttpReader::new(self.first_waiting_at(direction))),
                };
            }
            self.state = State::Exchange;
            scene.decisions.push(Decision::ResumeBoth);
            return true;
        }
        let client = self.user_override.as_ref().map(|told| told.client);
        let guesses = BOTH.into_iter().filter(|direction| client.is_none_or(|client| client == *direction));
        let Some(guess) = guesses.map(|client| Guess::new(client, &octets)).max_by_key(|guess| guess.evidence().bits)
        else {
            return false;
        };
        if guess.evidence().is_convincing() {
            let recognition = if client.is_some() { Recognition::Confirmed } else { Recognition::Evidence };
            self.join(&guess, &octets, recognition, scene);
        }
        guess.evidence().is_convincing()
    }

    /// Reads frames from where they were found.
    fn join(&mut self, guess: &Guess, octets: &[Excerpt; 2], recognition: Recognition, scene: &mut Scene<'_>) {
        let Guess { client, found } = *guess;
        let times = BOTH.into_iter().filter_map(|direction| {
            self.waiting(direction).iter().find_map(|chunk| match chunk {
                Chunk::Data { packet, .. } => Some(packet.time),
                Chunk::Gap(_) => None,
            })
        });
        let time = times.min().unwrap_or(scene.brought.facts().last_packet.time);
        let place = HeadPlace { direction: client, at: 0, len: 0, time };
        let is_refused = is_refused(scene);
        let connection = open_connection(place, true, scene);
        if let Some(row) = scene.writer.connection(connection) {
            (row.request, row.opened, row.recognition) = (None, true, Some(recognition));
            row.tcp_end = scene.brought.facts().first_end.map(|end| TcpEnd {
                by: if end.direction == client { Sender::Client } else { Sender::Server },
                how: end.how,
                time: end.packet.time,
                packet: end.packet.id,
            });
        }
        // Which extensions were agreed on is not known, so no reserved bit can be judged; RSV1 hardly ever says anything but
        // "compressed".
        let unknown = Negotiated { deflate: true, other: true };
        let negotiated = self.user_override.as_ref().map_or(unknown, |told| told.negotiated());
        self.exchange.client = Some(client);
        self.state = State::Recognised(negotiated);
        let mut before = 0;
        for direction in BOTH {
            let own = direction.index();
            let Found { chunk, evidence } = found[own];
            let sender = if direction == client { Sender::Client } else { Sender::Server };
            scene.decisions.push(Decision::Lacks(sender));
            if evidence.frames == 0 {
                let begin = match recognition {
                    Recognition::UserOverride => self.begin_as_told(direction, &octets[own]),
                    Recognition::Evidence | Recognition::Confirmed => None,
                };
                match begin {
                    Some(begin) => {
                        let at = self.first_waiting_at(direction);
                        self.start_frames(direction, at, sender, negotiated, begin, scene);
                    }
                    None => self.readings[own] = Reading::Search,
                }
                continue;
            }
            self.waiting[own].drain(..chunk);
            let at = self.first_waiting_at(direction);
            before += at;
            self.start_frames(direction, at, sender, negotiated, Begin::BehindGap, scene);
        }
        let breach = Breach { place: Place::Connection, fact: guess.fact(recognition, is_refused, before) };
        report(scene, connection, Sender::Unknown, breach);
        scene.decisions.push(Decision::ResumeBoth);
    }

    /// Returns what waits in a direction, as far as it is looked at. Its starts are those of the waiting chunks.
    fn excerpt(&self, direction: Direction, scene: &Scene<'_>) -> Excerpt {
        let mut excerpt = Excerpt { starts: vec![0], ..Excerpt::default() };
        let mut part = Vec::new();
        for chunk in self.waiting(direction) {
            let here = excerpt.octets.len();
            let left = MAX_LOOK - here;
            let len = match chunk {
                Chunk::Data { at, len, .. } => {
                    let wanted = (*len).min(u32::try_from(left).unwrap_or(0));
                    scene.brought.read(direction, *at, wanted, &mut part);
                    if part.len() < wanted as usize || wanted == 0 {
                        break;
                    }
                    excerpt.octets.extend_from_slice(&part);
                    u64::from(*len)
                }
                Chunk::Gap(Gap { len, .. }) => {
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

/// Returns whether the server refused the last opening handshake.
pub(super) fn is_refused(scene: &Scene<'_>) -> bool {
    scene.row().is_some_and(|row| !row.opened && row.response.is_some())
}

/// Returns whether a segment that starts with `octets` starts with an HTTP head.
fn is_head(octets: &[u8]) -> bool {
    match sniff(octets) {
        Some(HttpKind::Requests) => starts_request(octets),
        Some(HttpKind::Responses) => true,
        Some(HttpKind::NotHttp) | None => false,
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
