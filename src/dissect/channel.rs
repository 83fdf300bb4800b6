//! One carrier with the WebSocket that it bears: the order of the stages.
//!
//! ```text
//!   the carrier's data, gaps, ends ─▶ Opening ── what it decides ──┐
//!                                        │                         ▼
//!                                        └─ what is frames ─▶ WebSocket ─▶ records, findings
//! ```
//!
//! Once the opening is over, everything goes to the WebSocket at once.

use crate::base::{ConnectionId, PacketRef};
use crate::dissect::index::connection::TcpEnd;
use crate::dissect::index::finding::Gap;
use crate::dissect::index::{Tally, Writer};
use crate::dissect::opening::{Begin, Brought, CarrierFacts, Chunk, Decision, Opening, Scene, WINDOW};
use crate::dissect::websocket::seek::Found;
use crate::dissect::websocket::{Ended, FrameStream, WebSocket};
use crate::net::{Direction, End};

/// The surroundings of a channel while it takes something.
pub(super) struct Context<'a> {
    pub writer: &'a mut Writer,
    /// The octets that its carrier has brought so far.
    pub brought: &'a dyn Brought,
}

/// One carrier with the WebSocket that it bears.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Channel {
    pub websocket: WebSocket,
    /// The connection that it bears now.
    pub connection: Option<ConnectionId>,
    /// The connection where frames are read in both directions, each behind the one before: nothing is decided any more.
    pub settled: Option<ConnectionId>,
    /// The opening of the WebSocket; nothing once both directions are frames, and nothing waits or is in doubt.
    pub opening: Option<Box<Opening>>,
    /// The end of each direction.
    ended: [Option<End>; 2],
    /// It bore a connection, and nothing can come any more.
    pub is_over: bool,
    /// Set while both directions go on with what waits, in the order of the capture.
    is_resuming: bool,
}

const BOTH: [Direction; 2] = [Direction::Forward, Direction::Backward];

impl Channel {
    /// The channel of a carrier on which a WebSocket may open.
    pub fn new(opening: Opening) -> Channel {
        Channel {
            websocket: WebSocket::default(),
            connection: None,
            settled: None,
            opening: Some(Box::new(opening)),
            ended: [None; 2],
            is_over: false,
            is_resuming: false,
        }
    }

    /// Takes the next chunk of a direction, of which the first `octets` are here.
    pub fn chunk(&mut self, direction: Direction, chunk: Chunk, octets: Option<&[u8]>, context: &mut Context<'_>) {
        if self.opening.is_some() {
            self.chunk_in_opening(direction, chunk, octets, context);
        } else {
            let mut rest = self.feed(direction, chunk, octets, context);
            while let Some(chunk) = rest {
                rest = self.feed(direction, chunk, None, context);
            }
        }
        self.settled = self.connection.filter(|_| self.opening.is_none() && !self.websocket.is_seeking());
    }

    /// Takes the next chunk of a direction while the WebSocket opens.
    fn chunk_in_opening(
        &mut self,
        direction: Direction,
        chunk: Chunk,
        octets: Option<&[u8]>,
        context: &mut Context<'_>,
    ) {
        let Some(opening) = &self.opening else { return };
        let stands_first = opening.waiting(direction).is_empty() && !opening.waits(direction);
        if opening.is_overridden() {
            self.ask(context, |opening, scene| opening.keep_for_override(direction, chunk, scene));
        }
        if let Some(opening) = &mut self.opening {
            opening.note(direction, chunk);
        }
        let waits = if stands_first { self.feed(direction, chunk, octets, context) } else { Some(chunk) };
        if let Some((chunk, opening)) = waits.zip(self.opening.as_mut()) {
            opening.waiting_mut(direction).push_back(chunk);
            self.drain(direction, context);
        }
        if self.opening.as_ref().is_some_and(|opening| opening.holds(direction)) {
            self.ask(context, |opening, scene| opening.look_at_held(scene));
        }
        if self.opening.as_ref().is_some_and(|opening| opening.may_lack_answer()) {
            self.ask(context, |opening, scene| opening.look_for_answer(scene));
        }
        if self.opening.as_ref().is_some_and(|opening| opening.waits_too_long(direction)) {
            self.give_up_waiting(context);
        }
        self.opening.take_if(|opening| opening.is_over());
    }

