//! The first message of TLS: who looks for the secrets of a connection finds them by its random.

/// A record of the handshake (RFC 8446 §5.1), and the message in it (§4).
const HANDSHAKE_RECORD: u8 = 22;
const CLIENT_HELLO: u8 = 1;
/// Octets before the random: the record's header, the message's, and a version.
const BEFORE: usize = 5 + 4 + 2;

/// A ClientHello (RFC 8446 §4.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientHello {
    /// The client random, by which a key log names the connection's secrets; `None` where not all of it is here.
    pub random: Option<[u8; 32]>,
}

impl ClientHello {
    /// Reads one at the start of a stream; `None` where something else stands there.
    pub fn parse(octets: &[u8]) -> Option<ClientHello> {
        match octets {
            [HANDSHAKE_RECORD, 3, 0..=4, _, _, CLIENT_HELLO, ..] => {
                Some(ClientHello { random: octets.get(BEFORE..).and_then(|rest| rest.first_chunk()).copied() })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_random_is_read() {
        let hello = [&[22, 3, 1, 0, 42, 1, 0, 0, 38, 3, 3][..], &[7; 32], &[0, 0, 0]].concat();
        assert_eq!(ClientHello::parse(&hello), Some(ClientHello { random: Some([7; 32]) }));
        assert_eq!(ClientHello::parse(&hello[..42]), Some(ClientHello { random: None }));
        for other in [&b"GET / HTTP/1.1\r\n"[..], &[22, 3, 1, 0, 42, 2], &[23, 3, 3, 0, 42, 1], &[22, 3, 1, 0, 42], &[]]
        {
            assert_eq!(ClientHello::parse(other), None);
        }
    }
}
