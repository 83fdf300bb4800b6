//! A header that the end of its stream cuts off: what is there can break rules all the same.

use super::{FrameHeader, MAX_HEADER_LEN, Parsed};
use crate::base::{Place, Sender};

/// The start of a header whose rest never came.
#[derive(Clone, Copy, Debug)]
pub struct CutHeader {
    supposed: FrameHeader,
    octets: u8,
}

impl CutHeader {
    /// Supposes that what is missing behind `start` breaks no rule by itself. `None` where nothing is missing, or all.
    pub fn new(start: &[u8], sender: Sender) -> Option<CutHeader> {
        let missing = |header: &Parsed| matches!(header, Parsed::Need(_));
        if start.is_empty() || !missing(&FrameHeader::parse(start)) {
            return None;
        }
        // No payload, and masked as the sender has to; a key of ones; a length that lies within what its bits are for.
        let mut octets = [1; MAX_HEADER_LEN];
        octets[1] = if sender == Sender::Client { 0x80 } else { 0 };
        octets[2] = 0x7f;
        octets.get_mut(..start.len())?.copy_from_slice(start);
        match FrameHeader::parse(&octets) {
            Parsed::Done(supposed) => Some(CutHeader { supposed, octets: u8::try_from(start.len()).ok()? }),
            Parsed::Need(_) => None,
        }
    }

    /// The header as it might have become. Only the fields that [`CutHeader::holds`] are what the sender sent.
    pub fn supposed(&self) -> &FrameHeader {
        &self.supposed
    }

    /// The octets, from the start of the header, that a place inside the header lies in, if all of it is there.
    pub fn holds(&self, place: Place) -> Option<std::ops::Range<u64>> {
        let Place::HeaderBits { at, len } = place else { return None };
        let (first, end) = (at / 8, (u16::from(at) + u16::from(len)).div_ceil(8));
        (end <= u16::from(self.octets)).then(|| u64::from(first)..u64::from(end))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Negotiated, judge_header};
    use super::*;

    fn rules(start: &[u8], sender: Sender) -> Vec<&'static str> {
        let cut = CutHeader::new(start, sender).expect("cut off");
        let mut found = Vec::new();
        judge_header(cut.supposed(), sender, Negotiated::default(), None, |breach| {
            let told = breach.tell(cut.supposed(), sender, false);
            found.extend(cut.holds(told.place).map(|_| told.rule().id()));
        });
        found
    }

    #[test]
    fn what_is_there_is_judged_and_nothing_else() {
        use Sender::{Client, Server, Unknown};
        let cases: [(&[u8], Sender, &[&str]); 16] = [
            (b"\x81", Client, &[]),
            (b"\x81", Server, &[]),
            (b"\x81", Unknown, &[]),
            (b"\x87", Client, &["frame.opcode-reserved"]),
            (b"\x87\x8d\x06", Client, &["frame.opcode-reserved"]),
            (b"\xc1", Server, &["frame.rsv-without-extension"]),
            (b"\x09", Client, &["frame.control-fragmented"]),
            (b"\x81\x85\x00\x00\x00", Client, &[]),
            (b"\x81\x85\x00", Server, &["frame.server-masked"]),
            (b"\x81\x7e", Client, &["frame.client-unmasked"]),
            // A length is judged when all of it is there.
            (b"\x82\x7e\x00", Server, &[]),
            (b"\x82\xfe\x00\x05", Client, &["frame.length-not-minimal"]),
            (b"\x82\x7f\x80\x00\x00\x00\x00\x00\x00", Server, &[]),
            (b"\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00", Client, &["frame.length-msb-set"]),
            (b"\x89\xfe", Client, &[]),
            (b"\x89\xfe\x00\x7e", Client, &["frame.control-too-long"]),
        ];
        for (start, sender, expected) in cases {
            assert_eq!(rules(start, sender), expected, "{start:02x?} {sender}");
        }
    }

    #[test]
    fn only_a_header_that_is_cut() {
        assert!(CutHeader::new(b"", Sender::Client).is_none());
        assert!(CutHeader::new(b"\x81\x00", Sender::Server).is_none());
        assert!(CutHeader::new(b"\x81\x80abcd", Sender::Client).is_none());
    }
}
