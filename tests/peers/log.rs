//! The logs of the peers: `samples/*.peers.json`, described in `samples/README.md`.

use std::path::Path;

use serde::Deserialize;

#[derive(Deserialize)]
pub struct Log {
    pub connections: Vec<Connection>,
}

impl Log {
    pub fn read(path: &Path) -> Log {
        let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }
}

#[derive(Deserialize)]
pub struct Connection {
    pub client_port: u64,
    pub server_port: u64,
    pub path: String,
    pub status: u64,
    pub subprotocol: Option<String>,
    pub extensions: Option<String>,
    pub requests: Vec<Request>,
    pub frames_client: Vec<Frame>,
    pub frames_server: Vec<Frame>,
    pub messages_client: Option<Vec<Message>>,
    pub messages_server: Option<Vec<Message>>,
    pub close: Option<Close>,
}

impl Connection {
    /// The frames by sender.
    pub fn frames(&self) -> [(&'static str, &[Frame]); 2] {
        [("client", &self.frames_client), ("server", &self.frames_server)]
    }

    /// The messages of a sender, where the peers logged them.
    pub fn messages(&self, sender: &str) -> Option<&[Message]> {
        if sender == "client" { self.messages_client.as_deref() } else { self.messages_server.as_deref() }
    }

    /// The statuses of the requests that want a WebSocket: those with the path of the last one.
    pub fn attempts(&self) -> Vec<u64> {
        self.requests.iter().filter(|request| request.path == self.path).map(|request| request.status).collect()
    }
}

#[derive(Deserialize)]
pub struct Request {
    pub path: String,
    pub status: u64,
}

#[derive(Deserialize)]
pub struct Frame {
    pub sender: String,
    pub fin: bool,
    pub rsv1: bool,
    pub rsv2: bool,
    pub rsv3: bool,
    pub opcode: u64,
    pub masked: bool,
    pub masking_key: Option<String>,
    pub payload_length: u64,
    pub sha256: String,
    pub defect: Option<String>,
    pub length_octets: Option<u64>,
}

#[derive(Deserialize)]
pub struct Message {
    pub r#type: String,
    pub length: u64,
    pub sha256: String,
    pub text: Option<String>,
}

#[derive(Deserialize)]
pub struct Close {
    pub started_by: Option<String>,
    pub client_sent: Option<CloseFrame>,
    pub server_sent: Option<CloseFrame>,
}

#[derive(Deserialize)]
pub struct CloseFrame {
    pub code: Option<u64>,
    pub reason: String,
}
