//! The one place that knows which frame headers are legal (RFC 6455 §5; RFC 7692 §6.1).
//!
//! ```text
//!   octets of a header ─▶ Faults ─┬─ rules that they break            judge
//!                                 ├─ none in the first two: a frame   plausible
//!                                 └─ no frame of anybody              impostor
//! ```

use super::{FieldId, FrameHeader, MAX_CONTROL_PAYLOAD, Opcode};
use crate::base::Sender;

/// The extensions that the opening handshake agreed on, as far as they matter for a frame's header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Negotiated {
    /// permessage-deflate: RSV1 means "compressed".
    pub deflate: bool,
    /// Some other extension, which may give any reserved bit or opcode a meaning.
    pub other: bool,
}

impl Negotiated {
    /// Returns what frames are recognised by, where nothing says that they begin there: an extension that may give any bit a
    /// meaning would let nearly anything pass for frames.
    pub fn for_recognising(self) -> Negotiated {
        Negotiated { other: false, ..self }
    }
}

/// Faults of a header, a bit each. The least significant octet holds those of the header's first octet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Faults(u16);

impl Faults {
    /// No fault: the header is legal.
    pub const NONE: Faults = Faults(0);
    /// RSV1 on a frame that starts a message, or is of no known kind.
    pub const RSV1_ON_START: Faults = Faults(1);
    /// RSV1 on a continuation frame.
    pub const RSV1_ON_CONTINUATION: Faults = Faults(1 << 1);
    /// RSV1 on a control frame.
    pub const RSV1_ON_CONTROL: Faults = Faults(1 << 2);
    /// RSV2 or RSV3.
    pub const RSV2_OR_3: Faults = Faults(1 << 3);
    /// A reserved opcode.
    pub const OPCODE_RESERVED: Faults = Faults(1 << 4);
    /// A control frame without FIN.
    pub const CONTROL_FRAGMENTED: Faults = Faults(1 << 5);
    /// A client's frame that is not masked.
    pub const CLIENT_UNMASKED: Faults = Faults(1 << 8);
    /// A server's frame that is masked.
    pub const SERVER_MASKED: Faults = Faults(1 << 9);
    /// A control frame with more octets than it may have.
    pub const CONTROL_TOO_LONG: Faults = Faults(1 << 10);
    /// A length in more octets than it needs.
    pub const LENGTH_NOT_MINIMAL: Faults = Faults(1 << 11);
    /// A length of 2^63 octets or more.
    pub const LENGTH_MSB_SET: Faults = Faults(1 << 12);
    /// A masking-key of zeros.
    pub const MASKING_KEY_ZERO: Faults = Faults(1 << 13);
    /// The masking-key of the frame before.
    pub const MASKING_KEY_REUSED: Faults = Faults(1 << 14);

    /// RSV1 on any frame.
    pub const RSV1: Faults = Faults::RSV1_ON_START.and(Faults::RSV1_ON_CONTINUATION).and(Faults::RSV1_ON_CONTROL);

    /// Faults that are none where an extension gives these bits and opcodes a meaning. Of permessage-deflate that is known:
    /// RSV1 of a message's first frame says "compressed". Any other extension may mean anything.
    const fn excused(negotiated: Negotiated) -> Faults {
        match negotiated {
            Negotiated { other: true, .. } => Faults::RSV1.and(Faults::RSV2_OR_3).and(Faults::OPCODE_RESERVED),
            Negotiated { deflate: true, .. } => Faults::RSV1_ON_START,
            Negotiated { .. } => Faults::NONE,
        }
    }

    /// The faults of a header's first octet.
    #[inline(always)]
    pub fn of_first(octet0: u8, negotiated: Negotiated) -> Faults {
        Faults(FIRST_OCTET[usize::from(octet0)].into()).without(Faults::excused(negotiated))
    }

    /// The faults of a header's first two octets, whatever may follow them: a control frame has no longer form of a length.
    pub fn of_first_two([octet0, octet1]: [u8; 2], sender: Sender, negotiated: Negotiated) -> Faults {
        let is_long = Opcode::of(octet0).is_control() && usize::from(octet1 & 0x7f) > MAX_CONTROL_PAYLOAD;
        Faults::of_first(octet0, negotiated)
            .and(Faults::of_mask(FieldId::MaskingKey.is_present(octet1), sender))
            .and(Faults::CONTROL_TOO_LONG.only_if(is_long))
    }

    /// All faults of a header. `previous_key` is the masking-key of the sender's frame before.
    pub fn of(header: &FrameHeader, sender: Sender, negotiated: Negotiated, previous_key: Option<[u8; 4]>) -> Faults {
        let [octet0, _] = header.first_two();
        let key = header.masking_key();
        let is_long = header.opcode().is_control() && header.payload_len() > MAX_CONTROL_PAYLOAD as u64;
        Faults::of_first(octet0, negotiated)
            .and(Faults::of_mask(header.masked(), sender))
            .and(Faults::CONTROL_TOO_LONG.only_if(is_long))
            .and(Faults::LENGTH_NOT_MINIMAL.only_if(!is_minimal(header)))
            .and(Faults::LENGTH_MSB_SET.only_if(header.payload_len() >> 63 != 0))
            .and(match key {
                Some([0, 0, 0, 0]) => Faults::MASKING_KEY_ZERO,
                Some(_) if key == previous_key => Faults::MASKING_KEY_REUSED,
                _ => Faults::NONE,
            })
    }

