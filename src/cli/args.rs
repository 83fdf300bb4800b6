//! The arguments.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Shows every bit of every WebSocket frame in a capture.
#[derive(Debug, Parser)]
#[command(
    name = "framescope",
    version,
    args_conflicts_with_subcommands = true,
    after_help = "FILE is a pcap or pcapng capture, plain or compressed with gzip or zstd, or - for standard input:\n  \
                  ssh host tcpdump -U -s0 -w - | framescope frames -\n\n\
                  Exit status: 0 done, 1 check found a violation, 2 the command line or the file could not be used."
)]
pub struct Arguments {
    /// Open the window on this capture
    pub file: Option<PathBuf>,
    /// Inflate no message to more than so many MiB [default: 64]
    #[arg(long, global = true, value_name = "MIB")]
    pub inflate_limit: Option<u32>,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do instead of opening the window.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print one row per WebSocket connection
    Connections(ListFile),
    /// Print one row per frame
    Frames(List),
    /// Print one row per data message, joined
    Messages(List),
    /// Print what breaks the rules; the exit status is 1 if a MUST is broken
    Check(ListFile),
    /// Print the bit diagram and every field of one frame
    Show(Show),
    /// Print the bit diagram and every field of pasted octets
    Decode(Decode),
    /// Index and judge the whole capture; print totals and time
    Stats(Stats),
    /// Print what can be sniffed
    #[cfg(feature = "live")]
    Interfaces {
        /// Print JSON lines
        #[arg(long)]
        json: bool,
    },
}

/// A list over a capture.
#[derive(Debug, Args)]
pub struct ListFile {
    /// The capture; - for standard input
    pub file: PathBuf,
    /// Print JSON lines, one object a row
    #[arg(long)]
    pub json: bool,
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

/// Totals over a capture.
#[derive(Debug, Args)]
pub struct Stats {
    /// The capture; - for standard input
    pub file: PathBuf,
    /// Judge payloads too: whether text is UTF-8
    #[arg(long)]
    pub deep: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
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