    /// Takes the end of a direction. What the other side had sent when one resets the connection may still come.
    pub fn end(&mut self, direction: Direction, how: End, packet: PacketRef, context: &mut Context<'_>) {
        if let Some(connection) = self.connection.and_then(|id| context.writer.connection(id)) {
            let by = connection.sender(direction);
            // The end that comes first in the capture counts, even if a hole kept it back.
            if connection.tcp_end.is_none_or(|end| packet.id < end.packet) {
                connection.tcp_end = Some(TcpEnd { by, how, time: packet.time, packet: packet.id });
            }
        }
        self.ended[direction.index()] = Some(how);
        if self.has_ended() {
            self.conclude(context);
        }
        if !self.has_waiting(direction) {
            self.end_frames(direction, context);
        }
    }

    /// Takes that nothing follows: the capture ends, or the carrier has.
    pub fn finish(&mut self, context: &mut Context<'_>) {
        self.conclude(context);
        self.give_up_waiting(context);
        self.override_if_due(true, context);
        BOTH.into_iter().for_each(|direction| self.end_frames(direction, context));
        self.close(context);
    }

    /// Closes the connection, if both directions have ended or one was reset, and judges what never came.
    pub fn close(&mut self, context: &mut Context<'_>) {
        self.conclude(context);
        let Some(connection) = self.connection else { return };
        if self.has_ended() || self.ended.contains(&Some(End::Reset)) {
            context.writer.end_connection(connection, context.brought.facts().last_packet.time);
        }
        if self.has_ended() {
            self.is_over = BOTH.into_iter().all(|direction| !self.has_waiting(direction));
        }
        self.judge_end(context);
    }

    /// Reads as frames what the user says are some, once nothing else can come of it.
    pub fn override_if_due(&mut self, is_last: bool, context: &mut Context<'_>) {
        if self.opening.as_ref().is_some_and(|opening| opening.is_overridden()) {
            self.ask(context, |opening, scene| opening.override_if_due(is_last, scene));
        }
    }

    /// Returns whether the user says that there are frames and none are read. Reads them, if it is clear where they
    /// are.
    pub fn read_as_told(&mut self, context: &mut Context<'_>) -> bool {
        let lacks_frames = |opening: &mut Opening, scene: &mut Scene<'_>| opening.lacks_frames(scene);
        if self.ask(context, lacks_frames) != Some(true) {
            return false;
        }
        self.ask(context, |opening, scene| opening.conclude_if_clear(scene));
        self.ask(context, lacks_frames) == Some(true)
    }

    /// The answer that something waits for will not come.
    pub fn give_up_waiting(&mut self, context: &mut Context<'_>) {
        self.ask(context, |opening, scene| opening.give_up_waiting(scene));
    }

    /// Gives up some of what is kept: what waits for an answer, else heads that are not whole.
    pub fn give_up_backlog(&mut self, context: &mut Context<'_>) {
        if BOTH.into_iter().any(|direction| self.has_waiting(direction)) {
            self.give_up_waiting(context);
        } else if let Some(opening) = &mut self.opening {
            opening.give_up_heads();
        }
    }

    /// Octets of memory that it takes, about, because something is missing.
    pub fn backlog(&self) -> usize {
        self.opening.as_ref().map_or(0, |opening| opening.backlog())
    }

    /// Returns whether this can never bear a WebSocket any more, nor ever did.
    pub fn is_uninteresting(&self) -> bool {
        self.connection.is_none() && (self.has_ended() || self.opening.as_ref().is_some_and(|it| it.is_hopeless()))
    }

    /// Returns what was counted of its connection, the last packet of the carrier having been captured at the context's
    /// time.
    pub fn tally(&self, carrier: &CarrierFacts) -> Tally {
        self.websocket.tally(carrier.last_packet.time)
    }

