//! A compressed message as it is shown: a window of what it inflates to, and which octets on the wire that comes from.

use std::io;
use std::ops::Range;

use super::meaning::{count, length};
use super::payload::{PayloadText, inflated_text};
use crate::base::{FrameId, Severity};
use crate::dissect::{InflateWish, Inflated, Inflation, Message, Snapshot};
use crate::inflate::InflateError;

/// Octets of an inflated message that are held at once.
pub const INFLATED_WINDOW: u64 = 4 << 20;

/// A compressed message, inflated.
#[derive(Clone, Debug)]
pub struct InflatedView {
    /// The message as it was when it was inflated.
    pub message: Message,
    /// The octets that it inflates to: [`INFLATED_WINDOW`] of them.
    pub inflated: Inflated,
    /// Its text, where the window is the message's beginning.
    pub text: Option<PayloadText>,
    /// The limit that it was inflated to, in octets.
    pub limit: u64,
}

impl InflatedView {
    /// Inflates `message` and holds the window from octet `from` on. `watch` is told how far that is, from 0 to 1, and ends
    /// it by saying `false`: then there is nothing.
    ///
    /// # Errors
    /// When the capture file cannot be read.
    pub fn load(
        inflation: &mut Inflation,
        snapshot: &Snapshot,
        message: &Message,
        (from, limit): (u64, u64),
        watch: &mut dyn FnMut(f32) -> bool,
    ) -> io::Result<Option<InflatedView>> {
        let wish = InflateWish { keep: from..from.saturating_add(INFLATED_WINDOW), limit, parts: true };
        let Some(inflated) = inflation.watched(snapshot, message, &wish, watch)? else { return Ok(None) };
        let text = (from == 0).then(|| inflated_text(&inflated.plain, message.opcode).with_indented());
        Ok(Some(InflatedView { message: *message, inflated, text, limit }))
    }

    /// Returns how many octets the message inflates to, as far as it was inflated.
    pub fn len(&self) -> u64 {
        self.inflated.plain.total
    }

    /// Returns whether it was inflated to the limit and no further.
    pub fn is_limited(&self) -> bool {
        self.inflated.error == Some(InflateError::TooLong)
    }

    /// Returns whether it inflates to nothing, or nothing of it could be inflated.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Why there is nothing to be shown of it, where that is so: a message that could not be inflated is not empty.
    pub fn why_empty(&self) -> Option<String> {
        let wire = format!("{} on the wire", count(self.message.wire_len, "octet"));
        self.is_empty().then(|| match (self.inflated.reached_end, self.message.ended) {
            (true, _) => format!("The message is empty: it inflates to nothing, from {wire}."),
            (false, true) => format!("Nothing could be inflated of the {wire}."),
            (false, false) => format!("Nothing could be inflated so far of the {wire}."),
        })
    }

    /// Returns whether these octets are held, as far as there are any.
    pub fn holds(&self, octets: &Range<u64>) -> bool {
        let plain = &self.inflated.plain;
        plain.from <= octets.start && octets.end.min(plain.total) <= plain.end()
    }

    /// Returns the inflated octets that octets of a frame's payload give: all of them, if nothing finer is known; empty
    /// if they are behind what could be inflated.
    pub fn plain_of(&self, frame: FrameId, payload: &Range<u64>) -> Range<u64> {
        if self.inflated.parts.is_empty() {
            return 0..self.len();
        }
        let touches = |part: &&crate::dissect::InflatedPart| {
            part.frame == frame && part.payload.start < payload.end && payload.start < part.payload.end
        };
        let mut parts = self.inflated.parts.iter().filter(touches);
        let Some(first) = parts.next() else { return 0..0 };
        first.plain.start..parts.next_back().unwrap_or(first).plain.end
    }

    /// Returns the octets of a frame's payload that gave an inflated octet; `None` if nothing finer than the message is
    /// known.
    pub fn wire_of(&self, at: u64) -> Option<(FrameId, Range<u64>)> {
        let parts = &self.inflated.parts;
        let index = parts.partition_point(|part| part.plain.end <= at);
        let part = parts.get(index).filter(|part| part.plain.contains(&at))?;
        Some((part.frame, part.payload.clone()))
    }

    /// Returns whether another frame's octets begin to count with this one.
    pub fn starts_frame(&self, at: u64) -> bool {
        let parts = &self.inflated.parts;
        let index = parts.partition_point(|part| part.plain.end <= at);
        index > 0 && parts.get(index).is_some_and(|part| part.plain.start == at && part.frame != parts[index - 1].frame)
    }

    /// Returns whether compression made it larger.
    pub fn has_grown(&self) -> bool {
        self.inflated.reached_end && self.message.wire_len > self.len()
    }

    /// `96 octets inflated from 41, 43 %`.
    pub fn summary(&self) -> String {
        let (wire, plain) = (self.message.wire_len, self.len());
        let part = match plain {
            0 => String::new(),
            _ if !self.inflated.reached_end => String::new(),
            _ if wire > plain => format!(", {}: made larger", ratio(wire, plain)),
            _ => format!(", {}", ratio(wire, plain)),
        };
        let wire = count(wire, "octet");
        let number = wire.split(' ').next().unwrap_or_default();
        format!("{} inflated from {number}{part}", count(plain, "octet"))
    }

