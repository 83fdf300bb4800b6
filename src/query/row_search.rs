//! The search for the rows that answer a query: a piece at a time, and again for what the capture has grown by.
//!
//! ```text
//!   ids ── filter, place ──▸ found ── sort ──┬─▸ places, in order
//!   earlier rows that findings or further ───┘
//!   frames concern: out, and in again
//! ```

use super::order::Ranking;
use super::rank_sort::RankSort;
use super::row_set::RowSet;
use super::{Query, RowField, RowKind};
use crate::base::{FindingId, FrameId, MessageId, Table};
use crate::dissect::{FrameRecord, Snapshot};
use crate::ws::Opcode;

/// Finds the rows of one query.
pub struct RowSearch {
    query: Query,
    /// The places of the rows that were found in earlier rounds; in the order of the capture, those of this one too.
    places: Table<u64>,
    stage: Stage,
    /// The rows that were found in this round.
    found: RankSort,
    /// Ids that were judged: all below.
    judged: usize,
    /// Those of earlier rounds.
    judged_before: usize,
    /// Findings that were looked at.
    findings: usize,
    /// Rows that may still change, in order, and where they were found: messages that are not at their end, and what is asked
    /// about by what is not known yet.
    open: Vec<(u32, Option<u64>)>,
    /// The snapshot that earlier rounds told places from: `places` are in the order that they had there.
    before: Option<Snapshot>,
    /// Places of earlier rounds that are no longer right, and places to take in their stead.
    out: Vec<u64>,
    again: Vec<u64>,
}

/// The stage that a step works on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Judging,
    Sorting,
    Merging,
}

impl RowSearch {
    /// A search that has found nothing yet.
    pub fn new(query: Query) -> RowSearch {
        RowSearch {
            query,
            places: Table::default(),
            stage: Stage::Judging,
            found: RankSort::default(),
            judged: 0,
            judged_before: 0,
            findings: 0,
            open: Vec::new(),
            before: None,
            out: Vec::new(),
            again: Vec::new(),
        }
    }

    /// Judges at most `most` more ids (or findings) of `snapshot`, or brings what was found a step nearer to its order;
    /// returns whether something is left to do. Until nothing is, call it with the same snapshot: that is a round.
    pub fn step(&mut self, snapshot: &Snapshot, most: usize) -> bool {
        match self.stage {
            Stage::Judging => {
                let total = self.query.kind.total(snapshot);
                if self.judged < total {
                    self.judge(snapshot, total.min(self.judged.saturating_add(most)));
                } else if self.asks_for_findings() && self.findings < snapshot.finding_count() {
                    self.judge_by_findings(snapshot, most);
                } else {
                    self.judge_open(snapshot);
                    self.stage = Stage::Sorting;
                }
            }
            Stage::Sorting => {
                if !self.found.pass() {
                    self.stage = Stage::Merging;
                }
            }
            Stage::Merging => {
                self.merge(snapshot);
                self.stage = Stage::Judging;
                return false;
            }
        }
        true
    }

    /// Returns whether findings can change which rows pass. A finding itself never changes.
    fn asks_for_findings(&self) -> bool {
        self.query.kind != RowKind::Findings && self.query.filter.asks_for_findings()
    }

    /// The part of the ids that were judged, from 0 to 1.
    pub fn progress(&self, snapshot: &Snapshot) -> f32 {
        self.judged as f32 / self.query.kind.total(snapshot).max(1) as f32
    }

    /// Returns whether what was found so far can be shown before the round ends.
    pub fn is_in_order(&self) -> bool {
        self.query.order.key == RowField::Number
    }

    /// The rows in order, those of an unfinished round as far as [`RowSearch::is_in_order`] allows.
    pub fn rows(&self, snapshot: &Snapshot) -> RowSet {
        RowSet::listed(self.query.clone(), self.places.clone(), snapshot)
    }

    /// Judges the ids below `end`.
    fn judge(&mut self, snapshot: &Snapshot, end: usize) {
        let ranking = Ranking::new(snapshot, self.query.kind, self.query.order);
        for id in self.judged as u32..end as u32 {
            let (place, is_open) = judge(&self.query, &ranking, snapshot, id);
            match place {
                Some(place) if self.is_in_order() => self.places.push(place),
                Some(place) => self.found.push(place),
                None => {}
            }
            if is_open {
                self.open.push((id, place));
            }
        }
        self.judged = end;
    }

