//! The arguments.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::base::Severity;
#[cfg(feature = "live")]
use crate::capture::live;

/// Shows every bit of every WebSocket frame in a capture.
#[derive(Debug, Parser)]
#[command(
    name = "framescope",
    version,
    after_help = "FILE is a pcap or pcapng capture, plain or compressed with gzip or zstd, or - for standard input:\n  \
                  ssh host tcpdump -U -s0 -w - | framescope frames -\n\n\
                  Exit status: 0 done, 1 check found a violation, 2 the command line or the file could not be used."
)]
pub struct Arguments {
    /// Open the window on this capture
    pub file: Option<PathBuf>,
    /// The arguments behind something that is no subcommand.
    #[arg(hide = true, value_name = "REST")]
    pub rest: Vec<String>,
    #[command(flatten)]
    pub reading: ReadArguments,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options of everything that reads a capture: the window and most commands.
#[derive(Clone, Debug, Default, Args)]
pub struct ReadArguments {
    /// Inflate no message to more than so many MiB [default: 64]
    #[arg(long, value_name = "MIB")]
    pub inflate_limit: Option<u32>,
    /// Read a TCP connection as a WebSocket, such as 10.0.0.1:50000-10.0.0.2:80 or [::1]:50000-[::1]:80, the client first;
    /// ,deflate or ,plain behind it says whether messages can be compressed
    #[arg(long, value_name = "CLIENT-SERVER")]
    pub as_websocket: Vec<String>,
    /// Read a TCP connection as no WebSocket
    #[arg(long, value_name = "END-END")]
    pub not_websocket: Vec<String>,
}

impl ReadArguments {
    /// Adds the options that stand behind the subcommand to these, which stand before it.
    pub fn and(mut self, behind: &ReadArguments) -> ReadArguments {
        self.inflate_limit = behind.inflate_limit.or(self.inflate_limit);
        self.as_websocket.extend_from_slice(&behind.as_websocket);
        self.not_websocket.extend_from_slice(&behind.not_websocket);
        self
    }

    /// Returns the first of these options that is given.
    pub fn given(&self) -> Option<&'static str> {
        let lists = [("--as-websocket", &self.as_websocket), ("--not-websocket", &self.not_websocket)];
        let list = lists.into_iter().find(|(_, texts)| !texts.is_empty()).map(|(option, _)| option);
        self.inflate_limit.map(|_| "--inflate-limit").or(list)
    }
}

/// An alternative to opening the window.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print one row per WebSocket connection
    Connections(Connections),
    /// Print one row per frame
    Frames(List),
    /// Print one row per data message, joined
    Messages(List),
    /// Print what breaks the rules; the exit status is 1 if a MUST is broken
    Check(Check),
    /// Print the bit diagram and every field of one frame
    Show(Show),
    /// Print the bit diagram and every field of pasted octets
    Decode(Decode),
    /// Index the whole capture; print totals and time
    Stats(Stats),
    /// Print what can be sniffed
    #[cfg(feature = "live")]
    Interfaces {
        /// Print JSON lines
        #[arg(long)]
        json: bool,
    },
    /// Sniff an interface into a file, or print its frames as they come
    #[cfg(feature = "live")]
    Capture(Capture),
}

impl Command {
    /// Returns the options for reading a capture that stand behind the command.
    ///
    /// # Errors
    /// The name of a command that reads no capture.
    pub fn reading(&self) -> Result<&ReadArguments, &'static str> {
        match self {
            Command::Connections(Connections { list, .. })
            | Command::Frames(List { list, .. })
            | Command::Messages(List { list, .. })
            | Command::Check(Check { list, .. }) => Ok(&list.reading),
            Command::Show(show) => Ok(&show.reading),
            Command::Stats(stats) => Ok(&stats.reading),
            Command::Decode(_) => Err("decode"),
            #[cfg(feature = "live")]
            Command::Interfaces { .. } => Err("interfaces"),
            #[cfg(feature = "live")]
            Command::Capture(capture) => Ok(&capture.reading),
        }
    }
}

