//! Makes the five corpora that Framescope's speed is measured with, from a seed, with the truth beside them.
//!
//! ```sh
//! cargo run --release --no-default-features --example corpus -- large 1000 /tmp/large.pcap
//! ```
//!
//! | corpus | holds |
//! |---|---|
//! | `large` | 8 connections, messages of 16 KiB to 4 MiB in packets of 1500 octets |
//! | `small` | 1,000 connections, JSON messages of about 110 octets, one a packet |
//! | `deflate` | 200 connections, permessage-deflate with context takeover both ways |
//! | `mixed` | 20,000 connections, one in fifty a WebSocket; the others HTTP and octets that mean nothing |
//! | `trouble` | 100 connections; 1 % of the packets are lost and sent again, 2 % come in another order |
//!
//! Those of `hostile/` are made to hurt: `corpus -- hostile KIND COUNT OUT`.
//!
//! Beside `OUT` stands `OUT.truth.json`: frames by sender and opcode, messages, and per connection the SHA-1 of all its
//! payload octets as sent but unmasked, client's and server's.

mod hostile;
mod peer;
mod random;
mod script;
mod wire;

use std::io::Write as _;

use script::{Corpus, Kind};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [group, kind, count, path] = &arguments[..]
        && group == "hostile"
    {
        return hostile(kind, count.parse()?, path);
    }
    let (kind, megabytes, path) = match &arguments[..] {
        [kind, megabytes, path] => (Kind::from_name(kind), megabytes.parse::<u64>(), path),
        _ => return Err("usage: corpus large|small|deflate|mixed|trouble MEGABYTES OUT.pcap".into()),
    };
    let kind = kind.ok_or("the corpora are large, small, deflate, mixed, trouble")?;
    let truth = Corpus::new(kind, megabytes? * 1_000_000, std::fs::File::create(path)?)?.write()?;
    let mut file = std::fs::File::create(format!("{path}.truth.json"))?;
    serde_json::to_writer(&mut file, &truth)?;
    file.write_all(b"\n")?;
    Ok(())
}

fn hostile(kind: &str, count: u64, path: &str) -> Result<(), Box<dyn std::error::Error>> {
    let Some(kind) = hostile::find(kind) else {
        let kinds = hostile::KINDS.iter().map(|kind| format!("\n  {:<11} COUNT of {}", kind.name, kind.count_of));
        return Err(format!("the hostile kinds are{}", kinds.collect::<String>()).into());
    };
    let mut out = std::io::BufWriter::with_capacity(1 << 20, std::fs::File::create(path)?);
    let truth = hostile::write(kind, count, &mut out)?;
    out.flush()?;
    let mut file = std::fs::File::create(format!("{path}.truth.json"))?;
    serde_json::to_writer(&mut file, &truth)?;
    Ok(file.write_all(b"\n")?)
}
