//! Two real peers: a server that sends text frames at a steady rate, and a client that reads them.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const REQUEST: &[u8] = b"GET /live HTTP/1.1\r\nHost: live.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
const ANSWER: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// Octets of a frame's payload: the time at which it was sent, and its number.
pub const PAYLOAD: usize = 40;

/// The time after which a peer that hears nothing from the other one gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Makes a stream that sends each frame at once and waits for nothing without a bound.
fn prepared(stream: TcpStream) -> io::Result<TcpStream> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// A server's connection to its client.
pub struct Server {
    stream: TcpStream,
    /// Frames sent so far.
    pub sent: u64,
}

/// Waits for the one client of a server.
pub struct Listening(TcpListener);

impl Listening {
    pub fn on(address: &str) -> io::Result<Listening> {
        TcpListener::bind(address).map(Listening)
    }

    pub fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    /// Accepts the client and its opening handshake.
    pub fn accept(self) -> io::Result<Server> {
        let mut stream = prepared(self.client()?)?;
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut octet = [0];
            stream.read_exact(&mut octet)?;
            request.push(octet[0]);
        }
        stream.write_all(ANSWER)?;
        Ok(Server { stream, sent: 0 })
    }

    fn client(&self) -> io::Result<TcpStream> {
        self.0.set_nonblocking(true)?;
        let start = Instant::now();
        loop {
            match self.0.accept() {
                Ok((stream, _)) => {
                    stream.set_nonblocking(false)?;
                    return Ok(stream);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && start.elapsed() < PATIENCE => {
                    thread::sleep(Duration::from_millis(1));
                }
                Err(error) => return Err(error),
            }
        }
    }
}

impl Server {
    /// Sends one frame in a segment of its own.
    pub fn send(&mut self) -> io::Result<()> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let text = format!("{now:020} {:019}", self.sent);
        let mut frame = vec![0x81, PAYLOAD as u8];
        frame.extend(text.as_bytes());
        self.stream.write_all(&frame)?;
        self.sent += 1;
        Ok(())
    }

    /// Sends `rate` frames a second for so long, evenly spread over each 2 ms.
    pub fn send_for(&mut self, rate: u64, duration: Duration) -> io::Result<()> {
        let (start, first) = (Instant::now(), self.sent);
        while start.elapsed() < duration {
            let due = first + (start.elapsed().as_secs_f64() * rate as f64) as u64;
            while self.sent < due {
                self.send()?;
            }
            thread::sleep(Duration::from_millis(2).min(Duration::from_secs(1) / rate.max(1) as u32));
        }
        Ok(())
    }
}

/// A client that reads until its server ends.
pub fn client(address: SocketAddr) -> JoinHandle<u64> {
    let read = move || {
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE).and_then(prepared).unwrap();
        stream.write_all(REQUEST).unwrap();
        let (mut buffer, mut octets) = (vec![0; 1 << 16], 0);
        while let Ok(n @ 1..) = stream.read(&mut buffer) {
            octets += n as u64;
        }
        (octets - ANSWER.len() as u64) / (PAYLOAD as u64 + 2)
    };
    thread::Builder::new().name("client".into()).spawn(read).unwrap()
}

/// A server and its client on `address`, which may have port 0.
pub fn talk(listening: Listening) -> (Server, JoinHandle<u64>) {
    let client = client(listening.address());
    (listening.accept().unwrap(), client)
}