/// The interface to sniff, and the place for its packets.
#[cfg(feature = "live")]
#[derive(Debug, Args)]
#[command(
    after_help = "Without -w, frames are printed as they come. Ctrl-C ends it with a summary on standard error.\n\
                  Sizes are octets: 500k, 100MB, 2GiB. Durations: 30s, 5m, 1h."
)]
pub struct Capture {
    /// The interface, as `framescope interfaces` names it; any is all of them
    #[arg(short = 'i', long, value_name = "NAME")]
    pub interface: String,
    /// Write packets to this pcapng file instead of printing frames; - for standard output
    #[arg(short = 'w', long, value_name = "FILE")]
    pub write: Option<PathBuf>,
    /// Only packets that pass this capture filter (BPF), for example "tcp port 8080"
    #[arg(short = 'f', long, value_name = "BPF", default_value = "", hide_default_value = true)]
    pub filter: String,
    /// Packets for other machines too
    #[arg(short = 'p', long)]
    pub promiscuous: bool,
    /// Capture at most so many octets of a packet
    #[arg(long, value_name = "OCTETS", default_value_t = live::FULL_SNAP_LEN, hide_default_value = true,
          value_parser = clap::value_parser!(u32).range(1..=i64::from(live::FULL_SNAP_LEN)))]
    pub snap_len: u32,
    /// The kernel's buffer: a larger one bears longer bursts
    #[arg(long, value_name = "SIZE", default_value = "64MiB", value_parser = live::parse_size)]
    pub buffer: u64,
    /// End after so many packets
    #[arg(short = 'c', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub packets: Option<u64>,
    /// End after so long
    #[arg(long, value_name = "TIME", value_parser = live::parse_duration)]
    pub duration: Option<std::time::Duration>,
    /// End when the capture is so large
    #[arg(long, value_name = "SIZE", value_parser = live::parse_size)]
    pub size: Option<u64>,
    /// Go on for ever, and keep the newest packets in two files (FILE and FILE with .2) of so much together
    #[arg(long, value_name = "SIZE", value_parser = live::parse_size, requires = "write", conflicts_with = "size")]
    pub ring_size: Option<u64>,
    /// Print JSON lines, one object a frame; the summary is one too
    #[arg(long)]
    pub json: bool,
    /// Add the unmasked payload
    #[arg(long, conflicts_with = "write")]
    pub payload: bool,
    /// Tell the window how it goes: JSON lines on standard output, until standard input ends
    #[arg(long, hide = true, requires = "write")]
    pub reports: bool,
    #[command(flatten)]
    pub reading: ReadArguments,
}

/// A list over a capture.
#[derive(Debug, Args)]
pub struct ListFile {
    /// The capture; - for standard input
    pub file: PathBuf,
    /// Print JSON lines, one object a row
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub reading: ReadArguments,
}

/// The connections of a capture.
#[derive(Debug, Args)]
pub struct Connections {
    #[command(flatten)]
    pub list: ListFile,
    /// Print the TCP connections that are not read as WebSockets instead: --as-websocket reads one of them
    #[arg(long)]
    pub others: bool,
    /// Tell below each row how the connection ended (--json always does)
    #[arg(long, conflicts_with = "others")]
    pub story: bool,
}

/// A list over a capture, with payloads if wanted.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    pub list: ListFile,
    /// Add the unmasked payload
    #[arg(long)]
    pub payload: bool,
}

/// The findings of a capture.
#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    pub list: ListFile,
    /// Explain each rule that is named, in two sentences
    #[arg(long)]
    pub explain: bool,
    /// Print no findings that are less severe than note, warning or violation; the last line counts them all
    #[arg(long, value_name = "SEVERITY", default_value = "note", value_parser = severity)]
    pub severity: Severity,
}

/// A severity, by its name.
fn severity(text: &str) -> Result<Severity, String> {
    let all = [Severity::Note, Severity::Warning, Severity::Violation];
    all.into_iter().find(|severity| severity.as_str() == text).ok_or_else(|| {
        let names = all.map(Severity::as_str);
        format!("possible values: {}", names.join(", "))
    })
}

/// Totals over a capture.
#[derive(Debug, Args)]
pub struct Stats {
    /// The capture; - for standard input
    pub file: PathBuf,
    /// Judge payloads too: inflate them, and look whether text is UTF-8
    #[arg(long)]
    pub deep: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub reading: ReadArguments,
}

/// One frame of a capture.
#[derive(Debug, Args)]
pub struct Show {
    /// The capture; - for standard input
    pub file: PathBuf,
    /// The frame's number, as `framescope frames` prints it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub frame: u64,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Add the unmasked payload to the JSON
    #[arg(long)]
    pub payload: bool,
    #[command(flatten)]
    pub reading: ReadArguments,
}

/// Pasted octets.
#[derive(Debug, Args)]
pub struct Decode {
    /// Octets in hex; spaces, colons, commas, dashes, 0x and \x are ignored; standard input if there are none
    pub hex: Vec<String>,
    /// Print JSON lines, one object a frame
    #[arg(long)]
    pub json: bool,
    /// Add the unmasked payload to the JSON
    #[arg(long)]
    pub payload: bool,
}