    /// Asks the opening, if there is one, and does what it decides.
    fn ask<T>(&mut self, context: &mut Context<'_>, ask: impl FnOnce(&mut Opening, &mut Scene<'_>) -> T) -> Option<T> {
        let mut opening = self.opening.take()?;
        let before = self.connection;
        let (websocket, brought) = (&self.websocket, context.brought);
        let mut scene = Scene {
            writer: context.writer,
            brought,
            ended: self.ended,
            tally: &|| websocket.tally(brought.facts().last_packet.time),
            connection: &mut self.connection,
            decisions: Vec::new(),
        };
        let answer = ask(&mut opening, &mut scene);
        let decisions = scene.decisions;
        self.opening = Some(opening);
        if self.connection != before {
            self.websocket.conversation = Default::default();
        }
        decisions.into_iter().for_each(|decision| self.carry_out(decision, context));
        Some(answer)
    }

    fn carry_out(&mut self, decision: Decision, context: &mut Context<'_>) {
        match decision {
            Decision::Frames { direction, at, sender, negotiated, begin } => {
                let stream = match begin {
                    Begin::Frame => FrameStream::new(at, sender, negotiated),
                    Begin::BehindGap => FrameStream::behind_gap(at, sender, negotiated),
                    Begin::Somewhere => FrameStream::seeking(at, sender, negotiated),
                };
                self.websocket.begin(direction, stream);
            }
            Decision::NoFrames(direction) => self.websocket.streams[direction.index()] = None,
            Decision::Lacks(sender) => self.websocket.conversation.gap(sender),
            Decision::Resume(_) if self.is_resuming => {}
            Decision::Resume(direction) => self.resume(direction, context),
            Decision::ResumeBoth => {
                self.is_resuming = true;
                while let Some(direction) = self.opening.as_ref().and_then(|opening| opening.next_in_capture()) {
                    self.drain_one(direction, context);
                }
                self.is_resuming = false;
                BOTH.into_iter().for_each(|direction| self.resume(direction, context));
            }
            Decision::TakeAgain(chunks) => {
                let ended = std::mem::take(&mut self.ended);
                for (direction, chunk) in chunks {
                    self.chunk(direction, chunk, None, context);
                }
                self.ended = ended;
                BOTH.into_iter().for_each(|direction| self.resume(direction, context));
            }
            Decision::Conclude => self.conclude(context),
        }
    }

    fn conclude(&mut self, context: &mut Context<'_>) {
        self.ask(context, |opening, scene| opening.conclude_held(scene));
    }

    fn has_ended(&self) -> bool {
        self.ended.iter().all(Option::is_some)
    }

    fn has_waiting(&self, direction: Direction) -> bool {
        self.opening.as_ref().is_some_and(|opening| !opening.waiting(direction).is_empty())
    }

    /// Reads on where something was decided: what waits goes on, and an end that came early takes effect.
    fn resume(&mut self, direction: Direction, context: &mut Context<'_>) {
        self.drain(direction, context);
        if self.ended[direction.index()].is_some() && !self.has_waiting(direction) {
            self.end_frames(direction, context);
        }
    }

    /// Feeds waiting chunks, until there are none or they have to wait again.
    fn drain(&mut self, direction: Direction, context: &mut Context<'_>) {
        while self.opening.as_ref().is_some_and(|it| !it.waits(direction) && !it.waiting(direction).is_empty()) {
            self.drain_one(direction, context);
        }
        if let Some(opening) = &mut self.opening
            && opening.waiting(direction).is_empty()
        {
            // Its room would add up among many carriers.
            *opening.waiting_mut(direction) = Default::default();
        }
    }

    fn drain_one(&mut self, direction: Direction, context: &mut Context<'_>) {
        let chunk = self.opening.as_mut().and_then(|opening| opening.waiting_mut(direction).pop_front());
        if let Some(chunk) = chunk
            && let Some(rest) = self.feed(direction, chunk, None, context)
            && let Some(opening) = &mut self.opening
        {
            opening.waiting_mut(direction).push_front(rest);
        }
    }

    /// Feeds a chunk, of which the first `octets` may be here; gives back what was not taken.
    fn feed(
        &mut self,
        direction: Direction,
        chunk: Chunk,
        octets: Option<&[u8]>,
        context: &mut Context<'_>,
    ) -> Option<Chunk> {
        let (at, len, packet, heard) = match chunk {
            Chunk::Gap(gap) => {
                self.gap(direction, gap, context);
                return None;
            }
            Chunk::Data { at, len, packet, heard } => (at, len, packet, heard),
        };
        let mut read = Vec::new();
        let octets = match octets {
            Some(octets) => octets,
            None => {
                context.brought.read(direction, at, len.min(WINDOW), &mut read);
                &read
            }
        };
        let taken = self.feed_octets(direction, at, octets, packet, context) as u32;
        let wants_rest = self.opening.as_ref().is_none_or(|opening| opening.wants_rest(direction));
        (wants_rest && taken < len && !octets.is_empty()).then(|| Chunk::Data {
            at: at + u64::from(taken),
            len: len - taken,
            packet,
            heard,
        })
    }

    /// Feeds octets that start at stream offset `at`; how many were taken.
    fn feed_octets(
        &mut self,
        direction: Direction,
        at: u64,
        octets: &[u8],
        packet: PacketRef,
        context: &mut Context<'_>,
    ) -> usize {
        let mut taken = 0;
        loop {
            let (here, rest) = (at + taken as u64, octets.get(taken..).unwrap_or_default());
            let more = self.ask(context, |opening, scene| opening.feed(direction, here, rest, packet, scene));
            taken += more.unwrap_or(0);
            let is_frames = self.opening.as_mut().is_none_or(|opening| opening.reads_frames(direction));
            if is_frames {
                let (here, rest) = (at + taken as u64, octets.get(taken..).unwrap_or_default());
                if let Some(connection) = self.connection.filter(|_| !rest.is_empty()) {
                    if let Some(opening) = &mut self.opening {
                        opening.touch(direction);
                    }
                    self.feed_frames(connection, direction, here, rest, packet, context);
                }
                return octets.len();
            }
            if more.is_none_or(|more| more == 0) || taken >= octets.len() {
                return taken;
            }
        }
    }

    /// Feeds octets of frames that start at stream offset `at`. Where they show that frames were passed over, those are read
    /// again.
    fn feed_frames(
        &mut self,
        connection: ConnectionId,
        direction: Direction,
        at: u64,
        octets: &[u8],
        packet: PacketRef,
        context: &mut Context<'_>,
    ) {
        let found = self.websocket.seek_or_feed(connection, direction, at, octets, packet, context.writer);
        if let Some(found) = found {
            self.read_again(connection, direction, &found, context);
        }
    }

    /// Reads frames that were found behind a gap, of which all but those in the last piece were passed over.
    ///
    /// ```text
    ///   pieces     at ├──────────┤ at ├───────────────────┤ at ├─────┤ end
    ///   read          ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓      ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓
    ///   holes                                └────┘
    /// ```
    fn read_again(&mut self, connection: ConnectionId, direction: Direction, found: &Found, context: &mut Context<'_>) {
        let ends = found.pieces.iter().skip(1).map(|next| Some(next.at)).chain([None]);
        let mut holes = found.holes.iter().filter(|hole| hole.at >= found.at).peekable();
        let mut part = Vec::new();
        for (piece, next) in found.pieces.iter().zip(ends) {
            let end = next.unwrap_or(found.end);
            let mut from = piece.at;
            while from < end {
                let up_to = holes.peek().map_or(end, |hole| hole.at.min(end));
                if from == up_to
                    && let Some(hole) = holes.next()
                {
                    self.websocket.gap_again(connection, direction, *hole, context.writer);
                    from += hole.len;
                    continue;
                }
                let wanted = u32::try_from(up_to - from).map_or(WINDOW, |len| len.min(WINDOW));
                context.brought.read(direction, from, wanted, &mut part);
                if part.len() < wanted as usize {
                    // The file has lost them meanwhile.
                    return self.websocket.lose(direction, found.end);
                }
                let (packet, writer) = (piece.packet, &mut *context.writer);
                match next {
                    Some(_) => self.websocket.feed_again(connection, direction, from, &part, packet, writer),
                    None => self.websocket.feed(connection, direction, from, &part, packet, writer),
                }
                from += u64::from(wanted);
            }
        }
    }

    fn gap(&mut self, direction: Direction, gap: Gap, context: &mut Context<'_>) {
        self.ask(context, |opening, scene| opening.gap(direction, gap, scene));
        if let Some(connection) = self.connection {
            self.websocket.gap(connection, direction, gap, context.writer);
        }
    }

    /// Nothing more comes in this direction, and everything that came was read.
    fn end_frames(&mut self, direction: Direction, context: &mut Context<'_>) {
        let Some(connection) = self.connection else { return };
        // An RST ends both directions.
        let reset = self.ended[direction.reverse().index()].filter(|how| *how == End::Reset);
        let how = self.ended[direction.index()].or(reset);
        if how == Some(End::Fin)
            && let Some(found) = self.websocket.seek_end(connection, direction, context.writer)
        {
            self.read_again(connection, direction, &found, context);
        }
        self.websocket.end(connection, direction, how, context.writer);
    }

    fn judge_end(&mut self, context: &mut Context<'_>) {
        let Some(connection) = self.connection else { return };
        let directions = self.ended.map(|ended| ended.is_some());
        let ended = Ended { directions, last_packet: context.brought.facts().last_packet.time };
        self.websocket.judge_end(connection, &ended, context.writer);
    }
}
