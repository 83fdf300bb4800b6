//! Measures a live capture on loopback: real peers at a steady rate, `framescope capture` printing what they send, and how
//! late each row is, what the kernel dropped, and what a frame costs in memory.
//!
//! ```sh
//! cargo build --release && cargo run --release --example live                    # 1,000 frames a second for 10 s
//! cargo run --release --example live -- 20000 600                                # so many a second for so long
//! cargo run --release --example live -- 20000 600 target/release/framescope      # with that program
//! ```
//!
//! The peers, the program and this need three cores; with two, the delays are longer than a user's. Linux.

mod talk;

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::process::{Pid, Signal, kill_process};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize, usual: u64| arguments.get(index).map_or(usual, |text| text.parse().unwrap());
    let (rate, seconds) = (number(0, 1_000), number(1, 10));
    let program = arguments.get(2).map_or_else(|| beside_this("framescope"), PathBuf::from);

    let listening = talk::Listening::on("127.0.0.1:0").unwrap();
    let port = listening.address().port();
    let filter = format!("tcp port {port}");
    let mut child = Command::new(program)
        .args(["capture", "-i", "lo", "--json", "--payload", "--filter", &filter])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts: cargo build --release makes it");
    std::thread::sleep(Duration::from_millis(500));
    let (mut server, client) = talk::talk(listening);
    let rows = BufReader::new(child.stdout.take().unwrap());
    let reader = std::thread::Builder::new().name("rows".into()).spawn(move || read_rows(rows)).unwrap();
    println!("{rate} frames/s for {seconds} s");
    println!("{:>8} {:>12} {:>12} {:>16}", "s", "frames sent", "memory KiB", "octets a frame");
    let (start, mut first) = (Instant::now(), None);
    let steps = 10.min(seconds.max(1));
    for _ in 0..steps {
        server.send_for(rate, Duration::from_secs(seconds) / steps as u32).unwrap();
        let memory = memory_kib(&child);
        let (frames, kib) = *first.get_or_insert((server.sent, memory));
        let each = (memory as f64 - kib as f64) * 1024.0 / (server.sent - frames).max(1) as f64;
        println!("{:>8.0} {:>12} {:>12} {:>16.0}", start.elapsed().as_secs_f64(), server.sent, memory, each);
    }
    let sent = server.sent;
    let held = sent as f64 / start.elapsed().as_secs_f64();
    drop(server);
    assert_eq!(client.join().unwrap(), sent);
    std::thread::sleep(Duration::from_millis(500));
    let id = Pid::from_raw(child.id().cast_signed()).unwrap();
    kill_process(id, Signal::INT).unwrap();
    let mut delays = reader.join().unwrap();
    let mut summary = String::new();
    child.stderr.take().unwrap().read_to_string(&mut summary).unwrap();
    println!("sent {sent} frames, {held:.0} a second; {} rows came", delays.len());
    delays.sort_unstable();
    let part = |part: f64| delays[((delays.len() - 1) as f64 * part) as usize] as f64 / 1e6;
    println!(
        "delay from sending to row: median {:.1} ms, 99 % {:.1} ms, longest {:.1} ms",
        part(0.5),
        part(0.99),
        part(1.0)
    );
    println!("{}", summary.trim());
    println!("exit: {}", child.wait().unwrap());
}

/// Returns how late each row is, in nanoseconds.
fn read_rows(rows: impl BufRead) -> Vec<u64> {
    let mut delays = Vec::new();
    for line in rows.lines().map_while(Result::ok) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
        let Some((_, hex)) = line.split_once("\"payload_hex\":\"") else { continue };
        // Digits in hex: 3x, of which x counts.
        let time = hex.as_bytes().chunks(2).take(20).fold(0, |time, pair| time * 10 + u64::from(pair[1] - b'0'));
        delays.push(now.saturating_sub(time));
    }
    delays
}

/// Returns the memory that the process itself has: RssAnon of proc_pid_status(5).
fn memory_kib(child: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("RssAnon")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or(0)
}

/// A program in the directory above that of the examples.
fn beside_this(name: &str) -> PathBuf {
    let this = std::env::current_exe().unwrap();
    this.ancestors().nth(2).unwrap().join(name)
}
