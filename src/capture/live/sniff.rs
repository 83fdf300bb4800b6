//! The loop that sniffs: card → blocks → sink, until something ends it.

use std::io::{self, Read as _, Stdin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::blocks::{packets_in, whole_blocks, write_head, write_packet, write_statistics};
use super::card::{Card, HAND_OVER};
use super::limits::{Limits, nanoseconds};
use super::report::{Ended, Statistics};
use super::sink::Sink;
use crate::base::Timestamp;

/// Nothing happens longer than that without a look at the clock and at the counters.
const TICK: Duration = Duration::from_millis(100);
/// After so long without a packet, the interface may have gone.
const SILENCE: Duration = Duration::from_millis(500);
/// The time that writing the packets from before the end may take.
const LAST: Duration = Duration::from_secs(5);

/// The means by which somebody else ends the sniffing.
#[derive(Debug, Default)]
pub struct StopSignal {
    asked: Arc<AtomicBool>,
    input: Option<Stdin>,
}

impl StopSignal {
    /// Ctrl-C and SIGTERM. The second one ends the program at once.
    ///
    /// # Errors
    /// Fails with the operating system's error.
    pub fn by_signals() -> io::Result<StopSignal> {
        use signal_hook::consts::{SIGINT, SIGTERM};
        let stop = StopSignal::default();
        for signal in [SIGINT, SIGTERM] {
            signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&stop.asked))?;
            signal_hook::flag::register(signal, Arc::clone(&stop.asked))?;
        }
        Ok(stop)
    }

    /// … and the end of standard input: whoever started this process closes it, or has gone.
    pub fn or_input_ends(self) -> StopSignal {
        StopSignal { input: Some(io::stdin()), ..self }
    }

    /// Asks for the end.
    pub fn ask(&self) {
        self.asked.store(true, Ordering::Relaxed);
    }

    /// Returns what asks for the same end.
    pub fn share(&self) -> StopSignal {
        StopSignal { asked: Arc::clone(&self.asked), input: None }
    }

    /// Returns whether somebody asked.
    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Reads what standard input has now; its end is a wish.
    fn listen(&self) {
        if let Some(input) = &self.input
            && input.lock().read(&mut [0; 64]).is_ok_and(|len| len == 0)
        {
            self.ask();
        }
    }
}

/// Sniffs until something ends it. `each` hears what was counted so far, after everything counted is in the sink.
///
/// The capture is whole whatever happens; its last block tells what was dropped.
pub fn sniff(
    card: &mut Card,
    mut sink: Sink,
    limits: &Limits,
    stop: &StopSignal,
    mut each: impl FnMut(&Statistics),
) -> (Ended, Statistics) {
    let (started, start) = (Instant::now(), now());
    let mut pump = Pump { statistics: Statistics::default(), blocks: Vec::new(), limits: *limits };
    let (mut counted, mut looked) = (started, started);
    let mut end = pump.begin(card, &mut sink).err();
    while end.is_none() {
        pump.statistics.elapsed_ns = nanoseconds(started.elapsed());
        if stop.is_asked() {
            end = Some(Ended::Asked);
        } else {
            end = limits.reached(&pump.statistics, sink.len());
        }
        if matches!(end, Some(Ended::Asked | Ended::Duration(_))) {
            // What came before, the kernel still has.
            let trouble = pump.drain(card, &mut sink, now());
            end = trouble.or(end);
        }
        if end.is_some() {
            break;
        }
        match pump.turn(card, &mut sink, None) {
            Ok(packets) => {
                if counted.elapsed() >= TICK {
                    pump.count_drops(card);
                    counted = Instant::now();
                }
                if packets > 0 {
                    looked = Instant::now();
                    each(&pump.statistics);
                } else {
                    if looked.elapsed() >= SILENCE {
                        end = card.trouble().map(Ended::Interface);
                        looked = Instant::now();
                    }
                    let left = limits.duration.map_or(TICK, |most| most.saturating_sub(started.elapsed()));
                    if card.wait(stop.input.as_ref(), left.min(TICK)) {
                        stop.listen();
                    }
                    each(&pump.statistics);
                }
            }
            Err(why) => end = Some(why),
        }
    }
    pump.statistics.elapsed_ns = nanoseconds(started.elapsed());
    pump.count_drops(card);
    let mut last = Vec::new();
    write_statistics(&mut last, start, now(), &pump.statistics);
    // Where there is no room for it, the packets are all the same there.
    _ = sink.write(&last);
    each(&pump.statistics);
    (end.unwrap_or(Ended::Asked), pump.statistics)
}