    /// The fault of a MASK bit. Where the sender is not known, either value is right.
    fn of_mask(is_masked: bool, sender: Sender) -> Faults {
        match (sender, is_masked) {
            (Sender::Client, false) => Faults::CLIENT_UNMASKED,
            (Sender::Server, true) => Faults::SERVER_MASKED,
            _ => Faults::NONE,
        }
    }

    /// These and those.
    pub const fn and(self, other: Faults) -> Faults {
        Faults(self.0 | other.0)
    }

    /// These without those.
    const fn without(self, other: Faults) -> Faults {
        Faults(self.0 & !other.0)
    }

    const fn only_if(self, condition: bool) -> Faults {
        if condition { self } else { Faults::NONE }
    }

    /// Tells that there are none.
    #[inline(always)]
    pub fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Tells that one of these is among those.
    pub fn has(self, other: Faults) -> bool {
        self.0 & other.0 != 0
    }
}

/// The faults of every first octet where no extension is in force.
static FIRST_OCTET: [u8; 256] = {
    let (mut table, mut octet0) = ([0; 256], 0);
    while octet0 < 256 {
        let opcode = Opcode::of(octet0 as u8);
        let rsv1 = match opcode {
            Opcode::CONTINUATION => Faults::RSV1_ON_CONTINUATION,
            _ if opcode.is_control() => Faults::RSV1_ON_CONTROL,
            _ => Faults::RSV1_ON_START,
        };
        let faults = rsv1
            .only_if(octet0 & 0x40 != 0)
            .and(Faults::RSV2_OR_3.only_if(octet0 & 0x30 != 0))
            .and(Faults::OPCODE_RESERVED.only_if(opcode.is_reserved()))
            .and(Faults::CONTROL_FRAGMENTED.only_if(opcode.is_control() && octet0 & 0x80 == 0));
        table[octet0] = faults.0 as u8;
        octet0 += 1;
    }
    table
};

/// The least length that the form which a header's second octet names is for.
pub(super) fn least_len(octet1: u8) -> u64 {
    match octet1 & 0x7f {
        126 => 126,
        127 => 1 << 16,
        _ => 0,
    }
}

/// Tells that a length is in the shortest form that holds it.
pub(super) fn is_minimal(header: &FrameHeader) -> bool {
    let [_, octet1] = header.first_two();
    header.payload_len() >= least_len(octet1)
}

impl FrameHeader {
    /// Tells that the RFCs give the first octet a meaning: an extension that is not known here is not needed for that.
    #[inline(always)]
    pub fn begins_as_rfcs_say(&self, negotiated: Negotiated) -> bool {
        let [octet0, _] = self.first_two();
        Faults::of_first(octet0, Negotiated { other: false, ..negotiated }).is_none()
    }

    /// Takes a quick look, which nearly every frame of a healthy capture passes: it has no fault. What does not pass may
    /// have none either, where the sender or what an extension means is not known.
    #[inline(always)]
    pub(super) fn is_unremarkable(
        &self,
        sender: Sender,
        negotiated: Negotiated,
        previous_key: Option<[u8; 4]>,
    ) -> bool {
        let [octet0, octet1] = self.first_two();
        self.begins_as_rfcs_say(negotiated)
            && match octet1 & 0x7f {
                0..126 => true,
                form => {
                    let end = if form == 126 { 1 << 16 } else { 1 << 63 };
                    !Opcode::of(octet0).is_control() && (least_len(octet1)..end).contains(&self.payload_len())
                }
            }
            && match (sender, self.masking_key()) {
                (Sender::Client, Some(key)) => key != [0; 4] && Some(key) != previous_key,
                (Sender::Server, None) => true,
                _ => false,
            }
    }

    /// Tells that nobody who keeps to the rules sends it, and that it begins as no frame does by the RFCs alone: what stands
    /// here may be of another protocol. A wrong MASK bit or length behind a first octet like that of any frame is a mistake.
    #[inline]
    pub fn is_doubtful(&self, sender: Sender, negotiated: Negotiated) -> bool {
        !self.begins_as_rfcs_say(negotiated) && self.is_illegal_from_the_start(sender, negotiated)
    }

