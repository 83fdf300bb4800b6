//! Writing WebSocket frames (RFC 6455 §5.2).

// Opcodes as the first octet of a frame has them, the control frames with FIN.
pub const CONTINUATION: u8 = 0x00;
pub const TEXT: u8 = 0x01;
pub const BINARY: u8 = 0x02;
pub const CLOSE: u8 = 0x88;
pub const PING: u8 = 0x89;
pub const PONG: u8 = 0x8a;
pub const FIN: u8 = 0x80;

/// The key that the frames of [`client`] are masked with. It changes from frame to frame, as it should.
fn key_for(payload: &[u8]) -> [u8; 4] {
    let sum = payload.iter().fold(0x9e37_79b9_u32, |sum, octet| sum.rotate_left(5) ^ u32::from(*octet));
    (sum | 1).to_be_bytes()
}

/// A frame that a server sends.
pub fn server(octet0: u8, payload: &[u8]) -> Vec<u8> {
    [header(octet0, payload.len() as u64, None), payload.to_vec()].concat()
}

/// A frame that a client sends.
pub fn client(octet0: u8, payload: &[u8]) -> Vec<u8> {
    masked(octet0, key_for(payload), payload)
}

/// A frame masked with `key`.
pub fn masked(octet0: u8, key: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let mut frame = header(octet0, payload.len() as u64, Some(key));
    frame.extend(payload.iter().zip(key.iter().cycle()).map(|(octet, key)| octet ^ key));
    frame
}

/// A header in the shortest form for `len`.
pub fn header(octet0: u8, len: u64, key: Option<[u8; 4]>) -> Vec<u8> {
    let mask = u8::from(key.is_some()) << 7;
    let mut header = vec![octet0];
    match len {
        0..126 => header.push(mask | len as u8),
        126..65_536 => {
            header.push(mask | 126);
            header.extend((len as u16).to_be_bytes());
        }
        _ => {
            header.push(mask | 127);
            header.extend(len.to_be_bytes());
        }
    }
    header.extend(key.into_iter().flatten());
    header
}

/// A Close body.
pub fn close(code: u16, reason: &str) -> Vec<u8> {
    [&code.to_be_bytes(), reason.as_bytes()].concat()
}
