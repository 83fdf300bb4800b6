//! The typed values of which sentences are made, and the words that a sentence chooses by.

use super::{Fact, MessageId, PacketId, Sender};

/// One value of a fact, in the form that a catalogue of messages takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument<'a> {
    /// A count, a length, an offset, a code or the number of a packet or a message.
    Number(u64),
    /// A word that no person reads: the catalogue chooses by it.
    Word(&'static str),
    /// A name that a standard gives, which no language translates.
    Name(&'static str),
    /// Text of the wire.
    Quote(&'a Quote),
    /// Octets of the wire that are shown as text where they are printable.
    Text(&'a [u8]),
    /// Octets of the wire in hex.
    Hex(&'a [u8]),
    /// Several times 32 octets, each in hex.
    Randoms(&'a [[u8; 32]]),
    /// A time in nanoseconds.
    Nanoseconds(u64),
    /// A sentence inside a sentence.
    Fact(&'a Fact),
}

/// A value that can stand in a sentence.
pub(super) trait Value {
    /// The value in the form that a catalogue takes.
    fn argument(&self) -> Argument<'_>;
}

/// The beginning of a text of the wire, as much of it as a sentence quotes. A header field can have 64 KiB, and nobody
/// reads that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote(Box<str>);

impl Quote {
    /// Characters that are quoted.
    pub const MAX: usize = 200;

    /// Keeps the beginning of `text`: one character more than is quoted tells that there are more.
    pub fn new(text: &str) -> Quote {
        let end = text.char_indices().nth(Quote::MAX + 1).map_or(text.len(), |(at, _)| at);
        Quote(text[..end].into())
    }

    /// The characters that are quoted.
    pub fn shown(&self) -> &str {
        self.0.char_indices().nth(Quote::MAX).map_or(&*self.0, |(at, _)| &self.0[..at])
    }

    /// Returns whether the text goes on behind [`Quote::shown`].
    pub fn is_cut(&self) -> bool {
        self.shown().len() < self.0.len()
    }
}

/// A length of time in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nanoseconds(pub u64);

/// The first octets of something of the wire, which may be text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start(pub Box<[u8]>);

macro_rules! words {
    ($($(#[$meta:meta])* $name:ident { $($(#[$word_meta:meta])* $variant:ident = $word:literal,)* })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$word_meta])* $variant,)* }

        impl $name {
            /// Every one of them.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The word that a catalogue chooses by.
            pub fn word(self) -> &'static str {
                match self { $($name::$variant => $word,)* }
            }
        }

        impl Value for $name {
            fn argument(&self) -> Argument<'_> {
                Argument::Word(self.word())
            }
        }
    )*};
}

words! {
    /// One of the two heads of an opening handshake.
    HandshakeHead {
        /// The client's request.
        Request = "request",
        /// The server's 101.
        Response = "response",
    }

    /// The end of one direction of a TCP connection.
    StreamEnd {
        /// Its sender ended it.
        Fin = "fin",
        /// Either side reset the connection.
        Reset = "reset",
        /// Nothing ended it before the capture stopped.
        Capture = "capture",
    }

    /// A moment from which silence is counted.
    SilentSince {
        /// The last frame.
        Frame = "frame",
        /// The opening handshake, where no frame followed.
        Opening = "opening",
    }

    /// A protocol that stands where frames should.
    Protocol {
        /// A response of HTTP/1.
        HttpResponse = "http-response",
        /// A request of HTTP/1.
        HttpRequest = "http-request",
        /// The first octets of an HTTP/2 client.
        Http2Preface = "http2-preface",
        /// Secure Shell.
        Ssh = "ssh",
        /// A page.
        Html = "html",
        /// An XML document.
        Xml = "xml",
        /// A JSON value.
        Json = "json",
        /// A record of TLS.
        TlsRecord = "tls-record",
        /// Printable text of some other kind.
        PlainText = "plain-text",
    }

    /// The opening handshake of a connection that is read without one.
    OpeningHandshake {
        /// The capture lacks it.
        NotCaptured = "not-captured",
        /// It failed.
        Refused = "refused",
        /// The user says that there is none.
        Absent = "absent",
    }

    /// The reason to read a connection without an opening handshake as a WebSocket.
    RecognisedBy {
        /// Its octets.
        Evidence = "evidence",
        /// Its octets, and the user.
        Confirmed = "confirmed",
        /// The user alone.
        User = "user",
    }

    /// The confidence that octets are frames.
    Confidence {
        /// A few frames chain.
        Fair = "fair",
        /// Many frames chain.
        High = "high",
        /// Other octets look like it once in 2^40 times.
        Likely = "likely",
        /// Other octets look like it once in 2^60 times.
        VeryLikely = "very-likely",
        /// Other octets look like it once in 2^100 times.
        Certain = "certain",
    }

    /// The reason why a server refuses a handshake, as far as a header field tells it.
    RefusalHint {
        /// No field tells.
        Silent = "silent",
        /// It speaks another version.
        Version = "version",
        /// It wants credentials.
        Credentials = "credentials",
        /// It points to another place.
        Location = "location",
    }
}

impl Value for Sender {
    fn argument(&self) -> Argument<'_> {
        Argument::Word(self.as_str())
    }
}

impl Value for bool {
    fn argument(&self) -> Argument<'_> {
        Argument::Word(if *self { "yes" } else { "no" })
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Value for $number {
            fn argument(&self) -> Argument<'_> {
                Argument::Number(u64::from(*self))
            }
        }
    )*};
}

numbers!(u8, u16, u32, u64);

impl Value for PacketId {
    fn argument(&self) -> Argument<'_> {
        Argument::Number(self.number())
    }
}

impl Value for MessageId {
    fn argument(&self) -> Argument<'_> {
        Argument::Number(self.number())
    }
}

impl Value for Nanoseconds {
    fn argument(&self) -> Argument<'_> {
        Argument::Nanoseconds(self.0)
    }
}

impl Value for Quote {
    fn argument(&self) -> Argument<'_> {
        Argument::Quote(self)
    }
}

impl Value for &'static str {
    fn argument(&self) -> Argument<'_> {
        Argument::Name(self)
    }
}

impl Value for Start {
    fn argument(&self) -> Argument<'_> {
        Argument::Text(&self.0)
    }
}

impl<const N: usize> Value for [u8; N] {
    fn argument(&self) -> Argument<'_> {
        Argument::Hex(self)
    }
}

impl Value for Box<[u8]> {
    fn argument(&self) -> Argument<'_> {
        Argument::Hex(self)
    }
}

impl Value for Box<[[u8; 32]]> {
    fn argument(&self) -> Argument<'_> {
        Argument::Randoms(self)
    }
}

impl Value for Box<Fact> {
    fn argument(&self) -> Argument<'_> {
        Argument::Fact(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_cut_behind_the_last_character_that_is_shown() {
        let all = "ä".repeat(Quote::MAX);
        for (text, is_cut) in [(all.clone(), false), (format!("{all}b"), true), (format!("{all}bcd"), true)] {
            let quote = Quote::new(&text);
            assert_eq!((quote.shown(), quote.is_cut()), (all.as_str(), is_cut));
        }
        assert_eq!(Quote::new("short").shown(), "short");
    }
}
