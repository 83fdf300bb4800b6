//! Two peers made with `tungstenite`, which log the frames they send as JSON lines.
//!
//! `rust-peer large-binary-server` and `rust-peer ipv6-client`; the logs go to $PEER_LOG_DIR.

use serde_json::{json, Value};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;
use tungstenite::client::IntoClientRequest;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::CloseFrame;
use tungstenite::{Error, Message, WebSocket};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn sha256(data: &[u8]) -> String {
    Sha256::digest(data).iter().map(|octet| format!("{octet:02x}")).collect()
}

fn log_dir() -> PathBuf {
    std::env::var_os("PEER_LOG_DIR").expect("PEER_LOG_DIR").into()
}

struct Log {
    role: &'static str,
    file: File,
    client_port: u16,
    lines: u64,
}

impl Log {
    fn new(role: &'static str) -> Result<Log> {
        let path = log_dir().join(format!("{role}-{}.jsonl", std::process::id()));
        let mut log = Log { role, file: File::create(path)?, client_port: 0, lines: 0 };
        log.line(json!({"event": "peer", "software": "tungstenite 0.30.0 / Rust"}))?;
        Ok(log)
    }

    fn line(&mut self, mut entry: Value) -> Result<()> {
        // The other peers log the monotonic clock. The standard library does not show it, and
        // only the order of this peer's own lines matters, so they are numbered.
        self.lines += 1;
        entry["t"] = self.lines.into();
        entry["at"] = self.role.into();
        if self.client_port != 0 {
            entry["client_port"] = self.client_port.into();
        }
        writeln!(self.file, "{entry}")?;
        Ok(())
    }

    /// One frame that tungstenite sends. It never fragments, so a message is a frame; the masking
    /// key of a client is its own secret.
    fn sent(&mut self, opcode: u8, payload: &[u8]) -> Result<()> {
        let mut frame = json!({
            "fin": true, "opcode": opcode, "masked": self.role == "client",
            "payload_length": payload.len(), "sha256": sha256(payload),
        });
        if opcode == 8 {
            frame["close"] = match payload {
                [a, b, reason @ ..] => json!({
                    "code": u16::from_be_bytes([*a, *b]),
                    "reason": String::from_utf8_lossy(reason),
                }),
                _ => json!({"code": null, "reason": ""}),
            };
        }
        self.line(json!({"event": "sent", "frame": frame}))
    }

    fn message(&mut self, message: &Message) -> Result<()> {
        let (kind, data) = match message {
            Message::Text(text) => ("text", text.as_bytes()),
            Message::Binary(data) => ("binary", &data[..]),
            _ => return Ok(()),
        };
        let mut entry = json!({"type": kind, "length": data.len(), "sha256": sha256(data)});
        if let Message::Text(text) = message {
            entry["text"] = text.as_str().into();
        }
        self.line(json!({"event": "message", "sender": self.role, "message": entry}))
    }
}

fn close_payload(frame: &Option<CloseFrame>) -> Vec<u8> {
    frame.as_ref().map_or(Vec::new(), |close| {
        [&u16::from(close.code).to_be_bytes()[..], close.reason.as_bytes()].concat()
    })
}

/// Sends a message and logs it, as a message and as the frame it becomes.
fn say(socket: &mut WebSocket<TcpStream>, log: &mut Log, message: Message) -> Result<()> {
    log.message(&message)?;
    let (opcode, payload) = match &message {
        Message::Text(text) => (1, text.as_bytes().to_vec()),
        Message::Binary(data) => (2, data.to_vec()),
        Message::Ping(data) => (9, data.to_vec()),
        Message::Pong(data) => (10, data.to_vec()),
        Message::Close(frame) => (8, close_payload(frame)),
        Message::Frame(_) => unreachable!("raw frames are not used here"),
    };
    log.sent(opcode, &payload)?;
    Ok(socket.send(message)?)
}

