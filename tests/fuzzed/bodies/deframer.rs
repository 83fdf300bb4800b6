//! The deframer: in whatever pieces a stream comes, the same frames are found, and they cover it.

use framescope::ws::{Deframer, FrameHeader, Step};

/// A frame: stream offset, header, whether its payload ended, and the payload of a control frame.
type Frame = (u64, FrameHeader, bool, Option<Vec<u8>>);

/// Takes the size of pieces, and a stream.
pub fn check(input: &[u8]) {
    let [piece, stream @ ..] = input else { return };
    let whole = frames(stream, stream.len().max(1));
    assert_eq!(whole, frames(stream, 1 + usize::from(*piece)), "pieces of {piece} and one");
    assert_eq!(whole, frames(stream, 1));
    let (frames, rest) = &whole;
    let mut end = 0;
    for (index, (at, header, ended, control)) in frames.iter().enumerate() {
        assert_eq!(*at, end, "frames stand one behind another");
        let octets = header.octets();
        assert_eq!(&stream[end as usize..end as usize + octets.len()], &*octets, "the header is as it was sent");
        end = (end + u64::from(header.header_len())).saturating_add(header.payload_len());
        assert!(*ended || index + 1 == frames.len(), "only the last one may lack its end");
        assert!(!ended || end <= stream.len() as u64);
        assert!(control.as_ref().is_none_or(|payload| payload.len() as u64 <= header.payload_len()));
    }
    let last_ended = frames.last().is_none_or(|(_, _, ended, _)| *ended);
    if last_ended {
        let partial = stream.len() as u64 - end;
        assert_eq!(*rest, (partial > 0).then_some((end, partial as usize)), "all else is the start of a header");
    }
}

/// Returns the frames of a stream that comes in pieces, and where a header begins that is not whole, with its length.
fn frames(stream: &[u8], piece: usize) -> (Vec<Frame>, Option<(u64, usize)>) {
    let mut deframer = Deframer::new(0);
    let mut frames: Vec<Frame> = Vec::new();
    for mut octets in stream.chunks(piece) {
        while let Some(step) = deframer.next(&mut octets) {
            match step {
                Step::Header { at, header } => frames.push((at, header, false, None)),
                Step::End => {
                    let last = frames.last_mut().expect("a payload has a header");
                    (last.2, last.3) = (true, deframer.control_payload());
                }
                Step::Lost { .. } => panic!("there is no gap"),
            }
        }
        assert!(octets.is_empty(), "all is taken");
    }
    assert_eq!(deframer.at(), stream.len() as u64);
    (frames, deframer.partial_header().map(|(at, octets)| (at, octets.len())))
}
