//! Findings as the index keeps them: small records, whose places and values are worked out when they are shown.

use std::sync::Arc;

use crate::base::{
    Breach, ConnectionId, Fact, Finding, FindingId, FrameId, MessageId, PacketId, Place, Rule, Sender, Severity,
};
use crate::dissect::index::Writer;
use crate::dissect::index::record::{FrameRecord, NONE};
use crate::dissect::index::snapshot::Snapshot;
use crate::net::GapCause;
use crate::ws::{FrameBreach, InvalidUtf8};

/// A finding in 32 octets: enough for filters, rows and counts. [`Snapshot::finding`] tells the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FindingRecord {
    /// The rule that is broken or touched.
    pub rule: Rule,
    /// The peer whose doing it is.
    pub sender: Sender,
    told: Told,
    connection: u32,
    frame: u32,
    message: u32,
    /// The finding before about the same frame.
    pub(in crate::dissect) previous_of_frame: u32,
    /// The finding before about the same connection.
    pub(in crate::dissect) previous_of_connection: u32,
}

/// The source of the place and the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// This and the frame's header.
    Frame(FrameBreach),
    /// A row of the index's details.
    Detail(u32),
}

/// Values of a finding that no header tells. A capture may lack octets in every frame, so that is kept in few octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::dissect) enum Detail {
    /// Octets of a stream that the capture lacks.
    Gap(Gap),
    /// Octets of a frame's payload that the capture lacks: `len` from octet `at` on.
    Hole { at: u64, len: u64 },
    /// Octets that were sent twice, and not the same.
    Conflict(Conflict),
    /// Text that is not UTF-8.
    NotUtf8(NotUtf8),
    /// Anything that is rare: place and values as they are.
    Rare(Arc<Breach>),
}

/// Octets of a stream that the capture lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dissect) struct Gap {
    /// Stream offset of the first.
    pub at: u64,
    /// Their number.
    pub len: u64,
    pub cause: GapCause,
    /// The packet that brought the octets before.
    pub before: PacketId,
    /// The packet that tells of them.
    pub packet: PacketId,
    /// A frame header is among them, so that the frames behind cannot be placed.
    pub lost: bool,
}

impl Gap {
    pub fn rule(&self) -> Rule {
        match self.cause {
            GapCause::PacketCut => Rule::CapturePacketsCut,
            GapCause::NotCaptured | GapCause::GaveUp => Rule::CaptureGap,
        }
    }

    fn tell(&self, sender: Sender) -> Breach {
        let Gap { at, len, cause, before, packet, lost: header } = *self;
        let octets = len;
        let fact = match cause {
            GapCause::PacketCut => Fact::PacketCut { octets, sender, packet, header },
            GapCause::NotCaptured => Fact::OctetsNotCaptured { octets, sender, before, packet, header },
            GapCause::GaveUp => Fact::OctetsNotAwaited { octets, sender, before, header },
        };
        Breach { place: Place::StreamOctets { at, len }, fact }
    }
}

/// Octets that were sent twice, and not the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dissect) struct Conflict {
    /// Stream offset of the first octet that differs.
    pub at: u64,
    /// Octets up to the last one that differs.
    pub len: u64,
    /// The packet that brought the first copy.
    pub first: PacketId,
    /// The packet that brought the second.
    pub second: PacketId,
}

impl Conflict {
    /// `frame` is the one that they are in.
    fn tell(&self, sender: Sender, frame: Option<&FrameRecord>) -> Breach {
        let Conflict { at, len, first, second } = *self;
        let in_payload = frame.filter(|frame| frame.payload_at() <= at);
        let place = match in_payload {
            Some(frame) => Place::PayloadOctets { at: at - frame.payload_at(), len },
            None => Place::StreamOctets { at, len },
        };
        Breach { place, fact: Fact::OverlapConflict { octets: len, sender, first, second } }
    }
}

/// Text that is not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::dissect) struct NotUtf8 {
    /// Octets of the payload of their frame before the first wrong one.
    pub at: u64,
    /// The wrong octets, and where they begin in the message.
    pub wrong: InvalidUtf8,
}

impl NotUtf8 {
    /// `payload_len` is that of the frame with the first of the octets; the others may be in the next ones.
    fn tell(&self, payload_len: u64) -> Breach {
        let NotUtf8 { at, wrong } = self;
        let len = (wrong.octets().len() as u64).min(payload_len.saturating_sub(*at));
        let fact = Fact::TextNotUtf8 { at: wrong.at, octets: wrong.octets().into(), unfinished: wrong.unfinished };
        Breach { place: Place::PayloadOctets { at: *at, len }, fact }
    }
}

