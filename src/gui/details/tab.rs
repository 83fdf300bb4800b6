//! The tabs of the details.

/// A tab of the details.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// The bit diagram, the field tree and the hex dump.
    #[default]
    Bits,
    /// The payload as text.
    Payload,
    /// The opening handshake of the connection.
    Handshake,
    /// The TCP segments that brought the frame.
    Segments,
}

impl Tab {
    /// In their order.
    pub const ALL: [Tab; 4] = [Tab::Bits, Tab::Payload, Tab::Handshake, Tab::Segments];

    /// The tab's name, and the words of its tooltip.
    pub fn words(self) -> [&'static str; 2] {
        match self {
            Tab::Bits => ["Bits and hex", "Every bit of the frame, its fields and its octets"],
            Tab::Payload => ["Payload", "The payload as text; of a message, its frames joined"],
            Tab::Handshake => ["Handshake", "The request and the response that opened the connection"],
            Tab::Segments => ["TCP segments", "Which packets brought the frame, and where they are in the file"],
        }
    }
}
