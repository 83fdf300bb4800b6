//! Everything that needs payloads is judged in a pass of its own behind the index, so that it never delays a row.
//!
//! ```text
//!   frames table ─ sort ─▶ one queue a side: its frames of text messages     a round: frames of about 1 MiB
//!                                │
//!                          side by side, each as far as its octets came
//!                                │
//!   Stream ─ Cursor ─▶ runs ─▶ octets at hand, or blocks          ┬▶ unmask ─▶ Utf8 ─────────────▶ Finding
//!                                                                 └▶ gather what is compressed       ▲
//!                                    a batch: some 16 MiB of it      │ one Stretch a side            │
//!                                                                    ▼                               │
//!                                                                   Job ─▶ pool: Inflater ─▶ Utf8 ─▶ Outcome
//! ```
//!
//! A payload that lies in one piece before the index pass may be judged there and then (`websocket::at_once`); the pass
//! passes over it.
//!
//! A side is one sender of one connection. It keeps what a message needs across its frames and segments, and works
//! through its part of a round in one go. What it waits for is told by the flow: a frame whose octets did not all come
//! yet, and a message that is wrong and has not ended.
//!
//! Whoever prints messages behind their judging has what they inflate to [kept](KeptMessages), so that each is inflated once.
//!
//! Inflating takes nearly all the time where messages are compressed, and is quickest when many messages of one sender lie
//! behind one another in memory. A [`Job`] needs nothing but itself, so that an [`InflatePool`] can do as many at once as it
//! likes. Jobs are taken back in their order, and before the next batch is handed out: who does them makes no difference to what
//! is found, nor to its order.

pub(in crate::dissect) mod on_demand;

mod compressed;
mod gathered;
mod job;
mod kept;
pub(in crate::dissect) mod reader;
mod side;
mod stretch;

pub use self::job::{InflatePool, Job, SpareInflater};
pub use self::kept::KeptMessages;

use self::gathered::Batch;
use self::job::Alone;
use self::reader::PayloadReader;
use self::side::{Side, Went};
use crate::base::{ConnectionId, FrameId, MessageId, Nearby, Sender};
use crate::dissect::index::connection::side as side_of;
use crate::dissect::index::record::{FrameRecord, NONE};
use crate::dissect::index::{Index, Writer};
use crate::dissect::table::{FlowEntry, Touched};
use crate::ws::Opcode;

/// A round has no more frames than this …
const ROUND_FRAMES: usize = 8192;
/// … and no more once so many payload octets are in it.
const ROUND_OCTETS: u64 = 1 << 20;
/// The cost of a frame to a budget besides its octets.
const FRAME_COST: u64 = 16;

/// The things that the pass works on.
pub(super) struct Scene<'a> {
    pub writer: &'a mut Writer,
    pub flows: &'a mut [FlowEntry],
    pub nearby: Nearby<'a>,
    pub touched: &'a mut Touched,
    /// The number of octets that may still be judged in this call.
    pub budget: u64,
}

/// The pass: what was judged, and what waits.
#[derive(Debug)]
pub(super) struct Payloads {
    /// Frames below were sorted.
    sorted: usize,
    /// By connection and sender: which of `sides` it is; `NONE` where no text came yet.
    places: Vec<u32>,
    sides: Vec<Side>,
    /// The queues of the sides, interleaved.
    links: Vec<Link>,
    /// Sides with something to do in this round, of which those below `turn` are done.
    ready: Vec<u32>,
    turn: usize,
    reader: PayloadReader,
    /// Jobs to be inflated next, and the pool that does it.
    batch: Batch,
    pool: Box<dyn InflatePool>,
    /// The number of jobs that it was given and that were not taken back, and the number that it lost.
    under_way: usize,
    lost: usize,
    /// Nothing follows.
    is_last: bool,
    /// The store for inflated messages, for whoever prints them.
    kept: Option<KeptMessages>,
}