impl FindingRecord {
    /// A finding about nothing yet.
    fn new(rule: Rule, sender: Sender, told: Told) -> FindingRecord {
        FindingRecord {
            rule,
            sender,
            told,
            connection: NONE,
            frame: NONE,
            message: NONE,
            previous_of_frame: NONE,
            previous_of_connection: NONE,
        }
    }

    /// Returns how bad it is.
    pub fn severity(&self) -> Severity {
        self.rule.severity()
    }

    /// The connection it happened on; `None` for the capture as a whole.
    pub fn connection(&self) -> Option<ConnectionId> {
        (self.connection != NONE).then_some(ConnectionId(self.connection))
    }

    /// The frame, where one is concerned.
    pub fn frame(&self) -> Option<FrameId> {
        (self.frame != NONE).then_some(FrameId(self.frame))
    }

    /// The message, where one is concerned.
    pub fn message(&self) -> Option<MessageId> {
        (self.message != NONE).then_some(MessageId(self.message))
    }
}

impl Writer {
    /// Adds a finding about a frame: 32 octets.
    pub fn report_frame(&mut self, frame: FrameId, breach: FrameBreach) {
        self.add_finding_of_frame(frame, breach.rule(), Told::Frame(breach));
    }

    /// Says that the capture lacks `len` octets of a frame's payload from octet `at` on.
    pub fn report_hole(&mut self, frame: FrameId, at: u64, len: u64) {
        self.note_lacking(frame);
        let told = self.add_detail(Detail::Hole { at, len });
        self.add_finding_of_frame(frame, Rule::FrameTruncated, told);
    }

    /// Says that the capture lacks octets of a sender's stream; `frame` is the one whose payload they begin in.
    pub fn report_gap(&mut self, connection: ConnectionId, sender: Sender, frame: Option<FrameId>, gap: Gap) {
        let told = self.add_detail(Detail::Gap(gap));
        match frame {
            Some(frame) => self.add_finding_of_frame(frame, gap.rule(), told),
            None => {
                let unbound = FindingRecord::new(gap.rule(), sender, told);
                self.add_finding(FindingRecord { connection: connection.0, ..unbound });
            }
        }
    }

    /// Says that octets were sent twice and not the same; `frame` is the one that the first of them is in.
    pub fn report_conflict(
        &mut self,
        connection: ConnectionId,
        sender: Sender,
        frame: Option<FrameId>,
        conflict: Conflict,
    ) {
        let (rule, told) = (Rule::CaptureOverlapConflict, self.add_detail(Detail::Conflict(conflict)));
        match frame {
            Some(frame) => self.add_finding_of_frame(frame, rule, told),
            None => {
                let unbound = FindingRecord::new(rule, sender, told);
                self.add_finding(FindingRecord { connection: connection.0, ..unbound });
            }
        }
    }

    /// Says that the text of a message is not UTF-8; the wrong octets begin in `frame`.
    pub fn report_text(&mut self, frame: FrameId, found: NotUtf8) {
        let told = self.add_detail(Detail::NotUtf8(found));
        self.add_finding_of_frame(frame, Rule::MessageInvalidUtf8, told);
    }

    /// Adds a finding whose place and values are kept as they are: some 170 octets, so it should be a rare one.
    pub fn report(&mut self, finding: Finding) {
        let Finding { rule, connection, frame, message, sender, place, fact } = finding;
        let told = self.add_detail(Detail::Rare(Arc::new(Breach { place, fact })));
        self.add_finding(FindingRecord {
            connection: connection.map_or(NONE, |id| id.0),
            frame: frame.map_or(NONE, |id| id.0),
            message: message.map_or(NONE, |id| id.0),
            ..FindingRecord::new(rule, sender, told)
        });
    }

    fn add_finding_of_frame(&mut self, id: FrameId, rule: Rule, told: Told) {
        let Some(frame) = self.index.frames.get(id.index()) else { return };
        let (connection, message) = (frame.connection.0, frame.message_number());
        let sender = match told {
            Told::Frame(breach) => breach.culprit(frame.sender()),
            Told::Detail(_) => frame.sender(),
        };
        let unbound = FindingRecord::new(rule, sender, told);
        self.add_finding(FindingRecord { connection, frame: id.0, message, ..unbound });
    }

    fn add_detail(&mut self, detail: Detail) -> Told {
        let row = u32::try_from(self.index.details.len()).unwrap_or(NONE);
        self.index.details.push(detail);
        Told::Detail(row)
    }
}

impl Snapshot {
    /// Returns how many findings there are.
    pub fn finding_count(&self) -> usize {
        self.index.findings.len()
    }

    /// The record of finding `index`, in the order of discovery.
    pub fn finding_record(&self, index: usize) -> Option<&FindingRecord> {
        self.index.findings.get(index)
    }