    #[cold]
    fn is_illegal_from_the_start(self, sender: Sender, negotiated: Negotiated) -> bool {
        !Faults::of_first_two(self.first_two(), sender, negotiated).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::super::plausible::could_begin;
    use super::super::{Parsed, judge_header};
    use super::*;

    const SENDERS: [Sender; 3] = [Sender::Client, Sender::Server, Sender::Unknown];
    const PLAIN: Negotiated = Negotiated { deflate: false, other: false };
    const DEFLATE: Negotiated = Negotiated { deflate: true, other: false };
    const OTHER: Negotiated = Negotiated { deflate: false, other: true };
    const ALL: [Negotiated; 4] = [PLAIN, DEFLATE, OTHER, Negotiated { deflate: true, other: true }];

    /// The header of these first two octets whose other fields break no rule by themselves.
    fn header([octet0, octet1]: [u8; 2]) -> FrameHeader {
        let mut octets = vec![octet0, octet1];
        match octet1 & 0x7f {
            126 => octets.extend(126_u16.to_be_bytes()),
            127 => octets.extend(65_536_u64.to_be_bytes()),
            _ => {}
        }
        octets.extend(b"mask");
        match FrameHeader::parse(&octets) {
            Parsed::Done(header) => header,
            Parsed::Need(_) => panic!("whole header"),
        }
    }

    /// The judgements of one pair of first octets.
    #[derive(Clone, Copy, Debug)]
    struct Judged {
        legal: bool,
        rules: usize,
        unremarkable: bool,
        begins: bool,
        doubtful: bool,
    }

    fn judged(octets: [u8; 2], sender: Sender, negotiated: Negotiated) -> Judged {
        let header = header(octets);
        let mut rules = 0;
        judge_header(&header, sender, negotiated, None, |_| rules += 1);
        Judged {
            legal: Faults::of_first_two(octets, sender, negotiated).is_none(),
            rules,
            unremarkable: header.is_unremarkable(sender, negotiated, None),
            begins: could_begin(&octets, sender, negotiated),
            doubtful: header.is_doubtful(sender, negotiated),
        }
    }

    /// Every pair of first octets, from every sender, whatever was negotiated: how the judgements about it relate.
    #[test]
    fn the_judgements_of_all_first_octets_agree() {
        for (sender, negotiated) in SENDERS.into_iter().flat_map(|sender| ALL.map(|negotiated| (sender, negotiated))) {
            let is_known = !negotiated.other && sender != Sender::Unknown;
            let mut begins_with = [false; 256];
            for octets in (0..=u16::MAX).map(u16::to_be_bytes) {
                let case = format_args!("{octets:02x?} {sender} {negotiated:?}");
                let told = judged(octets, sender, negotiated);
                // Legal is what breaks no rule; the quick look finds that alone wherever all is known.
                assert_eq!(told.legal, told.rules == 0, "{case}");
                assert!(told.legal || !told.unremarkable, "{case}");
                assert!(told.unremarkable || !told.legal || !is_known, "{case}");
                // Frames are expected to be legal, and of known kinds: no extension that is registered adds others.
                let is_reserved = Opcode::of(octets[0]).is_reserved();
                assert_eq!(told.begins, told.legal && !is_reserved, "{case}");
                assert!(!told.legal || !is_reserved || negotiated.other, "{case}");
                // Nothing that is legal is taken for another protocol.
                assert!(!(told.doubtful && told.legal), "{case}");
                assert!(told.doubtful || told.legal || header(octets).begins_as_rfcs_say(negotiated), "{case}");
                begins_with[usize::from(octets[0])] |= told.begins;
            }
            // One octet is judged as if the one behind it were right.
            for (octet0, begins) in (0..=255).zip(begins_with) {
                assert_eq!(could_begin(&[octet0], sender, negotiated), begins, "{octet0:02x} {sender} {negotiated:?}");
            }
        }
    }

    /// An extension excuses and never forbids, and what an unknown sender may send is what either may.
    #[test]
    fn knowing_less_excuses_more() {
        for octets in (0..=u16::MAX).map(u16::to_be_bytes) {
            let legal = |sender, negotiated| Faults::of_first_two(octets, sender, negotiated).is_none();
            for sender in SENDERS {
                assert!(legal(sender, DEFLATE) || !legal(sender, PLAIN), "{octets:02x?}");
                assert!(legal(sender, OTHER) || !legal(sender, DEFLATE), "{octets:02x?}");
            }
            for negotiated in ALL {
                let of_either = legal(Sender::Client, negotiated) || legal(Sender::Server, negotiated);
                assert_eq!(legal(Sender::Unknown, negotiated), of_either, "{octets:02x?}");
            }
        }
    }

    /// The numbers that RFC 6455 §5.2 and RFC 7692 §6 allow: three data opcodes with FIN or without it, whatever the length, and
    /// three control opcodes with FIN and up to 125 octets; RSV1 on frames that start text and binary messages; with an unknown
    /// extension any reserved bits, and ten more opcodes.
    #[test]
    fn as_many_as_the_rfcs_allow() {
        let count = |sender, negotiated| {
            let all = (0..=u16::MAX).map(u16::to_be_bytes);
            all.filter(|octets| Faults::of_first_two(*octets, sender, negotiated).is_none()).count()
        };
        let plain = 3 * 2 * 128 + 3 * 126;
        let compressed = 2 * 2 * 128;
        let foreign = 8 * (8 * 2 * 128 + 8 * 126);
        for (sender, times) in [(Sender::Client, 1), (Sender::Server, 1), (Sender::Unknown, 2)] {
            assert_eq!(count(sender, PLAIN), times * plain);
            assert_eq!(count(sender, DEFLATE), times * (plain + compressed));
            assert_eq!(count(sender, OTHER), times * foreign);
        }
    }
}
