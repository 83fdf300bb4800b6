//! Pipes: rows while the input stays open, and readers that stop.

use crate::common::frame::{self, FIN, TEXT};
use crate::common::program::{program, run, run_with};
use crate::common::running::Running;
use crate::common::samples::{self, Sample};
use crate::common::tcp::{Client, Server, Talk};

fn start(arguments: &[&str]) -> Running {
    Running::start(program().args(arguments))
}

/// Waits for a row.
fn row(running: &mut Running) -> String {
    let line = running.line();
    assert!(!line.is_empty(), "a row should have come while the pipe is open");
    line
}

/// Closes the input, and returns the rest of the output.
fn finish(running: Running) -> String {
    running.finish().quiet().out
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

        let mut running = start(&arguments);
        running.write(&octets[..tail]);
        let early: String = expected.iter().map(|_| row(&mut running) + "\n").collect();
        assert_eq!(sorted(&early), sorted(&expected.join("\n")), "{name}");
        running.write(&octets[tail..]);
        assert_eq!(sorted(&(early + &finish(running))), sorted(&whole), "{name}");
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
    let mut running = start(&["frames", "--json", "--payload", "-"]);
    running.write(&octets[..handshake]);
    let mut start = handshake;
    for (index, end) in ends.into_iter().enumerate() {
        running.write(&octets[start..end]);
        start = end;
        let row: serde_json::Value = serde_json::from_str(&row(&mut running)).unwrap();
        assert_eq!(row["frame"], index + 1);
    }
    assert_eq!(finish(running), "");
}

#[test]
fn tables_and_show_answer_while_the_pipe_is_open() {
    let sample = samples::named("chat-unicode");
    let octets = sample.octets();
    let mut running = start(&["frames", "-"]);
    running.write(&octets[..octets.len() - 1500]);
    let table = run(&["frames", sample.argument()]).quiet().out;
    for line in table.lines().take(10) {
        assert_eq!(row(&mut running), line);
    }
    running.write(&octets[octets.len() - 1500..]);
    finish(running);

    let mut running = start(&["show", "-", "--frame", "2"]);
    running.write(&octets[..octets.len() - 1500]);
    let shown = run(&["show", sample.argument(), "--frame", "2"]).quiet().out;
    // One frame was asked for, so it ends without waiting for the rest.
    assert_eq!(running.end().quiet().out, shown);
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

    let mut running = start(&["connections", "--json", "-"]);
    running.write(&octets[..so_far]);
    let first = row(&mut running) + "\n";
    running.write(&octets[so_far..]);
    let rows = first + &finish(running);
    assert_eq!(sorted(&rows), sorted(&whole));
}

/// A list of a pipe is the list of the file, in whatever parts the pipe delivers; a row that is ready may come before
/// one that is not.
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
    let mut running = start(&["connections", "--json", "-"]);
    running.write(&talk.capture().pcap());
    // The third connection has ended, so its row comes in any case: the refused one has to come before it.
    let row: serde_json::Value = serde_json::from_str(&row(&mut running)).unwrap();
    assert_eq!((&row["connection"], &row["status"]), (&1.into(), &401.into()));
    finish(running);
}

#[test]
fn a_reader_that_stops_ends_the_program_quietly() {
    // More than a pipe holds, so that the program meets the closed end while it writes.
    let sample = samples::named("large-binary");
    let mut running = start(&["frames", "--json", "--payload", sample.argument()]);
    assert!(running.octets(100).starts_with(b"{\"frame\":1,"));
    running.close_output();
    running.end().quiet();
}

#[test]
fn a_reader_that_never_reads() {
    let sample = samples::named("chat-unicode");
    for arguments in
        [&["frames", "-"][..], &["connections", "-"], &["messages", "--json", "-"], &["--help"], &["decode", "8100"]]
    {
        let mut running = start(arguments);
        running.close_output();
        if arguments.contains(&"-") {
            // It may end before it has read everything; then the pipe breaks on our side.
            running.offer(&sample.octets());
        }
        running.finish().quiet();
    }
}