    /// Finding `index`, in the order of discovery.
    pub fn finding(&self, index: usize) -> Option<Finding> {
        self.tell(self.finding_record(index)?)
    }

    /// The records of the findings about a frame, in the order of discovery.
    pub fn finding_records_of_frame(&self, id: FrameId) -> Vec<&FindingRecord> {
        let last = self.frame(id).map_or(NONE, |frame| frame.finding);
        let mut found: Vec<_> = self.chain(last, |record| record.previous_of_frame).collect();
        found.reverse();
        found
    }

    /// The worst finding about a frame; of several, the first one found.
    pub fn worst_finding_of_frame(&self, id: FrameId) -> Option<FindingId> {
        let last = self.frame(id).map_or(NONE, |frame| frame.finding);
        let index = |at: &u32| Some(*at).filter(|at| *at != NONE);
        let severity = |at: &u32| self.finding_record(*at as usize).map(FindingRecord::severity);
        let before = |at: &u32| index(&self.finding_record(*at as usize)?.previous_of_frame);
        // Going back, the last of the maximal ones is the first one found.
        std::iter::successors(index(&last), before).max_by_key(severity).map(FindingId)
    }

    /// The findings about a frame, in the order of discovery.
    pub fn findings_of_frame(&self, id: FrameId) -> Vec<Finding> {
        self.finding_records_of_frame(id).into_iter().filter_map(|record| self.tell(record)).collect()
    }

    /// The findings about a connection, its frames' included, whose rule is `wanted`, in the order of discovery.
    pub fn findings_of_connection(&self, id: ConnectionId, wanted: impl Fn(Rule) -> bool) -> Vec<Finding> {
        let Some(connection) = self.connection(id) else { return Vec::new() };
        let chain = self.chain(connection.last_finding, |record| record.previous_of_connection);
        // Millions of frames may have findings: where all that are wanted were found, nobody looks further.
        let most: u64 = connection.rules.iter().filter(|(rule, _)| wanted(*rule)).map(|(_, count)| count).sum();
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let mut found: Vec<_> = chain.filter(|record| wanted(record.rule)).take(most).collect();
        found.reverse();
        found.into_iter().filter_map(|record| self.tell(record)).collect()
    }

    fn chain(&self, last: u32, previous: fn(&FindingRecord) -> u32) -> impl Iterator<Item = &FindingRecord> {
        let record = move |at: u32| self.index.findings.get(at as usize);
        std::iter::successors(record(last), move |this| record(previous(this)))
    }

    /// Works out the place and the values of a finding.
    fn tell(&self, record: &FindingRecord) -> Option<Finding> {
        let frame = record.frame().and_then(|id| self.frame(id));
        let Breach { place, fact } = match record.told {
            Told::Frame(breach) => breach.tell(&frame?.header, record.sender, frame?.has_deflate()),
            Told::Detail(row) => match self.index.details.get(row as usize)? {
                Detail::Gap(gap) => gap.tell(record.sender),
                Detail::Conflict(conflict) => conflict.tell(record.sender, frame),
                Detail::Hole { at, len } => Breach {
                    place: Place::PayloadOctets { at: *at, len: *len },
                    fact: Fact::PayloadLacks { octets: *len, length: frame?.header.payload_len(), at: *at },
                },
                Detail::NotUtf8(found) => found.tell(frame?.header.payload_len()),
                Detail::Rare(breach) => (**breach).clone(),
            },
        };
        let (rule, connection, frame, message) = (record.rule, record.connection(), record.frame(), record.message());
        Some(Finding { rule, connection, frame, message, sender: record.sender, place, fact })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_small() {
        assert!(size_of::<FindingRecord>() <= 32);
        assert!(size_of::<Detail>() <= 40);
        assert!(size_of::<Breach>() <= 80);
    }

    #[test]
    fn gaps_are_told_with_their_packets() {
        let id = |number| PacketId::from_number(number).unwrap();
        let (octets, sender) = (9, Sender::Server);
        for (cause, header, fact) in [
            (GapCause::PacketCut, false, Fact::PacketCut { octets, sender, packet: id(5), header: false }),
            (
                GapCause::NotCaptured,
                true,
                Fact::OctetsNotCaptured { octets, sender, before: id(3), packet: id(5), header: true },
            ),
            (GapCause::GaveUp, false, Fact::OctetsNotAwaited { octets, sender, before: id(3), header: false }),
        ] {
            let gap = Gap { at: 70, len: 9, cause, before: id(3), packet: id(5), lost: header };
            let breach = gap.tell(sender);
            assert_eq!(breach.rule(), gap.rule());
            assert_eq!(breach, Breach { place: Place::StreamOctets { at: 70, len: 9 }, fact });
        }
    }
}