impl Default for Payloads {
    fn default() -> Payloads {
        Payloads {
            sorted: 0,
            places: Vec::new(),
            sides: Vec::new(),
            links: Vec::new(),
            ready: Vec::new(),
            turn: 0,
            reader: PayloadReader::default(),
            batch: Batch::default(),
            pool: Box::new(Alone::default()),
            under_way: 0,
            lost: 0,
            is_last: false,
            kept: None,
        }
    }
}

/// A frame in a side's queue.
#[derive(Clone, Copy, Debug)]
struct Link {
    frame: FrameId,
    /// The next one; `NONE` at the end.
    next: u32,
}

impl Payloads {
    /// Lets `pool` inflate from now on. Those who did so far finish what they have, within the scene's budget: nobody else knows of
    /// it.
    pub fn set_inflate_pool(&mut self, pool: Box<dyn InflatePool>, scene: &mut Scene<'_>) {
        if self.take_back(scene) {
            self.pool = pool;
        }
    }

    /// Judges what can be judged now, within the scene's budget. Returns whether something is left.
    pub fn judge(&mut self, scene: &mut Scene<'_>) -> bool {
        if self.gather(scene) {
            return true;
        }
        loop {
            if !self.take_back(scene) {
                return true;
            }
            let jobs = self.take_batch(scene, self.is_last);
            if jobs.is_empty() {
                return false;
            }
            self.start(jobs);
        }
    }

    /// Gathers as far as octets are needed now, and leaves what can be inflated later: what is in the file is looked at
    /// once.
    pub fn gather(&mut self, scene: &mut Scene<'_>) -> bool {
        loop {
            while let Some(side) = self.ready.get(self.turn).and_then(|place| self.sides.get_mut(*place as usize)) {
                let went = side.judge(&self.links, &mut self.reader, &mut self.batch, scene);
                match went {
                    Went::Through => self.turn += 1,
                    Went::Paused => return true,
                    Went::Full => {
                        // While a batch is inflated the next one is gathered.
                        if !self.take_back(scene) {
                            return true;
                        }
                        let jobs = self.take_batch(scene, false);
                        self.start(jobs);
                    }
                }
            }
            self.links.clear();
            self.ready.clear();
            self.turn = 0;
            if !self.sort(scene) {
                return false;
            }
            if scene.budget == 0 {
                return true;
            }
        }
    }

    /// Keeps what messages inflate to from now on.
    pub fn keep(&mut self, kept: KeptMessages) {
        self.kept = Some(kept);
    }

    /// Returns how many messages, from the first on, are judged to their end.
    pub fn judged_messages(&self, index: &Index) -> usize {
        let sorted = |first: &FrameId| first.index() < self.sorted;
        let begun = index.messages.partition_point_near_end(sorted);
        let undecided = self.sides.iter().filter_map(|side| side.undecided(&self.links, index));
        undecided.map(MessageId::index).fold(begun, usize::min)
    }

    fn take_batch(&mut self, scene: &Scene<'_>, all: bool) -> Vec<Job> {
        self.batch.take(&mut self.sides, scene.writer.index.checkpoints.len(), all, self.kept.as_ref())
    }

    fn start(&mut self, jobs: Vec<Job>) {
        self.under_way = jobs.len();
        self.pool.start(jobs);
    }

    /// Counts the senders whose messages are not inflated any more, because a thread of the pool died.
    pub fn lost(&self) -> usize {
        self.lost
    }

    /// Takes what was inflated from the pool; false where some of it is left to be done.
    fn take_back(&mut self, scene: &mut Scene<'_>) -> bool {
        let Some(jobs) = self.pool.finish(&mut scene.budget) else { return false };
        self.lost += std::mem::take(&mut self.under_way).saturating_sub(jobs.len());
        for job in jobs {
            if let Some(side) = self.sides.get_mut(job.place as usize) {
                side.take_back(job, &mut self.batch, scene);
            }
        }
        true
    }

