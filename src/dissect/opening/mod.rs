//! The beginning of a WebSocket on a carrier: the Upgrade exchange (RFC 6455 §4), halves of it that the capture lacks,
//! recognition without one, and the user's decisions.
//!
//! ```text
//!                    heads                101 answers a request
//!   Unrecognised ─────────────▶ Exchange ───────────────────────────────────▶ Open
//!        │                       │    ▲ │                                      ▲ ▲ ▲
//!        │ frames, or the user   │    │ │ 101, its request not seen            │ │ │
//!        │ says so               │    │ └─────────────▶ RequestUnseen ─────────┘ │ │ frames, or a late request
//!        │                       │    │ a second look        │                   │ │
//!        ▼                       │    └──────────────────────┘                   │ │
//!   Recognised                   │ frames of the client, its answer not seen     │ │
//!                                └──────────────────▶ AnswerUnseen ──────────────┘ │ 101 after all, or the server's frames
//!                                                         └────────────────────────┘
//! ```
//!
//! If packets were stored shorter than they were, a 101 may be [`Supposed`](State::Supposed) to open one (see
//! `cut_head.rs`).
//!
//! [`Opening::step`] is the table of these transitions. An opening takes what its carrier brings, keeps what has to wait for
//! the other direction, writes rows and findings about handshakes, and returns what it [decided](Decision): it knows nothing
//! of frames but what they look like.

mod cut_head;
pub(in crate::dissect) mod decisions;
pub(in crate::dissect) mod exchange;
mod lost_half;
mod recognition;
mod scene;
mod user_override;

use std::collections::VecDeque;

use self::cut_head::Supposed;
use self::exchange::{Attempt, Exchange, Late, Received};
use self::recognition::Patience;
pub(in crate::dissect) use self::recognition::{starts_handshake, wakes_up};
pub(in crate::dissect) use self::scene::{Begin, Brought, CarrierFacts, Chunk, Decision, Scene, WINDOW};
pub(in crate::dissect) use self::user_override::UserOverride;
use crate::base::{PacketRef, Sender};
use crate::dissect::flow::backlog::queue;
use crate::dissect::index::connection::HeadPlace;
use crate::dissect::index::finding::Gap;
use crate::http::{Head, HttpKind, HttpReader, HttpStep, Outline};
use crate::net::{Direction, GapCause};
use crate::ws::Negotiated;

/// Chunks that may wait for the answer to an Upgrade request. Behind so many the answer is taken for lost.
const MAX_WAITING: usize = 16_384;

/// The things that an opening reads in one direction.
#[derive(Debug)]
enum Reading {
    /// HTTP heads, and past bodies.
    Heads(HttpReader),
    /// A gap hid where heads or frames start: a piece that starts with one is waited for.
    Search,
    /// The end of the last head was cut off: frames begin with the next piece, if that looks like it.
    BehindCut { sender: Sender, negotiated: Negotiated },
    /// The carrier began before the capture: octets wait until it is clear what they are.
    Held,
    /// Nothing: the octets are frames.
    Frames,
    /// Nothing more is to be learnt.
    Nothing,
}

/// The state of the opening of a WebSocket.
#[derive(Debug)]
enum State {
    /// The carrier began before the capture. Both directions are held.
    Unrecognised(Patience),
    /// Heads are read, or searched for.
    Exchange,
    /// A 101 came, and of the client nothing yet: its request may stand later in the capture than the answer.
    RequestUnseen(Box<Late>),
    /// The client sends frames, so an attempt is taken for successful although the answer was not seen.
    AnswerUnseen(Box<Attempt>),
    /// A 101 came, and the capture has neither its fields nor those of its request. Both directions are searched.
    Supposed(Box<Supposed>),
    /// Frames are read without any handshake, this being taken for agreed.
    Recognised(Negotiated),
    /// Frames are read behind a handshake that agreed on this.
    Open(Negotiated),
    /// It was nothing that could be recognised.
    Foreign,
}

