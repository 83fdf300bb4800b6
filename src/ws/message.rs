//! Joining frames to messages (RFC 6455 §5.4), per direction of a connection.

use super::FrameHeader;
use crate::base::MessageId;

/// The role of a frame for the messages of its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joined {
    /// A control frame: no message's, and allowed between fragments.
    Control,
    /// A data frame with a reserved opcode: no message's.
    Reserved,
    /// The first frame of a message.
    First {
        /// A fragmented message that was still open. It ends unfinished.
        interrupted: Option<MessageId>,
    },
    /// A continuation of this message.
    Next(MessageId),
    /// A continuation, and no message is open.
    Orphan,
}

/// The open message of one direction.
#[derive(Clone, Copy, Debug, Default)]
pub struct Joiner {
    open: Option<MessageId>,
}

impl Joiner {
    /// Places a frame. `new` is the id the message gets if the frame starts one.
    ///
    /// ```text
    ///   text | binary, FIN 0 ──▶ open ── continuation, FIN 0 ──▶ open ── continuation, FIN 1 ──▶ closed
    ///   text | binary, FIN 1 ──▶ closed                  control frames anywhere, touching nothing
    /// ```
    pub fn place(&mut self, header: &FrameHeader, new: MessageId) -> Joined {
        let opcode = header.opcode();
        match opcode.value() {
            _ if opcode.is_control() => Joined::Control,
            _ if opcode.is_reserved() => Joined::Reserved,
            0 => match self.open {
                None => Joined::Orphan,
                Some(message) => {
                    if header.fin() {
                        self.open = None;
                    }
                    Joined::Next(message)
                }
            },
            _ => {
                let interrupted = self.open.take();
                self.open = (!header.fin()).then_some(new);
                Joined::First { interrupted }
            }
        }
    }

    /// The message that waits for more frames.
    pub fn open(&self) -> Option<MessageId> {
        self.open
    }
}

#[cfg(test)]
mod tests {
    use super::super::Parsed;
    use super::*;

    #[test]
    fn fragments_join_around_control_frames() {
        let mut joiner = Joiner::default();
        let mut place = |octet0: u8, new: u32| match FrameHeader::parse(&[octet0, 0]) {
            Parsed::Done(header) => joiner.place(&header, MessageId(new)),
            Parsed::Need(_) => panic!("whole header"),
        };
        assert_eq!(place(0x80, 0), Joined::Orphan);
        assert_eq!(place(0x01, 0), Joined::First { interrupted: None });
        assert_eq!(place(0x89, 1), Joined::Control);
        assert_eq!(place(0x83, 1), Joined::Reserved);
        assert_eq!(place(0x00, 1), Joined::Next(MessageId(0)));
        assert_eq!(place(0x80, 1), Joined::Next(MessageId(0)));
        assert_eq!(place(0x02, 1), Joined::First { interrupted: None });
        assert_eq!(place(0x82, 2), Joined::First { interrupted: Some(MessageId(1)) });
        assert_eq!(place(0x00, 3), Joined::Orphan);
    }
}