    /// Nothing follows: what waits has to do with what is there.
    pub fn finish(&mut self) {
        self.is_last = true;
        for (place, side) in (0..).zip(&mut self.sides) {
            if let Some(gathering) = side.gathering().filter(|gathering| !gathering.stretch.is_empty()) {
                self.batch.note(place, gathering, 0);
            }
            if side.waits() && side.make_ready() {
                self.ready.push(place);
            }
        }
    }

    /// Returns how far it has come, as an offset in the file: the furthest octet that was looked at.
    pub fn position(&self) -> u64 {
        self.reader.position()
    }

    /// Puts the next round's frames into the queues of their sides; returns whether there is anything to do.
    fn sort(&mut self, scene: &mut Scene<'_>) -> bool {
        for flow in scene.touched.awaited.drain(..) {
            for connection in scene.flows.get(flow.index()).map_or_else(Vec::new, FlowEntry::connections) {
                for sender in [Sender::Client, Sender::Server] {
                    let place = self.place(connection, sender);
                    if let Some(place) = place.filter(|place| self.sides[*place as usize].waits()) {
                        self.make_ready(place);
                    }
                }
            }
        }
        let frames = scene.writer.index.frames.len();
        let end = frames.min(self.sorted + ROUND_FRAMES);
        let mut octets = 0;
        while self.sorted < end && octets < ROUND_OCTETS {
            let id = FrameId::from_index(self.sorted);
            self.sorted += 1;
            scene.budget = scene.budget.saturating_sub(FRAME_COST);
            let Some(frame) = scene.writer.index.frames.get(id.index()) else { continue };
            let opcode = frame.header.opcode();
            // What is compressed is the window of what follows, be it text or not.
            let starts = opcode == Opcode::TEXT || opcode == Opcode::BINARY && frame.is_compressed();
            if frame.is_judged() || !starts && opcode != Opcode::CONTINUATION {
                continue;
            }
            let Some(place) = self.place_of_text(frame, starts, scene) else { continue };
            self.enqueue(place, id);
            octets = octets.saturating_add(frame.header.payload_len());
        }
        !self.ready.is_empty() || self.sorted < frames
    }

    fn place(&self, connection: ConnectionId, sender: Sender) -> Option<u32> {
        let place = self.places.get(2 * connection.index() + side_of(sender)).copied();
        place.filter(|place| *place != NONE)
    }

    /// The side whose queue a frame belongs into; `None` where its payload is not to be judged as text.
    fn place_of_text(&mut self, frame: &FrameRecord, starts: bool, scene: &Scene<'_>) -> Option<u32> {
        let (connection, sender, message) = (frame.connection, frame.sender(), frame.message()?);
        let known = self.place(connection, sender);
        if !starts {
            return known.filter(|place| self.sides[*place as usize].is_text(message));
        }
        let place = match known {
            Some(place) => place,
            None => {
                let place = u32::try_from(self.sides.len()).ok()?;
                let side = Side::new(place, scene.writer.connections().get(connection.index())?, sender);
                let index = 2 * connection.index() + side_of(sender);
                if self.places.len() <= index {
                    self.places.resize(index + 1, NONE);
                }
                self.places[index] = place;
                self.sides.push(side);
                place
            }
        };
        self.sides[place as usize].starts_text(message, frame).then_some(place)
    }

    fn enqueue(&mut self, place: u32, frame: FrameId) {
        let link = u32::try_from(self.links.len()).unwrap_or(NONE);
        self.links.push(Link { frame, next: NONE });
        if let Some(last) = self.sides[place as usize].enqueue(link) {
            self.links[last as usize].next = link;
        }
        self.make_ready(place);
    }

    fn make_ready(&mut self, place: u32) {
        if self.sides[place as usize].make_ready() {
            self.ready.push(place);
        }
    }
}
