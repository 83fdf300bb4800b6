//! Makes the five corpora that Framescope's speed is measured with, and one for what is found behind loss, and verifies that it
//! finds in them what was sent.
//!
//! ```sh
//! cargo run --release --no-default-features --example corpus -- large 1000 large.pcap [SEED]
//! cargo run --release --no-default-features --example corpus -- verify large.pcap
//! ```
//!
//! | corpus | holds |
//! |---|---|
//! | `large` | 8 connections, messages of 16 KiB to 4 MiB in packets of 1500 octets |
//! | `small` | 1,000 connections, JSON messages of about 110 octets, one a packet |
//! | `deflate` | 200 connections, permessage-deflate with context takeover both ways: messages of 6.6 KB on average, which compress to a fifth and then about fill a packet |
//! | `mixed` | 20,000 connections (fewer in a small corpus), one in fifty a WebSocket; the others HTTP and octets that mean nothing |
//! | `trouble` | 100 connections; 1 % of the packets are lost and sent again, 2 % come in another order, and some never come |
//! | `holes` | 100 connections, messages as of `small`, pings, and messages as of `trouble`; 1 % of the packets with octets of a stream never come |
//!
//! A seed (1 where none is given) always gives the same octets. Beside `OUT` stands `OUT.truth.json`, made from
//! [`truth::Truth`]. `verify` reads the corpus through the library, and its exit status is 1 where it does not come to
//! the same. `walk` reads the packets and does nothing with them: that is the least that reading a capture can cost.
//!
//! Those of `hostile/` are made to hurt: `corpus -- hostile KIND COUNT OUT`.

mod hostile;
mod make;
mod truth;
mod verify;

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::ExitCode;

use framescope::capture::{self, Reader, Step};
use make::Kind;
use truth::write_truth;

const USAGE: &str = "usage: corpus large|small|deflate|mixed|trouble|holes MEGABYTES OUT.pcap [SEED], corpus verify FILE, corpus walk FILE, or corpus hostile KIND COUNT OUT";

/// Differences that are told; the rest is counted.
const TOLD: usize = 20;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["verify", file] => return verify(file.as_ref()),
        ["walk", file] => println!("{} packets", walk(file.as_ref())?),
        ["hostile", kind, count, file] => hostile(kind, count.parse()?, file.as_ref())?,
        [kind, megabytes, file] => make(kind, megabytes, file.as_ref(), "1")?,
        [kind, megabytes, file, seed] => make(kind, megabytes, file.as_ref(), seed)?,
        _ => return Err(USAGE.into()),
    }
    Ok(ExitCode::SUCCESS)
}

fn make(kind: &str, megabytes: &str, file: &Path, seed: &str) -> Result<(), Box<dyn Error>> {
    let kind = Kind::ALL.into_iter().find(|it| it.name() == kind).ok_or(USAGE)?;
    Ok(make::corpus(kind, megabytes.parse::<u64>()? * 1_000_000, seed.parse()?, file)?)
}

fn hostile(kind: &str, count: u64, file: &Path) -> Result<(), Box<dyn Error>> {
    let Some(kind) = hostile::find(kind) else {
        let kinds = hostile::KINDS.iter().map(|kind| format!("\n  {:<11} COUNT of {}", kind.name, kind.count_of));
        return Err(format!("the hostile kinds are{}", kinds.collect::<String>()).into());
    };
    let mut out = BufWriter::with_capacity(1 << 20, File::create(file)?);
    let truth = hostile::write(kind, count, &mut out)?;
    out.flush()?;
    Ok(write_truth(&truth, file)?)
}

fn verify(file: &Path) -> Result<ExitCode, Box<dyn Error>> {
    let verify::Verdict { differences, intact } = verify::verify(file)?;
    if let Some(verify::Intact { sent, found }) = intact {
        println!("{}: {found} of {sent} frames were found of those that are whole in the file", file.display());
    }
    for difference in differences.iter().take(TOLD) {
        println!("{}: {difference}", file.display());
    }
    match differences.len() {
        0 => println!("{}: everything that was sent was found, and nothing else", file.display()),
        n if n > TOLD => println!("{}: and {} more", file.display(), n - TOLD),
        _ => {}
    }
    Ok(ExitCode::from(u8::from(!differences.is_empty())))
}

fn walk(file: &Path) -> Result<u64, Box<dyn Error>> {
    let (source, _) = capture::open(file)?;
    let mut reader = Reader::new(source);
    while let Step::Packet(..) = reader.next()? {}
    Ok(reader.packets())
}