    /// Returns what is to be known about it besides, and how bad that is.
    pub fn notices(&self) -> Vec<(Severity, String)> {
        let mut notices = Vec::new();
        let Inflated { has_unknown, parts, reached_end, error, .. } = &self.inflated;
        match error {
            Some(InflateError::TooLong) => notices.push((
                Severity::Note,
                format!(
                    "Inflated to the limit of {} and no further, so that no message can fill the memory. --inflate-limit \
                     raises the limit for all messages.",
                    length(self.limit)
                ),
            )),
            Some(InflateError::Invalid) => {
                let place = parts.last().map_or_else(String::new, |part| {
                    format!(" at about octet {} of frame {}'s payload", part.payload.end, part.frame)
                });
                notices.push((
                    Severity::Violation,
                    format!("The data is not valid DEFLATE{place}: what is behind cannot be inflated."),
                ));
            }
            None if !reached_end => {
                let words = if self.message.ended {
                    "The capture lacks a part of the message: what is behind cannot be inflated."
                } else {
                    "The message is not at its end yet."
                };
                notices.push((Severity::Note, words.to_owned()));
            }
            None => {}
        }
        if !self.message.is_understood {
            let words = "Another extension is in force beside permessage-deflate: this is what the message inflates to, and \
                         nobody knows whether that is what its sender meant.";
            notices.push((Severity::Note, words.to_owned()));
        }
        if *has_unknown {
            let words = "Some octets are unknown: they are copied from earlier messages that the capture lacks or that could \
                         not be inflated.";
            notices.push((Severity::Note, words.to_owned()));
        }
        notices
    }
}

/// Returns the share of `plain` octets that was sent: `43 %`; `<1 %` for less than half a per cent, `>999 %` also for
/// something sent for nothing.
pub fn ratio(wire: u64, plain: u64) -> String {
    match wire as f64 * 100.0 / plain as f64 {
        _ if wire == 0 => "0 %".to_owned(),
        part if part < 0.5 => "<1 %".to_owned(),
        part if part >= 999.5 => ">999 %".to_owned(),
        part => format!("{part:.0} %"),
    }
}

/// That compression made a message larger, where it did.
pub fn expanded(wire: u64, plain: u64) -> Option<String> {
    (wire > plain).then(|| {
        format!("Compression made this message larger: {} sent for {}.", count(wire, "octet"), count(plain, "octet"))
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::base::MessageId;
    use crate::dissect::{Progress, Session};

    fn sample() -> Snapshot {
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/deflate.pcap");
        let mut session = Session::open(&sample).unwrap();
        while session.step(usize::MAX).unwrap() != Progress::End {}
        session.snapshot()
    }

    fn load(snapshot: &Snapshot, id: usize, from: u64, limit: u64) -> InflatedView {
        let message = snapshot.message(MessageId::from_index(id)).unwrap();
        InflatedView::load(&mut Inflation::default(), snapshot, &message, (from, limit), &mut |_| true)
            .unwrap()
            .unwrap()
    }

    /// Every octet that a message inflates to comes from somewhere, and what comes from there is around it.
    #[test]
    fn octets_and_what_they_come_from() {
        let snapshot = sample();
        let compressed =
            (0..snapshot.message_count()).filter(|id| snapshot.message(MessageId::from_index(*id)).unwrap().compressed);
        let mut seen = 0;
        for id in compressed {
            let view = load(&snapshot, id, 0, u64::MAX);
            assert!(view.inflated.is_complete() && view.text.is_some());
            for at in 0..view.len() {
                let (frame, payload) = view.wire_of(at).unwrap();
                assert_eq!(frame, view.message.first);
                assert!(view.plain_of(frame, &payload).contains(&at));
                seen += 1;
            }
            assert_eq!(view.plain_of(view.message.first, &(0..view.message.wire_len)), 0..view.len());
            assert_eq!(view.wire_of(view.len()), None);
            // Another window holds the same octets.
            let other = load(&snapshot, id, 3, u64::MAX);
            assert_eq!(other.inflated.plain.get(5), view.inflated.plain.get(5));
            assert!(other.holds(&(3..view.len() + 9)) && !other.holds(&(2..4)) && other.text.is_none());
        }
        assert!(seen > 500, "{seen}");
    }

    #[test]
    fn what_is_to_be_known() {
        let snapshot = sample();
        let first = (0..snapshot.message_count())
            .find(|id| snapshot.message(MessageId::from_index(*id)).unwrap().compressed)
            .unwrap();
        let view = load(&snapshot, first, 0, 4);
        assert!(view.notices()[0].1.starts_with("Inflated to the limit of 4 B"), "{:?}", view.notices());
        let whole = load(&snapshot, first, 0, u64::MAX);
        assert!(whole.summary().contains(" inflated from "), "{}", whole.summary());
        assert_eq!((ratio(1, 1000), ratio(0, 5), ratio(3, 2)), ("<1 %".into(), "0 %".into(), "150 %".into()));
        assert_eq!((ratio(1, 0), ratio(0, 0)), (">999 %".into(), "0 %".into()));
        assert_eq!(expanded(5, 5), None);
        assert!(expanded(7, 1).unwrap().ends_with("7 octets sent for 1 octet."));
    }

    #[test]
    fn who_watches_can_end_it() {
        let snapshot = sample();
        let message = (0..snapshot.message_count())
            .filter_map(|id| snapshot.message(MessageId::from_index(id)))
            .rfind(|message| message.compressed)
            .unwrap();
        let mut inflation = Inflation::default();
        let mut left = 3;
        let mut watch = |part: f32| {
            assert!((0.0..1.0).contains(&part));
            left -= 1;
            left > 0
        };
        let ended = InflatedView::load(&mut inflation, &snapshot, &message, (0, u64::MAX), &mut watch).unwrap();
        assert!(ended.is_none() && left == 0);
        let view = InflatedView::load(&mut inflation, &snapshot, &message, (0, u64::MAX), &mut |_| true).unwrap();
        let alone = load(&snapshot, message.id.index(), 0, u64::MAX);
        assert_eq!(view.unwrap().inflated.plain, alone.inflated.plain);
    }
}