/// Moves packets from a card to a sink, and counts them.
struct Pump {
    statistics: Statistics,
    blocks: Vec<u8>,
    limits: Limits,
}

impl Pump {
    fn begin(&mut self, card: &Card, sink: &mut Sink) -> Result<(), Ended> {
        let mut head = Vec::new();
        write_head(&mut head, card.described());
        sink.begin(&head).map_err(|error| Ended::File(error.to_string()))
    }

    fn count_drops(&mut self, card: &mut Card) {
        let drops = card.drops();
        (self.statistics.dropped, self.statistics.dropped_by_card) = (drops.kernel, drops.card);
    }

    /// Moves what the card has now to the sink, and says how many packets that were; with `until` only what was seen
    /// before.
    fn turn(&mut self, card: &mut Card, sink: &mut Sink, until: Option<Timestamp>) -> Result<usize, Ended> {
        let left = self.limits.packets.map_or(u64::MAX, |most| most.saturating_sub(self.statistics.packets));
        let blocks = &mut self.blocks;
        blocks.clear();
        let read = card.read(left, |packet| {
            if until.is_none_or(|until| packet.time <= until) {
                write_packet(blocks, packet.time, packet.original_len, packet.octets);
            }
        });
        let kept = self.keep(sink);
        read.map_err(Ended::Interface).and(kept)
    }

    /// Writes the blocks, as many as the limit of size lets.
    fn keep(&mut self, sink: &mut Sink) -> Result<usize, Ended> {
        let (before, mut end) = (sink.len(), None);
        let mut part = self.blocks.len();
        if let Some(size) = self.limits.size {
            let room = usize::try_from(size.saturating_sub(before)).unwrap_or(usize::MAX);
            part = whole_blocks(&self.blocks, room);
            if part < self.blocks.len() {
                end = Some(Ended::Size(size));
            }
        }
        let turns = sink.turns();
        if part > 0
            && let Err(error) = sink.write(&self.blocks[..part])
        {
            // Of a ring it cannot be told, and nothing of it is lost but the last packets.
            part = usize::try_from(sink.len().saturating_sub(before)).unwrap_or(part).min(part);
            end = Some(Ended::File(error.to_string()));
        }
        let (packets, octets) = packets_in(&self.blocks[..part]);
        self.statistics.packets += packets;
        self.statistics.octets += octets;
        self.statistics.turns += sink.turns() - turns;
        end.map_or(Ok(usize::try_from(packets).unwrap_or(usize::MAX)), Err)
    }

    /// Writes what was seen before `until` and waits in the kernel's buffer.
    fn drain(&mut self, card: &mut Card, sink: &mut Sink, until: Timestamp) -> Option<Ended> {
        let (started, mut waited) = (Instant::now(), false);
        while started.elapsed() < LAST {
            match self.turn(card, sink, Some(until)) {
                Ok(0) if waited => break,
                // A part of the kernel's buffer that is not full is handed over later, on a busy machine much later.
                Ok(0) => {
                    card.wait(None, HAND_OVER * 10);
                    waited = true;
                }
                Ok(_) => waited = false,
                Err(why) => return Some(why),
            }
        }
        None
    }
}

/// The time of day.
fn now() -> Timestamp {
    Timestamp(nanoseconds(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()))
}
