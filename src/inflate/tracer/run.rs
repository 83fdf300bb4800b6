//! The middle of a block, where neither octets nor room come to an end and nobody has to look whether they do. Here nearly
//! all the time is spent.

use super::{MOST, State, Tracer};
use crate::inflate::bits::{Bits, Stream};
use crate::inflate::cell::Cell;
use crate::inflate::code::{Codes, FIXED, Meaning};

/// Octets that are copied at once …
const CHUNK: usize = 64;
/// … and from near.
const NEAR: usize = 16;
/// The number of cells that a step may give and write behind that: some octets, a copy, and the rest of a chunk.
pub(super) const STEP_ROOM: usize = 3 + MOST + CHUNK;

/// Walks through symbols as long as there is nothing special about them; whether the block has ended. What stopped it
/// comes next: the end of what there is, or what must not be. No more than `wanted` octets are given.
///
/// This is compiled twice: for processors that shift by any register too, which takes off a twentieth.
#[multiversion::multiversion(targets("x86_64+bmi1+bmi2"))]
pub(super) fn run<C: Cell>(tracer: &mut Tracer<C>, bits: &mut Bits<'_>, wanted: u64) -> bool {
    let (window, floor) = (1 << tracer.agreed.window_bits, if tracer.agreed.takeover { 0 } else { tracer.start });
    let Codes { literals, distances } = if tracer.block.is_fixed { &*FIXED } else { &tracer.codes };
    let (start, mut reach) = (tracer.start, tracer.reach);
    let end = tracer.end;
    let room = end.saturating_add(usize::try_from(wanted).unwrap_or(usize::MAX)).min(tracer.room.len());
    let mut out = Out { stream: bits.stream(), room: &mut tracer.room[..room], end };
    let mut goes_on = out.has_room(STEP_ROOM) && out.stream.fill();
    let mut symbol = literals.short(out.stream.ahead());
    let has_ended = loop {
        if !goes_on {
            break false;
        }
        if symbol.is_octet() {
            // Three short codes are no more than 33 bits.
            out.put(symbol);
            symbol = literals.short(out.stream.ahead());
            if symbol.is_octet() {
                out.put(symbol);
                symbol = literals.short(out.stream.ahead());
                if symbol.is_octet() {
                    out.put(symbol);
                    goes_on = out.has_room(STEP_ROOM) && out.stream.fill();
                    symbol = literals.short(out.stream.ahead());
                    continue;
                }
            }
            if !out.stream.fill() {
                break false;
            }
        }
        if symbol.is_none() {
            symbol = literals.long(out.stream.ahead());
            if symbol.is_none() {
                break false;
            }
            if symbol.is_octet() {
                out.put(symbol);
                goes_on = out.has_room(STEP_ROOM) && out.stream.fill();
                symbol = literals.short(out.stream.ahead());
                continue;
            }
        }
        if symbol.is_end() {
            out.stream.skip(symbol.bits());
            break true;
        }
        // A length and a distance are at most 15 + 5 + 15 + 13 bits.
        let before = out.stream;
        let len = symbol.value_with(out.stream.ahead()) as usize;
        out.stream.skip(symbol.bits());
        let mut found = distances.short(out.stream.ahead());
        if found.is_none() {
            found = distances.long(out.stream.ahead());
        }
        let distance = found.value_with(out.stream.ahead()) as usize;
        out.stream.skip(found.bits());
        if found.is_none() || distance > window || distance > out.end - floor {
            if found.is_none() || distance > out.end {
                out.stream = before;
                break false;
            }
            // Its sender has not agreed to that.
            reach.note(distance, out.end - start);
        }
        // What comes next is looked up while this is copied.
        goes_on = out.has_room(STEP_ROOM + len) && out.stream.fill();
        symbol = literals.short(out.stream.ahead());
        copy(out.room, out.end, distance, len);
        out.end += len;
    };
    let (stream, end) = (out.stream, out.end);
    if !bits.follow(stream) {
        // There was no end of the block in time. It is gone through again.
        tracer.is_careful = true;
        return false;
    }
    (tracer.end, tracer.reach) = (end, reach);
    if has_ended {
        tracer.state = State::BlockEnd;
    }
    has_ended
}

/// The source of the bits and the target of the octets.
struct Out<'a, 'b, C> {
    stream: Stream<'a>,
    room: &'b mut [C],
    end: usize,
}

impl<C: Cell> Out<'_, '_, C> {
    #[inline(always)]
    fn has_room(&self, wanted: usize) -> bool {
        self.room.len() - self.end >= wanted
    }

    #[inline(always)]
    fn put(&mut self, octet: Meaning) {
        self.stream.skip(octet.bits());
        self.room[self.end] = C::from(octet.value() as u8);
        self.end += 1;
    }
}

/// Copies `len` octets that stand `distance` before `to`, which may be fewer, and writes what it likes to [`CHUNK`] behind.
#[inline(always)]
fn copy<C: Cell>(room: &mut [C], to: usize, distance: usize, len: usize) {
    let room = &mut room[to - distance..to + len + CHUNK];
    if distance >= CHUNK {
        // Nearly all copies are done with the first one.
        copy_chunks::<C, CHUNK>(room, distance, len);
    } else if distance >= NEAR {
        copy_chunks::<C, NEAR>(room, distance, len);
    } else if distance == 1 {
        let octet = room[0];
        room[1..=len].fill(octet);
    } else {
        for at in 0..len {
            room[at + distance] = room[at];
        }
    }
}

#[inline(always)]
fn copy_chunks<C: Cell, const SIZE: usize>(room: &mut [C], distance: usize, len: usize) {
    let mut at = 0;
    loop {
        let mut chunk = [C::default(); SIZE];
        chunk.copy_from_slice(&room[at..at + SIZE]);
        room[at + distance..at + distance + SIZE].copy_from_slice(&chunk);
        at += SIZE;
        if at >= len {
            break;
        }
    }
}
