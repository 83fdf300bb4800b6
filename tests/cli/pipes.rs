//! Pipes: rows while the input stays open, and readers that stop.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::common::frame::{self, FIN, TEXT};
use crate::common::program::{program, run, run_with};
use crate::common::samples::{self, Sample};
use crate::common::tcp::{Client, Server, Talk};

/// The program at work between two pipes.
struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    /// Dropping it calls the watchdog off.
    _watchdog: mpsc::Sender<()>,
}

impl Running {
    fn start(arguments: &[&str]) -> Running {
        let mut command = program();
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        let (_watchdog, called_off) = mpsc::channel::<()>();
        let id = child.id().to_string();
        // A row that never comes must fail the test, not hang it.
        let watch = move || {
            if called_off.recv_timeout(Duration::from_secs(60)) == Err(mpsc::RecvTimeoutError::Timeout) {
                _ = std::process::Command::new("kill").arg(id).status();
            }
        };
        std::thread::Builder::new().name("watchdog".into()).spawn(watch).unwrap();
        Running { child, stdin, stdout, _watchdog }
    }

    fn write(&mut self, octets: &[u8]) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(octets).and_then(|()| stdin.flush()).unwrap();
    }

    /// Waits for a row.
    fn row(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        assert!(line.ends_with('\n'), "a row should have come while the pipe is open; came: {line:?}");
        line
    }

    /// Closes the input, and returns the rest of the output.
    fn finish(mut self) -> String {
        drop(self.stdin.take());
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        let (status, complaints) = self.end();
        assert_eq!((complaints.as_str(), status), ("", 0));
        rest
    }

    /// Waits for the end: exit status and standard error.
    fn end(&mut self) -> (i32, String) {
        let mut complaints = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut complaints).unwrap();
        (self.child.wait().unwrap().code().expect("it ended by itself"), complaints)
    }
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

/// The rows that can be known of the sample's first `len` octets.
fn rows_before(list: &str, sample: &Sample, len: usize) -> Vec<String> {
    let cut = run_with(&[list, "--json", "--payload", "-"], &sample.octets()[..len]);
    let whole = run(&[list, "--json", "--payload", sample.argument()]).quiet().out;
    cut.out.lines().filter(|row| whole.lines().any(|line| line == *row)).map(str::to_owned).collect()
}

#[test]
fn rows_appear_while_the_pipe_is_open() {
    for (name, list) in [("chat-unicode", "frames"), ("tcp-trouble", "messages"), ("fragments-ping", "frames")] {
        let sample = samples::named(name);
        let (octets, arguments) = (sample.octets(), [list, "--json", "--payload", "-"]);
        let whole = run(&[list, "--json", "--payload", sample.argument()]).quiet().out;
        let tail = octets.len() - 1500;
        let expected = rows_before(list, &sample, tail);
        assert!(expected.len() > 5, "{name}");

        let mut running = Running::start(&arguments);
        running.write(&octets[..tail]);
        let early: String = expected.iter().map(|_| running.row()).collect();
        assert_eq!(sorted(&early), sorted(&expected.join("\n")), "{name}");
        running.write(&octets[tail..]);
        assert_eq!(sorted(&(early + &running.finish())), sorted(&whole), "{name}");
    }
}

/// `tcpdump -U` writes packet by packet: each frame is shown before the next packet comes.
#[test]
fn a_row_for_every_frame_at_once() {
    let mut talk = Talk::upgraded();
    let handshake = talk.capture().pcap().len();
    let mut ends = Vec::new();
    for number in 0..20 {
        talk.say(Client, frame::client(FIN | TEXT, format!("frame {number}").as_bytes()));
        ends.push(talk.capture().pcap().len());
    }
    let octets = talk.capture().pcap();
    let mut running = Running::start(&["frames", "--json", "--payload", "-"]);
    running.write(&octets[..handshake]);
    let mut start = handshake;
    for (index, end) in ends.into_iter().enumerate() {
        running.write(&octets[start..end]);
        start = end;
        let row: serde_json::Value = serde_json::from_str(&running.row()).unwrap();
        assert_eq!(row["frame"], index + 1);
    }
    assert_eq!(running.finish(), "");
}

#[test]
fn tables_and_show_answer_while_the_pipe_is_open() {
    let sample = samples::named("chat-unicode");
    let octets = sample.octets();
    let mut running = Running::start(&["frames", "-"]);
    running.write(&octets[..octets.len() - 1500]);
    let table = run(&["frames", sample.argument()]).quiet().out;
    for line in table.lines().take(10) {
        assert_eq!(running.row().trim_end_matches('\n'), line);
    }
    running.write(&octets[octets.len() - 1500..]);
    running.finish();

    let mut running = Running::start(&["show", "-", "--frame", "2"]);
    running.write(&octets[..octets.len() - 1500]);
    let shown = run(&["show", sample.argument(), "--frame", "2"]).quiet().out;
    // One frame was asked for, so it ends without waiting for the rest.
    let mut text = String::new();
    running.stdout.read_to_string(&mut text).unwrap();
    assert_eq!((text, running.end()), (shown, (0, String::new())));
}