/// Something that happened to an opening.
enum Event<'a> {
    /// A head of requests, whole or cut.
    Request(Received<'a>),
    /// A head of responses, whole or cut.
    Response(Received<'a>),
    /// The octets that stand there are no HTTP.
    NotHttp { direction: Direction },
    /// Octets are missing where a head may be.
    Missing { direction: Direction, gap: Gap },
    /// A piece begins in a direction where the start of something is searched for.
    Piece { direction: Direction, at: u64, octets: &'a [u8] },
    /// The first octets come of what is taken for the client's frames.
    FirstOfClient { direction: Direction, at: u64, octets: &'a [u8], negotiated: Negotiated },
    /// Another chunk waits that nobody knows what it is.
    Held,
    /// A chunk was taken: the client may go on where its answer is lost.
    Taken,
    /// Nothing more is waited for.
    GivenUp,
    /// Nothing more can come that tells what is held.
    Concluded,
}

/// A client's direction in which frames are expected.
#[derive(Clone, Copy, Debug)]
pub(in crate::dissect) struct Untouched {
    direction: Direction,
    negotiated: Negotiated,
}

/// The opening of a WebSocket on one carrier. It lasts until both directions are frames and nothing waits.
#[derive(Debug)]
pub(in crate::dissect) struct Opening {
    state: State,
    exchange: Exchange,
    readings: [Reading; 2],
    /// The chunks of each direction that wait.
    waiting: [VecDeque<Chunk>; 2],
    /// Stream offsets behind the last chunks that were taken.
    position: [u64; 2],
    /// The packets with the first octets of the heads that are being read.
    began: [PacketRef; 2],
    /// Stream offset of the waiting octets that were last looked at for frames.
    looked_at: Option<u64>,
    /// The client's octets are taken for frames, and none of them came so far.
    untouched: Option<Untouched>,
    /// The user says that the carrier bears a WebSocket.
    user_override: Option<Box<UserOverride>>,
}

const BOTH: [Direction; 2] = [Direction::Forward, Direction::Backward];

impl Opening {
    /// The opening on a carrier that begins in the capture, unless `begins_late`.
    pub fn new(begins_late: bool, user_override: Option<Box<UserOverride>>) -> Opening {
        let reading = || if begins_late { Reading::Held } else { Reading::Heads(HttpReader::new(0)) };
        Opening {
            state: if begins_late { State::Unrecognised(Patience::default()) } else { State::Exchange },
            exchange: Exchange::default(),
            readings: [reading(), reading()],
            waiting: [VecDeque::new(), VecDeque::new()],
            position: [0; 2],
            began: [PacketRef::default(); 2],
            looked_at: None,
            untouched: None,
            user_override,
        }
    }

    /// The transitions. What a passive observer sees can lack any part of RFC 6455 §4, so that each state says what it makes
    /// of what comes, and whatever a state does not name changes nothing in it.
    fn step(&mut self, event: Event<'_>, scene: &mut Scene<'_>) {
        match (&mut self.state, event) {
            // §4.1: the client asks, and has to wait for the answer. Behind a 101 whose request was not seen, this may be it.
            (State::RequestUnseen(_), Event::Request(received)) => self.late_request(&received, scene),
            (_, Event::Request(received)) => self.request(&received, scene),
            // §4.2.2: 101 opens, any other final answer refuses. An answer that was not seen in its place may come later.
            (_, Event::Response(received)) => self.response(&received, scene),
            (_, Event::NotHttp { direction }) => self.not_http(direction),
            // A gap over a head: the next one is found where a piece starts with it.
            (_, Event::Missing { direction, gap }) => self.head_missing(direction, gap, scene),
            // The client's first octets behind a 101: a request that was captured behind its answer, or frames.
            (_, Event::FirstOfClient { direction, at, octets, negotiated }) => {
                self.second_look(direction, at, octets, negotiated, scene);
            }
            (State::RequestUnseen(_), Event::Piece { direction, at, octets }) => {
                self.behind_answer(direction, at, octets, scene);
            }
            // Behind a gap: a head, or frames that cannot well be anything else.
            (State::Exchange | State::AnswerUnseen(_), Event::Piece { direction, at, octets }) => {
                self.search(direction, at, octets, scene);
            }
            (State::Open(negotiated) | State::Recognised(negotiated), Event::Piece { direction, at, octets }) => {
                let negotiated = *negotiated;
                self.join_other(direction, at, octets, negotiated, scene);
            }
            // A 101 of which, and of whose request, the fields were cut off: frames tell that it opened a WebSocket.
            (State::Supposed(_), Event::Piece { direction, at, octets }) => {
                self.settle_supposed(direction, at, octets, scene);
            }
            // Without a beginning: octets are held until heads or frames are recognised, or patience ends.
            (State::Unrecognised(_), Event::Held) => self.recognise(scene),
            (State::Unrecognised(_), Event::Concluded) => self.conclude(scene),
            // The answer may be lost, and the client goes on with what can only be frames: then it got one.
            (State::Exchange, Event::Taken) => self.meet_silence(scene),
            (State::Exchange | State::RequestUnseen(_) | State::AnswerUnseen(_), Event::GivenUp) => {
                self.give_up_answer(scene);
            }
            (_, Event::Piece { .. } | Event::Held | Event::Taken | Event::GivenUp | Event::Concluded) => {}
        }
    }

    /// Takes octets of a direction that start at stream offset `at`, `len` of them, of which the first are here; `packet`
    /// brought them. Returns how many were taken: the rest waits, or is frames.
    pub fn feed(
        &mut self,
        direction: Direction,
        at: u64,
        octets: &[u8],
        packet: PacketRef,
        scene: &mut Scene<'_>,
    ) -> usize {
        let own = direction.index();
        if octets.is_empty() {
            return 0;
        }
        if let Some(Untouched { negotiated, .. }) = self.touch(direction) {
            self.step(Event::FirstOfClient { direction, at, octets, negotiated }, scene);
        } else if matches!(self.readings[own], Reading::BehindCut { .. }) {
            self.begin_behind_cut(direction, at, octets, scene);
        } else if self.wants_pieces(direction) {
            self.step(Event::Piece { direction, at, octets }, scene);
        }
        let mut rest = octets;
        while let Reading::Heads(reader) = &mut self.readings[own] {
            match reader.next(&mut rest) {
                Some(HttpStep::Head { at: start, octets, kind }) => {
                    // A head that began in an earlier piece keeps that piece's packet.
                    let packet = if start < at { self.began[own] } else { packet };
                    let len = u32::try_from(octets.len()).unwrap_or(u32::MAX);
                    let place = HeadPlace { direction, at: start, len, time: packet.time };
                    self.head(Received { place, octets, packet, cut: None }, kind, scene);
                    if !scene.decisions.is_empty() {
                        // They come before what stands behind the head.
                        break;
                    }
                }
                Some(HttpStep::Lost) => {
                    if at == 0 {
                        scene.writer.note_encrypted(octets);
                    }
                    self.step(Event::NotHttp { direction }, scene);
                }
                None => break,
            }
        }
        match &self.readings[own] {
            Reading::Heads(reader) => {
                if !reader.is_waiting() && reader.partial_head().is_some_and(|start| start >= at) {
                    self.began[own] = packet;
                }
            }
            Reading::Frames => {}
            // What is looked for stands where a piece starts, not somewhere in the rest of one.
            Reading::Search | Reading::BehindCut { .. } | Reading::Held | Reading::Nothing => rest = &[],
        }
        octets.len() - rest.len()
    }

    /// Frames of this direction are read, or missing: nothing else is expected there any more.
    pub fn touch(&mut self, direction: Direction) -> Option<Untouched> {
        self.untouched.take_if(|untouched| untouched.direction == direction)
    }

    /// Returns whether the start of a piece decides something in this direction.
    fn wants_pieces(&self, direction: Direction) -> bool {
        match &self.readings[direction.index()] {
            Reading::Search => true,
            Reading::Heads(_) => {
                matches!(self.state, State::RequestUnseen(_)) && self.exchange.client == Some(direction)
            }
            Reading::BehindCut { .. } | Reading::Held | Reading::Frames | Reading::Nothing => false,
        }
    }

    /// Takes a gap of a direction.
    pub fn gap(&mut self, direction: Direction, gap: Gap, scene: &mut Scene<'_>) {
        self.touch(direction);
        let is_cut = gap.cause == GapCause::PacketCut;
        match &mut self.readings[direction.index()] {
            Reading::Heads(reader) => {
                let partial = if is_cut { reader.take_partial_head() } else { None };
                match (reader.skip(gap.len), partial) {
                    (None, _) => {}
                    (Some(_), Some((at, octets))) => self.head_cut(direction, at, &octets, gap, scene),
                    (Some(_), None) => self.step(Event::Missing { direction, gap }, scene),
                }
            }
            // A head may be in several packets, each of which was cut.
            Reading::BehindCut { sender, negotiated } if !is_cut => {
                let (sender, negotiated) = (*sender, *negotiated);
                self.start_frames(direction, gap.at, sender, negotiated, Begin::Somewhere, scene);
            }
            Reading::BehindCut { .. } | Reading::Search | Reading::Held | Reading::Frames | Reading::Nothing => {}
        }
    }

    /// A head came: who sends responses is the server.
    #[inline(always)]
    fn head(&mut self, received: Received<'_>, kind: Option<HttpKind>, scene: &mut Scene<'_>) {
        let direction = received.place.direction;
        let client = self.exchange.client;
        let event = match kind {
            Some(HttpKind::Requests) if client.is_none_or(|client| client == direction) => {
                self.exchange.client = Some(direction);
                Event::Request(received)
            }
            Some(HttpKind::Responses) if client.is_none_or(|client| client != direction) => {
                self.exchange.client = Some(direction.reverse());
                Event::Response(received)
            }
            _ => Event::NotHttp { direction },
        };
        self.step(event, scene);
    }

    /// The octets of this direction are not HTTP.
    fn not_http(&mut self, direction: Direction) {
        self.note_http_end(direction);
        self.readings[direction.index()] = Reading::Nothing;
    }

    /// Notes a chunk that comes before it is taken.
    #[inline]
    pub fn note(&mut self, direction: Direction, chunk: Chunk) {
        let end = match chunk {
            Chunk::Data { at, len, .. } => at.saturating_add(u64::from(len)),
            Chunk::Gap(gap) => gap.at.saturating_add(gap.len),
        };
        let position = &mut self.position[direction.index()];
        *position = end.max(*position);
    }

    /// Returns whether a direction's octets are held until it is clear what they are.
    #[inline]
    pub fn holds(&self, direction: Direction) -> bool {
        matches!(self.readings[direction.index()], Reading::Held)
    }

    /// Looks whether another chunk that is held makes anything clear.
    pub fn look_at_held(&mut self, scene: &mut Scene<'_>) {
        self.step(Event::Held, scene);
    }

    /// Returns whether the answer to an attempt may be lost.
    #[inline]
    pub fn may_lack_answer(&self) -> bool {
        let is_searched = |direction: Direction| matches!(self.readings[direction.index()], Reading::Search);
        self.exchange.client.is_some_and(|client| is_searched(client.reverse()))
    }

    /// Looks whether the client goes on as if it had got one, now that a chunk was taken.
    pub fn look_for_answer(&mut self, scene: &mut Scene<'_>) {
        self.step(Event::Taken, scene);
    }

    /// Returns whether more waits in a direction than any answer is worth.
    pub fn waits_too_long(&self, direction: Direction) -> bool {
        self.waiting[direction.index()].len() > MAX_WAITING
    }

    /// Waits no longer for an answer.
    pub fn give_up_waiting(&mut self, scene: &mut Scene<'_>) {
        self.step(Event::GivenUp, scene);
    }

    /// Waits no longer for what tells what is held.
    pub fn conclude_held(&mut self, scene: &mut Scene<'_>) {
        self.step(Event::Concluded, scene);
    }

    /// Gives up heads that are not whole.
    pub fn give_up_heads(&mut self) {
        for direction in BOTH {
            if self.head_len(direction) > 0 {
                self.not_http(direction);
            }
        }
    }

    /// Octets that are kept of a direction's head that is not whole.
    fn head_len(&self, direction: Direction) -> usize {
        match &self.readings[direction.index()] {
            Reading::Heads(reader) => reader.head_len(),
            Reading::Search | Reading::BehindCut { .. } | Reading::Held | Reading::Frames | Reading::Nothing => 0,
        }
    }

    /// Octets of memory that it takes, about, because something is missing.
    #[inline]
    pub fn backlog(&self) -> usize {
        let of = |direction| self.head_len(direction) + queue(self.waiting(direction).len(), size_of::<Chunk>());
        of(Direction::Forward) + of(Direction::Backward)
    }

    /// Returns whether nothing can be read in this direction before the other one brings an answer.
    pub fn waits(&self, direction: Direction) -> bool {
        match &self.readings[direction.index()] {
            Reading::Heads(reader) => reader.is_waiting(),
            Reading::Held => true,
            Reading::Frames | Reading::Search | Reading::BehindCut { .. } | Reading::Nothing => false,
        }
    }

    /// Returns whether this direction's octets are frames.
    pub fn reads_frames(&self, direction: Direction) -> bool {
        matches!(self.readings[direction.index()], Reading::Frames)
    }

    /// Returns whether octets behind those that were taken of a piece are wanted.
    pub fn wants_rest(&self, direction: Direction) -> bool {
        matches!(self.readings[direction.index()], Reading::Heads(_) | Reading::Frames)
    }

    /// Returns whether no WebSocket can come of a direction any more.
    pub fn is_hopeless(&self) -> bool {
        self.readings.iter().any(|reading| matches!(reading, Reading::Nothing))
    }

    /// Returns what waits in a direction.
    pub fn waiting(&self, direction: Direction) -> &VecDeque<Chunk> {
        &self.waiting[direction.index()]
    }

    /// Returns what waits in a direction, to change it.
    pub fn waiting_mut(&mut self, direction: Direction) -> &mut VecDeque<Chunk> {
        &mut self.waiting[direction.index()]
    }

    /// The direction whose next waiting chunk stands first in the capture, of those that can be read.
    pub fn next_in_capture(&self) -> Option<Direction> {
        let next = |direction: Direction| match self.waiting[direction.index()].front()? {
            _ if self.waits(direction) => None,
            Chunk::Data { packet, .. } => Some((packet.id, direction)),
            Chunk::Gap(gap) => Some((gap.packet, direction)),
        };
        BOTH.into_iter().filter_map(next).min_by_key(|(packet, _)| *packet).map(|(_, direction)| direction)
    }

    /// Returns whether it is over: frames are read in both directions, and nothing waits or is in doubt.
    pub fn is_over(&self) -> bool {
        let is_done = |direction: Direction| self.reads_frames(direction) && self.waiting(direction).is_empty();
        self.untouched.is_none() && !matches!(self.state, State::RequestUnseen(_)) && BOTH.into_iter().all(is_done)
    }

    /// The HTTP reader of a direction, where bodies can be stepped over: nothing waits.
    #[inline]
    pub fn body_reader(&mut self, direction: Direction) -> Option<&mut HttpReader> {
        // What waits may be looked at anew with each piece.
        if self.waiting.iter().any(|waiting| !waiting.is_empty()) {
            return None;
        }
        match &mut self.readings[direction.index()] {
            Reading::Heads(reader) => Some(reader),
            Reading::Search | Reading::BehindCut { .. } | Reading::Held | Reading::Frames | Reading::Nothing => None,
        }
    }

    /// Returns whether the user says what the carrier bears.
    #[inline]
    pub fn is_overridden(&self) -> bool {
        self.user_override.is_some()
    }

    /// Notes that a direction's octets up to a stream offset were passed.
    #[inline]
    pub fn passed(&mut self, direction: Direction, end: u64) {
        self.position[direction.index()] = end;
    }

    /// Stream offset of what waits first in a direction.
    fn first_waiting_at(&self, direction: Direction) -> u64 {
        let own = direction.index();
        self.waiting[own].front().map_or(self.position[own], Chunk::at)
    }

    /// Takes a direction's octets for frames from stream offset `at` on.
    fn start_frames(
        &mut self,
        direction: Direction,
        at: u64,
        sender: Sender,
        negotiated: Negotiated,
        begin: Begin,
        scene: &mut Scene<'_>,
    ) {
        self.readings[direction.index()] = Reading::Frames;
        if sender == Sender::Client {
            self.untouched = Some(Untouched { direction, negotiated });
        }
        scene.decisions.push(Decision::Frames { direction, at, sender, negotiated, begin });
    }
}

/// A head of requests in its two forms: as far as HTTP goes, and whole where it asks for a WebSocket.
fn read_request(octets: &[u8]) -> Option<(Outline, Option<Head>)> {
    let outline = Outline::request(octets).ok()?;
    // The fields are wanted only where a WebSocket may open.
    let head = outline.is_upgrade_request().then(|| Head::request(octets).ok()).flatten();
    Some((outline, head))
}
