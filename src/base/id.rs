//! Typed ids. Inside they count from 0, people see `number()`, which counts from 1.

use std::fmt;

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident($repr:ty);)*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub $repr);

        impl $name {
            /// The id of row `index` of its table. A table past the id's range keeps the last id; reading ends before.
            pub fn from_index(index: usize) -> $name {
                $name(<$repr>::try_from(index).unwrap_or(<$repr>::MAX))
            }

            /// The row in its table, from 0.
            pub fn index(self) -> usize {
                self.0 as usize
            }

            /// The number that people see, from 1.
            pub fn number(self) -> u64 {
                u64::from(self.0) + 1
            }

            /// The id that people call `number`; `None` for 0 and for what no id can hold.
            pub fn from_number(number: u64) -> Option<$name> {
                <$repr>::try_from(number.checked_sub(1)?).ok().map($name)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.number().fmt(f)
            }
        }
    )*};
}

ids! {
    /// A packet of the capture; `number()` is the number other analysers show.
    PacketId(u64);
    /// A TCP connection, WebSocket or not.
    FlowId(u32);
    /// A WebSocket connection (or an attempt to open one).
    ConnectionId(u32);
    /// A WebSocket frame, in the order in which headers became whole.
    FrameId(u32);
    /// A WebSocket data message, in the order of first frames.
    MessageId(u32);
    /// A finding, in the order of discovery.
    FindingId(u32);
}