/// A connection's row sums the connection up: it must not come while the other side still sends.
#[test]
fn a_half_closed_connection_is_not_summed_up_yet() {
    let mut half = Talk::between("10.0.0.1:1000", "10.0.0.2:80");
    half.connect();
    half.upgrade();
    let mut other = Talk::between("10.0.0.1:1001", "10.0.0.2:80");
    other.connect();
    other.upgrade();
    half.segments.append(&mut other.segments);
    half.ack(Client);
    half.last().flags |= crate::common::tcp::FIN;
    half.lose(Client, b"F");
    half.ack(Server);
    // When the other connection's row has come, everything so far was read.
    other.finish(Client);
    half.segments.append(&mut other.segments);
    let so_far = half.capture().pcap().len();
    half.say(Server, frame::server(FIN | TEXT, b"one more thing"));
    half.ack(Server);
    half.last().flags |= crate::common::tcp::FIN;
    half.lose(Server, b"F");
    half.ack(Client);
    let octets = half.capture().pcap();
    let whole = run_with(&["connections", "--json", "-"], &octets).quiet().out;
    assert_eq!(whole.lines().count(), 2);

    let mut running = Running::start(&["connections", "--json", "-"]);
    running.write(&octets[..so_far]);
    let first = running.row();
    running.write(&octets[so_far..]);
    let rows = first + &running.finish();
    assert_eq!(sorted(&rows), sorted(&whole));
}

/// What a list says of a pipe is what it says of the file, in whatever parts the pipe delivers; a row that is ready may
/// come before one that is not.
#[test]
fn a_pipe_and_a_file_give_the_same_rows() {
    for sample in samples::all() {
        for list in ["connections", "frames", "messages"] {
            let file = run(&[list, "--json", sample.argument()]).quiet().out;
            let pipe = run_with(&[list, "--json", "-"], &sample.octets()).quiet().out;
            assert_eq!(sorted(&pipe), sorted(&file), "{} {list}", sample.name);
        }
    }
}

/// Nothing more comes of an attempt that was refused, even while its TCP connection goes on.
#[test]
fn a_refused_attempt_is_a_row_while_its_connection_goes_on() {
    let mut talk = Talk::new();
    talk.connect();
    talk.say(Client, crate::common::tcp::REQUEST);
    talk.say(Server, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
    talk.upgrade();
    let mut other = Talk::between("10.0.0.1:1001", "10.0.0.2:80");
    other.connect();
    other.upgrade();
    other.finish(Client);
    talk.segments.extend(other.segments);
    let mut running = Running::start(&["connections", "--json", "-"]);
    running.write(&talk.capture().pcap());
    // The third connection has ended, so its row comes in any case: the refused one has to come before it.
    let row: serde_json::Value = serde_json::from_str(&running.row()).unwrap();
    assert_eq!((&row["connection"], &row["status"]), (&1.into(), &401.into()));
    running.finish();
}

#[test]
fn a_reader_that_stops_ends_the_program_quietly() {
    // More than a pipe holds, so that the program meets the closed end while it writes.
    let sample = samples::named("large-binary");
    let mut running = Running::start(&["frames", "--json", "--payload", sample.argument()]);
    let mut first = [0; 100];
    running.stdout.read_exact(&mut first).unwrap();
    assert!(first.starts_with(b"{\"frame\":1,"));
    let Running { child, stdout, .. } = running;
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.stderr.as_slice(), output.status.code()), (&b""[..], Some(0)));
}

#[test]
fn a_reader_that_never_reads() {
    let sample = samples::named("chat-unicode");
    for arguments in
        [&["frames", "-"][..], &["connections", "-"], &["messages", "--json", "-"], &["--help"], &["decode", "8100"]]
    {
        let mut running = Running::start(arguments);
        drop(std::mem::replace(&mut running.stdout, BufReader::new(closed_output())));
        if arguments.contains(&"-") {
            // It may end before it has read everything; then the pipe breaks on our side.
            _ = running.stdin.as_mut().unwrap().write_all(&sample.octets());
        }
        drop(running.stdin.take());
        assert_eq!(running.end(), (0, String::new()), "{arguments:?}");
    }
}

/// The output of a program that has ended.
fn closed_output() -> ChildStdout {
    let mut child = std::process::Command::new("true").stdout(Stdio::piped()).spawn().unwrap();
    child.wait().unwrap();
    child.stdout.take().unwrap()
}