/// The next text or binary message, or None after the closing handshake. tungstenite answers Ping
/// and Close by itself, with the payload it was sent: that answer is logged here.
fn hear(socket: &mut WebSocket<TcpStream>, log: &mut Log, closing: bool) -> Result<Option<Message>> {
    loop {
        match socket.read() {
            Ok(Message::Ping(data)) => {
                log.sent(10, &data)?;
                socket.flush()?;
            }
            Ok(Message::Close(frame)) => {
                if !closing {
                    log.sent(8, &close_payload(&frame))?;
                }
                // The answer goes out with the flush, which on a server already ends the connection.
                let _ = socket.flush();
            }
            Ok(Message::Pong(_)) => {}
            Ok(message) => return Ok(Some(message)),
            Err(Error::ConnectionClosed | Error::AlreadyClosed) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
    }
}

/// 32-bit big-endian counters: every place in the payload can be recognised.
fn counters(size: usize) -> Vec<u8> {
    (0..size as u32).step_by(4).flat_map(u32::to_be_bytes).take(size).collect()
}

fn large_binary_server() -> Result<()> {
    let mut log = Log::new("server")?;
    let listener = TcpListener::bind("127.0.0.1:9004")?;
    File::create(log_dir().join("server.ready"))?;
    let (stream, peer) = listener.accept()?;
    stream.set_nodelay(true)?;
    log.client_port = peer.port();
    // The path is for the client to log: it is the one that chose it.
    let mut socket = tungstenite::accept(stream)?;
    while let Some(message) = hear(&mut socket, &mut log, false)? {
        let answer = match message {
            Message::Binary(data) => {
                Message::text(json!({"received": data.len(), "sha256": sha256(&data)}).to_string())
            }
            Message::Text(text) => {
                let wanted: Value = serde_json::from_str(&text)?;
                Message::binary(counters(wanted["get"].as_u64().ok_or("no size")? as usize))
            }
            _ => continue,
        };
        say(&mut socket, &mut log, answer)?;
    }
    Ok(())
}

fn ipv6_client() -> Result<()> {
    let mut log = Log::new("client")?;
    let stream = TcpStream::connect("[::1]:9006")?;
    stream.set_nodelay(true)?;
    log.client_port = stream.local_addr()?.port();
    let mut request = "ws://[::1]:9006/sensors?unit=celsius".into_client_request()?;
    request.headers_mut().insert("Sec-WebSocket-Protocol", "telemetry.v1".parse()?);
    let (mut socket, _) = tungstenite::client(request, stream)?;
    log.line(json!({"event": "open", "server_port": 9006, "path": "/sensors?unit=celsius", "status": 101,
                    "subprotocol": "telemetry.v1", "extensions": null}))?;
    for (step, value) in [21.5_f64, 21.6, 21.4].into_iter().enumerate() {
        sleep(Duration::from_millis(40));
        let text = json!({"sensor": "室温", "value": value, "unit": "°C"}).to_string();
        say(&mut socket, &mut log, Message::text(text))?;
        sleep(Duration::from_millis(15));
        say(&mut socket, &mut log, Message::binary(value.to_le_bytes().to_vec()))?;
        if step == 1 {
            say(&mut socket, &mut log, Message::Ping(b"from rust".to_vec().into()))?;
        }
        // The server acknowledges, and pings once in between.
        hear(&mut socket, &mut log, false)?.ok_or("closed too early")?;
    }
    sleep(Duration::from_millis(40));
    log.line(json!({"event": "closing"}))?;
    let close = CloseFrame { code: CloseCode::Normal, reason: "測定終了".into() };
    say(&mut socket, &mut log, Message::Close(Some(close)))?;
    while hear(&mut socket, &mut log, true)?.is_some() {}
    Ok(())
}

fn main() -> Result<()> {
    match std::env::args().nth(1).as_deref() {
        Some("large-binary-server") => large_binary_server(),
        Some("ipv6-client") => ipv6_client(),
        _ => Err("large-binary-server or ipv6-client?".into()),
    }
}