    /// Findings are added to rows that were judged in earlier rounds: those are judged again.
    fn judge_by_findings(&mut self, snapshot: &Snapshot, most: usize) {
        let before = self.before.clone();
        let ranking = Ranking::new(before.as_ref().unwrap_or(snapshot), self.query.kind, self.query.order);
        let end = snapshot.finding_count().min(self.findings.saturating_add(most));
        for index in self.findings..end {
            let Some(finding) = snapshot.finding_record(index) else { break };
            let id = match self.query.kind {
                RowKind::Frames => finding.frame().map(|id| id.0),
                RowKind::Messages => {
                    let of_frame = || snapshot.frame(finding.frame()?)?.message();
                    finding.message().or_else(of_frame).map(|id| id.0)
                }
                RowKind::Findings => None,
            };
            // Open messages are judged again in any case.
            let is_settled = |id: &u32| {
                (*id as usize) < self.judged_before && self.open.binary_search_by_key(id, |open| open.0).is_err()
            };
            let Some(id) = id.filter(is_settled) else { continue };
            let place = ranking.place(id);
            match (self.holds(place, &ranking), self.query.passes(snapshot, id)) {
                (false, true) => self.again.push(place),
                (true, false) => self.out.push(place),
                _ => {}
            }
        }
        self.findings = end;
    }

    fn holds(&self, place: u64, ranking: &Ranking<'_>) -> bool {
        let at = self.places.partition_point(|other| ranking.compare(*other, place).is_lt());
        self.places.get(at) == Some(&place)
    }

    /// Messages that were not at their end when they were judged have become longer; others were inflated.
    fn judge_open(&mut self, snapshot: &Snapshot) {
        let ranking = Ranking::new(snapshot, self.query.kind, self.query.order);
        let mut open = std::mem::take(&mut self.open);
        open.retain_mut(|(id, before)| {
            let (place, is_open) = judge(&self.query, &ranking, snapshot, *id);
            // Within an inexact rank a longer message may have another place.
            if *before != place || place.is_some_and(|place| !ranking.is_exact(place)) {
                self.out.extend(*before);
                self.again.extend(place);
                *before = place;
            }
            is_open
        });
        self.open = open;
    }

    /// Puts what was found in this round where it belongs.
    fn merge(&mut self, snapshot: &Snapshot) {
        let ranking = Ranking::new(snapshot, self.query.kind, self.query.order);
        self.judged_before = self.judged;
        self.before = Some(snapshot.clone());
        let mut out = std::mem::take(&mut self.out);
        out.sort_unstable();
        let mut again = std::mem::take(&mut self.again);
        again.sort_unstable_by(|a, b| ranking.compare(*a, *b));
        again.dedup();
        let mut found = self.found.take();
        ranking.sort_within_ranks(&mut found);
        let is_behind = match (self.places.last(), found.first()) {
            (Some(last), Some(first)) => ranking.compare(*last, *first).is_lt(),
            _ => true,
        };
        if out.is_empty() && again.is_empty() && is_behind {
            return found.into_iter().for_each(|place| self.places.push(place));
        }
        let mut places = Table::default();
        let found = merged(&ranking, found.iter(), again.iter());
        let kept = self.places.iter().filter(|place| out.binary_search(place).is_err());
        merged(&ranking, kept, found).for_each(|place| places.push(*place));
        self.places = places;
    }
}

/// The place of a row if it passes, and whether both may still change.
fn judge(query: &Query, ranking: &Ranking<'_>, snapshot: &Snapshot, id: u32) -> (Option<u64>, bool) {
    match query.kind {
        RowKind::Messages => {
            let Some(message) = snapshot.message(MessageId(id)) else { return (None, false) };
            let place = query.filter.message(snapshot, &message).then(|| ranking.place_of(&message));
            (place, !message.ended || may_change(query, snapshot, message.first))
        }
        RowKind::Frames => {
            let place = query.passes(snapshot, id).then(|| ranking.place(id));
            (place, may_change(query, snapshot, FrameId(id)))
        }
        RowKind::Findings => {
            let about = snapshot.finding_record(FindingId(id).index()).and_then(|finding| finding.frame());
            let place = query.passes(snapshot, id).then(|| ranking.place(id));
            (place, about.is_some_and(|frame| may_change(query, snapshot, frame)))
        }
    }
}

/// Returns whether something that is asked about this frame is not known yet.
fn may_change(query: &Query, snapshot: &Snapshot, frame: FrameId) -> bool {
    let lacks_plain = |frame: &FrameRecord| {
        let message = frame.message().and_then(|id| snapshot.message(id));
        message.is_some_and(|message| !message.ended || snapshot.plain_len_of(&message).is_none())
    };
    let lacks_ping = |frame: &FrameRecord| frame.header.opcode() == Opcode::PONG && !frame.is_ended();
    (query.asks_for_plain() && snapshot.frame(frame).is_some_and(lacks_plain))
        || (query.asks_for_round_trip() && snapshot.frame(frame).is_some_and(lacks_ping))
}

/// Two sorted lists as one.
fn merged<'a>(
    ranking: &Ranking<'_>,
    a: impl Iterator<Item = &'a u64>,
    b: impl Iterator<Item = &'a u64>,
) -> impl Iterator<Item = &'a u64> {
    let (mut a, mut b) = (a.peekable(), b.peekable());
    std::iter::from_fn(move || match (a.peek(), b.peek()) {
        (Some(first), Some(second)) if ranking.compare(**second, **first).is_lt() => b.next(),
        (Some(_), _) => a.next(),
        (None, _) => b.next(),
    })
}
